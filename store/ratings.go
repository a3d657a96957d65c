package store

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"time"

	"modeltrial/audit"
	"modeltrial/eval"
)

// ImportRatings stores ratings made elsewhere under the locked protocol, all that
// read gives to take in one transaction, or after an error none: of tasks that are
// imported, between the control and a candidate of the task's category. take
// reports false for a rating that is there already, and an [*audit.RowError]
// without a place for one that the protocol has no room for; another verdict by
// the same rater on the same comparison and order supersedes the earlier one. guess
// stores what the rater guessed of a rating that was taken or is there already.
func (s *Store) ImportRatings(ctx context.Context, path string, now time.Time, read func(take func(eval.Rating) (stored bool, err error), guess func(eval.Guess) error) (ImportedFile, error)) error {
	locked, err := s.Locked(ctx)
	if err != nil {
		return err
	}
	return s.importFile(ctx, path, "ratings", now, func(tx *transaction, fileID int64) (ImportedFile, error) {
		i := &ratingImport{tx: tx, protocol: locked.Protocol, fileID: fileID, now: now, raters: map[eval.Rater]int64{}, comparisons: map[[3]string]string{}}
		return read(func(rating eval.Rating) (bool, error) { return i.add(ctx, rating) }, func(guess eval.Guess) error { return i.guess(ctx, guess) })
	})
}

// A ratingImport remembers raters and comparisons it has looked up.
type ratingImport struct {
	tx          *transaction
	protocol    eval.Protocol
	fileID      int64
	now         time.Time
	raters      map[eval.Rater]int64
	comparisons map[[3]string]string
}

func (i *ratingImport) add(ctx context.Context, rating eval.Rating) (stored bool, err error) {
	if rating.ArmB == i.protocol.Control {
		rating = rating.Flipped()
	}
	comparison, err := i.comparison(ctx, rating)
	if err != nil {
		return false, err
	}
	given := eval.Rater{Name: rating.Rater, Kind: rating.Kind, Simulated: rating.Simulated}
	rater, known := i.raters[given]
	if !known {
		rater, err = ensureRater(ctx, i.tx, given, i.now)
		if errors.Is(err, errOtherKind) {
			return false, &audit.RowError{Field: "rater", Msg: err.Error()}
		}
		if err != nil {
			return false, err
		}
		i.raters[given] = rater
	}
	last, duplicate, err := i.earlier(ctx, rater, comparison, rating)
	if err != nil || duplicate {
		return false, err
	}
	rated := rating.RatedAt
	if rated.IsZero() {
		rated = i.now
	}
	grades, err := eval.GradesJSON(rating.Grades)
	if err != nil {
		return false, err
	}
	id, err := i.tx.insert(ctx, `
INSERT INTO ratings (comparison_id, rater_id, file_id, supersedes, verdict, score, first, seconds, grades, note, cluster, rated_at)
VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`,
		comparison, rater, i.fileID, last, rating.Verdict, rating.Score, rating.First, rating.Seconds, grades, rating.Note, rating.Cluster, rated.UnixMicro())
	if err != nil {
		return false, fmt.Errorf("store rating of task %q by %q: %w", rating.TaskID, rating.Rater, err)
	}
	return true, addTags(ctx, i.tx, id, rating.Tags)
}

// earlier looks up what the rater has said of the comparison in the same order
// before: the id of the last rating, nil where there is none, and whether this one
// was stored before. Superseded ratings count too, or importing an old file again
// would undo a later correction. Files give whole seconds, or no time at all.
func (i *ratingImport) earlier(ctx context.Context, rater int64, comparison string, rating eval.Rating) (last *int64, duplicate bool, err error) {
	var rows []struct {
		ID      int64        `db:"id"`
		Verdict eval.Verdict `db:"verdict"`
		Score   float64      `db:"score"`
		RatedAt int64        `db:"rated_at"`
	}
	err = i.tx.SelectContext(ctx, &rows, `
SELECT id, verdict, score, rated_at FROM ratings WHERE rater_id = ? AND comparison_id = ? AND first = ? ORDER BY id`,
		rater, comparison, rating.First)
	if err != nil {
		return nil, false, fmt.Errorf("earlier ratings of task %q by %q: %w", rating.TaskID, rating.Rater, err)
	}
	for _, row := range rows {
		sameTime := rating.RatedAt.IsZero() || time.UnixMicro(row.RatedAt).Unix() == rating.RatedAt.Unix()
		if sameTime && row.Verdict == rating.Verdict && row.Score == rating.Score {
			return nil, true, nil
		}
		last = &row.ID
	}
	return last, false, nil
}

// comparison finds or makes the comparison a rating is about, or says why there
// can be none.
func (i *ratingImport) comparison(ctx context.Context, rating eval.Rating) (id string, err error) {
	key := [3]string{rating.TaskID, rating.ArmA, rating.ArmB}
	if id, known := i.comparisons[key]; known {
		return id, nil
	}
	if _, ok := i.protocol.Arm(rating.ArmA); !ok {
		return "", unknownArm("arm_a", rating.ArmA, i.protocol)
	}
	if _, ok := i.protocol.Arm(rating.ArmB); !ok {
		return "", unknownArm("arm_b", rating.ArmB, i.protocol)
	}
	if rating.ArmA != i.protocol.Control {
		return "", &audit.RowError{Field: "arm_a", Msg: fmt.Sprintf("neither %q nor %q is the control %q", rating.ArmA, rating.ArmB, i.protocol.Control)}
	}
	category, err := plannedCategory(ctx, i.tx, i.protocol, rating.TaskID, rating.ArmB)
	if err != nil {
		return "", err
	}
	id, err = i.ensureComparison(ctx, rating, category)
	i.comparisons[key] = id
	return id, err
}

func (i *ratingImport) ensureComparison(ctx context.Context, rating eval.Rating, category audit.Category) (id string, err error) {
	week := max(rating.Week, 1)
	if err := ensureBatch(ctx, i.tx, week, i.now); err != nil {
		return "", err
	}
	_, err = i.tx.ExecContext(ctx, `
INSERT INTO batch_tasks (task_id, week, category, came_by) VALUES (?, ?, ?, 'rating') ON CONFLICT (task_id) DO NOTHING`, rating.TaskID, week, category)
	if err != nil {
		return "", err
	}
	_, err = i.tx.ExecContext(ctx, `INSERT INTO comparisons (id, task_id, arm_a, arm_b) VALUES (?, ?, ?, ?) ON CONFLICT DO NOTHING`,
		rand.Text(), rating.TaskID, rating.ArmA, rating.ArmB)
	if err != nil {
		return "", err
	}
	err = i.tx.GetContext(ctx, &id, `SELECT id FROM comparisons WHERE task_id = ? AND arm_a = ? AND arm_b = ?`, rating.TaskID, rating.ArmA, rating.ArmB)
	return id, err
}

// ratingRow is a rating as analysis and export read it.
type ratingRow struct {
	TaskID    string         `db:"task_id"`
	Category  audit.Category `db:"category"`
	Cluster   string         `db:"cluster"`
	Week      int            `db:"week"`
	ArmA      string         `db:"arm_a"`
	ArmB      string         `db:"arm_b"`
	Rater     string         `db:"rater"`
	Kind      eval.RaterKind `db:"kind"`
	Simulated bool           `db:"simulated"`
	Verdict   eval.Verdict   `db:"verdict"`
	Score     float64        `db:"score"`
	First     eval.Side      `db:"first"`
	Seconds   *float64       `db:"seconds"`
	RatedAt   int64          `db:"rated_at"`
	Note      string         `db:"note"`
	ID        int64          `db:"id"`
	Grades    string         `db:"grades"`
}

// EachRating gives the ratings that count, superseded ones left out, in the order
// in which they were given; weeks after throughWeek are left out unless it is 0.
func (s *Store) EachRating(ctx context.Context, throughWeek int, do func(eval.Rating) error) error {
	tags, err := s.tagsOfRatings(ctx)
	if err != nil {
		return err
	}
	return each(ctx, s, "ratings", func(r ratingRow) error {
		grades, err := eval.ParseGrades(r.Grades)
		if err != nil {
			return fmt.Errorf("rating %d: %w", r.ID, err)
		}
		return do(eval.Rating{
			TaskID: r.TaskID, Category: r.Category, Cluster: r.Cluster, Week: r.Week, ArmA: r.ArmA, ArmB: r.ArmB,
			Rater: r.Rater, Kind: r.Kind, Simulated: r.Simulated, Verdict: r.Verdict, Score: r.Score, First: r.First,
			Seconds: r.Seconds, RatedAt: time.UnixMicro(r.RatedAt).UTC(), Note: r.Note, Tags: tags[r.ID], Grades: grades,
		})
	}, `
SELECT c.task_id, b.category, CASE r.cluster WHEN '' THEN t.cluster ELSE r.cluster END AS cluster, b.week, c.arm_a, c.arm_b,
    h.name AS rater, h.kind, h.simulated, r.verdict, r.score, r.first, r.seconds, r.rated_at, r.note, r.id, r.grades
FROM ratings r
JOIN raters h ON h.id = r.rater_id
JOIN comparisons c ON c.id = r.comparison_id
JOIN batch_tasks b ON b.task_id = c.task_id
JOIN tasks t ON t.id = c.task_id
WHERE (? = 0 OR b.week <= ?) AND NOT EXISTS (SELECT 1 FROM ratings n WHERE n.supersedes = r.id)
ORDER BY r.id`, throughWeek, throughWeek)
}
