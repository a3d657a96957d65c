package report

import (
	"fmt"
	"io"

	"modeltrial/audit"
)

// Clusters writes the largest clusters of near-duplicates, of so many tasks in all.
func Clusters(w io.Writer, clusters audit.Clusters, tasks int, style Style) error {
	p := &page{style: style}
	p.say(Plain, "", clustersSentence(clusters, tasks, style))
	if len(clusters.Largest) > 0 {
		p.gap()
		p.clusterTable(clusters.Largest, tasks)
	}
	if tasks == 0 {
		p.next("audit import FILE", "")
	} else {
		p.next("audit report", "")
	}
	return p.flush(w)
}

// clustersSentence is what there is to say of clusters in a sentence or two.
func clustersSentence(clusters audit.Clusters, tasks int, style Style) string {
	text := "No near-duplicate prompts are known: every task counts by itself."
	if clusters.Count > 0 {
		text = fmt.Sprintf("%s of %s tasks (%s) belong to %s of near-duplicates or of tasks that the log puts together",
			Count(clusters.Tasks), Count(tasks), Rate(share(clusters.Tasks, tasks), tasks), counted(clusters.Count, "cluster", "clusters"))
		if len(clusters.Largest) > 0 {
			text += fmt.Sprintf("; the largest has %s", counted(clusters.Largest[0].Tasks, "task", "tasks"))
		}
		text += "."
	}
	if clusters.NotLookedAt > 0 {
		text += fmt.Sprintf(" Nobody has looked for near-duplicates among %s yet; %s does.", counted(clusters.NotLookedAt, "task", "tasks"), style.command("audit clusters"))
	}
	return text
}

func (p *page) clusterTable(largest []audit.Cluster, tasks int) {
	columns := []Column{
		{Name: "tasks", Right: true, Fixed: true},
		{Name: "share", Right: true, Fixed: true},
		{Name: "cost USD", Right: true, Fixed: true},
		{Name: "by", Fixed: true},
		{Name: "example"},
	}
	var rows [][]Cell
	for _, c := range largest {
		rows = append(rows, Cells(Count(c.Tasks), Rate(share(c.Tasks, tasks), tasks), costCell(c.CostUSD, c.WithCost, c.Tasks), clusterBy(c), c.Example))
	}
	p.table(columns, rows)
}

func clusterBy(c audit.Cluster) string {
	if c.Found {
		return "prompts"
	}
	return "log"
}

// costCell is a sum of money; where some of its tasks have no known cost it is the
// least that it can be.
func costCell(dollars *float64, known, tasks int) string {
	switch {
	case dollars == nil:
		return unknown
	case known < tasks:
		return "≥ " + amount(*dollars)
	}
	return amount(*dollars)
}
