package decide

import (
	"cmp"
	"maps"
	"math"
	"slices"
	"time"

	"modeltrial/audit"
	"modeltrial/eval"
	"modeltrial/eval/stats"
)

// A Replayer applies a routing table to a log, one task after the other. What it keeps
// grows with the number of categories, teams, models and months, not with that of tasks.
type Replayer struct {
	table    eval.RoutingTable
	routes   map[audit.Category]int
	cells    map[replayKey]*replayCell
	from, to time.Time
}

type replayKey struct {
	category    audit.Category
	team, model string
	month       int // 12·year + month; 0 without a date
}

// A replayCell sums tasks that are alike in all that matters.
type replayCell struct {
	tasks, costed, timed int
	cost                 audit.NanoUSD
	logLatency           float64 // sum of the logarithms of milliseconds
}

func (c *replayCell) add(other *replayCell) {
	c.tasks += other.tasks
	c.costed += other.costed
	c.timed += other.timed
	c.cost += other.cost
	c.logLatency += other.logLatency
}

// NewReplayer begins the replay of a log under a table.
func NewReplayer(table eval.RoutingTable) *Replayer {
	r := &Replayer{table: table, routes: map[audit.Category]int{}, cells: map[replayKey]*replayCell{}}
	for i, route := range table.Routes {
		r.routes[route.Category] = i
	}
	return r
}

// Add takes a task of the log. A latency of zero has no logarithm and counts as unknown.
func (r *Replayer) Add(task eval.LoggedTask) {
	key := replayKey{category: task.Category, team: task.Team, model: task.Model}
	if !task.At.IsZero() {
		year, month, _ := task.At.Date()
		key.month = 12*year + int(month)
		if r.from.IsZero() || task.At.Before(r.from) {
			r.from = task.At
		}
		if task.At.After(r.to) {
			r.to = task.At
		}
	}
	cell := r.cells[key]
	if cell == nil {
		cell = &replayCell{}
		r.cells[key] = cell
	}
	cell.tasks++
	if task.Cost != nil {
		cell.costed++
		cell.cost += *task.Cost
	}
	if task.LatencyMS != nil && *task.LatencyMS > 0 {
		cell.timed++
		cell.logLatency += math.Log(float64(*task.LatencyMS))
	}
}

// Replay gives what the log would have been under the table: in all, by category, by
// team, by month and by team and month.
//
// The costs that were paid are known; what is estimated are the table's ratios and win
// rates. With the cost B_c of the N_c tasks of a group that move in category c, and the
// cost ratio R_c that the pilot measured on n_c tasks,
//
//	saving = Σ_c B_c·(1 − R_c),   V = Σ_c B_c²·V_Rc·(1 + n_c/N_c)
//
// (see [stats.Predicted]; V_R by linearisation). The turnaround is a geometric mean: with
// w_c the share of a group's tasks that move in c, and G_c the latency ratio,
//
//	ratio = exp Σ_c w_c·ln G_c,   V(ln ratio) = Σ_c w_c²·V(ln G_c)·(1 + n_c/N_c)
//
// The expected win rate is Σ_c w_c·θ_c with V = Σ_c w_c²·V(θ_c): the mean of all such
// tasks, not that of these alone. Categories are independent, limits are t limits with
// the smallest degrees of freedom.
func (r *Replayer) Replay() (eval.Replay, error) {
	replay := eval.Replay{
		Schema: "modeltrial.route-replay/1", DecidedAt: r.table.DecidedAt, ProtocolSHA256: r.table.ProtocolSHA256, PriceTableDate: r.table.PriceTableDate,
		Categories: []eval.ReplayGroup{}, Teams: []eval.ReplayGroup{}, Months: []eval.ReplayGroup{}, TeamMonths: []eval.ReplayGroup{},
		Assumes: []string{}, Warnings: []string{}, WhyMissing: map[string]string{},
	}
	if !r.from.IsZero() {
		replay.From, replay.To = &r.from, &r.to
	}
	total := r.sums()
	byCategory, byTeam, byMonth, byBoth := map[audit.Category]*replaySum{}, map[string]*replaySum{}, map[int]*replaySum{}, map[replayKey]*replaySum{}
	rates := r.meanCosts()
	for _, key := range r.sortedKeys() {
		for _, sum := range []*replaySum{
			total, in(byCategory, key.category, r), in(byTeam, key.team, r), in(byMonth, key.month, r),
			in(byBoth, replayKey{team: key.team, month: key.month}, r),
		} {
			r.take(sum, key, rates)
		}
	}
	var failed error
	finish := func(sum *replaySum) eval.ReplayGroup {
		failed = cmp.Or(failed, r.finish(sum))
		return sum.group
	}
	replay.Total = finish(total)
	for _, category := range r.categories() {
		group := finish(byCategory[category])
		group.Category = cmp.Or(category, Uncategorised)
		if at, ok := r.routes[category]; ok {
			group.Arm = r.table.Routes[at].Arm
		}
		replay.Categories = append(replay.Categories, group)
	}
	for team, sum := range byTeam {
		group := finish(sum)
		group.Team = cmp.Or(team, unknownGroup)
		replay.Teams = append(replay.Teams, group)
	}
	slices.SortFunc(replay.Teams, func(a, b eval.ReplayGroup) int {
		return cmp.Or(cmp.Compare(orZero(b.CostNow), orZero(a.CostNow)), cmp.Compare(a.Team, b.Team))
	})
	for _, month := range slices.Sorted(maps.Keys(byMonth)) {
		group := finish(byMonth[month])
		group.Month = monthName(month)
		replay.Months = append(replay.Months, group)
	}
	for _, of := range slices.SortedFunc(maps.Keys(byBoth), compareReplayKeys) {
		group := finish(byBoth[of])
		group.Team, group.Month = cmp.Or(of.team, unknownGroup), monthName(of.month)
		replay.TeamMonths = append(replay.TeamMonths, group)
	}
	r.describe(&replay)
	return replay, failed
}

// A replaySum is a part of the log while it is added up.
type replaySum struct {
	group      eval.ReplayGroup
	byRoute    []moved // parallel to the routes
	timed      int
	logLatency float64
}

func (r *Replayer) sums() *replaySum {
	return &replaySum{group: eval.ReplayGroup{WhyMissing: map[string]string{}}, byRoute: make([]moved, len(r.table.Routes))}
}

// in is the sum under a key, made where there is none.
func in[Key comparable](sums map[Key]*replaySum, key Key, r *Replayer) *replaySum {
	sum := sums[key]
	if sum == nil {
		sum = r.sums()
		sums[key] = sum
	}
	return sum
}

// unknownGroup is the name of a team or month that the log does not say.
const unknownGroup = "unknown"

func monthName(month int) string {
	if month == 0 {
		return unknownGroup
	}
	return time.Date((month-1)/12, time.Month((month-1)%12+1), 1, 0, 0, 0, 0, time.UTC).Format("2006-01")
}

// categories are those of the table, then the others of the log.
func (r *Replayer) categories() []audit.Category {
	var categories, more []audit.Category
	seen := map[audit.Category]bool{}
	for key := range r.cells {
		if !seen[key.category] {
			seen[key.category] = true
			if _, routed := r.routes[key.category]; !routed {
				more = append(more, key.category)
			}
		}
	}
	for _, route := range r.table.Routes {
		if seen[route.Category] {
			categories = append(categories, route.Category)
		}
	}
	slices.Sort(more)
	return append(categories, more...)
}

type categoryModel struct {
	category audit.Category
	model    string
}

// meanCosts is the mean of the known costs of each category's tasks on each model, in
// dollars: unknown is not free.
func (r *Replayer) meanCosts() map[categoryModel]float64 {
	sums := map[categoryModel]*replayCell{}
	for key, cell := range r.cells {
		of := categoryModel{key.category, key.model}
		if sums[of] == nil {
			sums[of] = &replayCell{}
		}
		sums[of].add(cell)
	}
	means := map[categoryModel]float64{}
	for of, sum := range sums {
		if sum.costed > 0 {
			means[of] = sum.cost.Dollars() / float64(sum.costed)
		}
	}
	return means
}

// moves says whether the table sends work of a category on a model elsewhere.
func moves(route *eval.Route, model string) bool {
	return switches(route.Decision) && (route.ReplacesModel == "" || route.ReplacesModel == model)
}

// moved is what a group has of a category that moves.
type moved struct {
	tasks, priced, timed int
	cost                 float64 // dollars
}

// take adds a cell to a part of the log.
func (r *Replayer) take(sum *replaySum, key replayKey, rates map[categoryModel]float64) {
	cell, group := r.cells[key], &sum.group
	cost, priced := cell.cost.Dollars(), cell.costed
	if missing := cell.tasks - cell.costed; missing > 0 {
		if mean, known := rates[categoryModel{key.category, key.model}]; known {
			cost += mean * float64(missing)
			priced += missing
			group.Estimated += missing
		} else {
			group.Unpriced += missing
		}
	}
	group.Tasks += cell.tasks
	if priced > 0 {
		if group.CostNow == nil {
			group.CostNow = new(0.0)
		}
		*group.CostNow += cost
	}
	sum.timed += cell.timed
	sum.logLatency += cell.logLatency
	at, routed := r.routes[key.category]
	if !routed || !moves(&r.table.Routes[at], key.model) {
		return
	}
	group.Moved += cell.tasks
	m := &sum.byRoute[at]
	m.tasks += cell.tasks
	m.priced += priced
	m.timed += cell.timed
	m.cost += cost
}

// finish applies the table to a part of the log.
func (r *Replayer) finish(sum *replaySum) error {
	r.money(&sum.group, sum.byRoute)
	r.turnaround(&sum.group, sum.byRoute, sum.timed, sum.logLatency)
	r.quality(&sum.group, sum.byRoute)
	return r.withErrors(&sum.group, sum.byRoute)
}

// sortedKeys are the cells in a fixed order: the last digits of a sum depend on it.
func (r *Replayer) sortedKeys() []replayKey {
	return slices.SortedFunc(maps.Keys(r.cells), compareReplayKeys)
}

func compareReplayKeys(a, b replayKey) int {
	return cmp.Or(cmp.Compare(a.category, b.category), cmp.Compare(a.team, b.team), cmp.Compare(a.model, b.model), cmp.Compare(a.month, b.month))
}

func (r *Replayer) money(group *eval.ReplayGroup, byRoute []moved) {
	missing := func(why string, fields ...string) {
		for _, field := range fields {
			group.WhyMissing[field] = why
		}
	}
	if group.CostNow == nil {
		missing(noCost, "cost_now_usd", "cost_then_usd")
	}
	var parts []stats.Estimated
	priced := 0
	for i, m := range byRoute {
		if m.priced == 0 {
			continue
		}
		priced += m.priced
		ratio, why := costRatioOf(&r.table.Routes[i])
		if why != "" {
			missing(why, "saving_usd", "cost_then_usd")
			return
		}
		ratio.Value = 1 - ratio.Value
		parts = append(parts, stats.Predicted(m.cost, ratio, m.priced))
	}
	if group.Moved > 0 && priced == 0 {
		missing(noCost, "saving_usd", "cost_then_usd")
		return
	}
	group.Saving = orNoted(stats.Sum(parts...), group.WhyMissing, "saving_usd")
	if group.Saving != nil && group.CostNow != nil {
		group.CostThen = new(*group.CostNow - group.Saving.Estimate)
	}
}

// noCost is why there is no amount.
const noCost = "no cost of its tasks is known, nor of any other of their category and model"

func orZero(value *float64) float64 {
	if value == nil {
		return 0
	}
	return *value
}

func (r *Replayer) turnaround(group *eval.ReplayGroup, byRoute []moved, timed int, logLatency float64) {
	fields := []string{"latency_now_ms", "latency_then_ms", "latency_ratio"}
	missing := func(why string, fields []string) {
		for _, field := range fields {
			group.WhyMissing[field] = why
		}
	}
	if timed == 0 {
		missing("the log gives no latency", fields)
		return
	}
	now := math.Exp(logLatency / float64(timed))
	group.LatencyNow = &now
	var parts []stats.Estimated
	for i, m := range byRoute {
		if m.timed == 0 {
			continue
		}
		ratio, why := latencyRatioOf(&r.table.Routes[i])
		if why != "" {
			missing(why, fields[1:])
			return
		}
		parts = append(parts, stats.Predicted(float64(m.timed)/float64(timed), ratio, m.timed))
	}
	logs, err := stats.Sum(parts...).Interval(fixedZ)
	if err != nil {
		missing(err.Error(), fields[1:])
		return
	}
	if math.IsInf(now*math.Exp(logs.High), 1) {
		missing("the latency ratio is not known well enough for limits", fields[1:])
		return
	}
	group.LatencyRatio = &eval.Interval{
		Estimate: math.Exp(logs.Estimate), StandardError: logs.StandardError, Low: math.Exp(logs.Low), High: math.Exp(logs.High), Level: eval.Level,
	}
	group.LatencyThen = new(now * group.LatencyRatio.Estimate)
}

const nothingMoves = "no task of it moves to another model"

func (r *Replayer) quality(group *eval.ReplayGroup, byRoute []moved) {
	missing := func(why string, fields ...string) {
		for _, field := range fields {
			group.WhyMissing[field] = why
		}
	}
	if group.Tasks == 0 {
		missing("it has no task", "win_rate_moved", "win_rate_all")
		return
	}
	var parts []stats.Estimated
	for i, m := range byRoute {
		if m.tasks == 0 {
			continue
		}
		rate, why := winRateOf(&r.table.Routes[i])
		if why != "" {
			missing(why, "win_rate_moved", "win_rate_all")
			return
		}
		share := float64(m.tasks) / float64(group.Moved)
		parts = append(parts, stats.Estimated{Value: share * rate.Value, Variance: share * share * rate.Variance, DF: rate.DF})
	}
	sum := stats.Sum(parts...)
	share := float64(group.Moved) / float64(group.Tasks)
	all := stats.Estimated{Value: share*sum.Value + (1-share)/2, Variance: share * share * sum.Variance, DF: sum.DF}
	group.WinRateAll = rateOf(all, group.WhyMissing, "win_rate_all")
	if group.Moved == 0 {
		missing(nothingMoves, "win_rate_moved")
		return
	}
	group.WinRateMoved = rateOf(sum, group.WhyMissing, "win_rate_moved")
}

// costRatioOf is a route's cost ratio with the variance of linearisation.
func costRatioOf(route *eval.Route) (stats.Measured, string) {
	return measuredOf(route, route.CostRatio, route.Evidence.CostRatioDF, "cost_ratio", func(i *eval.Interval) float64 { return i.Estimate })
}

// latencyRatioOf is the logarithm of a route's latency ratio.
func latencyRatioOf(route *eval.Route) (stats.Measured, string) {
	return measuredOf(route, route.LatencyRatio, route.Evidence.LatencyDF, "latency_ratio", func(i *eval.Interval) float64 { return math.Log(i.Estimate) })
}

func winRateOf(route *eval.Route) (stats.Measured, string) {
	return measuredOf(route, route.WinRate, route.Evidence.WinRateDF, "win_rate", func(i *eval.Interval) float64 { return i.Estimate })
}

// measuredOf is what a route measured on its tasks. Of a table that does not say the
// degrees of freedom, they are the tasks less one.
func measuredOf(route *eval.Route, i *eval.Interval, df *float64, field string, value func(*eval.Interval) float64) (stats.Measured, string) {
	if i == nil {
		return stats.Measured{}, string(route.Category) + ": " + cmp.Or(route.WhyMissing[field], "the table does not say the "+field)
	}
	m := stats.Measured{Estimated: stats.Estimated{Value: value(i), Variance: i.StandardError * i.StandardError, DF: float64(max(route.Tasks-1, 1))}}
	if df != nil {
		m.DF = *df
	}
	m.Tasks = m.DF + 1
	return m, ""
}
