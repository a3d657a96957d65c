package store

import (
	"context"
	"fmt"
	"time"

	"modeltrial/eval"
)

// ServedModels lists which models answered each arm in each week, by the names that the
// providers gave, by arm, week and time of the first answer. Answers whose provider gave
// no name are left out.
func (s *Store) ServedModels(ctx context.Context) ([]eval.ServedModel, error) {
	var rows []struct {
		Arm    string `db:"arm"`
		Week   int    `db:"week"`
		Served string `db:"model_served"`
		Print  string `db:"fingerprint"`
		Count  int    `db:"answers"`
		First  int64  `db:"first"`
		Last   int64  `db:"last"`
	}
	err := s.reader.SelectContext(ctx, &rows, `
SELECT r.arm, b.week, r.model_served, r.fingerprint, count(*) AS answers, min(r.stored_at) AS first, max(r.stored_at) AS last
FROM responses r JOIN batch_tasks b ON b.task_id = r.task_id
WHERE r.model_served <> '' GROUP BY r.arm, b.week, r.model_served, r.fingerprint
ORDER BY r.arm, b.week, first, r.model_served, r.fingerprint`)
	if err != nil {
		return nil, fmt.Errorf("read served models: %w", err)
	}
	served := make([]eval.ServedModel, len(rows))
	for i, row := range rows {
		served[i] = eval.ServedModel{
			Arm: row.Arm, Week: row.Week, Served: row.Served, Fingerprint: row.Print, Answers: row.Count,
			First: time.UnixMicro(row.First).UTC(), Last: time.UnixMicro(row.Last).UTC(),
		}
	}
	return served, nil
}

// OpenCalls are calls that are not answered and why that may stay so.
type OpenCalls struct {
	Week    int    `db:"week"`
	Arm     string `db:"arm"`
	Claimed int    `db:"claimed"` // under way, or of a run that was killed a moment ago
	Refused int    `db:"refused"` // the provider refuses these very requests
}

// BlockedCalls counts the calls without an answer that are claimed at a time or refused,
// by week and arm; those with neither are left out, as
// are calls of batches that a provider works on.
func (s *Store) BlockedCalls(ctx context.Context, now time.Time) (calls []OpenCalls, err error) {
	err = s.reader.SelectContext(ctx, &calls, `
SELECT b.week, c.arm, count(*) FILTER (WHERE c.claimed_until > ?1) AS claimed,
    count(*) FILTER (WHERE c.refused = 1 AND c.claimed_until <= ?1) AS refused
FROM calls c JOIN batch_tasks b ON b.task_id = c.task_id
WHERE (c.claimed_until > ?1 OR c.refused = 1) AND NOT `+inOpenBatch+`
  AND NOT EXISTS (SELECT 1 FROM responses r WHERE r.task_id = c.task_id AND r.arm = c.arm)
GROUP BY b.week, c.arm ORDER BY b.week, c.arm`, now.UnixMicro())
	if err != nil {
		return nil, fmt.Errorf("read open calls: %w", err)
	}
	return calls, nil
}
