package main

import (
	"os"
	"slices"
	"testing"
)

func TestOnlyUnchangedMappingsAreForgotten(t *testing.T) {
	const smaps = `00400000-02e3b000 r-xp 00000000 fe:00 10002639                           /opt/a b: c/modeltrial
Rss:                7404 kB
Anonymous:             0 kB
VmFlags: rd ex mr mw me
02e3b000-02e4b000 r--p 02a3b000 fe:00 10002639                           /opt/a b: c/modeltrial
Anonymous:             4 kB
VmFlags: rd mr mw me ac
02e4b000-06e77000 r--p 02a4b000 fe:00 10002639                           /opt/a b: c/modeltrial
Anonymous:             0 kB
06e77000-073b3000 rw-p 06a77000 fe:00 10002639                           /opt/a b: c/modeltrial
Anonymous:             0 kB
7fccdde85000-7fccddfdb000 r-xp 00022000 fe:00 247741                     /usr/lib/libc.so.6
Anonymous:             0 kB
7fccddfdc000-7fccddfdd000 r--p 00000000 00:00 0
Anonymous:             0 kB
`
	got := unchangedMappings(smaps, "/opt/a b: c/modeltrial")
	want := []mapping{{0x400000, 0x2e3b000}, {0x2e4b000, 0x6e77000}}
	if !slices.Equal(got, want) {
		t.Errorf("got %x, want %x", got, want)
	}
}

// TestForgetPages: the program goes on, in less memory.
func TestForgetPages(t *testing.T) {
	resident := func() int64 {
		status, err := os.ReadFile("/proc/self/status")
		if err != nil {
			t.Fatal(err)
		}
		return statusBytes(status, "RssFile:")
	}
	before := resident()
	forgetPages()
	if after := resident(); after >= before {
		t.Errorf("%d bytes of files are mapped, %d before", after, before)
	}
}
