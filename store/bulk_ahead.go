package store

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"errors"
	"fmt"
	"io"
)

// A storedTask is what an import compares a task with that is there already.
type storedTask struct {
	row     int64
	id      string
	prompt  string
	unknown columnSet
}

// A taskReader gives stored tasks by their rows. Where these come one after the other,
// as when a log is imported again, it reads ahead, twice as far each time.
type taskReader struct {
	conn      *sql.Conn
	statement driver.Stmt
	values    []driver.Value
	list      []storedTask // that were read ahead
	end       int64        // the row after those that were read last
	count     int64        // of rows that were asked for last
}

// Limits of how far a taskReader reads ahead.
const (
	mostAhead      = 128      // rows
	mostBytesAhead = 64 << 10 // of their texts
)

func newTaskReader(conn *sql.Conn) (*taskReader, error) {
	r := &taskReader{conn: conn, values: make([]driver.Value, 4)}
	query := fmt.Sprintf(`SELECT row_id, id, prompt, %s FROM tasks WHERE row_id >= ? ORDER BY row_id LIMIT ?`, unknownColumns())
	err := conn.Raw(func(raw any) (err error) {
		r.statement, err = raw.(driver.Conn).Prepare(query)
		return err
	})
	return r, err
}

// at gives the task of a row, nil where there is none.
func (r *taskReader) at(ctx context.Context, row int64) (*storedTask, error) {
	if len(r.list) == 0 || r.list[0].row != row {
		if row == r.end {
			r.count = min(2*r.count, mostAhead)
		} else {
			r.count = 1
		}
		if err := r.read(ctx, row); err != nil {
			return nil, err
		}
		if len(r.list) == 0 || r.list[0].row != row {
			return nil, nil
		}
	}
	there := &r.list[0]
	r.list = r.list[1:]
	return there, nil
}

// read fills the list from a row on.
func (r *taskReader) read(ctx context.Context, row int64) error {
	list := make([]storedTask, 0, r.count) // the one given last is still in use
	err := r.conn.Raw(func(any) (err error) {
		// The statement is short, so that it need not watch the context.
		rows, err := r.statement.(driver.StmtQueryContext).QueryContext(context.WithoutCancel(ctx),
			[]driver.NamedValue{{Ordinal: 1, Value: row}, {Ordinal: 2, Value: r.count}})
		if err != nil {
			return err
		}
		defer func() { err = errors.Join(err, rows.Close()) }()
		for size := 0; size < mostBytesAhead; {
			if err := rows.Next(r.values); err == io.EOF {
				return nil
			} else if err != nil {
				return err
			}
			there := storedTask{}
			var unknown int64
			for _, read := range [...]bool{
				scan(r.values[0], &there.row), scan(r.values[1], &there.id), scan(r.values[2], &there.prompt), scan(r.values[3], &unknown),
			} {
				if !read {
					return fmt.Errorf("the task of row %v is damaged", r.values[0])
				}
			}
			there.unknown = columnSet(unknown)
			list = append(list, there)
			size += len(there.id) + len(there.prompt)
		}
		return nil
	})
	r.list, r.end = list, row
	if len(list) > 0 {
		r.end = list[len(list)-1].row + 1
	}
	return err
}

func scan[T any](value driver.Value, into *T) (ok bool) {
	*into, ok = value.(T)
	return ok
}

// changed says that a row was changed.
func (r *taskReader) changed(row int64) {
	if len(r.list) > 0 && r.list[0].row <= row {
		r.list = nil
	}
}

// close gives the statement back.
func (r *taskReader) close() {
	if r == nil || r.statement == nil {
		return
	}
	_ = r.conn.Raw(func(any) error { return r.statement.Close() }) // what it did was said when it was executed
}
