package judge

import (
	"context"
	"errors"
	"time"

	"modeltrial/eval"
	"modeltrial/eval/run"
)

// A Worker asks for the single judgements that a [run.Queue] hands out.
type Worker struct {
	panel *panel
	run   *run.Worker
}

// NewWorker is a worker for the panel of a protocol. It returns an error where a judge
// could not be called or paid.
func NewWorker(o Options) (*Worker, error) {
	w := &Worker{panel: newPanel(o)}
	var err error
	w.run, err = run.NewWorker(w.panel.runOptions())
	return w, err
}

// Summary counts what the worker has done so far.
func (w *Worker) Summary() Summary {
	w.panel.mu.Lock()
	defer w.panel.mu.Unlock()
	return Summary{Summary: w.run.Summary(), Unreadable: w.panel.givenUp}
}

// Longest is how long [Worker.Judge] takes at most.
func (w *Worker) Longest(job run.Job) time.Duration { return w.run.Longest(job.Cell) }

// Judge asks for the judgement that a job names, in one call, and stores what came of it.
// attempts counts the calls for it that failed so far. An error is one of the storage.
func (w *Worker) Judge(ctx context.Context, job run.Job, attempts int) (run.Ending, error) {
	judgement, err := w.panel.Store.Judgement(ctx, job.Comparison, job.First, job.Cell.Arm)
	switch {
	case errors.Is(err, eval.ErrNotFound):
		return run.Ending{}, nil // it was excluded meanwhile
	case ctx.Err() != nil:
		return run.Ending{Open: true}, nil
	case err != nil:
		return run.Ending{Open: true}, err
	case judgement.Unreadable >= Attempts:
		return run.Ending{}, nil
	}
	w.panel.take(judgement)
	defer w.panel.drop(judgement)
	return w.run.Answer(ctx, cell(judgement), attempts)
}

// Job is a judgement as a queue hands it out.
func (o Options) Job(judgement eval.Judgement) run.Job {
	judge, _ := o.Protocol.Judge(judgement.Judge)
	return run.Job{
		Lane: judge.Provider, Comparison: judgement.ComparisonID, First: judgement.First,
		Cell: eval.Cell{TaskID: judgement.TaskID, Category: judgement.Category, Arm: judgement.Judge, Week: judgement.Week},
	}
}
