package report

import (
	"fmt"
	"io"

	"modeltrial/eval"
)

// Plan writes what the use cases of a protocol need and what the planned tasks can
// show of them.
func Plan(w io.Writer, protocol eval.Protocol, a eval.Assumptions, plans []eval.UseCasePlan, style Style) error {
	p := &page{style: style}
	p.say(Plain, "", fmt.Sprintf("Pilot %q: %s × %s tasks of each category, %s of each comparison by %s",
		protocol.Name, counted(protocol.Weeks, "week", "weeks"), Count(protocol.TasksPerWeek),
		counted(protocol.RatingsPerComparison, "rating", "ratings"), counted(a.Raters, "person", "people")))
	p.gap()
	var rows [][]Cell
	for _, plan := range plans {
		for _, claim := range []struct {
			name string
			plan eval.ClaimPlan
		}{{"better", plan.Better}, {"not worse", plan.NotWorse}} {
			short := claim.plan.Short(a)
			chance := Cell{unknown, Warning}
			if claim.plan.Chance != nil {
				chance = Cell{Rate(*claim.plan.Chance, 0), Warning}
			}
			if short == eval.ShortOfNothing {
				chance.Tone, short = Good, "nothing"
			}
			rows = append(rows, append(Cells(string(plan.Category), plan.Candidate, claim.name, Count(plan.Planned)),
				chance, Cell{Text: optionalCount(claim.plan.Tasks)}, Cell{Text: optionalCount(claim.plan.TasksPerWeek)},
				Cell{Text: optionalCount(claim.plan.Raters)}, Cell{Text: short}))
		}
	}
	p.table([]Column{
		{Name: "category"},
		{Name: "candidate"},
		{Name: "claim", Fixed: true},
		{Name: "tasks", Right: true, Fixed: true},
		{Name: "chance", Right: true, Fixed: true},
		{Name: "needs tasks", Right: true, Fixed: true},
		{Name: "a week", Right: true, Fixed: true},
		{Name: "or raters", Right: true, Fixed: true},
		{Name: "short of", Fixed: true},
	}, rows)
	p.gap()
	p.say(Dim, "  ", fmt.Sprintf("chance: of showing by the last week that a candidate preferred on %s of tasks is better, or that one as good as the control is not worse by %.0f points",
		Rate(a.WinRate, 0), 100*protocol.Margin))
	p.say(Dim, "  ", fmt.Sprintf("needs tasks, or raters: for a chance of %s, the other staying as planned; looked at every week, %.0f%% ties, raters' own win rates %.0f points apart (standard deviation)",
		Rate(a.Power, 0), 100*a.Ties, 100*a.RaterSD))
	if a.Raters < 5 {
		p.say(Warning, "  ", "! fewer than five people: the result will hold for them only")
	}
	return p.flush(w)
}

func optionalCount(n *int) string {
	if n == nil {
		return unknown
	}
	return Count(*n)
}
