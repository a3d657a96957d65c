package main

import (
	"archive/zip"
	"bytes"
	"fmt"
	"io"
	"io/fs"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"testing"
)

// leakyKey has characters that JSON, addresses and HTML escape; leakyPart has none and
// is searched for.
const (
	leakyKey  = "sk-ant/SeCrEt0123456789+x="
	leakyPart = "SeCrEt0123456789"
)

// A leakyEndpoint puts the key that it is given into whatever it answers.
type leakyEndpoint struct {
	mu       sync.Mutex
	attempts map[string]int // by path and task
	keyless  int            // requests without the key
}

func (l *leakyEndpoint) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	body, _ := io.ReadAll(r.Body) // a request that cannot be read has no task, and fails
	_, rest, _ := bytes.Cut(body, []byte("Task "))
	task := 0
	if len(rest) > 0 {
		task, _ = strconv.Atoi(string(rest[:1]))
	}
	l.mu.Lock()
	l.attempts[r.URL.Path+strconv.Itoa(task)]++
	attempt := l.attempts[r.URL.Path+strconv.Itoa(task)]
	if r.Header.Get("Authorization") != "Bearer "+leakyKey && r.Header.Get("X-Api-Key") != leakyKey {
		l.keyless++
	}
	l.mu.Unlock()
	fail := func(status int) {
		w.Header().Set("Retry-After-Ms", "1")
		w.Header().Set("X-Echo", leakyKey)
		w.WriteHeader(status)
		fmt.Fprintf(w, `{"type":"error","error":{"type":"some_error","code":"%s","message":"you sent %s"}}`, leakyKey, leakyKey)
	}
	streams := func(text, model string) {
		w.Header().Set("Content-Type", "text/event-stream")
		fmt.Fprint(w, leakyStream(r.URL.Path, text, model))
	}
	switch {
	case task == 1:
		streams("Your key is "+leakyKey, "served")
	case task == 2:
		fail(http.StatusBadRequest)
	case task == 3:
		w.Header().Set("Content-Type", "text/html")
		fmt.Fprintf(w, "<html>%s %s</html>", strings.Repeat("x", 60), leakyKey)
	case task == 4 && attempt == 1:
		fail(http.StatusTooManyRequests)
	case task == 5:
		w.Header().Set("Content-Type", "text/event-stream")
		fmt.Fprintf(w, "event: error\ndata: {\"type\":\"error\",\"error\":{\"type\":\"invalid_request_error\",\"message\":\"%s\"}}\n\n", strings.ReplaceAll(leakyKey, "/", `\/`))
	case task == 6:
		http.Redirect(w, r, "/elsewhere?key="+url.QueryEscape(leakyKey), http.StatusTemporaryRedirect)
	case task == 7:
		fail(http.StatusUnauthorized)
	default:
		streams("An answer", leakyKey)
	}
}

// leakyStream is a whole answer in the interface of a path.
func leakyStream(path, text, model string) string {
	switch path {
	case "/v1/chat/completions":
		return fmt.Sprintf("data: {\"model\":%q,\"choices\":[{\"index\":0,\"delta\":{\"content\":%q},\"finish_reason\":\"stop\"}],\"usage\":{\"prompt_tokens\":9,\"completion_tokens\":5}}\n\n", model, text)
	case "/v1/responses":
		return fmt.Sprintf("data: {\"type\":\"response.output_text.delta\",\"delta\":%q}\n\n", text) +
			fmt.Sprintf("data: {\"type\":\"response.completed\",\"response\":{\"model\":%q,\"usage\":{\"input_tokens\":9,\"output_tokens\":5}}}\n\n", model)
	}
	return fmt.Sprintf("event: message_start\ndata: {\"type\":\"message_start\",\"message\":{\"model\":%q,\"usage\":{\"input_tokens\":9}}}\n\n", model) +
		fmt.Sprintf("event: content_block_delta\ndata: {\"type\":\"content_block_delta\",\"delta\":{\"type\":\"text_delta\",\"text\":%q}}\n\n", text) +
		"event: message_delta\ndata: {\"type\":\"message_delta\",\"delta\":{\"stop_reason\":\"end_turn\"},\"usage\":{\"output_tokens\":5}}\n\n" +
		"event: message_stop\ndata: {\"type\":\"message_stop\"}\n\n"
}

const leakyConfig = `providers:
  - {name: chat, kind: openai, base_url: SERVER/v1, api_key_env: LEAKY_KEY, prices: [{model: m, input_usd_per_1m: "1", output_usd_per_1m: "4"}]}
  - {name: responses, kind: openai, api: responses, base_url: SERVER/v1, api_key_env: LEAKY_KEY, prices: [{model: m, input_usd_per_1m: "1", output_usd_per_1m: "4"}]}
  - {name: messages, kind: anthropic, base_url: SERVER, api_key_env: LEAKY_KEY, prices: [{model: m, input_usd_per_1m: "1", output_usd_per_1m: "4"}]}
pilot:
  name: leaky
  control: by-chat
  arms:
    - {name: by-chat, provider: chat, model: m}
    - {name: by-responses, provider: responses, model: m}
    - {name: by-messages, provider: messages, model: m}
  use_cases:
    - {category: coding, candidates: [by-responses, by-messages]}
  weeks: 1
  tasks_per_week: 8
  budget_usd: "5"
`

// TestKeyIsNowhere runs a pilot against endpoints that put the key into answers,
// names of models, errors, pages and redirections, and then searches for it in the
// workspace, in all that the commands print and in the reports.
func TestKeyIsNowhere(t *testing.T) {
	t.Parallel()
	leaky := &leakyEndpoint{attempts: map[string]int{}}
	server := httptest.NewServer(leaky)
	t.Cleanup(server.Close)
	setKey(t, "LEAKY_KEY", leakyKey)
	dir := t.TempDir()
	write := func(name, text string) string {
		path := filepath.Join(dir, name)
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		return path
	}
	log := "id,prompt,category\n"
	for i := 1; i <= 8; i++ {
		log += fmt.Sprintf("t%d,Task %d: fix this loop,coding\n", i, i)
	}
	write("modeltrial.yaml", strings.ReplaceAll(leakyConfig, "SERVER", server.URL))
	said := map[string]string{}
	command := func(want int, args ...string) {
		t.Helper()
		var stdout, stderr bytes.Buffer
		got := execute(append([]string{"-C", dir}, args...), &stdout, &stderr)
		said[strings.Join(args, " ")] = stdout.String() + stderr.String()
		if got != want {
			t.Errorf("%v: exit code %d, want %d: %s%s", args, got, want, stdout.String(), stderr.String())
		}
	}
	command(exitOK, "init") // keeps the configuration
	command(exitOK, "audit", "import", write("log.csv", log))
	command(exitOK, "pilot", "lock")
	command(exitFailure, "pilot", "run")
	command(exitFailure, "pilot", "run", "--json", "--log-format", "json", "--log-level", "debug")
	for _, args := range [][]string{
		{"doctor"},
		{"doctor", "--json"},
		{"pilot", "status"},
		{"pilot", "status", "--json"},
		{"analyze"},
		{"analyze", "--json"},
		{"route", "recommend", "--json"},
		{"route", "export", "--format", "litellm"},
		{"audit", "report"},
		{"report", "html", filepath.Join(dir, "report.html")},
		{"report", "excel", filepath.Join(dir, "report.xlsx")},
	} {
		command(exitOK, args...)
	}
	if leaky.keyless > 0 {
		t.Errorf("%d requests had no key: nothing could leak", leaky.keyless)
	}
	for path := range leaky.attempts {
		if strings.HasPrefix(path, "/elsewhere") {
			t.Error("a redirection was followed")
		}
	}
	if run := said["pilot run"]; !strings.Contains(run, "[key]") {
		t.Errorf("no failure names the key's place: %s", run)
	}
	for name, text := range said {
		if strings.Contains(text, leakyPart) {
			t.Errorf("modeltrial %s prints the key: %s", name, text)
		}
	}
	searched := searchKey(t, dir)
	for _, name := range []string{"modeltrial.db", "report.html", "report.xlsx"} {
		if !searched[name] {
			t.Errorf("%s was not searched", name)
		}
	}
}

// searchKey looks into every file of a folder, also within workbooks, and gives their
// names.
func searchKey(t *testing.T, dir string) map[string]bool {
	t.Helper()
	searched := map[string]bool{}
	err := filepath.WalkDir(dir, func(path string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() {
			return err
		}
		searched[entry.Name()] = true
		content, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		if strings.HasSuffix(path, ".xlsx") {
			if content, err = unzipped(path); err != nil {
				return err
			}
		}
		if bytes.Contains(content, []byte(leakyPart)) {
			t.Errorf("the key is in %s", entry.Name())
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return searched
}

// unzipped is all that an archive holds.
func unzipped(path string) ([]byte, error) {
	archive, err := zip.OpenReader(path)
	if err != nil {
		return nil, err
	}
	defer func() { _ = archive.Close() }() // it was only read
	var all []byte
	for _, file := range archive.File {
		reader, err := file.Open()
		if err != nil {
			return nil, err
		}
		content, err := io.ReadAll(reader)
		if err != nil {
			return nil, err
		}
		all = append(all, content...)
	}
	return all, nil
}
