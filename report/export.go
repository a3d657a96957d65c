package report

import (
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"

	"modeltrial/eval"
)

var exporters = map[string]func(io.Writer, eval.RoutingTable) error{
	"json":    func(w io.Writer, t eval.RoutingTable) error { return JSON(w, t) },
	"yaml":    exportYAML,
	"csv":     exportCSV,
	"litellm": exportLiteLLM,
}

// ExportFormats lists the formats that [ExportRoutes] writes, sorted.
func ExportFormats() []string { return slices.Sorted(maps.Keys(exporters)) }

// ExportRoutes writes a routing table as json, yaml or csv (complete), or as
// configuration of a gateway: litellm. No file holds a key. An unknown format is
// an error that lists the known ones.
func ExportRoutes(w io.Writer, format string, table eval.RoutingTable) error {
	export, ok := exporters[strings.ToLower(format)]
	if !ok {
		return fmt.Errorf("unknown export format %q; choose one of %s", format, strings.Join(ExportFormats(), ", "))
	}
	if err := export(w, table); err != nil {
		return fmt.Errorf("export %s: %w", strings.ToLower(format), err)
	}
	return nil
}
