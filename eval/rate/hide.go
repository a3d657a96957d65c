package rate

import (
	"html/template"
	"strings"

	"golang.org/x/net/html"
	"golang.org/x/net/html/atom"

	"modeltrial/eval/blind"
)

// hideNames masks the names in rendered answers to one task. It works on the text
// that is shown and not on what was written: "gpt\-4o", "gpt&#45;4o" and
// "gpt-**4o**" are all read as one name.
func hideNames(masker *blind.Masker, task string, answers []template.HTML) []template.HTML {
	pages := make([][]part, len(answers))
	texts := make([][]string, len(answers))
	for i, answer := range answers {
		pages[i] = split(answer)
		for _, part := range pages[i] {
			texts[i] = append(texts[i], part.text)
		}
	}
	hidden := make([]template.HTML, len(answers))
	for i, masked := range masker.Mask(task, texts...) {
		var b strings.Builder
		for k, part := range pages[i] {
			if part.tag != "" {
				b.WriteString(part.tag)
				continue
			}
			b.WriteString(html.EscapeString(masked[k]))
		}
		hidden[i] = template.HTML(b.String())
	}
	return hidden
}

// A part of a page is a tag or a text. The text of a tag is not shown: it says
// how the texts beside it are set apart.
type part struct{ tag, text string }

// split takes a page of the policy's elements apart.
func split(page template.HTML) []part {
	var parts []part
	tokenizer := html.NewTokenizer(strings.NewReader(string(page)))
	for tokenizer.Next() != html.ErrorToken {
		raw := string(tokenizer.Raw()) // the token's own text is unescaped in place
		token := tokenizer.Token()
		if token.Type == html.TextToken {
			parts = append(parts, part{text: token.Data})
			continue
		}
		parts = append(parts, part{tag: raw, text: between(token.DataAtom)})
	}
	return parts
}

// between is what stands between the texts on both sides of a tag.
func between(element atom.Atom) string {
	switch element {
	case atom.Em, atom.Strong, atom.Del, atom.Code, atom.Span:
		return ""
	case atom.Br, atom.Li, atom.Tr, atom.Th, atom.Td:
		return "\n"
	}
	return "\n\n"
}
