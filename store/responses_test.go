package store

import (
	"errors"
	"fmt"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"golang.org/x/sync/errgroup"

	"modeltrial/audit"
	"modeltrial/eval"
)

func measured(cost audit.NanoUSD) eval.Response {
	return eval.Response{Text: "an answer", Cost: &cost, Attempts: 1, Origin: eval.Measured, Tokens: audit.Tokens{Input: ptr(int64(5))}}
}

func openCells(t testing.TB, s *Store) []eval.Cell {
	t.Helper()
	cells, err := s.OpenCells(t.Context(), 1)
	must(t, err)
	return cells
}

func TestOpenCellsAreThoseOfTheProtocol(t *testing.T) {
	s := newPilot(t, filepath.Join(t.TempDir(), "modeltrial.db"), 1, 1)
	want := []eval.Cell{
		{TaskID: "coding-000", Category: "coding", Arm: "now", Week: 1},
		{TaskID: "coding-000", Category: "coding", Arm: "next", Week: 1},
		{TaskID: "coding-000", Category: "coding", Arm: "small", Week: 1},
		{TaskID: "math-000", Category: "math", Arm: "now", Week: 1},
		{TaskID: "math-000", Category: "math", Arm: "next", Week: 1},
	}
	if diff := cmp.Diff(want, openCells(t, s)); diff != "" {
		t.Errorf("cells (-want +got):\n%s", diff)
	}
	must(t, s.Reserve(t.Context(), want[0], 10, 100, testTime, testTime.Add(time.Minute)))
	must(t, s.SaveResponse(t.Context(), want[0], measured(7), 0, testTime))
	if diff := cmp.Diff(want[1:], openCells(t, s)); diff != "" {
		t.Errorf("cells after one answer (-want +got):\n%s", diff)
	}
	if cells, err := s.OpenCells(t.Context(), 2); err != nil || len(cells) > 0 {
		t.Errorf("got %v, %v for a week without a batch, want nothing", cells, err)
	}
}

// TestTasksRatedElsewhereAreNotCalled: importing ratings must not make the next run
// pay for answers to their tasks.
func TestTasksRatedElsewhereAreNotCalled(t *testing.T) {
	s := newPilot(t, filepath.Join(t.TempDir(), "modeltrial.db"), 1, 1)
	importTasks(t, s, audit.Task{ID: "other", Prompt: "p", Category: audit.Math, CategorySource: audit.CategoryFromLog, Probability: 1})
	before := openCells(t, s)
	importRatings(t, s, given("other", "next", eval.PrefersA, eval.SideA))
	if diff := cmp.Diff(before, openCells(t, s)); diff != "" {
		t.Errorf("cells after importing a rating (-want +got):\n%s", diff)
	}
	importResponses(t, s, eval.Response{TaskID: "other", Arm: "now", Text: "x"})
	if got := len(openCells(t, s)); got != len(before)+1 {
		t.Errorf("got %d cells after importing one arm's answer, want the other arm's beside the %d", got, len(before))
	}
}

func TestABatchStaysAsItIs(t *testing.T) {
	s := newPilot(t, filepath.Join(t.TempDir(), "modeltrial.db"), 1, 1)
	ids := append(addTasks(t, s, "creative", 1), "coding-000")
	for range 2 {
		must(t, s.CreateBatch(t.Context(), 1, map[audit.Category][]string{audit.Coding: ids}, testTime)) // week 1 is there
		must(t, s.CreateBatch(t.Context(), 2, map[audit.Category][]string{audit.Coding: ids}, testTime)) // one task is in week 1
	}
	want := []BatchCount{{1, "coding", 1}, {1, "math", 1}, {2, "coding", 1}}
	got, err := s.Batches(t.Context())
	must(t, err)
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("batches (-want +got):\n%s", diff)
	}
	if err := s.CreateBatch(t.Context(), 3, map[audit.Category][]string{audit.Coding: {"unknown"}}, testTime); err == nil {
		t.Error("an unknown task was taken into a batch")
	}
	if n := count(t, s, `SELECT count(*) FROM batches WHERE week = 3`); n != 0 {
		t.Error("the failed batch left its week behind")
	}
}

func TestReserve(t *testing.T) {
	s := newPilot(t, filepath.Join(t.TempDir(), "modeltrial.db"), 2, 1)
	cells := openCells(t, s)
	const budget = 150
	reserve := func(i int, worst audit.NanoUSD, now time.Time) error {
		return s.Reserve(t.Context(), cells[i], worst, budget, now, now.Add(time.Minute))
	}
	must(t, reserve(0, 40, testTime))
	if err := reserve(0, 1, testTime); !errors.Is(err, eval.ErrClaimed) {
		t.Errorf("claiming a claimed cell: got %v, want eval.ErrClaimed", err)
	}
	must(t, reserve(1, 110, testTime))
	if err := reserve(2, 1, testTime); !errors.Is(err, eval.ErrBudgetExhausted) {
		t.Errorf("beyond the budget: got %v, want eval.ErrBudgetExhausted", err)
	}
	must(t, s.Release(t.Context(), cells[1], eval.FailedCall{Reason: "429 too many requests"}, testTime))
	must(t, reserve(2, 60, testTime))
	must(t, s.SaveResponse(t.Context(), cells[2], measured(10), 0, testTime))
	must(t, reserve(3, 50, testTime)) // 40 reserved, 10 spent
	if err := reserve(4, 51, testTime); !errors.Is(err, eval.ErrBudgetExhausted) {
		t.Errorf("with 10 spent and 90 reserved: got %v, want eval.ErrBudgetExhausted", err)
	}
	late := testTime.Add(time.Minute)
	if err := reserve(2, 0, late.Add(time.Hour)); !errors.Is(err, eval.ErrClaimed) {
		t.Errorf("claiming an answered cell: got %v, want eval.ErrClaimed", err)
	}
	if spent, err := s.Spent(t.Context()); err != nil || spent != 10 {
		t.Errorf("spent %v, %v, want 10", spent, err)
	}
}

// TestALostCallStaysInTheBudget: a run that was killed may have been billed for
// the call it was in, so the money of a claim that ran out is not given again.
func TestALostCallStaysInTheBudget(t *testing.T) {
	s := newPilot(t, filepath.Join(t.TempDir(), "modeltrial.db"), 1, 1)
	cells := openCells(t, s)
	until := testTime.Add(time.Minute)
	must(t, s.Reserve(t.Context(), cells[0], 40, 100, testTime, until))
	must(t, s.Reserve(t.Context(), cells[0], 40, 100, until, until.Add(time.Minute))) // by the next run
	must(t, s.SaveResponse(t.Context(), cells[0], measured(30), 0, until))
	err := s.Reserve(t.Context(), cells[1], 31, 100, until, until.Add(time.Minute))
	if !errors.Is(err, eval.ErrBudgetExhausted) {
		t.Errorf("with 30 spent and 40 lost of 100: got %v, want eval.ErrBudgetExhausted", err)
	}
	must(t, s.Reserve(t.Context(), cells[1], 30, 100, until, until.Add(time.Minute)))
}

// TestResponsesKeepWhatTheProviderSays: all that a provider tells of an answer comes back.
func TestResponsesKeepWhatTheProviderSays(t *testing.T) {
	s := newPilot(t, filepath.Join(t.TempDir(), "modeltrial.db"), 1, 1)
	cell := openCells(t, s)[0]
	want := eval.Response{
		TaskID: cell.TaskID, Arm: cell.Arm, Week: cell.Week, Text: "yes", Cost: ptr(audit.NanoUSD(5)), TTFTMS: ptr(int64(3)), LatencyMS: ptr(int64(9)),
		Tokens:      audit.Tokens{Input: ptr(int64(9)), Cached: ptr(int64(2)), CacheWrite: ptr(int64(4)), Output: ptr(int64(7)), Reasoning: ptr(int64(0))},
		ModelServed: "atlas-2026", Fingerprint: "fp_1", FinishReason: "length", Attempts: 2, Origin: eval.Measured,
	}
	must(t, s.SaveResponse(t.Context(), cell, want, 0, testTime))
	must(t, s.EachResponse(t.Context(), func(got eval.Response) error {
		want.ID = got.ID
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("response (-want +got):\n%s", diff)
		}
		return nil
	}))
}

func TestSaveResponseKeepsTheFirst(t *testing.T) {
	s := newPilot(t, filepath.Join(t.TempDir(), "modeltrial.db"), 1, 1)
	cell := openCells(t, s)[0]
	must(t, s.SaveResponse(t.Context(), cell, measured(5), 0, testTime))
	if err := s.SaveResponse(t.Context(), cell, measured(9), 0, testTime); err == nil {
		t.Error("a second response to the same cell was taken")
	}
	if spent, _ := s.Spent(t.Context()); spent != 5 {
		t.Errorf("spent %v, want 5", spent)
	}
}

// TestRunsShareCells lets two runs of four workers each, on two openings of the
// file, work through the same cells under a budget for twelve of the fifteen.
func TestRunsShareCells(t *testing.T) {
	path := filepath.Join(t.TempDir(), "modeltrial.db")
	stores := []*Store{newPilot(t, path, 3, 1), openTest(t, path)}
	cells := openCells(t, stores[0])
	const worst, cost, budget = 10, 8, 12 * 8
	var mu sync.Mutex
	called := map[eval.Cell]int{}
	var group errgroup.Group
	for worker := range 8 {
		group.Go(func() error {
			s := stores[worker%2]
			for _, cell := range cells {
				err := s.Reserve(t.Context(), cell, worst, budget, testTime, testTime.Add(time.Minute))
				if errors.Is(err, eval.ErrClaimed) || errors.Is(err, eval.ErrBudgetExhausted) {
					continue
				}
				if err != nil {
					return err
				}
				mu.Lock()
				called[cell]++
				mu.Unlock()
				if err := s.SaveResponse(t.Context(), cell, measured(cost), 0, testTime); err != nil {
					return err
				}
			}
			return nil
		})
	}
	must(t, group.Wait())
	for cell, calls := range called {
		if calls != 1 {
			t.Errorf("cell %v was called %d times, want once", cell, calls)
		}
	}
	spent, err := stores[0].Spent(t.Context())
	must(t, err)
	if spent > budget || int(spent) != len(called)*cost || len(called) < 11 {
		t.Errorf("spent %d with %d calls, want each counted once within %d", spent, len(called), budget)
	}
}

func TestImportResponsesSaysWhyNot(t *testing.T) {
	s := newPilot(t, filepath.Join(t.TempDir(), "modeltrial.db"), 1, 1)
	importTasks(t, s, audit.Task{ID: "loose", Prompt: "p"},
		audit.Task{ID: "late", Prompt: "p", Category: audit.Math, CategorySource: audit.CategoryFromLog, Probability: 1})
	responses := []eval.Response{
		{TaskID: "coding-000", Arm: "now", Text: "yes", Cost: ptr(audit.NanoUSD(5)), LatencyMS: ptr(int64(900))},
		{TaskID: "coding-000", Arm: "nobody", Text: "x"},
		{TaskID: "unknown", Arm: "now", Text: "x"},
		{TaskID: "math-000", Arm: "small", Text: "x"}, // not planned for math
		{TaskID: "loose", Arm: "now", Text: "x"},
		{TaskID: "late", Arm: "now", Text: "x", Week: 2},
	}
	imported, duplicates, rejected := importResponses(t, s, responses...)
	var rows []int
	for _, r := range rejected {
		rows = append(rows, r.Index)
		if r.Msg == "" {
			t.Errorf("row %d was rejected without a reason", r.Index)
		}
	}
	if imported != 2 || duplicates != 0 || !slices.Equal(rows, []int{1, 2, 3, 4}) {
		t.Errorf("got %d imported, %d duplicates, rejected %v", imported, duplicates, rejected)
	}
	imported, duplicates, _ = importResponses(t, s, responses...)
	if imported != 0 || duplicates != 2 {
		t.Errorf("again: got %d imported, %d duplicates, want 0 and 2", imported, duplicates)
	}
	var got []string
	must(t, s.EachResponse(t.Context(), func(r eval.Response) error {
		got = append(got, fmt.Sprint(r.Week, r.TaskID, r.Arm, r.Text, r.Origin))
		return nil
	}))
	want := []string{fmt.Sprint(1, "coding-000", "now", "yes", "recorded"), fmt.Sprint(2, "late", "now", "x", "recorded")}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("responses (-want +got):\n%s", diff)
	}
	if spent, _ := s.Spent(t.Context()); spent != 0 {
		t.Errorf("spent %v on answers made elsewhere, want nothing", spent)
	}
}

func TestRecordedAnswersAreALibrary(t *testing.T) {
	s := newTest(t)
	answer := eval.Response{TaskID: "t", Arm: "now", Text: "yes", Cost: ptr(audit.NanoUSD(5)), Tokens: audit.Tokens{Output: ptr(int64(2)), CacheWrite: ptr(int64(3))}}
	for _, want := range []bool{true, false} {
		must(t, s.ImportRecorded(t.Context(), func(take func(eval.Response) (bool, error)) error {
			stored, err := take(answer)
			if stored != want {
				t.Errorf("stored is %v, want %v", stored, want)
			}
			return err
		}))
	}
	got, err := s.RecordedResponse(t.Context(), "t", "now")
	must(t, err)
	answer.Origin = eval.Recorded
	if diff := cmp.Diff(answer, got); diff != "" {
		t.Errorf("answer (-want +got):\n%s", diff)
	}
	if _, err := s.RecordedResponse(t.Context(), "t", "next"); !errors.Is(err, eval.ErrNotFound) {
		t.Errorf("got %v for an arm without answer, want eval.ErrNotFound", err)
	}
}

func TestLockProtocol(t *testing.T) {
	s := newTest(t)
	addTasks(t, s, audit.Coding, 3)
	addTasks(t, s, audit.Math, 1)
	if _, err := s.Locked(t.Context()); !errors.Is(err, eval.ErrNotFound) {
		t.Errorf("got %v before the lock, want eval.ErrNotFound", err)
	}
	first, err := s.LockProtocol(t.Context(), testProtocol, "", testTime)
	must(t, err)
	again, err := s.LockProtocol(t.Context(), testProtocol, "", testTime.Add(time.Hour))
	must(t, err)
	if diff := cmp.Diff(first, again); diff != "" {
		t.Errorf("the same protocol again (-want +got):\n%s", diff)
	}
	if want := map[audit.Category]float64{"coding": 0.75, "math": 0.25}; !cmp.Equal(want, again.CategoryShare) {
		t.Errorf("shares %v, want %v", again.CategoryShare, want)
	}
	changed := testProtocol
	changed.BudgetUSD = "2"
	if _, err := s.LockProtocol(t.Context(), changed, "", testTime); !errors.Is(err, ErrProtocolLocked) {
		t.Errorf("another protocol: got %v, want ErrProtocolLocked", err)
	}
	second, err := s.LockProtocol(t.Context(), changed, "twice the money", testTime)
	must(t, err)
	locked, err := s.Locked(t.Context())
	must(t, err)
	if second.Version != 2 || locked.Version != 2 || locked.Protocol.BudgetUSD != "2" {
		t.Errorf("got version %d, stored %d with %s, want the second", second.Version, locked.Version, locked.Protocol.BudgetUSD)
	}
	deviations, err := s.Deviations(t.Context())
	must(t, err)
	if len(deviations) != 1 {
		t.Errorf("deviations %q, want the reason", deviations)
	}
}

func TestRelockCannotRenameTheModelUnderItsAnswers(t *testing.T) {
	s := newPilot(t, filepath.Join(t.TempDir(), "modeltrial.db"), 1, 1)
	answerAll(t, s)
	changed := testProtocol
	changed.Arms = slices.Clone(changed.Arms)
	changed.Arms[1].Model = "another"
	_, err := s.LockProtocol(t.Context(), changed, "a better model", testTime)
	wantError(t, err, "next", "another name")
}

// TestCommittedIsTheSumOfAllCalls: the sum that triggers keep is that of the rows,
// whatever happens to them.
func TestCommittedIsTheSumOfAllCalls(t *testing.T) {
	s := newPilot(t, filepath.Join(t.TempDir(), "modeltrial.db"), 3, 1)
	cells := openCells(t, s)
	want := func(want audit.NanoUSD) {
		t.Helper()
		if got, err := s.Committed(t.Context()); err != nil || got != want {
			t.Errorf("committed is %d, %v, want %d", got, err, want)
		}
		if findings, err := s.Check(t.Context()); err != nil || len(findings) > 0 {
			t.Errorf("findings %v, %v", findings, err)
		}
	}
	want(0)
	until := testTime.Add(time.Minute)
	must(t, s.Reserve(t.Context(), cells[0], 40, 1000, testTime, until))
	must(t, s.Reserve(t.Context(), cells[1], 30, 1000, testTime, until))
	want(70)
	must(t, s.SaveResponse(t.Context(), cells[0], measured(7), 2, testTime)) // 7 spent, 2 lost
	must(t, s.Release(t.Context(), cells[1], eval.FailedCall{Reason: "timeout", Lost: 30}, testTime))
	want(39)
	must(t, s.Reserve(t.Context(), cells[1], 30, 1000, testTime, until))
	want(69)
	must(t, s.Reserve(t.Context(), cells[1], 30, 1000, until, until.Add(time.Minute))) // the first claim ran out
	want(99)
	recorded := measured(50)
	recorded.Origin = eval.Recorded
	must(t, s.SaveResponse(t.Context(), cells[2], recorded, 0, testTime)) // paid for elsewhere
	want(99)
	for _, statement := range []string{
		`UPDATE responses SET origin = 'measured' WHERE cost_nano_usd = 50`, `UPDATE responses SET cost_nano_usd = 51 WHERE cost_nano_usd = 50`,
	} {
		_, err := s.writer.ExecContext(t.Context(), statement)
		must(t, err)
	}
	want(150)
	for _, statement := range []string{`DELETE FROM responses`, `DELETE FROM calls`} {
		_, err := s.writer.ExecContext(t.Context(), statement)
		must(t, err)
	}
	want(0)
	_, err := s.writer.ExecContext(t.Context(), `UPDATE committed SET nano_usd = 1`)
	must(t, err)
	if findings, err := s.Check(t.Context()); err != nil || len(findings) != 1 {
		t.Errorf("a wrong sum gives the findings %v, %v", findings, err)
	}
}

// TestOpenCellsComePageByPage reads more tasks than a page holds, some of which are
// answered while they are read.
func TestOpenCellsComePageByPage(t *testing.T) {
	const tasks = 2*openPage + 7
	s := newPilot(t, filepath.Join(t.TempDir(), "modeltrial.db"), tasks, 1)
	cells := openCells(t, s)
	if len(cells) != 5*tasks {
		t.Fatalf("%d cells, want %d", len(cells), 5*tasks)
	}
	if !slices.IsSortedFunc(cells, func(x, y eval.Cell) int {
		return strings.Compare(string(x.Category)+x.TaskID, string(y.Category)+y.TaskID)
	}) {
		t.Error("the cells are not in the order of category and task")
	}
	last := cells[len(cells)-1]
	seen := map[eval.Cell]bool{}
	for cell, err := range s.EachOpenCell(t.Context(), 0) {
		must(t, err)
		if len(seen) == 0 {
			must(t, s.SaveResponse(t.Context(), last, measured(1), 0, testTime))
		}
		if seen[cell] {
			t.Fatalf("%+v came twice", cell)
		}
		seen[cell] = true
	}
	if len(seen) != len(cells)-1 || seen[last] {
		t.Errorf("%d cells came, want all but the one that was answered before its page was read", len(seen))
	}
	for _, at := range []int{0, len(cells) / 2, len(cells) - 1} {
		var rest []eval.Cell
		for cell, err := range s.EachOpenCellFrom(t.Context(), cells[at]) {
			must(t, err)
			rest = append(rest, cell)
		}
		want := slices.DeleteFunc(slices.Clone(cells), func(cell eval.Cell) bool {
			return cell == last || strings.Compare(string(cell.Category)+cell.TaskID, string(cells[at].Category)+cells[at].TaskID) < 0
		})
		if !slices.Equal(rest, want) {
			t.Errorf("from cell %d on %d cells came, want %d", at, len(rest), len(want))
		}
	}
}
