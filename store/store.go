// Package store keeps a workspace in one SQLite file or a PostgreSQL database: the schema,
// its migrations and every query, and on PostgreSQL the queue of calls. It is the only
// package that knows SQL. Domain types come from audit and eval; what is decided from the
// data is in eval/decide.
package store

import (
	"context"
	"database/sql"
	"embed"
	"errors"
	"fmt"
	"io/fs"
	"net/url"
	"os"
	"sync/atomic"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jmoiron/sqlx"
	"github.com/pressly/goose/v3"
	"github.com/pressly/goose/v3/database"
	"modernc.org/sqlite"
	sqlitelib "modernc.org/sqlite/lib"

	"modeltrial/audit"
	"modeltrial/eval"
)

//go:embed migrations/*/*.sql
var migrations embed.FS

// A Store is an open workspace database. Its methods are safe for concurrent use:
// one connection writes, several read.
type Store struct {
	dialect dialect
	path    string          // as it is told: the file, or the address without a password
	config  *pgx.ConnConfig // of PostgreSQL

	writer *sqlx.DB
	reader *sqlx.DB
	queue  *writeQueue
	quick  *statementCache // of the reader, for short queries that come often
	marks  marks

	protocol atomic.Pointer[eval.LockedProtocol] // that was read last; see lockedAgain
}

// readers is the number of reading connections.
const readers = 4

// pageSize is that of a new database, in bytes. Rows with prompts fill pages of 4 KiB
// badly, and an import writes them in a third more time.
const pageSize = 16 << 10

// busyTimeout is how long a connection waits for another process's write.
const busyTimeout = 5 * time.Second

func init() {
	sqlx.BindDriver("sqlite", sqlx.QUESTION)
}

// OpenExisting opens a database that must be there already.
func OpenExisting(ctx context.Context, path string) (*Store, error) {
	if IsPostgres(path) {
		return openPostgres(ctx, path, true)
	}
	info, err := os.Stat(path)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return nil, fmt.Errorf("%s: there is no database; run modeltrial init, or choose the workspace with -C", path)
	case err != nil:
		return nil, fmt.Errorf("open database: %w", err)
	case info.Size() == 0:
		return nil, fmt.Errorf("%s: the file is empty and no database; remove it and run modeltrial init", path)
	}
	return Open(ctx, path)
}

// Open opens a database, makes it where there is none, and brings its schema up
// to date. A new file can be read by its owner alone. A directory, a file that is no database or is damaged, one that another
// process holds, and one of a newer modeltrial each give an error that says so. In place
// of a file it may be the address of a PostgreSQL database, postgres://….
func Open(ctx context.Context, path string) (*Store, error) {
	if IsPostgres(path) {
		return openPostgres(ctx, path, false)
	}
	if info, err := os.Stat(path); err == nil && info.IsDir() {
		return nil, fmt.Errorf("%s: this is a directory; name the database file, such as %s/modeltrial.db", path, path)
	}
	s := &Store{path: path}
	err := createPrivate(path)
	if err != nil {
		return nil, err
	}
	if s.writer, err = connect(path, 1); err != nil {
		return nil, err
	}
	if s.reader, err = connect(path, readers); err != nil {
		return nil, errors.Join(err, s.writer.Close())
	}
	s.queue, s.quick = newWriteQueue(s), &statementCache{db: s.reader}
	if err := s.migrate(ctx); err != nil {
		return nil, errors.Join(fmt.Errorf("open database: %w", s.Explain(err)), s.Close())
	}
	return s, nil
}

// createPrivate makes the file where there is none: it will hold the
// organisation's prompts, and SQLite would let everyone read it.
func createPrivate(path string) error {
	file, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if errors.Is(err, fs.ErrExist) {
		return nil
	}
	if err != nil {
		return fmt.Errorf("%s: the database cannot be opened; check that its folder exists and may be written: %w", path, err)
	}
	return file.Close()
}

// connect opens a pool. The settings stand in the address so that each of its
// connections has them.
func connect(path string, most int) (*sqlx.DB, error) {
	settings := url.Values{}
	settings.Add("_pragma", fmt.Sprintf("busy_timeout(%d)", busyTimeout.Milliseconds()))
	settings.Add("_pragma", "foreign_keys(1)")
	settings.Add("_pragma", fmt.Sprintf("page_size(%d)", pageSize)) // before the first page
	settings.Add("_pragma", "journal_mode(WAL)")
	settings.Add("_pragma", "synchronous(FULL)")
	settings.Set("_txlock", "immediate")
	address := (&url.URL{Scheme: "file", Opaque: (&url.URL{Path: path}).EscapedPath(), RawQuery: settings.Encode()}).String()
	db, err := sqlx.Open("sqlite", address)
	if err != nil {
		return nil, fmt.Errorf("open database %s: %w", path, err)
	}
	db.SetMaxOpenConns(most)
	db.SetMaxIdleConns(most)
	return db, nil
}

// migrate brings the schema up to date. Where another process does the same at
// the same moment, one of the two finds the file busy or half of the work done, and
// looks again, for as long as the work goes on.
func (s *Store) migrate(ctx context.Context) error {
	const pause = 50 * time.Millisecond
	start, reached := time.Now(), int64(0)
	for {
		err := s.migrateOnce(ctx)
		if err == nil || !mayPass(err) {
			return err
		}
		var version int64 // 0 where there is none yet
		_ = s.writer.QueryRowContext(ctx, `SELECT max(version_id) FROM `+goose.DefaultTablename).Scan(&version)
		if version > reached {
			start, reached = time.Now(), version
		}
		if time.Since(start) >= busyTimeout {
			return err
		}
		if err := sleep(ctx, pause); err != nil {
			return err
		}
	}
}

// sleep waits for a while; its error is the context's, where that ends first.
func sleep(ctx context.Context, while time.Duration) error {
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-time.After(while):
		return nil
	}
}

// mayPass says whether an error can come from another process's migration.
func mayPass(err error) bool {
	if errors.Is(err, errMigratedMeanwhile) {
		return true
	}
	var failure *sqlite.Error
	if !errors.As(err, &failure) {
		return false
	}
	switch failure.Code() & 0xff { // the primary code, without its extension
	case sqlitelib.SQLITE_ERROR, sqlitelib.SQLITE_CONSTRAINT, sqlitelib.SQLITE_BUSY, sqlitelib.SQLITE_LOCKED:
		return true
	}
	return false
}

func (s *Store) migrateOnce(ctx context.Context) error {
	var tables, ours int
	err := s.writer.QueryRowContext(ctx, `
SELECT count(*), coalesce(sum(name = ?), 0) FROM sqlite_schema WHERE type = 'table' AND name NOT LIKE 'sqlite_%'`,
		goose.DefaultTablename).Scan(&tables, &ours)
	if err != nil {
		return err
	}
	if tables > 0 && ours == 0 {
		return fmt.Errorf("%s: this is the database of another program; choose another file with --db", s.path)
	}
	versions, err := database.NewStore(goose.DialectSQLite3, goose.DefaultTablename)
	if err != nil {
		return err
	}
	return s.migrateBy(ctx, goose.DialectCustom, s.writer.DB, "migrations/sqlite", goose.WithStore(onceMigrations{versions}))
}

// migrateBy brings the schema up to date by the migrations of a folder.
func (s *Store) migrateBy(ctx context.Context, dialect goose.Dialect, db *sql.DB, folder string, options ...goose.ProviderOption) error {
	files, err := fs.Sub(migrations, folder)
	if err != nil {
		return err
	}
	provider, err := goose.NewProvider(dialect, db, files, options...)
	if err != nil {
		return fmt.Errorf("read migrations: %w", err)
	}
	sources := provider.ListSources()
	newest := sources[len(sources)-1].Version
	current, err := provider.GetDBVersion(ctx)
	if err != nil {
		return err
	}
	if current > newest {
		return fmt.Errorf("%s: made by a newer modeltrial (schema %d, this one knows %d); use that version", s.path, current, newest)
	}
	_, err = provider.Up(ctx)
	return err
}

// errBusy says that another process writes.
var errBusy = errors.New("another process holds the database")

// Explain says what a failure of the database means and what to do about it. Other
// errors stay as they are.
func (s *Store) Explain(err error) error {
	if s.dialect == postgresDialect {
		return s.explainPostgres(err)
	}
	var failure *sqlite.Error
	if !errors.As(err, &failure) {
		return err
	}
	switch failure.Code() & 0xff { // the primary code, without its extension
	case sqlitelib.SQLITE_NOTADB:
		return fmt.Errorf("%s: this file is not a database; choose another with --db, or move it away and run modeltrial init", s.path)
	case sqlitelib.SQLITE_CORRUPT:
		return fmt.Errorf("%s: the database is damaged; restore a backup, or save what can be read with: sqlite3 %s .recover", s.path, s.path)
	case sqlitelib.SQLITE_BUSY, sqlitelib.SQLITE_LOCKED:
		return fmt.Errorf("%s: %w; wait until it ends and try again", s.path, errBusy)
	case sqlitelib.SQLITE_CANTOPEN:
		return fmt.Errorf("%s: the database cannot be opened; check that its folder exists and may be written", s.path)
	case sqlitelib.SQLITE_READONLY:
		return fmt.Errorf("%s: the database may not be written; check its permissions", s.path)
	case sqlitelib.SQLITE_FULL:
		return fmt.Errorf("%s: the disk is full; nothing of this step was stored", s.path)
	}
	return err
}

// Close waits for the writes that were begun and closes every connection.
func (s *Store) Close() error {
	s.queue.close()
	s.dropMarks()
	return errors.Join(s.quick.close(), s.writer.Close(), s.reader.Close())
}

// Name is the database as it may be told: its file, or its address without a password.
func (s *Store) Name() string { return s.path }

// OnServer says whether the database is a server's, which other machines may use at the
// same time, and not a file.
func (s *Store) OnServer() bool { return s.dialect == postgresDialect }

// Ready says whether the database answers.
func (s *Store) Ready(ctx context.Context) error {
	var one int
	return s.Explain(s.reader.GetContext(ctx, &one, `SELECT count(*) FROM protocols`))
}

// Check looks for damage: SQLite's own integrity and foreign key checks, and whether
// what counts towards the budget is the sum of all calls and the raters' queue counts all
// ratings. It returns what is wrong, nothing where all is well.
func (s *Store) Check(ctx context.Context) ([]string, error) {
	var findings []string
	var err error
	if s.dialect == sqliteDialect { // a server looks after its own files
		if findings, err = s.checkFile(ctx); err != nil {
			return nil, s.Explain(err)
		}
	}
	var kept, summed audit.NanoUSD
	err = errors.Join(s.reader.GetContext(ctx, &kept, committedSum), s.reader.GetContext(ctx, &summed, committedAgain))
	if err != nil {
		return nil, s.Explain(err)
	}
	if kept != summed {
		findings = append(findings, fmt.Sprintf("%s is kept as spent and set aside, the calls add up to %s", kept, summed))
	}
	var miscounted int
	if err := s.reader.GetContext(ctx, &miscounted, miscountedQueue); err != nil {
		return nil, s.Explain(err)
	}
	if miscounted > 0 {
		findings = append(findings, fmt.Sprintf("%d comparisons have other ratings than the queue of raters counts", miscounted))
	}
	return findings, nil
}

// checkFile has SQLite look for damage.
func (s *Store) checkFile(ctx context.Context) (findings []string, err error) {
	var lines []string
	if err := s.reader.SelectContext(ctx, &lines, `PRAGMA integrity_check`); err != nil {
		return nil, err
	}
	for _, line := range lines {
		if line != "ok" {
			findings = append(findings, line)
		}
	}
	var broken int
	if err := s.reader.GetContext(ctx, &broken, `SELECT count(*) FROM pragma_foreign_key_check`); err != nil {
		return nil, err
	}
	if broken > 0 {
		findings = append(findings, fmt.Sprintf("%d rows point to rows that do not exist", broken))
	}
	return findings, nil
}

// notFound turns the driver's word for no row into the domain's.
func notFound(err error) error {
	if errors.Is(err, sql.ErrNoRows) {
		return eval.ErrNotFound
	}
	return err
}

// micros is a time as it is stored; the zero time is null.
func micros(t time.Time) *int64 {
	if t.IsZero() {
		return nil
	}
	us := t.UnixMicro()
	return &us
}

func fromMicros(us *int64) time.Time {
	if us == nil {
		return time.Time{}
	}
	return time.UnixMicro(*us).UTC()
}
