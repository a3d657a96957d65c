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
	Completed                // was there already, and got values that it was without
	Filtered                 // left out because the user asked for it
)

// A FileReport says what became of a file's rows: imported, duplicates, completed,
// rejected and filtered add up to rows.
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
	Completed   int    `json:"completed"`
	Rejected    int    `json:"rejected"`
	Filtered    int    `json:"filtered,omitempty"`
	// FilteredReasons says why records of a tool's export are no tasks, and of how many.
	FilteredReasons map[string]int `json:"filtered_reasons,omitempty"`
	// TextlessRequests are those of a gateway's log without a text, which count as spend;
	// TextlessUSD is their known cost.
	TextlessRequests int64    `json:"textless_requests,omitempty"`
	TextlessUSD      *float64 `json:"textless_usd,omitempty"`
	RejectsFile      string   `json:"rejects_file"` // empty where no row was rejected
	// OldRejectsFile is where the rejects of an earlier import were put; empty where
	// there were none.
	OldRejectsFile string `json:"old_rejects_file,omitempty"`
	// Redacted counts the places that were replaced, by kind; null where it was not
	// asked for. HashedUsers counts the rows whose user became a pseudonym.
	Redacted    map[audit.Redaction]int `json:"redacted,omitempty"`
	HashedUsers int                     `json:"users_hashed,omitempty"`
	// Reasons are those of the first rejected rows, with their places.
	Reasons []string          `json:"reasons,omitempty"`
	Mapped  map[string]string `json:"mapped"` // field to column
	// NotRead lists the columns that no field is read from. A task log keeps their
	// values as the tasks' metadata.
	NotRead []string `json:"not_read"`
	// Notes say how values were read where there is more than one way, Warnings what is
	// not known for it.
	Notes    []string    `json:"notes,omitempty"`
	Warnings []string    `json:"warnings,omitempty"`
	SHA256   string      `json:"sha256"` // of the file, in hexadecimal; empty for a query
	Costs    *CostReport `json:"costs,omitempty"`
}

// A File is what [ReadFile] reads.
type File struct {
	Path     string
	Fields   []Field
	OneOf    []string          // fields of which one at least must have a column
	Map      map[string]string // field to column, as the user named them
	Progress func(bytesRead int64)
	// Redact goes over what is written of rejected rows; nil leaves it as it is.
	Redact func(text string) string

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

// ReadFile reads a file's rows into handle. A row that cannot be read, and one
// for which handle returns an [*audit.RowError], goes to FILE.rejects.csv, which
// is written whole at the end or, after any other error, not at all.
func ReadFile(ctx context.Context, file File, handle func(Row) (Outcome, error)) (FileReport, error) {
	return readFile(ctx, file, func(row, into *Row) error {
		*into = *row
		return nil
	}, false, handle)
}

// readFile reads rows, which convert turns into what handle takes. Both return an
// [*audit.RowError] for a row to reject. Reading and convert run beside handle. Where
// passing, nothing of what convert makes keeps the row itself; its texts may be kept.
func readFile[T any](ctx context.Context, file File, convert func(row *Row, into *T) error, passing bool, handle func(T) (Outcome, error)) (report FileReport, err error) {
	report = FileReport{File: cmp.Or(file.Name, file.Path), Mapped: map[string]string{}}
	in, err := openInput(ctx, file)
	if err != nil {
		return report, file.mistaken(ctx, err)
	}
	defer func() { err = errors.Join(err, in.close()) }()
	table, counted := in.table, in.counted
	if !table.hasOneOf(file.OneOf) {
		return report, fmt.Errorf("%s: no column for %s; there are %s; name one with --map FIELD=COLUMN",
			table.name, strings.Join(file.OneOf, " or "), quoted(table.header))
	}
	in.describe(&report)
	out := &rejects{path: in.beside, header: table.rejectHeader(), mode: in.mode, redact: file.Redact}
	defer func() { err = errors.Join(err, out.discard()) }()
	reading := startReading(table, counted, convert, passing)
	if err := takeRows(ctx, file, reading, out, &report, handle); err != nil {
		reading.stop()
		return report, err
	}
	if err := in.finish(&report); err != nil {
		return report, err
	}
	if report.Imported+report.Duplicates+report.Completed == 0 {
		if err := file.mistaken(ctx, nil); err != nil {
			return report, err
		}
	}
	if err := out.commit(); err != nil {
		return report, err
	}
	if report.Rejected = out.rows; out.rows > 0 {
		report.RejectsFile = rejectsPath(in.beside)
	}
	report.OldRejectsFile = out.old
	return report, nil
}

// takeRows gives the rows that are read to handle, and counts what became of them.
func takeRows[T any](ctx context.Context, file File, reading *rowReading[T], out *rejects, report *FileReport, handle func(T) (Outcome, error)) error {
	for {
		if err := ctx.Err(); err != nil {
			return fmt.Errorf("read %s: %w", file.Path, err)
		}
		batch, open := <-reading.batches
		if !open {
			return nil
		}
		if file.Progress != nil {
			file.Progress(batch.read)
		}
		for i := range batch.rows {
			row := &batch.rows[i]
			outcome, err := Imported, row.err
			if err == nil {
				outcome, err = handle(row.value)
			}
			if failure, ok := errors.AsType[*audit.RowError](err); ok {
				if failure.Line == 0 { // said by someone who does not know the place
					failure.File, failure.Line, failure.Column = reading.name, row.row.Line, row.row.Column(failure.Field)
				}
				report.Rows++
				if len(report.Reasons) < mostReasons {
					report.Reasons = append(report.Reasons, failure.Error())
				}
				if err := out.add(row.row.rejectCells(), row.row.broken, failure); err != nil {
					return err
				}
				if out.rows == previewRows && report.Rows == out.rows { // a file of the wrong kind may be large
					if err := file.mistaken(ctx, nil); err != nil {
						return err
					}
				}
				continue
			}
			if err != nil {
				return err
			}
			report.count(outcome)
		}
		reading.give(batch)
	}
}

func (r *FileReport) count(outcome Outcome) {
	r.Rows++
	switch outcome {
	case Duplicate:
		r.Duplicates++
	case Completed:
		r.Completed++
	case Filtered:
		r.Filtered++
	default:
		r.Imported++
	}
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

func (r *Row) rejectCells() []string {
	t := r.table
	switch {
	case t.translator != nil && t.translator.header != nil:
		return withoutRejectColumns(t.translator.header, r.cells)
	case t.format == JSONL:
		return []string{r.text}
	}
	return withoutRejectColumns(t.header, r.Raw)
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
