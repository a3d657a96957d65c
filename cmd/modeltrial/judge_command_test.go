package main

import (
	"encoding/json"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
	"time"

	"modeltrial/eval"
	"modeltrial/store"
)

// TestCommandChecksKilled kills a check while its commands run. What was run is kept, and
// another check does the rest, once.
func TestCommandChecksKilled(t *testing.T) {
	t.Parallel()
	if runtime.GOOS != "linux" {
		t.Skip("SKIPPED: commands are run on Linux only")
	}
	dir := t.TempDir()
	command(t, dir, exitOK, "init")
	const tasks = 20
	log := [][]string{{"id", "prompt", "category"}}
	answers := [][]string{{"task_id", "arm", "response"}}
	for i := range tasks {
		id := fmt.Sprintf("t%03d", i)
		log = append(log, []string{id, "Task " + id, "coding"})
		answers = append(answers, []string{id, "now", "no " + id}, []string{id, "next", "yes " + id})
	}
	writeCSV(t, filepath.Join(dir, "log.csv"), log)
	writeCSV(t, filepath.Join(dir, "answers.csv"), answers)
	config := `
providers: [{name: files, kind: recorded}]
pilot:
  name: killed
  control: now
  arms:
    - {name: now, provider: files, model: atlas}
    - {name: next, provider: files, model: forge}
  use_cases: [{category: coding, candidates: [next]}]
  weeks: 1
  tasks_per_week: 500
  budget_usd: "0"
  concurrency: 4
  checks: [{name: slow, kind: command, command: [sh, -c, "sleep 0.3; grep -q yes {answer}"]}]
`
	if err := os.WriteFile(filepath.Join(dir, configName), []byte(config), 0o600); err != nil {
		t.Fatal(err)
	}
	command(t, dir, exitOK, "audit", "import", filepath.Join(dir, "log.csv"))
	command(t, dir, exitOK, "pilot", "import-responses", "--recorded", filepath.Join(dir, "answers.csv"))
	command(t, dir, exitOK, "pilot", "lock")
	command(t, dir, exitOK, "pilot", "run")

	s := openStore(t, dir)
	for round := 1; round <= 2; round++ {
		cmd := process(t, "-C", dir, "judge", "check", "--allow-commands")
		cmd.Stdout, cmd.Stderr = io.Discard, io.Discard
		if err := cmd.Start(); err != nil {
			t.Fatal(err)
		}
		for start := time.Now(); commandRatings(t, s) < 2*round && time.Since(start) < 30*time.Second; time.Sleep(20 * time.Millisecond) {
		}
		if err := cmd.Process.Kill(); err != nil {
			t.Fatal(err)
		}
		if cmd.Wait() == nil {
			t.Fatalf("round %d: it was done before it was killed", round)
		}
	}
	kept := commandRatings(t, s)
	if left := commandCheckJSON(t, dir, exitFailure); kept < 4 || left.NotAllowed > tasks-kept || left.NotAllowed < tasks-kept-runtime.NumCPU() || left.NotAllowed == 0 {
		t.Errorf("%d comparisons were rated when it was killed, now %+v", kept, left)
	}
	if all := commandCheckJSON(t, dir, exitOK, "--allow-commands"); all.Comparisons != tasks || all.NotAllowed != 0 || all.Confined == nil {
		t.Errorf("%+v", all)
	}
	if again := commandCheckJSON(t, dir, exitOK); again.New != 0 || again.Comparisons != tasks || commandRatings(t, s) != tasks {
		t.Errorf("%+v, %d ratings: nothing is run or rated twice", again, commandRatings(t, s))
	}
}

func commandCheckJSON(t *testing.T, dir string, want int, args ...string) checkResult {
	t.Helper()
	var document struct{ Checks []checkResult }
	said := command(t, dir, want, append([]string{"judge", "check", "--json"}, args...)...)
	if err := json.NewDecoder(strings.NewReader(said)).Decode(&document); err != nil || len(document.Checks) != 1 {
		t.Fatalf("%v in %s", err, said)
	}
	return document.Checks[0]
}

// commandRatings counts what is stored, each a candidate that alone passes.
func commandRatings(t *testing.T, s *store.Store) (count int) {
	t.Helper()
	err := s.EachRating(t.Context(), 0, func(r eval.Rating) error {
		count++
		if r.Verdict != eval.PrefersB || r.Note != "a: exit code 1; b: " {
			t.Errorf("%+v", r)
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return count
}
