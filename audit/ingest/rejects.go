package ingest

import (
	"bufio"
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"syscall"

	"modeltrial/audit"
)

// rejectColumns are what a rejects file adds to the original's columns.
var rejectColumns = []string{"reject_line", "reject_column", "reject_reason", "reject_row"}

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
	old    string // where the rejects of an earlier import are now; empty where none were there
}

// rejectsPath is where the rejected rows of a file go.
func rejectsPath(path string) string { return path + ".rejects.csv" }

// rejectsTemporary is what the name of a rejects file begins with until it is whole;
// the id of the process that writes it follows.
const rejectsTemporary = ".rejects-"

// SweepRejects removes from a folder what imports left there that were killed while
// they wrote rejects. What belongs to a process that still runs stays. A folder that
// may not be read or written is no failure: nothing depends on it.
func SweepRejects(folder string) {
	entries, err := os.ReadDir(folder)
	if err != nil {
		return
	}
	for _, entry := range entries {
		rest, found := strings.CutPrefix(entry.Name(), rejectsTemporary)
		owner, _, named := strings.Cut(rest, "-")
		pid, err := strconv.Atoi(owner)
		if !found || !named || err != nil || !entry.Type().IsRegular() || pid == os.Getpid() || runs(pid) {
			continue
		}
		_ = os.Remove(filepath.Join(folder, entry.Name())) // nothing depends on it
	}
}

// runs says whether there may be a process of this id.
func runs(pid int) bool {
	process, err := os.FindProcess(pid)
	if err != nil {
		return false
	}
	return !errors.Is(process.Signal(syscall.Signal(0)), os.ErrProcessDone)
}

// add takes a row: what could be read of it, and its text where that is known.
func (r *rejects) add(raw []string, text string, failure *audit.RowError) error {
	if r.file == nil {
		file, err := os.CreateTemp(filepath.Dir(r.path), fmt.Sprintf("%s%d-*", rejectsTemporary, os.Getpid()))
		if err != nil {
			return fmt.Errorf("%w; rejected rows go beside the file, which needs a folder that may be written: %w", failure, err)
		}
		r.file, r.writer = file, csv.NewWriter(file)
		if err := r.writer.Write(append(append([]string{}, r.header...), rejectColumns...)); err != nil {
			return r.failed(err)
		}
	}
	cells := make([]string, len(r.header), len(r.header)+len(rejectColumns))
	if copy(cells, raw) < len(raw) && text == "" {
		text = oneLine(raw) // for the cells that have no column
	}
	column := ""
	if failure.Column > 0 {
		column = strconv.Itoa(failure.Column)
	} else if failure.Field != "" {
		column = failure.Field
	}
	cells = append(cells, strconv.Itoa(failure.Line), column, reason(failure), text)
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

// oneLine is a row as CSV.
func oneLine(cells []string) string {
	var b strings.Builder
	writer := csv.NewWriter(&b)
	_ = writer.Write(cells) // a strings.Builder takes everything
	writer.Flush()
	return strings.TrimSuffix(b.String(), "\n")
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

// commit puts the file in its place. One that is there already may hold a person's
// corrections: it is kept under another name.
func (r *rejects) commit() error {
	if r.file == nil {
		return r.setAside()
	}
	r.writer.Flush()
	if err := errors.Join(r.writer.Error(), r.file.Chmod(r.mode), r.file.Sync()); err != nil {
		return r.failed(err)
	}
	temporary := r.file.Name()
	if err := r.file.Close(); err != nil {
		return r.failed(err)
	}
	if err := r.setAside(); err != nil {
		return err
	}
	if err := os.Rename(temporary, rejectsPath(r.path)); err != nil {
		return r.failed(err)
	}
	r.file = nil
	return nil
}

// setAside renames a rejects file of an earlier run to FILE.rejects.csv.old or, where
// that is taken, .old2 and so on. One that this run would write anew, byte for byte,
// goes.
func (r *rejects) setAside() error {
	path := rejectsPath(r.path)
	if _, err := os.Lstat(path); errors.Is(err, fs.ErrNotExist) {
		return nil // a folder that may not be written is no obstacle
	}
	if r.file != nil && sameContent(path, r.file.Name()) {
		return nil
	}
	for n := 1; ; n++ {
		old := path + ".old"
		if n > 1 {
			old += strconv.Itoa(n)
		}
		if _, err := os.Lstat(old); err == nil {
			continue
		}
		if err := os.Rename(path, old); err != nil {
			return fmt.Errorf("keep the rejects of an earlier import: %w", err)
		}
		r.old = old
		return nil
	}
}

// sameContent compares two files.
func sameContent(one, other string) bool {
	a, errA := os.Open(one)
	b, errB := os.Open(other)
	defer func() { _, _ = a.Close(), b.Close() }() // they were read only
	if errA != nil || errB != nil {
		return false
	}
	left, right := bufio.NewReader(a), bufio.NewReader(b)
	for {
		x, errA := left.ReadByte()
		y, errB := right.ReadByte()
		if errA != nil || errB != nil {
			return errA == io.EOF && errB == io.EOF
		}
		if x != y {
			return false
		}
	}
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
	return strings.HasPrefix(name, "reject_") && slices.Contains(rejectColumns, name)
}
