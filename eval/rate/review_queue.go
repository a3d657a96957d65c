package rate

import (
	"context"
	"slices"
	"sync"

	"modeltrial/audit"
	"modeltrial/eval"
)

// A ReviewStore keeps the tasks of a review queue and what a person says of them.
type ReviewStore interface {
	// ReviewTask reads a task; eval.ErrNotFound where there is none.
	ReviewTask(ctx context.Context, id string) (ReviewTask, error)
	// SaveReview stores a person's word durably before it returns. A second one on the
	// same task replaces the first.
	SaveReview(ctx context.Context, id string, category audit.Category) error
}

// A ReviewQueue is the tasks that wait for a person's word, and those that got it. It
// is safe for concurrent use.
type ReviewQueue struct {
	store ReviewStore

	mu   sync.Mutex
	open []string // ids, the next one first
	done []string // ids, the last one reviewed last
}

// NewReviewQueue queues tasks by their ids, the first one to be reviewed first.
func NewReviewQueue(store ReviewStore, ids []string) *ReviewQueue {
	return &ReviewQueue{store: store, open: slices.Clone(ids)}
}

// Next is the task to be reviewed; eval.ErrNotFound where none is left. A task that was
// reviewed elsewhere meanwhile is passed over.
func (q *ReviewQueue) Next(ctx context.Context) (ReviewTask, error) {
	for {
		q.mu.Lock()
		id := ""
		if len(q.open) > 0 {
			id = q.open[0]
		}
		q.mu.Unlock()
		if id == "" {
			return ReviewTask{}, eval.ErrNotFound
		}
		task, err := q.store.ReviewTask(ctx, id)
		if err != nil || task.Given == "" {
			return task, err
		}
		q.mu.Lock()
		q.open = slices.DeleteFunc(q.open, func(other string) bool { return other == id })
		q.mu.Unlock()
	}
}

// Previous is the task that was reviewed last; eval.ErrNotFound where there is none.
func (q *ReviewQueue) Previous(ctx context.Context) (ReviewTask, error) {
	q.mu.Lock()
	id := ""
	if n := len(q.done); n > 0 {
		id = q.done[n-1]
	}
	q.mu.Unlock()
	if id == "" {
		return ReviewTask{}, eval.ErrNotFound
	}
	return q.store.ReviewTask(ctx, id)
}

// Give stores a category of a task of the queue, reviewed before or not;
// eval.ErrNotFound for any other.
func (q *ReviewQueue) Give(ctx context.Context, id string, category audit.Category) error {
	q.mu.Lock()
	defer q.mu.Unlock()
	if !slices.Contains(q.open, id) && !slices.Contains(q.done, id) {
		return eval.ErrNotFound
	}
	if err := q.store.SaveReview(ctx, id, category); err != nil {
		return err
	}
	same := func(other string) bool { return other == id }
	q.open = slices.DeleteFunc(q.open, same)
	q.done = append(slices.DeleteFunc(q.done, same), id)
	return nil
}

// Skip puts a task behind all others; eval.ErrNotFound for one that is not waiting.
func (q *ReviewQueue) Skip(id string) error {
	q.mu.Lock()
	defer q.mu.Unlock()
	at := slices.Index(q.open, id)
	if at < 0 {
		return eval.ErrNotFound
	}
	q.open = append(slices.Delete(q.open, at, at+1), id)
	return nil
}

// Progress counts the tasks reviewed so far and those that wait.
func (q *ReviewQueue) Progress() (done, open int) {
	q.mu.Lock()
	defer q.mu.Unlock()
	return len(q.done), len(q.open)
}
