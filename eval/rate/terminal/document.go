package terminal

import (
	"html/template"
	"strconv"
	"strings"

	"github.com/charmbracelet/x/ansi"
	"golang.org/x/net/html"
	"golang.org/x/net/html/atom"

	"modeltrial/eval/rate"
)

// document lays out an answer as the site shows it, in lines of at most width cells.
// It takes the site's own page and not the answer's Markdown, so that both show the
// same text with the same names hidden. Whatever the text is, the only control
// sequences in the lines are the few styles of this package.
func document(page template.HTML, width int) []string {
	body := &html.Node{Type: html.ElementNode, Data: "body", DataAtom: atom.Body}
	nodes, err := html.ParseFragment(strings.NewReader(string(page)), body)
	if err != nil { // nested more deeply than the parser follows
		return wrap(flat(page), width)
	}
	for _, node := range nodes {
		body.AppendChild(node)
	}
	return blocks(body, max(width, 1), true)
}

// flat is the text of a page without its structure.
func flat(page template.HTML) string {
	var b strings.Builder
	tokenizer := html.NewTokenizer(strings.NewReader(string(page)))
	for tokenizer.Next() != html.ErrorToken {
		token := tokenizer.Token()
		if token.Type == html.TextToken {
			b.WriteString(plain(token.Data))
			continue
		}
		if isBlock(&html.Node{Type: html.ElementNode, DataAtom: token.DataAtom}) {
			b.WriteByte('\n')
		}
	}
	return strings.TrimSpace(b.String())
}

// deepest is the width under which quotes and lists are not indented further.
const deepest = 12

// plain makes a text safe for a terminal; tabs become spaces, which have a width.
func plain(text string) string { return spaces.Replace(rate.Clean(text)) }

var spaces = strings.NewReplacer("\t", "    ", "\u2028", "\n", "\u2029", "\n")

// isBlock says whether an element stands on lines of its own.
func isBlock(node *html.Node) bool {
	switch node.DataAtom {
	case atom.P, atom.Hr, atom.H1, atom.H2, atom.H3, atom.H4, atom.H5, atom.H6, atom.Ul, atom.Ol, atom.Li,
		atom.Blockquote, atom.Pre, atom.Table, atom.Div, atom.Section, atom.Details, atom.Summary:
		return node.Type == html.ElementNode
	}
	return false
}

// blocks lays out what an element holds: its blocks one below the other, loose ones
// with an empty line between them, and what stands between blocks as paragraphs.
func blocks(parent *html.Node, width int, loose bool) []string {
	var lines []string
	add := func(more []string) {
		if len(more) == 0 {
			return
		}
		if loose && len(lines) > 0 {
			lines = append(lines, "")
		}
		lines = append(lines, more...)
	}
	var text strings.Builder
	flush := func() {
		if line := strings.TrimSpace(text.String()); line != "" {
			add(wrap(line, width))
		}
		text.Reset()
	}
	for node := range parent.ChildNodes() {
		if !isBlock(node) {
			inline(&text, node, false)
			continue
		}
		flush()
		add(block(node, width))
	}
	flush()
	return lines
}

func block(node *html.Node, width int) []string {
	switch node.DataAtom {
	case atom.Hr:
		return []string{strings.Repeat("─", width)}
	case atom.H1, atom.H2, atom.H3, atom.H4, atom.H5, atom.H6:
		return wrap(bold(strings.TrimSpace(inner(node, false))), width)
	case atom.Pre:
		return preformatted(node, width)
	case atom.Blockquote:
		if width < deepest {
			return blocks(node, width, true)
		}
		return prefixed(blocks(node, width-2, true), "│ ", "│ ")
	case atom.Ul, atom.Ol:
		return list(node, width)
	case atom.Table:
		return table(node, width)
	}
	return blocks(node, width, false)
}

// preformatted keeps the lines of code; one that is too long goes on in the next line,
// since nothing may be out of sight on one side only.
func preformatted(node *html.Node, width int) []string {
	mark := "▏ "
	if width < deepest {
		mark = ""
	}
	text := strings.Trim(inner(node, true), "\n")
	var lines []string
	for line := range strings.SplitSeq(text, "\n") {
		lines = append(lines, strings.Split(ansi.Hardwrap(line, width-ansi.StringWidth(mark), true), "\n")...)
	}
	for len(lines) > 1 && ansi.Strip(lines[len(lines)-1]) == "" {
		last := len(lines) - 1 // the style of the code ends behind its last line break
		lines[last-1] += lines[last]
		lines = lines[:last]
	}
	return prefixed(closed(lines), mark, mark)
}

func list(node *html.Node, width int) []string {
	number := 1
	for _, attribute := range node.Attr {
		if start, err := strconv.Atoi(attribute.Val); attribute.Key == "start" && err == nil {
			number = start
		}
	}
	var lines []string
	for item := range node.ChildNodes() {
		if item.DataAtom != atom.Li {
			continue
		}
		mark := "• "
		if node.DataAtom == atom.Ol {
			mark = strconv.Itoa(number) + ". "
			number++
		}
		if width < deepest+len(mark) {
			mark = ""
		}
		indent := strings.Repeat(" ", len([]rune(mark)))
		content := blocks(item, max(width-len(indent), 1), false)
		if len(content) == 0 {
			content = []string{""}
		}
		lines = append(lines, prefixed(content, mark, indent)...)
	}
	return lines
}

// prefixed puts a mark before the first line and another before the rest.
func prefixed(lines []string, first, rest string) []string {
	marked := make([]string, len(lines))
	for i, line := range lines {
		mark := rest
		if i == 0 {
			mark = first
		}
		marked[i] = mark + line
	}
	return marked
}

// inner is the text of an element with its styles.
func inner(node *html.Node, verbatim bool) string {
	var b strings.Builder
	for child := range node.ChildNodes() {
		inline(&b, child, verbatim)
	}
	return b.String()
}

// inline writes a node's text with its styles. Unless it is verbatim, white space is
// what it is in HTML: one space.
func inline(b *strings.Builder, node *html.Node, verbatim bool) {
	switch {
	case node.Type == html.TextNode:
		// What an entity stood for is a character only now: "&#27;" is one of control.
		text := plain(node.Data)
		if !verbatim {
			text = collapse(text)
		}
		b.WriteString(text)
		return
	case node.DataAtom == atom.Br:
		b.WriteByte('\n')
		return
	}
	on, off := styleOf(node.DataAtom)
	b.WriteString(on)
	for child := range node.ChildNodes() {
		inline(b, child, verbatim)
	}
	b.WriteString(off)
}

// collapse makes one space of each run of white space.
func collapse(text string) string {
	var b strings.Builder
	blank := false
	for _, r := range text {
		if r == ' ' || r == '\n' {
			if !blank {
				b.WriteByte(' ')
			}
			blank = true
			continue
		}
		blank = false
		b.WriteRune(r)
	}
	return b.String()
}
