package rate_test

import (
	"context"
	"io"
	"log/slog"
	"math/rand/v2"
	"net/http/httptest"
	"slices"
	"testing"
	"time"

	"modeltrial/eval"
	"modeltrial/eval/blind"
	"modeltrial/eval/rate"
)

// A fakeEdit is what a rater made of an answer.
type fakeEdit struct {
	ID   string
	Made eval.EditMade
}

// fakeEditStore is an in-memory rate.EditStore with the raters and tasks of a fakeStore.
// Each task's answers are those of two arms; every rater gets every task once.
type fakeEditStore struct {
	*fakeStore
	shownEdits []eval.EditPresentation
	edits      []fakeEdit
	asked      map[string]eval.RevisionAsked // by presentation: waiting
	drawn      [2]int
}

func newFakeEditStore(comparisons ...fakeComparison) *fakeEditStore {
	return &fakeEditStore{fakeStore: newFakeStore(comparisons...), asked: map[string]eval.RevisionAsked{}}
}

func (f *fakeEditStore) NextEdit(_ context.Context, _ eval.Rater, draw func([]int) int, now time.Time) (eval.EditPresentation, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.fail != nil {
		return eval.EditPresentation{}, f.fail
	}
	for _, shown := range f.shownEdits {
		if _, waits := f.asked[shown.ID]; !waits && shown.Last == nil {
			return shown, nil
		}
	}
	if len(f.shownEdits) == len(f.comparisons) {
		return eval.EditPresentation{}, eval.ErrNotFound
	}
	c := f.comparisons[len(f.shownEdits)]
	arm := draw(f.drawn[:])
	f.drawn[arm]++
	shown := eval.EditPresentation{
		ID: blind.NewID(), System: c.task.System, Conversation: c.task.Conversation, Prompt: c.task.Prompt,
		Answer: []string{c.control, c.candidate}[arm], PresentedAt: now,
	}
	f.shownEdits = append(f.shownEdits, shown)
	return shown, nil
}

func (f *fakeEditStore) place(id string) int {
	return slices.IndexFunc(f.shownEdits, func(p eval.EditPresentation) bool { return p.ID == id })
}

func (f *fakeEditStore) EditPresentation(_ context.Context, _ eval.Rater, id string) (eval.EditPresentation, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if at := f.place(id); at >= 0 {
		return f.shownEdits[at], nil
	}
	return eval.EditPresentation{}, eval.ErrNotFound
}

func (f *fakeEditStore) AddEdit(_ context.Context, _ eval.Rater, id string, made eval.EditMade, now time.Time) error {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.fail != nil {
		return f.fail
	}
	f.edits = append(f.edits, fakeEdit{id, made})
	f.shownEdits[f.place(id)].Last = &eval.PostEdit{Outcome: made.Outcome, Text: made.Text, EditedAt: now}
	return nil
}

func (f *fakeEditStore) AskRevision(_ context.Context, _ eval.Rater, id string, asked eval.RevisionAsked, _ time.Time) error {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.shownEdits[f.place(id)].Last != nil {
		return eval.ErrNotFound
	}
	f.asked[id] = asked
	return nil
}

// revise gives the new answer that was asked for.
func (f *fakeEditStore) revise(id, answer string, now time.Time) {
	f.mu.Lock()
	defer f.mu.Unlock()
	shown := &f.shownEdits[f.place(id)]
	shown.Answer, shown.Rounds, shown.Revision, shown.Remark, shown.PresentedAt = answer, shown.Rounds+1, eval.RevisionAnswered, f.asked[id].Remark, now
	delete(f.asked, id)
}

func (f *fakeEditStore) WaitingRevisions(context.Context, eval.Rater) (int, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	return len(f.asked), f.fail
}

func (f *fakeEditStore) LastEdit(context.Context, eval.Rater) (eval.EditPresentation, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if len(f.edits) == 0 {
		return eval.EditPresentation{}, eval.ErrNotFound
	}
	return f.shownEdits[f.place(f.edits[len(f.edits)-1].ID)], nil
}

func (f *fakeEditStore) EditProgress(context.Context, eval.Rater) (done, open int, medianSeconds float64, err error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	for _, shown := range f.shownEdits {
		if shown.Last != nil {
			done++
		}
	}
	return done, len(f.comparisons) - done - len(f.asked), 95, f.fail
}

// made is what was stored so far.
func (f *fakeEditStore) made() []fakeEdit {
	f.mu.Lock()
	defer f.mu.Unlock()
	return slices.Clone(f.edits)
}

// newEditSite serves the store at a time that the test may move.
func newEditSite(t *testing.T, store rate.EditStore, logger io.Writer, now func() time.Time) *httptest.Server {
	t.Helper()
	server := httptest.NewServer(rate.NewEditHandler(store, rate.Options{
		Logger: slog.New(slog.NewTextHandler(logger, nil)), Rand: rand.New(rand.NewPCG(3, 4)), Now: now, HiddenNames: armNames,
	}))
	t.Cleanup(server.Close)
	return server
}
