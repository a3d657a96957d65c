package main

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"modeltrial/store"
	"modeltrial/store/storetest"
)

// TestWorkersShareBudgetAndLimits has three workers call a provider that allows 5 calls
// at once and 1,200 a minute, on a budget that does not cover all of them.
func TestWorkersShareBudgetAndLimits(t *testing.T) {
	t.Parallel() // it waits for the limits
	database := storetest.NewServer(t)
	server := newBillingServer(t)
	server.latency = 100 * time.Millisecond
	const tasks, budget = 60, "0.012"
	dir := benchWorkspace(t, server.URL, tasks, "db: "+database.Address)
	config := filepath.Join(dir, configName)
	text, err := os.ReadFile(config)
	if err != nil {
		t.Fatal(err)
	}
	limited := strings.NewReplacer("kind: openai,", "kind: openai, concurrency: 5, requests_per_minute: 1200,", `budget_usd: "10000"`, `budget_usd: "`+budget+`"`).Replace(string(text))
	if err := os.WriteFile(config, []byte(limited), 0o600); err != nil {
		t.Fatal(err)
	}
	var out strings.Builder
	if code := execute([]string{"-C", dir, "pilot", "lock", "--reason", "limits"}, &out, &out); code != exitOK {
		t.Fatal(out.String())
	}
	crew := &crew{t: t, dir: dir, server: server, concurrency: 16}
	for range 3 {
		crew.start()
	}
	for _, w := range crew.workers {
		select {
		case <-w.ended:
		case <-time.After(3 * time.Minute): // one waits for half a minute where others' calls may leave it some budget
			t.Fatalf("a worker does not end: %s", crew.said())
		}
		if code := w.ProcessState.ExitCode(); code != exitFailure || !strings.Contains(w.log.other.String(), "the budget does not cover another call") {
			t.Errorf("exit code %d, want 1 for what the budget does not cover: %s%s", code, w.out.String(), w.log.other.String())
		}
	}
	s, err := store.OpenExisting(t.Context(), database.Address)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = s.Close() }() // the test is over
	locked, err := s.Locked(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	limit, err := locked.Protocol.Budget()
	if err != nil {
		t.Fatal(err)
	}
	committed, err := s.Committed(t.Context())
	if err != nil || committed > limit {
		t.Errorf("%s were spent, %v; the budget is %s", committed, err, limit)
	}
	server.mu.Lock()
	defer server.mu.Unlock()
	if server.answers < 20 || server.answers >= 2*tasks {
		t.Errorf("%d calls were made, want some and not all", server.answers)
	}
	if server.most > 5 {
		t.Errorf("%d calls were in flight at once, the provider allows 5", server.most)
	}
	// Even on a busy machine no more arrive in a second than are sent in a second or so.
	slices.SortFunc(server.times, time.Time.Compare)
	for i := 40; i < len(server.times); i++ {
		if span := server.times[i].Sub(server.times[i-40]); span < time.Second {
			t.Errorf("40 calls arrived within %v; the provider allows 20 a second", span)
			break
		}
	}
}
