package store

import (
	"context"
	"errors"
	"fmt"
	"time"

	"modeltrial/audit"
	"modeltrial/eval"
)

// judgeSpent is what judges' calls have cost; judgeSetAside is the worst case of those
// under way, of those that a killed program left, and of those whose cost is not known.
const (
	judgeSpent    = `(SELECT coalesce(sum(cost_nano_usd), 0) FROM judge_calls)`
	judgeSetAside = `(SELECT coalesce(sum(CASE outcome WHEN 'reserved' THEN reserved_nano_usd ELSE lost_nano_usd END), 0) FROM judge_calls)`
)

// OpenJudgements lists what the judges of the locked protocol have not rated of a week
// (0: of all), in a fixed order, both orders of a comparison together. One that got so
// many replies without a verdict as attempts is not open any more. A comparison whose
// answers are not stored cannot be shown.
func (s *Store) OpenJudgements(ctx context.Context, week, attempts int) ([]eval.Judgement, error) {
	locked, err := s.Locked(ctx)
	if err != nil {
		return nil, err
	}
	judges := map[string]bool{}
	for _, judge := range locked.Protocol.Judges {
		judges[judge.Name] = true
	}
	type key struct {
		comparison, judge string
		first             eval.Side
	}
	type settledRow struct {
		Comparison string    `db:"comparison_id"`
		Judge      string    `db:"name"`
		First      eval.Side `db:"first"`
		Replies    int       `db:"replies"`
	}
	settled, unreadable := map[key]bool{}, map[key]int{}
	err = each(ctx, s, "judges' ratings", func(row settledRow) error {
		settled[key{row.Comparison, row.Judge, row.First}] = true
		return nil
	}, `SELECT r.comparison_id, h.name, r.first, 0 AS replies FROM ratings r JOIN raters h ON h.id = r.rater_id WHERE h.kind = 'judge' AND r.first <> ''`)
	if err != nil {
		return nil, err
	}
	err = each(ctx, s, "judges' calls", func(row settledRow) error {
		unreadable[key{row.Comparison, row.Judge, row.First}] = row.Replies
		return nil
	}, `
SELECT c.comparison_id, h.name, c.first, count(*) AS replies FROM judge_calls c JOIN raters h ON h.id = c.rater_id
WHERE c.outcome = 'unreadable' GROUP BY h.name, c.comparison_id, c.first`)
	if err != nil {
		return nil, err
	}
	type row struct {
		ID       string         `db:"id"`
		TaskID   string         `db:"task_id"`
		Category audit.Category `db:"category"`
		ArmA     string         `db:"arm_a"`
		ArmB     string         `db:"arm_b"`
		Week     int            `db:"week"`
	}
	var open []eval.Judgement
	err = each(ctx, s, "comparisons", func(c row) error {
		for _, judge := range locked.Protocol.Judges {
			for _, first := range []eval.Side{eval.SideA, eval.SideB} {
				of := key{c.ID, judge.Name, first}
				if settled[of] || unreadable[of] >= attempts {
					continue
				}
				open = append(open, eval.Judgement{
					ComparisonID: c.ID, TaskID: c.TaskID, Category: c.Category, ArmA: c.ArmA, ArmB: c.ArmB, Week: c.Week,
					First: first, Judge: judge.Name, Unreadable: unreadable[of],
				})
			}
		}
		return nil
	}, `
SELECT c.id, c.task_id, b.category, c.arm_a, c.arm_b, b.week FROM comparisons c
JOIN batch_tasks b ON b.task_id = c.task_id
JOIN responses x ON x.task_id = c.task_id AND x.arm = c.arm_a
JOIN responses y ON y.task_id = c.task_id AND y.arm = c.arm_b
WHERE (?1 = 0 OR b.week = ?1) AND `+counted+`
ORDER BY b.week, b.category, c.task_id, c.arm_b`, week)
	return open, err
}

// Judgement reads what a judge of the locked protocol has to say of a comparison in an
// order; eval.ErrNotFound where the comparison is not stored, or does not count.
func (s *Store) Judgement(ctx context.Context, comparisonID string, first eval.Side, judge string) (eval.Judgement, error) {
	var row struct {
		TaskID     string         `db:"task_id"`
		Category   audit.Category `db:"category"`
		ArmA       string         `db:"arm_a"`
		ArmB       string         `db:"arm_b"`
		Week       int            `db:"week"`
		Unreadable int            `db:"unreadable"`
	}
	err := s.reader.GetContext(ctx, &row, `
SELECT c.task_id, b.category, c.arm_a, c.arm_b, b.week,
    (SELECT count(*) FROM judge_calls j JOIN raters h ON h.id = j.rater_id
     WHERE h.name = ?2 AND h.kind = 'judge' AND j.comparison_id = c.id AND j.first = ?3 AND j.outcome = 'unreadable') AS unreadable
FROM comparisons c JOIN batch_tasks b ON b.task_id = c.task_id WHERE c.id = ?1 AND `+counted, comparisonID, judge, first)
	if err != nil {
		return eval.Judgement{}, fmt.Errorf("comparison %q: %w", comparisonID, notFound(err))
	}
	return eval.Judgement{
		ComparisonID: comparisonID, TaskID: row.TaskID, Category: row.Category, ArmA: row.ArmA, ArmB: row.ArmB, Week: row.Week,
		First: first, Judge: judge, Unreadable: row.Unreadable,
	}, nil
}

// JudgePresentation is a comparison as a judge is shown it, with the control's answer on
// the left; it names no arm. eval.ErrNotFound where the comparison or an answer is not
// stored.
func (s *Store) JudgePresentation(ctx context.Context, comparisonID string) (eval.Presentation, error) {
	var row struct {
		TaskID string `db:"task_id"`
		TextA  string `db:"text_a"`
		TextB  string `db:"text_b"`
	}
	err := s.reader.GetContext(ctx, &row, `
SELECT c.task_id, a.response AS text_a, b.response AS text_b FROM comparisons c
JOIN responses a ON a.task_id = c.task_id AND a.arm = c.arm_a
JOIN responses b ON b.task_id = c.task_id AND b.arm = c.arm_b
WHERE c.id = ?`, comparisonID)
	if err != nil {
		return eval.Presentation{}, fmt.Errorf("comparison %q: %w", comparisonID, notFound(err))
	}
	task, err := s.Task(ctx, row.TaskID)
	if err != nil {
		return eval.Presentation{}, err
	}
	return eval.Presentation{
		ComparisonID: comparisonID, TaskID: row.TaskID, First: eval.SideA,
		System: task.System, Conversation: task.Conversation, Prompt: task.Prompt, Left: row.TextA, Right: row.TextB,
	}, nil
}

// ReserveJudgement claims a judgement until a time and sets the worst case of its call
// aside, in one transaction. It returns eval.ErrBudgetExhausted where everything spent
// and reserved plus worstCase would exceed budget, eval.ErrAnswered where the judge has
// rated it, and eval.ErrClaimed where another run asks for it until its claim runs out. The judge must be
// known by [Store.AddRater].
func (s *Store) ReserveJudgement(ctx context.Context, judgement eval.Judgement, model, instruction string, worstCase, budget audit.NanoUSD, now, until time.Time) error {
	return s.queue.add(ctx, 0, func(tx *transaction) error {
		rater, err := judgeID(ctx, tx, judgement.Judge)
		if err != nil {
			return err
		}
		var rated, claimed bool
		err = tx.scan(ctx, `
SELECT EXISTS (SELECT 1 FROM ratings WHERE rater_id = ?1 AND comparison_id = ?2 AND first = ?3),
    EXISTS (SELECT 1 FROM judge_calls WHERE rater_id = ?1 AND comparison_id = ?2 AND first = ?3 AND outcome = 'reserved' AND claimed_until > ?4)`,
			[]any{rater, judgement.ComparisonID, judgement.First, now.UnixMicro()}, &rated, &claimed)
		switch {
		case err != nil:
			return err
		case rated:
			return fmt.Errorf("task %q, judge %q: %w", judgement.TaskID, judgement.Judge, eval.ErrAnswered)
		case claimed:
			return fmt.Errorf("task %q, judge %q: %w", judgement.TaskID, judgement.Judge, eval.ErrClaimed)
		}
		if err := withinBudget(ctx, tx, fmt.Sprintf("task %q, judge %q", judgement.TaskID, judgement.Judge), worstCase, budget); err != nil {
			return err
		}
		_, err = tx.ExecContext(ctx, `
INSERT INTO judge_calls (comparison_id, rater_id, first, model, instruction_sha256, outcome, reason, claimed_until,
    reserved_nano_usd, lost_nano_usd, model_served, called_at)
VALUES (?, ?, ?, ?, ?, 'reserved', '', ?, ?, 0, '', ?)`,
			judgement.ComparisonID, rater, judgement.First, model, instruction, until.UnixMicro(), worstCase, now.UnixMicro())
		return err
	}, step{
		one: true, query: `
INSERT INTO judge_calls (comparison_id, rater_id, first, model, instruction_sha256, outcome, reason, claimed_until,
    reserved_nano_usd, lost_nano_usd, model_served, called_at)
SELECT ?1, r.id, ?2, ?3, ?4, 'reserved', '', ?5, ?6, 0, '', ?7 FROM raters r, committed
WHERE r.name = ?8 AND r.kind = 'judge' AND (CAST(?6 AS bigint) = 0 OR committed.nano_usd + ?6 <= ?9)
    AND NOT EXISTS (SELECT 1 FROM ratings WHERE rater_id = r.id AND comparison_id = ?1 AND first = ?2)
    AND NOT EXISTS (SELECT 1 FROM judge_calls WHERE rater_id = r.id AND comparison_id = ?1 AND first = ?2 AND outcome = 'reserved' AND claimed_until > ?7)`,
		arguments: []any{
			judgement.ComparisonID, judgement.First, model, instruction, until.UnixMicro(), worstCase, now.UnixMicro(), judgement.Judge, budget,
		},
	})
}

func judgeID(ctx context.Context, tx *transaction, name string) (id int64, err error) {
	if err := tx.GetContext(ctx, &id, `SELECT id FROM raters WHERE name = ? AND kind = 'judge'`, name); err != nil {
		return 0, fmt.Errorf("judge %q: %w", name, notFound(err))
	}
	return id, nil
}

// EndJudgement stores what came of the newest call for a judgement: an older one that is
// still reserved is that of a program that was killed. The verdict becomes a rating in
// the same transaction, with the rationale as its note, unless the judge has one of this
// comparison in this order, which stays.
func (s *Store) EndJudgement(ctx context.Context, judgement eval.Judgement, reply eval.JudgeReply, now time.Time) error {
	return s.queue.add(ctx, patience, func(tx *transaction) error {
		rater, err := judgeID(ctx, tx, judgement.Judge)
		if err != nil {
			return err
		}
		outcome, reason := "failed", reply.Reason
		if reply.Unreadable {
			outcome = "unreadable"
		}
		var rating *int64
		if reply.Verdict != "" {
			if rating, err = addJudgement(ctx, tx, rater, judgement, reply, now); err != nil {
				return err
			}
			outcome = "rated"
		}
		if reply.Verdict != "" && rating == nil {
			outcome, reason = "failed", "the judge has another rating of it"
		}
		_, err = tx.ExecContext(ctx, `
UPDATE judge_calls SET outcome = ?, rating_id = ?, reason = ?, cost_nano_usd = ?, lost_nano_usd = ?,
    input_tokens = ?, cached_tokens = ?, output_tokens = ?, reasoning_tokens = ?, latency_ms = ?, model_served = ?
WHERE id = (SELECT max(id) FROM judge_calls WHERE rater_id = ? AND comparison_id = ? AND first = ?) AND outcome = 'reserved'`,
			outcome, rating, reason, reply.Cost, reply.Lost,
			reply.Tokens.Input, reply.Tokens.Cached, reply.Tokens.Output, reply.Tokens.Reasoning, reply.LatencyMS, reply.ModelServed,
			rater, judgement.ComparisonID, judgement.First)
		if err != nil {
			return fmt.Errorf("store call of judge %q on task %q: %w", judgement.Judge, judgement.TaskID, err)
		}
		return nil
	}, firstJudgement(judgement, reply, now)...)
}

// firstJudgement are the steps where the judge gave a verdict and has none of it yet; none
// where there is no verdict.
func firstJudgement(judgement eval.Judgement, reply eval.JudgeReply, now time.Time) []step {
	verdict, ok := reply.Verdict.Verdict(judgement.First)
	if !ok {
		return nil
	}
	score, _ := verdict.Score()
	return []step{
		{
			one: true, query: `
INSERT INTO ratings (comparison_id, rater_id, verdict, score, first, grades, note, cluster, rated_at)
SELECT ?1, r.id, ?2, CAST(?3 AS double precision), ?4, '{}', ?5, '', ?6 FROM raters r
WHERE r.name = ?7 AND r.kind = 'judge' AND NOT EXISTS (SELECT 1 FROM ratings WHERE rater_id = r.id AND comparison_id = ?1 AND first = ?4)`,
			arguments: []any{judgement.ComparisonID, verdict, score, judgement.First, reply.Rationale, now.UnixMicro(), judgement.Judge},
		},
		{
			query: `
UPDATE judge_calls SET outcome = 'rated', reason = ?4, cost_nano_usd = ?5, lost_nano_usd = ?6,
    input_tokens = ?7, cached_tokens = ?8, output_tokens = ?9, reasoning_tokens = ?10, latency_ms = ?11, model_served = ?12,
    rating_id = (SELECT g.id FROM ratings g WHERE g.rater_id = judge_calls.rater_id AND g.comparison_id = ?2 AND g.first = ?3)
WHERE id = (SELECT max(c.id) FROM judge_calls c JOIN raters r ON r.id = c.rater_id
    WHERE r.name = ?1 AND r.kind = 'judge' AND c.comparison_id = ?2 AND c.first = ?3) AND outcome = 'reserved'`,
			arguments: []any{
				judgement.Judge, judgement.ComparisonID, judgement.First, reply.Reason, reply.Cost, reply.Lost,
				reply.Tokens.Input, reply.Tokens.Cached, reply.Tokens.Output, reply.Tokens.Reasoning, reply.LatencyMS, reply.ModelServed,
			},
		},
	}
}

// addJudgement stores a verdict and gives its id; nil where the judge has one already.
func addJudgement(ctx context.Context, tx *transaction, rater int64, judgement eval.Judgement, reply eval.JudgeReply, now time.Time) (*int64, error) {
	verdict, ok := reply.Verdict.Verdict(judgement.First)
	if !ok {
		return nil, fmt.Errorf("verdict %q on the order %q is not known", reply.Verdict, judgement.First)
	}
	var earlier int64
	err := tx.GetContext(ctx, &earlier, `SELECT id FROM ratings WHERE rater_id = ? AND comparison_id = ? AND first = ? LIMIT 1`,
		rater, judgement.ComparisonID, judgement.First)
	if err == nil {
		return nil, nil
	}
	if !errors.Is(notFound(err), eval.ErrNotFound) {
		return nil, err
	}
	return insertMachineRating(ctx, tx, machineRating{
		comparison: judgement.ComparisonID, rater: rater, verdict: verdict, first: judgement.First, note: reply.Rationale,
	}, now)
}

// A machineRating is a rating of a judge or a check.
type machineRating struct {
	comparison string
	rater      int64
	supersedes *int64
	verdict    eval.Verdict
	first      eval.Side // empty: a check, which sees no order
	note       string
}

func insertMachineRating(ctx context.Context, tx *transaction, r machineRating, now time.Time) (*int64, error) {
	score, _ := r.verdict.Score()
	id, err := tx.insert(ctx, `
INSERT INTO ratings (comparison_id, rater_id, supersedes, verdict, score, first, grades, note, cluster, rated_at)
VALUES (?, ?, ?, ?, ?, ?, '{}', ?, '', ?)`, r.comparison, r.rater, r.supersedes, r.verdict, score, r.first, r.note, now.UnixMicro())
	if err != nil {
		return nil, fmt.Errorf("store rating: %w", err)
	}
	return &id, nil
}

// A JudgeStatus is how far one judge is, and what it has cost.
type JudgeStatus struct {
	Judge      string        `db:"judge"`
	Simulated  bool          `db:"simulated"`
	Rated      int           `db:"rated"`      // judgements: a comparison in one order
	Unreadable int           `db:"unreadable"` // judgements without a verdict that got a reply that could not be read
	Failed     int           `db:"failed"`     // judgements without a verdict or a reply
	Calls      int           `db:"calls"`
	Spent      audit.NanoUSD `db:"spent"`
	SetAside   audit.NanoUSD `db:"set_aside"` // under way, or perhaps billed
	LastFail   string        `db:"last_error"`
}

// Judges tells of every judge that was called, by name.
func (s *Store) Judges(ctx context.Context) (judges []JudgeStatus, err error) {
	err = s.reader.SelectContext(ctx, &judges, `
WITH judgements AS (
    SELECT rater_id, count(*) FILTER (WHERE outcome = 'rated') > 0 AS rated, count(*) FILTER (WHERE outcome = 'unreadable') > 0 AS unreadable, count(*) AS calls,
        coalesce(sum(cost_nano_usd), 0) AS spent,
        sum(CASE outcome WHEN 'reserved' THEN reserved_nano_usd ELSE lost_nano_usd END) AS set_aside
    FROM judge_calls GROUP BY rater_id, comparison_id, first)
SELECT h.name AS judge, h.simulated, count(*) FILTER (WHERE j.rated) AS rated, count(*) FILTER (WHERE j.unreadable AND NOT j.rated) AS unreadable,
    count(*) FILTER (WHERE NOT j.rated AND NOT j.unreadable) AS failed, sum(j.calls) AS calls, sum(j.spent) AS spent, sum(j.set_aside) AS set_aside,
    coalesce((SELECT c.reason FROM judge_calls c WHERE c.rater_id = h.id AND c.reason <> '' ORDER BY c.id DESC LIMIT 1), '') AS last_error
FROM judgements j JOIN raters h ON h.id = j.rater_id GROUP BY h.id ORDER BY h.name`)
	if err != nil {
		return nil, fmt.Errorf("read judges: %w", err)
	}
	return judges, nil
}
