package eval

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

func TestFindDrift(t *testing.T) {
	day := func(n int) time.Time { return time.Date(2026, 3, n, 0, 0, 0, 0, time.UTC) }
	served := []ServedModel{
		{Arm: "steady", Week: 1, Served: "m-1", Answers: 9, First: day(1), Last: day(2)},
		{Arm: "steady", Week: 2, Served: "m-1", Answers: 9, First: day(8), Last: day(9)},
		{Arm: "moved", Week: 2, Served: "m-3", Answers: 4, First: day(9), Last: day(9)},
		{Arm: "moved", Week: 2, Served: "m-2", Answers: 5, First: day(8), Last: day(8)},
		{Arm: "moved", Week: 1, Served: "m-2", Answers: 9, First: day(1), Last: day(2)},
	}
	want := []Drift{{"moved", []ServedModel{served[4], served[3], served[2]}}}
	if diff := cmp.Diff(want, FindDrift(served)); diff != "" {
		t.Errorf("drift (-want +got):\n%s", diff)
	}
	if drifts := FindDrift(nil); drifts != nil {
		t.Errorf("no answers drifted: %v", drifts)
	}
}
