package report

import (
	"fmt"

	"github.com/xuri/excelize/v2"

	"modeltrial/eval"
)

// Columns of the table of what drives the saving.
const (
	driverLow  = 3
	driverHigh = 4
)

// drivers lists and draws how far the saving moves with each estimate; it follows the
// inputs, which begin at row inputsFrom, and the savings, which begin at savingsFrom.
// It returns the next free row.
func (s sheet) drivers(row, inputsFrom, savingsFrom int) int {
	switched := func(r eval.Route) bool { return switches(r.Decision) }
	all := append(drivers(s.in.Routing.Routes, switched), drivers(s.in.Routing.Routes, func(r eval.Route) bool { return !switched(r) })...)
	const chartRows = 15
	if len(s.in.Routing.Routes) == 0 {
		return row
	}
	if costsKnown(s.in.Routing) {
		spend, spendSeries := s.spendChart(420, 290)
		s.chart(at(9, row+1), spend, spendSeries)
	}
	if len(all) == 0 {
		return row + chartRows
	}
	s.set(1, row, "What drives the saving", look{role: roleSection})
	s.wide(row+1, 4, "How far the saving a month moves with one estimate at the limits of its interval, the others as they are. A category that does not switch moves nothing.", look{role: roleAnswer})
	row += 2
	columns := []field{
		{"Driver", 24, formatText},
		{"Estimate", 24, formatText},
		{"Saving changes by, low", 19, formatMoney},
		{"Saving changes by, high", 19, formatMoney},
	}
	var rows [][]any
	for i, d := range all {
		input := func(column int) string { return at(column, inputsFrom+d.route) }
		saving := func(column int) string { return at(column, savingsFrom+d.route) }
		base := fmt.Sprintf(`%s*%s`, nameShareRouted, saving(savingSpend))
		moves := fmt.Sprintf(`%s*%s*%s`, input(returnMultiplier), saving(savingRatioError), base)
		if !d.ofRatio {
			moves = fmt.Sprintf(`%s*%s*%s*ABS(1-%s)`, input(returnMultiplier), input(returnSpendError), base, saving(savingRatio))
		}
		high := formula(fmt.Sprintf(`IF(%s="yes",%s,0)`, s.counts(d.route), moves))
		rows = append(rows, []any{d.name, d.estimate, formula("-" + at(driverHigh, row+1+i)), high})
	}
	for i, r := range s.in.Routing.Routes {
		if ratio := editRatio(s.in.Analysis, r); ratio != nil {
			hours := at(editVariance, s.editingFrom+i)
			high := formula(fmt.Sprintf(`IF(ISNUMBER(%s)*ISNUMBER(%s),%s*%s*%s^0.5,0)`, at(returnMultiplier, inputsFrom+i), hours, at(returnMultiplier, inputsFrom+i), nameEditorRate, hours))
			rows = append(rows, []any{line(string(r.Category)) + ": editing time", ratioText(ratio), formula("-" + at(driverHigh, row+1+len(rows))), high})
		}
	}
	end := s.table(row, "ReturnDrivers", columns, rows, "")
	cells := func(column int) string { return area(s.name, column, row+1, end-1) }
	chart, series := tornadoChart([]chartSeries{
		{name: on(s.name, fixed(driverLow, row)), values: cells(driverLow), colour: colourControl},
		{name: on(s.name, fixed(driverHigh, row)), values: cells(driverHigh), colour: candidateColours[0]},
	}, cells(1), all[0].half)
	s.chart(at(5, row-1), chart, series)
	return max(end, row+chartRows)
}

// tornadoChart has bars to both sides of 0, the widest, which goes to most, at the top.
func tornadoChart(series []chartSeries, categories string, most float64) (*excelize.Chart, []chartSeries) {
	format := `#,##0`
	if most < 10 {
		format = `0.00`
	}
	chart := frame("What the saving a month moves by (USD)", format, 500, 290, nil)
	chart.Type = excelize.Bar
	gap, overlap := uint(40), 100
	chart.GapWidth, chart.Overlap = &gap, &overlap
	chart.YAxis.Minimum = nil
	chart.XAxis.ReverseOrder, chart.XAxis.TickLabelPosition = true, excelize.ChartTickLabelLow
	for _, one := range series {
		chart.Series = append(chart.Series, excelize.ChartSeries{Name: one.name, Categories: categories, Values: one.values, Fill: solid(one.colour)})
	}
	return chart, series
}
