package store

import (
	"context"
	"fmt"
	"slices"
	"time"

	"modeltrial/eval"
)

// Deviate records a deviation under the locked protocol; eval.ErrNotFound where none is
// locked. It needs a reason.
func (s *Store) Deviate(ctx context.Context, deviation eval.Deviation) error {
	locked, err := s.Locked(ctx)
	if err != nil {
		return err
	}
	return s.write(ctx, func(tx *transaction) error { return insertDeviation(ctx, tx, locked.Version, deviation) })
}

func insertDeviation(ctx context.Context, tx *transaction, version int, d eval.Deviation) error {
	_, err := tx.ExecContext(ctx, `
INSERT INTO deviations (protocol_version, reason, recorded_at, kind, subject, changes) VALUES (?, ?, ?, ?, ?, ?)`,
		version, d.Reason, d.RecordedAt.UnixMicro(), d.Kind, d.Subject, d.Changes)
	if err != nil {
		return fmt.Errorf("record deviation: %w", err)
	}
	return nil
}

// DeviationList are what departed from the protocol and was recorded, oldest first.
func (s *Store) DeviationList(ctx context.Context) ([]eval.Deviation, error) {
	var rows []struct {
		Version    int                `db:"protocol_version"`
		Kind       eval.DeviationKind `db:"kind"`
		Subject    string             `db:"subject"`
		Changes    string             `db:"changes"`
		Reason     string             `db:"reason"`
		RecordedAt int64              `db:"recorded_at"`
	}
	err := s.reader.SelectContext(ctx, &rows, `
SELECT protocol_version, kind, subject, changes, reason, recorded_at FROM deviations ORDER BY id`)
	if err != nil {
		return nil, fmt.Errorf("read deviations: %w", err)
	}
	deviations := make([]eval.Deviation, len(rows))
	for i, row := range rows {
		deviations[i] = eval.Deviation{Kind: row.Kind, Subject: row.Subject, Changes: row.Changes, Reason: row.Reason, RecordedAt: time.UnixMicro(row.RecordedAt).UTC()}
		if row.Kind == eval.ProtocolChanged && row.Subject == "" {
			deviations[i].Subject = fmt.Sprintf("protocol version %d", row.Version)
		}
	}
	return deviations, nil
}

// Deviations are what departed from the protocol, in words: what was recorded, oldest
// first, then what the data shows and nobody gave a reason for.
func (s *Store) Deviations(ctx context.Context) ([]string, error) {
	recorded, err := s.DeviationList(ctx)
	if err != nil {
		return nil, err
	}
	unexplained, err := s.UnexplainedDeviations(ctx)
	if err != nil {
		return nil, err
	}
	words := []string{}
	for _, deviation := range append(recorded, unexplained...) {
		words = append(words, deviation.String())
	}
	return words, nil
}

// UnexplainedDeviations are what the data shows and nobody gave a reason for: an arm that
// is served by another model than before, or called at another address, and a week that
// was passed over.
func (s *Store) UnexplainedDeviations(ctx context.Context) ([]eval.Deviation, error) {
	replaced, err := s.replacedModels(ctx)
	if err != nil {
		return nil, err
	}
	moved, err := s.movedProviders(ctx)
	if err != nil {
		return nil, err
	}
	skipped, err := s.skippedWeeks(ctx)
	return slices.Concat(replaced, moved, skipped), err
}

// replacedModels are the arms whose answers came from a model that served none of the
// earlier ones, at the time of the first answer of that model. Two that serve an arm in
// turn are one such change. A recorded deviation of the arm explains the changes before it.
func (s *Store) replacedModels(ctx context.Context) ([]eval.Deviation, error) {
	var rows []struct {
		Arm    string `db:"arm"`
		Model  string `db:"model_served"`
		Since  int64  `db:"since"`
		Before string `db:"before"`
	}
	err := s.reader.SelectContext(ctx, &rows, `
WITH served AS (
    SELECT arm, model_served, min(stored_at) AS since FROM responses
    WHERE model_served <> '' AND origin = 'measured' GROUP BY arm, model_served
), changed AS (
    SELECT arm, model_served, since, lag(model_served) OVER (PARTITION BY arm ORDER BY since, model_served) AS before FROM served
)
SELECT arm, model_served, since, before FROM changed c
WHERE before IS NOT NULL AND NOT EXISTS (
    SELECT 1 FROM deviations d WHERE d.kind IN ('replaced model', 'changed arm') AND d.subject = c.arm AND d.recorded_at >= c.since)
ORDER BY since, arm`)
	if err != nil {
		return nil, fmt.Errorf("read models as served: %w", err)
	}
	deviations := make([]eval.Deviation, len(rows))
	for i, row := range rows {
		deviations[i] = eval.Deviation{
			Kind: eval.ModelReplaced, Subject: row.Arm, RecordedAt: time.UnixMicro(row.Since).UTC(),
			Changes: fmt.Sprintf("served by %s, before by %s", row.Model, row.Before),
		}
	}
	return deviations, nil
}

// skippedWeeks are the weeks with a sample of which nothing is answered while a later
// one has answers, at the time of the first of those.
func (s *Store) skippedWeeks(ctx context.Context) ([]eval.Deviation, error) {
	var rows []struct {
		Week  int   `db:"week"`
		Since int64 `db:"since"`
	}
	err := s.reader.SelectContext(ctx, &rows, `
WITH answered AS (
    SELECT b.week, min(r.stored_at) AS since FROM responses r JOIN batch_tasks b ON b.task_id = r.task_id GROUP BY b.week
)
SELECT b.week, min(a.since) AS since FROM batches b JOIN answered a ON a.week > b.week
WHERE b.week NOT IN (SELECT week FROM answered)
  AND EXISTS (SELECT 1 FROM batch_tasks t WHERE t.week = b.week AND t.came_by = 'sample')
  AND NOT EXISTS (SELECT 1 FROM deviations d WHERE d.kind = 'skipped week' AND d.subject = 'week ' || b.week)
GROUP BY b.week ORDER BY b.week`)
	if err != nil {
		return nil, fmt.Errorf("read weeks: %w", err)
	}
	deviations := make([]eval.Deviation, len(rows))
	for i, row := range rows {
		deviations[i] = eval.Deviation{
			Kind: eval.WeekSkipped, Subject: eval.WeekSubject(row.Week), RecordedAt: time.UnixMicro(row.Since).UTC(), Changes: "a later week was answered before it",
		}
	}
	return deviations, nil
}

// Stopped is the early stop that holds; nil where there is none or the pilot was resumed
// since.
func (s *Store) Stopped(ctx context.Context) (stop *eval.Deviation, err error) {
	deviations, err := s.DeviationList(ctx)
	for _, deviation := range deviations {
		switch deviation.Kind {
		case eval.StoppedEarly:
			stop = &deviation
		case eval.Resumed:
			stop = nil
		}
	}
	return stop, err
}
