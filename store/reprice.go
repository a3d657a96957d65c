package store

import (
	"context"
	"fmt"

	"modeltrial/audit"
)

// A CostUpdate is a task's new cost. The tokens are those that it rests on, which may
// have been counted.
type CostUpdate struct {
	Row    int64 // see [Store.EachNotCostedByLog]
	Cost   *audit.NanoUSD
	Source audit.CostSource
	Tokens audit.Tokens
}

// EachNotCostedByLog gives the tasks of which the log says no cost, in the order of
// import: those whose cost was computed or estimated, and those without one.
func (s *Store) EachNotCostedByLog(ctx context.Context, do func(row int64, task audit.Task) error) error {
	return each(ctx, s, "tasks", func(row taskRow) error {
		task, err := row.task()
		if err != nil {
			return err
		}
		return do(row.RowID, task)
	}, `SELECT `+summaryColumns+`, `+textColumns+fromTasks+`
WHERE t.cost_source <> '' OR t.cost_nano_usd IS NULL ORDER BY t.row_id`)
}

// SetCosts stores costs in one transaction: all of them or none. What a log said of a
// cost is never changed.
func (s *Store) SetCosts(ctx context.Context, updates []CostUpdate) error {
	return s.write(ctx, func(tx *transaction) error {
		for _, u := range updates {
			_, err := tx.ExecContext(ctx, `
UPDATE tasks SET cost_nano_usd = ?, cost_source = ?, input_tokens = ?, output_tokens = ?
WHERE row_id = ? AND (cost_source <> '' OR cost_nano_usd IS NULL)`, u.Cost, u.Source, u.Tokens.Input, u.Tokens.Output, u.Row)
			if err != nil {
				return fmt.Errorf("store the cost of task %d: %w", u.Row, err)
			}
		}
		return nil
	})
}
