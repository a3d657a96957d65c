package ingest

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
	"slices"
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
}

func (f *fault) Error() string { return f.msg }

// A csvReader reads CSV of RFC 4180 with the rules of encoding/csv: quotes stand
// only around whole fields, "" inside is a quote, CRLF is read as LF. Unlike it,
// a record is bounded, and after a quote that does not close reading goes on
// with the line after the one on which the record began.
type csvReader struct {
	source *bufio.Reader
	comma  byte
	single bool // one column only: a continued line looks like a row

	at       int    // number of the line that readLine gave last, from 1
	pushed   []byte // lines that are read again
	consumed int64  // bytes read from source
	replayed int64  // bytes read again

	line   []byte // buffer of readLine for long lines
	raw    []byte // the lines of the record after its first
	record []byte // the fields' text
	ends   []int  // where each field ends in record
}

// errLong is returned by readLine for a line beyond maxRecord.
var errLong = errors.New("line too long")

// readLine gives the next line with its line break normalized to \n. The slice
// holds until the next call.
func (r *csvReader) readLine() ([]byte, error) {
	r.at++
	if len(r.pushed) > 0 {
		end := bytes.IndexByte(r.pushed, '\n') + 1
		if end == 0 {
			end = len(r.pushed)
		}
		line := r.pushed[:end]
		r.pushed = r.pushed[end:]
		return line, nil
	}
	line, err := r.source.ReadSlice('\n')
	r.consumed += int64(len(line))
	if errors.Is(err, bufio.ErrBufferFull) {
		r.line = append(r.line[:0], line...)
		tooLong := false
		for errors.Is(err, bufio.ErrBufferFull) {
			line, err = r.source.ReadSlice('\n')
			r.consumed += int64(len(line))
			if tooLong = tooLong || len(r.line)+len(line) > maxRecord; !tooLong {
				r.line = append(r.line, line...)
			}
		}
		if tooLong {
			r.line = nil
			if err == nil || err == io.EOF {
				err = errLong
			}
			return nil, err
		}
		line = r.line
	}
	if len(line) > 0 && err == io.EOF {
		err = nil
	}
	if n := len(line); n >= 2 && line[n-1] == '\n' && line[n-2] == '\r' {
		line[n-2] = '\n'
		line = line[:n-1]
	} else if err == nil && n >= 1 && line[n-1] == '\r' {
		line = line[:n-1] // as encoding/csv: a CR before the end of the file
	}
	return line, err
}

// read gives the next record and the line on which it begins. An error is
// io.EOF, a *fault after which reading goes on, or one of the source. With a
// fault the fields that could be read are given.
func (r *csvReader) read() (fields []string, begin int, err error) {
	var line []byte
	for {
		line, err = r.readLine()
		begin = r.at
		if errors.Is(err, errLong) {
			return nil, begin, tooLarge()
		}
		if err != nil {
			return nil, begin, err
		}
		if len(line) > 0 && line[0] != '\n' {
			break
		}
	}
	r.record, r.ends, r.raw = r.record[:0], r.ends[:0], r.raw[:0]
	for {
		line, err = r.field(line)
		if err != nil || line == nil {
			break
		}
	}
	if bad, ok := errors.AsType[*fault](err); ok && bad.column == 0 {
		bad.column = len(r.ends) + 1
	}
	return r.fields(), begin, err
}

// field reads one field from the start of line, and lines after it where quotes
// go on. It returns the rest of the line, nil at the record's end.
func (r *csvReader) field(line []byte) ([]byte, error) {
	if len(line) == 0 || line[0] != '"' {
		text, rest := line, []byte(nil)
		if end := bytes.IndexByte(line, r.comma); end >= 0 {
			text, rest = line[:end], line[end+1:]
		} else if n := len(line); n > 0 && line[n-1] == '\n' {
			text = line[:n-1]
		}
		if len(text) > maxField {
			return nil, tooLarge()
		}
		if bytes.IndexByte(text, '"') >= 0 {
			return nil, r.broken(len(r.record), line, &fault{
				msg:    "a quote stands inside a field that does not begin with one",
				remedy: `put the whole field in quotes and write "" for a quote inside it`,
			})
		}
		r.record = append(r.record, text...)
		r.ends = append(r.ends, len(r.record))
		return rest, nil
	}
	return r.quoted(line[1:])
}

// broken ends the record at a fault, keeping what is left of the line so that
// the user finds it again.
func (r *csvReader) broken(start int, rest []byte, bad *fault) *fault {
	bad.column = len(r.ends) + 1
	r.record = append(r.record, bytes.TrimSuffix(rest, []byte{'\n'})...)
	if len(r.record)-start > maxField {
		r.record = r.record[:start]
	}
	r.ends = append(r.ends, len(r.record))
	return bad
}

func (r *csvReader) quoted(line []byte) ([]byte, error) {
	start, from := len(r.record), r.at
	r.raw = r.raw[:0]
	large := false
	for {
		end := bytes.IndexByte(line, '"')
		text := line
		if end >= 0 {
			text = line[:end]
		}
		if large = large || len(r.record)-start+len(text) > maxField || len(r.record) > maxRecord; !large {
			r.record = append(r.record, text...)
		}
		if end < 0 {
			var err error
			if line, err = r.goOn(large); err == io.EOF {
				r.at-- // the end of the file is no line
				return nil, r.unclosed(start, from, large, nil, "are not closed")
			} else if errors.Is(err, errLong) {
				large, line = true, []byte{}
			} else if err != nil {
				return nil, err
			}
			continue
		}
		line = line[end+1:]
		switch {
		case len(line) > 0 && line[0] == '"':
			if !large {
				r.record = append(r.record, '"')
			}
			line = line[1:]
		case len(line) == 0, line[0] == '\n', line[0] == r.comma:
			if large {
				r.record = r.record[:start]
				return nil, tooLarge()
			}
			r.ends = append(r.ends, len(r.record))
			if len(line) == 0 || line[0] == '\n' {
				return nil, nil
			}
			return line[1:], nil
		default:
			return nil, r.unclosed(start, from, large, line, "are followed by text after they close")
		}
	}
}

// unclosed is the fault of quotes opened on the line from that do not close as
// they should. Where they gathered further lines these are read again.
func (r *csvReader) unclosed(start, from int, large bool, rest []byte, what string) *fault {
	last := r.at
	back := from != last && !large && r.goBack()
	if large {
		r.record = r.record[:start]
	}
	if back {
		rest = nil
		if end := bytes.IndexByte(r.record[start:], '\n'); end >= 0 {
			r.record = r.record[:start+end]
		}
	}
	msg := fmt.Sprintf("the quotes opened on line %d %s", from, what)
	if from != last && !back {
		msg += fmt.Sprintf(", so that the lines %d to %d could not be read as rows", from, last)
	}
	return r.broken(start, rest, &fault{msg: msg, remedy: `close them, and write "" for a quote inside a quoted field`})
}

// goOn reads the next line of a quoted field and keeps it for going back.
func (r *csvReader) goOn(large bool) ([]byte, error) {
	line, err := r.readLine()
	if err != nil {
		return nil, err
	}
	if !large && len(r.raw)+len(line) <= maxRecord {
		r.raw = append(r.raw, line...)
	}
	return line, nil
}

// goBack has the lines after the one with the quotes read again, and says
// whether it does. All that is read again stays in proportion to what was read,
// so that no file takes quadratic time.
func (r *csvReader) goBack() bool {
	again := int64(len(r.raw) + len(r.pushed))
	if r.single || r.replayed+again > 16*r.consumed {
		return false
	}
	r.replayed += again
	r.at -= countLines(r.raw)
	r.pushed = append(slices.Clone(r.raw), r.pushed...)
	r.raw = r.raw[:0]
	return true
}

func countLines(text []byte) int {
	lines := bytes.Count(text, []byte{'\n'})
	if n := len(text); n > 0 && text[n-1] != '\n' {
		lines++
	}
	return lines
}

func tooLarge() *fault {
	return &fault{
		msg:    fmt.Sprintf("the field is larger than %d MB", maxField>>20),
		remedy: "shorten it, or close quotes that do not end",
	}
}

// fields cuts the record into strings that share one allocation.
func (r *csvReader) fields() []string {
	text := string(r.record)
	fields := make([]string, len(r.ends))
	start := 0
	for i, end := range r.ends {
		fields[i] = text[start:end]
		start = end
	}
	if cap(r.record) > maxField/4 {
		r.record = nil
	}
	if cap(r.raw) > maxField/4 {
		r.raw = nil
	}
	return fields
}
