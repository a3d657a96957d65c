package ingest

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"syscall"
	"unicode/utf8"
)

// The formats that a row is laid out by: the columns of a header, or keys that may
// differ from row to row. Other formats are read as one of the two.
const (
	CSV   = "csv"
	JSONL = "jsonl"
)

// A Table reads rows one after the other, of CSV or JSON Lines or of what is read
// like one of them. It holds one row at a time, and is for one goroutine.
type Table struct {
	name   string
	format string // CSV or JSONL
	// reported is the format that Format names, container what it stands in where that
	// is another.
	reported   string
	container  string
	rows       rowReader      // of a workbook, Parquet or a query, instead of csv
	translator *translator    // of a tool's export, over csv, rows or JSON
	readings   *readings      // how columns are read; nil: as [ParseNumber] and [ParseTime] do
	rates      Rates          // of currencies
	unrated    map[string]int // amounts that are unknown for want of a rate, by currency
	latin      func() bool    // whether what is not UTF-8 is Windows-1252; nil: it is not
	traces     *Traces
	date1904   bool // a workbook's dates are counted from 1904
	ofTasks    bool // whose rows without an id are known by what they hold
	notes      []string
	index      *fieldIndex
	header     []string
	columns    map[string]int // field to column of CSV
	places     *fieldMap      // the same
	csv        *csvReader
	json       *jsonReader
	choices    map[string][]int // field to columns of JSON Lines, the exact name first
	seen       int              // columns of JSON Lines that choices knows
	owners     []string         // column to the field it may be read for; empty for none
	order      []int            // columns by name
	ordered    int              // columns that order was made for
	scratch    []byte           // of hash
	numbers    numbers          // of the rows read last
}

// headSize is how much of a file is looked at to tell what it is.
const headSize = 64 << 10

// A rowReader gives the rows under a header: as many values as that has columns, and
// the place of the row. An error is io.EOF, a *fault after which reading goes on, or
// one of the source.
type rowReader interface {
	read() (fields []string, line int, err error)
}

// OpenTable reads the header of CSV or JSON and assigns columns to fields: those that
// mapping names (field to column), then those that have a field's name, then those
// that have one of its synonyms. The name stands for the file in errors. An error
// says what the file is, which column is missing or in doubt, and what to do.
func OpenTable(name string, r io.Reader, fields []Field, mapping map[string]string) (*Table, error) {
	return openText(name, r, File{Fields: fields, Map: mapping}, nil)
}

// openText opens CSV or JSON. Of the source, which may be nil, the content can be
// read again.
func openText(name string, r io.Reader, file File, s *source) (*Table, error) {
	table, err := newTable(name, file)
	if err != nil {
		return nil, err
	}
	if s != nil {
		table.latin = s.isWindows1252
	}
	lines := newLineReader(r)
	head, err := lines.head()
	if errors.Is(err, syscall.EISDIR) {
		return nil, fmt.Errorf("%s is a directory; name a file", name)
	}
	if err != nil {
		return nil, table.readError(err)
	}
	if bytes.HasPrefix(head, []byte("\xef\xbb\xbf")) {
		head = head[3:]
		lines.next = 3
	}
	if err := checkHead(name, head); err != nil {
		return nil, err
	}
	if first := bytes.TrimSpace(head)[0]; file.wants(JSON, JSONL) || (!file.wants(CSV) && (first == '{' || first == '[' && beginsList(head))) {
		return table, table.openJSON(lines, head, file, s)
	}
	return table, table.openCSV(lines, head, file)
}

// beginsList says whether what begins with a bracket is a list of JSON: a header may
// begin with one too, as promptfoo's [provider] does.
func beginsList(head []byte) bool {
	inside := bytes.TrimSpace(bytes.TrimSpace(head)[1:])
	if len(inside) == 0 || bytes.IndexByte([]byte(`{["]-0123456789`), inside[0]) >= 0 {
		return true
	}
	for _, word := range []string{"true", "false", "null"} {
		if bytes.HasPrefix(inside, []byte(word)) {
			return true
		}
	}
	return false
}

func newTable(name string, file File) (*Table, error) {
	index, err := newFieldIndex(file.Fields, file.Map)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", name, err)
	}
	ofTasks := slices.ContainsFunc(file.Fields, func(field Field) bool { return field.Name == "id" })
	return &Table{name: name, index: index, rates: file.Rates, traces: file.Traces, ofTasks: ofTasks}, nil
}

// readError is a failure of the source.
func (t *Table) readError(err error) error { return fmt.Errorf("read %s: %w", t.name, err) }

// checkHead says of files that are no text what they are.
func checkHead(name string, head []byte) error {
	firstLine, _, _ := bytes.Cut(head, []byte{'\n'})
	switch {
	case len(bytes.TrimSpace(head)) == 0:
		return fmt.Errorf("%s is empty; it needs a header and rows", name)
	case bytes.HasPrefix(head, []byte("PK\x03\x04")):
		return fmt.Errorf("%s is a workbook or a zip archive, which must be a file", name)
	case bytes.HasPrefix(head, []byte("\x1f\x8b")), bytes.HasPrefix(head, []byte("\x28\xb5\x2f\xfd")):
		return fmt.Errorf("%s is compressed twice; unpack it once", name)
	case bytes.HasPrefix(head, []byte("BZh")), bytes.HasPrefix(head, []byte("\xfd7zXZ\x00")), bytes.HasPrefix(head, []byte("7z\xbc\xaf")):
		return fmt.Errorf("%s is compressed in a way that is not read; unpack it, or use gzip or zstd", name)
	case bytes.HasPrefix(head, []byte("\xd0\xcf\x11\xe0")):
		return fmt.Errorf("%s is an old or a protected workbook; save it as .xlsx without a password", name)
	case bytes.HasPrefix(head, []byte("SQLite format 3\x00")):
		return fmt.Errorf("%s is an SQLite database; read it with --from sqlite:%s --query \"SELECT …\"", name, name)
	case bytes.HasPrefix(head, []byte("%PDF")):
		return fmt.Errorf("%s is a PDF; export the log as CSV or JSON", name)
	case bytes.IndexByte(firstLine, 0) >= 0:
		return fmt.Errorf("%s is binary; it should be CSV, JSON, a workbook or Parquet", name)
	}
	return nil
}

// learn assigns keys that came up since it was last called.
func (t *Table) learn() {
	t.header = t.json.header
	for ; t.seen < len(t.header); t.seen++ {
		field, exact := t.index.field(t.header[t.seen])
		t.owners = append(t.owners, field)
		switch {
		case field == "":
		case exact:
			t.choices[field] = slices.Insert(t.choices[field], 0, t.seen)
		default:
			t.choices[field] = append(t.choices[field], t.seen)
		}
	}
}

func (t *Table) openCSV(lines lineReader, head []byte, file File) error {
	t.format, t.reported = CSV, CSV
	comma, above, err := t.delimiter(head, file)
	if err != nil {
		return fmt.Errorf("%s: %w", t.name, err)
	}
	t.csv = &csvReader{lines: lines, comma: comma}
	for range above {
		if _, _, err := t.csv.read(); err != nil {
			break // is said of the header
		}
	}
	header, line, err := t.csv.read()
	if err != nil {
		return fmt.Errorf("%s:%d: the header: %w", t.name, line, err)
	}
	if above > 0 {
		t.notes = append(t.notes, fmt.Sprintf("the header is line %d; what stands above it is no part of the log", line))
	}
	t.decode(header)
	t.csv.single = len(header) == 1
	return t.openRows(header, line, file, t.csv.read)
}

// place is where a header stands; of Parquet and a query it has no line.
func (t *Table) place(line int) string {
	if line == 0 {
		return t.name
	}
	return fmt.Sprintf("%s:%d", t.name, line)
}

// openRows takes a header, and reads the rows under it as what they are.
func (t *Table) openRows(header []string, line int, file File, read func() ([]string, int, error)) error {
	for i, column := range header {
		if !utf8.ValidString(column) {
			return fmt.Errorf("%s:%d:%d: the header is not UTF-8; save the file as UTF-8", t.name, line, i+1)
		}
		header[i] = strings.TrimSpace(column)
	}
	t.container = t.reported
	d := file.dialect()
	if d == nil && file.recognises() {
		d = recognise(headerShape(header))
	}
	if d != nil {
		if err := file.allows(t.name, d); err != nil {
			return err
		}
		if err := t.checkMapping(header); err != nil {
			return err
		}
		t.translateRows(d, header, read)
		return nil
	}
	t.header = header
	var err error
	if t.columns, err = t.index.resolve(header); err != nil {
		return fmt.Errorf("%s: %w", t.place(line), err)
	}
	t.places = newFieldMap(t.columns)
	t.owners = make([]string, len(header))
	for field, column := range t.columns {
		t.owners[column] = field
	}
	has := func(field string) bool { _, ok := t.columns[field]; return ok }
	if err := t.index.missing(has, header); err != nil {
		return fmt.Errorf("%s: %w%s", t.place(line), err, suggest(header, read))
	}
	return nil
}

// delimiter is that of comma, semicolon and tab under which most of the header's
// columns are known, then the one that gives most columns; above is how many records
// stand above the header.
func (t *Table) delimiter(head []byte, file File) (best byte, above int, err error) {
	bestKnown, bestColumns := -1, 0
	var failed error
	for _, comma := range []byte{',', ';', '\t'} {
		reader := csvReader{lines: linesOf(head), comma: comma}
		var rows [][]string
		for len(rows) < mostAbove {
			row, _, err := reader.read()
			if err != nil {
				if len(rows) == 0 {
					failed = err
				}
				break
			}
			rows = append(rows, row)
		}
		if len(rows) == 0 {
			continue
		}
		at := t.index.headerRow(rows, file)
		known := t.index.known(rows[at], file)
		if known > bestKnown || (known == bestKnown && len(rows[at]) > bestColumns) {
			best, above, bestKnown, bestColumns = comma, at, known, len(rows[at])
		}
	}
	if bestKnown < 0 {
		return 0, 0, fmt.Errorf("the header: %w", failed)
	}
	return best, above, nil
}

// Format is what the table was read as: one of [Formats].
func (t *Table) Format() string { return t.reported }

// Mapped gives the column that each recognised field is read from.
func (t *Table) Mapped() map[string]string {
	if t.translator != nil {
		return t.translator.mapped()
	}
	mapped := map[string]string{}
	for field, column := range t.columns {
		mapped[field] = t.header[column]
	}
	for field, choices := range t.choices {
		mapped[field] = t.header[choices[0]]
	}
	return mapped
}

// Next gives the next row, and io.EOF at the end. After an [*audit.RowError],
// which comes with what could be read of the row, reading goes on with the next
// call; any other error ends it.
func (t *Table) Next() (Row, error) {
	if t.translator != nil {
		return t.nextTranslated()
	}
	row := Row{table: t}
	var err error
	switch {
	case t.format == JSONL:
		row.Raw, row.Line, err = t.json.read()
		row.text = t.json.text
		t.learn()
	case t.rows != nil:
		row.Raw, row.Line, err = t.rows.read()
	default:
		row.Raw, row.Line, err = t.csv.read()
	}
	if err != nil {
		return row, t.failure(&row, err)
	}
	if err := t.check(&row); err != nil {
		return row, err
	}
	if t.ofTasks && strings.TrimSpace(row.Get("id")) == "" {
		row.SHA256 = t.hash(row.Raw)
	}
	row.extra()
	return row, nil
}

// check rejects what is no row of this table.
func (t *Table) check(row *Row) error {
	if t.format == CSV && len(row.Raw) != len(t.header) {
		t.decode(row.Raw)
		return row.reject(t.ragged(row.Raw))
	}
	if t.csv != nil && t.csv.proper {
		return nil
	}
	t.decode(row.Raw)
	if err := checkCells(row.Raw); err != nil {
		return t.failure(row, err)
	}
	if t.format == JSONL {
		return t.placeJSON(row)
	}
	return nil
}

// decode makes UTF-8 of cells in Windows-1252.
func (t *Table) decode(cells []string) {
	for i, value := range cells {
		if !utf8.ValidString(value) && t.latin != nil && t.latin() {
			cells[i] = fromWindows1252(value)
		}
	}
}

// placeJSON finds the key from which each field of the row is read.
func (t *Table) placeJSON(row *Row) error {
	row.place = make(map[string]int, len(t.choices))
	for field, choices := range t.choices {
		for n, column := range choices {
			if column >= len(row.Raw) || row.Raw[column] == "" {
				continue
			}
			other, taken := row.place[field]
			if !taken {
				row.place[field] = column
			} else if _, exact := t.index.field(t.header[choices[0]]); n > 0 && (!exact || other != choices[0]) {
				return row.reject(&fault{
					msg:    fmt.Sprintf("the keys %q and %q both look like %s", t.header[other], t.header[column], field),
					remedy: fmt.Sprintf("choose one with --map %s=%q", field, t.header[other]),
				})
			}
		}
	}
	return nil
}

// ragged names the fields that are missing or too many.
func (t *Table) ragged(raw []string) *fault {
	if len(raw) < len(t.header) {
		return &fault{
			msg:    fmt.Sprintf("has %d of %d fields, without %s", len(raw), len(t.header), quoted(t.header[len(raw):])),
			remedy: "write empty fields too, and put text with line breaks in quotes",
		}
	}
	return &fault{
		column: len(t.header) + 1,
		msg:    fmt.Sprintf("has %d fields where the header has %d; too many are %s", len(raw), len(t.header), quoted(raw[len(t.header):])),
		remedy: t.ragRemedy(),
	}
}

// hash is the same for the same values under the same names, however the file
// quotes and orders them and whatever columns it has beside them. NUL divides
// names and values, which hold none.
func (t *Table) hash(raw []string) string {
	if t.ordered != len(t.header) {
		t.order, t.ordered = t.order[:0], len(t.header)
		for i, name := range t.header {
			if !isRejectColumn(name) {
				t.order = append(t.order, i)
			}
		}
		slices.SortStableFunc(t.order, func(a, b int) int { return strings.Compare(t.header[a], t.header[b]) })
	}
	t.scratch = t.scratch[:0]
	for _, column := range t.order {
		if column >= len(raw) || raw[column] == "" {
			continue
		}
		t.scratch = append(append(t.scratch, t.header[column]...), 0)
		t.scratch = append(append(t.scratch, raw[column]...), 0)
	}
	sum := sha256.Sum256(t.scratch)
	if cap(t.scratch) > maxField/4 {
		t.scratch = nil
	}
	return hex.EncodeToString(sum[:])
}

func (t *Table) ragRemedy() string {
	if t.csv == nil {
		return "give every column a header"
	}
	return fmt.Sprintf("put text with %q in quotes", string(t.csv.comma))
}
