package store

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"sync"
	"time"

	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/riverqueue/river"
	"github.com/riverqueue/river/riverdriver/riverpgxv5"
	"github.com/riverqueue/river/rivermigrate"
	"github.com/riverqueue/river/rivertype"

	"modeltrial/eval/run"
)

const (
	// fetchPause is how often a process takes calls: each time costs the server as much as
	// a few calls.
	fetchPause = 100 * time.Millisecond
	// rescueAfter is the least time after which a call is taken from a worker that died.
	rescueAfter = time.Minute
	// unlimitedAttempts is for River, which would drop calls: they are counted here.
	unlimitedAttempts = 30_000
)

// A CallQueue is the [run.Queue] of a database on a server: River's, in tables of its own
// beside the workspace's. Any number of processes work on it.
type CallQueue struct {
	pool   *pgxpool.Pool
	id     string
	inHand inHand
}

// OpenCallQueue connects to the queue beside a workspace on PostgreSQL, and makes it where
// there is none. The id names this process among the workers.
func (s *Store) OpenCallQueue(ctx context.Context, id string) (q *CallQueue, err error) {
	if s.dialect != postgresDialect {
		return nil, errors.New("a queue for several workers needs a PostgreSQL database")
	}
	config, err := pgxpool.ParseConfig(s.config.ConnString())
	if err != nil { // its message may hold the password
		return nil, fmt.Errorf("%s: the address cannot be read", s.path)
	}
	config.ConnConfig.RuntimeParams["application_name"] = "modeltrial worker"
	// A crash may make the queue forget: the workspace knows what is answered and what is
	// claimed, and open calls are put into the queue again.
	config.ConnConfig.RuntimeParams["synchronous_commit"] = "off"
	q = &CallQueue{id: id}
	if q.pool, err = pgxpool.NewWithConfig(ctx, config); err != nil {
		return nil, s.Explain(err)
	}
	if err := q.migrate(ctx); err != nil {
		q.Close()
		return nil, fmt.Errorf("prepare the queue of calls: %w", s.Explain(err))
	}
	return q, nil
}

// migrate brings River's tables up to date; of several processes one at a time.
func (q *CallQueue) migrate(ctx context.Context) error {
	conn, err := q.pool.Acquire(ctx)
	if err != nil {
		return err
	}
	defer conn.Release()
	const alone = `hashtext('modeltrial river migration')`
	if _, err := conn.Exec(ctx, `SELECT pg_advisory_lock(`+alone+`)`); err != nil {
		return err
	}
	defer func() { _, _ = conn.Exec(context.WithoutCancel(ctx), `SELECT pg_advisory_unlock(`+alone+`)`) }() // it ends with the connection
	migrator, err := rivermigrate.New(riverpgxv5.New(q.pool), &rivermigrate.Config{Logger: quietLog()})
	if err != nil {
		return err
	}
	_, err = migrator.Migrate(ctx, rivermigrate.DirectionUp, nil)
	return err
}

// quietLog is what River tells of itself, without its everyday life.
func quietLog() *slog.Logger { return slog.New(warnings{slog.Default().Handler()}) }

// warnings drops what is less than a warning.
type warnings struct{ slog.Handler }

func (w warnings) Enabled(ctx context.Context, level slog.Level) bool {
	return level >= slog.LevelWarn && w.Handler.Enabled(ctx, level)
}

// Close gives the connections back.
func (q *CallQueue) Close() { q.pool.Close() }

// callArgs are a call as River keeps it.
type callArgs struct {
	Key string  `json:"key" river:"unique"`
	Job run.Job `json:"job"`
}

// Kind names calls among River's jobs.
func (callArgs) Kind() string { return "call" }

// notDone are the states of a job that is still to be done, or under way.
var notDone = []rivertype.JobState{
	rivertype.JobStateAvailable, rivertype.JobStatePending, rivertype.JobStateRetryable, rivertype.JobStateRunning, rivertype.JobStateScheduled,
}

// laneQueue names River's queue of a provider, whose own name may hold anything.
func laneQueue(lane string) string { return fmt.Sprintf("calls_%x", lane) }

// Work does calls until the context ends, then waits for those under way.
func (q *CallQueue) Work(ctx context.Context, work run.Work) error {
	queues := map[string]river.QueueConfig{}
	for lane, most := range work.Lanes {
		queues[laneQueue(lane)] = river.QueueConfig{MaxWorkers: most}
	}
	workers := river.NewWorkers()
	river.AddWorker(workers, &callWorker{ctx: ctx, work: work, inHand: &q.inHand})
	// Of those that are done none is needed: what came of them is in the workspace.
	const keepDone = 10 * time.Minute
	client, err := river.NewClient(riverpgxv5.New(q.pool), &river.Config{
		ID: q.id, Queues: queues, Workers: workers, Logger: quietLog(),
		FetchCooldown: fetchPause, JobTimeout: -1, RescueStuckJobsAfter: rescueAfter, MaxAttempts: unlimitedAttempts,
		CompletedJobRetentionPeriod: keepDone, CancelledJobRetentionPeriod: keepDone, DiscardedJobRetentionPeriod: keepDone,
	})
	if err != nil {
		return fmt.Errorf("queue of calls: %w", err)
	}
	// River's own context goes on: what is under way is awaited.
	if err := client.Start(context.WithoutCancel(ctx)); err != nil {
		return fmt.Errorf("queue of calls: %w", err)
	}
	refill := &refill{client: client, pool: q.pool, work: work}
	refill.run(ctx)
	return client.Stop(context.WithoutCancel(ctx))
}

// A callWorker does calls.
type callWorker struct {
	river.WorkerDefaults[callArgs]

	ctx    context.Context // ends when nothing more is to be begun
	work   run.Work
	inHand *inHand
	waits  sync.Map // until when a job that failed is left alone, by its id
}

// Timeout is how long a call takes at most: then it is another worker's.
func (w *callWorker) Timeout(job *river.Job[callArgs]) time.Duration {
	return w.work.Longest(job.Args.Job)
}

// NextRetry is when a call that failed, or whose worker died, is made again.
func (w *callWorker) NextRetry(job *river.Job[callArgs]) time.Time {
	if wait, ok := w.waits.LoadAndDelete(job.ID); ok {
		return time.Now().Add(wait.(time.Duration))
	}
	return time.Now()
}

// Work does a call.
func (w *callWorker) Work(_ context.Context, job *river.Job[callArgs]) error {
	w.inHand.begin(job.ID)
	defer w.inHand.end(job.ID)
	if w.ctx.Err() != nil {
		return river.JobSnooze(0)
	}
	ending := w.work.Do(w.ctx, job.Args.Job, job.Attempt-1)
	switch {
	case !ending.Open:
		return nil
	case ending.Attempt:
		w.waits.Store(job.ID, ending.Wait)
		return errors.New(ending.Reason)
	}
	return river.JobSnooze(ending.Wait)
}
