package store

import (
	"context"
	"errors"
	"fmt"
	"time"

	"modeltrial/audit"
	"modeltrial/eval"
)

// A Checkable is a comparison with what a check reads of it.
type Checkable struct {
	ComparisonID string         `db:"id"`
	TaskID       string         `db:"task_id"`
	Category     audit.Category `db:"category"`
	Reference    string         `db:"reference"` // empty: none
	TextA        string         `db:"text_a"`
	TextB        string         `db:"text_b"`
}

// EachCheckable gives the comparisons of a week (0: of all) whose answers are stored, in
// a fixed order.
func (s *Store) EachCheckable(ctx context.Context, week int, do func(Checkable) error) error {
	return each(ctx, s, "comparisons", do, `
SELECT c.id, c.task_id, b.category, t.reference, x.response AS text_a, y.response AS text_b FROM comparisons c
JOIN batch_tasks b ON b.task_id = c.task_id
JOIN tasks t ON t.id = c.task_id
JOIN responses x ON x.task_id = c.task_id AND x.arm = c.arm_a
JOIN responses y ON y.task_id = c.task_id AND y.arm = c.arm_b
WHERE ?1 = 0 OR b.week = ?1 ORDER BY b.week, b.category, c.task_id, c.arm_b`, week)
}

// A CheckRating is what a check says of a comparison.
type CheckRating struct {
	ComparisonID string
	Check        string // a rater of kind check that [Store.AddRater] knows
	Verdict      eval.Verdict
	Note         string
}

// SaveCheckRatings stores what checks say, all in one transaction, and counts what is
// new. The same again changes nothing; another verdict, of a check that was changed,
// supersedes the earlier one.
func (s *Store) SaveCheckRatings(ctx context.Context, ratings []CheckRating, now time.Time) (stored int, err error) {
	err = s.write(ctx, func(tx *transaction) error {
		for _, rating := range ratings {
			isNew, err := saveCheckRating(ctx, tx, rating, now)
			if err != nil {
				return err
			}
			if isNew {
				stored++
			}
		}
		return nil
	})
	return stored, err
}

func saveCheckRating(ctx context.Context, tx *transaction, rating CheckRating, now time.Time) (stored bool, err error) {
	var rater int64
	if err := tx.GetContext(ctx, &rater, `SELECT id FROM raters WHERE name = ? AND kind = 'check'`, rating.Check); err != nil {
		return false, fmt.Errorf("check %q: %w", rating.Check, notFound(err))
	}
	var last struct {
		ID      int64        `db:"id"`
		Verdict eval.Verdict `db:"verdict"`
		Note    string       `db:"note"`
	}
	err = tx.GetContext(ctx, &last, `
SELECT id, verdict, note FROM ratings WHERE rater_id = ? AND comparison_id = ? AND first = '' ORDER BY id DESC LIMIT 1`, rater, rating.ComparisonID)
	var supersedes *int64
	switch {
	case errors.Is(notFound(err), eval.ErrNotFound):
	case err != nil:
		return false, err
	case last.Verdict == rating.Verdict && last.Note == rating.Note:
		return false, nil
	default:
		supersedes = &last.ID
	}
	_, err = insertMachineRating(ctx, tx, machineRating{
		comparison: rating.ComparisonID, rater: rater, supersedes: supersedes, verdict: rating.Verdict, note: rating.Note,
	}, now)
	return err == nil, err
}
