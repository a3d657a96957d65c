package eval

import (
	"testing"

	"modeltrial/audit"
)

func TestFrontierOf(t *testing.T) {
	at := func(estimate float64) *Interval { return &Interval{Estimate: estimate} }
	comparison := func(category audit.Category, candidate string, cost, win, better, notWorse float64) ComparisonResult {
		return ComparisonResult{Category: category, Control: "now", Candidate: candidate, Tasks: 50, CostRatio: at(cost), WinRate: at(win), PValueAdjusted: &better, NonInferiorityPAdjusted: &notWorse}
	}
	unknown := comparison("coding", "unknown", 0.1, 0.9, 0, 0)
	unknown.CostRatio = nil
	planes := FrontierOf([]ComparisonResult{
		comparison("coding", "cheap", 0.5, 0.45, 0.9, 0.2),
		comparison("coding", "good", 0.9, 0.6, 0.01, 0.001),
		comparison("coding", "dear", 1.5, 0.55, 0.3, 0.01),
		comparison("coding", "same", 0.9, 0.6, 0.2, 0.2), // no better and no worse than good
		unknown,
		comparison("math", "worse", 1.2, 0.4, 1, 1),
	})
	if len(planes) != 2 || len(planes[0].Arms) != 5 || len(planes[1].Arms) != 2 {
		t.Fatalf("got %+v, want five arms of coding and two of math", planes)
	}
	want := []struct {
		arm, by          string
		better, notWorse bool
	}{
		{"now", "good", false, true},
		{"cheap", "", false, false},
		{"good", "", true, true},
		{"dear", "good", false, true},
		{"same", "", false, false},
	}
	for i, arm := range planes[0].Arms {
		if arm.Arm != want[i].arm || arm.DominatedBy != want[i].by || arm.Dominated != (want[i].by != "") || arm.Better != want[i].better || arm.NotWorse != want[i].notWorse {
			t.Errorf("got %+v, want %+v", arm, want[i])
		}
	}
	if worse := planes[1].Arms[1]; worse.DominatedBy != "now" || planes[1].Arms[0].Dominated {
		t.Errorf("math: got %+v", planes[1].Arms)
	}
}
