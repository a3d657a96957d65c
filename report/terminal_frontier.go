package report

import (
	"fmt"
	"io"
	"slices"

	"modeltrial/eval"
)

// Frontier writes the arms on the plane of cost and quality, and what to choose for
// which goal.
func Frontier(w io.Writer, f eval.Frontier, style Style) error {
	p := &page{style: style}
	head := "Cost and quality of the arms"
	if f.Pilot != "" {
		head += fmt.Sprintf(" of pilot %q", line(f.Pilot))
	}
	if f.ProtocolSHA256 != "" {
		head += ", protocol " + shortHash(f.ProtocolSHA256)
	}
	p.say(Plain, "", head)
	if notice := provenance(f.Provenance); notice != "" {
		p.say(Warning, "", notice)
	}
	p.gap()
	var rows [][]Cell
	var notes footnotes
	for _, plane := range f.Categories {
		for i, arm := range plane.Arms {
			rows = append(rows, frontierRow(plane, arm, i == 0, &notes))
		}
	}
	if len(rows) == 0 {
		p.say(Warning, "  ", "Of no arm both cost and quality are known.")
		p.gap()
		p.warnings(f.Warnings)
		return p.flush(w)
	}
	p.table([]Column{
		{Name: "category"},
		{Name: "arm"},
		{Name: "USD/task", Right: true, Fixed: true},
		{Name: "cost", Right: true, Fixed: true},
		{Name: "win rate", Right: true, Fixed: true},
		{Name: "finding", Fixed: true},
	}, rows)
	p.footnotes(notes)
	p.say(Dim, "  ", "frontier: no other arm costs as little and is preferred as often; better, not worse: shown by the pilot, and on the frontier")
	for _, goal := range f.Goals {
		p.goal(goal)
	}
	if len(f.Warnings) > 0 {
		p.gap()
		p.warnings(f.Warnings)
	}
	return p.flush(w)
}

func frontierRow(plane eval.FrontierCategory, arm eval.FrontierArm, control bool, notes *footnotes) []Cell {
	cost, win := ratioText(arm.CostRatio), replayRate(arm.WinRate)
	if control {
		cost, win = "the control", ""
	}
	perTask := unknown
	if arm.CostPerTask != nil {
		perTask = amount(*arm.CostPerTask)
	}
	place := Cell{Text: "frontier"}
	switch {
	case arm.Dominated:
		place = Cell{"beaten" + notes.of(dominatedNote(plane, arm)), Dim}
	case control:
	case arm.Better:
		place = Cell{"better", Good}
	case arm.NotWorse:
		place = Cell{"not worse", Good}
	}
	return []Cell{{Text: string(plane.Category)}, {Text: arm.Arm}, {Text: perTask}, {Text: cost}, {Text: win}, place}
}

// dominatedNote says by which arm another is beaten, and how far that is more than
// chance.
func dominatedNote(plane eval.FrontierCategory, arm eval.FrontierArm) string {
	by := slices.IndexFunc(plane.Arms, func(other eval.FrontierArm) bool { return other.Arm == arm.DominatedBy })
	notWorse := plane.Arms[by].NotWorse && arm.Arm == plane.Arms[0].Arm
	note := "beaten by " + line(arm.DominatedBy)
	switch cost, quality := arm.DominatedCostShown, arm.DominatedQualityShown; {
	case cost && quality:
		return note + " in cost and quality, both beyond chance"
	case cost && notWorse:
		return note + ": in cost beyond chance, in quality shown to be not worse"
	case cost:
		return note + ": in cost beyond chance, in quality by the point estimate only"
	case quality:
		return note + ": in quality beyond chance, in cost by the point estimate only"
	}
	return note + " by the point estimates only: in neither cost nor quality beyond chance"
}

func (p *page) goal(goal eval.FrontierGoal) {
	title := string(goal.Goal)
	if goal.Budget != nil {
		title = "budget of " + Money(*goal.Budget) + " a month"
	}
	p.title(title)
	if !goal.Feasible {
		p.say(Warning, "  ", "! nothing costs so little; these routes are the cheapest")
	}
	var rows [][]Cell
	for _, r := range goal.Routes {
		rows = append(rows, Cells(string(r.Category), r.Arm, optionalAmount(r.MonthlyCost), r.Why))
	}
	p.table([]Column{{Name: "category"}, {Name: "arm"}, {Name: "USD/month", Right: true, Fixed: true}, {Name: "why"}}, rows)
	text := "What the whole log then costs a month is not known: " + goal.WhyMissing["monthly_cost_usd"]
	if goal.MonthlyCost != nil {
		text = fmt.Sprintf("The whole log then costs %s a month", Money(*goal.MonthlyCost))
	}
	if goal.MonthlySaving == nil {
		text += "; the saving's interval is not known: " + goal.WhyMissing["monthly_saving_usd"]
	} else {
		text += fmt.Sprintf("; that saves %s", savingRange(goal.MonthlySaving)+" USD")
	}
	if goal.WinRate != nil {
		text += "; against the control a win rate of " + replayRate(goal.WinRate)
	}
	p.say(Plain, "  ", text+".")
}
