package store

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"modeltrial/audit"
	"modeltrial/eval"
	"modeltrial/store/storetest"
)

// newLarge is a database that takes several steps to copy.
func newLarge(t *testing.T) *Store {
	t.Helper()
	storetest.NeedsFile(t)
	s := newTest(t)
	i, err := s.BeginImport(t.Context(), "log.csv")
	must(t, err)
	for n := range 300 {
		_, err := i.Add(t.Context(), audit.Task{ID: fmt.Sprint("t", n), Prompt: strings.Repeat("word ", 2000)})
		must(t, err)
	}
	must(t, i.Commit(t.Context(), ImportedFile{Path: "log.csv", Format: "csv", Rows: 300, Imported: 300}))
	return s
}

// TestABackupIsOneMoment has others write while it is made.
func TestABackupIsOneMoment(t *testing.T) {
	s := newLarge(t)
	path := filepath.Join(t.TempDir(), "copy.db")
	steps := 0
	backup, err := s.Backup(t.Context(), path, func(done, total int) {
		if steps++; done > total {
			t.Errorf("%d of %d pages", done, total)
		}
		addRater(t, s, fmt.Sprint("late", steps))
	})
	must(t, err)
	if steps < 3 {
		t.Fatalf("the copy took %d steps, want several for others to write between", steps)
	}
	copied := openTest(t, path)
	if n := count(t, copied, `SELECT count(*) FROM tasks`); n != 300 {
		t.Errorf("got %d tasks", n)
	}
	if n := count(t, copied, `SELECT count(*) FROM raters`); n != 0 {
		t.Errorf("%d raters who came later are in the copy", n)
	}
	if n := count(t, s, `SELECT count(*) FROM raters`); n != steps {
		t.Errorf("got %d raters in the original, want %d", n, steps)
	}
	if !slices.Contains(backup.Tables, eval.TableRows{Name: "tasks", Rows: 300}) {
		t.Errorf("got %v, want 300 tasks counted", backup.Tables)
	}
	info, err := os.Stat(path)
	must(t, err)
	if info.Size() != backup.Bytes || info.Mode().Perm() != 0o600 {
		t.Errorf("got %d bytes and mode %v, want %d that the owner alone reads", info.Size(), info.Mode(), backup.Bytes)
	}
}

// TestAnUnfinishedBackupLeavesNothing is one that is interrupted.
func TestAnUnfinishedBackupLeavesNothing(t *testing.T) {
	s := newLarge(t)
	folder := t.TempDir()
	ctx, cancel := context.WithCancel(t.Context())
	_, err := s.Backup(ctx, filepath.Join(folder, "copy.db"), func(int, int) { cancel() })
	wantError(t, err, "back up", context.Canceled.Error())
	left, err := os.ReadDir(folder)
	must(t, err)
	if len(left) > 0 {
		t.Errorf("left behind: %v", left)
	}
	addRater(t, s, "after") // nothing is held
}

// TestABackupNoticesLoss has rows missing in the copy.
func TestABackupNoticesLoss(t *testing.T) {
	s := newLarge(t)
	path := filepath.Join(t.TempDir(), "copy.db")
	backup, err := s.Backup(t.Context(), path, nil)
	must(t, err)
	copied := openTest(t, path)
	_, err = copied.writer.ExecContext(t.Context(), `DELETE FROM tasks WHERE id = 't7'`)
	must(t, err)
	wantError(t, verifyBackup(t.Context(), path, backup), "table tasks has 299 rows in the copy, 300 in the original")
}
