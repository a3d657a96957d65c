package ingest

import (
	"slices"
)

// A dialect reads the export of one tool: what its records are called and mean,
// whether they come as a table's rows, as JSON Lines or inside a JSON document.
type dialect struct {
	name string
	// is recognises a record by its columns.
	is func(s *shape) bool
	// within is where records lie in a JSON document, beside a list or lines of them.
	within [][]string
	keep   []string // keys around a record that it needs
	// draft makes what the record holds: mostly one task, some turns of a conversation,
	// or a draft that says why it is none.
	draft func(r *record) []*draft
	// spend says that records are sums without the text of any task.
	spend bool
	notes []string // what a reader should know of how values were taken
}

// dialects are asked in this order.
var dialects = []*dialect{
	otel, promptfoo, chatGPT, claude, openAIUsage, openRouter, liteLLM, helicone, langSmith, langfuse, langfuseTraces,
}

// dialectNamed finds a dialect by the name that --format gives.
func dialectNamed(name string) *dialect {
	at := slices.IndexFunc(dialects, func(d *dialect) bool { return d.name == name })
	if at < 0 {
		return nil
	}
	return dialects[at]
}

// Containers are the formats that hold rows of any kind.
const (
	JSON    = "json"
	XLSX    = "xlsx"
	Parquet = "parquet"
	SQL     = "sql"
)

// Auto is the format that recognises.
const Auto = "auto"

// Formats are the names that [File.Format] takes.
func Formats() []string {
	formats := []string{Auto, CSV, JSONL, JSON, XLSX, Parquet}
	for _, name := range []string{"litellm", "langfuse", "langsmith", "helicone", "otel", "promptfoo", "chatgpt", "claude", "openrouter", "openai-usage"} {
		if dialectNamed(name) != nil {
			formats = append(formats, name)
		}
	}
	return formats
}

// A shape is what can be told of JSON from its beginning, or of a table from its
// header: the names in it, without the values.
type shape struct {
	kind   byte // { for an object, [ for a list, else the value's first byte; 0 for a table's column
	keys   []string
	inner  map[string]*shape // of an object, by normalized key
	first  *shape            // of a list
	broken bool              // the beginning ends inside it
}

// has says whether every name is there.
func (s *shape) has(names ...string) bool {
	for _, name := range names {
		if s == nil || s.inner[name] == nil {
			return false
		}
	}
	return true
}

// hasOne says whether one of the names is there.
func (s *shape) hasOne(names ...string) bool {
	return slices.ContainsFunc(names, func(name string) bool { return s.has(name) })
}

// headerShape is the shape of a table.
func headerShape(header []string) *shape {
	s := &shape{kind: '{', keys: header, inner: map[string]*shape{}}
	for _, column := range header {
		s.inner[normalize(column)] = &shape{}
	}
	return s
}

// mostShape bounds how deep a shape goes.
const mostShape = 6

// readShape reads the shape of the next value.
func readShape(s *jsonScanner, depth int) *shape {
	c, err := s.peek()
	if err != nil {
		return &shape{broken: true}
	}
	result := &shape{kind: c, inner: map[string]*shape{}}
	if depth == mostShape || (c != '{' && c != '[') {
		_, _, err := s.read(0)
		result.broken = err != nil
		return result
	}
	s.pass()
	for {
		next, err := s.peek()
		if err != nil {
			result.broken = true
			return result
		}
		switch {
		case next == ',':
			s.pass()
			continue
		case next == ']' || next == '}':
			s.pass()
			return result
		}
		if c == '[' {
			if result.first != nil {
				_, _, err = s.read(0)
				result.broken = err != nil
			} else {
				result.first = readShape(s, depth+1)
				result.broken = result.first.broken
			}
		} else {
			var key string
			if key, err = s.key(); err != nil {
				result.broken = true
				return result
			}
			inner := readShape(s, depth+1)
			result.keys = append(result.keys, key)
			result.inner[normalize(key)] = inner
			result.broken = inner.broken
		}
		if result.broken {
			return result
		}
	}
}

// recognise finds the dialect whose records have this shape, nil for none.
func recognise(s *shape) *dialect {
	for _, d := range dialects {
		if d.is(s) {
			return d
		}
	}
	return nil
}

// extras keeps what no field was read from as metadata.
func (d *draft) extras(r *record) {
	for i := range r.columns {
		if column := &r.columns[i]; !column.used && column.name != "" && !isRejectColumn(column.name) && present(column.value) {
			d.note(column.name, fieldText(column.value))
		}
	}
}
