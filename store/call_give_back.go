package store

import (
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/jackc/pgx/v5"

	"modeltrial/eval"
	"modeltrial/eval/run"
)

// GiveBack gives calls to all workers again that count as under way while nobody makes
// them, and tells their number: those of workers that died, which are not among the ones
// alive, and those of this process that it has not in hand, since the server crashed before
// it had kept that they are done, or after it gave them and before it said so. What the
// calls may have cost counts towards the budget for good. Calls whose claim may be another
// process's, since one that is no worker holds a week, keep it until it runs out.
func (q *CallQueue) GiveBack(ctx context.Context, s *Store, alive []string, now time.Time) (calls int, err error) {
	others := slices.DeleteFunc(append([]string{}, alive...), func(id string) bool { return id == q.id })
	err = pgx.BeginFunc(ctx, q.pool, func(tx pgx.Tx) error {
		rows, err := tx.Query(ctx, `
SELECT id, args FROM river_job
WHERE state = 'running' AND kind = 'call' AND attempted_at < now() - $1::interval AND id <> ALL($2)
    AND attempted_by[array_upper(attempted_by, 1)] <> ALL($3) FOR UPDATE SKIP LOCKED`, eval.WorkerLost, q.inHand.ids(), others)
		if err != nil {
			return err
		}
		var ids []int64
		var jobs []run.Job
		var id int64
		var args callArgs
		if _, err := pgx.ForEachRow(rows, []any{&id, &args}, func() error {
			ids, jobs = append(ids, id), append(jobs, args.Job)
			args = callArgs{}
			return nil
		}); err != nil || len(ids) == 0 {
			return err
		}
		// First the claims: where the next step fails all of this is done again.
		if err := s.abandonJobs(ctx, jobs, now); err != nil {
			return err
		}
		calls = len(ids)
		_, err = tx.Exec(ctx, `UPDATE river_job SET state = 'available', scheduled_at = now() WHERE id = ANY($1)`, ids)
		return err
	})
	if err != nil {
		return 0, fmt.Errorf("give back calls that nobody makes: %w", s.Explain(err))
	}
	return calls, nil
}

// abandonJobs ends the claims of calls that nobody makes.
func (s *Store) abandonJobs(ctx context.Context, jobs []run.Job, now time.Time) error {
	const died = "the worker died before an answer was stored"
	return s.write(ctx, func(tx *transaction) error {
		for _, job := range jobs {
			var err error
			if job.Comparison == "" {
				_, err = tx.ExecContext(ctx, abandonCalls+`
    AND task_id = ?3 AND arm = ?4 AND NOT EXISTS (SELECT 1 FROM leases WHERE until > ?2)`,
					died, now.UnixMicro(), job.Cell.TaskID, job.Cell.Arm)
			} else {
				_, err = tx.ExecContext(ctx, `
UPDATE judge_calls SET outcome = 'failed', reason = ?1, lost_nano_usd = reserved_nano_usd
WHERE outcome = 'reserved' AND comparison_id = ?2 AND first = ?3
    AND rater_id = (SELECT id FROM raters WHERE name = ?4 AND kind = 'judge')`, died, job.Comparison, job.First, job.Cell.Arm)
			}
			if err != nil {
				return fmt.Errorf("end the claim of %s: %w", job.Key(), err)
			}
		}
		return nil
	})
}
