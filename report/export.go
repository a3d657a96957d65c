package report

import (
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"

	"modeltrial/eval"
)

var exporters = map[string]func(io.Writer, eval.RoutingTable, map[string]eval.Provider) error{
	"json":    func(w io.Writer, t eval.RoutingTable, _ map[string]eval.Provider) error { return JSON(w, t) },
	"yaml":    func(w io.Writer, t eval.RoutingTable, _ map[string]eval.Provider) error { return exportYAML(w, t) },
	"csv":     func(w io.Writer, t eval.RoutingTable, _ map[string]eval.Provider) error { return exportCSV(w, t) },
	"litellm": exportLiteLLM,
}

// ExportFormats lists the formats that [ExportRoutes] writes, sorted.
func ExportFormats() []string { return slices.Sorted(maps.Keys(exporters)) }

// ExportRoutes writes a routing table as json, yaml or csv (complete), or as
// configuration of a gateway: litellm. A gateway reaches each arm through its
// provider in providers, by the arm's name. No file holds a key. An unknown format
// is an error that lists the known ones.
func ExportRoutes(w io.Writer, format string, table eval.RoutingTable, providers map[string]eval.Provider) error {
	export, ok := exporters[strings.ToLower(format)]
	if !ok {
		return fmt.Errorf("unknown export format %q; choose one of %s", format, strings.Join(ExportFormats(), ", "))
	}
	if err := export(w, table, providers); err != nil {
		return fmt.Errorf("export %s: %w", strings.ToLower(format), err)
	}
	return nil
}
