package decide

import (
	"errors"
	"math"

	"modeltrial/eval"
	"modeltrial/eval/stats"
)

// PlanUseCase says what the planned tasks of a use case can show under the
// assumptions (design, section 9): each claim at the error rate of the worst step of
// Holm's procedure over the protocol's use cases, looked at every week. Assumptions
// that cannot be meant give an error.
func PlanUseCase(protocol eval.Protocol, a eval.Assumptions, plan eval.UseCasePlan) (eval.UseCasePlan, error) {
	useCases := 0
	for _, useCase := range protocol.UseCases {
		useCases += len(useCase.Candidates)
	}
	factor, err := stats.SequentialFactor(protocol.Weeks, alpha/float64(max(useCases, 1)), a.Power)
	if err != nil {
		return plan, err
	}
	settings := stats.Plan{
		WinRate: a.WinRate, TieShare: a.Ties, Null: 0.5, Alpha: alpha, UseCases: useCases, Power: a.Power,
		ICC: a.ICC, RatingsPerTask: float64(protocol.RatingsPerComparison), Raters: a.Raters, RaterSD: a.RaterSD,
		ClusterSize: a.ClusterSize, ClusterICC: a.ClusterICC, SequentialFactor: factor,
	}
	if plan.Better, err = planClaim(settings, plan.Planned, protocol.Weeks); err != nil {
		return plan, err
	}
	// Not worse: the true win rate is taken to be one half.
	settings.WinRate, settings.Null = 0.5, 0.5-protocol.Margin
	plan.NotWorse, err = planClaim(settings, plan.Planned, protocol.Weeks)
	return plan, err
}

func planClaim(settings stats.Plan, planned, weeks int) (eval.ClaimPlan, error) {
	claim := eval.ClaimPlan{WhyMissing: map[string]string{}}
	var missing *stats.MissingError
	solved, err := settings.Solve()
	switch {
	case errors.As(err, &missing):
		claim.WhyMissing["tasks_needed"], claim.WhyMissing["tasks_per_week_needed"] = missing.Why, missing.Why
	case err != nil:
		return claim, err
	default:
		perWeek := (solved.Tasks + weeks - 1) / weeks
		claim.Tasks, claim.TasksPerWeek = &solved.Tasks, &perWeek
	}
	if planned == 0 {
		for _, field := range []string{"chance", "raters_needed"} {
			claim.WhyMissing[field] = "no task of the log is in this category"
		}
		return claim, nil
	}
	if power := settings.PowerAt(float64(planned)); !math.IsNaN(power) {
		claim.Chance = &power
	} else {
		claim.WhyMissing["chance"] = "the planned tasks form too few clusters"
	}
	raters, err := settings.RatersNeeded(float64(planned))
	switch {
	case errors.As(err, &missing):
		claim.WhyMissing["raters_needed"] = missing.Why
	case err != nil:
		return claim, err
	default:
		claim.Raters = &raters
	}
	return claim, nil
}
