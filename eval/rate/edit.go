package rate

import (
	"errors"
	"fmt"
	"net/http"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"modeltrial/eval"
	"modeltrial/eval/blind"
)

// maxEdit is the length of an edited text in bytes. Comparing two hostile texts of this
// length takes about a second.
const maxEdit = 256 << 10

// An editSite is where people edit single answers until they could be sent.
type editSite struct {
	*site
	store EditStore
}

// NewEditHandler makes the site on which raters edit single answers, of which none tells
// its arm, until they could be sent. It is safe for concurrent use. Of the options,
// AskGuess is not used.
func NewEditHandler(store EditStore, options Options) http.Handler {
	s := &editSite{newSite(store, editWords, options), store}
	s.maxBody = maxEditBody
	mux := http.NewServeMux()
	s.route(mux, http.MethodGet, "/{$}", s.rater(s.next))
	s.route(mux, http.MethodGet, "/previous", s.rater(s.previous))
	s.route(mux, http.MethodPost, "/edit", s.rater(s.edit))
	s.route(mux, http.MethodGet, "/pause", s.rater(s.pause))
	s.route(mux, http.MethodGet, "/r/{token}", s.enter)
	mux.HandleFunc("POST /r/{token}", s.change)
	return s.protected(mux)
}

// drawArm decides whose answer is shown.
func (s *editSite) drawArm(shown []int) int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return blind.DrawArm(s.rand, shown)
}

// An editPage is what the template of the editing page shows.
type editPage struct {
	Title    string
	Notice   string
	Rater    string
	Progress progress
	Again    bool // the editor changes the last edit
	CanUndo  bool
	Saved    bool
	Problem  string // with what was sent; empty where there is none

	ID       string
	ShownAt  int64 // Unix milliseconds
	Prompt   string
	System   string
	Turns    []turn
	Text     string // to be edited
	Remark   string // of the editor, by which Text was asked for
	Refused  bool   // no new answer came to Remark
	Draft    string // names what the browser keeps until it is sent
	WasEmpty bool   // the answer has no text
}

// next shows the editor's next answer, or that there is none.
func (s *editSite) next(w http.ResponseWriter, r *http.Request, rater eval.Rater) {
	shown, err := s.store.NextEdit(r.Context(), rater, s.drawArm, s.now().UTC())
	if errors.Is(err, eval.ErrNotFound) {
		s.done(w, r, rater)
		return
	}
	if err != nil {
		s.fail(w, r, fmt.Errorf("next answer: %w", err))
		return
	}
	s.show(w, r, rater, shown, sent{})
}

// previous shows the answer that the editor sent last.
func (s *editSite) previous(w http.ResponseWriter, r *http.Request, rater eval.Rater) {
	shown, err := s.store.LastEdit(r.Context(), rater)
	if errors.Is(err, eval.ErrNotFound) {
		http.Redirect(w, r, "/", http.StatusSeeOther)
		return
	}
	if err != nil {
		s.fail(w, r, fmt.Errorf("last edit: %w", err))
		return
	}
	s.show(w, r, rater, shown, sent{})
}

// sent is what came of a form that could not be stored.
type sent struct {
	problem string // empty: nothing came
	text    string
}

func (s *editSite) progress(r *http.Request, rater eval.Rater) (progress, error) {
	done, open, seconds, err := s.store.EditProgress(r.Context(), rater)
	if err != nil {
		return progress{}, fmt.Errorf("read progress: %w", err)
	}
	return newProgress(done, open, seconds), nil
}

func (s *editSite) show(w http.ResponseWriter, r *http.Request, rater eval.Rater, shown eval.EditPresentation, back sent) {
	progress, err := s.progress(r, rater)
	if err != nil {
		s.fail(w, r, err)
		return
	}
	again := shown.Last != nil
	page := editPage{
		Title:    fmt.Sprintf("Answer %d of %d", progress.Number(), progress.Total()),
		Notice:   s.notice,
		Rater:    clean(rater.Name),
		Progress: progress,
		Again:    again,
		CanUndo:  !again && progress.Done > 0,
		Saved:    takeSaved(w, r) && !again,
		Problem:  back.problem,
		ID:       shown.ID,
		ShownAt:  s.now().UnixMilli(),
		Prompt:   clean(shown.Prompt),
		System:   clean(shown.System),
		Text:     s.masked(shown).shown,
		Remark:   clean(shown.Remark),
		Refused:  shown.Revision == eval.RevisionRefused,
		Draft:    draftName(shown),
		WasEmpty: strings.TrimSpace(shown.Answer) == "",
	}
	status := http.StatusOK
	if back.problem != "" {
		page.Text, status = back.text, http.StatusBadRequest
	}
	if again {
		page.Title = "Change your last edit"
	}
	for _, m := range shown.Conversation {
		page.Turns = append(page.Turns, newTurn(m.Role, m.Content))
	}
	s.render(w, r, status, "edit.html", page)
}

// masked is the text that the editor of a presentation gets: what the editor made of it
// last, else the answer.
func (s *editSite) masked(shown eval.EditPresentation) maskedText {
	texts := []string{clean(shown.Answer)}
	if shown.Last != nil && shown.Last.Outcome == eval.Edited {
		texts = append(texts, clean(shown.Last.Text))
	}
	masked := maskTexts(s.masker, eval.TaskText(shown.System, shown.Conversation, shown.Prompt), texts...)
	return masked[len(masked)-1]
}

// draftName is another one after each round and each edit.
func draftName(shown eval.EditPresentation) string {
	name := shown.ID + "." + strconv.Itoa(shown.Rounds)
	if shown.Last != nil {
		name += "." + strconv.FormatInt(shown.Last.EditedAt.UnixMicro(), 10)
	}
	return name
}

// sendBack is what the form asks for beside the outcomes of an edit.
const sendBack = "revise"

// edit stores what the editor made of an answer and only then goes on to the next one.
func (s *editSite) edit(w http.ResponseWriter, r *http.Request, rater eval.Rater) {
	if !readForm(r, func(status int, text string) { s.notStoredEdit(w, r, status, text) }) {
		return
	}
	shown, err := s.store.EditPresentation(r.Context(), rater, r.PostForm.Get("id"))
	if errors.Is(err, eval.ErrNotFound) {
		s.notStoredEdit(w, r, http.StatusNotFound, "This answer is not one of yours.")
		return
	}
	if err != nil {
		s.fail(w, r, fmt.Errorf("read answer: %w", err))
		return
	}
	now := s.now().UTC()
	text := clean(r.PostForm.Get("text"))
	seconds, timing := timeTaken(r.PostForm.Get, workedOnSince(shown), now)
	made := eval.EditMade{Outcome: eval.EditOutcome(r.PostForm.Get("outcome")), Seconds: seconds, Timing: timing}
	switch {
	case made.Outcome == sendBack:
		remark := strings.TrimSpace(clean(r.PostForm.Get("remark")))
		if problem := remarkProblem(remark); problem != "" {
			s.show(w, r, rater, shown, sent{problem, text})
			return
		}
		err = s.store.AskRevision(r.Context(), rater, shown.ID, eval.RevisionAsked{Remark: remark, Seconds: seconds, Timing: timing}, now)
	case made.Outcome == eval.Edited:
		if problem := textProblem(text, shown.Answer); problem != "" {
			s.show(w, r, rater, shown, sent{problem, text})
			return
		}
		made.Text = s.masked(shown).restore(text)
		made.Words = eval.CompareWords(clean(shown.Answer), made.Text)
		err = s.store.AddEdit(r.Context(), rater, shown.ID, made, now)
	case made.Outcome == eval.Unusable, made.Outcome == eval.EditSkipped:
		err = s.store.AddEdit(r.Context(), rater, shown.ID, made, now)
	default:
		s.show(w, r, rater, shown, sent{"Say with one of the buttons what is to be done.", text})
		return
	}
	if errors.Is(err, eval.ErrNotFound) {
		s.notStoredEdit(w, r, http.StatusNotFound, "This answer is edited already, so it cannot be sent back.")
		return
	}
	if err != nil {
		s.fail(w, r, fmt.Errorf("store edit: %w", err))
		return
	}
	http.SetCookie(w, savedCookie("1", 30))
	http.Redirect(w, r, "/", http.StatusSeeOther)
}

// remarkProblem says what is wrong with a remark; empty where nothing is.
func remarkProblem(remark string) string {
	switch {
	case remark == "":
		return "Write into the remark what the new answer should do differently."
	case utf8.RuneCountInString(remark) > MaxNote:
		return fmt.Sprintf("The remark is longer than %d characters.", MaxNote)
	}
	return ""
}

// textProblem says what is wrong with an edited text; empty where nothing is.
func textProblem(text, answer string) string {
	switch {
	case len(text) > maxEdit:
		return fmt.Sprintf("The text is longer than %d bytes.", maxEdit)
	case strings.TrimSpace(text) == "" && strings.TrimSpace(answer) != "":
		return "The text is empty. If nothing of the answer can be used, say so with the button."
	}
	return ""
}

// workedOnSince is when the editor began to work on an answer: when it was shown, or edited
// last.
func workedOnSince(shown eval.EditPresentation) time.Time {
	if shown.Last != nil && shown.Last.EditedAt.After(shown.PresentedAt) {
		return shown.Last.EditedAt
	}
	return shown.PresentedAt
}

func (s *editSite) notStoredEdit(w http.ResponseWriter, r *http.Request, status int, text string) {
	s.message(w, r, status, message{
		Title: "This was not saved", Text: text, Next: s.words.back, Href: "/", Label: s.words.label,
	})
}

// done thanks an editor who has nothing open.
func (s *editSite) done(w http.ResponseWriter, r *http.Request, rater eval.Rater) {
	progress, err := s.progress(r, rater)
	if err != nil {
		s.fail(w, r, err)
		return
	}
	waiting, err := s.store.WaitingRevisions(r.Context(), rater)
	if err != nil {
		s.fail(w, r, fmt.Errorf("count awaited answers: %w", err))
		return
	}
	m := message{
		Title:  "Nothing to edit yet",
		Text:   "There is no answer open for you.",
		Next:   "Open your link again later: new answers appear here by themselves.",
		Href:   "/",
		Label:  "Look again",
		Notice: s.notice,
	}
	if progress.Done > 0 {
		m.Title = "Thank you, that was the last one"
		m.Text = fmt.Sprintf("You have edited %d answers. All of them are saved.", progress.Done)
		if progress.Done == 1 {
			m.Text = "You have edited 1 answer. It is saved."
		}
		m.Next = "You can close this page. When there are new answers, the same link shows them."
		m.Href, m.Label, m.Key = "/previous", "Change the last edit", "z"
	}
	switch {
	case waiting == 1:
		m.Text += " One answer that you sent back is being written anew."
	case waiting > 1:
		m.Text += fmt.Sprintf(" %d answers that you sent back are being written anew.", waiting)
	}
	s.message(w, r, http.StatusOK, m)
}
