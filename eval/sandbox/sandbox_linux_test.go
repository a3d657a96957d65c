//go:build amd64 || arm64

package sandbox_test

import (
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"modeltrial/eval/sandbox"
)

// sh runs a script of the shell, whose file is "script".
func sh(t *testing.T, script string, limits sandbox.Limits) sandbox.Result {
	t.Helper()
	result, err := sandbox.Run(t.Context(), []string{"sh", "script"}, map[string]string{"script": script}, limits)
	if err != nil {
		t.Fatal(err)
	}
	return result
}

// python3 skips a test where there is none that anybody may run.
func python3(t *testing.T) {
	t.Helper()
	if _, err := sandbox.Run(t.Context(), []string{"python3", "-c", ""}, nil, usual); err != nil {
		t.Skipf("SKIPPED: python3: %v", err)
	}
}

var usual = sandbox.Limits{Timeout: 20 * time.Second, Memory: 1 << 30}

func TestExitCodes(t *testing.T) {
	t.Parallel()
	for script, want := range map[string]sandbox.Result{
		"echo fine":            {Output: "fine\n"},
		"echo bad >&2; exit 3": {ExitCode: 3, Output: "bad\n"},
		"ulimit -c; cat; exit": {Output: "0\n"}, // no core, no input
	} {
		got := sh(t, script, usual)
		if got.ExitCode != want.ExitCode || got.Output != want.Output || got.Passed() != (want.ExitCode == 0) {
			t.Errorf("%s: got %+v", script, got)
		}
	}
}

func TestARealLanguage(t *testing.T) {
	t.Parallel()
	python3(t)
	for code, want := range map[string]bool{"def f(x): return x + x": true, "def f(x): return x * x": false, "def f(x:": false, "import os; os.abort()": false} {
		files := map[string]string{"answer.py": code, "test.py": "from answer import f\nassert f(3) == 6"}
		got, err := sandbox.Run(t.Context(), []string{"python3", "test.py"}, files, usual)
		if err != nil || got.Passed() != want {
			t.Errorf("%s: got %+v, %v, want %v", code, got, err, want)
		}
	}
}

func TestTheCommandIsAtFault(t *testing.T) {
	t.Parallel()
	files := map[string]string{"text": "no program"}
	for _, command := range []string{"no-such-command-here", "/no/such/command", "./text", "/etc/passwd", "/"} {
		if got, err := sandbox.Run(t.Context(), []string{command}, files, usual); !errors.Is(err, sandbox.ErrCommand) {
			t.Errorf("%s: got %+v, %v, want ErrCommand: no answer failed", command, got, err)
		}
	}
}

func TestTime(t *testing.T) {
	t.Parallel()
	short := sandbox.Limits{Timeout: 300 * time.Millisecond, Memory: 1 << 30}
	for _, script := range []string{"while :; do :; done", "trap '' TERM INT HUP XCPU; while :; do sleep 60; done"} {
		if got := sh(t, script, short); !got.TimedOut || got.Passed() {
			t.Errorf("%s: got %+v", script, got)
		}
	}
	ctx, stop := context.WithTimeout(t.Context(), 200*time.Millisecond)
	defer stop()
	if got, err := sandbox.Run(ctx, []string{"sleep", "60"}, nil, usual); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("interrupted: got %+v, %v", got, err)
	}
}

// TestProcessorTime has the first process, which the kernel shields from most signals
// where it is the first of a namespace, spend more than it may. A shell's ulimit can only
// lower what is there.
func TestProcessorTime(t *testing.T) {
	t.Parallel()
	limits := sandbox.Limits{Timeout: time.Minute, Memory: 1 << 30}
	if got := sh(t, "ulimit -t", limits); got.Output != "61\n" {
		t.Errorf("it may take %q seconds, want 61", got.Output)
	}
	if got := sh(t, "ulimit -t 1; while :; do :; done", limits); got.Signal != "killed" || got.TimedOut || got.Passed() {
		t.Errorf("got %+v, want it to be killed for its processor time", got)
	}
}

func TestMemory(t *testing.T) {
	t.Parallel()
	python3(t)
	got, err := sandbox.Run(t.Context(), []string{"python3", "-c", "x = bytearray(10 << 30); print('got it')"}, nil, usual)
	if err != nil || got.Passed() || !strings.Contains(got.Output, "MemoryError") {
		t.Errorf("got %+v, %v", got, err)
	}
}

func TestOutputIsBounded(t *testing.T) {
	t.Parallel()
	got := sh(t, "head -c 50000000 /dev/zero | tr '\\0' x; printf '\\377end'", usual)
	if !got.Passed() || len(got.Output) > 5000 || !strings.HasSuffix(got.Output, "x\uFFFDend") {
		t.Errorf("got %d bytes, %v: %.20q", len(got.Output), got.Passed(), got.Output)
	}
	got = sh(t, "head -c 200000000 /dev/zero > big", usual)
	if got.Passed() {
		t.Error("a file of 200 MB was written")
	}
}

// Fork bombs, processes that leave their group, and others that hold the output: all
// are gone when Run comes back.
func TestNothingIsLeftBehind(t *testing.T) {
	mark := fmt.Sprintf("7%d", os.Getpid()) // seconds of a sleep that nobody else takes
	for name, script := range map[string]string{
		"background": "sleep " + mark + " & exit 0",
		"session":    "setsid sleep " + mark + " & setsid sh -c 'setsid sleep " + mark + " &' ; exit 0",
		"bomb":       "b() { sleep " + mark + " & b | b & }; b; sleep " + mark,
	} {
		start := time.Now()
		got := sh(t, script, sandbox.Limits{Timeout: time.Second, Memory: 1 << 30})
		if name == "background" && !got.Passed() {
			t.Errorf("%s: got %+v", name, got)
		}
		for { // what is killed ends a moment later
			left := running(t, mark)
			if left == 0 {
				break
			}
			if time.Since(start) > 20*time.Second {
				t.Fatalf("%s: %d processes are left", name, left)
			}
			time.Sleep(10 * time.Millisecond)
		}
	}
}

// running counts the processes that have a word in their command line.
func running(t *testing.T, word string) (count int) {
	t.Helper()
	paths, err := filepath.Glob("/proc/[0-9]*/cmdline")
	if err != nil {
		t.Fatal(err)
	}
	for _, path := range paths {
		if line, err := os.ReadFile(path); err == nil && strings.Contains(string(line), "\x00"+word) {
			count++
		}
	}
	return count
}

func TestNoKeys(t *testing.T) {
	t.Setenv("SANDBOX_TEST_KEY", "sk-secret")
	got := sh(t, "env; cat /proc/*/environ 2>/dev/null", usual)
	if strings.Contains(got.Output, "sk-secret") || !strings.Contains(got.Output, "HOME=") {
		t.Errorf("its environment: %s", got.Output)
	}
}

// TestNoWritingOutside tries to change files of this user and files that anybody may
// write.
func TestNoWritingOutside(t *testing.T) {
	outside := t.TempDir()
	for _, dir := range []string{outside, filepath.Dir(outside), filepath.Dir(filepath.Dir(outside))} {
		if strings.HasPrefix(dir, os.TempDir()+"/") {
			if err := os.Chmod(dir, 0o777); err != nil {
				t.Fatal(err)
			}
		}
	}
	victim := filepath.Join(outside, "victim")
	if err := os.WriteFile(victim, []byte("kept"), 0o666); err != nil {
		t.Fatal(err)
	}
	if err := os.Chmod(victim, 0o666); err != nil {
		t.Fatal(err)
	}
	got := sh(t, fmt.Sprintf("echo x > inside && mkdir d && mv inside d/ && echo quiet > /dev/null || exit 9\ncd %s; echo gone > victim; rm victim; mv victim other; echo x > new; mkdir new; ln -s / link; chmod 000 d; exit 0", outside), usual)
	if !got.Passed() {
		t.Fatalf("it cannot write in its own directory: %+v", got)
	}
	if !got.Confined {
		t.Skip("SKIPPED: the kernel has no Landlock")
	}
	entries, err := os.ReadDir(outside)
	text, errText := os.ReadFile(victim)
	if err != nil || errText != nil || len(entries) != 1 || string(text) != "kept" {
		t.Errorf("%v holds %v, %q, %v, %v: %s", outside, entries, text, err, errText, got.Output)
	}
}

// TestOwnDirectoryIsRemoved looks at what is left of a run that locked its directories.
func TestOwnDirectoryIsRemoved(t *testing.T) {
	got := sh(t, "pwd; ls; mkdir -p a/b; chmod 000 a/b a", usual)
	dir, rest, _ := strings.Cut(got.Output, "\n")
	if rest != "script\n" {
		t.Errorf("the directory holds %q", rest)
	}
	if _, err := os.Stat(dir); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("%s: %v, want it to be gone", dir, err)
	}
}

func TestNoNetwork(t *testing.T) {
	t.Parallel()
	python3(t)
	for _, network := range []string{"tcp", "unix"} {
		address := "127.0.0.1:0"
		if network == "unix" {
			address = filepath.Join("/tmp", fmt.Sprintf("sandbox-%d.sock", os.Getpid()))
		}
		listener, err := net.Listen(network, address)
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { _ = listener.Close() })
		if network == "unix" {
			if err := os.Chmod(address, 0o777); err != nil {
				t.Fatal(err)
			}
		}
		code := fmt.Sprintf("import socket; s = socket.socket(socket.AF_UNIX); s.connect(%q)", address)
		if network == "tcp" {
			code = fmt.Sprintf("import socket; socket.create_connection(('127.0.0.1', %d))", listener.Addr().(*net.TCPAddr).Port)
		}
		got, err := sandbox.Run(t.Context(), []string{"python3", "-c", code}, nil, usual)
		if err != nil || got.Passed() || !strings.Contains(got.Output, "PermissionError") {
			t.Errorf("%s: got %+v, %v", network, got, err)
		}
	}
}

// TestNoFilesAreInherited leaves a file open without the mark that closes it.
func TestNoFilesAreInherited(t *testing.T) {
	r, w, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = r.Close()
		_ = w.Close()
	})
	if _, err := unix.FcntlInt(w.Fd(), unix.F_SETFD, 0); err != nil {
		t.Fatal(err)
	}
	if got := sh(t, "for f in /proc/self/fd/*; do n=${f##*/}; [ $n -gt 2 ] && readlink $f; done; exit 0", usual); strings.Contains(got.Output, "pipe:") {
		t.Errorf("it has %s", got.Output)
	}
}

func BenchmarkRun(b *testing.B) {
	b.Run("bare", func(b *testing.B) {
		for b.Loop() {
			if err := exec.CommandContext(b.Context(), "sh", "-c", "exit 0").Run(); err != nil {
				b.Fatal(err)
			}
		}
	})
	b.Run("sandbox", func(b *testing.B) {
		for b.Loop() {
			if result, err := sandbox.Run(b.Context(), []string{"sh", "-c", "exit 0"}, nil, usual); err != nil || !result.Passed() {
				b.Fatal(result, err)
			}
		}
	})
}
