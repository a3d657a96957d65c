package judge

import (
	"html"
	"regexp"
	"strings"

	"modeltrial/eval/blind"
)

// hideNames masks the names in answers to one task, as they were written. People see
// them rendered, where "gpt\-4o", "gpt&#45;4o" and "gpt-**4o**" are one name; so names
// are looked for with and without the marks of Markdown and HTML, and what is hidden
// from people is hidden from judges too.
func hideNames(masker *blind.Masker, task string, answers ...string) []string {
	whole := make([][]string, len(answers))
	for i, answer := range answers {
		whole[i] = []string{answer}
	}
	pages := make([][]part, len(answers))
	texts := make([][]string, len(answers))
	for i, masked := range masker.Mask(task, whole...) {
		pages[i] = split(masked[0])
		for _, part := range pages[i] {
			texts[i] = append(texts[i], part.text)
		}
	}
	hidden := make([]string, len(answers))
	for i, masked := range masker.Mask(task, texts...) {
		var b strings.Builder
		for k, part := range pages[i] {
			if masked[k] == part.text {
				b.WriteString(part.written)
				continue
			}
			b.WriteString(masked[k])
		}
		hidden[i] = b.String()
	}
	return hidden
}

// A part is a piece of an answer: what a reader sees of it, and how it is written.
type part struct{ text, written string }

// marks are what is not shown as it is written: emphasis, escapes, tags, comments and
// character references.
var marks = regexp.MustCompile("[*_~`\\\\]+|<!--.*?-->|</?[A-Za-z][^<>]*>|&#?[A-Za-z0-9]{1,31};")

// split takes an answer apart into plain text and marks.
func split(answer string) []part {
	var parts []part
	at := 0
	for _, place := range marks.FindAllStringIndex(answer, -1) {
		if place[0] > at {
			parts = append(parts, part{answer[at:place[0]], answer[at:place[0]]})
		}
		mark := answer[place[0]:place[1]]
		shown := ""
		if mark[0] == '&' {
			shown = html.UnescapeString(mark)
		}
		parts = append(parts, part{shown, mark})
		at = place[1]
	}
	return append(parts, part{answer[at:], answer[at:]})
}
