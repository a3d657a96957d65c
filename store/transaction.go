package store

import (
	"context"
	"database/sql"
	"time"

	"github.com/jmoiron/sqlx"
)

// A transaction prepares each statement once, however often it is executed: an
// import executes the same few for every row.
type transaction struct {
	tx         *sqlx.Tx
	statements map[string]*sqlx.Stmt
	prepared   map[string]*sqlx.Stmt // by an earlier transaction; may be nil
	shared     bool                  // with other callers: no context may interrupt a statement
}

func (t *transaction) context(ctx context.Context) context.Context {
	if t.shared {
		return context.WithoutCancel(ctx)
	}
	return ctx
}

func (t *transaction) statement(ctx context.Context, query string) (*sqlx.Stmt, error) {
	if statement, ok := t.statements[query]; ok {
		return statement, nil
	}
	var statement *sqlx.Stmt
	var err error
	if before, ok := t.prepared[query]; ok {
		statement = t.tx.StmtxContext(ctx, before)
	} else if statement, err = t.tx.PreparexContext(ctx, query); err != nil {
		return nil, err
	}
	t.statements[query] = statement // closed with the transaction
	return statement, nil
}

// ExecContext executes a statement.
func (t *transaction) ExecContext(ctx context.Context, query string, arguments ...any) (sql.Result, error) {
	ctx = t.context(ctx)
	statement, err := t.statement(ctx, query)
	if err != nil {
		return nil, err
	}
	return statement.ExecContext(ctx, arguments...)
}

// insert inserts a row and gives its id.
func (t *transaction) insert(ctx context.Context, query string, arguments ...any) (id int64, err error) {
	err = t.GetContext(ctx, &id, query+` RETURNING id`, arguments...)
	return id, err
}

// scan reads one row into variables; sql.ErrNoRows where there is none.
func (t *transaction) scan(ctx context.Context, query string, arguments []any, into ...any) error {
	ctx = t.context(ctx)
	statement, err := t.statement(ctx, query)
	if err != nil {
		return err
	}
	return statement.QueryRowContext(ctx, arguments...).Scan(into...)
}

// GetContext reads one row; sql.ErrNoRows where there is none.
func (t *transaction) GetContext(ctx context.Context, into any, query string, arguments ...any) error {
	ctx = t.context(ctx)
	statement, err := t.statement(ctx, query)
	if err != nil {
		return err
	}
	return statement.GetContext(ctx, into, arguments...)
}

// SelectContext reads all rows into a slice.
func (t *transaction) SelectContext(ctx context.Context, into any, query string, arguments ...any) error {
	ctx = t.context(ctx)
	statement, err := t.statement(ctx, query)
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

// writeTogether is write for one of many small writes: it may share its transaction,
// and with it the time that syncing to disk takes, with those of other callers. It may be
// called more than once, of which the last counts. See [writeQueue].
func (s *Store) writeTogether(ctx context.Context, do func(*transaction) error) error {
	return s.queue.add(ctx, 0, do)
}

// keep is writeTogether for what cannot be had again, such as an answer that was paid
// for.
func (s *Store) keep(ctx context.Context, do func(*transaction) error) error {
	return s.queue.add(ctx, patience, do)
}
