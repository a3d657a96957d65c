//go:build amd64 || arm64

package sandbox

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"sync/atomic"
	"syscall"
	"time"

	"golang.org/x/sys/unix"
)

// nobody is who runs a command for root.
const nobody = 65534

// drain is how long output is still read when the command has ended: a process that
// left its group may hold it open.
const drain = 200 * time.Millisecond

// namespaces are what a command gets of its own where the kernel lets users have them:
// it is then process 1, with which all that it started ends.
const namespaces = unix.CLONE_NEWUSER | unix.CLONE_NEWPID | unix.CLONE_NEWNET | unix.CLONE_NEWIPC

// refused remembers that the kernel lets this user have no namespaces.
var refused atomic.Bool

// Run runs a command in a new directory that holds the named files alone, and removes
// it. The command is looked for in PATH. Its environment is PATH, HOME, TMPDIR and LANG,
// its standard input is empty, and it inherits no file. It is killed with everything it
// started at the end, at the timeout, when ctx ends, and when this program is killed.
//
// The kernel keeps it from opening sockets (seccomp), from writing outside of its
// directory and from looking into other programs (Landlock), from getting more rights,
// and from more memory, processor time (a second more than the timeout), processes, open
// files and bytes in a file than the limits say. For root it runs as the user nobody.
// Where the kernel gives users namespaces it has its own: network, processes and users.
//
// Not held back: it can read what its user can read; memory and processor time are
// limited for each process, not for all together; the number of its files is bounded by
// the timeout alone; as the first process of a namespace it outlives signals, such as
// that of an alarm, that it does not handle; where the kernel has no Landlock (before 5.13) it can write what its user can.
// It is no virtual machine: a flaw of the kernel opens it. Where this program is killed
// the directory stays, without a process in it.
//
// An error wraps [ErrCommand] where the command cannot be run at all; another one says
// that the sandbox could not be set up, or that ctx has ended.
func Run(ctx context.Context, command []string, files map[string]string, limits Limits) (Result, error) {
	parent := os.TempDir()
	if os.Geteuid() == 0 {
		parent = "/tmp" // root's TMPDIR may be closed to nobody
	}
	dir, err := os.MkdirTemp(parent, "modeltrial-sandbox-")
	if err != nil {
		return Result{}, fmt.Errorf("sandbox: %w", err)
	}
	defer remove(dir)
	if err := fill(dir, files); err != nil {
		return Result{}, fmt.Errorf("sandbox: %w", err)
	}
	if !refused.Load() {
		result, err := run(ctx, dir, command, limits, true)
		if !refusal(err) {
			return result, err
		}
		refused.Store(true)
	}
	return run(ctx, dir, command, limits, false)
}

// refusal says whether an error may mean that the kernel gives no namespaces.
func refusal(err error) bool {
	for _, code := range []error{unix.EPERM, unix.EACCES, unix.ENOSPC, unix.EUSERS, unix.EINVAL, unix.ENOSYS} {
		if errors.Is(err, code) {
			return true
		}
	}
	return false
}

// fill writes the files, for the one who will run the command.
func fill(dir string, files map[string]string) error {
	root := os.Geteuid() == 0
	for name, text := range files {
		path := filepath.Join(dir, name)
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			return err
		}
		if root {
			if err := os.Chown(path, nobody, nobody); err != nil {
				return err
			}
		}
	}
	if root {
		return os.Chown(dir, nobody, nobody)
	}
	return nil
}

// remove removes a directory, whatever rights its content was given.
func remove(dir string) {
	if os.RemoveAll(dir) == nil {
		return
	}
	_ = filepath.WalkDir(dir, func(path string, entry fs.DirEntry, _ error) error {
		if entry != nil && entry.IsDir() {
			return os.Chmod(path, 0o700)
		}
		return nil
	})
	_ = os.RemoveAll(dir) // nothing of worth is left behind
}

func run(ctx context.Context, dir string, command []string, limits Limits, apart bool) (Result, error) {
	plan, err := json.Marshal(order{Dir: dir, Command: command, Limits: limits, Apart: apart})
	if err != nil {
		return Result{}, err
	}
	output, written, err := os.Pipe()
	if err != nil {
		return Result{}, fmt.Errorf("sandbox: %w", err)
	}
	failure, fails, err := os.Pipe()
	if err != nil {
		_ = output.Close()
		_ = written.Close()
		return Result{}, fmt.Errorf("sandbox: %w", err)
	}
	defer func() {
		for _, end := range []*os.File{output, written, failure, fails} {
			_ = end.Close() // some are closed already
		}
	}()
	timed, stop := context.WithTimeout(ctx, limits.Timeout)
	defer stop()
	cmd := exec.CommandContext(timed, "/proc/self/exe")
	cmd.Args = []string{entrance, string(plan)}
	cmd.Dir = dir
	cmd.Env = []string{"PATH=" + os.Getenv("PATH"), "HOME=" + dir, "TMPDIR=" + dir, "LANG=C.UTF-8"}
	cmd.Stdout, cmd.Stderr = written, written
	cmd.ExtraFiles = []*os.File{fails}
	cmd.SysProcAttr = attributes(apart)
	cmd.Cancel = func() error { return unix.Kill(-cmd.Process.Pid, unix.SIGKILL) }
	runtime.LockOSThread() // the death of the thread that starts it would kill it
	defer runtime.UnlockOSThread()
	if err := cmd.Start(); err != nil {
		return Result{}, fmt.Errorf("sandbox: %w", err)
	}
	_ = written.Close() // the command has its own
	_ = fails.Close()
	var last tail
	drained := make(chan struct{})
	go func() {
		defer close(drained)
		_, _ = io.Copy(&last, output) // ends with the last writer, or the deadline
	}()
	// Nothing comes where the command took over.
	why, _ := io.ReadAll(io.LimitReader(failure, maxOutput))
	_ = cmd.Wait()                                // its state says it all
	_ = unix.Kill(-cmd.Process.Pid, unix.SIGKILL) // what it left behind
	_ = output.SetReadDeadline(time.Now().Add(drain))
	<-drained
	if ctx.Err() != nil {
		return Result{}, ctx.Err()
	}
	if len(why) > 0 {
		return Result{}, failed(why)
	}
	status, _ := cmd.ProcessState.Sys().(syscall.WaitStatus)
	result := Result{
		ExitCode: cmd.ProcessState.ExitCode(), TimedOut: timed.Err() != nil,
		Output:   strings.ToValidUTF8(string(last.kept), "\uFFFD"),
		Confined: landlockVersion() > 0,
	}
	if status.Signaled() {
		result.Signal = status.Signal().String()
	}
	return result, nil
}

// attributes are how the command is started: in a session of its own, not as root, and
// apart from everything where the kernel lets it.
func attributes(apart bool) *syscall.SysProcAttr {
	a := &syscall.SysProcAttr{Setsid: true, Pdeathsig: unix.SIGKILL}
	uid, gid := os.Geteuid(), os.Getegid()
	if uid == 0 {
		uid, gid = nobody, nobody
		a.Credential = &syscall.Credential{Uid: nobody, Gid: nobody}
	}
	if apart {
		a.Cloneflags = namespaces
		a.UidMappings = []syscall.SysProcIDMap{{ContainerID: uid, HostID: uid, Size: 1}}
		a.GidMappings = []syscall.SysProcIDMap{{ContainerID: gid, HostID: gid, Size: 1}}
		a.GidMappingsEnableSetgroups = a.Credential != nil
	}
	return a
}

// failed is the error that the entrance has written.
func failed(why []byte) error {
	var said excuse
	if err := json.Unmarshal(why, &said); err != nil {
		return fmt.Errorf("sandbox: %q", why)
	}
	if said.Command {
		return fmt.Errorf("%w: %s", ErrCommand, said.Why)
	}
	return fmt.Errorf("sandbox: %s", said.Why)
}
