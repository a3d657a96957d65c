package report

import (
	"cmp"
	"fmt"
	"io"
	"slices"
	"strings"

	"modeltrial/eval"
)

// Replay writes what the audited log would have been under a routing table.
func Replay(w io.Writer, r eval.Replay, style Style) error {
	p := &page{style: style}
	p.say(Plain, "", replayHead(r))
	p.gap()
	p.say(Plain, "  ", replaySentence(r))
	if text := replayErrorsSentence(r); text != "" {
		p.say(Plain, "  ", text)
	}
	for _, part := range []struct {
		name   string
		groups []eval.ReplayGroup
		of     func(eval.ReplayGroup) string
	}{
		{"category", r.Categories, func(g eval.ReplayGroup) string { return string(g.Category) }},
		{"team", r.Teams, func(g eval.ReplayGroup) string { return g.Team }},
		{"month", r.Months, func(g eval.ReplayGroup) string { return g.Month }},
	} {
		if len(part.groups) == 0 {
			continue
		}
		p.gap()
		p.replayTable(part.name, part.groups, part.of, r.ReviewedTasks > 0)
	}
	if len(r.TeamMonths) > 0 {
		p.gap()
		p.say(Dim, "  ", fmt.Sprintf("%s of a team's month: %s", counted(len(r.TeamMonths), "row", "rows"), p.style.command("route replay --json")))
	}
	if len(r.Warnings) > 0 {
		p.gap()
		p.warnings(r.Warnings)
	}
	return p.flush(w)
}

func replayHead(r eval.Replay) string {
	of := "a file"
	if r.Table != nil {
		of = fmt.Sprintf("number %d", *r.Table)
	}
	head := fmt.Sprintf("Replay of the audited log under the routing table of %s (%s)", day(r.DecidedAt), of)
	if r.From != nil && r.To != nil {
		head += fmt.Sprintf(", tasks of %s to %s", day(*r.From), day(*r.To))
	}
	return head
}

// replaySentence is the answer.
func replaySentence(r eval.Replay) string {
	t := r.Total
	text := fmt.Sprintf("%s of %s would have run on another model.", Count(t.Moved), counted(t.Tasks, "task", "tasks"))
	switch {
	case t.Moved == 0 && t.CostNow != nil:
		return fmt.Sprintf("None of %s would have run on another model. The log cost %s.", counted(t.Tasks, "task", "tasks"), Money(*t.CostNow))
	case t.Saving == nil:
		return text + " What they would have cost is not known: " + t.WhyMissing["saving_usd"] + "."
	case t.CostNow == nil:
		return text + " What the log cost is not known: " + t.WhyMissing["cost_now_usd"] + "."
	}
	verb, by := "less", t.Saving.Estimate
	limits := *t.Saving
	if by < 0 {
		verb, by = "more", -by
		limits.Low, limits.High = -t.Saving.High, -t.Saving.Low
	}
	text += fmt.Sprintf(" The log cost %s and would have cost %s: %s %s (%s).", Money(*t.CostNow), Money(*t.CostThen), Money(by), verb, moneyRange(&limits))
	if t.LatencyRatio != nil && t.Moved > 0 {
		text += fmt.Sprintf(" An answer took %s (geometric mean) and would have taken %s, %s.", Milliseconds(*t.LatencyNow), Milliseconds(*t.LatencyThen), ratioText(t.LatencyRatio))
	}
	if t.WinRateMoved != nil {
		text += fmt.Sprintf(" The new answer is expected to be preferred on %s of the moved tasks (%s).", Rate(t.WinRateMoved.Estimate, 0), rateRange(t.WinRateMoved, 0))
	}
	return text
}

func replayErrorsSentence(r eval.Replay) string {
	t := r.Total
	if t.SavingWithErrors == nil {
		if t.Moved == 0 {
			return ""
		}
		return "What the categoriser's errors would change is not known: " + t.WhyMissing["saving_with_routing_errors_usd"] + "."
	}
	text := fmt.Sprintf("With the categoriser's errors in the routing, as %s say: %s less (%s)",
		counted(r.ReviewedTasks, "reviewed task", "reviewed tasks"), Money(t.SavingWithErrors.Estimate), moneyRange(t.SavingWithErrors))
	if t.WinRateMovedWithErrors != nil {
		text += fmt.Sprintf("; preferred on %s of the moved tasks (%s)", Rate(t.WinRateMovedWithErrors.Estimate, 0), rateRange(t.WinRateMovedWithErrors, 0))
	}
	return text + "."
}

// replayTable has all of a group in a row where the terminal is wide enough for that;
// elsewhere money stands in a table of its own, so that no name is cut for it.
func (p *page) replayTable(name string, groups []eval.ReplayGroup, of func(eval.ReplayGroup) string, errors bool) {
	money := []Column{
		{Name: name},
		{Name: "moved", Right: true, Fixed: true},
		{Name: "USD now", Right: true, Fixed: true},
		{Name: "then", Right: true, Fixed: true},
		{Name: "saving", Right: true, Fixed: true},
	}
	var rest []Column
	if errors {
		rest = append(rest, Column{Name: "saving with errors", Right: true, Fixed: true})
	}
	rest = append(rest, Column{Name: "time", Right: true, Fixed: true}, Column{Name: "win rate", Right: true, Fixed: true})
	var rows, others [][]Cell
	var notes footnotes
	for _, g := range groups {
		then := optionalAmount(g.CostThen)
		if g.CostThen == nil {
			then += notes.of(cmp.Or(g.WhyMissing["cost_then_usd"], g.WhyMissing["saving_usd"]))
		}
		rows = append(rows, Cells(of(g), Count(g.Moved)+" of "+Count(g.Tasks), optionalAmount(g.CostNow), then, nothingOr(g, savingRange(g.Saving))))
		var other []string
		if errors {
			other = append(other, nothingOr(g, savingRange(g.SavingWithErrors)))
		}
		others = append(others, Cells(append(other, nothingOr(g, timesOf(g.LatencyRatio)), nothingOr(g, replayRate(g.WinRateMoved)))...))
	}
	columns, whole := slices.Concat(money, rest), make([][]Cell, len(rows))
	for i := range rows {
		whole[i] = slices.Concat(rows[i], others[i])
	}
	if tableWidth(columns, whole) <= p.style.width() {
		p.table(columns, whole)
		p.footnotes(notes)
		return
	}
	p.table(money, rows)
	p.footnotes(notes)
	p.gap()
	for i := range others {
		others[i] = slices.Concat(rows[i][:1], others[i])
	}
	p.table(slices.Concat(money[:1], rest), others)
}

// nothingOr leaves a cell empty where nothing moves: a saving of 0 and a ratio of 1 are
// no findings.
func nothingOr(g eval.ReplayGroup, text string) string {
	if g.Moved == 0 {
		return ""
	}
	return text
}

func timesOf(i *eval.Interval) string {
	if i == nil {
		return unknown
	}
	return Times(i.Estimate)
}

func replayRate(i *eval.Interval) string {
	if i == nil {
		return unknown
	}
	return strings.TrimSpace(fmt.Sprintf("%s [%s, %s]", Rate(i.Estimate, 0), rateDigits(i.Low, 0), rateDigits(i.High, 0)))
}
