package main

import (
	"encoding/json"
	"fmt"
	"io"
	"math"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"

	"modeltrial/audit"
	"modeltrial/store"
)

// A sorter is an endpoint that sorts tasks by the words in them.
type sorter struct {
	mu     sync.Mutex
	asked  map[string]int // by word
	faults []string
}

func (s *sorter) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	s.mu.Lock()
	defer s.mu.Unlock()
	var request struct {
		Model     string
		MaxTokens int `json:"max_completion_tokens"`
		Messages  []struct{ Role, Content string }
		Format    struct {
			Type   string
			Schema struct {
				Strict bool
				Schema struct {
					Properties struct {
						Category struct{ Enum []string }
					}
				}
			} `json:"json_schema"`
		} `json:"response_format"`
	}
	body, err := io.ReadAll(r.Body)
	if err != nil || json.Unmarshal(body, &request) != nil || len(request.Messages) != 2 {
		s.faults = append(s.faults, "unreadable request")
		http.Error(w, "no", http.StatusBadRequest)
		return
	}
	enum := request.Format.Schema.Schema.Properties.Category.Enum
	if request.Format.Type != "json_schema" || !request.Format.Schema.Strict || !slices.Equal(enum, []string{"reasoning", "coding", "math", "creative", "general"}) ||
		r.Header.Get("Authorization") != "Bearer sk-ask" || request.Model != "tiny" || request.MaxTokens != 50 ||
		!strings.Contains(request.Messages[0].Content, "- coding: ") || strings.Contains(string(body), "secret answer") {
		s.faults = append(s.faults, string(body))
	}
	task := request.Messages[1].Content
	reply := ""
	for _, word := range []string{"alpha", "beta", "gamma", "delta"} {
		if !strings.Contains(task, word) {
			continue
		}
		s.asked[word]++
		switch {
		case word == "alpha":
			reply = `{"category": "coding"}`
		case word == "beta" && s.asked[word] > 1:
			reply = "```json\n{\"category\": \"Math\"}\n```"
		case word == "delta":
			w.WriteHeader(http.StatusUnprocessableEntity) // a content filter: nothing is billed
			return
		case s.asked[word]%2 == 0:
			reply = `{"category": "poetry"}`
		default:
			reply = "I think this is about poetry."
		}
	}
	text, err := json.Marshal(reply)
	if err != nil {
		panic(err) // text is always JSON
	}
	w.Header().Set("Content-Type", "text/event-stream")
	fmt.Fprintf(w, "data: {\"choices\":[{\"index\":0,\"delta\":{\"content\":%s},\"finish_reason\":\"stop\"}]}\n\n", text)
	fmt.Fprint(w, "data: {\"choices\":[],\"usage\":{\"prompt_tokens\":300,\"completion_tokens\":10,\"total_tokens\":310}}\n\ndata: [DONE]\n\n")
}

func (s *sorter) calls() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	sum := 0
	for _, n := range s.asked {
		sum += n
	}
	return sum
}

type askDocument struct {
	Model *modelDocument `json:"model"`
}

// askJSON runs audit classify --method model.
func askJSON(t *testing.T, dir string, want int, args ...string) modelDocument {
	t.Helper()
	said := command(t, dir, want, append([]string{"audit", "classify", "--method", "model", "--json"}, args...)...)
	var d askDocument
	if err := json.NewDecoder(strings.NewReader(said)).Decode(&d); err != nil || d.Model == nil {
		t.Fatalf("%v in %s", err, said)
	}
	return *d.Model
}

func TestAskModelAboutUnsureTasks(t *testing.T) {
	t.Parallel()
	model := &sorter{asked: map[string]int{}}
	server := httptest.NewServer(model)
	defer server.Close()
	dir := t.TempDir()
	setKey(t, "ASK_KEY", "sk-ask")
	command(t, dir, exitOK, "init")
	log := filepath.Join(dir, "log.csv")
	writeCSV(t, log, [][]string{
		{"id", "prompt", "response", "category"},
		{"a", "zorgle alpha fimbrous", "secret answer", ""},
		{"b", "zorgle beta fimbrous", "", ""},
		{"c", "zorgle gamma fimbrous", "", ""},
		{"r", "zorgle alpha reviewed", "", ""},
		{"l", "zorgle alpha logged", "", "creative"},
		{"s", "Write a Python function that reverses a list and returns it", "", ""},
	})
	command(t, dir, exitOK, "audit", "import", log)
	command(t, dir, exitOK, "audit", "classify")
	review := filepath.Join(dir, "review.csv")
	writeCSV(t, review, [][]string{{"id", "category"}, {"r", "creative"}})
	// Without a model in modeltrial.yaml it says what to write.
	if said := command(t, dir, exitFailure, "audit", "classify", "--method", "model", "--yes"); !strings.Contains(said, "categoriser: {provider: NAME, model: MODEL}") {
		t.Errorf("no model: %s", said)
	}
	config := fmt.Sprintf(`
providers:
  - name: endpoint
    kind: openai
    base_url: %s/v1
    api_key_env: ASK_KEY
    prices: [{model: tiny, input_usd_per_1m: "1", output_usd_per_1m: "10"}]
categoriser: {provider: endpoint, model: tiny, parameters: {max_output_tokens: 50}}
`, server.URL)
	if err := os.WriteFile(filepath.Join(dir, configName), []byte(config), 0o600); err != nil {
		t.Fatal(err)
	}
	command(t, dir, exitOK, "audit", "classify", "--review", review)
	// The correction trained another model; what it is unsure of is what is asked about.
	unsure := unsureIDs(t, dir)
	if !slices.Contains(unsure, "b") || !slices.Contains(unsure, "c") || slices.Contains(unsure, "s") {
		t.Fatalf("unsure %q: the test needs others", unsure)
	}

	// Nothing is sent without a cap, and nothing beyond it.
	d := askJSON(t, dir, exitFailure)
	if d.CapUSD != nil || d.ExpectedUSD <= 0 || d.WorstCaseUSD <= d.ExpectedUSD || d.Open != len(unsure) || model.calls() != 0 {
		t.Errorf("without a cap: %+v, %d calls", d, model.calls())
	}
	if d = askJSON(t, dir, exitFailure, "--max-cost", "0.0001"); !d.BudgetExhausted || d.SpentUSD != 0 || model.calls() != 0 {
		t.Errorf("under a cap of nothing: %+v, %d calls", d, model.calls())
	}

	d = askJSON(t, dir, exitFailure, "--max-cost", "1")
	const call = 300*1e-6 + 10*10e-6
	wantCalls := model.calls()
	if d.Malformed != 1 || d.Failed != 1 || d.Categorised != len(unsure)-1 || d.Open != 1 || math.Abs(d.SpentUSD-float64(wantCalls)*call) > 1e-9 {
		t.Errorf("%+v after %d calls", d, wantCalls)
	}
	if model.asked["beta"] != 2 || model.asked["gamma"] != 5 {
		t.Errorf("asked %v: replies that cannot be read are asked for again, five times at most", model.asked)
	}
	if len(model.faults) > 0 {
		t.Errorf("requests not as they should be: %q", model.faults)
	}
	sources(t, dir, map[string]string{"b": "math model", "c": " local", "r": "creative review", "l": "creative log", "s": "coding local"})

	// Another run goes on where this stopped: nothing is paid twice.
	again := askJSON(t, dir, exitFailure, "--yes")
	if again.Tasks != 1 || model.asked["gamma"] < 6 || model.asked["beta"] != 2 || math.Abs(again.SpentInAllUSD-float64(model.calls())*call) > 1e-9 {
		t.Errorf("again: %+v, asked %v", again, model.asked)
	}
	// A local run never puts its word over the model's, nor does a person's word yield.
	command(t, dir, exitOK, "audit", "classify", "--again")
	sources(t, dir, map[string]string{"b": "math model", "r": "creative review"})
	writeCSV(t, review, [][]string{{"id", "category"}, {"b", "general"}})
	command(t, dir, exitOK, "audit", "classify", "--review", review)
	sources(t, dir, map[string]string{"b": "general review"})
}

func TestModelRefusesATask(t *testing.T) {
	t.Parallel()
	model := &sorter{asked: map[string]int{}}
	server := httptest.NewServer(model)
	defer server.Close()
	dir := t.TempDir()
	setKey(t, "ASK_KEY", "sk-ask")
	command(t, dir, exitOK, "init")
	log := filepath.Join(dir, "log.csv")
	writeCSV(t, log, [][]string{{"id", "prompt"}, {"d", "zorgle delta fimbrous"}})
	command(t, dir, exitOK, "audit", "import", log)
	config := fmt.Sprintf("providers: [{name: e, kind: openai, base_url: %s/v1, api_key_env: ASK_KEY}]\ncategoriser: {provider: e, model: tiny, parameters: {max_output_tokens: 50}}\n", server.URL)
	if err := os.WriteFile(filepath.Join(dir, configName), []byte(config), 0o600); err != nil {
		t.Fatal(err)
	}
	if said := command(t, dir, exitFailure, "audit", "classify", "--method", "model", "--yes"); !strings.Contains(said, `the price of model "tiny" is not known`) {
		t.Errorf("without a price: %s", said)
	}
	config = strings.Replace(config, "api_key_env: ASK_KEY", `api_key_env: ASK_KEY, prices: [{model: tiny, input_usd_per_1m: "1", output_usd_per_1m: "1"}]`, 1)
	if err := os.WriteFile(filepath.Join(dir, configName), []byte(config), 0o600); err != nil {
		t.Fatal(err)
	}
	d := askJSON(t, dir, exitFailure, "--yes")
	if d.Failed != 1 || d.Malformed != 0 || d.SpentUSD != 0 || len(d.Failures) != 1 || model.asked["delta"] != 1 {
		t.Errorf("%+v, asked %v", d, model.asked)
	}
}

func unsureIDs(t *testing.T, dir string) []string {
	t.Helper()
	s, err := store.Open(t.Context(), filepath.Join(dir, databaseName))
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = s.Close() }() // it was only read
	used, err := usedCategoriser(t.Context(), s)
	if err != nil {
		t.Fatal(err)
	}
	ids, err := s.UnsureIDs(t.Context(), used.Threshold())
	if err != nil {
		t.Fatal(err)
	}
	return ids
}

// sources checks the category and its source of tasks; an empty category is any.
func sources(t *testing.T, dir string, want map[string]string) {
	t.Helper()
	s, err := store.Open(t.Context(), filepath.Join(dir, databaseName))
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = s.Close() }() // it was only read
	for id, text := range want {
		task, err := s.Task(t.Context(), id)
		if err != nil {
			t.Fatal(err)
		}
		category, source, _ := strings.Cut(text, " ")
		if task.CategorySource != audit.CategorySource(source) || (category != "" && string(task.Category) != category) {
			t.Errorf("task %s is %s by %s, want %s", id, task.Category, task.CategorySource, text)
		}
	}
}
