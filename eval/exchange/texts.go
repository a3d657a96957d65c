package exchange

import "strings"

// texts gives equal names one string. As a field of its row each would keep the row's
// text in memory, an answer's too.
type texts map[string]string

func (t texts) of(name string) string {
	known, ok := t[name]
	if !ok {
		known = strings.Clone(name)
		t[known] = known
	}
	return known
}
