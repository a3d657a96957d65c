package terminal

import (
	"slices"
	"strings"

	"github.com/charmbracelet/x/ansi"
	"golang.org/x/net/html"
	"golang.org/x/net/html/atom"
)

// narrowest is how many cells a column of a table needs to be read.
const narrowest = 6

// table lays out a table in columns, or where they would be too narrow, each row as
// lines of header and cell.
func table(node *html.Node, width int) []string {
	rows, head := tableRows(node)
	if len(rows) == 0 {
		return nil
	}
	columns := 0
	for _, row := range rows {
		columns = max(columns, len(row))
	}
	widths := columnWidths(rows, columns, width-3*(columns-1))
	if widths == nil {
		return stacked(rows, head, width)
	}
	var lines []string
	for i, row := range rows {
		lines = append(lines, tableRow(row, widths)...)
		if head && i == 0 {
			rule := make([]string, columns)
			for k, w := range widths {
				rule[k] = strings.Repeat("─", w)
			}
			lines = append(lines, strings.Join(rule, "─┼─"))
		}
	}
	return lines
}

// tableRows are the cells of a table; head says whether the first row is a header.
func tableRows(node *html.Node) (rows [][]string, head bool) {
	for row := range node.Descendants() {
		if row.DataAtom != atom.Tr {
			continue
		}
		var cells []string
		for cell := range row.ChildNodes() {
			if cell.DataAtom != atom.Td && cell.DataAtom != atom.Th {
				continue
			}
			head = head || cell.DataAtom == atom.Th
			on, off := styleOf(cell.DataAtom)
			cells = append(cells, on+strings.TrimSpace(inner(cell, false))+off)
		}
		rows = append(rows, cells)
	}
	return rows, head
}

// columnWidths shares the cells of a line among columns: what each needs, and where
// that is too much, less for the widest. It is nil where a column would get too few.
func columnWidths(rows [][]string, columns, room int) []int {
	widths := make([]int, columns)
	for _, row := range rows {
		for k, cell := range row {
			for line := range strings.SplitSeq(cell, "\n") {
				widths[k] = max(widths[k], ansi.StringWidth(line), 1)
			}
		}
	}
	total := 0
	for _, w := range widths {
		total += w
	}
	if room < columns*narrowest && total > room {
		return nil
	}
	for total > room {
		widest := slices.Index(widths, slices.Max(widths))
		second := narrowest
		for k, w := range widths {
			if k != widest {
				second = max(second, w)
			}
		}
		less := min(total-room, max(widths[widest]-second, 1))
		widths[widest] -= less
		total -= less
	}
	return widths
}

// tableRow lays out one row: as many lines as its longest cell.
func tableRow(row []string, widths []int) []string {
	cells := make([][]string, len(widths))
	height := 1
	for k := range widths {
		if k < len(row) {
			cells[k] = wrap(row[k], widths[k])
		}
		height = max(height, len(cells[k]))
	}
	lines := make([]string, height)
	for i := range lines {
		parts := make([]string, len(widths))
		for k, w := range widths {
			cell := ""
			if i < len(cells[k]) {
				cell = cells[k][i]
			}
			parts[k] = padded(cell, w)
		}
		lines[i] = strings.TrimRight(strings.Join(parts, " │ "), " ")
	}
	return lines
}

// stacked lays out each row as lines of header and cell, rows apart by an empty line.
func stacked(rows [][]string, head bool, width int) []string {
	var header []string
	if head {
		header, rows = rows[0], rows[1:]
	}
	var lines []string
	for i, row := range rows {
		if i > 0 {
			lines = append(lines, "")
		}
		for k, cell := range row {
			if k < len(header) && header[k] != "" {
				cell = header[k] + ": " + cell
			}
			lines = append(lines, wrap(cell, width)...)
		}
	}
	if len(rows) == 0 {
		return wrap(strings.Join(header, ", "), width)
	}
	return lines
}
