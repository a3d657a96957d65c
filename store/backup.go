package store

import (
	"context"
	"database/sql/driver"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/jmoiron/sqlx"
	"modernc.org/sqlite"

	"modeltrial/eval"
)

// backupStep is the number of pages that are copied between two looks at the context
// and at how far the copy is: a megabyte.
const backupStep = 64

// Backup writes a copy of the database as it is at this moment, while others go on
// reading and writing it (SQLite's online backup). The copy is checked as by
// [Store.Check], its rows are counted against the original's, and it is on disk under
// its name only when all of that is done. progress is told the pages copied and all; it
// may be nil. A file that is there is not overwritten.
func (s *Store) Backup(ctx context.Context, path string, progress func(done, total int)) (eval.Backup, error) {
	backup := eval.Backup{File: path}
	if s.dialect == postgresDialect {
		return backup, fmt.Errorf("%s: a server's database is backed up by pg_dump: pg_dump --format=custom --file=FILE ADDRESS", s.path)
	}
	if _, err := os.Lstat(path); !errors.Is(err, fs.ErrNotExist) {
		return backup, fmt.Errorf("%s: there is a file of this name already; name a new one", path)
	}
	partial := path + ".partial"
	if err := os.Remove(partial); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return backup, fmt.Errorf("back up: %w", err)
	}
	if err := createPrivate(partial); err != nil {
		return backup, err
	}
	err := s.copyTo(ctx, partial, &backup, progress)
	if err == nil {
		err = verifyBackup(ctx, partial, backup)
	}
	if err == nil {
		err = settle(partial, path)
	}
	if err != nil {
		return backup, errors.Join(fmt.Errorf("back up: %w", s.Explain(err)), os.Remove(partial))
	}
	info, err := os.Stat(path)
	if err != nil {
		return backup, fmt.Errorf("back up: %w", err)
	}
	backup.Bytes = info.Size()
	return backup, nil
}

// copyTo copies the pages of one snapshot and counts its rows.
func (s *Store) copyTo(ctx context.Context, path string, backup *eval.Backup, progress func(done, total int)) (err error) {
	conn, err := s.reader.Connx(ctx)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, conn.Close()) }()
	tx, err := conn.BeginTxx(ctx, snapshotOptions(s.dialect))
	if err != nil {
		return err
	}
	defer func() { _ = tx.Rollback() }() // it was only read
	if backup.Tables, err = countTables(ctx, tx); err != nil {
		return err
	}
	return conn.Raw(func(raw any) error { return copyPages(ctx, raw.(driver.Conn), path, progress) })
}

func copyPages(ctx context.Context, from driver.Conn, path string, progress func(done, total int)) (err error) {
	source, ok := from.(interface {
		NewBackup(destination string) (*sqlite.Backup, error)
	})
	if !ok {
		return errors.New("the driver of this database makes no backups")
	}
	pages, err := source.NewBackup(path)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, pages.Finish()) }()
	for more := true; more; {
		if err := ctx.Err(); err != nil {
			return err
		}
		if more, err = pages.Step(backupStep); err != nil {
			return err
		}
		if progress != nil {
			progress(pages.PageCount()-pages.Remaining(), pages.PageCount())
		}
	}
	return nil
}

// countTables counts the rows of every table, in the order of the names.
func countTables(ctx context.Context, db sqlx.QueryerContext) ([]eval.TableRows, error) {
	var tables []eval.TableRows
	err := sqlx.SelectContext(ctx, db, &tables, `
SELECT name, 0 AS rows FROM sqlite_schema WHERE type = 'table' AND name NOT LIKE 'sqlite\_%' ESCAPE '\' ORDER BY name`)
	if err != nil {
		return nil, err
	}
	for i, table := range tables {
		if err := sqlx.GetContext(ctx, db, &tables[i].Rows, `SELECT count(*) FROM `+quotedName(table.Name)); err != nil {
			return nil, fmt.Errorf("count the rows of %s: %w", table.Name, err)
		}
	}
	return tables, nil
}

// verifyBackup opens a copy as a workspace is opened, looks for damage and counts.
func verifyBackup(ctx context.Context, path string, want eval.Backup) (err error) {
	s, err := Open(ctx, path)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, s.Close()) }()
	damage, err := s.Check(ctx)
	if err != nil {
		return err
	}
	if len(damage) > 0 {
		return fmt.Errorf("the copy is damaged: %v; run modeltrial doctor, which checks the original", damage)
	}
	got, err := countTables(ctx, s.reader)
	if err != nil {
		return err
	}
	if len(got) != len(want.Tables) {
		return fmt.Errorf("the copy has %d tables, the original %d", len(got), len(want.Tables))
	}
	for i, table := range want.Tables {
		if got[i] != table {
			return fmt.Errorf("table %s has %d rows in the copy, %d in the original", table.Name, got[i].Rows, table.Rows)
		}
	}
	return nil
}

// settle puts a file under its name so that it is whole there even after a power cut.
func settle(partial, path string) error {
	if err := syncFile(partial); err != nil {
		return err
	}
	if err := os.Rename(partial, path); err != nil {
		return err
	}
	return syncFile(filepath.Dir(path))
}

func syncFile(path string) error {
	file, err := os.Open(path)
	if err != nil {
		return err
	}
	return errors.Join(file.Sync(), file.Close())
}
