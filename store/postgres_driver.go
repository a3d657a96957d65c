package store

import (
	"context"
	"database/sql/driver"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/stdlib"
)

// A postgresConnector makes connections to PostgreSQL that take the queries of this
// package: with ? for arguments, and with truths as numbers.
type postgresConnector struct {
	driver.Connector

	// writes has each transaction wait until it is the only one that writes, as SQLite's
	// do: what is counted and then written must not change in between.
	writes bool
}

// lockWriters takes the lock that all writing transactions of a workspace take, under
// the key "mtrl" and the schema's. It ends with the transaction.
const lockWriters = `SELECT pg_advisory_xact_lock(x'6d74726c'::integer, hashtext(current_schema()))`

func newPostgresConnector(config *pgx.ConnConfig, writes bool) driver.Connector {
	return &postgresConnector{Connector: stdlib.GetConnector(*config), writes: writes}
}

// Connect makes a connection.
func (c *postgresConnector) Connect(ctx context.Context) (driver.Conn, error) {
	conn, err := c.Connector.Connect(ctx)
	if err != nil {
		return nil, err
	}
	return &postgresConn{Conn: conn.(*stdlib.Conn), writes: c.writes}, nil
}

type postgresConn struct {
	*stdlib.Conn

	writes bool
}

// Prepare prepares a statement.
func (c *postgresConn) Prepare(query string) (driver.Stmt, error) {
	return c.PrepareContext(context.Background(), query)
}

// PrepareContext prepares a statement.
func (c *postgresConn) PrepareContext(ctx context.Context, query string) (driver.Stmt, error) {
	statement, err := c.Conn.PrepareContext(ctx, numbered(query))
	if err != nil {
		return nil, err
	}
	return &postgresStatement{statement.(*stdlib.Stmt)}, nil
}

// BeginTx begins a transaction.
func (c *postgresConn) BeginTx(ctx context.Context, options driver.TxOptions) (driver.Tx, error) {
	if !c.writes || options.ReadOnly {
		return c.Conn.BeginTx(ctx, options)
	}
	tx, err := c.Conn.Conn().BeginTx(ctx, pgx.TxOptions{BeginQuery: `BEGIN; ` + lockWriters})
	if err != nil {
		return nil, err
	}
	return postgresTransaction{ctx, tx}, nil
}

// A postgresTransaction is one that writes.
type postgresTransaction struct {
	ctx context.Context // that it began with
	tx  pgx.Tx
}

// Commit ends it.
func (t postgresTransaction) Commit() error { return t.tx.Commit(t.ctx) }

// Rollback undoes it.
func (t postgresTransaction) Rollback() error { return t.tx.Rollback(t.ctx) }

// ExecContext executes a statement.
func (c *postgresConn) ExecContext(ctx context.Context, query string, arguments []driver.NamedValue) (driver.Result, error) {
	if err := plainValues(arguments); err != nil {
		return nil, err
	}
	return c.Conn.ExecContext(ctx, numbered(query), arguments)
}

// QueryContext reads rows.
func (c *postgresConn) QueryContext(ctx context.Context, query string, arguments []driver.NamedValue) (driver.Rows, error) {
	if err := plainValues(arguments); err != nil {
		return nil, err
	}
	return c.Conn.QueryContext(ctx, numbered(query), arguments)
}

// IsValid says whether the connection may be used again.
func (c *postgresConn) IsValid() bool { return !c.Conn.Conn().IsClosed() }

type postgresStatement struct{ *stdlib.Stmt }

// ExecContext executes the statement.
func (s *postgresStatement) ExecContext(ctx context.Context, arguments []driver.NamedValue) (driver.Result, error) {
	if err := plainValues(arguments); err != nil {
		return nil, err
	}
	return s.Stmt.ExecContext(ctx, arguments)
}

// QueryContext reads rows.
func (s *postgresStatement) QueryContext(ctx context.Context, arguments []driver.NamedValue) (driver.Rows, error) {
	if err := plainValues(arguments); err != nil {
		return nil, err
	}
	return s.Stmt.QueryContext(ctx, arguments)
}
