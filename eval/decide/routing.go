package decide

import (
	"fmt"
	"math"
	"time"

	"modeltrial/audit"
	"modeltrial/eval"
	"modeltrial/eval/stats"
)

// Recommend makes the routing table: one route for each audited category and each
// use case, with what it saves of the audited spend. Savings follow
// B(1 − R): B the monthly spend on the control's model, R the cost ratio.
func Recommend(data eval.Dataset, spend []eval.Spend, priceTableDate string, now time.Time) (eval.RoutingTable, error) {
	analysis, err := Analyze(data, Options{})
	if err != nil {
		return eval.RoutingTable{}, err
	}
	table := eval.RoutingTable{
		Schema: "modeltrial.route-recommend/1", Pilot: data.Pilot, Routes: []eval.Route{},
		ProtocolSHA256: analysis.ProtocolSHA256, PriceTableDate: priceTableDate, DecidedAt: now.UTC(),
		ThroughWeek: analysis.ThroughWeek, Provenance: analysis.Provenance, Warnings: analysis.Warnings,
		Total: eval.RouteTotal{WhyMissing: map[string]string{}},
	}
	a := newAnalyzer(data, Options{})
	var savings []stats.Estimated
	complete := true
	for _, category := range routedCategories(analysis, spend) {
		route, saving, err := a.route(category, analysis, spend)
		if err != nil {
			return table, fmt.Errorf("route %s: %w", category, err)
		}
		route.DecidedAt = table.DecidedAt
		table.Routes = append(table.Routes, route)
		table.Total.MonthlyTasks += route.MonthlyTasks
		table.Total.MonthlyCostNow += route.MonthlyCostNow
		table.Total.MonthlyCostThen += route.MonthlyCostThen
		if route.MonthlySaving == nil {
			complete = false
			continue
		}
		savings = append(savings, saving)
	}
	total, err := stats.Sum(savings...).Interval(fixedZ)
	switch {
	case !complete:
		table.Total.WhyMissing["monthly_saving_usd"] = "the saving of a route is not known"
	case err != nil:
		table.Total.WhyMissing["monthly_saving_usd"] = err.Error()
	default:
		table.Total.MonthlySaving = interval(total)
	}
	return table, nil
}

// routedCategories lists the pilot's categories in its order, then the others of
// the log.
func routedCategories(analysis eval.Analysis, spend []eval.Spend) []audit.Category {
	var categories []audit.Category
	seen := map[audit.Category]bool{}
	add := func(category audit.Category) {
		if category != "" && !seen[category] {
			seen[category] = true
			categories = append(categories, category)
		}
	}
	for _, comparison := range analysis.Comparisons {
		add(comparison.Category)
	}
	for _, row := range spend {
		add(row.Category)
	}
	return categories
}

// route decides one category among its candidates and prices the result.
func (a *analyzer) route(category audit.Category, analysis eval.Analysis, spend []eval.Spend) (eval.Route, stats.Estimated, error) {
	route := eval.Route{Category: category, WhyMissing: map[string]string{}}
	if a.data.Locked != nil {
		route.Control = a.data.Locked.Protocol.Control
	}
	chosen := a.choose(category, analysis.Comparisons)
	route.Arm = route.Control
	if chosen == nil {
		route.Decision, route.Reason, route.Source = eval.Keep, "keep "+route.Control+": not part of the pilot", eval.SourceNone
		for _, field := range []string{"win_rate", "win_rate_always_valid", "cost_ratio", "latency_ratio"} {
			route.WhyMissing[field] = "not part of the pilot"
		}
	} else {
		route.Control, route.Candidate = chosen.Control, chosen.Candidate
		route.Arm = chosen.Control
		if switches(chosen.Decision) {
			route.Arm = chosen.Candidate
		}
		route.Decision, route.Reason = chosen.Decision, chosen.Reason
		route.Tasks, route.Raters, route.Source = chosen.Tasks, chosen.Raters, chosen.Source
		route.WinRate, route.WinRateValid = chosen.WinRate, chosen.WinRateAlwaysValid
		route.CostRatio, route.LatencyRatio = chosen.CostRatio, chosen.LatencyRatio
		for _, field := range []string{"win_rate", "win_rate_always_valid", "cost_ratio", "latency_ratio"} {
			if why, ok := chosen.WhyMissing[field]; ok {
				route.WhyMissing[field] = why
			}
		}
	}
	route.Model = a.model(route.Arm)
	saving := a.price(&route, spend)
	return route, saving, nil
}

func switches(decision eval.DecisionKind) bool {
	return decision == eval.Switch || decision == eval.SwitchForCost
}

// choose gives the comparison that decides a category: of several candidates that
// pass the one that beats the other directly, else the cheaper; where none
// passes, the one furthest on.
func (a *analyzer) choose(category audit.Category, comparisons []eval.ComparisonResult) *eval.ComparisonResult {
	var chosen *eval.ComparisonResult
	for i := range comparisons {
		next := &comparisons[i]
		if next.Category != category {
			continue
		}
		if chosen == nil || a.preferred(next, chosen) {
			chosen = next
		}
	}
	return chosen
}

func (a *analyzer) preferred(next, chosen *eval.ComparisonResult) bool {
	if switches(next.Decision) != switches(chosen.Decision) {
		return switches(next.Decision)
	}
	if !switches(next.Decision) {
		// Among those that do not switch an open question goes before a settled one.
		return next.Decision == eval.Continue && chosen.Decision == eval.Keep
	}
	x := useCase{next.Category, next.Control, next.Candidate}
	y := useCase{chosen.Category, chosen.Control, chosen.Candidate}
	if a.better(x, y) {
		return true
	}
	if a.better(y, x) {
		return false
	}
	return costOf(next) < costOf(chosen)
}

func costOf(r *eval.ComparisonResult) float64 {
	if r.CostPerTaskCandidate == nil {
		return math.Inf(1)
	}
	return *r.CostPerTaskCandidate
}

func (a *analyzer) model(arm string) string {
	if a.data.Locked == nil {
		return arm
	}
	if known, ok := a.data.Locked.Protocol.Arm(arm); ok {
		return known.Model
	}
	return arm
}

// price fills in volume, spend and saving a month.
func (a *analyzer) price(route *eval.Route, spend []eval.Spend) stats.Estimated {
	controlModel := a.model(route.Control)
	var base []float64 // dollars a month, one per period, on the control's model
	onControl := false
	for _, row := range spend {
		onControl = onControl || (row.Category == route.Category && row.Model == controlModel)
	}
	for _, row := range spend {
		if row.Category != route.Category {
			continue
		}
		route.MonthlyTasks += row.Tasks
		var sum float64
		for _, cost := range row.Costs {
			sum += cost.Dollars()
		}
		if len(row.Costs) > 0 {
			route.MonthlyCostNow += sum / float64(len(row.Costs))
		}
		// A log that does not name the control's model is taken to be all its work.
		if row.Model == controlModel || !onControl {
			base = addPeriods(base, row.Costs)
		}
	}
	route.MonthlyCostThen = route.MonthlyCostNow
	if !switches(route.Decision) {
		route.MonthlySaving = &eval.Interval{Level: eval.Level} // keeping saves exactly nothing
		return stats.Estimated{DF: math.Inf(1)}
	}
	saving, why := a.monthlySaving(route, base)
	if why != "" {
		route.WhyMissing["monthly_saving_usd"] = why
		return saving
	}
	estimate, err := saving.Interval(fixedZ)
	if err != nil {
		route.WhyMissing["monthly_saving_usd"] = err.Error()
		return saving
	}
	route.MonthlySaving = interval(estimate)
	route.MonthlyCostThen = route.MonthlyCostNow - estimate.Estimate
	return saving
}

// monthlySaving is B(1 − R) with the uncertainty of both, or why it is not known.
func (a *analyzer) monthlySaving(route *eval.Route, base []float64) (saving stats.Estimated, why string) {
	spend, err := stats.MonthlySpend(base)
	if err != nil {
		return saving, err.Error()
	}
	key := useCase{route.Category, route.Control, route.Candidate}
	pairs, err := a.costPairs(key, a.measure(key))
	if err != nil {
		return saving, err.Error()
	}
	ratio, err := stats.Ratio(pairs)
	if err != nil {
		return saving, err.Error()
	}
	return stats.Saving(spend, stats.Estimated{Value: ratio.Ratio, Variance: ratio.LinearVariance, DF: ratio.DF}), ""
}

func addPeriods(base []float64, costs []audit.NanoUSD) []float64 {
	for i, cost := range costs {
		if i == len(base) {
			base = append(base, 0)
		}
		base[i] += cost.Dollars()
	}
	return base
}
