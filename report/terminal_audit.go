package report

import (
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
	p.say(Plain, "  ", auditSentence(r))
	if text := costSourcesSentence(r.CostSources); text != "" {
		p.say(Dim, "  ", text)
	}
	p.gap()
	p.categories(r)
	p.corrected(r)
	p.groups("model", r.Models, r)
	p.groups("team", r.Teams, r)
	p.groups("month", r.Months, r)
	p.candidates(r.Candidates)
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

func auditHead(r audit.Report) string {
	head := counted(r.Tasks, "task", "tasks")
	if r.From != nil && r.To != nil {
		head += ", " + day(*r.From) + " to " + day(*r.To)
	}
	if r.CostKnown == 0 {
		return head + " · cost not known"
	}
	head += " · " + Money(r.CostUSD)
	if r.CostKnown < r.Tasks {
		head += fmt.Sprintf(" (cost known for %s of them)", Count(r.CostKnown))
	}
	return head
}

// auditSentence is the audit's finding in a sentence.
func auditSentence(r audit.Report) string {
	text := ""
	if r.DominantModel != "" {
		text = fmt.Sprintf("%s answers %s of all tasks, in %d of %s.",
			r.DominantModel, Rate(r.DominantShare, r.Tasks), r.DominantCategories, counted(len(r.Categories), "category", "categories"))
	}
	if r.Routed != nil {
		text += fmt.Sprintf(" %s of tasks and %s of cost ran on a model that the routing table of %s replaces.",
			Rate(r.Routed.TaskShare, r.Tasks), Rate(r.Routed.CostShare, r.Tasks), r.Routed.Table)
	}
	return text
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
		name := string(c.Category)
		if name == "" {
			name = "(none)"
		}
		rows = append(rows, Cells(name, Count(c.Tasks), Rate(c.TaskShare, r.Tasks), amount(c.CostUSD), Rate(c.CostShare, r.Tasks),
			optionalMS(c.LatencyMedianMS), optionalMS(c.LatencyP95MS), mostUsed(c)))
	}
	p.table(columns, rows)
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
	}
	var rows [][]Cell
	for i, g := range groups {
		if i == mostGroups {
			rows = append(rows, Cells(fmt.Sprintf("… %d more", len(groups)-i)))
			break
		}
		rows = append(rows, Cells(groupName(g), Count(g.Tasks), Rate(share(g.Tasks, r.Tasks), r.Tasks), amount(g.CostUSD)))
	}
	p.table(columns, rows)
}

func share(part, whole int) float64 {
	if whole == 0 {
		return 0
	}
	return float64(part) / float64(whole)
}

func (p *page) candidates(candidates []audit.PilotCandidate) {
	if len(candidates) == 0 {
		return
	}
	p.title("where a pilot would pay, most money first")
	columns := []Column{
		{Name: "category"},
		{Name: "USD/month", Right: true, Fixed: true},
		{Name: "tasks/week", Right: true, Fixed: true},
		{Name: "why"},
	}
	var rows [][]Cell
	for _, c := range candidates {
		rows = append(rows, Cells(string(c.Category), amount(c.MonthlyCostUSD), amount(c.WeeklyTasks), c.Why))
	}
	p.table(columns, rows)
}

func (p *page) unsure(r audit.Report) {
	if r.Uncertain == 0 && r.Unsorted == 0 {
		return
	}
	p.gap()
	if r.Uncertain > 0 {
		p.say(Plain, "  ", fmt.Sprintf("%s of %s tasks were put into a category without being sure: %s", Count(r.Uncertain), Count(r.Tasks), p.style.command("audit classify --review FILE")))
	}
	if r.Unsorted > 0 {
		p.say(Warning, "  ", fmt.Sprintf("! %s of %s tasks have no category yet", Count(r.Unsorted), Count(r.Tasks)))
	}
}
