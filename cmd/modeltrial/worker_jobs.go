package main

import (
	"context"
	"iter"
	"sync"
	"time"

	"modeltrial/eval"
	"modeltrial/eval/judge"
	"modeltrial/eval/run"
)

// comparisonsPause is how often a worker pairs new answers for raters and judges.
const comparisonsPause = 10 * time.Second

// manyJudgements are not read again sooner just to see whether all is done.
const manyJudgements = 1000

// fromStartPause is how often a worker looks at the tasks again that were answered when it
// last looked: a week may have got more.
const fromStartPause = time.Minute

// openJobs is what a worker knows of the open calls.
type openJobs struct {
	mu         sync.Mutex
	first      eval.Cell // before its task nothing was open
	givenUp    int       // calls that were, then
	startedAt  time.Time // when all were last looked at
	pairedAt   time.Time
	judgements []eval.Judgement // that were open then
}

// open gives the calls that are open and were not given up: the answers of the weeks that
// have begun, in their order, then the judgements.
func (w *worker) open(ctx context.Context) iter.Seq2[run.Job, error] {
	return func(yield func(run.Job, error) bool) {
		weeks, err := w.begin(ctx)
		if err != nil || weeks == 0 {
			if err != nil {
				yield(run.Job{}, err)
			}
			return
		}
		waiting, err := w.s.WaitingCalls(ctx)
		if err != nil {
			yield(run.Job{}, err)
			return
		}
		givenUp := make(map[string]bool, len(waiting))
		for _, call := range waiting {
			givenUp[call.Job] = true
		}
		known := false
		for cell, err := range w.s.EachOpenCellFrom(ctx, w.jobs.from(len(waiting), time.Now())) {
			if err != nil {
				yield(run.Job{}, err)
				return
			}
			if cell.Week > weeks {
				break
			}
			arm, _ := w.protocol.Protocol.Arm(cell.Arm) // one that is not there has no lane
			if len(arm.Calls()) == 0 {
				continue
			}
			job := run.Job{Lane: arm.Calls()[0].Provider, Cell: cell}
			if givenUp[job.Key()] {
				continue
			}
			if !known {
				known = true
				w.jobs.begins(cell)
			}
			if !yield(job, nil) {
				return
			}
		}
		judgements, err := w.openJudgements(ctx)
		if err != nil {
			yield(run.Job{}, err)
			return
		}
		for _, judgement := range judgements {
			job := w.judging.Job(judgement)
			if judgement.Week <= weeks && !givenUp[job.Key()] && !yield(job, nil) {
				return
			}
		}
	}
}

// from is the first cell that can be open; givenUp is how many calls are given up now, of
// which fewer than before were asked for again.
func (j *openJobs) from(givenUp int, now time.Time) eval.Cell {
	j.mu.Lock()
	defer j.mu.Unlock()
	if givenUp < j.givenUp || now.Sub(j.startedAt) >= fromStartPause {
		j.first, j.startedAt = eval.Cell{}, now
	}
	j.givenUp = givenUp
	return j.first
}

// begins notes the first cell that is open.
func (j *openJobs) begins(first eval.Cell) {
	j.mu.Lock()
	defer j.mu.Unlock()
	j.first = first
}

// begin draws the weeks that have begun and gives the last of them; 0 where the pilot was
// stopped.
func (w *worker) begin(ctx context.Context) (week int, err error) {
	stopped, err := w.s.Stopped(ctx)
	if err != nil || stopped != nil {
		return 0, err
	}
	now := time.Now()
	if w.config.Pilot.Sample == eval.SampleFresh {
		if err := drawWeeks(ctx, w.s, w.config, now); err != nil {
			return 0, err
		}
	}
	if w.allWeeks {
		return w.protocol.Protocol.Weeks, nil
	}
	first, err := w.s.FirstLocked(ctx)
	if err != nil {
		return 0, err
	}
	for week = 1; week < w.protocol.Protocol.Weeks && !eval.WeekBegins(first, week+1).After(now); week++ {
	}
	return week, nil
}

// openJudgements pairs the answers that have come and gives what the panel has to rate of
// them; it does so only now and then, since both go through all of the pilot.
func (w *worker) openJudgements(ctx context.Context) ([]eval.Judgement, error) {
	w.jobs.mu.Lock()
	defer w.jobs.mu.Unlock()
	if time.Since(w.jobs.pairedAt) < comparisonsPause {
		return w.jobs.judgements, nil
	}
	if err := createComparisons(ctx, w.s); err != nil {
		return nil, err
	}
	w.jobs.pairedAt, w.jobs.judgements = time.Now(), nil
	if w.judges == nil {
		return nil, nil
	}
	open, err := judge.Find(ctx, w.judging)
	w.jobs.judgements = open.Judgements
	return open.Judgements, err
}

// done says whether nothing is open that was not given up.
func (w *worker) done(ctx context.Context) (bool, error) {
	for job, err := range w.open(ctx) {
		if err != nil || job.Comparison == "" {
			return false, err
		}
		break // it may have been rated since they were read
	}
	w.jobs.mu.Lock()
	if len(w.jobs.judgements) <= manyJudgements { // more take a while to be rated, and to be read
		w.jobs.pairedAt = time.Time{}
	}
	w.jobs.startedAt = time.Time{} // all are looked at before it is said
	w.jobs.mu.Unlock()
	for _, err := range w.open(ctx) {
		return false, err
	}
	return true, nil
}
