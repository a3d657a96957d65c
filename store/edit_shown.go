package store

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"math"
	"slices"
	"time"

	"modeltrial/audit"
	"modeltrial/eval"
)

// openEdits selects the tasks of which rater ?1 has neither been shown a single answer
// nor edited one elsewhere, and that fewer than ?2 people edited, those who have had one
// before them since ?3 included. A task is open once its comparisons are: the control
// and a candidate have answered.
const openEdits = `
FROM batch_tasks b
WHERE EXISTS (
    SELECT 1 FROM comparisons c
    JOIN responses x ON x.task_id = c.task_id AND x.arm = c.arm_a
    JOIN responses y ON y.task_id = c.task_id AND y.arm = c.arm_b
    WHERE c.task_id = b.task_id)
  AND NOT EXISTS (SELECT 1 FROM edit_presentations p WHERE p.task_id = b.task_id AND p.rater_id = ?1)
  AND NOT EXISTS (SELECT 1 FROM post_edits e WHERE e.task_id = b.task_id AND e.rater_id = ?1)
  AND (SELECT count(DISTINCT e.rater_id) FROM post_edits e WHERE e.task_id = b.task_id AND e.outcome <> 'skipped')
    + (SELECT count(*) FROM edit_presentations p WHERE p.task_id = b.task_id AND p.presented_at > ?3
         AND NOT EXISTS (SELECT 1 FROM post_edits e WHERE e.presentation_id = p.id)) < ?2`

// NextEdit gives the answer that a person is to edit next and stores which it is before
// it is shown: the same one again if the last was not sent. Earlier weeks come first,
// then tasks whose answers the person has not compared, then those with the fewest
// editors; a task has as many as the protocol asks ratings of a comparison. draw is given
// how often the person was shown each arm that answered, in the category, and gives the
// index of one. eval.ErrNotFound when nothing is left.
func (s *Store) NextEdit(ctx context.Context, rater eval.Rater, draw func(shown []int) int, now time.Time) (eval.EditPresentation, error) {
	locked, err := s.Locked(ctx)
	if err != nil {
		return eval.EditPresentation{}, err
	}
	var id string
	err = s.write(ctx, func(tx *transaction) error {
		err := tx.GetContext(ctx, &id, `
SELECT p.id FROM edit_presentations p
WHERE p.rater_id = ? AND NOT EXISTS (SELECT 1 FROM post_edits e WHERE e.presentation_id = p.id) AND NOT EXISTS (`+openRevision+`)
ORDER BY p.presented_at, p.id LIMIT 1`, rater.ID)
		if err == nil {
			_, err = tx.ExecContext(ctx, `
UPDATE revisions SET shown_at = ? WHERE presentation_id = ? AND response IS NOT NULL AND shown_at IS NULL`, now.UnixMicro(), id)
			return err
		}
		if !errors.Is(notFound(err), eval.ErrNotFound) {
			return err
		}
		var next struct {
			TaskID   string         `db:"task_id"`
			Category audit.Category `db:"category"`
		}
		err = tx.GetContext(ctx, &next, `SELECT b.task_id, b.category `+openEdits+`
ORDER BY b.week,
    EXISTS (SELECT 1 FROM presentations p JOIN comparisons c ON c.id = p.comparison_id WHERE c.task_id = b.task_id AND p.rater_id = ?1),
    (SELECT count(DISTINCT e.rater_id) FROM post_edits e WHERE e.task_id = b.task_id), b.task_id LIMIT 1`,
			rater.ID, locked.Protocol.RatingsPerComparison, now.Add(-abandonedAfter).UnixMicro())
		if err != nil {
			return notFound(err)
		}
		arm, err := drawArm(ctx, tx, armsOf(locked.Protocol, next.Category), next.TaskID, next.Category, rater, draw)
		if err != nil {
			return err
		}
		id = rand.Text()
		_, err = tx.ExecContext(ctx, `
INSERT INTO edit_presentations (id, task_id, rater_id, arm, presented_at) VALUES (?, ?, ?, ?, ?)`,
			id, next.TaskID, rater.ID, arm, now.UnixMicro())
		return err
	})
	if err != nil {
		return eval.EditPresentation{}, fmt.Errorf("next answer to edit: %w", err)
	}
	return s.EditPresentation(ctx, rater, id)
}

// drawArm draws one of the arms that have answered a task.
func drawArm(ctx context.Context, tx *transaction, arms []string, taskID string, category audit.Category, rater eval.Rater, draw func(shown []int) int) (string, error) {
	var counts []struct {
		Arm   string `db:"arm"`
		Shown int    `db:"shown"`
	}
	err := tx.SelectContext(ctx, &counts, `
SELECT r.arm, (SELECT count(*) FROM edit_presentations p JOIN batch_tasks b ON b.task_id = p.task_id
    WHERE p.arm = r.arm AND p.rater_id = ? AND b.category = ?) AS shown
FROM responses r WHERE r.task_id = ? ORDER BY r.arm`, rater.ID, category, taskID)
	if err != nil {
		return "", err
	}
	var answered []string
	var shown []int
	for _, row := range counts {
		if slices.Contains(arms, row.Arm) {
			answered, shown = append(answered, row.Arm), append(shown, row.Shown)
		}
	}
	if len(answered) == 0 {
		return "", fmt.Errorf("task %q: no arm of the protocol has answered it", taskID)
	}
	return answered[draw(shown)], nil
}

// EditPresentation reads one single answer shown to this person; eval.ErrNotFound for
// another's.
func (s *Store) EditPresentation(ctx context.Context, rater eval.Rater, id string) (eval.EditPresentation, error) {
	var row struct {
		TaskID      string `db:"task_id"`
		Answer      string `db:"response"`
		PresentedAt int64  `db:"presented_at"`
	}
	err := s.reader.GetContext(ctx, &row, `
SELECT p.task_id, p.presented_at, r.response
FROM edit_presentations p JOIN responses r ON r.task_id = p.task_id AND r.arm = p.arm
WHERE p.id = ? AND p.rater_id = ?`, id, rater.ID)
	if err != nil {
		return eval.EditPresentation{}, fmt.Errorf("answer %q: %w", id, notFound(err))
	}
	task, err := s.Task(ctx, row.TaskID)
	if err != nil {
		return eval.EditPresentation{}, err
	}
	shown := eval.EditPresentation{
		ID: id, TaskID: row.TaskID, System: task.System, Conversation: task.Conversation, Prompt: task.Prompt,
		Answer: row.Answer, PresentedAt: time.UnixMicro(row.PresentedAt).UTC(),
	}
	var revision shownRevision
	if err := s.reader.GetContext(ctx, &revision, selectShownRevision, id); err != nil {
		return shown, fmt.Errorf("revisions of answer %q: %w", id, err)
	}
	shown.Rounds, shown.Revision = revision.Rounds, revision.state()
	if revision.Remark != nil {
		shown.Remark = *revision.Remark
	}
	if revision.Answer != nil {
		shown.Answer = *revision.Answer
	}
	if revision.ShownAt != nil {
		shown.PresentedAt = time.UnixMicro(*revision.ShownAt).UTC()
	}
	var last postEditRow
	err = s.reader.GetContext(ctx, &last, selectPostEdits+` WHERE e.presentation_id = ? ORDER BY e.id DESC LIMIT 1`, id)
	switch {
	case errors.Is(notFound(err), eval.ErrNotFound):
		return shown, nil
	case err != nil:
		return shown, fmt.Errorf("last edit of answer %q: %w", id, err)
	}
	edit := last.postEdit()
	edit.Arm = "" // a page made of this knows no arm
	shown.Last = &edit
	return shown, nil
}

// LastEdit is the answer that a person sent last, skipped ones included;
// eval.ErrNotFound where there is none.
func (s *Store) LastEdit(ctx context.Context, rater eval.Rater) (eval.EditPresentation, error) {
	var id string
	err := s.reader.GetContext(ctx, &id, `
SELECT presentation_id FROM post_edits WHERE rater_id = ? AND presentation_id IS NOT NULL ORDER BY id DESC LIMIT 1`, rater.ID)
	if err != nil {
		return eval.EditPresentation{}, fmt.Errorf("last edited answer: %w", notFound(err))
	}
	return s.EditPresentation(ctx, rater, id)
}

// EditProgress counts the answers that a person has edited, skipped ones left out, and
// those still open to this person, those that wait for a new answer left out, and gives
// the median seconds of an edit (0 where none is known).
func (s *Store) EditProgress(ctx context.Context, rater eval.Rater) (done, open int, medianSeconds float64, err error) {
	locked, err := s.Locked(ctx)
	if err != nil {
		return 0, 0, 0, err
	}
	var seconds []*float64
	err = s.reader.SelectContext(ctx, &seconds, `
SELECT e.seconds FROM post_edits e
WHERE e.rater_id = ? AND e.outcome <> 'skipped' AND NOT EXISTS (`+laterEdit+`) ORDER BY e.seconds`, rater.ID)
	if err != nil {
		return 0, 0, 0, err
	}
	done = len(seconds)
	known := slices.DeleteFunc(seconds, func(s *float64) bool { return s == nil })
	if n := len(known); n > 0 {
		medianSeconds = (*known[(n-1)/2] + *known[n/2]) / 2
	}
	err = s.reader.GetContext(ctx, &open, `SELECT count(*) `+openEdits, rater.ID, locked.Protocol.RatingsPerComparison, int64(math.MaxInt64))
	if err != nil {
		return 0, 0, 0, err
	}
	var waiting int
	err = s.reader.GetContext(ctx, &waiting, `
SELECT count(*) FROM edit_presentations p
WHERE p.rater_id = ? AND NOT EXISTS (SELECT 1 FROM post_edits e WHERE e.presentation_id = p.id) AND NOT EXISTS (`+openRevision+`)`, rater.ID)
	return done, open + waiting, medianSeconds, err
}
