package report

import (
	"fmt"
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/xuri/excelize/v2"
)

// A formula is a cell's formula without the equals sign. Only this package's own
// text ever becomes one.
type formula string

// A sheet writes cells of one worksheet.
type sheet struct {
	*book
	name string
}

// A field is a column of a table on a sheet.
type field struct {
	title  string
	width  float64
	format format
}

// open starts a sheet: name in the first row, then what the sheet answers, then
// the provenance notice where there is one. It returns the next free row.
func (b *book) open(name, answer string, columns []field) (sheet, int) {
	s := sheet{b, name}
	for i, column := range columns {
		letter := column1(i + 1)
		b.keep(b.file.SetColWidth(name, letter, letter, column.width))
	}
	s.set(1, 1, name, look{role: roleTitle})
	b.keep(b.file.SetRowHeight(name, 1, 26))
	span := min(max(len(columns), 6), 12)
	s.wide(2, span, answer, look{role: roleAnswer})
	row := 3
	if notice := provenance(b.in.Analysis.Provenance); notice != "" {
		s.wide(row, span, sentence(notice), look{role: roleNotice})
		row++
	}
	b.layout(name)
	return s, row + 1
}

// wide writes a text over several columns, high enough for its length.
func (s sheet) wide(row, span int, text string, l look) {
	l.format = formatWrap
	s.set(1, row, text, l)
	s.keep(s.file.MergeCell(s.name, at(1, row), at(span, row)))
	s.uses(s.name, span, row)
	width := 0.0
	for i := range span {
		w, err := s.file.GetColWidth(s.name, column1(i+1))
		s.keep(err)
		width += w
	}
	s.height(row, text, width)
}

// height makes a row as high as a wrapped text needs: Excel does not fit the
// height of merged cells.
func (s sheet) height(row int, text string, width float64) {
	const line, perUnit = 15.5, 1.05
	count := 0
	for paragraph := range strings.SplitSeq(text, "\n") {
		count += 1 + int(float64(utf8.RuneCountInString(paragraph))/(width*perUnit))
	}
	if count > 1 {
		s.keep(s.file.SetRowHeight(s.name, row, min(line*float64(count), 400)))
	}
}

// uses widens what is written of a sheet, so that all of it is printed.
func (b *book) uses(name string, column, row int) {
	used := b.used[name]
	b.used[name] = extent{max(used.columns, column), max(used.rows, row)}
}

// printAreas prints what is written of each sheet, and the header of the data sheets on
// every page.
func (b *book) printAreas() {
	for _, name := range b.sheets {
		used := b.used[name]
		b.keep(b.file.SetDefinedName(&excelize.DefinedName{
			Name: "_xlnm.Print_Area", RefersTo: on(name, fixed(1, 1)+":"+fixed(max(used.columns, 1), max(used.rows, 1))), Scope: name,
		}))
		if slices.Contains([]string{sheetTasks, sheetResponses, sheetRatings}, name) {
			b.repeat(name, dataHeader)
		}
	}
}

// repeat prints a row of a sheet on each of its pages.
func (b *book) repeat(name string, row int) {
	b.keep(b.file.SetDefinedName(&excelize.DefinedName{Name: "_xlnm.Print_Titles", RefersTo: on(name, fmt.Sprintf("$%d:$%d", row, row)), Scope: name}))
}

// withoutEmpty leaves out the optional columns of a table that hold nothing in any row.
func withoutEmpty(columns []field, rows [][]any, optional ...int) ([]field, [][]any) {
	empty := func(column int) bool {
		return slices.Contains(optional, column+1) && !slices.ContainsFunc(rows, func(row []any) bool { return row[column] != nil && row[column] != "" })
	}
	var kept []field
	for i, column := range columns {
		if !empty(i) {
			kept = append(kept, column)
		}
	}
	shorter := make([][]any, len(rows))
	for i, row := range rows {
		for j, value := range row {
			if !empty(j) {
				shorter[i] = append(shorter[i], value)
			}
		}
	}
	return kept, shorter
}

func (b *book) layout(name string) {
	paper, orientation, wide, any := 9, "landscape", 1, 0 // A4
	side, top, foot := 0.5, 0.6, 0.3                      // inches
	b.keep(b.file.SetPageMargins(name, &excelize.PageLayoutMarginsOptions{Left: &side, Right: &side, Top: &top, Bottom: &top, Header: &foot, Footer: &foot}))
	fit, grid := true, false
	b.keep(b.file.SetPageLayout(name, &excelize.PageLayoutOptions{
		Size: &paper, Orientation: &orientation, FitToWidth: &wide, FitToHeight: &any,
	}))
	b.keep(b.file.SetSheetProps(name, &excelize.SheetPropsOptions{FitToPage: &fit}))
	b.keep(b.file.SetSheetView(name, 0, &excelize.ViewOptions{ShowGridLines: &grid}))
	b.keep(b.file.SetHeaderFooter(name, &excelize.HeaderFooterOptions{
		OddFooter: "&L" + strings.ReplaceAll(name, "&", "&&") + "&C" + day(b.in.GeneratedAt) + "&R&P / &N",
	}))
}

// set writes one cell. Nil pointers leave it empty, text is stored as text
// whatever it begins with, and a number that is not finite is left out.
func (s sheet) set(column, row int, value any, l look) {
	cell := at(column, row)
	s.uses(s.name, column, row)
	style := s.look(l)
	s.keep(s.file.SetCellStyle(s.name, cell, cell, style))
	switch v := value.(type) {
	case nil:
	case string:
		s.keep(s.file.SetCellStr(s.name, cell, cellText(v)))
	case int:
		s.keep(s.file.SetCellInt(s.name, cell, int64(v)))
	case float64:
		if finite(v) {
			s.keep(s.file.SetCellFloat(s.name, cell, v, -1, 64))
		}
	case *float64:
		if v != nil {
			s.set(column, row, *v, l)
		}
	case time.Time:
		if !v.IsZero() {
			s.keep(s.file.SetCellValue(s.name, cell, v.UTC()))
			s.keep(s.file.SetCellStyle(s.name, cell, cell, style))
		}
	case formula:
		s.keep(s.file.SetCellFormula(s.name, cell, string(v)))
		s.formulas = append(s.formulas, cellAt{s.name, cell})
	default:
		s.keep(fmt.Errorf("cell %s of %s: no way to write a %T", cell, s.name, value))
	}
}

// table writes an Excel table with its header at row and returns the row after
// it. Without rows it says why in words.
func (s sheet) table(row int, name string, columns []field, rows [][]any, why string) int {
	return s.tableLooks(row, name, columns, rows, why, nil)
}

// tableLooks is table with a role for each column, where it is not plain data.
func (s sheet) tableLooks(row int, name string, columns []field, rows [][]any, why string, roles map[int]role) int {
	if len(rows) == 0 {
		s.wide(row, max(len(columns), 6), sentence(why), look{role: roleNotice})
		return row + 1
	}
	s.header(row, columns)
	for r, cells := range rows {
		high := 0
		for i, value := range cells {
			s.set(i+1, row+1+r, value, look{columns[i].format, roles[i]})
			if text, ok := value.(string); ok && columns[i].format == formatWrap {
				high = max(high, 1+int(float64(utf8.RuneCountInString(text))/(columns[i].width*1.05)))
			}
		}
		if high > 1 {
			s.keep(s.file.SetRowHeight(s.name, row+1+r, min(15.5*float64(high), 400)))
		}
	}
	stripes := false
	s.keep(s.file.AddTable(s.name, &excelize.Table{
		Range: at(1, row) + ":" + at(len(columns), row+len(rows)), Name: name,
		StyleName: "TableStyleLight1", ShowRowStripes: &stripes,
	}))
	return row + 1 + len(rows)
}

// total writes a table's last line: the sums of some of its columns, whose rows begin
// at first and end above row.
func (s sheet) total(row, first int, columns []field, summed ...int) {
	for i, column := range columns {
		s.set(i+1, row, nil, look{column.format, roleTotal})
	}
	s.set(1, row, "Total", look{role: roleTotal})
	for _, column := range summed {
		s.set(column, row, formula(fmt.Sprintf("SUM(%s:%s)", at(column, first), at(column, row-1))), look{columns[column-1].format, roleTotal})
	}
}

// distances are the formulas of how far an interval's limits lie from its estimate,
// which stands in column with the limits right of it: what error bars need.
func distances(column, row int) []any {
	estimate, low, high := at(column, row), at(column+1, row), at(column+2, row)
	return []any{formula(estimate + "-" + low), formula(high + "-" + estimate)}
}

// emphasise marks the cells of a range that hold a word.
func (s sheet) emphasise(cells, word string) {
	style, err := s.file.NewConditionalStyle(&excelize.Style{Font: &excelize.Font{Bold: true, Color: colourNotice}})
	s.keep(err)
	s.keep(s.file.SetConditionalFormat(s.name, cells, []excelize.ConditionalFormatOptions{{Type: "cell", Criteria: "==", Value: `"` + word + `"`, Format: &style}}))
}

// joinedTexts are several texts in one cell, or nothing.
func joinedTexts(texts []string) any {
	if len(texts) == 0 {
		return nil
	}
	return strings.Join(texts, "; ")
}

// onePage prints a sheet on one page where its rows leave it readable.
func (s sheet) onePage(rows int) {
	const readable = 70
	if rows > readable {
		return
	}
	one := 1
	s.keep(s.file.SetPageLayout(s.name, &excelize.PageLayoutOptions{FitToWidth: &one, FitToHeight: &one}))
}

// header writes a table's header, high enough for its longest title.
func (s sheet) header(row int, columns []field) {
	high := 1
	for i, column := range columns {
		s.set(i+1, row, column.title, look{column.format, roleHeader})
		width, err := s.file.GetColWidth(s.name, column1(i+1))
		s.keep(err)
		high = max(high, headerLines(column.title, width))
	}
	s.keep(s.file.SetRowHeight(s.name, row, 4+15.5*float64(min(high, 4))))
}

// headerLines is how many lines a bold title takes in a column of a width, in characters.
func headerLines(title string, width float64) int {
	return 1 + int(float64(utf8.RuneCountInString(title))/max(width*0.72, 1))
}

// freeze keeps everything down to row, and the columns to the left, in view.
func (s sheet) freeze(column, row int) {
	pane := "bottomLeft"
	if column > 0 {
		pane = "bottomRight"
	}
	s.keep(s.file.SetPanes(s.name, &excelize.Panes{
		Freeze: true, XSplit: column, YSplit: row, TopLeftCell: at(column+1, row+1), ActivePane: pane,
	}))
}

// cellText is what a cell can hold of a text: no control character, at most
// 32,767 characters.
func cellText(text string) string {
	text = lines(text)
	const most = excelize.TotalCellChars
	if utf8.RuneCountInString(text) <= most {
		return text
	}
	return string([]rune(text)[:most-1]) + "…"
}

// column1 is the letter of a column counted from 1.
func column1(n int) string {
	name, err := excelize.ColumnNumberToName(n)
	if err != nil {
		return "A"
	}
	return name
}

func at(column, row int) string { return fmt.Sprintf("%s%d", column1(column), row) }

// fixed is a reference that does not move when a formula is copied.
func fixed(column, row int) string { return fmt.Sprintf("$%s$%d", column1(column), row) }

// on is a reference to a cell of another sheet.
func on(sheetName, reference string) string { return "'" + sheetName + "'!" + reference }

// area is a range on a sheet, as charts refer to it.
func area(sheetName string, column, from, to int) string {
	return on(sheetName, fixed(column, from)+":"+fixed(column, to))
}

// sentence begins with a capital and ends with a full stop.
func sentence(text string) string {
	if text == "" {
		return ""
	}
	first, size := utf8.DecodeRuneInString(text)
	text = strings.ToUpper(string(first)) + text[size:]
	if strings.ContainsRune(".!?", rune(text[len(text)-1])) {
		return text
	}
	return text + "."
}
