package ingest

import (
	"encoding/csv"
	"strings"
)

// newStandardReader is encoding/csv with our rules.
func newStandardReader(text string) *csv.Reader {
	reader := csv.NewReader(strings.NewReader(text))
	reader.FieldsPerRecord = -1
	return reader
}
