package report

import (
	"fmt"
	"io"

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
	for _, plane := range f.Categories {
		for i, arm := range plane.Arms {
			rows = append(rows, frontierRow(plane, arm, i == 0))
		}
	}
	p.table([]Column{
		{Name: "category"},
		{Name: "arm"},
		{Name: "USD a task", Right: true, Fixed: true},
		{Name: "cost", Right: true, Fixed: true},
		{Name: "win rate", Right: true, Fixed: true},
		{Name: "on the plane"},
	}, rows)
	for _, goal := range f.Goals {
		p.goal(goal)
	}
	if len(f.Warnings) > 0 {
		p.gap()
		p.warnings(f.Warnings)
	}
	return p.flush(w)
}

func frontierRow(plane eval.FrontierCategory, arm eval.FrontierArm, control bool) []Cell {
	cost, win := ratioText(arm.CostRatio), replayRate(arm.WinRate)
	if control {
		cost, win = "the control", ""
	}
	perTask := unknown
	if arm.CostPerTask != nil {
		perTask = amount(*arm.CostPerTask)
	}
	place := Cell{Text: "on the frontier"}
	switch {
	case arm.Dominated:
		place = Cell{"beaten in both by " + arm.DominatedBy, Dim}
	case control:
	case arm.Better:
		place.Text += ", shown better"
	case arm.NotWorse:
		place.Text += ", shown not worse"
	}
	return []Cell{{Text: string(plane.Category)}, {Text: arm.Arm}, {Text: perTask}, {Text: cost}, {Text: win}, place}
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
		rows = append(rows, Cells(string(r.Category), r.Arm, amount(r.MonthlyCost), r.Why))
	}
	p.table([]Column{{Name: "category"}, {Name: "arm"}, {Name: "USD/month", Right: true, Fixed: true}, {Name: "why"}}, rows)
	text := fmt.Sprintf("The whole log then costs %s a month", Money(goal.MonthlyCost))
	if goal.MonthlySaving == nil {
		text += "; the saving's interval is not known: " + goal.WhyMissing["monthly_saving_usd"]
	} else {
		text += fmt.Sprintf(", a saving of %s", savingRange(goal.MonthlySaving)+" USD")
	}
	if goal.WinRate != nil {
		text += "; against the control a win rate of " + replayRate(goal.WinRate)
	}
	p.say(Plain, "  ", text+".")
}
