package report

import (
	"cmp"
	"fmt"
	"io"

	"modeltrial/audit"
)

// mostGroups is how many models, teams and months a terminal lists.
const mostGroups = 8

// AuditReport writes the workload mix: what kind of work there is, what it
// costs, on which models it runs, and where a pilot would pay.
func AuditReport(w io.Writer, r audit.Report, style Style) error {
	p := &page{style: style}
	p.say(Plain, "", auditHead(r))
	if r.Tasks == 0 {
		p.next("audit import FILE", "")
		return p.flush(w)
	}
	if text := auditFinding(r); text != "" {
		p.say(Plain, "  ", text)
	}
	if text := billSentence(r.Bill); text != "" {
		p.say(Plain, "  ", text)
	}
	if text := costSourcesSentence(r.CostSources); text != "" {
		p.say(Dim, "  ", text)
	}
	p.gap()
	p.categories(r)
	p.corrected(r)
	p.groups("model", r.Models, r)
	p.groups("team", r.Teams, r)
	p.months(r)
	p.bill(r.Bill)
	p.candidates(r)
	if !style.Part {
		p.clusters(r)
		p.claims(r.Claims)
	}
	if note := peerNote(r); note != "" {
		p.gap()
		p.say(Dim, "  ", note)
	}
	p.unsure(r)
	if len(r.Warnings) > 0 {
		p.gap()
		p.warnings(r.Warnings)
	}
	if r.Unsorted > 0 {
		p.next("audit classify", "")
	} else if len(r.Candidates) > 0 && r.Routed == nil {
		p.next("pilot plan", "")
	}
	return p.flush(w)
}

func (p *page) categories(r audit.Report) {
	columns := []Column{
		{Name: "category"},
		{Name: "tasks", Right: true, Fixed: true},
		{Name: "share", Right: true, Fixed: true},
		{Name: "cost USD", Right: true, Fixed: true},
		{Name: "share", Right: true, Fixed: true},
		{Name: "median", Right: true, Fixed: true},
		{Name: "95th", Right: true, Fixed: true},
		{Name: "most used model"},
	}
	var rows [][]Cell
	for _, c := range r.Categories {
		rows = append(rows, Cells(categoryName(c.Category), Count(c.Tasks), shareText(c, r.Tasks), costCell(c.CostUSD, c.WithCost, c.Tasks), optionalRate(c.CostShare, r.Tasks),
			optionalMS(c.LatencyMedianMS), optionalMS(c.LatencyP95MS), mostUsed(c)))
	}
	p.table(columns, rows)
	if corrected(r) {
		p.say(Dim, "", "shares of tasks in brackets are corrected for misclassification, with their 95% intervals")
	}
}

// shareText is a category's share as counted and, where it is known, corrected.
func shareText(c audit.CategoryMix, n int) string {
	text := Rate(c.TaskShare, n)
	if i := c.TaskShareCorrected; i != nil {
		text += fmt.Sprintf(" [%s–%s%%]", rateDigits(i.Low, 0), rateDigits(i.High, 0))
	}
	return text
}

func corrected(r audit.Report) bool {
	for _, c := range r.Categories {
		if c.TaskShareCorrected != nil {
			return true
		}
	}
	return false
}

func optionalMS(ms *float64) string {
	if ms == nil {
		return unknown
	}
	return Milliseconds(*ms)
}

// mostUsed names the model with most of a category's tasks and its share.
func mostUsed(c audit.CategoryMix) string {
	var most audit.GroupMix
	for _, model := range c.Models {
		if model.Tasks > most.Tasks {
			most = model
		}
	}
	if most.Tasks == 0 || c.Tasks == 0 {
		return unknown
	}
	return fmt.Sprintf("%s %s", groupName(most), Rate(share(most.Tasks, c.Tasks), 0))
}

// groupName is a group's name, whether it stands as name or as model.
func groupName(g audit.GroupMix) string {
	switch {
	case g.Name != "":
		return g.Name
	case g.Model != "":
		return g.Model
	}
	return "(not stated)"
}

func (p *page) groups(kind string, groups []audit.GroupMix, r audit.Report) {
	if len(groups) == 0 || (len(groups) == 1 && groupName(groups[0]) == "(not stated)") {
		return
	}
	p.gap()
	columns := []Column{
		{Name: kind},
		{Name: "tasks", Right: true, Fixed: true},
		{Name: "share", Right: true, Fixed: true},
		{Name: "cost USD", Right: true, Fixed: true},
		{Name: "median", Right: true, Fixed: true},
		{Name: "95th", Right: true, Fixed: true},
	}
	serves := kind == "model"
	if serves {
		columns = append(columns, Column{Name: "categories", Right: true, Fixed: true})
	}
	var rows [][]Cell
	for i, g := range groups {
		if i == mostGroups {
			rows = append(rows, Cells(fmt.Sprintf("… %d more", len(groups)-i)))
			break
		}
		cells := Cells(groupName(g), Count(g.Tasks), Rate(share(g.Tasks, r.Tasks), r.Tasks), costCell(g.CostUSD, g.WithCost, g.Tasks),
			optionalMS(g.LatencyMedianMS), optionalMS(g.LatencyP95MS))
		if serves {
			cells = append(cells, Cell{Text: fmt.Sprintf("%d of %d", g.Categories, len(r.Categories))})
		}
		rows = append(rows, cells)
	}
	p.table(columns, rows)
}

func share(part, whole int) float64 {
	if whole == 0 {
		return 0
	}
	return float64(part) / float64(whole)
}

// months lists the latest months: growth is of interest now.
func (p *page) months(r audit.Report) {
	if len(r.Months) == 0 {
		return
	}
	p.gap()
	columns := []Column{
		{Name: "month"},
		{Name: "tasks", Right: true, Fixed: true},
		{Name: "growth", Right: true, Fixed: true},
		{Name: "cost USD", Right: true, Fixed: true},
		{Name: "growth", Right: true, Fixed: true},
		{Name: "median", Right: true, Fixed: true},
		{Name: "95th", Right: true, Fixed: true},
		{Name: "logged"},
	}
	var rows [][]Cell
	months := r.Months
	if hidden := len(months) - mostGroups; hidden > 0 {
		rows = append(rows, Cells(fmt.Sprintf("… %d earlier", hidden)))
		months = months[hidden:]
	}
	for _, m := range months {
		rows = append(rows, Cells(m.Name, Count(m.Tasks), growthText(m.TasksGrowth), costCell(m.CostUSD, m.WithCost, m.Tasks), growthText(m.CostGrowth),
			optionalMS(m.LatencyMedianMS), optionalMS(m.LatencyP95MS), daysText(m)))
	}
	p.table(columns, rows)
}

func (p *page) bill(b *audit.Reconciliation) {
	if b == nil {
		return
	}
	p.title("the log beside the providers' bills")
	columns := []Column{
		{Name: "month", Fixed: true},
		{Name: "model"},
		{Name: "bill USD", Right: true, Fixed: true},
		{Name: "log USD", Right: true, Fixed: true},
		{Name: "explained", Right: true, Fixed: true},
		{Name: "requests", Right: true, Fixed: true},
		{Name: "tasks", Right: true, Fixed: true},
	}
	row := func(month, model string, a audit.BillAmounts) []Cell {
		requests := unknown
		if a.BillRequests != nil {
			requests = Count(int(*a.BillRequests))
		}
		cost := unknown
		if a.BillUSD != nil {
			if cost = amount(*a.BillUSD); a.BillEstimated {
				cost = "≈ " + cost
			}
		}
		return Cells(month, model, cost, costCell(a.LogUSD, a.LogWithCost, a.LogTasks), optionalRate(a.CostExplained, 0), requests, Count(a.LogTasks))
	}
	var rows [][]Cell
	for _, m := range b.Months {
		logged := "" // below the month, since beside it it would take the width of the models
		if !m.Whole {
			logged = fmt.Sprintf("%d of %d days", m.DaysLogged, m.Days)
		}
		rows = append(rows, row(m.Month, "all on the bill", m.BillAmounts))
		lines := 0
		for _, line := range b.Models {
			if line.Month != m.Month {
				continue
			}
			if lines++; lines <= mostGroups {
				rows = append(rows, row(logged, line.Model, line.BillAmounts))
				logged = ""
			}
		}
		if logged != "" {
			rows = append(rows, Cells(logged))
		}
		if lines > mostGroups {
			rows = append(rows, Cells("", fmt.Sprintf("… %d more", lines-mostGroups)))
		}
	}
	p.table(columns, rows)
}

func (p *page) candidates(r audit.Report) {
	if why := noCandidates(r); why != "" {
		p.gap()
		p.say(Dim, "  ", why)
	}
	if len(r.Candidates) == 0 {
		return
	}
	p.title("where a pilot would pay, most money first")
	columns := []Column{
		{Name: "category"},
		{Name: "USD/month", Right: true, Fixed: true},
		{Name: "saving²", Right: true, Fixed: true},
		{Name: "tasks/week", Right: true, Fixed: true},
		{Name: "better³", Right: true, Fixed: true},
		{Name: "not worse³", Right: true, Fixed: true},
		{Name: "mostly on"},
	}
	var rows [][]Cell
	for _, c := range r.Candidates {
		month := unknown
		if c.MonthlyCostUSD != nil {
			month = amount(*c.MonthlyCostUSD)
		}
		rows = append(rows, Cells(categoryName(c.Category), month, savingText(c.Saving), amount(c.WeeklyTasks),
			needText(c.TasksBetter, c.WeeksBetter), needText(c.TasksNotWorse, c.WeeksNotWorse), cmp.Or(c.CurrentModel, unknown)))
	}
	p.table(columns, rows)
	if text := basisText(r.Monthly); text != "" {
		p.say(Dim, "  ", text)
	}
	for _, note := range candidateNotes(r) {
		p.say(Dim, "  ", note)
	}
}

// candidateNotes are the footnotes to the pilot candidates.
func candidateNotes(r audit.Report) []string {
	notes := []string{"² Hypothesis, USD a month: the same tokens at the list prices of cheaper peers, from the nearest to the cheapest. Whether a peer does the work as well is not known."}
	if r.Need != nil {
		notes = append(notes, fmt.Sprintf("³ Tasks that people must compare for a decision, and weeks at %s a week: %s.", counted(r.Need.TasksPerWeek, "task", "tasks"), r.Need.Assumes))
		for _, claim := range []struct{ name, what string }{{"tasks_better", "Better"}, {"tasks_not_worse", "Not worse"}} {
			if why := r.Need.WhyMissing[claim.name]; why != "" {
				notes = append(notes, fmt.Sprintf("%s cannot be shown so: %s.", claim.what, why))
			}
		}
	}
	return notes
}

func (p *page) clusters(r audit.Report) {
	if r.Clusters == nil {
		return
	}
	p.title("near-duplicates")
	p.say(Plain, "  ", clustersSentence(*r.Clusters, r.Tasks, p.style))
	if r.Clusters.Count > 0 {
		p.clusterTable(r.Clusters.Largest, r.Tasks)
	}
}

func (p *page) claims(claims []audit.Claim) {
	if len(claims) == 0 {
		return
	}
	p.title("what you may have read, as hypotheses")
	for i, c := range claims {
		if i > 0 {
			p.gap()
		}
		p.say(Plain, "  ", "“"+c.Claim+"”")
		p.say(Dim, "  ", "This log: "+c.LogSays)
		p.say(Dim, "  ", "Not yet: "+c.CannotSay)
	}
}

func (p *page) unsure(r audit.Report) {
	if r.Uncertain == 0 && r.Unsorted == 0 {
		return
	}
	p.gap()
	if r.Uncertain > 0 {
		p.say(Plain, "  ", fmt.Sprintf("%s of %s tasks were put into a category without being sure: %s", Count(r.Uncertain), Count(r.Tasks), p.style.command("audit review")))
	}
	if r.Unsorted > 0 {
		p.say(Warning, "  ", fmt.Sprintf("! %s of %s tasks have no category yet", Count(r.Unsorted), Count(r.Tasks)))
	}
}
