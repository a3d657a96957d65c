package audit

import "time"

// A Report is the document of modeltrial audit report: the workload mix.
type Report struct {
	Schema     string        `json:"schema"` // modeltrial.audit-report/1
	Tasks      int           `json:"tasks"`
	From       *time.Time    `json:"from"`
	To         *time.Time    `json:"to"`
	CostUSD    float64       `json:"cost_usd"`
	CostKnown  int           `json:"tasks_with_cost"`
	Categories []CategoryMix `json:"categories"`
	Teams      []GroupMix    `json:"teams"`
	Months     []GroupMix    `json:"months"` // named 2026-09
	Models     []GroupMix    `json:"models"`
	Uncertain  int           `json:"tasks_unsure"` // categorised locally below the sureness threshold
	Unsorted   int           `json:"tasks_without_category"`
	// CostSources counts the tasks by where their cost comes from; null where that was
	// not counted.
	CostSources *CostSources `json:"cost_sources"`
	// DominantModel is the model with the most tasks; DominantShare its share,
	// and DominantCategories the number of categories it serves: the sign that
	// every kind of work goes to one model.
	DominantModel      string           `json:"dominant_model"`
	DominantShare      float64          `json:"dominant_share"`
	DominantCategories int              `json:"dominant_categories"`
	Routed             *RoutedShare     `json:"off_route"` // null before there is a routing table
	Candidates         []PilotCandidate `json:"pilot_candidates"`
	Warnings           []string         `json:"warnings"`
	// Categoriser is null where no random sample was drawn.
	Categoriser *CategoriserCheck `json:"categoriser_check"`
}

// RoutedShare is how much of the log ran on a model that the routing table in
// force replaces in its category.
type RoutedShare struct {
	TaskShare float64 `json:"task_share"`
	CostShare float64 `json:"cost_share"`
	Table     string  `json:"decided_at"`
}

// A CategoryMix is one category's part of the log.
type CategoryMix struct {
	Category  Category `json:"category"`
	Tasks     int      `json:"tasks"`
	TaskShare float64  `json:"task_share"`
	// TaskShareCorrected is TaskShare corrected for the categoriser's errors, nil
	// where no random sample tells them.
	TaskShareCorrected *Interval  `json:"task_share_corrected"`
	WhyNotCorrected    string     `json:"task_share_corrected_why_missing,omitempty"`
	CostUSD            float64    `json:"cost_usd"`
	CostShare          float64    `json:"cost_share"`
	LatencyMedianMS    *float64   `json:"latency_median_ms"`
	LatencyP95MS       *float64   `json:"latency_p95_ms"`
	Models             []GroupMix `json:"models"`
	Teams              []GroupMix `json:"teams"`
}

// A GroupMix is the part of a model, team or month. The JSON name of Name is
// model, whatever the group, only within a category's models.
type GroupMix struct {
	Name         string  `json:"name"`
	Model        string  `json:"model,omitempty"`
	Tasks        int     `json:"tasks"`
	CostUSD      float64 `json:"cost_usd"`
	InputTokens  int64   `json:"input_tokens"`
	OutputTokens int64   `json:"output_tokens"`
}

// A PilotCandidate is a category in which a pilot would pay, most money first.
type PilotCandidate struct {
	Category       Category `json:"category"`
	MonthlyCostUSD float64  `json:"monthly_cost_usd"`
	WeeklyTasks    float64  `json:"weekly_tasks"` // the mean of the weeks that the monthly cost rests on
	CurrentModel   string   `json:"current_model"`
	Why            string   `json:"why"`
}
