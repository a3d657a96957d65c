package audit

import "time"

// A Report is the document of modeltrial audit report: the workload mix. Money that
// is not known is null, never 0; where only some tasks have a cost, the sum of those
// stands beside their number.
type Report struct {
	Schema     string        `json:"schema"` // modeltrial.audit-report/1
	Tasks      int           `json:"tasks"`
	From       *time.Time    `json:"from"`
	To         *time.Time    `json:"to"`
	CostUSD    *float64      `json:"cost_usd"`
	CostKnown  int           `json:"tasks_with_cost"`
	Categories []CategoryMix `json:"categories"`
	Teams      []GroupMix    `json:"teams"`
	Months     []MonthMix    `json:"months"`
	Models     []GroupMix    `json:"models"`
	// Mix is the finest division: every category × model × team × month that has
	// tasks, in the order of its names.
	Mix       []MixCell `json:"mix"`
	Uncertain int       `json:"tasks_unsure"` // categorised locally below the sureness threshold
	Unsorted  int       `json:"tasks_without_category"`
	// CostSources counts the tasks by where their cost comes from; null where that was
	// not counted.
	CostSources *CostSources `json:"cost_sources"`
	// Categoriser is null where no random sample was drawn.
	Categoriser *CategoriserCheck `json:"categoriser_check"`
	// DominantModel is the model with the most tasks; DominantShare its share,
	// and DominantCategories the number of categories it serves: the sign that
	// every kind of work goes to one model.
	DominantModel      string       `json:"dominant_model"`
	DominantShare      float64      `json:"dominant_share"`
	DominantCategories int          `json:"dominant_categories"`
	Routed             *RoutedShare `json:"off_route"`    // null before there is a routing table
	CheaperPeer        *PeerShare   `json:"cheaper_peer"` // null where of no model of the log the price and the tokens are known
	// Monthly says what the monthly figures of Candidates rest on; null without dates.
	Monthly    *MonthlyBasis    `json:"monthly_basis"`
	Candidates []PilotCandidate `json:"pilot_candidates"`
	Need       *DecisionNeed    `json:"decision_need"` // null where it was not planned
	Bill       *Reconciliation  `json:"bill"`          // null where no provider's account was imported
	Clusters   *Clusters        `json:"clusters"`      // null where they were not read
	Claims     []Claim          `json:"claims"`
	Warnings   []string         `json:"warnings"`
}

// RoutedShare is how much of the log ran on a model that the routing table in
// force replaces in its category.
type RoutedShare struct {
	TaskShare float64  `json:"task_share"`
	CostShare *float64 `json:"cost_share"` // null where no cost is known
	Table     string   `json:"decided_at"`
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
	WithCost           int        `json:"tasks_with_cost"`
	CostUSD            *float64   `json:"cost_usd"`
	CostShare          *float64   `json:"cost_share"`
	LatencyMedianMS    *float64   `json:"latency_median_ms"`
	LatencyP95MS       *float64   `json:"latency_p95_ms"`
	Models             []GroupMix `json:"models"`
	Teams              []GroupMix `json:"teams"`
}

// Amounts are the sums and quantiles of a part of the log. Tokens are those of the
// tasks whose log states them, null where none does; latencies are exact quantiles.
type Amounts struct {
	Tasks           int      `json:"tasks"`
	WithCost        int      `json:"tasks_with_cost"`
	CostUSD         *float64 `json:"cost_usd"`
	InputTokens     *int64   `json:"input_tokens"`
	CachedTokens    *int64   `json:"cached_tokens"`
	OutputTokens    *int64   `json:"output_tokens"`
	ReasoningTokens *int64   `json:"reasoning_tokens"`
	LatencyMedianMS *float64 `json:"latency_median_ms"`
	LatencyP95MS    *float64 `json:"latency_p95_ms"`
}

// A GroupMix is the part of a model, team or month. The JSON name of Name is
// model, whatever the group, only within a category's models.
type GroupMix struct {
	Name  string `json:"name"`
	Model string `json:"model,omitempty"`
	Amounts
	// Categories is the number of categories that a model serves, 0 for other groups.
	Categories int `json:"categories,omitempty"`
}

// A MixCell is the part of one category × model × team × month. Month is empty for
// tasks without a date.
type MixCell struct {
	Category Category `json:"category"`
	Model    string   `json:"model"`
	Team     string   `json:"team"`
	Month    string   `json:"month"`
	Amounts
}

// A MonthMix is a calendar month (UTC), named like 2026-09. Growth compares with the
// month before, as a share of it; null, with a reason, where either month is not whole.
type MonthMix struct {
	GroupMix
	DaysLogged  int               `json:"days_logged"` // days of it that lie within the log
	Days        int               `json:"days"`
	Whole       bool              `json:"whole"` // but for a weekend at its ends
	TasksGrowth *float64          `json:"tasks_growth"`
	CostGrowth  *float64          `json:"cost_growth"`
	WhyMissing  map[string]string `json:"why_missing,omitempty"`
}

// A MonthlyBasis says which days the monthly figures rest on.
type MonthlyBasis struct {
	From  string `json:"from"` // a day, such as 2026-09-01
	To    string `json:"to"`
	Weeks int    `json:"weeks"` // 0 where the days are less than a week
	Days  int    `json:"days"`
	// Bill lists the models whose spend was scaled to the providers' account.
	Bill []SpendScale `json:"scaled_to_bill"`
}

// A PilotCandidate is a category in which a pilot would pay, most money first.
type PilotCandidate struct {
	Category       Category `json:"category"`
	MonthlyCostUSD *float64 `json:"monthly_cost_usd"`
	WeeklyTasks    float64  `json:"weekly_tasks"` // the mean of the weeks that the monthly cost rests on
	CurrentModel   string   `json:"current_model"`
	// Saving is a hypothesis; null, with a reason, where a price is not known.
	Saving *PlausibleSaving `json:"plausible_saving"`
	// TasksBetter and TasksNotWorse are needed to decide that a candidate is better or
	// not worse; the weeks are those until so many are rated.
	TasksBetter   *int              `json:"tasks_needed_better"`
	TasksNotWorse *int              `json:"tasks_needed_not_worse"`
	WeeksBetter   *int              `json:"weeks_better"`
	WeeksNotWorse *int              `json:"weeks_not_worse"`
	Why           string            `json:"why"`
	WhyMissing    map[string]string `json:"why_missing,omitempty"`
}

// A PlausibleSaving is what a month of a category's work would cost less at the
// prices of cheaper peers (see [PeerShare]) for the same tokens, from the nearest to
// the cheapest peer. It is a fact of prices and a hypothesis of saving: that a peer
// does the work as well, with as many tokens, is what a pilot finds out.
type PlausibleSaving struct {
	LowUSD  float64 `json:"low_usd"`
	HighUSD float64 `json:"high_usd"`
	Nearest string  `json:"nearest_peer"`
	// Cheapest is the peer of HighUSD; both are those of the model with most spend.
	Cheapest string `json:"cheapest_peer"`
}

// A DecisionNeed is what a decision takes, planned before anything is known; the
// statistics are not the audit's own.
type DecisionNeed struct {
	TasksBetter   *int              `json:"tasks_better"`    // to show that a candidate is better
	TasksNotWorse *int              `json:"tasks_not_worse"` // to show that it is not worse
	TasksPerWeek  int               `json:"tasks_per_week"`  // that people rate
	Assumes       string            `json:"assumes"`
	WhyMissing    map[string]string `json:"why_missing,omitempty"`
}

// A Claim is something that users have read about routing work to models. It is a
// hypothesis until a pilot has tested it.
type Claim struct {
	Claim     string `json:"claim"`
	LogSays   string `json:"log_says"`   // what this log can say about it
	CannotSay string `json:"cannot_say"` // what it cannot say yet, and what would
}

// TextCounts tells how many tasks hold the texts that a claim could be tested on.
type TextCounts struct {
	Responses int `json:"responses" db:"responses"`
	Reference int `json:"references" db:"reference_answers"`
	Edited    int `json:"edited" db:"edited"`       // with a response and the text it became
	Unchanged int `json:"unchanged" db:"unchanged"` // of those, where both are the same
}
