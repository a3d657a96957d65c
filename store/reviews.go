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

// A Correction is a person's word on a task's category.
type Correction struct {
	TaskID   string
	Category audit.Category
}

// A ReviewOutcome says what corrections did.
type ReviewOutcome struct {
	Changed   int // the category is another one than before
	Confirmed int // the category was right
}

// Review stores corrections in one transaction: all of them or none. They are never
// changed but by another correction. What the categoriser had said stays beside a
// task's first correction.
func (s *Store) Review(ctx context.Context, corrections []Correction, now time.Time) (ReviewOutcome, error) {
	var outcome ReviewOutcome
	err := s.write(ctx, func(tx *transaction) error {
		for _, c := range corrections {
			changed, err := review(ctx, tx, c, now)
			if err != nil {
				return fmt.Errorf("review task %q: %w", c.TaskID, err)
			}
			if changed {
				outcome.Changed++
			} else {
				outcome.Confirmed++
			}
		}
		return nil
	})
	if err != nil {
		return ReviewOutcome{}, err
	}
	return outcome, nil
}

func review(ctx context.Context, tx *transaction, c Correction, now time.Time) (changed bool, err error) {
	var before struct {
		Category audit.Category       `db:"category"`
		Source   audit.CategorySource `db:"category_source"`
	}
	if err := tx.GetContext(ctx, &before, `SELECT category, category_source FROM tasks WHERE id = ?`, c.TaskID); err != nil {
		return false, notFound(err)
	}
	guess, source := before.Category, before.Source
	if source == audit.CategoryFromReview {
		guess, source = "", "" // the guess is with the first review
	}
	_, err = tx.ExecContext(ctx, `
INSERT INTO reviews (task_id, category, guess, guess_source, reviewed_at) VALUES (?, ?, ?, ?, ?)
ON CONFLICT (task_id) DO UPDATE SET category = excluded.category, reviewed_at = excluded.reviewed_at`,
		c.TaskID, c.Category, guess, source, now.UnixMicro())
	if err != nil {
		return false, err
	}
	_, err = tx.ExecContext(ctx, `
UPDATE tasks SET category = ?, category_source = 'review', category_probability = 1 WHERE id = ?`, c.Category, c.TaskID)
	return before.Category != c.Category, err
}

// A ReviewedTask is a task that a person has categorised.
type ReviewedTask struct {
	Task        audit.Task // its Category is the person's
	Guess       audit.Category
	GuessSource audit.CategorySource // who had said Guess; empty: nobody
	Sampled     bool                 // part of a random sample: it measures, and trains nothing
}

// EachReview gives every reviewed task in the order of ids.
func (s *Store) EachReview(ctx context.Context, do func(ReviewedTask) error) error {
	type reviewRow struct {
		taskRow
		Guess       audit.Category       `db:"guess"`
		GuessSource audit.CategorySource `db:"guess_source"`
		Sampled     bool                 `db:"sampled"`
	}
	return each(ctx, s, "reviews", func(row reviewRow) error {
		task, err := row.task()
		if err != nil {
			return err
		}
		return do(ReviewedTask{task, row.Guess, row.GuessSource, row.Sampled})
	}, `SELECT `+summaryColumns+`, `+textColumns+`, r.guess, r.guess_source, d.task_id IS NOT NULL AS sampled
FROM reviews r JOIN tasks t ON t.id = r.task_id JOIN import_files f ON f.id = t.file_id
LEFT JOIN review_draw_tasks d ON d.task_id = r.task_id
WHERE t.category_source = 'review' ORDER BY r.task_id`)
}

// EachDrawable gives the ids of the tasks that a machine categorised and that no
// random sample has had yet, in no certain order.
func (s *Store) EachDrawable(ctx context.Context, do func(id string) error) error {
	type idRow struct {
		ID string `db:"id"`
	}
	return each(ctx, s, "tasks to sample", func(row idRow) error { return do(row.ID) }, `
SELECT id FROM tasks t
WHERE category_source IN ('local', 'model') AND NOT EXISTS (SELECT 1 FROM review_draw_tasks d WHERE d.task_id = t.id)`)
}

// A ReviewDraw is a random sample of tasks to be reviewed.
type ReviewDraw struct {
	Seed       uint64
	Population int // tasks that it was drawn from
	TaskIDs    []string
	DrawnAt    time.Time
}

// SaveDraw stores a random sample.
func (s *Store) SaveDraw(ctx context.Context, draw ReviewDraw) error {
	return s.write(ctx, func(tx *transaction) error {
		id, err := tx.insert(ctx, `INSERT INTO review_draws (seed, population, drawn_at) VALUES (?, ?, ?)`,
			int64(draw.Seed), draw.Population, draw.DrawnAt.UnixMicro())
		if err != nil {
			return fmt.Errorf("store sample: %w", err)
		}
		for i, taskID := range draw.TaskIDs {
			_, err := tx.ExecContext(ctx, `INSERT INTO review_draw_tasks (task_id, draw_id, position) VALUES (?, ?, ?)`, taskID, id, i+1)
			if err != nil {
				return fmt.Errorf("store sample: task %q: %w", taskID, err)
			}
		}
		return nil
	})
}

// A DrawSummary tells of all random samples together.
type DrawSummary struct {
	Draws      int        `db:"draws"`
	Drawn      int        `db:"drawn"`
	Reviewed   int        `db:"reviewed"`
	Population int        `db:"population"` // of the last one
	LastDrawn  *time.Time `db:"-"`
}

// Draws sums up the random samples.
func (s *Store) Draws(ctx context.Context) (DrawSummary, error) {
	var row struct {
		DrawSummary
		Last *int64 `db:"last_drawn"`
	}
	err := s.reader.GetContext(ctx, &row, `
SELECT (SELECT count(*) FROM review_draws) AS draws,
    (SELECT count(*) FROM review_draw_tasks) AS drawn,
    (SELECT count(*) FROM review_draw_tasks d JOIN reviews r ON r.task_id = d.task_id) AS reviewed,
    coalesce((SELECT population FROM review_draws ORDER BY id DESC LIMIT 1), 0) AS population,
    (SELECT max(drawn_at) FROM review_draws) AS last_drawn`)
	if err != nil {
		return DrawSummary{}, fmt.Errorf("read samples: %w", err)
	}
	if row.Last != nil {
		last := fromMicros(row.Last)
		row.LastDrawn = &last
	}
	return row.DrawSummary, nil
}

// EachUnsure gives the tasks that the local categoriser put into a category with a
// probability under a threshold, in the order of import, but for those of a random
// sample: they are to be categorised blind.
func (s *Store) EachUnsure(ctx context.Context, threshold float64, do func(audit.Task) error) error {
	return each(ctx, s, "unsure tasks", func(row taskRow) error {
		task, err := row.task()
		if err != nil {
			return err
		}
		return do(task)
	}, `SELECT `+summaryColumns+`, `+textColumns+fromTasks+`
WHERE t.category_source = 'local' AND t.category_probability < ?
    AND NOT EXISTS (SELECT 1 FROM review_draw_tasks d WHERE d.task_id = t.id)
ORDER BY t.row_id`, threshold)
}

// OpenReviews gives the ids of the tasks that wait for a person's word: those of random
// samples in the order of the draws, which nobody has reviewed, and the unsure ones
// beside them (see [Store.EachUnsure]), the least probable first.
func (s *Store) OpenReviews(ctx context.Context, threshold float64) (sampled, unsure []string, err error) {
	err = s.reader.SelectContext(ctx, &sampled, `
SELECT d.task_id FROM review_draw_tasks d JOIN tasks t ON t.id = d.task_id
WHERE t.category_source <> 'review' ORDER BY d.draw_id, d.position`)
	if err != nil {
		return nil, nil, fmt.Errorf("read samples: %w", err)
	}
	err = s.reader.SelectContext(ctx, &unsure, `
SELECT t.id FROM tasks t WHERE t.category_source = 'local' AND t.category_probability < ?
    AND NOT EXISTS (SELECT 1 FROM review_draw_tasks d WHERE d.task_id = t.id)
ORDER BY t.category_probability, t.row_id`, threshold)
	if err != nil {
		return nil, nil, fmt.Errorf("read unsure tasks: %w", err)
	}
	return sampled, unsure, nil
}

// A CategoryCount is how many tasks a source put into a category.
type CategoryCount struct {
	Category audit.Category       `db:"category"`
	Source   audit.CategorySource `db:"category_source"`
	Tasks    int                  `db:"tasks"`
}

// CategoryCounts counts the categorised tasks by category and source.
func (s *Store) CategoryCounts(ctx context.Context) (counts []CategoryCount, err error) {
	err = s.reader.SelectContext(ctx, &counts, `
SELECT category, category_source, count(*) AS tasks FROM tasks WHERE category <> ''
GROUP BY category, category_source ORDER BY category, category_source`)
	return counts, err
}

// A LocalModel is a categoriser that was trained for the workspace.
type LocalModel struct {
	Fingerprint string    `db:"fingerprint"` // of what it was trained from
	Weights     []byte    `db:"weights"`     // as audit/classify writes them
	Learned     string    `db:"learned"`     // JSON: what it learned from
	TrainedAt   time.Time `db:"-"`
	// InUse says that every task that is the local categoriser's to sort is sorted by
	// this model; false from its making until [Store.UseLocalModel].
	InUse bool `db:"in_use"`
}

// LocalModel reads the workspace's categoriser; eval.ErrNotFound where there is none.
func (s *Store) LocalModel(ctx context.Context) (LocalModel, error) {
	var row struct {
		LocalModel
		TrainedAt *int64 `db:"trained_at"`
	}
	err := s.reader.GetContext(ctx, &row, `SELECT fingerprint, weights, learned, trained_at, in_use FROM local_models WHERE id = 1`)
	if errors.Is(err, sql.ErrNoRows) {
		return LocalModel{}, eval.ErrNotFound
	}
	if err != nil {
		return LocalModel{}, fmt.Errorf("read the workspace's categoriser: %w", err)
	}
	row.LocalModel.TrainedAt = fromMicros(row.TrainedAt)
	return row.LocalModel, nil
}

// UseLocalModel notes that every task is sorted by the workspace's categoriser.
func (s *Store) UseLocalModel(ctx context.Context) error {
	return s.write(ctx, func(tx *transaction) error {
		_, err := tx.ExecContext(ctx, `UPDATE local_models SET in_use = 1`)
		return err
	})
}

// SaveLocalModel keeps the workspace's categoriser in place of an older one. It is not
// in use yet.
func (s *Store) SaveLocalModel(ctx context.Context, model LocalModel) error {
	return s.write(ctx, func(tx *transaction) error {
		_, err := tx.ExecContext(ctx, `
INSERT INTO local_models (id, fingerprint, weights, learned, trained_at, in_use) VALUES (1, ?, ?, ?, ?, 0)
ON CONFLICT (id) DO UPDATE SET
    fingerprint = excluded.fingerprint, weights = excluded.weights, learned = excluded.learned,
    trained_at = excluded.trained_at, in_use = 0`,
			model.Fingerprint, model.Weights, model.Learned, model.TrainedAt.UnixMicro())
		if err != nil {
			return fmt.Errorf("store the workspace's categoriser: %w", err)
		}
		return nil
	})
}

// DropLocalModel forgets the workspace's categoriser, so that the built-in one is used.
func (s *Store) DropLocalModel(ctx context.Context) error {
	return s.write(ctx, func(tx *transaction) error {
		_, err := tx.ExecContext(ctx, `DELETE FROM local_models`)
		return err
	})
}
