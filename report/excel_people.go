package report

import (
	"fmt"
	"slices"

	"modeltrial/eval"
)

func (b *book) weeksSheet() {
	columns := []field{
		{"Use case", 30, formatText},
		{"Week", 9, formatCount},
		{"Tasks", 9, formatCount},
		{"Win rate", 10, b.rate()},
		{"Win rate, low", 10, b.rate()},
		{"Win rate, high", 10, b.rate()},
		{"Always valid, low", 11, b.rate()},
		{"Always valid, high", 11, b.rate()},
	}
	s, row := b.open(sheetWeeks, "How did the answer develop, look by look? The always-valid interval may be read every week; the other only once.", columns)
	var rows [][]any
	for _, c := range b.in.Analysis.Comparisons {
		for _, l := range c.Looks {
			cells := []any{useCaseName(c), l.Week, l.Tasks}
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

// trend lists the win rates with a column for each use case, as a line chart
// needs them, and draws them.
func (s sheet) trend(row int) {
	var weeks []int
	for _, c := range s.in.Analysis.Comparisons {
		for _, l := range c.Looks {
			if !slices.Contains(weeks, l.Week) {
				weeks = append(weeks, l.Week)
			}
		}
	}
	slices.Sort(weeks)
	s.set(1, row, "Win rate by week", look{role: roleSection})
	row++
	s.set(1, row, "Week", look{role: roleHeader})
	var series []chartSeries
	first, last := row+1, row+len(weeks)
	for i, c := range s.in.Analysis.Comparisons {
		column := i + 2
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
	s.keep(s.file.SetRowHeight(s.name, row, 48))
	chart, series := dotChart{
		title: "Win rate by week", categories: area(s.name, 1, first, last), series: series, joined: true, width: 760, height: 330,
	}.chart()
	s.chart(at(1, last+2), chart, series)
	s.onePage(last + 20)
}

func (b *book) ratersSheet() {
	columns := []field{
		{"Rater", 26, formatText},
		{"Kind", 18, formatText},
		{"Ratings", 10, formatCount},
		{"Median time", 12, formatSeconds},
		{"Hours", 10, formatNumber},
		{"Advantage of the first answer", 14, formatRate},
		{"Advantage, low", 12, formatRate},
		{"Advantage, high", 12, formatRate},
		{"p", 10, formatPValue},
	}
	s, row := b.open(sheetRaters, "Who rated, how much, and did the place of an answer sway them? The advantage is in win-rate points: 0% is none.", columns)
	var rows [][]any
	for i, r := range b.in.Analysis.Raters {
		line := row + 1 + i
		cells := []any{r.Rater, raterKind(r), r.Ratings, r.SecondsMedian, nil}
		if r.SecondsMedian != nil {
			cells[4] = formula(fmt.Sprintf("%s*%s/3600", at(3, line), at(4, line)))
		}
		if r.PositionEffect == nil {
			cells = append(cells, nil, nil, nil, nil)
		} else {
			cells = append(cells, three(&r.PositionEffect.Interval)...)
			cells = append(cells, r.PositionEffect.PValue)
		}
		rows = append(rows, cells)
	}
	end := s.table(row, "Raters", columns, rows, "nobody has rated yet: run modeltrial rate invite")
	if len(rows) == 0 {
		return
	}
	s.freeze(1, row)
	for i, column := range columns {
		s.set(i+1, end, nil, look{column.format, roleTotal})
	}
	s.set(1, end, "Total", look{role: roleTotal})
	for _, column := range []int{3, 5} {
		s.set(column, end, formula(fmt.Sprintf("SUM(%s:%s)", at(column, row+1), at(column, end-1))), look{columns[column-1].format, roleTotal})
	}
	s.blindingTable(s.agreementTable(end+2) + 1)
}

// agreementTable writes how far raters agree, and returns the row after it.
func (s sheet) agreementTable(row int) int {
	a := s.in.Analysis.Agreement
	s.set(1, row, "Agreement", look{role: roleSection})
	if a == nil || (a.AlphaNominal == nil && len(a.Pairs) == 0) {
		why := "fewer than two ratings of a task exist"
		if a != nil && a.WhyMissing != "" {
			why = a.WhyMissing
		}
		s.set(1, row+1, sentence("Not known: "+why), look{})
		return row + 2
	}
	if a.AlphaNominal != nil {
		s.wide(row+1, 9, sentence(agreementText(a)), look{})
	}
	columns := []field{{"Rater A", 26, formatText}, {"Rater B", 18, formatText}, {"Tasks both rated", 10, formatCount}, {"Cohen's kappa", 12, formatNumber}}
	return s.table(row+3, "RaterPairs", columns, pairRows(a), "no two raters rated the same task")
}

func pairRows(a *eval.Agreement) [][]any {
	var rows [][]any
	for _, pair := range a.Pairs {
		rows = append(rows, []any{pair.RaterA, pair.RaterB, pair.Tasks, pair.Kappa})
	}
	return rows
}
