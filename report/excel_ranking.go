package report

import "modeltrial/eval"

// Columns of the ranking that its charts refer to.
const (
	rankArm   = 2
	rankWin   = 4
	rankBelow = 12
	rankAbove = 13
	rankEven  = 14
)

func (b *book) rankingSheet() {
	columns := []field{
		{"Category", 20, formatText},
		{"Arm", b.armWidth(26), formatText},
		{"Rank", 10, formatCount},
		{"Preferred to the control", 12, b.rate()},
		{"Preferred, low", 12, b.rate()},
		{"Preferred, high", 12, b.rate()},
		{"Best place", 10, formatCount},
		{"Worst place", 10, formatCount},
		{"Log odds", 10, formatNumber},
		{"Log odds, low", 10, formatNumber},
		{"Log odds, high", 10, formatNumber},
		{"Below", 9, b.rate()},
		{"Above", 9, b.rate()},
		{"No difference", 12, formatRate},
	}
	s, row := b.open(sheetRanking, "Which of more than two arms is preferred most, and which places could each have? It describes; decisions rest on the win rates of sheet Use cases.", columns)
	var rows [][]any
	for _, ranking := range b.in.Analysis.Ranking {
		for _, arm := range ranking.Arms {
			rows = append(rows, rankCells(ranking, arm, row+1+len(rows)))
		}
	}
	helpers := map[int]role{rankBelow - 1: roleDim, rankAbove - 1: roleDim, rankEven - 1: roleDim}
	end := s.tableLooks(row, "Ranking", columns, rows, "there is no ranking: it takes more than two arms that were compared", helpers)
	if len(rows) > 0 {
		s.freeze(2, row)
	}
	first := row + 1
	for _, ranking := range b.in.Analysis.Ranking {
		if ranking.WhyMissing != "" {
			s.wide(end, 11, sentence("No ranking of "+string(ranking.Category)+": "+ranking.WhyMissing), look{role: roleNotice})
			end++
		}
	}
	const chartRows = 17
	end++
	for _, ranking := range b.in.Analysis.Ranking {
		if len(ranking.Arms) == 0 {
			continue
		}
		s.rankingChart(end, ranking, rowRange{first, first + len(ranking.Arms) - 1}, row)
		first += len(ranking.Arms)
		end += chartRows
	}
	s.onePage(end)
}

func rankCells(ranking eval.RankingResult, arm eval.RankedArm, row int) []any {
	win, odds := three(&arm.WinProbability), three(&arm.LogOdds)
	below := distances(rankWin, row)
	if isControl(arm) { // is what all are measured against, and has no interval
		win[1], win[2], odds[1], odds[2], below = nil, nil, nil, nil, []any{nil, nil}
	}
	cells := append([]any{string(ranking.Category), arm.Arm, arm.Rank}, win...)
	cells = append(append(cells, arm.BestRank, arm.WorstRank), odds...)
	return append(append(cells, below...), 0.5)
}

func (s sheet) rankingChart(row int, ranking eval.RankingResult, rows rowRange, header int) {
	cells := func(column int) string { return area(s.name, column, rows.first, rows.last) }
	name := func(column int) string { return on(s.name, fixed(column, header)) }
	chart, series := dotChart{
		title: "Preferred to the control, " + cellText(string(ranking.Category)), categories: cells(rankArm), width: 760, height: 320,
		series: []chartSeries{
			{name: name(rankWin), values: cells(rankWin), colour: candidateColours[0], symbol: candidateSymbols[0], low: cells(rankBelow), high: cells(rankAbove)},
			{name: name(rankEven), values: cells(rankEven), colour: colourControl, dashed: true},
		},
	}.chart()
	s.chart(at(1, row), chart, series)
}
