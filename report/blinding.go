package report

import (
	"fmt"
	"slices"

	"modeltrial/eval"
)

// blindingLines say for each candidate whether raters could tell it from the control.
func blindingLines(a eval.Analysis) []string {
	if len(a.Blinding) == 0 {
		return append([]string{"Whether raters could tell the models is not known: nobody was asked."}, maskingLines(a.Masking)...)
	}
	var lines []string
	for _, b := range a.Blinding {
		text := sentence(fmt.Sprintf("%s: %s", blindingName(b), line(b.Summary)))
		if b.Recognised > 0 {
			text += fmt.Sprintf(" A model was recognised in %s.", counted(b.Recognised, "comparison", "comparisons"))
		}
		lines = append(lines, text)
	}
	return append(lines, maskingLines(a.Masking)...)
}

func blindingName(b eval.BlindingResult) string {
	if b.Candidate == eval.AllCandidates {
		return "all candidates together"
	}
	return line(b.Candidate)
}

// indexText is "0.07 [−0.10, 0.24]".
func indexText(i *eval.Interval) string {
	if i == nil {
		return unknown
	}
	return minus(fmt.Sprintf("%.2f [%.2f, %.2f]", i.Estimate, i.Low, i.High))
}

// blinding writes the indices of each candidate.
func (p *page) blinding(a eval.Analysis) {
	p.title("blinding: which answer is from the current model?")
	var rows [][]Cell
	for _, b := range a.Blinding {
		rows = append(rows, Cells(blindingName(b), Count(b.Guesses), Count(b.Correct), Count(b.Wrong), Count(b.DontKnow), indexText(b.Bang), indexText(b.James)))
	}
	if len(rows) > 0 {
		p.table([]Column{
			{Name: "candidate"},
			{Name: "guesses", Right: true, Fixed: true},
			{Name: "right", Right: true, Fixed: true},
			{Name: "wrong", Right: true, Fixed: true},
			{Name: "don't know", Right: true, Fixed: true},
			{Name: "Bang's index", Fixed: true},
			{Name: "James' index", Fixed: true},
		}, rows)
	}
	for _, text := range blindingLines(a) {
		p.say(Plain, "  ", text)
	}
}

// Columns of the blinding sheet that its chart refers to.
const (
	blindBang  = 6
	blindBelow = 13
	blindAbove = 14
)

// blindingSheet writes the same on a sheet, with a chart of Bang's index.
func (b *book) blindingSheet() {
	columns := []field{
		{"Candidate", 28, formatText},
		{"Guesses", 11, formatCount},
		{"Right", 11, formatCount},
		{"Wrong", 11, formatCount},
		{"Did not know", 11, formatCount},
		{"Bang's index", 11, formatNumber},
		{"Bang's index, low", 11, formatNumber},
		{"Bang's index, high", 11, formatNumber},
		{"James' index", 11, formatNumber},
		{"James' index, low", 11, formatNumber},
		{"James' index, high", 11, formatNumber},
		{"Finding", 14, formatBeside},
		{"Below", 9, formatNumber},
		{"Above", 9, formatNumber},
	}
	s, row := b.open(sheetBlinding, "Could raters tell which answer is from the current model? Bang's index is 0 where they could not, and 1 where every guess was right.", columns)
	var rows [][]any
	for i, blinding := range b.in.Analysis.Blinding {
		here := func(column int) string { return at(column, row+1+i) }
		cells := []any{blindingName(blinding), formula(fmt.Sprintf("%s+%s+%s", here(3), here(4), here(5))), blinding.Correct, blinding.Wrong, blinding.DontKnow}
		cells = append(append(cells, three(blinding.Bang)...), three(blinding.James)...)
		cells = append(cells, string(blinding.Finding))
		if blinding.Bang == nil {
			cells = append(cells, nil, nil)
		} else {
			cells = append(cells, distances(blindBang, row+1+i)...)
		}
		rows = append(rows, cells)
	}
	end := row
	if len(rows) > 0 {
		end = s.tableLooks(row, "Blinding", columns, rows, "", map[int]role{blindBelow - 1: roleDim, blindAbove - 1: roleDim}) + 1
		s.freeze(1, row)
	} else {
		s.freeze(0, 2)
	}
	for _, text := range blindingLines(b.in.Analysis) {
		s.wide(end, 12, text, look{})
		end++
	}
	if slices.ContainsFunc(b.in.Analysis.Blinding, func(r eval.BlindingResult) bool { return r.Bang != nil }) {
		cells := func(column int) string { return area(s.name, column, row+1, row+len(rows)) }
		chart, series := dotChart{
			title: "Bang's index: 0 is blind", categories: cells(1), reach: 1, width: 620, height: 300,
			series: []chartSeries{{
				name: on(s.name, fixed(blindBang, row)), values: cells(blindBang), colour: candidateColours[0], symbol: candidateSymbols[0], low: cells(blindBelow), high: cells(blindAbove),
			}},
		}.chart()
		chart.YAxis.NumFmt.CustomNumFmt = `0.0`
		s.chart(at(1, end+1), chart, series)
		end += 17
	}
	s.onePage(end)
}
