package main

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"modeltrial/eval"
	"modeltrial/store"
)

// mockLLM is a server of OpenAI's Chat Completions that others wrote.
const (
	mockLLM        = "@dwmkerr/mock-llm"
	mockLLMVersion = "0.1.29"
)

const mockLLMRules = `streaming: {chunkSize: 5, chunkIntervalMs: 1}
rules:
  - path: "/v1/chat/completions"
    match: "@"
    response:
      status: 200
      content: '{"id": "c1", "object": "chat.completion", "model": "{{jmes request body.model}}-served",
        "choices": [{"message": {"role": "assistant", "content": "I was told: {{jmes request body.messages[-1].content}}"}, "finish_reason": "stop"}]}'
  - path: "/v1/chat/completions"
    match: "contains(body.messages[-1].content, 'forbidden')"
    response:
      status: 401
      content: '{"error": {"message": "Incorrect API key provided.", "type": "invalid_request_error", "code": "invalid_api_key"}}'
`

const mockLLMConfig = `providers:
  - name: mock
    kind: openai
    base_url: SERVER/v1
    prices: [{model: one, input_usd_per_1m: "1", output_usd_per_1m: "4"}, {model: two, input_usd_per_1m: "1", output_usd_per_1m: "4"}]
pilot:
  name: mocked
  control: now
  arms:
    - {name: now, provider: mock, model: one}
    - {name: next, provider: mock, model: two}
  use_cases:
    - {category: coding, candidates: [next]}
  weeks: 1
  tasks_per_week: 3
  budget_usd: "5"
`

// TestPilotAgainstMockLLM runs a pilot against a server that nobody here wrote. It
// streams without usage, and sends what it refuses as an error within the stream.
func TestPilotAgainstMockLLM(t *testing.T) {
	t.Parallel()
	server := startMockLLM(t)
	dir := t.TempDir()
	write := func(name, text string) string {
		path := filepath.Join(dir, name)
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		return path
	}
	command := func(want int, args ...string) string {
		t.Helper()
		var stdout, stderr bytes.Buffer
		if got := execute(append([]string{"-C", dir}, args...), &stdout, &stderr); got != want {
			t.Fatalf("%v: exit code %d, want %d: %s%s", args, got, want, stdout.String(), stderr.String())
		}
		return stdout.String()
	}
	write("modeltrial.yaml", strings.ReplaceAll(mockLLMConfig, "SERVER", server))
	command(exitOK, "init") // keeps the configuration
	command(exitOK, "audit", "import", write("log.csv", "id,prompt,category\nt1,Fix this loop,coding\nt2,Fix that loop and tell me why,coding\nt3,Fix the forbidden loop,coding\n"))
	command(exitOK, "pilot", "lock")
	var run struct {
		Answered, Failed int
		Failures         []string
	}
	if err := json.Unmarshal([]byte(command(exitFailure, "pilot", "run", "--json")), &run); err != nil {
		t.Fatal(err)
	}
	if run.Answered != 4 || run.Failed != 2 || len(run.Failures) == 0 || !strings.Contains(run.Failures[0], "Incorrect API key provided.") {
		t.Errorf("got %+v, want 4 answers and 2 failures for the key", run)
	}
	checkMockedResponses(t, dir)
}

func checkMockedResponses(t *testing.T, dir string) {
	t.Helper()
	s, err := store.Open(t.Context(), filepath.Join(dir, "modeltrial.db"))
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = s.Close() }() // it was only read
	var responses []eval.Response
	err = s.EachResponse(t.Context(), func(r eval.Response) error {
		responses = append(responses, r)
		return nil
	})
	if err != nil || len(responses) != 4 {
		t.Fatalf("%d responses are stored, %v, want 4", len(responses), err)
	}
	prompts := map[string]string{"t1": "Fix this loop", "t2": "Fix that loop and tell me why"}
	models := map[string]string{"now": "one-served", "next": "two-served"}
	for _, r := range responses {
		if r.Text != "I was told: "+prompts[r.TaskID] || r.ModelServed != models[r.Arm] || r.FinishReason != "stop" {
			t.Errorf("got %+v", r)
		}
		if r.Tokens.Input != nil || r.Tokens.Output != nil || r.Cost != nil {
			t.Errorf("tokens %+v, cost %v: the server gave none, so they are not known", r.Tokens, r.Cost)
		}
		if r.TTFTMS == nil || r.LatencyMS == nil || *r.TTFTMS > *r.LatencyMS {
			t.Errorf("times %v, %v", r.TTFTMS, r.LatencyMS)
		}
	}
}

// startMockLLM runs the server and gives its address.
func startMockLLM(t *testing.T) string {
	t.Helper()
	main := filepath.Join(installMockLLM(t), "node_modules", mockLLM, "dist", "main.js")
	rules := filepath.Join(t.TempDir(), "rules.yaml")
	if err := os.WriteFile(rules, []byte(mockLLMRules), 0o600); err != nil {
		t.Fatal(err)
	}
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	port := listener.Addr().(*net.TCPAddr).Port
	if err := listener.Close(); err != nil { // the server cannot choose a free one itself
		t.Fatal(err)
	}
	var log bytes.Buffer
	ctx, stop := context.WithCancel(context.Background())
	server := exec.CommandContext(ctx, "node", main, "--config", rules)
	server.Env = append(os.Environ(), "HOST=127.0.0.1", fmt.Sprintf("PORT=%d", port))
	server.Stdout, server.Stderr = &log, &log
	if err := server.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		stop()
		_ = server.Wait() // it was stopped
		if t.Failed() {
			t.Logf("the server says: %s", log.String())
		}
	})
	address := fmt.Sprintf("http://127.0.0.1:%d", port)
	for began := time.Now(); ; time.Sleep(20 * time.Millisecond) {
		response, err := http.Get(address + "/health")
		if err == nil {
			_ = response.Body.Close() // only its coming counts
			return address
		}
		if time.Since(began) > 30*time.Second {
			t.Fatalf("the server does not come up: %v", err)
		}
	}
}

// installMockLLM is the folder that has the package, which is kept for the next time.
func installMockLLM(t *testing.T) string {
	t.Helper()
	return installNPM(t, "mock-llm-"+mockLLMVersion, mockLLM+"@"+mockLLMVersion)
}

// installNPM is a folder of a name that has packages from npm, which is kept for the next
// time. Where they cannot be had the test is skipped.
func installNPM(t testing.TB, name string, packages ...string) string {
	t.Helper()
	for _, tool := range []string{"node", "npm"} {
		if _, err := exec.LookPath(tool); err != nil {
			t.Skipf("%s is missing: install it (Debian: sudo apt-get install nodejs npm) to run %s", tool, packages[0])
		}
	}
	cache, err := os.UserCacheDir()
	if err != nil {
		t.Skipf("there is no folder to keep %s in: %v", packages[0], err)
	}
	cache = filepath.Join(cache, "modeltrial-tests")
	dir := filepath.Join(cache, name)
	if _, err := os.Stat(dir); err == nil {
		return dir
	}
	if err := os.MkdirAll(cache, 0o755); err != nil {
		t.Fatal(err)
	}
	fresh, err := os.MkdirTemp(cache, "new-") // so that a half installation is never taken for one
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = os.RemoveAll(fresh) }) // nothing is left of it where it succeeded
	arguments := append([]string{"install", "--prefix", fresh, "--no-audit", "--no-fund", "--ignore-scripts", "--omit=optional"}, packages...)
	if out, err := exec.CommandContext(t.Context(), "npm", arguments...).CombinedOutput(); err != nil {
		t.Skipf("npm cannot install %s: %v: %s", packages[0], err, out)
	}
	if err := os.Rename(fresh, dir); err != nil {
		if _, err := os.Stat(dir); err != nil { // otherwise another test run was quicker
			t.Fatal(err)
		}
	}
	return dir
}
