package report

import (
	"archive/zip"
	"bytes"
	"encoding/xml"
	"fmt"
	"io"
	"regexp"
	"slices"
	"strconv"

	"github.com/xuri/excelize/v2"
)

// storeResults evaluates every formula, so that a workbook with an error in one
// is never written, and stores the results beside the formulas: viewers that do
// not calculate show them then. excelize cannot store both, so they are put in
// while the file is zipped.
func (b *book) storeResults() {
	parts := map[string]map[string]string{}
	for _, formula := range b.formulas {
		result, err := b.file.CalcCellValue(formula.sheet, formula.cell, excelize.Options{RawCellValue: true})
		if err == nil && result == excelize.ErrInvalidFormula.Error() { // given as a value by the calculation
			err = excelize.ErrInvalidFormula
		}
		if err != nil {
			text, _ := b.file.GetCellFormula(formula.sheet, formula.cell) // only for the message
			b.keep(fmt.Errorf("formula =%s in %s of %s: %w", text, formula.cell, formula.sheet, err))
			return
		}
		part := fmt.Sprintf("xl/worksheets/sheet%d.xml", 1+slices.Index(b.sheets, formula.sheet))
		if parts[part] == nil {
			parts[part] = map[string]string{}
		}
		parts[part][formula.cell] = result
	}
	b.file.SetZipWriter(func(w io.Writer) excelize.ZipWriter {
		return resultsZip{zip.NewWriter(w), parts}
	})
}

// resultsZip adds results to the worksheets that pass through it.
type resultsZip struct {
	*zip.Writer
	parts map[string]map[string]string // by part, then by cell
}

// Create starts a part of the workbook.
func (z resultsZip) Create(name string) (io.Writer, error) {
	w, err := z.Writer.Create(name)
	if err != nil || z.parts[name] == nil {
		return w, err
	}
	return resultsWriter{w, z.parts[name]}, nil
}

// resultsWriter gets a worksheet in one piece, as excelize writes it.
type resultsWriter struct {
	io.Writer
	results map[string]string
}

var formulaCell = regexp.MustCompile(`<c r="([A-Z]+[0-9]+)"([^>]*) t="str"><f>([^<]*)</f></c>`)

// Write puts the results in; the number of bytes it returns is that of the
// worksheet as given.
func (w resultsWriter) Write(worksheet []byte) (int, error) {
	filled := formulaCell.ReplaceAllFunc(worksheet, func(match []byte) []byte {
		part := formulaCell.FindSubmatch(match)
		result, ok := w.results[string(part[1])]
		if !ok {
			return match
		}
		var out bytes.Buffer
		kind := ""
		if _, err := strconv.ParseFloat(result, 64); err != nil {
			kind = ` t="str"`
		}
		fmt.Fprintf(&out, `<c r="%s"%s%s><f>%s</f><v>`, part[1], part[2], kind, part[3])
		// A buffer takes everything.
		_ = xml.EscapeText(&out, []byte(result))
		out.WriteString("</v></c>")
		return out.Bytes()
	})
	if _, err := w.Writer.Write(filled); err != nil {
		return 0, err
	}
	return len(worksheet), nil
}
