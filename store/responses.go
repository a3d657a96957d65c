package store

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"modeltrial/audit"
	"modeltrial/eval"
)

// armsOf are the control and the candidates of a category; none where the
// protocol has no such use case.
func armsOf(protocol eval.Protocol, category audit.Category) []string {
	useCase, ok := protocol.UseCase(category)
	if !ok {
		return nil
	}
	return append([]string{protocol.Control}, useCase.Candidates...)
}

// committedSum is all that the budget must cover: what is spent, set aside, and may
// have been billed without an answer that says so, for answers, judges and revisions.
// Triggers keep it.
const committedSum = `SELECT nano_usd FROM committed`

// committedAgain adds up what committedSum must be.
const committedAgain = `
SELECT (SELECT coalesce(sum(cost_nano_usd), 0) FROM responses WHERE origin = 'measured')
     + (SELECT coalesce(sum(reserved_nano_usd + lost_nano_usd), 0) FROM calls)
     + ` + stepsSpent + ` + ` + judgeSpent + ` + ` + judgeSetAside + ` + ` + revisionSpent + ` + ` + revisionSetAside

// Reserve claims a cell until a time and sets its worst case aside, in one
// transaction. It returns eval.ErrBudgetExhausted where everything spent and
// reserved plus worstCase would exceed budget, eval.ErrAnswered where the cell is
// answered, and eval.ErrClaimed where it is claimed by a run whose claim has not run out.
func (s *Store) Reserve(ctx context.Context, cell eval.Cell, worstCase, budget audit.NanoUSD, now, until time.Time) error {
	do := func(tx *transaction) error { return reserve(ctx, tx, cell, worstCase, budget, now, until) }
	if cell.Step > 0 {
		return s.writeTogether(ctx, do)
	}
	return s.queue.add(ctx, 0, do, step{
		one: true, query: `
INSERT INTO calls (task_id, arm, claimed_until, reserved_nano_usd, lost_nano_usd, attempts, last_error, refused, updated_at)
SELECT ?1, ?2, ?3, ?4, 0, 0, '', 0, ?5 FROM committed
WHERE (CAST(?4 AS bigint) = 0 OR nano_usd + ?4 <= ?6) AND NOT EXISTS (SELECT 1 FROM responses WHERE task_id = ?1 AND arm = ?2)
    AND NOT EXISTS (SELECT 1 FROM calls WHERE task_id = ?1 AND arm = ?2 AND claimed_until > ?5)` + reservedAgain,
		arguments: []any{cell.TaskID, cell.Arm, until.UnixMicro(), worstCase, now.UnixMicro(), budget},
	})
}

// reservedAgain is for a call that was made before. A claim that ran out may have been paid
// for, so it counts for good, also once the cell is claimed again: the budget holds whatever
// happened to that run.
const reservedAgain = `
ON CONFLICT (task_id, arm) DO UPDATE SET
    claimed_until = excluded.claimed_until, lost_nano_usd = calls.lost_nano_usd + calls.reserved_nano_usd,
    reserved_nano_usd = excluded.reserved_nano_usd, updated_at = excluded.updated_at`

func reserve(ctx context.Context, tx *transaction, cell eval.Cell, worstCase, budget audit.NanoUSD, now, until time.Time) error {
	var answered, claimed bool
	var committed audit.NanoUSD
	err := tx.scan(ctx, `
SELECT ?1 = 0 AND EXISTS (SELECT 1 FROM responses WHERE task_id = ?2 AND arm = ?3),
    EXISTS (SELECT 1 FROM calls WHERE task_id = ?2 AND arm = ?3 AND claimed_until > ?4), (`+committedSum+`)`,
		[]any{cell.Step, cell.TaskID, cell.Arm, now.UnixMicro()}, &answered, &claimed, &committed)
	if err == nil && !claimed && cell.Step > 0 {
		answered, err = stepTaken(ctx, tx, cell)
	}
	switch {
	case err != nil:
		return err
	case answered:
		return fmt.Errorf("task %q, arm %q: %w", cell.TaskID, cell.Arm, eval.ErrAnswered)
	case claimed:
		return fmt.Errorf("task %q, arm %q: %w", cell.TaskID, cell.Arm, eval.ErrClaimed)
	}
	if err := fits(fmt.Sprintf("task %q, arm %q", cell.TaskID, cell.Arm), committed, worstCase, budget); err != nil {
		return err
	}
	_, err = tx.ExecContext(ctx, `
INSERT INTO calls (task_id, arm, claimed_until, reserved_nano_usd, lost_nano_usd, attempts, last_error, refused, updated_at)
VALUES (?, ?, ?, ?, 0, 0, '', 0, ?)`+reservedAgain,
		cell.TaskID, cell.Arm, until.UnixMicro(), worstCase, now.UnixMicro())
	return err
}

// withinBudget says whether a call's worst case fits under the cap beside everything
// committed; eval.ErrBudgetExhausted, with the call's name, where it does not.
func withinBudget(ctx context.Context, tx *transaction, call string, worstCase, budget audit.NanoUSD) error {
	var committed audit.NanoUSD
	if err := tx.GetContext(ctx, &committed, committedSum); err != nil {
		return err
	}
	return fits(call, committed, worstCase, budget)
}

func fits(call string, committed, worstCase, budget audit.NanoUSD) error {
	if worstCase > 0 && committed+worstCase > budget {
		return fmt.Errorf("%s: %s spent or reserved, worst case of this call %s, cap %s: %w", call, committed, worstCase, budget, eval.ErrBudgetExhausted)
	}
	return nil
}

// SaveResponse stores a response and ends its reservation in one transaction. lost
// is what else the call's attempts may have cost, at worst; it counts towards the
// budget for good. Where another answer is there already it stays, the cost of this
// one is kept, and the error is eval.ErrClaimed.
func (s *Store) SaveResponse(ctx context.Context, cell eval.Cell, response eval.Response, lost audit.NanoUSD, now time.Time) error {
	response.TaskID, response.Arm = cell.TaskID, cell.Arm
	insert := func(tx *transaction) (bool, error) { return insertResponse(ctx, tx, response, now) }
	var usual []step
	if cell.Step > 0 {
		steps, err := s.stepsOf(ctx, cell.Arm)
		if err != nil {
			return err
		}
		insert = func(tx *transaction) (bool, error) { return saveStep(ctx, tx, cell, steps, response, now) }
	} else {
		usual = []step{
			{query: responseInsert, arguments: responseValues(response, now), one: true},
			{query: callEnd, arguments: []any{lost, now.UnixMicro(), cell.TaskID, cell.Arm}},
		}
	}
	late := false
	err := s.queue.add(ctx, patience, func(tx *transaction) error {
		stored, err := insert(tx)
		if err != nil {
			return err
		}
		lost := lost                                      // a write may be done again
		if late = !stored; late && response.Cost != nil { // another answer came first, and this one was paid for all the same
			lost += *response.Cost
		}
		_, err = tx.ExecContext(ctx, callEnd, lost, now.UnixMicro(), cell.TaskID, cell.Arm)
		return err
	}, usual...)
	if err == nil && late {
		return fmt.Errorf("task %q, arm %q: %w", cell.TaskID, cell.Arm, eval.ErrClaimed)
	}
	return err
}

const (
	callEnd = `
UPDATE calls SET claimed_until = 0, reserved_nano_usd = 0, lost_nano_usd = lost_nano_usd + ?, last_error = '', refused = 0, updated_at = ?
WHERE task_id = ? AND arm = ?`
	responseInsert = `
INSERT INTO responses (task_id, arm, response, response_sha256, input_tokens, cached_tokens, output_tokens, reasoning_tokens,
    cost_nano_usd, ttft_ms, latency_ms, model_served, finish_reason, attempts, origin, stored_at, cache_write_tokens, fingerprint)
VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
ON CONFLICT (task_id, arm) DO NOTHING`
)

// responseValues are those of responseInsert.
func responseValues(r eval.Response, now time.Time) []any {
	sum := sha256.Sum256([]byte(r.Text))
	return []any{
		r.TaskID, r.Arm, r.Text, hex.EncodeToString(sum[:]), r.Tokens.Input, r.Tokens.Cached, r.Tokens.Output, r.Tokens.Reasoning,
		r.Cost, r.TTFTMS, r.LatencyMS, r.ModelServed, r.FinishReason, r.Attempts, r.Origin, now.UnixMicro(), r.Tokens.CacheWrite, r.Fingerprint,
	}
}

func insertResponse(ctx context.Context, tx *transaction, r eval.Response, now time.Time) (stored bool, err error) {
	result, err := tx.ExecContext(ctx, responseInsert, responseValues(r, now)...)
	if err != nil {
		return false, fmt.Errorf("store response of %q to task %q: %w", r.Arm, r.TaskID, err)
	}
	rows, err := result.RowsAffected()
	return rows == 1, err
}

// Release gives a claimed cell back after a failed attempt. What that may have cost
// counts towards the budget for good.
func (s *Store) Release(ctx context.Context, cell eval.Cell, failure eval.FailedCall, now time.Time) error {
	return s.keep(ctx, func(tx *transaction) error { return release(ctx, tx, cell, failure, now) })
}

func release(ctx context.Context, tx *transaction, cell eval.Cell, failure eval.FailedCall, now time.Time) error {
	if failure.NotSent {
		_, err := tx.ExecContext(ctx, `UPDATE calls SET claimed_until = 0, reserved_nano_usd = 0, updated_at = ? WHERE task_id = ? AND arm = ?`,
			now.UnixMicro(), cell.TaskID, cell.Arm)
		return err
	}
	_, err := tx.ExecContext(ctx, `
UPDATE calls SET claimed_until = 0, reserved_nano_usd = 0, lost_nano_usd = lost_nano_usd + ?,
    attempts = attempts + 1, last_error = ?, refused = ?, updated_at = ?
WHERE task_id = ? AND arm = ?`, failure.Lost, failure.Reason, failure.Final, now.UnixMicro(), cell.TaskID, cell.Arm)
	return err
}

// A Call is what is known of the attempts at a cell.
type Call struct {
	TaskID   string        `db:"task_id"`
	Arm      string        `db:"arm"`
	Attempts int           `db:"attempts"` // those that failed
	Reserved audit.NanoUSD `db:"reserved_nano_usd"`
	Lost     audit.NanoUSD `db:"lost_nano_usd"` // may have been billed without an answer
	LastFail string        `db:"last_error"`
}

// Calls lists the cells that were called, or are being called, by task and arm.
func (s *Store) Calls(ctx context.Context) (calls []Call, err error) {
	err = s.reader.SelectContext(ctx, &calls, `
SELECT task_id, arm, attempts, reserved_nano_usd, lost_nano_usd, last_error FROM calls ORDER BY task_id, arm`)
	if err != nil {
		return nil, fmt.Errorf("read calls: %w", err)
	}
	return calls, nil
}

// Spent is what the pilot's own calls cost so far, of arms and judges, new answers that
// editors asked for included; recorded answers were paid for elsewhere.
func (s *Store) Spent(ctx context.Context) (spent audit.NanoUSD, err error) {
	err = s.reader.GetContext(ctx, &spent, `SELECT (SELECT coalesce(sum(cost_nano_usd), 0) FROM responses WHERE origin = 'measured') + `+stepsSpent+` + `+judgeSpent+` + `+revisionSpent)
	return spent, err
}

// Committed is what counts towards the budget: [Store.Spent], the worst case of the
// calls under way, and what may have been billed without an answer that says so.
func (s *Store) Committed(ctx context.Context) (committed audit.NanoUSD, err error) {
	err = s.reader.GetContext(ctx, &committed, committedSum)
	return committed, err
}

// AnswersSimulated says whether a simulation made up any answer of the pilot.
func (s *Store) AnswersSimulated(ctx context.Context) (simulated bool, err error) {
	err = s.reader.GetContext(ctx, &simulated, `SELECT EXISTS (SELECT 1 FROM responses WHERE origin = 'simulated')`)
	return simulated, err
}

// responseRow is a response as it is stored.
type responseRow struct {
	ID              int64               `db:"id"`
	TaskID          string              `db:"task_id"`
	Arm             string              `db:"arm"`
	Week            int                 `db:"week"`
	Text            string              `db:"response"`
	InputTokens     *int64              `db:"input_tokens"`
	CachedTokens    *int64              `db:"cached_tokens"`
	OutputTokens    *int64              `db:"output_tokens"`
	ReasoningTokens *int64              `db:"reasoning_tokens"`
	CacheWrite      *int64              `db:"cache_write_tokens"`
	Cost            *audit.NanoUSD      `db:"cost_nano_usd"`
	TTFTMS          *int64              `db:"ttft_ms"`
	LatencyMS       *int64              `db:"latency_ms"`
	ModelServed     string              `db:"model_served"`
	Fingerprint     string              `db:"fingerprint"`
	FinishReason    string              `db:"finish_reason"`
	Attempts        int                 `db:"attempts"`
	Origin          eval.ResponseOrigin `db:"origin"`
}

func (r responseRow) response() eval.Response {
	return eval.Response{
		ID: r.ID, TaskID: r.TaskID, Arm: r.Arm, Week: r.Week, Text: r.Text,
		Tokens: audit.Tokens{Input: r.InputTokens, Cached: r.CachedTokens, Output: r.OutputTokens, Reasoning: r.ReasoningTokens, CacheWrite: r.CacheWrite},
		Cost:   r.Cost, TTFTMS: r.TTFTMS, LatencyMS: r.LatencyMS, ModelServed: r.ModelServed, Fingerprint: r.Fingerprint,
		FinishReason: r.FinishReason, Attempts: r.Attempts, Origin: r.Origin,
	}
}

// EachResponse gives every stored response in a fixed order.
func (s *Store) EachResponse(ctx context.Context, do func(eval.Response) error) error {
	return each(ctx, s, "responses", func(row responseRow) error { return do(row.response()) }, `
SELECT r.id, r.task_id, r.arm, b.week, r.response, r.input_tokens, r.cached_tokens, r.output_tokens, r.reasoning_tokens,
    r.cost_nano_usd, r.ttft_ms, r.latency_ms, r.model_served, r.finish_reason, r.attempts, r.origin,
    r.cache_write_tokens, r.fingerprint
FROM responses r JOIN batch_tasks b ON b.task_id = r.task_id ORDER BY b.week, r.task_id, r.arm`)
}

// RecordedResponse finds the imported answer of an arm to a task;
// eval.ErrNotFound where there is none.
func (s *Store) RecordedResponse(ctx context.Context, taskID, arm string) (eval.Response, error) {
	var row responseRow
	err := s.reader.GetContext(ctx, &row, `
SELECT task_id, arm, response, input_tokens, cached_tokens, cache_write_tokens, output_tokens, reasoning_tokens, cost_nano_usd, ttft_ms, latency_ms
FROM recorded_answers WHERE task_id = ? AND arm = ?`, taskID, arm)
	if err != nil {
		return eval.Response{}, fmt.Errorf("recorded answer of %q to task %q: %w", arm, taskID, notFound(err))
	}
	response := row.response()
	response.Origin = eval.Recorded
	return response, nil
}

// ImportRecorded keeps answers known beforehand for a provider of kind recorded:
// all that read gives to take in one transaction, or after an error none. take
// reports false for an answer that is there already, which stays.
func (s *Store) ImportRecorded(ctx context.Context, read func(take func(eval.Response) (stored bool, err error)) error) error {
	return s.write(ctx, func(tx *transaction) error {
		return read(func(r eval.Response) (bool, error) {
			result, err := tx.ExecContext(ctx, `
INSERT INTO recorded_answers (task_id, arm, response, input_tokens, cached_tokens, output_tokens, reasoning_tokens,
    cost_nano_usd, ttft_ms, latency_ms, cache_write_tokens) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
ON CONFLICT (task_id, arm) DO NOTHING`,
				r.TaskID, r.Arm, r.Text, r.Tokens.Input, r.Tokens.Cached, r.Tokens.Output, r.Tokens.Reasoning, r.Cost, r.TTFTMS, r.LatencyMS, r.Tokens.CacheWrite)
			if err != nil {
				return false, fmt.Errorf("keep answer of %q to task %q: %w", r.Arm, r.TaskID, err)
			}
			rows, err := result.RowsAffected()
			return rows == 1, err
		})
	})
}

// ImportResponses stores answers made elsewhere under the locked protocol, each in
// the batch of its week (1 where the file does not say): all that read gives to
// take in one transaction, or after an error none. take reports false for a
// response that is there already, and an [*audit.RowError] without a place for one
// that the protocol has no room for.
func (s *Store) ImportResponses(ctx context.Context, now time.Time, read func(take func(eval.Response) (stored bool, err error)) error) error {
	locked, err := s.Locked(ctx)
	if err != nil {
		return err
	}
	return s.write(ctx, func(tx *transaction) error {
		return read(func(response eval.Response) (bool, error) {
			if err := placeResponse(ctx, tx, locked.Protocol, response, now); err != nil {
				return false, err
			}
			response.Origin = eval.Recorded
			return insertResponse(ctx, tx, response, now)
		})
	})
}

// placeResponse puts a response's task into its batch, or says why it has none.
func placeResponse(ctx context.Context, tx *transaction, protocol eval.Protocol, response eval.Response, now time.Time) error {
	if _, ok := protocol.Arm(response.Arm); !ok {
		return unknownArm("arm", response.Arm, protocol)
	}
	category, err := plannedCategory(ctx, tx, protocol, response.TaskID, response.Arm)
	if err != nil {
		return err
	}
	week := max(response.Week, 1)
	if err := ensureBatch(ctx, tx, week, now); err != nil {
		return err
	}
	_, err = tx.ExecContext(ctx, `
INSERT INTO batch_tasks (task_id, week, category, came_by) VALUES (?, ?, ?, 'response')
ON CONFLICT (task_id) DO UPDATE SET came_by = excluded.came_by WHERE batch_tasks.came_by = 'rating'`, response.TaskID, week, category)
	return err
}

func unknownArm(field, arm string, protocol eval.Protocol) *audit.RowError {
	return &audit.RowError{Field: field, Msg: fmt.Sprintf("%q is not an arm of the locked protocol", arm), Remedy: "its arms are " + armNames(protocol)}
}

// plannedCategory is the category of a task in the pilot, or an [*audit.RowError]
// where the protocol plans no answer of the arm to it.
func plannedCategory(ctx context.Context, tx *transaction, protocol eval.Protocol, taskID, arm string) (category audit.Category, err error) {
	err = tx.GetContext(ctx, &category, `
SELECT coalesce((SELECT category FROM batch_tasks WHERE task_id = t.id), t.category) FROM tasks t WHERE t.id = ?`, taskID)
	switch {
	case errors.Is(notFound(err), eval.ErrNotFound):
		return "", &audit.RowError{Field: "task_id", Msg: fmt.Sprintf("%q is not the id of an imported task", taskID), Remedy: "import the task log first: modeltrial audit import"}
	case err != nil:
		return "", err
	case category == "":
		return "", &audit.RowError{Field: "task_id", Msg: fmt.Sprintf("task %q has no category", taskID), Remedy: "run modeltrial audit classify first"}
	case !slices.Contains(armsOf(protocol, category), arm):
		return "", &audit.RowError{Field: "task_id", Msg: fmt.Sprintf("task %q is of category %q, for which the protocol does not plan arm %q", taskID, category, arm)}
	}
	return category, nil
}

func armNames(protocol eval.Protocol) string {
	names := make([]string, len(protocol.Arms))
	for i, arm := range protocol.Arms {
		names[i] = arm.Name
	}
	return strings.Join(names, ", ")
}
