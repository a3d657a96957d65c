package store

import (
	"context"
	"fmt"
	"time"

	"modeltrial/eval"
)

// stillWaits says of a row of waiting_calls w that what it is for has not come otherwise.
const stillWaits = `(w.comparison_id <> '' OR NOT EXISTS (SELECT 1 FROM responses r WHERE r.task_id = w.task_id AND r.arm = w.arm))
    AND NOT EXISTS (SELECT 1 FROM ratings t JOIN raters h ON h.id = t.rater_id
        WHERE t.comparison_id = w.comparison_id AND t.first = w.first AND h.name = w.arm AND h.kind = 'judge')`

// KeepWaiting keeps a call that was given up, with its reason.
func (s *Store) KeepWaiting(ctx context.Context, call eval.WaitingCall) error {
	return s.keep(ctx, func(tx *transaction) error {
		_, err := tx.ExecContext(ctx, `
INSERT INTO waiting_calls (job, task_id, arm, comparison_id, first, week, reason, failed_at) VALUES (?, ?, ?, ?, ?, ?, ?, ?)
ON CONFLICT (job) DO UPDATE SET reason = excluded.reason, failed_at = excluded.failed_at`,
			call.Job, call.TaskID, call.Arm, call.Comparison, call.First, call.Week, call.Reason, call.FailedAt.UnixMicro())
		return err
	})
}

// WaitingCalls lists the calls that were given up and are still open, by week, arm and task.
func (s *Store) WaitingCalls(ctx context.Context) ([]eval.WaitingCall, error) {
	var rows []struct {
		Job        string    `db:"job"`
		TaskID     string    `db:"task_id"`
		Arm        string    `db:"arm"`
		Comparison string    `db:"comparison_id"`
		First      eval.Side `db:"first"`
		Week       int       `db:"week"`
		Reason     string    `db:"reason"`
		FailedAt   int64     `db:"failed_at"`
	}
	err := s.reader.SelectContext(ctx, &rows, `
SELECT w.job, w.task_id, w.arm, w.comparison_id, w.first, w.week, w.reason, w.failed_at
FROM waiting_calls w WHERE `+stillWaits+` ORDER BY w.week, w.arm, w.task_id, w.job`)
	if err != nil {
		return nil, fmt.Errorf("read calls that were given up: %w", err)
	}
	calls := make([]eval.WaitingCall, len(rows))
	for i, row := range rows {
		calls[i] = eval.WaitingCall{
			Job: row.Job, TaskID: row.TaskID, Arm: row.Arm, Comparison: row.Comparison, First: row.First, Week: row.Week,
			Reason: row.Reason, FailedAt: time.UnixMicro(row.FailedAt).UTC(),
		}
	}
	return calls, nil
}

// Retry lets workers make the calls again that they have given up: those of an arm or
// judge, or of a week; empty and 0 are all. It gives their number.
func (s *Store) Retry(ctx context.Context, arm string, week int) (calls int, err error) {
	err = s.write(ctx, func(tx *transaction) error {
		const of = `(?1 = '' OR w.arm = ?1) AND (?2 = 0 OR w.week = ?2)`
		if err := tx.GetContext(ctx, &calls, `SELECT count(*) FROM waiting_calls w WHERE `+of+` AND `+stillWaits, arm, week); err != nil {
			return err
		}
		_, err := tx.ExecContext(ctx, `DELETE FROM waiting_calls AS w WHERE `+of, arm, week)
		return err
	})
	return calls, err
}
