package terminal

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"modeltrial/audit"
	"modeltrial/eval"
)

// A fakeStore is a rate.Store in memory for one rater.
type fakeStore struct {
	mu       sync.Mutex
	tasks    []fakeTask
	shown    []eval.Presentation
	verdicts []fakeVerdict // append-only
	guesses  []fakeGuess   // append-only
	skips    map[string]eval.SkipReason
	fail     error // returned by every method
}

type fakeTask struct {
	task               audit.Task
	control, candidate string
}

type fakeVerdict struct {
	ID      string
	Verdict eval.ShownVerdict
	Seconds float64
	Note    string
	Tags    []string
	Grades  []eval.ShownGrade
}

type fakeGuess struct {
	ID                string
	Guess             eval.ShownGuess
	Recognised, Asked bool
}

func (f *fakeStore) RaterByTokenHash(context.Context, string, time.Time) (eval.Rater, error) {
	return eval.Rater{}, eval.ErrNotFound
}

func (f *fakeStore) NextPresentation(_ context.Context, rater eval.Rater, draw func(int, int) eval.Side, _ time.Time) (eval.Presentation, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.fail != nil {
		return eval.Presentation{}, f.fail
	}
	if n := len(f.shown); n > 0 && !f.rated(f.shown[n-1].ID) {
		return f.shown[n-1], nil
	}
	if len(f.shown) == len(f.tasks) {
		return eval.Presentation{}, eval.ErrNotFound
	}
	next := f.tasks[len(f.shown)]
	p := eval.Presentation{
		ID: fmt.Sprint("shown-", len(f.shown)), Category: audit.General, Rater: rater.Name, First: draw(0, 0),
		System: next.task.System, Conversation: next.task.Conversation, Prompt: next.task.Prompt,
		Left: next.control, Right: next.candidate,
	}
	if p.First == eval.SideB {
		p.Left, p.Right = p.Right, p.Left
	}
	f.shown = append(f.shown, p)
	return p, nil
}

func (f *fakeStore) rated(id string) bool {
	if f.skips[id] != "" {
		return true
	}
	for _, v := range f.verdicts {
		if v.ID == id {
			return true
		}
	}
	return false
}

func (f *fakeStore) Presentation(_ context.Context, _ eval.Rater, id string) (eval.Presentation, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	for _, p := range f.shown {
		if p.ID == id {
			return p, f.fail
		}
	}
	return eval.Presentation{}, eval.ErrNotFound
}

func (f *fakeStore) AddRating(_ context.Context, _ eval.Rater, id string, rating eval.ShownRating, _ time.Time) error {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.fail != nil {
		return f.fail
	}
	given := fakeVerdict{ID: id, Verdict: rating.Verdict, Note: rating.Note, Tags: rating.Tags, Grades: rating.Grades}
	if rating.Seconds != nil {
		given.Seconds = *rating.Seconds
	}
	f.verdicts = append(f.verdicts, given)
	return nil
}

func (f *fakeStore) RateAndNext(ctx context.Context, rater eval.Rater, id string, rating eval.ShownRating, draw func(int, int) eval.Side, now time.Time) (eval.Presentation, bool, error) {
	if err := f.AddRating(ctx, rater, id, rating, now); err != nil {
		return eval.Presentation{}, false, err
	}
	next, err := f.NextPresentation(ctx, rater, draw, now)
	if errors.Is(err, eval.ErrNotFound) {
		return eval.Presentation{}, false, nil
	}
	return next, err == nil, err
}

func (f *fakeStore) Skip(_ context.Context, _ eval.Rater, id string, reason eval.SkipReason, _ time.Time) error {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.fail != nil {
		return f.fail
	}
	f.skips[id] = reason
	return nil
}

// AssignAhead is not asked for in a terminal, where the next comparison is at hand.
func (f *fakeStore) AssignAhead(context.Context, eval.Rater, func(int, int) eval.Side, time.Time) (eval.Presentation, error) {
	return eval.Presentation{}, eval.ErrNotFound
}

func (f *fakeStore) AddGuess(_ context.Context, _ eval.Rater, id string, guess eval.ShownGuess, recognised, asked bool, _ time.Time) error {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.fail != nil {
		return f.fail
	}
	f.guesses = append(f.guesses, fakeGuess{id, guess, recognised, asked})
	return nil
}

func (f *fakeStore) LastRated(context.Context, eval.Rater) (eval.Presentation, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.fail != nil || len(f.verdicts) == 0 {
		return eval.Presentation{}, eval.ErrNotFound
	}
	last := f.verdicts[len(f.verdicts)-1]
	for _, p := range f.shown {
		if p.ID == last.ID {
			p.Last = &eval.ShownRating{Verdict: last.Verdict, Note: last.Note, Tags: last.Tags, Grades: last.Grades}
			return p, nil
		}
	}
	return eval.Presentation{}, eval.ErrNotFound
}

func (f *fakeStore) Progress(context.Context, eval.Rater) (done, open int, medianSeconds float64, err error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	ids := map[string]bool{}
	for _, v := range f.verdicts {
		ids[v.ID] = true
	}
	if len(ids) > 0 {
		medianSeconds = 31
	}
	return len(ids), len(f.tasks) - len(ids), medianSeconds, f.fail
}
