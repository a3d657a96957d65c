package report

import (
	"fmt"
	"strings"

	"modeltrial/audit"
)

// What the terminal, the page and the workbook say of an audit in the same words.

func auditHead(r audit.Report) string {
	head := counted(r.Tasks, "task", "tasks")
	if r.From != nil && r.To != nil {
		head += ", " + day(*r.From) + " to " + day(*r.To)
	}
	if r.CostUSD == nil {
		return head + " · cost not known"
	}
	head += " · " + Money(*r.CostUSD)
	if r.CostKnown < r.Tasks {
		head += fmt.Sprintf(" (cost known for %s of them)", Count(r.CostKnown))
	}
	return head
}

// auditSentence is the audit's finding in a sentence or two.
func auditSentence(r audit.Report) string {
	var parts []string
	if r.DominantModel != "" {
		parts = append(parts, fmt.Sprintf("%s answers %s of all tasks, in %d of %s.",
			r.DominantModel, Rate(r.DominantShare, r.Tasks), r.DominantCategories, counted(len(r.Categories), "category", "categories")))
	}
	if r.Routed != nil {
		parts = append(parts, fmt.Sprintf("%s of tasks%s ran on a model that the routing table of %s replaces.",
			Rate(r.Routed.TaskShare, r.Tasks), andSpend(r.Routed.CostShare, r), r.Routed.Table))
	}
	return strings.Join(parts, " ")
}

// auditFinding is the audit's finding where there is room to say what a cheaper peer
// is, and where to begin.
func auditFinding(r audit.Report) string {
	parts := []string{auditSentence(r)}
	if r.Routed == nil && r.CheaperPeer != nil {
		parts = append(parts, fmt.Sprintf("%s of tasks%s ran on a model that has a cheaper peer¹.",
			Rate(r.CheaperPeer.TaskShare, r.Tasks), andSpend(r.CheaperPeer.CostShare, r)))
	}
	return strings.TrimSpace(strings.Join(append(parts, stakeSentence(r)), " "))
}

// stakeSentence says where to begin: the two kinds of work with most spend a month.
func stakeSentence(r audit.Report) string {
	if r.Routed != nil || len(r.Candidates) == 0 || r.Candidates[0].MonthlyCostUSD == nil {
		return ""
	}
	first := r.Candidates[0]
	text := fmt.Sprintf("Most is at stake in %s, %s a month", categoryName(first.Category), Money(*first.MonthlyCostUSD))
	if len(r.Candidates) > 1 && known(r.Candidates[1].MonthlyCostUSD) > 0 {
		second := r.Candidates[1]
		text += fmt.Sprintf(", and in %s, %s", categoryName(second.Category), Money(*second.MonthlyCostUSD))
	}
	return text + "."
}

// noCandidates says why no kind of work is ranked; empty where some are.
func noCandidates(r audit.Report) string {
	switch {
	case len(r.Candidates) > 0 || r.Tasks == 0:
		return ""
	case r.From == nil:
		return "Kinds of work are not ranked: no task has a timestamp, and money and tasks a month rest on them. Import the log again with --map timestamp=COLUMN, if it has such a column; the tasks that are there get theirs."
	}
	return "Kinds of work are not ranked: no task has a category yet. Run modeltrial audit classify."
}

// andSpend says a share of the spend, which is what is known of it.
func andSpend(part *float64, r audit.Report) string {
	switch {
	case part == nil:
		return ""
	case r.CostKnown < r.Tasks:
		return " and " + Rate(*part, r.Tasks) + " of known spend"
	}
	return " and " + Rate(*part, r.Tasks) + " of spend"
}

// peerNote is the footnote to a cheaper peer.
func peerNote(r audit.Report) string {
	if r.CheaperPeer == nil || r.Routed != nil {
		return ""
	}
	text := "¹ " + r.CheaperPeer.Means
	if r.CheaperPeer.Unpriced > 0 {
		text += fmt.Sprintf(" %s ran on models of which the price or the tokens are not known; they are not in the share.", counted(r.CheaperPeer.Unpriced, "task", "tasks"))
	}
	return text
}

// optionalRate is a share that may not be known.
func optionalRate(part *float64, n int) string {
	if part == nil {
		return unknown
	}
	return Rate(*part, n)
}

// growthText is a growth with its sign.
func growthText(growth *float64) string {
	if growth == nil {
		return unknown
	}
	text := Rate(*growth, 0)
	if *growth > 0 {
		text = "+" + text
	}
	return text
}

// daysText says how much of a month the log covers.
func daysText(m audit.MonthMix) string {
	switch {
	case m.Whole:
		return "whole"
	case m.DaysLogged == 0:
		return "stray dates"
	}
	return fmt.Sprintf("%d of %d days", m.DaysLogged, m.Days)
}

// savingText is a plausible saving as a range.
func savingText(s *audit.PlausibleSaving) string {
	switch {
	case s == nil:
		return unknown
	case amount(s.LowUSD) == amount(s.HighUSD):
		return amount(s.HighUSD)
	}
	return amount(s.LowUSD) + "–" + amount(s.HighUSD)
}

// A need is what a decision takes, in words.
type need struct{ Tasks, Weeks string }

func needOf(tasks, weeks *int) need {
	n := need{Tasks: unknown}
	if tasks != nil {
		n.Tasks = counted(*tasks, "task", "tasks")
	}
	if tasks != nil && weeks != nil {
		n.Weeks = counted(*weeks, "week", "weeks")
	}
	return n
}

// sampleSentence says what a reviewed random sample found of the categoriser.
func sampleSentence(check *audit.CategoriserCheck) string {
	if check == nil || check.Accuracy == nil {
		return ""
	}
	a := check.Accuracy
	return fmt.Sprintf("Of the sample, %s of %s are reviewed: the categoriser is right on %s [%s–%s%%].",
		Count(check.Reviewed), counted(check.Drawn, "task", "tasks"), Rate(a.Estimate, 0), rateDigits(a.Low, 0), rateDigits(a.High, 0))
}

// needText is a number of tasks and the weeks that they take.
func needText(tasks, weeks *int) string {
	switch {
	case tasks == nil:
		return unknown
	case weeks == nil:
		return Count(*tasks)
	}
	return fmt.Sprintf("%s, %d wk", Count(*tasks), *weeks)
}

// basisText says what monthly figures rest on.
func basisText(b *audit.MonthlyBasis) string {
	if b == nil {
		return ""
	}
	text := fmt.Sprintf("Monthly figures rest on %s, %s to %s", counted(b.Days, "day", "days"), b.From, b.To)
	if b.Weeks > 0 {
		text = fmt.Sprintf("Monthly figures rest on %s, %s to %s", counted(b.Weeks, "whole week", "whole weeks"), b.From, b.To)
	}
	if len(b.Bill) == 0 {
		return text + "."
	}
	var parts []string
	for _, scale := range b.Bill {
		parts = append(parts, fmt.Sprintf("%s × %.2f", scale.Model, scale.Factor))
	}
	return text + "; spend is scaled to the bill (" + strings.Join(parts, ", ") + ")."
}

// billSentence says how much of the latest whole month's bill the log explains, of
// the latest one where no month is whole.
func billSentence(b *audit.Reconciliation) string {
	if b == nil || len(b.Months) == 0 {
		return ""
	}
	at := -1
	for i, month := range b.Months {
		if month.CostExplained != nil && (at < 0 || month.Whole || !b.Months[at].Whole) {
			at = i
		}
	}
	if at < 0 {
		return fmt.Sprintf("How much of the bill of %s the log explains is not known: %s.", b.Months[len(b.Months)-1].Month, b.Months[len(b.Months)-1].WhyMissing)
	}
	m := b.Months[at]
	if m.Gateway {
		return fmt.Sprintf("%s of the gateway's spend of %s comes with its text; the rest is counted as spend, and cannot be put into categories.", Rate(*m.CostExplained, 0), m.Month)
	}
	text := fmt.Sprintf("The log explains %s of the bill of %s", Rate(*m.CostExplained, 0), m.Month)
	if m.BillEstimated {
		text += ", whose cost is reckoned from its tokens at list prices"
	}
	if !m.Whole {
		text += fmt.Sprintf("; it covers %d of its %d days", m.DaysLogged, m.Days)
	}
	return text + "."
}

// monthGroups are the months as groups.
func monthGroups(months []audit.MonthMix) []audit.GroupMix {
	groups := make([]audit.GroupMix, len(months))
	for i, month := range months {
		groups[i] = month.GroupMix
	}
	return groups
}

// moneyOr is an amount with its currency, which may not be known or be the least.
func moneyOr(dollars *float64, known, tasks int) string {
	if dollars == nil {
		return unknown
	}
	return costCell(dollars, known, tasks) + " USD"
}

// tokensText is a count that may not be known.
func tokensText(n *int64) string {
	if n == nil {
		return unknown
	}
	return Count(int(*n))
}

// roughTokens is a count of tokens for reading: 840, 12 k, 3.4 M.
func roughTokens(n *int64) string {
	switch {
	case n == nil:
		return unknown
	case *n < 10_000:
		return Count(int(*n))
	case *n < 1_000_000:
		return amount(float64(*n)/1e3) + " k"
	case *n < 1_000_000_000:
		return amount(float64(*n)/1e6) + " M"
	}
	return amount(float64(*n)/1e9) + " G"
}

// correctedShareText is a share with its interval.
func correctedShareText(i *audit.Interval) string {
	if i == nil {
		return unknown
	}
	return fmt.Sprintf("%s [%s–%s]", Rate(i.Estimate, 0), rateDigits(i.Low, 0), rateDigits(i.High, 0))
}

// A groupsTable is a page's table of models or teams, the largest of them.
type groupsTable struct {
	Kind       string
	Groups     []audit.GroupMix
	Categories int // of how many a model serves some; 0 for other groups
	LeftOut    int
}

func groupTable(kind string, groups []audit.GroupMix, categories int) groupsTable {
	const most = 30
	table := groupsTable{Kind: kind, Groups: groups, Categories: categories}
	if len(groups) > most {
		table.Groups, table.LeftOut = groups[:most], len(groups)-most
	}
	return table
}
