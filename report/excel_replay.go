package report

import (
	"cmp"
	"slices"

	"modeltrial/eval"
)

// replaySheet shows what the audited log would have been under the routing table.
func (b *book) replaySheet() {
	columns := []field{
		{"By", 17, formatText},
		{"Name", 22, formatText},
		{"Month", 11, formatText},
		{"Tasks", 11, formatCount},
		{"Moved", 11, formatCount},
		{"Cost now", 15, formatMoney},
		{"Cost then", 15, formatMoney},
		{"Saving", 15, formatMoney},
		{"Saving, low", 15, formatMoney},
		{"Saving, high", 15, formatMoney},
		{"With routing errors", 15, formatMoney},
		{"With errors, low", 15, formatMoney},
		{"With errors, high", 15, formatMoney},
		{"Time ratio", 11, formatRatio},
		{"Time ratio, low", 11, formatRatio},
		{"Time ratio, high", 11, formatRatio},
		{"Win rate, moved", 11, formatRate},
		{"Win rate, low", 11, formatRate},
		{"Win rate, high", 11, formatRate},
		{"Why missing", 52, formatBeside},
	}
	s, row := b.open(sheetReplay, "What would the audited log have cost under the routing table, how long would it have taken, and how often would the new answer have been preferred?", columns)
	r := b.in.Replay
	if r == nil || r.Total.Tasks == 0 {
		s.table(row, "Replay", columns, nil, "there is no audited log, or no routing table: run modeltrial route recommend")
		return
	}
	rows := [][]any{replayCells("all", "", r.Total)}
	for _, g := range r.Categories {
		rows = append(rows, replayCells("category", string(g.Category), g))
	}
	for _, g := range r.Teams {
		rows = append(rows, replayCells("team", g.Team, g))
	}
	for _, g := range r.Months {
		rows = append(rows, replayCells("month", "", g))
	}
	for _, g := range r.TeamMonths {
		rows = append(rows, replayCells("team and month", g.Team, g))
	}
	columns, rows = withoutEmpty(columns, rows, 3, 11, 12, 13, 20)
	for i, column := range columns {
		s.keep(s.file.SetColWidth(s.name, column1(i+1), column1(i+1), column.width))
	}
	end := s.table(row, "Replay", columns, rows, "")
	s.freeze(2, row)
	row = end + 1
	for _, text := range append([]string{replaySentence(*r), replayErrorsSentence(*r)}, append(slices.Clone(r.Assumes), r.Warnings...)...) {
		if text != "" {
			s.wide(row, 12, sentence(text), look{})
			row++
		}
	}
	s.onePage(row)
}

func replayCells(by, name string, g eval.ReplayGroup) []any {
	cells := []any{by, name, g.Month, g.Tasks, g.Moved, g.CostNow, g.CostThen}
	for _, i := range []*eval.Interval{g.Saving, g.SavingWithErrors, g.LatencyRatio, g.WinRateMoved} {
		cells = append(cells, three(i)...)
	}
	why := ""
	if g.Moved > 0 { // why there is nothing with routing errors stands beneath, once
		why = cmp.Or(g.WhyMissing["saving_usd"], g.WhyMissing["latency_ratio"], g.WhyMissing["win_rate_moved"])
	}
	return append(cells, why)
}
