package decide

import (
	"slices"
	"strings"
	"testing"

	"modeltrial/audit"
	"modeltrial/eval"
)

func storedRoutes(id int64, hash string, routes ...eval.Route) eval.StoredTable {
	return eval.StoredTable{ID: id, Table: eval.RoutingTable{ProtocolSHA256: hash, PriceTableDate: "2026-09-01", Routes: routes}}
}

func TestDiffSaysWhatChangedAndWhy(t *testing.T) {
	interval := func(estimate float64) *eval.Interval {
		return &eval.Interval{Estimate: estimate, Low: estimate - 0.1, High: estimate + 0.1, Level: eval.Level}
	}
	keep := eval.Route{Category: audit.Coding, Arm: "now", Control: "now", Candidate: "next", Decision: eval.Keep, Reason: "keep now: not shown", Tasks: 40, WinRate: interval(0.5)}
	switched := keep
	switched.Arm, switched.Decision, switched.Reason, switched.Tasks, switched.WinRate = "next", eval.Switch, "next is better", 80, interval(0.7)
	undecided := keep
	undecided.Decision, undecided.Reason = eval.Continue, "not yet"
	more := keep
	more.Tasks = 41
	rounded := keep
	rounded.WinRate = interval(0.5 + 1e-13)
	maths := eval.Route{Category: audit.Math, Arm: "now", Decision: eval.Keep, Reason: "keep now: not part of the pilot"}
	cases := []struct {
		name   string
		from   []eval.Route
		to     []eval.Route
		change eval.RouteChange
		why    []string
	}{
		{"nothing", []eval.Route{keep}, []eval.Route{rounded}, eval.RouteUnchanged, nil},
		{"evidence", []eval.Route{keep}, []eval.Route{more}, eval.RouteNewEvidence, []string{"rated tasks: 41, before 40"}},
		{"decision", []eval.Route{undecided}, []eval.Route{keep}, eval.RouteDecided, []string{"keep now: not shown"}},
		{"arm", []eval.Route{keep}, []eval.Route{switched}, eval.RouteArm, []string{"next is better", "rated tasks: 80, before 40", "win rate 70% (60–80%), before 50% (40–60%)"}},
		{"added", nil, []eval.Route{maths}, eval.RouteAdded, []string{"keep now: not part of the pilot"}},
		{"removed", []eval.Route{maths}, nil, eval.RouteRemoved, []string{"neither the log nor the pilot has it any more"}},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			diff := Diff(storedRoutes(1, "ab", c.from...), storedRoutes(2, "ab", c.to...))
			if len(diff.Routes) != 1 || diff.Routes[0].Change != c.change || !slices.Equal(diff.Routes[0].Why, append([]string{}, c.why...)) {
				t.Errorf("got %+v, want the change %q because %q", diff.Routes, c.change, c.why)
			}
		})
	}
	diff := Diff(storedRoutes(1, "ab", keep), storedRoutes(2, "cd", switched))
	if !diff.ProtocolChanged || !strings.Contains(strings.Join(diff.Routes[0].Why, "; "), "another protocol was locked") {
		t.Errorf("of another protocol: got %+v", diff)
	}
	history := History([]eval.StoredTable{storedRoutes(1, "ab", keep, maths), storedRoutes(2, "ab", switched, maths), storedRoutes(3, "ab", switched)})
	var changes []int
	for _, table := range history.Tables {
		changes = append(changes, table.Changed)
	}
	if !slices.Equal(changes, []int{0, 1, 1}) {
		t.Errorf("got %v changed categories, want 0, 1 (the arm) and 1 (removed)", changes)
	}
}
