package store

import (
	"context"
	"errors"
	"fmt"
	"time"

	"modeltrial/audit"
	"modeltrial/eval"
)

// AddGuess stores a rater's guess of a comparison durably before it returns. A later one
// replaces it; the same one again changes nothing. asked says that the rater was asked on
// a comparison chosen at random. eval.ErrNotFound for a presentation that is not this
// rater's or not rated yet: a guess must not come before the verdict.
func (s *Store) AddGuess(ctx context.Context, rater eval.Rater, presentationID string, shown eval.ShownGuess, recognised, asked bool, now time.Time) error {
	return s.write(ctx, func(tx *transaction) error {
		var p struct {
			ComparisonID string    `db:"comparison_id"`
			First        eval.Side `db:"first"`
		}
		err := tx.GetContext(ctx, &p, `
SELECT comparison_id, first FROM presentations p
WHERE id = ? AND rater_id = ? AND EXISTS (SELECT 1 FROM ratings r WHERE r.presentation_id = p.id)`, presentationID, rater.ID)
		if errors.Is(notFound(err), eval.ErrNotFound) {
			return guessOfCheck(ctx, tx, rater, presentationID)
		}
		if err != nil {
			return fmt.Errorf("rated presentation %q: %w", presentationID, notFound(err))
		}
		control, ok := shown.Side(p.First)
		if !ok {
			return fmt.Errorf("guess %q is not known", shown)
		}
		guess := eval.Guess{First: p.First, Control: control, Recognised: recognised, Asked: asked, GuessedAt: now}
		return addGuess(ctx, tx, rater.ID, p.ComparisonID, guess, nil)
	})
}

// addGuess stores a guess unless it is what the rater said last.
func addGuess(ctx context.Context, tx *transaction, rater int64, comparison string, guess eval.Guess, file *int64) error {
	var last struct {
		Control    eval.Side `db:"control"`
		Recognised bool      `db:"recognised"`
		Asked      bool      `db:"asked"`
	}
	err := tx.GetContext(ctx, &last, `
SELECT control, recognised, asked FROM guesses
WHERE rater_id = ? AND comparison_id = ? AND first = ? ORDER BY id DESC LIMIT 1`, rater, comparison, guess.First)
	switch {
	case errors.Is(notFound(err), eval.ErrNotFound):
	case err != nil:
		return fmt.Errorf("earlier guess: %w", err)
	case last.Control == guess.Control && last.Recognised == guess.Recognised && last.Asked == guess.Asked:
		return nil
	}
	_, err = tx.ExecContext(ctx, `
INSERT INTO guesses (comparison_id, rater_id, first, file_id, control, recognised, asked, guessed_at) VALUES (?, ?, ?, ?, ?, ?, ?, ?)`,
		comparison, rater, guess.First, file, guess.Control, guess.Recognised, guess.Asked, guess.GuessedAt.UnixMicro())
	if err != nil {
		return fmt.Errorf("store guess: %w", err)
	}
	return nil
}

// guess stores the guess of a rating that the import has taken or had already.
func (i *ratingImport) guess(ctx context.Context, guess eval.Guess) error {
	if guess.ArmB == i.protocol.Control {
		guess = guess.Flipped()
	}
	rater, ratedBy := i.raters[eval.Rater{Name: guess.Rater, Kind: guess.Kind, Simulated: guess.Simulated}]
	comparison, known := i.comparisons[[3]string{guess.TaskID, guess.ArmA, guess.ArmB}]
	if !ratedBy || !known || comparison == "" {
		return fmt.Errorf("guess of task %q by %q: there is no rating to it", guess.TaskID, guess.Rater)
	}
	guess.GuessedAt = i.now
	return addGuess(ctx, i.tx, rater, comparison, guess, &i.fileID)
}

// EachGuess gives the guesses that count in the order in which they were made; weeks
// after throughWeek are left out unless it is 0.
func (s *Store) EachGuess(ctx context.Context, throughWeek int, do func(eval.Guess) error) error {
	type guessRow struct {
		TaskID     string         `db:"task_id"`
		Category   audit.Category `db:"category"`
		Cluster    string         `db:"cluster"`
		Week       int            `db:"week"`
		ArmA       string         `db:"arm_a"`
		ArmB       string         `db:"arm_b"`
		Rater      string         `db:"rater"`
		Kind       eval.RaterKind `db:"kind"`
		Simulated  bool           `db:"simulated"`
		First      eval.Side      `db:"first"`
		Control    eval.Side      `db:"control"`
		Recognised bool           `db:"recognised"`
		Asked      bool           `db:"asked"`
		GuessedAt  int64          `db:"guessed_at"`
	}
	return each(ctx, s, "guesses", func(r guessRow) error {
		return do(eval.Guess{
			TaskID: r.TaskID, Category: r.Category, Cluster: r.Cluster, Week: r.Week, ArmA: r.ArmA, ArmB: r.ArmB,
			Rater: r.Rater, Kind: r.Kind, Simulated: r.Simulated, First: r.First, Control: r.Control,
			Recognised: r.Recognised, Asked: r.Asked, GuessedAt: time.UnixMicro(r.GuessedAt).UTC(),
		})
	}, `
SELECT c.task_id, b.category, t.cluster, b.week, c.arm_a, c.arm_b, h.name AS rater, h.kind, h.simulated,
    g.first, g.control, g.recognised, g.asked, g.guessed_at
FROM guesses g
JOIN raters h ON h.id = g.rater_id
JOIN comparisons c ON c.id = g.comparison_id
JOIN batch_tasks b ON b.task_id = c.task_id
JOIN tasks t ON t.id = c.task_id
WHERE (? = 0 OR b.week <= ?) AND NOT EXISTS (
    SELECT 1 FROM guesses n
    WHERE n.rater_id = g.rater_id AND n.comparison_id = g.comparison_id AND n.first = g.first AND n.id > g.id)
ORDER BY g.id`, throughWeek, throughWeek)
}
