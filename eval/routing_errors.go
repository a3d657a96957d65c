package eval

import "modeltrial/audit"

// RoutingErrors says what a routing table brings when the router sorts tasks as the
// categoriser does, which errs: a task goes to the arm of the category that it is taken
// for. The totals of it are in [RouteTotal].
type RoutingErrors struct {
	// Reviewed is how many tasks of the random sample, categorised by a person without
	// seeing the machine's answer, it rests on.
	Reviewed int              `json:"reviewed_tasks"`
	Rows     []SortedCategory `json:"rows"` // parallel to the routes
	// Unmeasured is the share of the switched spend that truly is of a category in which
	// its arm was not measured.
	Unmeasured *float64 `json:"unmeasured_share"`
	Assumes    []string `json:"assumes"` // in sentences
	// WhyMissing says for each null field, by its JSON name, why.
	WhyMissing map[string]string `json:"why_missing"`
}

// A SortedCategory is what the router puts into one category, and what it truly is.
type SortedCategory struct {
	Category audit.Category `json:"category"`
	Arm      string         `json:"arm"` // the candidate; empty where none was compared
	Switched bool           `json:"switched"`
	Truths   []TrueCategory `json:"truths"`
}

// A TrueCategory is a part of what the router puts into a category.
type TrueCategory struct {
	Category audit.Category `json:"category"`
	Reviewed int            `json:"reviewed_tasks"` // of those sorted there
	// CostRatio and WinRate are the arm's in this category, nil where the pilot did not
	// measure them. The cost ratio's standard error is that of linearisation.
	CostRatio *Interval `json:"cost_ratio"`
	WinRate   *Interval `json:"win_rate"`
}
