package main

import (
	"bytes"
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"modeltrial/eval"
	"modeltrial/store"
	"modeltrial/store/storetest"
)

// TestAWorkerDrains stops a worker in the middle of its calls: it takes nothing more,
// stores what is under way, and another goes on at once where it stopped.
func TestAWorkerDrains(t *testing.T) {
	t.Parallel() // it waits for calls
	database := storetest.NewServer(t)
	server := newBillingServer(t)
	server.latency = time.Second
	const calls = 40
	dir := benchWorkspace(t, server.URL, calls/2, "db: "+database.Address)
	crew := &crew{t: t, dir: dir, server: server, concurrency: 8}
	crew.start()
	first := crew.workers[0]
	within(t, "calls are under way", func() bool { return server.count() >= 8 })
	status := statusOf(t, dir)
	if len(status.Workers) != 1 || status.Workers[0].State != "working" || status.Workers[0].StartedAt.IsZero() {
		t.Errorf("pilot status tells of %+v, want one worker at work", status.Workers)
	}
	if err := first.Process.Signal(syscall.SIGTERM); err != nil {
		t.Fatal(err)
	}
	<-first.ended
	if code := first.ProcessState.ExitCode(); code != exitOK || !strings.Contains(first.out.String(), "calls answered") {
		t.Errorf("exit code %d: %s%s", code, first.out.String(), first.log.other.String())
	}
	s, err := store.OpenExisting(t.Context(), database.Address)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = s.Close() }() // the test is over
	open, err := s.OpenCells(t.Context(), 1)
	if err != nil {
		t.Fatal(err)
	}
	if made := server.count(); made == calls || calls-len(open) != made {
		t.Errorf("%d calls were made and %d answers stored, want all that were made and not all there are", made, calls-len(open))
	}
	if status := statusOf(t, dir); len(status.Workers) != 0 {
		t.Errorf("pilot status still tells of %+v", status.Workers)
	}
	kept, err := s.Calls(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	for _, call := range kept {
		if call.Reserved > 0 {
			t.Errorf("%s of %s is still claimed", call.TaskID, call.Arm)
		}
	}
	crew.start()
	crew.wait()
	if server.count() != calls {
		t.Errorf("%d calls were made, want %d", server.count(), calls)
	}
}

// TestADrainingWorkerIsNotTakenForDead: for as long as it awaits a call it tells of itself.
func TestADrainingWorkerIsNotTakenForDead(t *testing.T) {
	t.Parallel() // it waits for a slow call
	database := storetest.NewServer(t)
	server := newBillingServer(t)
	server.latency = 3*seenPause - time.Second
	dir := benchWorkspace(t, server.URL, 1, "db: "+database.Address)
	path := filepath.Join(dir, "modeltrial.yaml")
	config, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, bytes.Replace(config, []byte("timeout_seconds: 5"), []byte("timeout_seconds: 60"), 1), 0o600); err != nil {
		t.Fatal(err)
	}
	crew := &crew{t: t, dir: dir, server: server, concurrency: 2}
	crew.start()
	worker := crew.workers[0]
	within(t, "calls are under way", func() bool { return server.count() == 2 })
	if err := worker.Process.Signal(syscall.SIGTERM); err != nil {
		t.Fatal(err)
	}
	silent := time.Duration(0) // at most
	for ended := false; !ended; {
		for _, w := range statusOf(t, dir).Workers {
			silent = max(silent, time.Since(w.SeenAt))
		}
		select {
		case <-worker.ended:
			ended = true
		case <-time.After(time.Second):
		}
	}
	if silent > 2*seenPause {
		t.Errorf("it was silent for %v while it awaited its calls; others take one for dead after %v", silent, eval.WorkerLost)
	}
	if code := worker.ProcessState.ExitCode(); code != exitOK || server.count() != 2 {
		t.Errorf("exit code %d after %d calls: %s", code, server.count(), worker.out.String())
	}
}

// statusOf is what pilot status tells of workers.
func statusOf(t *testing.T, dir string) (status struct{ Workers []workerProgress }) {
	t.Helper()
	var out, said bytes.Buffer
	if code := execute([]string{"-C", dir, "pilot", "status", "--json"}, &out, &said); code != exitOK {
		t.Fatalf("exit code %d: %s", code, said.String())
	}
	if err := json.Unmarshal(out.Bytes(), &status); err != nil {
		t.Fatal(err)
	}
	return status
}
