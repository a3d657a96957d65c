package ingest

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"
	"syscall"
	"unicode/utf8"
)

// The formats that [Table.Format] names.
const (
	CSV   = "csv"
	JSONL = "jsonl"
)

// A Table reads rows one after the other from CSV or JSON Lines. It holds one
// row at a time, and is for one goroutine.
type Table struct {
	name    string
	format  string
	index   *fieldIndex
	header  []string
	columns map[string]int // field to column of CSV
	places  *fieldMap      // the same
	csv     *csvReader
	json    *jsonReader
	choices map[string][]int // field to columns of JSON Lines, the exact name first
	seen    int              // columns of JSON Lines that choices knows
	owners  []string         // column to the field it may be read for; empty for none
	order   []int            // columns by name
	ordered int              // columns that order was made for
	scratch []byte           // of hash
}

// headSize is how much of a file is looked at to tell what it is.
const headSize = 64 << 10

// OpenTable reads the header and assigns columns to fields: those that mapping
// names (field to column), then those that have a field's name, then those that
// have one of its synonyms. The name stands for the file in errors. An error
// says what the file is, which column is missing or in doubt, and what to do.
func OpenTable(name string, r io.Reader, fields []Field, mapping map[string]string) (*Table, error) {
	index, err := newFieldIndex(fields, mapping)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", name, err)
	}
	lines := newLineReader(r)
	head, err := lines.head()
	if errors.Is(err, syscall.EISDIR) {
		return nil, fmt.Errorf("%s is a directory; name a file", name)
	}
	if err != nil {
		return nil, fmt.Errorf("read %s: %w", name, err)
	}
	if bytes.HasPrefix(head, []byte("\xef\xbb\xbf")) {
		head = head[3:]
		lines.next = 3
	}
	if err := checkHead(name, head); err != nil {
		return nil, err
	}
	table := &Table{name: name, index: index}
	if bytes.HasPrefix(bytes.TrimSpace(head), []byte("{")) {
		return table, table.openJSON(lines, head)
	}
	return table, table.openCSV(lines, head)
}

// checkHead says of files that are no text what they are.
func checkHead(name string, head []byte) error {
	firstLine, _, _ := bytes.Cut(head, []byte{'\n'})
	switch {
	case len(bytes.TrimSpace(head)) == 0:
		return fmt.Errorf("%s is empty; it needs a header and rows", name)
	case bytes.HasPrefix(head, []byte("\xff\xfe")), bytes.HasPrefix(head, []byte("\xfe\xff")), looksUTF16(head):
		return fmt.Errorf("%s is UTF-16; save it as UTF-8 (in Excel: CSV UTF-8)", name)
	case bytes.HasPrefix(head, []byte("PK\x03\x04")):
		return fmt.Errorf("%s is a workbook or a zip archive; save the sheet as CSV UTF-8", name)
	case bytes.HasPrefix(head, []byte("\x1f\x8b")):
		return fmt.Errorf("%s is compressed; unpack it with gunzip", name)
	case bytes.HasPrefix(head, []byte("PAR1")):
		return fmt.Errorf("%s is Parquet; export it as CSV or JSON Lines", name)
	case bytes.IndexByte(firstLine, 0) >= 0:
		return fmt.Errorf("%s is binary; it should be CSV or JSON Lines in UTF-8", name)
	case bytes.HasPrefix(bytes.TrimSpace(head), []byte("[")):
		return fmt.Errorf("%s is a JSON array; write one object on each line, as jq -c '.[]' does", name)
	case bytes.IndexByte(bytes.TrimSuffix(firstLine, []byte{'\r'}), '\r') >= 0 && len(firstLine) == len(head):
		return fmt.Errorf("%s has carriage returns for line breaks; save it with LF or CRLF", name)
	}
	return nil
}

// looksUTF16 finds text without a byte order mark, in which every second byte of
// Latin letters is NUL.
func looksUTF16(head []byte) bool {
	if len(head) < 4 {
		return false
	}
	return (head[0] == 0 && head[1] != 0 && head[2] == 0 && head[3] != 0) ||
		(head[0] != 0 && head[1] == 0 && head[2] != 0 && head[3] == 0)
}

func (t *Table) openJSON(lines lineReader, head []byte) error {
	t.format = JSONL
	t.choices = map[string][]int{}
	// The keys of the lines in the head stand in for a header.
	preview := &jsonReader{lines: linesOf(head), columns: map[string]int{}}
	for {
		_, _, err := preview.read()
		if _, bad := errors.AsType[*fault](err); err != nil && !bad {
			break
		}
	}
	t.json = &jsonReader{lines: lines, columns: preview.columns, header: preview.header}
	t.learn()
	if len(t.header) == 0 {
		return nil // every row will say what is wrong with it
	}
	if err := t.index.missing(func(field string) bool { return len(t.choices[field]) > 0 }, t.header); err != nil {
		return fmt.Errorf("%s: %w", t.name, err)
	}
	for _, field := range slices.Sorted(maps.Keys(t.index.mapped)) {
		if column := t.index.mapped[field]; column != "" && len(t.choices[field]) == 0 {
			return fmt.Errorf("%s: --map %s=%s: there is no key %q; there are %s", t.name, field, column, column, quoted(t.header))
		}
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

func (t *Table) openCSV(lines lineReader, head []byte) error {
	t.format = CSV
	comma, err := t.delimiter(head)
	if err != nil {
		return fmt.Errorf("%s: %w", t.name, err)
	}
	t.csv = &csvReader{lines: lines, comma: comma}
	header, line, err := t.csv.read()
	if err != nil {
		return fmt.Errorf("%s:%d: the header: %w", t.name, line, err)
	}
	for i, column := range header {
		if !utf8.ValidString(column) {
			return fmt.Errorf("%s:%d:%d: the header is not UTF-8; save the file as UTF-8", t.name, line, i+1)
		}
		header[i] = strings.TrimSpace(column)
	}
	t.header = header
	t.csv.single = len(header) == 1
	if t.columns, err = t.index.resolve(header); err != nil {
		return fmt.Errorf("%s:%d: %w", t.name, line, err)
	}
	t.places = newFieldMap(t.columns)
	t.owners = make([]string, len(header))
	for field, column := range t.columns {
		t.owners[column] = field
	}
	has := func(field string) bool { _, ok := t.columns[field]; return ok }
	if err := t.index.missing(has, header); err != nil {
		return fmt.Errorf("%s:%d: %w", t.name, line, err)
	}
	return nil
}

// delimiter is that of comma, semicolon and tab under which most of the header's
// columns are known, then the one that gives most columns.
func (t *Table) delimiter(head []byte) (byte, error) {
	best, bestKnown, bestColumns := byte(','), -1, 0
	var failed error
	for _, comma := range []byte{',', ';', '\t'} {
		reader := csvReader{lines: linesOf(head), comma: comma}
		header, _, err := reader.read()
		if err != nil {
			failed = err
			continue
		}
		known := 0
		for _, column := range header {
			if field, _ := t.index.field(strings.TrimSpace(column)); field != "" {
				known++
			}
		}
		if known > bestKnown || (known == bestKnown && len(header) > bestColumns) {
			best, bestKnown, bestColumns = comma, known, len(header)
		}
	}
	if bestKnown < 0 {
		return 0, fmt.Errorf("the header: %w", failed)
	}
	return best, nil
}

// Format is [CSV] or [JSONL].
func (t *Table) Format() string { return t.format }

// Mapped gives the column that each recognised field is read from.
func (t *Table) Mapped() map[string]string {
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
	row := Row{table: t}
	var err error
	if t.format == JSONL {
		row.Raw, row.Line, err = t.json.read()
		row.text = t.json.text
		t.learn()
	} else {
		row.Raw, row.Line, err = t.csv.read()
	}
	if err == io.EOF {
		return row, err
	}
	if bad, ok := errors.AsType[*fault](err); ok {
		row.broken = bad.raw
		return row, row.reject(bad)
	}
	if err != nil {
		return row, fmt.Errorf("read %s: %w", t.name, err)
	}
	if err := t.check(&row); err != nil {
		return row, err
	}
	if strings.TrimSpace(row.Get("id")) == "" {
		row.SHA256 = t.hash(row.Raw)
	}
	row.extra()
	return row, nil
}

// check rejects what is no row of this table.
func (t *Table) check(row *Row) error {
	if t.format == CSV && len(row.Raw) != len(t.header) {
		return row.reject(t.ragged(row.Raw))
	}
	if t.format == CSV && t.csv.proper {
		return nil
	}
	for i, value := range row.Raw {
		if strings.IndexByte(value, 0) >= 0 {
			return row.reject(&fault{column: i + 1, msg: "holds a NUL byte", remedy: "remove it"})
		}
		if !utf8.ValidString(value) {
			return row.reject(&fault{column: i + 1, msg: "not UTF-8", remedy: "save the file as UTF-8"})
		}
	}
	if t.format == JSONL {
		if !utf8.ValidString(t.json.text) {
			return row.reject(&fault{msg: "not UTF-8", remedy: "save the file as UTF-8"})
		}
		return t.placeJSON(row)
	}
	return nil
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
		remedy: fmt.Sprintf("put text with %q in quotes", string(t.csv.comma)),
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
