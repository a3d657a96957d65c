package report

import (
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
func forest(in Input, narrow bool) drawing {
	d := drawing{Width: 720, Class: "wide"}
	left, right, rowHeight, top := 190.0, 720.0-240, 40.0, 26.0
	if narrow {
		d.Width, d.Class = 340, "narrow"
		left, right, rowHeight = 6, 334, 62
	}
	results := in.Analysis.Comparisons
	series := candidateSeries(in.Analysis)
	x := func(share float64) float64 { return left + within(share)*(right-left) }
	bottom := top + rowHeight*float64(len(results))
	d.Height = bottom + 40
	d.Label = "Win rate of each candidate with its interval; 50% means no difference."
	for _, tick := range []float64{0, 0.25, 0.5, 0.75, 1} {
		d.line(x(tick), top, x(tick), bottom, "grid")
		anchor := "middle"
		if narrow && tick == 0 {
			anchor = "start"
		} else if narrow && tick == 1 {
			anchor = "end"
		}
		d.text(x(tick), bottom+16, anchor, "soft", Rate(tick, 0))
	}
	d.line(x(0.5), top-4, x(0.5), bottom, "even")
	d.text(x(0.5)+4, top-8, "start", "soft", "no difference")
	if margin, ok := in.marginLine(); ok {
		d.line(x(margin), top-4, x(margin), bottom, "margin")
		d.text(x(margin)-4, top-8, "end", "soft", "not worse from "+Rate(margin, 0))
	}
	d.text((left+right)/2, bottom+34, "middle", "soft", "win rate of the candidate")
	for i, c := range results {
		y := top + rowHeight*(float64(i)+0.5)
		estimate := WinRate(c.WinRate, nil, c.Tasks)
		if c.WinRate == nil {
			estimate = "no interval yet"
		}
		if narrow {
			y += 14
			d.text(0, y-26, "start", "label", shorten(useCaseName(c), 30))
			d.text(340, y-26, "end", decisionClass(c.Decision), string(c.Decision))
			d.text(0, y-11, "start", "soft", estimate)
			y += 6
		} else {
			d.text(0, y+5, "start", "label", shorten(useCaseName(c), 26))
			d.text(right+16, y-2, "start", decisionClass(c.Decision), string(c.Decision))
			d.text(right+16, y+14, "start", "soft", estimate+fmt.Sprintf(" · %s", counted(c.Tasks, "task", "tasks")))
		}
		if c.WinRate == nil {
			continue
		}
		class := seriesClass(series[c.Candidate])
		if v := c.WinRateAlwaysValid; v != nil {
			d.line(x(v.Low), y, x(v.High), y, "thin "+class)
			d.line(x(v.Low), y-5, x(v.Low), y+5, "thin "+class)
			d.line(x(v.High), y-5, x(v.High), y+5, "thin "+class)
		}
		d.line(x(c.WinRate.Low), y, x(c.WinRate.High), y, "thick "+class)
		d.mark(x(c.WinRate.Estimate), y, series[c.Candidate])
	}
	return d
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

// funnels are one small figure for each use case: the always-valid interval
// after each look, and the looks ahead greyed.
func funnels(in Input) []drawing {
	series := candidateSeries(in.Analysis)
	var figures []drawing
	for _, c := range in.Analysis.Comparisons {
		if len(c.Looks) > 0 {
			figures = append(figures, funnel(c, in.Analysis.Weeks, series[c.Candidate]))
		}
	}
	return figures
}

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
	for week := 1; week <= last; week++ {
		class := "soft"
		if !slices.ContainsFunc(c.Looks, func(l eval.Look) bool { return l.Week == week }) {
			class = "ahead"
			d.line(x(week), top, x(week), bottom, "aheadline")
		}
		d.text(x(week), bottom+18, "middle", class, fmt.Sprintf("week %d", week))
	}
	class := seriesClass(series)
	for _, l := range c.Looks {
		if v := l.WinRateAlwaysValid; v != nil {
			d.line(x(l.Week), y(v.Low), x(l.Week), y(v.High), "thin "+class)
			d.line(x(l.Week)-5, y(v.Low), x(l.Week)+5, y(v.Low), "thin "+class)
			d.line(x(l.Week)-5, y(v.High), x(l.Week)+5, y(v.High), "thin "+class)
		}
		if l.WinRate != nil {
			d.mark(x(l.Week), y(l.WinRate.Estimate), series)
		}
	}
	return d
}
