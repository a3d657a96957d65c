package main

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"modeltrial/audit"
	"modeltrial/store"
)

// TestAuditReportHoldsTheLogAgainstTheBill imports a log of September at a dollar a
// task, 30 in all, and an account of 36 dollars.
func TestAuditReportHoldsTheLogAgainstTheBill(t *testing.T) {
	dir := t.TempDir()
	var log strings.Builder
	log.WriteString("id,timestamp,model,category,prompt,cost_usd\n")
	for day := 1; day <= 30; day++ {
		fmt.Fprintf(&log, "%d,2026-09-%02dT09:00:00Z,gpt-4o-2024-08-06,coding,Write function %d,1\n", day, day, day)
	}
	path := filepath.Join(dir, "log.csv")
	if err := os.WriteFile(path, []byte(log.String()), 0o600); err != nil {
		t.Fatal(err)
	}
	run := func(arguments ...string) string {
		t.Helper()
		var out, errOut bytes.Buffer
		if code := execute(append([]string{"-C", dir}, arguments...), &out, &errOut); code != exitOK {
			t.Fatalf("%v: exit status %d: %s", arguments, code, errOut.String())
		}
		return out.String()
	}
	run("init")
	run("audit", "import", path)
	before := run("audit", "report", "--json")
	s, err := store.OpenExisting(t.Context(), filepath.Join(dir, databaseName))
	if err != nil {
		t.Fatal(err)
	}
	_, err = s.ImportBaseline(t.Context(), "activity.json", "openrouter", func(take func(audit.SpendEntry) error) (store.ImportedFile, error) {
		entry := audit.SpendEntry{Start: time.Date(2026, 9, 5, 0, 0, 0, 0, time.UTC), Model: "openai/gpt-4o", Provider: "OpenAI"}
		entry.Cost, entry.Requests = new(36*audit.USD), new(int64(40))
		return store.ImportedFile{SHA256: "1", Rows: 1}, take(entry)
	})
	if err != nil {
		t.Fatal(err)
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	text, document := run("audit", "report"), run("audit", "report", "--json")
	for _, want := range []string{"The log explains 83% of the bill of 2026-09.", "scaled to the bill (gpt-4o × 1.20)", "openai/gpt-4o"} {
		if !strings.Contains(strings.Join(strings.Fields(text), " "), want) {
			t.Errorf("the report does not say %q:\n%s", want, text)
		}
	}
	if !strings.Contains(before, `"bill": null`) || !strings.Contains(document, `"cost_explained": 0.83333`) || !strings.Contains(document, `"requests_explained": 0.75`) {
		t.Errorf("JSON before and after:\n%s\n%s", before, document)
	}
}
