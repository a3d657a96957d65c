package store

import (
	"context"
	"errors"
	"fmt"
	"math"
	"time"

	"modeltrial/eval"
)

// NoteAddress keeps that a provider is called at an address from now on. It returns the
// address before where that was another one, else an empty text.
func (s *Store) NoteAddress(ctx context.Context, provider, address string, now time.Time) (before string, err error) {
	err = s.write(ctx, func(tx *transaction) error {
		err := tx.GetContext(ctx, &before, `SELECT address FROM provider_addresses WHERE provider = ? ORDER BY id DESC LIMIT 1`, provider)
		switch {
		case err != nil && !errors.Is(notFound(err), eval.ErrNotFound):
			return fmt.Errorf("read addresses: %w", err)
		case before == address:
			before = ""
			return nil
		}
		_, err = tx.ExecContext(ctx, `INSERT INTO provider_addresses (provider, address, since) VALUES (?, ?, ?)`, provider, address, now.UnixMicro())
		return err
	})
	return before, err
}

// movedProviders are the arms with answers from one address of their provider and then
// from another, at the time from which that one was called. A recorded deviation of the
// arm explains the changes before it.
func (s *Store) movedProviders(ctx context.Context) ([]eval.Deviation, error) {
	type span struct {
		Provider string `db:"provider"`
		Address  string `db:"address"`
		Since    int64  `db:"since"`
		Until    int64  `db:"until"`
	}
	var spans []span
	err := s.reader.SelectContext(ctx, &spans, `
SELECT provider, address, since, lead(since, 1, ?) OVER (PARTITION BY provider ORDER BY id) AS until FROM provider_addresses ORDER BY id`, int64(math.MaxInt64))
	if err != nil {
		return nil, fmt.Errorf("read addresses: %w", err)
	}
	ofProvider := map[string][]span{}
	for _, one := range spans {
		ofProvider[one.Provider] = append(ofProvider[one.Provider], one)
	}
	locked, err := s.Locked(ctx)
	if errors.Is(err, eval.ErrNotFound) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	var moved []eval.Deviation
	for _, arm := range locked.Protocol.Arms {
		seen := map[string]bool{}
		for _, call := range arm.Calls() {
			if seen[call.Provider] || len(ofProvider[call.Provider]) < 2 {
				continue
			}
			seen[call.Provider] = true
			before := ""
			for _, at := range ofProvider[call.Provider] {
				var answers, explained bool
				err := s.reader.QueryRowxContext(ctx, `
SELECT EXISTS (SELECT 1 FROM responses WHERE arm = ?1 AND origin = 'measured' AND stored_at >= ?2 AND stored_at < ?3),
    EXISTS (SELECT 1 FROM deviations WHERE kind IN ('replaced model', 'changed arm') AND subject = ?1 AND recorded_at >= ?2)`,
					arm.Name, at.Since, at.Until).Scan(&answers, &explained)
				if err != nil {
					return nil, fmt.Errorf("read addresses of answers: %w", err)
				}
				if !answers {
					continue
				}
				if before != "" && before != at.Address && !explained {
					moved = append(moved, eval.Deviation{
						Kind: eval.ArmChanged, Subject: arm.Name, RecordedAt: time.UnixMicro(at.Since).UTC(),
						Changes: fmt.Sprintf("provider %s is called at %s, before at %s", call.Provider, at.Address, before),
					})
				}
				before = at.Address
			}
		}
	}
	return moved, nil
}
