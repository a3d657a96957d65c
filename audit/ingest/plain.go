package ingest

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"iter"
	"os"
	"runtime"
	"sync"
	"unicode/utf8"
)

// ErrNotPlain is returned by [ReadPlain] for a file that only [ReadFile] can read, or
// of which it can say better what is wrong.
var ErrNotPlain = errors.New("not a plain CSV file")

// A Part is a run of a file's rows.
type Part struct {
	Number int // from 0, in the order of the file
	// Columns are those of the fields, from 0.
	Columns map[string]int
	// Rows gives the cells of each row, which are valid until the next one and not
	// trimmed. It ends early where a row is not plain; ReadPlain then says so.
	Rows iter.Seq[[][]byte]
}

// partSize is the bytes of a part.
const partSize = 2 << 20

// ReadPlain gives the rows of a CSV file in which no quotes stand, so that every line
// is a row, to handle: part by part, several at the same time, with the rules of
// [ReadFile] for headers and rows. It is many times faster, since it makes no strings
// and no hashes. It holds a few parts in memory.
//
// Nothing is rejected here. It returns [ErrNotPlain] for quotes, JSON Lines, a header
// in doubt, a pipe, and any row that cannot be read, and where handle returns it; parts
// may have been handled by then. The caller then forgets these and uses [ReadFile].
func ReadPlain(ctx context.Context, file File, handle func(Part) error) error {
	return readPlain(ctx, file, partSize, headSize, handle)
}

// readPlain is ReadPlain with parts of some bytes, whose end a line of as many as
// longest may cross.
func readPlain(ctx context.Context, file File, part, longest int, handle func(Part) error) (err error) {
	source, err := os.Open(file.Path)
	if err != nil {
		return err // names the path
	}
	defer func() { err = errors.Join(err, source.Close()) }()
	plain, err := openPlain(file, source)
	if err != nil {
		return err
	}
	plain.part, plain.longest = int64(part), longest
	ctx, stop := context.WithCancelCause(ctx)
	defer stop(nil)
	var workers sync.WaitGroup
	numbers := make(chan int)
	for range min(runtime.GOMAXPROCS(0), plain.parts()) {
		workers.Go(func() {
			buffer := make([]byte, 1+part+longest)
			for number := range numbers {
				if err := plain.read(number, buffer, handle); err != nil {
					stop(err)
				}
			}
		})
	}
	for number := range plain.parts() {
		if ctx.Err() != nil {
			break
		}
		if file.Progress != nil {
			file.Progress(min(plain.body+int64(number)*plain.part, plain.size))
		}
		numbers <- number
	}
	close(numbers)
	workers.Wait()
	if file.Progress != nil {
		file.Progress(plain.size)
	}
	if cause := context.Cause(ctx); errors.Is(cause, ErrNotPlain) {
		return ErrNotPlain
	} else if cause != nil {
		return fmt.Errorf("read %s: %w", file.Path, cause)
	}
	return nil
}

// A plainFile is a file of which the header has been read.
type plainFile struct {
	source     io.ReaderAt
	comma      byte
	width      int
	columns    map[string]int
	body, size int64 // where the rows begin and end
	part       int64 // bytes of a part
	longest    int   // bytes of a line that may cross the end of a part
}

func openPlain(file File, source *os.File) (*plainFile, error) {
	info, err := source.Stat()
	if err != nil {
		return nil, err
	}
	head := make([]byte, headSize)
	if !info.Mode().IsRegular() {
		return nil, ErrNotPlain
	}
	n, err := source.ReadAt(head, 0)
	if err != nil && err != io.EOF {
		return nil, fmt.Errorf("read %s: %w", file.Path, err)
	}
	head = head[:n]
	if bytes.IndexByte(head, '"') >= 0 {
		return nil, ErrNotPlain
	}
	table, err := OpenTable(file.Path, bytes.NewReader(head), file.Fields, file.Map)
	if err != nil || table.format != CSV || !table.hasOneOf(file.OneOf) {
		return nil, ErrNotPlain // ReadFile says why
	}
	plain := &plainFile{
		source: source, comma: table.csv.comma, width: len(table.header), columns: table.columns,
		body: table.csv.lines.offset(), size: info.Size(),
	}
	if plain.body == int64(n) && plain.size > plain.body {
		return nil, ErrNotPlain // the header may go on
	}
	return plain, nil
}

func (p *plainFile) parts() int { return int((p.size - p.body + p.part - 1) / p.part) }

// read gives handle the lines that begin in a part.
func (p *plainFile) read(number int, buffer []byte, handle func(Part) error) error {
	// One byte before the part tells whether a line begins with it.
	from := p.body + int64(number)*p.part - 1
	to := min(from+1+p.part, p.size)
	text := buffer[:min(from+int64(len(buffer)), p.size)-from]
	if n, err := p.source.ReadAt(text, from); n < len(text) {
		if err == io.EOF {
			return ErrNotPlain // the file was cut while it was read
		}
		return err
	}
	start := bytes.IndexByte(text, '\n') + 1
	if start == 0 || from+int64(start) >= to {
		return nil // one line, which an earlier part reads
	}
	end := len(text)
	if to < p.size {
		inside := int(to - from) // the next part begins here
		after := bytes.IndexByte(text[inside-1:], '\n')
		if after < 0 {
			if from+int64(end) < p.size {
				return ErrNotPlain // a very long line
			}
		} else {
			end = inside + after
		}
	}
	text = text[start:end]
	if bytes.IndexByte(text, '"') >= 0 || bytes.IndexByte(text, 0) >= 0 || !utf8.Valid(text) {
		return ErrNotPlain
	}
	whole := true
	err := handle(Part{Number: number, Columns: p.columns, Rows: func(yield func([][]byte) bool) {
		whole = p.rows(text, yield)
	}})
	if !whole {
		return ErrNotPlain
	}
	return err
}

// rows gives the rows of whole lines; false where one has not as many fields as the
// header.
func (p *plainFile) rows(text []byte, yield func([][]byte) bool) bool {
	row := make([][]byte, p.width)
	for len(text) > 0 {
		line := text
		if end := bytes.IndexByte(text, '\n'); end >= 0 {
			line, text = text[:end], text[end+1:]
		} else {
			text = nil
		}
		if n := len(line); n > 0 && line[n-1] == '\r' {
			line = line[:n-1]
		}
		if len(line) == 0 {
			continue
		}
		for i := range p.width - 1 {
			end := bytes.IndexByte(line, p.comma)
			if end < 0 {
				return false
			}
			row[i], line = line[:end], line[end+1:]
		}
		if bytes.IndexByte(line, p.comma) >= 0 {
			return false
		}
		row[p.width-1] = line
		if !yield(row) {
			return true
		}
	}
	return true
}
