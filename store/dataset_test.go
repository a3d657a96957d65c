package store

import (
	"errors"
	"path/filepath"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"

	"modeltrial/audit"
	"modeltrial/eval"
)

func TestDataset(t *testing.T) {
	s := newPilot(t, filepath.Join(t.TempDir(), "modeltrial.db"), 1, 1)
	late := audit.Task{ID: "late", Prompt: "p", Category: audit.Math, CategorySource: audit.CategoryFromLog, Probability: 1, Cluster: "thread"}
	importTasks(t, s, late)
	_, _, rejected := importResponses(t, s,
		eval.Response{TaskID: "math-000", Arm: "now", Text: " \n\t"},
		eval.Response{TaskID: "math-000", Arm: "next", Text: "4", Cost: ptr(audit.NanoUSD(3)), LatencyMS: ptr(int64(20))},
		eval.Response{TaskID: "late", Arm: "now", Text: "5", Week: 2},
		eval.Response{TaskID: "late", Arm: "next", Text: "5", Week: 2},
	)
	inWeek2 := given("late", "next", eval.PrefersB, eval.SideUnknown)
	inWeek2.Week = 2
	_, _, more := importRatings(t, s, given("math-000", "next", eval.PrefersB, eval.SideA), inWeek2)
	if len(rejected)+len(more) > 0 {
		t.Fatalf("rejected %v %v", rejected, more)
	}

	first, err := s.Dataset(t.Context(), 1)
	must(t, err)
	all, err := s.Dataset(t.Context(), 0)
	must(t, err)
	if len(first.Ratings) != 1 || len(first.Responses) != 2 || len(all.Ratings) != 2 || len(all.Responses) != 4 {
		t.Fatalf("got %d and %d ratings, %d and %d responses, want 1, 2, 2, 4",
			len(first.Ratings), len(all.Ratings), len(first.Responses), len(all.Responses))
	}
	if all.Pilot != "support" || all.Locked == nil || all.Locked.SHA256 == "" {
		t.Errorf("got pilot %q, locked %v", all.Pilot, all.Locked)
	}
	if all.Ratings[1].Cluster != "thread" || all.Ratings[1].Week != 2 || all.Ratings[1].Category != audit.Math {
		t.Errorf("got %+v, want cluster, week and category of the task", all.Ratings[1])
	}
	if !first.Responses[1].Empty || first.Responses[0].Empty {
		t.Errorf("got %+v, want white space alone to be empty", first.Responses)
	}
	want := eval.ResponseRow{
		TaskID: "math-000", Category: "math", Week: 1, Arm: "next", Cost: ptr(audit.NanoUSD(3)), LatencyMS: ptr(int64(20)),
		TextSHA256: "4b227777d4dd1fc61c6f884f48641d02b4d121d3fd328cb08b5531fcacdabf8a", Length: 1, Origin: eval.Recorded,
		At: testTime,
	}
	if diff := cmp.Diff(want, first.Responses[0]); diff != "" {
		t.Errorf("response (-want +got):\n%s", diff)
	}
	if !slices.Equal([]string{all.Responses[2].TextSHA256}, []string{all.Responses[3].TextSHA256}) {
		t.Error("the same text has two hashes")
	}
}

func TestRoutingTablesAreKept(t *testing.T) {
	s := newTest(t)
	if _, err := s.LatestRoutingTable(t.Context()); !errors.Is(err, eval.ErrNotFound) {
		t.Errorf("got %v before any, want eval.ErrNotFound", err)
	}
	var table eval.RoutingTable
	for _, arm := range []string{"now", "next"} {
		table = eval.RoutingTable{
			Pilot: "support", ProtocolSHA256: "ab", DecidedAt: testTime,
			Routes: []eval.Route{{Category: "coding", Arm: arm, Decision: eval.Keep, Reason: "why", WinRate: &eval.Interval{Estimate: 0.5}}},
		}
		_, err := s.SaveRoutingTable(t.Context(), table)
		must(t, err)
	}
	got, err := s.LatestRoutingTable(t.Context())
	must(t, err)
	if diff := cmp.Diff(table, got); diff != "" {
		t.Errorf("latest table (-want +got):\n%s", diff)
	}
	history, err := s.RoutingTables(t.Context())
	must(t, err)
	if len(history) != 2 || history[0].Table.Routes[0].Arm != "now" || history[1].Table.Routes[0].Arm != "next" {
		t.Errorf("the history is %+v, want both tables, the older first", history)
	}
	if n := count(t, s, `SELECT count(*) FROM decisions`); n != 2 {
		t.Errorf("got %d decisions, want those of both tables", n)
	}
}

func TestPilotStatus(t *testing.T) {
	s := newPilot(t, filepath.Join(t.TempDir(), "modeltrial.db"), 2, 1)
	cells := openCells(t, s)
	must(t, s.Reserve(t.Context(), cells[0], 5, 100, testTime, testTime.Add(1)))
	must(t, s.SaveResponse(t.Context(), cells[0], measured(4), 0, testTime))
	must(t, s.Reserve(t.Context(), cells[1], 5, 100, testTime, testTime.Add(1)))
	must(t, s.Release(t.Context(), cells[1], eval.FailedCall{Reason: "timeout"}, testTime))
	status, err := s.PilotStatus(t.Context())
	must(t, err)
	want := []ArmStatus{
		{Week: 1, Category: "coding", Arm: "now", Tasks: 2, Answered: 1, CostNano: 4},
		{Week: 1, Category: "coding", Arm: "next", Tasks: 2, Failed: 1, LastFail: "timeout"},
		{Week: 1, Category: "coding", Arm: "small", Tasks: 2},
		{Week: 1, Category: "math", Arm: "now", Tasks: 2},
		{Week: 1, Category: "math", Arm: "next", Tasks: 2},
	}
	if diff := cmp.Diff(want, status.Arms); diff != "" {
		t.Errorf("arms (-want +got):\n%s", diff)
	}
}

// TestCreateComparisonsOfManyTasks makes more than are read at a time, each once.
func TestCreateComparisonsOfManyTasks(t *testing.T) {
	s := newPilot(t, filepath.Join(t.TempDir(), "modeltrial.db"), 1001, 1)
	answerAll(t, s)
	for _, want := range []int{3 * 1001, 0} { // two candidates for coding, one for math
		if created, err := s.CreateComparisons(t.Context()); err != nil || created != want {
			t.Errorf("created %d, %v, want %d", created, err, want)
		}
	}
}
