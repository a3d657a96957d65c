package exchange

import (
	"fmt"
	"math"
	"strings"

	"modeltrial/audit/ingest"
)

// A FileReport says what became of a file's rows.
type FileReport struct {
	ingest.FileReport
	// Unreadable counts the rejected rows whose verdict or score could not be read.
	Unreadable int `json:"unreadable_verdicts"`
}

// key reads a field that a row cannot do without.
func key(row *ingest.Row, field string) (string, error) {
	value := strings.TrimSpace(row.Get(field))
	if value == "" {
		return "", row.Reject(field, "is empty", "give every row one")
	}
	return value, nil
}

// maxWeek is beyond any pilot.
const maxWeek = 1000

// readWeek reads a week from 1; 0 where the row has none.
func readWeek(row *ingest.Row) (int, error) {
	text := row.Get("week")
	if text == "" {
		return 0, nil
	}
	week, err := ingest.ParseNumber(text)
	if err == nil && (week < 1 || week > maxWeek || week != math.Trunc(week)) {
		err = fmt.Errorf("%q is no week of a pilot", text)
	}
	if err != nil {
		return 0, row.Reject("week", err.Error(), "count weeks from 1, or leave it empty")
	}
	return int(week), nil
}

// readBool reads yes or no; no where the row has none.
func readBool(row *ingest.Row, field string) (bool, error) {
	switch text := strings.ToLower(strings.TrimSpace(row.Get(field))); text {
	case "", "false", "0", "no":
		return false, nil
	case "true", "1", "yes":
		return true, nil
	default:
		return false, row.Reject(field, fmt.Sprintf("%q is neither true nor false", text), "")
	}
}
