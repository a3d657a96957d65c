package eval

import (
	"time"

	"modeltrial/audit"
)

// A RouteCheck is the document of modeltrial route check: whether each route of a table
// still holds, at today's prices, on a fresh log and on anchors that were rated again.
type RouteCheck struct {
	Schema         string    `json:"schema"` // modeltrial.route-check/1
	Table          int64     `json:"table"`
	DecidedAt      time.Time `json:"decided_at"`
	CheckedOn      time.Time `json:"checked_on"`
	ProtocolSHA256 string    `json:"protocol_sha256"`
	// PriceTableDate is the day of the prices of today, PriceTableThen of the table's.
	PriceTableDate PriceDate `json:"price_table_date"`
	PriceTableThen PriceDate `json:"price_table_date_then"`
	// FreshTasks are the tasks of the log after the table was made.
	FreshTasks        int               `json:"fresh_tasks"`
	Holds             bool              `json:"holds"` // every route does
	Routes            []CheckedRoute    `json:"routes"`
	Raters            []CheckedRater    `json:"raters"`
	MonthlySavingThen *Interval         `json:"monthly_saving_then_usd"`
	MonthlySavingNow  *Interval         `json:"monthly_saving_now_usd"`
	Warnings          []string          `json:"warnings"`
	WhyMissing        map[string]string `json:"why_missing"`
}

// RouteStatus is what a check says of a route.
type RouteStatus string

// The statuses, the gravest last.
const (
	RouteHolds    RouteStatus = "still holds"
	RouteOld      RouteStatus = "evidence too old"
	RouteCheaper  RouteStatus = "now cheaper elsewhere"
	RouteAnew     RouteStatus = "new evidence decides otherwise"
	RouteVersion  RouteStatus = "model version changed"
	RouteDrifted  RouteStatus = "quality drifted"
	RouteNotApart RouteStatus = "quality or raters drifted" // no frozen anchors tell which
)

// Gravity orders the statuses: the largest of a route's findings is its status.
func (s RouteStatus) Gravity() int {
	for i, status := range []RouteStatus{RouteHolds, RouteOld, RouteCheaper, RouteAnew, RouteVersion, RouteNotApart, RouteDrifted} {
		if s == status {
			return i
		}
	}
	return -1
}

// A CheckFinding is a reason why a route does not hold.
type CheckFinding struct {
	Status RouteStatus `json:"status"`
	What   string      `json:"what"` // in a sentence
}

// A CheckedRoute is a route with what was found.
type CheckedRoute struct {
	Category   audit.Category `json:"category"`
	Arm        string         `json:"arm"`
	Decision   DecisionKind   `json:"decision"`
	Status     RouteStatus    `json:"status"`
	Findings   []CheckFinding `json:"findings"`
	ValidUntil *time.Time     `json:"valid_until"`
	// ArmNow and DecisionNow are what the rule says at today's prices.
	ArmNow        string       `json:"arm_now"`
	DecisionNow   DecisionKind `json:"decision_now"`
	CostRatioThen *Interval    `json:"cost_ratio_then"`
	CostRatioNow  *Interval    `json:"cost_ratio_now"`
	// FreshTasks are the category's in the fresh log, FreshMoved those of them that ran
	// on the routed model; nil of a pipeline, whose calls stand in a log one by one.
	FreshTasks int  `json:"fresh_tasks"`
	FreshMoved *int `json:"fresh_tasks_on_route"`
	// Drift is how much the candidate's lead changed.
	Drift      *DriftResult      `json:"drift"`
	WhyMissing map[string]string `json:"why_missing"`
}

// A DriftResult is a sequential test of a change, in win-rate points.
type DriftResult struct {
	Change *Interval `json:"change"` // with the limits of the test
	Since  string    `json:"since"`  // the first round of the change's window
	Fallen float64   `json:"p_fallen"`
	Risen  float64   `json:"p_risen"`
	Tasks  int       `json:"tasks"`
	Rounds int       `json:"rounds"`
	// Against says what today's ratings of fresh answers are compared with: frozen (the
	// same raters' ratings of the frozen answers, in the same round) or pilot (those of
	// the pilot, which a change of the raters moves, too).
	Against string `json:"against"`
}

// A CheckedRater is how a rater rates frozen answers now.
type CheckedRater struct {
	Rater      string            `json:"rater"`
	Kind       RaterKind         `json:"kind"`
	Changed    bool              `json:"changed"`
	Drift      *DriftResult      `json:"drift"`
	WhyMissing map[string]string `json:"why_missing"`
}
