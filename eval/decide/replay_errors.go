package decide

import (
	"cmp"
	"fmt"
	"slices"

	"modeltrial/audit"
	"modeltrial/eval"
	"modeltrial/eval/stats"
)

const (
	fieldReplayErrors    = "saving_with_routing_errors_usd"
	fieldReplayRateError = "win_rate_moved_with_routing_errors"
)

// withErrors fills in what a group saves, and how its moved tasks are preferred, where
// the router sorts as the categoriser does: [stats.RoutedTotal] with the matrix that the
// table holds, and with what that row's tasks vary beyond it, as in [stats.Predicted].
func (r *Replayer) withErrors(group *eval.ReplayGroup, byRoute []moved) error {
	missing := func(why string, fields ...string) {
		for _, field := range fields {
			group.WhyMissing[field] = why
		}
	}
	if r.table.RoutingErrors == nil {
		missing(cmp.Or(r.table.WhyMissing["routing_errors"], "the table holds no errors of a categoriser"), fieldReplayErrors, fieldReplayRateError)
		return nil
	}
	if group.Saving == nil {
		missing(group.WhyMissing["saving_usd"], fieldReplayErrors)
	} else if err := r.savingWithErrors(group, byRoute); err != nil {
		return err
	}
	switch {
	case group.Moved == 0:
		missing(nothingMoves, fieldReplayRateError)
	case group.WinRateMoved == nil:
		missing(group.WhyMissing["win_rate_moved"], fieldReplayRateError)
	default:
		return r.winRateWithErrors(group, byRoute)
	}
	return nil
}

func (r *Replayer) savingWithErrors(group *eval.ReplayGroup, byRoute []moved) error {
	var routed []stats.Routed
	beyond := 0.0
	for i, m := range byRoute {
		if m.priced == 0 {
			continue
		}
		s := r.sorted(i)
		why := s.whyNotRouted()
		if s.own < 0 {
			why = "the table says nothing of the tasks that truly belong there"
		}
		if why != "" {
			group.WhyMissing[fieldReplayErrors] = fmt.Sprintf("%s: %s", s.route.Category, why)
			return nil
		}
		one := stats.Routed{Amount: certain(m.cost), Reviewed: s.reviewed}
		one.Gain, one.From = s.savings()
		beyond += beyondRow(one, m.priced)
		routed = append(routed, one)
	}
	sum, _, err := stats.RoutedTotal(routed)
	if err != nil {
		return fmt.Errorf("replay with routing errors: %w", err)
	}
	sum.Variance += beyond
	group.SavingWithErrors = orNoted(sum, group.WhyMissing, fieldReplayErrors)
	return nil
}

// beyondRow is the variance of the sum over so many tasks around its expectation: what
// they truly are is multinomial, and each deviates from its category's mean gain.
//
//	S²/N·( Σ_j p_j·g_j² − (Σ_j p_j·g_j)² + Σ_j p_j·n_j·V_j )
func beyondRow(r stats.Routed, tasks int) float64 {
	n := 0
	for _, count := range r.Reviewed {
		n += count
	}
	mean, square, within := 0.0, 0.0, 0.0
	for j, gain := range r.Gain {
		p := float64(r.Reviewed[j]) / float64(n)
		mean += p * gain.Value
		square += p * gain.Value * gain.Value
		if gain.Variance > 0 {
			within += p * gain.Variance * (gain.DF + 1)
		}
	}
	return r.Amount.Value * r.Amount.Value / float64(tasks) * (max(square-mean*mean, 0) + within)
}

func (r *Replayer) winRateWithErrors(group *eval.ReplayGroup, byRoute []moved) error {
	var routed []stats.Routed
	for i, m := range byRoute {
		if m.tasks == 0 {
			continue
		}
		s := r.sorted(i)
		if why := s.whyNotRouted(); why != "" {
			group.WhyMissing[fieldReplayRateError] = fmt.Sprintf("%s: %s", s.route.Category, why)
			return nil
		}
		one := s.unmoved()
		one.Amount = certain(float64(m.tasks) / float64(group.Moved))
		for j, rate := range s.winRate {
			if rate != nil { // else lost: the worst that can be
				one.Gain[j] = *rate
			}
		}
		routed = append(routed, one)
	}
	sum, _, err := stats.RoutedTotal(routed)
	if err != nil {
		return fmt.Errorf("replayed win rate with routing errors: %w", err)
	}
	group.WinRateMovedWithErrors = rateOf(sum, group.WhyMissing, fieldReplayRateError)
	return nil
}

// sorted is a route with what the table says of the errors that send work there.
func (r *Replayer) sorted(route int) sortedRoute {
	s := sortedRoute{route: &r.table.Routes[route], own: -1}
	rows := r.table.RoutingErrors.Rows
	at := slices.IndexFunc(rows, func(row eval.SortedCategory) bool { return row.Category == s.route.Category })
	if at < 0 {
		return s
	}
	own, _ := costRatioOf(s.route)
	for j, truth := range rows[at].Truths {
		s.reviewed = append(s.reviewed, truth.Reviewed)
		s.winRate = append(s.winRate, estimatedFrom(truth.WinRate))
		ratio := estimatedFrom(truth.CostRatio)
		if truth.Category == s.route.Category {
			s.own, ratio = j, &own.Estimated
		}
		s.ratio = append(s.ratio, ratio)
	}
	return s
}

// estimatedFrom turns an interval back into the estimate that it was made of.
func estimatedFrom(i *eval.Interval) *stats.Estimated {
	if i == nil {
		return nil
	}
	df := stats.DegreesOfFreedom(i.High-i.Estimate, i.StandardError, fixedZ)
	return &stats.Estimated{Value: i.Estimate, Variance: i.StandardError * i.StandardError, DF: df}
}

// describe says what the figures assume and what is odd.
func (r *Replayer) describe(replay *eval.Replay) {
	replay.Assumes = append(replay.Assumes,
		"costs of the log are as they were paid; the cost ratios are those of the pilot, at the pilot's prices",
		"tasks that move cost, last and are preferred as those of their category did in the pilot, whatever their team or month")
	if errors := r.table.RoutingErrors; errors != nil {
		replay.ReviewedTasks = errors.Reviewed
		replay.Assumes = append(replay.Assumes, errors.Assumes...)
	} else {
		replay.WhyMissing["reviewed_tasks"] = cmp.Or(r.table.WhyMissing["routing_errors"], "the table holds no errors of a categoriser")
	}
	absent := map[audit.Category]bool{}
	uncategorised := 0
	for _, route := range r.table.Routes {
		absent[route.Category] = switches(route.Decision)
	}
	for key, cell := range r.cells {
		if at, ok := r.routes[key.category]; ok && moves(&r.table.Routes[at], key.model) {
			absent[key.category] = false
		}
		if key.category == "" {
			uncategorised += cell.tasks
		}
	}
	for _, route := range r.table.Routes {
		if absent[route.Category] {
			replay.Warnings = append(replay.Warnings, fmt.Sprintf("%s: the log has no task of it on %s, so nothing moves", route.Category, cmp.Or(route.ReplacesModel, "any model")))
		}
	}
	if uncategorised > 0 {
		replay.Warnings = append(replay.Warnings, fmt.Sprintf("%d tasks have no category and stay where they are; modeltrial audit classify gives them one", uncategorised))
	}
	if n := replay.Total.Unpriced; n > 0 {
		replay.Warnings = append(replay.Warnings, fmt.Sprintf("%d tasks have no cost, nor has any other of their category and model: they are in no amount", n))
	}
}
