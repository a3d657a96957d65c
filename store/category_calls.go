package store

import (
	"context"
	"fmt"
	"time"

	"modeltrial/audit"
	"modeltrial/eval"
)

// UnsureIDs lists the tasks that the local categoriser put into a category with a
// probability under a threshold, in the order of import.
func (s *Store) UnsureIDs(ctx context.Context, threshold float64) (ids []string, err error) {
	err = s.reader.SelectContext(ctx, &ids, `
SELECT id FROM tasks WHERE category_source = 'local' AND category_probability < ? ORDER BY row_id`, threshold)
	if err != nil {
		return nil, fmt.Errorf("read unsure tasks: %w", err)
	}
	return ids, nil
}

// categoryCallSum is what calls to categorise have cost, what those under way may cost,
// and what those that a killed program left may have cost.
const categoryCallSum = `
SELECT coalesce(sum(CASE outcome WHEN 'reserved' THEN reserved_nano_usd ELSE cost_nano_usd END), 0) FROM category_calls`

// CategorySpend is what all calls to categorise have cost so far, at worst where it is
// not known.
func (s *Store) CategorySpend(ctx context.Context) (spend audit.NanoUSD, err error) {
	err = s.reader.GetContext(ctx, &spend, categoryCallSum)
	return spend, err
}

// A CategoryCall is one call that categorises a task by a model.
type CategoryCall struct {
	TaskID    string
	Model     string
	WorstCase audit.NanoUSD
}

// ReserveCategoryCall sets a call's worst case aside before it is made. It returns
// eval.ErrBudgetExhausted where everything spent and reserved plus the worst case
// would exceed budget, and eval.ErrClaimed where a person, the log or a model has
// categorised the task meanwhile, or another run asks about it until its claim runs
// out.
func (s *Store) ReserveCategoryCall(ctx context.Context, call CategoryCall, budget audit.NanoUSD, now, until time.Time) error {
	return s.write(ctx, func(tx *transaction) error {
		var open bool
		err := tx.GetContext(ctx, &open, `
SELECT EXISTS (SELECT 1 FROM tasks WHERE id = ? AND category_source IN ('', 'local'))
    AND NOT EXISTS (SELECT 1 FROM category_calls WHERE task_id = ? AND outcome = 'reserved' AND claimed_until > ?)`,
			call.TaskID, call.TaskID, now.UnixMicro())
		if err != nil {
			return err
		}
		if !open {
			return fmt.Errorf("task %q: %w", call.TaskID, eval.ErrClaimed)
		}
		var committed audit.NanoUSD
		if err := tx.GetContext(ctx, &committed, categoryCallSum); err != nil {
			return err
		}
		if call.WorstCase > 0 && committed+call.WorstCase > budget {
			return fmt.Errorf("task %q: %s spent or reserved, worst case of this call %s, cap %s: %w",
				call.TaskID, committed, call.WorstCase, budget, eval.ErrBudgetExhausted)
		}
		_, err = tx.ExecContext(ctx, `
INSERT INTO category_calls (task_id, model, outcome, claimed_until, reserved_nano_usd, cost_nano_usd, reason, called_at)
VALUES (?, ?, 'reserved', ?, ?, 0, '', ?)`, call.TaskID, call.Model, until.UnixMicro(), call.WorstCase, now.UnixMicro())
		return err
	})
}

// SaveModelCategory ends a call with the category that the model gave. A person's or
// the log's word that came meanwhile stays; the cost is kept all the same.
func (s *Store) SaveModelCategory(ctx context.Context, taskID string, category audit.Category, cost audit.NanoUSD) error {
	return s.keep(ctx, func(tx *transaction) error {
		if err := endCategoryCall(ctx, tx, taskID, "categorised", cost, ""); err != nil {
			return err
		}
		_, err := tx.ExecContext(ctx, `
UPDATE tasks SET category = ?, category_source = 'model', category_probability = 1
WHERE id = ? AND category_source NOT IN ('review', 'log')`, category, taskID)
		return err
	})
}

// FailCategoryCall ends a call that gave no category.
func (s *Store) FailCategoryCall(ctx context.Context, taskID string, cost audit.NanoUSD, reason string) error {
	return s.keep(ctx, func(tx *transaction) error { return endCategoryCall(ctx, tx, taskID, "failed", cost, reason) })
}

// endCategoryCall ends the newest call about a task: an older one that is still
// reserved is that of a program that was killed, and may have been billed.
func endCategoryCall(ctx context.Context, tx *transaction, taskID, outcome string, cost audit.NanoUSD, reason string) error {
	_, err := tx.ExecContext(ctx, `
UPDATE category_calls SET outcome = ?, cost_nano_usd = ?, reason = ?
WHERE id = (SELECT max(id) FROM category_calls WHERE task_id = ?) AND outcome = 'reserved'`, outcome, cost, reason, taskID)
	if err != nil {
		return fmt.Errorf("store category call of task %q: %w", taskID, err)
	}
	return nil
}
