package report

import (
	"fmt"

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

// blindingTable writes the same on the sheet of raters, and returns the row after it.
func (s sheet) blindingTable(row int) int {
	s.set(1, row, "Blinding: which answer is from the current model?", look{role: roleSection})
	row++
	for _, text := range blindingLines(s.in.Analysis) {
		s.wide(row, 9, text, look{})
		row++
	}
	if len(s.in.Analysis.Blinding) == 0 {
		return row
	}
	columns := []field{
		{"Candidate", 28, formatText},
		{"Guesses", 22, formatCount},
		{"Right", 11, formatCount},
		{"Wrong", 11, formatCount},
		{"Did not know", 11, formatCount},
		{"Bang's index", 11, formatNumber},
		{"Bang's index, low", 11, formatNumber},
		{"Bang's index, high", 11, formatNumber},
		{"James' index", 11, formatNumber},
	}
	var rows [][]any
	for i, b := range s.in.Analysis.Blinding {
		here := func(column int) string { return at(column, row+2+i) }
		cells := []any{blindingName(b), formula(fmt.Sprintf("%s+%s+%s", here(3), here(4), here(5))), b.Correct, b.Wrong, b.DontKnow}
		cells = append(cells, three(b.Bang)...)
		rows = append(rows, append(cells, three(b.James)[0]))
	}
	return s.table(row+1, "Blinding", columns, rows, "")
}
