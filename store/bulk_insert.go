package store

import (
	"cmp"
	"context"
	"database/sql"
	"database/sql/driver"
	"encoding/json"
	"errors"
	"fmt"
	"math/bits"
	"strings"

	"modeltrial/audit"
)

// A taskColumn is a column of tasks that an import fills. A task without a value
// for it gets the blank, which is the column's default: binding costs as much as
// inserting, and most logs leave most columns blank.
type taskColumn struct {
	name  string
	blank string       // as SQL
	bound driver.Value // the blank where other rows of the statement have a value
	value func(*audit.Task) (driver.Value, error)
	few   func(*audit.Task) string // value, of a column in which few texts repeat
}

// fillable says that a later import may give a value where a task has none. Metadata
// is what no field is read from, which another mapping changes.
func (c *taskColumn) fillable() bool {
	switch c.name {
	case "id", "prompt", "metadata", "file_line", "row_sha256", "category_source", "category_probability", "cost_source":
		return false
	}
	return true
}

// taskColumns are all columns but row_id and file_id, which an import gives itself.
var taskColumns = []taskColumn{
	textColumn("id", func(t *audit.Task) string { return t.ID }),
	{name: "logged_at", blank: "NULL", value: func(t *audit.Task) (driver.Value, error) {
		if t.Timestamp.IsZero() {
			return nil, nil
		}
		return t.Timestamp.UnixMicro(), nil
	}},
	fewTextsColumn("team", func(t *audit.Task) string { return t.Team }),
	textColumn("user_name", func(t *audit.Task) string { return t.User }),
	fewTextsColumn("model", func(t *audit.Task) string { return t.Model }),
	fewTextsColumn("provider", func(t *audit.Task) string { return t.Provider }),
	textColumn("cluster", func(t *audit.Task) string { return t.Cluster }),
	fewTextsColumn("category", func(t *audit.Task) string { return string(t.Category) }),
	fewTextsColumn("category_source", func(t *audit.Task) string { return string(t.CategorySource) }),
	{name: "category_probability", blank: "0.0", bound: 0.0, value: func(t *audit.Task) (driver.Value, error) {
		if t.Probability == 0 {
			return nil, nil
		}
		return t.Probability, nil
	}},
	numberColumn("input_tokens", func(t *audit.Task) *int64 { return t.Tokens.Input }),
	numberColumn("cached_tokens", func(t *audit.Task) *int64 { return t.Tokens.Cached }),
	numberColumn("cache_write_tokens", func(t *audit.Task) *int64 { return t.Tokens.CacheWrite }),
	numberColumn("output_tokens", func(t *audit.Task) *int64 { return t.Tokens.Output }),
	numberColumn("reasoning_tokens", func(t *audit.Task) *int64 { return t.Tokens.Reasoning }),
	numberColumn("cost_nano_usd", func(t *audit.Task) *int64 { return (*int64)(t.Cost) }),
	fewTextsColumn("cost_source", func(t *audit.Task) string { return string(storedCostSource(t)) }),
	numberColumn("latency_ms", func(t *audit.Task) *int64 { return t.LatencyMS }),
	numberColumn("ttft_ms", func(t *audit.Task) *int64 { return t.TTFTMS }),
	{name: "file_line", blank: "0", bound: int64(0), value: func(t *audit.Task) (driver.Value, error) { return int64(t.Origin.Line), nil }},
	textColumn("row_sha256", func(t *audit.Task) string { return t.Origin.RowSHA256 }),
	fewTextsColumn("system_prompt", func(t *audit.Task) string { return t.System }),
	textColumn("prompt", func(t *audit.Task) string { return t.Prompt }),
	jsonColumn("conversation", "[]", func(t *audit.Task) (any, int) { return t.Conversation, len(t.Conversation) }),
	textColumn("response", func(t *audit.Task) string { return t.Response }),
	textColumn("reference", func(t *audit.Task) string { return t.Reference }),
	textColumn("final_text", func(t *audit.Task) string { return t.FinalText }),
	jsonColumn("tags", "[]", func(t *audit.Task) (any, int) { return t.Tags, len(t.Tags) }),
	jsonColumn("metadata", "{}", func(t *audit.Task) (any, int) { return t.Metadata, len(t.Metadata) }),
}

func textColumn(name string, value func(*audit.Task) string) taskColumn {
	return taskColumn{name: name, blank: "''", bound: "", value: func(t *audit.Task) (driver.Value, error) {
		if text := value(t); text != "" {
			return text, nil
		}
		return nil, nil
	}}
}

func fewTextsColumn(name string, value func(*audit.Task) string) taskColumn {
	column := textColumn(name, value)
	column.few = value
	return column
}

// fewTexts are texts of a column as values: to make a value of a text takes memory,
// which for a million rows and their few teams and models is had once.
type fewTexts [32]driver.Value

func (f *fewTexts) value(text string) driver.Value {
	n := len(text)
	switch {
	case n == 0:
		return nil
	case n > 128:
		return text
	}
	slot := &f[(n^int(text[n-1])^int(text[n/2])<<2)%len(f)]
	if known, ok := (*slot).(string); !ok || known != text {
		*slot = strings.Clone(text) // its row shall not stay in memory
	}
	return *slot
}

func numberColumn(name string, value func(*audit.Task) *int64) taskColumn {
	return taskColumn{name: name, blank: "NULL", value: func(t *audit.Task) (driver.Value, error) {
		number := value(t)
		if number == nil {
			return nil, nil
		}
		if *number < 0 {
			return nil, fmt.Errorf("%s is %d, which is below 0", name, *number)
		}
		return *number, nil
	}}
}

func jsonColumn(name, blank string, value func(*audit.Task) (list any, length int)) taskColumn {
	return taskColumn{name: name, blank: "'" + blank + "'", bound: blank, value: func(t *audit.Task) (driver.Value, error) {
		list, length := value(t)
		if length == 0 {
			return nil, nil
		}
		text, err := json.Marshal(list)
		return string(text), err
	}}
}

// A columnSet has a bit for each of taskColumns.
type columnSet uint64

// rowsPerStatement is how many rows one statement inserts; more gain nothing.
const rowsPerStatement = 50

// statementsAhead is how many full statements may wait for the one that is executed:
// as many as a batch of rows fills that was read, so that the connection is never idle
// while rows are there.
const statementsAhead = 4

// A taskInsert gathers rows for one statement on the driver's own connection, since
// database/sql would look at each value's type by reflection. Full statements are
// executed by a goroutine while the next ones are gathered; wait comes before any other
// use of the connection.
type taskInsert struct {
	conn      *sql.Conn
	fileID    int64
	columns   columnSet // that are bound
	width     int       // how many they are
	statement driver.Stmt
	arguments []driver.NamedValue
	rows      int

	full     chan []driver.NamedValue // to be executed; nil before the first one
	executed chan executed            // in the same order
	running  int                      // how many of full are not received from executed
	spare    [][]driver.NamedValue
}

// executed is a statement's end. After an error those that follow are not executed:
// SQLite may have rolled back, and they would be stored for good.
type executed struct {
	arguments []driver.NamedValue
	err       error
}

// add takes a row, whose values are in the order of taskColumns and nil where the
// task has none.
func (i *taskInsert) add(ctx context.Context, values []driver.Value, has columnSet) error {
	if has&^i.columns != 0 {
		if err := i.widen(ctx, i.columns|has); err != nil {
			return err
		}
	}
	for at := range taskColumns {
		if i.columns&(1<<at) == 0 {
			continue
		}
		value := values[at]
		if value == nil {
			value = taskColumns[at].bound
		}
		i.arguments = append(i.arguments, driver.NamedValue{Ordinal: len(i.arguments) + 1, Value: value})
	}
	i.rows++
	if i.rows == rowsPerStatement {
		return i.start(ctx)
	}
	return nil
}

// start has the full statement executed.
func (i *taskInsert) start(ctx context.Context) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	if i.full == nil {
		i.full, i.executed = make(chan []driver.NamedValue, statementsAhead), make(chan executed, statementsAhead+1)
		go i.run(ctx, i.statement, i.full, i.executed)
	}
	for i.running > statementsAhead {
		if err := i.receive(); err != nil {
			return err
		}
	}
	i.full <- i.arguments // has room for it
	i.running++
	i.rows, i.arguments = 0, nil
	if last := len(i.spare) - 1; last >= 0 {
		i.arguments, i.spare = i.spare[last], i.spare[:last]
	} else {
		i.arguments = make([]driver.NamedValue, 0, rowsPerStatement*i.width)
	}
	return nil
}

func (i *taskInsert) run(ctx context.Context, statement driver.Stmt, full <-chan []driver.NamedValue, ended chan<- executed) {
	var err error
	for arguments := range full {
		if err == nil {
			err = i.execute(ctx, statement, arguments)
		}
		ended <- executed{arguments, err}
	}
}

// receive waits for the end of a statement.
func (i *taskInsert) receive() error {
	ended := <-i.executed
	i.running--
	i.spare = append(i.spare, ended.arguments[:0])
	return ended.err
}

// wait ends when the statements that start took have ended.
func (i *taskInsert) wait() (err error) {
	for i.running > 0 {
		err = cmp.Or(err, i.receive())
	}
	return err
}

// widen makes the statement for more columns than were bound before.
func (i *taskInsert) widen(ctx context.Context, columns columnSet) error {
	if err := errors.Join(i.flush(ctx), i.close()); err != nil {
		return err
	}
	i.columns, i.width = columns, bits.OnesCount64(uint64(columns))
	i.arguments, i.spare = make([]driver.NamedValue, 0, rowsPerStatement*i.width), nil
	var err error
	i.statement, err = i.prepare(rowsPerStatement)
	return err
}

func (i *taskInsert) prepare(rows int) (statement driver.Stmt, err error) {
	var query, row strings.Builder
	query.WriteString("INSERT INTO tasks (file_id")
	fmt.Fprintf(&row, "(%d", i.fileID)
	for at, column := range taskColumns {
		if i.columns&(1<<at) != 0 {
			query.WriteString(", " + column.name)
			row.WriteString(", ?")
		}
	}
	row.WriteByte(')')
	query.WriteString(") VALUES " + row.String())
	for range rows - 1 {
		query.WriteString(", " + row.String())
	}
	err = i.conn.Raw(func(raw any) (err error) {
		statement, err = raw.(driver.Conn).Prepare(query.String())
		return err
	})
	return statement, err
}

func (i *taskInsert) execute(ctx context.Context, statement driver.Stmt, arguments []driver.NamedValue) error {
	return i.conn.Raw(func(any) error {
		// The statement is short, so that it need not watch the context.
		_, err := statement.(driver.StmtExecContext).ExecContext(context.WithoutCancel(ctx), arguments)
		return err
	})
}

// flush inserts every row that was added.
func (i *taskInsert) flush(ctx context.Context) (err error) {
	if err := i.wait(); err != nil || i.rows == 0 {
		return err
	}
	if err := ctx.Err(); err != nil {
		return err
	}
	statement, err := i.prepare(i.rows)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, statement.Close()) }()
	err = i.execute(ctx, statement, i.arguments)
	i.rows, i.arguments = 0, i.arguments[:0]
	return err
}

// close gives the statement back.
func (i *taskInsert) close() error {
	_ = i.wait() // whoever needs to know has waited
	if i.full != nil {
		close(i.full)
		i.full = nil
	}
	if i.statement == nil {
		return nil
	}
	statement := i.statement
	i.statement = nil
	return i.conn.Raw(func(any) error { return statement.Close() })
}
