package store

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"fmt"
	"io/fs"
	"math/rand/v2"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/pressly/goose/v3"

	"modeltrial/audit"
	"modeltrial/store/storetest"
)

// bulkTasks is a log of n tasks that fill different columns, with ids in no order.
func bulkTasks(n int) []audit.Task {
	random := rand.New(rand.NewPCG(3, 5))
	tasks := make([]audit.Task, n)
	for i := range tasks {
		task := audit.Task{
			ID: fmt.Sprintf("req-%016x", random.Uint64()), Prompt: fmt.Sprintf("what is %d?", i), Model: "atlas",
			Origin: audit.Origin{File: "log.csv", Line: i + 2},
		}
		if i%3 == 0 {
			task.Timestamp, task.Team = testTime, "support"
		}
		if i%1000 == 7 {
			task = fullTask
			task.ID = fmt.Sprintf("full-%d", i)
			task.Origin.Line = i + 2
		}
		tasks[i] = task
	}
	return tasks
}

// allTasks are the stored tasks in the order of import.
func allTasks(t testing.TB, s *Store) (tasks []audit.Task) {
	t.Helper()
	must(t, each(t.Context(), s, "tasks", func(row taskRow) error {
		task, err := row.task()
		tasks = append(tasks, task)
		return err
	}, `SELECT `+summaryColumns+`, `+textColumns+fromTasks+` ORDER BY t.row_id`))
	return tasks
}

func wantJournal(t testing.TB, i *TaskImport, want string) {
	t.Helper()
	if storetest.Postgres() {
		return // it has none
	}
	var got string
	must(t, i.conn.QueryRowContext(t.Context(), `PRAGMA journal_mode`).Scan(&got))
	if got != want {
		t.Errorf("the journal is %s, want %s", got, want)
	}
}

func wantIndex(t testing.TB, s *Store) {
	t.Helper()
	list := s.dialect.one(`SELECT count(*) FROM sqlite_schema WHERE name IN ('tasks_id', 'tasks_category')`,
		`SELECT count(*) FROM pg_indexes WHERE indexname IN ('tasks_id', 'tasks_category')`)
	if n := count(t, s, list); n != 2 {
		t.Errorf("got %d of the 2 indexes of tasks", n)
	}
	if findings, err := s.Check(t.Context()); err != nil || len(findings) > 0 {
		t.Errorf("got findings %v, %v, want none", findings, err)
	}
}

// TestBulkImportIsAnImport takes in so many tasks that the index is left, with
// duplicates and conflicts before, at and after that.
func TestBulkImportIsAnImport(t *testing.T) {
	tasks := bulkTasks(9_000 / bulkScale)
	for name, begin := range map[string]func(*Store, context.Context, string) (*TaskImport, error){
		"wal": (*Store).BeginImport, "truncate": (*Store).BeginBulkImport,
	} {
		t.Run(name, func(t *testing.T) {
			s := newTest(t)
			i, err := begin(s, t.Context(), "log.csv")
			must(t, err)
			defer i.Rollback()
			wantJournal(t, i, name)
			for n, task := range tasks {
				if outcome, err := i.Add(t.Context(), task); err != nil || outcome != Inserted {
					t.Fatalf("task %d: got %v, %v, want it inserted", n, outcome, err)
				}
				again := tasks[n/2]
				if outcome, err := i.Add(t.Context(), again); err != nil || outcome != Duplicate {
					t.Fatalf("task %d again at %d: got %v, %v, want a duplicate", n/2, n, outcome, err)
				}
				again.Prompt = "another"
				if outcome, err := i.Add(t.Context(), again); err != nil || outcome != Conflict {
					t.Fatalf("task %d with another prompt at %d: got %v, %v, want a conflict", n/2, n, outcome, err)
				}
			}
			if i.ids == nil && !storetest.Postgres() {
				t.Error("the index is still used, want a set of ids")
			}
			must(t, i.Commit(t.Context(), ImportedFile{Path: "log.csv", Format: "csv", Rows: len(tasks)}))
			if diff := cmp.Diff(tasks, allTasks(t, s)); diff != "" {
				t.Errorf("tasks (-want +got):\n%s", diff)
			}
			wantIndex(t, s)
			if storetest.Postgres() {
				return // it has no journal to choose
			}
			var mode string
			must(t, s.writer.QueryRow(`PRAGMA journal_mode`).Scan(&mode))
			if mode != "wal" {
				t.Errorf("the journal is %s afterwards, want wal", mode)
			}
			// A second import, of the same and as many more.
			more := bulkTasks(18_000 / bulkScale)
			outcomes := importTasks(t, s, more...)
			for n, outcome := range outcomes {
				if want := n >= len(tasks); (outcome == Inserted) != want {
					t.Fatalf("task %d of the second import: got %v", n, outcome)
				}
			}
			if diff := cmp.Diff(more, allTasks(t, s)); diff != "" {
				t.Errorf("tasks after the second import (-want +got):\n%s", diff)
			}
			wantIndex(t, s)
		})
	}
}

// TestImportOutgrowsItsSet lets the set of ids be full in the middle.
func TestImportOutgrowsItsSet(t *testing.T) {
	storetest.NeedsFile(t)
	s := newTest(t)
	i, err := s.BeginBulkImport(t.Context(), "log.csv")
	must(t, err)
	defer i.Rollback()
	tasks := bulkTasks(9_000 / bulkScale)
	for n, task := range tasks {
		if n == 6_000/bulkScale {
			i.ids.used = mostIDs
		}
		outcome, err := i.Add(t.Context(), task)
		must(t, err)
		again, err := i.Add(t.Context(), tasks[n/2])
		if outcome != Inserted || again != Duplicate || err != nil {
			t.Fatalf("task %d: got %v, then %v for task %d, %v", n, outcome, again, n/2, err)
		}
	}
	if i.ids != nil {
		t.Error("a full set is still used")
	}
	must(t, i.Commit(t.Context(), ImportedFile{Path: "log.csv", Rows: len(tasks)}))
	if diff := cmp.Diff(tasks, allTasks(t, s)); diff != "" {
		t.Errorf("tasks (-want +got):\n%s", diff)
	}
	wantIndex(t, s)
}

// TestNothingIsInsertedAfterAFailure: SQLite may have rolled back, so that statements
// which wait behind the one that failed would be stored for good.
func TestNothingIsInsertedAfterAFailure(t *testing.T) {
	storetest.NeedsFile(t)
	s := newTest(t)
	i, err := s.BeginImport(t.Context(), "log.csv")
	must(t, err)
	defer i.Rollback()
	values, has := make([]driver.Value, len(taskColumns)), columnSet(0)
	for at, column := range taskColumns {
		if value, there := map[string]driver.Value{"file_line": int64(1), "prompt": "hello", "id": ""}[column.name]; there {
			values[at], has = value, has|1<<at
		}
	}
	for n := range rowsPerStatement * statementsAhead {
		values[0] = fmt.Sprint("t-", n)
		if n == rowsPerStatement+1 {
			values[0] = "t-0" // breaks the second statement
		}
		must(t, i.insert.add(t.Context(), values, has))
	}
	wantError(t, i.insert.wait(), "UNIQUE")
	var stored int
	must(t, i.conn.QueryRowContext(t.Context(), `SELECT count(*) FROM tasks`).Scan(&stored))
	if stored != rowsPerStatement {
		t.Errorf("got %d tasks stored, want the %d before the failure", stored, rowsPerStatement)
	}
}

func TestBulkRollbackLeavesNothing(t *testing.T) {
	s := newTest(t)
	importTasks(t, s, fullTask)
	i, err := s.BeginBulkImport(t.Context(), "log.csv")
	must(t, err)
	for _, task := range bulkTasks(9_000 / bulkScale) {
		_, err = i.Add(t.Context(), task)
		must(t, err)
	}
	i.Rollback()
	if diff := cmp.Diff([]audit.Task{fullTask}, allTasks(t, s)); diff != "" {
		t.Errorf("tasks (-want +got):\n%s", diff)
	}
	wantIndex(t, s)
	if storetest.Postgres() {
		return // it has no such settings
	}
	for name, want := range map[string]string{"foreign_keys": "1", "ignore_check_constraints": "0", "journal_mode": "wal"} {
		var got string
		must(t, s.writer.QueryRow("PRAGMA "+name).Scan(&got))
		if got != want {
			t.Errorf("%s is %s afterwards, want %s", name, got, want)
		}
	}
}

// TestBulkImportBesideAnotherProcess: whoever has the database open reads on, and
// what it reads is what was there.
func TestBulkImportBesideAnotherProcess(t *testing.T) {
	path := filepath.Join(t.TempDir(), "modeltrial.db")
	other, s := openTest(t, path), openTest(t, path)
	importTasks(t, other, fullTask)
	i, err := s.BeginBulkImport(t.Context(), "log.csv")
	must(t, err)
	defer i.Rollback()
	wantJournal(t, i, "wal")
	tasks := bulkTasks(9_000 / bulkScale)
	for n, task := range tasks {
		_, err := i.Add(t.Context(), task)
		must(t, err)
		if n%(3_000/bulkScale) == 0 {
			if got, err := other.CountTasks(t.Context()); err != nil || got != 1 {
				t.Fatalf("another process reads %d tasks, %v, want 1", got, err)
			}
			if _, err := other.Task(t.Context(), fullTask.ID); err != nil {
				t.Fatalf("another process looks up a task: %v", err)
			}
		}
	}
	must(t, i.Commit(t.Context(), ImportedFile{Path: "log.csv", Rows: len(tasks)}))
	if got, err := other.CountTasks(t.Context()); err != nil || got != len(tasks)+1 {
		t.Errorf("another process reads %d tasks afterwards, %v, want %d", got, err, len(tasks)+1)
	}
	wantIndex(t, other)
}

func TestImportAgainCompletes(t *testing.T) {
	s := newTest(t)
	bare := audit.Task{ID: fullTask.ID, Prompt: fullTask.Prompt, Team: "legal", Metadata: fullTask.Metadata, Origin: fullTask.Origin}
	importTasks(t, s, bare)
	other := fullTask
	other.Model, other.Category = "forge", audit.General // known by then
	got := importTasks(t, s, fullTask, fullTask, other)
	if diff := cmp.Diff([]ImportOutcome{Completed, Duplicate, Duplicate}, got); diff != "" {
		t.Errorf("outcomes (-want +got):\n%s", diff)
	}
	want := fullTask
	want.Team = "legal" // was known
	stored, err := s.Task(t.Context(), fullTask.ID)
	must(t, err)
	if diff := cmp.Diff(want, stored); diff != "" {
		t.Errorf("the completed task (-want +got):\n%s", diff)
	}
}

// TestRowsWithoutIDThatRepeat: each counts, and importing them again changes nothing,
// whatever the number and the order.
func TestRowsWithoutIDThatRepeat(t *testing.T) {
	hash := func(n int) string { return strings.Repeat(fmt.Sprintf("%04x", n), 16) }
	row := func(n int) audit.Task {
		return audit.Task{ID: audit.RowIDPrefix + hash(n)[:24], Prompt: fmt.Sprint("row ", n), Origin: audit.Origin{File: "log.csv", RowSHA256: hash(n)}}
	}
	for _, size := range []int{40, 12_000 / bulkScale} { // with the index alone, and with a set of ids
		s := newTest(t)
		var file []audit.Task
		random := rand.New(rand.NewPCG(1, uint64(size)))
		for range size {
			file = append(file, row(random.IntN(max(9, size/4)))) // the time grows with the square of the repeats
		}
		outcomes := importTasks(t, s, file...)
		again := importTasks(t, s, file...)
		longer := importTasks(t, s, append(file, row(3), row(77), row(3))...)
		for n := range file {
			if outcomes[n] != Inserted || again[n] != Duplicate || longer[n] != Duplicate {
				t.Fatalf("row %d of %d: got %v, then %v and %v; want it inserted, then there", n, size, outcomes[n], again[n], longer[n])
			}
		}
		if diff := cmp.Diff([]ImportOutcome{Inserted, Inserted, Inserted}, longer[size:]); diff != "" {
			t.Errorf("rows that came in addition (-want +got):\n%s", diff)
		}
		if n := count(t, s, `SELECT count(*) FROM tasks`); n != size+3 {
			t.Errorf("got %d tasks, want %d", n, size+3)
		}
		wantIndex(t, s)
	}
}

func TestImportRefusesWhatNoTaskHas(t *testing.T) {
	for name, change := range map[string]func(*audit.Task){
		"negative tokens":    func(task *audit.Task) { task.Tokens.Input = ptr(int64(-1)) },
		"category of nobody": func(task *audit.Task) { task.CategorySource = "" },
		"probability":        func(task *audit.Task) { task.Probability = 1.5 },
	} {
		s := newTest(t)
		i, err := s.BeginImport(t.Context(), "log.csv")
		must(t, err)
		task := fullTask
		change(&task)
		if _, err := i.Add(t.Context(), task); err == nil {
			t.Errorf("%s: got no error", name)
		}
		i.Rollback()
	}
}

// TestMigrationKeepsTasks brings a database of the first schema up to date.
func TestMigrationKeepsTasks(t *testing.T) {
	storetest.NeedsFile(t)
	path := filepath.Join(t.TempDir(), "modeltrial.db")
	raw, err := sql.Open("sqlite", "file:"+path+"?_pragma=foreign_keys(1)")
	must(t, err)
	files, err := fs.Sub(migrations, "migrations/sqlite")
	must(t, err)
	provider, err := goose.NewProvider(goose.DialectSQLite3, raw, files)
	must(t, err)
	_, err = provider.UpTo(t.Context(), 1)
	must(t, err)
	_, err = raw.Exec(`
INSERT INTO import_files VALUES (1, 'log.csv', 'tasks', 'csv', '', 3, 3, 0, 0, 5);
INSERT INTO tasks VALUES
    (1, 'b', 1700000000000000, 'support', 'ann', 'atlas', 'acme', 'c', 'math', 'review', 0.5, 1, 2, 3, 4, 5, 6, 7, 1, 2, 'ab', 'sys', 'p', '[]', 'r', 'ref', 'fin', '["x"]', '{"k":"v"}'),
    (4, 'a', NULL, '', '', '', '', '', '', '', 0, NULL, NULL, NULL, NULL, NULL, NULL, NULL, 1, 3, '', '', 'q', '[]', '', '', '', '[]', '{}');
INSERT INTO batches VALUES (1, 5);
INSERT INTO batch_tasks VALUES ('b', 1, 'math', 'sample');`)
	must(t, err)
	must(t, raw.Close())

	s := openTest(t, path)
	var rows []int64
	must(t, s.reader.SelectContext(t.Context(), &rows, `SELECT row_id FROM tasks ORDER BY row_id`))
	if diff := cmp.Diff([]int64{1, 4}, rows); diff != "" {
		t.Errorf("rows (-want +got):\n%s", diff)
	}
	want := audit.Task{
		ID: "b", Timestamp: fromMicros(ptr(int64(1700000000000000))), Team: "support", User: "ann", Model: "atlas", Provider: "acme", Cluster: "c",
		System: "sys", Prompt: "p", Response: "r", Reference: "ref", FinalText: "fin", Tags: []string{"x"}, Metadata: map[string]string{"k": "v"},
		Category: audit.Math, CategorySource: audit.CategoryFromReview, Probability: 0.5,
		Tokens: audit.Tokens{Input: ptr(int64(1)), Cached: ptr(int64(2)), Output: ptr(int64(3)), Reasoning: ptr(int64(4))},
		Cost:   ptr(audit.NanoUSD(5)), LatencyMS: ptr(int64(6)), TTFTMS: ptr(int64(7)), Origin: audit.Origin{File: "log.csv", Line: 2, RowSHA256: "ab"},
	}
	got, err := s.Task(t.Context(), "b")
	must(t, err)
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("task (-want +got):\n%s", diff)
	}
	wantIndex(t, s)
	if _, err := s.writer.Exec(`DELETE FROM tasks WHERE id = 'b'`); err == nil {
		t.Error("a task of a batch could be deleted, want its foreign key kept")
	}
	if outcomes := importTasks(t, s, audit.Task{ID: "a", Prompt: "q"}, fullTask); outcomes[0] != Duplicate || outcomes[1] != Inserted {
		t.Errorf("importing into the migrated database: got %v", outcomes)
	}
}
