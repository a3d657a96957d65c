package store

import (
	"context"
	"crypto/rand"
	"fmt"
)

// WorkspaceKey is a random key of 32 bytes that belongs to this workspace, made when
// it is asked for the first time. It never leaves the database: who has it can try
// out names until a pseudonym fits.
func (s *Store) WorkspaceKey(ctx context.Context, name string) ([]byte, error) {
	var key []byte
	err := s.write(ctx, func(tx *transaction) error {
		made := make([]byte, 32)
		_, _ = rand.Read(made) // never fails
		if _, err := tx.ExecContext(ctx, `INSERT INTO workspace_keys (name, value) VALUES (?, ?) ON CONFLICT (name) DO NOTHING`, name, made); err != nil {
			return err
		}
		return tx.GetContext(ctx, &key, `SELECT value FROM workspace_keys WHERE name = ?`, name)
	})
	if err != nil {
		return nil, fmt.Errorf("key %q of the workspace: %w", name, err)
	}
	return key, nil
}
