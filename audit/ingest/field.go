package ingest

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"unicode"
)

// A Field is something that a table may hold. Its name and synonyms are
// compared without regard to case, to camel or snake case, and to spaces and
// punctuation between words.
type Field struct {
	Name     string
	Synonyms []string
	Required bool // the table must have a column for it
}

// normalize gives a header the form in which names are compared: taskID,
// "Task ID" and task-id are all task_id.
func normalize(header string) string {
	var b strings.Builder
	var last rune
	pending := false
	for _, r := range header {
		if !unicode.IsLetter(r) && !unicode.IsDigit(r) {
			pending = b.Len() > 0
			last = r
			continue
		}
		if unicode.IsUpper(r) && (unicode.IsLower(last) || unicode.IsDigit(last)) {
			pending = b.Len() > 0
		}
		if pending {
			b.WriteByte('_')
			pending = false
		}
		b.WriteRune(unicode.ToLower(r))
		last = r
	}
	return b.String()
}

// A fieldIndex finds the field that a column's name stands for.
type fieldIndex struct {
	fields []Field
	byName map[string]string // normalized name or synonym to field name
	mapped map[string]string // field to the column that the user named for it; to none where it shall not be read
	taken  map[string]string // the reverse: column as the user wrote it to field
}

// A MapError is a mapping of fields to columns that cannot be meant, whatever the
// file holds.
type MapError struct{ msg string }

func (e *MapError) Error() string { return e.msg }

func newFieldIndex(fields []Field, mapping map[string]string) (*fieldIndex, error) {
	index := &fieldIndex{fields: fields, byName: map[string]string{}, mapped: mapping, taken: map[string]string{}}
	names := make([]string, len(fields))
	for i, field := range fields {
		names[i] = field.Name
		for _, synonym := range field.Synonyms {
			index.byName[normalize(synonym)] = field.Name
		}
	}
	for _, name := range names { // names go before another field's synonyms
		index.byName[normalize(name)] = name
	}
	for _, field := range slices.Sorted(maps.Keys(mapping)) {
		column := mapping[field]
		if !slices.Contains(names, field) {
			return nil, &MapError{fmt.Sprintf("--map %s=%s: there is no field %q; there are %s", field, column, field, strings.Join(names, ", "))}
		}
		if column == "" {
			continue // the field is not wanted
		}
		if other, twice := index.taken[column]; twice {
			return nil, &MapError{fmt.Sprintf("--map gives the column %q to both %s and %s; name another column for one of them", column, other, field)}
		}
		index.taken[column] = field
	}
	return index, nil
}

// field is the field that a column is for, and whether that is beyond doubt:
// named by the user, or by its exact name. An empty field is none.
func (x *fieldIndex) field(column string) (field string, exact bool) {
	if field, ok := x.taken[column]; ok {
		return field, true
	}
	normal := normalize(column)
	field = x.byName[normal]
	if field == "" && x.byName[withoutCurrency(normal)] == costField {
		field = costField // cost_eur
	}
	if _, named := x.mapped[field]; field == "" || named {
		return "", false // unknown, or the user has named another column for it or none
	}
	return field, normal == normalize(field)
}

// costField is the field that holds an amount of money.
const costField = "cost_usd"

// mostAbove is within how many records of the beginning a header is looked for.
const mostAbove = 20

// known is how many of the columns are known: by a field, or to the format of a
// tool's export, which outweighs all.
func (x *fieldIndex) known(header []string, file File) (known int) {
	for _, column := range header {
		if field, _ := x.field(strings.TrimSpace(column)); field != "" {
			known++
		}
	}
	if file.recognises() && recognise(headerShape(header)) != nil {
		known += len(header)
	}
	return known
}

// isHeader says whether a row has what every header must have.
func (x *fieldIndex) isHeader(row []string, file File) bool {
	if file.recognises() && recognise(headerShape(row)) != nil {
		return true
	}
	found := map[string]bool{}
	for _, column := range row {
		field, _ := x.field(strings.TrimSpace(column))
		found[field] = true
	}
	delete(found, "")
	for _, field := range x.fields {
		if field.Required && !found[field.Name] {
			return false
		}
	}
	return len(found) > 0
}

// headerRow finds the header under titles and blank rows. Where no row is known as a
// header it is the first that has more cells than all above it, so that what is said
// of it names real columns.
func (x *fieldIndex) headerRow(rows [][]string, file File) int {
	if x.isHeader(rows[0], file) {
		return 0
	}
	widest, most := 0, filled(rows[0])
	sparse := most
	for at, row := range rows[1:] {
		cells := filled(row)
		above := 2*sparse <= cells || sparse <= 1 && cells > 1
		if above && x.isHeader(row, file) {
			return at + 1
		}
		if above && cells > most {
			widest, most = at+1, cells
		}
		sparse = max(sparse, cells)
	}
	return widest
}

// filled counts the cells that hold anything.
func filled(row []string) (cells int) {
	for _, cell := range row {
		if strings.TrimSpace(cell) != "" {
			cells++
		}
	}
	return cells
}

// resolve assigns columns to fields. What is wrong is said with what there is
// and how to settle it.
func (x *fieldIndex) resolve(header []string) (map[string]int, error) {
	columns := map[string]int{}
	exact := map[string]bool{}
	rival := map[string]string{}
	for i, column := range header {
		field, certain := x.field(column)
		if field == "" {
			continue
		}
		first, taken := columns[field]
		switch {
		case !taken, certain && !exact[field]:
			columns[field], exact[field] = i, certain
			delete(rival, field)
		case certain && exact[field] && x.mapped[field] == "" && column != header[first]:
			rival[field] = column // two spellings of the exact name
		case certain && exact[field]:
			return nil, fmt.Errorf("there are two columns named %q, the fields %d and %d; rename one of them", column, first+1, i+1)
		case !exact[field]:
			rival[field] = column
		}
	}
	for _, field := range slices.Sorted(maps.Keys(rival)) {
		first := header[columns[field]]
		return nil, fmt.Errorf("the columns %q and %q both look like %s; choose one with --map %s=%q", first, rival[field], field, field, first)
	}
	for _, field := range slices.Sorted(maps.Keys(x.mapped)) {
		if _, ok := columns[field]; !ok && x.mapped[field] != "" {
			return nil, fmt.Errorf("--map %s=%s: there is no column %q; there are %s", field, x.mapped[field], x.mapped[field], quoted(header))
		}
	}
	return columns, nil
}

// missing says which required field has no column.
func (x *fieldIndex) missing(has func(field string) bool, header []string) error {
	for _, field := range x.fields {
		if field.Required && !has(field.Name) {
			return fmt.Errorf("no column for %s; there are %s; name it with --map %s=COLUMN", field.Name, quoted(header), field.Name)
		}
	}
	return nil
}

// quoted lists columns for a message, the first of very many.
func quoted(columns []string) string {
	const most = 40
	var b strings.Builder
	for i, column := range columns {
		if i == most {
			fmt.Fprintf(&b, " and %d more", len(columns)-most)
			break
		}
		if i > 0 {
			b.WriteString(", ")
		}
		fmt.Fprintf(&b, "%q", shorten(column))
	}
	return b.String()
}

// shorten keeps a quoted piece of somebody's input readable in a message.
func shorten(text string) string {
	const most = 60
	if len(text) <= most {
		return text
	}
	return strings.ToValidUTF8(text[:most], "") + "…"
}
