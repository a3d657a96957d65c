package ingest

import (
	"errors"
	"io"

	"modeltrial/audit"
)

// Batches are small enough that rows of any size take little memory, and large
// enough that handing them over takes no time.
const (
	batchRows  = 128
	batchBytes = 256 << 10 // of text, beyond which a batch ends
	batchCount = 3         // one that is read, one that waits, one that is handled
)

// A rowReading reads a table in a goroutine of its own, a few rows ahead of whoever
// takes them.
type rowReading[T any] struct {
	batches chan *batch[T]
	free    chan *batch[T] // to be filled again
	ended   chan struct{}  // the goroutine has
	name    string         // of the table
}

// A batch is some rows in the order of the file. A row's err is nil, the
// [*audit.RowError] that rejects it, or what ended the reading.
type batch[T any] struct {
	rows []convertedRow[T]
	read int64 // bytes of the source read up to here
}

type convertedRow[T any] struct {
	row   Row
	value T
	err   error
}

func startReading[T any](table *Table, source *countedReader, convert func(row *Row, into *T) error, passing bool) *rowReading[T] {
	r := &rowReading[T]{
		batches: make(chan *batch[T], batchCount), free: make(chan *batch[T], batchCount), ended: make(chan struct{}), name: table.name,
	}
	for range batchCount {
		r.free <- &batch[T]{rows: make([]convertedRow[T], 0, batchRows)}
	}
	go func() {
		defer close(r.ended)
		defer close(r.batches)
		for batch := range r.free {
			more := batch.fill(table, convert, passing)
			if source != nil { // a query has none
				batch.read = source.read
			}
			r.batches <- batch // never waits: there are no more batches than places
			if !more {
				return
			}
		}
	}()
	return r
}

// fill reads rows, and says whether more may follow.
func (b *batch[T]) fill(table *Table, convert func(row *Row, into *T) error, passing bool) bool {
	b.rows = b.rows[:0]
	for size := 0; len(b.rows) < batchRows && size < batchBytes; {
		b.rows = b.rows[:len(b.rows)+1]
		next := &b.rows[len(b.rows)-1] // in its place: it is large
		if passing && table.csv != nil && table.translator == nil {
			table.csv.spare = next.row.Raw // of a row that was handled
		}
		next.row, next.err = table.Next()
		if next.err == io.EOF {
			b.rows = b.rows[:len(b.rows)-1]
			return false
		}
		if next.err == nil {
			next.err = convert(&next.row, &next.value)
		}
		for _, value := range next.row.Raw {
			size += len(value)
		}
		if _, rejected := errors.AsType[*audit.RowError](next.err); next.err != nil && !rejected {
			return false
		}
	}
	return true
}

// give gives a batch back that was handled.
func (r *rowReading[T]) give(batch *batch[T]) { r.free <- batch }

// stop ends the reading where not all rows are wanted, and waits for that.
func (r *rowReading[T]) stop() {
	close(r.free)
	for range r.batches { // the goroutine may be handing one over
	}
	<-r.ended
}
