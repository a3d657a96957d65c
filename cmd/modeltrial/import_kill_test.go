package main

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"math"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"reflect"
	"slices"
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
	var ids []string
	err = s.EachTaskSummary(t.Context(), func(task audit.Task) error {
		ids = append(ids, task.ID)
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	for some := range slices.Chunk(ids, 1000) {
		read, err := s.Tasks(t.Context(), some)
		if err != nil {
			t.Fatal(err)
		}
		tasks = append(tasks, read...)
	}
	return tasks
}

// written is how many bytes a workspace's database has, and what SQLite keeps beside it.
func written(workspace string) (size int64) {
	for _, ending := range []string{"", "-wal", "-journal"} {
		if file, err := os.Stat(filepath.Join(workspace, databaseName) + ending); err == nil {
			size += file.Size()
		}
	}
	return size
}

// importUntil imports a log and kills the import at a moment after it has written so many
// bytes. It gives the most that were there at once, and what was said.
func importUntil(t testing.TB, workspace, log string, limit int64, after time.Duration) (most int64, killed bool, said string) {
	t.Helper()
	child := process(t, "-C", workspace, "audit", "import", log)
	var out bytes.Buffer
	child.Stdout, child.Stderr = &out, &out
	if err := child.Start(); err != nil {
		t.Fatal(err)
	}
	ended := make(chan struct{})
	go func() {
		_ = child.Wait() // its state tells
		close(ended)
	}()
	for {
		select {
		case <-ended:
			return most, child.ProcessState.ExitCode() < 0, out.String()
		case <-time.After(time.Millisecond):
		}
		if most = max(most, written(workspace)); most >= limit {
			time.Sleep(after)
			_ = child.Process.Kill() // an error is that it has ended
		}
	}
}

// TestAKilledImportRunAgainIsAnImport kills imports at random moments, then runs them
// again: every task must be as after an import that nobody disturbed. Every second
// import finds another process at the database, so that it uses the other journal. The
// moments go by what is written and not by the clock, so that a busy machine moves none
// of them behind the end.
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
	// visit opens a database as another process does, where there is to be one.
	visit := func(workspace string, other bool) (leave func()) {
		if !other {
			return func() {}
		}
		s, err := store.OpenExisting(context.Background(), filepath.Join(workspace, databaseName))
		if err != nil {
			t.Fatal(err)
		}
		return func() {
			if err := s.Close(); err != nil {
				t.Fatal(err)
			}
		}
	}
	run := func(workspace string) (most int64) {
		t.Helper()
		most, killed, said := importUntil(t, workspace, log, math.MaxInt64, 0)
		if killed || !strings.Contains(said, "is the id of another prompt") {
			t.Fatalf("%s; want all but one row imported", said)
		}
		return most
	}
	undisturbed := workspace("undisturbed")
	mostAlone := run(undisturbed)
	want := storedTasks(t, undisturbed)
	if len(want) != rows+4 {
		t.Fatalf("got %d tasks, want %d", len(want), rows+4)
	}
	beside := workspace("beside")
	leave := visit(beside, true)
	mostBeside := run(beside)
	leave()

	seed := uint64(time.Now().UnixNano())
	t.Logf("seed %d, an undisturbed import writes %d bytes alone and %d beside another process", seed, mostAlone, mostBeside)
	random := rand.New(rand.NewPCG(seed, 1))
	killed := 0
	for n := range times {
		path := workspace(fmt.Sprint("killed", n))
		other, most := n%2 == 1, mostAlone
		if other {
			most = mostBeside
		}
		limit, after := int64(random.Float64()*float64(most)), time.Duration(random.IntN(int(20*time.Millisecond)))
		leave := visit(path, other)
		if _, dead, _ := importUntil(t, path, log, limit, after); dead {
			killed++
		}
		leave()
		run(path)
		if got := storedTasks(t, path); !reflect.DeepEqual(want, got) {
			t.Fatalf("killed %v after %d bytes and run again (-undisturbed +got):\n%s", after, limit, cmp.Diff(want, got))
		}
	}
	t.Logf("%d of %d imports were killed before their end", killed, times)
	if killed < times/2 {
		t.Errorf("only %d of %d imports were killed before their end", killed, times)
	}
}
