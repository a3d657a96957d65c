package store

import (
	"context"
	"fmt"
	"time"

	"modeltrial/eval"
)

// SeeWorker keeps what a worker tells of itself.
func (s *Store) SeeWorker(ctx context.Context, w eval.WorkerProcess) error {
	return s.writeTogether(ctx, func(tx *transaction) error {
		_, err := tx.ExecContext(ctx, `
INSERT INTO workers (id, process, version, started_at, seen_at, answered, rated, failed, per_minute, draining)
VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
ON CONFLICT (id) DO UPDATE SET seen_at = excluded.seen_at, answered = excluded.answered, rated = excluded.rated,
    failed = excluded.failed, per_minute = excluded.per_minute, draining = excluded.draining`,
			w.ID, w.Process, w.Version, w.StartedAt.UnixMicro(), w.SeenAt.UnixMicro(), w.Answered, w.Rated, w.Failed, w.PerMinute, w.Draining)
		return err
	})
}

// EndWorker forgets a worker that has ended, and those that died more than a day ago.
func (s *Store) EndWorker(ctx context.Context, id string, now time.Time) error {
	return s.writeTogether(ctx, func(tx *transaction) error {
		_, err := tx.ExecContext(ctx, `DELETE FROM workers WHERE id = ? OR seen_at < ?`, id, now.Add(-24*time.Hour).UnixMicro())
		return err
	})
}

// Workers lists the processes that work on the pilot, and those that died within the
// last day, by when they started.
func (s *Store) Workers(ctx context.Context, now time.Time) ([]eval.WorkerProcess, error) {
	var rows []struct {
		ID        string  `db:"id"`
		Process   string  `db:"process"`
		Version   string  `db:"version"`
		StartedAt int64   `db:"started_at"`
		SeenAt    int64   `db:"seen_at"`
		Answered  int     `db:"answered"`
		Rated     int     `db:"rated"`
		Failed    int     `db:"failed"`
		PerMinute float64 `db:"per_minute"`
		Draining  bool    `db:"draining"`
	}
	err := s.reader.SelectContext(ctx, &rows, `
SELECT id, process, version, started_at, seen_at, answered, rated, failed, per_minute, draining
FROM workers WHERE seen_at > ? ORDER BY started_at, id`, now.Add(-24*time.Hour).UnixMicro())
	if err != nil {
		return nil, fmt.Errorf("read workers: %w", err)
	}
	workers := make([]eval.WorkerProcess, len(rows))
	for i, row := range rows {
		workers[i] = eval.WorkerProcess{
			ID: row.ID, Process: row.Process, Version: row.Version, StartedAt: time.UnixMicro(row.StartedAt).UTC(), SeenAt: time.UnixMicro(row.SeenAt).UTC(),
			Answered: row.Answered, Rated: row.Rated, Failed: row.Failed, PerMinute: row.PerMinute, Draining: row.Draining,
		}
	}
	return workers, nil
}
