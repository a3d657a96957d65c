package rate

import (
	"html"
	"strings"
	"sync"
	"time"

	"github.com/alecthomas/chroma/v2"
	"github.com/alecthomas/chroma/v2/lexers"
	"github.com/yuin/goldmark/ast"
	"github.com/yuin/goldmark/util"
)

// The lexers' time grows much faster than some hostile texts. So only languages whose
// lexers give a token after the other are taken, and where the code of one of two answers
// is not done after a while, that of both stays plain.
const (
	maxCode     = 8 << 10 // bytes of a block
	maxCodeTime = 150 * time.Millisecond
)

// codeLanguages are the lexers that are used, by the names that answers give them.
var codeLanguages = sync.OnceValue(func() map[string]chroma.Lexer {
	known := map[string]chroma.Lexer{}
	for _, name := range strings.Fields("go python javascript typescript html css json bash sql xml diff rust ruby java c c++ c# php kotlin yaml") {
		lexer := lexers.Get(name)
		for _, alias := range append(lexer.Config().Aliases, name) {
			known[strings.ToLower(alias)] = lexer
		}
	}
	return known
})

// highlightAttribute holds a block's highlighted code.
const highlightAttribute = "highlighted"

// highlightAll highlights the code blocks of a text, all of them together within
// maxCodeTime. It is not ok where that was not enough.
func highlightAll(document ast.Node, source []byte) (ok bool) {
	left := maxCodeTime
	_ = ast.Walk(document, func(node ast.Node, entering bool) (ast.WalkStatus, error) {
		if block, ok := node.(*ast.FencedCodeBlock); ok && entering {
			code := string(block.Lines().Value(source))
			if page, ok := highlighted(code, string(block.Language(source)), &left); ok {
				block.SetAttributeString(highlightAttribute, page)
			}
		}
		return ast.WalkContinue, nil
	}) // the walker returns no error
	return left > 0
}

// codeBlock renders a fenced block, highlighted where it is.
func codeBlock(w util.BufWriter, source []byte, node ast.Node, entering bool) (ast.WalkStatus, error) {
	if !entering {
		return ast.WalkContinue, nil
	}
	page := ""
	if made, ok := node.AttributeString(highlightAttribute); ok {
		page, _ = made.(string)
	} else {
		page = html.EscapeString(string(node.Lines().Value(source)))
	}
	return write(w, "<pre><code>"+page+"</code></pre>\n")
}

// highlighted is code as HTML, whose text is that of the code; not ok where the language
// is not known, or the code is too long or takes longer than what is left, from which its
// time is taken.
func highlighted(code, language string, left *time.Duration) (page string, ok bool) {
	lexer := codeLanguages()[strings.ToLower(language)]
	if lexer == nil || len(code) > maxCode || *left <= 0 {
		return "", false
	}
	// The first time a lexer is used it is made, which is not the code's fault.
	tokens, err := lexer.Tokenise(&chroma.TokeniseOptions{State: "root"}, code)
	if err != nil {
		return "", false
	}
	start, most := time.Now(), *left
	defer func() { *left = most - time.Since(start) }()
	var out, text strings.Builder
	last := ""
	to := func(class string) {
		if class == last {
			return
		}
		if last != "" {
			out.WriteString("</span>")
		}
		if class != "" {
			out.WriteString(`<span class="` + class + `">`)
		}
		last = class
	}
	for token := tokens(); token != chroma.EOF; token = tokens() {
		to(codeClass(token.Type))
		out.WriteString(html.EscapeString(token.Value))
		text.WriteString(token.Value)
		if time.Since(start) > most {
			return "", false
		}
	}
	to("")
	return out.String(), text.String() == code
}

// codeClass is the class of rate.css for a kind of token: few, so that each has a colour
// that can be told from the others and read.
func codeClass(kind chroma.TokenType) string {
	switch {
	case kind.InCategory(chroma.Comment):
		return "c"
	case kind.InCategory(chroma.Keyword), kind == chroma.NameTag:
		return "k"
	case kind.InSubCategory(chroma.LiteralString):
		return "s"
	case kind.InSubCategory(chroma.LiteralNumber):
		return "m"
	case kind == chroma.NameFunction, kind == chroma.NameClass, kind == chroma.NameAttribute, kind == chroma.NameDecorator:
		return "f"
	}
	return ""
}
