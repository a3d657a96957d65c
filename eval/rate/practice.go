package rate

import (
	"fmt"
	"net/http"
	"slices"
	"strconv"
	"time"

	"modeltrial/eval"
)

// A PracticeItem is a made-up comparison with what there is to say of it. What is said
// there is never stored.
type PracticeItem struct {
	Prompt, Left, Right string
	Fitting             []eval.ShownVerdict
	Why                 string
}

// Fits says whether a verdict is one of those that fit.
func (p PracticeItem) Fits(verdict eval.ShownVerdict) bool {
	return slices.Contains(p.Fitting, verdict)
}

// Practice is the round before the first comparison, the same on the site and in a terminal.
func Practice() []PracticeItem { return practiceItems }

var practiceItems = []PracticeItem{
	{
		Prompt: "A ticket costs €18, and groups of ten or more get 15% off. What do twelve tickets cost?",
		Left:   "Twelve tickets are a group, so the discount applies:\n\n- 12 × €18 = €216\n- 15% of €216 = €32.40\n\n**€183.60**",
		Right:  "Great question! Let's work this out together, step by step.\n\nTwelve tickets at €18 each come to **€216**. That is the total price for your group. Enjoy the show, and do let me know if there is anything else I can help you with!",
		Fitting: []eval.ShownVerdict{
			eval.LeftMuchBetter, eval.LeftBetter,
		},
		Why: "Answer 2 is friendlier and longer, but it forgets the discount. Judge whether you could use an answer, not how it sounds or how long it is.",
	},
	{
		Prompt:  "Tell a colleague in one sentence that Tuesday's meeting moves to 3 pm.",
		Left:    "Tuesday's meeting now starts at 3 pm.",
		Right:   "Just a quick note that our meeting on Tuesday has been moved to 3 pm.",
		Fitting: []eval.ShownVerdict{eval.ShownTie, eval.LeftBetter, eval.RightBetter},
		Why:     "Both can be sent as they are. “About the same” is an answer like every other; where you would really rather take one of them, say so, but “much better” would be too much.",
	},
	{
		Prompt:  "Translate into German: “Please do not switch off the machine while the red lamp is on.”",
		Left:    "Bitte schalten Sie die Maschine aus, solange die rote Lampe leuchtet.",
		Right:   "Bitte schalten Sie die Maschine nicht ein, während die rote Lampe aus ist.",
		Fitting: []eval.ShownVerdict{eval.ShownBad},
		Why:     "Answer 1 says the contrary, answer 2 something else: neither may be sent. That is what “Both unusable” is for, also where one is a little less wrong.",
	},
}

// practiceCookie tells that a browser's rater has practised, or did not want to.
const practiceCookie = "practised"

// A practicePage is what a practice comparison has beside a comparison's page.
type practicePage struct {
	Item, Of int
	Fits     bool   // with feedback: the verdict is one of those that fit
	Feedback string // empty before the verdict
	Next     string // address
}

// mustPractise says whether a rater is led to the practice round: before the first
// comparison, once in a browser.
func (s *site) mustPractise(r *http.Request, done int) bool {
	if !s.practice || done > 0 {
		return false
	}
	_, err := r.Cookie(practiceCookie)
	return err != nil
}

// practise shows a practice comparison.
func (s *site) practise(w http.ResponseWriter, r *http.Request, rater eval.Rater) {
	item, err := strconv.Atoi(r.URL.Query().Get("item"))
	if err != nil || item < 1 || item > len(practiceItems) {
		item = 1
	}
	s.showPractice(w, r, rater, item, "")
}

// practiced says what there is to say of a verdict, and stores nothing.
func (s *site) practiced(w http.ResponseWriter, r *http.Request, rater eval.Rater) {
	item, err := strconv.Atoi(r.PostFormValue("item"))
	verdict := eval.ShownVerdict(r.PostFormValue("verdict"))
	if _, known := verdict.Verdict(eval.SideA); err != nil || item < 1 || item > len(practiceItems) || !known {
		s.notSaved(w, r, http.StatusBadRequest, "No verdict was chosen.")
		return
	}
	s.showPractice(w, r, rater, item, verdict)
}

// endPractice goes on to the first comparison.
func (s *site) endPractice(w http.ResponseWriter, r *http.Request, _ eval.Rater) {
	http.SetCookie(w, &http.Cookie{
		Name: practiceCookie, Value: "1", Path: "/", MaxAge: int(cookieAge / time.Second), HttpOnly: true, SameSite: http.SameSiteStrictMode,
	})
	http.Redirect(w, r, "/", http.StatusSeeOther)
}

func (s *site) showPractice(w http.ResponseWriter, r *http.Request, rater eval.Rater, number int, verdict eval.ShownVerdict) {
	item := practiceItems[number-1]
	practice := &practicePage{Item: number, Of: len(practiceItems)}
	if verdict != "" {
		practice.Fits, practice.Feedback = item.Fits(verdict), item.Why
		practice.Next = "/practice?item=" + strconv.Itoa(number+1)
		if number == len(practiceItems) {
			practice.Next = "/practice/end"
		}
	}
	page := comparisonPage{
		Title:    fmt.Sprintf("Practice %d of %d", number, len(practiceItems)),
		Rater:    clean(rater.Name),
		Practice: practice,
		ID:       strconv.Itoa(number),
		Prompt:   item.Prompt,
		Verdicts: verdictButtons,
	}
	for i, text := range []string{item.Left, item.Right} {
		page.Answers = append(page.Answers, answer{Number: i + 1, Other: 2 - i, Text: markdown(text)})
	}
	s.render(w, r, http.StatusOK, "comparison.html", page)
}
