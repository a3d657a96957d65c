package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"time"

	"github.com/spf13/cobra"

	"modeltrial/eval"
	"modeltrial/eval/decide"
	"modeltrial/eval/run"
	"modeltrial/eval/simulate"
	"modeltrial/report"
	"modeltrial/store"
)

func timeNow() time.Time { return time.Now().UTC() }

func newPilotPlanCmd(g *global) *cobra.Command {
	a := &eval.Assumptions{}
	ratings, tasks := 0, 0
	cmd := &cobra.Command{
		Use:   "plan",
		Short: "tasks and raters needed, chance of an answer, cost and rater-hours, before anything is spent",
		Long: `plan says what the planned tasks can show, and what they cost. How far raters differ
and agree is taken from people's ratings where the workspace has them, as after a first
pilot or some weeks of this one; otherwise, or with --rater-sd and --icc, it is assumed.

With --at-scale it says instead what a pilot of so many tasks takes: calls, cost, hours
within the limits of each provider and with 1 to 8 workers, the size of the database,
memory, and whether one SQLite file carries it. Sizes and rates are measured ones.`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			a.RaterSDFrom, a.ICCFrom = assumedOr(cmd, "rater-sd"), assumedOr(cmd, "icc")
			if ratings < 0 {
				return usagef("--ratings is %d; choose how many ratings people can give, or leave it out", ratings)
			}
			return g.withStore(cmd.Context(), func(s *store.Store) error {
				if cmd.Flags().Changed("at-scale") {
					return runScalePlan(cmd.Context(), g, s, *a, tasks, cmd.OutOrStdout())
				}
				return runPlan(cmd.Context(), g, s, *a, ratings, cmd.OutOrStdout(), cmd.ErrOrStderr())
			})
		},
	}
	standard := simulate.Standard("")
	cmd.Flags().Float64Var(&a.WinRate, "win-rate", 0.6, "win rate of a candidate that is worth finding")
	cmd.Flags().Float64Var(&a.Ties, "ties", standard.Ties, "share of ties to expect")
	cmd.Flags().Float64Var(&a.Power, "power", 0.8, "chance of finding it that you want")
	cmd.Flags().IntVar(&a.Raters, "raters", standard.Raters, "people who will rate")
	cmd.Flags().Float64Var(&a.RaterSD, "rater-sd", standard.RaterSD, "standard deviation of the raters' own win rates")
	cmd.Flags().Float64Var(&a.ICC, "icc", standard.ICC, "correlation of two raters' scores of one task")
	cmd.Flags().Float64Var(&a.ClusterSize, "cluster-size", 1, "tasks that belong together, on average")
	cmd.Flags().Float64Var(&a.ClusterICC, "cluster-icc", 0.1, "correlation of the scores of two such tasks")
	cmd.Flags().Float64Var(&a.SecondsPerRating, "seconds-per-rating", 60, "time that one rating takes")
	cmd.Flags().IntVar(&ratings, "ratings", 0, "ratings that people can still give: say how to split them among the use cases that are not decided")
	cmd.Flags().IntVar(&tasks, "at-scale", 0, "say what a pilot of so many `TASKS` takes, in all use cases together")
	cmd.MarkFlagsMutuallyExclusive("at-scale", "ratings")
	return cmd
}

// assumedOr says whether a flag gives an assumption or leaves the usual one.
func assumedOr(cmd *cobra.Command, flag string) string {
	if cmd.Flags().Changed(flag) {
		return eval.FromFlag
	}
	return eval.FromAssumption
}

// checkAssumptions refuses what cannot be meant.
func checkAssumptions(a eval.Assumptions) error {
	switch {
	case !(a.WinRate > 0.5 && a.WinRate < 1):
		return usagef("--win-rate is %v; choose between 0.5 and 1, such as 0.6", a.WinRate)
	case !(a.Ties >= 0 && a.Ties < 1):
		return usagef("--ties is %v; choose a share from 0 to under 1", a.Ties)
	case !(a.Power > 0 && a.Power < 1):
		return usagef("--power is %v; choose between 0 and 1, 0.8 is usual", a.Power)
	case a.Raters < 1:
		return usagef("--raters is %d; choose 1 or more", a.Raters)
	case !(a.RaterSD >= 0 && a.RaterSD < 0.5):
		return usagef("--rater-sd is %v; choose under 0.5, such as 0.06", a.RaterSD)
	case !(a.ICC >= 0 && a.ICC <= 1) || !(a.ClusterICC >= 0 && a.ClusterICC <= 1):
		return usagef("--icc and --cluster-icc are correlations, from 0 to 1")
	case !(a.ClusterSize >= 1):
		return usagef("--cluster-size is %v; choose 1 or more", a.ClusterSize)
	case !(a.SecondsPerRating > 0):
		return usagef("--seconds-per-rating is %v; choose more than 0", a.SecondsPerRating)
	}
	return nil
}

func runPlan(ctx context.Context, g *global, s *store.Store, a eval.Assumptions, split int, out, errOut io.Writer) error {
	if err := checkAssumptions(a); err != nil {
		return err
	}
	config, err := g.pilotConfig()
	if err != nil {
		return err
	}
	if err := sayNotLookedAt(ctx, g, s, errOut); err != nil {
		return err
	}
	protocol := config.Pilot
	learned, err := learn(ctx, s, &a)
	if err != nil {
		return err
	}
	var allocation []eval.Allocation
	if split > 0 {
		if allocation, err = decide.Allocate(protocol, learned, a.Ties, split); err != nil {
			return err
		}
	}
	var plans []eval.UseCasePlan
	var cells []eval.Cell
	ratings, plannedTasks := 0, 0
	for _, useCase := range protocol.UseCases {
		available, err := s.SampleTasks(ctx, useCase.Category, recordedArms(config, useCase))
		if err != nil {
			return err
		}
		planned := 0
		for week, tasks := range run.SampleWeeks(available, protocol.Weeks, protocol.TasksPerWeek, protocol.Seed, string(useCase.Category)) {
			planned += len(tasks)
			for _, id := range tasks {
				for _, arm := range append([]string{protocol.Control}, useCase.Candidates...) {
					cells = append(cells, eval.Cell{TaskID: id, Category: useCase.Category, Arm: arm, Week: week + 1})
				}
			}
		}
		plannedTasks += planned
		ratings += planned * len(useCase.Candidates) * protocol.RatingsPerComparison
		for _, candidate := range useCase.Candidates {
			plan, err := decide.PlanUseCase(protocol, a, eval.UseCasePlan{
				Category: useCase.Category, Candidate: candidate, Available: len(available), Planned: planned,
			})
			if err != nil {
				return usagef("%v", err)
			}
			plans = append(plans, plan)
		}
	}
	estimates, err := estimate(ctx, s, config, protocol, cells, false)
	if err != nil {
		return err
	}
	judges, err := judgeCosts(ctx, s, config, a, plannedTasks)
	if err != nil {
		return err
	}
	estimates = append(estimates, judges...)
	tries := protocol.RaterChecks.Expected(ratings, a.Raters)
	hours := float64(ratings+tries) * a.SecondsPerRating / 3600
	budget, err := protocol.Budget()
	if err != nil {
		return err
	}
	atLimits := timeAtLimits(config, estimates)
	if g.json {
		return report.JSON(out, map[string]any{
			"schema": "modeltrial.pilot-plan/1", "pilot": protocol.Name, "assumptions": a, "use_cases": plans, "estimates": estimates,
			"ratings": ratings, "rater_checks": tries, "rater_hours": hours, "budget_usd": budget.Dollars(), "learned": learned, "allocation": allocation,
			"time": atLimits, "why_missing": atLimits.whyMissing(),
		})
	}
	if err := report.Plan(out, protocol, a, plans, g.style(out)); err != nil {
		return err
	}
	if err := report.PlanLearned(out, a, learned, allocation, g.style(out)); err != nil {
		return err
	}
	return sayPlan(out, g, a, config.Pilot, estimates, atLimits, ratings, tries, hours)
}

// learn takes over what people's ratings in the workspace say of raters, unless the
// command line does.
func learn(ctx context.Context, s *store.Store, a *eval.Assumptions) (eval.Learned, error) {
	data, err := s.Dataset(ctx, 0)
	if errors.Is(err, eval.ErrNotFound) { // no protocol, so nobody has rated
		why := "no person has rated in this workspace yet"
		return eval.Learned{UseCases: []eval.LearnedUseCase{}, WhyMissing: map[string]string{"rater_sd": why, "icc": why}}, nil
	}
	if err != nil {
		return eval.Learned{}, err
	}
	learned, err := decide.Learn(data)
	if err != nil {
		return learned, fmt.Errorf("learn from the ratings: %w", err)
	}
	const most = 0.499 // what checkAssumptions allows
	if learned.RaterSD != nil && a.RaterSDFrom == eval.FromAssumption {
		a.RaterSD, a.RaterSDFrom = min(*learned.RaterSD, most), eval.FromRatings
	}
	if learned.ICC != nil && a.ICCFrom == eval.FromAssumption {
		a.ICC, a.ICCFrom = *learned.ICC, eval.FromRatings
	}
	return learned, nil
}

func sayPlan(out io.Writer, g *global, a eval.Assumptions, protocol eval.Protocol, estimates []costEstimate, atLimits *callTime, ratings, tries int, hours float64) error {
	trying := ""
	if tries > 0 {
		trying = fmt.Sprintf(" and up to %s that try the raters", report.Count(tries))
	}
	fmt.Fprintf(out, "\n%s ratings%s, about %.1f hours of people's time at %.0f s each\n\n", report.Count(ratings), trying, hours, a.SecondsPerRating)
	if err := writeEstimates(out, g, estimates); err != nil {
		return err
	}
	for _, e := range estimates {
		if e.Unpriced {
			fmt.Fprintf(out, "\n! arm %q: %v\n", e.Arm, run.UnknownPrice(eval.Arm{Provider: e.Provider, Model: e.Model}))
		}
	}
	_, err := fmt.Fprintf(out, "\n%s\nbudget: %s USD, never exceeded\n\n%s\n", atLimits.say(), protocol.BudgetUSD, g.next("simulate")+"     what this plan would find\nthen: "+g.command("pilot lock"))
	return err
}
