package eval

import "modeltrial/audit"

// A Simulation is the document of modeltrial simulate: what a protocol does when
// the truth is known, found by drawing pilots and analysing each as a real one.
type Simulation struct {
	Schema         string           `json:"schema"` // modeltrial.simulate/1
	Pilot          string           `json:"pilot"`
	ProtocolSHA256 string           `json:"protocol_sha256"` // empty before the protocol is locked
	Weeks          int              `json:"weeks"`
	TasksPerWeek   int              `json:"tasks_per_week"` // of each use case
	UseCases       int              `json:"use_cases"`
	Seed           uint64           `json:"seed"`
	MonteCarlo     float64          `json:"monte_carlo_error"` // largest standard error of a share below
	Scenarios      []ScenarioResult `json:"scenarios"`
	Interrupted    bool             `json:"interrupted"` // stopped before the error that was asked for
}

// A Truth is what is true of a use case in a scenario.
type Truth struct {
	WinRate   float64 `json:"win_rate"`   // of the candidate, 0 to 1
	CostRatio float64 `json:"cost_ratio"` // candidate's mean cost ÷ control's
}

// A ScenarioResult is what the decision rule did in the pilots drawn under one
// truth, someone looking every week and acting on the first decision.
type ScenarioResult struct {
	Name string `json:"name"`
	// Curve marks the scenarios that differ in the win rate only.
	Curve  bool    `json:"curve"`
	Raters int     `json:"raters"`
	Ties   float64 `json:"tie_share"`
	// Truths are those of the use cases, in the protocol's order.
	Truths []Truth `json:"truths"`
	Pilots int     `json:"pilots"`
	// FalseQuality is the share of pilots that switch for quality in a use case whose
	// candidate is not better, FalseCost the share that switch for cost where the
	// candidate is worse by the margin or not cheaper by the minimum saving. They are
	// nil where no use case can be switched falsely.
	FalseQuality *Share `json:"false_switch_quality"`
	FalseCost    *Share `json:"false_switch_cost"`
	// The shares of decisions over all use cases; Undecided have none after the last week.
	Switched  Share `json:"switch"`
	ForCost   Share `json:"switch_for_cost"`
	Kept      Share `json:"keep"`
	Undecided Share `json:"undecided"`
	// DecidedBy is, for each week, the share of use cases that have a decision by its
	// end; SwitchedBy the share that has switched, for quality or cost.
	DecidedBy  []float64 `json:"decided_by_week"`
	SwitchedBy []float64 `json:"switched_by_week"`
	// MeanWeeks is the mean number of weeks until a decision, the undecided counting
	// as all weeks.
	MeanWeeks float64 `json:"mean_weeks_to_decision"`
	// Covered is the share of use cases whose fixed-sample interval of the win rate at
	// the end covers the truth, EverMissed the share whose always-valid interval does
	// not cover it at some look. Nil where no interval was computed.
	Covered    *Share `json:"coverage_fixed"`
	EverMissed *Share `json:"always_valid_ever_missed"`
	// ByCategory is the share of switches by use case.
	ByCategory []CategorySwitch `json:"by_use_case"`
}

// A CategorySwitch is how often a use case was switched, for quality or cost.
type CategorySwitch struct {
	Category  audit.Category `json:"category"`
	Candidate string         `json:"candidate"`
	Switched  Share          `json:"switched"`
}

// A Share is an estimated probability with the standard error of its simulation.
type Share struct {
	Estimate float64 `json:"estimate"`
	Error    float64 `json:"monte_carlo_error"`
}
