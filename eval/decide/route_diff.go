package decide

import (
	"fmt"
	"math"

	"modeltrial/eval"
)

// History lists stored tables in their order, each with what it changed.
func History(tables []eval.StoredTable) eval.RoutingHistory {
	history := eval.RoutingHistory{Schema: "modeltrial.route-history/1", Tables: []eval.TableSummary{}}
	changes := Changes(tables)
	for i, table := range tables {
		summary := summarise(table)
		if i > 0 {
			summary.Changed = changes[i-1].Changed()
		}
		history.Tables = append(history.Tables, summary)
	}
	return history
}

// Changes are the differences between stored tables, each against the one before it.
func Changes(tables []eval.StoredTable) []eval.RoutingDiff {
	var changes []eval.RoutingDiff
	for i := 1; i < len(tables); i++ {
		changes = append(changes, Diff(tables[i-1], tables[i]))
	}
	return changes
}

func summarise(stored eval.StoredTable) eval.TableSummary {
	table := stored.Table
	summary := eval.TableSummary{
		ID: stored.ID, DecidedAt: table.DecidedAt, ProtocolSHA256: table.ProtocolSHA256, PriceTableDate: table.PriceTableDate, ThroughWeek: table.ThroughWeek,
		Routes: []eval.RouteSummary{}, MonthlySaving: table.Total.MonthlySaving, WhyMissing: map[string]string{},
	}
	for _, field := range []string{"monthly_saving_usd", "price_table_date"} {
		for _, from := range []map[string]string{table.Total.WhyMissing, table.WhyMissing} {
			if why, ok := from[field]; ok {
				summary.WhyMissing[field] = why
			}
		}
	}
	for i := range table.Routes {
		summary.Routes = append(summary.Routes, *summaryOf(&table.Routes[i]))
	}
	return summary
}

func summaryOf(route *eval.Route) *eval.RouteSummary {
	if route == nil {
		return nil
	}
	return &eval.RouteSummary{Category: route.Category, Arm: route.Arm, Decision: route.Decision}
}

// Diff says for each category of either table what the later one changes, and why: the
// figures that moved, and what they were computed from.
func Diff(from, to eval.StoredTable) eval.RoutingDiff {
	diff := eval.RoutingDiff{
		Schema: "modeltrial.route-diff/1", From: summarise(from), To: summarise(to), Routes: []eval.RouteDiff{},
		ProtocolChanged: from.Table.ProtocolSHA256 != to.Table.ProtocolSHA256,
		PricesChanged:   from.Table.PriceTableDate != to.Table.PriceTableDate,
	}
	for i := range to.Table.Routes {
		later := &to.Table.Routes[i]
		diff.Routes = append(diff.Routes, diffRoute(routeOf(from.Table, later.Category), later, &diff))
	}
	for i := range from.Table.Routes {
		earlier := &from.Table.Routes[i]
		if routeOf(to.Table, earlier.Category) == nil {
			diff.Routes = append(diff.Routes, diffRoute(earlier, nil, &diff))
		}
	}
	return diff
}

func diffRoute(from, to *eval.Route, tables *eval.RoutingDiff) eval.RouteDiff {
	diff := eval.RouteDiff{From: summaryOf(from), To: summaryOf(to), Why: []string{}}
	switch {
	case from == nil:
		diff.Category, diff.Change = to.Category, eval.RouteAdded
		diff.Why = append(diff.Why, to.Reason)
		return diff
	case to == nil:
		diff.Category, diff.Change = from.Category, eval.RouteRemoved
		diff.Why = append(diff.Why, "neither the log nor the pilot has it any more")
		return diff
	}
	diff.Category = to.Category
	figures := movedFigures(from, to)
	switch {
	case from.Arm != to.Arm:
		diff.Change = eval.RouteArm
	case from.Decision != to.Decision:
		diff.Change = eval.RouteDecided
	case len(figures) > 0:
		diff.Change, diff.Why = eval.RouteNewEvidence, figures
		return diff
	default:
		diff.Change = eval.RouteUnchanged
		return diff
	}
	diff.Why = append(diff.Why, to.Reason)
	if tables.ProtocolChanged {
		diff.Why = append(diff.Why, "another protocol was locked")
	}
	if tables.PricesChanged {
		diff.Why = append(diff.Why, fmt.Sprintf("prices of %s instead of %s", dated(tables.To.PriceTableDate), dated(tables.From.PriceTableDate)))
	}
	diff.Why = append(diff.Why, figures...)
	return diff
}

func dated(date eval.PriceDate) string {
	if date == "" {
		return "the workspace's own list"
	}
	return string(date)
}

// movedFigures says what a decision rests on that is not what it was.
func movedFigures(from, to *eval.Route) []string {
	var moved []string
	if from.Candidate != to.Candidate {
		moved = append(moved, fmt.Sprintf("compared with %s instead of %s", orNone(to.Candidate), orNone(from.Candidate)))
	}
	if from.Tasks != to.Tasks {
		moved = append(moved, fmt.Sprintf("rated tasks: %d, before %d", to.Tasks, from.Tasks))
	}
	if from.Source != to.Source {
		moved = append(moved, fmt.Sprintf("rated by %s, before by %s", to.Source, from.Source))
	}
	for _, figure := range []struct {
		name     string
		from, to *eval.Interval
		text     func(*eval.Interval) string
	}{
		{"win rate", from.WinRate, to.WinRate, rate},
		{"cost ratio", from.CostRatio, to.CostRatio, ratioText},
		{"latency ratio", from.LatencyRatio, to.LatencyRatio, ratioText},
	} {
		if !sameInterval(figure.from, figure.to) {
			moved = append(moved, fmt.Sprintf("%s %s, before %s", figure.name, figure.text(figure.to), figure.text(figure.from)))
		}
	}
	return moved
}

func orNone(arm string) string {
	if arm == "" {
		return "no candidate"
	}
	return arm
}

// sameInterval compares the limits; what differs by rounding alone is the same.
func sameInterval(a, b *eval.Interval) bool {
	if a == nil || b == nil {
		return a == b
	}
	const rounding = 1e-9
	near := func(x, y float64) bool { return math.Abs(x-y) <= rounding*math.Max(1, math.Abs(x)) }
	return near(a.Estimate, b.Estimate) && near(a.Low, b.Low) && near(a.High, b.High)
}

// ratioText writes a ratio with its interval as in "0.73 (0.66–0.81)".
func ratioText(i *eval.Interval) string {
	if i == nil {
		return "not known"
	}
	return fmt.Sprintf("%.2f (%.2f–%.2f)", i.Estimate, i.Low, i.High)
}
