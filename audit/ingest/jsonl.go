package ingest

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/tidwall/gjson"
)

// A jsonReader reads JSON objects: one on each line, or those of a list. Objects
// inside are laid out as outer.inner; lists stay JSON text.
type jsonReader struct {
	objects *walkers
	columns map[string]int
	header  []string
	paths   []string // further columns: paths that --map names, deeper than outer.inner
	text    string   // of the last object
	line    int      // on which it begins
	notes   []string
	noted   map[string]bool // keys that notes tell of
}

// read gives the next object's values in the order of header, which grows with
// keys that were not seen before.
func (r *jsonReader) read() (fields []string, begin int, err error) {
	value, begin, err := r.objects.next()
	if err != nil {
		r.text = ""
		return nil, begin, err
	}
	r.text, r.line = string(value), begin
	if !utf8.Valid(value) { // encoding/json would put a replacement character
		return nil, begin, &fault{msg: "not UTF-8", remedy: "save the file as UTF-8"}
	}
	object, err := readObject(value)
	if err != nil {
		return nil, begin, err
	}
	fields = make([]string, len(r.header), len(r.header)+len(object))
	if fields, err = r.lay("", object, fields); err != nil {
		return fields, begin, err
	}
	for _, path := range r.paths {
		at, known := r.columns[path]
		if known && at < len(fields) && fields[at] != "" {
			continue // a key of that name
		}
		value := gjson.Get(r.text, path)
		if !value.Exists() {
			continue
		}
		if fields, err = r.put(path, fieldText(value), fields); err != nil {
			return fields, begin, err
		}
	}
	return fields, begin, nil
}

// readObject reads the keys and values of an object.
func readObject(text []byte) (map[string]json.RawMessage, error) {
	var object map[string]json.RawMessage
	if err := json.Unmarshal(text, &object); err != nil || object == nil {
		msg := "not a JSON object"
		if err != nil {
			msg += ": " + err.Error()
		}
		return nil, &fault{msg: msg, remedy: "write one object on each line, or a list of objects"}
	}
	return object, nil
}

func (r *jsonReader) lay(prefix string, object map[string]json.RawMessage, fields []string) ([]string, error) {
	for _, key := range slices.Sorted(maps.Keys(object)) {
		value := object[key]
		if value[0] == '{' && prefix == "" {
			var inner map[string]json.RawMessage
			if json.Unmarshal(value, &inner) == nil {
				var err error
				if fields, err = r.lay(key+".", inner, fields); err != nil {
					return fields, err
				}
				continue
			}
		}
		text, err := jsonText(value)
		if err != nil {
			return fields, &fault{msg: fmt.Sprintf("the value of %q: %v", key, err)}
		}
		if fields, err = r.put(prefix+key, text, fields); err != nil {
			return fields, err
		}
	}
	return fields, nil
}

// put gives a column its text.
func (r *jsonReader) put(column, text string, fields []string) ([]string, error) {
	if len(text) > maxField {
		return fields, tooLarge(0)
	}
	at, err := r.column(column)
	if err != nil {
		return fields, err
	}
	for len(fields) <= at {
		fields = append(fields, "")
	}
	if fields[at] != "" { // only an object of the same name was laid before
		r.note(column)
		if text == "" {
			return fields, nil
		}
	}
	fields[at] = text
	return fields, nil
}

// note tells once of a key that an object has in two ways.
func (r *jsonReader) note(key string) {
	const most = 10
	outer, inner, _ := strings.Cut(key, ".")
	if r.noted[key] || len(r.notes) == most {
		return
	}
	if r.noted == nil {
		r.noted = map[string]bool{}
	}
	r.noted[key] = true
	r.notes = append(r.notes, fmt.Sprintf("line %d has the key %q and also %q inside %q; the key itself counts, here and below", r.line, key, inner, outer))
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

// deepPaths are the columns that --map names as paths into JSON.
func deepPaths(mapping map[string]string) (paths []string) {
	for _, column := range mapping {
		if strings.Contains(column, ".") {
			paths = append(paths, column)
		}
	}
	slices.Sort(paths)
	return paths
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
