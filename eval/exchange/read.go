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
	// Opposed counts the rows whose preference names one arm and whose score the other,
	// as when the scores are on another scale than was said: the score counts.
	Opposed int `json:"opposed_verdicts"`
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
	week, err := parseWeek(row.Get("week"))
	if err != nil {
		return 0, row.Reject("week", err.Error(), "count weeks from 1, or leave it empty")
	}
	return week, nil
}

// parseWeek is readWeek for a text.
func parseWeek(text string) (int, error) {
	if text == "" {
		return 0, nil
	}
	week, err := ingest.ParseNumber(text)
	if err == nil && (week < 1 || week > maxWeek || week != math.Trunc(week)) {
		err = fmt.Errorf("%q is no week of a pilot", text)
	}
	return int(week), err
}

// readBool reads yes or no; no where the row has none.
func readBool(row *ingest.Row, field string) (bool, error) {
	value, known := parseBool(row.Get(field))
	if !known {
		return false, row.Reject(field, fmt.Sprintf("%q is neither true nor false", strings.ToLower(strings.TrimSpace(row.Get(field)))), "")
	}
	return value, nil
}

// parseBool is readBool for a text.
func parseBool(text string) (value, known bool) {
	switch strings.ToLower(strings.TrimSpace(text)) {
	case "", "false", "0", "no":
		return false, true
	case "true", "1", "yes":
		return true, true
	}
	return false, false
}
