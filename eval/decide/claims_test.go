package decide

import (
	"math"
	"strings"
	"testing"

	"modeltrial/audit"
	"modeltrial/eval"
)

func TestCheckClaim(t *testing.T) {
	found := &eval.Interval{Estimate: 0.60, Low: 0.55, High: 0.66}
	c := eval.ComparisonResult{
		Tasks: 40, CostRatioAlwaysValid: found, WinRateAlwaysValid: found,
		FirstPass:  &eval.FirstPass{Tasks: 30, Ratio: &eval.Interval{Estimate: 1.5, Low: 1.43, High: 1.6}},
		WhyMissing: map[string]string{"latency_ratio_always_valid": "no latency is known"},
	}
	cases := []struct {
		name   string
		claim  eval.Claim
		want   eval.ClaimVerdict
		reason string
	}{
		{"about, inside", eval.Claim{Measure: eval.ClaimCostRatio, About: new(0.6), Tolerance: 0.1}, eval.ClaimConfirmed, "0.60 [0.55, 0.66] lies wholly within 0.50 to 0.70"},
		{"about, partly", eval.Claim{Measure: eval.ClaimCostRatio, About: new(0.5), Tolerance: 0.1}, eval.ClaimUndecided, "partly within 0.40 to 0.60"},
		{"about, outside", eval.Claim{Measure: eval.ClaimCostRatio, About: new(0.1), Tolerance: 0.05}, eval.ClaimContradicted, "nowhere within 0.05 to 0.15"},
		{"saving turns the limits", eval.Claim{Measure: eval.ClaimCostSaving, AtLeast: new(0.33)}, eval.ClaimConfirmed, "0.40 [0.34, 0.45] lies wholly at or above 0.33"},
		{"saving that is not there", eval.Claim{Measure: eval.ClaimCostSaving, AtLeast: new(0.9)}, eval.ClaimContradicted, "nowhere at or above 0.90"},
		{"at most", eval.Claim{Measure: eval.ClaimWinRate, AtMost: new(0.6)}, eval.ClaimUndecided, "partly at or below 0.60"},
		{"gain of the first pass", eval.Claim{Measure: eval.ClaimFirstPassGain, AtLeast: new(0.42)}, eval.ClaimConfirmed, "0.50 [0.43, 0.60]"},
		{"gain that is not enough to tell", eval.Claim{Measure: eval.ClaimFirstPassGain, AtLeast: new(0.44)}, eval.ClaimUndecided, "partly"},
		{"nothing is known", eval.Claim{Measure: eval.ClaimLatencyRatio, AtMost: new(1.0)}, eval.ClaimUndecided, "not known: no latency is known"},
	}
	for _, test := range cases {
		t.Run(test.name, func(t *testing.T) {
			test.claim.Category, test.claim.Candidate = audit.Math, "next"
			c.Category, c.Candidate = audit.Math, "next"
			a := &analyzer{data: eval.Dataset{Locked: &eval.LockedProtocol{Protocol: eval.Protocol{Claims: []eval.Claim{test.claim}}}}}
			results := a.claims([]eval.ComparisonResult{c})
			if len(results) != 1 || results[0].Verdict != test.want || !strings.Contains(results[0].Reason, test.reason) {
				t.Errorf("got %+v, want %s: %q", results, test.want, test.reason)
			}
			if (results[0].Found == nil) != (results[0].WhyMissing != "") {
				t.Errorf("an interval or a reason why there is none is missing: %+v", results[0])
			}
		})
	}
	if *found != (eval.Interval{Estimate: 0.60, Low: 0.55, High: 0.66}) || c.FirstPass.Ratio.Estimate != 1.5 {
		t.Error("the use case's own intervals were changed")
	}
}

// The latency ratio that claims go by holds at every look: its limits lie as far out as
// those of the win rate, in units of what one look has.
func TestLatencyRatioHoldsAtEveryLook(t *testing.T) {
	for week, least := range map[int]float64{1: 1.8, 2: 1.5, 4: 1.05} {
		analysis, err := Analyze(pilot(200, 100, 40, 1, eval.Human), Options{ThroughWeek: week})
		if err != nil {
			t.Fatal(err)
		}
		c := analysis.Comparisons[0]
		once, always := c.LatencyRatio, c.LatencyRatioAlwaysValid
		if once == nil || always == nil || once.Estimate != always.Estimate {
			t.Fatalf("week %d: %v and %v", week, once, always)
		}
		log := func(i *eval.Interval) float64 { return math.Log(i.High / i.Low) }
		cost := (c.CostRatioAlwaysValid.High - c.CostRatioAlwaysValid.Low) / (c.CostRatio.High - c.CostRatio.Low)
		if wider := log(always) / log(once); wider < least || math.Abs(wider/cost-1) > 0.02 {
			t.Errorf("week %d: %.3f times as wide, want %.2f at least and about %.3f as the cost ratio's", week, wider, least, cost)
		}
	}
}
