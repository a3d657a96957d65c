package report

import "fmt"

// A drawing is a figure as plain shapes; the page's template writes them as
// inline SVG, so that every text in them is escaped like any other.
type drawing struct {
	Width, Height float64
	Class         string // wide, narrow or empty: on which screens it is shown
	Label         string // what the figure says, for who cannot see it
	Shapes        []shape
}

// A shape is a line, a rect, a mark or a text. Class chooses its colours in the
// style sheet, which knows light, dark and print.
type shape struct {
	Kind           string
	X, Y, X2, Y2   float64
	Class          string
	Text, Anchor   string
	MarkPoints     string
	Title          string
	Width2, Height float64
}

func (d *drawing) line(x, y, x2, y2 float64, class string) {
	d.Shapes = append(d.Shapes, shape{Kind: "line", X: x, Y: y, X2: x2, Y2: y2, Class: class})
}

func (d *drawing) rect(x, y, width, height float64, class, title string) {
	d.Shapes = append(d.Shapes, shape{Kind: "rect", X: x, Y: y, Width2: max(width, 0), Height: height, Class: class, Title: title})
}

// text is anchored at its start, middle or end.
func (d *drawing) text(x, y float64, anchor, class, text string) {
	d.Shapes = append(d.Shapes, shape{Kind: "text", X: x, Y: y, Anchor: anchor, Class: class, Text: line(text)})
}

// mark is an estimate: each series has its own form as well as its colour.
func (d *drawing) mark(x, y float64, series int) {
	const r = 5.5
	class := seriesClass(series)
	switch series % len(candidateColours) {
	case 1:
		d.rect(x-r+0.5, y-r+0.5, 2*r-1, 2*r-1, class, "")
	case 2:
		d.Shapes = append(d.Shapes, shape{Kind: "polygon", Class: class, MarkPoints: fmt.Sprintf("%.1f,%.1f %.1f,%.1f %.1f,%.1f", x, y-r-1, x+r+1, y+r, x-r-1, y+r)})
	case 3:
		d.Shapes = append(d.Shapes, shape{Kind: "polygon", Class: class, MarkPoints: fmt.Sprintf("%.1f,%.1f %.1f,%.1f %.1f,%.1f %.1f,%.1f", x, y-r-2, x+r+2, y, x, y+r+2, x-r-2, y)})
	default:
		d.Shapes = append(d.Shapes, shape{Kind: "circle", X: x, Y: y, X2: r, Class: class})
	}
}

// seriesClass is the style class of a candidate, counted from 0.
func seriesClass(series int) string {
	return fmt.Sprintf("s%d", 1+series%len(candidateColours))
}

// within keeps a share on its axis.
func within(share float64) float64 { return min(max(share, 0), 1) }

// shorten keeps a label within about n characters.
func shorten(text string, n int) string {
	runes := []rune(line(text))
	if len(runes) <= n {
		return string(runes)
	}
	return string(runes[:n-1]) + "…"
}
