package store

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"modeltrial/audit"
	"modeltrial/eval"
)

// A MaskCheck looks at the two answers to a task: how many places masking hides in
// each, what it cannot mend, and how they are formatted. It fills in those fields alone.
type MaskCheck func(task, a, b string) eval.ComparisonCheck

// CheckComparisons looks at the answers of every comparison that was not looked at under
// the locked protocol, and notes which are left out by its rule on flagged answers.
func (s *Store) CheckComparisons(ctx context.Context, check MaskCheck, now time.Time) error {
	locked, err := s.Locked(ctx)
	if err != nil {
		return err
	}
	const atOnce = 200 // texts in memory at a time
	// By task, for those that stand together are read together: ids are in no order.
	for last := (checkedTexts{}); ; {
		var rows []checkedTexts
		err := s.reader.SelectContext(ctx, &rows, `
SELECT c.id, c.task_id, c.arm_a, c.arm_b, t.system_prompt, t.conversation, t.prompt, a.response AS text_a, b.response AS text_b
FROM comparisons c
JOIN tasks t ON t.id = c.task_id
JOIN responses a ON a.task_id = c.task_id AND a.arm = c.arm_a
JOIN responses b ON b.task_id = c.task_id AND b.arm = c.arm_b
WHERE NOT EXISTS (SELECT 1 FROM comparison_checks k WHERE k.comparison_id = c.id AND k.protocol_version = ?)
  AND (c.task_id, c.arm_a, c.arm_b) > (?, ?, ?)
ORDER BY c.task_id, c.arm_a, c.arm_b LIMIT ?`, locked.Version, last.TaskID, last.ArmA, last.ArmB, atOnce)
		if err != nil {
			return fmt.Errorf("answers to check: %w", err)
		}
		if len(rows) == 0 {
			return nil
		}
		if err := s.saveChecks(ctx, locked, rows, check, now); err != nil {
			return fmt.Errorf("check answers: %w", err)
		}
		last = rows[len(rows)-1]
	}
}

// checkedTexts are what a check of a comparison reads.
type checkedTexts struct {
	ID           string `db:"id"`
	TaskID       string `db:"task_id"`
	ArmA         string `db:"arm_a"`
	ArmB         string `db:"arm_b"`
	System       string `db:"system_prompt"`
	Conversation string `db:"conversation"`
	Prompt       string `db:"prompt"`
	TextA        string `db:"text_a"`
	TextB        string `db:"text_b"`
}

// task is all that a rater sees of the task.
func (c checkedTexts) task() (string, error) {
	var turns []audit.Message
	if c.Conversation != "" {
		if err := json.Unmarshal([]byte(c.Conversation), &turns); err != nil {
			return "", fmt.Errorf("conversation of comparison %q: %w", c.ID, err)
		}
	}
	return eval.TaskText(c.System, turns, c.Prompt), nil
}

func (s *Store) saveChecks(ctx context.Context, locked eval.LockedProtocol, rows []checkedTexts, check MaskCheck, now time.Time) error {
	type checked struct {
		eval.ComparisonCheck
		flags, traitsA, traitsB string
	}
	var made []checked // before the transaction: others write meanwhile
	for _, row := range rows {
		task, err := row.task()
		if err != nil {
			return err
		}
		c := checked{ComparisonCheck: check(task, row.TextA, row.TextB)}
		c.ComparisonID = row.ID
		c.Excluded = len(c.Flags) > 0 && locked.Protocol.FlaggedAnswers == eval.ExcludeFlagged
		for text, list := range map[*string]any{
			&c.flags: append([]eval.AnswerFlag{}, c.Flags...), &c.traitsA: append([]string{}, c.TraitsA...), &c.traitsB: append([]string{}, c.TraitsB...),
		} {
			encoded, err := json.Marshal(list)
			if err != nil {
				return err
			}
			*text = string(encoded)
		}
		made = append(made, c)
	}
	return s.write(ctx, func(tx *transaction) error {
		for _, c := range made {
			_, err := tx.ExecContext(ctx, `
INSERT INTO comparison_checks (comparison_id, protocol_version, masks_a, masks_b, flags, traits_a, traits_b, excluded, checked_at) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)
ON CONFLICT (comparison_id) DO UPDATE SET protocol_version = excluded.protocol_version, masks_a = excluded.masks_a, masks_b = excluded.masks_b,
    flags = excluded.flags, traits_a = excluded.traits_a, traits_b = excluded.traits_b, excluded = excluded.excluded, checked_at = excluded.checked_at`,
				c.ComparisonID, locked.Version, c.MasksA, c.MasksB, c.flags, c.traitsA, c.traitsB, c.Excluded, now.UnixMicro())
			if err != nil {
				return err
			}
		}
		return nil
	})
}

// ComparisonChecks are those made so far; weeks after throughWeek are left out unless it
// is 0.
func (s *Store) ComparisonChecks(ctx context.Context, throughWeek int) ([]eval.ComparisonCheck, error) {
	type checkRow struct {
		ID       string         `db:"id"`
		TaskID   string         `db:"task_id"`
		Category audit.Category `db:"category"`
		Week     int            `db:"week"`
		ArmA     string         `db:"arm_a"`
		ArmB     string         `db:"arm_b"`
		MasksA   int            `db:"masks_a"`
		MasksB   int            `db:"masks_b"`
		Flags    string         `db:"flags"`
		TraitsA  string         `db:"traits_a"`
		TraitsB  string         `db:"traits_b"`
		Excluded bool           `db:"excluded"`
	}
	var checks []eval.ComparisonCheck
	err := each(ctx, s, "checked comparisons", func(r checkRow) error {
		check := eval.ComparisonCheck{
			ComparisonID: r.ID, TaskID: r.TaskID, Category: r.Category, Week: r.Week, ArmA: r.ArmA, ArmB: r.ArmB,
			MasksA: r.MasksA, MasksB: r.MasksB, Excluded: r.Excluded,
		}
		err := errors.Join(json.Unmarshal([]byte(r.Flags), &check.Flags), json.Unmarshal([]byte(r.TraitsA), &check.TraitsA), json.Unmarshal([]byte(r.TraitsB), &check.TraitsB))
		if err != nil {
			return fmt.Errorf("check of comparison %q: %w", r.ID, err)
		}
		checks = append(checks, check)
		return nil
	}, `
SELECT c.id, c.task_id, b.category, b.week, c.arm_a, c.arm_b, k.masks_a, k.masks_b, k.flags, k.traits_a, k.traits_b, k.excluded
FROM comparison_checks k
JOIN comparisons c ON c.id = k.comparison_id
JOIN batch_tasks b ON b.task_id = c.task_id
WHERE ? = 0 OR b.week <= ?
ORDER BY b.week, b.category, c.task_id, c.arm_b`, throughWeek, throughWeek)
	return checks, err
}
