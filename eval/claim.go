package eval

import (
	"fmt"
	"math"
	"slices"
	"strings"

	"modeltrial/audit"
)

// A Claim is something that is said of a candidate and that the pilot is to check. It is
// a hypothesis: nothing rests on it. Exactly one of About, AtLeast and AtMost is given.
type Claim struct {
	Text      string         `yaml:"text" json:"text"`
	Category  audit.Category `yaml:"category" json:"category"`
	Candidate string         `yaml:"candidate" json:"candidate"`
	Measure   ClaimMeasure   `yaml:"measure" json:"measure"`
	About     *float64       `yaml:"about" json:"about,omitempty"`
	AtLeast   *float64       `yaml:"at_least" json:"at_least,omitempty"`
	AtMost    *float64       `yaml:"at_most" json:"at_most,omitempty"`
	// Tolerance is how far from About still counts as that, in the measure's unit.
	Tolerance float64 `yaml:"tolerance" json:"tolerance,omitempty"`
}

// A ClaimMeasure is what a claim is of, the candidate against the control.
type ClaimMeasure string

// The measures of claims.
const (
	ClaimCostRatio     ClaimMeasure = "cost_ratio"      // candidate's cost per task ÷ control's
	ClaimCostSaving    ClaimMeasure = "cost_saving"     // 1 − cost ratio
	ClaimLatencyRatio  ClaimMeasure = "latency_ratio"   // geometric mean
	ClaimWinRate       ClaimMeasure = "win_rate"        // of the candidate, a tie counting one half
	ClaimFirstPassGain ClaimMeasure = "first_pass_gain" // candidate's share of answers that pass the checks ÷ control's, less 1
)

var claimMeasures = []ClaimMeasure{ClaimCostRatio, ClaimCostSaving, ClaimLatencyRatio, ClaimWinRate, ClaimFirstPassGain}

// Bounds are the values with which the claim is true; an infinite one where there is no
// bound.
func (c Claim) Bounds() (low, high float64) {
	switch {
	case c.About != nil:
		return *c.About - c.Tolerance, *c.About + c.Tolerance
	case c.AtLeast != nil:
		return *c.AtLeast, math.Inf(1)
	case c.AtMost != nil:
		return math.Inf(-1), *c.AtMost
	}
	return math.NaN(), math.NaN()
}

// A ClaimVerdict is what a pilot found of a claim.
type ClaimVerdict string

// The verdicts.
const (
	ClaimConfirmed    ClaimVerdict = "confirmed"    // the whole interval lies where the claim is true
	ClaimContradicted ClaimVerdict = "contradicted" // none of it does
	ClaimUndecided    ClaimVerdict = "undecided"    // a part of it does, or there is none
)

// A ClaimResult is a claim with what the pilot found of it.
type ClaimResult struct {
	Claim
	Verdict ClaimVerdict `json:"verdict"`
	// Found is the measure's interval; nil where WhyMissing.
	Found *Interval `json:"interval"`
	// AtEveryLook says that the interval holds at every weekly look; else it holds for one
	// look at a time fixed beforehand.
	AtEveryLook bool   `json:"holds_at_every_look"`
	Tasks       int    `json:"tasks"`
	Reason      string `json:"reason"`
	WhyMissing  string `json:"why_missing,omitempty"`
}

// claims checks what is to be checked.
func (c *checker) claims(pilot Protocol) {
	for i, claim := range pilot.Claims {
		path := fmt.Sprintf("$.pilot.claims[%d]", i)
		useCase, known := pilot.UseCase(claim.Category)
		switch {
		case !known:
			c.fail(path+".category", "claim %q: category %q is not among the use cases", claim.Text, claim.Category)
		case !slices.Contains(useCase.Candidates, claim.Candidate):
			c.fail(path+".candidate", "claim %q: %q is no candidate of %s", claim.Text, claim.Candidate, claim.Category)
		}
		if strings.TrimSpace(claim.Text) == "" {
			c.fail(path, "a claim needs a text: what is said")
		}
		if !slices.Contains(claimMeasures, claim.Measure) {
			names := make([]string, len(claimMeasures))
			for i, measure := range claimMeasures {
				names[i] = string(measure)
			}
			c.fail(path+".measure", "claim %q: measure %q is not known; choose %s", claim.Text, claim.Measure, strings.Join(names, ", "))
		}
		given := 0
		for _, value := range []*float64{claim.About, claim.AtLeast, claim.AtMost} {
			if value != nil {
				given++
			}
		}
		if given != 1 {
			c.fail(path, "claim %q: write one of about, at_least and at_most", claim.Text)
		}
		if low, high := claim.Bounds(); given == 1 && !(low < high) {
			c.fail(path, "claim %q: about needs a tolerance above 0, within which a value still counts as that", claim.Text)
		}
		if claim.Tolerance != 0 && claim.About == nil {
			c.fail(path+".tolerance", "claim %q: tolerance goes with about; leave it out", claim.Text)
		}
	}
}
