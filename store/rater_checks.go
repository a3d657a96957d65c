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

// openCheck is the presentation that tries the rater and is not rated yet; empty where
// there is none.
func openCheck(ctx context.Context, tx *transaction, rater eval.Rater) (id string, err error) {
	err = tx.GetContext(ctx, &id, `
SELECT p.id FROM check_presentations p
WHERE p.rater_id = ? AND p.skipped = 0 AND NOT EXISTS (SELECT 1 FROM check_ratings r WHERE r.presentation_id = p.id)
ORDER BY p.presented_at, p.id LIMIT 1`, rater.ID)
	if errors.Is(notFound(err), eval.ErrNotFound) {
		return "", nil
	}
	return id, err
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
	kinds := []eval.RaterCheckKind{eval.RepeatCheck, eval.SwappedCheck, eval.SentinelCheck}
	drawn, pick := blind.DrawCheck(locked.Protocol.Seed, rater.Name, slot, checks.RepeatShare, checks.SwappedShare, checks.SentinelShare)
	if drawn < 0 {
		return "", nil
	}
	kind := kinds[drawn]
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
		Repeats  *string   `db:"repeats"`
		Sentinel string    `db:"sentinel"`
		First    eval.Side `db:"first"`
		Protocol string    `db:"body"`
		ShownAt  int64     `db:"presented_at"`
	}
	err := s.quick.GetContext(ctx, &row, `
SELECT p.repeats, p.sentinel, p.first, p.presented_at, v.body FROM check_presentations p JOIN protocols v ON v.version = p.protocol_version
WHERE p.id = ? AND p.rater_id = ?`, id, rater.ID)
	if err != nil {
		return eval.Presentation{}, fmt.Errorf("presentation %q: %w", id, notFound(err))
	}
	if row.Repeats != nil {
		shown, err := s.Presentation(ctx, rater, *row.Repeats)
		if err != nil {
			return shown, err
		}
		if shown.First != row.First {
			shown.Left, shown.Right = shown.Right, shown.Left
		}
		shown.ID, shown.First, shown.ShownAt = id, row.First, time.UnixMicro(row.ShownAt).UTC()
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
				ID: id, ComparisonID: id, Rater: rater.Name, First: row.First,
				Prompt: sentinel.Prompt, Left: sentinel.Better, Right: sentinel.Worse,
				ShownAt: time.UnixMicro(row.ShownAt).UTC(),
			}
			if row.First == eval.SideB {
				shown.Left, shown.Right = shown.Right, shown.Left
			}
			return shown, nil
		}
	}
	return eval.Presentation{}, fmt.Errorf("presentation %q: sentinel %q is not in its protocol", id, row.Sentinel)
}

// addCheckVerdict stores a verdict on a presentation that tries this rater; the same one
// again changes nothing. eval.ErrNotFound where it is not this rater's.
func addCheckVerdict(ctx context.Context, tx *transaction, rater eval.Rater, id string, shown eval.ShownVerdict, seconds *float64, note string, now time.Time) error {
	var first eval.Side
	if err := tx.GetContext(ctx, &first, `SELECT first FROM check_presentations WHERE id = ? AND rater_id = ?`, id, rater.ID); err != nil {
		return fmt.Errorf("presentation %q: %w", id, notFound(err))
	}
	verdict, ok := shown.Verdict(first)
	if !ok {
		return fmt.Errorf("verdict %q is not known", shown)
	}
	var last struct {
		Verdict eval.Verdict `db:"verdict"`
		Note    string       `db:"note"`
	}
	err := tx.GetContext(ctx, &last, `SELECT verdict, note FROM check_ratings WHERE presentation_id = ? ORDER BY id DESC LIMIT 1`, id)
	switch {
	case errors.Is(notFound(err), eval.ErrNotFound):
	case err != nil:
		return err
	case last.Verdict == verdict && last.Note == note:
		return nil
	}
	_, err = tx.ExecContext(ctx, `INSERT INTO check_ratings (presentation_id, verdict, seconds, note, rated_at) VALUES (?, ?, ?, ?, ?)`,
		id, verdict, seconds, note, now.UnixMicro())
	if err != nil {
		return fmt.Errorf("store rating: %w", err)
	}
	return nil
}

// skipCheck notes that a rater does not want to rate what tries this rater; skipping again
// changes nothing. eval.ErrNotFound where it is not this rater's or rated.
func skipCheck(ctx context.Context, tx *transaction, rater eval.Rater, id string) error {
	result, err := tx.ExecContext(ctx, `
UPDATE check_presentations SET skipped = 1 WHERE id = ? AND rater_id = ?
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

// checkProgress counts the presentations that tried the rater, rated and waiting: the
// rater counts them with the others.
func (s *Store) checkProgress(ctx context.Context, rater eval.Rater) (rated, waiting int, err error) {
	var counts struct {
		Rated   int `db:"rated"`
		Waiting int `db:"waiting"`
	}
	err = s.quick.GetContext(ctx, &counts, `
SELECT count(*) FILTER (WHERE rated) AS rated, count(*) FILTER (WHERE NOT rated) AS waiting FROM (
    SELECT EXISTS (SELECT 1 FROM check_ratings r WHERE r.presentation_id = p.id) AS rated
    FROM check_presentations p WHERE p.rater_id = ? AND p.skipped = 0) c`, rater.ID)
	return counts.Rated, counts.Waiting, err
}

// RaterCheckRatings are the verdicts that count on what tried people, in the order in
// which they were given; repeats of weeks after throughWeek are left out unless it is 0.
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
SELECT h.name AS rater, h.simulated, p.kind, coalesce(b.week, 0) AS week, coalesce(b.category, '') AS category, k.verdict, p.first, k.seconds,
    coalesce((SELECT r.verdict FROM ratings r WHERE r.presentation_id = o.id ORDER BY r.id DESC LIMIT 1), '') AS before,
    coalesce(o.first, '') AS before_first
FROM check_ratings k
JOIN check_presentations p ON p.id = k.presentation_id
JOIN raters h ON h.id = p.rater_id
LEFT JOIN presentations o ON o.id = p.repeats
LEFT JOIN comparisons c ON c.id = o.comparison_id
LEFT JOIN batch_tasks b ON b.task_id = c.task_id
WHERE (? = 0 OR coalesce(b.week, 0) <= ?)
  AND NOT EXISTS (SELECT 1 FROM check_ratings n WHERE n.presentation_id = k.presentation_id AND n.id > k.id)
ORDER BY k.id`, throughWeek, throughWeek)
	return ratings, err
}
