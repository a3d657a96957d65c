package rate

import (
	"bytes"
	"html"
	"html/template"
	"strings"

	"github.com/yuin/goldmark/ast"
	"github.com/yuin/goldmark/parser"
	"github.com/yuin/goldmark/text"
	"github.com/yuin/goldmark/util"
)

// A mathNode is a formula in TeX with its delimiters, which Markdown leaves as it is. The
// page's script sets it; without scripts its source can be read.
type mathNode struct {
	ast.BaseInline
	source  text.Segment
	display bool // on lines of its own
}

var kindMath = ast.NewNodeKind("Math")

// Kind implements ast.Node.
func (*mathNode) Kind() ast.NodeKind { return kindMath }

// Dump implements ast.Node.
func (n *mathNode) Dump(source []byte, level int) { ast.DumpHelper(n, source, level, nil, nil) }

// mathDelimiters begin and end formulas; "$$" stands before "$".
var mathDelimiters = []struct {
	open, end string
	display   bool
}{
	{`\(`, `\)`, false},
	{`\[`, `\]`, true},
	{`$$`, `$$`, true},
	{`$`, `$`, false},
}

// mathParser finds formulas in paragraphs. A single dollar counts by Pandoc's rule, so
// that prices are none: no space after the first, none before the last, no digit after it
// (tex_math_dollars in Pandoc's manual). Nor is there a brace after the first or a letter
// after the last, so that variables of shells and templates are none.
type mathParser struct{}

// Trigger implements parser.InlineParser.
func (mathParser) Trigger() []byte { return []byte{'\\', '$'} }

// Parse implements parser.InlineParser.
func (mathParser) Parse(_ ast.Node, block text.Reader, _ parser.Context) ast.Node {
	line, start := block.PeekLine()
	for _, d := range mathDelimiters {
		if !bytes.HasPrefix(line, []byte(d.open)) {
			continue
		}
		single := d.open == "$"
		if single && !beginsMath(line[1:]) {
			return nil
		}
		atLine, at := block.Position()
		block.Advance(len(d.open))
		for {
			rest, segment := block.PeekLine()
			if rest == nil {
				block.SetPosition(atLine, at)
				return nil
			}
			end := mathEnd(rest, d.end, single)
			if end < 0 && single { // a price is not far from the next one
				block.SetPosition(atLine, at)
				return nil
			}
			if end < 0 {
				block.AdvanceLine()
				continue
			}
			block.Advance(end + len(d.end))
			return &mathNode{source: text.NewSegment(start.Start, segment.Start+end+len(d.end)), display: d.display}
		}
	}
	return nil
}

// beginsMath says whether what follows a single dollar may be a formula.
func beginsMath(rest []byte) bool {
	return len(rest) > 0 && !util.IsSpace(rest[0]) && rest[0] != '{'
}

// mathEnd is where a formula ends in a line; -1 where it does not.
func mathEnd(line []byte, end string, single bool) int {
	if !single {
		return bytes.Index(line, []byte(end))
	}
	for i := 1; i < len(line); i++ {
		if line[i] != '$' || line[i-1] == '\\' {
			continue
		}
		if util.IsSpace(line[i-1]) || (i+1 < len(line) && util.IsAlphaNumeric(line[i+1])) {
			return -1
		}
		return i
	}
	return -1
}

func mathematics(w util.BufWriter, source []byte, node ast.Node, entering bool) (ast.WalkStatus, error) {
	if !entering {
		return ast.WalkContinue, nil
	}
	n := node.(*mathNode)
	class := "math"
	if n.display {
		class = "math display"
	}
	return write(w, `<span class="`+class+`">`+html.EscapeString(string(n.source.Value(source)))+`</span>`)
}

// formulas shows a task's text as it is, with its formulas marked to be set.
func formulas(text string) template.HTML {
	var b strings.Builder
	from := 0
	for at := 0; at < len(text); {
		end, display := formulaAt(text, at)
		if end == 0 {
			at++
			continue
		}
		b.WriteString(html.EscapeString(text[from:at]))
		class := "math"
		if display {
			class += " display"
		}
		b.WriteString(`<span class="` + class + `">` + html.EscapeString(text[at:end]) + `</span>`)
		from, at = end, end
	}
	return template.HTML(b.String() + html.EscapeString(text[from:]))
}

// formulaAt is the end of the formula that begins at a place; 0 where none does.
func formulaAt(text string, at int) (end int, display bool) {
	if (text[at] != '$' && text[at] != '\\') || (at > 0 && text[at-1] == '\\') {
		return 0, false
	}
	for _, d := range mathDelimiters {
		rest, found := strings.CutPrefix(text[at:], d.open)
		if !found {
			continue
		}
		// Not over an empty line, as in an answer.
		rest, _, _ = strings.Cut(rest, "\n\n")
		single := d.open == "$"
		if single {
			rest, _, _ = strings.Cut(rest, "\n")
		}
		if single && !beginsMath([]byte(rest)) {
			return 0, false
		}
		if length := mathEnd([]byte(rest), d.end, single); length > 0 {
			return at + len(d.open) + length + len(d.end), d.display
		}
		return 0, false
	}
	return 0, false
}
