package report

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"modeltrial/eval"
)

func (b *book) methodSheet() {
	columns := []field{
		{"Figure", 24, formatWrap},
		{"How it is computed", 78, formatWrap},
		{"Formula", 62, formatWrap},
		{"Source", 34, formatWrap},
	}
	s, row := b.open(sheetMethod, "How was each figure computed?", columns)
	var rows [][]any
	for _, part := range method {
		rows = append(rows, []any{part.Title, part.Text, part.Formula, part.Source})
	}
	s.table(row, "Method", columns, rows, "")
	s.freeze(1, row)
}

func (b *book) protocolSheet() {
	columns := []field{{"What", 34, formatWrap}, {"As fixed before the pilot", 90, formatWrap}}
	s, row := b.open(sheetProtocol, "What was fixed before anything was seen, and what departed from it?", columns)
	var rows [][]any
	for _, line := range protocolLines(b.in.Protocol) {
		rows = append(rows, []any{line[0], line[1]})
	}
	row = s.table(row, "Protocol", columns, rows, "no protocol is locked: decisions apply the usual rule, and nobody was bound to it beforehand")
	row++
	s.set(1, row, "Deviations", look{role: roleSection})
	row++
	if len(b.in.Analysis.Deviations) == 0 {
		s.set(1, row, "None recorded.", look{})
	}
	for _, deviation := range b.in.Analysis.Deviations {
		s.wide(row, 2, deviation, look{})
		row++
	}
	s.onePage(row)
}

// protocolLines tells a locked protocol in pairs of words and value.
func protocolLines(locked eval.LockedProtocol) [][2]string {
	if locked.SHA256 == "" {
		return nil
	}
	p := locked.Protocol
	lines := [][2]string{
		{"Pilot", p.Name},
		{"SHA-256", locked.SHA256},
		{"Version", fmt.Sprint(locked.Version)},
		{"Locked", locked.LockedAt.UTC().Format(time.RFC3339)},
		{"Control", p.Control},
	}
	for _, arm := range p.Arms {
		var calls []string
		for _, call := range arm.Calls() {
			calls = append(calls, fmt.Sprintf("%s through %s", call.Model, call.Provider))
		}
		lines = append(lines, [2]string{"Arm " + arm.Name, strings.Join(calls, ", then ")})
	}
	for _, useCase := range p.UseCases {
		lines = append(lines, [2]string{"Use case " + string(useCase.Category), "candidates " + strings.Join(useCase.Candidates, ", ")})
	}
	lines = append(lines,
		[2]string{"Weeks", fmt.Sprint(p.Weeks)},
		[2]string{"Tasks a week and category", Count(p.TasksPerWeek)},
		[2]string{"Ratings for each comparison", Count(p.RatingsPerComparison)},
		[2]string{"Not worse within", winPoints(p.Margin)},
		[2]string{"Cheaper means at least", Rate(p.Saving, 0)},
		[2]string{"Most that a switch may cost", maxCost(p.MaxCostRatio)},
		[2]string{"May judges decide", yesNo(p.JudgesMayDecide)},
		[2]string{"A judge passes", judgePasses(p.JudgeLimits())},
		[2]string{"Budget", p.BudgetUSD + " USD"},
		[2]string{"Seed", fmt.Sprint(p.Seed)},
	)
	if p.Sample == eval.SampleFresh {
		lines = append(lines, [2]string{"Sample", "each week when it begins, from its own log first, else from older tasks"})
	}
	if p.Repeats > 1 {
		lines = append(lines, [2]string{"Answers of each arm to each task", Count(p.Repeats) + ", of which the first is rated"})
	}
	for _, claim := range p.Claims {
		lines = append(lines, [2]string{"Claim to check", fmt.Sprintf("%s (%s: %s)", claim.Text, claimMeasure(claim.Measure), claimSaid(claim))})
	}
	for _, category := range slices.Sorted(maps.Keys(locked.CategoryShare)) {
		lines = append(lines, [2]string{"Share of audited tasks, " + string(category), Rate(locked.CategoryShare[category], 0)})
	}
	return lines
}

// judgePasses says when a judge stands in for a person.
func judgePasses(limits eval.JudgeThresholds) string {
	return fmt.Sprintf("when it agrees with people at most %.3g points less than they among themselves, for certain; warned of where less than %s of its verdicts are the same in both orders",
		100*limits.Agreement, Rate(limits.Consistency, 0))
}

// winPoints says a distance between win rates.
func winPoints(share float64) string { return fmt.Sprintf("%.3g win-rate points", share*100) }

func maxCost(ratio *float64) string {
	if ratio == nil {
		return "no limit"
	}
	return Times(*ratio) + " of the control's cost"
}

func yesNo(yes bool) string {
	if yes {
		return "yes"
	}
	return "no"
}
