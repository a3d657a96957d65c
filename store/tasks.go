package store

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/jmoiron/sqlx"

	"modeltrial/audit"
)

// An ImportedFile is what is kept of an imported file.
type ImportedFile struct {
	Path, Format, SHA256                 string
	Rows, Imported, Duplicates, Rejected int
}

// An ImportOutcome is what became of one task.
type ImportOutcome int

// The outcomes of an import.
const (
	Inserted  ImportOutcome = iota
	Duplicate               // the id is there with the same prompt
	Conflict                // the id is there with another prompt
)

// A TaskImport is a transaction that takes a file's tasks in.
type TaskImport struct {
	tx     *sqlx.Tx
	fileID int64
	insert *sqlx.Stmt
	lookup *sqlx.Stmt
}

const insertTask = `
INSERT INTO tasks (
    id, logged_at, team, user_name, model, provider, system_prompt, prompt, conversation, response,
    reference, final_text, tags, metadata, cluster, category, category_source, category_probability,
    input_tokens, cached_tokens, output_tokens, reasoning_tokens, cost_nano_usd, latency_ms, ttft_ms,
    file_id, file_line, row_sha256
) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
ON CONFLICT (id) DO NOTHING`

// A file's row is there before its counts are known.
const (
	insertFile = `
INSERT INTO import_files (path, kind, format, sha256, rows, imported, duplicates, rejected, imported_at)
VALUES (?, ?, '', '', 0, 0, 0, 0, ?)`
	finishFile = `
UPDATE import_files SET format = ?, sha256 = ?, rows = ?, imported = ?, duplicates = ?, rejected = ? WHERE id = ?`
)

// BeginImport starts to take in a file of tasks. Nothing of it is to be seen until
// Commit.
func (s *Store) BeginImport(ctx context.Context, path string) (_ *TaskImport, err error) {
	tx, err := s.writer.BeginTxx(ctx, nil)
	if err != nil {
		return nil, s.Explain(err)
	}
	t := &TaskImport{tx: tx}
	defer func() {
		if err != nil {
			err = errors.Join(fmt.Errorf("begin import of %s: %w", path, err), tx.Rollback())
		}
	}()
	// The counts are filled in at the end; tasks need the row to point to.
	result, err := tx.ExecContext(ctx, insertFile, path, "tasks", time.Now().UnixMicro())
	if err != nil {
		return nil, err
	}
	if t.fileID, err = result.LastInsertId(); err != nil {
		return nil, err
	}
	if t.insert, err = tx.PreparexContext(ctx, insertTask); err != nil {
		return nil, err
	}
	t.lookup, err = tx.PreparexContext(ctx, `SELECT prompt = ? FROM tasks WHERE id = ?`)
	return t, err
}

// Add takes one task in.
func (t *TaskImport) Add(ctx context.Context, task audit.Task) (ImportOutcome, error) {
	conversation, err := json.Marshal(orEmpty(task.Conversation))
	if err != nil {
		return Inserted, fmt.Errorf("task %q: %w", task.ID, err)
	}
	tags, err := json.Marshal(orEmpty(task.Tags))
	if err != nil {
		return Inserted, fmt.Errorf("task %q: %w", task.ID, err)
	}
	metadata := []byte("{}")
	if len(task.Metadata) > 0 {
		if metadata, err = json.Marshal(task.Metadata); err != nil {
			return Inserted, fmt.Errorf("task %q: %w", task.ID, err)
		}
	}
	result, err := t.insert.ExecContext(ctx,
		task.ID, micros(task.Timestamp), task.Team, task.User, task.Model, task.Provider, task.System, task.Prompt,
		string(conversation), task.Response, task.Reference, task.FinalText, string(tags), string(metadata), task.Cluster,
		task.Category, task.CategorySource, task.Probability,
		task.Tokens.Input, task.Tokens.Cached, task.Tokens.Output, task.Tokens.Reasoning, task.Cost, task.LatencyMS, task.TTFTMS,
		t.fileID, task.Origin.Line, task.Origin.RowSHA256)
	if err != nil {
		return Inserted, fmt.Errorf("store task %q: %w", task.ID, err)
	}
	if inserted, err := result.RowsAffected(); err != nil || inserted == 1 {
		return Inserted, err
	}
	var same bool
	if err := t.lookup.GetContext(ctx, &same, task.Prompt, task.ID); err != nil {
		return Inserted, fmt.Errorf("look up task %q: %w", task.ID, err)
	}
	if same {
		return Duplicate, nil
	}
	return Conflict, nil
}

// Commit makes the import final.
func (t *TaskImport) Commit(ctx context.Context, file ImportedFile) error {
	_, err := t.tx.ExecContext(ctx, finishFile,
		file.Format, file.SHA256, file.Rows, file.Imported, file.Duplicates, file.Rejected, t.fileID)
	if err != nil {
		return fmt.Errorf("finish import of %s: %w", file.Path, err)
	}
	return t.tx.Commit()
}

// Rollback ends an import without a trace; after Commit it does nothing.
func (t *TaskImport) Rollback() { _ = t.tx.Rollback() } // the only error is that it is committed

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
}

const (
	summaryColumns = `t.row_id, t.id, t.logged_at, t.team, t.user_name, t.model, t.provider, t.cluster, t.category, t.category_source,
    t.category_probability, t.input_tokens, t.cached_tokens, t.output_tokens, t.reasoning_tokens, t.cost_nano_usd,
    t.latency_ms, t.ttft_ms, t.file_line, t.row_sha256`
	textColumns = `t.system_prompt, t.prompt, t.conversation, t.response, t.reference, t.final_text, t.tags, t.metadata, f.path`
	fromTasks   = ` FROM tasks t JOIN import_files f ON f.id = t.file_id `
)

func (r taskRow) task() (audit.Task, error) {
	task := audit.Task{
		ID: r.ID, Timestamp: fromMicros(r.LoggedAt), Team: r.Team, User: r.User, Model: r.Model, Provider: r.Provider,
		System: r.System, Prompt: r.Prompt, Response: r.Response, Reference: r.Reference, FinalText: r.FinalText,
		Category: r.Category, CategorySource: r.CategorySource, Probability: r.Probability,
		Tokens: audit.Tokens{Input: r.InputTokens, Cached: r.CachedTokens, Output: r.OutputTokens, Reasoning: r.ReasoningTokens},
		Cost:   r.Cost, LatencyMS: r.LatencyMS, TTFTMS: r.TTFTMS, Cluster: r.Cluster,
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
	err := s.reader.GetContext(ctx, &row, `SELECT `+summaryColumns+`, `+textColumns+fromTasks+`WHERE t.id = ?`, id)
	if err != nil {
		return audit.Task{}, fmt.Errorf("task %q: %w", id, notFound(err))
	}
	return row.task()
}

// CountTasks counts the imported tasks.
func (s *Store) CountTasks(ctx context.Context) (count int, err error) {
	err = s.reader.GetContext(ctx, &count, `SELECT count(*) FROM tasks`)
	return count, err
}

// A StoredTask is a task with its place in the order of import.
type StoredTask struct {
	Row  int64
	Task audit.Task
}

// Unclassified gives the next tasks after a row that have no category or, where
// again is set, only a local one.
func (s *Store) Unclassified(ctx context.Context, again bool, limit int, afterRow int64) ([]StoredTask, error) {
	condition := `t.category = ''`
	if again {
		condition = `t.category_source IN ('', 'local')`
	}
	var rows []taskRow
	err := s.reader.SelectContext(ctx, &rows, `SELECT `+summaryColumns+`, `+textColumns+fromTasks+`
WHERE t.row_id > ? AND `+condition+` ORDER BY t.row_id LIMIT ?`, afterRow, limit)
	if err != nil {
		return nil, fmt.Errorf("read tasks to categorise: %w", err)
	}
	tasks := make([]StoredTask, len(rows))
	for i, row := range rows {
		task, err := row.task()
		if err != nil {
			return nil, err
		}
		tasks[i] = StoredTask{Row: row.RowID, Task: task}
	}
	return tasks, nil
}

// A CategoryUpdate puts a task into a category.
type CategoryUpdate struct {
	TaskID      string
	Category    audit.Category
	Source      audit.CategorySource
	Probability float64
}

// SetCategories stores categories in one transaction. What a person or the log said
// is changed by a person only.
func (s *Store) SetCategories(ctx context.Context, updates []CategoryUpdate) error {
	return s.write(ctx, func(tx *transaction) error {
		for _, u := range updates {
			_, err := tx.ExecContext(ctx, `
UPDATE tasks SET category = ?, category_source = ?, category_probability = ?
WHERE id = ? AND (category_source NOT IN ('review', 'log') OR ? = 'review')`, u.Category, u.Source, u.Probability, u.TaskID, u.Source)
			if err != nil {
				return fmt.Errorf("categorise task %q: %w", u.TaskID, err)
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
SELECT value FROM json_each(?) WHERE value NOT IN (SELECT id FROM tasks)`, string(list))
	return unknown, err
}

// TaskIDsByCategory lists the ids of each category in a fixed order. With
// arms, only tasks for which each of them has a recorded answer.
func (s *Store) TaskIDsByCategory(ctx context.Context, category audit.Category, recordedArms []string) (ids []string, err error) {
	query := strings.Builder{}
	query.WriteString(`SELECT t.id FROM tasks t WHERE t.category = ?`)
	arguments := []any{category}
	for _, arm := range recordedArms {
		query.WriteString(` AND EXISTS (SELECT 1 FROM recorded_answers r WHERE r.task_id = t.id AND r.arm = ?)`)
		arguments = append(arguments, arm)
	}
	query.WriteString(` ORDER BY t.id`)
	err = s.reader.SelectContext(ctx, &ids, query.String(), arguments...)
	return ids, err
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
