package main

import (
	"cmp"
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"

	"modeltrial/audit/ingest"
	"modeltrial/report"
)

// sayUnknownCosts says why new tasks have no cost, the most frequent reasons first.
func sayUnknownCosts(out io.Writer, costs *ingest.CostReport) {
	if costs == nil || costs.Unknown == 0 {
		return
	}
	const most = 3
	reasons := slices.SortedFunc(maps.Keys(costs.WhyUnknown), func(a, b string) int {
		return cmp.Or(cmp.Compare(costs.WhyUnknown[b], costs.WhyUnknown[a]), cmp.Compare(a, b))
	})
	var parts []string
	for _, reason := range reasons[:min(len(reasons), most)] {
		parts = append(parts, fmt.Sprintf("%s (%s)", reason, report.Count(costs.WhyUnknown[reason])))
	}
	if rest := len(reasons) - len(parts); rest > 0 {
		parts = append(parts, fmt.Sprintf("and %d more reasons (--json has all)", rest))
	}
	have := "tasks have"
	if costs.Unknown == 1 {
		have = "task has"
	}
	fmt.Fprintf(out, "  %s %s no cost: %s\n", report.Count(costs.Unknown), have, strings.Join(parts, "; "))
}
