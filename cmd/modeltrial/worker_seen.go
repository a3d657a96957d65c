package main

import (
	"context"
	"fmt"
	"io"
	"log/slog"
	"runtime/debug"
	"slices"
	"time"

	"modeltrial/audit"
	"modeltrial/eval"
	"modeltrial/report"
)

const (
	seenPause = 5 * time.Second  // how often a worker tells of itself
	ratePause = 30 * time.Second // over how long its rate is taken
	donePause = time.Second      // how often one that ends when all is done looks whether it is
	// uncoveredPause is how long such a one waits for calls under way to cost less than
	// they might.
	uncoveredPause = 10 * time.Second
)

// counts are what the worker has done so far.
func (w *worker) counts() (answered, rated, failed int, spent audit.NanoUSD) {
	answers := w.answers.Summary()
	answered, failed, spent = answers.Answered, answers.Failed, answers.Spent
	if w.judges != nil {
		judges := w.judges.Summary()
		rated, failed, spent = judges.Answered, failed+judges.Failed, spent+judges.Spent
	}
	return answered, rated, failed, spent
}

// A pulse tells of a worker while it works, and looks whether it should go on.
type pulse struct {
	w       *worker
	stop    context.CancelCauseFunc // begins the end of the work
	worked  <-chan struct{}         // closed when what was under way has ended
	samples []workSample            // of the last while, oldest first
	steady  time.Time               // since when it has told of itself without a gap

	done      int // calls, when it last was not stuck for want of budget
	uncovered int64
	stuck     time.Time // since when nothing was done
}

// A workSample is how many calls a worker had done at a time.
type workSample struct {
	at    time.Time
	calls int
}

// tell has the worker tell of itself until it has worked, also while it awaits what is under
// way after the context's end: others would take it for dead, and make its calls again. It
// ends the context where the protocol has changed, and with untilDone where all is done.
func (w *worker) tell(ctx context.Context, stop context.CancelCauseFunc, worked <-chan struct{}, untilDone bool) (ended <-chan struct{}) {
	now := time.Now()
	p := &pulse{w: w, stop: stop, worked: worked, samples: []workSample{{at: now}}, steady: now, stuck: now}
	done := make(chan struct{})
	go func() {
		defer close(done)
		p.beat(ctx, untilDone)
	}()
	return done
}

func (p *pulse) beat(ctx context.Context, untilDone bool) {
	looking := time.Tick(seenPause)
	var finishing <-chan time.Time // never, where it does not end by itself
	if untilDone {
		finishing = time.Tick(donePause)
	}
	for err := p.look(ctx); ; {
		if err != nil && ctx.Err() == nil {
			slog.WarnContext(ctx, "the worker could not tell of itself", "error", err) // it is tried again
		}
		select {
		case <-ctx.Done():
			p.drain(context.WithoutCancel(ctx), looking)
			return
		case <-looking:
			err = p.look(ctx)
		case <-finishing:
			err = p.finish(ctx)
		}
	}
}

// drain tells that the worker takes nothing more, for as long as something is under way.
func (p *pulse) drain(ctx context.Context, looking <-chan time.Time) {
	for {
		if err := p.see(ctx, true); err != nil {
			slog.WarnContext(ctx, "the worker could not tell that it ends", "error", err)
		}
		select {
		case <-p.worked:
			return
		case <-looking:
		}
	}
}

// see tells how far the worker is.
func (p *pulse) see(ctx context.Context, draining bool) error {
	now := time.Now()
	answered, rated, failed, _ := p.w.counts()
	p.samples = append(p.samples, workSample{now, answered + rated})
	for len(p.samples) > 2 && now.Sub(p.samples[0].at) > ratePause {
		p.samples = p.samples[1:]
	}
	self := p.w.self
	self.SeenAt, self.Answered, self.Rated, self.Failed, self.Draining = now, answered, rated, failed, draining
	if over := now.Sub(p.samples[0].at); over > 0 {
		self.PerMinute = float64(answered+rated-p.samples[0].calls) / over.Minutes()
	}
	return p.w.s.SeeWorker(ctx, self)
}

// look tells how far the worker is, and looks after the others and the protocol.
func (p *pulse) look(ctx context.Context) error {
	began := time.Now()
	err := p.see(ctx, false)
	if err != nil || time.Since(began) > seenPause { // the database was away, for the others too
		p.steady = time.Now()
	}
	if err != nil {
		return err
	}
	if err := p.w.relieve(ctx, p.steady); err != nil {
		return err
	}
	now, err := p.w.s.Locked(ctx)
	if err != nil {
		return err
	}
	if now.SHA256 != p.w.protocol.SHA256 {
		p.stop(errProtocolChanged)
	}
	return nil
}

// finish ends the work where all is done, or the budget has not covered a call for a
// while.
func (p *pulse) finish(ctx context.Context) error {
	finished, err := p.w.done(ctx)
	if finished {
		p.stop(nil)
	}
	answered, rated, _, _ := p.w.counts()
	switch now := p.w.uncovered.Load(); {
	case answered+rated > p.done || now == 0:
		p.done, p.uncovered, p.stuck = answered+rated, now, time.Now()
	case now > p.uncovered && time.Since(p.stuck) > uncoveredPause:
		p.stop(errUncovered)
	}
	return err
}

// relieve gives calls that nobody makes, since their workers died, to all that are alive.
// After an outage of the database all of them have been silent: it waits until they could
// have told of themselves.
func (w *worker) relieve(ctx context.Context, steady time.Time) error {
	if w.calls == nil || time.Since(steady) < eval.WorkerLost {
		return nil
	}
	now := time.Now()
	workers, err := w.s.Workers(ctx, now)
	if err != nil {
		return err
	}
	var alive []string
	for _, other := range workers {
		if !other.Lost(now) {
			alive = append(alive, other.ID)
		}
	}
	calls, err := w.calls.GiveBack(ctx, w.s, alive, now)
	if calls > 0 {
		slog.WarnContext(ctx, "calls that nobody made any more are made again", "calls", calls)
	}
	return err
}

// version is the program's, as its build knows it.
func version() string {
	info, ok := debug.ReadBuildInfo()
	if !ok {
		return ""
	}
	for _, setting := range info.Settings {
		if setting.Key == "vcs.revision" && len(setting.Value) > 12 {
			return setting.Value[:12]
		}
	}
	return info.Main.Version
}

// sayGivenUp tells of calls that wait for pilot retry, by week and arm or judge.
func sayGivenUp(g *global, out io.Writer, waiting []eval.WaitingCall) {
	if len(waiting) == 0 {
		return
	}
	fmt.Fprintf(out, "\ngiven up by workers until you ask again (%s):\n", g.command("pilot retry"))
	for len(waiting) > 0 { // they come by week and arm
		first, calls := waiting[0], 1
		for calls < len(waiting) && waiting[calls].Week == first.Week && waiting[calls].Arm == first.Arm {
			calls++
		}
		fmt.Fprintf(out, "  week %d, %s: %s; task %s failed with: %s\n", first.Week, first.Arm, counted(calls, "call", "calls"), first.TaskID, first.Reason)
		waiting = waiting[calls:]
	}
}

// workerProgress is a worker's row of the status document.
type workerProgress struct {
	eval.WorkerProcess
	State string `json:"state"` // working, draining or lost
}

// workersProgress are the workers of the status document.
func workersProgress(workers []eval.WorkerProcess, now time.Time) []workerProgress {
	rows := make([]workerProgress, len(workers))
	for i, w := range workers {
		rows[i] = workerProgress{w, w.State(now)}
		if w.Lost(now) {
			rows[i].PerMinute = 0
		}
	}
	return rows
}

// atWork says whether a worker makes calls.
func atWork(workers []eval.WorkerProcess, now time.Time) bool {
	return slices.ContainsFunc(workers, func(w eval.WorkerProcess) bool { return w.State(now) == "working" })
}

// writeWorkers tells of the processes that make calls.
func writeWorkers(g *global, out io.Writer, rows []workerProgress) error {
	if len(rows) == 0 {
		return nil
	}
	fmt.Fprintln(out)
	cells := make([][]report.Cell, len(rows))
	for i, row := range rows {
		state := row.State
		if state == "lost" {
			state += " since " + row.SeenAt.Format("15:04:05 MST")
		}
		cells[i] = report.Cells(row.Process, state, report.Count(row.Answered), report.Count(row.Rated), report.Count(row.Failed), fmt.Sprintf("%.0f", row.PerMinute))
	}
	return report.Table(out, g.style(out), []report.Column{
		{Name: "worker"},
		{Name: "state"},
		{Name: "answered", Right: true},
		{Name: "judged", Right: true},
		{Name: "given up", Right: true},
		{Name: "calls/min", Right: true},
	}, cells)
}
