package storetest

import (
	"fmt"
	"net"
	"os"
	"os/exec"
	"os/user"
	"path/filepath"
	"slices"
	"strconv"
	"syscall"
	"testing"
)

// A Server is a PostgreSQL server of one test, which may stop it.
type Server struct {
	Address string // of its database

	folder, bin string
	port        int
	as          *syscall.SysProcAttr
}

// NewServer starts a server with a private cluster that goes with the test, and that
// syncs to disk what is committed. Where PostgreSQL is not installed it skips the test.
func NewServer(t testing.TB) *Server {
	t.Helper()
	s := &Server{bin: programs()}
	if s.bin == "" {
		t.Skip("SKIPPED: PostgreSQL is not installed (Debian: postgresql)")
	}
	var err error
	if s.folder, err = os.MkdirTemp("", "postgres"); err != nil { // not in the test's own folder, which is root's
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = s.control("stop", "-m", "immediate") // it may be stopped already
		if err := os.RemoveAll(s.folder); err != nil {
			t.Error(err)
		}
	})
	if os.Getuid() == 0 { // PostgreSQL does not run as root
		nobody, err := user.Lookup("nobody")
		if err != nil {
			t.Skip("SKIPPED: PostgreSQL does not run as root, and there is no user nobody")
		}
		id, _ := strconv.Atoi(nobody.Uid) // a number on every system with such users
		s.as = &syscall.SysProcAttr{Credential: &syscall.Credential{Uid: uint32(id), Gid: uint32(id)}}
		if err := os.Chown(s.folder, id, id); err != nil {
			t.Fatal(err)
		}
	}
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	s.port = listener.Addr().(*net.TCPAddr).Port
	if err := listener.Close(); err != nil {
		t.Fatal(err)
	}
	s.Address = fmt.Sprintf("postgres://modeltrial@127.0.0.1:%d/postgres", s.port)
	if err := s.run("initdb", "-D", s.data(), "-U", "modeltrial", "--auth=trust", "--encoding=UTF8", "--no-sync"); err != nil {
		t.Fatal(err)
	}
	if err := s.Start(); err != nil {
		t.Fatal(err)
	}
	return s
}

// Start starts the server and returns when it answers.
func (s *Server) Start() error {
	return s.control("start", "-l", filepath.Join(s.folder, "log"), "-o",
		fmt.Sprintf("-p %d -k %s -c listen_addresses=127.0.0.1 -c max_connections=300", s.port, s.folder))
}

// Crash stops the server in the middle of what it does, as a loss of power does.
func (s *Server) Crash() error { return s.control("stop", "-m", "immediate") }

func (s *Server) control(args ...string) error {
	return s.run("pg_ctl", append([]string{"-D", s.data(), "-w"}, args...)...)
}

func (s *Server) data() string { return filepath.Join(s.folder, "data") }

func (s *Server) run(program string, args ...string) error {
	cmd := exec.Command(filepath.Join(s.bin, program), args...)
	cmd.SysProcAttr, cmd.Dir = s.as, s.folder
	// Into a file: the server keeps what it inherits open.
	output, err := os.Create(filepath.Join(s.folder, "output"))
	if err != nil {
		return err
	}
	defer func() { _ = output.Close() }() // it is read below
	cmd.Stdout, cmd.Stderr = output, output
	if err := cmd.Run(); err != nil {
		said, _ := os.ReadFile(output.Name())
		return fmt.Errorf("%s: %w: %s", program, err, said)
	}
	return nil
}

// programs is the folder of the server's programs; empty where there is none.
func programs() string {
	found, _ := filepath.Glob("/usr/lib/postgresql/*/bin/initdb") // the pattern is right
	if len(found) > 0 {
		slices.Sort(found)
		return filepath.Dir(found[len(found)-1])
	}
	path, err := exec.LookPath("initdb")
	if err != nil {
		return ""
	}
	return filepath.Dir(path)
}
