package store

import (
	"context"
	"fmt"
	"time"

	"modeltrial/eval"
)

// AssignAhead gives the comparison that the rater will get after the one that is shown
// just now, and stores how it will be shown. It is not shown by that: [Store.NextPresentation]
// does so once the present one is rated. Asking again gives the same one.
// eval.ErrNotFound where nothing is shown, or nothing is left.
func (s *Store) AssignAhead(ctx context.Context, rater eval.Rater, draw func(controlFirst, candidateFirst int) eval.Side, now time.Time) (eval.Presentation, error) {
	locked, err := s.lockedAgain(ctx)
	if err != nil {
		return eval.Presentation{}, err
	}
	var id string
	err = s.writeTogether(ctx, func(tx *transaction) (err error) {
		id, err = assignAhead(ctx, tx, rater, locked, draw, now)
		return err
	})
	if err != nil {
		return eval.Presentation{}, fmt.Errorf("comparison after the next: %w", err)
	}
	return s.presentation(ctx, rater, id)
}

func assignAhead(ctx context.Context, tx *transaction, rater eval.Rater, locked eval.LockedProtocol, draw func(controlFirst, candidateFirst int) eval.Side, now time.Time) (id string, err error) {
	most := locked.Protocol.RatingsPerComparison
	open, err := waiting(ctx, tx, rater, most, now)
	if err != nil {
		return "", err
	}
	check, err := openCheck(ctx, tx, rater)
	if err != nil {
		return "", err
	}
	looking := len(open) > 0 && open[0].Shown
	switch {
	case !looking && !check.Shown:
		return "", eval.ErrNotFound
	case looking && check.ID != "":
		return check.ID, nil
	}
	assigned := open
	if looking {
		assigned = open[1:]
	}
	var next openComparison
	if len(assigned) == 0 {
		if next, err = findNext(ctx, tx, rater, most, now); err != nil {
			return "", err
		}
	}
	if looking { // after a check comes a comparison
		if id, err = drawCheck(ctx, tx, locked, rater, now); err != nil || id != "" {
			return id, err
		}
	}
	if len(assigned) > 0 {
		return assigned[0].ID, nil
	}
	return assign(ctx, tx, rater, next, draw, now)
}

// Skip stores durably that a rater does not want to rate a comparison. Skipping again
// changes nothing. eval.ErrNotFound for a presentation that is not this rater's, is not
// shown yet, or is rated.
func (s *Store) Skip(ctx context.Context, rater eval.Rater, presentationID string, reason eval.SkipReason, now time.Time) error {
	return s.writeTogether(ctx, func(tx *transaction) error {
		var known bool
		err := tx.GetContext(ctx, &known, `
SELECT EXISTS (SELECT 1 FROM presentations p WHERE p.id = ? AND p.rater_id = ? AND p.shown_at IS NOT NULL
    AND NOT EXISTS (SELECT 1 FROM ratings r WHERE r.presentation_id = p.id))`, presentationID, rater.ID)
		if err != nil {
			return err
		}
		if !known {
			return skipCheck(ctx, tx, rater, presentationID)
		}
		_, err = tx.ExecContext(ctx, `
INSERT INTO skips (presentation_id, reason, skipped_at) VALUES (?, ?, ?) ON CONFLICT (presentation_id) DO NOTHING`,
			presentationID, reason, now.UnixMicro())
		if err != nil {
			return fmt.Errorf("store skip: %w", err)
		}
		return nil
	})
}

// Skips counts what raters did not want to rate, by rater and reason.
func (s *Store) Skips(ctx context.Context) (skips []eval.Skip, err error) {
	err = s.reader.SelectContext(ctx, &skips, `
SELECT h.name AS rater, k.reason, count(*) AS count FROM skips k
JOIN presentations p ON p.id = k.presentation_id JOIN raters h ON h.id = p.rater_id
GROUP BY h.id, k.reason ORDER BY h.name, k.reason`)
	return skips, err
}

// Tags counts the tags of the ratings that count, by candidate, tag and verdict.
func (s *Store) Tags(ctx context.Context) (tags []eval.TagCount, err error) {
	err = s.reader.SelectContext(ctx, &tags, `
SELECT g.tag, c.arm_a, c.arm_b, r.verdict, count(*) AS count FROM rating_tags g
JOIN ratings r ON r.id = g.rating_id JOIN comparisons c ON c.id = r.comparison_id
WHERE NOT EXISTS (SELECT 1 FROM ratings n WHERE n.supersedes = r.id)
GROUP BY g.tag, c.arm_a, c.arm_b, r.verdict ORDER BY c.arm_b, g.tag, r.verdict`)
	return tags, err
}
