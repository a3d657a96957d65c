package main

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"modeltrial/audit"
	"modeltrial/eval"
	"modeltrial/eval/run"
	"modeltrial/store"
)

// A billingServer answers each call with a text and a price of its own, and keeps the
// bill.
type billingServer struct {
	*httptest.Server

	latency time.Duration

	mu       sync.Mutex
	answers  int
	arrived  map[eval.Cell]int        // calls, by task and arm
	billed   map[string]audit.NanoUSD // by the text of the answer
	stored   map[eval.Cell]bool       // answered cells, as of the end of the last process
	repeated []eval.Cell              // called although they were stored
	lost     int                      // calls without a stored answer, as of then
	flying   int                      // calls under way
	most     int                      // of them at once
	open     map[net.Conn]bool        // connections
	times    []time.Time              // when each call came
}

func newBillingServer(t testing.TB) *billingServer {
	t.Helper()
	s := &billingServer{latency: 20 * time.Millisecond, arrived: map[eval.Cell]int{}, billed: map[string]audit.NanoUSD{}, stored: map[eval.Cell]bool{}, open: map[net.Conn]bool{}}
	s.Server = httptest.NewUnstartedServer(s)
	s.Config.ConnState = func(c net.Conn, state http.ConnState) {
		s.mu.Lock()
		defer s.mu.Unlock()
		switch state {
		case http.StateNew:
			s.open[c] = true
		case http.StateClosed:
			delete(s.open, c)
		}
	}
	s.Start()
	t.Cleanup(s.Close)
	return s
}

// settle waits until all calls of processes that have ended are on the bill: a busy
// machine lets the server read some of them only after their process was killed.
func (s *billingServer) settle(t *testing.T) {
	t.Helper()
	for range 1000 {
		s.mu.Lock()
		open := len(s.open)
		s.mu.Unlock()
		if open == 0 {
			return
		}
		time.Sleep(10 * time.Millisecond)
	}
	t.Fatal("connections of a process that has ended stay open")
}

func (s *billingServer) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	var request struct {
		Temperature *float64
		Messages    []struct{ Content string }
	}
	body, err := io.ReadAll(r.Body)
	if err != nil || json.Unmarshal(body, &request) != nil {
		return // killed while it sent
	}
	number, _, _ := strings.Cut(strings.TrimPrefix(request.Messages[0].Content, "Task "), ":")
	task, _ := strconv.Atoi(number)
	cell := eval.Cell{TaskID: fmt.Sprintf("t%06d", task), Arm: "now"}
	if request.Temperature != nil {
		cell.Arm = "next"
	}
	s.mu.Lock()
	s.answers++
	s.flying++
	s.most, s.times = max(s.most, s.flying), append(s.times, time.Now())
	s.arrived[cell]++
	if s.stored[cell] {
		s.repeated = append(s.repeated, cell)
	}
	// 40 tokens in at a dollar, and some out at four, per million.
	text, out := fmt.Sprintf("answer %d", s.answers), 1+s.answers%50
	s.billed[text] = audit.NanoUSD(40*1000 + out*4000)
	s.mu.Unlock()
	time.Sleep(s.latency)
	s.mu.Lock()
	s.flying-- // before the client can know
	s.mu.Unlock()
	w.Header().Set("Content-Type", "text/event-stream")
	fmt.Fprintf(w, "data: {\"model\":\"m\",\"choices\":[{\"index\":0,\"delta\":{\"content\":%q},\"finish_reason\":\"stop\"}],\"usage\":{\"prompt_tokens\":40,\"completion_tokens\":%d}}\n\n", text, out)
}

// reserved is how many calls a run has reserved at most at a concurrency: those under
// way, and those that wait for one of them to end.
func reserved(concurrency int) int { return 2 * concurrency }

// killEnv asks for another number of kills than the tests' own.
const killEnv = "MODELTRIAL_TEST_KILLS"

// TestAKilledRunLosesNothingThatWasPaidFor kills runs of 2,000 calls at random moments
// and lets others go on, until all is answered: 12 times, or as often as
// MODELTRIAL_TEST_KILLS says.
func TestAKilledRunLosesNothingThatWasPaidFor(t *testing.T) {
	t.Parallel()
	kills, err := strconv.Atoi(os.Getenv(killEnv))
	if err != nil {
		kills = 12
	}
	seed := uint64(time.Now().UnixNano())
	random := rand.New(rand.NewPCG(seed, 1))
	const tasks, concurrency = 1000, 64
	done, told := 0, 0
	span := 2 * time.Second // within which a run is killed: as long as one takes that nobody kills
	for round := 0; done < kills; round++ {
		if round > 2*kills {
			t.Fatalf("seed %d: %d kills in %d rounds; no run lasts long enough to be killed", seed, done, round)
		}
		server := newBillingServer(t)
		dir := benchWorkspace(t, server.URL, tasks)
		began := time.Now()
		for {
			child := process(t, "-C", dir, "pilot", "run", "--concurrency", strconv.Itoa(concurrency), "--log-level", "debug", "--log-format", "json")
			var out bytes.Buffer
			log := killAt{child: child}
			child.Stdout, child.Stderr = &out, &log
			// Every other kill comes the moment that an answer is said to be stored.
			if done < kills && done%2 == 1 {
				log.stored = 1 + random.IntN(tasks)
			}
			started := time.Now()
			if err := child.Start(); err != nil {
				t.Fatal(err)
			}
			var timer *time.Timer
			if done < kills && log.stored == 0 {
				timer = time.AfterFunc(time.Duration(random.Float64()*float64(span)), func() { _ = child.Process.Kill() }) // an error is that it has ended
			}
			err := child.Wait()
			if timer != nil {
				timer.Stop()
			}
			killed := child.ProcessState.ExitCode() < 0
			if killed {
				done++
			} else if err != nil {
				t.Fatalf("seed %d: %v: %s", seed, err, out.String())
			}
			checkBill(t, server, dir, concurrency)
			told += checkTold(t, server, log.records.Bytes())
			if t.Failed() {
				t.Fatalf("seed %d, after %d kills: %s", seed, done, out.String())
			}
			if !killed {
				span = min(span, time.Since(started))
				break
			}
		}
		if len(server.stored) != 2*tasks {
			t.Fatalf("seed %d: %d of %d cells are answered at the end", seed, len(server.stored), 2*tasks)
		}
		if told == 0 {
			t.Fatal("no answer is said to be stored")
		}
		t.Logf("round %d: %d kills so far, %d calls for %d cells, %v", round+1, done, server.answers, 2*tasks, time.Since(began).Round(time.Millisecond))
	}
}

// A killAt takes the records of a run and kills it where they say for the so many-th
// time that an answer is stored; 0: never.
type killAt struct {
	records bytes.Buffer
	child   *exec.Cmd
	stored  int
}

func (k *killAt) Write(records []byte) (int, error) {
	if k.stored > 0 {
		if k.stored -= bytes.Count(records, []byte(storedRecord)); k.stored <= 0 {
			k.stored = -1
			_ = k.child.Process.Kill() // an error is that it has ended
		}
	}
	return k.records.Write(records)
}

// storedRecord is the message of a record that an answer is stored.
const storedRecord = "answer stored"

// checkTold checks that each answer of which a run has said that it is stored is in the
// database, and counts them.
func checkTold(t *testing.T, server *billingServer, log []byte) (told int) {
	t.Helper()
	for line := range bytes.Lines(log) {
		var record struct{ Msg, Task, Arm string }
		if json.Unmarshal(line, &record) != nil || record.Msg != storedRecord {
			continue // another one, or the line that the kill broke off
		}
		told++
		if cell := (eval.Cell{TaskID: record.Task, Arm: record.Arm}); !server.stored[cell] {
			t.Errorf("the answer of %s to %s was said to be stored and is not", record.Arm, record.Task)
		}
	}
	return told
}

// checkBill compares the database with the bill when no run is at work. The last one had
// so many calls in flight at most.
func checkBill(t *testing.T, server *billingServer, dir string, concurrency int) {
	t.Helper()
	server.settle(t)
	s, err := store.OpenExisting(context.Background(), filepath.Join(dir, databaseName))
	if err != nil {
		t.Fatal(err)
	}
	defer func() {
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	}()
	server.mu.Lock()
	defer server.mu.Unlock()
	if findings, err := s.Check(t.Context()); err != nil || len(findings) > 0 {
		t.Fatalf("findings %v, %v, want none", findings, err)
	}
	var stored audit.NanoUSD
	texts := map[string]bool{}
	err = s.EachResponse(t.Context(), func(r eval.Response) error {
		billed, known := server.billed[r.Text]
		if !known || texts[r.Text] || r.Cost == nil || *r.Cost != billed {
			t.Errorf("%s of %s is stored as %q at %v, the server billed %s", r.TaskID, r.Arm, r.Text, r.Cost, billed)
		}
		texts[r.Text] = true
		stored += billed
		server.stored[eval.Cell{TaskID: r.TaskID, Arm: r.Arm}] = true
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	if spent, err := s.Spent(t.Context()); err != nil || spent != stored {
		t.Errorf("spent is %s, %v; the server billed %s for what is stored", spent, err, stored)
	}
	if len(server.repeated) > 0 {
		t.Errorf("cells were called after their answers were stored: %v", server.repeated[:min(len(server.repeated), 5)])
	}
	lost := server.answers - len(server.stored)
	if lost-server.lost > concurrency {
		t.Errorf("%d calls have no stored answer, of which the last run had more under way than the %d that may be", lost-server.lost, concurrency)
	}
	server.lost = lost
	checkInFlight(t, s, server, reserved(concurrency))
}

// checkInFlight checks that each call without a stored answer is known to have been
// under way when its run ended.
func checkInFlight(t *testing.T, s *store.Store, server *billingServer, atMost int) {
	t.Helper()
	calls, err := s.Calls(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	known := map[eval.Cell]store.Call{}
	claimed := 0
	for _, call := range calls {
		known[eval.Cell{TaskID: call.TaskID, Arm: call.Arm}] = call
		if call.Reserved > 0 {
			claimed++
		}
	}
	if claimed > atMost {
		t.Errorf("%d calls count as under way, want %d at most", claimed, atMost)
	}
	most := int64(100)
	for cell, arrived := range server.arrived {
		if server.stored[cell] {
			arrived--
		}
		number, _ := strconv.Atoi(strings.TrimPrefix(cell.TaskID, "t"))
		worst := run.WorstCase(audit.Task{Prompt: benchPrompt(number)}, eval.Arm{Parameters: eval.Parameters{MaxOutputTokens: &most}}, audit.Price{Input: audit.USD, Output: 4 * audit.USD})
		if call := known[cell]; call.Reserved+call.Lost < audit.NanoUSD(arrived)*worst {
			t.Errorf("%+v was called %d times without a stored answer, of which the database knows %s, want %d times %s", cell, arrived, call.Reserved+call.Lost, arrived, worst)
		}
	}
}

// TestTheBudgetHoldsWhateverIsKilled kills runs whose budget does not suffice.
func TestTheBudgetHoldsWhateverIsKilled(t *testing.T) {
	t.Parallel()
	server := newBillingServer(t)
	dir := benchWorkspace(t, server.URL, 1000)
	const budget = "0.20" // about a thousand of the two thousand calls
	for n := range 5 {
		args := []string{"-C", dir, "pilot", "run", "--concurrency", "64"}
		if n == 0 {
			config := filepath.Join(dir, configName)
			text, err := os.ReadFile(config)
			if err != nil {
				t.Fatal(err)
			}
			if err := os.WriteFile(config, bytes.ReplaceAll(text, []byte(`budget_usd: "10000"`), []byte(`budget_usd: "`+budget+`"`)), 0o600); err != nil {
				t.Fatal(err)
			}
			if out, err := process(t, "-C", dir, "pilot", "lock", "--reason", "less money").CombinedOutput(); err != nil {
				t.Fatalf("%v: %s", err, out)
			}
		}
		child := process(t, args...)
		if err := child.Start(); err != nil {
			t.Fatal(err)
		}
		if n < 4 {
			time.Sleep(time.Duration(rand.Float64() * float64(time.Second)))
			_ = child.Process.Kill() // an error is that it has ended
		}
		_ = child.Wait() // its status is the kill's, or that the budget does not suffice
		checkBill(t, server, dir, 64)
		s, err := store.OpenExisting(t.Context(), filepath.Join(dir, databaseName))
		if err != nil {
			t.Fatal(err)
		}
		committed, err := s.Committed(t.Context())
		if err := s.Close(); err != nil {
			t.Error(err)
		}
		limit, _ := audit.ParseUSD(budget)
		if err != nil || committed > limit {
			t.Errorf("committed is %s, %v, the budget is %s", committed, err, limit)
		}
		var billed audit.NanoUSD
		for _, cost := range server.billed {
			billed += cost
		}
		if billed > limit {
			t.Errorf("the server billed %s, the budget is %s", billed, limit)
		}
	}
	if n := len(server.stored); n < 200 || n == 2000 {
		t.Errorf("%d cells are answered, want the budget to end the run midway", n)
	}
}
