package store

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"time"

	"modeltrial/eval"
)

// TakeLease gives a week to one run until a time and returns the lease's token. It
// returns an [*eval.LeaseError] where another run holds the week. holder is what
// others are told, such as a host and process. gone, which may be nil, says whether the
// run of a holder is known to have ended: then its lease counts no more, nor do its
// claims on calls, which it will not store; what they had set aside counts towards the
// budget for good, since they may have been billed.
func (s *Store) TakeLease(ctx context.Context, week int, holder string, gone func(holder string) bool, now, until time.Time) (token string, err error) {
	token = rand.Text()
	err = s.writeTogether(ctx, func(tx *transaction) error {
		var held struct {
			Holder string `db:"holder"`
			Until  int64  `db:"until"`
		}
		err := tx.GetContext(ctx, &held, `SELECT holder, until FROM leases WHERE week = ?`, week)
		switch {
		case errors.Is(notFound(err), eval.ErrNotFound):
		case err != nil:
			return err
		case gone != nil && gone(held.Holder):
			if err := abandonClaims(ctx, tx, week, now); err != nil {
				return err
			}
		case held.Until > now.UnixMicro():
			return &eval.LeaseError{Week: week, Holder: held.Holder, Until: time.UnixMicro(held.Until).UTC()}
		}
		_, err = tx.ExecContext(ctx, `
INSERT INTO leases (week, token, holder, taken_at, until) VALUES (?, ?, ?, ?, ?)
ON CONFLICT (week) DO UPDATE SET token = excluded.token, holder = excluded.holder, taken_at = excluded.taken_at, until = excluded.until`,
			week, token, holder, now.UnixMicro(), until.UnixMicro())
		return err
	})
	if err != nil {
		return "", err
	}
	return token, nil
}

// inOpenBatch says of a row of calls c that it is in a batch that a provider works on,
// whose answer is collected later.
const inOpenBatch = `EXISTS (SELECT 1 FROM provider_batch_items i JOIN provider_batches p ON p.id = i.batch_id AND p.state = 'open'
    WHERE i.task_id = c.task_id AND i.arm = c.arm)`

// abandonCalls ends claims, as if they had run out, for the reason ?1 at the time ?2, but
// for those of batches that a provider works on. Of which calls follows.
const abandonCalls = `
UPDATE calls AS c SET claimed_until = 0, lost_nano_usd = lost_nano_usd + reserved_nano_usd, reserved_nano_usd = 0,
    attempts = attempts + 1, last_error = ?1, updated_at = ?2
WHERE claimed_until > 0 AND NOT ` + inOpenBatch + `
`

// abandonClaims ends a week's claims. Where workers are at it, whose claims are among them, it
// leaves them all.
func abandonClaims(ctx context.Context, tx *transaction, week int, now time.Time) error {
	_, err := tx.ExecContext(ctx, abandonCalls+`
    AND task_id IN (SELECT task_id FROM batch_tasks WHERE week = ?3) AND NOT EXISTS (SELECT 1 FROM workers WHERE seen_at > ?4)`,
		"the run ended before an answer was stored", now.UnixMicro(), week, now.Add(-eval.WorkerLost).UnixMicro())
	if err != nil {
		return fmt.Errorf("end the claims of week %d: %w", week, err)
	}
	return nil
}

// RenewLease holds a lease until a later time, also one that ran out while nobody else
// took the week. It returns eval.ErrClaimed where another run has taken it.
func (s *Store) RenewLease(ctx context.Context, week int, token string, until time.Time) error {
	return s.writeTogether(ctx, func(tx *transaction) error {
		result, err := tx.ExecContext(ctx, `UPDATE leases SET until = ? WHERE week = ? AND token = ?`, until.UnixMicro(), week, token)
		if err != nil {
			return err
		}
		if rows, err := result.RowsAffected(); err != nil || rows == 1 {
			return err
		}
		return fmt.Errorf("week %d: %w", week, eval.ErrClaimed)
	})
}

// EndLease gives a week back; it does nothing where another run has taken it.
func (s *Store) EndLease(ctx context.Context, week int, token string) error {
	return s.writeTogether(ctx, func(tx *transaction) error {
		_, err := tx.ExecContext(ctx, `DELETE FROM leases WHERE week = ? AND token = ?`, week, token)
		return err
	})
}

// A Lease says who runs a week.
type Lease struct {
	Week    int
	Holder  string
	TakenAt time.Time
	Until   time.Time
}

// Leases lists the leases that hold, by week.
func (s *Store) Leases(ctx context.Context, now time.Time) ([]Lease, error) {
	var rows []struct {
		Week    int    `db:"week"`
		Holder  string `db:"holder"`
		TakenAt int64  `db:"taken_at"`
		Until   int64  `db:"until"`
	}
	err := s.reader.SelectContext(ctx, &rows, `SELECT week, holder, taken_at, until FROM leases WHERE until > ? ORDER BY week`, now.UnixMicro())
	if err != nil {
		return nil, fmt.Errorf("read leases: %w", err)
	}
	leases := make([]Lease, len(rows))
	for i, row := range rows {
		leases[i] = Lease{Week: row.Week, Holder: row.Holder, TakenAt: time.UnixMicro(row.TakenAt).UTC(), Until: time.UnixMicro(row.Until).UTC()}
	}
	return leases, nil
}
