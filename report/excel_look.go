package report

import "github.com/xuri/excelize/v2"

// A look is a kind of cell. Inputs are blue on pale yellow, formulas black,
// links to other sheets green: the convention of finance.
type look struct {
	format format
	role   role
}

type role int

const (
	roleData    role = iota
	roleTitle        // the sheet's name
	roleAnswer       // the line that says what the sheet answers
	roleSection      // a heading within a sheet
	roleHeader       // a table's header
	roleTotal        // a table's last line
	roleInput        // an assumption
	roleLink         // a figure of another sheet
	roleResult       // a figure to look at first
	roleNotice       // provenance and warnings
	roleDim          // helper figures of charts
)

type format int

const (
	formatText format = iota
	formatWrap
	formatBeside // text right of a number, set off from it
	formatCount
	formatRate
	formatRateFine
	formatSigned // a difference of rates
	formatMoney
	formatMoneyFine
	formatRatio
	formatPValue
	formatSmall // a number to four decimals
	formatNumber
	formatDate
	formatTime
	formatSeconds
)

// formats are the number formats of Excel.
var formats = map[format]string{
	formatCount:     `#,##0`,
	formatRate:      `0%`,
	formatRateFine:  `0.0%`,
	formatSigned:    `+0%;-0%;0%`,
	formatMoney:     `#,##0.00 "USD"`,
	formatMoneyFine: `#,##0.000000 "USD"`,
	formatRatio:     `0.00"×"`,
	formatPValue:    `[<0.0001]"< 0.0001";0.0000`,
	formatSmall:     `0.0000`,
	formatNumber:    `#,##0.00`,
	formatDate:      `yyyy-mm-dd`,
	formatTime:      `yyyy-mm-dd hh:mm`,
	formatSeconds:   `#,##0.0 "s"`,
}

const (
	colourInput  = "0000FF"
	colourYellow = "FFF9DB"
	colourLink   = "00703C"
	colourHeader = "1F3A5F"
	colourSoft   = "5B6470"
	colourNotice = "8A4B00"
	colourLine   = "C9CFD6"
)

func (b *book) look(l look) int {
	if id, ok := b.styles[l]; ok {
		return id
	}
	style := &excelize.Style{
		Font:      &excelize.Font{Family: "Calibri", Size: 11, Color: "000000"},
		Alignment: &excelize.Alignment{Vertical: "top"},
	}
	if code, ok := formats[l.format]; ok {
		style.CustomNumFmt = &code
		style.Alignment.Horizontal, style.Alignment.Indent = "right", 1
	}
	if l.format == formatBeside {
		style.Alignment.Horizontal, style.Alignment.Indent = "left", 1
	}
	if l.format == formatWrap {
		style.Alignment.WrapText = true
	}
	switch l.role {
	case roleTitle:
		style.Font.Size, style.Font.Bold, style.Font.Color = 16, true, colourHeader
	case roleAnswer:
		style.Font.Color = colourSoft
		style.Alignment.WrapText = true
	case roleSection:
		style.Font.Size, style.Font.Bold, style.Font.Color = 12, true, colourHeader
	case roleHeader:
		style.Font.Bold, style.Font.Color = true, "FFFFFF"
		style.Fill = solid(colourHeader)
		style.Alignment.WrapText, style.Alignment.Vertical = true, "center"
	case roleTotal:
		style.Font.Bold = true
		style.Border = []excelize.Border{{Type: "top", Color: colourHeader, Style: 2}}
	case roleInput:
		style.Font.Color = colourInput
		style.Fill = solid(colourYellow)
		style.Border = box(colourLine)
	case roleLink:
		style.Font.Color = colourLink
	case roleResult:
		style.Font.Bold = true
		style.Border = []excelize.Border{{Type: "bottom", Color: colourLine, Style: 1}}
	case roleNotice:
		style.Font.Color, style.Font.Bold = colourNotice, true
		style.Alignment.WrapText = true
	case roleDim:
		style.Font.Color = colourSoft
	}
	id, err := b.file.NewStyle(style)
	b.keep(err)
	b.styles[l] = id
	return id
}

func solid(colour string) excelize.Fill {
	return excelize.Fill{Type: "pattern", Pattern: 1, Color: []string{colour}}
}

func box(colour string) []excelize.Border {
	var borders []excelize.Border
	for _, side := range []string{"left", "right", "top", "bottom"} {
		borders = append(borders, excelize.Border{Type: side, Color: colour, Style: 1})
	}
	return borders
}
