package report

import (
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// TestOpenRouterPresetsAreMade runs the command that the file gives against a server in
// OpenRouter's place, which takes the presets by the addresses of its documentation.
func TestOpenRouterPresetsAreMade(t *testing.T) {
	for _, tool := range []string{"bash", "jq", "curl"} {
		if _, err := exec.LookPath(tool); err != nil {
			t.Skipf("%s is missing: install it (Debian: sudo apt-get install bash jq curl) to make presets as the file says", tool)
		}
	}
	path := filepath.Join(t.TempDir(), "presets.json")
	plan := writeExport(t, path, "openrouter", "coding", "$HOME", "'q'", `back\slash`, "new\nline", "Übersetzung") // each takes three processes
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	var file openRouterFile
	if err := json.Unmarshal(text, &file); err != nil {
		t.Fatal(err)
	}
	want := map[string]string{}
	for _, preset := range file.Presets {
		want[preset.Slug] = preset.Request["model"].(string)
	}
	if len(want) != len(plan.routes)+1 {
		t.Fatalf("%d presets, want one for each of %d categories and one for any other", len(want), len(plan.routes))
	}

	var guard sync.Mutex
	made := map[string]string{}
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		slug, found := strings.CutPrefix(r.URL.Path, "/api/v1/presets/")
		slug, rest := strings.CutSuffix(slug, "/chat/completions")
		var body struct{ Model string }
		if err := json.NewDecoder(r.Body).Decode(&body); err != nil || !found || !rest || r.Method != http.MethodPost || r.Header.Get("Authorization") != "Bearer the key" {
			t.Errorf("%s %s of %q: %v", r.Method, r.URL, r.Header.Get("Authorization"), err)
		}
		guard.Lock()
		defer guard.Unlock()
		made[slug] = body.Model
	}))
	defer server.Close()
	_, command, found := strings.Cut(file.Usage[0], ": ")
	if !found || !strings.Contains(command, " FILE ") || !strings.Contains(command, "https://openrouter.ai/") {
		t.Fatalf("no command in %q", file.Usage[0])
	}
	command = strings.NewReplacer(" FILE ", ` "$FILE" `, "https://openrouter.ai/", server.URL+"/").Replace(command)
	shell := exec.CommandContext(t.Context(), "bash", "-euc", command)
	shell.Env = append(os.Environ(), "FILE="+path, "OPENROUTER_API_KEY=the key", "no_proxy=127.0.0.1")
	if out, err := shell.CombinedOutput(); err != nil {
		t.Fatalf("%s: %v: %s", command, err, out)
	}
	if diff := cmp.Diff(want, made); diff != "" {
		t.Errorf("models by preset (-want +made):\n%s", diff)
	}
}
