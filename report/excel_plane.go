package report

import (
	"github.com/xuri/excelize/v2"

	"modeltrial/eval"
)

// useCaseCost is the column of the cost ratio in the use cases' second table.
const useCaseCost = 4

// planeChart shows each candidate's win rate against its cost, the control at one times
// its cost and one half. The second table's rows begin at moneyFrom; the control's cells
// are written at row.
func (s sheet) planeChart(cell string, row, moneyFrom int) {
	s.set(1, row, "the control", look{role: roleDim}) // the chart names its mark so
	s.set(useCaseCost, row, 1.0, look{formatRatio, roleDim})
	s.set(useCaseWin, row, 0.5, look{formatRate, roleDim})
	one := func(column, row int) string { return on(s.name, fixed(column, row)) }
	series := []chartSeries{{name: one(1, row), categories: one(useCaseCost, row), values: one(useCaseWin, row), colour: colourControl, symbol: candidateSymbols[0]}}
	order, frontier := candidateSeries(s.in.Analysis), eval.FrontierOf(s.in.Analysis.Comparisons)
	for i, c := range s.in.Analysis.Comparisons {
		if c.WinRate == nil || c.CostRatio == nil {
			continue
		}
		win, arm := s.useCaseRows.first+i, order[c.Candidate]%len(candidateColours)
		series = append(series, chartSeries{
			name: one(1, win), categories: one(useCaseCost, moneyFrom+i), values: one(useCaseWin, win), colour: candidateColours[arm], symbol: candidateSymbols[arm],
			low: one(useCaseBelow, win), high: one(useCaseAbove, win), hollow: onFrontier(frontier, c) != "yes",
		})
	}
	const width, height = 560, 330
	whole := 1.0
	chart := frame("Win rate against cost (times the control's)", `0%`, width, height, &whole)
	chart.Type = excelize.Scatter
	chart.XAxis.Minimum, chart.XAxis.NumFmt = new(float64), excelize.ChartNumFmt{CustomNumFmt: formats[formatRatio]}
	for _, one := range series {
		fill := solid(one.colour)
		if one.hollow {
			fill = solid(colourHollow)
		}
		chart.Series = append(chart.Series, excelize.ChartSeries{
			Name: one.name, Categories: one.categories, Values: one.values, Line: excelize.LineOptions{Type: excelize.LineNone},
			Marker: excelize.ChartMarker{Symbol: one.symbol, Size: 9, Border: excelize.LineOptions{Type: excelize.LineSolid, Fill: solid(one.colour), Width: 1.5}, Fill: fill}, Fill: solid(one.colour),
		})
	}
	s.chart(cell, chart, series)
}

// onFrontier says whether a candidate is on its category's frontier; nothing where its
// cost or win rate is not known, or of all categories together.
func onFrontier(planes []eval.FrontierCategory, c eval.ComparisonResult) any {
	for _, plane := range planes {
		for _, arm := range plane.Arms[1:] {
			switch {
			case plane.Category != c.Category || plane.Arms[0].Arm != c.Control || arm.Arm != c.Candidate:
			case arm.Dominated:
				return dominatedNote(plane, arm)
			default:
				return "yes"
			}
		}
	}
	return nil
}

// onPlane says whether any candidate's cost and win rate are both known.
func onPlane(comparisons []eval.ComparisonResult) bool {
	for _, c := range comparisons {
		if c.WinRate != nil && c.CostRatio != nil {
			return true
		}
	}
	return false
}
