package report

import (
	"fmt"
	"math"
	"strings"

	"modeltrial/eval"
)

// A rowFigure has one row for each thing that is compared: its name, its estimates as
// marks with their intervals, and words at the right.
type rowFigure struct {
	label string // what the figure says, for who cannot see it
	scale scale
	rows  []dotRow
}

// A scale is a figure's axis.
type scale struct {
	from, to float64
	ticks    []float64
	text     func(float64) string // of a tick
	lines    []reference
	caption  string
}

// A reference is a line to read estimates against, such as "no difference".
type reference struct {
	at     float64
	text   string
	class  string // even or margin
	before bool   // its text stands left of it
}

// A dotRow is a row: what is compared, in words what was found, and its marks.
type dotRow struct {
	name, note, noteClass, under string
	dots                         []dot
}

// A dot is an estimate with the interval of one look, thick, and the one that holds
// at every look, thin; either may be missing.
type dot struct {
	at           float64
	fixed, valid *eval.Interval
	series       int
}

// ofControl is the series of the control, which is grey.
const ofControl = -1

// both draws the figure for wide and for narrow screens.
func (f rowFigure) both() []drawing {
	if len(f.rows) == 0 {
		return nil
	}
	return []drawing{f.draw(false), f.draw(true)}
}

func (f rowFigure) draw(narrow bool) drawing {
	d := drawing{Width: 720, Class: "wide", Label: f.label}
	left, right, rowHeight, top := 190.0, 480.0, 34.0, 6.0
	if narrow {
		d.Width, d.Class = 340, "narrow"
		left, right, rowHeight = 6, 334, 62
	}
	if len(f.scale.lines) > 0 {
		top += 20
	}
	for _, row := range f.rows {
		if !narrow && row.under != "" {
			rowHeight = 40
		}
	}
	x := func(value float64) float64 {
		return left + min(max((value-f.scale.from)/(f.scale.to-f.scale.from), 0), 1)*(right-left)
	}
	bottom := top + rowHeight*float64(len(f.rows))
	d.Height = bottom + 22
	for _, tick := range f.scale.ticks {
		d.line(x(tick), top, x(tick), bottom, "grid")
		anchor := "middle"
		if narrow && tick == f.scale.from {
			anchor = "start"
		} else if narrow && tick == f.scale.to {
			anchor = "end"
		}
		d.text(x(tick), bottom+16, anchor, "soft", f.scale.text(tick))
	}
	for _, line := range f.scale.lines {
		d.line(x(line.at), top-4, x(line.at), bottom, line.class)
		shift, anchor := 4.0, "start"
		if line.before {
			shift, anchor = -4, "end"
		}
		d.text(x(line.at)+shift, top-8, anchor, "soft", line.text)
	}
	if f.scale.caption != "" {
		d.Height += 18
		d.text((left+right)/2, bottom+34, "middle", "soft", f.scale.caption)
	}
	for i, row := range f.rows {
		y := top + rowHeight*(float64(i)+0.5)
		if narrow {
			y += 20
			d.text(0, y-32, "start", "label", shorten(row.name, 38-len([]rune(row.note))))
			d.text(d.Width, y-32, "end", row.noteClass, row.note)
			d.text(0, y-17, "start", "soft", shorten(row.under, 54))
		} else {
			d.label(y+5, row.name)
			noteAt := y + 5
			if row.under != "" {
				noteAt = y - 2
			}
			d.text(right+16, noteAt, "start", row.noteClass, shorten(row.note, 34))
			d.text(right+16, y+14, "start", "soft", shorten(row.under, 36))
		}
		for j, dot := range row.dots {
			const apart = 11
			d.estimate(x, y+apart*(float64(j)-float64(len(row.dots)-1)/2), dot)
		}
	}
	return d
}

// label writes a row's name in one line, or in two where it is long.
func (d *drawing) label(y float64, name string) {
	const fits, apart = 26, 15
	parts := broken(line(name), fits, "")
	if len(parts) == 1 {
		d.text(0, y, "start", "label", parts[0])
		return
	}
	d.text(0, y-apart/2, "start", "label", parts[0])
	d.text(0, y+apart/2, "start", "label", shorten(strings.Join(parts[1:], " "), fits))
}

// estimate draws a dot with its intervals.
func (d *drawing) estimate(x func(float64) float64, y float64, of dot) {
	if !finite(x(of.at)) {
		return
	}
	class := seriesClass(of.series)
	if v := of.valid; v != nil {
		d.line(x(v.Low), y, x(v.High), y, "thin "+class)
		d.line(x(v.Low), y-5, x(v.Low), y+5, "thin "+class)
		d.line(x(v.High), y-5, x(v.High), y+5, "thin "+class)
	}
	if of.fixed != nil {
		d.line(x(of.fixed.Low), y, x(of.fixed.High), y, "thick "+class)
	}
	d.mark(x(of.at), y, of.series)
}

// shares is the scale of shares, which begins at 0 and ends at 100%.
func shares(caption string, lines ...reference) scale {
	return scale{
		to: 1, ticks: []float64{0, 0.25, 0.5, 0.75, 1}, text: func(tick float64) string { return Rate(tick, 0) },
		lines: lines, caption: caption,
	}
}

// noDifference is where neither answer is preferred.
var noDifference = reference{at: 0.5, text: "no difference", class: "even"}

// differences is a scale to both sides of 0, in points, that holds the values.
func differences(caption string, values []float64, lines ...reference) scale {
	const leastPoints, mostPoints = 0.1, 1.0
	reach := leastPoints
	for _, value := range values {
		if finite(value) {
			reach = max(reach, math.Abs(value))
		}
	}
	reach = min(math.Ceil(reach*10)/10, mostPoints)
	return scale{
		from: -reach, to: reach, ticks: []float64{-reach, -reach / 2, reach / 2, reach},
		text:  signedPoints,
		lines: append([]reference{{at: 0, text: "none", class: "even"}}, lines...), caption: caption,
	}
}

// amounts is a scale from 0 to a round number above the largest value.
func amounts(caption string, most float64, text func(float64) string) scale {
	top := roundUp(most)
	return scale{to: top, ticks: []float64{0, top / 2, top}, text: text, caption: caption}
}

// roundUp is the next number with one digit whose half has one, too; 1 of nothing.
func roundUp(x float64) float64 {
	if !finite(x) || x <= 0 {
		return 1
	}
	unit := math.Pow(10, math.Floor(math.Log10(x)))
	digit := math.Ceil(x/unit - 1e-9)
	if digit > 1 && math.Mod(digit, 2) != 0 {
		digit++
	}
	return digit * unit
}

// signedRange is "+2 [−3, +7] points".
func signedRange(i *eval.Interval) string {
	if i == nil {
		return unknown
	}
	return fmt.Sprintf("%s [%s, %s] points", signedPoints(i.Estimate), signedPoints(i.Low), signedPoints(i.High))
}
