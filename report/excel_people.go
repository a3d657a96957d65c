package report

import (
	"fmt"
	"slices"

	"modeltrial/eval"
)

// Columns of the raters that formulas and charts refer to.
const (
	raterRatings   = 3
	raterSeconds   = 5
	raterHours     = 6
	raterAdvantage = 10
	raterBelow     = 14
	raterAbove     = 15
)

func (b *book) ratersSheet() {
	columns := []field{
		{"Rater", widthFor(28, raterNames(b.in.Analysis)), formatText},
		{"Kind", 22, formatText},
		{"Ratings", 11, formatCount},
		{"Share of the kind's", 11, formatRate},
		{"Median time", 11, formatSeconds},
		{"Hours", 13, formatNumber},
		{"Very fast", 11, formatRate},
		{"Ties", 11, formatRate},
		{"Agrees with others", 11, formatRate},
		{"Advantage of the first answer", 13, formatSigned},
		{"Advantage, low", 12, formatSigned},
		{"Advantage, high", 12, formatSigned},
		{"p", 10, formatPValue},
		{"Below", 9, formatRate},
		{"Above", 9, formatRate},
		{"What is odd", 40, formatBeside},
		{"Repeats, same verdict", 11, formatRate},
		{"Swapped repeats, same answer", 11, formatRate},
		{"Sentinels, right", 11, formatRate},
		{"Left out by the rule", 40, formatBeside},
	}
	s, row := b.open(sheetRaters, "Who rated, how much, did the place of an answer sway them, and can the judges be trusted? The advantage is in win-rate points: 0% is none.", columns)
	raters := b.in.Analysis.Raters
	var rows [][]any
	for i, r := range raters {
		rows = append(rows, raterCells(r, row+1+i))
	}
	helpers := map[int]role{raterBelow - 1: roleDim, raterAbove - 1: roleDim}
	if len(rows) > 0 {
		optional := []int{10, 11, 12, 13, 14, 15, 16, 20}
		if len(triedRaters(raters)) == 0 {
			optional = append(optional, 17, 18, 19)
		}
		columns, rows = withoutEmpty(columns, rows, optional...)
	}
	for i, column := range columns {
		s.keep(s.file.SetColWidth(s.name, column1(i+1), column1(i+1), column.width))
	}
	end := s.tableLooks(row, "Raters", columns, rows, "nobody has rated yet: run modeltrial rate invite", helpers)
	if len(rows) == 0 {
		return
	}
	s.freeze(1, row)
	summed := []int{raterRatings}
	if slices.ContainsFunc(raters, func(r eval.RaterResult) bool { return r.SecondsMedian != nil }) {
		summed = append(summed, raterHours) // the sum of nothing known is not 0
	}
	s.total(end, row+1, columns, summed...)
	s.wide(end+1, 12, "Very fast: in less than a third of the usual time. Agrees with others: the chance that another rater of the kind gave the same verdict. Nobody is left out for being odd; the protocol's rule may leave people out, and then says so.", look{role: roleAnswer})
	s.raterCharts(end+3, rowRange{row + 1, row + min(len(raters), mostRaters)})
	const chartRows = 16
	end = s.judgeTables(end + 3 + chartRows)
	end = s.combinations(end + 1)
	s.onePage(s.agreementTable(end + 1))
}

// raterNames are those of people and judges.
func raterNames(a eval.Analysis) []string {
	var names []string
	for _, r := range a.Raters {
		names = append(names, r.Rater)
	}
	for _, j := range a.Judges {
		names = append(names, judgeName(j))
	}
	return names
}

// raterCells are one rater's habits; row is where they will stand.
func raterCells(r eval.RaterResult, row int) []any {
	cells := []any{r.Rater, raterKind(r), r.Ratings, r.Share, r.SecondsMedian, nil, r.FastShare, r.TieShare, r.WithOthers}
	if r.SecondsMedian != nil {
		cells[raterHours-1] = formula(fmt.Sprintf("%s*%s/3600", at(raterRatings, row), at(raterSeconds, row)))
	}
	if effect := r.PositionEffect; effect != nil {
		cells = append(cells, three(&effect.Interval)...)
		cells = append(cells, effect.PValue)
		cells = append(cells, distances(raterAdvantage, row)...)
	} else {
		cells = append(cells, slices.Repeat([]any{nil}, raterAbove-raterAdvantage+1)...)
	}
	return append(cells, joinedTexts(r.Flags),
		checkShare(r.Quality, func(q *eval.RaterQuality) eval.CheckResult { return q.Repeats }),
		checkShare(r.Quality, func(q *eval.RaterQuality) eval.CheckResult { return q.Swapped }),
		checkShare(r.Quality, func(q *eval.RaterQuality) eval.CheckResult { return q.Sentinels }), r.Excluded)
}

// raterCharts draw loads, and the effect of an answer's place.
func (s sheet) raterCharts(row int, rows rowRange) {
	cells := func(column int) string { return area(s.name, column, rows.first, rows.last) }
	name := func(column int) string { return on(s.name, fixed(column, rows.first-1)) }
	chart, series := barChart{
		title: "Ratings by rater", format: `#,##0`, categories: cells(1), width: 520, height: 300,
		series: []chartSeries{{name: name(raterRatings), values: cells(raterRatings), colour: candidateColours[0]}},
	}.chart()
	s.chart(at(1, row), chart, series)
	if !slices.ContainsFunc(s.in.Analysis.Raters, func(r eval.RaterResult) bool { return r.PositionEffect != nil }) {
		return
	}
	chart, series = dotChart{
		title: "Advantage of the answer shown first (win-rate points)", categories: cells(1), reach: raterPositions(s.in.Analysis.Raters).scale.to, width: 560, height: 300,
		series: []chartSeries{{
			name: name(raterAdvantage), values: cells(raterAdvantage), colour: candidateColours[0], symbol: candidateSymbols[0], low: cells(raterBelow), high: cells(raterAbove),
		}},
	}.chart()
	s.chart(at(6, row), chart, series)
}

// judgeTables say of each judge whether it can stand in for a person, and what is
// known of it.
func (s sheet) judgeTables(row int) int {
	s.set(1, row, "Judges", look{role: roleSection})
	judges := s.in.Analysis.Judges
	if len(judges) == 0 {
		s.set(1, row+1, "No judge model rated.", look{})
		return row + 2
	}
	for _, j := range judges {
		row++
		s.wide(row, 12, judgeSentence(j), look{})
	}
	columns := []field{
		{"Judge", 28, formatText},
		{"Measure", 22, formatText},
		{"Estimate", 11, formatRate},
		{"Low", 11, formatRate},
		{"High", 11, formatRate},
		{"Comparisons", 13, formatCount},
		{"Rated by people, too", 11, formatCount},
		{"Why not known", 11, formatBeside},
	}
	var rows [][]any
	for _, j := range judges {
		for _, m := range judgeMeasures(j) {
			cells := []any{judgeName(j), m.Name}
			cells = append(cells, three(m.Estimate)...)
			if m.Alone != nil {
				cells[2] = *m.Alone
			}
			why := ""
			if m.Missing {
				why = m.Value
			}
			rows = append(rows, append(cells, j.Tasks, j.Shared, why))
		}
	}
	const reasonReaches = 17 // a reason runs over the empty cells beside it
	s.uses(s.name, reasonReaches, row+2)
	return s.table(row+2, "Judges", columns, rows, "") + 1
}

// combinations say how people's and judges' ratings were put together.
func (s sheet) combinations(row int) int {
	s.set(1, row, "People and judges together", look{role: roleSection})
	columns := []field{
		{"Use case", 28, formatText},
		{"Rests on", 22, formatText},
		{"Tasks people rated", 11, formatCount},
		{"Tasks judges alone rated", 11, formatCount},
		{"Win rate, people", 11, s.rate()},
		{"Win rate, judges, same tasks", 11, s.rate()},
		{"Win rate, judges, other tasks", 11, s.rate()},
		{"Weight of judges, λ", 11, formatNumber},
		{"Win rate, together", 11, s.rate()},
	}
	var rows [][]any
	for _, c := range s.in.Analysis.Comparisons {
		if m := c.Combination; m != nil {
			rows = append(rows, []any{useCaseName(c), string(c.Source), c.Tasks, c.JudgedTasks, m.PeopleAlone, m.JudgesShared, m.JudgesOnly, m.Lambda, three(c.WinRate)[0]})
		}
	}
	row++
	if len(rows) > 0 {
		row = s.table(row, "Combinations", columns, rows, "")
	}
	if why := whyMissing(s.in.Analysis.Comparisons, "combination"); why != "" {
		s.wide(row, 12, sentence("Not combined: "+why), look{role: roleAnswer})
		row++
	}
	return row
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
	columns := []field{{"Rater A", 28, formatText}, {"Rater B", 22, formatText}, {"Tasks both rated", 11, formatCount}, {"Cohen's kappa", 11, formatNumber}}
	return s.table(row+3, "RaterPairs", columns, pairRows(a), "no two raters rated the same task")
}

func pairRows(a *eval.Agreement) [][]any {
	var rows [][]any
	for _, pair := range a.Pairs {
		rows = append(rows, []any{pair.RaterA, pair.RaterB, pair.Tasks, pair.Kappa})
	}
	return rows
}
