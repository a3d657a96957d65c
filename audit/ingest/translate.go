package ingest

import (
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"
	"unicode/utf8"
)

// filteredField says why a translated row is no task.
const filteredField = "filtered"

// requestsField is how many requests a row stands for, where it is of an account.
const requestsField = "requests"

// translatedFields are the columns of translated rows: every field of a task and of
// spend.
var translatedFields, translatedPlace = func() ([]string, map[string]int) {
	place := map[string]int{}
	for _, field := range append(slices.Concat(taskFields, spendFields), Field{Name: filteredField}) {
		if _, ok := place[field.Name]; !ok {
			place[field.Name] = len(place)
		}
	}
	list := make([]string, len(place))
	for name, at := range place {
		list[at] = name
	}
	return list, place
}()

// A translator makes rows of our own fields from the records of a tool's export.
type translator struct {
	dialect *dialect
	records func() (*record, error)
	rest    func() []*draft // what is left at the end; may be nil
	mapping map[string]string
	traces  *Traces
	header  []string // of a table; nil for JSON

	record *record
	cells  []string // of the record where it is a table's row
	queue  []*draft
	nth    int // of the draft in its record
	ended  bool
	// looking is set while columns are looked at, which needs no conversations.
	looking bool
	from    map[string]string // field to the column it was read from
	unread  map[string]bool   // columns that no field was read from
}

// next gives the next draft. A *fault spoils one record.
func (t *translator) next() (*draft, error) {
	for len(t.queue) == 0 {
		if t.ended {
			return nil, io.EOF
		}
		record, err := t.records()
		t.record, t.nth = record, 0
		switch {
		case err == io.EOF:
			t.ended = true
			if t.rest != nil {
				t.record, t.queue = newRecord(0), t.rest()
			}
		case err != nil:
			return nil, err
		default:
			record.traces = t.traces
			t.queue = t.dialect.draft(record)
		}
	}
	d := t.queue[0]
	t.queue[0], t.queue = nil, t.queue[1:]
	t.nth++
	t.override(d)
	for field, column := range d.from {
		if _, known := t.from[field]; !known {
			t.from[field] = column
		}
	}
	for column := range d.extra {
		t.unread[column] = true
	}
	return d, nil
}

// override gives fields what the user's --map names.
func (t *translator) override(d *draft) {
	for field, column := range t.mapping {
		if column == "" { // the field is to be ignored
			delete(d.values, field)
			delete(d.from, field)
			continue
		}
		text, found := t.record.lookup(column)
		if !found {
			continue
		}
		delete(d.extra, column)
		if field == "prompt" { // may be a request as JSON
			d.filtered, d.conversation = "", nil
			if chat, ok := looksLikeChat(text); ok {
				d.chat(readChat(chat), column)
				continue
			}
		}
		d.values[field], d.from[field] = text, column
		if _, known := t.from[field]; !known || t.from[field] != column {
			t.from[field] = column
		}
	}
}

// row makes a row of a draft.
func (t *translator) row(d *draft, row *Row) error {
	row.Raw = make([]string, len(translatedFields))
	row.place = translatedPlace
	row.Extra = d.extra
	row.SHA256 = t.record.sum(t.nth - 1)
	if d.gateway {
		row.Raw[translatedPlace[requestsField]] = "1"
	}
	if d.filtered != "" {
		row.Raw[translatedPlace[filteredField]] = d.filtered
		if !d.gateway {
			return nil
		}
	}
	for field, text := range d.values {
		if len(text) > maxField {
			return &fault{column: translatedPlace[field] + 1, msg: tooLarge(0).msg, remedy: "shorten it"}
		}
		row.Raw[translatedPlace[field]] = text
	}
	if len(d.conversation) > 0 && !t.looking {
		text, err := json.Marshal(d.conversation)
		if err != nil {
			return &fault{msg: "the conversation: " + err.Error()}
		}
		row.Raw[translatedPlace["conversation"]] = string(text)
	}
	return nil
}

// nextTranslated is [Table.Next] for a tool's export.
func (t *Table) nextTranslated() (Row, error) {
	row := Row{table: t}
	d, err := t.translator.next()
	row.cells = t.translator.cells
	if t.translator.record != nil {
		row.Line, row.text = t.translator.record.line, t.translator.record.raw
	}
	if err == nil {
		err = t.translator.row(d, &row)
	}
	if err == nil {
		err = checkCells(row.Raw)
	}
	return row, t.failure(&row, err)
}

// failure is what a row's error is to those who read the table.
func (t *Table) failure(row *Row, err error) error {
	if err == nil || err == io.EOF {
		return err
	}
	if bad, ok := asFault(err); ok {
		row.broken = bad.raw
		return row.reject(bad)
	}
	return t.readError(err)
}

// checkCells refuses text that is none.
func checkCells(cells []string) error {
	for i, value := range cells {
		if strings.IndexByte(value, 0) >= 0 {
			return &fault{column: i + 1, msg: "holds a NUL byte", remedy: "remove it"}
		}
		if !utf8.ValidString(value) {
			return &fault{column: i + 1, msg: "not UTF-8", remedy: "save the file as UTF-8"}
		}
	}
	return nil
}

// newRecord is a record of nothing.
func newRecord(line int) *record { return &record{line: line, byName: map[string]int{}} }

// checkMapping says which column that --map names a table does not have.
func (t *Table) checkMapping(header []string) error {
	for _, field := range slices.Sorted(maps.Keys(t.index.mapped)) {
		column := t.index.mapped[field]
		if column == "" {
			continue // the field is to be ignored
		}
		outer, _, _ := strings.Cut(column, ".")
		if !slices.Contains(header, column) && !slices.Contains(header, outer) {
			return fmt.Errorf("%s: --map %s=%s: there is no column %q; there are %s", t.name, field, column, column, quoted(header))
		}
	}
	return nil
}

// translateRows lays a dialect over a table's rows.
func (t *Table) translateRows(d *dialect, header []string, read func() ([]string, int, error)) {
	known := names{}
	t.translate(d, header)
	t.translator.records = func() (*record, error) {
		cells, line, err := read()
		t.translator.cells = cells
		if err != nil {
			return newRecord(line), err
		}
		if len(cells) != len(header) {
			t.header = header
			bad := t.ragged(cells)
			t.header = translatedFields
			return newRecord(line), bad
		}
		t.decode(cells)
		return rowRecord(header, cells, line, known), nil
	}
}

// translateObjects lays a dialect over JSON objects.
func (t *Table) translateObjects(d *dialect, objects *walkers) {
	known := names{}
	t.translate(d, nil)
	t.translator.records = func() (*record, error) {
		value, line, err := objects.next()
		if err != nil {
			return newRecord(line), err
		}
		text := string(value)
		if !utf8.ValidString(text) {
			return &record{line: line, raw: text}, &fault{msg: "not UTF-8", remedy: "save the file as UTF-8"}
		}
		if value[0] != '{' || !json.Valid(value) {
			_, err := readObject(value) // says what is wrong
			return &record{line: line, raw: text}, err
		}
		r := objectRecord(text, line, known)
		r.kept = objects.around
		return r, nil
	}
}

func (t *Table) translate(d *dialect, header []string) {
	t.format = JSONL // rows are found by the place of each field
	t.header = translatedFields
	t.owners = make([]string, len(translatedFields))
	t.reported = d.name
	t.translator = &translator{dialect: d, header: header, mapping: t.index.mapped, traces: t.traces, from: map[string]string{}, unread: map[string]bool{}}
}

// mapped is field to column as far as was read.
func (t *translator) mapped() map[string]string { return maps.Clone(t.from) }
