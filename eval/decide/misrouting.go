package decide

import (
	"fmt"
	"math"
	"slices"
	"strings"

	"modeltrial/audit"
	"modeltrial/eval"
	"modeltrial/eval/stats"
)

const (
	fieldSavingWithErrors  = "monthly_saving_with_routing_errors_usd"
	fieldWinRate           = "win_rate_switched"
	fieldWinRateWithErrors = "win_rate_switched_with_routing_errors"
)

// A sortedRoute is a route with what the errors of the router do to it.
type sortedRoute struct {
	route    *eval.Route
	spend    stats.Estimated // dollars a month on the control's model
	spendErr error
	tasks    float64 // a month, of the same work
	own      int     // the route's category among the true ones
	reviewed []int   // of the tasks sorted here, by true category
	ratio    []*stats.Estimated
	winRate  []*stats.Estimated
}

// routingErrors fills in what the table saves, and how the switched work is preferred,
// where the router sorts tasks as the categoriser does (see [stats.RoutedTotal]).
//
// The spend of the audit is that of the tasks that the categoriser put into a category,
// which are those that a router would put there. Where an arm was not measured in a
// category, tasks of it that stray there are assumed to save nothing, or to cost as much
// more as in the arm's own category where it costs more there, and to lose every
// comparison. Ratios and win rates measured in a category are taken for those of the
// tasks that truly belong there. As far as the pilot's tasks were sorted by the same
// categoriser, its errors are in them already.
func (a *analyzer) routingErrors(table *eval.RoutingTable, spend []eval.Spend, check *audit.CategoriserCheck) error {
	missing := func(why string) {
		table.WhyMissing["routing_errors"] = why
		table.Total.WhyMissing[fieldSavingWithErrors], table.Total.WhyMissing[fieldWinRateWithErrors] = why, why
		for i := range table.Routes {
			table.Routes[i].WhyMissing[fieldSavingWithErrors] = why
		}
	}
	truths := trueCategories(table.Routes, check)
	sorted := make([]sortedRoute, len(table.Routes))
	for i := range table.Routes {
		sorted[i] = a.sortedRoute(&table.Routes[i], spend, truths, check)
	}
	a.switchedWinRate(table, sorted)
	switch {
	case check == nil:
		missing("no random sample of what the categoriser sorted was reviewed; draw one with modeltrial audit classify --sample 200")
		return nil
	case check.WhyMissing != "":
		missing(check.WhyMissing)
		return nil
	}
	table.RoutingErrors = describe(sorted, truths)
	if err := savingWithErrors(table, sorted); err != nil {
		return err
	}
	return winRateWithErrors(table, sorted)
}

// trueCategories are those of the routes, then the others that reviewed tasks have.
func trueCategories(routes []eval.Route, check *audit.CategoriserCheck) []audit.Category {
	var truths, more []audit.Category
	for _, route := range routes {
		truths = append(truths, route.Category)
	}
	if check == nil {
		return truths
	}
	for truth := range check.Confusion {
		if !slices.Contains(truths, truth) {
			more = append(more, truth)
		}
	}
	slices.Sort(more)
	return append(truths, more...)
}

func (a *analyzer) sortedRoute(route *eval.Route, spend []eval.Spend, truths []audit.Category, check *audit.CategoriserCheck) sortedRoute {
	s := sortedRoute{
		route: route, own: slices.Index(truths, route.Category), reviewed: make([]int, len(truths)),
		ratio: make([]*stats.Estimated, len(truths)), winRate: make([]*stats.Estimated, len(truths)),
	}
	base, tasks, _ := a.controlWork(route, spend)
	s.tasks = tasks
	s.spend, s.spendErr = stats.MonthlySpend(base)
	for j, truth := range truths {
		if check != nil {
			s.reviewed[j] = check.Confusion[truth][route.Category]
		}
		if route.Candidate == "" {
			continue
		}
		key := useCase{truth, route.Control, route.Candidate}
		s.ratio[j], s.winRate[j] = a.measuredRatio(key, j == s.own), a.measuredWinRate(key)
	}
	return s
}

// measuredRatio is the cost ratio of a use case, nil where the pilot did not measure
// it. The category that a route is of needs no more tasks than its plain saving does.
func (a *analyzer) measuredRatio(key useCase, own bool) *stats.Estimated {
	pairs, err := a.costPairs(key, a.measure(key))
	if err != nil {
		return nil
	}
	ratio, err := stats.Ratio(pairs)
	if err != nil || (!own && ratio.Tasks < stats.MinTasks) {
		return nil
	}
	return &stats.Estimated{Value: ratio.Ratio, Variance: ratio.LinearVariance, DF: ratio.DF}
}

// measuredWinRate is the win rate of a use case, nil where there is no interval of it.
func (a *analyzer) measuredWinRate(key useCase) *stats.Estimated {
	mean, err := a.mean(a.evidence(key), 0)
	if err != nil {
		return nil
	}
	return &stats.Estimated{Value: mean.Estimate, Variance: mean.Variance, DF: mean.DF}
}

// describe writes down what the figures start from.
func describe(sorted []sortedRoute, truths []audit.Category) *eval.RoutingErrors {
	d := &eval.RoutingErrors{Rows: []eval.SortedCategory{}, Assumes: []string{}, WhyMissing: map[string]string{}}
	var strayed []string
	switched, unmeasured, some, known := 0.0, 0.0, false, true
	for _, s := range sorted {
		row := eval.SortedCategory{Category: s.route.Category, Arm: s.route.Candidate, Switched: switches(s.route.Decision)}
		n, notMeasured := 0, 0
		for j, truth := range truths {
			row.Truths = append(row.Truths, eval.TrueCategory{
				Category: truth, Reviewed: s.reviewed[j], CostRatio: measuredInterval(s.ratio[j]), WinRate: measuredInterval(s.winRate[j]),
			})
			n += s.reviewed[j]
			if s.ratio[j] == nil && s.reviewed[j] > 0 {
				notMeasured += s.reviewed[j]
				if row.Switched {
					strayed = append(strayed, fmt.Sprintf("%s under %s", truth, s.route.Candidate))
				}
			}
		}
		d.Reviewed += n
		d.Rows = append(d.Rows, row)
		if row.Switched {
			some, known = true, known && s.spendErr == nil && n > 0
			switched += s.spend.Value
			unmeasured += s.spend.Value * float64(notMeasured) / float64(max(n, 1))
		}
	}
	switch {
	case !some:
		d.WhyMissing["unmeasured_share"] = "no category is switched"
	case !known:
		d.WhyMissing["unmeasured_share"] = "the spend or the errors of a switched category are not known"
	case !(switched > 0):
		d.WhyMissing["unmeasured_share"] = "nothing was spent on the control's model in the switched categories"
	default:
		d.Unmeasured = new(unmeasured / switched)
	}
	if len(strayed) > 0 {
		slices.Sort(strayed)
		d.Assumes = append(d.Assumes, fmt.Sprintf(
			"not measured, and taken to save nothing (or to cost as much more as in the arm's own category) and to lose every comparison: %s", list(slices.Compact(strayed))))
	}
	d.Assumes = append(d.Assumes,
		"the audited spend of a category is that of the tasks that the router puts there, also where a person has corrected some of them",
		"tasks that are sorted wrongly cost as much as the others of the category that they are sorted into",
		"what was measured in a category holds for the tasks that truly belong there; as far as the pilot's own tasks were sorted by the same categoriser, its errors are in the measurement already")
	return d
}

// list is "a, b and c".
func list(words []string) string {
	if len(words) < 2 {
		return strings.Join(words, "")
	}
	return strings.Join(words[:len(words)-1], ", ") + " and " + words[len(words)-1]
}

func measuredInterval(e *stats.Estimated) *eval.Interval {
	if e == nil {
		return nil
	}
	limits, err := e.Interval(fixedZ)
	if err != nil {
		return nil
	}
	return interval(limits)
}

// certain is a number without uncertainty.
func certain(value float64) stats.Estimated { return stats.Estimated{Value: value, DF: math.Inf(1)} }

// savings are 1 − R by true category for a switched route: an assumed ratio is at least
// 1, and rests on the own category's data where it is that ratio.
func (s *sortedRoute) savings() (gains []stats.Estimated, from []int) {
	own := *s.ratio[s.own]
	for j, ratio := range s.ratio {
		switch {
		case ratio != nil:
			gains, from = append(gains, stats.Estimated{Value: 1 - ratio.Value, Variance: ratio.Variance, DF: ratio.DF}), append(from, j)
		case own.Value > 1:
			gains, from = append(gains, stats.Estimated{Value: 1 - own.Value, Variance: own.Variance, DF: own.DF}), append(from, s.own)
		default:
			gains, from = append(gains, certain(0)), append(from, j)
		}
	}
	return gains, from
}

// savingWithErrors fills in the savings of the routes and of all.
func savingWithErrors(table *eval.RoutingTable, sorted []sortedRoute) error {
	total := table.Total.WhyMissing
	var routed []stats.Routed
	var routes []*eval.Route
	for i := range sorted {
		s := &sorted[i]
		why := s.whyNotRouted()
		if s.route.MonthlySaving == nil {
			why = s.route.WhyMissing["monthly_saving_usd"]
		}
		if why != "" {
			s.route.WhyMissing[fieldSavingWithErrors] = why
			total[fieldSavingWithErrors] = fmt.Sprintf("%s: %s", s.route.Category, why)
			continue
		}
		r := s.unmoved()
		if switches(s.route.Decision) {
			r.Amount = s.spend
			r.Gain, r.From = s.savings()
		}
		routed, routes = append(routed, r), append(routes, s.route)
	}
	sum, parts, err := stats.RoutedTotal(routed)
	if err != nil {
		return fmt.Errorf("saving with routing errors: %w", err)
	}
	for i, route := range routes {
		route.SavingWithErrors = orNoted(parts[i], route.WhyMissing, fieldSavingWithErrors)
	}
	if total[fieldSavingWithErrors] == "" {
		table.Total.SavingWithErrors = orNoted(sum, total, fieldSavingWithErrors)
	}
	return nil
}

// whyNotRouted says why the errors of a switched category are not known well enough;
// empty where they are.
func (s *sortedRoute) whyNotRouted() string {
	n := 0
	for _, count := range s.reviewed {
		n += count
	}
	if !switches(s.route.Decision) || n >= stats.MinReviewedRow {
		return ""
	}
	return fmt.Sprintf("%d of the reviewed tasks were sorted into it, %d are needed; draw more with modeltrial audit classify --sample 200", n, stats.MinReviewedRow)
}

// unmoved is work that the control keeps, whatever it truly is.
func (s *sortedRoute) unmoved() stats.Routed {
	return stats.Routed{Amount: certain(0), Reviewed: s.reviewed, Gain: slices.Repeat([]stats.Estimated{certain(0)}, len(s.reviewed))}
}

// orNoted is the interval of an estimate, or nil with the reason noted.
func orNoted(e stats.Estimated, whyMissing map[string]string, field string) *eval.Interval {
	limits, err := e.Interval(fixedZ)
	return noted(whyMissing, field, limits, err)
}

// switchedShares are the routes' shares of the switched tasks; nil where no task is.
func switchedShares(sorted []sortedRoute) []float64 {
	sum := 0.0
	shares := make([]float64, len(sorted))
	for i, s := range sorted {
		if switches(s.route.Decision) {
			shares[i] = s.tasks
			sum += s.tasks
		}
	}
	if !(sum > 0) {
		return nil
	}
	for i := range shares {
		shares[i] /= sum
	}
	return shares
}

const noSwitchedTasks = "no category that is switched has a task a month on the control's model"

// switchedWinRate fills in the expected win rate of the switched work, as sorted.
func (a *analyzer) switchedWinRate(table *eval.RoutingTable, sorted []sortedRoute) {
	shares := switchedShares(sorted)
	if shares == nil {
		table.Total.WhyMissing[fieldWinRate] = noSwitchedTasks
		return
	}
	var parts []stats.Estimated
	for i, s := range sorted {
		if shares[i] == 0 {
			continue
		}
		own := s.winRate[s.own]
		if own == nil {
			table.Total.WhyMissing[fieldWinRate] = fmt.Sprintf("%s: the win rate is not known", s.route.Category)
			return
		}
		parts = append(parts, stats.Estimated{Value: shares[i] * own.Value, Variance: shares[i] * shares[i] * own.Variance, DF: own.DF})
	}
	table.Total.WinRate = rateOf(stats.Sum(parts...), table.Total.WhyMissing, fieldWinRate)
}

// winRateWithErrors fills in the same where tasks stray into the switched categories.
func winRateWithErrors(table *eval.RoutingTable, sorted []sortedRoute) error {
	why := table.Total.WhyMissing
	shares := switchedShares(sorted)
	if table.Total.WinRate == nil {
		why[fieldWinRateWithErrors] = why[fieldWinRate]
		return nil
	}
	var routed []stats.Routed
	for i := range sorted {
		s := &sorted[i]
		r := s.unmoved()
		if shares[i] > 0 {
			if reason := s.whyNotRouted(); reason != "" {
				why[fieldWinRateWithErrors] = fmt.Sprintf("%s: %s", s.route.Category, reason)
				return nil
			}
			r.Amount = certain(shares[i])
			for j, rate := range s.winRate {
				if rate != nil { // else lost: the worst that can be
					r.Gain[j] = *rate
				}
			}
		}
		routed = append(routed, r)
	}
	sum, _, err := stats.RoutedTotal(routed)
	if err != nil {
		return fmt.Errorf("win rate with routing errors: %w", err)
	}
	table.Total.WinRateWithErrors = rateOf(sum, why, fieldWinRateWithErrors)
	return nil
}

// rateOf is orNoted for a rate, whose limits lie between 0 and 1.
func rateOf(e stats.Estimated, whyMissing map[string]string, field string) *eval.Interval {
	rate := orNoted(e, whyMissing, field)
	if rate != nil {
		rate.Low, rate.High = max(rate.Low, 0), min(rate.High, 1)
	}
	return rate
}
