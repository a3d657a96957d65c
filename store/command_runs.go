package store

import (
	"context"
	"fmt"
	"time"

	"modeltrial/eval"
)

// CommandRun is what came of a command that was run; eval.ErrNotFound where it was not.
func (s *Store) CommandRun(ctx context.Context, key string) (run eval.CommandRun, err error) {
	if err := s.reader.GetContext(ctx, &run, `SELECT key, check_name, passes, detail, confined FROM command_runs WHERE key = ?`, key); err != nil {
		return run, fmt.Errorf("run of a command: %w", notFound(err))
	}
	return run, nil
}

// SaveCommandRun stores what came of a command, so that it need not be run again. What
// is stored already stays.
func (s *Store) SaveCommandRun(ctx context.Context, run eval.CommandRun, now time.Time) error {
	return s.keep(ctx, func(tx *transaction) error {
		_, err := tx.ExecContext(ctx, `
INSERT INTO command_runs (key, check_name, passes, detail, confined, ran_at) VALUES (?, ?, ?, ?, ?, ?) ON CONFLICT (key) DO NOTHING`,
			run.Key, run.Check, run.Passes, run.Detail, run.Confined, now.UnixMicro())
		if err != nil {
			return fmt.Errorf("store run of check %q: %w", run.Check, err)
		}
		return nil
	})
}
