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

// CreateComparisons makes the comparisons that the stored responses allow: for
// each task one per candidate once both arms have answered. Those that are there
// stay.
func (s *Store) CreateComparisons(ctx context.Context) (created int, err error) {
	locked, err := s.Locked(ctx)
	if err != nil {
		return 0, err
	}
	for _, useCase := range locked.Protocol.UseCases {
		for _, candidate := range useCase.Candidates {
			made, err := s.createFor(ctx, useCase.Category, locked.Protocol.Control, candidate)
			created += made
			if err != nil {
				return created, fmt.Errorf("comparisons of %s: %w", candidate, err)
			}
		}
	}
	return created, nil
}

// createFor makes those of two arms, a page in each transaction: others write in between,
// and what one that fails leaves out the next call makes.
func (s *Store) createFor(ctx context.Context, category audit.Category, control, candidate string) (created int, err error) {
	const page = 500
	for last := ""; ; {
		var tasks []string
		err := s.write(ctx, func(tx *transaction) error {
			err := tx.SelectContext(ctx, &tasks, `
SELECT b.task_id FROM batch_tasks b
JOIN responses a ON a.task_id = b.task_id AND a.arm = ?
JOIN responses c ON c.task_id = b.task_id AND c.arm = ?
WHERE b.category = ? AND b.task_id > ? AND NOT EXISTS (
    SELECT 1 FROM comparisons x WHERE x.task_id = b.task_id AND x.arm_a = ? AND x.arm_b = ?)
ORDER BY b.task_id LIMIT ?`, control, candidate, category, last, control, candidate, page)
			if err != nil {
				return err
			}
			for _, task := range tasks {
				_, err := tx.ExecContext(ctx, `INSERT INTO comparisons (id, task_id, arm_a, arm_b) VALUES (?, ?, ?, ?)`, rand.Text(), task, control, candidate)
				if err != nil {
					return err
				}
			}
			return nil
		})
		if err != nil {
			return created, err
		}
		created += len(tasks)
		if len(tasks) < page {
			return created, nil
		}
		last = tasks[len(tasks)-1]
	}
}

// miscountedQueue counts the comparisons of which the triggers keep something else than
// there is.
const miscountedQueue = `
SELECT count(*) FROM comparisons c
JOIN batch_tasks b ON b.task_id = c.task_id
LEFT JOIN comparison_queue q ON q.comparison_id = c.id
WHERE q.comparison_id IS NULL OR q.week <> b.week OR q.category <> b.category
   OR (q.answered = 1) <> (EXISTS (SELECT 1 FROM responses WHERE task_id = c.task_id AND arm = c.arm_a)
                       AND EXISTS (SELECT 1 FROM responses WHERE task_id = c.task_id AND arm = c.arm_b))
   OR (q.excluded = 1) <> EXISTS (SELECT 1 FROM comparison_checks k WHERE k.comparison_id = c.id AND k.excluded = 1)
   OR q.people + q.simulated_people <> (
        SELECT count(DISTINCT r.rater_id) FROM ratings r JOIN raters h ON h.id = r.rater_id AND h.kind = 'human' WHERE r.comparison_id = c.id)
   OR EXISTS (SELECT 1 FROM presentations p
        WHERE p.comparison_id = c.id AND (p.settled = 1) <> (EXISTS (SELECT 1 FROM ratings r WHERE r.presentation_id = p.id)
            OR EXISTS (SELECT 1 FROM skips k WHERE k.presentation_id = p.id)))`

// peopleColumn is where the queue counts who has rated a comparison: raters are counted
// among their like, so that what was simulated keeps no person from rating.
func peopleColumn(rater eval.Rater) string {
	if rater.Simulated {
		return "q.simulated_people"
	}
	return "q.people"
}

// lookingAt counts those of the rater's like who look at a comparison just now: it was
// shown or assigned to them since a moment and they have not rated or skipped it yet.
func lookingAt(rater eval.Rater, since string) string {
	simulated := "0"
	if rater.Simulated {
		simulated = "1"
	}
	return `(SELECT count(*) FROM presentations l JOIN raters h ON h.id = l.rater_id AND h.simulated = ` + simulated + `
     WHERE l.comparison_id = q.comparison_id AND l.settled = 0 AND coalesce(l.shown_at, l.presented_at) > ` + since + ` AND l.rater_id <> ?1)`
}

// nextComparison selects a comparison that rater ?1 has neither been shown nor rated, of
// week ?3, with ?4 raters, and room for one more under ?2, those included who are looking
// at it since ?5; the first from the id ?6 on. A comparison without answers, of ratings
// made elsewhere, cannot be shown, and one that the protocol's rule on flagged answers
// leaves out is not.
func nextComparison(rater eval.Rater) string {
	people := peopleColumn(rater)
	return `
SELECT q.comparison_id, q.category FROM comparison_queue q
WHERE q.answered = 1 AND q.excluded = 0 AND q.week = ?3 AND ` + people + ` = ?4 AND q.comparison_id >= ?6
  AND NOT EXISTS (SELECT 1 FROM presentations p WHERE p.comparison_id = q.comparison_id AND p.rater_id = ?1)
  AND NOT EXISTS (SELECT 1 FROM ratings r WHERE r.rater_id = ?1 AND r.comparison_id = q.comparison_id)
  AND ` + people + ` + ` + lookingAt(rater, "?5") + ` < ?2
ORDER BY q.comparison_id LIMIT 1`
}

// waitingPresentations selects those of rater ?1 that are still to be rated, the one that
// is shown first: others have left room under ?2, and where it was not shown since ?3
// also those who look at it now.
func waitingPresentations(rater eval.Rater) string {
	people := peopleColumn(rater)
	return `
SELECT p.id, p.shown_at IS NOT NULL AS shown
FROM presentations p JOIN comparison_queue q ON q.comparison_id = p.comparison_id
WHERE p.rater_id = ?1 AND p.settled = 0 AND q.excluded = 0 AND ` + people + ` < ?2
  AND (coalesce(p.shown_at, p.presented_at) > ?3 OR ` + people + ` + ` + lookingAt(rater, "?3") + ` < ?2)
ORDER BY p.shown_at IS NULL, p.presented_at, p.id LIMIT 2`
}

// A waitingPresentation is one that is still to be rated.
type waitingPresentation struct {
	ID    string `db:"id"`
	Shown bool   `db:"shown"` // or only assigned
}

// waiting are the rater's presentations that are still to be rated, at most two.
func waiting(ctx context.Context, tx *transaction, rater eval.Rater, most int, now time.Time) (open []waitingPresentation, err error) {
	err = tx.SelectContext(ctx, &open, waitingPresentations(rater), rater.ID, most, now.Add(-abandonedAfter).UnixMicro())
	return open, err
}

// abandonedAfter is how long an unrated presentation keeps others from being asked.
const abandonedAfter = time.Hour

// NextPresentation gives the rater's next open comparison and stores how it is
// shown before it is shown: the same one again if the last was not rated, unless it was
// left for so long that others have rated it as often as the protocol wants. Of the
// open ones earlier weeks come first, then those with the fewest raters, and of these
// any. draw is given how many of the rater's presentations in the category had the
// control first and how many the candidate. eval.ErrNotFound when nothing is left.
func (s *Store) NextPresentation(ctx context.Context, rater eval.Rater, draw func(controlFirst, candidateFirst int) eval.Side, now time.Time) (eval.Presentation, error) {
	locked, err := s.lockedAgain(ctx)
	if err != nil {
		return eval.Presentation{}, err
	}
	var id string
	err = s.writeTogether(ctx, func(tx *transaction) (err error) {
		id, err = nextPresentation(ctx, tx, rater, locked, draw, now)
		return err
	})
	if err != nil {
		return eval.Presentation{}, fmt.Errorf("next comparison: %w", err)
	}
	return s.Presentation(ctx, rater, id)
}

func nextPresentation(ctx context.Context, tx *transaction, rater eval.Rater, locked eval.LockedProtocol, draw func(controlFirst, candidateFirst int) eval.Side, now time.Time) (id string, err error) {
	most := locked.Protocol.RatingsPerComparison
	open, err := waiting(ctx, tx, rater, most, now)
	if err != nil {
		return "", err
	}
	if len(open) > 0 && open[0].Shown {
		return open[0].ID, showNow(ctx, tx, open[0].ID, now)
	}
	check, err := openCheck(ctx, tx, rater)
	if err != nil || check.Shown {
		return check.ID, err
	}
	var next openComparison
	if len(open) == 0 {
		if next, err = findNext(ctx, tx, rater, most, now); err != nil {
			return "", err
		}
	}
	if check.ID == "" {
		if check.ID, err = drawCheck(ctx, tx, locked, rater, now); err != nil {
			return "", err
		}
	}
	if check.ID != "" {
		return check.ID, showCheck(ctx, tx, check.ID, now)
	}
	if len(open) > 0 {
		id = open[0].ID
	} else if id, err = assign(ctx, tx, rater, next, draw, now); err != nil {
		return "", err
	}
	return id, showNow(ctx, tx, id, now)
}

// showNow notes that a presentation is shown. Who comes back to one that was left for
// long has it again for as long.
func showNow(ctx context.Context, tx *transaction, id string, now time.Time) error {
	_, err := tx.ExecContext(ctx, `UPDATE presentations SET shown_at = ? WHERE id = ? AND (shown_at IS NULL OR shown_at < ?)`,
		now.UnixMicro(), id, now.Add(-abandonedAfter/2).UnixMicro())
	return err
}

// assign draws how a comparison will be shown to a rater, and stores it.
func assign(ctx context.Context, tx *transaction, rater eval.Rater, next openComparison, draw func(controlFirst, candidateFirst int) eval.Side, now time.Time) (id string, err error) {
	var first struct {
		Control   int `db:"control"`
		Candidate int `db:"candidate"`
	}
	err = tx.GetContext(ctx, &first, `
SELECT count(*) FILTER (WHERE p.first = 'a') AS control, count(*) FILTER (WHERE p.first = 'b') AS candidate
FROM presentations p JOIN comparison_queue q ON q.comparison_id = p.comparison_id
WHERE p.rater_id = ? AND q.category = ?`, rater.ID, next.Category)
	if err != nil {
		return "", err
	}
	id = rand.Text()
	_, err = tx.ExecContext(ctx, `
INSERT INTO presentations (id, comparison_id, rater_id, first, presented_at) VALUES (?, ?, ?, ?, ?)`,
		id, next.ID, rater.ID, draw(first.Control, first.Candidate), now.UnixMicro())
	return id, err
}

// An openComparison is one that a rater may be shown.
type openComparison struct {
	ID       string         `db:"comparison_id"`
	Category audit.Category `db:"category"`
}

// findNext goes through the weeks, and in each through the numbers of raters. Of those
// that are alike it takes any, so that raters who come together are not shown the same.
func findNext(ctx context.Context, tx *transaction, rater eval.Rater, most int, now time.Time) (next openComparison, err error) {
	since := now.Add(-abandonedAfter).UnixMicro()
	var weeks []int
	if err := tx.SelectContext(ctx, &weeks, `SELECT week FROM batches ORDER BY week`); err != nil {
		return next, err
	}
	query, start := nextComparison(rater), rand.Text()
	for _, week := range weeks {
		for people := range most {
			for _, from := range []string{start, ""} {
				err := tx.GetContext(ctx, &next, query, rater.ID, most, week, people, since, from)
				if !errors.Is(notFound(err), eval.ErrNotFound) {
					return next, err
				}
			}
		}
	}
	return next, eval.ErrNotFound
}

// Presentation reads one presentation of this rater; eval.ErrNotFound for another
// rater's, and for one that is not shown yet.
func (s *Store) Presentation(ctx context.Context, rater eval.Rater, id string) (eval.Presentation, error) {
	p, err := s.presentation(ctx, rater, id)
	if err == nil && p.ShownAt.IsZero() {
		return eval.Presentation{}, fmt.Errorf("presentation %q: %w", id, eval.ErrNotFound)
	}
	return p, err
}

// presentation reads one that may not be shown yet.
func (s *Store) presentation(ctx context.Context, rater eval.Rater, id string) (eval.Presentation, error) {
	var row struct {
		ComparisonID string    `db:"comparison_id"`
		First        eval.Side `db:"first"`
		TaskID       string    `db:"task_id"`
		Category     string    `db:"category"`
		TextA        string    `db:"text_a"`
		TextB        string    `db:"text_b"`
		ShownAt      *int64    `db:"shown_at"`
	}
	err := s.quick.GetContext(ctx, &row, `
SELECT p.comparison_id, p.first, p.shown_at, c.task_id, t.category, a.response AS text_a, b.response AS text_b
FROM presentations p
JOIN comparisons c ON c.id = p.comparison_id
JOIN batch_tasks t ON t.task_id = c.task_id
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
		ID: id, ComparisonID: row.ComparisonID, TaskID: row.TaskID, Category: audit.Category(row.Category), Rater: rater.Name, First: row.First,
		System: task.System, Conversation: task.Conversation, Prompt: task.Prompt,
		Left: row.TextA, Right: row.TextB,
	}
	if row.First == eval.SideB {
		shown.Left, shown.Right = row.TextB, row.TextA
	}
	if row.ShownAt != nil {
		shown.ShownAt = time.UnixMicro(*row.ShownAt).UTC()
	}
	return shown, nil
}

// LastRated is the presentation the rater rated last, with what was said of it;
// eval.ErrNotFound where there is none.
func (s *Store) LastRated(ctx context.Context, rater eval.Rater) (eval.Presentation, error) {
	var id string
	err := s.quick.GetContext(ctx, &id, `
SELECT presentation_id FROM (
    SELECT presentation_id, rated_at FROM (
        SELECT presentation_id, rated_at FROM ratings WHERE rater_id = ?1 AND presentation_id IS NOT NULL ORDER BY id DESC LIMIT 1) r
    UNION ALL
    SELECT presentation_id, rated_at FROM (
        SELECT r.presentation_id, r.rated_at FROM check_ratings r JOIN check_presentations p ON p.id = r.presentation_id
        WHERE p.rater_id = ?1 ORDER BY r.id DESC LIMIT 1) c) l
ORDER BY rated_at DESC LIMIT 1`, rater.ID)
	if err != nil {
		return eval.Presentation{}, fmt.Errorf("last rated comparison: %w", notFound(err))
	}
	p, err := s.Presentation(ctx, rater, id)
	if err != nil {
		return p, err
	}
	p.Last, err = s.lastSaid(ctx, id, p.First)
	return p, err
}

// AddVerdict is [Store.AddRating] of a verdict without tags.
func (s *Store) AddVerdict(ctx context.Context, rater eval.Rater, presentationID string, shown eval.ShownVerdict, seconds *float64, note string, now time.Time) error {
	return s.AddRating(ctx, rater, presentationID, eval.ShownRating{Verdict: shown, Seconds: seconds, Note: note}, now)
}

// AddRating stores a rating durably before it returns. A second one of the same
// presentation supersedes the first; the same one again changes nothing, whatever its
// seconds. eval.ErrNotFound for a presentation that is not this rater's, or that is not
// shown yet.
func (s *Store) AddRating(ctx context.Context, rater eval.Rater, presentationID string, shown eval.ShownRating, now time.Time) error {
	return s.writeTogether(ctx, func(tx *transaction) error {
		return addRating(ctx, tx, rater, presentationID, shown, now)
	})
}

// RateAndNext is [Store.AddRating] and after it [Store.NextPresentation], which wait for
// the same commit. more is false where nothing is left, and the rating is stored;
// eval.ErrNotFound as for AddRating. Where the next one cannot be had, nothing is stored.
func (s *Store) RateAndNext(ctx context.Context, rater eval.Rater, presentationID string, shown eval.ShownRating, draw func(controlFirst, candidateFirst int) eval.Side, now time.Time) (next eval.Presentation, more bool, err error) {
	locked, err := s.lockedAgain(ctx)
	if err != nil {
		return eval.Presentation{}, false, err
	}
	var id string
	err = s.writeTogether(ctx, func(tx *transaction) (err error) {
		if err := addRating(ctx, tx, rater, presentationID, shown, now); err != nil {
			return err
		}
		if id, err = nextPresentation(ctx, tx, rater, locked, draw, now); errors.Is(err, eval.ErrNotFound) {
			return nil
		}
		return err
	})
	if err != nil || id == "" {
		return eval.Presentation{}, false, err
	}
	next, err = s.Presentation(ctx, rater, id)
	return next, true, err
}

func addRating(ctx context.Context, tx *transaction, rater eval.Rater, presentationID string, shown eval.ShownRating, now time.Time) error {
	// The last rating may also have been imported since.
	var p struct {
		ComparisonID string        `db:"comparison_id"`
		First        eval.Side     `db:"first"`
		Last         *int64        `db:"last"`
		Here         *bool         `db:"here"`
		Verdict      *eval.Verdict `db:"verdict"`
		Note         *string       `db:"note"`
		Grades       *string       `db:"grades"`
	}
	err := tx.GetContext(ctx, &p, `
SELECT p.comparison_id, p.first, r.id AS last, r.presentation_id IS NOT NULL AS here, r.verdict, r.note, r.grades
FROM presentations p LEFT JOIN ratings r ON r.id = (
    SELECT max(id) FROM ratings WHERE rater_id = p.rater_id AND comparison_id = p.comparison_id AND first = p.first)
WHERE p.id = ? AND p.rater_id = ? AND p.shown_at IS NOT NULL`, presentationID, rater.ID)
	if errors.Is(notFound(err), eval.ErrNotFound) {
		return addCheckRating(ctx, tx, rater, presentationID, shown, now)
	}
	if err != nil {
		return fmt.Errorf("presentation %q: %w", presentationID, notFound(err))
	}
	verdict, ok := shown.Verdict.Verdict(p.First)
	if !ok {
		return fmt.Errorf("verdict %q is not known", shown.Verdict)
	}
	score, _ := verdict.Score()
	grades, err := eval.GradesJSON(eval.ArmGrades(shown.Grades, p.First))
	if err != nil {
		return err
	}
	if p.Last != nil && *p.Here && *p.Verdict == verdict && *p.Note == shown.Note && *p.Grades == grades {
		same, err := hasTags(ctx, tx, *p.Last, shown.Tags)
		if err != nil || same {
			return err
		}
	}
	id, err := tx.insert(ctx, `
INSERT INTO ratings (comparison_id, rater_id, presentation_id, supersedes, verdict, score, first, seconds, grades, note, cluster, rated_at)
VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, '', ?)`,
		p.ComparisonID, rater.ID, presentationID, p.Last, verdict, score, p.First, shown.Seconds, grades, shown.Note, now.UnixMicro())
	if err != nil {
		return fmt.Errorf("store rating: %w", err)
	}
	return addTags(ctx, tx, id, shown.Tags)
}

// Progress counts the comparisons the rater has rated and those still open to this
// rater, those that others look at just now included, and gives the median seconds
// of a rating (0 where none is known).
func (s *Store) Progress(ctx context.Context, rater eval.Rater) (done, open int, medianSeconds float64, err error) {
	locked, err := s.lockedAgain(ctx)
	if err != nil {
		return 0, 0, 0, err
	}
	most := locked.Protocol.RatingsPerComparison
	err = s.quick.GetContext(ctx, &done, `SELECT count(DISTINCT comparison_id) FROM ratings WHERE rater_id = ?`, rater.ID)
	if err != nil {
		return 0, 0, 0, err
	}
	var seconds []float64
	err = s.quick.SelectContext(ctx, &seconds, `
SELECT seconds FROM ratings r
WHERE rater_id = ? AND seconds IS NOT NULL AND NOT EXISTS (SELECT 1 FROM ratings n WHERE n.supersedes = r.id)
ORDER BY seconds`, rater.ID)
	if err != nil {
		return 0, 0, 0, err
	}
	if n := len(seconds); n > 0 {
		medianSeconds = (seconds[(n-1)/2] + seconds[n/2]) / 2
	}
	// Open to everyone, without those that the rater has seen, and with those that the
	// rater has still to rate.
	people := peopleColumn(rater)
	var counts struct {
		Open    int `db:"open"`
		Looking int `db:"looking"` // at one that is open
	}
	err = s.quick.GetContext(ctx, &counts, `
WITH mine AS (
    SELECT p.shown_at FROM presentations p JOIN comparison_queue q ON q.comparison_id = p.comparison_id
    WHERE p.rater_id = ?1 AND p.settled = 0 AND q.excluded = 0 AND `+people+` < ?2)
SELECT (SELECT count(*) FROM comparison_queue q WHERE q.answered = 1 AND q.excluded = 0 AND `+people+` < ?2)
    - (SELECT count(*) FROM (
        SELECT comparison_id FROM presentations WHERE rater_id = ?1
        UNION SELECT comparison_id FROM ratings WHERE rater_id = ?1) seen
       JOIN comparison_queue q ON q.comparison_id = seen.comparison_id AND q.answered = 1 AND q.excluded = 0 AND `+people+` < ?2)
    + (SELECT count(*) FROM mine) AS open,
    (SELECT count(*) FROM mine WHERE shown_at IS NOT NULL) AS looking`, rater.ID, most)
	if err != nil {
		return 0, 0, 0, err
	}
	checked, checking, err := s.checkProgress(ctx, locked.Protocol, rater, counts.Open-counts.Looking)
	return done + checked, counts.Open + checking, medianSeconds, err
}
