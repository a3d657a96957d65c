package rate

import (
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	"modeltrial/eval"
)

// MaxNote is the length of a note in characters.
const MaxNote = 2000

// verdict stores what the rater said and only then goes on to the next one.
func (s *site) verdict(w http.ResponseWriter, r *http.Request, rater eval.Rater) {
	refused := func(status int, text string) { s.notSaved(w, r, status, text) }
	if !readForm(r, refused) {
		return
	}
	if reason := eval.SkipReason(r.PostForm.Get("reason")); reason != "" {
		s.skip(w, r, rater, reason)
		return
	}
	verdict := eval.ShownVerdict(r.PostForm.Get("verdict"))
	if _, ok := verdict.Verdict(eval.SideA); !ok {
		refused(http.StatusBadRequest, "No verdict was chosen.")
		return
	}
	note := strings.TrimSpace(clean(r.PostForm.Get("note")))
	if utf8.RuneCountInString(note) > MaxNote {
		refused(http.StatusBadRequest, fmt.Sprintf("The note is longer than %d characters.", MaxNote))
		return
	}
	id := r.PostForm.Get("id")
	shown, err := s.store.Presentation(r.Context(), rater, id)
	if err != nil {
		s.notStored(w, r, err)
		return
	}
	grades, err := s.givenGrades(r, shown)
	if err != nil {
		refused(http.StatusBadRequest, err.Error())
		return
	}
	now := s.now().UTC()
	seconds, _ := timeTaken(r.PostForm.Get, shown.ShownAt, now)
	s.rate(w, r, rater, id, eval.ShownRating{Verdict: verdict, Note: note, Tags: s.given(r.PostForm["tag"]), Grades: grades, Seconds: seconds}, now)
}

// rate stores a rating and goes on. Where the next comparison is to follow at once, both
// wait for the same commit.
func (s *site) rate(w http.ResponseWriter, r *http.Request, rater eval.Rater, id string, rating eval.ShownRating, now time.Time) {
	asks := s.asks(id)
	if asks || !wantsPage(r) {
		if err := s.store.AddRating(r.Context(), rater, id, rating, now); err != nil {
			s.notStored(w, r, err)
			return
		}
		next := "/"
		if asks {
			next = guessPath
		}
		s.goOn(w, r, rater, next)
		return
	}
	next, more, err := s.store.RateAndNext(r.Context(), rater, id, rating, s.draw, now)
	if err != nil {
		s.notStored(w, r, err)
		return
	}
	progress, err := s.progress(r, rater)
	if err != nil {
		s.fail(w, r, err)
		return
	}
	w.Header().Set("Content-Location", "/")
	if !more {
		s.done(w, r, progress)
		return
	}
	s.show(w, r, rater, next, askedVerdict, progress, true)
}

// given are the protocol's tags among those that were sent, in its order.
func (s *site) given(sent []string) (tags []string) {
	for _, tag := range s.tags {
		if slices.Contains(sent, tag) {
			tags = append(tags, tag)
		}
	}
	return tags
}

// savedCookie tells the next page that the store has confirmed a verdict; it
// lives for the given seconds, or ends at once where they are negative.
func savedCookie(value string, seconds int) *http.Cookie {
	return &http.Cookie{Name: "saved", Value: value, Path: "/", MaxAge: seconds, HttpOnly: true, SameSite: http.SameSiteStrictMode}
}

// takeSaved says whether a verdict was stored just before, once.
func takeSaved(w http.ResponseWriter, r *http.Request) bool {
	if _, err := r.Cookie("saved"); err != nil {
		return false
	}
	http.SetCookie(w, savedCookie("", -1))
	return true
}

func (s *site) notStored(w http.ResponseWriter, r *http.Request, err error) {
	if errors.Is(err, eval.ErrNotFound) {
		s.notSaved(w, r, http.StatusNotFound, "This comparison is not one of yours.")
		return
	}
	s.fail(w, r, fmt.Errorf("store verdict: %w", err))
}

func (s *site) notSaved(w http.ResponseWriter, r *http.Request, status int, text string) {
	s.message(w, r, status, message{
		Title: "This was not saved",
		Text:  text,
		Next:  "Go back to your comparisons and rate it there.",
		Href:  "/", Label: "Continue rating",
	})
}
