package ingest

import (
	"context"
	"crypto/sha256"
	"io"
	"strings"
)

// A Query gives the rows of a database's answer, which are read like those of a
// table.
type Query struct {
	Name    string   // of the database, for messages: without a password
	Columns []string // of the answer
	// Next gives the next row's values as text, empty for NULL, and io.EOF at the end.
	Next func(ctx context.Context) ([]string, error)
}

// A queryReader reads a query's rows, those that were looked at beforehand first.
type queryReader struct {
	query  *Query
	ctx    context.Context // of the one call of ReadFile that the reader lives in
	seen   [][]string
	number int
}

// enoughBytes bounds what is held of rows that were looked at.
const enoughBytes = 8 << 20

// look reads the first rows.
func (r *queryReader) look() error {
	size := 0
	for len(r.seen) < enoughRows && size < enoughBytes {
		row, err := r.query.Next(r.ctx)
		if err == io.EOF {
			return nil
		}
		if err != nil {
			return err
		}
		for _, value := range row {
			size += len(value)
		}
		r.seen = append(r.seen, row)
	}
	return nil
}

func (r *queryReader) read() ([]string, int, error) {
	r.number++
	if r.number <= len(r.seen) {
		row := r.seen[r.number-1]
		r.seen[r.number-1] = nil
		return row, r.number, nil
	}
	row, err := r.query.Next(r.ctx)
	return row, r.number, err
}

// A seenReader reads rows that are held.
type seenReader struct {
	rows [][]string
	at   int
}

func (r *seenReader) read() ([]string, int, error) {
	if r.at == len(r.rows) {
		return nil, r.at, io.EOF
	}
	r.at++
	return append([]string(nil), r.rows[r.at-1]...), r.at, nil
}

// openQueryInput opens a query's answer.
func openQueryInput(ctx context.Context, file File) (*input, error) {
	reader := &queryReader{query: file.Query, ctx: ctx}
	in := &input{beside: "query", mode: 0o600, counted: &countedReader{source: strings.NewReader(""), sum: sha256.New()}}
	open := func(rows rowReader) (*Table, error) {
		table, err := newTable(file.Query.Name, file)
		if err != nil {
			return nil, err
		}
		table.format, table.reported = CSV, SQL
		header := append([]string(nil), file.Query.Columns...)
		table.rows = rows
		return table, table.openRows(header, 0, file, rows.read)
	}
	first, err := open(reader) // says what is wrong before the query runs on
	if err != nil {
		return nil, err
	}
	if err := reader.look(); err != nil {
		return nil, first.readError(err)
	}
	sampled, err := open(&seenReader{rows: reader.seen})
	if err != nil {
		return nil, err
	}
	settled, err := decide(sampled, file)
	if err != nil {
		return nil, err
	}
	if in.table, err = open(reader); err != nil {
		return nil, err
	}
	in.table.readings = settled
	return in, nil
}
