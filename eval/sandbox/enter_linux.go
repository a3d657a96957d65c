//go:build amd64 || arm64

package sandbox

import (
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"os"
	"os/exec"
	"runtime"
	"strconv"
	"strings"
	"time"
	"unsafe"

	"golang.org/x/sys/unix"
)

// entrance is the name by which this program is started again to give up its rights
// and become the command: limits can be set from inside of a process only.
const entrance = "modeltrial-sandbox"

// An order is what the entrance is told.
type order struct {
	Dir     string
	Command []string
	Limits  Limits
	Apart   bool // in namespaces
}

// An excuse is why the command did not take over.
type excuse struct {
	Why     string
	Command bool // it is the command's fault
}

// The entrance is taken before main: a program that forgot to call it would start
// itself without end.
func init() {
	if len(os.Args) != 2 || os.Args[0] != entrance {
		return
	}
	said, err := json.Marshal(enter(os.Args[1]))
	if err == nil {
		_, _ = os.NewFile(3, "failure").Write(said) // else nobody listens
	}
	os.Exit(1)
}

// enter gives up what the order says and becomes the command. It returns where that
// failed.
func enter(text string) excuse {
	runtime.LockOSThread() // rights belong to threads
	var o order
	if err := json.Unmarshal([]byte(text), &o); err != nil || len(o.Command) == 0 {
		return excuse{Why: fmt.Sprintf("order %q: %v", text, err)}
	}
	path, err := exec.LookPath(o.Command[0])
	if err != nil && !errors.Is(err, exec.ErrDot) {
		return excuse{Why: err.Error(), Command: true}
	}
	// All that the last call needs is there before memory is limited.
	file, err := unix.BytePtrFromString(path)
	if err != nil {
		return excuse{Why: err.Error(), Command: true}
	}
	arguments, err := pointers(o.Command)
	if err != nil {
		return excuse{Why: err.Error(), Command: true}
	}
	environment, err := pointers(os.Environ())
	if err != nil {
		return excuse{Why: err.Error()}
	}
	filter := seccompFilter(o.Apart)
	for _, step := range []struct {
		name string
		do   func() error
	}{
		{"close files", func() error { return unix.CloseRange(3, math.MaxUint32, unix.CLOSE_RANGE_CLOEXEC) }},
		{"give up new rights", func() error { return unix.Prctl(unix.PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) }},
		{"confine files", func() error { return confineFiles(o.Dir) }},
		{"limit", func() error { return limit(o) }},
		{"forbid sockets", func() error {
			return unix.Prctl(unix.PR_SET_SECCOMP, unix.SECCOMP_MODE_FILTER, uintptr(unsafe.Pointer(filter)), 0, 0)
		}},
	} {
		if err := step.do(); err != nil {
			return excuse{Why: fmt.Sprintf("%s: %v", step.name, err)}
		}
	}
	memory := unix.Rlimit{Cur: uint64(o.Limits.Memory), Max: uint64(o.Limits.Memory)}
	if err := unix.Setrlimit(unix.RLIMIT_AS, &memory); err != nil {
		return excuse{Why: fmt.Sprintf("limit memory: %v", err)}
	}
	_, _, code := unix.RawSyscall(unix.SYS_EXECVE, uintptr(unsafe.Pointer(file)),
		uintptr(unsafe.Pointer(&arguments[0])), uintptr(unsafe.Pointer(&environment[0])))
	return excuse{Why: fmt.Sprintf("%s: %v", path, code), Command: true}
}

// pointers are texts as the kernel takes them, ending with nil.
func pointers(texts []string) ([]*byte, error) {
	list := make([]*byte, len(texts)+1)
	for i, text := range texts {
		var err error
		if list[i], err = unix.BytePtrFromString(text); err != nil {
			return nil, fmt.Errorf("%q: %w", text, err)
		}
	}
	return list, nil
}

// limit sets all limits but that of memory.
func limit(o order) error {
	seconds := uint64((o.Limits.Timeout+time.Second-1)/time.Second) + 1
	processes := uint64(maxProcesses)
	if !o.Apart { // everything of the user counts
		others, err := threads()
		if err != nil {
			return err
		}
		processes += others
	}
	for _, l := range []struct {
		what  int
		value uint64
	}{
		{unix.RLIMIT_CORE, 0},
		{unix.RLIMIT_CPU, seconds},
		{unix.RLIMIT_FSIZE, maxFileSize},
		{unix.RLIMIT_NOFILE, maxOpenFiles},
		{unix.RLIMIT_NPROC, processes},
	} {
		if err := unix.Setrlimit(l.what, &unix.Rlimit{Cur: l.value, Max: l.value}); err != nil {
			return fmt.Errorf("limit %d: %w", l.what, err)
		}
	}
	return nil
}

// threads counts those of the whole system, which bounds those of the user.
func threads() (uint64, error) {
	text, err := os.ReadFile("/proc/loadavg")
	if err != nil {
		return 0, err
	}
	_, total, _ := strings.Cut(string(text), "/")
	total, _, _ = strings.Cut(total, " ")
	return strconv.ParseUint(total, 10, 32)
}
