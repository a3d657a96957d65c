package decide

import (
	"cmp"
	"fmt"
	"math"
	"slices"

	"modeltrial/eval"
	"modeltrial/eval/stats"
)

// Frontier puts the pilot's arms on the plane of cost and quality and chooses for each
// goal: for best quality among what is shown to be better than the control, for least
// cost among what is shown to be not worse, and, where a budget a month in dollars is
// given, the table with the highest expected win rate that costs no more.
//
// A budget bounds the cost of the whole log, of which the pilot's arms move the control's
// work only; it compares estimates, since it may have to choose what was not shown.
func Frontier(data eval.Dataset, spend []eval.Spend, budget *float64) (eval.Frontier, error) {
	options := Options{DecisionsOnly: true}
	a, raters, err := gather(data, options).ruled(data, options)
	if err != nil {
		return eval.Frontier{}, err
	}
	analysis, err := a.analyze(raters, options)
	if err != nil {
		return eval.Frontier{}, err
	}
	frontier := eval.Frontier{
		Schema: "modeltrial.route-frontier/1", Pilot: data.Pilot, ProtocolSHA256: analysis.ProtocolSHA256, Provenance: a.provenance(),
		Categories: eval.FrontierOf(analysis.Comparisons), Goals: []eval.FrontierGoal{}, Warnings: []string{}, WhyMissing: map[string]string{},
	}
	frontier.MonthlyCostNow = wholeCost(spend, frontier.WhyMissing)
	for _, c := range analysis.Comparisons {
		if c.WinRate == nil || c.CostRatio == nil {
			why := cmp.Or(c.WhyMissing["win_rate"], c.WhyMissing["cost_ratio"])
			frontier.Warnings = append(frontier.Warnings, fmt.Sprintf("%s, %s: not on the plane: %s", c.Category, c.Candidate, why))
		}
	}
	work := a.controlWorks(frontier.Categories, spend)
	frontier.Goals = append(frontier.Goals,
		a.goal(eval.BestQuality, &frontier, work, bestQuality), a.goal(eval.LeastCost, &frontier, work, leastCost))
	switch {
	case budget == nil:
	case frontier.MonthlyCostNow == nil:
		frontier.Warnings = append(frontier.Warnings, "no routes within the budget: what the log costs a month is not known: "+frontier.WhyMissing[fieldCostNow])
	default:
		frontier.Goals = append(frontier.Goals, a.withBudget(*budget, &frontier, work))
	}
	return frontier, nil
}

// wholeCost is what the whole log costs a month in dollars; nil, with the reason noted,
// where that of a category is not known.
func wholeCost(spend []eval.Spend, whyMissing map[string]string) *float64 {
	if len(spend) == 0 {
		whyMissing[fieldCostNow] = noLog
		return nil
	}
	var routes []eval.Route
	for _, row := range spend {
		if slices.ContainsFunc(routes, func(r eval.Route) bool { return r.Category == row.Category }) {
			continue
		}
		route := eval.Route{Category: row.Category, WhyMissing: map[string]string{}}
		volume(&route, spend)
		routes = append(routes, route)
	}
	return sumOf(routes, whyMissing, fieldCostNow, func(r eval.Route) *float64 { return r.MonthlyCostNow })
}

// A controlWork is what the log has of a category on the control's model a month.
type controlWork struct {
	spend stats.Estimated // dollars
	err   error           // why its uncertainty is not known
	cost  *float64        // dollars, the mean of the periods; nil where no cost is known
	tasks float64
}

func (a *analyzer) controlWorks(planes []eval.FrontierCategory, spend []eval.Spend) []controlWork {
	work := make([]controlWork, len(planes))
	for i, plane := range planes {
		base, tasks, _ := a.controlWork(&eval.Route{Category: plane.Category, Control: plane.Arms[0].Arm}, spend)
		work[i].tasks = tasks
		if len(base) > 0 {
			work[i].cost = new(0.0)
		}
		for _, cost := range base {
			*work[i].cost += cost / float64(len(base))
		}
		work[i].spend, work[i].err = stats.MonthlySpend(base)
	}
	return work
}

// bestQuality is the best preferred of the arms shown to be better, else the control.
func bestQuality(plane eval.FrontierCategory) (chosen int, why string) {
	for i, arm := range plane.Arms {
		if arm.Better && (chosen == 0 || arm.WinRate.Estimate > plane.Arms[chosen].WinRate.Estimate) {
			chosen = i
		}
	}
	if chosen == 0 {
		return 0, "no candidate is shown better"
	}
	return chosen, "shown better: preferred on " + rate(plane.Arms[chosen].WinRate)
}

// leastCost is the cheapest of the arms shown to be not worse, the control among them.
func leastCost(plane eval.FrontierCategory) (chosen int, why string) {
	for i, arm := range plane.Arms {
		if arm.NotWorse && arm.CostRatio.Estimate < plane.Arms[chosen].CostRatio.Estimate {
			chosen = i
		}
	}
	if chosen == 0 {
		return 0, "no cheaper candidate is shown not worse"
	}
	return chosen, fmt.Sprintf("shown not worse, cost ratio %s", ratioText(plane.Arms[chosen].CostRatio))
}

func (a *analyzer) goal(kind eval.GoalKind, frontier *eval.Frontier, work []controlWork, choose func(eval.FrontierCategory) (int, string)) eval.FrontierGoal {
	choice, why := make([]int, len(work)), make([]string, len(work))
	for i, plane := range frontier.Categories {
		choice[i], why[i] = choose(plane)
	}
	goal := eval.FrontierGoal{Goal: kind, Feasible: true}
	a.priceGoal(&goal, frontier, work, choice, why)
	return goal
}

// withBudget chooses for each category so that the expected win rate is highest within
// the budget.
func (a *analyzer) withBudget(budget float64, frontier *eval.Frontier, work []controlWork) eval.FrontierGoal {
	fixed := *frontier.MonthlyCostNow
	options := make([][]option, len(work))
	for i, plane := range frontier.Categories {
		var cost float64 // none where the log has no such work
		if work[i].cost != nil {
			cost = *work[i].cost
		}
		fixed -= cost
		for _, arm := range plane.Arms {
			options[i] = append(options[i], option{cost: cost * arm.CostRatio.Estimate, value: work[i].tasks * arm.WinRate.Estimate})
		}
	}
	choice, feasible := bestWithin(options, budget-fixed)
	why := make([]string, len(work))
	for i, plane := range frontier.Categories {
		arm := plane.Arms[choice[i]]
		switch {
		case choice[i] == 0:
			why[i] = "stays"
		case arm.Better:
			why[i] = "shown better"
		case arm.NotWorse:
			why[i] = "shown not worse"
		default:
			why[i] = "as estimated, not shown: preferred on " + rate(arm.WinRate) + " of tasks"
		}
	}
	goal := eval.FrontierGoal{Goal: eval.WithBudget, Budget: &budget, Feasible: feasible}
	a.priceGoal(&goal, frontier, work, choice, why)
	return goal
}

// priceGoal fills in what a choice of arms costs and brings.
func (a *analyzer) priceGoal(goal *eval.FrontierGoal, frontier *eval.Frontier, work []controlWork, choice []int, why []string) {
	goal.Routes, goal.WhyMissing = []eval.GoalRoute{}, map[string]string{}
	if frontier.MonthlyCostNow != nil {
		goal.MonthlyCost = new(*frontier.MonthlyCostNow)
	} else {
		goal.WhyMissing["monthly_cost_usd"] = frontier.WhyMissing[fieldCostNow]
	}
	var savings, rates []stats.Estimated
	tasks := 0.0
	for i, plane := range frontier.Categories {
		arm := plane.Arms[choice[i]]
		var cost *float64
		if now := work[i].cost; now != nil {
			cost = new(*now * arm.CostRatio.Estimate)
			if goal.MonthlyCost != nil {
				*goal.MonthlyCost += *cost - *now
			}
		}
		goal.Routes = append(goal.Routes, eval.GoalRoute{
			Category: plane.Category, Arm: arm.Arm, MonthlyCost: cost, Why: why[i],
			Shown: choice[i] == 0 || arm.Better || (arm.NotWorse && goal.Goal != eval.BestQuality),
		})
		tasks += work[i].tasks
		key := useCase{plane.Category, plane.Arms[0].Arm, arm.Arm}
		rate := certain(0.5)
		if choice[i] > 0 {
			saving, err := a.savingOf(key, work[i])
			if err != nil {
				goal.WhyMissing["monthly_saving_usd"] = fmt.Sprintf("%s: %v", plane.Category, err)
			}
			savings = append(savings, saving)
			if measured := a.measuredWinRate(key); measured != nil {
				rate = *measured
			}
		}
		rates = append(rates, stats.Estimated{Value: work[i].tasks * rate.Value, Variance: work[i].tasks * work[i].tasks * rate.Variance, DF: rate.DF})
	}
	if goal.WhyMissing["monthly_saving_usd"] == "" {
		goal.MonthlySaving = orNoted(stats.Sum(savings...), goal.WhyMissing, "monthly_saving_usd")
	}
	if !(tasks > 0) {
		goal.WhyMissing["win_rate"] = "the log has no task a month on the control's model in the pilot's categories"
		return
	}
	sum := stats.Sum(rates...)
	goal.WinRate = rateOf(stats.Estimated{Value: sum.Value / tasks, Variance: sum.Variance / tasks / tasks, DF: sum.DF}, goal.WhyMissing, "win_rate")
}

// savingOf is what moving a category's control work to the arm saves a month.
func (a *analyzer) savingOf(key useCase, work controlWork) (stats.Estimated, error) {
	if work.err != nil {
		return stats.Estimated{}, work.err
	}
	pairs, err := a.costPairs(key, a.measure(key))
	if err != nil {
		return stats.Estimated{}, err
	}
	ratio, err := stats.Ratio(pairs)
	if err != nil {
		return stats.Estimated{}, err
	}
	return stats.Saving(work.spend, stats.Estimated{Value: ratio.Ratio, Variance: ratio.LinearVariance, DF: ratio.DF}), nil
}

// An option is one of a group of which exactly one is taken.
type option struct{ cost, value float64 }

// mostStates bounds what [bestWithin] keeps.
const mostStates = 50_000

// bestWithin takes one option of each group so that the sum of values is highest and that
// of costs is at most the budget, and of several such choices the cheapest: the
// multiple-choice knapsack, by extending the choices that no other dominates group by
// group (Kellerer, Pferschy and Pisinger 2004, chapter 11). It is exact up to 50,000 such
// choices, which a routing table does not come near; beyond, of those whose costs are
// alike to a 50,000th of the budget only the cheapest is kept. The budget always holds;
// where nothing costs so little it gives the cheapest choice and false.
func bestWithin(options [][]option, budget float64) (choice []int, feasible bool) {
	type state struct {
		option
		group, taken int
		before       *state
	}
	states := []*state{{group: -1}}
	for group, of := range options {
		var next []*state
		for _, s := range states {
			for i, o := range of {
				next = append(next, &state{option{s.cost + o.cost, s.value + o.value}, group, i, s})
			}
		}
		slices.SortStableFunc(next, func(x, y *state) int { return cmp.Or(cmp.Compare(x.cost, y.cost), cmp.Compare(y.value, x.value)) })
		states = states[:0:0]
		best := math.Inf(-1)
		for _, s := range next {
			if s.value > best {
				best = s.value
				states = append(states, s)
			}
		}
		if len(states) > mostStates && budget > 0 {
			states = slices.CompactFunc(states, func(x, y *state) bool {
				cell := func(s *state) float64 { return math.Ceil(s.cost / budget * mostStates) }
				return cell(x) == cell(y)
			})
		}
	}
	chosen := states[0]
	for _, s := range states { // cheapest first, and each is worth more than the one before
		if s.cost <= budget {
			chosen = s
		}
	}
	feasible = chosen.cost <= budget
	choice = make([]int, len(options))
	for s := chosen; s.group >= 0; s = s.before {
		choice[s.group] = s.taken
	}
	return choice, feasible
}
