//go:build amd64 || arm64

package sandbox

import (
	"errors"
	"fmt"
	"os"
	"unsafe"

	"golang.org/x/sys/unix"
)

// landlockVersion is the version of Landlock that the kernel has; 0: none.
func landlockVersion() int {
	version, _, code := unix.Syscall(unix.SYS_LANDLOCK_CREATE_RULESET, 0, 0, unix.LANDLOCK_CREATE_RULESET_VERSION)
	if code != 0 {
		return 0
	}
	return int(version)
}

// writing are the rights that change files.
const writing = unix.LANDLOCK_ACCESS_FS_WRITE_FILE | unix.LANDLOCK_ACCESS_FS_REMOVE_DIR | unix.LANDLOCK_ACCESS_FS_REMOVE_FILE |
	unix.LANDLOCK_ACCESS_FS_MAKE_CHAR | unix.LANDLOCK_ACCESS_FS_MAKE_DIR | unix.LANDLOCK_ACCESS_FS_MAKE_REG |
	unix.LANDLOCK_ACCESS_FS_MAKE_SOCK | unix.LANDLOCK_ACCESS_FS_MAKE_FIFO | unix.LANDLOCK_ACCESS_FS_MAKE_BLOCK | unix.LANDLOCK_ACCESS_FS_MAKE_SYM

// confineFiles lets this thread, and the command that it becomes, write in a directory
// alone, and keeps it from other programs' memory and environment, as Landlock does by
// itself (https://docs.kernel.org/userspace-api/landlock.html). Where the kernel has no
// Landlock it does nothing, which Result.Confined tells.
func confineFiles(dir string) error {
	version := landlockVersion()
	if version == 0 {
		return nil
	}
	rules := unix.LandlockRulesetAttr{Handled_access_fs: writing}
	if version >= 2 {
		rules.Handled_access_fs |= unix.LANDLOCK_ACCESS_FS_REFER
	}
	if version >= 3 {
		rules.Handled_access_fs |= unix.LANDLOCK_ACCESS_FS_TRUNCATE
	}
	size := unsafe.Sizeof(rules.Handled_access_fs)
	if version >= 6 {
		rules.Scoped = unix.LANDLOCK_SCOPE_ABSTRACT_UNIX_SOCKET | unix.LANDLOCK_SCOPE_SIGNAL
		size = unsafe.Offsetof(rules.Scoped) + unsafe.Sizeof(rules.Scoped)
	}
	fd, _, code := unix.Syscall(unix.SYS_LANDLOCK_CREATE_RULESET, uintptr(unsafe.Pointer(&rules)), size, 0)
	if code != 0 {
		return code
	}
	defer closeQuietly(int(fd))
	if err := allow(fd, dir, rules.Handled_access_fs); err != nil {
		return err
	}
	ofFiles := rules.Handled_access_fs & (unix.LANDLOCK_ACCESS_FS_WRITE_FILE | unix.LANDLOCK_ACCESS_FS_TRUNCATE)
	if err := allow(fd, "/dev/null", ofFiles); err != nil && !errors.Is(err, os.ErrNotExist) {
		return err
	}
	if _, _, code := unix.Syscall(unix.SYS_LANDLOCK_RESTRICT_SELF, fd, 0, 0); code != 0 {
		return code
	}
	return nil
}

// allow lets a rule set have rights beneath a path.
func allow(rules uintptr, path string, rights uint64) error {
	fd, err := unix.Open(path, unix.O_PATH|unix.O_CLOEXEC, 0)
	if err != nil {
		return fmt.Errorf("%s: %w", path, err)
	}
	defer closeQuietly(fd)
	beneath := unix.LandlockPathBeneathAttr{Allowed_access: rights, Parent_fd: int32(fd)}
	_, _, code := unix.Syscall6(unix.SYS_LANDLOCK_ADD_RULE, rules, unix.LANDLOCK_RULE_PATH_BENEATH, uintptr(unsafe.Pointer(&beneath)), 0, 0, 0)
	if code != 0 {
		return fmt.Errorf("%s: %w", path, code)
	}
	return nil
}

// closeQuietly closes a descriptor that nothing was written to.
func closeQuietly(fd int) { _ = unix.Close(fd) }

// seccompFilter refuses the calls that open sockets, of the network and of this machine,
// where a daemon might do what the command may not; io_uring, which would open them past
// this filter; and, outside of a process namespace, those that leave the process group,
// by which all is killed at the end. A call of another architecture, whose numbers mean
// something else, kills.
func seccompFilter(apart bool) *unix.SockFprog {
	const (
		number, architecture = 0, 4       // offsets in struct seccomp_data
		foreign              = 0x40000000 // x32
	)
	load, equal, answer := uint16(unix.BPF_LD|unix.BPF_W|unix.BPF_ABS), uint16(unix.BPF_JMP|unix.BPF_JEQ|unix.BPF_K), uint16(unix.BPF_RET|unix.BPF_K)
	program := []unix.SockFilter{
		{Code: load, K: architecture},
		{Code: equal, Jt: 1, K: auditArchitecture},
		{Code: answer, K: unix.SECCOMP_RET_KILL_PROCESS},
		{Code: load, K: number},
		{Code: unix.BPF_JMP | unix.BPF_JGE | unix.BPF_K, Jf: 1, K: foreign},
		{Code: answer, K: unix.SECCOMP_RET_KILL_PROCESS},
	}
	forbidden := []uint32{unix.SYS_SOCKET, unix.SYS_IO_URING_SETUP}
	if !apart {
		forbidden = append(forbidden, unix.SYS_SETSID, unix.SYS_SETPGID)
	}
	for _, call := range forbidden {
		program = append(program, unix.SockFilter{Code: equal, Jf: 1, K: call}, unix.SockFilter{Code: answer, K: unix.SECCOMP_RET_ERRNO | uint32(unix.EACCES)})
	}
	program = append(program, unix.SockFilter{Code: answer, K: unix.SECCOMP_RET_ALLOW})
	return &unix.SockFprog{Len: uint16(len(program)), Filter: &program[0]}
}
