package rate

import (
	"errors"
	"fmt"
	"math"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"modeltrial/eval"
)

// MaxNote is the length of a note in characters.
const MaxNote = 2000

// maxSeconds bounds the time for one rating: a page left open overnight says
// nothing about how long the rating took.
const maxSeconds = 24 * 60 * 60

// verdict stores what the rater said and only then goes on to the next one.
func (s *site) verdict(w http.ResponseWriter, r *http.Request, rater eval.Rater) {
	if err := r.ParseForm(); err != nil {
		if _, tooLarge := errors.AsType[*http.MaxBytesError](err); tooLarge {
			s.notSaved(w, r, http.StatusRequestEntityTooLarge, "What was sent is too large.")
			return
		}
		s.notSaved(w, r, http.StatusBadRequest, "What was sent could not be read.")
		return
	}
	if reason := eval.SkipReason(r.PostForm.Get("reason")); reason != "" {
		s.skip(w, r, rater, reason)
		return
	}
	verdict := eval.ShownVerdict(r.PostForm.Get("verdict"))
	if _, ok := verdict.Verdict(eval.SideA); !ok {
		s.notSaved(w, r, http.StatusBadRequest, "No verdict was chosen.")
		return
	}
	note := strings.TrimSpace(clean(r.PostForm.Get("note")))
	if utf8.RuneCountInString(note) > MaxNote {
		s.notSaved(w, r, http.StatusBadRequest, fmt.Sprintf("The note is longer than %d characters.", MaxNote))
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
		s.notSaved(w, r, http.StatusBadRequest, err.Error())
		return
	}
	now := s.now().UTC()
	rating := eval.ShownRating{
		Verdict: verdict, Note: note, Tags: s.given(r.PostForm["tag"]), Grades: grades,
		Seconds: elapsed(r.PostForm.Get("seconds"), r.PostForm.Get("shown"), shown.ShownAt, now),
	}
	if err := s.store.AddRating(r.Context(), rater, id, rating, now); err != nil {
		s.notStored(w, r, err)
		return
	}
	next := "/"
	if s.asks(id) {
		next = guessPath
	}
	s.goOn(w, r, rater, next)
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

// elapsed is how many seconds the rating took: the script's count of those in
// which the page was visible, or without scripts the time since the page was made
// (Unix milliseconds). It is no more than the time since the comparison was shown first,
// where that is known (not zero), and nil where neither can be believed.
func elapsed(seconds, pageMade string, shown, now time.Time) *float64 {
	most := math.Inf(1)
	if !shown.IsZero() {
		most = max(now.Sub(shown).Seconds(), 0)
	}
	if counted, err := strconv.ParseFloat(seconds, 64); err == nil && counted > 0 && counted <= maxSeconds {
		return new(math.Round(min(counted, most)*1000) / 1000)
	}
	milliseconds, err := strconv.ParseInt(pageMade, 10, 64)
	if err != nil {
		return nil
	}
	since := now.Sub(time.UnixMilli(milliseconds)).Seconds()
	if since <= 0 || since > maxSeconds {
		return nil
	}
	return new(min(since, most))
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
