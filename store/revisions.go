package store

import (
	"context"
	"fmt"
	"strconv"
	"time"

	"modeltrial/audit"
	"modeltrial/eval"
)

// revisionSpent is what new answers that were asked for have cost; revisionSetAside is
// the worst case of the calls under way, and of those that may have been billed.
const (
	revisionSpent    = `(SELECT coalesce(sum(cost_nano_usd), 0) FROM revisions WHERE origin = 'measured')`
	revisionSetAside = `(SELECT coalesce(sum(reserved_nano_usd + lost_nano_usd), 0) FROM revisions)`
)

// openRevision selects what an editor p waits for.
const openRevision = `SELECT 1 FROM revisions v WHERE v.presentation_id = p.id AND v.response IS NULL AND v.refused = 0`

// AskRevision stores durably that an editor sends an answer back with a remark. Asking
// again while a new answer is awaited changes nothing. eval.ErrNotFound for an answer
// that was not shown to this person, or that this person has edited already.
func (s *Store) AskRevision(ctx context.Context, rater eval.Rater, presentationID string, asked eval.RevisionAsked, now time.Time) error {
	return s.write(ctx, func(tx *transaction) error {
		var waiting bool
		err := tx.GetContext(ctx, &waiting, `
SELECT EXISTS (`+openRevision+`) FROM edit_presentations p
WHERE p.id = ? AND p.rater_id = ? AND NOT EXISTS (SELECT 1 FROM post_edits e WHERE e.presentation_id = p.id)`, presentationID, rater.ID)
		if err != nil {
			return fmt.Errorf("answer %q: %w", presentationID, notFound(err))
		}
		if waiting {
			return nil
		}
		_, err = tx.ExecContext(ctx, `INSERT INTO revisions (presentation_id, remark, seconds, timing, asked_at) VALUES (?, ?, ?, ?, ?)`,
			presentationID, asked.Remark, asked.Seconds, asked.Timing, now.UnixMicro())
		if err != nil {
			return fmt.Errorf("store remark on answer %q: %w", presentationID, err)
		}
		return nil
	})
}

// WaitingRevisions counts the new answers that a person has asked for and not got.
func (s *Store) WaitingRevisions(ctx context.Context, rater eval.Rater) (waiting int, err error) {
	err = s.reader.GetContext(ctx, &waiting, `SELECT count(*) FROM edit_presentations p WHERE p.rater_id = ? AND EXISTS (`+openRevision+`)`, rater.ID)
	return waiting, err
}

// OpenRevisions lists the new answers that were asked for and not got, oldest first.
// Those that the provider refused, and of answers edited since, are left out.
func (s *Store) OpenRevisions(ctx context.Context) ([]eval.Revision, error) {
	type row struct {
		ID       int64          `db:"id"`
		TaskID   string         `db:"task_id"`
		Category audit.Category `db:"category"`
		Arm      string         `db:"arm"`
		Week     int            `db:"week"`
		Remark   string         `db:"remark"`
		Answer   string         `db:"answer"`
	}
	var open []eval.Revision
	err := each(ctx, s, "revisions", func(r row) error {
		open = append(open, eval.Revision{
			ID: strconv.FormatInt(r.ID, 10), TaskID: r.TaskID, Category: r.Category, Arm: r.Arm, Week: r.Week, Answer: r.Answer, Remark: r.Remark,
		})
		return nil
	}, `
SELECT v.id, p.task_id, b.category, p.arm, b.week, v.remark,
    coalesce((SELECT o.response FROM revisions o WHERE o.presentation_id = p.id AND o.response IS NOT NULL ORDER BY o.id DESC LIMIT 1), r.response) AS answer
FROM revisions v
JOIN edit_presentations p ON p.id = v.presentation_id
JOIN batch_tasks b ON b.task_id = p.task_id
JOIN responses r ON r.task_id = p.task_id AND r.arm = p.arm
WHERE v.response IS NULL AND v.refused = 0 AND NOT EXISTS (SELECT 1 FROM post_edits e WHERE e.presentation_id = p.id)
ORDER BY v.id`)
	return open, err
}

// ReserveRevision claims a revision until a time and sets its worst case aside, in one
// transaction, as [Store.Reserve] does.
func (s *Store) ReserveRevision(ctx context.Context, id string, worstCase, budget audit.NanoUSD, now, until time.Time) error {
	return s.write(ctx, func(tx *transaction) error {
		var taken bool
		err := tx.GetContext(ctx, &taken, `SELECT response IS NOT NULL OR refused = 1 OR claimed_until > ? FROM revisions WHERE id = ?`, now.UnixMicro(), id)
		if err != nil {
			return fmt.Errorf("revision %s: %w", id, notFound(err))
		}
		if taken {
			return fmt.Errorf("revision %s: %w", id, eval.ErrClaimed)
		}
		if err := withinBudget(ctx, tx, "revision "+id, worstCase, budget); err != nil {
			return err
		}
		// What a claim that ran out had set aside may have been billed.
		_, err = tx.ExecContext(ctx, `
UPDATE revisions SET claimed_until = ?, lost_nano_usd = lost_nano_usd + reserved_nano_usd, reserved_nano_usd = ? WHERE id = ?`,
			until.UnixMicro(), worstCase, id)
		return err
	})
}

// SaveRevision stores a new answer and ends its reservation in one transaction. lost is
// what its attempts may have cost beside, at worst. Where another answer came first it
// stays, the cost of this one is kept, and the error is eval.ErrClaimed.
func (s *Store) SaveRevision(ctx context.Context, id string, r eval.Response, lost audit.NanoUSD, now time.Time) error {
	late := false
	err := s.keep(ctx, func(tx *transaction) error {
		result, err := tx.ExecContext(ctx, `
UPDATE revisions SET response = ?, answered_at = ?, origin = ?, cost_nano_usd = ?, input_tokens = ?, cached_tokens = ?, output_tokens = ?,
    reasoning_tokens = ?, latency_ms = ?, model_served = ?, finish_reason = ?,
    claimed_until = 0, reserved_nano_usd = 0, lost_nano_usd = lost_nano_usd + ?, last_error = ''
WHERE id = ? AND response IS NULL`,
			r.Text, now.UnixMicro(), r.Origin, r.Cost, r.Tokens.Input, r.Tokens.Cached, r.Tokens.Output,
			r.Tokens.Reasoning, r.LatencyMS, r.ModelServed, r.FinishReason, lost, id)
		if err != nil {
			return fmt.Errorf("store revision %s: %w", id, err)
		}
		stored, err := result.RowsAffected()
		if late = stored == 0; err != nil || !late {
			return err
		}
		lost := lost // a write may be done again
		if r.Cost != nil {
			lost += *r.Cost
		}
		return loseOfRevision(ctx, tx, id, lost)
	})
	if err == nil && late {
		return fmt.Errorf("revision %s: %w", id, eval.ErrClaimed)
	}
	return err
}

// loseOfRevision keeps what a call for a revision that is answered already may have cost.
func loseOfRevision(ctx context.Context, tx *transaction, id string, lost audit.NanoUSD) error {
	_, err := tx.ExecContext(ctx, `UPDATE revisions SET lost_nano_usd = lost_nano_usd + ? WHERE id = ?`, lost, id)
	return err
}

// ReleaseRevision gives a claimed revision back after a failed attempt. One that the
// provider refused is not asked for again: its editor gets the answer before back.
func (s *Store) ReleaseRevision(ctx context.Context, id string, failure eval.FailedCall) error {
	return s.keep(ctx, func(tx *transaction) error {
		result, err := tx.ExecContext(ctx, `
UPDATE revisions SET claimed_until = 0, reserved_nano_usd = 0, lost_nano_usd = lost_nano_usd + ?, last_error = ?, refused = ?
WHERE id = ? AND response IS NULL`, failure.Lost, failure.Reason, failure.Final, id)
		if err != nil {
			return err
		}
		if released, err := result.RowsAffected(); err != nil || released == 1 {
			return err
		}
		return loseOfRevision(ctx, tx, id, failure.Lost)
	})
}

// Revisions counts the new answers that were asked for.
func (s *Store) Revisions(ctx context.Context) (counts eval.RevisionCounts, err error) {
	err = s.reader.GetContext(ctx, &counts, `
SELECT count(*) FILTER (WHERE response IS NULL AND refused = 0) AS open,
    count(*) FILTER (WHERE response IS NOT NULL) AS answered, count(*) FILTER (WHERE refused = 1) AS refused
FROM revisions`)
	return counts, err
}

// shownRevision is the newest new answer of a presentation that has come, or the one
// that never will.
type shownRevision struct {
	Asked   int     `db:"asked"`
	Rounds  int     `db:"rounds"`   // answered
	Answer  *string `db:"answer"`   // of the last round; nil without one
	ShownAt *int64  `db:"shown_at"` // of the last round
	Remark  *string `db:"remark"`   // the last one
	Open    bool    `db:"open"`
	Refused bool    `db:"refused"` // the last one
	Untimed bool    `db:"untimed"`
	Elapsed bool    `db:"elapsed"`
	Seconds float64 `db:"seconds"`
}

const selectShownRevision = `
SELECT count(*) AS asked, count(response) AS rounds,
    count(*) FILTER (WHERE response IS NULL AND refused = 0) > 0 AS open,
    count(*) FILTER (WHERE timing = '') > 0 AS untimed, count(*) FILTER (WHERE timing = 'elapsed') > 0 AS elapsed, coalesce(sum(seconds), 0.0) AS seconds,
    (SELECT v.response FROM revisions v WHERE v.presentation_id = ?1 AND v.response IS NOT NULL ORDER BY v.id DESC LIMIT 1) AS answer,
    (SELECT v.shown_at FROM revisions v WHERE v.presentation_id = ?1 AND v.response IS NOT NULL ORDER BY v.id DESC LIMIT 1) AS shown_at,
    (SELECT v.remark FROM revisions v WHERE v.presentation_id = ?1 ORDER BY v.id DESC LIMIT 1) AS remark,
    coalesce((SELECT v.refused FROM revisions v WHERE v.presentation_id = ?1 ORDER BY v.id DESC LIMIT 1), 0) AS refused
FROM revisions WHERE presentation_id = ?1`

// state tells how far the last one is.
func (r shownRevision) state() eval.RevisionState {
	switch {
	case r.Open:
		return eval.RevisionOpen
	case r.Refused:
		return eval.RevisionRefused
	case r.Rounds > 0:
		return eval.RevisionAnswered
	}
	return eval.RevisionNone
}

// spent are the seconds before the answers were sent back.
func (r shownRevision) spent() eval.PostEdit {
	switch {
	case r.Untimed:
		return eval.PostEdit{Timing: eval.NotTimed}
	case r.Elapsed:
		return eval.PostEdit{Seconds: &r.Seconds, Timing: eval.TimedElapsed}
	}
	return eval.PostEdit{Seconds: &r.Seconds, Timing: eval.TimedActive}
}
