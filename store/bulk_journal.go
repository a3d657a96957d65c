package store

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"errors"
	"fmt"
)

// importConnection takes the writing connection for an import and begins its
// transaction. end, after the transaction, gives the connection back as it was.
func (s *Store) importConnection(ctx context.Context, bulk bool) (conn *sql.Conn, end func(), err error) {
	if s.dialect == postgresDialect {
		return s.postgresImportConnection(ctx)
	}
	if conn, err = s.writer.DB.Conn(ctx); err != nil {
		return nil, nil, err
	}
	begin := `BEGIN IMMEDIATE`
	leaveWAL := bulk && s.leaveWAL(ctx, conn)
	if leaveWAL {
		begin = `BEGIN EXCLUSIVE` // a reader that came in between would hold up every spill of the cache
	}
	end = func() {
		err := execute(context.Background(), conn,
			`PRAGMA cache_size = -2000`, `PRAGMA ignore_check_constraints = OFF`, `PRAGMA foreign_keys = ON`)
		if leaveWAL {
			// Where this fails, the next connection sets it.
			err = errors.Join(err, execute(context.Background(), conn, `PRAGMA journal_mode = WAL`))
			s.reader.SetMaxIdleConns(readers)
		}
		if err != nil { // the pool makes another one, with the settings of its address
			_ = conn.Raw(func(any) error { return driver.ErrBadConn })
		}
		_ = conn.Close() // an error is that it is closed
	}
	// Foreign keys: the index that other tables point to is dropped for a while, and the
	// only key of a task is the file's, made here. Checks: what Add has checked.
	err = execute(ctx, conn,
		fmt.Sprintf(`PRAGMA cache_size = -%d`, importCache>>10), `PRAGMA ignore_check_constraints = ON`, `PRAGMA foreign_keys = OFF`, begin)
	if err != nil {
		end()
		return nil, nil, err
	}
	return conn, end, nil
}

// leaveWAL turns to a rollback journal, and says whether it could: not where anyone
// else has the database open. TRUNCATE with synchronous FULL syncs the end of the
// journal too, so that what is committed outlasts a loss of power.
func (s *Store) leaveWAL(ctx context.Context, conn *sql.Conn) bool {
	s.reader.SetMaxIdleConns(0) // closes those of this process
	var mode string
	err := conn.QueryRowContext(ctx, `PRAGMA journal_mode = TRUNCATE`).Scan(&mode)
	if err == nil && mode == "truncate" {
		return true
	}
	s.reader.SetMaxIdleConns(readers)
	return false
}

func execute(ctx context.Context, conn *sql.Conn, statements ...string) error {
	for _, statement := range statements {
		if _, err := conn.ExecContext(ctx, statement); err != nil {
			return err
		}
	}
	return nil
}
