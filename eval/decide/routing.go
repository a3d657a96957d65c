package decide

import (
	"cmp"
	"errors"
	"fmt"
	"math"
	"slices"
	"time"

	"modeltrial/audit"
	"modeltrial/eval"
	"modeltrial/eval/stats"
)

// Recommend makes the routing table: one route for each audited category and each
// use case, with what it saves of the audited spend. Savings follow
// B(1 − R): B the monthly spend on the control's model, R the cost ratio. check is what
// a reviewed random sample says of the categoriser, nil where there is none: with it
// savings are given for a router that errs, too. An empty priceDate says that the
// pilot's prices are the workspace's own.
func Recommend(data eval.Dataset, spend []eval.Spend, check *audit.CategoriserCheck, priceDate eval.PriceDate, now time.Time) (eval.RoutingTable, error) {
	a, raters, err := gather(data, Options{}).ruled(data, Options{})
	if err != nil {
		return eval.RoutingTable{}, err
	}
	analysis, err := a.analyze(raters, Options{})
	if err != nil {
		return eval.RoutingTable{}, err
	}
	table := eval.RoutingTable{
		Schema: "modeltrial.route-recommend/1", Pilot: data.Pilot, Routes: []eval.Route{},
		ProtocolSHA256: analysis.ProtocolSHA256, PriceTableDate: priceDate, DecidedAt: now.UTC(),
		ThroughWeek: analysis.ThroughWeek, Provenance: analysis.Provenance, Warnings: analysis.Warnings,
		Total: eval.RouteTotal{WhyMissing: map[string]string{}}, WhyMissing: map[string]string{},
	}
	if priceDate == "" {
		table.WhyMissing["price_table_date"] = "own prices: no model of the pilot is priced by a dated list"
	}
	var savings []stats.Estimated
	complete := true
	for _, category := range routedCategories(analysis, spend) {
		route, saving := a.route(category, analysis, spend)
		route.DecidedAt = table.DecidedAt
		table.Routes = append(table.Routes, route)
		if route.MonthlySaving == nil {
			complete = false
			continue
		}
		savings = append(savings, saving)
	}
	sumRoutes(&table)
	total, err := stats.Sum(savings...).Interval(fixedZ)
	switch {
	case !complete:
		table.Total.WhyMissing["monthly_saving_usd"] = "the saving of a route is not known"
	case err != nil:
		table.Total.WhyMissing["monthly_saving_usd"] = err.Error()
	default:
		table.Total.MonthlySaving = interval(total)
	}
	return table, a.routingErrors(&table, spend, check)
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
func (a *analyzer) route(category audit.Category, analysis eval.Analysis, spend []eval.Spend) (eval.Route, stats.Estimated) {
	route := eval.Route{Category: category, StaysOn: []string{}, WhyMissing: map[string]string{}}
	if a.data.Locked != nil {
		route.Control = a.data.Locked.Protocol.Control
	}
	chosen := a.choose(category, analysis.Comparisons)
	route.Arm = route.Control
	if chosen == nil {
		route.Decision, route.Reason, route.Source = eval.Keep, "keep "+route.Control+": "+notPiloted, eval.SourceNone
		for _, field := range []string{"win_rate", "win_rate_always_valid", "cost_ratio", "latency_ratio"} {
			route.WhyMissing[field] = notPiloted
		}
		route.Evidence = noEvidence(notPiloted)
		route.WhyMissing["valid_until"] = notPiloted
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
		route.Evidence = a.routeEvidence(chosen, analysis)
		if until := route.Evidence.RatedUntil; until != nil {
			route.ValidUntil = new(until.Add(eval.EvidenceLasts).Truncate(24 * time.Hour))
		} else {
			route.WhyMissing["valid_until"] = route.Evidence.WhyMissing["rated_until"]
		}
	}
	route.Model, route.Steps = a.model(route.Arm), a.steps(route.Arm)
	return route, a.price(&route, spend)
}

// notPiloted is why a category of the log has no evidence.
const notPiloted = "not part of the pilot"

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
		return known.Label()
	}
	return arm
}

// steps are the models of an arm that is a pipeline; nil of another.
func (a *analyzer) steps(name string) []string {
	if a.data.Locked == nil {
		return nil
	}
	arm, _ := a.data.Locked.Protocol.Arm(name)
	if !arm.Pipeline() {
		return nil
	}
	var models []string
	for _, call := range arm.Calls() {
		models = append(models, call.Model)
	}
	return models
}

// price fills in volume, spend and saving a month. It gives what the route saves:
// nothing, exactly, where the control is kept.
func (a *analyzer) price(route *eval.Route, spend []eval.Spend) stats.Estimated {
	controlModel := a.model(route.Control)
	base, _, onControl := a.controlWork(route, spend)
	var others []string
	for _, row := range spend {
		if row.Category != route.Category {
			continue
		}
		if onControl && row.Model != controlModel && row.Model != "" {
			others = append(others, row.Model)
		}
	}
	volume(route, spend)
	saving := a.monthlySaving(route, base)
	if !switches(route.Decision) {
		route.MonthlyCostThen = route.MonthlyCostNow
		if route.MonthlyCostThen == nil {
			route.WhyMissing[fieldCostThen] = route.WhyMissing[fieldCostNow]
		}
		route.MonthlySaving = &eval.Interval{Level: eval.Level} // keeping saves exactly nothing
		return stats.Estimated{DF: math.Inf(1)}
	}
	if onControl {
		route.ReplacesModel, route.StaysOn = controlModel, append(route.StaysOn, others...)
	}
	if route.SavingIfSwitched == nil {
		route.WhyMissing["monthly_saving_usd"] = route.WhyMissing["monthly_saving_if_switched_usd"]
		route.WhyMissing[fieldCostThen] = route.WhyMissing["monthly_saving_usd"]
		return saving
	}
	route.MonthlySaving = route.SavingIfSwitched
	route.MonthlyCostThen = new(*route.MonthlyCostNow - route.MonthlySaving.Estimate) // what is saved is part of it
	return saving
}

// The fields of volume and cost, by their JSON names.
const (
	fieldTasks    = "monthly_tasks"
	fieldCostNow  = "monthly_cost_now_usd"
	fieldCostThen = "monthly_cost_then_usd"
)

const noLog = "there is no audited log whose tasks have a time"

// volume fills in the tasks and the cost a month of a route's category, or says why the
// log does not tell them. A category of which the log has no task costs nothing.
func volume(route *eval.Route, spend []eval.Spend) {
	rows, tasks := 0, 0.0
	for _, row := range spend {
		if row.Category == route.Category {
			rows++
			tasks += row.Tasks
		}
	}
	cost, known := monthlyCost(spend, route.Category)
	switch {
	case len(spend) == 0:
		route.WhyMissing[fieldTasks] = noLog
		route.WhyMissing[fieldCostNow] = route.WhyMissing[fieldTasks]
		return
	case rows == 0:
		cost, known = 0, true
	case tasks == 0 && !known:
		route.WhyMissing[fieldTasks] = "the log does not say when its tasks were, or covers no whole week"
	}
	if route.WhyMissing[fieldTasks] == "" {
		route.MonthlyTasks = &tasks
	}
	if known {
		route.MonthlyCostNow = &cost
		return
	}
	route.WhyMissing[fieldCostNow] = cmp.Or(route.WhyMissing[fieldTasks], "the log states no cost of such a task, and no price of its model is known")
}

// monthlyCost is what a category's work costs a month, in dollars; known is false where
// the cost of none of it is.
func monthlyCost(spend []eval.Spend, category audit.Category) (dollars float64, known bool) {
	for _, row := range spend {
		if row.Category != category || len(row.Costs) == 0 {
			continue
		}
		known = true
		sum := 0.0
		for _, cost := range row.Costs {
			sum += cost.Dollars()
		}
		dollars += sum / float64(len(row.Costs))
	}
	return dollars, known
}

// sumRoutes sums volume and cost.
func sumRoutes(table *eval.RoutingTable) {
	total := &table.Total
	total.MonthlyTasks = sumOf(table.Routes, total.WhyMissing, fieldTasks, func(r eval.Route) *float64 { return r.MonthlyTasks })
	total.MonthlyCostNow = sumOf(table.Routes, total.WhyMissing, fieldCostNow, func(r eval.Route) *float64 { return r.MonthlyCostNow })
	total.MonthlyCostThen = sumOf(table.Routes, total.WhyMissing, fieldCostThen, func(r eval.Route) *float64 { return r.MonthlyCostThen })
}

// sumOf sums a field of the routes; the sum is nil, with the reason noted, where one of its
// parts is.
func sumOf(routes []eval.Route, whyMissing map[string]string, field string, part func(eval.Route) *float64) *float64 {
	sum := 0.0
	for _, route := range routes {
		value := part(route)
		if value == nil {
			whyMissing[field] = fmt.Sprintf("%s: %s", route.Category, route.WhyMissing[field])
			return nil
		}
		sum += *value
	}
	return &sum
}

// controlWork is what a route's category has on the control's model: dollars a month,
// one for each period, and tasks a month. A log that does not name that model is taken to
// be all its work; named is false then.
func (a *analyzer) controlWork(route *eval.Route, spend []eval.Spend) (base []float64, tasks float64, named bool) {
	model := a.model(route.Control)
	named = slices.ContainsFunc(spend, func(row eval.Spend) bool {
		return row.Category == route.Category && row.Model == model
	})
	for _, row := range spend {
		if row.Category == route.Category && (row.Model == model || !named) {
			base = addPeriods(base, row.Costs)
			tasks += row.Tasks
		}
	}
	return base, tasks, named
}

// monthlySaving is B(1 − R) with the uncertainty of both, what a switch to the
// candidate would save. It notes B and the saving in the route, or why they are not
// known.
func (a *analyzer) monthlySaving(route *eval.Route, base []float64) stats.Estimated {
	missing := func(field string, err error) stats.Estimated {
		route.WhyMissing[field] = err.Error()
		route.WhyMissing["monthly_saving_if_switched_usd"] = err.Error()
		return stats.Estimated{}
	}
	spend, err := stats.MonthlySpend(base)
	if err != nil {
		return missing("monthly_control_spend_usd", err)
	}
	estimate, err := spend.Interval(fixedZ)
	if err != nil {
		return missing("monthly_control_spend_usd", err)
	}
	route.ControlSpend = interval(estimate)
	if route.Candidate == "" {
		return missing("monthly_saving_if_switched_usd", errors.New(notPiloted))
	}
	key := useCase{route.Category, route.Control, route.Candidate}
	pairs, err := a.costPairs(key, a.measure(key))
	if err != nil {
		return missing("monthly_saving_if_switched_usd", err)
	}
	ratio, err := stats.Ratio(pairs)
	if err != nil {
		return missing("monthly_saving_if_switched_usd", err)
	}
	saving := stats.Saving(spend, stats.Estimated{Value: ratio.Ratio, Variance: ratio.LinearVariance, DF: ratio.DF})
	if estimate, err = saving.Interval(fixedZ); err != nil {
		return missing("monthly_saving_if_switched_usd", err)
	}
	route.SavingIfSwitched = interval(estimate)
	return saving
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
