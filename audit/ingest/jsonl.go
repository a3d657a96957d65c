package ingest

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
)

// A jsonReader reads JSON Lines: one object on each line. Objects inside are
// laid out as outer.inner; lists stay JSON text.
type jsonReader struct {
	lines   lineReader
	columns map[string]int
	header  []string
	text    string // of the last line
	notes   []string
	noted   map[string]bool // keys that notes tell of
}

// read gives the next object's values in the order of header, which grows with
// keys that were not seen before.
func (r *jsonReader) read() (fields []string, begin int, err error) {
	var line []byte
	for {
		line, err = r.lines.readLine()
		begin = r.lines.number
		if errors.Is(err, errLong) {
			r.text = ""
			_, _ = r.lines.piece() // begins the line
			begin = r.lines.number
			r.lines.endLine()
			return nil, begin, longLine()
		}
		if err != nil {
			return nil, begin, err
		}
		if line = bytes.TrimSpace(line); len(line) > 0 {
			break
		}
	}
	r.text = string(line)
	var object map[string]json.RawMessage
	if err := json.Unmarshal(line, &object); err != nil || object == nil {
		msg := "not a JSON object"
		if err != nil {
			msg += ": " + err.Error()
		}
		return nil, begin, &fault{msg: msg, remedy: "write one object on each line"}
	}
	fields = make([]string, len(r.header), len(r.header)+len(object))
	return r.lay("", object, fields, begin)
}

func (r *jsonReader) lay(prefix string, object map[string]json.RawMessage, fields []string, begin int) ([]string, int, error) {
	for _, key := range slices.Sorted(maps.Keys(object)) {
		value := object[key]
		if value[0] == '{' && prefix == "" {
			var inner map[string]json.RawMessage
			if json.Unmarshal(value, &inner) == nil {
				var err error
				if fields, _, err = r.lay(key+".", inner, fields, begin); err != nil {
					return fields, begin, err
				}
				continue
			}
		}
		text, err := jsonText(value)
		if err != nil {
			return fields, begin, &fault{msg: fmt.Sprintf("the value of %q: %v", key, err)}
		}
		if len(text) > maxField {
			return fields, begin, tooLarge(0)
		}
		at, err := r.column(prefix + key)
		if err != nil {
			return fields, begin, err
		}
		for len(fields) <= at {
			fields = append(fields, "")
		}
		if fields[at] != "" { // only an object of the same name was laid before
			r.note(prefix + key)
			if text == "" {
				continue
			}
		}
		fields[at] = text
	}
	return fields, begin, nil
}

// note tells once of a key that a line has in two ways.
func (r *jsonReader) note(key string) {
	const most = 10
	outer, inner, _ := strings.Cut(key, ".")
	note := fmt.Sprintf("line %d has the key %q and also %q inside %q; the key itself counts, here and below", r.lines.number, key, inner, outer)
	if r.noted[key] || len(r.notes) == most {
		return
	}
	if r.noted == nil {
		r.noted = map[string]bool{}
	}
	r.noted[key] = true
	r.notes = append(r.notes, note)
}

// maxColumns bounds what the keys of a whole file may add up to.
const maxColumns = 10_000

func (r *jsonReader) column(key string) (int, error) {
	if at, ok := r.columns[key]; ok {
		return at, nil
	}
	if len(r.header) == maxColumns {
		return 0, &fault{msg: fmt.Sprintf("%q is beyond the %d different keys that a file may have", shorten(key), maxColumns), remedy: "put values under fixed keys"}
	}
	at := len(r.header)
	r.columns[key] = at
	r.header = append(r.header, key)
	return at, nil
}

// jsonText is a value as text: a string without its quotes, null as nothing,
// anything else as it is written.
func jsonText(value json.RawMessage) (string, error) {
	switch value[0] {
	case '"':
		var text string
		err := json.Unmarshal(value, &text)
		return text, err
	case 'n':
		return "", nil
	}
	return string(value), nil
}
