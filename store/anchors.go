package store

import (
	"context"

	"modeltrial/audit"
)

// An Anchor is a comparison of the pilot that was rated, with what its raters saw.
type Anchor struct {
	TaskID   string         `db:"task_id"`
	Category audit.Category `db:"category"`
	ArmA     string         `db:"arm_a"` // the control
	ArmB     string         `db:"arm_b"`
	System   string         `db:"system_prompt"`
	Prompt   string         `db:"prompt"`
	AnswerA  string         `db:"answer_a"`
	AnswerB  string         `db:"answer_b"`
}

// AnchorIDs lists the comparisons that were rated and whose answers are kept, by category
// and candidate, in a fixed order; without those that the rule on flagged answers leaves
// out.
func (s *Store) AnchorIDs(ctx context.Context) (ids map[[2]string][]string, err error) {
	ids = map[[2]string][]string{}
	err = each(ctx, s, "anchors", func(row struct {
		ID        string `db:"id"`
		Category  string `db:"category"`
		Candidate string `db:"arm_b"`
	},
	) error {
		key := [2]string{row.Category, row.Candidate}
		ids[key] = append(ids[key], row.ID)
		return nil
	}, `
SELECT c.id, b.category, c.arm_b FROM comparisons c
JOIN batch_tasks b ON b.task_id = c.task_id
JOIN responses x ON x.task_id = c.task_id AND x.arm = c.arm_a
JOIN responses y ON y.task_id = c.task_id AND y.arm = c.arm_b
WHERE EXISTS (SELECT 1 FROM ratings r WHERE r.comparison_id = c.id)
  AND `+counted+`
ORDER BY b.category, c.arm_b, c.task_id`)
	return ids, err
}

// Anchor reads one comparison with its texts.
func (s *Store) Anchor(ctx context.Context, id string) (anchor Anchor, err error) {
	err = s.reader.GetContext(ctx, &anchor, `
SELECT c.task_id, b.category, c.arm_a, c.arm_b, t.system_prompt, t.prompt, x.response AS answer_a, y.response AS answer_b
FROM comparisons c
JOIN batch_tasks b ON b.task_id = c.task_id
JOIN tasks t ON t.id = c.task_id
JOIN responses x ON x.task_id = c.task_id AND x.arm = c.arm_a
JOIN responses y ON y.task_id = c.task_id AND y.arm = c.arm_b
WHERE c.id = ?`, id)
	return anchor, notFound(err)
}
