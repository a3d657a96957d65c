package store

import (
	"context"
	"encoding/json"
	"fmt"
	"iter"
	"path/filepath"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"modeltrial/eval"
	"modeltrial/eval/run"
	"modeltrial/store/storetest"
)

// openCallQueue is the queue of a new workspace on PostgreSQL.
func openCallQueue(t testing.TB, id string) (*Store, *CallQueue) {
	t.Helper()
	if !storetest.Postgres() {
		t.Skip("SKIPPED: only a database on PostgreSQL has a queue of calls; " + storetest.ServerEnv + " is not set")
	}
	s := openTest(t, filepath.Join(t.TempDir(), "modeltrial.db"))
	return s, openQueueOf(t, s, id)
}

func openQueueOf(t testing.TB, s *Store, id string) *CallQueue {
	t.Helper()
	q, err := s.OpenCallQueue(t.Context(), id)
	must(t, err)
	t.Cleanup(q.Close)
	return q
}

// TestCallsThatNobodyMakesAreGivenBack: those of dead workers, and those that a crash made
// this one forget; not what somebody works on.
func TestCallsThatNobodyMakesAreGivenBack(t *testing.T) {
	s, q := openCallQueue(t, "me")
	const longAgo = 2 * eval.WorkerLost
	insert := func(task, worker string, ago time.Duration) (id int64) {
		t.Helper()
		job := run.Job{Lane: "p", Cell: eval.Cell{TaskID: task, Arm: "now"}}
		args, err := json.Marshal(callArgs{job.Key(), job})
		must(t, err)
		must(t, q.pool.QueryRow(t.Context(), `
INSERT INTO river_job (args, kind, queue, state, attempt, max_attempts, attempted_by, attempted_at)
VALUES ($1, 'call', $2, 'running', 1, 5, ARRAY['an earlier one', $3], now() - $4::interval) RETURNING id`,
			args, laneQueue(job.Lane), worker, ago).Scan(&id))
		return id
	}
	insert("dead", "dead", longAgo)
	insert("recent", "dead", time.Second)
	insert("other", "alive", longAgo)
	insert("forgotten", "me", longAgo)
	underWay, ended := insert("in-hand", "me", longAgo), insert("ended", "me", longAgo)
	q.inHand.begin(underWay)
	q.inHand.begin(ended)
	q.inHand.end(ended)
	giveBack := func(alive []string, want ...string) {
		t.Helper()
		calls, err := q.GiveBack(t.Context(), s, alive, testTime)
		must(t, err)
		rows, err := q.pool.Query(t.Context(), `SELECT split_part(args->>'key', ' ', 2) FROM river_job WHERE state = 'available' ORDER BY id`)
		must(t, err)
		var got []string
		for rows.Next() {
			var task string
			must(t, rows.Scan(&task))
			got = append(got, task)
		}
		must(t, rows.Err())
		if !slices.Equal(got, want) {
			t.Errorf("with %q alive %d were given back, now open: %q, want %q", alive, calls, got, want)
		}
	}
	giveBack([]string{"alive", "me"}, "dead", "forgotten")
	giveBack(nil, "dead", "other", "forgotten")
}

// TestOpenCallsGetIntoTheQueueAfterAnOutage has the server end all connections of two
// workers, that of the one which puts calls into the queue among them.
func TestOpenCallsGetIntoTheQueueAfterAnOutage(t *testing.T) {
	s, first := openCallQueue(t, "first")
	second := openQueueOf(t, s, "second")
	var open atomic.Int64 // calls that there are
	open.Store(10)
	var done sync.Map
	work := run.Work{
		Lanes: map[string]int{"p": 5},
		Open: func(context.Context) iter.Seq2[run.Job, error] {
			return func(yield func(run.Job, error) bool) {
				for k := range open.Load() {
					job := run.Job{Lane: "p", Cell: eval.Cell{TaskID: fmt.Sprint("t", k), Arm: "now"}}
					if _, ok := done.Load(job.Key()); !ok && !yield(job, nil) {
						return
					}
				}
			}
		},
		Do: func(_ context.Context, job run.Job, _ int) run.Ending {
			done.Store(job.Key(), true)
			return run.Ending{}
		},
		Longest: func(run.Job) time.Duration { return time.Minute },
	}
	ctx, stop := context.WithCancel(t.Context())
	var group sync.WaitGroup
	defer group.Wait()
	defer stop()
	for _, q := range []*CallQueue{first, second} {
		group.Go(func() {
			if err := q.Work(ctx, work); err != nil {
				t.Error(err)
			}
		})
	}
	allDone := func() {
		t.Helper()
		for began := time.Now(); ; time.Sleep(20 * time.Millisecond) {
			var n int64
			done.Range(func(any, any) bool { n++; return true })
			if n == open.Load() {
				return
			}
			if time.Since(began) > time.Minute {
				t.Fatalf("%d of %d calls are done", n, open.Load())
			}
		}
	}
	allDone()
	_, err := s.writer.Exec(`SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity WHERE application_name = 'modeltrial worker' AND datname = current_database()`)
	must(t, err)
	open.Store(20)
	allDone()
}
