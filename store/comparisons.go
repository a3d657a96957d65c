package store

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"math"
	"time"

	"modeltrial/audit"
	"modeltrial/eval"
)

// CreateComparisons makes the comparisons that the stored responses allow: for
// each task one per candidate once both arms have answered. Those that are there
// stay.
func (s *Store) CreateComparisons(ctx context.Context) (created int, err error) {
	locked, err := s.Locked(ctx)
	if err != nil {
		return 0, err
	}
	err = s.write(ctx, func(tx *transaction) error {
		for _, useCase := range locked.Protocol.UseCases {
			for _, candidate := range useCase.Candidates {
				made, err := createFor(ctx, tx, useCase.Category, locked.Protocol.Control, candidate)
				if err != nil {
					return fmt.Errorf("comparisons of %s: %w", candidate, err)
				}
				created += made
			}
		}
		return nil
	})
	return created, err
}

func createFor(ctx context.Context, tx *transaction, category audit.Category, control, candidate string) (int, error) {
	var tasks []string
	err := tx.SelectContext(ctx, &tasks, `
SELECT b.task_id FROM batch_tasks b
JOIN responses a ON a.task_id = b.task_id AND a.arm = ?
JOIN responses c ON c.task_id = b.task_id AND c.arm = ?
WHERE b.category = ? AND NOT EXISTS (
    SELECT 1 FROM comparisons x WHERE x.task_id = b.task_id AND x.arm_a = ? AND x.arm_b = ?)
ORDER BY b.task_id`, control, candidate, category, control, candidate)
	if err != nil {
		return 0, err
	}
	for _, task := range tasks {
		_, err := tx.ExecContext(ctx, `INSERT INTO comparisons (id, task_id, arm_a, arm_b) VALUES (?, ?, ?, ?)`, rand.Text(), task, control, candidate)
		if err != nil {
			return 0, err
		}
	}
	return len(tasks), nil
}

// abandonedAfter is how long an unrated presentation keeps others from being asked.
const abandonedAfter = time.Hour

// openComparisons selects the comparisons that rater ?1 has neither been shown nor
// rated and that have fewer than ?2 raters, those who are looking at one since ?3
// included. Raters are counted among their like (?4): what was simulated keeps no
// person from rating. Ratings made elsewhere can be of tasks whose answers are not
// stored; such a comparison cannot be shown.
const openComparisons = `
FROM comparisons c
JOIN batch_tasks b ON b.task_id = c.task_id
JOIN responses x ON x.task_id = c.task_id AND x.arm = c.arm_a
JOIN responses y ON y.task_id = c.task_id AND y.arm = c.arm_b
WHERE NOT EXISTS (SELECT 1 FROM presentations p WHERE p.comparison_id = c.id AND p.rater_id = ?1)
  AND NOT EXISTS (SELECT 1 FROM ratings r WHERE r.comparison_id = c.id AND r.rater_id = ?1)
  AND ` + counted + `
  AND (SELECT count(DISTINCT r.rater_id) FROM ratings r
       JOIN raters h ON h.id = r.rater_id AND h.kind = 'human' AND h.simulated = ?4
       WHERE r.comparison_id = c.id)
    + (SELECT count(*) FROM presentations p JOIN raters h ON h.id = p.rater_id AND h.simulated = ?4
       WHERE p.comparison_id = c.id AND p.presented_at > ?3
         AND NOT EXISTS (SELECT 1 FROM ratings r WHERE r.presentation_id = p.id)) < ?2`

// NextPresentation gives the rater's next open comparison and stores how it is
// shown before it is shown: the same one again if the last was not rated. Of the
// open ones earlier weeks come first, then those with the fewest ratings. draw is
// given how many of the rater's presentations in the category had the control
// first and how many the candidate. eval.ErrNotFound when nothing is left.
func (s *Store) NextPresentation(ctx context.Context, rater eval.Rater, draw func(controlFirst, candidateFirst int) eval.Side, now time.Time) (eval.Presentation, error) {
	locked, err := s.Locked(ctx)
	if err != nil {
		return eval.Presentation{}, err
	}
	var id string
	err = s.write(ctx, func(tx *transaction) error {
		err := tx.GetContext(ctx, &id, `
SELECT p.id FROM presentations p
WHERE p.rater_id = ? AND NOT EXISTS (SELECT 1 FROM ratings r WHERE r.presentation_id = p.id)
ORDER BY p.presented_at, p.id LIMIT 1`, rater.ID)
		if err == nil || !errors.Is(notFound(err), eval.ErrNotFound) {
			return err
		}
		if id, err = openCheck(ctx, tx, rater); err != nil || id != "" {
			return err
		}
		var next struct {
			ID       string         `db:"id"`
			Category audit.Category `db:"category"`
		}
		err = tx.GetContext(ctx, &next, `SELECT c.id, b.category `+openComparisons+`
ORDER BY b.week, (SELECT count(*) FROM ratings r WHERE r.comparison_id = c.id), c.id LIMIT 1`,
			rater.ID, locked.Protocol.RatingsPerComparison, now.Add(-abandonedAfter).UnixMicro(), rater.Simulated)
		if err != nil {
			return notFound(err)
		}
		if id, err = drawCheck(ctx, tx, locked, rater, now); err != nil || id != "" {
			return err
		}
		var first struct {
			Control   int `db:"control"`
			Candidate int `db:"candidate"`
		}
		err = tx.GetContext(ctx, &first, `
SELECT coalesce(sum(p.first = 'a'), 0) AS control, coalesce(sum(p.first = 'b'), 0) AS candidate
FROM presentations p JOIN comparisons c ON c.id = p.comparison_id JOIN batch_tasks b ON b.task_id = c.task_id
WHERE p.rater_id = ? AND b.category = ?`, rater.ID, next.Category)
		if err != nil {
			return err
		}
		id = rand.Text()
		_, err = tx.ExecContext(ctx, `
INSERT INTO presentations (id, comparison_id, rater_id, first, presented_at) VALUES (?, ?, ?, ?, ?)`,
			id, next.ID, rater.ID, draw(first.Control, first.Candidate), now.UnixMicro())
		return err
	})
	if err != nil {
		return eval.Presentation{}, fmt.Errorf("next comparison: %w", err)
	}
	return s.Presentation(ctx, rater, id)
}

// Presentation reads one presentation of this rater; eval.ErrNotFound for another
// rater's.
func (s *Store) Presentation(ctx context.Context, rater eval.Rater, id string) (eval.Presentation, error) {
	var row struct {
		ComparisonID string    `db:"comparison_id"`
		First        eval.Side `db:"first"`
		TaskID       string    `db:"task_id"`
		TextA        string    `db:"text_a"`
		TextB        string    `db:"text_b"`
	}
	err := s.reader.GetContext(ctx, &row, `
SELECT p.comparison_id, p.first, c.task_id, a.response AS text_a, b.response AS text_b
FROM presentations p
JOIN comparisons c ON c.id = p.comparison_id
JOIN responses a ON a.task_id = c.task_id AND a.arm = c.arm_a
JOIN responses b ON b.task_id = c.task_id AND b.arm = c.arm_b
WHERE p.id = ? AND p.rater_id = ?`, id, rater.ID)
	if errors.Is(notFound(err), eval.ErrNotFound) {
		return s.checkPresentation(ctx, rater, id)
	}
	if err != nil {
		return eval.Presentation{}, fmt.Errorf("presentation %q: %w", id, notFound(err))
	}
	task, err := s.Task(ctx, row.TaskID)
	if err != nil {
		return eval.Presentation{}, err
	}
	shown := eval.Presentation{
		ID: id, ComparisonID: row.ComparisonID, TaskID: row.TaskID, Rater: rater.Name, First: row.First,
		System: task.System, Conversation: task.Conversation, Prompt: task.Prompt,
		Left: row.TextA, Right: row.TextB,
	}
	if row.First == eval.SideB {
		shown.Left, shown.Right = row.TextB, row.TextA
	}
	return shown, nil
}

// LastRated is the presentation the rater rated last; eval.ErrNotFound where there
// is none.
func (s *Store) LastRated(ctx context.Context, rater eval.Rater) (eval.Presentation, error) {
	var id string
	err := s.reader.GetContext(ctx, &id, `
SELECT presentation_id FROM (
    SELECT presentation_id, rated_at FROM (
        SELECT presentation_id, rated_at FROM ratings WHERE rater_id = ?1 AND presentation_id IS NOT NULL ORDER BY id DESC LIMIT 1)
    UNION ALL
    SELECT presentation_id, rated_at FROM (
        SELECT r.presentation_id, r.rated_at FROM check_ratings r JOIN check_presentations p ON p.id = r.presentation_id
        WHERE p.rater_id = ?1 ORDER BY r.id DESC LIMIT 1))
ORDER BY rated_at DESC LIMIT 1`, rater.ID)
	if err != nil {
		return eval.Presentation{}, fmt.Errorf("last rated comparison: %w", notFound(err))
	}
	return s.Presentation(ctx, rater, id)
}

// AddVerdict stores a rating durably before it returns. A second verdict on the
// same presentation supersedes the first; the same one again changes nothing.
// seconds is how long it took, nil where that is not known. eval.ErrNotFound for a presentation that is not this rater's.
func (s *Store) AddVerdict(ctx context.Context, rater eval.Rater, presentationID string, shown eval.ShownVerdict, seconds *float64, note string, now time.Time) error {
	return s.write(ctx, func(tx *transaction) error {
		var p struct {
			ComparisonID string    `db:"comparison_id"`
			First        eval.Side `db:"first"`
		}
		err := tx.GetContext(ctx, &p, `SELECT comparison_id, first FROM presentations WHERE id = ? AND rater_id = ?`, presentationID, rater.ID)
		if errors.Is(notFound(err), eval.ErrNotFound) {
			return addCheckVerdict(ctx, tx, rater, presentationID, shown, seconds, note, now)
		}
		if err != nil {
			return fmt.Errorf("presentation %q: %w", presentationID, notFound(err))
		}
		verdict, ok := shown.Verdict(p.First)
		if !ok {
			return fmt.Errorf("verdict %q is not known", shown)
		}
		score, _ := verdict.Score()
		// The last may also have been imported since.
		var last struct {
			ID      int64        `db:"id"`
			Here    bool         `db:"here"`
			Verdict eval.Verdict `db:"verdict"`
			Note    string       `db:"note"`
		}
		var supersedes *int64
		err = tx.GetContext(ctx, &last, `
SELECT id, presentation_id IS NOT NULL AS here, verdict, note FROM ratings
WHERE rater_id = ? AND comparison_id = ? AND first = ? ORDER BY id DESC LIMIT 1`, rater.ID, p.ComparisonID, p.First)
		switch {
		case errors.Is(notFound(err), eval.ErrNotFound):
		case err != nil:
			return err
		case last.Here && last.Verdict == verdict && last.Note == note:
			return nil
		default:
			supersedes = &last.ID
		}
		_, err = tx.ExecContext(ctx, `
INSERT INTO ratings (comparison_id, rater_id, presentation_id, supersedes, verdict, score, first, seconds, grades, note, cluster, rated_at)
VALUES (?, ?, ?, ?, ?, ?, ?, ?, '{}', ?, '', ?)`,
			p.ComparisonID, rater.ID, presentationID, supersedes, verdict, score, p.First, seconds, note, now.UnixMicro())
		if err != nil {
			return fmt.Errorf("store rating: %w", err)
		}
		return nil
	})
}

// Progress counts the comparisons the rater has rated and those still open to this
// rater, those that others look at just now included, and gives the median seconds
// of a rating (0 where none is known).
func (s *Store) Progress(ctx context.Context, rater eval.Rater) (done, open int, medianSeconds float64, err error) {
	locked, err := s.Locked(ctx)
	if err != nil {
		return 0, 0, 0, err
	}
	err = s.reader.GetContext(ctx, &done, `SELECT count(DISTINCT comparison_id) FROM ratings WHERE rater_id = ?`, rater.ID)
	if err != nil {
		return 0, 0, 0, err
	}
	var seconds []float64
	err = s.reader.SelectContext(ctx, &seconds, `
SELECT seconds FROM ratings r
WHERE rater_id = ? AND seconds IS NOT NULL AND NOT EXISTS (SELECT 1 FROM ratings n WHERE n.supersedes = r.id)
ORDER BY seconds`, rater.ID)
	if err != nil {
		return 0, 0, 0, err
	}
	if n := len(seconds); n > 0 {
		medianSeconds = (seconds[(n-1)/2] + seconds[n/2]) / 2
	}
	err = s.reader.GetContext(ctx, &open, `SELECT count(*) `+openComparisons,
		rater.ID, locked.Protocol.RatingsPerComparison, int64(math.MaxInt64), rater.Simulated)
	if err != nil {
		return 0, 0, 0, err
	}
	var waiting int
	err = s.reader.GetContext(ctx, &waiting, `
SELECT count(*) FROM presentations p
WHERE p.rater_id = ? AND NOT EXISTS (SELECT 1 FROM ratings r WHERE r.presentation_id = p.id)`, rater.ID)
	if err != nil {
		return 0, 0, 0, err
	}
	checked, checking, err := s.checkProgress(ctx, rater)
	return done + checked, open + waiting + checking, medianSeconds, err
}
