package rate

import (
	"errors"
	"fmt"
	"net/http"
	"sync"

	"modeltrial/eval"
)

// maxShelf bounds what is prepared of comparisons that are not shown yet, in bytes.
const maxShelf = 32 << 20

// A content is what is slow to make of a presentation: rendered texts with names hidden.
type content struct {
	answers []answer
	turns   []turn
}

// content renders a presentation.
func (s *site) content(p eval.Presentation) content {
	var c content
	for _, m := range p.Conversation {
		c.turns = append(c.turns, newTurn(m.Role, m.Content))
	}
	for i, text := range ShownAnswers(s.masker, p) {
		c.answers = append(c.answers, answer{Number: i + 1, Other: 2 - i, Text: text})
	}
	return c
}

// size is about how many bytes a content takes.
func (c content) size() int {
	size := 0
	for _, answer := range c.answers {
		size += len(answer.Text)
	}
	for _, turn := range c.turns {
		size += len(turn.Text) + len(turn.Rendered)
	}
	return size
}

// A shelf keeps contents until they are shown, the newest where there are too many. It is
// safe for concurrent use; the zero shelf is empty.
type shelf struct {
	mu       sync.Mutex
	contents map[string]content // by presentation
	order    []string           // the oldest first; may name some that were taken
	bytes    int
}

func (s *shelf) put(id string, c content) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if _, there := s.contents[id]; there || c.size() > maxShelf {
		return
	}
	if s.contents == nil {
		s.contents = map[string]content{}
	}
	s.contents[id] = c
	s.order = append(s.order, id)
	s.bytes += c.size()
	for s.bytes > maxShelf || len(s.order) > 2*len(s.contents)+1 {
		s.drop(s.order[0])
		s.order = s.order[1:]
	}
}

// take gives a content away.
func (s *shelf) take(id string) (content, bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	c, ok := s.contents[id]
	s.drop(id)
	return c, ok
}

func (s *shelf) drop(id string) {
	if c, there := s.contents[id]; there {
		s.bytes -= c.size()
		delete(s.contents, id)
	}
}

// ahead prepares the comparison after the one that the rater looks at. Its order is
// stored; the reply says nothing of it, so that nobody sees it before the present one is
// rated.
func (s *site) ahead(w http.ResponseWriter, r *http.Request, rater eval.Rater) {
	p, err := s.store.AssignAhead(r.Context(), rater, s.draw, s.now().UTC())
	switch {
	case err == nil:
		s.shelf.put(p.ID, s.content(p))
	case !errors.Is(err, eval.ErrNotFound):
		s.fail(w, r, fmt.Errorf("assign ahead: %w", err))
		return
	}
	w.WriteHeader(http.StatusNoContent)
}

// wantsPage says whether the script asks for the page after the one that is sent
// (RFC 7240), which saves a request.
func wantsPage(r *http.Request) bool { return r.Header.Get("Prefer") == "return=representation" }

// goOn leads to the page after one that was stored: to the page itself where the script
// asks for it, else by a redirection.
func (s *site) goOn(w http.ResponseWriter, r *http.Request, rater eval.Rater, next string) {
	if !wantsPage(r) {
		http.SetCookie(w, savedCookie("1", 30))
		http.Redirect(w, r, next, http.StatusSeeOther)
		return
	}
	w.Header().Set("Content-Location", next)
	if next == guessPath {
		s.showLast(w, r, rater, askedGuess, true)
		return
	}
	s.showNext(w, r, rater, true)
}
