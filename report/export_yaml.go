package report

import (
	"bytes"
	"encoding/json"
	"io"

	"github.com/goccy/go-yaml"

	"modeltrial/eval"
)

// exportYAML writes the table's JSON document as YAML: the same names, the same
// order, the same nulls.
func exportYAML(w io.Writer, table eval.RoutingTable) error {
	document, err := json.Marshal(table)
	if err != nil {
		return err
	}
	converted, err := yaml.JSONToYAML(document)
	if err != nil {
		return err
	}
	if !bytes.HasSuffix(converted, []byte("\n")) {
		converted = append(converted, '\n')
	}
	_, err = w.Write(converted)
	return err
}
