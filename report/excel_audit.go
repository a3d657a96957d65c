package report

import (
	"context"
	"fmt"
	"io"
	"time"

	"github.com/xuri/excelize/v2"

	"modeltrial/audit"
)

// The sheets of the audit's workbook, in order.
const (
	sheetAudit    = "Audit"
	sheetMonths   = "Months"
	sheetMix      = "Mix"
	sheetBill     = "Bill"
	sheetClusters = "Near-duplicates"
	sheetClaims   = "Claims"
)

// AuditWorkbook writes the audit as an Excel workbook to path, replacing what is there
// whole or not at all. Text from outside is always stored as text; what is not known is
// an empty cell.
func AuditWorkbook(ctx context.Context, path string, r audit.Report, generatedAt time.Time) error {
	b := &book{in: Input{Audit: r, GeneratedAt: generatedAt}, file: excelize.NewFile(), styles: map[look]int{}, used: map[string]extent{}}
	defer func() { _ = b.file.Close() }() // removes only temporary files
	b.keep(b.file.SetSheetName("Sheet1", sheetAudit))
	steps := []struct {
		sheet string
		build func()
	}{
		{sheetAudit, b.auditSheet},
		{sheetWorkload, b.workloadSheet},
		{sheetMonths, b.monthsSheet},
		{sheetMix, b.mixSheet},
		{sheetBill, b.billSheet},
		{sheetClusters, b.clustersSheet},
		{sheetClaims, b.claimsSheet},
	}
	for i, step := range steps {
		b.sheets = append(b.sheets, step.sheet)
		if i > 0 {
			_, err := b.file.NewSheet(step.sheet)
			b.keep(err)
		}
	}
	for _, step := range steps {
		if err := ctx.Err(); err != nil {
			return err
		}
		step.build()
		if b.err != nil {
			return fmt.Errorf("audit workbook: %w", b.err)
		}
	}
	created := generatedAt.UTC().Format(time.RFC3339)
	b.keep(b.file.SetDocProps(&excelize.DocProperties{
		Title: "Audit of the task log", Subject: "Workload, spend and pilot candidates", Creator: "modeltrial", Created: created, Modified: created, Language: "en",
	}))
	full := true
	b.keep(b.file.SetCalcProps(&excelize.CalcPropsOptions{FullCalcOnLoad: &full}))
	b.file.SetActiveSheet(0)
	b.printAreas()
	b.storeResults()
	if b.err != nil {
		return fmt.Errorf("audit workbook: %w", b.err)
	}
	return ReplaceFile(path, func(w io.Writer) error {
		_, err := b.file.WriteTo(w)
		return err
	})
}

// auditSheet is the finding and where a pilot would pay.
func (b *book) auditSheet() {
	columns := []field{
		{"Kind of work", 18, formatText},
		{"Spend a month", 16, formatMoney},
		{"Saving from²", 16, formatMoney},
		{"Saving to²", 16, formatMoney},
		{"Nearest cheaper peer", 24, formatBeside},
		{"Cheapest peer", 24, formatText},
		{"Tasks a week", 10, formatNumber},
		{"Tasks to show better³", 12, formatCount},
		{"Weeks", 8, formatCount},
		{"Tasks to show not worse³", 12, formatCount},
		{"Weeks ", 8, formatCount},
		{"Why", 44, formatBeside},
	}
	r := b.in.Audit
	s, row := b.open(sheetAudit, "What work do our models do, what does it cost, and where would a pilot pay?", columns)
	say := func(text string, role role) {
		if text != "" {
			s.wide(row, 12, text, look{role: role})
			row++
		}
	}
	say(auditHead(r)+".", roleAnswer)
	say(auditFinding(r), roleResult)
	say(billSentence(r.Bill), roleAnswer)
	say("An empty cell is not known.", roleAnswer)
	row++
	s.set(1, row, "Where a pilot would pay, most money first", look{role: roleSection})
	row++
	var rows [][]any
	for _, c := range r.Candidates {
		cells := []any{categoryName(c.Category), c.MonthlyCostUSD, nil, nil, nil, nil, c.WeeklyTasks, optional(c.TasksBetter), optional(c.WeeksBetter), optional(c.TasksNotWorse), optional(c.WeeksNotWorse), c.Why}
		if c.Saving != nil {
			cells[2], cells[3], cells[4], cells[5] = c.Saving.LowUSD, c.Saving.HighUSD, c.Saving.Nearest, c.Saving.Cheapest
		}
		rows = append(rows, cells)
	}
	row = s.table(row, "Candidates", columns, rows, noCandidates(r)) + 1
	say(basisText(r.Monthly), roleAnswer)
	if len(rows) > 0 {
		for _, note := range candidateNotes(r) {
			say(note, roleAnswer)
		}
	}
	say(peerNote(r), roleAnswer)
	for _, warning := range r.Warnings {
		say(sentence(warning), roleNotice)
	}
	s.onePage(row)
}

func optional(n *int) any {
	if n == nil {
		return nil
	}
	return *n
}

func (b *book) monthsSheet() {
	columns := []field{
		{"Month", 12, formatText},
		{"Days logged", 10, formatCount},
		{"Days", 8, formatCount},
		{"Tasks", 12, formatCount},
		{"Growth of tasks", 12, formatRate},
		{"Tasks with cost", 12, formatCount},
		{"Cost", 16, formatMoney},
		{"Growth of cost", 12, formatRate},
		{"Input tokens", 16, formatCount},
		{"Output tokens", 16, formatCount},
		{"Median time", 12, formatSeconds},
		{"95th percentile", 12, formatSeconds},
	}
	s, row := b.open(sheetMonths, "How does the work grow? Months that the log does not cover are not compared.", columns)
	var rows [][]any
	for _, m := range b.in.Audit.Months {
		rows = append(rows, []any{
			m.Name, m.DaysLogged, m.Days, m.Tasks, m.TasksGrowth, m.WithCost, m.CostUSD, m.CostGrowth,
			optionalInt(m.InputTokens), optionalInt(m.OutputTokens), secondsOf(m.LatencyMedianMS), secondsOf(m.LatencyP95MS),
		})
	}
	end := s.table(row, "Months", columns, rows, "no task has a date")
	if len(rows) == 0 {
		return
	}
	s.freeze(1, row)
	chart, series := barChart{
		title: "Cost by month", format: `#,##0`, categories: area(s.name, 1, row+1, end-1),
		series: []chartSeries{{name: on(s.name, fixed(7, row)), values: area(s.name, 7, row+1, end-1), colour: candidateColours[0]}},
		width:  760, height: 300,
	}.chart()
	s.chart(at(1, end+2), chart, series)
}

func (b *book) mixSheet() {
	columns := []field{
		{"Kind of work", 18, formatText},
		{"Model", 28, formatText},
		{"Team", 20, formatText},
		{"Month", 10, formatText},
		{"Tasks", 12, formatCount},
		{"Tasks with cost", 12, formatCount},
		{"Cost", 16, formatMoney},
		{"Input tokens", 16, formatCount},
		{"Cached tokens", 16, formatCount},
		{"Output tokens", 16, formatCount},
		{"Reasoning tokens", 16, formatCount},
		{"Median time", 12, formatSeconds},
		{"95th percentile", 12, formatSeconds},
	}
	s, row := b.open(sheetMix, "The log by kind of work, model, team and month: filter and sort, or make a pivot table of it.", columns)
	cells := b.in.Audit.Mix
	// Excel has 1,048,576 rows.
	const most = 200_000
	if len(cells) > most {
		s.wide(row, 12, sentence(fmt.Sprintf("only the first %d of %d rows are here; --json has all", most, len(cells))), look{role: roleNotice})
		row++
		cells = cells[:most]
	}
	b.repeat(sheetMix, row)
	var rows [][]any
	for _, c := range cells {
		rows = append(rows, []any{
			categoryName(c.Category), c.Model, c.Team, c.Month, c.Tasks, c.WithCost, c.CostUSD, optionalInt(c.InputTokens), optionalInt(c.CachedTokens),
			optionalInt(c.OutputTokens), optionalInt(c.ReasoningTokens), secondsOf(c.LatencyMedianMS), secondsOf(c.LatencyP95MS),
		})
	}
	s.table(row, "Mix", columns, rows, "no task has been imported yet: run modeltrial audit import")
	if len(rows) > 0 {
		s.freeze(2, row)
	}
}

func (b *book) billSheet() {
	columns := []field{
		{"Month", 12, formatText},
		{"Model", 30, formatText},
		{"Provider", 18, formatText},
		{"Bill", 16, formatMoney},
		{"Log", 16, formatMoney},
		{"Explained", 12, formatRate},
		{"Requests on the bill", 12, formatCount},
		{"Tasks in the log", 12, formatCount},
		{"Days logged", 10, formatCount},
		{"Note", 50, formatBeside},
	}
	s, row := b.open(sheetBill, "How much of the providers' bills does the log explain? The logged cost divided by the bill, of the models that the bill lists.", columns)
	bill := b.in.Audit.Bill
	var rows [][]any
	if bill != nil {
		add := func(month, model, provider string, days any, a audit.BillAmounts) {
			note := a.WhyMissing
			if a.BillEstimated {
				note = "bill reckoned from its tokens at list prices"
			}
			rows = append(rows, []any{month, model, provider, a.BillUSD, a.LogUSD, a.CostExplained, optionalInt(a.BillRequests), a.LogTasks, days, note})
		}
		for _, m := range bill.Months {
			add(m.Month, "all on the bill", "", m.DaysLogged, m.BillAmounts)
		}
		for _, line := range bill.Models {
			add(line.Month, line.Model, line.Provider, nil, line.BillAmounts)
		}
	}
	s.table(row, "Bill", columns, rows, "no provider's account was imported: modeltrial audit import takes those of OpenRouter and OpenAI")
	if len(rows) > 0 {
		s.freeze(1, row)
	}
}

func (b *book) clustersSheet() {
	columns := []field{
		{"Cluster", 24, formatText},
		{"Found by", 12, formatText},
		{"Tasks", 12, formatCount},
		{"Share of tasks", 12, formatRate},
		{"Cost", 16, formatMoney},
		{"Beginning of the first prompt", 90, formatBeside},
	}
	r := b.in.Audit
	answer := "Which prompts are nearly the same? They were not looked for: run modeltrial audit clusters."
	var rows [][]any
	if r.Clusters != nil {
		answer = "Which prompts are nearly the same? " + clustersSentence(*r.Clusters, r.Tasks, Style{})
		for _, c := range r.Clusters.Largest {
			rows = append(rows, []any{c.Name, clusterBy(c), c.Tasks, share(c.Tasks, r.Tasks), c.CostUSD, c.Example})
		}
	}
	s, row := b.open(sheetClusters, answer, columns)
	s.table(row, "Clusters", columns, rows, "no cluster of two tasks or more is known")
}

func (b *book) claimsSheet() {
	columns := []field{{"Claim", 40, formatWrap}, {"What this log says", 70, formatWrap}, {"What it cannot say yet", 70, formatWrap}}
	s, row := b.open(sheetClaims, "What of that which you may have read holds here? Each is a hypothesis until a pilot has tested it.", columns)
	var rows [][]any
	for _, c := range b.in.Audit.Claims {
		rows = append(rows, []any{c.Claim, c.LogSays, c.CannotSay})
	}
	s.table(row, "Claims", columns, rows, "no task has been imported yet: run modeltrial audit import")
}
