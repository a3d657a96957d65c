package report

import (
	"fmt"

	"modeltrial/eval"
)

// othersSheet shows each use case analysed in other defensible ways.
func (b *book) othersSheet() {
	columns := []field{
		{"Use case", b.useCaseWidth(), formatText},
		{"Analysis", 26, formatText},
		{"What differs", 52, formatText},
		{"Tasks", 10, formatCount},
		{"Win rate", 10, b.rate()},
		{"Win rate, low", 10, b.rate()},
		{"Win rate, high", 10, b.rate()},
		{"Decision", 18, formatBeside},
		{"Another answer", 11, formatText},
		{"Why no win rate", 60, formatWrap},
	}
	var rows [][]any
	analysed, changed := 0, 0
	for _, c := range b.in.Analysis.Comparisons {
		if len(c.Sensitivity) == 0 {
			continue
		}
		analysed++
		cells := append([]any{useCaseName(c), "as planned", "", c.Tasks}, three(c.WinRate)...)
		rows = append(rows, append(cells, string(c.Decision), "", ""))
		changes := false
		for _, s := range c.Sensitivity {
			changes = changes || s.Changes
			rows = append(rows, variantCells(c, s))
		}
		if changes {
			changed++
		}
	}
	answer := "Would another defensible analysis of the same data say something else?"
	if analysed > 0 {
		answer += fmt.Sprintf(" In %d of %s it would.", changed, counted(analysed, "use case", "use cases"))
	}
	s, row := b.open(sheetOthers, answer, columns)
	end := s.table(row, "OtherAnalyses", columns, rows, "no use case has enough tasks to be analysed in other ways")
	if len(rows) == 0 {
		return
	}
	s.freeze(2, row)
	s.emphasise(at(9, row+1)+":"+at(9, end-1), "yes")
	s.set(1, end+1, "Where the answer would change", look{role: roleSection})
	end += 2
	for _, c := range b.in.Analysis.Comparisons {
		if len(c.Sensitivity) > 0 {
			s.wide(end, 8, sentence(useCaseName(c)+": "+changeLine(c)), look{})
			end++
		}
	}
	s.onePage(end)
}

func variantCells(c eval.ComparisonResult, v eval.Sensitivity) []any {
	cells := append([]any{useCaseName(c), v.Name, v.What, v.Tasks}, three(v.WinRate)...)
	return append(cells, string(v.Decision), yesNo(v.Changes), v.WhyMissing)
}
