package main

import (
	"bytes"
	"encoding/json"
	"strings"
	"syscall"
	"testing"
	"time"

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
