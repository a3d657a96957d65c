package rate

import (
	"crypto/subtle"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"slices"
	"time"

	"modeltrial/audit"
	"modeltrial/eval"
	"modeltrial/eval/blind"
)

// A ReviewTask is a task to be put into a category by a person.
type ReviewTask struct {
	Task audit.Task
	// Blind says that the task measures the categoriser: what it guessed is not shown,
	// since who sees the machine's answer tends to agree with it.
	Blind bool
	// Guesses are the categoriser's, the most probable first, and Evidence is what
	// spoke for the first one. Neither is shown of a blind task.
	Guesses  []audit.Guess
	Evidence []string
	Given    audit.Category // what a person said before; empty where nobody has
}

// A ReviewCategory is a choice with what it means.
type ReviewCategory struct {
	Name        audit.Category
	Description string
}

// ReviewOptions are what a review site needs beside its queue.
type ReviewOptions struct {
	// Token is the secret of the one link that opens the site.
	Token      string
	Categories []ReviewCategory
	Logger     *slog.Logger // details of failures; slog.Default where nil
}

// reviewCookie is the cookie that holds the token; not that of a rating site, which
// may run on the same host.
const reviewCookie = "review"

type reviewSite struct {
	*site
	queue      *ReviewQueue
	token      string
	categories []ReviewCategory
}

// NewReviewHandler makes the site on which a workspace's owner corrects categories. It
// shows tasks as they are, and serves them only to who opened its link. It is safe for
// concurrent use.
func NewReviewHandler(queue *ReviewQueue, options ReviewOptions) http.Handler {
	s := &reviewSite{
		site:  &site{logger: options.Logger, now: time.Now, words: reviewWords, maxBody: maxBody},
		queue: queue, token: options.Token, categories: options.Categories,
	}
	if s.logger == nil {
		s.logger = slog.Default()
	}
	mux := http.NewServeMux()
	s.route(mux, http.MethodGet, "/{$}", s.owner(s.next))
	s.route(mux, http.MethodGet, "/previous", s.owner(s.previous))
	s.route(mux, http.MethodPost, "/category", s.owner(s.give))
	s.route(mux, http.MethodGet, "/r/{token}", s.enter)
	return s.protected(mux)
}

// known says whether a token is the site's; an empty one never is.
func (s *reviewSite) known(token string) bool {
	return s.token != "" && subtle.ConstantTimeCompare([]byte(blind.TokenHash(token)), []byte(blind.TokenHash(s.token))) == 1
}

func (s *reviewSite) enter(w http.ResponseWriter, r *http.Request) {
	token := r.PathValue("token")
	if !s.known(token) {
		s.refuseOwner(w, r, http.StatusNotFound)
		return
	}
	w.Header().Set("Referrer-Policy", "no-referrer") // the address is the secret
	http.SetCookie(w, &http.Cookie{
		Name: reviewCookie, Value: token, Path: "/", HttpOnly: true, SameSite: http.SameSiteStrictMode,
	})
	http.Redirect(w, r, "/", http.StatusSeeOther)
}

// owner refuses everyone who has not opened the link.
func (s *reviewSite) owner(handle http.HandlerFunc) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		cookie, err := r.Cookie(reviewCookie)
		if err != nil || !s.known(cookie.Value) {
			s.refuseOwner(w, r, http.StatusUnauthorized)
			return
		}
		handle(w, r)
	}
}

func (s *reviewSite) refuseOwner(w http.ResponseWriter, r *http.Request, status int) {
	s.message(w, r, status, message{
		Title: "Please open the link",
		Text:  "This page is for the owner of the workspace.",
		Next:  "Open the whole link that modeltrial audit review printed; each start has a new one.",
	})
}

// A reviewPage is what the template of the review page shows.
type reviewPage struct {
	Title    string
	Progress progress
	Again    bool // the owner changes the last choice
	CanUndo  bool
	Saved    bool
	Blind    bool
	Given    audit.Category

	ID       string
	Facts    string // team, model and time
	Prompt   string
	System   string
	Turns    []turn
	Guesses  []reviewGuess
	Evidence []string
	Choices  []reviewChoice
}

type reviewGuess struct {
	Category string
	Percent  int
}

type reviewChoice struct {
	Name, Description, Key string
	Chosen                 bool // by the person before
}

func (s *reviewSite) next(w http.ResponseWriter, r *http.Request) {
	task, err := s.queue.Next(r.Context())
	if errors.Is(err, eval.ErrNotFound) {
		s.finished(w, r)
		return
	}
	if err != nil {
		s.fail(w, r, fmt.Errorf("next task: %w", err))
		return
	}
	s.show(w, r, task, false)
}

func (s *reviewSite) previous(w http.ResponseWriter, r *http.Request) {
	task, err := s.queue.Previous(r.Context())
	if errors.Is(err, eval.ErrNotFound) {
		http.Redirect(w, r, "/", http.StatusSeeOther)
		return
	}
	if err != nil {
		s.fail(w, r, fmt.Errorf("previous task: %w", err))
		return
	}
	s.show(w, r, task, true)
}

func (s *reviewSite) show(w http.ResponseWriter, r *http.Request, task ReviewTask, again bool) {
	done, open := s.queue.Progress()
	page := reviewPage{
		Title:    fmt.Sprintf("Task %d of %d", min(done+1, done+open), done+open),
		Progress: progress{Done: done, Open: open}, Again: again, CanUndo: !again && done > 0,
		Saved: takeSaved(w, r) && !again, Blind: task.Blind, Given: task.Given,
		ID: task.Task.ID, Facts: facts(task.Task), Prompt: clean(task.Task.Prompt), System: clean(task.Task.System), Choices: s.choices(task.Given),
	}
	if again {
		page.Title = "Change the last category"
	}
	for _, m := range task.Task.Conversation {
		page.Turns = append(page.Turns, newTurn(m.Role, m.Content))
	}
	if !task.Blind {
		const mostGuesses = 2
		for _, guess := range task.Guesses[:min(len(task.Guesses), mostGuesses)] {
			page.Guesses = append(page.Guesses, reviewGuess{clean(string(guess.Category)), int(100*guess.Probability + 0.5)})
		}
		for _, part := range task.Evidence {
			page.Evidence = append(page.Evidence, clean(part))
		}
	}
	s.render(w, r, http.StatusOK, "review.html", page)
}

// facts are what the log says of a task beside its text.
func facts(task audit.Task) string {
	text := ""
	add := func(part string) {
		if part = clean(part); part == "" {
			return
		}
		if text != "" {
			text += " · "
		}
		text += part
	}
	add(task.Team)
	add(task.Model)
	if !task.Timestamp.IsZero() {
		add(task.Timestamp.Format("2006-01-02 15:04"))
	}
	return text
}

// reviewKeys choose the categories in their order: s and z are taken on the page.
const reviewKeys = "1234567890abcdefghijklmnopqrtuvwxy"

// choices are the categories with a key each, as far as those go.
func (s *reviewSite) choices(given audit.Category) []reviewChoice {
	choices := make([]reviewChoice, len(s.categories))
	for i, category := range s.categories {
		choices[i] = reviewChoice{Name: string(category.Name), Description: category.Description, Chosen: category.Name == given}
		if i < len(reviewKeys) {
			choices[i].Key = reviewKeys[i : i+1]
		}
	}
	return choices
}

// give stores a choice, or puts the task off where there is none.
func (s *reviewSite) give(w http.ResponseWriter, r *http.Request) {
	id, category := r.PostFormValue("id"), audit.Category(r.PostFormValue("category"))
	var err error
	switch {
	case r.PostFormValue("skip") != "":
		err = s.queue.Skip(id)
	case !slices.ContainsFunc(s.categories, func(c ReviewCategory) bool { return c.Name == category }):
		s.message(w, r, http.StatusBadRequest, message{
			Title: "That was not saved", Text: "The request names no category of this workspace.", Next: s.words.back, Href: "/", Label: s.words.label,
		})
		return
	default:
		err = s.queue.Give(r.Context(), id, category)
		if err == nil {
			http.SetCookie(w, savedCookie("1", 60))
		}
	}
	if errors.Is(err, eval.ErrNotFound) {
		s.unknown(w, r)
		return
	}
	if err != nil {
		s.fail(w, r, fmt.Errorf("store category: %w", err))
		return
	}
	http.Redirect(w, r, "/", http.StatusSeeOther)
}

func (s *reviewSite) finished(w http.ResponseWriter, r *http.Request) {
	done, _ := s.queue.Progress()
	m := message{
		Title: "There is nothing to review",
		Text:  "No task of a random sample is open, and the categoriser is unsure of none.",
		Next:  "Draw a random sample with modeltrial audit classify --sample 200 to measure the categoriser, then start modeltrial audit review again.",
	}
	if done > 0 {
		m.Title = "Thank you, that was the last one"
		m.Text = fmt.Sprintf("%d tasks are reviewed and saved.", done)
		if done == 1 {
			m.Text = "1 task is reviewed and saved."
		}
		m.Next = "Close this page, end modeltrial audit review with Ctrl-C, and run modeltrial audit classify: the categoriser learns from your corrections."
		m.Href, m.Label, m.Key = "/previous", "Change the last category", "z"
	}
	s.message(w, r, http.StatusOK, m)
}
