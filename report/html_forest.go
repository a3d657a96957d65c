package report

import (
	"cmp"
	"fmt"
	"slices"

	"modeltrial/eval"
)

// candidateSeries numbers the candidates in the order in which they appear, so
// that an arm has the same colour and mark in every figure.
func candidateSeries(a eval.Analysis) map[string]int {
	series := map[string]int{}
	for _, c := range a.Comparisons {
		if _, ok := series[c.Candidate]; !ok {
			series[c.Candidate] = len(series)
		}
	}
	return series
}

// forest is the main figure: a row for each use case with its win rate, the
// fixed interval thick and the always-valid one thin.
func forest(in Input) rowFigure {
	series := candidateSeries(in.Analysis)
	f := rowFigure{
		label: "Win rate of each candidate with its interval; 50% means no difference.",
		scale: shares("win rate of the candidate", in.references()...),
	}
	for _, c := range in.Analysis.Comparisons {
		row := dotRow{name: in.rowName(c), note: string(c.Decision), noteClass: decisionClass(c.Decision), under: "no interval yet · " + counted(c.Tasks, "task", "tasks")}
		if c.WinRate != nil {
			row.under = WinRate(c.WinRate, nil, c.Tasks) + " · " + counted(c.Tasks, "task", "tasks")
			row.dots = []dot{{c.WinRate.Estimate, c.WinRate, c.WinRateAlwaysValid, series[c.Candidate]}}
		}
		f.rows = append(f.rows, row)
	}
	return f
}

// rowName names a use case in a figure: without its category where there is one only.
func (in Input) rowName(c eval.ComparisonResult) string {
	all := in.Analysis.Comparisons
	if len(all) > 1 && !slices.ContainsFunc(all, func(other eval.ComparisonResult) bool { return other.Category != all[0].Category }) {
		return line(c.Candidate)
	}
	return useCaseName(c)
}

// references are the lines that win rates are read against.
func (in Input) references() []reference {
	lines := []reference{noDifference}
	if margin, ok := in.marginLine(); ok {
		lines = append(lines, reference{margin, "not worse from " + Rate(margin, 0), "margin", true})
	}
	return lines
}

// marginLine is the win rate from which on a candidate is not worse; ok is false
// without a protocol.
func (in Input) marginLine() (rate float64, ok bool) {
	return 0.5 - in.Protocol.Protocol.Margin, in.Protocol.SHA256 != ""
}

func decisionClass(decision eval.DecisionKind) string {
	switch decision {
	case eval.Switch, eval.SwitchForCost:
		return "good"
	case eval.Continue:
		return "open"
	}
	return "label"
}

// funnels are one small figure for each use case: both intervals after each look, and
// the looks ahead greyed.
func funnels(in Input) []drawing {
	series := candidateSeries(in.Analysis)
	var figures []drawing
	for _, c := range in.Analysis.Comparisons {
		if slices.ContainsFunc(c.Looks, inAWeek) {
			figures = append(figures, funnel(c, in.Analysis.Weeks, series[c.Candidate]))
		}
	}
	return figures
}

// inAWeek says whether a look was at the end of a week: a ratings file without weeks has
// one look at all there is.
func inAWeek(l eval.Look) bool { return l.Week > 0 }

func funnel(c eval.ComparisonResult, planned, series int) drawing {
	const left, right, top, bottom = 40.0, 332.0, 30.0, 170.0
	d := drawing{Width: 340, Height: 200, Label: "Win rate by week, " + useCaseName(c)}
	last := planned
	for _, l := range c.Looks {
		last = max(last, l.Week)
	}
	y := func(share float64) float64 { return bottom - within(share)*(bottom-top) }
	x := func(week int) float64 { return left + (right-left)*(float64(week)-0.5)/float64(max(last, 1)) }
	d.text(0, 14, "start", "label", shorten(useCaseName(c), 40))
	for _, tick := range []float64{0, 0.5, 1} {
		class := "grid"
		if tick == 0.5 {
			class = "even"
		}
		d.line(left, y(tick), right, y(tick), class)
		d.text(left-6, y(tick)+4, "end", "soft", Rate(tick, 0))
	}
	every := 1 + (last-1)/6 // weeks' names need room
	for week := 1; week <= last; week++ {
		class := "soft"
		if !slices.ContainsFunc(c.Looks, func(l eval.Look) bool { return l.Week == week }) {
			class = "ahead"
			d.line(x(week), top, x(week), bottom, "aheadline")
		}
		if (week-1)%every == 0 {
			d.text(x(week), bottom+18, "middle", class, fmt.Sprintf("week %d", week))
		}
	}
	class := seriesClass(series)
	for _, l := range c.Looks {
		if v := l.WinRateAlwaysValid; v != nil {
			at := x(l.Week) + 5
			d.line(at, y(v.Low), at, y(v.High), "thin "+class)
			d.line(at-4, y(v.Low), at+4, y(v.Low), "thin "+class)
			d.line(at-4, y(v.High), at+4, y(v.High), "thin "+class)
		}
		if l.WinRate != nil {
			at := x(l.Week) - 5
			d.line(at, y(l.WinRate.Low), at, y(l.WinRate.High), "thick "+class)
			d.mark(at, y(l.WinRate.Estimate), series)
		}
	}
	return d
}

// A variants is a use case analysed in other defensible ways.
type variants struct {
	UseCase eval.ComparisonResult
	Line    string // whether the decision would change
	Figure  []drawing
}

// sensitivity gives for each use case the other analyses, beside the planned one.
func sensitivity(in Input) []variants {
	series := candidateSeries(in.Analysis)
	var all []variants
	for _, c := range in.Analysis.Comparisons {
		if len(c.Sensitivity) == 0 {
			continue
		}
		f := rowFigure{
			label: "Win rate of " + useCaseName(c) + ", analysed in other ways", scale: shares("win rate of the candidate", in.references()...),
			rows: []dotRow{variantRow(eval.Sensitivity{Name: "as planned", Tasks: c.Tasks, WinRate: c.WinRate, Decision: c.Decision}, series[c.Candidate])},
		}
		for _, s := range c.Sensitivity {
			if s.WinRate != nil || s.Changes { // the table says why others have none
				f.rows = append(f.rows, variantRow(s, series[c.Candidate]))
			}
		}
		all = append(all, variants{UseCase: c, Line: changeLine(c), Figure: f.both()})
	}
	return all
}

func variantRow(s eval.Sensitivity, series int) dotRow {
	row := dotRow{name: s.Name, note: string(s.Decision), noteClass: decisionClass(s.Decision), under: "no interval · " + counted(s.Tasks, "task", "tasks")}
	if s.Changes {
		row.note, row.noteClass = cmp.Or(row.note, "another claim"), "open"
	}
	if tooWide(s.WinRate) {
		row.note, row.noteClass = "too uncertain to say", "soft"
	}
	if s.WinRate != nil {
		row.under = WinRate(s.WinRate, nil, s.Tasks) + " · " + counted(s.Tasks, "task", "tasks")
		row.dots = []dot{{at: s.WinRate.Estimate, fixed: s.WinRate, series: series}}
	}
	return row
}

// tooWide says whether an interval is so wide that it says nothing.
func tooWide(i *eval.Interval) bool {
	const most = 0.5
	return i != nil && i.High-i.Low > most
}

// changeLine says where another analysis would lead to another decision or claim.
func changeLine(c eval.ComparisonResult) string {
	var changes []string
	computed := 0
	for _, s := range c.Sensitivity {
		if s.WinRate != nil && !tooWide(s.WinRate) {
			computed++
		}
		switch {
		case s.Changes && s.Decision != "":
			changes = append(changes, fmt.Sprintf("the decision would be %q in the analysis %q", s.Decision, line(s.Name)))
		case s.Changes:
			changes = append(changes, fmt.Sprintf("the win rate supports another claim in the analysis %q", line(s.Name)))
		}
	}
	if len(changes) > 0 {
		return and(changes)
	}
	if computed == 0 {
		return "no other analysis has enough tasks to say anything"
	}
	text := fmt.Sprintf("no other analysis changes the answer (of %d", computed)
	if small := len(c.Sensitivity) - computed; small > 0 {
		text += fmt.Sprintf(", %d more are too small or too uncertain", small)
	}
	return text + ")"
}
