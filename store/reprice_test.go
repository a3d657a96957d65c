package store

import (
	"testing"

	"modeltrial/audit"
)

// TestSetCosts changes what was computed or not known, and never what a log says.
func TestSetCosts(t *testing.T) {
	s := newTest(t)
	addTasks(t, s, audit.Coding, 3)
	must(t, s.write(t.Context(), func(tx *transaction) error {
		for _, query := range []string{
			`UPDATE tasks SET cost_nano_usd = 100, cost_source = '' WHERE row_id = 1`,
			`UPDATE tasks SET cost_nano_usd = 200, cost_source = 'computed' WHERE row_id = 2`,
			`UPDATE tasks SET cost_nano_usd = NULL, cost_source = '', input_tokens = NULL WHERE row_id = 3`,
		} {
			if _, err := tx.ExecContext(t.Context(), query); err != nil {
				return err
			}
		}
		return nil
	}))
	var rows []int64
	must(t, s.EachNotCostedByLog(t.Context(), func(row int64, task audit.Task) error {
		rows = append(rows, row)
		if task.Prompt == "" {
			t.Errorf("task %q comes without its text, of which tokens may have to be counted", task.ID)
		}
		return nil
	}))
	if len(rows) != 2 || rows[0] != 2 || rows[1] != 3 {
		t.Fatalf("rows %v, want 2 and 3", rows)
	}
	var updates []CostUpdate
	for row := int64(1); row <= 3; row++ {
		updates = append(updates, CostUpdate{Row: row, Cost: new(audit.NanoUSD(999)), Source: audit.CostEstimated, Tokens: audit.Tokens{Input: new(int64(7)), Output: new(int64(8))}})
	}
	must(t, s.SetCosts(t.Context(), updates))
	if n := count(t, s, `SELECT count(*) FROM tasks WHERE cost_nano_usd = 999 AND cost_source = 'estimated' AND input_tokens = 7 AND output_tokens = 8`); n != 2 {
		t.Errorf("%d tasks have the new cost, want 2", n)
	}
	if n := count(t, s, `SELECT count(*) FROM tasks WHERE cost_nano_usd = 100 AND cost_source = ''`); n != 1 {
		t.Error("the cost that the log states was changed")
	}
}
