// Package revise gets the new answers that editors asked for with a remark: the same arm
// is given the task, its answer and the remark. The calls are those of package run, with
// its retries, its rate limits and the protocol's budget.
package revise

import (
	"context"
	"fmt"
	"iter"
	"slices"
	"time"

	"modeltrial/audit"
	"modeltrial/eval"
	"modeltrial/eval/run"
)

// A Store keeps what revising needs. Package store satisfies it.
type Store interface {
	// Task reads one task; eval.ErrNotFound where there is none.
	Task(ctx context.Context, id string) (audit.Task, error)
	// Committed is what counts towards the budget so far, whoever was called.
	Committed(ctx context.Context) (audit.NanoUSD, error)
	// ReserveRevision claims a revision until a time and sets its worst case aside, in one
	// transaction. It returns eval.ErrBudgetExhausted and eval.ErrClaimed as [run.Store]
	// does.
	ReserveRevision(ctx context.Context, id string, worstCase, budget audit.NanoUSD, now, until time.Time) error
	// SaveRevision stores a new answer and ends its reservation; eval.ErrClaimed where
	// another came first.
	SaveRevision(ctx context.Context, id string, response eval.Response, lost audit.NanoUSD, now time.Time) error
	// ReleaseRevision gives a claimed revision back after a failed attempt.
	ReleaseRevision(ctx context.Context, id string, failure eval.FailedCall) error
}

// Question is what the arm is asked: the task's conversation goes on with its answer and
// the editor's remark.
func Question(task audit.Task, revision eval.Revision) audit.Task {
	task.Conversation = append(slices.Clone(task.Conversation),
		audit.Message{Role: "user", Content: task.Prompt}, audit.Message{Role: "assistant", Content: revision.Answer})
	task.Prompt = revision.Remark
	// The log's own answer was to another question.
	task.Response, task.Reference, task.Tokens = "", "", audit.Tokens{}
	return task
}

// Call is what answers a remark: the arm itself or, of a pipeline, its last step, which
// wrote the answer that the editor saw.
func Call(arm eval.Arm) eval.Arm {
	calls := arm.Calls()
	return calls[len(calls)-1]
}

// Run asks for the revisions by the options, whose store is replaced. Each new answer is
// stored as it arrives. An arm whose answers are recorded has no new one to give, which
// is an error before anything is sent.
func Run(ctx context.Context, store Store, revisions []eval.Revision, options run.Options) (run.Summary, error) {
	protocol := options.Protocol
	for _, revision := range revisions {
		arm, ok := protocol.Arm(revision.Arm)
		if !ok {
			return run.Summary{}, fmt.Errorf("arm %q of a revision is not in the locked protocol", revision.Arm)
		}
		if endpoint, ok := options.Endpoints[Call(arm).Provider]; ok && endpoint.Origin() == eval.Recorded {
			return run.Summary{}, fmt.Errorf("arm %q has recorded answers only, so it cannot give a new one to a remark; raters can mark the answer unusable instead", arm.Name)
		}
	}
	asked := &asking{store: store, revisions: map[string]eval.Revision{}}
	for _, revision := range revisions {
		asked.order = append(asked.order, revision.ID)
		asked.revisions[revision.ID] = revision
	}
	options.Store = asked
	options.Protocol = eval.Protocol{} // without repeats: a remark is one call
	for _, arm := range protocol.Arms {
		options.Protocol.Arms = append(options.Protocol.Arms, Call(arm))
	}
	return run.Run(ctx, options)
}

// An asking lets package run see revisions as cells, with their ids as tasks.
type asking struct {
	store     Store
	order     []string
	revisions map[string]eval.Revision
}

// EachOpenCell gives the revisions.
func (a *asking) EachOpenCell(context.Context, int) iter.Seq2[eval.Cell, error] {
	return func(yield func(eval.Cell, error) bool) {
		for _, id := range a.order {
			revision := a.revisions[id]
			if !yield(eval.Cell{TaskID: id, Category: revision.Category, Arm: revision.Arm, Week: revision.Week}, nil) {
				return
			}
		}
	}
}

// Tasks are the questions of revisions.
func (a *asking) Tasks(ctx context.Context, ids []string) ([]audit.Task, error) {
	return run.OneByOne(ids, func(id string) (audit.Task, error) {
		task, err := a.store.Task(ctx, a.revisions[id].TaskID)
		return Question(task, a.revisions[id]), err
	})
}

// Committed passes on.
func (a *asking) Committed(ctx context.Context) (audit.NanoUSD, error) {
	return a.store.Committed(ctx)
}

// Reserve passes on.
func (a *asking) Reserve(ctx context.Context, cell eval.Cell, worstCase, budget audit.NanoUSD, now, until time.Time) error {
	return a.store.ReserveRevision(ctx, cell.TaskID, worstCase, budget, now, until)
}

// SaveResponse passes on.
func (a *asking) SaveResponse(ctx context.Context, cell eval.Cell, response eval.Response, lost audit.NanoUSD, now time.Time) error {
	return a.store.SaveRevision(ctx, cell.TaskID, response, lost, now)
}

// Release passes on.
func (a *asking) Release(ctx context.Context, cell eval.Cell, failure eval.FailedCall, _ time.Time) error {
	return a.store.ReleaseRevision(ctx, cell.TaskID, failure)
}
