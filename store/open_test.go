package store

import (
	"context"
	"database/sql"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/pressly/goose/v3"
	"github.com/pressly/goose/v3/database"
	"golang.org/x/sync/errgroup"

	"modeltrial/store/storetest"
)

func TestOpenMakesAndKeepsADatabase(t *testing.T) {
	storetest.NeedsFile(t)
	for _, name := range []string{"modeltrial.db", "with space & 100%?.db", "#1.db", "ü.db"} {
		t.Run(name, func(t *testing.T) {
			path := filepath.Join(t.TempDir(), name)
			s, err := Open(t.Context(), path)
			must(t, err)
			addTasks(t, s, "coding", 3)
			must(t, s.Close())
			info, err := os.Stat(path)
			if err != nil {
				t.Fatalf("the database lies elsewhere: %v", err)
			}
			if info.Mode().Perm() != 0o600 {
				t.Errorf("the database has mode %v, want it private", info.Mode())
			}
			s = openTest(t, path)
			if n, err := s.CountTasks(t.Context()); err != nil || n != 3 {
				t.Errorf("got %d tasks (%v) after opening again, want 3", n, err)
			}
			if findings, err := s.Check(t.Context()); err != nil || len(findings) > 0 {
				t.Errorf("got findings %v, %v, want none", findings, err)
			}
		})
	}
}

func TestOpenTakesARelativePath(t *testing.T) {
	storetest.NeedsFile(t)
	t.Chdir(t.TempDir())
	openTest(t, "modeltrial.db")
	if _, err := os.Stat("modeltrial.db"); err != nil {
		t.Error(err)
	}
}

func TestOpenAtOnce(t *testing.T) {
	path := filepath.Join(t.TempDir(), "modeltrial.db")
	if storetest.Postgres() {
		path = storetest.Empty(t)
	}
	var group errgroup.Group
	for range 4 {
		group.Go(func() error {
			s, err := Open(context.Background(), path)
			if err != nil {
				return err
			}
			return s.Close()
		})
	}
	must(t, group.Wait())
	noMigrationTwice(t, openTest(t, path))
}

// noMigrationTwice: goose keeps a row for each migration that was made.
func noMigrationTwice(t *testing.T, s *Store) {
	t.Helper()
	var twice []int64
	must(t, s.reader.SelectContext(t.Context(), &twice, `SELECT version_id FROM goose_db_version GROUP BY version_id HAVING count(*) > 1`))
	if len(twice) > 0 {
		t.Errorf("the migrations %v were made twice", twice)
	}
}

// lateMigrations knows what is missing, and goes on when another process has made it.
type lateMigrations struct {
	database.Store
	meanwhile func()
	lists     int
}

func (m *lateMigrations) ListMigrations(ctx context.Context, db database.DBTxConn) ([]*database.ListMigrationsResult, error) {
	list, err := m.Store.ListMigrations(ctx, db)
	if m.lists++; m.lists == 2 { // the first is whether there is anything to do at all
		m.meanwhile()
	}
	return list, err
}

// TestMigrateAfterAnother: who is late with all migrations of an old file makes none again.
func TestMigrateAfterAnother(t *testing.T) {
	storetest.NeedsFile(t)
	path := filepath.Join(t.TempDir(), "modeltrial.db")
	db, err := connect(path, 1)
	must(t, err)
	defer func() { must(t, db.Close()) }()
	files, err := fs.Sub(migrations, "migrations/sqlite")
	must(t, err)
	versions, err := database.NewStore(goose.DialectSQLite3, goose.DefaultTablename)
	must(t, err)
	old, err := goose.NewProvider(goose.DialectSQLite3, db.DB, files)
	must(t, err)
	_, err = old.UpTo(t.Context(), 1)
	must(t, err)
	late, err := goose.NewProvider(goose.DialectCustom, db.DB, files, goose.WithStore(&lateMigrations{Store: onceMigrations{versions}, meanwhile: func() {
		s, err := Open(t.Context(), path)
		must(t, err)
		addTasks(t, s, "coding", 3)
		must(t, s.Close())
	}}))
	must(t, err)
	_, err = late.Up(t.Context())
	if !errors.Is(err, errMigratedMeanwhile) {
		t.Errorf("got %v, want that another process was first", err)
	}
	s := openTest(t, path)
	noMigrationTwice(t, s)
	if n, err := s.CountTasks(t.Context()); err != nil || n != 3 {
		t.Errorf("got %d tasks (%v), want 3", n, err)
	}
}

func TestEveryConnectionHasTheSettings(t *testing.T) {
	storetest.NeedsFile(t)
	s := newTest(t)
	settings := map[string]string{"foreign_keys": "1", "journal_mode": "wal", "synchronous": "2", "busy_timeout": "5000"}
	var held []*sql.Conn
	for range readers {
		c, err := s.reader.Conn(t.Context())
		must(t, err)
		held = append(held, c)
	}
	c, err := s.writer.Conn(t.Context())
	must(t, err)
	for i, c := range append(held, c) {
		for name, want := range settings {
			var got string
			must(t, c.QueryRowContext(t.Context(), "PRAGMA "+name).Scan(&got))
			if got != want {
				t.Errorf("connection %d: %s is %s, want %s", i, name, got, want)
			}
		}
		must(t, c.Close())
	}
}

func TestOpenSaysWhatIsWrong(t *testing.T) {
	cases := []struct {
		name string
		make func(t *testing.T, path string)
		want []string
	}{
		{"a directory", func(t *testing.T, path string) { must(t, os.Mkdir(path, 0o700)) }, []string{"directory"}},
		{"another file", func(t *testing.T, path string) {
			must(t, os.WriteFile(path, []byte("id,prompt\n1,this is a task log and no database at all, however long it may be made to be\n"), 0o600))
		}, []string{"not a database", "--db"}},
		{"cut off", func(t *testing.T, path string) {
			makeFull(t, path)
			must(t, os.Truncate(path, 20000))
		}, []string{"damaged"}},
		{"zeros", func(t *testing.T, path string) { must(t, os.WriteFile(path, make([]byte, 4096), 0o600)) }, []string{"not a database"}},
		{"a newer schema", func(t *testing.T, path string) {
			s, err := Open(t.Context(), path)
			must(t, err)
			_, err = s.writer.Exec(`INSERT INTO goose_db_version (version_id, is_applied) VALUES (9999, 1)`)
			must(t, err)
			must(t, s.Close())
		}, []string{"newer modeltrial", "9999"}},
		{"another program's", func(t *testing.T, path string) {
			raw, err := sql.Open("sqlite", path)
			must(t, err)
			_, err = raw.Exec(`CREATE TABLE bookmarks (url TEXT)`)
			must(t, err)
			must(t, raw.Close())
		}, []string{"another program"}},
		{"no folder", func(*testing.T, string) {}, []string{"cannot be opened", "folder"}},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			path := filepath.Join(t.TempDir(), "modeltrial.db")
			if c.name == "no folder" {
				path = filepath.Join(t.TempDir(), "missing", "modeltrial.db")
			}
			c.make(t, path)
			_, err := Open(t.Context(), path)
			wantError(t, err, append(c.want, path)...)
		})
	}
}

// makeFull writes a database of many pages and closes it.
func makeFull(t *testing.T, path string) {
	t.Helper()
	s, err := Open(t.Context(), path)
	must(t, err)
	addTasks(t, s, "coding", 2000)
	must(t, s.Close())
}

func TestOpenExistingNeedsAFile(t *testing.T) {
	path := filepath.Join(t.TempDir(), "modeltrial.db")
	_, err := OpenExisting(t.Context(), path)
	wantError(t, err, path, "modeltrial init")
	if _, err := os.Stat(path); err == nil {
		t.Error("the database was made, want nothing left behind")
	}
}

func TestALockedDatabaseIsSaid(t *testing.T) {
	path := filepath.Join(t.TempDir(), "modeltrial.db")
	holder, s := openTest(t, path), openTest(t, path)
	tx, err := holder.writer.BeginTxx(t.Context(), nil)
	must(t, err)
	defer func() { must(t, tx.Rollback()) }()
	start := time.Now()
	_, err = s.AddRater(t.Context(), testRater, testTime)
	wantError(t, err, s.path, "another process")
	if waited := time.Since(start); waited < busyTimeout/2 {
		t.Errorf("gave up after %v, want it to wait for about %v", waited, busyTimeout)
	}
}

// TestOpenWhileAnotherWrites: one process can look while another imports.
func TestOpenWhileAnotherWrites(t *testing.T) {
	path := filepath.Join(t.TempDir(), "modeltrial.db")
	i, err := openTest(t, path).BeginImport(t.Context(), "log.csv")
	must(t, err)
	defer i.Rollback()
	_, err = i.Add(t.Context(), fullTask)
	must(t, err)
	if n, err := openTest(t, path).CountTasks(t.Context()); err != nil || n != 0 {
		t.Errorf("got %d tasks, %v, want none yet", n, err)
	}
}

func TestCheckFindsDamage(t *testing.T) {
	storetest.NeedsFile(t)
	path := filepath.Join(t.TempDir(), "modeltrial.db")
	makeFull(t, path)
	// The row of a file that tasks point to is taken away behind the store's back.
	raw, err := sql.Open("sqlite", path)
	must(t, err)
	_, err = raw.Exec(`DELETE FROM import_files`)
	must(t, err)
	must(t, raw.Close())
	findings, err := openTest(t, path).Check(t.Context())
	must(t, err)
	if len(findings) != 1 {
		t.Errorf("got findings %q, want the rows that point nowhere", findings)
	}
}
