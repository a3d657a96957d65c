package store

import (
	"context"
	"errors"
	"sync"

	"github.com/jmoiron/sqlx"
)

// A statementCache prepares each statement of the reading connections once: what a
// rater waits for is a few short queries, of which SQLite would spend most of the time
// on parsing. They are few; none of their texts is made from data.
type statementCache struct {
	db *sqlx.DB

	mu         sync.Mutex
	statements map[string]*sqlx.Stmt
}

func (c *statementCache) statement(ctx context.Context, query string) (*sqlx.Stmt, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if statement := c.statements[query]; statement != nil {
		return statement, nil
	}
	statement, err := c.db.PreparexContext(ctx, query)
	if err != nil {
		return nil, err
	}
	if c.statements == nil {
		c.statements = map[string]*sqlx.Stmt{}
	}
	c.statements[query] = statement
	return statement, nil
}

// GetContext reads one row; sql.ErrNoRows where there is none.
func (c *statementCache) GetContext(ctx context.Context, into any, query string, arguments ...any) error {
	statement, err := c.statement(ctx, query)
	if err != nil {
		return err
	}
	return statement.GetContext(ctx, into, arguments...)
}

// SelectContext reads all rows into a slice.
func (c *statementCache) SelectContext(ctx context.Context, into any, query string, arguments ...any) error {
	statement, err := c.statement(ctx, query)
	if err != nil {
		return err
	}
	return statement.SelectContext(ctx, into, arguments...)
}

func (c *statementCache) close() error {
	c.mu.Lock()
	defer c.mu.Unlock()
	var errs []error
	for _, statement := range c.statements {
		errs = append(errs, statement.Close())
	}
	c.statements = nil
	return errors.Join(errs...)
}
