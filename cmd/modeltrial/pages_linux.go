package main

import (
	"fmt"
	"os"
	"strings"

	"golang.org/x/sys/unix"
)

// forgetPages gives back the pages of the program's file that only what was done so far
// took, before work that goes on for long: packages that prepare themselves lie all over
// the file, of which the system maps large pieces around what is read. What is used again
// is mapped again. Only pages are given back that are as they are in the file. Nothing is
// lost where it fails.
func forgetPages() {
	program, err := os.Readlink("/proc/self/exe")
	if err != nil {
		return
	}
	mappings, err := os.ReadFile("/proc/self/smaps")
	if err != nil {
		return
	}
	for _, m := range unchangedMappings(string(mappings), program) {
		_, _, _ = unix.Syscall(unix.SYS_MADVISE, m.from, m.to-m.from, unix.MADV_DONTNEED) // see above
	}
}

// A mapping is a range of addresses.
type mapping struct{ from, to uintptr }

// unchangedMappings are those of a file that cannot be written to and have not been
// changed since they were read, by /proc/PID/smaps.
func unchangedMappings(smaps, file string) (unchanged []mapping) {
	var of mapping
	ours := false
	for line := range strings.Lines(smaps) {
		if 'A' <= line[0] && line[0] <= 'Z' { // what is said of the mapping before
			changed, isThat := strings.CutPrefix(line, "Anonymous:")
			if ours && isThat && strings.TrimSpace(changed) == "0 kB" {
				unchanged = append(unchanged, of)
			}
			continue
		}
		var permissions string
		n, _ := fmt.Sscanf(line, "%x-%x %s", &of.from, &of.to, &permissions) // n tells
		ours = n == 3 && permissions[1] == '-' && strings.HasSuffix(line, " "+file+"\n")
	}
	return unchanged
}
