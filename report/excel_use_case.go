package report

import (
	"fmt"
	"strings"

	"modeltrial/eval"
)

// mostUseCaseSheets is how many use cases have a sheet of their own; all are on the sheet
// of use cases.
const mostUseCaseSheets = 30

// useCaseSheets are the names of the sheets of one use case each: numbered, so that no
// two are alike, and without what Excel forbids in a name.
func useCaseSheets(comparisons []eval.ComparisonResult) []string {
	clean := strings.NewReplacer("[", "(", "]", ")", ":", " ", "*", " ", "?", " ", "/", " ", "\\", " ", "'", " ")
	var names []string
	for i, c := range comparisons[:min(len(comparisons), mostUseCaseSheets)] {
		name := fmt.Sprintf("%d %s %s", i+1, line(string(c.Category)), line(c.Candidate))
		names = append(names, shortened(strings.TrimSpace(clean.Replace(cellText(name))), 31))
	}
	return names
}

// shortened cuts a name to so many UTF-16 units, which Excel counts.
func shortened(name string, most int) string {
	units := 0
	for i, r := range name {
		units++
		if r > 0xFFFF {
			units++
		}
		if units > most {
			return strings.TrimSpace(name[:i])
		}
	}
	return name
}

// eachUseCaseSheet writes a sheet for each use case: the decision, its figures, and how
// they developed.
func (b *book) eachUseCaseSheet() {
	for i, name := range useCaseSheets(b.in.Analysis.Comparisons) {
		b.oneUseCase(name, b.in.Analysis.Comparisons[i], i)
	}
}

var figureFields = []field{
	{"Figure", 38, formatText},
	{"Estimate", 12, formatNumber},
	{"Low", 12, formatNumber},
	{"High", 12, formatNumber},
	{"What it means, or why it is not known", 76, formatBeside},
}

func (b *book) oneUseCase(name string, c eval.ComparisonResult, index int) {
	s, row := b.open(name, "What did the pilot find of "+candidateAlone(c)+" in "+line(string(c.Category))+", against "+line(c.Control)+"?", figureFields)
	s.set(1, 1, useCaseName(c), look{role: roleTitle})
	s.set(1, row, "Decision: "+string(c.Decision), look{role: roleSection})
	row++
	for _, text := range append([]string{joined(c.Reason, c.WhyMissing["win_rate"]), editingText(c)}, c.Warnings...) {
		if text != "" {
			s.wide(row, len(figureFields), sentence(text), look{})
			row++
		}
	}
	header := row + 1
	row = s.figures(header, c, index)
	s.freeze(1, header)
	row = s.verdicts(row+1, c, index)
	s.onePage(s.looks(row+1, c, index))
}

// candidateAlone is the candidate's name without the control's, which [told] may add.
func candidateAlone(c eval.ComparisonResult) string {
	return line(strings.TrimSuffix(c.Candidate, " vs "+c.Control))
}

// figures writes what was estimated, each with its interval.
func (s sheet) figures(row int, c eval.ComparisonResult, index int) int {
	var position *eval.Interval
	if c.PositionEffect != nil {
		position = &c.PositionEffect.Interval
	}
	var firstPass *eval.Interval
	if c.FirstPass != nil {
		firstPass = &c.FirstPass.Difference
	}
	lines := []struct {
		name     string
		interval *eval.Interval
		format   format
		means    string
		missing  string
	}{
		{"Win rate, of one look", c.WinRate, s.rate(), "share of tasks on which the candidate is preferred, a tie counting one half", "win_rate"},
		{"Win rate, at every look", c.WinRateAlwaysValid, s.rate(), "the same; its interval may be read every week", "win_rate_always_valid"},
		{"Cost, of the control's", c.CostRatio, formatRatio, "what a task costs with the candidate, as a multiple", "cost_ratio"},
		{"Time, of the control's", c.LatencyRatio, formatRatio, "until the whole answer is there; geometric mean over tasks", "latency_ratio"},
		{"Time, median", c.LatencyMedianRatio, formatRatio, "ratio of the medians", "latency_median_ratio"},
		{"Time, 95th percentile", c.LatencyP95Ratio, formatRatio, "ratio of the slowest of twenty answers", "latency_p95_ratio"},
		{"Editing time, of the control's", c.PostEditRatio, formatRatio, "active seconds until an answer could be sent", "post_edit_ratio"},
		{"Right the first time, difference", firstPass, formatSigned, "share of answers that pass the checks, less the control's", "first_pass_accuracy"},
		{"Advantage of the answer shown first", position, formatSigned, "in win-rate points; 0% is none", "position_effect"},
	}
	rows := make([][]any, len(lines))
	for i, l := range lines {
		text := l.means
		if l.interval == nil {
			text = sentence("not known: " + orUnknown(c.WhyMissing[l.missing]))
		}
		rows[i] = append(append([]any{l.name}, three(l.interval)...), text)
	}
	end := s.table(row, fmt.Sprintf("UseCase%dFigures", index+1), figureFields, rows, "")
	for i, l := range lines {
		for column, value := range three(l.interval) {
			s.set(column+2, row+1+i, value, look{format: l.format})
		}
	}
	return end
}

func orUnknown(why string) string {
	if why == "" {
		return "the pilot did not measure it"
	}
	return why
}

// verdicts counts the ratings.
func (s sheet) verdicts(row int, c eval.ComparisonResult, index int) int {
	columns := []field{{"Verdict", 38, formatText}, {"Ratings", 12, formatCount}, {"Share", 12, s.rate()}}
	counts := []struct {
		name string
		n    int
	}{
		{candidateAlone(c) + " better", c.Wins},
		{"no difference", c.Ties - c.BothBad},
		{"both unusable", c.BothBad},
		{line(c.Control) + " better", c.Losses},
	}
	var rows [][]any
	for i, count := range counts {
		share := fmt.Sprintf(`IF(SUM(%s:%s)>0,%s/SUM(%s:%s),0)`, fixed(2, row+1), fixed(2, row+len(counts)), at(2, row+1+i), fixed(2, row+1), fixed(2, row+len(counts)))
		rows = append(rows, []any{count.name, count.n, formula(share)})
	}
	end := s.table(row, fmt.Sprintf("UseCase%dVerdicts", index+1), columns, rows, "")
	s.total(end, row+1, columns, 2)
	s.wide(end+1, len(figureFields), fmt.Sprintf("%s of %s planned rated, by %s.", counted(c.Tasks, "task", "tasks"), Count(c.Planned), ratersOf(c.Source, c.Raters)), look{role: roleAnswer})
	return end + 2
}

// lookText says how an interval lies to one half.
func lookText(valid *eval.Interval) string {
	switch {
	case valid == nil:
		return "too few tasks for an interval"
	case valid.Low > 0.5:
		return "preferred to the control"
	case valid.High < 0.5:
		return "the control is preferred"
	}
	return "no difference shown yet: 50% lies within"
}

// Columns of the looks that their chart refers to.
const (
	lookWin   = 2
	lookBelow = 7
	lookAbove = 8
	lookEven  = 9
)

// looks writes and draws the always-valid interval week by week.
func (s sheet) looks(row int, c eval.ComparisonResult, index int) int {
	var rows [][]any
	for _, l := range c.Looks {
		if !inAWeek(l) {
			continue
		}
		here := row + 2 + len(rows)
		cells := append([]any{fmt.Sprintf("week %d", l.Week)}, three(l.WinRateAlwaysValid)...)
		cells = append(cells, lookText(l.WinRateAlwaysValid), l.Tasks)
		if l.WinRateAlwaysValid == nil {
			cells = append(cells, nil, nil)
		} else {
			cells = append(cells, distances(lookWin, here)...)
		}
		rows = append(rows, append(cells, 0.5))
	}
	if len(rows) == 0 {
		return row
	}
	s.set(1, row, "Week by week, intervals that may be read at every look", look{role: roleSection})
	columns := []field{
		{"Week", 38, formatText},
		{"Win rate", 12, s.rate()},
		{"Low", 12, s.rate()},
		{"High", 12, s.rate()},
		{"What it says", 76, formatBeside},
		{"Tasks", 12, formatCount},
		{"Below", 12, s.rate()},
		{"Above", 12, s.rate()},
		{"No difference", 14, formatRate},
	}
	for i, column := range columns {
		s.keep(s.file.SetColWidth(s.name, column1(i+1), column1(i+1), column.width))
	}
	helpers := map[int]role{lookBelow - 1: roleDim, lookAbove - 1: roleDim, lookEven - 1: roleDim}
	end := s.tableLooks(row+1, fmt.Sprintf("UseCase%dWeeks", index+1), columns, rows, "", helpers)
	cells := func(column int) string { return area(s.name, column, row+2, end-1) }
	name := func(column int) string { return on(s.name, fixed(column, row+1)) }
	arm := candidateSeries(s.in.Analysis)[c.Candidate] % len(candidateColours)
	chart, series := dotChart{
		title: "Win rate by week, " + useCaseName(c), categories: cells(1), width: 640, height: 300,
		series: []chartSeries{
			{name: name(lookWin), values: cells(lookWin), colour: candidateColours[arm], symbol: candidateSymbols[arm], low: cells(lookBelow), high: cells(lookAbove)},
			{name: name(lookEven), values: cells(lookEven), colour: colourControl, dashed: true},
		},
	}.chart()
	s.chart(at(1, end+1), chart, series)
	return end + 17
}
