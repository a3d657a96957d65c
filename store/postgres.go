package store

import (
	"context"
	"crypto/rand"
	"database/sql"
	"database/sql/driver"
	"errors"
	"fmt"
	"io"
	"net"
	"net/url"
	"strings"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/stdlib"
	"github.com/jmoiron/sqlx"
	"github.com/pressly/goose/v3"
	"github.com/pressly/goose/v3/lock"
)

// oldestPostgres is the first version whose SQL is the one used here.
const oldestPostgres = 14

// IsPostgres says whether a target of [Open] is the address of a PostgreSQL database and
// not a file.
func IsPostgres(target string) bool {
	return strings.HasPrefix(target, "postgres://") || strings.HasPrefix(target, "postgresql://")
}

// openPostgres connects to a PostgreSQL database and brings its schema up to date. exists
// says that a workspace must be in it.
func openPostgres(ctx context.Context, address string, exists bool) (*Store, error) {
	s := &Store{dialect: postgresDialect, path: withoutPassword(address)}
	config, err := pgx.ParseConfig(address)
	if err != nil { // pgx's own message may hold the password
		return nil, fmt.Errorf("%s: the address cannot be read; write it like postgres://USER@HOST:5432/DATABASE, and give the password in PGPASSWORD", s.path)
	}
	s.config = config
	config.RuntimeParams["application_name"] = "modeltrial"
	reading := config.Copy()
	reading.RuntimeParams["default_transaction_read_only"] = "on"
	// As long as SQLite waits for another process's write.
	config.RuntimeParams["lock_timeout"] = fmt.Sprint(busyTimeout.Milliseconds())
	s.writer, s.reader = postgresPool(config, true, 1), postgresPool(reading, false, readers)
	s.marks.process = rand.Text()
	s.queue, s.quick = newWriteQueue(s), &statementCache{db: s.reader}
	if err := s.migratePostgres(ctx, config, exists); err != nil {
		return nil, errors.Join(fmt.Errorf("open database: %w", s.Explain(err)), s.Close())
	}
	return s, nil
}

func postgresPool(config *pgx.ConnConfig, writes bool, most int) *sqlx.DB {
	db := sqlx.NewDb(sql.OpenDB(newPostgresConnector(config, writes)), "sqlite") // for sqlx: with ? for arguments
	db.SetMaxOpenConns(most)
	db.SetMaxIdleConns(most)
	return db
}

// HasPassword says whether an address holds a password.
func HasPassword(address string) bool {
	parsed, err := url.Parse(address)
	if err != nil || !IsPostgres(address) {
		return false
	}
	_, set := parsed.User.Password()
	return set || parsed.Query().Has("password")
}

// withoutPassword names a database so that it can be told.
func withoutPassword(address string) string {
	parsed, err := url.Parse(address)
	if err != nil {
		return "the database"
	}
	return parsed.Scheme + "://" + parsed.Host + parsed.Path
}

func (s *Store) migratePostgres(ctx context.Context, config *pgx.ConnConfig, exists bool) (err error) {
	var version, tables, ours int
	err = s.writer.QueryRowContext(ctx, `
SELECT current_setting('server_version_num')::integer / 10000, count(*), count(*) FILTER (WHERE table_name = ?)
FROM information_schema.tables WHERE table_schema = current_schema() AND table_type = 'BASE TABLE'`,
		goose.DefaultTablename).Scan(&version, &tables, &ours)
	switch {
	case err != nil:
		return err
	case version < oldestPostgres:
		return fmt.Errorf("%s: this is PostgreSQL %d; %d or newer is needed", s.path, version, oldestPostgres)
	case tables > 0 && ours == 0:
		return fmt.Errorf("%s: the tables of another program are in it; make a database for modeltrial alone with createdb", s.path)
	case exists && ours == 0:
		return fmt.Errorf("%s: there is no workspace in it; run modeltrial init", s.path)
	}
	locker, err := lock.NewPostgresSessionLocker()
	if err != nil {
		return err
	}
	plain := stdlib.OpenDB(*config) // goose writes its own SQL
	defer func() { err = errors.Join(err, plain.Close()) }()
	return s.migrateBy(ctx, goose.DialectPostgres, plain, "migrations/postgres", goose.WithSessionLocker(locker))
}

// The codes of PostgreSQL's errors (its manual, appendix A) that are explained.
const (
	invalidPassword      = "28P01"
	invalidAuthorization = "28000"
	invalidCatalogName   = "3D000"
	insufficientRights   = "42501"
	lockNotAvailable     = "55P03"
	diskFull             = "53100"
	tooManyConnections   = "53300"
	readOnlyTransaction  = "25006"
	queryCanceled        = "57014"

	connectionException  = "08" // a class, as is the next
	operatorIntervention = "57"
)

func (s *Store) explainPostgres(err error) error {
	if err != nil && isAway(err) {
		return fmt.Errorf("%s: %w (%s)", s.path, errAway, err)
	}
	if failure, ok := errors.AsType[*pgconn.PgError](err); ok {
		switch failure.Code {
		case invalidPassword, invalidAuthorization:
			return fmt.Errorf("%s: the server refuses the user or the password; the password is taken from the address, PGPASSWORD or ~/.pgpass", s.path)
		case invalidCatalogName:
			return fmt.Errorf("%s: the server has no database of this name; make it with createdb", s.path)
		case insufficientRights:
			return fmt.Errorf("%s: the user may not do this: %s; it must own the schema", s.path, failure.Message)
		case lockNotAvailable:
			return fmt.Errorf("%s: %w; wait until it ends and try again", s.path, errBusy)
		case diskFull:
			return fmt.Errorf("%s: the server's disk is full; nothing of this step was stored", s.path)
		case tooManyConnections:
			return fmt.Errorf("%s: the server takes no more connections; raise its max_connections, or start fewer processes (each takes up to %d)", s.path, readers+1)
		case readOnlyTransaction:
			return fmt.Errorf("%s: the server only lets itself be read; is it a standby?", s.path)
		}
		return err
	}
	return err
}

// errAway says that the server cannot be reached, or went away in the middle.
var errAway = errors.New("the server cannot be reached; check that it runs, and host and port")

// isAway says whether a failure is of the connection and not of what was asked.
func isAway(err error) bool {
	if failure, ok := errors.AsType[*pgconn.PgError](err); ok {
		return strings.HasPrefix(failure.Code, connectionException) || strings.HasPrefix(failure.Code, operatorIntervention) && failure.Code != queryCanceled
	}
	if _, ok := errors.AsType[*pgconn.ConnectError](err); ok {
		return true
	}
	if _, ok := errors.AsType[*net.OpError](err); ok {
		return true
	}
	return errors.Is(err, driver.ErrBadConn) || errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) || pgconn.SafeToRetry(err)
}

// postgresImportConnection takes the writing connection for an import and begins its
// transaction. Rows are numbered without gaps, also after one that was rolled back: an
// import knows a row by its number.
func (s *Store) postgresImportConnection(ctx context.Context) (conn *sql.Conn, end func(), err error) {
	if conn, err = s.writer.DB.Conn(ctx); err != nil {
		return nil, nil, err
	}
	end = func() { _ = conn.Close() } // an error is that it is closed
	err = execute(ctx, conn, `BEGIN`, lockWriters,
		`SELECT setval(pg_get_serial_sequence('tasks', 'row_id'), coalesce(max(row_id), 0) + 1, false) FROM tasks`)
	if err != nil {
		_, _ = conn.ExecContext(context.WithoutCancel(ctx), `ROLLBACK`) // the failure is what matters
		end()
		return nil, nil, err
	}
	return conn, end, nil
}
