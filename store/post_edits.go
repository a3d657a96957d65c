package store

import (
	"context"
	"errors"
	"fmt"
	"time"

	"modeltrial/audit"
	"modeltrial/eval"
)

// AddEdit stores durably what a person made of an answer before it returns. A later edit
// of the same answer supersedes the earlier one and adds its seconds to those; the same
// outcome and text again change nothing. The new answers that were asked for before are
// counted, and the seconds until each was asked for with those of the edit. eval.ErrNotFound for an answer that was not
// shown to this person.
func (s *Store) AddEdit(ctx context.Context, rater eval.Rater, presentationID string, made eval.EditMade, now time.Time) error {
	return s.write(ctx, func(tx *transaction) error {
		var shown struct {
			TaskID string `db:"task_id"`
			Arm    string `db:"arm"`
		}
		err := tx.GetContext(ctx, &shown, `SELECT task_id, arm FROM edit_presentations WHERE id = ? AND rater_id = ?`, presentationID, rater.ID)
		if err != nil {
			return fmt.Errorf("answer %q: %w", presentationID, notFound(err))
		}
		edit := eval.PostEdit{
			TaskID: shown.TaskID, Arm: shown.Arm, Outcome: made.Outcome, Seconds: made.Seconds, Timing: made.Timing, EditedAt: now,
		}
		switch made.Outcome {
		case eval.Edited:
			edit.Text = made.Text
			edit.WordsBefore, edit.WordsAfter, edit.WordsKept = &made.Words.Before, &made.Words.After, new(made.Words.Kept())
		case eval.Unusable:
			edit.WordsKept = new(0.0)
		}
		last, err := lastEdit(ctx, tx, rater.ID, shown.TaskID, shown.Arm)
		if err != nil {
			return err
		}
		if last != nil {
			if last.Outcome == edit.Outcome && last.Text == edit.Text {
				return nil
			}
			edit.Seconds, edit.Timing = addSeconds(*last, edit)
		}
		var revision shownRevision
		if err := tx.GetContext(ctx, &revision, selectShownRevision, presentationID); err != nil {
			return fmt.Errorf("revisions of answer %q: %w", presentationID, err)
		}
		edit.Rounds = revision.Rounds
		if last == nil && revision.Asked > 0 {
			edit.Seconds, edit.Timing = addSeconds(revision.spent(), edit)
		}
		return insertEdit(ctx, tx, rater.ID, edit, &presentationID, nil)
	})
}

// addSeconds are those of both edits; not known where those of one are not.
func addSeconds(last, next eval.PostEdit) (*float64, eval.EditTiming) {
	if last.Seconds == nil || next.Seconds == nil {
		return nil, eval.NotTimed
	}
	timing := eval.TimedActive
	if last.Timing == eval.TimedElapsed || next.Timing == eval.TimedElapsed {
		timing = eval.TimedElapsed
	}
	return new(*last.Seconds + *next.Seconds), timing
}

// lastEdit is what a person made last of an arm's answer; nil where nothing.
func lastEdit(ctx context.Context, tx *transaction, rater int64, task, arm string) (*eval.PostEdit, error) {
	var row postEditRow
	err := tx.GetContext(ctx, &row, selectPostEdits+` WHERE e.rater_id = ? AND e.task_id = ? AND e.arm = ? ORDER BY e.id DESC LIMIT 1`, rater, task, arm)
	if errors.Is(notFound(err), eval.ErrNotFound) {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("earlier edit of task %q: %w", task, err)
	}
	edit := row.postEdit()
	return &edit, nil
}

func insertEdit(ctx context.Context, tx *transaction, rater int64, edit eval.PostEdit, presentation *string, file *int64) error {
	var text *string
	if edit.Text != "" || (edit.Outcome == eval.Edited && edit.WordsAfter != nil) {
		text = &edit.Text
	}
	_, err := tx.ExecContext(ctx, `
INSERT INTO post_edits (task_id, rater_id, arm, presentation_id, file_id, outcome, edited_text, seconds, timing,
    words_before, words_after, words_kept, rounds, edited_at)
VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`,
		edit.TaskID, rater, edit.Arm, presentation, file, edit.Outcome, text, edit.Seconds, edit.Timing,
		edit.WordsBefore, edit.WordsAfter, edit.WordsKept, edit.Rounds, edit.EditedAt.UnixMicro())
	if err != nil {
		return fmt.Errorf("store edit of task %q: %w", edit.TaskID, err)
	}
	return nil
}

// ImportEdits stores edits made elsewhere under the locked protocol, all that read gives
// to take in one transaction, or after an error none. take reports false for an edit
// that is there already, and an [*audit.RowError] without a place for one that the
// protocol has no room for; another edit by the same person of the same answer
// supersedes the earlier one. Where the answer is stored, the words of an edited text
// are compared with it; where it is not, the words stay unknown unless the file says them.
func (s *Store) ImportEdits(ctx context.Context, path string, now time.Time, read func(take func(eval.PostEdit) (stored bool, err error)) (ImportedFile, error)) error {
	locked, err := s.Locked(ctx)
	if err != nil {
		return err
	}
	return s.importFile(ctx, path, "edits", now, func(tx *transaction, fileID int64) (ImportedFile, error) {
		i := &editImport{tx: tx, protocol: locked.Protocol, fileID: fileID, now: now, raters: map[string]int64{}}
		return read(func(edit eval.PostEdit) (bool, error) { return i.add(ctx, edit) })
	})
}

// An editImport remembers the raters it has looked up.
type editImport struct {
	tx       *transaction
	protocol eval.Protocol
	fileID   int64
	now      time.Time
	raters   map[string]int64
}

func (i *editImport) add(ctx context.Context, edit eval.PostEdit) (stored bool, err error) {
	if _, ok := i.protocol.Arm(edit.Arm); !ok {
		return false, unknownArm("arm", edit.Arm, i.protocol)
	}
	category, err := plannedCategory(ctx, i.tx, i.protocol, edit.TaskID, edit.Arm)
	if err != nil {
		return false, err
	}
	rater, known := i.raters[edit.Rater]
	if !known {
		rater, err = ensureRater(ctx, i.tx, eval.Rater{Name: edit.Rater, Kind: eval.Human}, i.now)
		if errors.Is(err, errOtherKind) {
			return false, &audit.RowError{Field: "rater", Msg: err.Error()}
		}
		if err != nil {
			return false, err
		}
		i.raters[edit.Rater] = rater
	}
	week := max(edit.Week, 1)
	if err := ensureBatch(ctx, i.tx, week, i.now); err != nil {
		return false, err
	}
	_, err = i.tx.ExecContext(ctx, `
INSERT INTO batch_tasks (task_id, week, category, came_by) VALUES (?, ?, ?, 'rating') ON CONFLICT (task_id) DO NOTHING`, edit.TaskID, week, category)
	if err != nil {
		return false, err
	}
	if edit.Outcome == eval.Edited && edit.Text != "" && edit.WordsKept == nil {
		if err := i.compare(ctx, &edit); err != nil {
			return false, err
		}
	}
	if there, err := i.isThere(ctx, rater, edit); err != nil || there {
		return false, err
	}
	if edit.EditedAt.IsZero() {
		edit.EditedAt = i.now
	}
	return true, insertEdit(ctx, i.tx, rater, edit, nil, &i.fileID)
}

// compare counts the words of an edited text against the stored answer.
func (i *editImport) compare(ctx context.Context, edit *eval.PostEdit) error {
	var answer string
	err := i.tx.GetContext(ctx, &answer, `SELECT response FROM responses WHERE task_id = ? AND arm = ?`, edit.TaskID, edit.Arm)
	if errors.Is(notFound(err), eval.ErrNotFound) {
		return nil
	}
	if err != nil {
		return fmt.Errorf("answer of %q to task %q: %w", edit.Arm, edit.TaskID, err)
	}
	words := eval.CompareWords(answer, edit.Text)
	edit.WordsBefore, edit.WordsAfter, edit.WordsKept = &words.Before, &words.After, new(words.Kept())
	return nil
}

// isThere says whether an edit was imported before. Superseded edits count too, or
// importing an old file again would undo a later one.
func (i *editImport) isThere(ctx context.Context, rater int64, edit eval.PostEdit) (there bool, err error) {
	err = i.tx.GetContext(ctx, &there, `
SELECT EXISTS (SELECT 1 FROM post_edits
WHERE rater_id = ? AND task_id = ? AND arm = ? AND outcome = ? AND coalesce(edited_text, '') = ? AND seconds IS NOT DISTINCT FROM ? AND rounds = ?
    AND (words_kept IS NOT DISTINCT FROM ? OR edited_text IS NOT NULL) AND (? = 0 OR edited_at / 1000000 = ?))`,
		rater, edit.TaskID, edit.Arm, edit.Outcome, edit.Text, edit.Seconds, edit.Rounds,
		edit.WordsKept, !edit.EditedAt.IsZero(), edit.EditedAt.Unix())
	if err != nil {
		return false, fmt.Errorf("earlier edits of task %q: %w", edit.TaskID, err)
	}
	return there, nil
}

// postEditRow is an edit as analysis and export read it.
type postEditRow struct {
	TaskID      string           `db:"task_id"`
	Category    audit.Category   `db:"category"`
	Cluster     string           `db:"cluster"`
	Week        int              `db:"week"`
	Arm         string           `db:"arm"`
	Rater       string           `db:"rater"`
	Outcome     eval.EditOutcome `db:"outcome"`
	Text        string           `db:"edited_text"`
	Seconds     *float64         `db:"seconds"`
	Timing      eval.EditTiming  `db:"timing"`
	WordsBefore *int             `db:"words_before"`
	WordsAfter  *int             `db:"words_after"`
	WordsKept   *float64         `db:"words_kept"`
	Rounds      int              `db:"rounds"`
	EditedAt    int64            `db:"edited_at"`
}

func (r postEditRow) postEdit() eval.PostEdit {
	return eval.PostEdit{
		TaskID: r.TaskID, Category: r.Category, Cluster: r.Cluster, Week: r.Week, Arm: r.Arm, Rater: r.Rater,
		Outcome: r.Outcome, Text: r.Text, Seconds: r.Seconds, Timing: r.Timing,
		WordsBefore: r.WordsBefore, WordsAfter: r.WordsAfter, WordsKept: r.WordsKept, Rounds: r.Rounds,
		EditedAt: time.UnixMicro(r.EditedAt).UTC(),
	}
}

const (
	selectPostEdits = `
SELECT e.task_id, b.category, t.cluster, b.week, e.arm, h.name AS rater, e.outcome, coalesce(e.edited_text, '') AS edited_text,
    e.seconds, e.timing, e.words_before, e.words_after, e.words_kept, e.rounds, e.edited_at
FROM post_edits e
JOIN raters h ON h.id = e.rater_id
JOIN batch_tasks b ON b.task_id = e.task_id
JOIN tasks t ON t.id = e.task_id`
	// laterEdit selects what supersedes an edit e.
	laterEdit = `SELECT 1 FROM post_edits n WHERE n.rater_id = e.rater_id AND n.task_id = e.task_id AND n.arm = e.arm AND n.id > e.id`
)

// EachPostEdit gives the edits that count with their texts, in the order in which they
// were made; skipped answers, and weeks after throughWeek unless it is 0, are left out.
func (s *Store) EachPostEdit(ctx context.Context, throughWeek int, do func(eval.PostEdit) error) error {
	return each(ctx, s, "post-edits", func(r postEditRow) error { return do(r.postEdit()) }, selectPostEdits+`
WHERE (? = 0 OR b.week <= ?) AND e.outcome <> 'skipped' AND NOT EXISTS (`+laterEdit+`)
ORDER BY e.id`, throughWeek, throughWeek)
}
