package terminal

import (
	"strings"

	"github.com/charmbracelet/x/ansi"
	"golang.org/x/net/html/atom"
)

// A style is a pair of control sequences that switch it on and off. Nothing is told by
// colour alone, and where the terminal has none, or NO_COLOR is set, the program's
// renderer leaves it out.
type style struct{ on, off string }

var (
	strong  = style{"\x1b[1m", "\x1b[22m"}
	faint   = style{"\x1b[2m", "\x1b[22m"}
	italic  = style{"\x1b[3m", "\x1b[23m"}
	reverse = style{"\x1b[7m", "\x1b[27m"}
	struck  = style{"\x1b[9m", "\x1b[29m"}
	code    = style{"\x1b[36m", "\x1b[39m"}
)

// styles are all there are: a line has no other control sequence.
var styles = []style{strong, faint, italic, reverse, struck, code}

func (s style) of(text string) string {
	if text == "" {
		return ""
	}
	return s.on + text + s.off
}

func bold(text string) string { return strong.of(text) }

// styleOf switches an element's style on and off.
func styleOf(element atom.Atom) (on, off string) {
	switch element {
	case atom.Strong, atom.B, atom.Th:
		return strong.on, strong.off
	case atom.Em, atom.I:
		return italic.on, italic.off
	case atom.Del:
		return struck.on, struck.off
	case atom.Code:
		return code.on, code.off
	}
	return "", ""
}

// wrap breaks a text with styles into lines of at most width cells, between words
// where it can.
func wrap(text string, width int) []string {
	width = max(width, 1)
	// Around hyphens Wrap makes lines that are a little too long (x/ansi v0.11.9).
	return closed(strings.Split(ansi.Hardwrap(ansi.Wrap(text, width, ""), width, true), "\n"))
}

// closed ends at the end of each line the styles that go on in the next, and begins
// them there again, so that lines may be put beside others.
func closed(lines []string) []string {
	open := make([]bool, len(styles))
	whole := make([]string, len(lines))
	for i, line := range lines {
		var b strings.Builder
		for k, s := range styles {
			if open[k] {
				b.WriteString(s.on)
			}
		}
		b.WriteString(line)
		for k, s := range styles {
			on, off := strings.LastIndex(line, s.on), strings.LastIndex(line, s.off)
			if on != off { // both are -1 where the line has neither
				open[k] = on > off
			}
			if open[k] {
				b.WriteString(s.off)
			}
		}
		whole[i] = b.String()
	}
	return whole
}

// padded fills a line with spaces up to width cells.
func padded(line string, width int) string {
	return line + strings.Repeat(" ", max(width-ansi.StringWidth(line), 0))
}
