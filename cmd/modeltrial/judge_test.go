package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"modeltrial/eval"
	"modeltrial/eval/judge"
	"modeltrial/store"
)

// A scriptedJudge is an endpoint that judges by what the task says.
type scriptedJudge struct {
	wait time.Duration // of each reply

	mu     sync.Mutex
	bodies []string
	asked  map[string]int // by question, refused ones not counted
	told   map[string]int // to come back later
	billed int            // replies
	faults []string
}

func (s *scriptedJudge) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	var request struct {
		Model     string
		MaxTokens int `json:"max_completion_tokens"`
		Messages  []struct{ Role, Content string }
		Format    struct {
			Schema struct {
				Name   string
				Strict bool
				Schema struct {
					Properties struct {
						Verdict struct{ Enum []string }
					}
				}
			} `json:"json_schema"`
		} `json:"response_format"`
	}
	body, err := io.ReadAll(r.Body)
	if err != nil || json.Unmarshal(body, &request) != nil || len(request.Messages) != 2 {
		http.Error(w, "no", http.StatusBadRequest)
		return
	}
	question := request.Messages[1].Content
	s.mu.Lock()
	s.bodies = append(s.bodies, string(body))
	enum := request.Format.Schema.Schema.Properties.Verdict.Enum
	if !request.Format.Schema.Strict || len(enum) != 6 || request.MaxTokens != 200 || r.Header.Get("Authorization") != "Bearer sk-judge" ||
		!strings.Contains(request.Messages[0].Content, "Would the code run") {
		s.faults = append(s.faults, string(body))
	}
	if strings.Contains(question, "BUSY") && s.told[question] == 0 {
		s.told[question]++
		s.mu.Unlock()
		w.Header().Set("Retry-After", "0.001")
		http.Error(w, `{"error":{"message":"slow down"}}`, http.StatusTooManyRequests)
		return
	}
	s.asked[question]++
	s.billed++
	tries := s.asked[question]
	s.mu.Unlock()
	time.Sleep(s.wait)
	reply := mockVerdict(question)
	if strings.Contains(question, "STUTTER") && tries == 1 {
		reply = `{"rationale": "cut off in the mid`
	}
	text, err := json.Marshal(reply)
	if err != nil {
		panic(err) // text is always JSON
	}
	w.Header().Set("Content-Type", "text/event-stream")
	fmt.Fprintf(w, "data: {\"model\":\"judge-2026\",\"choices\":[{\"index\":0,\"delta\":{\"content\":%s},\"finish_reason\":\"stop\"}]}\n\n", text)
	fmt.Fprint(w, "data: {\"choices\":[],\"usage\":{\"prompt_tokens\":400,\"completion_tokens\":50,\"total_tokens\":450}}\n\ndata: [DONE]\n\n")
}

// count is how many questions were asked and the most that one was.
func (s *scriptedJudge) count() (questions, most int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, n := range s.asked {
		most = max(most, n)
	}
	return len(s.asked), most
}

// judgedPilot is a workspace whose pilot is answered: a task for each word, which
// stands in its prompt, and a judge.
func judgedPilot(t *testing.T, words []string, budget string) (*scriptedJudge, string) {
	t.Helper()
	endpoint := &scriptedJudge{asked: map[string]int{}, told: map[string]int{}}
	server := httptest.NewServer(endpoint)
	t.Cleanup(server.Close)
	setKey(t, "JUDGE_KEY", "sk-judge")
	dir := t.TempDir()
	command(t, dir, exitOK, "init")
	log := [][]string{{"id", "prompt", "category"}}
	answers := [][]string{{"task_id", "arm", "response", "cost_usd", "latency_ms"}}
	for i, word := range words {
		id := fmt.Sprintf("t%03d", i)
		log = append(log, []string{id, fmt.Sprintf("Task %d: %s", i, word), "coding"})
		answers = append(answers,
			[]string{id, "zanzibar-classic", "I am zanzibar-classic: so so", "0.0123457", "4567"},
			[]string{id, "kumquat-turbo", "As **kumquat**-turbo, made by Xyloquent: GOOD (kumquat-9000-turbo)", "0.0007654", "891"})
	}
	writeCSV(t, filepath.Join(dir, "log.csv"), log)
	writeCSV(t, filepath.Join(dir, "answers.csv"), answers)
	config := fmt.Sprintf(`
providers:
  - {name: files, kind: recorded}
  - name: endpoint
    kind: openai
    base_url: %s/v1
    api_key_env: JUDGE_KEY
    timeout_seconds: 5
    prices: [{model: gpt-judge, input_usd_per_1m: "1", output_usd_per_1m: "10"}]
pilot:
  name: hidden
  control: zanzibar-classic
  arms:
    - {name: zanzibar-classic, provider: files, model: zanzibar-9000}
    - {name: kumquat-turbo, provider: files, model: xyloquent/kumquat-9000-turbo}
  use_cases: [{category: coding, candidates: [kumquat-turbo]}]
  weeks: 1
  tasks_per_week: 500
  budget_usd: %q
  concurrency: 4
  judges: [{name: magistrate, provider: endpoint, model: gpt-judge, parameters: {max_output_tokens: 200}}]
`, server.URL, budget)
	if err := os.WriteFile(filepath.Join(dir, configName), []byte(config), 0o600); err != nil {
		t.Fatal(err)
	}
	command(t, dir, exitOK, "audit", "import", filepath.Join(dir, "log.csv"))
	command(t, dir, exitOK, "pilot", "import-responses", "--recorded", filepath.Join(dir, "answers.csv"))
	command(t, dir, exitOK, "pilot", "lock")
	command(t, dir, exitOK, "pilot", "run")
	return endpoint, dir
}

// judgeJSON runs judge run.
func judgeJSON(t *testing.T, dir string, want int, args ...string) (d judgeDocument) {
	t.Helper()
	said := command(t, dir, want, append([]string{"judge", "run", "--json"}, args...)...)
	if err := json.NewDecoder(strings.NewReader(said)).Decode(&d); err != nil {
		t.Fatalf("%v in %s", err, said)
	}
	return d
}

func repeated(word string, n int) []string { return slices.Repeat([]string{word}, n) }

func TestJudgePanel(t *testing.T) {
	t.Parallel()
	words := slices.Concat(repeated("plain", 18), repeated("PARTIAL", 6), repeated("BUSY", 3), repeated("STUTTER", 2), repeated("MUDDLED", 1))
	endpoint, dir := judgedPilot(t, words, "1")
	d := judgeJSON(t, dir, exitFailure)
	const call = 400*1e-6 + 50*10e-6
	switch {
	case d.Judgements != 60, d.Rated != 58, d.Unreadable != 2, d.Failed != 2, d.Open != 0:
		t.Errorf("%+v", d)
	case endpoint.billed != 60+4+2: // two orders of two tasks stutter once, of one are muddled twice
		t.Errorf("%d replies, want 66", endpoint.billed)
	case math.Abs(d.SpentUSD-66*call) > 1e-9:
		t.Errorf("spent %v, want %v: unreadable replies are paid for too", d.SpentUSD, 66*call)
	case len(endpoint.told) != 6 || len(endpoint.faults) > 0:
		t.Errorf("told %d to come back, faults %q", len(endpoint.told), endpoint.faults)
	}
	for _, body := range endpoint.bodies {
		for _, name := range []string{"zanzibar", "kumquat", "9000", "turbo", "classic", "0.0123", "4567", "magistrate", "t0"} {
			if strings.Contains(strings.ToLower(body), name) {
				t.Fatalf("a judge is sent %q: %s", name, body)
			}
		}
	}
	// Nothing is asked again, not even what was unreadable.
	if again := judgeJSON(t, dir, exitOK); again.Judgements != 0 || endpoint.billed != 66 {
		t.Errorf("again: %+v, %d replies", again, endpoint.billed)
	}
	ratings := judgeRatings(t, dir)
	flips := 0
	for task, verdicts := range ratings {
		if len(verdicts) != 2 {
			t.Errorf("task %s has the verdicts %v, want one of each order", task, verdicts)
		}
		if verdicts[eval.SideA] == eval.PrefersA && verdicts[eval.SideB] == eval.PrefersB {
			flips++
		}
	}
	if len(ratings) != 29 || flips != 6 {
		t.Errorf("%d tasks rated, %d flips, want 29 and 6", len(ratings), flips)
	}
	var analysis struct {
		Comparisons []struct {
			Source  string
			WinRate struct{ Estimate float64 } `json:"win_rate"`
		}
		Judges []struct {
			Judge       string
			Ratings     int
			Consistency struct{ Estimate float64 } `json:"position_consistency"`
		}
	}
	said := command(t, dir, exitOK, "analyze", "--json")
	if err := json.NewDecoder(strings.NewReader(said)).Decode(&analysis); err != nil {
		t.Fatal(err)
	}
	if len(analysis.Comparisons) != 1 || analysis.Comparisons[0].Source != "judge" || math.Abs(analysis.Comparisons[0].WinRate.Estimate-26.0/29) > 1e-9 {
		t.Errorf("%+v: a flip counts one half", analysis.Comparisons)
	}
	if j := analysis.Judges; len(j) != 1 || j[0].Judge != "magistrate" || j[0].Ratings != 58 || math.Abs(j[0].Consistency.Estimate-23.0/29) > 1e-9 {
		t.Errorf("%+v", j)
	}
}

// judgeRatings are the verdicts of the judges by task and order.
func judgeRatings(t *testing.T, dir string) map[string]map[eval.Side]eval.Verdict {
	t.Helper()
	s := openStore(t, dir)
	ratings := map[string]map[eval.Side]eval.Verdict{}
	err := s.EachRating(t.Context(), 0, func(r eval.Rating) error {
		if ratings[r.TaskID] == nil {
			ratings[r.TaskID] = map[eval.Side]eval.Verdict{}
		}
		if _, twice := ratings[r.TaskID][r.First]; twice {
			t.Errorf("task %s has two ratings in the order %s", r.TaskID, r.First)
		}
		if r.Note != "because" || r.Kind != eval.Judge {
			t.Errorf("the rationale is not kept: %+v", r)
		}
		ratings[r.TaskID][r.First] = r.Verdict
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return ratings
}

func openStore(t *testing.T, dir string) *store.Store {
	t.Helper()
	s, err := store.OpenExisting(t.Context(), filepath.Join(dir, databaseName))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	})
	return s
}

// TestJudgesKeepTheBudget lets a panel run out of money by the protocol's budget, and
// by the cap of a run: what is spent and set aside is under it at every moment.
func TestJudgesKeepTheBudget(t *testing.T) {
	t.Parallel()
	words := slices.Concat(repeated("plain", 20), repeated("MUDDLED", 5))
	endpoint, dir := judgedPilot(t, words, "0.04")
	budget := int64(40_000_000)
	s := openStore(t, dir)
	done := make(chan struct{})
	var most int64
	ctx, stop := context.WithCancel(t.Context())
	go func() {
		defer close(done)
		for ctx.Err() == nil {
			if committed, err := s.Committed(ctx); err == nil {
				most = max(most, int64(committed))
			}
		}
	}()
	d := judgeJSON(t, dir, exitFailure, "--max-cost", "0.02")
	spent := d.SpentUSD
	if !d.BudgetExhausted || spent <= 0 || spent > 0.02 {
		t.Errorf("under a cap of 0.02: %+v", d)
	}
	d = judgeJSON(t, dir, exitFailure)
	stop()
	<-done
	if spent += d.SpentUSD; !d.BudgetExhausted || spent > 0.04 || d.Open == 0 {
		t.Errorf("spent %v of 0.04: %+v", spent, d)
	}
	if most > budget || most == 0 {
		t.Errorf("%d nano-dollars were spent or set aside at once, the budget is %d", most, budget)
	}
	if bill := float64(endpoint.billed) * (400*1e-6 + 50*10e-6); math.Abs(bill-spent) > 1e-9 {
		t.Errorf("the endpoint billed %v, stored are %v", bill, spent)
	}
	if said := command(t, dir, exitOK, "pilot", "status", "--json"); !strings.Contains(said, fmt.Sprintf(`"spent_usd": %v`, math.Round(spent*1e9)/1e9)) {
		t.Errorf("pilot status does not say %v: %s", spent, said)
	}
}

// TestJudgesInterrupted interrupts and kills runs. What was rated is never asked for
// again; what was under way when a run was killed is not either while its claim holds,
// and its worst case stays set aside.
func TestJudgesInterrupted(t *testing.T) {
	t.Parallel()
	endpoint, dir := judgedPilot(t, repeated("plain", 60), "5")
	endpoint.wait = 15 * time.Millisecond
	total := 120
	for round := range 6 {
		cmd := process(t, "-C", dir, "judge", "run")
		cmd.Stderr = io.Discard
		if err := cmd.Start(); err != nil {
			t.Fatal(err)
		}
		before, _ := endpoint.count()
		for start := time.Now(); ; time.Sleep(5 * time.Millisecond) {
			if now, _ := endpoint.count(); now >= before+8 || time.Since(start) > 20*time.Second {
				break
			}
		}
		signal := os.Interrupt
		if round%2 == 1 {
			signal = os.Kill
		}
		if err := cmd.Process.Signal(signal); err != nil {
			t.Fatal(err)
		}
		err := cmd.Wait()
		exit, ok := errors.AsType[*exec.ExitError](err)
		if !ok {
			t.Fatalf("round %d: %v; the run was to be interrupted", round, err)
		}
		if signal == os.Interrupt {
			if exit.ExitCode() != exitInterrupted {
				t.Errorf("interrupted: exit code %d, want %d", exit.ExitCode(), exitInterrupted)
			}
			if asked, _ := endpoint.count(); round == 0 && asked != ratingsStored(t, dir) {
				t.Errorf("interrupted: %d asked, %d stored: what is under way is awaited and kept", asked, ratingsStored(t, dir))
			}
		}
	}
	d := judgeJSON(t, dir, exitFailure)
	asked, most := endpoint.count()
	if most != 1 {
		t.Errorf("a judgement was paid for %d times", most)
	}
	stored := ratingsStored(t, dir)
	// Of each kill four calls were under way and some more were claimed to be sent next.
	if d.Claimed == 0 || d.Claimed > 3*2*4 || stored+d.Claimed != total || asked > total {
		t.Errorf("%d stored, %d asked of %d: %+v", stored, asked, total, d)
	}
	judgeRatings(t, dir)
	var status struct {
		Spent    float64 `json:"spent_usd"`
		SetAside float64 `json:"set_aside_usd"`
	}
	said := command(t, dir, exitOK, "pilot", "status", "--json")
	if err := json.NewDecoder(strings.NewReader(said)).Decode(&status); err != nil {
		t.Fatal(err)
	}
	if math.Abs(status.Spent-float64(stored)*0.0009) > 1e-9 || status.SetAside <= float64(d.Claimed)*0.0009 {
		t.Errorf("%+v after %d ratings, %d claimed", status, stored, d.Claimed)
	}
	// Once the claims have run out they are asked for again, and counted.
	options := openJudgements(t, dir)
	if len(options) != d.Claimed {
		t.Errorf("%d judgements are open, want %d", len(options), d.Claimed)
	}
}

func ratingsStored(t *testing.T, dir string) int {
	t.Helper()
	count := 0
	for _, verdicts := range judgeRatings(t, dir) {
		count += len(verdicts)
	}
	return count
}

func openJudgements(t *testing.T, dir string) []eval.Judgement {
	t.Helper()
	open, err := openStore(t, dir).OpenJudgements(t.Context(), 0, judge.Attempts)
	if err != nil {
		t.Fatal(err)
	}
	return open
}

// TestSimulatedJudgesAreLabelled has a provider of kind simulated judge.
func TestSimulatedJudgesAreLabelled(t *testing.T) {
	t.Parallel()
	_, dir := judgedPilot(t, repeated("plain", 25), "0")
	path := filepath.Join(dir, configName)
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	changed := strings.Replace(string(text), "providers:\n", "providers:\n  - {name: made-up, kind: simulated}\n", 1)
	changed = strings.Replace(changed, "magistrate, provider: endpoint", "oracle, provider: made-up", 1)
	if err := os.WriteFile(path, []byte(changed), 0o600); err != nil {
		t.Fatal(err)
	}
	command(t, dir, exitOK, "pilot", "lock", "--reason", "to try things out")
	if d := judgeJSON(t, dir, exitOK); d.Rated != 50 || d.SpentUSD != 0 || !d.Estimates[0].Simulated {
		t.Errorf("%+v", d)
	}
	if said := command(t, dir, exitOK, "analyze"); !strings.Contains(said, "simulated") {
		t.Errorf("the analysis does not say that ratings are simulated: %s", said)
	}
	if said := command(t, dir, exitOK, "pilot", "status"); !strings.Contains(said, "oracle (simulated)") {
		t.Errorf("the status does not say that the judge is simulated: %s", said)
	}
}
