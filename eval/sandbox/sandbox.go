// Package sandbox runs a command on files that nobody vouches for, such as the code of
// an answer: in an own empty directory, with a cleared environment, with limits of
// time, memory, processes and output, and on Linux with no sockets and no writing
// elsewhere. What it does not hold back is said at [Run].
package sandbox

import (
	"errors"
	"time"
)

// Limits bound one run. All must be above 0.
type Limits struct {
	Timeout time.Duration // of wall-clock time
	Memory  int64         // bytes of address space of each process
}

// The bounds that are no choice.
const (
	maxProcesses = 64       // and threads, at once
	maxFileSize  = 64 << 20 // bytes of each file
	maxOpenFiles = 256
	maxOutput    = 4 << 10 // bytes of output that are kept, the last ones
)

// A Result is what came of a run.
type Result struct {
	ExitCode int    // -1: ended by a signal
	Signal   string // the one that ended it; empty: none
	TimedOut bool
	Output   string // the end of what it wrote to standard output and standard error, valid UTF-8
	Confined bool   // it could write only in its own directory; false where the kernel has no Landlock
}

// Passed says whether the command ended by itself with exit code 0.
func (r Result) Passed() bool { return r.ExitCode == 0 && !r.TimedOut }

// ErrCommand says that the command cannot be run at all: it is not there, or not for
// this user. The answer is not at fault.
var ErrCommand = errors.New("the command cannot be run")

// ErrUnsupported says that this system has no sandbox.
var ErrUnsupported = errors.New("commands are run on Linux only, where they can be confined")

// tail keeps the last bytes of what is written.
type tail struct {
	kept []byte
}

// Write keeps the end and takes everything.
func (t *tail) Write(p []byte) (int, error) {
	t.kept = append(t.kept, p[max(0, len(p)-maxOutput):]...)
	if extra := len(t.kept) - maxOutput; extra > 0 {
		t.kept = append(t.kept[:0], t.kept[extra:]...)
	}
	return len(p), nil
}
