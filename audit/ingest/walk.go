package ingest

import (
	"bytes"
	"errors"
	"io"
	"unicode/utf8"
)

// walkers give the JSON values at the ends of paths, in a document of any size or in
// the lines of JSON Lines, each of which is a document of its own: a line that is
// broken does not spoil those after it.
type walkers struct {
	lines  *lineReader // nil for one document
	walker *jsonWalker // of the document, or of the line at hand
	paths  [][]string
	keep   []string
	latin  func() bool
}

func newWalkers(content io.Reader, byLine bool, paths [][]string, keep []string, latin func() bool) *walkers {
	w := &walkers{paths: paths, keep: keep, latin: latin}
	if byLine {
		lines := newLineReader(content)
		w.lines = &lines
		return w
	}
	w.walker = w.walk(content, 1)
	return w
}

func (w *walkers) walk(content io.Reader, line int) *jsonWalker {
	paths := w.paths
	if len(paths) == 0 {
		paths = [][]string{{}} // each value itself
	}
	return &jsonWalker{scanner: newJSONScanner(content, line), paths: paths, keep: w.keep}
}

// next gives the next value and the line on which it begins. An error is io.EOF, a
// *fault after which reading goes on, or one of the source. The value holds until
// the next call.
func (w *walkers) next() (value []byte, line int, err error) {
	for {
		if w.walker != nil {
			value, line, err = w.walker.next()
			if err != io.EOF || w.lines == nil {
				return w.decoded(value), line, err
			}
			w.walker = nil
		}
		value, line, err = w.nextLine()
		if err != nil || len(w.paths) == 0 {
			return w.decoded(value), line, err
		}
		w.walker = w.walk(bytes.NewReader(value), line)
	}
}

// nextLine gives the next line that is not blank.
func (w *walkers) nextLine() ([]byte, int, error) {
	for {
		line, err := w.lines.readLine()
		begin := w.lines.number
		if errors.Is(err, errLong) {
			_, _ = w.lines.piece() // begins the line
			begin = w.lines.number
			w.lines.endLine()
			return nil, begin, longLine()
		}
		if err != nil {
			return nil, begin, err
		}
		if line = bytes.TrimSpace(line); len(line) > 0 {
			return line, begin, nil
		}
	}
}

// decoded is a value in UTF-8 where the file is in Windows-1252.
func (w *walkers) decoded(value []byte) []byte {
	if w.latin == nil || utf8.Valid(value) || !w.latin() {
		return value
	}
	return []byte(fromWindows1252(string(value)))
}

// around gives what was kept of the document around the last value.
func (w *walkers) around(key string) string {
	if w.walker == nil {
		return ""
	}
	return w.walker.kept(key)
}

func asFault(err error) (*fault, bool) { return errors.AsType[*fault](err) }
