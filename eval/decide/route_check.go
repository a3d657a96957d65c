package decide

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"modeltrial/audit"
	"modeltrial/eval"
	"modeltrial/eval/stats"
)

// CheckInput is what a check of a routing table looks at.
type CheckInput struct {
	Stored eval.StoredTable
	// Then is the table that the rule gives on today's data at the prices of the answers,
	// Now the one at today's prices (see [Reprice]).
	Then, Now eval.RoutingTable
	// Ratings are the pilot's, Anchors those that were given again.
	Ratings []eval.Rating
	Anchors []eval.AnchorRating
	// Named are the models that the fresh log and fresh answers name.
	Named []string
	Fresh map[audit.Category]FreshWork
	On    time.Time
}

// FreshWork is what the log after the table was made has of a category.
type FreshWork struct {
	Tasks   int
	OnRoute int // on the routed model; 0 of a pipeline, whose calls stand in a log one by one
}

// Check says for each route of a table whether it still holds. A route has every finding
// that applies; its status is the gravest.
//
// Drift is looked for in anchors: [stats.Drifts] with 2.5% a year on the side that speaks
// against the route, adjusted by Holm over the routes. Where the same rater rated both
// the frozen and the fresh answers to a task in a round, the change is the second score
// less the first: whatever has become of the rater is in both, so that it is the models'.
// Otherwise it is today's score of fresh answers less the rater's own in the pilot, which
// a change of the rater moves as well, and the finding says so. Who scores frozen answers
// otherwise than in the pilot has changed: that is told of the rater and of no route.
func Check(in CheckInput) (eval.RouteCheck, error) {
	table := in.Stored.Table
	check := eval.RouteCheck{
		Schema: "modeltrial.route-check/1", Table: in.Stored.ID, DecidedAt: table.DecidedAt, CheckedOn: in.On, ProtocolSHA256: table.ProtocolSHA256,
		PriceTableDate: in.Now.PriceTableDate, PriceTableThen: table.PriceTableDate, Holds: true, Routes: []eval.CheckedRoute{}, Raters: []eval.CheckedRater{},
		MonthlySavingThen: table.Total.MonthlySaving, MonthlySavingNow: in.Now.Total.MonthlySaving, Warnings: []string{}, WhyMissing: map[string]string{},
	}
	for field, why := range map[string]string{"monthly_saving_then_usd": table.Total.WhyMissing["monthly_saving_usd"], "monthly_saving_now_usd": in.Now.Total.WhyMissing["monthly_saving_usd"]} {
		if why != "" {
			check.WhyMissing[field] = why
		}
	}
	a := gatherAnchors(in)
	for i := range table.Routes {
		route, err := a.checkRoute(in, &table.Routes[i])
		if err != nil {
			return check, fmt.Errorf("check %s: %w", table.Routes[i].Category, err)
		}
		check.Routes = append(check.Routes, route)
	}
	if err := markDrifted(check.Routes, table.Routes); err != nil {
		return check, err
	}
	var err error
	if check.Raters, err = a.checkRaters(); err != nil {
		return check, err
	}
	for i := range check.Routes {
		route := &check.Routes[i]
		check.FreshTasks += route.FreshTasks
		route.Status = eval.RouteHolds
		for _, finding := range route.Findings {
			if finding.Status.Gravity() > route.Status.Gravity() {
				route.Status = finding.Status
			}
		}
		check.Holds = check.Holds && route.Status == eval.RouteHolds
	}
	for _, rater := range check.Raters {
		if rater.Changed {
			check.Warnings = append(check.Warnings, fmt.Sprintf("%s rates frozen answers otherwise than in the pilot (%+.0f points for the candidates): the rater has changed, not the models; compare a judge with people again before it counts",
				rater.Rater, 100*rater.Drift.Change.Estimate))
		}
	}
	if table.ProtocolSHA256 != in.Now.ProtocolSHA256 {
		check.Warnings = append(check.Warnings, "another protocol is locked than the table was made under")
	}
	return check, nil
}

func routeOf(table eval.RoutingTable, category audit.Category) *eval.Route {
	at := slices.IndexFunc(table.Routes, func(r eval.Route) bool { return r.Category == category })
	if at < 0 {
		return nil
	}
	return &table.Routes[at]
}

func (a *anchors) checkRoute(in CheckInput, route *eval.Route) (eval.CheckedRoute, error) {
	fresh := in.Fresh[route.Category]
	checked := eval.CheckedRoute{
		Category: route.Category, Arm: route.Arm, Decision: route.Decision, Findings: []eval.CheckFinding{}, ValidUntil: route.ValidUntil,
		ArmNow: route.Arm, DecisionNow: route.Decision, CostRatioThen: route.CostRatio, FreshTasks: fresh.Tasks, WhyMissing: map[string]string{},
	}
	if len(route.Steps) == 0 {
		checked.FreshMoved = &fresh.OnRoute
	} else {
		checked.WhyMissing["fresh_tasks_on_route"] = "the route is a pipeline: a log has its calls one by one"
	}
	find := func(status eval.RouteStatus, format string, args ...any) {
		checked.Findings = append(checked.Findings, eval.CheckFinding{Status: status, What: fmt.Sprintf(format, args...)})
	}
	if checked.ValidUntil == nil && route.Candidate != "" { // of a table that did not say so yet
		checked.ValidUntil = new(in.Stored.Table.DecidedAt.Add(eval.EvidenceLasts).Truncate(24 * time.Hour))
	}
	if until := checked.ValidUntil; until != nil && !in.On.Before(*until) {
		find(eval.RouteOld, "its ratings are half a year old since %s: a new pilot renews them", until.Format(time.DateOnly))
	}
	then, now := routeOf(in.Then, route.Category), routeOf(in.Now, route.Category)
	if now != nil {
		checked.ArmNow, checked.DecisionNow, checked.CostRatioNow = now.Arm, now.Decision, now.CostRatio
	}
	if now == nil || now.CostRatio == nil {
		checked.WhyMissing["cost_ratio_now"] = "not known at today's prices"
		if now != nil {
			checked.WhyMissing["cost_ratio_now"] = cmp.Or(now.WhyMissing["cost_ratio"], checked.WhyMissing["cost_ratio_now"])
		}
	}
	if route.CostRatio == nil {
		checked.WhyMissing["cost_ratio_then"] = cmp.Or(route.WhyMissing["cost_ratio"], "not known")
	}
	switch {
	case then != nil && then.Arm != route.Arm:
		find(eval.RouteAnew, "on the data of today, at the prices of the answers, the rule says %s: %s", then.Arm, then.Reason)
	case now != nil && now.Arm != route.Arm:
		find(eval.RouteCheaper, "at the prices of %s the rule says %s: %s", in.On.Format(time.DateOnly), now.Arm, now.Reason)
	}
	for _, version := range newVersions(route, in.Named) {
		find(eval.RouteVersion, "%s", version)
	}
	if route.Candidate == "" {
		checked.WhyMissing["drift"] = notPiloted
		return checked, nil
	}
	var err error
	checked.Drift, err = a.routeDrift(useCase{route.Category, route.Control, route.Candidate})
	if err != nil {
		why, failed := whyMissing(err)
		if failed != nil {
			return checked, failed
		}
		checked.WhyMissing["drift"] = why
	}
	return checked, nil
}

// newVersions are the names of versions that the route's arms did not have in the pilot.
// Only dated names tell: an alias may be any version.
func newVersions(route *eval.Route, named []string) []string {
	dated := func(name string) bool { return audit.ModelFamily(name) != strings.ToLower(name) }
	var found []string
	for _, arm := range slices.Sorted(maps.Keys(route.Evidence.Served)) {
		byFamily := map[string][]string{} // of a pipeline, of each step's model
		for _, served := range route.Evidence.Served[arm] {
			for _, name := range eval.ServedModels(served) {
				family := audit.ModelFamily(name)
				if !slices.Contains(byFamily[family], name) {
					byFamily[family] = append(byFamily[family], name)
				}
			}
		}
		for _, name := range named {
			same := func(old string) bool { return strings.EqualFold(old, name) }
			served := byFamily[audit.ModelFamily(name)]
			if dated(name) && !slices.ContainsFunc(served, same) && slices.ContainsFunc(served, dated) {
				found = append(found, fmt.Sprintf("%s: %s answers now, in the pilot it was %s", arm, name, list(served)))
			}
		}
	}
	return found
}

// markDrifted decides which changes count: on the side that speaks against the route,
// Holm-adjusted over the routes with anchors.
func markDrifted(checked []eval.CheckedRoute, routes []eval.Route) error {
	var p []float64
	var of []int
	for i, c := range checked {
		if c.Drift == nil {
			continue
		}
		against := c.Drift.Risen
		if switches(routes[i].Decision) {
			against = c.Drift.Fallen
		}
		p, of = append(p, min(against, 1)), append(of, i)
	}
	adjusted, err := stats.Holm(p)
	if err != nil {
		return err
	}
	for k, i := range of {
		c := &checked[i]
		if adjusted[k] > alpha {
			continue
		}
		status, whose := eval.RouteDrifted, "on the same tasks, by the same raters, beside the answers of then: the models have changed"
		if c.Drift.Against == againstPilot {
			status, whose = eval.RouteNotApart, "against the pilot's ratings; without frozen answers rated beside them nobody can tell whether the models or the raters changed"
		}
		c.Findings = append(c.Findings, eval.CheckFinding{Status: status, What: fmt.Sprintf("%s against %s: %+.0f points (%.0f to %.0f) since %s on %d tasks, %s",
			routes[i].Candidate, routes[i].Control, 100*c.Drift.Change.Estimate, 100*c.Drift.Change.Low, 100*c.Drift.Change.High, c.Drift.Since, c.Drift.Tasks, whose)})
	}
	return nil
}
