package ingest

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"hash"
	"io"
	"slices"
	"strings"

	"modeltrial/audit"
)

// An Outcome says what became of a row that could be read.
type Outcome int

// The outcomes.
const (
	Imported  Outcome = iota // new
	Duplicate                // was there already
	Filtered                 // left out because the user asked for it
)

// A FileReport says what became of a file's rows: imported, duplicates, rejected
// and filtered add up to rows.
type FileReport struct {
	File string `json:"file"`
	// Kind is spend for a provider's account, and empty for what the caller asks for.
	Kind   string `json:"kind,omitempty"`
	Format string `json:"format"` // one of [Formats]
	// Container is what a tool's export stands in, such as jsonl; empty where that is
	// the format.
	Container   string `json:"container,omitempty"`
	Compression string `json:"compression,omitempty"` // gzip or zstd
	Encoding    string `json:"encoding,omitempty"`    // of text that is not UTF-8
	Rows        int    `json:"rows"`
	Imported    int    `json:"imported"`
	Duplicates  int    `json:"duplicates"`
	Rejected    int    `json:"rejected"`
	Filtered    int    `json:"filtered,omitempty"`
	// FilteredReasons says why records of a tool's export are no tasks, and of how many.
	FilteredReasons map[string]int `json:"filtered_reasons,omitempty"`
	RejectsFile     string         `json:"rejects_file"` // empty where no row was rejected
	// Reasons are those of the first rejected rows, with their places.
	Reasons []string          `json:"reasons,omitempty"`
	Mapped  map[string]string `json:"mapped"`           // field to column
	Unread  []string          `json:"unread,omitempty"` // columns that no field was read from; they are kept as metadata
	// Notes say how values were read where there is more than one way, Warnings what is
	// not known for it.
	Notes    []string `json:"notes,omitempty"`
	Warnings []string `json:"warnings,omitempty"`
	SHA256   string   `json:"sha256"` // of the file, in hexadecimal; empty for a query
}

// A File is what [ReadFile] reads.
type File struct {
	Path     string
	Fields   []Field
	OneOf    []string          // fields of which one at least must have a column
	Map      map[string]string // field to column, as the user named them
	Progress func(bytesRead int64)

	Format     string // one of [Formats]; empty: recognised
	Rates      Rates
	DateFormat string  // see [CheckDateFormat]; empty: decided by what is seen
	Decimal    string  // comma or point; empty: decided by what is seen
	Query      *Query  // instead of Path
	Traces     *Traces // of the observations in the file; may be nil
	Name       string  // what messages call the file; empty: its path

	tasks, spend bool // what a tool's export may be read as; neither: it is not recognised
}

// recognises says whether a tool's export is looked for.
func (f File) recognises() bool {
	return (f.tasks || f.spend) && (f.Format == "" || f.Format == Auto)
}

// dialect is the tool's format that the user forces; nil for none.
func (f File) dialect() *dialect { return dialectNamed(f.Format) }

// wants says whether the user forces one of the formats.
func (f File) wants(formats ...string) bool { return slices.Contains(formats, f.Format) }

// allows says where an export is not what is asked for.
func (f File) allows(name string, d *dialect) error {
	switch {
	case d.spend && !f.spend:
		return fmt.Errorf("%s (%s) %w; modeltrial audit import keeps it as a spend baseline", name, d.name, ErrSpend)
	case !d.spend && f.spend:
		return fmt.Errorf("%s (%s) holds tasks and is no account of spend", name, d.name)
	}
	return nil
}

// ErrNoLog is what an error wraps that says that a file is no log which can be read:
// of another kind, empty, or without the columns that a log needs.
var ErrNoLog = errors.New("no log")

// A notLog is an error of a file that is no log.
type notLog struct{ error }

func (e notLog) Is(target error) bool { return target == ErrNoLog }

func (e notLog) Unwrap() error { return e.error }

// mostReasons is how many reasons a [FileReport] repeats; the rejects file has all.
const mostReasons = 5

// progressRows is how many rows are read between two looks at the context and
// two reports of progress.
const progressRows = 256

// ReadFile reads a file's rows into handle. A row that cannot be read, and one
// for which handle returns an [*audit.RowError], goes to FILE.rejects.csv, which
// is written whole at the end or, after any other error, not at all.
func ReadFile(ctx context.Context, file File, handle func(Row) (Outcome, error)) (report FileReport, err error) {
	report = FileReport{File: cmp.Or(file.Name, file.Path), Mapped: map[string]string{}}
	in, err := openInput(ctx, file)
	if err != nil {
		return report, err
	}
	defer func() { err = errors.Join(err, in.close()) }()
	table, counted := in.table, in.counted
	if !table.hasOneOf(file.OneOf) {
		return report, fmt.Errorf("%s: no column for %s; there are %s; name one with --map FIELD=COLUMN",
			table.name, strings.Join(file.OneOf, " or "), quoted(table.header))
	}
	in.describe(&report)
	out := &rejects{path: in.beside, header: table.rejectHeader(), mode: in.mode}
	defer func() { err = errors.Join(err, out.discard()) }()
	if err := readRows(ctx, file, table, counted, out, &report, handle); err != nil {
		return report, err
	}
	if err := in.finish(&report); err != nil {
		return report, err
	}
	if err := out.commit(); err != nil {
		return report, err
	}
	if report.Rejected = out.rows; out.rows > 0 {
		report.RejectsFile = rejectsPath(in.beside)
	}
	return report, nil
}

func readRows(ctx context.Context, file File, table *Table, counted *countedReader, out *rejects, report *FileReport, handle func(Row) (Outcome, error)) error {
	for {
		if report.Rows%progressRows == 0 {
			if err := ctx.Err(); err != nil {
				return fmt.Errorf("read %s: %w", file.Path, err)
			}
			if file.Progress != nil {
				file.Progress(counted.read)
			}
		}
		row, err := table.Next()
		if err == io.EOF {
			break
		}
		outcome := Imported
		if err == nil {
			outcome, err = handle(row)
		}
		if failure, ok := errors.AsType[*audit.RowError](err); ok {
			if failure.Line == 0 { // said by someone who does not know the place
				failure.File, failure.Line, failure.Column = table.name, row.Line, row.Column(failure.Field)
			}
			report.Rows++
			if len(report.Reasons) < mostReasons {
				report.Reasons = append(report.Reasons, failure.Error())
			}
			if err := out.add(table.rejectCells(row), failure); err != nil {
				return err
			}
			continue
		}
		if err != nil {
			return err
		}
		report.Rows++
		switch outcome {
		case Duplicate:
			report.Duplicates++
		case Filtered:
			report.Filtered++
		default:
			report.Imported++
		}
	}
	if file.Progress != nil {
		file.Progress(counted.read)
	}
	return nil
}

// hasOneOf reports whether a field of these has a column; none of none is fine,
// and so is a table of which no key is known yet.
func (t *Table) hasOneOf(fields []string) bool {
	if t.translator != nil {
		return true
	}
	mapped := t.Mapped()
	for _, field := range fields {
		if _, ok := mapped[field]; ok {
			return true
		}
	}
	return len(fields) == 0 || len(t.header) == 0
}

// rejectHeader is what a rejects file has for the original's columns: of JSON
// Lines the line as it is, since later rows may have other keys.
func (t *Table) rejectHeader() []string {
	columns := t.header
	if t.translator != nil {
		columns = t.translator.header
	}
	if t.format == JSONL && (t.translator == nil || columns == nil) {
		return []string{"json"}
	}
	header := make([]string, 0, len(columns))
	for _, column := range columns {
		if !isRejectColumn(column) {
			header = append(header, column)
		}
	}
	return header
}

func (t *Table) rejectCells(row Row) []string {
	if t.translator != nil && t.translator.header != nil {
		return withoutRejectColumns(t.translator.header, t.translator.cells)
	}
	if t.translator != nil {
		return []string{t.translator.record.raw}
	}
	if t.format == JSONL {
		return []string{t.json.text}
	}
	return withoutRejectColumns(t.header, row.Raw)
}

// withoutRejectColumns leaves out what a rejects file adds.
func withoutRejectColumns(header, raw []string) []string {
	cells := make([]string, 0, len(raw))
	for i, value := range raw {
		if i >= len(header) || !isRejectColumn(header[i]) {
			cells = append(cells, value)
		}
	}
	return cells
}

// A countedReader counts and hashes what is read, once where it goes back.
type countedReader struct {
	source io.ReadSeeker
	sum    hash.Hash
	at     int64
	read   int64 // the furthest that at was
}

func (c *countedReader) Read(buffer []byte) (int, error) {
	n, err := c.source.Read(buffer)
	if fresh := c.at + int64(n) - c.read; fresh > 0 {
		_, _ = c.sum.Write(buffer[int64(n)-fresh : n]) // a hash takes everything
		c.read += fresh
	}
	c.at += int64(n)
	return n, err
}

// Seek goes back; the reading goes through everything after it again.
func (c *countedReader) Seek(offset int64, whence int) (int64, error) {
	at, err := c.source.Seek(offset, whence)
	if err == nil {
		c.at = at
	}
	return at, err
}
