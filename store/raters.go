package store

import (
	"context"
	"crypto/subtle"
	"errors"
	"fmt"
	"time"

	"modeltrial/eval"
)

// A RaterRow is a rater with what a list of raters shows.
type RaterRow struct {
	Name      string         `json:"rater"`
	Kind      eval.RaterKind `json:"kind"`
	Simulated bool           `json:"simulated"`
	HasLink   bool           `json:"has_link"`
	ExpiresAt *time.Time     `json:"expires_at"`
	Revoked   bool           `json:"revoked"`
	Ratings   int            `json:"ratings"`
}

// An Invitation is a rater's name and the hexadecimal SHA-256 of the token in the
// link.
type Invitation struct {
	Rater       string
	TokenSHA256 string
}

// Invite makes or renews raters' links, of all of them or, where one fails, of
// none: of the tokens only the hashes are kept. A renewed link replaces the old
// one.
func (s *Store) Invite(ctx context.Context, invitations []Invitation, expires, now time.Time) error {
	return s.write(ctx, func(tx *transaction) error {
		for _, invitation := range invitations {
			id, err := ensureRater(ctx, tx, eval.Rater{Name: invitation.Rater, Kind: eval.Human}, now)
			if err != nil {
				return err
			}
			_, err = tx.ExecContext(ctx, `
UPDATE raters SET token_sha256 = ?, expires_at = ?, revoked_at = NULL WHERE id = ?`, invitation.TokenSHA256, micros(expires), id)
			if err != nil {
				return fmt.Errorf("invite %q: %w", invitation.Rater, err)
			}
		}
		return nil
	})
}

// AddRater keeps a rater without a link and gives its id; a rater of that name
// must be of the same kind.
func (s *Store) AddRater(ctx context.Context, rater eval.Rater, now time.Time) (eval.Rater, error) {
	err := s.write(ctx, func(tx *transaction) (err error) {
		rater.ID, err = ensureRater(ctx, tx, rater, now)
		return err
	})
	return rater, err
}

// errOtherKind says that a name is taken by another kind of rater.
var errOtherKind = errors.New("is known as another kind")

func ensureRater(ctx context.Context, tx *transaction, rater eval.Rater, now time.Time) (int64, error) {
	var known struct {
		ID        int64          `db:"id"`
		Kind      eval.RaterKind `db:"kind"`
		Simulated bool           `db:"simulated"`
	}
	err := tx.GetContext(ctx, &known, `SELECT id, kind, simulated FROM raters WHERE name = ?`, rater.Name)
	if err == nil {
		if known.Kind != rater.Kind || known.Simulated != rater.Simulated {
			return 0, fmt.Errorf("rater %q %w (%s, simulated: %v); choose another name", rater.Name, errOtherKind, known.Kind, known.Simulated)
		}
		return known.ID, nil
	}
	if !errors.Is(notFound(err), eval.ErrNotFound) {
		return 0, err
	}
	id, err := tx.insert(ctx, `
INSERT INTO raters (name, kind, simulated, created_at) VALUES (?, ?, ?, ?)`, rater.Name, rater.Kind, rater.Simulated, now.UnixMicro())
	if err != nil {
		return 0, fmt.Errorf("add rater %q: %w", rater.Name, err)
	}
	return id, nil
}

// selectRater reads a rater as a link or a name finds one.
const selectRater = `SELECT id, name, kind, simulated, coalesce(token_sha256, '') AS token_sha256, expires_at, revoked_at FROM raters `

// raterRow is a rater with what may end the rater's link.
type raterRow struct {
	ID        int64          `db:"id"`
	Name      string         `db:"name"`
	Kind      eval.RaterKind `db:"kind"`
	Simulated bool           `db:"simulated"`
	Token     string         `db:"token_sha256"` // empty where there is no link
	ExpiresAt *int64         `db:"expires_at"`
	RevokedAt *int64         `db:"revoked_at"`
}

// rater is the rater of a row; eval.ErrExpired where the link has ended.
func (r raterRow) rater(now time.Time) (eval.Rater, error) {
	if r.RevokedAt != nil || (r.ExpiresAt != nil && now.UnixMicro() >= *r.ExpiresAt) {
		return eval.Rater{}, eval.ErrExpired
	}
	return eval.Rater{ID: r.ID, Name: r.Name, Kind: r.Kind, Simulated: r.Simulated}, nil
}

// RaterByTokenHash finds the rater of a link by the hexadecimal SHA-256 of its
// token; eval.ErrNotFound or eval.ErrExpired. What is looked up is the hash, of which
// nobody who guesses tokens can choose the first bytes, and what is found is compared in
// constant time: how long it takes tells nothing of the tokens there are.
func (s *Store) RaterByTokenHash(ctx context.Context, sha256 string, now time.Time) (eval.Rater, error) {
	var row raterRow
	if err := s.quick.GetContext(ctx, &row, selectRater+`WHERE token_sha256 = ?`, sha256); err != nil {
		return eval.Rater{}, fmt.Errorf("rater of this link: %w", notFound(err))
	}
	if subtle.ConstantTimeCompare([]byte(row.Token), []byte(sha256)) != 1 {
		return eval.Rater{}, fmt.Errorf("rater of this link: %w", eval.ErrNotFound)
	}
	return row.rater(now)
}

// RaterByName finds a rater; eval.ErrNotFound for an unknown name, eval.ErrExpired where
// the rater's link was revoked or has expired.
func (s *Store) RaterByName(ctx context.Context, name string, now time.Time) (eval.Rater, error) {
	var row raterRow
	if err := s.reader.GetContext(ctx, &row, selectRater+`WHERE name = ?`, name); err != nil {
		return eval.Rater{}, fmt.Errorf("rater %q: %w", name, notFound(err))
	}
	rater, err := row.rater(now)
	if err != nil {
		return eval.Rater{}, fmt.Errorf("rater %q: %w", name, err)
	}
	return rater, nil
}

// Revoke ends a rater's link; eval.ErrNotFound for an unknown name.
func (s *Store) Revoke(ctx context.Context, name string, now time.Time) error {
	return s.write(ctx, func(tx *transaction) error {
		result, err := tx.ExecContext(ctx, `UPDATE raters SET revoked_at = ? WHERE name = ?`, now.UnixMicro(), name)
		if err != nil {
			return err
		}
		if rows, err := result.RowsAffected(); err != nil || rows == 1 {
			return err
		}
		return fmt.Errorf("rater %q: %w", name, eval.ErrNotFound)
	})
}

// Raters lists every rater by name.
func (s *Store) Raters(ctx context.Context) ([]RaterRow, error) {
	var rows []struct {
		Name      string         `db:"name"`
		Kind      eval.RaterKind `db:"kind"`
		Simulated bool           `db:"simulated"`
		HasLink   bool           `db:"has_link"`
		ExpiresAt *int64         `db:"expires_at"`
		Revoked   bool           `db:"revoked"`
		Ratings   int            `db:"ratings"`
	}
	err := s.reader.SelectContext(ctx, &rows, `
SELECT name, kind, simulated, token_sha256 IS NOT NULL AS has_link, expires_at, revoked_at IS NOT NULL AS revoked,
    (SELECT count(*) FROM ratings r WHERE r.rater_id = raters.id
        AND NOT EXISTS (SELECT 1 FROM ratings n WHERE n.supersedes = r.id)) AS ratings
FROM raters ORDER BY name`)
	if err != nil {
		return nil, fmt.Errorf("read raters: %w", err)
	}
	raters := make([]RaterRow, len(rows))
	for i, row := range rows {
		raters[i] = RaterRow{Name: row.Name, Kind: row.Kind, Simulated: row.Simulated, HasLink: row.HasLink, Revoked: row.Revoked, Ratings: row.Ratings}
		if row.ExpiresAt != nil {
			expires := fromMicros(row.ExpiresAt)
			raters[i].ExpiresAt = &expires
		}
	}
	return raters, nil
}
