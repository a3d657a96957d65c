package store

import (
	"context"
	"crypto/rand"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"time"

	"modeltrial/audit"
	"modeltrial/eval"
	"modeltrial/eval/blind"
)

// repeatAfter is how many comparisons lie at least between one and its repeat, so that
// the verdict is not remembered.
const repeatAfter = 5

// An openedCheck is a presentation that tries its rater and is not rated yet.
type openedCheck struct {
	ID    string `db:"id"`
	Shown bool   `db:"shown"` // or only chosen
}

// openCheck is the presentation that tries the rater and is not rated yet; the zero value
// where there is none.
func openCheck(ctx context.Context, tx *transaction, rater eval.Rater) (check openedCheck, err error) {
	err = tx.GetContext(ctx, &check, `
SELECT p.id, p.shown_at IS NOT NULL AS shown FROM check_presentations p
WHERE p.rater_id = ? AND p.skipped = 0 AND NOT EXISTS (SELECT 1 FROM check_ratings r WHERE r.presentation_id = p.id)
ORDER BY p.presented_at, p.id LIMIT 1`, rater.ID)
	if errors.Is(notFound(err), eval.ErrNotFound) {
		return openedCheck{}, nil
	}
	return check, err
}

// showCheck notes that a presentation that tries its rater is shown.
func showCheck(ctx context.Context, tx *transaction, id string, now time.Time) error {
	_, err := tx.ExecContext(ctx, `UPDATE check_presentations SET shown_at = ? WHERE id = ? AND shown_at IS NULL`, now.UnixMicro(), id)
	return err
}

// checkAt is how the protocol's seed tries a rater after so many comparisons; empty where
// it does not.
func checkAt(protocol eval.Protocol, rater eval.Rater, slot int) (kind eval.RaterCheckKind, pick uint64) {
	checks := protocol.RaterChecks
	drawn, pick := blind.DrawCheck(protocol.Seed, rater.Name, slot, checks.RepeatShare, checks.SwappedShare, checks.SentinelShare)
	if drawn < 0 {
		return "", pick
	}
	return []eval.RaterCheckKind{eval.RepeatCheck, eval.SwappedCheck, eval.SentinelCheck}[drawn], pick
}

// drawCheck decides by the protocol's seed whether the rater is tried before the next
// comparison, stores how, and gives the presentation; empty where not. It is asked while
// there is a next comparison, so that nobody is kept by checks alone.
func drawCheck(ctx context.Context, tx *transaction, locked eval.LockedProtocol, rater eval.Rater, now time.Time) (id string, err error) {
	checks := locked.Protocol.RaterChecks
	if checks == nil || rater.Kind != eval.Human {
		return "", nil
	}
	var slot int
	if err := tx.GetContext(ctx, &slot, `SELECT count(*) FROM presentations WHERE rater_id = ? AND shown_at IS NOT NULL`, rater.ID); err != nil || slot == 0 {
		return "", err
	}
	var tried bool
	err = tx.GetContext(ctx, &tried, `SELECT EXISTS (SELECT 1 FROM check_presentations WHERE rater_id = ? AND slot = ?)`, rater.ID, slot)
	if err != nil || tried {
		return "", err
	}
	kind, pick := checkAt(locked.Protocol, rater, slot)
	if kind == "" {
		return "", nil
	}
	var repeats *string
	sentinel, first := "", eval.SideA
	if kind == eval.SentinelCheck {
		if sentinel, err = unseenSentinel(ctx, tx, checks.Sentinels, rater, pick); err != nil || sentinel == "" {
			return "", err
		}
		if pick>>63 == 1 {
			first = eval.SideB
		}
	} else {
		repeated, err := repeatable(ctx, tx, rater, pick)
		if err != nil || repeated == nil {
			return "", err
		}
		repeats, first = &repeated.ID, repeated.First
		if kind == eval.SwappedCheck {
			first = first.Flipped()
		}
	}
	id = rand.Text()
	_, err = tx.ExecContext(ctx, `
INSERT INTO check_presentations (id, rater_id, slot, kind, repeats, sentinel, protocol_version, first, presented_at) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)`,
		id, rater.ID, slot, kind, repeats, sentinel, locked.Version, first, now.UnixMicro())
	if err != nil {
		return "", fmt.Errorf("store check: %w", err)
	}
	return id, nil
}

type shownBefore struct {
	ID    string    `db:"id"`
	First eval.Side `db:"first"`
}

// repeatable is one of the rater's comparisons that were rated long enough ago and not
// shown again yet; nil where there is none.
func repeatable(ctx context.Context, tx *transaction, rater eval.Rater, pick uint64) (*shownBefore, error) {
	var before []shownBefore
	err := tx.SelectContext(ctx, &before, `
SELECT id, first FROM (
    SELECT p.id, p.first, p.presented_at,
        EXISTS (SELECT 1 FROM check_presentations k WHERE k.rater_id = p.rater_id AND k.repeats = p.id) AS again,
        EXISTS (SELECT 1 FROM ratings r WHERE r.presentation_id = p.id) AS rated
    FROM presentations p WHERE p.rater_id = ? AND p.shown_at IS NOT NULL ORDER BY p.presented_at DESC, p.id LIMIT 1000000000 OFFSET ?) p
WHERE rated AND NOT again ORDER BY presented_at, id`, rater.ID, repeatAfter)
	if err != nil || len(before) == 0 {
		return nil, err
	}
	return &before[pick%uint64(len(before))], nil
}

// unseenSentinel is one that the rater has not seen; empty where there is none.
func unseenSentinel(ctx context.Context, tx *transaction, sentinels []eval.Sentinel, rater eval.Rater, pick uint64) (string, error) {
	var seen []string
	err := tx.SelectContext(ctx, &seen, `SELECT sentinel FROM check_presentations WHERE rater_id = ? AND kind = 'sentinel'`, rater.ID)
	if err != nil {
		return "", err
	}
	var unseen []string
	for _, s := range sentinels {
		if !slices.Contains(seen, s.Name) {
			unseen = append(unseen, s.Name)
		}
	}
	if len(unseen) == 0 {
		return "", nil
	}
	return unseen[pick%uint64(len(unseen))], nil
}

// checkPresentation reads a presentation that tries this rater, who cannot tell it from
// another.
func (s *Store) checkPresentation(ctx context.Context, rater eval.Rater, id string) (eval.Presentation, error) {
	var row struct {
		Repeats  *string        `db:"repeats"`
		Sentinel string         `db:"sentinel"`
		First    eval.Side      `db:"first"`
		Protocol string         `db:"body"`
		ShownAt  *int64         `db:"shown_at"`
		Category audit.Category `db:"category"`
	}
	// A sentinel is graded by the rubric of the comparison before it, so that it cannot be
	// told by its criteria.
	err := s.quick.GetContext(ctx, &row, `
SELECT p.repeats, p.sentinel, p.first, p.shown_at, v.body,
    coalesce((SELECT q.category FROM presentations o JOIN comparison_queue q ON q.comparison_id = o.comparison_id
        WHERE o.rater_id = p.rater_id AND o.shown_at IS NOT NULL AND o.presented_at <= p.presented_at
        ORDER BY o.presented_at DESC, o.id LIMIT 1), '') AS category
FROM check_presentations p JOIN protocols v ON v.version = p.protocol_version
WHERE p.id = ? AND p.rater_id = ?`, id, rater.ID)
	if err != nil {
		return eval.Presentation{}, fmt.Errorf("presentation %q: %w", id, notFound(err))
	}
	var shownAt time.Time
	if row.ShownAt != nil {
		shownAt = time.UnixMicro(*row.ShownAt).UTC()
	}
	if row.Repeats != nil {
		shown, err := s.presentation(ctx, rater, *row.Repeats)
		if err != nil {
			return shown, err
		}
		if shown.First != row.First {
			shown.Left, shown.Right = shown.Right, shown.Left
		}
		shown.ID, shown.First, shown.ShownAt = id, row.First, shownAt
		return shown, nil
	}
	var protocol eval.Protocol
	if err := json.Unmarshal([]byte(row.Protocol), &protocol); err != nil {
		return eval.Presentation{}, fmt.Errorf("presentation %q: %w", id, err)
	}
	if protocol.RaterChecks != nil {
		for _, sentinel := range protocol.RaterChecks.Sentinels {
			if sentinel.Name != row.Sentinel {
				continue
			}
			shown := eval.Presentation{
				ID: id, ComparisonID: id, Category: row.Category, Rater: rater.Name, First: row.First,
				Prompt: sentinel.Prompt, Left: sentinel.Better, Right: sentinel.Worse, ShownAt: shownAt,
			}
			if row.First == eval.SideB {
				shown.Left, shown.Right = shown.Right, shown.Left
			}
			return shown, nil
		}
	}
	return eval.Presentation{}, fmt.Errorf("presentation %q: sentinel %q is not in its protocol", id, row.Sentinel)
}

// addCheckRating stores what was said of a presentation that tries this rater; the same
// again changes nothing. eval.ErrNotFound where it is not this rater's or not shown yet.
func addCheckRating(ctx context.Context, tx *transaction, rater eval.Rater, id string, shown eval.ShownRating, now time.Time) error {
	var first eval.Side
	err := tx.GetContext(ctx, &first, `SELECT first FROM check_presentations WHERE id = ? AND rater_id = ? AND shown_at IS NOT NULL`, id, rater.ID)
	if err != nil {
		return fmt.Errorf("presentation %q: %w", id, notFound(err))
	}
	type said struct {
		Verdict eval.Verdict `db:"verdict"`
		Note    string       `db:"note"`
		Tags    string       `db:"tags"`
		Grades  string       `db:"grades"`
	}
	next := said{Note: shown.Note}
	var ok bool
	if next.Verdict, ok = shown.Verdict.Verdict(first); !ok {
		return fmt.Errorf("verdict %q is not known", shown.Verdict)
	}
	tags, err := json.Marshal(append([]string{}, slices.Sorted(slices.Values(shown.Tags))...))
	if err != nil {
		return fmt.Errorf("store tags: %w", err)
	}
	next.Tags = string(tags)
	if next.Grades, err = eval.GradesJSON(eval.ArmGrades(shown.Grades, first)); err != nil {
		return err
	}
	var last said
	err = tx.GetContext(ctx, &last, `SELECT verdict, note, tags, grades FROM check_ratings WHERE presentation_id = ? ORDER BY id DESC LIMIT 1`, id)
	switch {
	case errors.Is(notFound(err), eval.ErrNotFound):
	case err != nil:
		return err
	case last == next:
		return nil
	}
	_, err = tx.ExecContext(ctx, `INSERT INTO check_ratings (presentation_id, verdict, seconds, note, tags, grades, rated_at) VALUES (?, ?, ?, ?, ?, ?, ?)`,
		id, next.Verdict, shown.Seconds, next.Note, next.Tags, next.Grades, now.UnixMicro())
	if err != nil {
		return fmt.Errorf("store rating: %w", err)
	}
	return nil
}

// skipCheck notes that a rater does not want to rate what tries this rater; skipping again
// changes nothing. eval.ErrNotFound where it is not this rater's or rated.
func skipCheck(ctx context.Context, tx *transaction, rater eval.Rater, id string) error {
	result, err := tx.ExecContext(ctx, `
UPDATE check_presentations SET skipped = 1 WHERE id = ? AND rater_id = ? AND shown_at IS NOT NULL
    AND NOT EXISTS (SELECT 1 FROM check_ratings r WHERE r.presentation_id = check_presentations.id)`, id, rater.ID)
	if err != nil {
		return fmt.Errorf("store skip: %w", err)
	}
	if rows, err := result.RowsAffected(); err != nil || rows == 1 {
		return err
	}
	return fmt.Errorf("presentation %q: %w", id, eval.ErrNotFound)
}

// guessOfCheck takes a guess of a presentation that tries this rater and keeps nothing of
// it: a sentinel is of no arm, and a repeat is no second opinion on the same answers.
// eval.ErrNotFound where it is not this rater's or not rated yet.
func guessOfCheck(ctx context.Context, tx *transaction, rater eval.Rater, id string) error {
	var rated bool
	err := tx.GetContext(ctx, &rated, `
SELECT 1 FROM check_presentations p WHERE id = ? AND rater_id = ? AND EXISTS (SELECT 1 FROM check_ratings r WHERE r.presentation_id = p.id)`, id, rater.ID)
	if err != nil {
		return fmt.Errorf("rated presentation %q: %w", id, notFound(err))
	}
	return nil
}

// checkProgress counts the presentations that tried the rater and those that will while so
// many comparisons are still to be shown: the rater counts them with the others, and a
// total that rose with each of them would tell which they are. What is to come is known
// from the protocol's seed.
func (s *Store) checkProgress(ctx context.Context, protocol eval.Protocol, rater eval.Rater, comparisons int) (rated, open int, err error) {
	checks := protocol.RaterChecks
	var counts struct {
		Rated     int  `db:"rated"`
		Shown     int  `db:"shown"`
		Sentinels int  `db:"sentinels"`
		Slot      int  `db:"slot"`
		Tried     bool `db:"tried"`
	}
	err = s.quick.GetContext(ctx, &counts, `
WITH mine AS (
    SELECT p.slot, p.kind, p.shown_at, p.skipped, EXISTS (SELECT 1 FROM check_ratings r WHERE r.presentation_id = p.id) AS rated
    FROM check_presentations p WHERE p.rater_id = ?1),
at AS (SELECT count(*) AS slot FROM presentations WHERE rater_id = ?1 AND shown_at IS NOT NULL)
SELECT (SELECT count(*) FROM mine WHERE rated) AS rated,
    (SELECT count(*) FROM mine WHERE NOT rated AND skipped = 0 AND shown_at IS NOT NULL) AS shown,
    (SELECT count(*) FROM mine WHERE kind = 'sentinel' AND shown_at IS NOT NULL) AS sentinels,
    at.slot, EXISTS (SELECT 1 FROM mine WHERE mine.slot = at.slot AND shown_at IS NOT NULL) AS tried
FROM at`, rater.ID)
	if err != nil || checks == nil || rater.Kind != eval.Human {
		return counts.Rated, counts.Shown, err
	}
	open, from := counts.Shown, max(counts.Slot, 1)
	if counts.Tried {
		from++
	}
	sentinels := len(checks.Sentinels) - counts.Sentinels
	for slot := from; slot < counts.Slot+comparisons; slot++ {
		switch kind, _ := checkAt(protocol, rater, slot); {
		case kind == eval.SentinelCheck && sentinels > 0:
			sentinels--
			open++
		case (kind == eval.RepeatCheck || kind == eval.SwappedCheck) && slot > repeatAfter:
			open++
		}
	}
	return counts.Rated, open, nil
}

// RaterCheckRatings are the verdicts that count on what tried people, in the order in
// which they were given; those of weeks after throughWeek are left out unless it is 0. The
// week of a sentinel is that of the comparison shown before it.
func (s *Store) RaterCheckRatings(ctx context.Context, throughWeek int) ([]eval.RaterCheckRating, error) {
	type checkRow struct {
		Rater       string              `db:"rater"`
		Simulated   bool                `db:"simulated"`
		Kind        eval.RaterCheckKind `db:"kind"`
		Week        int                 `db:"week"`
		Category    audit.Category      `db:"category"`
		Verdict     eval.Verdict        `db:"verdict"`
		First       eval.Side           `db:"first"`
		Seconds     *float64            `db:"seconds"`
		Before      eval.Verdict        `db:"before"`
		BeforeFirst eval.Side           `db:"before_first"`
	}
	var ratings []eval.RaterCheckRating
	err := each(ctx, s, "checks of raters", func(r checkRow) error {
		ratings = append(ratings, eval.RaterCheckRating(r))
		return nil
	}, `
SELECT h.name AS rater, h.simulated, p.kind, coalesce(b.week, n.week, 0) AS week, coalesce(b.category, '') AS category, k.verdict, p.first, k.seconds,
    coalesce((SELECT r.verdict FROM ratings r WHERE r.presentation_id = o.id ORDER BY r.id DESC LIMIT 1), '') AS before,
    coalesce(o.first, '') AS before_first
FROM check_ratings k
JOIN check_presentations p ON p.id = k.presentation_id
JOIN raters h ON h.id = p.rater_id
LEFT JOIN presentations o ON o.id = p.repeats
LEFT JOIN comparisons c ON c.id = o.comparison_id
LEFT JOIN batch_tasks b ON b.task_id = c.task_id
LEFT JOIN batch_tasks n ON n.task_id = (
    SELECT nc.task_id FROM presentations np JOIN comparisons nc ON nc.id = np.comparison_id
    WHERE p.kind = 'sentinel' AND np.rater_id = p.rater_id AND np.presented_at <= p.presented_at ORDER BY np.presented_at DESC, np.id LIMIT 1)
WHERE (? = 0 OR coalesce(b.week, n.week, 0) <= ?)
  AND NOT EXISTS (SELECT 1 FROM check_ratings later WHERE later.presentation_id = k.presentation_id AND later.id > k.id)
ORDER BY k.id`, throughWeek, throughWeek)
	return ratings, err
}
