package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"strconv"
	"testing"
	"time"

	"modeltrial/audit"
	"modeltrial/eval"
	"modeltrial/store"
	"modeltrial/store/storetest"
)

// workerCallsEnv asks for another number of calls than the test's own.
const workerCallsEnv = "MODELTRIAL_TEST_WORKER_CALLS"

// TestWorkersLoseNothingThatWasPaidFor has four workers make the calls of a pilot on one
// PostgreSQL while one after the other is killed at random moments and another takes its
// place, and the server crashes twice: 1,000 calls, or as many as
// MODELTRIAL_TEST_WORKER_CALLS says.
func TestWorkersLoseNothingThatWasPaidFor(t *testing.T) {
	t.Parallel() // it mostly waits until the claims of dead workers have run out
	calls, err := strconv.Atoi(os.Getenv(workerCallsEnv))
	if err != nil {
		calls = 1000
	}
	const processes, concurrency = 4, 16
	database := storetest.NewServer(t)
	server := newBillingServer(t)
	server.latency = 50 * time.Millisecond
	dir := benchWorkspace(t, server.URL, calls/2, "db: "+database.Address)
	seed := uint64(time.Now().UnixNano())
	random := rand.New(rand.NewPCG(seed, 1))
	crew := &crew{t: t, dir: dir, server: server, concurrency: concurrency}
	for range processes {
		crew.start()
	}
	began := time.Now()
	answered := func() int {
		server.mu.Lock()
		defer server.mu.Unlock()
		return len(server.stored)
	}
	// Each at a share of the calls, so that all come while there is work.
	const kills = 8
	for kill := 1; kill <= kills; kill++ {
		for answered() < kill*calls/(kills+4) {
			if time.Since(began) > 5*time.Minute {
				t.Fatalf("seed %d: %d of %d calls are answered after %v: %s", seed, answered(), calls, time.Since(began), crew.said())
			}
			time.Sleep(20 * time.Millisecond)
		}
		if kill == kills/3 || kill == 2*kills/3 {
			if err := database.Crash(); err != nil {
				t.Fatal(err)
			}
			time.Sleep(time.Duration(random.IntN(int(time.Second))))
			if err := database.Start(); err != nil {
				t.Fatal(err)
			}
			continue
		}
		time.Sleep(time.Duration(random.IntN(int(300 * time.Millisecond))))
		crew.kill(random.IntN(processes))
		crew.start()
	}
	crew.wait()
	if t.Failed() {
		t.Fatalf("seed %d: %s", seed, crew.said())
	}
	s, err := store.OpenExisting(t.Context(), database.Address)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = s.Close() }() // the test is over
	if findings, err := s.Check(t.Context()); err != nil || len(findings) > 0 {
		t.Fatalf("findings %v, %v, want none", findings, err)
	}
	var stored audit.NanoUSD
	cells := 0
	err = s.EachResponse(t.Context(), func(r eval.Response) error {
		billed, known := server.billed[r.Text]
		if !known || r.Cost == nil || *r.Cost != billed {
			t.Errorf("%s of %s is stored as %q at %v, the server billed %s", r.TaskID, r.Arm, r.Text, r.Cost, billed)
		}
		cells++
		stored += billed
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	if spent, err := s.Spent(t.Context()); err != nil || spent != stored || cells != calls {
		t.Errorf("seed %d: %d answers at %s, %v; want %d at the %s that the server billed for them", seed, cells, spent, err, calls, stored)
	}
	if len(server.repeated) > 0 {
		t.Errorf("seed %d: %d cells were called after their answers were stored: %v", seed, len(server.repeated), server.repeated[0])
	}
	lost := server.answers - cells
	if most := kills * 2 * concurrency * processes; lost > most {
		t.Errorf("seed %d: %d calls have no stored answer", seed, lost)
	}
	if committed, err := s.Committed(t.Context()); err != nil || committed < stored || committed > 10_000*audit.USD {
		t.Errorf("committed is %s, %v, with %s spent", committed, err, stored)
	}
	workers, err := s.Workers(t.Context(), time.Now())
	if err != nil || len(workers) > crew.killed { // some before they told of themselves
		t.Errorf("%d workers are known, %v; want the %d that were killed at most", len(workers), err, crew.killed)
	}
	t.Logf("%d calls for %d cells with %d kills and 2 crashes in %v", server.answers, calls, crew.killed, time.Since(began).Round(time.Second))
}

// A crew is some worker processes on one pilot.
type crew struct {
	t           testing.TB
	dir         string
	server      *billingServer
	concurrency int
	quiet       bool // they do not tell what they have stored
	killed      int

	workers []*crewMember
}

type crewMember struct {
	*exec.Cmd

	out    bytes.Buffer
	log    storedLog
	ended  chan struct{}
	failed error
}

// start starts a worker that ends when everything is done.
func (c *crew) start() {
	c.t.Helper()
	args := []string{"-C", c.dir, "worker", "--concurrency", strconv.Itoa(c.concurrency), "--until-done"}
	if !c.quiet {
		args = append(args, "--log-level", "debug", "--log-format", "json")
	}
	w := &crewMember{Cmd: process(c.t, args...), ended: make(chan struct{})}
	w.log.server = c.server
	w.Stdout, w.Stderr = &w.out, &w.log
	if err := w.Start(); err != nil {
		c.t.Fatal(err)
	}
	c.t.Cleanup(func() { _ = w.Process.Kill() }) // it has ended, or the test is over
	go func() {
		w.failed = w.Wait()
		close(w.ended)
	}()
	c.workers = append(c.workers, w)
}

// kill kills one of those that are at work.
func (c *crew) kill(k int) {
	w := c.workers[k]
	_ = w.Process.Kill() // an error is that it has ended
	<-w.ended
	c.workers = append(c.workers[:k], c.workers[k+1:]...)
	if w.ProcessState.ExitCode() < 0 { // one that began without a server has ended by itself
		c.killed++
	}
}

// wait waits until all have ended. One that could not begin is started again, as systemd
// and containers do.
func (c *crew) wait() {
	for k := 0; k < len(c.workers); k++ {
		w := c.workers[k]
		select {
		case <-w.ended:
			switch {
			case w.failed == nil:
			case bytes.Contains(w.log.other.Bytes(), []byte("the server cannot be reached")) && len(c.workers) < 50:
				c.start()
			default:
				c.t.Errorf("worker: %v", w.failed)
			}
		case <-time.After(6 * time.Minute):
			c.t.Error("a worker does not end")
			return
		}
	}
}

// said is what the workers printed.
func (c *crew) said() string {
	var all bytes.Buffer
	for k, w := range c.workers {
		_ = w.Process.Kill() // it has ended, or the test fails
		<-w.ended
		fmt.Fprintf(&all, "worker %d: %s\n%s\n", k, w.out.String(), w.log.other.String())
	}
	return all.String()
}

// A storedLog takes a worker's records and tells the server which answers are stored.
type storedLog struct {
	server *billingServer
	rest   []byte
	other  bytes.Buffer // records of something else
}

func (l *storedLog) Write(records []byte) (int, error) {
	l.rest = append(l.rest, records...)
	for {
		line, rest, found := bytes.Cut(l.rest, []byte("\n"))
		if !found {
			return len(records), nil
		}
		l.rest = rest
		var record struct{ Msg, Task, Arm string }
		if json.Unmarshal(line, &record) != nil || record.Msg != storedRecord {
			fmt.Fprintf(&l.other, "%s\n", line)
			continue
		}
		l.server.mu.Lock()
		l.server.stored[eval.Cell{TaskID: record.Task, Arm: record.Arm}] = true
		l.server.mu.Unlock()
	}
}
