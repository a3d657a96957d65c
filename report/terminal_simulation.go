package report

import (
	"fmt"
	"io"
	"slices"
	"strings"

	"modeltrial/eval"
)

// Simulation writes what a protocol does in drawn pilots, scenario by scenario.
func Simulation(w io.Writer, s eval.Simulation, style Style) error {
	p := &page{style: style}
	p.say(Plain, "", fmt.Sprintf("Simulated pilots of %q: %s × %s tasks a week, %s, looked at every week",
		s.Pilot, counted(s.Weeks, "week", "weeks"), Count(s.TasksPerWeek), counted(s.UseCases, "use case", "use cases")))
	p.gap()
	rows := make([][]Cell, len(s.Scenarios))
	for i, scenario := range s.Scenarios {
		rows[i] = Cells(trulyPreferred(scenario), trulyCosts(scenario), Count(scenario.Pilots), percent(&scenario.Switched), percent(&scenario.ForCost),
			percent(&scenario.Kept), percent(&scenario.Undecided), fmt.Sprintf("%.1f", scenario.MeanWeeks),
			percent(scenario.FalseQuality), percent(scenario.FalseCost))
	}
	p.table([]Column{
		{Name: "preferred"},
		{Name: "costs"},
		{Name: "pilots", Right: true, Fixed: true},
		{Name: "switch", Right: true, Fixed: true},
		{Name: "for cost", Right: true, Fixed: true},
		{Name: "keep", Right: true, Fixed: true},
		{Name: "open", Right: true, Fixed: true},
		{Name: "weeks", Right: true, Fixed: true},
		{Name: "false switch", Right: true, Fixed: true},
		{Name: "false for cost", Right: true, Fixed: true},
	}, rows)
	p.gap()
	p.say(Dim, "  ", "preferred, costs: what is true of the candidate, on how much of the tasks it is preferred (a tie one half) and what it costs as a multiple of the control")
	p.say(Dim, "  ", "switch, for cost, keep, open: what becomes of a use case, someone looking every week and acting on the first decision; weeks: until then")
	p.say(Dim, "  ", "false switch: pilots that switch for quality where the candidate is not better; false for cost: for cost where it is worse by the margin or not cheaper enough. The plan allows 2.5% each.")
	p.say(Dim, "  ", simulationError(s))
	if s.Interrupted {
		p.say(Warning, "  ", "! stopped before that error was reached everywhere")
	}
	return p.flush(w)
}

// trulyPreferred and trulyCosts write what is true of a scenario's use cases.
func trulyPreferred(scenario eval.ScenarioResult) string {
	return ofAll(scenario.Truths, func(truth eval.Truth) string { return Rate(truth.WinRate, 0) })
}

func trulyCosts(scenario eval.ScenarioResult) string {
	return ofAll(scenario.Truths, func(truth eval.Truth) string { return Times(truth.CostRatio) })
}

// ofAll writes what is the same for all use cases once.
func ofAll(truths []eval.Truth, text func(eval.Truth) string) string {
	var texts []string
	for _, truth := range truths {
		texts = append(texts, text(truth))
	}
	return strings.Join(slices.Compact(texts), ", ")
}

// simulationError says how far the shares may be off by chance.
func simulationError(s eval.Simulation) string {
	return fmt.Sprintf("Monte-Carlo error of a share at most %.1f points (standard error); seed %d", 100*s.MonteCarlo, s.Seed)
}

// percent is a share to a tenth of a per cent, which is what these are read for.
func percent(share *eval.Share) string {
	if share == nil {
		return unknown
	}
	return fmt.Sprintf("%.1f%%", 100*share.Estimate)
}
