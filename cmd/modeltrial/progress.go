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

// newBytesBar counts a file's bytes; a file whose size is unknown shows nothing.
func newBytesBar(errOut io.Writer, path string) *bytesBar {
	info, err := os.Stat(path)
	if err != nil {
		return &bytesBar{}
	}
	return &bytesBar{newBar(errOut, path, info.Size(), progressbar.OptionShowBytes(true))}
}

func newBar(errOut io.Writer, what string, total int64, options ...progressbar.Option) bar {
	file, ok := errOut.(*os.File)
	if !ok || !term.IsTerminal(int(file.Fd())) || total <= 0 {
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

type bytesBar struct{ bar }

func (b *bytesBar) set(read int64) { b.set64(read) }
