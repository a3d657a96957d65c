package eval

import (
	"bytes"
	"encoding/json"
	"slices"
	"time"

	"modeltrial/audit"
)

// A StoredTable is a routing table with its number in the workspace, from 1.
type StoredTable struct {
	ID    int64
	Table RoutingTable
}

// A Recommendation is the document of modeltrial route recommend: the table with its
// number in the workspace.
type Recommendation struct {
	RoutingTable

	Table int64 `json:"table"`
	// Stored says whether this run stored it; otherwise it is the newest one, of which
	// nothing has changed since it was decided.
	Stored bool `json:"stored"`
}

// SameAs says whether two tables differ in nothing but the time at which they were
// decided. It returns an error where one cannot be written as JSON, as it is stored.
func (t RoutingTable) SameAs(other RoutingTable) (bool, error) {
	one, err := t.timeless()
	if err != nil {
		return false, err
	}
	two, err := other.timeless()
	return bytes.Equal(one, two), err
}

func (t RoutingTable) timeless() ([]byte, error) {
	t.DecidedAt, t.Routes = time.Time{}, slices.Clone(t.Routes)
	for i := range t.Routes {
		t.Routes[i].DecidedAt = time.Time{}
	}
	return json.Marshal(t)
}

// A RoutingHistory is the document of modeltrial route history, the oldest table first.
type RoutingHistory struct {
	Schema string         `json:"schema"` // modeltrial.route-history/1
	Tables []TableSummary `json:"tables"`
}

// A TableSummary is a stored routing table in a line.
type TableSummary struct {
	ID             int64             `json:"id"`
	DecidedAt      time.Time         `json:"decided_at"`
	ProtocolSHA256 string            `json:"protocol_sha256"`
	PriceTableDate PriceDate         `json:"price_table_date"`
	ThroughWeek    int               `json:"through_week"`
	Routes         []RouteSummary    `json:"routes"`
	MonthlySaving  *Interval         `json:"monthly_saving_usd"`
	Changed        int               `json:"categories_changed"` // arm or decision, since the table before
	WhyMissing     map[string]string `json:"why_missing"`
}

// A RouteSummary is what a table says of a category.
type RouteSummary struct {
	Category audit.Category `json:"category"`
	Arm      string         `json:"arm"`
	Decision DecisionKind   `json:"decision"`
}

// A RoutingDiff is the document of modeltrial route diff: what the later table changes.
type RoutingDiff struct {
	Schema          string       `json:"schema"` // modeltrial.route-diff/1
	From            TableSummary `json:"from"`
	To              TableSummary `json:"to"`
	ProtocolChanged bool         `json:"protocol_changed"`
	PricesChanged   bool         `json:"prices_changed"`
	Routes          []RouteDiff  `json:"routes"`
}

// Changed counts the categories that got another arm or decision, came or went.
func (d RoutingDiff) Changed() (count int) {
	for _, route := range d.Routes {
		if route.Change != RouteUnchanged && route.Change != RouteNewEvidence {
			count++
		}
	}
	return count
}

// A RouteChange is how far a category's route changed.
type RouteChange string

// The changes, from the largest to none.
const (
	RouteAdded       RouteChange = "added"
	RouteRemoved     RouteChange = "removed"
	RouteArm         RouteChange = "arm"
	RouteDecided     RouteChange = "decision"
	RouteNewEvidence RouteChange = "evidence" // same arm and decision on other figures
	RouteUnchanged   RouteChange = "none"
)

// A RouteDiff is what became of one category. From or To is nil where the table does
// not have it.
type RouteDiff struct {
	Category audit.Category `json:"category"`
	Change   RouteChange    `json:"change"`
	From     *RouteSummary  `json:"from"`
	To       *RouteSummary  `json:"to"`
	Why      []string       `json:"why"` // in sentences; empty where nothing changed
}
