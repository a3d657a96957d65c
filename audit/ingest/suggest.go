package ingest

import (
	"fmt"
	"strings"
)

// suggestRows is how many rows are looked at to suggest a column.
const suggestRows = 20

// suggest says what columns of an unknown name hold, and which of them looks most
// like the texts of tasks: the one with the longest text on average, of several
// words.
func suggest(header []string, read func() ([]string, int, error)) string {
	if read == nil {
		return ""
	}
	words, length := make([]int, len(header)), make([]int, len(header))
	examples := make([]string, len(header))
	rows := 0
	for range suggestRows {
		cells, _, err := read()
		if err != nil {
			if _, bad := asFault(err); bad {
				continue
			}
			break
		}
		rows++
		for i := range min(len(cells), len(header)) {
			text := strings.Join(strings.Fields(cells[i]), " ")
			if examples[i] == "" {
				examples[i] = text
			}
			words[i] += strings.Count(text, " ")
			length[i] += len(text)
		}
	}
	best := -1
	for i := range header {
		if words[i] >= rows && rows > 0 && header[i] != "" && (best < 0 || length[i] > length[best]) {
			best = i
		}
	}
	const most = 8
	var b strings.Builder
	for i, example := range examples[:min(len(examples), most)] {
		if example != "" {
			fmt.Fprintf(&b, "\n  %q holds %q", shorten(header[i]), shorten(example))
		}
	}
	if best >= 0 {
		fmt.Fprintf(&b, "\n  if the tasks are in %q: --map prompt=%q", header[best], header[best])
	}
	return b.String()
}
