package rate

import (
	"bytes"
	"html"
	"html/template"
	"regexp"
	"slices"
	"strings"
	"sync"
	"unicode"

	"github.com/microcosm-cc/bluemonday"
	"github.com/yuin/goldmark"
	"github.com/yuin/goldmark/ast"
	"github.com/yuin/goldmark/extension"
	extensionast "github.com/yuin/goldmark/extension/ast"
	"github.com/yuin/goldmark/parser"
	"github.com/yuin/goldmark/renderer"
	goldmarktext "github.com/yuin/goldmark/text"
	"github.com/yuin/goldmark/util"
)

// A text beyond these bounds is shown as it is and not as Markdown.
const (
	// maxMarkdown is in bytes. The converter takes quadratic time for some hostile
	// texts, such as one of nothing but ">": about a second at this length.
	maxMarkdown = 32 << 10
	// maxCells is how many cells the tables of a text may have. The length does not
	// bound them: each short row is filled up to the width of its header.
	maxCells = 200_000
)

// escapeSequence is a terminal's control sequence, removed whole so that its
// letters do not stay behind.
var escapeSequence = regexp.MustCompile(`\x1b(?:\[[0-?]*[ -/]*[@-~]|\][^\x07\x1b]*(?:\x07|\x1b\\)?|[@-Z\\^_])`)

// clean takes out of a text what is no text: invalid UTF-8, control characters,
// terminal sequences, and what nobody sees, such as the marks that turn the
// direction of writing around or break a word up.
func clean(text string) string {
	text = strings.ToValidUTF8(text, "\uFFFD")
	text = strings.ReplaceAll(text, "\r\n", "\n")
	text = escapeSequence.ReplaceAllString(text, "")
	return strings.Map(func(r rune) rune {
		switch {
		case r == '\n' || r == '\t':
			return r
		case r == '\r':
			return '\n'
		case r == 0x200C || r == 0x200D || unicode.Is(unicode.Prepended_Concatenation_Mark, r):
			return r // joins or parts letters and pictures, or is seen
		case unicode.In(r, unicode.Cc, unicode.Cf):
			return -1
		}
		return r
	}, text)
}

var converter = goldmark.New(
	goldmark.WithExtensions(
		extension.NewTable(extension.WithTableCellAlignMethod(extension.TableCellAlignAttribute)),
		extension.Strikethrough,
		extension.TaskList,
	),
	// Before the backslash's escapes and whatever else stands for something in a formula.
	goldmark.WithParserOptions(parser.WithInlineParsers(util.Prioritized(mathParser{}, 1))),
	goldmark.WithRendererOptions(renderer.WithNodeRenderers(util.Prioritized(plainRenderer{}, 1))),
)

// policy lets through what the converter makes and nothing else: no links, no
// images, no styles, no identifiers, no classes but those of code and formulas.
var policy = sync.OnceValue(func() *bluemonday.Policy {
	p := bluemonday.NewPolicy()
	p.AllowElements("p", "br", "hr", "h3", "h4", "h5", "h6", "ul", "ol", "li", "blockquote", "pre", "code",
		"em", "strong", "del", "table", "thead", "tbody", "tr", "th", "td", "span")
	p.AllowAttrs("class").Matching(regexp.MustCompile(`^(?:[cfkms]|math|math display)$`)).OnElements("span")
	p.AllowAttrs("start").Matching(bluemonday.Integer).OnElements("ol")
	p.AllowAttrs("align").Matching(regexp.MustCompile(`^(?:left|center|right)$`)).OnElements("th", "td")
	return p
})

// markdown renders an answer, with its code highlighted where that does not take long.
func markdown(text string) template.HTML {
	page, _ := rendered(text, true)
	return page
}

// rendered renders an answer. Links and images become text, so that nothing is loaded
// from elsewhere and nothing can be followed; HTML is shown, not obeyed. It is not ok
// where the code should be highlighted and that took too long.
func rendered(text string, highlight bool) (html template.HTML, ok bool) {
	if strings.TrimSpace(text) == "" {
		return `<p class="empty">(empty answer)</p>`, true
	}
	if tooLarge(text) {
		return verbatim(text), true
	}
	source := []byte(text)
	document := converter.Parser().Parse(goldmarktext.NewReader(source))
	ok = !highlight || highlightAll(document, source)
	var page bytes.Buffer
	if converter.Renderer().Render(&page, source, document) != nil {
		return verbatim(text), ok
	}
	return template.HTML(policy().SanitizeBytes(page.Bytes())), ok
}

// tooLarge says whether a text would take too long as Markdown, or become too much.
func tooLarge(text string) bool { return len(text) > maxMarkdown || tooWide(text) }

// tooWide says whether the lines of a text, as rows of its widest table, would
// make more than maxCells cells.
func tooWide(text string) bool {
	lines, widest := 0, 0
	for line := range strings.Lines(text) {
		lines++
		widest = max(widest, strings.Count(line, "|"))
	}
	return widest*lines > maxCells
}

// verbatim shows a text as it is, line by line.
func verbatim(text string) template.HTML {
	return template.HTML(`<pre class="plain">` + html.EscapeString(text) + `</pre>`)
}

// answerTexts renders both answers in the same way: as they are if one of them is too
// long for Markdown, and without colours if the code of one takes too long, so that
// neither stands out by that.
func answerTexts(texts []string) []template.HTML {
	pages := make([]template.HTML, len(texts))
	if slices.ContainsFunc(texts, tooLarge) {
		for i, text := range texts {
			pages[i] = verbatim(text)
		}
		return pages
	}
	for _, highlight := range []bool{true, false} {
		inTime := true
		for i, text := range texts {
			var ok bool
			pages[i], ok = rendered(text, highlight)
			inTime = inTime && ok
		}
		if inTime {
			break
		}
	}
	return pages
}

// plainRenderer renders the nodes that goldmark would turn into links, images,
// form elements or raw HTML as text, and headings below those of the page.
type plainRenderer struct{}

// RegisterFuncs implements renderer.NodeRenderer.
func (plainRenderer) RegisterFuncs(r renderer.NodeRendererFuncRegisterer) {
	r.Register(ast.KindLink, link)
	r.Register(ast.KindImage, image)
	r.Register(ast.KindAutoLink, autoLink)
	r.Register(ast.KindRawHTML, rawHTML)
	r.Register(ast.KindHTMLBlock, htmlBlock)
	r.Register(ast.KindHeading, heading)
	r.Register(extensionast.KindTaskCheckBox, checkBox)
	r.Register(ast.KindFencedCodeBlock, codeBlock)
	r.Register(kindMath, mathematics)
}

func write(w util.BufWriter, text string) (ast.WalkStatus, error) {
	_, err := w.WriteString(text)
	return ast.WalkContinue, err
}

// link shows a link's text and, unless that is the same, where it leads.
func link(w util.BufWriter, source []byte, node ast.Node, entering bool) (ast.WalkStatus, error) {
	destination := string(node.(*ast.Link).Destination)
	if entering || destination == "" || strings.HasPrefix(destination, "#") || plainText(node, source) == destination {
		return ast.WalkContinue, nil
	}
	return write(w, " ("+html.EscapeString(destination)+")")
}

func image(w util.BufWriter, source []byte, node ast.Node, entering bool) (ast.WalkStatus, error) {
	if !entering {
		return ast.WalkContinue, nil
	}
	label := "[image"
	if text := plainText(node, source); text != "" {
		label += ": " + text
	}
	_, err := w.WriteString(html.EscapeString(label + "]"))
	return ast.WalkSkipChildren, err
}

func plainText(node ast.Node, source []byte) string {
	var b strings.Builder
	for child := node.FirstChild(); child != nil; child = child.NextSibling() {
		if text, ok := child.(*ast.Text); ok {
			b.Write(text.Segment.Value(source))
			continue
		}
		b.WriteString(plainText(child, source))
	}
	return b.String()
}

func autoLink(w util.BufWriter, source []byte, node ast.Node, entering bool) (ast.WalkStatus, error) {
	if !entering {
		return ast.WalkContinue, nil
	}
	return write(w, html.EscapeString(string(node.(*ast.AutoLink).Label(source))))
}

// lineBreak is the one tag that is obeyed: tables have no other way to break.
var lineBreak = regexp.MustCompile(`(?i)^<br\s*/?>$`)

func rawHTML(w util.BufWriter, source []byte, node ast.Node, entering bool) (ast.WalkStatus, error) {
	if !entering {
		return ast.WalkContinue, nil
	}
	var b strings.Builder
	segments := node.(*ast.RawHTML).Segments
	for i := range segments.Len() {
		segment := segments.At(i)
		b.Write(segment.Value(source))
	}
	if lineBreak.MatchString(b.String()) {
		return write(w, "<br>")
	}
	return write(w, html.EscapeString(b.String()))
}

func htmlBlock(w util.BufWriter, source []byte, node ast.Node, entering bool) (ast.WalkStatus, error) {
	if !entering {
		return ast.WalkContinue, nil
	}
	block := node.(*ast.HTMLBlock)
	var b strings.Builder
	b.Write(block.Lines().Value(source))
	if block.HasClosure() {
		b.Write(block.ClosureLine.Value(source))
	}
	lines := html.EscapeString(strings.TrimRight(b.String(), "\n"))
	return write(w, "<p>"+strings.ReplaceAll(lines, "\n", "<br>")+"</p>\n")
}

func heading(w util.BufWriter, _ []byte, node ast.Node, entering bool) (ast.WalkStatus, error) {
	tag := "h" + string(rune('0'+min(node.(*ast.Heading).Level+2, 6))) + ">"
	if entering {
		return write(w, "<"+tag)
	}
	return write(w, "</"+tag+"\n")
}

func checkBox(w util.BufWriter, _ []byte, node ast.Node, entering bool) (ast.WalkStatus, error) {
	if !entering {
		return ast.WalkContinue, nil
	}
	if node.(*extensionast.TaskCheckBox).IsChecked {
		return write(w, "☑ ")
	}
	return write(w, "☐ ")
}
