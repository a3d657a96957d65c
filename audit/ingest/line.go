package ingest

import (
	"bytes"
	"errors"
	"io"
	"strings"
)

// A lineReader gives the lines of a source and can go back to a line that it gave
// before. What was read since the last hold stays in memory up to maxRecord; beyond
// that a source that can seek is read again.
type lineReader struct {
	source io.Reader
	buffer []byte // of the source, from the offset base
	base   int64
	next   int   // where in buffer the next line begins
	err    error // of the source, for when buffer is used up
	holds  bool  // whether buffer is kept from held on
	held   int
	number int    // of the line given last, from 1
	open   bool   // a part of that line is still to come
	line   []byte // a line of which CRLF was made LF

	furthest int64 // offset up to which the source was read
	again    int64 // bytes read again
}

// largeBuffer is a buffer that is given back when it is no longer needed.
const largeBuffer = maxField / 4

// errLong is returned by readLine for a line beyond maxRecord, which piece gives.
var errLong = errors.New("line too long")

// newLineReader reads from a source's start.
func newLineReader(source io.Reader) lineReader {
	return lineReader{source: source, buffer: make([]byte, 0, headSize)}
}

// linesOf reads text that is in memory.
func linesOf(text []byte) lineReader {
	return lineReader{buffer: text, err: io.EOF}
}

// head gives the first headSize bytes without passing over them.
func (r *lineReader) head() ([]byte, error) {
	for len(r.buffer) < headSize && r.err == nil {
		r.fill()
	}
	if r.err != nil && r.err != io.EOF {
		return nil, r.err
	}
	return r.buffer, nil
}

// readLine gives the next line with its line break made \n. It holds until the
// next call.
func (r *lineReader) readLine() ([]byte, error) {
	scanned := 0
	for {
		if end := bytes.IndexByte(r.buffer[r.next+scanned:], '\n'); end >= 0 {
			return r.give(scanned + end + 1), nil
		}
		scanned = len(r.buffer) - r.next
		switch {
		case r.err == io.EOF && scanned > 0:
			return r.give(scanned), nil
		case r.err != nil:
			return nil, r.err
		case scanned > maxRecord:
			return nil, errLong
		}
		r.fill()
	}
}

// give gives the next n bytes, which end a line.
func (r *lineReader) give(n int) []byte {
	line := r.buffer[r.next : r.next+n]
	r.next += n
	if !r.open {
		r.number++
	}
	r.open = false
	switch {
	case n >= 2 && line[n-1] == '\n' && line[n-2] == '\r':
		if cap(r.line) > largeBuffer {
			r.line = nil
		}
		r.line = append(append(r.line[:0], line[:n-2]...), '\n') // the buffer may be read again
		return r.line
	case line[n-1] == '\r': // as encoding/csv: a CR before the end of the file
		return line[:n-1]
	}
	return line
}

// piece gives the next part of a line of any length, and keeps nothing of it. The
// part that ends the line ends with \n, or with the file.
func (r *lineReader) piece() ([]byte, error) {
	r.holds = false
	for {
		rest := r.buffer[r.next:]
		if end := bytes.IndexByte(rest, '\n'); end >= 0 {
			return r.give(end + 1), nil
		}
		if r.err != nil {
			if r.err != io.EOF || len(rest) == 0 {
				return nil, r.err
			}
			return r.give(len(rest)), nil
		}
		if n := len(rest) - 1; n > 0 { // the last byte may be the CR of a CRLF
			if !r.open {
				r.number++
			}
			r.open = true
			r.next += n
			return rest[:n], nil
		}
		r.fill()
	}
}

// endLine passes over what is left of a line that was given in part.
func (r *lineReader) endLine() {
	for r.open {
		if _, err := r.piece(); err != nil {
			return // is given again by the next call
		}
	}
}

// fill reads more of the source into the buffer, of which it keeps what is held or
// was not given yet.
func (r *lineReader) fill() {
	if len(r.buffer) == cap(r.buffer) {
		from := r.next
		if r.holds {
			from = r.held
		}
		rest := r.buffer[from:]
		switch {
		case len(rest) > cap(r.buffer)/2:
			r.buffer = append(make([]byte, 0, 2*cap(r.buffer)), rest...)
		case cap(r.buffer) > largeBuffer && len(rest) < headSize/2:
			r.buffer = append(make([]byte, 0, headSize), rest...)
		default:
			r.buffer = r.buffer[:copy(r.buffer, rest)]
		}
		r.base += int64(from)
		r.next -= from
		r.held = 0
	}
	n, err := io.ReadAtLeast(r.source, r.buffer[len(r.buffer):cap(r.buffer)], 1)
	r.buffer, r.err = r.buffer[:len(r.buffer)+n], err
}

// offset is where in the source the next line begins.
func (r *lineReader) offset() int64 { return r.base + int64(r.next) }

// hold keeps what is read from now on, for going back.
func (r *lineReader) hold() { r.holds, r.held = true, r.next }

// heldText is the text from hold up to an offset without its line break; empty where
// it is not, or no longer, in the buffer or is too long to be repeated.
func (r *lineReader) heldText(until int64) string {
	end := int(until - r.base)
	if !r.holds || end < r.held || end > len(r.buffer) || end-r.held > headSize {
		return ""
	}
	text := string(r.buffer[r.held:end])
	return strings.TrimSuffix(strings.TrimSuffix(text, "\n"), "\r")
}

// back goes back to an offset at which the line after the one of this number
// begins, and says whether it could. All that is read again stays in proportion to
// what was read, so that no file takes quadratic time.
func (r *lineReader) back(offset int64, number int) bool {
	r.furthest = max(r.furthest, r.offset())
	again := r.offset() - offset
	if r.again+again > 16*r.furthest {
		return false
	}
	if offset >= r.base {
		r.next = int(offset - r.base)
	} else {
		seeker, ok := r.source.(io.Seeker)
		if !ok {
			return false
		}
		if _, err := seeker.Seek(offset, io.SeekStart); err != nil {
			return false // as a pipe does; reading goes on where it was
		}
		r.buffer, r.base, r.next, r.err = r.buffer[:0], offset, 0, nil
	}
	r.again += again
	r.number, r.open, r.holds = number, false, false
	return true
}
