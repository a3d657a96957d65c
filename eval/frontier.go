package eval

import (
	"cmp"
	"slices"

	"modeltrial/audit"
)

// A Frontier is the document of modeltrial route frontier: the arms of each category on
// the plane of cost and quality, and what to choose for which goal.
type Frontier struct {
	Schema         string             `json:"schema"` // modeltrial.route-frontier/1
	Pilot          string             `json:"pilot"`
	ProtocolSHA256 string             `json:"protocol_sha256"`
	Provenance     Provenance         `json:"provenance"`
	Categories     []FrontierCategory `json:"categories"`
	// MonthlyCostNow is the audited log's cost a month, whatever model it ran on; nil, and
	// with it the cost of every goal, where the log states none.
	MonthlyCostNow *float64          `json:"monthly_cost_now_usd"`
	Goals          []FrontierGoal    `json:"goals"`
	Warnings       []string          `json:"warnings"`
	WhyMissing     map[string]string `json:"why_missing"`
}

// A FrontierCategory is a category's arms, the control first.
type FrontierCategory struct {
	Category audit.Category `json:"category"`
	Arms     []FrontierArm  `json:"arms"`
}

// A FrontierArm is an arm on the plane: what it costs as a multiple of the control, and
// how often it is preferred to it. The control is at 1 and ½, for certain.
type FrontierArm struct {
	Arm         string    `json:"arm"`
	Tasks       int       `json:"tasks"` // rated; 0 for the control
	CostRatio   *Interval `json:"cost_ratio"`
	CostPerTask *float64  `json:"cost_per_task_usd"`
	WinRate     *Interval `json:"win_rate"`
	// Dominated says that another arm of the category costs no more and is preferred as
	// often or more, and is better in one of the two: DominatedBy is the best preferred
	// of those. It compares estimates.
	Dominated   bool   `json:"dominated"`
	DominatedBy string `json:"dominated_by,omitempty"`
	// DominatedCostShown and DominatedQualityShown say in which of the two DominatedBy is
	// ahead beyond chance: where the 95% intervals are apart, so is that of the difference
	// from 0, however the two estimates depend on each other (it is no wider than both
	// together). Quality ahead of the control is what the pilot has shown to be better.
	DominatedCostShown    bool `json:"dominated_cost_shown"`
	DominatedQualityShown bool `json:"dominated_quality_shown"`
	// Better and NotWorse say what the pilot has shown, at the protocol's error rate.
	Better   bool `json:"shown_better"`
	NotWorse bool `json:"shown_not_worse"`
}

// ClaimAlpha is the one-sided error rate of each family of claims.
const ClaimAlpha = 0.025

// FrontierOf puts the arms of the comparisons on the planes of their categories.
// Candidates whose cost or win rate is not known are on none.
func FrontierOf(comparisons []ComparisonResult) []FrontierCategory {
	shown := func(p *float64) bool { return p != nil && *p <= ClaimAlpha }
	planes := []FrontierCategory{}
	for _, c := range comparisons {
		if c.WinRate == nil || c.CostRatio == nil {
			continue
		}
		at := slices.IndexFunc(planes, func(p FrontierCategory) bool { return p.Category == c.Category && p.Arms[0].Arm == c.Control })
		if at < 0 {
			control := FrontierArm{
				Arm: c.Control, CostPerTask: c.CostPerTaskControl, NotWorse: true,
				CostRatio: &Interval{Estimate: 1, Low: 1, High: 1, Level: Level}, WinRate: &Interval{Estimate: 0.5, Low: 0.5, High: 0.5, Level: Level},
			}
			planes, at = append(planes, FrontierCategory{c.Category, []FrontierArm{control}}), len(planes)
		}
		better := shown(c.PValueAdjusted)
		planes[at].Arms = append(planes[at].Arms, FrontierArm{
			Arm: c.Candidate, Tasks: c.Tasks, CostRatio: c.CostRatio, CostPerTask: c.CostPerTaskCandidate, WinRate: c.WinRate,
			Better: better, NotWorse: better || shown(c.NonInferiorityPAdjusted),
		})
	}
	for _, plane := range planes {
		for i := range plane.Arms {
			plane.markDominated(&plane.Arms[i])
		}
	}
	return planes
}

func (c FrontierCategory) markDominated(arm *FrontierArm) {
	best := -1.0
	for _, other := range c.Arms {
		if win := other.WinRate.Estimate; other.dominates(*arm) && win > best {
			arm.Dominated, arm.DominatedBy, best = true, other.Arm, win
			arm.DominatedCostShown = other.CostRatio.High < arm.CostRatio.Low
			arm.DominatedQualityShown = other.WinRate.Low > arm.WinRate.High && (other.Better || arm.Arm != c.Arms[0].Arm)
		}
	}
}

// dominates compares estimates.
func (a FrontierArm) dominates(b FrontierArm) bool {
	cost, win := cmp.Compare(a.CostRatio.Estimate, b.CostRatio.Estimate), cmp.Compare(a.WinRate.Estimate, b.WinRate.Estimate)
	return cost <= 0 && win >= 0 && (cost < 0 || win > 0)
}

// A GoalKind is what a table of routes is to reach.
type GoalKind string

// The goals.
const (
	BestQuality GoalKind = "best quality"             // the best of what is shown to be better
	LeastCost   GoalKind = "same quality, least cost" // the cheapest of what is shown to be not worse
	WithBudget  GoalKind = "budget"                   // the best as estimated that costs no more than so much
)

// A FrontierGoal is the table of routes for a goal.
type FrontierGoal struct {
	Goal GoalKind `json:"goal"`
	// Budget is the most that may be spent a month, in dollars; nil for other goals.
	Budget *float64 `json:"budget_usd"`
	// Feasible is false where nothing costs so little: the routes are then the cheapest.
	Feasible bool        `json:"feasible"`
	Routes   []GoalRoute `json:"routes"`
	// MonthlyCost is that of the whole log, Saving against what it costs now.
	MonthlyCost   *float64  `json:"monthly_cost_usd"`
	MonthlySaving *Interval `json:"monthly_saving_usd"`
	// WinRate is that of the control's work in the pilot's categories against the
	// control, each task counting once.
	WinRate    *Interval         `json:"win_rate"`
	WhyMissing map[string]string `json:"why_missing"`
}

// A GoalRoute is what a goal chooses for a category.
type GoalRoute struct {
	Category audit.Category `json:"category"`
	Arm      string         `json:"arm"`
	// Shown says that the pilot has shown what the goal asks for: better, or not worse.
	// A budget may choose what is only estimated.
	Shown       bool     `json:"shown"`
	MonthlyCost *float64 `json:"monthly_cost_usd"` // of the control's work, under the arm; nil: not known
	Why         string   `json:"why"`
}
