package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"math"
	"time"

	"github.com/spf13/cobra"

	"modeltrial/eval"
	"modeltrial/eval/run"
	"modeltrial/eval/stats"
	"modeltrial/report"
	"modeltrial/store"
)

func timeNow() time.Time { return time.Now().UTC() }

type planOptions struct {
	winRate, ties, power float64
	raters               int
	seconds              float64
}

func newPilotPlanCmd(g *global) *cobra.Command {
	o := &planOptions{}
	cmd := &cobra.Command{
		Use:   "plan",
		Short: "tasks needed, chance of an answer, cost and rater-hours, before anything is spent",
		Args:  cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			return g.withStore(cmd.Context(), func(s *store.Store) error {
				return runPlan(cmd.Context(), g, s, o, cmd.OutOrStdout())
			})
		},
	}
	cmd.Flags().Float64Var(&o.winRate, "win-rate", 0.6, "win rate of a candidate that is worth finding")
	cmd.Flags().Float64Var(&o.ties, "ties", 0.2, "share of ties to expect")
	cmd.Flags().Float64Var(&o.power, "power", 0.8, "chance of finding it that you want")
	cmd.Flags().IntVar(&o.raters, "raters", 6, "people who will rate")
	cmd.Flags().Float64Var(&o.seconds, "seconds-per-rating", 60, "time that one rating takes")
	return cmd
}

// A useCasePlan is one use case of the plan's document.
type useCasePlan struct {
	Category   string            `json:"category"`
	Candidate  string            `json:"candidate"`
	Available  int               `json:"tasks_available"`
	Planned    int               `json:"tasks_planned"`
	Needed     *int              `json:"tasks_needed_superiority"`
	NeededCost *int              `json:"tasks_needed_non_inferiority"`
	Power      *float64          `json:"power_superiority"`
	WhyMissing map[string]string `json:"why_missing"` // by field
}

// check refuses assumptions that cannot be meant.
func (o *planOptions) check() error {
	switch {
	case !(o.winRate > 0 && o.winRate < 1):
		return usagef("--win-rate is %v; choose between 0 and 1, such as 0.6", o.winRate)
	case !(o.ties >= 0 && o.ties < 1):
		return usagef("--ties is %v; choose a share from 0 to under 1", o.ties)
	case !(o.power > 0 && o.power < 1):
		return usagef("--power is %v; choose between 0 and 1, 0.8 is usual", o.power)
	case o.raters < 1:
		return usagef("--raters is %d; choose 1 or more", o.raters)
	case !(o.seconds > 0):
		return usagef("--seconds-per-rating is %v; choose more than 0", o.seconds)
	}
	return nil
}

func runPlan(ctx context.Context, g *global, s *store.Store, o *planOptions, out io.Writer) error {
	if err := o.check(); err != nil {
		return err
	}
	config, err := g.pilotConfig()
	if err != nil {
		return err
	}
	protocol := config.Pilot
	useCases := 0
	for _, useCase := range protocol.UseCases {
		useCases += len(useCase.Candidates)
	}
	var plans []useCasePlan
	var cells []eval.Cell
	ratings := 0
	for _, useCase := range protocol.UseCases {
		ids, err := s.TaskIDsByCategory(ctx, useCase.Category, recordedArms(config, useCase))
		if err != nil {
			return err
		}
		planned := 0
		for week, tasks := range run.SampleWeeks(ids, protocol.Weeks, protocol.TasksPerWeek, protocol.Seed, string(useCase.Category)) {
			planned += len(tasks)
			for _, id := range tasks {
				for _, arm := range append([]string{protocol.Control}, useCase.Candidates...) {
					cells = append(cells, eval.Cell{TaskID: id, Category: useCase.Category, Arm: arm, Week: week + 1})
				}
			}
		}
		ratings += planned * len(useCase.Candidates) * protocol.RatingsPerComparison
		for _, candidate := range useCase.Candidates {
			plan := useCasePlan{Category: string(useCase.Category), Candidate: candidate, Available: len(ids), Planned: planned, WhyMissing: map[string]string{}}
			if err := plan.solve(o, protocol, useCases); err != nil {
				return err
			}
			plans = append(plans, plan)
		}
	}
	estimates, err := estimate(ctx, s, config, protocol, cells)
	if err != nil {
		return err
	}
	hours := float64(ratings) * o.seconds / 3600
	budget, err := protocol.Budget()
	if err != nil {
		return err
	}
	if g.json {
		return report.JSON(out, map[string]any{
			"schema": "modeltrial.pilot-plan/1", "pilot": protocol.Name, "use_cases": plans, "estimates": estimates,
			"ratings": ratings, "rater_hours": hours, "budget_usd": budget.Dollars(),
		})
	}
	return sayPlan(out, g, o, protocol, plans, estimates, ratings, hours)
}

// solve finds the tasks needed and the chance that the planned ones give. What
// cannot be reached by tasks alone is said, and is no failure of the command.
func (p *useCasePlan) solve(o *planOptions, protocol eval.Protocol, useCases int) error {
	plan := stats.Plan{
		WinRate: o.winRate, TieShare: o.ties, Null: 0.5, Alpha: 0.025, UseCases: useCases, Power: o.power,
		ICC: 0.15, RatingsPerTask: float64(protocol.RatingsPerComparison), Raters: o.raters, RaterSD: 0.06,
		ClusterSize: 1, SequentialFactor: 1.10,
	}
	solved, err := plan.Solve()
	var missing *stats.MissingError
	switch {
	case errors.As(err, &missing):
		p.WhyMissing["tasks_needed_superiority"] = missing.Why
	case err != nil:
		return usagef("%v", err)
	default:
		p.Needed = &solved.Tasks
	}
	if p.Planned > 0 {
		if power := plan.PowerAt(float64(p.Planned)); !math.IsNaN(power) {
			p.Power = &power
		}
	}
	// Not worse: the true win rate is taken to be one half.
	plan.WinRate, plan.Null = 0.5, 0.5-protocol.Margin
	solved, err = plan.Solve()
	switch {
	case errors.As(err, &missing):
		p.WhyMissing["tasks_needed_non_inferiority"] = missing.Why
	case err != nil:
		return usagef("%v", err)
	default:
		p.NeededCost = &solved.Tasks
	}
	return nil
}

func sayPlan(out io.Writer, g *global, o *planOptions, protocol eval.Protocol, plans []useCasePlan, estimates []costEstimate, ratings int, hours float64) error {
	fmt.Fprintf(out, "Pilot %q: %d weeks × %d tasks of each category, %d ratings of each comparison by %d people\n\n",
		protocol.Name, protocol.Weeks, protocol.TasksPerWeek, protocol.RatingsPerComparison, o.raters)
	rows := make([][]report.Cell, len(plans))
	for i, plan := range plans {
		power := "unknown"
		if plan.Power != nil {
			power = report.Rate(*plan.Power, plan.Planned)
		}
		rows[i] = report.Cells(plan.Category, plan.Candidate, report.Count(plan.Available), report.Count(plan.Planned),
			power, tasksText(plan.Needed), tasksText(plan.NeededCost))
	}
	err := report.Table(out, g.style(out), []report.Column{
		{Name: "category"},
		{Name: "candidate"},
		{Name: "available", Right: true},
		{Name: "planned", Right: true},
		{Name: "chance", Right: true},
		{Name: "for better", Right: true},
		{Name: "for not worse", Right: true},
	}, rows)
	if err != nil {
		return err
	}
	fmt.Fprintf(out, "\nchance: of showing that a candidate preferred on %.0f%% of tasks is better, with the planned tasks\n", 100*o.winRate)
	fmt.Fprintf(out, "for better, for not worse (within %.0f points): tasks for a chance of %.0f%%, looking every week\n", 100*protocol.Margin, 100*o.power)
	said := map[string]bool{}
	for _, plan := range plans {
		for _, field := range []string{"tasks_needed_superiority", "tasks_needed_non_inferiority"} {
			why := plan.WhyMissing[field]
			if why != "" && !said[why] {
				fmt.Fprintf(out, "%s\n", why)
			}
			said[why] = true
		}
	}
	fmt.Fprintf(out, "\n%s ratings, about %.1f hours of people's time at %.0f s each\n\n", report.Count(ratings), hours, o.seconds)
	if err := writeEstimates(out, g, estimates); err != nil {
		return err
	}
	for _, e := range estimates {
		if e.Unpriced {
			arm, _ := protocol.Arm(e.Arm)
			fmt.Fprintf(out, "\n! arm %q: %v\n", e.Arm, run.UnknownPrice(arm))
		}
	}
	_, err = fmt.Fprintf(out, "\nbudget: %s USD, never exceeded\n\n%s\n", protocol.BudgetUSD, g.next("pilot lock"))
	return err
}

func tasksText(tasks *int) string {
	if tasks == nil {
		return "more raters"
	}
	return report.Count(*tasks)
}
