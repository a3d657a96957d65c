package ingest

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"slices"
)

// envelopes are the keys under which documents of many programs keep their rows.
var envelopes = []string{"data", "results", "items", "rows", "records", "logs", "entries", "runs", "observations", "traces", "requests", "tasks", "conversations", "value"}

// openJSON finds out where in JSON the rows are, and whether a tool exported them.
func (t *Table) openJSON(lines lineReader, head []byte, file File, s *source) error {
	content := io.MultiReader(bytes.NewReader(lines.buffer[lines.next:]), restOf(&lines))
	byLine := isJSONLines(head) && !file.wants(JSON)
	seen := readShape(newJSONScanner(bytes.NewReader(head), 1), 0)
	t.format, t.reported = JSONL, JSON
	t.choices = map[string][]int{}
	d, paths := t.recogniseJSON(seen, file)
	if len(paths) > 0 && bytes.IndexByte(bytes.TrimSpace(head), '\n') < 0 {
		byLine = false // a document on one line, of any length
	}
	if byLine {
		t.reported = JSONL
	}
	t.container = t.reported
	if d != nil {
		if err := file.allows(t.name, d); err != nil {
			return err
		}
		t.translateObjects(d, newWalkers(content, byLine, paths, d.keep, t.latin))
		if d == otel {
			return t.joinLogs(byLine, s)
		}
		return nil
	}
	// The keys of the objects in the head stand in for a header.
	preview := &jsonReader{objects: newWalkers(bytes.NewReader(head), byLine, paths, nil, t.latin), columns: map[string]int{}}
	preview.paths = deepPaths(file.Map)
	for {
		_, _, err := preview.read()
		if _, bad := asFault(err); err != nil && !bad {
			break
		}
	}
	t.json = &jsonReader{
		objects: newWalkers(content, byLine, paths, nil, t.latin),
		columns: preview.columns, header: preview.header, paths: preview.paths,
	}
	t.learn()
	if len(t.header) == 0 {
		return nil // every row will say what is wrong with it
	}
	if err := t.index.missing(func(field string) bool { return len(t.choices[field]) > 0 }, t.header); err != nil {
		again := &jsonReader{objects: newWalkers(bytes.NewReader(head), byLine, paths, nil, t.latin), columns: preview.columns, header: preview.header}
		return fmt.Errorf("%s: %w%s", t.name, err, suggest(t.header, again.read))
	}
	for _, field := range slices.Sorted(maps.Keys(t.index.mapped)) {
		if column := t.index.mapped[field]; column != "" && len(t.choices[field]) == 0 {
			return fmt.Errorf("%s: --map %s=%s: there is no key %q; there are %s", t.name, field, column, column, quoted(t.header))
		}
	}
	return nil
}

// restOf is what a line reader has not read of its source.
func restOf(lines *lineReader) io.Reader {
	if lines.err != nil || lines.source == nil {
		return bytes.NewReader(nil)
	}
	return lines.source
}

// isJSONLines says whether each line is a value of its own: the first one is, or the
// one after a first one that is broken.
func isJSONLines(head []byte) bool {
	first, rest, more := bytes.Cut(bytes.TrimSpace(head), []byte{'\n'})
	if len(first) == 0 || first[0] != '{' {
		return false
	}
	if json.Valid(first) || !more {
		// A head that is one line is the beginning of a long line, or of a document
		// without line breaks: both are read alike.
		return true
	}
	second, _, _ := bytes.Cut(bytes.TrimSpace(rest), []byte{'\n'})
	return len(second) > 0 && second[0] == '{' && json.Valid(second)
}

// recogniseJSON finds the tool and the paths to its records, or the paths to rows of
// any kind; no paths where each value is one.
func (t *Table) recogniseJSON(seen *shape, file File) (*dialect, [][]string) {
	if forced := file.dialect(); forced != nil {
		return forced, pathsTo(forced, seen)
	}
	list := [][]string(nil)
	record := seen
	if seen.kind == '[' {
		list, record = [][]string{{anyElement}}, seen.first
	}
	if record == nil {
		return nil, list
	}
	if file.recognises() {
		if d := recognise(record); d != nil {
			return d, pathsTo(d, seen)
		}
	}
	if seen.kind != '{' || t.isRecord(seen) {
		return nil, list
	}
	for _, key := range envelopes {
		inner := seen.inner[key]
		if inner == nil {
			continue
		}
		written := seen.keys[slices.IndexFunc(seen.keys, func(k string) bool { return normalize(k) == key })]
		switch {
		case inner.kind == '{' && key == "data" && file.recognises() && recognise(inner) != nil:
			return recognise(inner), [][]string{{written}}
		case inner.kind == '[' && inner.first == nil && !inner.broken && len(seen.keys) == 1:
			return nil, [][]string{{written, anyElement}} // a page without rows
		case inner.kind != '[' || inner.first == nil || inner.first.kind != '{':
			continue
		}
		if file.recognises() {
			if d := recognise(inner.first); d != nil {
				return d, [][]string{{written, anyElement}}
			}
		}
		if t.isRecord(inner.first) || len(seen.keys) == 1 {
			return nil, [][]string{{written, anyElement}}
		}
	}
	return nil, nil
}

// isRecord says whether an object has what every row must have.
func (t *Table) isRecord(s *shape) bool {
	keys := slices.Clone(s.keys)
	for key, inner := range s.inner {
		for _, deeper := range inner.keys {
			keys = append(keys, key+"."+deeper)
		}
	}
	return t.index.isHeader(keys, File{})
}

// pathsTo are where a tool's records are in JSON of this shape.
func pathsTo(d *dialect, seen *shape) [][]string {
	if seen.kind == '[' {
		return [][]string{{anyElement}}
	}
	for _, path := range d.within {
		if seen.has(normalize(path[0])) {
			return d.within
		}
	}
	if d == otel {
		return d.within // of a file of log records alone there are no spans
	}
	return nil
}

// joinLogs reads the texts that log records of the same file hold for spans.
func (t *Table) joinLogs(byLine bool, s *source) error {
	if s == nil {
		return errors.New("spans are read from files")
	}
	logs, err := readLogs(func(paths [][]string) (*walkers, error) {
		content, err := s.text()
		if err != nil {
			return nil, err
		}
		return newWalkers(content, byLine, paths, nil, t.latin), nil
	})
	if err != nil {
		return t.readError(err)
	}
	records := t.translator.records
	t.translator.records = func() (*record, error) {
		r, err := records()
		r.logs = logs
		return r, err
	}
	t.translator.rest = logs.rest
	return nil
}
