package report

import (
	"fmt"
	"io"
	"slices"

	"modeltrial/eval"
)

// RouteCheck writes whether each route of a table still holds.
func RouteCheck(w io.Writer, c eval.RouteCheck, style Style) error {
	p := &page{style: style}
	p.say(Plain, "", fmt.Sprintf("Check of routing table %d of %s on %s", c.Table, day(c.DecidedAt), day(c.CheckedOn)))
	p.gap()
	p.say(Plain, "  ", checkSentence(c))
	p.gap()
	fresh := c.FreshTasks > 0
	drift := slices.ContainsFunc(c.Routes, func(r eval.CheckedRoute) bool { return r.Drift != nil })
	columns := []Column{{Name: "category"}, {Name: "route"}, {Name: "cost", Right: true, Fixed: true}}
	if fresh {
		columns = append(columns, Column{Name: "on route", Right: true, Fixed: true})
	}
	if drift {
		columns = append(columns, Column{Name: "drift, points", Right: true, Fixed: true})
	}
	columns = append(columns, Column{Name: "valid until", Fixed: true}, Column{Name: "status", Fixed: true})
	var rows [][]Cell
	var notes footnotes
	for _, r := range c.Routes {
		status := Cell{Text: string(r.Status), Tone: Good}
		if r.Status != eval.RouteHolds {
			status.Tone = Warning
		}
		for _, finding := range r.Findings {
			status.Text += notes.of(finding.What)
		}
		valid := unknown
		if r.ValidUntil != nil {
			valid = day(*r.ValidUntil)
		}
		cells := []Cell{{Text: string(r.Category)}, {Text: r.Arm}, {Text: costChange(r)}}
		if fresh {
			cells = append(cells, Cell{Text: freshText(r)})
		}
		if drift {
			cells = append(cells, Cell{Text: driftText(r.Drift)})
		}
		rows = append(rows, append(cells, Cell{Text: valid}, status))
	}
	p.table(columns, rows)
	p.footnotes(notes)
	if len(c.Raters) > 0 {
		p.gap()
		rows = nil
		for _, r := range c.Raters {
			found := Cell{Text: "rates as in the pilot"}
			switch {
			case r.Drift == nil:
				found.Text = "not known: " + r.WhyMissing["drift"]
			case r.Changed:
				found = Cell{"has changed", Warning}
			}
			rows = append(rows, []Cell{{Text: r.Rater}, {Text: string(r.Kind)}, {Text: driftText(r.Drift)}, found})
		}
		p.table([]Column{{Name: "rater of frozen answers"}, {Name: "kind", Fixed: true}, {Name: "drift, points", Right: true, Fixed: true}, {Name: "finding"}}, rows)
	}
	if len(c.Warnings) > 0 {
		p.gap()
		p.warnings(c.Warnings)
	}
	if !c.Holds {
		p.next("route recommend", "then: "+p.style.command("route diff"))
	}
	return p.flush(w)
}

func checkSentence(c eval.RouteCheck) string {
	holding := 0
	for _, r := range c.Routes {
		if r.Status == eval.RouteHolds {
			holding++
		}
	}
	text := fmt.Sprintf("All %s routes hold.", Count(len(c.Routes)))
	if len(c.Routes) == 1 {
		text = "The route holds."
	}
	if !c.Holds {
		text = fmt.Sprintf("%s of %s do not hold.", Count(len(c.Routes)-holding), counted(len(c.Routes), "route", "routes"))
		if len(c.Routes)-holding == 1 {
			text = fmt.Sprintf("1 of %s does not hold.", counted(len(c.Routes), "route", "routes"))
		}
	}
	if c.FreshTasks > 0 {
		text += fmt.Sprintf(" %s since the table was made.", counted(c.FreshTasks, "task was logged", "tasks were logged"))
	} else {
		text += " The log has no task since the table was made."
	}
	return text
}

// costChange is a candidate's cost beside the control's, then and now.
func costChange(r eval.CheckedRoute) string {
	then, now := timesOf(r.CostRatioThen), timesOf(r.CostRatioNow)
	if then == now {
		return now
	}
	return then + "→" + now
}

// freshText is how much of a category's fresh log runs on its route.
func freshText(r eval.CheckedRoute) string {
	if r.FreshTasks == 0 {
		return unknown
	}
	if r.FreshMoved == nil {
		return unknown + " of " + Count(r.FreshTasks)
	}
	return Rate(share(*r.FreshMoved, r.FreshTasks), 0) + " of " + Count(r.FreshTasks)
}

func driftText(d *eval.DriftResult) string {
	if d == nil {
		return unknown
	}
	return fmt.Sprintf("%s [%s, %s]", signedPoints(d.Change.Estimate), signedPoints(d.Change.Low), signedPoints(d.Change.High))
}
