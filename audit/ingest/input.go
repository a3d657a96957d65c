package ingest

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"maps"
	"slices"

	"modeltrial/audit"
)

// An input is a table that is open for reading, with what it stands in.
type input struct {
	table   *Table
	counted *countedReader
	source  *source // nil for a query
	beside  string  // the path beside which rejected rows go
	mode    fs.FileMode
	closers []io.Closer
}

func (in *input) close() error {
	var failed []error
	for _, closer := range slices.Backward(in.closers) {
		failed = append(failed, closer.Close())
	}
	if in.source != nil {
		failed = append(failed, in.source.close())
	}
	return errors.Join(failed...)
}

// openInput opens what a file is, and settles how its columns are read.
func openInput(ctx context.Context, file File) (_ *input, err error) {
	if file.Query != nil {
		return openQueryInput(ctx, file)
	}
	s, err := openSource(file.Path)
	if err != nil {
		return nil, err
	}
	if file.Name != "" {
		s.name, s.beside = file.Name, file.Name
	}
	in := &input{source: s, beside: s.beside, mode: s.mode}
	defer func() {
		if err != nil {
			err = errors.Join(err, in.close())
		}
	}()
	raw, err := s.raw()
	if err != nil {
		return nil, fmt.Errorf("read %s: %w", s.name, err)
	}
	in.counted = &countedReader{source: raw, sum: sha256.New()}
	settled, err := settle(s, file)
	if err != nil {
		return nil, notLog{err}
	}
	table, closer, err := s.open(in.counted, file)
	if err != nil {
		return nil, err
	}
	if closer != nil {
		in.closers = append(in.closers, closer)
	}
	table.readings = settled
	in.table = table
	return in, nil
}

// settle reads the beginning of the source apart from the reading of its rows, to
// see how its columns are to be read.
func settle(s *source, file File) (settled *readings, err error) {
	raw, err := s.raw()
	if err != nil {
		return nil, fmt.Errorf("read %s: %w", s.name, err)
	}
	table, closer, err := s.open(raw, file)
	if err != nil {
		return nil, err
	}
	if closer != nil {
		defer func() { err = errors.Join(err, closer.Close()) }()
	}
	return decide(table, file)
}

// open opens the source's table over its stored bytes.
func (s *source) open(raw io.ReadSeeker, file File) (*Table, io.Closer, error) {
	if err := s.checkForced(file); err != nil {
		return nil, nil, err
	}
	switch s.kind {
	case excelKind:
		return openExcel(s, file)
	case parquetKind:
		return openParquet(s, file)
	case archiveKind:
		return nil, nil, s.isArchive()
	}
	content, err := s.unpack(raw)
	if err != nil {
		return nil, nil, err
	}
	table, err := openText(s.name, content, file, s)
	return table, nil, err
}

// checkForced says where the format that the user forces cannot be that of the file.
func (s *source) checkForced(file File) error {
	kinds := map[string]kind{XLSX: excelKind, Parquet: parquetKind, CSV: textKind, JSONL: textKind, JSON: textKind}
	wanted, forced := kinds[file.Format]
	switch {
	case !forced || s.kind == wanted:
		return nil
	case s.kind == excelKind:
		return fmt.Errorf("%s is an Excel workbook; leave --format out or use --format %s", s.name, XLSX)
	case s.kind == parquetKind:
		return fmt.Errorf("%s is Parquet; leave --format out or use --format %s", s.name, Parquet)
	case s.kind == archiveKind:
		return s.isArchive()
	}
	return fmt.Errorf("%s is not %s; leave --format out", s.name, file.Format)
}

// isArchive says what to do with an archive that was named whole.
func (s *source) isArchive() error {
	entries, err := archiveEntries(s.random, s.size)
	if err != nil {
		return fmt.Errorf("%s: %w", s.name, err)
	}
	if len(entries) == 0 {
		return fmt.Errorf("%s: no file in the archive looks like a log", s.name)
	}
	return fmt.Errorf("%s is an archive; name a file in it, such as %s/%s", s.name, s.name, entries[0])
}

// describe says what the input is.
func (in *input) describe(report *FileReport) {
	report.Format = in.table.Format()
	if in.table.translator != nil && in.table.translator.dialect.spend {
		report.Kind = "spend"
	}
	if in.table.container != report.Format {
		report.Container = in.table.container
	}
	report.Notes = slices.Concat(in.table.notes, in.table.readings.notes)
	if in.table.translator != nil {
		report.Notes = append(report.Notes, in.table.translator.dialect.notes...)
	}
	if in.source != nil {
		report.Compression, report.Encoding = in.source.compression, in.source.encoding
	}
}

// said is what is known of the columns once rows were read.
func (in *input) said(report *FileReport) {
	report.Mapped = in.table.Mapped()
	report.NotRead = in.table.unread()
	if in.table.json != nil {
		report.Notes = append(report.Notes, in.table.json.notes...)
	}
	for _, currency := range slices.Sorted(maps.Keys(in.table.unrated)) {
		report.Warnings = append(report.Warnings, fmt.Sprintf(
			"%d costs in %s are left out, since no rate is known; say what one is worth with --rate %s=DOLLARS", in.table.unrated[currency], currency, currency))
	}
	if report.Rows == 0 {
		report.Warnings = append(report.Warnings, "it holds no rows")
	}
	if in.table.translator != nil && report.Rows > report.Rejected {
		for _, field := range slices.Sorted(maps.Keys(in.table.translator.mapping)) {
			if column := in.table.translator.mapping[field]; column != "" && in.table.translator.from[field] != column {
				report.Warnings = append(report.Warnings, fmt.Sprintf("--map %s=%s: no record has it", field, column))
			}
		}
	}
	if in.source != nil && in.source.windows1252 {
		report.Encoding = "windows-1252"
	}
}

// finish says what is known at the end.
func (in *input) finish(report *FileReport) error {
	in.said(report)
	if in.source == nil {
		return nil
	}
	if err := in.counted.drain(); err != nil {
		return fmt.Errorf("read %s: %w", in.source.name, err)
	}
	report.SHA256 = hex.EncodeToString(in.counted.sum.Sum(nil))
	return nil
}

// drain reads what is left of the stored bytes, so that all of them are hashed.
func (c *countedReader) drain() error {
	if _, err := c.Seek(c.read, io.SeekStart); err != nil {
		return err
	}
	_, err := io.Copy(io.Discard, readerOnly{c})
	return err
}

// unread are the columns that no field is read from, but for those that a rejects
// file adds.
func (t *Table) unread() []string {
	if t.translator != nil {
		return slices.AppendSeq([]string{}, slices.Values(slices.Sorted(maps.Keys(t.translator.unread))))
	}
	columns := []string{}
	for i, column := range t.header {
		field := t.owners[i]
		read := field != ""
		if t.format == CSV && read {
			read = t.columns[field] == i
		}
		if !read && column != "" && !isRejectColumn(column) {
			columns = append(columns, column)
		}
	}
	return columns
}

func asRowError(err error) (*audit.RowError, bool) { return errors.AsType[*audit.RowError](err) }
