package store

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"errors"
	"fmt"
	"runtime/debug"
	"strconv"
	"strings"
	"time"

	"modeltrial/audit"
)

// An ImportOutcome is what became of one task.
type ImportOutcome int

// The outcomes of an import.
const (
	Inserted  ImportOutcome = iota
	Duplicate               // the id is there with the same prompt
	Completed               // a Duplicate that gave values which the stored task was without
	Conflict                // the id is there with another prompt
)

// A TaskImport is a transaction that takes a file's tasks in. It holds the writing
// connection, and is for one goroutine.
//
// Ids in the order of the index are new and go to its end. Others are looked up in it
// while few of them came in. When they become many, a set of ids in memory takes its
// place and the index is dropped, to be built at the end by one sort: a million
// insertions in the order of random ids take four times as long. Where the set is full
// the index is built and used again, so that memory stays flat whatever the number of
// tasks.
type TaskImport struct {
	store  *Store
	conn   *sql.Conn
	end    func() // gives the connection back as it was
	insert taskInsert
	task   audit.Task     // that is taken in
	values []driver.Value // of it, in the order of taskColumns
	few    []fewTexts     // by column

	first   int64  // the last row that was there before
	last    int64  // the last row, those gathered included
	highest string // the last id in the order of the index, those gathered included
	between int64  // tasks that came in with an id before that
	ids     *idSet // nil while the index is used
	full    bool   // whether there are too many ids for a set
	claimed rowSet // rows that were there before and that rows without id of this file stand for
	byID    *sql.Stmt
	rows    *taskReader
	fills   map[columnSet]*sql.Stmt
	found   int64               // the row that was found last by the index; 0 where none was
	pending map[string]struct{} // ids that are gathered and in no index
}

// importCache is the page cache of an import.
const importCache = 1 << 20 // bytes

// BeginImport starts to take in a file of tasks. Nothing of it is to be seen until
// Commit; other processes read what was there.
func (s *Store) BeginImport(ctx context.Context, path string) (*TaskImport, error) {
	return s.beginImport(ctx, path, false)
}

// BeginBulkImport is BeginImport for a large file. Where no other process uses the
// database it is written with a rollback journal, which takes two thirds of the time
// of a write-ahead log but keeps others, and the other methods of this Store, out
// until the import ends.
func (s *Store) BeginBulkImport(ctx context.Context, path string) (*TaskImport, error) {
	return s.beginImport(ctx, path, true)
}

func (s *Store) beginImport(ctx context.Context, path string, bulk bool) (_ *TaskImport, err error) {
	conn, end, err := s.importConnection(ctx, bulk)
	if err != nil {
		return nil, s.Explain(err)
	}
	t := &TaskImport{
		store: s, conn: conn, end: end, insert: taskInsert{conn: conn},
		values: make([]driver.Value, len(taskColumns)), few: make([]fewTexts, len(taskColumns)),
		fills: map[columnSet]*sql.Stmt{}, pending: map[string]struct{}{},
		full: s.dialect == postgresDialect, // which keeps the index: other tables point to it
	}
	defer func() {
		if err != nil {
			err = fmt.Errorf("begin import of %s: %w", path, err)
			t.Rollback()
		}
	}()
	// The counts are filled in at the end; tasks need the row to point to.
	err = conn.QueryRowContext(ctx, insertFile+` RETURNING id`, path, "tasks", time.Now().UnixMicro()).Scan(&t.insert.fileID)
	if err != nil {
		return nil, err
	}
	err = conn.QueryRowContext(ctx, `
SELECT coalesce((SELECT max(row_id) FROM tasks), 0), coalesce((SELECT max(id) FROM tasks), '')`).Scan(&t.first, &t.highest)
	if err != nil {
		return nil, err
	}
	t.last = t.first
	if t.byID, err = conn.PrepareContext(ctx, `SELECT row_id, prompt = ?2, `+unknownColumns()+` FROM tasks WHERE id = ?1`); err != nil {
		return nil, err
	}
	t.rows, err = newTaskReader(conn)
	return t, err
}

// unknownColumns is the SQL of the columnSet of what a stored task is without.
func unknownColumns() string {
	var terms []string
	for at, column := range taskColumns {
		switch {
		case !column.fillable():
		case column.bound == nil:
			terms = append(terms, fmt.Sprintf("(CASE WHEN %s IS NULL THEN %d ELSE 0 END)", column.name, uint64(1)<<at))
		default:
			terms = append(terms, fmt.Sprintf("(CASE WHEN %s = %s THEN %d ELSE 0 END)", column.name, column.blank, uint64(1)<<at))
		}
	}
	return strings.Join(terms, " | ")
}

// A foundTask is what an import has to know of a task that is there already.
type foundTask struct {
	row        int64
	samePrompt bool
	unknown    columnSet
}

// Add takes one task in. Of a task that is there already, what was not known of it
// is filled in, and nothing that was known is changed. Rows without an id that are
// the same in one file are tasks of their own: from the second on their id, which
// was made from the row, ends in -2, -3 and so on.
func (t *TaskImport) Add(ctx context.Context, task audit.Task) (ImportOutcome, error) {
	if (task.Category == "") != (task.CategorySource == "") || task.Probability < 0 || task.Probability > 1 {
		return Inserted, fmt.Errorf("task %q: category %q of source %q with probability %v is none", task.ID, task.Category, task.CategorySource, task.Probability)
	}
	t.task = task // one place for all, so that none goes to the heap
	has := columnSet(0)
	for at := range taskColumns {
		var value driver.Value
		if column := &taskColumns[at]; column.few != nil {
			value = t.few[at].value(column.few(&t.task))
		} else {
			var err error
			if value, err = column.value(&t.task); err != nil {
				return Inserted, fmt.Errorf("task %q: %w", task.ID, err)
			}
		}
		if t.values[at] = value; value != nil {
			has |= 1 << at
		}
	}
	there, err := t.find(ctx, task.ID, task.Prompt)
	if err == nil && there != nil && madeFromRow(&t.task) {
		if there, err = t.repeated(ctx, &t.task, there); err == nil {
			t.values[0] = t.task.ID
		}
	}
	switch {
	case err != nil:
		return Inserted, fmt.Errorf("look up task %q: %w", task.ID, err)
	case there == nil:
		if err := t.add(ctx, t.task.ID, has); err != nil {
			return Inserted, fmt.Errorf("store task %q: %w", task.ID, err)
		}
		return Inserted, nil
	case !there.samePrompt:
		return Conflict, nil
	}
	more := has & there.unknown
	if more == 0 {
		return Duplicate, nil
	}
	if err := t.fill(ctx, there.row, more); err != nil {
		return Inserted, fmt.Errorf("complete task %q: %w", task.ID, err)
	}
	return Completed, nil
}

// add takes in a task of which the values stand in t.values.
func (t *TaskImport) add(ctx context.Context, id string, has columnSet) error {
	if err := t.insert.add(ctx, t.values, has); err != nil {
		return err
	}
	t.last++
	if id > t.highest {
		t.highest = id
	} else {
		t.between++
	}
	if t.ids == nil {
		t.pending[id] = struct{}{}
		if t.insert.rows == 0 {
			clear(t.pending)
		}
		return t.leaveIndex(ctx)
	}
	if t.ids.add(id, t.last) {
		return nil
	}
	t.full = true
	return t.useIndex(ctx)
}

// leaveIndexAfter is how many tasks have to come in out of order before an import
// leaves the index.
// It is a variable for the tests alone.
var leaveIndexAfter int64 = 1 << 12

// leaveIndex turns from the index to a set of ids when this pays: when so many tasks
// came in out of order that building the index anew takes no longer than adding to it.
func (t *TaskImport) leaveIndex(ctx context.Context) (err error) {
	const share = 16
	if t.full || t.between < leaveIndexAfter || t.between < t.first/share {
		return nil
	}
	if t.last > mostIDs/2 {
		t.full = true
		return nil
	}
	if err := t.insert.flush(ctx); err != nil {
		return err
	}
	clear(t.pending)
	rows, err := t.conn.QueryContext(ctx, `SELECT row_id, id FROM tasks`)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, rows.Close()) }()
	t.ids = newIDSet()
	for rows.Next() {
		var row int64
		var id string
		if err := rows.Scan(&row, &id); err != nil {
			return err
		}
		t.ids.add(id, row)
	}
	if err := errors.Join(rows.Err(), rows.Close()); err != nil {
		return err
	}
	_, err = t.conn.ExecContext(ctx, `DROP INDEX tasks_id`)
	return err
}

// useIndex builds the index that leaveIndex dropped.
func (t *TaskImport) useIndex(ctx context.Context) error {
	if err := t.insert.flush(ctx); err != nil || t.ids == nil {
		return err
	}
	t.ids = nil
	debug.FreeOSMemory() // the sort takes as much as the set did
	_, err := t.conn.ExecContext(ctx, `CREATE UNIQUE INDEX tasks_id ON tasks (id)`)
	return err
}

// find looks for a task by its id; nil where there is none.
func (t *TaskImport) find(ctx context.Context, id, prompt string) (there *foundTask, err error) {
	if id > t.highest {
		return nil, nil
	}
	if t.ids == nil {
		finish := t.insert.wait
		if _, gathered := t.pending[id]; gathered {
			clear(t.pending)
			finish = func() error { return t.insert.flush(ctx) }
		}
		if err := finish(); err != nil {
			return nil, err
		}
		return t.findByIndex(ctx, id, prompt)
	}
	err = t.ids.candidates(id, func(row int64) (bool, error) {
		finish := t.insert.wait
		if row > t.last-int64(t.insert.rows) { // is gathered
			finish = func() error { return t.insert.flush(ctx) }
		}
		if err := finish(); err != nil {
			return false, err
		}
		stored, err := t.rows.at(ctx, row)
		if err != nil || stored == nil || stored.id != id {
			return false, err
		}
		there = stored.found(prompt)
		return true, nil
	})
	return there, err
}

// findByIndex looks first at the row after the one that was found last: a log that is
// imported again has its rows in the order of the table, and ids in no order of the
// index.
func (t *TaskImport) findByIndex(ctx context.Context, id, prompt string) (there *foundTask, err error) {
	if t.found > 0 {
		stored, err := t.rows.at(ctx, t.found+1)
		if err != nil {
			return nil, err
		}
		if stored != nil && stored.id == id {
			t.found++
			return stored.found(prompt), nil
		}
	}
	t.found, there = 0, &foundTask{}
	// The statement is short, so that it need not watch the context.
	err = t.byID.QueryRowContext(context.WithoutCancel(ctx), id, prompt).Scan(&there.row, &there.samePrompt, &there.unknown)
	if errors.Is(err, sql.ErrNoRows) {
		return nil, nil
	}
	t.found = there.row
	return there, err
}

func (s *storedTask) found(prompt string) *foundTask {
	return &foundTask{row: s.row, samePrompt: s.prompt == prompt, unknown: s.unknown}
}

// fill gives a stored task the values, from t.values, of these columns.
func (t *TaskImport) fill(ctx context.Context, row int64, columns columnSet) (err error) {
	var arguments []any
	var set []string
	for at, column := range taskColumns {
		if columns&(1<<at) == 0 {
			continue
		}
		value := t.values[at]
		if value == nil {
			value = column.bound
		}
		set, arguments = append(set, column.name+" = ?"), append(arguments, value)
		switch column.name {
		case "category": // which its source and probability belong to, and follow
			columns |= 0b110 << at
		case "cost_nano_usd": // and so does its source
			columns |= 0b10 << at
		}
	}
	statement := t.fills[columns]
	if statement == nil {
		if statement, err = t.conn.PrepareContext(ctx, `UPDATE tasks SET `+strings.Join(set, ", ")+` WHERE row_id = ?`); err != nil {
			return err
		}
		t.fills[columns] = statement
	}
	t.rows.changed(row)
	_, err = statement.ExecContext(ctx, append(arguments, row)...)
	return err
}

// madeFromRow says that a task had no id and got one from its row.
func madeFromRow(task *audit.Task) bool {
	hash := strings.TrimPrefix(task.ID, audit.RowIDPrefix)
	return hash != "" && len(hash) < len(task.ID) && strings.HasPrefix(task.Origin.RowSHA256, hash)
}

// repeated finds the id of a task that had none, of which the first id is taken: by
// an earlier row of this file, or by one that was there before and that no row of
// this file stands for yet, which this one then does. Rows of this file take their
// numbers in order, so that the first free one is found by halving.
func (t *TaskImport) repeated(ctx context.Context, task *audit.Task, there *foundTask) (*foundTask, error) {
	base := task.ID
	var at *foundTask // under the number looked at last; nil where there is none
	taken := func(number int) (bool, error) {
		at = there
		if number > 1 {
			var err error
			if at, err = t.find(ctx, base+"-"+strconv.Itoa(number), task.Prompt); err != nil {
				return false, err
			}
		}
		return at != nil && (at.row > t.first || t.claimed.has(at.row)), nil
	}
	low, high := 0, 1 // low is taken, high the first that is not, or beyond it
	for {
		is, err := taken(high)
		if err != nil {
			return nil, err
		}
		if !is {
			break
		}
		low, high = high, 2*high
	}
	for high-low > 1 {
		middle := (low + high) / 2
		is, err := taken(middle)
		switch {
		case err != nil:
			return nil, err
		case is:
			low = middle
		default:
			high = middle
		}
	}
	if high > 1 {
		task.ID = base + "-" + strconv.Itoa(high)
	}
	if _, err := taken(high); err != nil {
		return nil, err
	}
	if at != nil {
		t.claimed.add(at.row)
	}
	return at, nil
}

// A rowSet holds rows, a bit for each.
type rowSet []uint64

func (s *rowSet) has(row int64) bool {
	return row>>6 < int64(len(*s)) && (*s)[row>>6]&(1<<(row&63)) != 0
}

func (s *rowSet) add(row int64) {
	for row>>6 >= int64(len(*s)) {
		*s = append(*s, 0)
	}
	(*s)[row>>6] |= 1 << (row & 63)
}

// Commit makes the import final.
func (t *TaskImport) Commit(ctx context.Context, file ImportedFile) error {
	if err := t.useIndex(ctx); err != nil {
		return fmt.Errorf("finish import of %s: %w", file.Path, err)
	}
	_, err := t.conn.ExecContext(ctx, finishFile,
		file.Format, file.SHA256, file.Rows, file.Imported, file.Duplicates, file.Rejected, t.insert.fileID)
	if err != nil {
		return fmt.Errorf("finish import of %s: %w", file.Path, err)
	}
	var last int64
	if err := t.conn.QueryRowContext(ctx, `SELECT coalesce(max(row_id), 0) FROM tasks`).Scan(&last); err != nil {
		return fmt.Errorf("finish import of %s: %w", file.Path, err)
	}
	if last != t.last {
		return fmt.Errorf("finish import of %s: the last row is %d, want %d; nothing was stored", file.Path, last, t.last)
	}
	if _, err := t.conn.ExecContext(ctx, `COMMIT`); err != nil {
		return fmt.Errorf("finish import of %s: %w", file.Path, err)
	}
	t.close()
	return nil
}

// Rollback ends an import without a trace; after Commit it does nothing.
func (t *TaskImport) Rollback() {
	if t.conn == nil {
		return
	}
	_ = t.insert.wait()
	// It fails where SQLite has rolled back already, after a full disk for instance.
	_, _ = t.conn.ExecContext(context.Background(), `ROLLBACK`)
	t.close()
}

// close gives back what the import held. Statements go before their connection.
func (t *TaskImport) close() {
	statements := []*sql.Stmt{t.byID}
	for _, statement := range t.fills {
		statements = append(statements, statement)
	}
	for _, statement := range statements {
		if statement != nil {
			_ = statement.Close() // what it did was said when it was executed
		}
	}
	t.rows.close()
	_ = t.insert.close()
	t.conn = nil
	t.end()
}
