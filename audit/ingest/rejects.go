package ingest

import (
	"encoding/csv"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strconv"

	"modeltrial/audit"
)

// rejectColumns are what a rejects file adds to the original's columns.
var rejectColumns = []string{"reject_line", "reject_column", "reject_reason"}

// A rejects file collects the rows that could not be read, beside the file they
// come from. It appears whole or not at all, and not without rows. Cells that
// begin with = + - or @ are not changed: it is the user's own data, to be
// corrected and imported again.
type rejects struct {
	path   string
	header []string
	mode   fs.FileMode
	redact func(text string) string // of what is written; nil leaves it as it is
	file   *os.File
	writer *csv.Writer
	rows   int
}

// rejectsPath is where the rejected rows of a file go.
func rejectsPath(path string) string { return path + ".rejects.csv" }

func (r *rejects) add(raw []string, failure *audit.RowError) error {
	if r.file == nil {
		file, err := os.CreateTemp(filepath.Dir(r.path), ".rejects-*")
		if err != nil {
			return fmt.Errorf("%w; rejected rows go beside the file, which needs a folder that may be written: %w", failure, err)
		}
		r.file, r.writer = file, csv.NewWriter(file)
		if err := r.writer.Write(append(append([]string{}, r.header...), rejectColumns...)); err != nil {
			return r.failed(err)
		}
	}
	cells := make([]string, len(r.header), len(r.header)+len(rejectColumns))
	copy(cells, raw)
	column := ""
	if failure.Column > 0 {
		column = strconv.Itoa(failure.Column)
	} else if failure.Field != "" {
		column = failure.Field
	}
	cells = append(cells, strconv.Itoa(failure.Line), column, reason(failure))
	if r.redact != nil {
		for i := range cells {
			cells[i] = r.redact(cells[i])
		}
	}
	r.rows++
	if err := r.writer.Write(cells); err != nil {
		return r.failed(err)
	}
	return nil
}

// reason is the failure without its place, which has columns of its own.
func reason(failure *audit.RowError) string {
	text := failure.Msg
	if failure.Field != "" {
		text = failure.Field + ": " + text
	}
	if failure.Remedy != "" {
		text += "; " + failure.Remedy
	}
	return text
}

// commit puts the file in its place, or removes an older one where no row was
// rejected.
func (r *rejects) commit() error {
	if r.file == nil {
		if _, err := os.Lstat(rejectsPath(r.path)); errors.Is(err, fs.ErrNotExist) {
			return nil // a folder that may not be written is no obstacle
		}
		if err := os.Remove(rejectsPath(r.path)); err != nil {
			return fmt.Errorf("remove old rejects: %w", err)
		}
		return nil
	}
	r.writer.Flush()
	if err := errors.Join(r.writer.Error(), r.file.Chmod(r.mode), r.file.Sync()); err != nil {
		return r.failed(err)
	}
	temporary := r.file.Name()
	if err := r.file.Close(); err != nil {
		return r.failed(err)
	}
	if err := os.Rename(temporary, rejectsPath(r.path)); err != nil {
		return r.failed(err)
	}
	r.file = nil
	return nil
}

// discard removes what was not committed.
func (r *rejects) discard() error {
	if r.file == nil {
		return nil
	}
	_ = r.file.Close() // may be closed; what it holds is given up
	return os.Remove(r.file.Name())
}

func (r *rejects) failed(err error) error {
	return fmt.Errorf("write %s: %w", rejectsPath(r.path), err)
}

func isRejectColumn(name string) bool {
	return name == rejectColumns[0] || name == rejectColumns[1] || name == rejectColumns[2]
}
