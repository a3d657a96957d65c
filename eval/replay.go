package eval

import (
	"time"

	"modeltrial/audit"
)

// A LoggedTask is what a replay needs of a task of the log.
type LoggedTask struct {
	Category audit.Category // empty where not categorised
	Team     string         // empty where unknown
	Model    string         // empty where unknown
	At       time.Time      // UTC; zero where unknown
	Cost     *audit.NanoUSD
	// LatencyMS is the time to the whole answer.
	LatencyMS *int64
}

// A Replay is the document of modeltrial route replay: what the audited log would have
// cost under a routing table, how long it would have taken and how it would have been
// preferred. Nothing in it is scaled to a month: it is the log as it is.
type Replay struct {
	Schema         string        `json:"schema"` // modeltrial.route-replay/1
	Table          *int64        `json:"table"`  // its number; null where it came from a file
	File           string        `json:"file,omitempty"`
	DecidedAt      time.Time     `json:"decided_at"`
	ProtocolSHA256 string        `json:"protocol_sha256"`
	PriceTableDate PriceDate     `json:"price_table_date"`
	From           *time.Time    `json:"from"` // of the first and the last dated task
	To             *time.Time    `json:"to"`
	Total          ReplayGroup   `json:"total"`
	Categories     []ReplayGroup `json:"categories"`
	Teams          []ReplayGroup `json:"teams"` // the one with the largest spend first
	Months         []ReplayGroup `json:"months"`
	TeamMonths     []ReplayGroup `json:"team_months"`
	// ReviewedTasks is the number behind the figures with routing errors; 0 where there
	// are none.
	ReviewedTasks int               `json:"reviewed_tasks"`
	Assumes       []string          `json:"assumes"` // in sentences
	Warnings      []string          `json:"warnings"`
	WhyMissing    map[string]string `json:"why_missing"`
}

// A ReplayGroup is a part of the log. Where a name is empty the part is not of one
// category, team or month.
type ReplayGroup struct {
	Category audit.Category `json:"category,omitempty"`
	Team     string         `json:"team,omitempty"`
	Month    string         `json:"month,omitempty"` // as in 2026-09
	Arm      string         `json:"arm,omitempty"`   // of a category
	Tasks    int            `json:"tasks"`
	Moved    int            `json:"tasks_moved"` // to another model
	// Estimated are tasks without a cost, which count at the mean of the others of their
	// category and model; Unpriced those of which no such mean is known either, which
	// are left out of every amount.
	Estimated int `json:"tasks_cost_estimated"`
	Unpriced  int `json:"tasks_cost_unknown"`
	// CostNow is nil where all are unpriced.
	CostNow *float64 `json:"cost_now_usd"`
	// CostThen and Saving are what it would have cost, and the difference.
	CostThen *float64  `json:"cost_then_usd"`
	Saving   *Interval `json:"saving_usd"`
	// SavingWithErrors is Saving where the router sorts as the categoriser does.
	SavingWithErrors *Interval `json:"saving_with_routing_errors_usd"`
	// LatencyNow and LatencyThen are geometric means over all tasks whose latency is
	// known, LatencyRatio the second ÷ the first.
	LatencyNow   *float64  `json:"latency_now_ms"`
	LatencyThen  *float64  `json:"latency_then_ms"`
	LatencyRatio *Interval `json:"latency_ratio"`
	// WinRateMoved is the expected win rate of the moved tasks against the model that
	// did them, WinRateAll the same over all tasks, those that stay counting one half.
	WinRateMoved           *Interval         `json:"win_rate_moved"`
	WinRateMovedWithErrors *Interval         `json:"win_rate_moved_with_routing_errors"`
	WinRateAll             *Interval         `json:"win_rate_all"`
	WhyMissing             map[string]string `json:"why_missing"`
}
