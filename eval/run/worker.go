package run

import (
	"context"
	"errors"
	"fmt"
	"math"
	"time"

	"golang.org/x/sync/singleflight"

	"modeltrial/audit"
	"modeltrial/eval"
)

const (
	// gatePatience is how long a job waits for its provider before it makes room for
	// another.
	gatePatience = 20 * time.Second
	// claimedPause is how long a job is left alone that another process has claimed:
	// most often one that died, whose claim has to run out.
	claimedPause = 10 * time.Second
	// budgetPause is how long one is left alone that the budget does not cover now.
	budgetPause = 30 * time.Second
)

// A Worker makes single calls that a [Queue] hands out: where [Run] goes through a week,
// several workers in several processes share one.
type Worker struct {
	r     *runner
	tasks singleflight.Group // being read: the calls of all arms to a task come together
}

// NewWorker is a worker on the arms of a protocol. It returns an error where one of them
// could not be called or paid. Of the options Week, RunCap and Wait do not count: workers
// do every week, and wait for a provider for as long as it takes.
func NewWorker(options Options) (*Worker, error) {
	options.Wait = math.MaxInt64
	r := newRunner(options)
	r.stop = func() {} // the next job may be cheaper
	r.shared = true
	for _, arm := range options.Protocol.Arms {
		if err := r.checkCalls(arm); err != nil {
			return nil, err
		}
	}
	return &Worker{r: r}, nil
}

// Summary counts what the worker has done so far; what is left is not in it.
func (w *Worker) Summary() Summary {
	w.r.mu.Lock()
	defer w.r.mu.Unlock()
	return w.r.summary
}

// Longest is how long [Worker.Answer] takes at most.
func (w *Worker) Longest(cell eval.Cell) time.Duration {
	arm, _ := w.r.Protocol.Arm(cell.Arm)
	var longest time.Duration
	for _, call := range arm.Calls() {
		longest += gatePatience + 2*w.r.Endpoints[call.Provider].Timeout + claimMargin
	}
	return longest * time.Duration(max(w.r.Protocol.Repeats, 1))
}

// Answer makes the calls that a cell owes, each in one attempt, and stores what came of
// it. attempts counts those of the cell that failed so far. An error is one of the
// storage.
func (w *Worker) Answer(ctx context.Context, cell eval.Cell, attempts int) (Ending, error) {
	r := w.r
	arm, ok := r.Protocol.Arm(cell.Arm)
	if !ok {
		return Ending{Reason: fmt.Sprintf("arm %q is not in the locked protocol", cell.Arm)}, nil
	}
	task, err := w.task(ctx, cell.TaskID)
	if errors.Is(err, eval.ErrNotFound) {
		return Ending{Reason: fmt.Sprintf("task %q is not stored", cell.TaskID)}, nil
	}
	if err != nil {
		return Ending{Open: true}, unlessOver(ctx, err)
	}
	if !Several(r.Protocol, arm) {
		return w.once(ctx, cell, arm, task, attempts)
	}
	for {
		steps, answered, err := r.Steps.ResponseSteps(ctx, cell.TaskID, cell.Arm)
		if err != nil {
			return Ending{Open: true}, unlessOver(ctx, err)
		}
		next, owes := Next(r.Protocol, cell, arm, steps, answered)
		if !owes {
			return Ending{}, nil
		}
		question, err := asked(task, arm, next, steps)
		if err != nil {
			return Ending{Reason: err.Error()}, nil
		}
		ending, err := w.once(ctx, next, callOf(arm, next), question, attempts)
		if err != nil || ending != (Ending{}) {
			return ending, err
		}
	}
}

// task reads a task, together with others that ask for it now.
func (w *Worker) task(ctx context.Context, id string) (audit.Task, error) {
	read, err, _ := w.tasks.Do(id, func() (any, error) { return oneTask(ctx, w.r.Store, id) })
	task, _ := read.(audit.Task) // none after an error
	return task, err
}

// once makes one call in one attempt.
func (w *Worker) once(ctx context.Context, cell eval.Cell, arm eval.Arm, task audit.Task, attempts int) (Ending, error) {
	r := w.r
	gate := r.gates[arm.Provider]
	waiting, cancel := context.WithTimeout(ctx, gatePatience)
	passing, err := gate.enter(waiting, likelyTokens(task, arm))
	late := waiting.Err() != nil
	cancel()
	switch {
	case err == nil:
	case ctx.Err() != nil:
		return Ending{Open: true}, nil
	case late:
		return Ending{Open: true, Reason: fmt.Sprintf("provider %q takes no more calls now", arm.Provider)}, nil
	default:
		return Ending{Open: true}, err
	}
	came, own, err := r.attempt(ctx, passing, cell, arm, task, attempts+1)
	switch {
	case err != nil || came.result == answered:
		return Ending{}, err
	case came.result == unused:
		return unsent(ctx, came.failure)
	}
	tally := tally{failures: attempts}
	wait, again := tally.again(came, own, true)
	if !again {
		r.failed(came.failure)
		return Ending{Reason: came.failure.Error()}, nil
	}
	return Ending{Open: true, Wait: wait, Attempt: tally.failures > attempts, Reason: came.failure.Error()}, nil
}

// unsent is the ending of a job whose call was not made.
func unsent(ctx context.Context, why error) (Ending, error) {
	switch {
	case errors.Is(why, eval.ErrAnswered):
		return Ending{}, nil
	case errors.Is(why, eval.ErrClaimed):
		return Ending{Open: true, Wait: claimedPause, Reason: eval.ErrClaimed.Error()}, nil
	case errors.Is(why, eval.ErrBudgetExhausted):
		return Ending{Open: true, Wait: budgetPause, Budget: true, Reason: why.Error()}, nil
	}
	return Ending{Open: true}, unlessOver(ctx, why)
}
