package report

import (
	"slices"
	"strings"

	"modeltrial/eval"
)

// ExportWarnings say what of a routing table the configuration of a gateway cannot hold,
// and what has to be filled in. The complete formats hold everything.
func ExportWarnings(format string, table eval.RoutingTable, endpoints map[string]Endpoint) []string {
	if gateways[strings.ToLower(format)] == nil {
		return nil
	}
	plan, err := newExportPlan(table, endpoints)
	if err != nil {
		return nil // is told by the export itself
	}
	return slices.Concat(plan.warnings(), plan.notKnown())
}
