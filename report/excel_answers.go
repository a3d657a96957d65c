package report

import "fmt"

// answersSheet shows first-pass accuracy and what became of each arm's answers.
func (b *book) answersSheet() {
	columns := []field{
		{"Use case", b.useCaseWidth(), formatText},
		{"Tasks", b.armWidth(20), formatCount},
		{"Control passes", 12, formatRate},
		{"Candidate passes", 12, formatRate},
		{"Difference", 12, formatSigned},
		{"Difference, low", 12, formatSigned},
		{"Difference, high", 12, formatSigned},
		{"Only control passes", 12, formatCount},
		{"Only candidate passes", 12, formatCount},
		{"p (McNemar, exact)", 12, formatPValue},
	}
	s, row := b.open(sheetAnswers, "How many answers pass the checks at once, and how many are empty, cut short or refused? Differences are in points, paired by task.", columns)
	comparisons := b.in.Analysis.Comparisons
	s.set(1, row, "Right the first time", look{role: roleSection})
	row++
	var rows [][]any
	for _, c := range comparisons {
		if p := c.FirstPass; p != nil {
			cells := append([]any{useCaseName(c), p.Tasks, p.Control, p.Candidate}, three(&p.Difference)...)
			rows = append(rows, append(cells, p.OnlyControl, p.OnlyCandidate, p.McNemarP))
		}
	}
	end := row
	if len(rows) > 0 {
		end = s.table(row, "FirstPass", columns, rows, "")
		chart, series := barChart{
			title: "Answers that pass the checks at once", format: `0%`, categories: area(s.name, 1, row+1, end-1), shares: true,
			series: []chartSeries{
				{name: on(s.name, fixed(3, row)), values: area(s.name, 3, row+1, end-1), colour: colourControl},
				{name: on(s.name, fixed(4, row)), values: area(s.name, 4, row+1, end-1), colour: candidateColours[0]},
			},
			width: 760, height: 280,
		}.chart()
		s.chart(at(1, end+2), chart, series)
		const chartRows = 17
		defer func(row int) { s.freeze(1, row) }(row)
		end = s.firstPassMissing(end) + chartRows
	} else {
		end = s.firstPassMissing(end)
	}
	s.set(1, end+1, "What became of the answers", look{role: roleSection})
	s.onePage(s.outcomes(end + 2))
}

// firstPassMissing says which use cases have no checks, and why.
func (s sheet) firstPassMissing(row int) int {
	why := whyMissing(s.in.Analysis.Comparisons, "first_pass_accuracy")
	if len(s.in.Analysis.Comparisons) == 0 {
		why = "nothing has been rated yet"
	}
	if why == "" {
		return row
	}
	s.wide(row, 10, sentence("First-pass accuracy is not known: "+why), look{role: roleAnswer})
	return row + 1
}

func (s sheet) outcomes(row int) int {
	columns := []field{
		{"Use case", s.useCaseWidth(), formatText},
		{"Arm", s.armWidth(20), formatText},
		{"Answers", 12, formatCount},
		{"Empty", 12, formatCount},
		{"Cut short", 12, formatCount},
		{"Refused", 12, formatCount},
		{"Empty, share", 12, formatRateFine},
		{"Cut short, share", 12, formatRateFine},
		{"Refused, share", 12, formatRateFine},
	}
	const answers, empty, refused = 3, 4, 6
	var rows [][]any
	for i, o := range outcomeRows(s.in.Analysis.Comparisons) {
		cells := []any{o.UseCase, o.Arm, o.Answers, o.Empty, o.Truncated, o.Refused}
		for column := empty; column <= refused; column++ {
			all, part := at(answers, row+1+i), at(column, row+1+i)
			cells = append(cells, formula(fmt.Sprintf(`IF(%s>0,%s/%s,"")`, all, part, all)))
		}
		rows = append(rows, cells)
	}
	end := s.table(row, "Answers", columns, rows, "the analysis has ratings only, so what became of the answers is not known")
	s.wide(end, 10, "Empty and refused answers stay in the comparison, as assigned. Cut short: ended by the limit of output. Refused: answers that decline, and tasks that the provider refused for good.", look{role: roleAnswer})
	return end + 1
}
