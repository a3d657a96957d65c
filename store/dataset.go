package store

import (
	"context"
	"encoding/json"
	"fmt"
	"time"

	"modeltrial/audit"
	"modeltrial/eval"
)

// Dataset gives all that an analysis reads; weeks after throughWeek are left out
// unless it is 0. eval.ErrNotFound where no protocol is locked.
func (s *Store) Dataset(ctx context.Context, throughWeek int) (eval.Dataset, error) {
	var data eval.Dataset
	locked, err := s.Locked(ctx)
	if err != nil {
		return data, err
	}
	data.Pilot, data.Locked = locked.Protocol.Name, &locked
	if data.Deviations, err = s.Deviations(ctx); err != nil {
		return data, err
	}
	if locked.Protocol.JudgesMayDecide {
		if data.JudgeRecords, err = s.JudgeRecords(ctx); err != nil {
			return data, err
		}
	}
	err = s.EachRating(ctx, throughWeek, func(rating eval.Rating) error {
		data.Ratings = append(data.Ratings, rating)
		return nil
	})
	if err != nil {
		return data, err
	}
	err = s.EachGuess(ctx, throughWeek, func(guess eval.Guess) error {
		data.Guesses = append(data.Guesses, guess)
		return nil
	})
	if err != nil {
		return data, err
	}
	err = s.EachPostEdit(ctx, throughWeek, func(edit eval.PostEdit) error {
		edit.Text = ""
		data.PostEdits = append(data.PostEdits, edit)
		return nil
	})
	if err != nil {
		return data, err
	}
	if data.Checks, err = s.ComparisonChecks(ctx, throughWeek); err != nil {
		return data, err
	}
	if data.RaterChecks, err = s.RaterCheckRatings(ctx, throughWeek); err != nil {
		return data, err
	}
	var rows []struct {
		TaskID    string              `db:"task_id"`
		Category  audit.Category      `db:"category"`
		Cluster   string              `db:"cluster"`
		Week      int                 `db:"week"`
		Arm       string              `db:"arm"`
		Cost      *audit.NanoUSD      `db:"cost_nano_usd"`
		LatencyMS *int64              `db:"latency_ms"`
		SHA256    string              `db:"response_sha256"`
		Empty     bool                `db:"is_empty"`
		Length    int                 `db:"characters"`
		Finish    string              `db:"finish_reason"`
		Origin    eval.ResponseOrigin `db:"origin"`
		Served    string              `db:"model_served"`
		StoredAt  int64               `db:"stored_at"`
		Input     *int64              `db:"input_tokens"`
		Cached    *int64              `db:"cached_tokens"`
		Written   *int64              `db:"cache_write_tokens"`
		Output    *int64              `db:"output_tokens"`
		Reasoning *int64              `db:"reasoning_tokens"`
	}
	err = s.reader.SelectContext(ctx, &rows, `
SELECT r.task_id, b.category, t.cluster, b.week, r.arm, r.cost_nano_usd, r.latency_ms, r.response_sha256,
    `+s.dialect.one(`trim(r.response, ' ' || char(9, 10, 13))`, `btrim(r.response, E' \t\n\r')`)+` = '' AS is_empty,
    length(r.response) AS characters, r.finish_reason, r.origin, r.model_served, r.stored_at,
    r.input_tokens, r.cached_tokens, r.cache_write_tokens, r.output_tokens, r.reasoning_tokens
FROM responses r JOIN batch_tasks b ON b.task_id = r.task_id JOIN tasks t ON t.id = r.task_id
WHERE ? = 0 OR b.week <= ?
ORDER BY b.week, r.task_id, r.arm`, throughWeek, throughWeek)
	if err != nil {
		return data, fmt.Errorf("read responses: %w", err)
	}
	data.Responses = make([]eval.ResponseRow, len(rows))
	for i, r := range rows {
		data.Responses[i] = eval.ResponseRow{
			TaskID: r.TaskID, Category: r.Category, Cluster: r.Cluster, Week: r.Week, Arm: r.Arm, Cost: r.Cost,
			LatencyMS: r.LatencyMS, TextSHA256: r.SHA256, Empty: r.Empty,
			Length: r.Length, Truncated: eval.Truncated(r.Finish), Refused: eval.Declined(r.Finish), Origin: r.Origin,
			Tokens: audit.Tokens{Input: r.Input, Cached: r.Cached, CacheWrite: r.Written, Output: r.Output, Reasoning: r.Reasoning}, Served: r.Served,
			At: time.UnixMicro(r.StoredAt).UTC(),
		}
	}
	err = s.reader.SelectContext(ctx, &data.Steps, `
SELECT r.task_id, b.category, b.week, r.arm, r.repeat, r.step, r.cost_nano_usd, r.latency_ms, r.response_sha256, r.finish_reason,
    r.input_tokens, r.cached_tokens, r.cache_write_tokens, r.output_tokens, r.reasoning_tokens, r.stored_at
FROM response_steps r JOIN batch_tasks b ON b.task_id = r.task_id
WHERE ? = 0 OR b.week <= ? ORDER BY b.week, r.task_id, r.arm, r.repeat, r.step`, throughWeek, throughWeek)
	if err != nil {
		return data, fmt.Errorf("read steps: %w", err)
	}
	return data, s.assigned(ctx, throughWeek, &data)
}

// assigned reads what the batches owe, and what providers refused of it.
func (s *Store) assigned(ctx context.Context, throughWeek int, data *eval.Dataset) error {
	err := s.reader.SelectContext(ctx, &data.Assigned, `
SELECT b.task_id, b.category, t.cluster, b.week, t.team FROM batch_tasks b JOIN tasks t ON t.id = b.task_id
WHERE b.came_by <> 'rating' AND (? = 0 OR b.week <= ?) ORDER BY b.week, b.task_id`, throughWeek, throughWeek)
	if err != nil {
		return fmt.Errorf("read batches: %w", err)
	}
	var refused []struct {
		TaskID   string         `db:"task_id"`
		Category audit.Category `db:"category"`
		Arm      string         `db:"arm"`
		Week     int            `db:"week"`
	}
	err = s.reader.SelectContext(ctx, &refused, `
SELECT c.task_id, b.category, c.arm, b.week FROM calls c JOIN batch_tasks b ON b.task_id = c.task_id
WHERE c.refused = 1 AND NOT EXISTS (SELECT 1 FROM responses r WHERE r.task_id = c.task_id AND r.arm = c.arm)
ORDER BY c.task_id, c.arm`)
	if err != nil {
		return fmt.Errorf("read refused calls: %w", err)
	}
	for _, row := range refused {
		data.Refused = append(data.Refused, eval.Cell{TaskID: row.TaskID, Category: row.Category, Arm: row.Arm, Week: row.Week})
	}
	return nil
}

// SaveRoutingTable keeps a routing table and its decisions, and gives its number.
func (s *Store) SaveRoutingTable(ctx context.Context, table eval.RoutingTable) (number int64, err error) {
	body, err := json.Marshal(table)
	if err != nil {
		return 0, fmt.Errorf("store routing table: %w", err)
	}
	err = s.write(ctx, func(tx *transaction) error {
		number, err = tx.insert(ctx, `
INSERT INTO routing_tables (protocol_sha256, price_table_date, body, decided_at) VALUES (?, ?, ?, ?)`,
			table.ProtocolSHA256, table.PriceTableDate, string(body), table.DecidedAt.UnixMicro())
		if err != nil {
			return fmt.Errorf("store routing table: %w", err)
		}
		for _, route := range table.Routes {
			evidence, err := json.Marshal(route)
			if err != nil {
				return err
			}
			_, err = tx.ExecContext(ctx, `
INSERT INTO decisions (routing_table_id, category, arm, decision, reason, evidence) VALUES (?, ?, ?, ?, ?, ?)`,
				number, route.Category, route.Arm, route.Decision, route.Reason, string(evidence))
			if err != nil {
				return fmt.Errorf("store decision on %q: %w", route.Category, err)
			}
		}
		return nil
	})
	return number, err
}

// LatestRoutingTable is the table stored last; eval.ErrNotFound where there is none.
func (s *Store) LatestRoutingTable(ctx context.Context) (eval.RoutingTable, error) {
	stored, err := s.RoutingTable(ctx, 0)
	return stored.Table, err
}

// An ArmStatus is how far one arm of one week is.
type ArmStatus struct {
	Week     int            `db:"week" json:"week"`
	Category audit.Category `db:"category" json:"category"`
	Arm      string         `db:"arm" json:"arm"`
	Tasks    int            `db:"-" json:"tasks"`
	Answered int            `db:"answered" json:"answered"`
	Failed   int            `db:"-" json:"failed"`
	CostNano audit.NanoUSD  `db:"cost" json:"-"`
	LastFail string         `db:"-" json:"last_error"`
}

// Status tells how far each arm of each week is, and how many comparisons there
// are and how many of them are rated.
type Status struct {
	Arms        []ArmStatus
	Comparisons int
	RatedOnce   int // by at least one person
	Rated       int // by as many people as the protocol asks
}

// counted says of a comparison c that no rule leaves it out.
const counted = `NOT EXISTS (SELECT 1 FROM comparison_checks k WHERE k.comparison_id = c.id AND k.excluded = 1)`

// PilotStatus reads the pilot's progress.
func (s *Store) PilotStatus(ctx context.Context) (Status, error) {
	var status Status
	locked, err := s.Locked(ctx)
	if err != nil {
		return status, err
	}
	var answered []ArmStatus
	err = s.reader.SelectContext(ctx, &answered, `
SELECT b.week, b.category, r.arm, count(*) AS answered, coalesce(sum(r.cost_nano_usd), 0) AS cost
FROM responses r JOIN batch_tasks b ON b.task_id = r.task_id GROUP BY b.week, b.category, r.arm`)
	if err != nil {
		return status, fmt.Errorf("read progress: %w", err)
	}
	type key struct {
		week     int
		category audit.Category
		arm      string
	}
	known := map[key]ArmStatus{}
	for _, row := range answered {
		known[key{row.Week, row.Category, row.Arm}] = row
	}
	err = s.countedSteps(ctx, func(row ArmStatus) {
		at := key{row.Week, row.Category, row.Arm}
		row.Answered, row.CostNano = known[at].Answered, row.CostNano+known[at].CostNano
		known[at] = row
	})
	if err != nil {
		return status, err
	}
	failures, err := s.failures(ctx)
	if err != nil {
		return status, err
	}
	batches, err := s.Batches(ctx)
	if err != nil {
		return status, err
	}
	for _, batch := range batches {
		for _, arm := range armsOf(locked.Protocol, batch.Category) {
			row := known[key{batch.Week, batch.Category, arm}]
			row.Week, row.Category, row.Arm, row.Tasks = batch.Week, batch.Category, arm, batch.Tasks
			for _, failure := range failures {
				if failure.Week == batch.Week && failure.Category == batch.Category && failure.Arm == arm {
					row.Failed, row.LastFail = failure.Calls, failure.Error
				}
			}
			status.Arms = append(status.Arms, row)
		}
	}
	err = s.reader.GetContext(ctx, &status.Comparisons, `SELECT count(*) FROM comparisons c WHERE `+counted)
	if err != nil {
		return status, err
	}
	var rated struct {
		Once     int `db:"once"`
		Complete int `db:"complete"`
	}
	err = s.reader.GetContext(ctx, &rated, `
SELECT count(*) AS once, count(*) FILTER (WHERE raters >= ?) AS complete FROM (
    SELECT count(DISTINCT r.rater_id) AS raters
    FROM ratings r JOIN raters h ON h.id = r.rater_id AND h.kind = 'human' JOIN comparisons c ON c.id = r.comparison_id
    WHERE `+counted+` GROUP BY c.id) r`, locked.Protocol.RatingsPerComparison)
	status.RatedOnce, status.Rated = rated.Once, rated.Complete
	return status, err
}

type failureRow struct {
	Week     int            `db:"week"`
	Category audit.Category `db:"category"`
	Arm      string         `db:"arm"`
	Calls    int            `db:"calls"`
	Error    string         `db:"last_error"`
}

// failures counts the cells that were given back and are not answered, with the
// latest reason.
func (s *Store) failures(ctx context.Context) (rows []failureRow, err error) {
	err = s.reader.SelectContext(ctx, &rows, `
SELECT week, category, arm, calls, last_error FROM (
    SELECT b.week, b.category, c.arm, c.last_error, count(*) OVER (PARTITION BY b.week, b.category, c.arm) AS calls,
        row_number() OVER (PARTITION BY b.week, b.category, c.arm ORDER BY c.updated_at DESC, c.task_id) AS latest
    FROM calls c JOIN batch_tasks b ON b.task_id = c.task_id
    WHERE c.last_error <> '' AND NOT EXISTS (SELECT 1 FROM responses r WHERE r.task_id = c.task_id AND r.arm = c.arm)) f
WHERE latest = 1 ORDER BY week, category, arm`)
	return rows, err
}
