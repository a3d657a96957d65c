package eval

import "time"

// EvidenceLasts is how long the evidence of a route counts after its last rating: half
// a year. Providers replace models about as often, and work drifts.
const EvidenceLasts = 180 * 24 * time.Hour

// RouteEvidence is what stands behind a route beside its win rate. A table that was
// stored by an older version has none.
type RouteEvidence struct {
	// Alpha is Krippendorff's ordinal alpha among the raters of the use case.
	Alpha  *Interval    `json:"rater_agreement_alpha"`
	Judges []RouteJudge `json:"judges"`
	// Blinding says whether raters could tell the candidate from the control, over all
	// categories; nil where nobody guessed.
	Blinding *BlindingResult `json:"blinding"`
	// RatedUntil is the time of the last rating that counts.
	RatedUntil *time.Time `json:"rated_until"`
	// Served are the models that answered for each arm, as the provider named them,
	// sorted; an arm whose answers name none is left out.
	Served map[string][]string `json:"models_served"`
	// WinRateDF and CostRatioDF are the degrees of freedom of the variances of the win
	// rate and of the cost ratio.
	WinRateDF   *float64 `json:"win_rate_degrees_of_freedom"`
	CostRatioDF *float64 `json:"cost_ratio_degrees_of_freedom"`
	LatencyDF   *float64 `json:"latency_ratio_degrees_of_freedom"`
	// WhyMissing says for each null field, by its JSON name, why.
	WhyMissing map[string]string `json:"why_missing"`
}

// A RouteJudge says how far a judge agrees with people in one use case. WhyMissing says
// why the rest is null.
type RouteJudge struct {
	Judge       string    `json:"judge"`
	Shared      int       `json:"tasks_shared_with_people"`
	WithPeople  *float64  `json:"agreement_with_people"`
	PeopleAmong *float64  `json:"agreement_among_people"`
	Difference  *Interval `json:"agreement_difference"`
	Passes      bool      `json:"passes"`
	// Bias is the judge's win rate less people's, on the same tasks, in win-rate points. A
	// table that was stored by an older version has none.
	Bias       *Interval `json:"bias"`
	WhyMissing string    `json:"why_missing,omitempty"`
}
