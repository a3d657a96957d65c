package store

import (
	"context"
	"encoding/json"
	"fmt"
	"iter"
	"time"

	"modeltrial/audit"
	"modeltrial/eval"
)

// An ImportedFile is what is kept of an imported file.
type ImportedFile struct {
	Path, Format, SHA256                 string
	Rows, Imported, Duplicates, Rejected int
}

// A file's row is there before its counts are known.
const (
	insertFile = `
INSERT INTO import_files (path, kind, format, sha256, rows, imported, duplicates, rejected, imported_at)
VALUES (?, ?, '', '', 0, 0, 0, 0, ?)`
	finishFile = `
UPDATE import_files SET format = ?, sha256 = ?, rows = ?, imported = ?, duplicates = ?, rejected = ? WHERE id = ?`
)

// importFile stores what read takes of a file and what the file was, in one transaction,
// or after an error nothing. What is stored needs the file's row to point to, so that its
// counts are filled in at the end.
func (s *Store) importFile(ctx context.Context, path, kind string, now time.Time, read func(tx *transaction, fileID int64) (ImportedFile, error)) error {
	return s.write(ctx, func(tx *transaction) error {
		fileID, err := tx.insert(ctx, insertFile, path, kind, now.UnixMicro())
		if err != nil {
			return fmt.Errorf("note file %s: %w", path, err)
		}
		file, err := read(tx, fileID)
		if err != nil {
			return err
		}
		_, err = tx.ExecContext(ctx, finishFile, file.Format, file.SHA256, file.Rows, file.Imported, file.Duplicates, file.Rejected, fileID)
		return err
	})
}

func orEmpty[T any](list []T) []T {
	if list == nil {
		return []T{}
	}
	return list
}

// taskRow is a task as it is stored.
type taskRow struct {
	RowID           int64                `db:"row_id"`
	ID              string               `db:"id"`
	LoggedAt        *int64               `db:"logged_at"`
	Team            string               `db:"team"`
	User            string               `db:"user_name"`
	Model           string               `db:"model"`
	Provider        string               `db:"provider"`
	System          string               `db:"system_prompt"`
	Prompt          string               `db:"prompt"`
	Conversation    string               `db:"conversation"`
	Response        string               `db:"response"`
	Reference       string               `db:"reference"`
	FinalText       string               `db:"final_text"`
	Tags            string               `db:"tags"`
	Metadata        string               `db:"metadata"`
	Cluster         string               `db:"cluster"`
	Category        audit.Category       `db:"category"`
	CategorySource  audit.CategorySource `db:"category_source"`
	Probability     float64              `db:"category_probability"`
	InputTokens     *int64               `db:"input_tokens"`
	CachedTokens    *int64               `db:"cached_tokens"`
	OutputTokens    *int64               `db:"output_tokens"`
	ReasoningTokens *int64               `db:"reasoning_tokens"`
	Cost            *audit.NanoUSD       `db:"cost_nano_usd"`
	LatencyMS       *int64               `db:"latency_ms"`
	TTFTMS          *int64               `db:"ttft_ms"`
	File            string               `db:"path"`
	Line            int                  `db:"file_line"`
	RowSHA256       string               `db:"row_sha256"`
	CostSource      audit.CostSource     `db:"cost_source"`
	CacheWrite      *int64               `db:"cache_write_tokens"`
}

const (
	summaryColumns = `t.row_id, t.id, t.logged_at, t.team, t.user_name, t.model, t.provider, t.cluster, t.category, t.category_source,
    t.category_probability, t.input_tokens, t.cached_tokens, t.output_tokens, t.reasoning_tokens, t.cost_nano_usd,
    t.latency_ms, t.ttft_ms, t.file_line, t.row_sha256`
	textColumns = `t.cost_source, t.cache_write_tokens, t.system_prompt, t.prompt, t.conversation, t.response, t.reference, t.final_text, t.tags, t.metadata, f.path`
	fromTasks   = ` FROM tasks t JOIN import_files f ON f.id = t.file_id `
)

func (r taskRow) task() (audit.Task, error) {
	task := audit.Task{
		ID: r.ID, Timestamp: fromMicros(r.LoggedAt), Team: r.Team, User: r.User, Model: r.Model, Provider: r.Provider,
		System: r.System, Prompt: r.Prompt, Response: r.Response, Reference: r.Reference, FinalText: r.FinalText,
		Category: r.Category, CategorySource: r.CategorySource, Probability: r.Probability,
		Tokens: audit.Tokens{
			Input: r.InputTokens, Cached: r.CachedTokens, CacheWrite: r.CacheWrite, Output: r.OutputTokens, Reasoning: r.ReasoningTokens,
		},
		TokensEstimated: r.CostSource == audit.CostEstimated, CostSource: r.CostSource,
		Cost: r.Cost, LatencyMS: r.LatencyMS, TTFTMS: r.TTFTMS, Cluster: r.Cluster,
		Origin: audit.Origin{File: r.File, Line: r.Line, RowSHA256: r.RowSHA256},
	}
	for text, into := range map[string]any{r.Conversation: &task.Conversation, r.Tags: &task.Tags, r.Metadata: &task.Metadata} {
		if text == "" || text == "[]" || text == "{}" {
			continue
		}
		if err := json.Unmarshal([]byte(text), into); err != nil {
			return task, fmt.Errorf("task %q as stored: %w", r.ID, err)
		}
	}
	return task, nil
}

// EachTaskSummary gives every task in the order of import without its texts.
func (s *Store) EachTaskSummary(ctx context.Context, do func(audit.Task) error) error {
	return each(ctx, s, "tasks", func(row taskRow) error {
		task, err := row.task()
		if err != nil {
			return err
		}
		return do(task)
	}, `SELECT `+summaryColumns+` FROM tasks t ORDER BY t.row_id`)
}

// Task reads one task; eval.ErrNotFound where there is none.
func (s *Store) Task(ctx context.Context, id string) (audit.Task, error) {
	var row taskRow
	err := s.quick.GetContext(ctx, &row, `SELECT `+summaryColumns+`, `+textColumns+fromTasks+`WHERE t.id = ?`, id)
	if err != nil {
		return audit.Task{}, fmt.Errorf("task %q: %w", id, notFound(err))
	}
	return row.task()
}

// Tasks reads tasks in the order of their ids, of which none comes twice;
// eval.ErrNotFound where one is missing.
func (s *Store) Tasks(ctx context.Context, ids []string) ([]audit.Task, error) {
	list, err := json.Marshal(orEmpty(ids))
	if err != nil {
		return nil, err
	}
	var rows []taskRow
	err = s.quick.SelectContext(ctx, &rows, `SELECT `+summaryColumns+`, `+textColumns+fromTasks+`
WHERE t.id IN (SELECT value FROM `+s.dialect.listed()+`)`, string(list))
	if err != nil {
		return nil, fmt.Errorf("read %d tasks: %w", len(ids), err)
	}
	tasks, place := make([]audit.Task, len(ids)), make(map[string]int, len(ids))
	for i, id := range ids {
		place[id] = i
	}
	for _, row := range rows {
		task, err := row.task()
		if err != nil {
			return nil, err
		}
		tasks[place[row.ID]] = task
		delete(place, row.ID)
	}
	for id := range place {
		return nil, fmt.Errorf("task %q: %w", id, eval.ErrNotFound)
	}
	return tasks, nil
}

// CountTasks counts the imported tasks.
func (s *Store) CountTasks(ctx context.Context) (count int, err error) {
	err = s.reader.GetContext(ctx, &count, `SELECT count(*) FROM tasks`)
	return count, err
}

// An UnclassifiedTask is what decides a task's category, with its place in the order
// of import.
type UnclassifiedTask struct {
	Row          int64          `db:"row_id"`
	System       string         `db:"system_prompt"`
	Prompt       string         `db:"prompt"`
	LastUserTurn string         `db:"last_user_turn"` // of the conversation before the prompt; empty where there is none
	Category     audit.Category `db:"category"`       // the local categoriser's so far; empty where there is none
}

// Unclassified gives the next tasks after a row, in the order of rows, that have no
// category or, where again is set, only a local one. It gives so many that their texts
// take about a megabyte, none where none is left.
func (s *Store) Unclassified(ctx context.Context, again bool, afterRow int64) (tasks []UnclassifiedTask, err error) {
	const mostBytes, mostTasks = 1 << 20, 2000
	condition := `category = ''`
	if again {
		condition = `category_source IN ('', 'local')`
	}
	size := 0
	for task, err := range s.eachTaskText(ctx, condition+` AND row_id > ? ORDER BY row_id LIMIT ?`, afterRow, mostTasks) {
		if err != nil {
			return nil, err
		}
		size += len(task.System) + len(task.Prompt) + len(task.LastUserTurn)
		tasks = append(tasks, task)
		if size >= mostBytes {
			break
		}
	}
	return tasks, nil
}

// TaskTexts gives about one in so many tasks, spread over the log, in the order of rows:
// always the same ones.
func (s *Store) TaskTexts(ctx context.Context, oneIn int) iter.Seq2[UnclassifiedTask, error] {
	// Not every so manieth, since tasks may take turns, too: the multiples of the golden ratio
	// lie evenly between whole numbers, also those of every second row (Weyl 1916,
	// Mathematische Annalen 77).
	return s.eachTaskText(ctx, `row_id * 2654435769 % 4294967296 * ? < 4294967296 ORDER BY row_id`, oneIn)
}

func (s *Store) eachTaskText(ctx context.Context, condition string, arguments ...any) iter.Seq2[UnclassifiedTask, error] {
	return func(yield func(UnclassifiedTask, error) bool) {
		rows, err := s.reader.QueryxContext(ctx, `
SELECT row_id, category, system_prompt, prompt,
    CASE conversation WHEN '[]' THEN '' ELSE coalesce((
        SELECT value ->> 'content' FROM `+s.dialect.one(`json_each(conversation)`, `json_array_elements(conversation::json) WITH ORDINALITY AS turns (value, key)`)+`
        WHERE value ->> 'role' = 'user' ORDER BY key DESC LIMIT 1), '')
    END AS last_user_turn
FROM tasks `+s.dialect.one(`NOT INDEXED`, ``)+` WHERE `+condition, arguments...)
		if err != nil {
			yield(UnclassifiedTask{}, fmt.Errorf("read tasks to categorise: %w", err))
			return
		}
		defer func() { _ = rows.Close() }() // they were only read
		for rows.Next() {
			var task UnclassifiedTask
			if err := rows.Scan(&task.Row, &task.Category, &task.System, &task.Prompt, &task.LastUserTurn); err != nil {
				yield(UnclassifiedTask{}, fmt.Errorf("read tasks to categorise: %w", err))
				return
			}
			if !yield(task, nil) {
				return
			}
		}
		if err := rows.Err(); err != nil {
			yield(UnclassifiedTask{}, fmt.Errorf("read tasks to categorise: %w", err))
		}
	}
}

// A CategoryUpdate puts a task into a category.
type CategoryUpdate struct {
	TaskID      string
	Row         int64 // instead of TaskID, where it is known
	Category    audit.Category
	Source      audit.CategorySource
	Probability float64
}

// SetCategories stores categories in one transaction. What a person or the log said
// is changed by a person only.
func (s *Store) SetCategories(ctx context.Context, updates []CategoryUpdate) error {
	const update = `UPDATE tasks SET category = ?, category_source = ?, category_probability = ?
WHERE (category_source NOT IN ('review', 'log') OR ?2 = 'review') AND `
	return s.write(ctx, func(tx *transaction) error {
		for _, u := range updates {
			query, key := update+`id = ?`, any(u.TaskID)
			if u.TaskID == "" {
				query, key = update+`row_id = ?`, u.Row
			}
			if _, err := tx.ExecContext(ctx, query, u.Category, u.Source, u.Probability, key); err != nil {
				return fmt.Errorf("categorise task %v: %w", key, err)
			}
		}
		return nil
	})
}

// UnknownTaskIDs gives those of the ids that no task has.
func (s *Store) UnknownTaskIDs(ctx context.Context, ids []string) ([]string, error) {
	list, err := json.Marshal(orEmpty(ids))
	if err != nil {
		return nil, err
	}
	var unknown []string
	err = s.reader.SelectContext(ctx, &unknown, `
SELECT value FROM `+s.dialect.listed()+` WHERE value NOT IN (SELECT id FROM tasks)`, string(list))
	return unknown, err
}

// CategoryShare is each category's share of all categorised tasks, 0 to 1.
func (s *Store) CategoryShare(ctx context.Context) (map[audit.Category]float64, error) {
	var rows []struct {
		Category audit.Category `db:"category"`
		Tasks    float64        `db:"tasks"`
	}
	err := s.reader.SelectContext(ctx, &rows, `
SELECT category, count(*) AS tasks FROM tasks WHERE category <> '' GROUP BY category`)
	if err != nil {
		return nil, err
	}
	var total float64
	for _, row := range rows {
		total += row.Tasks
	}
	shares := map[audit.Category]float64{}
	for _, row := range rows {
		shares[row.Category] = row.Tasks / total
	}
	return shares, nil
}
