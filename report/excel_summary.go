package report

import "fmt"

func (b *book) summarySheet() {
	columns := []field{{"", 34, formatText}, {"", b.armWidth(20), formatText}, {"", 18, formatText}, {"", 18, formatText}, {"", 18, formatText}, {"", 40, formatText}}
	s, row := b.open(sheetSummary, "Which kind of work should go to which model, and what does it save?", columns)
	s.set(1, row, "Recommendation"+asAnalysed(b.in), look{role: roleSection})
	row++
	for _, text := range recommendation(b.in) {
		s.wide(row, len(columns), text, look{})
		row++
	}
	row = s.keyFigures(row + 1)
	row = s.decisions(row + 1)
	s.set(1, row, "What it rests on", look{role: roleSection})
	row++
	for _, text := range restsOn(b.in) {
		s.wide(row, len(columns), text, look{})
		row++
	}
	row++
	if len(b.in.Analysis.Comparisons) > 0 {
		chart, series := b.winRateChart(500, 300)
		s.chart(at(1, row), chart, series)
	}
	if costsKnown(b.in.Routing) {
		chart, series := b.spendChart(500, 300)
		s.chart(at(4, row), chart, series)
	}
	s.onePage(row + 18)
}

// asAnalysed dates what does not follow the inputs of the return sheet.
func asAnalysed(in Input) string {
	if in.Routing.DecidedAt.IsZero() {
		return ""
	}
	return ", as analysed on " + day(in.Routing.DecidedAt)
}

// keyFigures links to the return sheet, so that the summary follows its inputs.
func (s sheet) keyFigures(row int) int {
	s.set(1, row, "Return, from sheet Return on investment", look{role: roleSection})
	row++
	for i, title := range []string{"", "Estimate", "Low", "High"} {
		l := look{role: roleHeader}
		if title != "" {
			l.format = formatMoney
		}
		s.set(i+1, row, title, l)
	}
	row++
	for _, line := range []struct {
		label  string
		names  []string
		format format
	}{
		{"Saving a month", []string{nameSavingMonth, nameSavingMonthLow, nameSavingMonthHigh}, formatMoney},
		{"Saving a year", []string{nameSavingYear, nameSavingYearLow, nameSavingYearHigh}, formatMoney},
		{"Value over three years", []string{nameThreeYears, nameThreeYearsLow, nameThreeYearsHigh}, formatMoney},
		{"Months until paid back", []string{namePayback}, formatNumber},
	} {
		s.set(1, row, line.label, look{role: roleResult})
		for i, name := range line.names {
			s.set(i+2, row, formula(name), look{line.format, roleLink})
		}
		row++
	}
	return row
}

func (s sheet) decisions(row int) int {
	s.set(1, row, "Decisions"+asAnalysed(s.in), look{role: roleSection})
	columns := []field{{"Category", 34, formatText}, {"Route to", 20, formatText}, {"Decision", 18, formatText}, {"Win rate", 18, formatText}, {"Cost", 18, formatText}, {"Evidence", 40, formatText}}
	var rows [][]any
	for _, r := range s.in.Routing.Routes {
		evidence := "not part of the pilot"
		if r.Tasks > 0 {
			evidence = counted(r.Tasks, "task", "tasks") + ", " + ratersOf(r.Source, r.Raters)
		}
		rows = append(rows, []any{string(r.Category), r.Arm, string(r.Decision), winRateShort(r), ratioText(r.CostRatio), evidence})
	}
	return s.table(row+1, "Decisions", columns, rows, "there is no routing table yet: run modeltrial route recommend") + 1
}

// recommendation is the answer in a few sentences: one for the whole, one for
// each use case that has something to say.
func recommendation(in Input) []string {
	if len(in.Routing.Routes) == 0 {
		return []string{"There is no routing table yet: run modeltrial route recommend."}
	}
	sentences := []string{routingSentence(in.Routing)}
	for _, r := range in.Routing.Routes {
		if note := routeNote(r); r.Candidate != "" && note != "" {
			sentences = append(sentences, sentence(string(r.Category)+": "+note))
		}
	}
	return sentences
}

// restsOn says what the recommendation rests on.
func restsOn(in Input) []string {
	a := in.Analysis
	lines := []string{sentence(analysisHead(a))}
	if in.Progress.Comparisons > 0 {
		text := in.Progress.String()
		if a.Provenance.RatingsByJudges > 0 {
			text += "; judges are not counted there"
		}
		lines = append(lines, sentence(text))
	}
	if in.Audit.Tasks > 0 {
		lines = append(lines, fmt.Sprintf("Audited work: %s.", auditHead(in.Audit)))
	}
	if text := basisText(in.Audit.Monthly); text != "" {
		lines = append(lines, text)
	}
	if prices := pricesOf(in.Routing); prices != "" {
		lines = append(lines, sentence(prices+"; made "+day(in.GeneratedAt)))
	}
	for _, warning := range a.Warnings {
		lines = append(lines, sentence("note: "+warning))
	}
	for _, warning := range comparisonWarnings(a) {
		lines = append(lines, sentence("note: "+warning))
	}
	return lines
}
