package main

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os"
	"sync/atomic"
	"time"

	"github.com/spf13/cobra"

	"modeltrial/eval"
	"modeltrial/eval/judge"
	"modeltrial/eval/run"
	"modeltrial/report"
	"modeltrial/store"
)

type workerOptions struct {
	concurrency int
	allWeeks    bool
	untilDone   bool
}

func newWorkerCmd(g *global) *cobra.Command {
	o := &workerOptions{}
	cmd := &cobra.Command{
		Use:   "worker",
		Short: "make calls and judge calls of the running pilot, beside other workers",
		Long: `worker makes what calls are open, answers and judgements, of the weeks that have begun,
until it is told to stop. Start as many as you like, on any number of machines, on one
PostgreSQL database; on a database in a file one works and the others stand by. Budget
and the limits of providers hold across all of them: they are reserved in the database
before each call. The clocks of the machines must agree to a second or so.

On SIGTERM a worker takes nothing more, awaits the calls under way and ends, so that a new
version can take its place. The calls of one that dies go to the others half a minute
later. A call that fails five times is given up, with its reason in pilot status, until pilot retry asks for
it again. When the protocol changes a worker ends: start it again.

Exit status: 0 it was told to stop, or with --until-done everything is done; 1 failure,
calls were given up, or with --until-done the budget does not cover what is open.`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if o.concurrency < 0 {
				return usagef("--concurrency is %d; choose 1 or more", o.concurrency)
			}
			return g.withStore(cmd.Context(), func(s *store.Store) error {
				return runWorker(cmd.Context(), g, s, o, cmd.OutOrStdout(), cmd.ErrOrStderr())
			})
		},
	}
	cmd.Flags().IntVar(&o.concurrency, "concurrency", 0, "calls of this worker in flight, and as many judge calls (default the configuration's)")
	cmd.Flags().BoolVar(&o.allWeeks, "all-weeks", false, "also the weeks of the protocol that have not begun")
	cmd.Flags().BoolVar(&o.untilDone, "until-done", false, "end when nothing is open that has not been given up")
	return cmd
}

var (
	// errProtocolChanged ends a worker that would go on by an old protocol.
	errProtocolChanged = errors.New("another protocol is locked; start the worker again")
	// errUncovered ends one that should end when all is done.
	errUncovered = errors.New("the budget does not cover another call; raise budget_usd (a deviation)")
)

func runWorker(ctx context.Context, g *global, s *store.Store, o *workerOptions, out, errOut io.Writer) error {
	config, protocol, err := g.lockedPilot(ctx, s)
	if err != nil {
		return err
	}
	name := holder(os.Getpid())
	w := &worker{s: s, config: config, protocol: protocol, allWeeks: o.allWeeks}
	w.self = eval.WorkerProcess{ID: name + ", " + rand.Text()[:8], Process: name, Version: version(), StartedAt: time.Now().UTC()}
	if err := w.prepare(ctx, o.concurrency, errOut); err != nil {
		return err
	}
	queue, end, err := w.queue(ctx)
	if err != nil {
		return err
	}
	defer end()
	fmt.Fprintf(errOut, "%s works on pilot %q with %d calls in flight; to stop it, send SIGTERM\n", name, protocol.Protocol.Name, w.concurrency)
	forgetPages()
	defer allowGarbage(200)() // little is in use at a time
	working, stop := context.WithCancelCause(ctx)
	defer stop(nil)
	worked := make(chan struct{})
	seen := w.tell(working, stop, worked, o.untilDone)
	err = queue.Work(working, w.work())
	close(worked)
	stop(nil)
	<-seen
	keep := context.WithoutCancel(ctx)
	if err := errors.Join(err, s.EndWorker(keep, w.self.ID, time.Now())); err != nil {
		return err
	}
	if why := context.Cause(working); errors.Is(why, errProtocolChanged) {
		return why
	} else if errors.Is(why, errUncovered) {
		fmt.Fprintf(errOut, "! %v\n", why)
	}
	waiting, err := s.WaitingCalls(keep)
	if err != nil {
		return err
	}
	if err := w.say(g, out, waiting); err != nil {
		return err
	}
	if ctx.Err() == nil && (len(waiting) > 0 || errors.Is(context.Cause(working), errUncovered)) {
		return errSaid
	}
	return nil
}

// say tells what the worker has done.
func (w *worker) say(g *global, out io.Writer, waiting []eval.WaitingCall) error {
	answered, rated, failed, spent := w.counts()
	if g.json {
		return report.JSON(out, map[string]any{
			"schema": "modeltrial.worker/1", "worker": w.self.ID, "answered": answered, "rated": rated, "failed": failed,
			"spent_usd": spent.Dollars(), "given_up": append([]eval.WaitingCall{}, waiting...),
		})
	}
	fmt.Fprintf(out, "%s answered, %s, %s given up, spent %s\n", counted(answered, "call", "calls"),
		counted(rated, "judgement", "judgements"), report.Count(failed), report.Money(spent.Dollars()))
	sayGivenUp(g, out, waiting)
	return nil
}

// queue is that of the workspace's database.
func (w *worker) queue(ctx context.Context) (queue run.Queue, end func(), err error) {
	if !w.s.OnServer() {
		return &run.LeaseQueue{Store: w.s, Holder: w.self.Process, Gone: ended}, func() {}, nil
	}
	if w.calls, err = w.s.OpenCallQueue(ctx, w.self.ID); err != nil {
		return nil, nil, err
	}
	return w.calls, w.calls.Close, nil
}

// A worker is what the command does its calls with.
type worker struct {
	s           *store.Store
	config      eval.Config
	protocol    eval.LockedProtocol
	self        eval.WorkerProcess
	concurrency int
	allWeeks    bool
	answers     *run.Worker
	judges      *judge.Worker // nil: the protocol has none
	judging     judge.Options
	jobs        openJobs
	uncovered   atomic.Int64     // calls that the budget did not cover
	calls       *store.CallQueue // nil: the database is a file
}

// prepare makes the workers for arms and judges, which the queue then gives calls.
func (w *worker) prepare(ctx context.Context, concurrency int, errOut io.Writer) error {
	of := &runOptions{concurrency: concurrency}
	options, err := runnerOptions(ctx, w.s, w.config, of)
	if err != nil {
		return err
	}
	w.concurrency = max(options.Concurrency, 1)
	options.Limits, options.Worker = w.s, w.self.ID
	options.Notice = func(said string) { fmt.Fprintf(errOut, "%s %s\n", time.Now().Format(time.TimeOnly), said) }
	if w.answers, err = run.NewWorker(options); err != nil {
		return err
	}
	if err := noteProviders(ctx, w.s, w.config, w.protocol.Protocol, errOut); err != nil {
		return err
	}
	if len(w.protocol.Protocol.Judges) == 0 {
		return nil
	}
	if w.judging, err = judgeOptions(ctx, w.s, w.config, w.protocol.Protocol, of); err != nil {
		return err
	}
	w.judging.Limits, w.judging.Worker = w.s, w.self.ID
	if err := addJudges(ctx, w.s, w.protocol.Protocol, w.judging); err != nil {
		return err
	}
	w.judges, err = judge.NewWorker(w.judging)
	return err
}

// work is what the queue has the worker do.
func (w *worker) work() run.Work {
	lanes := map[string]int{}
	// Three times as many jobs are taken as calls may be in flight: the next ones read their
	// task and reserve meanwhile, and jobs come in bursts.
	for _, arm := range append(w.protocol.Protocol.Arms, w.protocol.Protocol.Judges...) {
		lanes[arm.Calls()[0].Provider] = 3 * w.concurrency
	}
	return run.Work{
		Open: w.open, Lanes: lanes,
		Do: w.do,
		Longest: func(job run.Job) time.Duration {
			if job.Comparison != "" && w.judges != nil {
				return w.judges.Longest(job)
			}
			return w.answers.Longest(job.Cell)
		},
	}
}

// storagePause is how long a call is left alone after the database failed.
const storagePause = 5 * time.Second

// do makes a call, and keeps it with its reason where it is given up.
func (w *worker) do(ctx context.Context, job run.Job, attempts int) run.Ending {
	ending, err := w.call(ctx, job, attempts)
	if ending.Budget {
		w.uncovered.Add(1)
	}
	if err == nil && !ending.Open && ending.Reason != "" {
		err = w.s.KeepWaiting(context.WithoutCancel(ctx), eval.WaitingCall{
			Job: job.Key(), TaskID: job.Cell.TaskID, Arm: job.Cell.Arm, Comparison: job.Comparison, First: job.First,
			Week: job.Cell.Week, Reason: ending.Reason, FailedAt: time.Now(),
		})
	}
	if err != nil {
		slog.WarnContext(ctx, "a call is tried again", "job", job.Key(), "error", err)
		return run.Ending{Open: true, Wait: storagePause}
	}
	return ending
}

func (w *worker) call(ctx context.Context, job run.Job, attempts int) (run.Ending, error) {
	switch {
	case job.Comparison == "":
		return w.answers.Answer(ctx, job.Cell, attempts)
	case w.judges == nil:
		return run.Ending{}, nil
	}
	return w.judges.Judge(ctx, job, attempts)
}
