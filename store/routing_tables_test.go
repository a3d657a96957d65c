package store

import (
	"errors"
	"testing"

	"github.com/google/go-cmp/cmp"

	"modeltrial/eval"
)

func TestRoutingTablesByNumber(t *testing.T) {
	s := newTest(t)
	for _, number := range []int64{0, 1} {
		if _, err := s.RoutingTable(t.Context(), number); !errors.Is(err, eval.ErrNotFound) {
			t.Errorf("table %d of none: got %v, want eval.ErrNotFound", number, err)
		}
	}
	var want []eval.StoredTable
	for i, arm := range []string{"now", "next", "small"} {
		table := eval.RoutingTable{Pilot: arm, DecidedAt: testTime, Routes: []eval.Route{{Category: "coding", Arm: arm, Decision: eval.Keep}}}
		_, err := s.SaveRoutingTable(t.Context(), table)
		must(t, err)
		want = append(want, eval.StoredTable{ID: int64(i + 1), Table: table})
	}
	got, err := s.RoutingTables(t.Context())
	must(t, err)
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("tables (-want +got):\n%s", diff)
	}
	for number, at := range map[int64]int{0: 2, 1: 0, 2: 1, 3: 2} {
		got, err := s.RoutingTable(t.Context(), number)
		must(t, err)
		if diff := cmp.Diff(want[at], got); diff != "" {
			t.Errorf("table %d (-want +got):\n%s", number, diff)
		}
	}
	if _, err := s.RoutingTable(t.Context(), 4); !errors.Is(err, eval.ErrNotFound) {
		t.Errorf("table 4 of 3: got %v, want eval.ErrNotFound", err)
	}
}
