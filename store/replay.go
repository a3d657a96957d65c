package store

import (
	"context"
	"database/sql/driver"
	"errors"
	"fmt"
	"io"
	"time"

	"modeltrial/audit"
	"modeltrial/eval"
)

// logColumns stand before the long texts of a task, none of which is read.
const logColumns = `category, team, model, logged_at, cost_nano_usd, latency_ms`

// EachLogged gives of every task what a replay needs, in the order of import. It reads
// with the driver itself: what database/sql adds to each row takes as long as the
// reading; several connections at once take longer than one. The pointers of a task
// hold until the next.
func (s *Store) EachLogged(ctx context.Context, do func(eval.LoggedTask) error) (err error) {
	conn, err := s.reader.Conn(ctx)
	if err != nil {
		return fmt.Errorf("read tasks: %w", err)
	}
	defer func() { err = errors.Join(err, conn.Close()) }()
	return conn.Raw(func(raw any) (err error) {
		queryer, ok := raw.(driver.QueryerContext)
		if !ok {
			return errors.New("read tasks: the driver takes no query")
		}
		rows, err := queryer.QueryContext(ctx, `SELECT `+logColumns+` FROM tasks ORDER BY row_id`, nil)
		if err != nil {
			return fmt.Errorf("read tasks: %w", err)
		}
		defer func() { err = errors.Join(err, rows.Close()) }()
		values := make([]driver.Value, len(rows.Columns()))
		var cost audit.NanoUSD
		var latency int64
		for {
			err := rows.Next(values)
			if errors.Is(err, io.EOF) {
				return nil
			}
			if err != nil {
				return fmt.Errorf("read tasks: %w", err)
			}
			var task eval.LoggedTask
			category, _ := values[0].(string) // the schema is strict: it is what it says
			task.Category = audit.Category(category)
			task.Team, _ = values[1].(string)
			task.Model, _ = values[2].(string)
			if at, known := values[3].(int64); known {
				task.At = time.UnixMicro(at).UTC()
			}
			if nano, known := values[4].(int64); known {
				cost = audit.NanoUSD(nano)
				task.Cost = &cost
			}
			if ms, known := values[5].(int64); known {
				latency = ms
				task.LatencyMS = &latency
			}
			if err := do(task); err != nil {
				return err
			}
		}
	})
}
