package main

import (
	"bytes"
	"context"
	database "database/sql"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"modeltrial/eval"
	"modeltrial/store"
)

// TestAKilledPipelineGoesOnAtItsNextStep kills runs of a pipeline with repeats at random
// moments. Each answer that the server gave is stored, or was under way at a kill: of a
// stored step no other one is ever asked for, and what is stored is what was spent.
func TestAKilledPipelineGoesOnAtItsNextStep(t *testing.T) {
	t.Parallel()
	const tasks, concurrency, perTask = 25, 4, 2 + 2*2 // a call of now and two of chain, each twice
	kills := 8
	if testing.Short() {
		kills = 3
	}
	server := newCountingModel(t)
	directory := t.TempDir()
	write := func(name, text string) {
		t.Helper()
		if err := os.WriteFile(filepath.Join(directory, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	log := "id,prompt,category\n"
	for i := range tasks {
		log += fmt.Sprintf("t%02d,prompt %02d,coding\n", i, i)
	}
	write("log.csv", log)
	write(configName, strings.ReplaceAll(killedPipeline, "LLM", server.URL+"/v1"))
	for _, args := range [][]string{{"init"}, {"audit", "import", filepath.Join(directory, "log.csv")}, {"pilot", "lock"}} {
		if out, err := process(t, append([]string{"-C", directory}, args...)...).CombinedOutput(); err != nil {
			t.Fatalf("%v: %v\n%s", args, err, out)
		}
	}
	random := rand.New(rand.NewPCG(11, 0))
	for range kills {
		run := process(t, "-C", directory, "pilot", "run")
		if err := run.Start(); err != nil {
			t.Fatal(err)
		}
		server.wait(t, 1+random.IntN(tasks*perTask/kills))
		if err := run.Process.Kill(); err != nil {
			t.Fatal(err)
		}
		_ = run.Wait() // it was killed
		runOutClaims(t, filepath.Join(directory, databaseName))
	}
	if out, err := process(t, "-C", directory, "pilot", "run").CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}

	s, err := store.OpenExisting(t.Context(), filepath.Join(directory, databaseName))
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = s.Close() }()
	stored := map[string]bool{}
	keep := func(text string) {
		if stored[text] {
			t.Errorf("%q is stored twice", text)
		}
		stored[text] = true
	}
	wholes := 0
	err = s.EachResponseStep(t.Context(), 0, func(step eval.ResponseStep) error { keep(step.Text); return nil })
	if err == nil {
		err = s.EachResponse(t.Context(), func(r eval.Response) error {
			wholes++
			if r.Arm == "now" { // that of a pipeline is its last step's
				keep(r.Text)
			}
			return nil
		})
	}
	if err != nil || wholes != 2*tasks || len(stored) != tasks*perTask {
		t.Errorf("%d answers, %d calls are stored, %v; want %d and %d", wholes, len(stored), err, 2*tasks, tasks*perTask)
	}
	given := server.given()
	for text := range stored {
		if !given[text] {
			t.Errorf("%q is stored and was never given", text)
		}
	}
	if lost := len(given) - len(stored); lost < 0 || lost > kills*concurrency {
		t.Errorf("%d answers were given, %d are stored: %d were lost in %d kills with %d calls under way", len(given), len(stored), lost, kills, concurrency)
	}
	spent, err := s.Spent(t.Context())
	const perCall = 30 * 1000 // 20 and 10 tokens at a dollar the million
	if err != nil || int64(spent) != int64(len(stored))*perCall {
		t.Errorf("spent %d nano-dollars, %v, on %d stored calls", spent, err, len(stored))
	}
}

const killedPipeline = `providers:
  - name: endpoint
    kind: openai
    base_url: LLM
    prices:
      - {model: m, input_usd_per_1m: "1", output_usd_per_1m: "1"}
pilot:
  name: killed
  control: now
  arms:
    - {name: now, provider: endpoint, model: m, parameters: {max_output_tokens: 100}}
    - name: chain
      steps:
        - {name: draft, provider: endpoint, model: m, parameters: {max_output_tokens: 100}}
        - {name: review, provider: endpoint, model: m, parameters: {max_output_tokens: 100}, template: "review {{.Previous}}"}
  use_cases:
    - {category: coding, candidates: [chain]}
  weeks: 1
  tasks_per_week: 25
  repeats: 2
  budget_usd: "5"
  concurrency: 4
`

// runOutClaims is what the minutes after a kill do to the claims of the killed run.
func runOutClaims(t *testing.T, path string) {
	t.Helper()
	db, err := database.Open("sqlite", path+"?_pragma=busy_timeout(5000)")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = db.Close() }()
	if _, err := db.ExecContext(context.Background(), `UPDATE calls SET claimed_until = 0 WHERE claimed_until > 0`); err != nil {
		t.Fatal(err)
	}
}

// A countingModel streams answers that are all different, and remembers them.
type countingModel struct {
	*httptest.Server
	mu      sync.Mutex
	answers map[string]bool
	more    chan struct{}
}

func newCountingModel(t *testing.T) *countingModel {
	m := &countingModel{answers: map[string]bool{}, more: make(chan struct{}, 10_000)}
	m.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		var body struct{ Model string }
		if err := json.NewDecoder(r.Body).Decode(&body); err != nil {
			return // a killed run's
		}
		time.Sleep(5 * time.Millisecond)
		m.mu.Lock()
		text := fmt.Sprintf("answer %d", len(m.answers))
		m.answers[text] = true
		m.mu.Unlock()
		m.more <- struct{}{}
		w.Header().Set("Content-Type", "text/event-stream")
		var out bytes.Buffer
		fmt.Fprintf(&out, "data: {\"model\":\"m\",\"choices\":[{\"index\":0,\"delta\":{\"content\":%q},\"finish_reason\":\"stop\"}]}\n\n", text)
		fmt.Fprintf(&out, "data: {\"choices\":[],\"usage\":{\"prompt_tokens\":20,\"completion_tokens\":10,\"total_tokens\":30}}\n\ndata: [DONE]\n\n")
		_, _ = w.Write(out.Bytes()) // a killed run takes none
	}))
	t.Cleanup(m.Close)
	return m
}

// wait returns after some more answers.
func (m *countingModel) wait(t *testing.T, answers int) {
	t.Helper()
	for range answers {
		select {
		case <-m.more:
		case <-time.After(time.Minute):
			t.Fatal("the run does not go on")
		}
	}
}

func (m *countingModel) given() map[string]bool {
	m.mu.Lock()
	defer m.mu.Unlock()
	given := make(map[string]bool, len(m.answers))
	for text := range m.answers {
		given[text] = true
	}
	return given
}
