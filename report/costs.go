package report

import (
	"strings"

	"modeltrial/audit"
)

// costSourcesSentence says where the costs of an audit come from; empty where all of
// them are the log's own.
func costSourcesSentence(c *audit.CostSources) string {
	if c == nil || c.Computed+c.Estimated == 0 {
		return ""
	}
	var parts []string
	if c.FromLog > 0 {
		parts = append(parts, Count(c.FromLog)+" from the log")
	}
	if c.Computed > 0 {
		parts = append(parts, Count(c.Computed)+" computed from its tokens at the price of the day")
	}
	if c.Estimated > 0 {
		parts = append(parts, Count(c.Estimated)+" estimated from tokens counted in the texts")
	}
	if c.Unknown > 0 {
		parts = append(parts, Count(c.Unknown)+" not known")
	}
	return "Costs of tasks: " + strings.Join(parts, ", ") + "."
}
