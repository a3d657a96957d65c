package ingest

import (
	"fmt"
	"strconv"
	"strings"
	"unicode"

	"modeltrial/audit"
)

// A Row is one row of a table. It stays valid when further rows are read.
type Row struct {
	Line   int      // on which the row begins, from 1
	Raw    []string // the values in the order of [Table.Header]
	SHA256 string   // hexadecimal, of a task's columns' names and values; empty where the row has an id
	// Extra holds the values that are not empty of columns that no field has.
	Extra  map[string]string
	table  *Table
	text   string         // of JSON: the object
	cells  []string       // of a tool's export under a header: the row as it stands there
	broken string         // of CSV: the text of a row that could not be cut into fields
	place  map[string]int // field to column where the table's columns differ by row
}

// extra collects what no field reads. The columns that a rejects file adds are
// not the user's.
func (r *Row) extra() {
	for i, value := range r.Raw {
		if value == "" {
			continue
		}
		name := r.table.header[i]
		if field := r.table.owners[i]; (field != "" && r.column(field) == i) || isRejectColumn(name) {
			continue
		}
		if r.Extra == nil {
			r.Extra = map[string]string{}
		}
		if name == "" {
			name = fmt.Sprintf("column %d", i+1)
		}
		if _, taken := r.Extra[name]; taken {
			name = fmt.Sprintf("%s (column %d)", name, i+1)
		}
		r.Extra[name] = value
	}
}

// column is the field's column from 0, -1 for none.
func (r *Row) column(field string) int {
	column, ok := 0, false
	if r.table.format == JSONL {
		column, ok = r.place[field]
	} else {
		column, ok = r.table.places.find(field)
	}
	if ok && column < len(r.Raw) {
		return column
	}
	return -1
}

// A fieldMap finds a field's column by its length and two of its letters, where no
// other field has the same: a map's hash of some twenty names for each row would take
// a quarter of the time of reading it.
type fieldMap struct {
	slots [1 << 8]struct {
		field  string
		column int
		shared bool // other fields have this slot
	}
	all map[string]int
}

func newFieldMap(columns map[string]int) *fieldMap {
	m := &fieldMap{all: columns}
	for field, column := range columns {
		slot := &m.slots[fieldSlot(field)]
		slot.shared = slot.field != ""
		slot.field, slot.column = field, column
	}
	return m
}

func fieldSlot(field string) uint8 {
	n := len(field)
	if n == 0 {
		return 0
	}
	return uint8(n) ^ field[0]<<3 ^ field[n-1]<<5 ^ field[n/2]
}

func (m *fieldMap) find(field string) (column int, ok bool) {
	switch slot := &m.slots[fieldSlot(field)]; {
	case slot.field == field && field != "":
		return slot.column, true
	case !slot.shared:
		return 0, false
	}
	column, ok = m.all[field]
	return column, ok
}

// Get gives the value of a field, empty where the row has none.
func (r *Row) Get(field string) string {
	if column := r.column(field); column >= 0 {
		return r.Raw[column]
	}
	return ""
}

// Has reports whether the row has a value for the field.
func (r *Row) Has(field string) bool { return r.Get(field) != "" }

// Column is the number of the field's column, from 1 as an [audit.RowError]
// counts; 0 where there is none and in JSON Lines, whose keys have no order.
func (r *Row) Column(field string) int {
	if r.table.format == JSONL {
		return 0
	}
	return r.column(field) + 1
}

// Reject is the error of a row's field: what is wrong with it, and what to do.
func (r *Row) Reject(field, msg, remedy string) *audit.RowError {
	return &audit.RowError{File: r.table.name, Line: r.Line, Column: r.Column(field), Field: field, Msg: msg, Remedy: remedy}
}

// reject is the error of a row's form.
func (r *Row) reject(bad *fault) *audit.RowError {
	failure := &audit.RowError{File: r.table.name, Line: r.Line, Msg: bad.msg, Remedy: bad.remedy}
	if r.table.format == CSV {
		failure.Column = bad.column
	}
	if at := bad.column - 1; at >= 0 && at < len(r.table.header) {
		failure.Field = printable(r.table.header[at])
	}
	return failure
}

// printable is a name as it may be shown on a terminal: in quotes and with escapes
// where it has control characters.
func printable(name string) string {
	if strings.IndexFunc(name, func(r rune) bool { return !unicode.IsPrint(r) }) >= 0 {
		return strconv.Quote(name)
	}
	return name
}
