package store

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"modeltrial/audit"
	"modeltrial/eval"
	"modeltrial/store/storetest"
)

var testTime = time.Date(2026, 3, 2, 9, 0, 0, 123456000, time.UTC)

// testProtocol has two use cases, the second with one candidate only.
var testProtocol = eval.Protocol{
	Name: "support", Control: "now", Weeks: 2, TasksPerWeek: 10, RatingsPerComparison: 1, Margin: 0.05, BudgetUSD: "1",
	Arms: []eval.Arm{
		{Name: "now", Provider: "files", Model: "atlas"},
		{Name: "next", Provider: "files", Model: "forge"},
		{Name: "small", Provider: "files", Model: "pebble"},
	},
	UseCases: []eval.UseCase{
		{Category: audit.Coding, Candidates: []string{"next", "small"}},
		{Category: audit.Math, Candidates: []string{"next"}},
	},
}

func TestMain(m *testing.M) {
	code := m.Run()
	if err := storetest.Drop(); err != nil {
		fmt.Fprintln(os.Stderr, err)
		code = 1
	}
	os.Exit(code)
}

// target is what a test opens in place of a file.
func target(t testing.TB, file string) string {
	t.Helper()
	return storetest.Target(t, file, func(address string) error {
		s, err := Open(context.Background(), address)
		if err != nil {
			return err
		}
		return s.Close()
	})
}

func openTest(t testing.TB, path string) *Store {
	t.Helper()
	s, err := Open(t.Context(), target(t, path))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	})
	return s
}

// reopen opens an open store's database once more.
func reopen(t testing.TB, s *Store) *Store {
	t.Helper()
	place := s.path
	if s.config != nil {
		place = s.config.ConnString()
	}
	again, err := Open(t.Context(), place)
	must(t, err)
	t.Cleanup(func() { must(t, again.Close()) })
	return again
}

func newTest(t testing.TB) *Store {
	t.Helper()
	return openTest(t, filepath.Join(t.TempDir(), "modeltrial.db"))
}

func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// addTasks imports n tasks of a category, named like coding-007.
func addTasks(t testing.TB, s *Store, category audit.Category, n int) []string {
	t.Helper()
	i, err := s.BeginImport(t.Context(), string(category)+".csv")
	must(t, err)
	defer i.Rollback()
	ids := make([]string, n)
	for k := range ids {
		ids[k] = fmt.Sprintf("%s-%03d", category, k)
		outcome, err := i.Add(t.Context(), audit.Task{
			ID: ids[k], Prompt: "do " + ids[k], Category: category, CategorySource: audit.CategoryFromLog, Probability: 1,
		})
		must(t, err)
		if outcome != Inserted {
			t.Fatalf("task %s: got outcome %v, want it inserted", ids[k], outcome)
		}
	}
	must(t, i.Commit(t.Context(), ImportedFile{Path: string(category) + ".csv", Format: "csv", Rows: n, Imported: n}))
	return ids
}

// newPilot has a locked protocol and a batch of n tasks for each use case in
// week 1, none answered.
func newPilot(t testing.TB, path string, n, ratingsPerComparison int) *Store {
	t.Helper()
	s := openTest(t, path)
	protocol := testProtocol
	protocol.RatingsPerComparison = ratingsPerComparison
	batch := map[audit.Category][]string{}
	for _, useCase := range protocol.UseCases {
		batch[useCase.Category] = addTasks(t, s, useCase.Category, n)
	}
	_, err := s.LockProtocol(t.Context(), protocol, "", testTime)
	must(t, err)
	must(t, s.CreateBatch(t.Context(), 1, batch, testTime))
	return s
}

// newAnswered is newPilot with all of week 1 answered and compared.
func newAnswered(t testing.TB, n, ratingsPerComparison int) *Store {
	t.Helper()
	s := newPilot(t, filepath.Join(t.TempDir(), "modeltrial.db"), n, ratingsPerComparison)
	answerAll(t, s)
	_, err := s.CreateComparisons(t.Context())
	must(t, err)
	return s
}

func answerAll(t testing.TB, s *Store) {
	t.Helper()
	cells, err := s.OpenCells(t.Context(), 0)
	must(t, err)
	var responses []eval.Response
	for _, cell := range cells {
		responses = append(responses, eval.Response{TaskID: cell.TaskID, Arm: cell.Arm, Week: cell.Week, Text: cell.Arm + " says " + cell.TaskID})
	}
	imported, _, rejected := importResponses(t, s, responses...)
	if imported != len(cells) || len(rejected) > 0 {
		t.Fatalf("imported %d of %d responses, rejected %v", imported, len(cells), rejected)
	}
}

// A rejectedRow is the place of a row in an import, and why it was not taken.
type rejectedRow struct {
	Index int
	*audit.RowError
}

// taken counts what became of rows.
type taken struct {
	imported, duplicates int
	rejected             []rejectedRow
}

func (n *taken) note(t testing.TB, index int, stored bool, err error) {
	t.Helper()
	if failure, ok := errors.AsType[*audit.RowError](err); ok {
		n.rejected = append(n.rejected, rejectedRow{index, failure})
		return
	}
	must(t, err)
	if stored {
		n.imported++
	} else {
		n.duplicates++
	}
}

func importResponses(t testing.TB, s *Store, responses ...eval.Response) (imported, duplicates int, rejected []rejectedRow) {
	t.Helper()
	var n taken
	must(t, s.ImportResponses(t.Context(), testTime, func(take func(eval.Response) (bool, error)) error {
		for i, response := range responses {
			stored, err := take(response)
			n.note(t, i, stored, err)
		}
		return nil
	}))
	return n.imported, n.duplicates, n.rejected
}

func importRatings(t testing.TB, s *Store, given ...eval.Rating) (imported, duplicates int, rejected []rejectedRow) {
	t.Helper()
	var n taken
	must(t, s.ImportRatings(t.Context(), "ratings.csv", testTime, func(take func(eval.Rating) (bool, error), _ func(eval.Guess) error) (ImportedFile, error) {
		for i, rating := range given {
			stored, err := take(rating)
			n.note(t, i, stored, err)
		}
		return ImportedFile{Path: "ratings.csv", Format: "csv"}, nil
	}))
	return n.imported, n.duplicates, n.rejected
}

func addRater(t testing.TB, s *Store, name string) eval.Rater {
	t.Helper()
	rater, err := s.AddRater(t.Context(), eval.Rater{Name: name, Kind: eval.Human}, testTime)
	must(t, err)
	return rater
}

func controlFirst(int, int) eval.Side { return eval.SideA }

// next is the rater's next presentation.
func next(t testing.TB, s *Store, rater eval.Rater) eval.Presentation {
	t.Helper()
	shown, err := s.NextPresentation(t.Context(), rater, controlFirst, testTime)
	must(t, err)
	return shown
}

func ratings(t testing.TB, s *Store) []eval.Rating {
	t.Helper()
	var all []eval.Rating
	must(t, s.EachRating(t.Context(), 0, func(r eval.Rating) error {
		all = append(all, r)
		return nil
	}))
	return all
}

// count runs a query that gives one number.
func count(t testing.TB, s *Store, query string, arguments ...any) (n int) {
	t.Helper()
	must(t, s.reader.GetContext(context.Background(), &n, query, arguments...))
	return n
}

func wantError(t testing.TB, err error, parts ...string) {
	t.Helper()
	if err == nil {
		t.Fatalf("got no error, want one with %q", parts)
	}
	for _, part := range parts {
		if !strings.Contains(err.Error(), part) {
			t.Errorf("got error %q, want it to say %q", err, part)
		}
	}
}

var testRater = eval.Rater{Name: "ann", Kind: eval.Human}
