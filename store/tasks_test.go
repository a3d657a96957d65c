package store

import (
	"errors"
	"fmt"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"modeltrial/audit"
	"modeltrial/eval"
	"modeltrial/store/storetest"
)

func ptr[T any](v T) *T { return &v }

// fullTask has every field filled.
func init() {
	if storetest.Postgres() {
		fullTask.Prompt = plainText(fullTask.Prompt) // it stores no NUL
	}
}

var fullTask = audit.Task{
	ID: "t-1", Timestamp: testTime, Team: "support", User: "ann", Model: "atlas", Provider: "acme",
	System: "be brief", Prompt: "what is\x00 1+1? 漢字", Response: "2", Reference: "two", FinalText: "2.",
	Conversation: []audit.Message{{Role: "user", Content: "hi"}, {Role: "assistant", Content: "hello"}},
	Tags:         []string{"a", "b,c"}, Metadata: map[string]string{"region": "eu"},
	Category: audit.Math, CategorySource: audit.CategoryFromLog, Probability: 1, Cluster: "thread-9",
	Tokens: audit.Tokens{Input: ptr(int64(10)), Cached: ptr(int64(0)), Output: ptr(int64(3)), Reasoning: ptr(int64(1))},
	Cost:   ptr(audit.NanoUSD(310_000)), LatencyMS: ptr(int64(800)), TTFTMS: ptr(int64(90)),
	Origin: audit.Origin{File: "log.csv", Line: 7, RowSHA256: "ab"},
}

func importTasks(t testing.TB, s *Store, tasks ...audit.Task) (outcomes []ImportOutcome) {
	t.Helper()
	i, err := s.BeginImport(t.Context(), "log.csv")
	must(t, err)
	defer i.Rollback()
	for _, task := range tasks {
		outcome, err := i.Add(t.Context(), task)
		must(t, err)
		outcomes = append(outcomes, outcome)
	}
	must(t, i.Commit(t.Context(), ImportedFile{Path: "log.csv", Format: "csv", Rows: len(tasks)}))
	return outcomes
}

func TestTaskComesBackAsItWas(t *testing.T) {
	s := newTest(t)
	bare := audit.Task{ID: "t-2", Prompt: "hello", Origin: audit.Origin{File: "log.csv", Line: 8}}
	importTasks(t, s, fullTask, bare)
	for _, want := range []audit.Task{fullTask, bare} {
		got, err := s.Task(t.Context(), want.ID)
		must(t, err)
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("task %s (-want +got):\n%s", want.ID, diff)
		}
	}
	if _, err := s.Task(t.Context(), "t-3"); !errors.Is(err, eval.ErrNotFound) {
		t.Errorf("got %v for an unknown task, want eval.ErrNotFound", err)
	}
	for _, want := range [][]audit.Task{{bare, fullTask}, {fullTask}, {}} {
		var ids []string
		for _, task := range want {
			ids = append(ids, task.ID)
		}
		got, err := s.Tasks(t.Context(), ids)
		must(t, err)
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("tasks %q together (-want +got):\n%s", ids, diff)
		}
	}
	if _, err := s.Tasks(t.Context(), []string{"t-2", "t-3"}); !errors.Is(err, eval.ErrNotFound) || !strings.Contains(err.Error(), "t-3") {
		t.Errorf("got %v for an unknown task among others, want eval.ErrNotFound and its id", err)
	}
}

func TestSummaryLeavesTextsOut(t *testing.T) {
	s := newTest(t)
	importTasks(t, s, fullTask)
	want := fullTask
	want.System, want.Prompt, want.Response, want.Reference, want.FinalText = "", "", "", "", ""
	want.Conversation, want.Tags, want.Metadata, want.Origin.File = nil, nil, nil, ""
	must(t, s.EachTaskSummary(t.Context(), func(got audit.Task) error {
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("summary (-want +got):\n%s", diff)
		}
		return nil
	}))
}

func TestImportAgainChangesNothing(t *testing.T) {
	s := newTest(t)
	importTasks(t, s, fullTask)
	other, changed := fullTask, fullTask
	other.Model = "forge" // the same task on another model
	changed.Prompt = "what is 2+2?"
	got := importTasks(t, s, fullTask, other, changed)
	if diff := cmp.Diff([]ImportOutcome{Duplicate, Duplicate, Conflict}, got); diff != "" {
		t.Errorf("outcomes (-want +got):\n%s", diff)
	}
	stored, err := s.Task(t.Context(), fullTask.ID)
	must(t, err)
	if diff := cmp.Diff(fullTask, stored); diff != "" {
		t.Errorf("the stored task changed (-want +got):\n%s", diff)
	}
}

func TestRollbackLeavesNothing(t *testing.T) {
	s := newTest(t)
	i, err := s.BeginImport(t.Context(), "log.csv")
	must(t, err)
	_, err = i.Add(t.Context(), fullTask)
	must(t, err)
	i.Rollback()
	if n := count(t, s, `SELECT (SELECT count(*) FROM tasks) + (SELECT count(*) FROM import_files)`); n != 0 {
		t.Errorf("got %d rows after a rollback, want none", n)
	}
}

func TestReviewIsNotOverwritten(t *testing.T) {
	s := newTest(t)
	importTasks(t, s, audit.Task{ID: "a", Prompt: "x"}, audit.Task{ID: "b", Prompt: "y"}, audit.Task{ID: "c", Prompt: "z"})
	update := func(id string, category audit.Category, source audit.CategorySource) {
		must(t, s.SetCategories(t.Context(), []CategoryUpdate{{TaskID: id, Category: category, Source: source, Probability: 0.5}}))
	}
	update("a", audit.Math, audit.CategoryFromLocal)
	update("b", audit.Math, audit.CategoryFromReview)
	update("b", audit.Coding, audit.CategoryFromLocal)
	if task, _ := s.Task(t.Context(), "b"); task.Category != audit.Math || task.CategorySource != audit.CategoryFromReview {
		t.Errorf("got %s from %s, want a person's math to stay", task.Category, task.CategorySource)
	}
	update("b", audit.Creative, audit.CategoryFromReview)
	if task, _ := s.Task(t.Context(), "b"); task.Category != audit.Creative {
		t.Errorf("got %s, want the person's second word", task.Category)
	}
	ids := func(again bool, after int64) (ids []string) {
		rows, err := s.Unclassified(t.Context(), again, after)
		must(t, err)
		for _, row := range rows {
			ids = append(ids, string("abc"[row.Row-1]))
		}
		return ids
	}
	if diff := cmp.Diff([]string{"c"}, ids(false, 0)); diff != "" {
		t.Errorf("without category (-want +got):\n%s", diff)
	}
	if diff := cmp.Diff([]string{"a", "c"}, ids(true, 0)); diff != "" {
		t.Errorf("to categorise again (-want +got):\n%s", diff)
	}
	unknown, err := s.UnknownTaskIDs(t.Context(), []string{"b", "nope", "1"})
	must(t, err)
	if diff := cmp.Diff([]string{"nope", "1"}, unknown); diff != "" {
		t.Errorf("unknown ids (-want +got):\n%s", diff)
	}
	shares, err := s.CategoryShare(t.Context())
	must(t, err)
	if diff := cmp.Diff(map[audit.Category]float64{audit.Math: 0.5, audit.Creative: 0.5}, shares); diff != "" {
		t.Errorf("shares (-want +got):\n%s", diff)
	}
}

func TestUnclassifiedGivesWhatDecides(t *testing.T) {
	s := newTest(t)
	turns := func(turns ...string) (conversation []audit.Message) {
		for i := 0; i < len(turns); i += 2 {
			conversation = append(conversation, audit.Message{Role: turns[i], Content: turns[i+1]})
		}
		return conversation
	}
	big := strings.Repeat("x", 600<<10)
	importTasks(t, s,
		audit.Task{ID: "a", Prompt: "p", System: "s", Conversation: turns("user", "one", "assistant", "two", "user", "three", "assistant", "four")},
		audit.Task{ID: "b", Prompt: "q", Conversation: turns("assistant", "hello")},
		audit.Task{ID: "c", Prompt: big}, audit.Task{ID: "d", Prompt: big}, audit.Task{ID: "e", Prompt: "r"})
	first, err := s.Unclassified(t.Context(), false, 0)
	must(t, err)
	want := []UnclassifiedTask{{Row: 1, System: "s", Prompt: "p", LastUserTurn: "three"}, {Row: 2, Prompt: "q"}, {Row: 3, Prompt: big}, {Row: 4, Prompt: big}}
	if diff := cmp.Diff(want, first); diff != "" {
		t.Errorf("first (-want +got):\n%s", diff)
	}
	rest, err := s.Unclassified(t.Context(), false, 4)
	must(t, err)
	if len(rest) != 1 || rest[0].Row != 5 {
		t.Errorf("got %v after row 4, want row 5", rest)
	}
	must(t, s.SetCategories(t.Context(), []CategoryUpdate{{Row: 5, Category: audit.Math, Source: audit.CategoryFromLocal, Probability: 0.5}}))
	if task, err := s.Task(t.Context(), "e"); err != nil || task.Category != audit.Math {
		t.Errorf("got %v, %v, want math by its row", task.Category, err)
	}
	if rest, err := s.Unclassified(t.Context(), false, 4); err != nil || len(rest) != 0 {
		t.Errorf("got %v, %v, want none left", rest, err)
	}
}

// BenchmarkImport imports 10,000 tasks, beside the same rows in the barest loop
// of one prepared insert.
func BenchmarkImport(b *testing.B) {
	const n = 10_000
	tasks := make([]audit.Task, n)
	for i := range tasks {
		tasks[i] = fullTask
		tasks[i].ID = fmt.Sprintf("task-%06d", i)
		tasks[i].Prompt = strings.Repeat("a prompt of some length ", 20)
		tasks[i].Response = strings.Repeat("an answer of some length ", 40)
	}
	b.Run("store", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			b.StopTimer()
			s := newTest(b)
			b.StartTimer()
			importTasks(b, s, tasks...)
		}
		b.ReportMetric(float64(n)*float64(b.N)/b.Elapsed().Seconds(), "tasks/s")
	})
	b.Run("bare", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			b.StopTimer()
			s := newTest(b)
			_, err := s.writer.Exec(`CREATE TABLE bare (id TEXT PRIMARY KEY, prompt TEXT, response TEXT, cost INTEGER)`)
			must(b, err)
			b.StartTimer()
			tx, err := s.writer.Begin()
			must(b, err)
			insert, err := tx.Prepare(`INSERT INTO bare VALUES (?, ?, ?, ?)`)
			must(b, err)
			for _, task := range tasks {
				_, err := insert.Exec(task.ID, task.Prompt, task.Response, int64(*task.Cost))
				must(b, err)
			}
			must(b, tx.Commit())
		}
		b.ReportMetric(float64(n)*float64(b.N)/b.Elapsed().Seconds(), "tasks/s")
	})
}

// BenchmarkEachTaskSummary reads 10,000 tasks with long texts without the texts.
func BenchmarkEachTaskSummary(b *testing.B) {
	s := openTest(b, filepath.Join(b.TempDir(), "modeltrial.db"))
	tasks := make([]audit.Task, 10_000)
	for i := range tasks {
		tasks[i] = fullTask
		tasks[i].ID = fmt.Sprintf("task-%06d", i)
		tasks[i].Response = strings.Repeat("an answer of some length ", 400)
	}
	importTasks(b, s, tasks...)
	b.ReportAllocs()
	for b.Loop() {
		must(b, s.EachTaskSummary(b.Context(), func(audit.Task) error { return nil }))
	}
	b.ReportMetric(float64(len(tasks))*float64(b.N)/b.Elapsed().Seconds(), "tasks/s")
}

// TestTaskTexts are of all tasks, whoever sorted them, or of a share that takes no turns.
func TestTaskTexts(t *testing.T) {
	s := openTest(t, filepath.Join(t.TempDir(), "modeltrial.db"))
	ids := addTasks(t, s, "coding", 900)
	rows := func(oneIn int) (rows []int64, odd int) {
		t.Helper()
		for task, err := range s.TaskTexts(t.Context(), oneIn) {
			must(t, err)
			if task.Prompt == "" {
				t.Errorf("row %d has no prompt", task.Row)
			}
			rows = append(rows, task.Row)
			odd += int(task.Row % 2)
		}
		return rows, odd
	}
	if all, _ := rows(1); len(all) != len(ids) || !slices.IsSorted(all) {
		t.Errorf("got %d of %d tasks in the order %v", len(all), len(ids), all)
	}
	for oneIn, want := range map[int]int{2: 450, 3: 300, 9: 100} {
		got, odd := rows(oneIn)
		again, _ := rows(oneIn)
		if len(got) < want*8/10 || len(got) > want*12/10 || odd < len(got)*4/10 || odd > len(got)*6/10 {
			t.Errorf("one in %d are %d tasks, %d of odd rows; want about %d and half of them", oneIn, len(got), odd, want)
		}
		if !slices.Equal(got, again) {
			t.Errorf("one in %d are others the second time", oneIn)
		}
	}
}
