package report

import (
	"slices"
	"unicode/utf8"

	"github.com/xuri/excelize/v2"

	"modeltrial/eval"
)

func (b *book) routingSheet() {
	decisions := []field{
		{"Category", 22, formatText},
		{"Route to", b.armWidth(20), formatText},
		{"Model", 24, formatText},
		{"Decision", 16, formatText},
		{"Source", 12, formatText},
		{"Tasks rated", 11, formatCount},
		{"Raters", 15, formatCount},
		{"Win rate", 17, b.rate()},
		{"Win rate, low", 17, b.rate()},
		{"Win rate, high", 16, b.rate()},
		{"Always valid, low", 16, b.rate()},
		{"Always valid, high", 16, b.rate()},
		{"Decided", 13, formatDate},
	}
	money := []field{
		{"Category", 22, formatText},
		{"Cost ratio", 20, formatRatio},
		{"Cost ratio, low", 24, formatRatio},
		{"Cost ratio, high", 16, formatRatio},
		{"Time ratio", 12, formatRatio},
		{"Time ratio, low", 11, formatRatio},
		{"Time ratio, high", 15, formatRatio},
		{"Tasks a month", 17, formatCount},
		{"Cost a month now", 17, formatMoney},
		{"Cost a month then", 16, formatMoney},
		{"Saving a month", 16, formatMoney},
		{"Saving, low", 16, formatMoney},
		{"Saving, high", 16, formatMoney},
	}
	s, row := b.open(sheetRouting, "Which model answers which category, why, and what it saves a month? "+routingHead(b.in.Routing)+".", decisions)
	var decided, priced [][]any
	for _, r := range b.in.Routing.Routes {
		cells := []any{string(r.Category), r.Arm, r.Model, string(r.Decision), string(r.Source), r.Tasks, r.Raters}
		cells = append(cells, three(r.WinRate)...)
		cells = append(cells, three(r.WinRateValid)[1:]...)
		decided = append(decided, append(cells, r.DecidedAt))
		cells = []any{string(r.Category)}
		cells = append(cells, three(r.CostRatio)...)
		cells = append(cells, three(r.LatencyRatio)...)
		cells = append(cells, r.MonthlyTasks, r.MonthlyCostNow, r.MonthlyCostThen)
		priced = append(priced, append(cells, three(r.MonthlySaving)...))
	}
	next := s.table(row, "RoutingTable", decisions, decided, noRoutes) + 1
	if len(decided) == 0 {
		return
	}
	s.freeze(1, row)
	s.set(1, next, "Volume, cost and time", look{role: roleSection})
	end := s.table(next+1, "RoutingMoney", money, priced, noRoutes)
	s.routingTotal(end, next+2, money)
	end += 3
	s.set(1, end, "Reasons", look{role: roleSection})
	for _, r := range b.in.Routing.Routes {
		if note := routeNote(r); note != "" {
			end++
			s.wide(end, len(decisions), sentence(string(r.Category)+": "+note), look{})
		}
	}
	s.onePage(end)
}

// routingTotal sums volume and cost; the total's interval is the analysis's own.
func (s sheet) routingTotal(row, first int, columns []field) {
	const tasks, now, then, saving = 8, 9, 10, 11
	total := s.in.Routing.Total
	var summed []int // the sum of what is not known is not 0
	for column, known := range map[int]bool{
		tasks: total.MonthlyTasks != nil, now: total.MonthlyCostNow != nil, then: total.MonthlyCostThen != nil, saving: total.MonthlySaving != nil,
	} {
		if known {
			summed = append(summed, column)
		}
	}
	slices.Sort(summed)
	s.total(row, first, columns, summed...)
	if total.MonthlySaving == nil {
		s.set(1, row+1, sentence("Saving not known: "+total.WhyMissing["monthly_saving_usd"]), look{role: roleNotice})
		return
	}
	s.set(saving+1, row, total.MonthlySaving.Low, look{formatMoney, roleTotal})
	s.set(saving+2, row, total.MonthlySaving.High, look{formatMoney, roleTotal})
}

// three is an estimate with its limits, or three empty cells.
func three(i *eval.Interval) []any {
	if i == nil {
		return []any{nil, nil, nil}
	}
	return []any{i.Estimate, i.Low, i.High}
}

// rate is the format of rates: a decimal where any use case is large.
func (b *book) rate() format {
	for _, c := range b.in.Analysis.Comparisons {
		if c.Tasks > manyTasks {
			return formatRateFine
		}
	}
	return formatRate
}

// Columns of the use cases that formulas and charts refer to.
const (
	useCaseWin    = 8
	useCaseBelow  = 16
	useCaseAbove  = 17
	useCaseEven   = 18
	useCaseMargin = 19
)

func (b *book) useCaseSheet() {
	quality := []field{
		{"Use case", b.useCaseWidth(), formatText},
		{"Decision", 17, formatText},
		{"Source", 17, formatText},
		{"Tasks", 11, formatCount},
		{"Planned tasks", 11, formatCount},
		{"Ratings", 11, formatCount},
		{"Raters", 11, formatCount},
		{"Win rate", 11, b.rate()},
		{"Win rate, low", 11, b.rate()},
		{"Win rate, high", 11, b.rate()},
		{"Always valid, low", 12, b.rate()},
		{"Always valid, high", 12, b.rate()},
		{"p, better, adjusted", 12, formatPValue},
		{"p, not worse, adjusted", 12, formatPValue},
		{"p, cheaper, adjusted", 12, formatPValue},
		{"Below", 9, b.rate()},
		{"Above", 9, b.rate()},
		{"No difference", 12, formatRate},
		{"Not worse from", 12, formatRate},
	}
	rest := []field{
		{"Use case", b.useCaseWidth(), formatText},
		{"Cost a task, control", 17, formatMoneyFine},
		{"Cost a task, candidate", 17, formatMoneyFine},
		{"Cost ratio", 11, formatRatio},
		{"Cost ratio, low", 11, formatRatio},
		{"Cost ratio, high", 11, formatRatio},
		{"Time ratio", 11, formatRatio},
		{"Time ratio, low", 11, formatRatio},
		{"Time ratio, high", 11, formatRatio},
		{"Wins", 11, formatCount},
		{"Ties", 12, formatCount},
		{"Losses", 12, formatCount},
		{"Both bad", 12, formatCount},
		{"On the frontier", 17, formatBeside},
	}
	s, row := b.open(sheetUseCases, "What did the pilot find for each use case? The win rate is the candidate's, a tie counting one half; 50% means no difference.", quality)
	results := append(append([]eval.ComparisonResult{}, b.in.Analysis.Comparisons...), severalOnly(b.in.Analysis)...)
	frontier := eval.FrontierOf(b.in.Analysis.Comparisons)
	var first, second [][]any
	for i, c := range results {
		first = append(first, b.qualityCells(c, row+1+i))
		cells := []any{useCaseName(c), c.CostPerTaskControl, c.CostPerTaskCandidate}
		cells = append(cells, three(c.CostRatio)...)
		cells = append(cells, three(c.LatencyRatio)...)
		second = append(second, append(cells, c.Wins, c.Ties, c.Losses, c.BothBad, onFrontier(frontier, c)))
	}
	helpers := map[int]role{useCaseBelow - 1: roleDim, useCaseAbove - 1: roleDim, useCaseEven - 1: roleDim, useCaseMargin - 1: roleDim}
	next := s.tableLooks(row, "UseCases", quality, first, "nothing has been rated yet: run modeltrial rate serve", helpers) + 1
	if len(results) == 0 {
		return
	}
	s.freeze(1, row)
	s.set(1, next, "Cost, time and verdicts", look{role: roleSection})
	moneyFrom := next + 2
	next = s.table(next+1, "UseCasesMoney", rest, second, "") + 1
	s.set(1, next, "Reasons", look{role: roleSection})
	next++
	for _, c := range results {
		if reason := joined(c.Reason, c.WhyMissing["win_rate"]); reason != "" {
			s.wide(next, 12, sentence(useCaseName(c)+": "+reason), look{})
			next++
		}
	}
	for _, c := range results {
		if editing := editingText(c); editing != "" {
			s.wide(next, 12, sentence(useCaseName(c)+": "+editing), look{})
			next++
		}
		for _, graded := range gradeLines(c) {
			s.wide(next, 12, sentence(useCaseName(c)+": "+graded), look{})
			next++
		}
	}
	b.useCaseRows = rowRange{row + 1, row + len(b.in.Analysis.Comparisons)}
	chart, series := b.winRateChart(760, 330)
	s.chart(at(1, next+1), chart, series)
	const chartRows = 18
	if onPlane(b.in.Analysis.Comparisons) {
		s.planeChart(at(8, next+1), next+chartRows, moneyFrom)
	}
	s.onePage(next + chartRows)
}

// useCaseWidth is that of a column of use cases: as wide as the longest name needs.
func (b *book) useCaseWidth() float64 {
	var names []string
	for _, c := range b.in.Analysis.Comparisons {
		names = append(names, useCaseName(c))
	}
	return widthFor(30, names)
}

// armWidth is that of a column of arms, at least usual.
func (b *book) armWidth(usual int) float64 {
	var names []string
	for _, c := range b.in.Analysis.Comparisons {
		names = append(names, c.Control, c.Candidate)
	}
	return widthFor(usual, names)
}

// widthFor is the width of a column, in characters, that cuts no name of up to sixty.
func widthFor(usual int, names []string) float64 {
	const most = 60
	for _, name := range names {
		usual = max(usual, utf8.RuneCountInString(name)+2)
	}
	return float64(min(usual, most))
}

// qualityCells are a use case's win rate and what its chart needs: distances to
// the interval's limits and the reference lines.
func (b *book) qualityCells(c eval.ComparisonResult, row int) []any {
	cells := []any{useCaseName(c), string(c.Decision), string(c.Source), c.Tasks, c.Planned, c.Ratings, c.Raters}
	cells = append(cells, three(c.WinRate)...)
	cells = append(cells, three(c.WinRateAlwaysValid)[1:]...)
	cells = append(cells, c.PValueAdjusted, c.NonInferiorityPAdjusted, c.CostPAdjusted)
	if c.WinRate == nil {
		cells = append(cells, nil, nil)
	} else {
		cells = append(cells, distances(useCaseWin, row)...)
	}
	return append(cells, 0.5, b.margin())
}

// winRateChart shows the candidates' win rates with their intervals as error
// bars.
func (b *book) winRateChart(width, height uint) (*excelize.Chart, []chartSeries) {
	cells := func(column int) string {
		return area(sheetUseCases, column, b.useCaseRows.first, b.useCaseRows.last)
	}
	name := func(column int) string { return on(sheetUseCases, fixed(column, b.useCaseRows.first-1)) }
	series := []chartSeries{
		{
			name: name(useCaseWin), values: cells(useCaseWin), colour: candidateColours[0], symbol: candidateSymbols[0],
			low: cells(useCaseBelow), high: cells(useCaseAbove),
		},
		{name: name(useCaseEven), values: cells(useCaseEven), colour: colourControl, dashed: true},
	}
	if b.margin() != nil {
		series = append(series, chartSeries{name: name(useCaseMargin), values: cells(useCaseMargin), colour: candidateColours[1], dashed: true})
	}
	return dotChart{
		title: "Win rate of each candidate, with its interval", categories: cells(1), series: series, width: width, height: height,
	}.chart()
}

// margin is the win rate from which on a candidate is not worse, or nothing
// without a protocol.
func (b *book) margin() any {
	rate, ok := b.in.marginLine()
	if !ok {
		return nil
	}
	return rate
}
