package ingest

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"hash"
	"io"
	"os"
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
	File        string `json:"file"`
	Format      string `json:"format"` // csv or jsonl
	Rows        int    `json:"rows"`
	Imported    int    `json:"imported"`
	Duplicates  int    `json:"duplicates"`
	Completed   int    `json:"completed"`
	Rejected    int    `json:"rejected"`
	Filtered    int    `json:"filtered,omitempty"`
	RejectsFile string `json:"rejects_file"` // empty where no row was rejected
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
	NotRead []string    `json:"not_read"`
	Notes   []string    `json:"notes,omitempty"` // what was decided where the file can be read in two ways
	SHA256  string      `json:"sha256"`          // of the file, in hexadecimal
	Costs   *CostReport `json:"costs,omitempty"`
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
}

// mostReasons is how many reasons a [FileReport] repeats; the rejects file has all.
const mostReasons = 5

// ReadFile reads a file's rows into handle. A row that cannot be read, and one
// for which handle returns an [*audit.RowError], goes to FILE.rejects.csv, which
// is written whole at the end or, after any other error, not at all.
func ReadFile(ctx context.Context, file File, handle func(Row) (Outcome, error)) (FileReport, error) {
	return readFile(ctx, file, func(row *Row) (Row, error) { return *row, nil }, handle)
}

// readFile reads rows, which convert turns into what handle takes. Both return an
// [*audit.RowError] for a row to reject. Reading and convert run beside handle.
func readFile[T any](ctx context.Context, file File, convert func(*Row) (T, error), handle func(T) (Outcome, error)) (report FileReport, err error) {
	report = FileReport{File: file.Path, Mapped: map[string]string{}}
	source, err := os.Open(file.Path)
	if err != nil {
		return report, err // names the path
	}
	defer func() { err = errors.Join(err, source.Close()) }()
	info, err := source.Stat()
	if err != nil {
		return report, err
	}
	if info.IsDir() {
		return report, fmt.Errorf("%s is a directory; name a file", file.Path)
	}
	counted := &countedReader{source: source, sum: sha256.New()}
	table, err := OpenTable(file.Path, counted, file.Fields, file.Map)
	if err != nil {
		return report, err
	}
	if !table.hasOneOf(file.OneOf) {
		return report, fmt.Errorf("%s: no column for %s; there are %s; name one with --map FIELD=COLUMN",
			file.Path, strings.Join(file.OneOf, " or "), quoted(table.header))
	}
	report.Format = table.Format()
	out := &rejects{path: file.Path, header: table.rejectHeader(), mode: info.Mode().Perm(), redact: file.Redact}
	defer func() { err = errors.Join(err, out.discard()) }()
	reading := startReading(table, counted, convert)
	if err := takeRows(ctx, file, reading, out, &report, handle); err != nil {
		reading.stop()
		return report, err
	}
	if err := out.commit(); err != nil {
		return report, err
	}
	report.Mapped = table.Mapped()
	report.SHA256 = hex.EncodeToString(counted.sum.Sum(nil))
	if report.Rejected = out.rows; out.rows > 0 {
		report.RejectsFile = rejectsPath(file.Path)
	}
	report.OldRejectsFile = out.old
	report.NotRead, report.Notes = table.notRead(), table.notes()
	return report, nil
}

// takeRows gives the rows that are read to handle, and counts what became of them.
func takeRows[T any](ctx context.Context, file File, reading *reading[T], out *rejects, report *FileReport, handle func(T) (Outcome, error)) error {
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
					failure.File, failure.Line, failure.Column = file.Path, row.row.Line, row.row.Column(failure.Field)
				}
				report.Rows++
				if len(report.Reasons) < mostReasons {
					report.Reasons = append(report.Reasons, failure.Error())
				}
				if err := out.add(row.row.rejectCells(), row.row.broken, failure); err != nil {
					return err
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
	mapped := t.Mapped()
	for _, field := range fields {
		if _, ok := mapped[field]; ok {
			return true
		}
	}
	return len(fields) == 0 || len(t.header) == 0
}

// notRead lists the columns that no field is read from, but for those that a rejects
// file adds.
func (t *Table) notRead() []string {
	columns := []string{}
	for i, column := range t.header {
		field := t.owners[i]
		read := field != ""
		if t.format == CSV && read {
			read = t.columns[field] == i
		}
		if !read && !isRejectColumn(column) {
			columns = append(columns, column)
		}
	}
	return columns
}

// notes says what was decided where the file can be read in two ways.
func (t *Table) notes() []string {
	if t.json == nil {
		return nil
	}
	return t.json.notes
}

// rejectHeader is what a rejects file has for the original's columns: of JSON
// Lines the line as it is, since later rows may have other keys.
func (t *Table) rejectHeader() []string {
	if t.format == JSONL {
		return []string{"json"}
	}
	header := make([]string, 0, len(t.header))
	for _, column := range t.header {
		if !isRejectColumn(column) {
			header = append(header, column)
		}
	}
	return header
}

func (r *Row) rejectCells() []string {
	if r.table.format == JSONL {
		return []string{r.text}
	}
	cells := make([]string, 0, len(r.Raw))
	for i, value := range r.Raw {
		if i >= len(r.table.header) || !isRejectColumn(r.table.header[i]) {
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
