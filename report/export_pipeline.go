package report

import (
	"fmt"
	"strings"

	"modeltrial/eval"
)

// A gateway sends each request to one model: a route to a pipeline cannot be written
// into its configuration.

// ExportWarnings say what of a routing table the configuration of a gateway cannot hold.
// The complete formats hold everything.
func ExportWarnings(format string, table eval.RoutingTable) []string {
	switch strings.ToLower(format) {
	case "json", "yaml", "csv":
		return nil
	}
	var warnings []string
	for _, r := range table.Routes {
		if len(r.Steps) > 0 {
			warnings = append(warnings, pipelineNote(r))
		}
	}
	return warnings
}

// pipelineNote says why a route is not in a gateway's configuration, and what to do.
func pipelineNote(r eval.Route) string {
	return fmt.Sprintf("the route of %s to %s is NOT in this file: it is a pipeline (%s), and a gateway sends each request to one model; "+
		"call the steps from your own code, with the templates of modeltrial.yaml. Until then this work stays with the model for requests without a known category", line(string(r.Category)), line(r.Arm), line(strings.Join(r.Steps, ", then ")))
}
