package report

import (
	"bytes"
	"encoding/json"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"modeltrial/audit"
	"modeltrial/eval"
)

const (
	portkeyPackage = "@portkey-ai/gateway"
	portkeyVersion = "1.15.2"
)

// TestPortkeyRoutesByCategory starts Portkey's own gateway, gives it the export and sees
// the requests of each category arrive at the right model.
func TestPortkeyRoutesByCategory(t *testing.T) {
	gateway := startPortkey(t)
	type request struct {
		Model       string  `json:"model"`
		Temperature float64 `json:"temperature"`
		upstream    string
		key         string
	}
	arrived := make(chan request, 1)
	upstream := func(name string) string {
		server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			got := request{upstream: name, key: strings.TrimPrefix(r.Header.Get("Authorization"), "Bearer ")}
			if err := json.NewDecoder(r.Body).Decode(&got); err != nil {
				t.Error(err)
			}
			select {
			case arrived <- got:
			default:
				t.Error("a second request arrived for one that was sent")
			}
			w.Header().Set("Content-Type", "application/json")
			_, _ = io.WriteString(w, `{"id":"1","object":"chat.completion","model":"m","choices":[{"index":0,"message":{"role":"assistant","content":"ok"},"finish_reason":"stop"}],"usage":{"prompt_tokens":1,"completion_tokens":1,"total_tokens":2}}`)
		}))
		t.Cleanup(server.Close)
		return server.URL + "/v1"
	}
	arm := func(model, base, variable string) Endpoint {
		return Endpoint{Model: model, Provider: eval.Provider{Name: model, Kind: eval.ProviderOpenAI, BaseURL: base, APIKeyEnv: variable}}
	}
	endpoints := map[string]Endpoint{
		"current": arm("gpt-4o", upstream("work"), "WORK_KEY"), "claude": arm("anthropic/claude", upstream("proxy"), "PROXY_KEY"), "small": arm("anthropic/small", upstream("local"), ""),
	}
	claude := endpoints["claude"]
	claude.Parameters.Temperature = new(0.2)
	endpoints["claude"] = claude
	table := fixtureRouting()
	for _, name := range []string{"Übersetzung", `"quoted" \ 😀`, "a\nb"} { // moved as coding is
		odd := table.Routes[0]
		odd.Category = audit.Category(name)
		table.Routes = append(table.Routes, odd)
	}
	var out bytes.Buffer
	if err := ExportRoutes(&out, "portkey", table, endpoints); err != nil {
		t.Fatal(err)
	}
	keys := map[string]string{"WORK_KEY": "key-of-work", "PROXY_KEY": "key-of-proxy"}
	config := os.Expand(portkeyHeader(t, out.Bytes()), func(variable string) string {
		if key, ok := keys[variable]; ok {
			return key
		}
		return "$" + variable // an operator of the query
	})
	for category, want := range map[string]request{
		"coding":          {"anthropic/claude", 0.2, "proxy", "key-of-proxy"},
		"general":         {"anthropic/small", 0, "local", "none"},
		"math":            {"gpt-4o", 0, "work", "key-of-work"},
		"creative":        {"gpt-4o", 0, "work", "key-of-work"},
		"Übersetzung":     {"anthropic/claude", 0.2, "proxy", "key-of-proxy"},
		`"quoted" \ 😀`:    {"anthropic/claude", 0.2, "proxy", "key-of-proxy"},
		"a\nb":            {"anthropic/claude", 0.2, "proxy", "key-of-proxy"},
		"no such one":     {"gpt-4o", 0, "work", "key-of-work"},
		"":                {"gpt-4o", 0, "work", "key-of-work"},
		"Coding, but not": {"gpt-4o", 0, "work", "key-of-work"},
	} {
		metadata, err := json.Marshal(map[string]string{"task_category": category})
		if err != nil {
			t.Fatal(err)
		}
		if status, body := askPortkey(t, gateway, config, string(asciiJSON(metadata))); status != http.StatusOK {
			t.Fatalf("category %q: status %d: %s", category, status, body)
		}
		if got := <-arrived; got != want {
			t.Errorf("category %q arrived as %+v, want %+v", category, got, want)
		}
	}

	// An endpoint that has to be filled in is refused, and named.
	status, body := askPortkey(t, gateway, portkeyHeader(t, []byte(export(t, "portkey", fixtureRouting()))), `{"task_category":"math"}`)
	if status != http.StatusBadRequest || !strings.Contains(body, "targets,1,provider") {
		t.Errorf("an endpoint that is not filled in: status %d: %s", status, body)
	}
}

// portkeyHeader is what the file tells to send: without its comment, on one line.
func portkeyHeader(t *testing.T, text []byte) string {
	t.Helper()
	var config map[string]json.RawMessage
	if err := json.Unmarshal(text, &config); err != nil {
		t.Fatal(err)
	}
	delete(config, "about")
	header, err := json.Marshal(config)
	if err != nil {
		t.Fatal(err)
	}
	return string(header)
}

func askPortkey(t *testing.T, gateway, config, metadata string) (status int, body string) {
	t.Helper()
	request, err := http.NewRequestWithContext(t.Context(), http.MethodPost, gateway+"/v1/chat/completions", strings.NewReader(`{"model":"any","messages":[{"role":"user","content":"Hello"}]}`))
	if err != nil {
		t.Fatal(err)
	}
	request.Header.Set("Content-Type", "application/json")
	request.Header.Set("x-portkey-config", config)
	request.Header.Set("x-portkey-metadata", metadata)
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = response.Body.Close() }() // read to its end
	text, err := io.ReadAll(response.Body)
	if err != nil {
		t.Fatal(err)
	}
	return response.StatusCode, string(text)
}

// startPortkey starts the gateway and gives its address, or skips the test and says why.
func startPortkey(t *testing.T) string {
	t.Helper()
	dir := installPortkey(t)
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	port := listener.Addr().(*net.TCPAddr).Port
	if err := listener.Close(); err != nil { // for the gateway, which takes a port and no socket
		t.Fatal(err)
	}
	var log bytes.Buffer
	server := exec.CommandContext(t.Context(), "node", filepath.Join(dir, "node_modules", portkeyPackage, "build", "start-server.js"), "--headless", "--port="+strconv.Itoa(port))
	server.Env = append(os.Environ(), "TRUSTED_CUSTOM_HOSTS=127.0.0.1")
	server.Stdout, server.Stderr = &log, &log
	if err := server.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = server.Process.Kill() // nothing of it is kept
		_ = server.Wait()
	})
	address := "http://127.0.0.1:" + strconv.Itoa(port)
	for began := time.Now(); ; time.Sleep(50 * time.Millisecond) {
		response, err := http.Get(address + "/")
		if err == nil {
			_ = response.Body.Close() // only its coming counts
			return address
		}
		if time.Since(began) > 60*time.Second {
			t.Fatalf("the gateway does not come up: %v", err)
		}
	}
}

// installPortkey is the folder that has the package, which is kept for the next time.
func installPortkey(t *testing.T) string {
	t.Helper()
	for _, tool := range []string{"node", "npm"} {
		if _, err := exec.LookPath(tool); err != nil {
			t.Skipf("%s is missing: install it (Debian: sudo apt-get install nodejs npm) to send requests through %s", tool, portkeyPackage)
		}
	}
	cache, err := os.UserCacheDir()
	if err != nil {
		t.Skipf("there is no folder to keep %s in: %v", portkeyPackage, err)
	}
	cache = filepath.Join(cache, "modeltrial-tests")
	dir := filepath.Join(cache, "portkey-"+portkeyVersion)
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
	install := exec.CommandContext(t.Context(), "npm", "install", "--prefix", fresh, "--no-audit", "--no-fund", "--ignore-scripts", portkeyPackage+"@"+portkeyVersion)
	if out, err := install.CombinedOutput(); err != nil {
		t.Skipf("npm cannot install %s: %v: %s", portkeyPackage, err, out)
	}
	if err := os.Rename(fresh, dir); err != nil {
		if _, err := os.Stat(dir); err != nil { // otherwise another test run was quicker
			t.Fatal(err)
		}
	}
	return dir
}
