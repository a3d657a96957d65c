package report

import (
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"

	"modeltrial/eval"
)

// documents are the formats that hold the whole table, and gateways those that
// configure a gateway by it.
var (
	documents = map[string]func(io.Writer, eval.RoutingTable) error{
		"json": func(w io.Writer, t eval.RoutingTable) error { return JSON(w, t) },
		"yaml": exportYAML,
		"csv":  exportCSV,
	}
	gateways = map[string]func(io.Writer, exportPlan) error{
		"litellm":    exportLiteLLM,
		"portkey":    exportPortkey,
		"envoy":      exportEnvoy,
		"openrouter": exportOpenRouter,
		"langchain":  exportLangChain,
		"tensorzero": exportTensorZero,
		"bifrost":    exportBifrost,
		"vllm":       exportVLLM,
	}
)

// ExportFormats lists the formats that [ExportRoutes] writes, sorted.
func ExportFormats() []string {
	return slices.Sorted(slices.Values(slices.Concat(slices.Collect(maps.Keys(documents)), slices.Collect(maps.Keys(gateways)))))
}

// ExportRoutes writes a routing table as json, yaml or csv (complete), or as
// configuration of a gateway: litellm, portkey, envoy (Envoy AI Gateway), openrouter
// (presets), langchain (a Python file), tensorzero, bifrost or vllm (vLLM semantic
// router). A gateway reaches each arm by its endpoint, under the arm's name. No file
// holds a key. An unknown format is an error that lists the known ones.
func ExportRoutes(w io.Writer, format string, table eval.RoutingTable, endpoints map[string]Endpoint) error {
	format = strings.ToLower(format)
	var err error
	switch {
	case documents[format] != nil:
		err = documents[format](w, table)
	case gateways[format] != nil:
		var plan exportPlan
		if plan, err = newExportPlan(table, endpoints); err == nil {
			err = gateways[format](w, plan)
		}
	default:
		return fmt.Errorf("unknown export format %q; choose one of %s", format, strings.Join(ExportFormats(), ", "))
	}
	if err != nil {
		return fmt.Errorf("export %s: %w", format, err)
	}
	return nil
}
