package audit

import (
	"strings"
	"unicode/utf8"
)

// Clusters are the tasks that belong together: by the log, or because their prompts
// are near-duplicates of each other.
type Clusters struct {
	Count   int       `json:"clusters"`       // of two tasks or more
	Tasks   int       `json:"tasks"`          // in them
	Found   int       `json:"clusters_found"` // of near-duplicates, the others are the log's
	Largest []Cluster `json:"largest"`
	// NotLookedAt counts the tasks that nobody has looked at for near-duplicates.
	NotLookedAt int `json:"tasks_not_looked_at"`
}

// A Cluster is one of them.
type Cluster struct {
	Name     string   `json:"cluster"`
	Found    bool     `json:"found"` // by their prompts; the log said nothing
	Tasks    int      `json:"tasks"`
	WithCost int      `json:"tasks_with_cost"`
	CostUSD  *float64 `json:"cost_usd"` // of those with a cost; null where none has
	Example  string   `json:"example"`  // the beginning of its first prompt
}

// Excerpt is the beginning of a text on one line, for a table.
func Excerpt(text string) string {
	const most = 160
	if len(text) > 4*most {
		text = strings.ToValidUTF8(text[:4*most], "")
	}
	text = strings.Join(strings.Fields(text), " ")
	if utf8.RuneCountInString(text) <= most {
		return text
	}
	return string([]rune(text)[:most-1]) + "…"
}
