package decide

import (
	"fmt"
	"math"

	"modeltrial/eval"
)

// claims says of each claim of the protocol what the pilot found: confirmed where the
// whole interval of the measure lies where the claim is true, contradicted where none of
// it does. All but first-pass gains go by the interval that holds at every look.
func (a *analyzer) claims(comparisons []eval.ComparisonResult) []eval.ClaimResult {
	results := []eval.ClaimResult{}
	if a.data.Locked == nil {
		return results
	}
	for _, claim := range a.data.Locked.Protocol.Claims {
		result := eval.ClaimResult{Claim: claim, Verdict: eval.ClaimUndecided, WhyMissing: "the pilot has no such use case"}
		for i := range comparisons {
			if c := &comparisons[i]; c.Category == claim.Category && c.Candidate == claim.Candidate {
				checkClaim(&result, c)
			}
		}
		if result.Found == nil {
			result.Reason = "not known: " + result.WhyMissing
		}
		results = append(results, result)
	}
	return results
}

// checkClaim holds a claim against its use case.
func checkClaim(result *eval.ClaimResult, c *eval.ComparisonResult) {
	result.Tasks, result.WhyMissing = c.Tasks, ""
	switch result.Measure {
	case eval.ClaimCostRatio, eval.ClaimCostSaving:
		result.Found, result.AtEveryLook = c.CostRatioAlwaysValid, true
		result.WhyMissing = c.WhyMissing["cost_ratio_always_valid"]
		if result.Found != nil && result.Measure == eval.ClaimCostSaving {
			result.Found = complement(*result.Found)
		}
	case eval.ClaimLatencyRatio:
		result.Found, result.AtEveryLook = c.LatencyRatioAlwaysValid, true
		result.WhyMissing = c.WhyMissing["latency_ratio_always_valid"]
	case eval.ClaimWinRate:
		result.Found, result.AtEveryLook = c.WinRateAlwaysValid, true
		result.WhyMissing = c.WhyMissing["win_rate_always_valid"]
	case eval.ClaimFirstPassGain:
		result.WhyMissing = c.WhyMissing["first_pass_accuracy"]
		if c.FirstPass != nil {
			result.Tasks, result.WhyMissing = c.FirstPass.Tasks, c.FirstPass.WhyNoRatio
			if ratio := c.FirstPass.Ratio; ratio != nil {
				gain := *ratio
				gain.Estimate, gain.Low, gain.High = gain.Estimate-1, gain.Low-1, gain.High-1
				result.Found = &gain
			}
		}
	}
	if result.Found == nil {
		if result.WhyMissing == "" {
			result.WhyMissing = "too few tasks"
		}
		return
	}
	low, high := result.Bounds()
	found := result.Found
	where := "partly"
	switch {
	case found.Low >= low && found.High <= high:
		result.Verdict, where = eval.ClaimConfirmed, "wholly"
	case found.High < low || found.Low > high:
		result.Verdict, where = eval.ClaimContradicted, "nowhere"
	}
	result.Reason = fmt.Sprintf("%.2f [%.2f, %.2f] lies %s %s", found.Estimate, found.Low, found.High, where, boundsText(low, high))
}

func boundsText(low, high float64) string {
	switch {
	case math.IsInf(high, 1):
		return fmt.Sprintf("at or above %.2f", low)
	case math.IsInf(low, -1):
		return fmt.Sprintf("at or below %.2f", high)
	}
	return fmt.Sprintf("within %.2f to %.2f", low, high)
}

// complement is the interval of one less the value.
func complement(i eval.Interval) *eval.Interval {
	i.Estimate, i.Low, i.High = 1-i.Estimate, 1-i.High, 1-i.Low
	return &i
}
