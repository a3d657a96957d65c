package report

import (
	"bytes"
	"cmp"
	"fmt"
	"io"
	"slices"
	"strconv"
	"strings"

	"github.com/charmbracelet/x/ansi"
)

// Style says what the terminal can show. The caller decides on Color, from
// NO_COLOR and whether the output is a terminal at all.
type Style struct {
	Color bool
	Width int // columns; 0 and more than 100 mean 100
	// Command is how the next command begins, with what chooses the workspace: it is
	// there to be copied. Empty means modeltrial.
	Command string
	// Part leaves out the command that comes next: the document is a part of a
	// longer output that goes on by itself.
	Part bool
}

// mostColumns is the width that no line exceeds.
const mostColumns = 100

func (s Style) width() int {
	if s.Width <= 0 || s.Width > mostColumns {
		return mostColumns
	}
	return max(s.Width, 40)
}

// command is a command line of this workspace.
func (s Style) command(arguments string) string {
	return cmp.Or(s.Command, "modeltrial") + " " + arguments
}

// A Tone is the emphasis of a cell. Nothing is told by it alone: it is dropped
// where the terminal has no colour.
type Tone int

// The tones.
const (
	Plain   Tone = iota
	Dim          // headers and what matters less
	Good         // a switch
	Warning      // what needs attention
)

var toneCodes = map[Tone]string{Dim: "2", Good: "32", Warning: "33"}

func (s Style) paint(text string, tone Tone) string {
	code, ok := toneCodes[tone]
	if !s.Color || !ok || text == "" {
		return text
	}
	return "\x1b[" + code + "m" + text + "\x1b[0m"
}

// A Column is a column of a [Table].
type Column struct {
	Name  string
	Right bool // numbers
	// Fixed columns are cut only where cutting all others is not enough.
	Fixed bool
	// Whole columns are never cut, even where a row then becomes too wide: their
	// text is there to be copied.
	Whole bool
}

// A Cell is a cell of a [Table]. Its text may be hostile.
type Cell struct {
	Text string
	Tone Tone
}

// Cells makes plain cells of texts.
func Cells(texts ...string) []Cell {
	cells := make([]Cell, len(texts))
	for i, text := range texts {
		cells[i].Text = text
	}
	return cells
}

// columnGap is the space between two columns.
const columnGap = 2

// Table writes a table: words to the left, numbers to the right, a dim header,
// two spaces between columns. It measures by display width, cuts the widest
// columns with an ellipsis until a row fits, and never wraps but for a column that
// must stay whole.
func Table(w io.Writer, style Style, columns []Column, rows [][]Cell) error {
	widths := make([]int, len(columns))
	header := make([]Cell, len(columns))
	clean := make([][]Cell, 0, len(rows)+1)
	for i, column := range columns {
		header[i] = Cell{column.Name, Dim}
	}
	for _, row := range append([][]Cell{header}, rows...) {
		cells := make([]Cell, len(columns))
		for i := range min(len(row), len(columns)) {
			cells[i] = Cell{inline(row[i].Text), row[i].Tone}
			widths[i] = max(widths[i], ansi.StringWidth(cells[i].Text))
		}
		clean = append(clean, cells)
	}
	fit(columns, widths, style.width()-columnGap*(len(columns)-1))
	room, end := style.width(), -columnGap
	for i, width := range widths {
		if end += columnGap + width; columns[i].Whole {
			room = max(room, end)
		}
	}
	var out bytes.Buffer
	for _, row := range clean {
		var b strings.Builder
		for i, cell := range row {
			text := ansi.Truncate(cell.Text, widths[i], "…")
			pad := strings.Repeat(" ", widths[i]-ansi.StringWidth(text))
			if i > 0 {
				b.WriteString("  ")
			}
			if columns[i].Right {
				b.WriteString(pad + style.paint(text, cell.Tone))
				continue
			}
			b.WriteString(style.paint(text, cell.Tone) + pad)
		}
		out.WriteString(ansi.Truncate(strings.TrimRight(b.String(), " "), room, "") + "\n")
	}
	_, err := w.Write(out.Bytes())
	return err
}

// tableWidth is how many columns of a terminal a table takes uncut.
func tableWidth(columns []Column, rows [][]Cell) int {
	total := columnGap * (len(columns) - 1)
	for i, column := range columns {
		width := ansi.StringWidth(column.Name)
		for _, row := range rows {
			width = max(width, ansi.StringWidth(inline(row[i].Text)))
		}
		total += width
	}
	return total
}

// inline is line, with runs of spaces kept: a figure aligns by them.
func inline(text string) string {
	return strings.TrimSpace(strings.NewReplacer("\n", " ", "\t", " ").Replace(lines(text)))
}

// fit narrows the widest columns until all fit into room.
func fit(columns []Column, widths []int, room int) {
	const least = 6
	for _, fixedToo := range []bool{false, true} {
		for {
			total, widest := 0, -1
			for i, width := range widths {
				total += width
				if width > least && !columns[i].Whole && (fixedToo || !columns[i].Fixed) && (widest < 0 || width > widths[widest]) {
					widest = i
				}
			}
			if total <= room {
				return
			}
			if widest < 0 {
				break
			}
			widths[widest]--
		}
	}
}

// A page collects what a terminal document says and remembers no error: writing
// to a buffer gives none.
type page struct {
	style Style
	out   bytes.Buffer
}

// say writes a paragraph, broken between words so that the terminal never wraps
// it; further lines are indented.
func (p *page) say(tone Tone, indent, text string) {
	for _, part := range broken(line(text), p.style.width(), indent) {
		fmt.Fprintln(&p.out, p.style.paint(part, tone))
	}
}

// broken breaks a text at spaces into lines of at most width columns; a word
// that is longer is cut.
func broken(text string, width int, indent string) []string {
	var out []string
	current := ""
	for word := range strings.SplitSeq(text, " ") {
		word = ansi.Truncate(word, width-len(indent), "…")
		switch {
		case current == "":
			current = word
		case ansi.StringWidth(current)+1+ansi.StringWidth(word) <= width:
			current += " " + word
		default:
			out = append(out, current)
			current = indent + word
		}
	}
	return append(out, current)
}

func (p *page) gap() { p.out.WriteString("\n") }

func (p *page) table(columns []Column, rows [][]Cell) {
	// A buffer takes everything.
	_ = Table(&p.out, p.style, columns, rows)
}

func (p *page) title(text string) {
	p.gap()
	p.say(Dim, "", text)
}

func (p *page) warnings(groups ...[]string) {
	seen := map[string]bool{}
	for _, group := range groups {
		for _, warning := range group {
			if !seen[warning] {
				seen[warning] = true
				p.say(Warning, "  ", "! "+warning)
			}
		}
	}
}

// next is the command that comes next, whole even where it is too long for the
// terminal: a part of it is of no use.
func (p *page) next(arguments, why string) {
	if p.style.Part {
		return
	}
	p.gap()
	text := "next: " + p.style.command(arguments)
	switch {
	case why == "":
	case ansi.StringWidth(text)+5+ansi.StringWidth(why) <= p.style.width():
		text += "     " + why
	default:
		text += "\n  " + why
	}
	fmt.Fprintln(&p.out, text)
}

func (p *page) flush(w io.Writer) error {
	_, err := w.Write(p.out.Bytes())
	return err
}

// footnotes are notes under a table, each once.
type footnotes []string

// of is the mark of a note.
func (f *footnotes) of(note string) string {
	at := slices.Index(*f, note)
	if at < 0 {
		at = len(*f)
		*f = append(*f, note)
	}
	return mark(at + 1)
}

func (p *page) footnotes(notes footnotes) {
	for i, note := range notes {
		p.say(Plain, "  ", mark(i+1)+" "+note)
	}
}

// mark is a footnote number in superscript.
func mark(n int) string {
	return strings.Map(func(r rune) rune { return []rune("⁰¹²³⁴⁵⁶⁷⁸⁹")[r-'0'] }, strconv.Itoa(n))
}
