package ingest

import (
	"bytes"
	"cmp"
	"errors"
	"fmt"
	"io"
	"unicode/utf8"
)

// Limits of what one row may hold, so that a file of any size is read with flat
// memory and a forgotten quote does not gather the rest of the file.
const (
	maxField  = 16 << 20 // bytes
	maxRecord = 4 * maxField
)

// A fault is what was wrong with a record's form.
type fault struct {
	column int // field number from 1; 0 for the whole record
	msg    string
	remedy string
	raw    string // the text that the record would have been, where it is still known
}

func (f *fault) Error() string { return f.msg }

// A csvReader reads CSV of RFC 4180 with the rules of encoding/csv: quotes stand
// only around whole fields, "" inside is a quote, CRLF is read as LF. Unlike it,
// a record is bounded, and after a quote that does not close reading goes on
// with the line after the one on which it opened.
type csvReader struct {
	lines  lineReader
	comma  byte
	single bool // one column only: a continued line looks like a row

	begun  int    // its line
	record []byte // the fields' text
	ends   []int  // where each field ends in record
	proper bool   // whether all of it is known to be UTF-8 without NUL

	spare []string // for the fields of the next record; nil: they are made anew
}

// A quote is where the quotes of a field open.
type quote struct {
	line  int   // its number
	after int64 // offset of the line after it; 0 while it is not known
}

// read gives the next record and the line on which it begins. An error is
// io.EOF, a *fault after which reading goes on, or one of the source.
func (r *csvReader) read() (fields []string, begin int, err error) {
	var line []byte
	for {
		r.lines.hold()
		r.begun = r.lines.number + 1
		if fields := r.whole(); fields != nil {
			return fields, r.begun, nil
		}
		r.record, r.ends, r.proper = r.record[:0], r.ends[:0], false
		line, err = r.lines.readLine()
		if err != nil || (len(line) > 0 && line[0] != '\n') {
			break
		}
	}
	if errors.Is(err, errLong) {
		err = r.skip(nil, fieldStart, quote{}, longLine())
	}
	for err == nil && line != nil {
		line, err = r.field(line)
	}
	if err != nil {
		return nil, r.begun, err
	}
	return r.fields(), r.begun, nil
}

// whole reads a record that stands in the buffer to its end and is well formed, as
// all but a few do. Of any other record, and of a blank line, it reads nothing.
func (r *csvReader) whole() []string {
	buffer := r.lines.buffer[r.lines.next:]
	lineEnd := bytes.IndexByte(buffer, '\n')
	if lineEnd <= 0 || lineEnd > maxField || buffer[0] == '\r' || r.lines.open {
		return nil
	}
	r.record, r.ends = r.record[:0], r.ends[:0]
	lines := 1
	for at, last := 0, false; !last; {
		if buffer[at] == '"' {
			start := at + 1
			end, doubled := quotedEnd(buffer, start)
			after := end + 1 // the closing quote
			if end < 0 || after >= len(buffer) {
				return nil
			}
			text := buffer[start:end]
			if end > lineEnd {
				lines += bytes.Count(text, newline)
				next := bytes.IndexByte(buffer[after:], '\n')
				if next < 0 || after > maxField {
					return nil
				}
				lineEnd = after + next
				doubled = doubled || bytes.Contains(text, crlf)
			}
			if doubled {
				r.record = appendQuoted(r.record, text)
			} else {
				r.record = append(r.record, text...)
			}
			switch {
			case buffer[after] == r.comma:
				at = after + 1
			case after == lineEnd, after+1 == lineEnd && buffer[after] == '\r':
				last = true
			default:
				return nil
			}
		} else {
			text := buffer[at:lineEnd]
			if length := bareLength(text, r.comma); length >= 0 {
				text = text[:length]
				at += length + 1
			} else {
				last, text = true, bytes.TrimSuffix(text, cr)
			}
			if bytes.IndexByte(text, '"') >= 0 {
				return nil
			}
			r.record = append(r.record, text...)
		}
		r.ends = append(r.ends, len(r.record))
	}
	r.proper = bytes.IndexByte(buffer[:lineEnd], 0) < 0 && utf8.Valid(buffer[:lineEnd])
	r.lines.next += lineEnd + 1
	r.lines.number += lines
	return r.fields()
}

var (
	newline = []byte("\n")
	cr      = []byte("\r")
	crlf    = []byte("\r\n")
)

// quotedEnd is where a field in quotes ends whose text begins at start, -1 where the
// buffer ends before it, and whether quotes in it are doubled.
func quotedEnd(buffer []byte, start int) (end int, doubled bool) {
	for end = start; ; end += 2 {
		next := bytes.IndexByte(buffer[end:], '"')
		if next < 0 {
			return -1, false
		}
		end += next
		if end+1 >= len(buffer) || buffer[end+1] != '"' {
			return end, doubled
		}
		doubled = true
	}
}

// appendQuoted appends a field's text with "" made one quote and CRLF made LF.
func appendQuoted(record, text []byte) []byte {
	for len(text) > 0 {
		at := bytes.IndexByte(text, '"')
		piece := text
		if at >= 0 {
			piece = text[:at+1]
		}
		for {
			line := bytes.Index(piece, crlf)
			if line < 0 {
				break
			}
			record = append(append(record, piece[:line]...), '\n')
			piece = piece[line+2:]
		}
		record = append(record, piece...)
		if at < 0 {
			break
		}
		text = text[at+2:]
	}
	return record
}

// bareLength is the length of a field without quotes in front of a comma, -1 where
// none follows. Most such fields are short.
func bareLength(text []byte, comma byte) int {
	const short = 16
	for i, c := range text[:min(short, len(text))] {
		if c == comma {
			return i
		}
	}
	if len(text) <= short {
		return -1
	}
	if end := bytes.IndexByte(text[short:], comma); end >= 0 {
		return short + end
	}
	return -1
}

// field reads one field from the start of line, and lines after it where quotes
// go on. It returns the rest of the line, nil at the record's end.
func (r *csvReader) field(line []byte) ([]byte, error) {
	if len(line) > 0 && line[0] == '"' {
		return r.quoted(line[1:])
	}
	text, rest := line, []byte(nil)
	if end := bytes.IndexByte(line, r.comma); end >= 0 {
		text, rest = line[:end], line[end+1:]
	} else if n := len(line); n > 0 && line[n-1] == '\n' {
		text = line[:n-1]
	}
	if len(text) > maxField {
		return nil, r.skip(line, fieldStart, quote{}, tooLarge(r.column()))
	}
	if bytes.IndexByte(text, '"') >= 0 {
		return nil, &fault{
			column: r.column(),
			msg:    "a quote stands inside a field that does not begin with one",
			remedy: `put the whole field in quotes and write "" for a quote inside it`,
			raw:    r.lines.heldText(r.lines.offset()),
		}
	}
	r.record = append(r.record, text...)
	r.ends = append(r.ends, len(r.record))
	return rest, nil
}

func (r *csvReader) quoted(line []byte) ([]byte, error) {
	start, opened := len(r.record), quote{r.lines.number, r.lines.offset()}
	for {
		end := bytes.IndexByte(line, '"')
		text := line
		if end >= 0 {
			text = line[:end]
		}
		if len(r.record)-start+len(text) > maxField || len(r.record)+len(text) > maxRecord {
			return nil, r.skip(line, inQuotes, opened, tooLarge(r.column()))
		}
		r.record = append(r.record, text...)
		if end < 0 {
			var err error
			line, err = r.lines.readLine()
			switch {
			case err == io.EOF:
				return nil, r.unclosed(opened, "are not closed")
			case errors.Is(err, errLong):
				return nil, r.skip(nil, inQuotes, opened, tooLarge(r.column()))
			case err != nil:
				return nil, err
			}
			continue
		}
		line = line[end+1:]
		switch {
		case len(line) > 0 && line[0] == '"':
			r.record = append(r.record, '"')
			line = line[1:]
		case len(line) == 0, line[0] == '\n', line[0] == r.comma:
			r.ends = append(r.ends, len(r.record))
			if len(line) == 0 || line[0] == '\n' {
				return nil, nil
			}
			return line[1:], nil
		default:
			return nil, r.unclosed(opened, "are followed by text after they close")
		}
	}
}

// A place is where in a record skip is.
type place int

const (
	fieldStart place = iota
	inBare           // in a field without quotes
	inQuotes
	afterQuote // of a field in quotes: the end of it, or the first of two
)

// skip passes over the rest of a record that is too large, of which line is what
// was read. It keeps nothing, but heeds quotes, so that no text inside them becomes
// a row. The fault is large or, where quotes do not close, of these.
func (r *csvReader) skip(line []byte, at place, opened quote, large *fault) *fault {
	column := r.column()
	r.record = nil
	for {
		for len(line) > 0 {
			switch at {
			case fieldStart:
				at = inBare
				if line[0] == '"' {
					at, opened, line = inQuotes, quote{line: r.lines.number}, line[1:]
				}
			case inBare:
				end := bytes.IndexByte(line, r.comma)
				if end < 0 && line[len(line)-1] == '\n' {
					return large
				}
				if end < 0 {
					line = nil
					break
				}
				at, line, column = fieldStart, line[end+1:], column+1
			case inQuotes:
				end := bytes.IndexByte(line, '"')
				if end < 0 {
					line = nil
					break
				}
				at, line = afterQuote, line[end+1:]
			case afterQuote:
				switch line[0] {
				case '"':
					at, line = inQuotes, line[1:]
				case '\n':
					return large
				case r.comma:
					at, line, column = fieldStart, line[1:], column+1
				default:
					return r.skipped(column, opened, "are followed by text after they close")
				}
			}
		}
		if opened.after == 0 && !r.lines.open {
			opened.after = r.lines.offset()
		}
		var err error
		if line, err = r.lines.piece(); err == nil {
			continue
		}
		if at == inQuotes {
			return r.skipped(column, opened, "are not closed")
		}
		return large // an error of the source is given again by the next call
	}
}

// skipped is unclosed for a column that skip came upon.
func (r *csvReader) skipped(column int, opened quote, what string) *fault {
	bad := r.unclosed(opened, what)
	bad.column = column
	return bad
}

// unclosed is the fault of quotes that do not close as they should. Where they
// gathered further lines these are read again.
func (r *csvReader) unclosed(opened quote, what string) *fault {
	last := r.lines.number
	raw := r.lines.heldText(cmp.Or(opened.after, r.lines.offset()))
	msg := fmt.Sprintf("the quotes opened on line %d %s", opened.line, what)
	if last == opened.line || r.single || !r.lines.back(opened.after, opened.line) {
		r.lines.endLine()
		if last > opened.line {
			msg += fmt.Sprintf(", so that the lines %d to %d could not be read as rows", opened.line, last)
		}
	}
	return &fault{column: r.column(), msg: msg, remedy: `close them, and write "" for a quote inside a quoted field`, raw: raw}
}

// column is the number of the field that is being read, from 1.
func (r *csvReader) column() int { return len(r.ends) + 1 }

func tooLarge(column int) *fault {
	return &fault{
		column: column,
		msg:    fmt.Sprintf("the field is larger than %d MB", maxField>>20),
		remedy: "shorten it, or close quotes that do not end",
	}
}

func longLine() *fault {
	return &fault{
		msg:    fmt.Sprintf("the line is larger than %d MB", maxRecord>>20),
		remedy: "shorten it, or break it where rows end",
	}
}

// fields cuts the record into strings that share one allocation.
func (r *csvReader) fields() []string {
	text := string(r.record)
	fields := r.spare
	if r.spare = nil; cap(fields) < len(r.ends) {
		fields = make([]string, len(r.ends))
	}
	fields = fields[:len(r.ends)]
	start := 0
	for i, end := range r.ends {
		fields[i] = text[start:end]
		start = end
	}
	if cap(r.record) > largeBuffer {
		r.record = nil
	}
	return fields
}
