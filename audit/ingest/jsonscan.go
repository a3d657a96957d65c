package ingest

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"slices"
)

// A jsonScanner cuts JSON of any size into its values, of which it holds one at a
// time. It checks what stands between the values that it is asked for; whoever asks
// for one checks what is in it.
type jsonScanner struct {
	source io.Reader
	buffer []byte
	next   int
	err    error // of the source, for when buffer is used up
	line   int   // of the next byte, from 1
	value  []byte
}

func newJSONScanner(source io.Reader, line int) *jsonScanner {
	return &jsonScanner{source: source, line: line, buffer: make([]byte, 0, headSize)}
}

// peek passes over white space and gives the byte after it, which it does not pass
// over. It gives io.EOF at the end.
func (s *jsonScanner) peek() (byte, error) {
	for {
		for s.next < len(s.buffer) {
			switch c := s.buffer[s.next]; c {
			case '\n':
				s.line++
				s.next++
			case ' ', '\t', '\r':
				s.next++
			default:
				return c, nil
			}
		}
		if s.err != nil {
			return 0, s.err
		}
		s.fill()
	}
}

func (s *jsonScanner) fill() {
	n, err := io.ReadAtLeast(s.source, s.buffer[:cap(s.buffer)], 1)
	s.buffer, s.next, s.err = s.buffer[:n], 0, err
}

// pass passes over the byte that peek gave.
func (s *jsonScanner) pass() { s.next++ }

// A jsonPart is where in a value the scanner is.
type jsonPart struct {
	depth    int
	inString bool
	escaped  bool
}

// end finds how much of a chunk belongs to the value, and whether it ends there.
func (p *jsonPart) end(chunk []byte) (int, bool) {
	for i := 0; i < len(chunk); i++ {
		c := chunk[i]
		if p.inString {
			switch {
			case p.escaped:
				p.escaped = false
			case c == '\\':
				p.escaped = true
			case c == '"':
				p.inString = false
				if p.depth == 0 {
					return i + 1, true
				}
			}
			continue
		}
		switch c {
		case '"':
			p.inString = true
		case '{', '[':
			p.depth++
		case '}', ']':
			p.depth--
			if p.depth <= 0 {
				return i + 1, true
			}
		}
	}
	return len(chunk), false
}

// scalarEnd finds the end of a number or a word.
func scalarEnd(chunk []byte) (int, bool) {
	if at := bytes.IndexAny(chunk, ",]}: \t\r\n"); at >= 0 {
		return at, true
	}
	return len(chunk), false
}

// read gives the next value as it is written, and the line on which it begins. It
// holds until the next call. A value of more than most bytes is passed over and
// gives a *fault; most of 0 passes over any value. The end inside a value gives
// io.ErrUnexpectedEOF.
func (s *jsonScanner) read(most int) (value []byte, begin int, err error) {
	first, err := s.peek()
	if err != nil {
		return nil, s.line, err
	}
	begin = s.line
	if cap(s.value) > largeBuffer {
		s.value = nil
	}
	s.value = s.value[:0]
	find := new(jsonPart).end
	if first != '"' && first != '{' && first != '[' {
		find = scalarEnd
	}
	size := 0
	for {
		n, done := find(s.buffer[s.next:])
		chunk := s.buffer[s.next : s.next+n]
		s.line += bytes.Count(chunk, []byte{'\n'})
		size += n
		if size <= most {
			s.value = append(s.value, chunk...)
		} else {
			s.value = s.value[:0]
		}
		s.next += n
		if done {
			break
		}
		if s.err == io.EOF && first != '"' && first != '{' && first != '[' {
			break
		}
		if s.err == io.EOF {
			return nil, begin, io.ErrUnexpectedEOF
		}
		if s.err != nil {
			return nil, begin, s.err
		}
		s.fill()
	}
	switch {
	case size == 0:
		s.pass() // a byte that begins no value
		return nil, begin, &fault{msg: "not JSON"}
	case size > most && most > 0:
		return nil, begin, longValue()
	}
	return s.value, begin, nil
}

func longValue() *fault {
	return &fault{
		msg:    fmt.Sprintf("the JSON value is larger than %d MB", maxRecord>>20),
		remedy: "shorten it, or split it into rows",
	}
}

// key gives a key with what stands before its value.
func (s *jsonScanner) key() (string, error) {
	raw, _, err := s.read(maxKey)
	if err != nil {
		return "", err
	}
	var key string
	if err := json.Unmarshal(raw, &key); err != nil {
		return "", &fault{msg: fmt.Sprintf("%q is not a key", shorten(string(raw)))}
	}
	if c, err := s.peek(); err != nil || c != ':' {
		return "", &fault{msg: fmt.Sprintf("there is no colon after the key %q", shorten(key))}
	}
	s.pass()
	return key, nil
}

// maxKey is the size of the longest key that is read.
const maxKey = 1 << 16

// anyElement stands in a path for each element of an array.
const anyElement = "*"

// A jsonWalker gives the values at the ends of paths in a stream of JSON values, one
// after the other and however large what is around them is. A path is made of keys
// and anyElement; the empty path is each value of the stream.
type jsonWalker struct {
	scanner *jsonScanner
	paths   [][]string
	keep    []string // keys beside a path whose values are kept while their object lasts
	frames  []jsonFrame
}

// A jsonFrame is an array or object that the walker is in.
type jsonFrame struct {
	array bool
	paths [][]string // what is left of the paths that lead through it
	kept  map[string]string
}

// maxKept is the size of the largest value that is kept beside a path.
const maxKept = 1 << 20

// next gives the next value at the end of a path. A *fault spoils one value;
// the walk goes on after it.
func (w *jsonWalker) next() (value []byte, line int, err error) {
	for {
		value, line, found, err := w.step()
		if err == io.ErrUnexpectedEOF || (err == io.EOF && len(w.frames) > 0) {
			w.frames, w.scanner.err, w.scanner.next = nil, io.EOF, len(w.scanner.buffer)
			return nil, line, &fault{msg: "the JSON breaks off here", remedy: "export it again; what stands before is read"}
		}
		if found || err != nil {
			return value, line, err
		}
	}
}

func (w *jsonWalker) step() (value []byte, line int, found bool, err error) {
	c, err := w.scanner.peek()
	line = w.scanner.line
	if err != nil {
		return nil, line, false, err
	}
	if len(w.frames) == 0 {
		return w.enter(w.paths)
	}
	frame := &w.frames[len(w.frames)-1]
	switch {
	case c == ',': // one too many before a closing bracket does no harm
		w.scanner.pass()
		return nil, line, false, nil
	case (c == ']' && frame.array) || (c == '}' && !frame.array):
		w.scanner.pass()
		w.frames = w.frames[:len(w.frames)-1]
		return nil, line, false, nil
	case c == ']' || c == '}' || c == ':':
		w.scanner.pass()
		return nil, line, false, &fault{msg: fmt.Sprintf("not JSON: %q stands where a value should", c)}
	}
	if frame.array {
		return w.enter(along(frame.paths, anyElement))
	}
	key, err := w.scanner.key()
	if err != nil {
		return nil, line, false, err
	}
	paths := along(frame.paths, key)
	if len(paths) == 0 && slices.Contains(w.keep, key) {
		value, line, err := w.scanner.read(maxKept)
		if err == nil && json.Valid(value) {
			frame.kept[key] = string(value)
		}
		return nil, line, false, err
	}
	return w.enter(paths)
}

// enter gives the value at hand where a path ends at it, goes into it where a path
// leads on, and else passes over it.
func (w *jsonWalker) enter(paths [][]string) (value []byte, line int, found bool, err error) {
	for _, path := range paths {
		if len(path) == 0 {
			value, line, err = w.scanner.read(maxRecord)
			return value, line, true, err
		}
	}
	c, err := w.scanner.peek()
	if err != nil {
		return nil, w.scanner.line, false, err
	}
	if len(paths) > 0 && (c == '{' || c == '[') {
		w.scanner.pass()
		w.frames = append(w.frames, jsonFrame{array: c == '[', paths: paths, kept: map[string]string{}})
		return nil, w.scanner.line, false, nil
	}
	_, line, err = w.scanner.read(0)
	if len(w.frames) == 0 && err == nil {
		err = &fault{msg: "not a JSON object"}
	}
	return nil, line, false, err
}

// kept is what was kept under a key in the objects around the value, the innermost
// first.
func (w *jsonWalker) kept(key string) string {
	for i := len(w.frames) - 1; i >= 0; i-- {
		if value, ok := w.frames[i].kept[key]; ok {
			return value
		}
	}
	return ""
}

// along is what is left of the paths that lead through a key.
func along(paths [][]string, key string) (left [][]string) {
	for _, path := range paths {
		if len(path) > 0 && path[0] == key {
			left = append(left, path[1:])
		}
	}
	return left
}
