package report

import (
	"fmt"
	"slices"

	"modeltrial/eval"
)

// useCaseColumn is as wide as most words of a use case's name, which heads a column.
const useCaseColumn = 15

func (b *book) weeksSheet() {
	columns := []field{
		{"Use case", b.useCaseWidth(), formatText},
		{"Week", useCaseColumn, formatCount},
		{"Tasks", useCaseColumn, formatCount},
		{"Win rate", useCaseColumn, b.rate()},
		{"Win rate, low", useCaseColumn, b.rate()},
		{"Win rate, high", useCaseColumn, b.rate()},
		{"Always valid, low", useCaseColumn, b.rate()},
		{"Always valid, high", useCaseColumn, b.rate()},
	}
	s, row := b.open(sheetWeeks, "How did the answer develop, look by look? The always-valid interval may be read every week; the other only once.", columns)
	var rows [][]any
	for _, c := range b.in.Analysis.Comparisons {
		for _, l := range c.Looks {
			cells := []any{useCaseName(c), weekCell(l), l.Tasks}
			cells = append(cells, three(l.WinRate)...)
			rows = append(rows, append(cells, three(l.WinRateAlwaysValid)[1:]...))
		}
	}
	end := s.table(row, "Weeks", columns, rows, "no week has been rated yet")
	if len(rows) == 0 {
		return
	}
	s.freeze(1, row)
	s.trend(end + 2)
}

// weekCell is empty where the ratings name no week.
func weekCell(l eval.Look) any {
	if !inAWeek(l) {
		return nil
	}
	return l.Week
}

// trend lists the win rates with a column for each use case, as a line chart
// needs them, and draws them.
func (s sheet) trend(row int) {
	var weeks []int
	for _, c := range s.in.Analysis.Comparisons {
		for _, l := range c.Looks {
			if inAWeek(l) && !slices.Contains(weeks, l.Week) {
				weeks = append(weeks, l.Week)
			}
		}
	}
	if len(weeks) == 0 {
		return
	}
	slices.Sort(weeks)
	s.set(1, row, "Win rate by week", look{role: roleSection})
	row++
	s.set(1, row, "Week", look{role: roleHeader})
	var series []chartSeries
	first, last := row+1, row+len(weeks)
	high := 1
	for i, c := range s.in.Analysis.Comparisons {
		column := i + 2
		high = max(high, headerLines(useCaseName(c), useCaseColumn))
		s.set(column, row, useCaseName(c), look{s.rate(), roleHeader})
		for j, week := range weeks {
			s.set(1, first+j, fmt.Sprintf("week %d", week), look{})
			for _, l := range c.Looks {
				if l.Week == week && l.WinRate != nil {
					s.set(column, first+j, l.WinRate.Estimate, look{format: s.rate()})
				}
			}
		}
		series = append(series, chartSeries{
			name: on(s.name, fixed(column, row)), values: area(s.name, column, first, last),
			colour: candidateColours[i%len(candidateColours)], symbol: candidateSymbols[i%len(candidateSymbols)],
		})
	}
	s.keep(s.file.SetRowHeight(s.name, row, 4+15.5*float64(min(high, 8))))
	chart, series := dotChart{
		title: "Win rate by week", categories: area(s.name, 1, first, last), series: series, joined: true, width: 760, height: 330,
	}.chart()
	s.chart(at(1, last+2), chart, series)
	s.onePage(last + 20)
}
