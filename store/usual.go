package store

import (
	"context"
	"errors"
	"slices"

	"github.com/jackc/pgx/v5"
	"github.com/jmoiron/sqlx"
)

// A step is a statement of a write that nearly always goes as planned, so that it can be
// sent before the outcome of those before it is known.
type step struct {
	query     string
	arguments []any
	// one says that it has to change one row. Where it changes none the write is done
	// statement by statement instead, which finds out why.
	one bool
}

// errUnusual says that a step did not change the row that it had to.
var errUnusual = errors.New("a write did not go as usual")

// asUsual does the steps of writes in their transaction; after an error nothing of them
// may be committed. A server gets all of them at once, which takes one round trip, and
// marks the transaction on the way.
func (q *writeQueue) asUsual(conn *sqlx.Conn, shared *transaction, steps []step) (marked mark, err error) {
	if len(steps) == 0 {
		return mark{}, nil
	}
	ctx := context.Background()
	if q.store.dialect == postgresDialect {
		number, arguments := q.store.marks.next()
		err = conn.Raw(func(driver any) error {
			id, err := driver.(*postgresConn).doSteps(ctx, steps, step{query: setMark, arguments: arguments})
			marked = mark{number, id}
			return err
		})
		return marked, err
	}
	for _, s := range steps {
		result, err := shared.ExecContext(ctx, s.query, s.arguments...)
		if err != nil {
			return mark{}, err
		}
		rows, err := result.RowsAffected()
		if err != nil {
			return mark{}, err
		}
		if s.one && rows != 1 {
			return mark{}, errUnusual
		}
	}
	return mark{}, nil
}

// doSteps sends all steps and the last one, which marks their transaction, then reads what
// came of them, and the server's id of it.
func (c *postgresConn) doSteps(ctx context.Context, steps []step, marking step) (id string, err error) {
	var batch pgx.Batch
	for _, s := range append(slices.Clone(steps), marking) {
		arguments := make([]any, len(s.arguments))
		for i, argument := range s.arguments {
			if arguments[i], err = plainValue(argument); err != nil {
				return "", err
			}
		}
		batch.Queue(numbered(s.query), arguments...)
	}
	results := c.Conn.Conn().SendBatch(ctx, &batch)
	defer func() {
		if closing := results.Close(); err == nil {
			err = closing
		}
	}()
	for _, s := range steps {
		done, err := results.Exec()
		if err != nil {
			return "", err
		}
		if s.one && done.RowsAffected() != 1 {
			return "", errUnusual
		}
	}
	if err = results.QueryRow().Scan(&id); errors.Is(err, pgx.ErrNoRows) {
		return "", nil // the transaction has written nothing
	}
	return id, err
}
