package main

import (
	"io"
	"os"
	"path/filepath"
	"regexp"
	"testing"
)

// TestFirstReportReplaysItsTable: a report that makes the first routing table shows the
// log under that table, as a later one does.
func TestFirstReportReplaysItsTable(t *testing.T) {
	t.Parallel()
	dir := filepath.Join(t.TempDir(), "demo")
	if got := execute([]string{"demo", "--dir", dir}, io.Discard, io.Discard); got != exitOK {
		t.Fatalf("demo: exit code %d", got)
	}
	ratings := filepath.Join(dir, "ratings.csv")
	command(t, dir, exitOK, "rate", "export", ratings)
	again := filepath.Join(t.TempDir(), "again")
	command(t, ".", exitOK, "init", again)
	config, err := os.ReadFile(filepath.Join(dir, "modeltrial.yaml"))
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(again, "modeltrial.yaml"), config, 0o600); err != nil {
		t.Fatal(err)
	}
	command(t, again, exitOK, "audit", "import", filepath.Join(dir, "sample", "tasks.csv"))
	command(t, again, exitOK, "audit", "classify")
	command(t, again, exitOK, "pilot", "import-responses", "--recorded", filepath.Join(dir, "sample", "responses.csv"))
	command(t, again, exitOK, "pilot", "lock")
	for range 4 {
		command(t, again, exitOK, "pilot", "run")
	}
	command(t, again, exitOK, "rate", "import", ratings)
	dir = again
	path := filepath.Join(dir, "report.html")
	said := regexp.MustCompile(`[0-9]+ of [0-9]+ tasks would have run on another model`)
	var pages [2]string
	for i := range pages {
		command(t, dir, exitOK, "report", "html", path)
		page, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		pages[i] = said.FindString(string(page))
	}
	if pages[0] == "" || pages[0] != pages[1] {
		t.Errorf("the first report says %q, the next one %q", pages[0], pages[1])
	}
}
