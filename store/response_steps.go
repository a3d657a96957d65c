package store

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"time"

	"modeltrial/audit"
	"modeltrial/eval"
)

// stepsSpent is what calls cost that are a part of an answer and not in the cost of a
// stored response: steps of answers that are not whole yet, and repeats.
const stepsSpent = `(SELECT coalesce(sum(cost_nano_usd), 0) FROM response_steps WHERE counted = 1 AND origin = 'measured')`

// stepColumns are those of a row of response_steps r as stepRow reads them.
const stepColumns = `r.task_id, r.arm, r.repeat, r.step, r.response, r.input_tokens, r.cached_tokens, r.cache_write_tokens, r.output_tokens,
    r.reasoning_tokens, r.cost_nano_usd, r.ttft_ms, r.latency_ms, r.model_served, r.fingerprint, r.finish_reason, r.attempts, r.origin`

// stepRow is a call as it is stored.
type stepRow struct {
	responseRow
	Repeat int `db:"repeat"`
	Step   int `db:"step"`
}

func (r stepRow) step() eval.ResponseStep {
	return eval.ResponseStep{Response: r.response(), Repeat: r.Repeat, Step: r.Step}
}

// ResponseSteps are the stored calls that are a part of an arm's answers to a task, by
// repeat and step, and whether the first answer is whole.
func (s *Store) ResponseSteps(ctx context.Context, taskID, arm string) (steps []eval.ResponseStep, answered bool, err error) {
	if err := s.reader.GetContext(ctx, &answered, `SELECT EXISTS (SELECT 1 FROM responses WHERE task_id = ? AND arm = ?)`, taskID, arm); err != nil {
		return nil, false, fmt.Errorf("read response: %w", err)
	}
	var rows []stepRow
	err = s.reader.SelectContext(ctx, &rows, `SELECT `+stepColumns+` FROM response_steps r WHERE r.task_id = ? AND r.arm = ? ORDER BY r.repeat, r.step`, taskID, arm)
	if err != nil {
		return nil, false, fmt.Errorf("read steps: %w", err)
	}
	for _, row := range rows {
		steps = append(steps, row.step())
	}
	return steps, answered, nil
}

// EachResponseStep gives every stored call that is a part of an answer, in a fixed
// order; weeks after throughWeek are left out unless it is 0.
func (s *Store) EachResponseStep(ctx context.Context, throughWeek int, do func(eval.ResponseStep) error) error {
	return each(ctx, s, "response steps", func(row stepRow) error { return do(row.step()) }, `
SELECT `+stepColumns+`, b.week FROM response_steps r JOIN batch_tasks b ON b.task_id = r.task_id
WHERE ? = 0 OR b.week <= ? ORDER BY b.week, r.task_id, r.arm, r.repeat, r.step`, throughWeek, throughWeek)
}

// stepTaken says whether a call of a cell is stored already: of a step, the step, or
// for a first answer that came from elsewhere the answer.
func stepTaken(ctx context.Context, tx *transaction, cell eval.Cell) (taken bool, err error) {
	err = tx.GetContext(ctx, &taken, `
SELECT EXISTS (SELECT 1 FROM response_steps WHERE task_id = ?1 AND arm = ?2 AND repeat = ?3 AND step = ?4)
    OR ?3 = 1 AND EXISTS (SELECT 1 FROM responses WHERE task_id = ?1 AND arm = ?2)`, cell.TaskID, cell.Arm, cell.Repeat, cell.Step)
	return taken, err
}

// stepsOf is how many steps an arm of the locked protocol has.
func (s *Store) stepsOf(ctx context.Context, name string) (int, error) {
	locked, err := s.lockedAgain(ctx)
	if err != nil {
		return 0, err
	}
	arm, ok := locked.Protocol.Arm(name)
	if !ok {
		return 0, fmt.Errorf("store step: arm %q is not in the locked protocol", name)
	}
	return len(arm.Steps), nil
}

// saveStep stores a call that is a part of an answer and says whether it was the first to
// come. With the last of the arm's steps of the first repeat the whole answer is stored
// as well.
func saveStep(ctx context.Context, tx *transaction, cell eval.Cell, steps int, response eval.Response, now time.Time) (stored bool, err error) {
	stored, err = insertStep(ctx, tx, cell, response, now)
	if err == nil && stored && cell.Repeat == 1 && cell.Step == steps {
		err = finishSteps(ctx, tx, cell, now)
	}
	return stored, err
}

func insertStep(ctx context.Context, tx *transaction, cell eval.Cell, r eval.Response, now time.Time) (stored bool, err error) {
	hash := sha256.Sum256([]byte(r.Text))
	result, err := tx.ExecContext(ctx, `
INSERT INTO response_steps (task_id, arm, repeat, step, response, response_sha256, input_tokens, cached_tokens, cache_write_tokens,
    output_tokens, reasoning_tokens, cost_nano_usd, ttft_ms, latency_ms, model_served, fingerprint, finish_reason, attempts, origin, counted, stored_at)
VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, 1, ?)
ON CONFLICT DO NOTHING`,
		cell.TaskID, cell.Arm, cell.Repeat, cell.Step, r.Text, hex.EncodeToString(hash[:]), r.Tokens.Input, r.Tokens.Cached, r.Tokens.CacheWrite,
		r.Tokens.Output, r.Tokens.Reasoning, r.Cost, r.TTFTMS, r.LatencyMS, r.ModelServed, r.Fingerprint, r.FinishReason, r.Attempts, r.Origin, now.UnixMicro())
	if err != nil {
		return false, fmt.Errorf("store step %d of %q on task %q: %w", cell.Step, cell.Arm, cell.TaskID, err)
	}
	rows, err := result.RowsAffected()
	return rows == 1, err
}

// finishSteps stores what a pipeline's steps make together. Their cost is then that of
// the response; where it is not known of all of them each still counts for itself.
func finishSteps(ctx context.Context, tx *transaction, cell eval.Cell, now time.Time) error {
	var rows []stepRow
	err := tx.SelectContext(ctx, &rows, `SELECT `+stepColumns+` FROM response_steps r WHERE r.task_id = ? AND r.arm = ? AND r.repeat = 1 ORDER BY r.step`, cell.TaskID, cell.Arm)
	if err != nil {
		return fmt.Errorf("read steps: %w", err)
	}
	steps := make([]eval.ResponseStep, len(rows))
	for i, row := range rows {
		steps[i] = row.step()
	}
	if len(steps) != cell.Step {
		return errors.New("store step: a step before it is missing")
	}
	whole := eval.Whole(steps)
	stored, err := insertResponse(ctx, tx, whole, now)
	if err != nil || !stored || whole.Cost == nil {
		return err
	}
	_, err = tx.ExecContext(ctx, `UPDATE response_steps SET counted = 0 WHERE task_id = ? AND arm = ? AND repeat = 1`, cell.TaskID, cell.Arm)
	return err
}

// reopenRepeats takes the answers out of a page of tasks whose arms still owe some after
// the first: those of arms that were called for the first one.
func (s *Store) reopenRepeats(ctx context.Context, protocol eval.Protocol, page []openTask) error {
	if protocol.Repeats < 2 {
		return nil
	}
	at := make(map[string]int, len(page))
	for i, task := range page {
		at[task.TaskID] = i
	}
	first, last := page[0].batchTask, page[len(page)-1].batchTask
	for _, arm := range protocol.Arms {
		var open []string
		err := s.reader.SelectContext(ctx, &open, `
SELECT a.task_id FROM batch_tasks b JOIN responses a ON a.task_id = b.task_id AND a.arm = ?1
WHERE (b.week, b.category, b.task_id) >= (?5, ?6, ?7) AND (b.week, b.category, b.task_id) <= (?8, ?9, ?10)
  AND a.origin <> 'recorded' AND ?2 > (
    SELECT count(*) FROM response_steps r WHERE r.task_id = a.task_id AND r.arm = a.arm AND r.repeat BETWEEN 2 AND ?3 AND r.step = ?4)`,
			arm.Name, protocol.Repeats-1, protocol.Repeats, len(arm.Calls()),
			first.Week, first.Category, first.TaskID, last.Week, last.Category, last.TaskID)
		if err != nil {
			return fmt.Errorf("read repeats: %w", err)
		}
		for _, task := range open {
			if i, ok := at[task]; ok {
				delete(page[i].answered, arm.Name)
			}
		}
	}
	return nil
}

// A StepStatus is how far one step of an arm is, over all weeks, repeats included.
type StepStatus struct {
	Arm      string        `db:"arm" json:"arm"`
	Step     int           `db:"step" json:"step"` // from 1
	Calls    int           `db:"calls" json:"calls"`
	Again    int           `db:"again" json:"calls_of_repeats"` // of those, for answers after the first
	CostNano audit.NanoUSD `db:"cost" json:"-"`
}

// StepStatus counts the stored calls that are a part of an answer.
func (s *Store) StepStatus(ctx context.Context) (rows []StepStatus, err error) {
	err = s.reader.SelectContext(ctx, &rows, `
SELECT arm, step, count(*) AS calls, count(*) FILTER (WHERE repeat > 1) AS again, coalesce(sum(cost_nano_usd), 0) AS cost
FROM response_steps GROUP BY arm, step ORDER BY arm, step`)
	if err != nil {
		return nil, fmt.Errorf("read steps: %w", err)
	}
	return rows, nil
}

// countedSteps adds what calls cost that are not in the cost of a stored response.
func (s *Store) countedSteps(ctx context.Context, add func(ArmStatus)) error {
	var rows []ArmStatus
	err := s.reader.SelectContext(ctx, &rows, `
SELECT b.week, b.category, r.arm, 0 AS answered, coalesce(sum(r.cost_nano_usd), 0) AS cost
FROM response_steps r JOIN batch_tasks b ON b.task_id = r.task_id WHERE r.counted = 1 GROUP BY b.week, b.category, r.arm`)
	if err != nil {
		return fmt.Errorf("read steps: %w", err)
	}
	for _, row := range rows {
		add(row)
	}
	return nil
}
