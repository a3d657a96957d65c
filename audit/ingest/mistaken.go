package ingest

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"os"

	"modeltrial/audit"
)

// mistaken is asked where the format that the user forces gives no task. It says what the
// file plainly is instead: recognition takes it for another format, and reads a prompt in
// each of the rows it looks at. In all other cases it gives back what was wrong, which may
// be nothing.
func (f File) mistaken(ctx context.Context, wrong error) error {
	if f.Format == "" || f.Format == Auto || f.Query != nil || !f.tasks {
		return wrong
	}
	if info, err := os.Stat(f.Path); err == nil && !info.Mode().IsRegular() {
		return wrong // a pipe is read once
	}
	f.Progress = nil
	forced := f.Format
	f.Format = Auto
	found, err := lookInto(ctx, f, func(p *Preview, row *Row) error {
		if !row.Has("prompt") {
			return row.Reject("prompt", "is empty", "")
		}
		p.Tasks = append(p.Tasks, audit.Task{}) // to be counted
		return nil
	})
	if errors.Is(err, ErrSpend) {
		f.Fields, f.tasks, f.spend = spendFields, false, true
		found, err = lookInto(ctx, f, func(p *Preview, row *Row) error {
			entry, err := readSpend(row)
			p.Spend = append(p.Spend, entry)
			return err
		})
	}
	read := found.Report
	if err != nil || read.Imported == 0 || read.Rejected > 0 || read.Format == forced {
		return wrong
	}
	return notLog{fmt.Errorf("%s looks like %s; leave --format out or use --format %s", cmp.Or(f.Name, f.Path), described(read.Format), read.Format)}
}

// described is a format in a sentence.
func described(format string) string {
	switch format {
	case CSV:
		return "CSV"
	case JSON:
		return "JSON"
	case JSONL:
		return "JSON Lines"
	case XLSX:
		return "an Excel workbook"
	case Parquet:
		return "Parquet"
	}
	return "the log of " + format
}
