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

// TestDominanceIsShownWhereIntervalsAreApart holds a dominance to be more than chance only
// where the intervals are apart and, against the control, the pilot has shown it.
func TestDominanceIsShownWhereIntervalsAreApart(t *testing.T) {
	around := func(estimate, half float64) *Interval {
		return &Interval{Estimate: estimate, Low: estimate - half, High: estimate + half}
	}
	of := func(candidate string, cost, win *Interval, p float64) ComparisonResult {
		return ComparisonResult{Category: "coding", Control: "now", Candidate: candidate, Tasks: 50, CostRatio: cost, WinRate: win, PValueAdjusted: &p}
	}
	for name, c := range map[string]struct {
		comparisons   []ComparisonResult
		arm           string
		cost, quality bool
	}{
		"both":                       {[]ComparisonResult{of("good", around(0.5, 0.1), around(0.7, 0.1), 0.001)}, "now", true, true},
		"not after the adjustment":   {[]ComparisonResult{of("good", around(0.5, 0.1), around(0.7, 0.1), 0.03)}, "now", true, false},
		"cost alone":                 {[]ComparisonResult{of("good", around(0.5, 0.1), around(0.55, 0.1), 0.2)}, "now", true, false},
		"quality alone":              {[]ComparisonResult{of("good", around(0.9, 0.2), around(0.7, 0.1), 0.001)}, "now", false, true},
		"neither":                    {[]ComparisonResult{of("good", around(0.9, 0.2), around(0.55, 0.1), 0.2)}, "now", false, false},
		"the control beats":          {[]ComparisonResult{of("bad", around(2, 0.5), around(0.3, 0.1), 1)}, "bad", true, true},
		"the control seems to beat":  {[]ComparisonResult{of("bad", around(1.1, 0.5), around(0.45, 0.1), 1)}, "bad", false, false},
		"one candidate another":      {[]ComparisonResult{of("a", around(0.5, 0.1), around(0.8, 0.05), 0.001), of("b", around(0.9, 0.1), around(0.6, 0.05), 0.01)}, "b", true, true},
		"candidates that may be one": {[]ComparisonResult{of("a", around(0.5, 0.1), around(0.7, 0.06), 0.001), of("b", around(0.9, 0.1), around(0.6, 0.06), 0.01)}, "b", true, false},
	} {
		for _, arm := range FrontierOf(c.comparisons)[0].Arms {
			if arm.Arm == c.arm && (!arm.Dominated || arm.DominatedCostShown != c.cost || arm.DominatedQualityShown != c.quality) {
				t.Errorf("%s: %s is dominated: %v, in cost shown: %v, in quality: %v; want true, %v, %v", name, arm.Arm, arm.Dominated, arm.DominatedCostShown, arm.DominatedQualityShown, c.cost, c.quality)
			}
			if !arm.Dominated && (arm.DominatedCostShown || arm.DominatedQualityShown) {
				t.Errorf("%s: %s is on the frontier, and shown beaten", name, arm.Arm)
			}
		}
	}
}
