package main

import (
	"io"
	"os"
	"time"

	"github.com/schollz/progressbar/v3"
	"golang.org/x/term"
)

// A bar shows progress on a terminal's standard error, and nothing elsewhere.
type bar struct{ bar *progressbar.ProgressBar }

// newCountBar counts things.
func newCountBar(errOut io.Writer, what string, total int) bar {
	return newBar(errOut, what, int64(total), progressbar.OptionShowCount(), progressbar.OptionShowIts())
}

// A totalBar counts things of which the first report says how many there are. The zero
// value shows nothing.
type totalBar struct {
	bar

	errOut io.Writer
	what   string
	made   bool
}

func (b *totalBar) set(done, total int) {
	if !b.made {
		b.made, b.bar = true, newCountBar(b.errOut, b.what, total)
	}
	b.bar.set(done)
}

// newBytesBar counts a file's bytes; a file whose size is unknown shows nothing.
func newBytesBar(errOut io.Writer, path string) *bytesBar {
	info, err := os.Stat(path)
	if err != nil {
		return &bytesBar{}
	}
	return &bytesBar{newBar(errOut, path, info.Size(), progressbar.OptionShowBytes(true))}
}

type bytesBar struct{ bar }

func (b *bytesBar) set(read int64) { b.set64(read) }

// newBar makes a bar up to a total, or one that only counts where total is -1; nothing
// is shown of a total of 0.
func newBar(errOut io.Writer, what string, total int64, options ...progressbar.Option) bar {
	file, ok := errOut.(*os.File)
	if !ok || !term.IsTerminal(int(file.Fd())) || total == 0 {
		return bar{}
	}
	options = append(options,
		progressbar.OptionSetWriter(errOut), progressbar.OptionSetDescription(what),
		progressbar.OptionSetWidth(24), progressbar.OptionThrottle(100*time.Millisecond),
		progressbar.OptionClearOnFinish(), progressbar.OptionSetPredictTime(true))
	return bar{progressbar.NewOptions64(total, options...)}
}

func (b bar) set(done int) { b.set64(int64(done)) }

func (b bar) set64(done int64) {
	if b.bar != nil {
		_ = b.bar.Set64(done) // a bar that cannot be drawn stops nothing
	}
}

func (b bar) describe(what string) {
	if b.bar != nil {
		b.bar.Describe(what)
	}
}

func (b bar) finish() {
	if b.bar != nil {
		_ = b.bar.Finish()
	}
}

// An importBar shows how far a log is: by its bytes where they are read one after the
// other, else (a workbook, Parquet, a query) by the rows so far, of which nobody knows
// how many there are.
type importBar struct {
	bytes, rows bar
	total       int64 // bytes; 0 where they are not known
	moved       bool  // bytes have told something
	counted     int
}

// rowsShown is after how many rows the count on the screen goes on.
const rowsShown = 500

// newImportBar makes the bar of a file or query under a name; neither is drawn before
// it moves.
func newImportBar(errOut io.Writer, path, name string) *importBar {
	b := &importBar{rows: newBar(errOut, name, -1, progressbar.OptionShowCount(), progressbar.OptionShowIts(), progressbar.OptionSetItsString("rows"))}
	if info, err := os.Stat(path); err == nil {
		b.total = info.Size()
		b.bytes = newBar(errOut, name, b.total, progressbar.OptionShowBytes(true))
	}
	return b
}

// read takes how many bytes are read.
func (b *importBar) read(n int64) {
	b.moved = b.moved || n > 0 && n < b.total
	if b.moved {
		b.bytes.set64(n)
	}
}

// row counts a row.
func (b *importBar) row() {
	if b.counted++; !b.moved && b.counted%rowsShown == 0 {
		b.rows.set(b.counted)
	}
}

func (b *importBar) finish() {
	if b.moved {
		b.bytes.finish()
	} else if b.counted >= rowsShown {
		b.rows.finish()
	}
}
