package store

import (
	"context"
	"database/sql"
	"errors"
	"time"

	"github.com/jmoiron/sqlx"
)

// A transaction prepares each statement once, however often it is executed: an
// import executes the same few for every row.
type transaction struct {
	tx         *sqlx.Tx
	statements map[string]*sqlx.Stmt
}

func (t *transaction) prepared(ctx context.Context, query string) (*sqlx.Stmt, error) {
	if statement, ok := t.statements[query]; ok {
		return statement, nil
	}
	statement, err := t.tx.PreparexContext(ctx, query)
	if err != nil {
		return nil, err
	}
	t.statements[query] = statement // closed with the transaction
	return statement, nil
}

// ExecContext executes a statement.
func (t *transaction) ExecContext(ctx context.Context, query string, arguments ...any) (sql.Result, error) {
	statement, err := t.prepared(ctx, query)
	if err != nil {
		return nil, err
	}
	return statement.ExecContext(ctx, arguments...)
}

// GetContext reads one row; sql.ErrNoRows where there is none.
func (t *transaction) GetContext(ctx context.Context, into any, query string, arguments ...any) error {
	statement, err := t.prepared(ctx, query)
	if err != nil {
		return err
	}
	return statement.GetContext(ctx, into, arguments...)
}

// SelectContext reads all rows into a slice.
func (t *transaction) SelectContext(ctx context.Context, into any, query string, arguments ...any) error {
	statement, err := t.prepared(ctx, query)
	if err != nil {
		return err
	}
	return statement.SelectContext(ctx, into, arguments...)
}

// write runs a function in one transaction of the writing connection.
func (s *Store) write(ctx context.Context, do func(*transaction) error) error {
	tx, err := s.writer.BeginTxx(ctx, nil)
	if err != nil {
		return s.Explain(err)
	}
	defer func() { _ = tx.Rollback() }() // after a commit there is nothing to roll back
	if err := do(&transaction{tx: tx, statements: map[string]*sqlx.Stmt{}}); err != nil {
		return err
	}
	return tx.Commit()
}

// patience is how long what was paid for waits for another process's write: longer
// than any import takes.
const patience = 15 * time.Minute

// keep is write for what cannot be had again, such as an answer that was paid for.
func (s *Store) keep(ctx context.Context, do func(*transaction) error) error {
	start := time.Now()
	for {
		err := s.write(ctx, do)
		if !errors.Is(err, errBusy) || time.Since(start) > patience {
			return err
		}
	}
}
