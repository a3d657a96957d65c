// Package storetest gives tests databases of their own: files, or databases of the
// PostgreSQL server that a variable of the environment names. It holds nothing that the
// program uses.
package storetest

import (
	"crypto/rand"
	"crypto/sha256"
	"database/sql"
	"encoding/hex"
	"errors"
	"fmt"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	_ "github.com/jackc/pgx/v5/stdlib" // registers the driver "pgx"
	"github.com/jmoiron/sqlx"
)

// ServerEnv names the variable with the address of a server on which databases may be
// made: postgres://USER@HOST:PORT/DATABASE. Where it is not set, tests use files.
const ServerEnv = "MODELTRIAL_TEST_POSTGRES"

// Postgres says whether tests use PostgreSQL.
func Postgres() bool { return os.Getenv(ServerEnv) != "" }

// Target is what a test opens for a database: the file, or in its place a database that
// is made when it is asked for the first time and goes with the test. prepare makes a new
// database with its schema; it is called once in a process, for the one that all others
// are copies of.
func Target(t testing.TB, file string, prepare func(address string) error) string {
	t.Helper()
	mu.Lock()
	defer mu.Unlock()
	if !Postgres() {
		copyFile(t, file, prepare)
		return file
	}
	template := fmt.Sprint("template_", os.Getpid())
	if made[template] == 0 {
		run(t, `CREATE DATABASE `+template+` TEMPLATE template0`)
		made[template]++
		if err := prepare(address(t, template)); err != nil {
			t.Fatal(err)
		}
	}
	sum := sha256.Sum256([]byte(fmt.Sprint(os.Getpid(), " ", file)))
	name := "test_" + hex.EncodeToString(sum[:8])
	if made[name] == 0 {
		run(t, `CREATE DATABASE `+name+` TEMPLATE `+template)
		made[name]++
		t.Cleanup(func() { run(t, `DROP DATABASE `+name+` WITH (FORCE)`) })
	}
	return address(t, name)
}

// templateFile is a prepared file; empty where none has been asked for.
var templateFile []byte

// copyFile makes a file that is not there.
func copyFile(t testing.TB, file string, prepare func(path string) error) {
	t.Helper()
	if _, err := os.Stat(file); err == nil {
		return
	}
	if templateFile == nil {
		path := filepath.Join(t.TempDir(), "template.db")
		if err := prepare(path); err != nil {
			t.Fatal(err)
		}
		var err error
		if templateFile, err = os.ReadFile(path); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.WriteFile(file, templateFile, 0o600); err != nil {
		t.Fatal(err)
	}
}

// Empty is a database without tables, which goes with the test.
func Empty(t testing.TB) string {
	t.Helper()
	mu.Lock()
	defer mu.Unlock()
	made["empty"]++
	name := fmt.Sprint("empty_", os.Getpid(), "_", made["empty"])
	run(t, `CREATE DATABASE `+name+` TEMPLATE template0`)
	t.Cleanup(func() { run(t, `DROP DATABASE `+name+` WITH (FORCE)`) })
	return address(t, name)
}

// Drop drops the template; for TestMain, after the tests.
func Drop() error {
	if !Postgres() {
		return nil
	}
	return execute(`DROP DATABASE IF EXISTS ` + fmt.Sprint("template_", os.Getpid()) + ` WITH (FORCE)`)
}

// NewScope names a set of databases.
func NewScope() string { return "scope_" + strings.ToLower(rand.Text()[:12]) }

// InScope is the database of a name in a scope. Where it is not there it is made, without
// tables, or empty.
func InScope(scope, name string, create bool) (address string, err error) {
	sum := sha256.Sum256([]byte(name))
	database := scope + "_" + hex.EncodeToString(sum[:6])
	there, err := databases(database)
	switch {
	case err != nil:
		return "", err
	case len(there) > 0:
	case !create:
		return "", nil
	default:
		if err := execute(`CREATE DATABASE ` + database + ` TEMPLATE template0`); err != nil {
			return "", err
		}
	}
	return addressOf(database)
}

// DropScope drops a scope's databases.
func DropScope(scope string) error {
	names, err := databases(scope)
	for _, name := range names {
		err = errors.Join(err, execute(`DROP DATABASE `+name+` WITH (FORCE)`))
	}
	return err
}

// databases are those whose names begin so.
func databases(start string) (names []string, err error) {
	server, err := sqlx.Open("pgx", os.Getenv(ServerEnv))
	if err != nil {
		return nil, err
	}
	err = server.Select(&names, `SELECT datname FROM pg_database WHERE starts_with(datname, $1)`, start)
	return names, errors.Join(err, server.Close())
}

var (
	mu   sync.Mutex
	made = map[string]int{} // databases by name
)

func address(t testing.TB, database string) string {
	t.Helper()
	of, err := addressOf(database)
	if err != nil {
		t.Fatal(err)
	}
	return of
}

func addressOf(database string) (string, error) {
	parsed, err := url.Parse(os.Getenv(ServerEnv))
	if err != nil {
		return "", fmt.Errorf("%s: %w", ServerEnv, err)
	}
	parsed.Path = "/" + database
	return parsed.String(), nil
}

func run(t testing.TB, statement string) {
	t.Helper()
	if err := execute(statement); err != nil {
		t.Fatalf("%s: %s: %v", ServerEnv, statement, err)
	}
}

func execute(statement string) error {
	server, err := sql.Open("pgx", os.Getenv(ServerEnv))
	if err != nil {
		return err
	}
	_, err = server.Exec(statement)
	return errors.Join(err, server.Close())
}

// NeedsFile skips a test of what only a file has.
func NeedsFile(t testing.TB) {
	t.Helper()
	if Postgres() {
		t.Skip("SKIPPED: of SQLite's file alone")
	}
}
