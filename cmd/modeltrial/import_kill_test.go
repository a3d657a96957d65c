package main

import (
	"context"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"modeltrial/audit"
	"modeltrial/store"
)

// process is this program in a process of its own.
func process(t testing.TB, args ...string) *exec.Cmd {
	t.Helper()
	path, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command(path, args...)
	cmd.Args[0] = "modeltrial" // by which TestMain knows it
	return cmd
}

// storedTasks are the tasks of a workspace in the order of import, with their texts.
func storedTasks(t testing.TB, workspace string) (tasks []audit.Task) {
	t.Helper()
	s, err := store.OpenExisting(t.Context(), filepath.Join(workspace, databaseName))
	if err != nil {
		t.Fatal(err)
	}
	defer func() {
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	}()
	if findings, err := s.Check(t.Context()); err != nil || len(findings) > 0 {
		t.Fatalf("findings %v, %v, want none", findings, err)
	}
	err = s.EachTaskSummary(t.Context(), func(task audit.Task) error {
		task, err := s.Task(t.Context(), task.ID)
		tasks = append(tasks, task)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return tasks
}

// TestAKilledImportRunAgainIsAnImport kills imports at random moments, then runs them
// again: every task must be as after an import that nobody disturbed. Every second
// import finds another process at the database, so that it uses the other journal.
func TestAKilledImportRunAgainIsAnImport(t *testing.T) {
	t.Parallel()
	times := 16
	if testing.Short() {
		times = 6
	}
	directory := t.TempDir()
	log := filepath.Join(directory, "log.csv")
	const rows = 20_000 // beyond the size from which an import keeps others out
	if err := writeBenchLog(log, rows, false); err != nil {
		t.Fatal(err)
	}
	// Rows that are there twice, one with another prompt, some without id.
	extra := "same,,,,,,,one prompt,,,,,\nsame,,,,,,,one prompt,,,,,\nsame,,,,,,,another,,,,,\n" + strings.Repeat(",,,,,,,no id,,,,,\n", 3)
	file, err := os.OpenFile(log, os.O_APPEND|os.O_WRONLY, 0)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := io.WriteString(file, extra); err != nil {
		t.Fatal(err)
	}
	if err := file.Close(); err != nil {
		t.Fatal(err)
	}
	workspace := func(name string) string {
		path := filepath.Join(directory, name)
		if out, err := process(t, "init", path).CombinedOutput(); err != nil {
			t.Fatalf("%v: %s", err, out)
		}
		return path
	}
	run := func(workspace string) {
		t.Helper()
		out, err := process(t, "-C", workspace, "audit", "import", log).CombinedOutput()
		if err == nil || !strings.Contains(string(out), "is the id of another prompt") {
			t.Fatalf("%v: %s; want all but one row imported", err, out)
		}
	}
	undisturbed := workspace("undisturbed")
	start := time.Now()
	run(undisturbed)
	took := time.Since(start)
	want := storedTasks(t, undisturbed)
	if len(want) != rows+4 {
		t.Fatalf("got %d tasks, want %d", len(want), rows+4)
	}

	seed := uint64(time.Now().UnixNano())
	t.Logf("seed %d, an undisturbed import takes %v", seed, took)
	random := rand.New(rand.NewPCG(seed, 1))
	killed := 0
	for n := range times {
		path := workspace(fmt.Sprint("killed", n))
		close := func() error { return nil }
		if n%2 == 1 {
			other, err := store.OpenExisting(context.Background(), filepath.Join(path, databaseName))
			if err != nil {
				t.Fatal(err)
			}
			close = other.Close
		}
		child := process(t, "-C", path, "audit", "import", log)
		if err := child.Start(); err != nil {
			t.Fatal(err)
		}
		after := time.Duration(random.Float64() * 1.1 * float64(took))
		time.Sleep(after)
		_ = child.Process.Kill() // an error is that it has ended
		_ = child.Wait()
		if child.ProcessState.ExitCode() < 0 {
			killed++
		}
		if err := close(); err != nil {
			t.Fatal(err)
		}
		run(path)
		if got := storedTasks(t, path); !reflect.DeepEqual(want, got) {
			t.Fatalf("killed after %v and run again (-undisturbed +got):\n%s", after, cmp.Diff(want, got))
		}
	}
	if killed < times/2 {
		t.Errorf("only %d of %d imports were killed before their end", killed, times)
	}
}
