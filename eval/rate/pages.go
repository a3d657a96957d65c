package rate

import (
	"bytes"
	"cmp"
	"embed"
	"errors"
	"fmt"
	"html/template"
	"net/http"
	"slices"
	"strconv"
	"sync"

	"modeltrial/eval"
	"modeltrial/eval/blind"
)

//go:embed templates
var templateFiles embed.FS

// templates are parsed when the first page is made: most commands make none.
var templates = sync.OnceValue(func() *template.Template {
	functions := template.FuncMap{"asset": assetURL, "formulas": formulas}
	return template.Must(template.New("").Funcs(functions).ParseFS(templateFiles, "templates/*.html"))
})

// A comparisonPage is what the template of the rating page shows.
type comparisonPage struct {
	Title    string
	Notice   string
	Rater    string
	Progress progress
	Again    bool          // the rater changes the last verdict
	Guesses  []guessButton // the rater is asked for a guess instead of a verdict
	CanTell  bool          // the rater may say that a model was recognised
	CanUndo  bool
	Saved    bool // the verdict given just before is stored
	Practice *practicePage
	Tags     []tagBox
	Criteria []gradedCriterion
	Note     string
	Said     bool         // the rater has said why before: Tags, Criteria and Note hold it
	Skips    []skipButton // none where the comparison cannot be skipped

	ID       string
	ShownAt  int64 // Unix milliseconds
	Prompt   string
	System   string
	Turns    []turn
	Answers  []answer
	Verdicts []verdictButton
}

// A tagBox is a tag that the rater may choose.
type tagBox struct {
	Name    string
	Checked bool
}

type turn struct {
	Role     string
	Text     string        // as written
	Rendered template.HTML // of Markdown; empty where Text is to be shown
}

type answer struct {
	Number int
	Other  int
	Text   template.HTML
}

type verdictButton struct {
	Value  eval.ShownVerdict
	Answer int // that is better; 0 for neither
	Label  string
	Key    string
	Arrow  string
}

// verdictButtons are in the order of the keyboard's digits; both unusable stands
// apart.
var verdictButtons = []verdictButton{
	{Value: eval.LeftMuchBetter, Answer: 1, Label: "much better", Key: "1"},
	{Value: eval.LeftBetter, Answer: 1, Label: "better", Key: "2", Arrow: "←"},
	{Value: eval.ShownTie, Label: "About the same", Key: "3", Arrow: "↓"},
	{Value: eval.RightBetter, Answer: 2, Label: "better", Key: "4", Arrow: "→"},
	{Value: eval.RightMuchBetter, Answer: 2, Label: "much better", Key: "5"},
	{Value: eval.ShownBad, Label: "Both unusable", Key: "0"},
}

// A progress says how far a rater is.
type progress struct {
	Done, Open int
	Left       string // how long the open ones will take; empty where not known
}

// Number is which comparison of Total the rater is at.
func (p progress) Number() int { return min(p.Done+1, p.Total()) }

// Total counts the rater's comparisons, rated and open.
func (p progress) Total() int { return p.Done + p.Open }

func (s *site) progress(r *http.Request, rater eval.Rater) (progress, error) {
	done, open, seconds, err := s.store.Progress(r.Context(), rater)
	if err != nil {
		return progress{}, fmt.Errorf("read progress: %w", err)
	}
	return newProgress(done, open, seconds), nil
}

// newProgress tells how long the open ones will take at the median seconds of those done.
func newProgress(done, open int, seconds float64) progress {
	return progress{Done: done, Open: open, Left: TimeLeft(open, seconds)}
}

// next shows the rater's next comparison, or that there is none.
func (s *site) next(w http.ResponseWriter, r *http.Request, rater eval.Rater) {
	s.showNext(w, r, rater, takeSaved(w, r))
}

// showNext shows the next comparison, saying that the verdict before it is stored.
func (s *site) showNext(w http.ResponseWriter, r *http.Request, rater eval.Rater, saved bool) {
	progress, err := s.progress(r, rater)
	if err != nil {
		s.fail(w, r, err)
		return
	}
	if progress.Open > 0 && s.mustPractise(r, progress.Done) {
		http.Redirect(w, r, "/practice", http.StatusSeeOther)
		return
	}
	presentation, err := s.store.NextPresentation(r.Context(), rater, s.draw, s.now().UTC())
	if errors.Is(err, eval.ErrNotFound) {
		s.done(w, r, progress)
		return
	}
	if err != nil {
		s.fail(w, r, fmt.Errorf("next presentation: %w", err))
		return
	}
	s.show(w, r, rater, presentation, askedVerdict, progress, saved)
}

// previous shows the comparison rated last, to be rated again.
func (s *site) previous(w http.ResponseWriter, r *http.Request, rater eval.Rater) {
	s.showLast(w, r, rater, askedAgain, false)
}

// showLast asks something of the comparison rated last; without one the rater is sent
// to the next.
func (s *site) showLast(w http.ResponseWriter, r *http.Request, rater eval.Rater, what asked, saved bool) {
	presentation, err := s.store.LastRated(r.Context(), rater)
	if errors.Is(err, eval.ErrNotFound) {
		http.Redirect(w, r, "/", http.StatusSeeOther)
		return
	}
	if err != nil {
		s.fail(w, r, fmt.Errorf("last rated: %w", err))
		return
	}
	progress, err := s.progress(r, rater)
	if err != nil {
		s.fail(w, r, err)
		return
	}
	s.show(w, r, rater, presentation, what, progress, saved)
}

// asked is what a page asks of a comparison.
type asked int

const (
	askedVerdict asked = iota
	askedAgain         // another verdict than the last
	askedGuess         // which answer is from the current model
)

func (s *site) show(w http.ResponseWriter, r *http.Request, rater eval.Rater, p eval.Presentation, what asked, progress progress, saved bool) {
	ready, prepared := s.shelf.take(p.ID)
	if !prepared {
		ready = s.content(p)
	}
	page := comparisonPage{
		Title:    fmt.Sprintf("Comparison %d of %d", progress.Number(), progress.Total()),
		Notice:   s.notice,
		Rater:    clean(rater.Name),
		Progress: progress,
		Again:    what == askedAgain,
		CanUndo:  what != askedAgain && progress.Done > 0,
		CanTell:  what != askedGuess && progress.Done > 0,
		Criteria: s.gradedCriteria(p),
		ID:       p.ID,
		ShownAt:  s.now().UnixMilli(),
		Prompt:   clean(p.Prompt),
		System:   clean(p.System),
		Turns:    ready.turns,
		Answers:  ready.answers,
		Verdicts: verdictButtons,
		Saved:    saved,
	}
	last := cmp.Or(p.Last, &eval.ShownRating{})
	page.Note, page.Said = last.Note, last.Note != "" || len(last.Tags)+len(last.Grades) > 0
	for _, tag := range s.tags {
		page.Tags = append(page.Tags, tagBox{tag, slices.Contains(last.Tags, tag)})
	}
	switch what {
	case askedVerdict:
		page.Skips = skipButtons
	case askedAgain:
		page.Title = "Change your last rating"
	case askedGuess:
		page.Title, page.Guesses = "Which answer is from the current model?", guessButtons
	}
	s.render(w, r, http.StatusOK, "comparison.html", page)
}

func newTurn(role, content string) turn {
	content = clean(content)
	switch role {
	case "assistant":
		return turn{Role: "Assistant", Rendered: markdown(content)}
	case "user":
		return turn{Role: "User", Text: content}
	case "system":
		return turn{Role: "System", Text: content}
	}
	return turn{Role: clean(role), Text: content}
}

// done thanks a rater who has nothing open.
func (s *site) done(w http.ResponseWriter, r *http.Request, progress progress) {
	m := message{
		Title:  "Nothing to rate yet",
		Text:   "There is no comparison open for you.",
		Next:   "Open your link again later: new comparisons appear here by themselves.",
		Href:   "/",
		Label:  "Look again",
		Notice: s.notice,
	}
	if progress.Done > 0 {
		m.Title = "Thank you, that was the last one"
		m.Text = fmt.Sprintf("You have rated %d comparisons. All of them are saved.", progress.Done)
		if progress.Done == 1 {
			m.Text = "You have rated 1 comparison. It is saved."
		}
		m.Next = "You can close this page. When there are new comparisons, the same link shows them."
		m.Href, m.Label, m.Key = "/previous", "Change the last rating", "z"
	}
	s.message(w, r, http.StatusOK, m)
}

// A message is a page that tells one thing and what to do next.
type message struct {
	Title     string
	Text      string
	Next      string
	Href      string // empty for no button
	Label     string
	Key       string // presses the button; may be empty
	Confirm   string // on the button that sends the page's address back by POST; empty for none
	Reference string // finds the log's entry; may be empty
	Notice    string
}

func (s *site) message(w http.ResponseWriter, r *http.Request, status int, m message) {
	s.render(w, r, status, "message.html", m)
}

// render executes a template whole before anything is sent.
func (s *site) render(w http.ResponseWriter, r *http.Request, status int, name string, data any) {
	var page bytes.Buffer
	if err := templates().ExecuteTemplate(&page, name, data); err != nil {
		s.logger.ErrorContext(r.Context(), "render page", "template", name, "error", err)
		http.Error(w, "The page could not be made. Please try again.", http.StatusInternalServerError)
		return
	}
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	s.write(w, r, status, page.Bytes())
}

func (s *site) write(w http.ResponseWriter, r *http.Request, status int, body []byte) {
	w.Header().Set("Content-Length", strconv.Itoa(len(body)))
	w.WriteHeader(status)
	if r.Method == http.MethodHead {
		return
	}
	if _, err := w.Write(body); err != nil {
		// The browser has gone; there is nobody to tell.
		s.logger.DebugContext(r.Context(), "write page", "error", err)
	}
}

// fail tells the rater that something failed, without saying what, and the log
// what it was, both with the same reference.
func (s *site) fail(w http.ResponseWriter, r *http.Request, err error) {
	reference := blind.NewID()[:8]
	s.logger.ErrorContext(r.Context(), s.words.kind+" failed", "reference", reference, "method", r.Method, "route", r.Pattern, "error", err)
	s.message(w, r, http.StatusInternalServerError, message{
		Title: "Something went wrong",
		Text:  s.words.maybeLost,
		Next:  s.words.twice,
		Href:  "/", Label: "Try again",
		Reference: reference,
	})
}

func (s *site) unknown(w http.ResponseWriter, r *http.Request) {
	s.message(w, r, http.StatusNotFound, message{
		Title: "There is nothing here",
		Text:  s.words.nothing,
		Next:  s.words.back,
		Href:  "/", Label: s.words.label,
	})
}

func (s *site) crossOrigin(w http.ResponseWriter, r *http.Request) {
	s.message(w, r, http.StatusForbidden, message{
		Title: "That was not saved",
		Text:  "The request came from another site.",
		Next:  s.words.onPage,
		Href:  "/", Label: s.words.label,
	})
}
