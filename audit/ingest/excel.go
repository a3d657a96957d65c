package ingest

import (
	"archive/zip"
	"errors"
	"fmt"
	"io"
	"slices"
	"strconv"
	"strings"

	"github.com/xuri/excelize/v2"
)

// Limits of what a workbook may unpack to. Sheets and strings go to temporary files
// beyond excelSheet, so that memory stays flat; the other parts are held.
const (
	excelTotal = 8 << 30
	excelSheet = 16 << 20
	excelOther = 64 << 20
	excelRatio = 250 // of a part's size to what it is packed in
)

// excelSample is how many rows are looked at to find the log and its dates.
const excelSample = 200

// An excelReader reads the rows of a sheet under a header.
type excelReader struct {
	book     *excelize.File
	rows     *excelize.Rows
	more     []*excelSheetView // further sheets under the same header
	number   int               // of the last row of its sheet, from 1
	columns  int
	duration map[int]bool // columns of times of day: fractions of a day
	finished bool
}

// An excelSheetView is the beginning of a sheet.
type excelSheetView struct {
	name   string
	raw    [][]string // as stored
	header int        // row from 0
	known  int
	rows   int // that have as many cells as the header, roughly
}

// openExcel opens the sheet of a workbook that is the log: the one whose header has
// most columns that are known, and not a cover.
func openExcel(s *source, file File) (*Table, io.Closer, error) {
	table, err := newTable(s.name, file)
	if err != nil {
		return nil, nil, err
	}
	if err := checkWorkbook(s); err != nil {
		return nil, nil, fmt.Errorf("%s: %w", s.name, err)
	}
	book, err := openWorkbook(s)
	if err != nil {
		return nil, nil, fmt.Errorf("%s: the workbook cannot be read: %w; save it again as .xlsx", s.name, err)
	}
	if err := guarded(func() error { return table.openSheet(book, file) }); err != nil {
		return nil, nil, errors.Join(fmt.Errorf("%s: %w", s.name, err), book.Close())
	}
	return table, book, nil
}

// checkWorkbook refuses a workbook that would fill the memory.
func checkWorkbook(s *source) error {
	archive, err := zip.NewReader(s.random, s.size)
	if err != nil {
		return fmt.Errorf("the workbook is damaged: %w", err)
	}
	other := uint64(0)
	for _, part := range archive.File {
		name := strings.ToLower(part.Name)
		if part.UncompressedSize64 > excelOther && part.UncompressedSize64/excelRatio > part.CompressedSize64 {
			return fmt.Errorf("%q in the workbook unpacks to %d MB, as no sheet does", part.Name, part.UncompressedSize64>>20)
		}
		if strings.HasPrefix(name, "xl/worksheets/") || name == "xl/sharedstrings.xml" || strings.HasPrefix(name, "xl/media/") {
			continue
		}
		if other += part.UncompressedSize64; other > excelOther {
			return fmt.Errorf("the parts of the workbook beside its sheets unpack to more than %d MB; export the sheet as CSV", excelOther>>20)
		}
	}
	return nil
}

func openWorkbook(s *source) (book *excelize.File, err error) {
	options := excelize.Options{RawCellValue: true, UnzipSizeLimit: excelTotal, UnzipXMLSizeLimit: excelSheet}
	err = guarded(func() (err error) {
		if s.path != "" && s.compression == "" {
			book, err = excelize.OpenFile(s.path, options) // is read where it is, not held
			return err
		}
		book, err = excelize.OpenReader(io.NewSectionReader(s.random, 0, s.size), options)
		return err
	})
	return book, err
}

// guarded turns a panic of a library that meets a damaged file into an error.
func guarded(do func() error) (err error) {
	defer func() {
		if failure := recover(); failure != nil {
			err = fmt.Errorf("it is damaged (%v)", failure)
		}
	}()
	return do()
}

// openSheet finds the log among the sheets and opens it.
func (t *Table) openSheet(book *excelize.File, file File) error {
	t.format, t.reported = CSV, XLSX
	var best *excelSheetView
	var views []*excelSheetView
	for _, name := range book.GetSheetList() {
		view, err := t.viewSheet(book, name, file)
		if err != nil {
			return err
		}
		if view != nil {
			views = append(views, view)
		}
		if view != nil && (best == nil || view.known > best.known || (view.known == best.known && view.rows > best.rows)) {
			best = view
		}
	}
	if best == nil {
		return errors.New("every sheet of the workbook is empty; it needs a header and rows")
	}
	if properties, err := book.GetWorkbookProps(); err == nil && properties.Date1904 != nil {
		t.date1904 = *properties.Date1904
	}
	header := trimmedRow(best.raw[best.header])
	more := t.sameSheets(best, views)
	if best.header > 0 {
		t.notes = append(t.notes, fmt.Sprintf("the header is row %d; what stands above it is no part of the log", best.header+1))
	}
	durations, err := durationColumns(book, best, len(header))
	if err != nil {
		return err
	}
	reader := &excelReader{book: book, columns: len(header), duration: durations, more: more}
	if err := reader.open(best); err != nil {
		return err
	}
	t.rows = reader
	return t.openRows(header, best.header+1, file, reader.read)
}

// sameSheets are the sheets that have the log's header too, such as one for each
// month, and says which are read and which are not.
func (t *Table) sameSheets(best *excelSheetView, views []*excelSheetView) (more []*excelSheetView) {
	header := trimmedRow(best.raw[best.header])
	read, not := []string{strconv.Quote(best.name)}, []string(nil)
	for _, view := range views {
		switch {
		case view == best:
		case slices.Equal(trimmedRow(view.raw[view.header]), header):
			more = append(more, view)
			read = append(read, strconv.Quote(view.name))
		default:
			not = append(not, strconv.Quote(view.name))
		}
	}
	if len(views) > 1 {
		note := "the log is the sheet " + strings.Join(read, " and ")
		if len(not) > 0 {
			note += "; not read: " + strings.Join(not, ", ")
		}
		t.notes = append(t.notes, note)
	}
	return more
}

// open goes to the row after a sheet's header.
func (r *excelReader) open(view *excelSheetView) (err error) {
	if r.rows, err = r.book.Rows(view.name); err != nil {
		return fmt.Errorf("sheet %q: %w", view.name, err)
	}
	r.number = 0
	for range view.header + 1 {
		if _, err := r.next(); err != nil {
			return fmt.Errorf("sheet %q: %w", view.name, err)
		}
	}
	return nil
}

// viewSheet looks at the beginning of a sheet; nil where it holds nothing.
func (t *Table) viewSheet(book *excelize.File, name string, file File) (*excelSheetView, error) {
	raw, err := firstRows(book, name, excelize.Options{RawCellValue: true})
	if err != nil {
		return nil, fmt.Errorf("sheet %q: %w", name, err)
	}
	view := &excelSheetView{name: name, raw: raw}
	widest := 0
	for _, row := range raw {
		widest = max(widest, filled(row))
	}
	if widest == 0 {
		return nil, nil
	}
	view.header = t.index.headerRow(raw[:min(len(raw), mostAbove)], file)
	view.known = t.index.known(trimmedRow(raw[view.header]), file)
	if t.index.isHeader(raw[view.header], file) {
		view.known += 1000 // has what a log must have
	}
	for _, row := range raw[view.header+1:] {
		if 2*filled(row) >= filled(raw[view.header]) {
			view.rows++
		}
	}
	return view, nil
}

func firstRows(book *excelize.File, name string, options excelize.Options) (list [][]string, err error) {
	rows, err := book.Rows(name)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, rows.Close()) }()
	for len(list) < excelSample && rows.Next() {
		cells, err := rows.Columns(options)
		if err != nil {
			return nil, err
		}
		list = append(list, cells)
	}
	return list, rows.Error()
}

// durationColumns are the columns whose numbers are shown as times of day, without a
// date: durations, stored as fractions of a day.
func durationColumns(book *excelize.File, view *excelSheetView, columns int) (map[int]bool, error) {
	shown, err := firstRows(book, view.name, excelize.Options{RawCellValue: false})
	if err != nil {
		return nil, fmt.Errorf("sheet %q: %w", view.name, err)
	}
	durations := map[int]bool{}
	for at := view.header + 1; at < min(len(shown), len(view.raw)); at++ {
		for i := range min(len(shown[at]), len(view.raw[at]), columns) {
			text := shown[at][i]
			value, err := strconv.ParseFloat(view.raw[at][i], 64)
			if err == nil && value < 1000 && text != view.raw[at][i] && strings.Contains(text, ":") && !strings.ContainsAny(text, "/-") {
				durations[i] = true
			}
		}
	}
	return durations, nil
}

// trimmedRow is a row without the empty cells at its end.
func trimmedRow(row []string) []string {
	end := len(row)
	for end > 0 && strings.TrimSpace(row[end-1]) == "" {
		end--
	}
	return append([]string(nil), row[:end]...)
}

// next gives the next row of the sheet, however long it is.
func (r *excelReader) next() (cells []string, err error) {
	if r.finished {
		return nil, io.EOF
	}
	err = guarded(func() error {
		if !r.rows.Next() {
			r.finished = true
			return errors.Join(r.rows.Error(), r.rows.Close(), io.EOF)
		}
		r.number++
		cells, err = r.rows.Columns(excelize.Options{RawCellValue: true})
		return err
	})
	if errors.Is(err, io.EOF) && r.finished {
		return nil, io.EOF
	}
	return cells, err
}

// read gives the next row that holds anything, as wide as the header or, where it
// holds more, wider.
func (r *excelReader) read() ([]string, int, error) {
	for {
		cells, err := r.next()
		if err == io.EOF && len(r.more) > 0 {
			r.finished = false
			view := r.more[0]
			r.more = r.more[1:]
			if err = r.open(view); err == nil {
				continue
			}
		}
		if err != nil {
			return nil, r.number, err
		}
		if filled(cells) == 0 {
			continue
		}
		cells = trimmedRow(cells)
		for len(cells) < r.columns {
			cells = append(cells, "")
		}
		for i := range cells[:r.columns] {
			if r.duration[i] {
				if days, err := strconv.ParseFloat(cells[i], 64); err == nil {
					cells[i] = strconv.FormatFloat(days*24*3600, 'f', 6, 64) + "s"
				}
			}
		}
		return cells, r.number, nil
	}
}
