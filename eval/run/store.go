package run

import (
	"context"
	"iter"
	"time"

	"modeltrial/audit"
	"modeltrial/eval"
)

// A Store keeps what a run needs. Package store satisfies it.
type Store interface {
	// EachOpenCell gives the cells of a batch that have no stored response, in a fixed
	// order. Several may be read at a time, and cells answered meanwhile. An error is
	// the last that comes.
	EachOpenCell(ctx context.Context, week int) iter.Seq2[eval.Cell, error]
	// Tasks reads tasks in the order of their ids, of which none comes twice;
	// eval.ErrNotFound where one is missing.
	Tasks(ctx context.Context, ids []string) ([]audit.Task, error)
	// Reserve claims a cell until a time and sets its worst case aside, in one
	// transaction. It returns eval.ErrBudgetExhausted where everything spent and
	// reserved plus worstCase would exceed budget, eval.ErrAnswered where the cell is
	// answered, and eval.ErrClaimed where it is claimed by a run whose claim has not run
	// out.
	Reserve(ctx context.Context, cell eval.Cell, worstCase, budget audit.NanoUSD, now, until time.Time) error
	// SaveResponse stores a response and ends its reservation in one transaction.
	// lost is what else the call's attempts may have cost, at worst; it counts
	// towards the budget for good.
	SaveResponse(ctx context.Context, cell eval.Cell, response eval.Response, lost audit.NanoUSD, now time.Time) error
	// Release gives a claimed cell back after a failed attempt.
	Release(ctx context.Context, cell eval.Cell, failure eval.FailedCall, now time.Time) error
	// Committed is what counts towards the budget so far: spent, reserved, and
	// perhaps billed.
	Committed(ctx context.Context) (audit.NanoUSD, error)
}

// OneByOne is [Store.Tasks] of a store that makes each task by itself.
func OneByOne(ids []string, read func(id string) (audit.Task, error)) ([]audit.Task, error) {
	tasks := make([]audit.Task, len(ids))
	for i, id := range ids {
		var err error
		if tasks[i], err = read(id); err != nil {
			return nil, err
		}
	}
	return tasks, nil
}

// oneTask reads a single task.
func oneTask(ctx context.Context, s Store, id string) (audit.Task, error) {
	tasks, err := s.Tasks(ctx, []string{id})
	if err != nil {
		return audit.Task{}, err
	}
	return tasks[0], nil
}
