package store

import (
	"context"
	"log/slog"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/riverqueue/river"

	"modeltrial/eval/run"
)

const (
	// refillPause is how often one of the workers puts open calls into the queue.
	refillPause = 2 * time.Second
	// queuedCalls is up to how many calls of each provider are put there, once half of
	// them are done.
	queuedCalls = 4000
	// rowsPerRefill are put there at a time.
	rowsPerRefill = 500
)

// A refill puts open calls into the queue, in one process at a time: the one that holds a
// lock, which the server takes back with the connection, however that ends, and from one that
// says nothing for a while. Were it a job of the queue, one that a crash left under way would
// keep all others out.
type refill struct {
	client *river.Client[pgx.Tx]
	pool   *pgxpool.Pool
	work   run.Work
}

// run refills, or stands by, until the context ends.
func (r *refill) run(ctx context.Context) {
	for ctx.Err() == nil {
		if err := r.whileAlone(ctx); err != nil && ctx.Err() == nil {
			slog.WarnContext(ctx, "open calls could not be put into the queue", "error", err) // it is tried again
		}
		_ = sleep(ctx, refillPause) // the loop looks at the context
	}
}

// whileAlone refills for as long as this process holds the lock.
func (r *refill) whileAlone(ctx context.Context) error {
	pooled, err := r.pool.Acquire(ctx)
	if err != nil {
		return err
	}
	var alone bool
	err = pooled.QueryRow(ctx, `SELECT pg_try_advisory_lock(hashtext('modeltrial refill'), hashtext(current_schema()))`).Scan(&alone)
	if err != nil || !alone {
		pooled.Release()
		return err
	}
	conn := pooled.Hijack() // its end gives the lock back
	defer func() { _ = conn.Close(context.WithoutCancel(ctx)) }()
	// So does a machine's that is gone without a word, or a process's that stands still.
	_, err = conn.Exec(ctx, `SET idle_session_timeout = '1min'`)
	for err == nil && ctx.Err() == nil {
		if err = r.fill(ctx); err != nil { // where it takes longer than that, two may fill: a call is in the queue once
			return err
		}
		_ = sleep(ctx, refillPause) // as does this one
		err = answers(ctx, conn)
	}
	return err
}

// answers says whether a connection still does.
func answers(ctx context.Context, conn *pgx.Conn) error {
	ctx, cancel := context.WithTimeout(ctx, 10*time.Second)
	defer cancel()
	return conn.Ping(ctx)
}

// fill fills the queue of each provider that has become short.
func (r *refill) fill(ctx context.Context) error {
	queued, err := r.queued(ctx)
	if err != nil {
		return err
	}
	room := r.room(queued)
	if len(room) == 0 {
		return nil
	}
	var rows []river.InsertManyParams
	flush := func() error {
		if len(rows) == 0 {
			return nil
		}
		_, err := r.client.InsertMany(ctx, rows)
		rows = rows[:0]
		return err
	}
	for job, err := range r.work.Open(ctx) {
		if err != nil {
			return err
		}
		left, ok := room[job.Lane]
		key := job.Key()
		if !ok || queued[laneQueue(job.Lane)][key] {
			continue
		}
		rows = append(rows, river.InsertManyParams{Args: callArgs{key, job}, InsertOpts: &river.InsertOpts{
			Queue: laneQueue(job.Lane), UniqueOpts: river.UniqueOpts{ByArgs: true, ByState: notDone},
		}})
		if room[job.Lane] = left - 1; left == 1 {
			delete(room, job.Lane)
		}
		if len(rows) == rowsPerRefill {
			if err := flush(); err != nil {
				return err
			}
		}
		if len(room) == 0 {
			break
		}
	}
	return flush()
}

// queued are the keys of the calls that are in each provider's queue.
func (r *refill) queued(ctx context.Context) (map[string]map[string]bool, error) {
	rows, err := r.pool.Query(ctx, `
SELECT queue, args->>'key' FROM river_job WHERE kind = 'call' AND state IN ('available', 'pending', 'retryable', 'running', 'scheduled')`)
	if err != nil {
		return nil, err
	}
	queued := map[string]map[string]bool{}
	var queue, key string
	_, err = pgx.ForEachRow(rows, []any{&queue, &key}, func() error {
		if queued[queue] == nil {
			queued[queue] = map[string]bool{}
		}
		queued[queue][key] = true
		return nil
	})
	return queued, err
}

// room is how many calls of each provider go into the queue beside those that are there.
func (r *refill) room(queued map[string]map[string]bool) map[string]int {
	room := map[string]int{}
	for lane := range r.work.Lanes {
		if there := len(queued[laneQueue(lane)]); there <= queuedCalls/2 {
			room[lane] = queuedCalls - there
		}
	}
	return room
}
