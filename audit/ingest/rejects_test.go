package ingest

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
)

// TestSweepRejects removes what killed processes left, and nothing else.
func TestSweepRejects(t *testing.T) {
	t.Parallel()
	folder := t.TempDir()
	dead := exec.Command(os.Args[0], "-test.run=^$")
	if err := dead.Run(); err != nil {
		t.Fatal(err)
	}
	kept := map[string]bool{
		fmt.Sprintf(".rejects-%d-1", dead.Process.Pid): false,
		fmt.Sprintf(".rejects-%d-1", os.Getpid()):      true,
		fmt.Sprintf(".rejects-%d-1", os.Getppid()):     true, // runs
		".rejects-notes":      true,
		"log.csv.rejects.csv": true,
	}
	for name := range kept {
		if err := os.WriteFile(filepath.Join(folder, name), []byte("id\n"), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	SweepRejects(folder)
	for name, want := range kept {
		if _, err := os.Stat(filepath.Join(folder, name)); (err == nil) != want {
			t.Errorf("%s: kept %v, want %v", name, err == nil, want)
		}
	}
	SweepRejects(filepath.Join(folder, "none")) // is no failure
}
