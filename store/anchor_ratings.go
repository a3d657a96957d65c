package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"time"

	"modeltrial/audit"
	"modeltrial/eval"
)

// ImportAnchorRatings stores ratings of the pilot's comparisons that were given again, all
// that read gives to take in one transaction, or after an error none. take reports false
// for one that is there already, and an [*audit.RowError] without a place for one of a
// comparison that the pilot does not have, and for a rating of the pilot itself.
func (s *Store) ImportAnchorRatings(ctx context.Context, path string, answers eval.Answers, now time.Time, read func(take func(eval.Rating) (stored bool, err error)) (ImportedFile, error)) error {
	locked, err := s.Locked(ctx)
	if err != nil {
		return err
	}
	return s.importFile(ctx, path, "ratings", now, func(tx *transaction, fileID int64) (ImportedFile, error) {
		i := &anchorImport{tx: tx, control: locked.Protocol.Control, fileID: fileID, answers: answers, now: now}
		return read(func(rating eval.Rating) (bool, error) { return i.add(ctx, rating) })
	})
}

type anchorImport struct {
	tx      *transaction
	control string
	fileID  int64
	answers eval.Answers
	now     time.Time
}

func (i *anchorImport) add(ctx context.Context, rating eval.Rating) (stored bool, err error) {
	if rating.ArmB == i.control {
		rating = rating.Flipped()
	}
	if rating.RatedAt.IsZero() {
		rating.RatedAt = i.now
	}
	if err := i.checkComparison(ctx, rating); err != nil {
		return false, err
	}
	var score float64
	err = i.tx.GetContext(ctx, &score, `
SELECT score FROM anchor_ratings
WHERE task_id = ? AND arm_b = ? AND rater = ? AND answers = ? AND round = ? AND first = ? ORDER BY id DESC LIMIT 1`,
		rating.TaskID, rating.ArmB, rating.Rater, i.answers, rating.RoundOf(), rating.First)
	switch {
	case errors.Is(err, sql.ErrNoRows):
	case err != nil:
		return false, fmt.Errorf("earlier ratings of anchor %q: %w", rating.TaskID, err)
	case score == rating.Score:
		return false, nil
	}
	_, err = i.tx.ExecContext(ctx, `
INSERT INTO anchor_ratings (file_id, task_id, arm_a, arm_b, answers, round, rater, kind, simulated, first, score, rated_at)
VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`,
		i.fileID, rating.TaskID, rating.ArmA, rating.ArmB, i.answers, rating.RoundOf(), rating.Rater, rating.Kind, rating.Simulated,
		rating.First, rating.Score, rating.RatedAt.UnixMicro())
	if err != nil {
		return false, fmt.Errorf("store rating of anchor %q by %q: %w", rating.TaskID, rating.Rater, err)
	}
	return true, nil
}

// checkComparison refuses what is no anchor, and what the pilot holds already: a file of
// the pilot's own ratings would show that nothing has changed, whatever has.
func (i *anchorImport) checkComparison(ctx context.Context, rating eval.Rating) error {
	var known int
	err := i.tx.GetContext(ctx, &known, `SELECT count(*) FROM comparisons WHERE task_id = ? AND arm_a = ? AND arm_b = ?`, rating.TaskID, rating.ArmA, rating.ArmB)
	if err != nil {
		return fmt.Errorf("look up anchor %q: %w", rating.TaskID, err)
	}
	if known == 0 {
		return &audit.RowError{Field: "task_id", Msg: fmt.Sprintf("the pilot has no comparison of %q and %q on task %q; anchors are comparisons of the pilot", rating.ArmA, rating.ArmB, rating.TaskID)}
	}
	var last sql.NullInt64
	err = i.tx.GetContext(ctx, &last, `
SELECT max(r.rated_at) FROM ratings r JOIN comparisons c ON c.id = r.comparison_id JOIN raters h ON h.id = r.rater_id
WHERE c.task_id = ? AND c.arm_a = ? AND c.arm_b = ? AND h.name = ?`, rating.TaskID, rating.ArmA, rating.ArmB, rating.Rater)
	if err != nil {
		return fmt.Errorf("look up ratings of anchor %q: %w", rating.TaskID, err)
	}
	if last.Valid && rating.RatedAt.Unix() <= time.UnixMicro(last.Int64).Unix() {
		return &audit.RowError{Field: "rated_at", Msg: fmt.Sprintf("it is not later than the rating that %q gave in the pilot", rating.Rater)}
	}
	return nil
}

// AnchorRatings gives the ratings of anchors that count, in the order in which they were
// stored.
func (s *Store) AnchorRatings(ctx context.Context) ([]eval.AnchorRating, error) {
	type anchorRow struct {
		ratingRow
		Answers eval.Answers `db:"answers"`
		Round   string       `db:"round"`
	}
	type shown struct {
		task, candidate, rater, round string
		answers                       eval.Answers
		first                         eval.Side
	}
	at := map[shown]int{}
	var ratings []eval.AnchorRating
	err := each(ctx, s, "anchor ratings", func(row anchorRow) error {
		rating := eval.AnchorRating{Answers: row.Answers, Round: row.Round, Rating: eval.Rating{
			TaskID: row.TaskID, Category: row.Category, Cluster: row.Cluster, Week: row.Week, ArmA: row.ArmA, ArmB: row.ArmB, Rater: row.Rater,
			Kind: row.Kind, Simulated: row.Simulated, Score: row.Score, First: row.First, RatedAt: time.UnixMicro(row.RatedAt).UTC(),
		}}
		key := shown{row.TaskID, row.ArmB, row.Rater, row.Round, row.Answers, row.First}
		if known, ok := at[key]; ok {
			ratings[known] = rating
			return nil
		}
		at[key] = len(ratings)
		ratings = append(ratings, rating)
		return nil
	}, `
SELECT a.task_id, b.category, t.cluster, b.week, a.arm_a, a.arm_b, a.rater, a.kind, a.simulated, a.score, a.first, a.rated_at, a.answers, a.round
FROM anchor_ratings a JOIN batch_tasks b ON b.task_id = a.task_id JOIN tasks t ON t.id = a.task_id ORDER BY a.id`)
	return ratings, err
}
