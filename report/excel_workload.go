package report

import (
	"cmp"

	"modeltrial/audit"
)

// workloadSheet has the shares of tasks as counted and, where a random sample was
// reviewed, corrected for what the categoriser gets wrong.
func (b *book) workloadSheet() {
	r := b.in.Audit
	columns := []field{
		{"Category", 26, formatText},
		{"Tasks", 12, formatCount},
		{"Share of tasks", 12, formatRate},
	}
	if corrected(r) {
		columns = append(columns, field{"Share, corrected", 14, formatRate}, field{"Corrected, low", 12, formatRate}, field{"Corrected, high", 12, formatRate})
	}
	cost := len(columns) + 1
	columns = append(columns,
		field{"Cost", 18, formatMoney},
		field{"Share of cost", 14, formatRate},
		field{"Median time", 12, formatSeconds},
		field{"95th percentile", 12, formatSeconds},
		field{"Most used model", 34, formatBeside})
	s, row := b.open(sheetWorkload, "What work was given to models, and what did it cost? "+auditHead(r)+". "+auditSentence(r), columns)
	if corrected(r) {
		s.wide(row, len(columns), "Corrected for what the categoriser gets wrong, by the confusion matrix of a reviewed random sample; low and high are the ends of the 95% interval. "+sampleSentence(r.Categoriser), look{role: roleAnswer})
		row++
	}
	var rows [][]any
	for _, c := range r.Categories {
		cells := []any{categoryName(c.Category), c.Tasks, c.TaskShare}
		if corrected(r) {
			cells = append(cells, correctedCells(c.TaskShareCorrected)...)
		}
		rows = append(rows, append(cells, c.CostUSD, c.CostShare, secondsOf(c.LatencyMedianMS), secondsOf(c.LatencyP95MS), mostUsed(c)))
	}
	end := s.table(row, "Workload", columns, rows, "no task has been imported yet: run modeltrial audit import")
	if len(rows) == 0 {
		return
	}
	s.freeze(1, row)
	summed := []int{2, 3, cost, cost + 1}
	if r.CostUSD == nil {
		summed = summed[:2] // the sum of nothing known is not 0
	}
	s.total(end, row+1, columns, summed...)
	shares := []chartSeries{{name: on(s.name, fixed(3, row)), values: area(s.name, 3, row+1, end-1), colour: colourControl}}
	title := "Share of tasks by category"
	if r.CostUSD != nil {
		title = "Share of tasks and of cost by category"
		shares = append(shares, chartSeries{name: on(s.name, fixed(cost+1, row)), values: area(s.name, cost+1, row+1, end-1), colour: candidateColours[0]})
	}
	most := 0.0
	for _, c := range r.Categories {
		most = max(most, c.TaskShare)
		if c.CostShare != nil {
			most = max(most, *c.CostShare)
		}
	}
	const nearlyAll = 0.8 // a chosen axis would go beyond 100%
	chart, series := barChart{
		title: title, format: `0%`, categories: area(s.name, 1, row+1, end-1), series: shares, shares: most > nearlyAll, width: 760, height: 300,
	}.chart()
	s.chart(at(1, end+2), chart, series)
	const chartRows = 18
	s.groups(end + chartRows)
	s.onePage(end + chartRows + len(r.Models) + len(r.Teams) + len(r.Months))
}

// correctedCells are a corrected share and the ends of its interval; empty where it is
// not known.
func correctedCells(share *audit.Interval) []any {
	if share == nil {
		return []any{nil, nil, nil}
	}
	return []any{share.Estimate, share.Low, share.High}
}

func categoryName(c audit.Category) string { return cmp.Or(string(c), "(no category yet)") }

func secondsOf(ms *float64) any {
	if ms == nil {
		return nil
	}
	return *ms / 1000
}

// groups lists category × model, teams and months beneath each other.
func (s sheet) groups(row int) {
	columns := []field{
		{"Model", 26, formatText},
		{"Tasks", 12, formatCount},
		{"Share of tasks", 12, formatRate},
		{"Cost", 18, formatMoney},
		{"Input tokens", 12, formatCount},
		{"Output tokens", 12, formatCount},
	}
	for _, part := range []struct {
		title, table string
		groups       []audit.GroupMix
	}{
		{"Model", "WorkloadModels", s.in.Audit.Models},
		{"Team", "WorkloadTeams", s.in.Audit.Teams},
		{"Month", "WorkloadMonths", monthGroups(s.in.Audit.Months)},
	} {
		if len(part.groups) == 0 {
			continue
		}
		var rows [][]any
		for _, g := range part.groups {
			rows = append(rows, []any{groupName(g), g.Tasks, share(g.Tasks, s.in.Audit.Tasks), g.CostUSD, optionalInt(g.InputTokens), optionalInt(g.OutputTokens)})
		}
		columns[0].title = part.title
		row = s.table(row, part.table, columns, rows, "") + 1
	}
}

// optionalInt is a cell that is empty where the number is not known.
func optionalInt(n *int64) any {
	if n == nil {
		return nil
	}
	return int(*n)
}

func (b *book) pricesSheet() {
	columns := []field{
		{"Model", 36, formatText},
		{"Provider", 18, formatText},
		{"Input, 1M tokens", 16, formatMoney},
		{"Cached input, 1M tokens", 16, formatMoney},
		{"Output, 1M tokens", 16, formatMoney},
		{"Valid from", 13, formatDate},
		{"Source", 60, formatBeside},
	}
	s, row := b.open(sheetPrices, "At which prices were tasks valued? US dollars for 1,000,000 tokens.", columns)
	var rows [][]any
	for _, p := range b.in.Prices {
		var cached any
		if p.CachedInput != nil {
			cached = p.CachedInput.Dollars()
		}
		rows = append(rows, []any{p.Model, p.Provider, p.Input.Dollars(), cached, p.Output.Dollars(), p.ValidFrom, p.Source})
	}
	s.table(row, "Prices", columns, rows, "no price table was given")
	if len(rows) > 0 {
		s.freeze(1, row)
	}
}
