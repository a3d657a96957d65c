// Package storetest gives tests databases of their own: files, or databases of the
// PostgreSQL server that a variable of the environment names. It holds nothing that the
// program uses.
package storetest

import (
	"crypto/sha256"
	"database/sql"
	"encoding/hex"
	"fmt"
	"net/url"
	"os"
	"sync"
	"testing"

	_ "github.com/jackc/pgx/v5/stdlib" // registers the driver "pgx"
)

// ServerEnv names the variable with the address of a server on which databases may be
// made: postgres://USER@HOST:PORT/DATABASE. Where it is not set, tests use files.
const ServerEnv = "MODELTRIAL_TEST_POSTGRES"

// Postgres says whether tests use PostgreSQL.
func Postgres() bool { return os.Getenv(ServerEnv) != "" }

// Target is what a test opens for a database: the file, or in its place a database that
// is made when it is asked for the first time and goes with the test.
func Target(t testing.TB, file string) string {
	t.Helper()
	if !Postgres() {
		return file
	}
	sum := sha256.Sum256([]byte(fmt.Sprint(os.Getpid(), " ", file)))
	name := "test_" + hex.EncodeToString(sum[:8])
	address, err := url.Parse(os.Getenv(ServerEnv))
	if err != nil {
		t.Fatalf("%s: %v", ServerEnv, err)
	}
	address.Path = "/" + name
	madeMu.Lock()
	defer madeMu.Unlock()
	if made[name] {
		return address.String()
	}
	server, err := sql.Open("pgx", os.Getenv(ServerEnv))
	if err != nil {
		t.Fatalf("%s: %v", ServerEnv, err)
	}
	if _, err := server.ExecContext(t.Context(), `CREATE DATABASE `+name+` TEMPLATE template0`); err != nil {
		t.Fatalf("%s: %v", ServerEnv, err)
	}
	made[name] = true
	t.Cleanup(func() {
		if _, err := server.Exec(`DROP DATABASE ` + name + ` WITH (FORCE)`); err != nil {
			t.Errorf("%s: %v", ServerEnv, err)
		}
		_ = server.Close() // all is said
	})
	return address.String()
}

var (
	madeMu sync.Mutex
	made   = map[string]bool{}
)

// NeedsFile skips a test of what only a file has.
func NeedsFile(t testing.TB) {
	t.Helper()
	if Postgres() {
		t.Skip("SKIPPED: of SQLite's file alone")
	}
}
