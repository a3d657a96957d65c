package report

import (
	"encoding/xml"
	"fmt"
	"strings"

	"github.com/xuri/excelize/v2"
)

// The colours of Okabe and Ito, which the colour-blind can tell apart: the
// control is grey, candidates follow in the protocol's order.
const (
	colourControl = "767676"
	colourHollow  = "FFFFFF" // inside a mark without a filling
)

var candidateColours = []string{"0072B2", "D55E00", "009E73", "CC79A7"}

var candidateSymbols = []string{"circle", "square", "triangle", "diamond"}

// A chartSeries names its cells: name and values are references, for excelize
// reads every name as one.
type chartSeries struct {
	name, values, colour, symbol string
	// categories are a scatter chart's own values on the other axis.
	categories string
	// dashed lines are references and carry no marker.
	dashed bool
	// low and high are the distances to an interval's limits, drawn as error
	// bars.
	low, high string
	hollow    bool // of a scatter chart: a mark without a filling
}

// A barChart compares amounts; its axis starts at 0.
type barChart struct {
	title, format, categories string
	shares                    bool // the axis ends at 100%
	series                    []chartSeries
	width, height             uint
}

func (c barChart) chart() (*excelize.Chart, []chartSeries) {
	chart := frame(c.title, c.format, c.width, c.height, nil)
	if c.shares {
		whole := 1.0
		chart.YAxis.Maximum = &whole
	}
	chart.Type = excelize.Col
	gap := uint(60)
	chart.GapWidth = &gap
	for _, series := range c.series {
		chart.Series = append(chart.Series, excelize.ChartSeries{
			Name: series.name, Categories: c.categories, Values: series.values,
			Fill: solid(series.colour),
		})
	}
	return chart, c.series
}

// A dotChart shows estimates as marks, with error bars where they have an
// interval, on an axis from 0 to 100%.
type dotChart struct {
	title, categories string
	series            []chartSeries
	joined            bool    // marks of a series are joined by a line
	reach             float64 // of differences: how far the axis goes to both sides of 0
	width, height     uint
}

func (c dotChart) chart() (*excelize.Chart, []chartSeries) {
	top := 1.0
	chart := frame(c.title, `0%`, c.width, c.height, &top)
	chart.Type = excelize.Line
	if c.reach > 0 {
		low := -c.reach
		chart.YAxis.Minimum, chart.YAxis.Maximum = &low, &c.reach
		chart.YAxis.NumFmt.CustomNumFmt = formats[formatSigned]
		chart.XAxis.TickLabelPosition = excelize.ChartTickLabelLow
	}
	for _, series := range c.series {
		line := excelize.LineOptions{Type: excelize.LineNone}
		marker := excelize.ChartMarker{Symbol: series.symbol, Size: 9, Fill: solid(series.colour)}
		if c.joined {
			line = excelize.LineOptions{Type: excelize.LineSolid, Width: 1.75, Fill: solid(series.colour)}
		}
		if series.dashed {
			line = excelize.LineOptions{Type: excelize.LineSolid, Width: 1.25, Dash: excelize.LineDashDash, Fill: solid(series.colour)}
			marker = excelize.ChartMarker{Symbol: "none"}
		}
		chart.Series = append(chart.Series, excelize.ChartSeries{
			Name: series.name, Categories: c.categories, Values: series.values, Line: line, Marker: marker, Fill: solid(series.colour),
		})
	}
	return chart, c.series
}

// frame is what all charts share.
func frame(title, format string, width, height uint, top *float64) *excelize.Chart {
	zero := 0.0
	font := excelize.Font{Family: "Calibri", Size: 10, Color: "404040"}
	vary := false
	return &excelize.Chart{
		Title:        excelize.ChartTitle{Paragraph: []excelize.RichTextRun{{Text: title, Font: &excelize.Font{Family: "Calibri", Size: 12, Bold: true, Color: colourHeader}}}},
		Legend:       excelize.ChartLegend{Position: "bottom", Font: &font},
		Dimension:    excelize.ChartDimension{Width: width, Height: height},
		XAxis:        excelize.ChartAxis{Font: font},
		YAxis:        excelize.ChartAxis{Font: font, Minimum: &zero, Maximum: top, MajorGridLines: true, NumFmt: excelize.ChartNumFmt{CustomNumFmt: format}},
		VaryColors:   &vary,
		ShowBlanksAs: "gap",
		Format:       excelize.GraphicOptions{AltText: title, Positioning: "oneCell"},
	}
}

// chart puts a chart on the sheet and gives it its error bars, which excelize
// cannot: they are written into the chart's XML.
func (s sheet) chart(cell string, chart *excelize.Chart, series []chartSeries) {
	s.keep(s.file.AddChart(s.name, cell, chart))
	s.chartUses(cell, chart.Dimension)
	if s.err != nil {
		return
	}
	s.charts++
	path := fmt.Sprintf("xl/charts/chart%d.xml", s.charts)
	content, ok := s.file.Pkg.Load(path)
	document, isBytes := content.([]byte)
	if !ok || !isBytes {
		s.keep(fmt.Errorf("chart %q: %s was not written", chart.Title.Paragraph[0].Text, path))
		return
	}
	// excelize writes numbers on the horizontal axis as texts, which Excel would count.
	numbers := strings.NewReplacer("<xVal><strRef>", "<xVal><numRef>", "</strRef></xVal>", "</numRef></xVal>",
		"<c:xVal><c:strRef>", "<c:xVal><c:numRef>", "</c:strRef></c:xVal>", "</c:numRef></c:xVal>").Replace(string(document))
	patched, err := withErrorBars(numbers, series)
	s.keep(err)
	s.file.Pkg.Store(path, []byte(patched))
}

// chartUses counts the cells that a chart covers as written.
func (s sheet) chartUses(cell string, size excelize.ChartDimension) {
	const pixelsPerUnit, pixelsPerRow = 7, 20
	column, row, err := excelize.CellNameToCoordinates(cell)
	s.keep(err)
	left := float64(size.Width) / pixelsPerUnit
	for ; left > 0 && err == nil; column++ {
		var width float64
		width, err = s.file.GetColWidth(s.name, column1(column))
		s.keep(err)
		left -= width
	}
	s.uses(s.name, column-1, row+int(size.Height)/pixelsPerRow+1)
}

// withErrorBars puts an errBars element into each series that has an interval,
// before its values on the other axis, where the schema wants it.
func withErrorBars(document string, series []chartSeries) (string, error) {
	parts := strings.Split(document, "<c:ser>")
	if len(parts) == 1 {
		parts = strings.Split(document, "<ser>")
	}
	if len(parts) != len(series)+1 {
		return document, fmt.Errorf("chart: %d series expected, %d found", len(series), len(parts)-1)
	}
	prefix := ""
	if strings.Contains(document, "<c:ser>") {
		prefix = "c:"
	}
	for i, one := range series {
		if one.low == "" {
			continue
		}
		before := "<" + prefix + "cat>"
		if !strings.Contains(parts[i+1], before) {
			before = "<" + prefix + "xVal>"
		}
		if !strings.Contains(parts[i+1], before) {
			return document, fmt.Errorf("chart: series %d has no categories", i)
		}
		parts[i+1] = strings.Replace(parts[i+1], before, errorBars(prefix, one)+before, 1)
	}
	return strings.Join(parts, "<"+prefix+"ser>"), nil
}

func errorBars(prefix string, s chartSeries) string {
	var low, high strings.Builder
	// A strings.Builder takes everything.
	_ = xml.EscapeText(&low, []byte(s.low))
	_ = xml.EscapeText(&high, []byte(s.high))
	tag := strings.NewReplacer("<c:", "<"+prefix, "</c:", "</"+prefix)
	return tag.Replace(`<c:errBars><c:errDir val="y"/><c:errBarType val="both"/><c:errValType val="cust"/><c:noEndCap val="0"/>` +
		`<c:plus><c:numRef><c:f>` + high.String() + `</c:f></c:numRef></c:plus>` +
		`<c:minus><c:numRef><c:f>` + low.String() + `</c:f></c:numRef></c:minus>` +
		`<c:spPr><a:ln w="19050" xmlns:a="http://schemas.openxmlformats.org/drawingml/2006/main"><a:solidFill><a:srgbClr val="` + s.colour + `"/></a:solidFill></a:ln></c:spPr></c:errBars>`)
}
