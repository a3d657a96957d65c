package report

import (
	"bytes"
	"encoding/json"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"reflect"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// python3 runs a program of Python with what it imports, or skips the test and says so.
func python3(t *testing.T, dir, program string, needs ...string) []byte {
	t.Helper()
	path, err := exec.LookPath("python3")
	if err != nil {
		t.Skip("python3 is missing: install it (Debian: sudo apt-get install python3 python3-yaml) to read exports with Python")
	}
	for _, module := range needs {
		if err := exec.CommandContext(t.Context(), path, "-c", "import "+module).Run(); err != nil {
			t.Skipf("Python has no module %s: install it (Debian: sudo apt-get install python3 python3-yaml) to read exports with it", module)
		}
	}
	cmd := exec.CommandContext(t.Context(), path, "-c", program)
	cmd.Dir = dir
	cmd.Env = append(os.Environ(), "WORK_KEY=the key", "PYTHONDONTWRITEBYTECODE=1", "PYTHONUTF8=1")
	var errOut bytes.Buffer
	cmd.Stderr = &errOut
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("%v: %s", err, errOut.String())
	}
	return out
}

func writeExport(t *testing.T, path, format string, names ...string) exportPlan {
	t.Helper()
	table, endpoints := hostileTable(names...)
	err := ReplaceFile(path, func(w io.Writer) error { return ExportRoutes(w, format, table, endpoints) })
	if err != nil {
		t.Fatal(err)
	}
	plan, err := newExportPlan(table, endpoints)
	if err != nil {
		t.Fatal(err)
	}
	return plan
}

// TestLangChainInPython compiles the module, and calls it with an init_chat_model that
// gives back what it is called with.
func TestLangChainInPython(t *testing.T) {
	dir := t.TempDir()
	plan := writeExport(t, filepath.Join(dir, "routes.py"), "langchain", hostileNames...)
	if err := os.MkdirAll(filepath.Join(dir, "langchain"), 0o755); err != nil {
		t.Fatal(err)
	}
	stub := "def init_chat_model(**settings):\n    return settings\n"
	if err := os.WriteFile(filepath.Join(dir, "langchain", "chat_models.py"), []byte(stub), 0o644); err != nil {
		t.Fatal(err)
	}
	out := python3(t, dir, `
import json, py_compile, sys
py_compile.compile("routes.py", doraise=True, cfile="routes.pyc")
sys.path.insert(0, "")
import routes
print(json.dumps({c: routes.chat_model(c, timeout=3) for c in [*routes.ROUTES, "no such category"]}))
`)
	var got map[string]struct {
		Model    string `json:"model"`
		Provider string `json:"model_provider"`
		Effort   string `json:"reasoning_effort"`
		Key      string `json:"api_key"`
		Timeout  int    `json:"timeout"`
	}
	if err := json.Unmarshal(out, &got); err != nil {
		t.Fatal(err)
	}
	if len(got) != len(plan.routes)+1 {
		t.Errorf("%d categories, want %d and one that is not known", len(got), len(plan.routes))
	}
	for _, r := range plan.routes {
		model := plan.targets[r.target].Model
		if g := got[r.category]; g.Model != model || g.Effort != model || g.Provider != "openai" || g.Key != "the key" || g.Timeout != 3 {
			t.Errorf("%q gets %+v, want the model %q", r.category, g, model)
		}
	}
	if g := got["no such category"]; g.Model != plan.targets[plan.fallback].Model {
		t.Errorf("an unknown category gets %+v", g)
	}
}

// TestYAMLReadsTheSameInBothVersions reads the files with PyYAML, which LiteLLM itself
// uses and which reads YAML 1.1, and with a reader of YAML 1.2.
func TestYAMLReadsTheSameInBothVersions(t *testing.T) {
	for _, format := range []string{"yaml", "litellm", "envoy", "vllm"} {
		t.Run(format, func(t *testing.T) {
			dir := t.TempDir()
			path := filepath.Join(dir, "routes.yaml")
			writeExport(t, path, format, hostileNames...)
			text, err := os.ReadFile(path)
			if err != nil {
				t.Fatal(err)
			}
			out := python3(t, dir, `
import json, yaml
with open("routes.yaml", encoding="utf-8") as file:
    print(json.dumps(list(yaml.safe_load_all(file))))
`, "yaml")
			var old, current []any
			if err := json.Unmarshal(out, &old); err != nil {
				t.Fatal(err)
			}
			if err := json.Unmarshal([]byte("["+string(bytes.Join(yamlDocuments(t, string(text)), []byte(",")))+"]"), &current); err != nil {
				t.Fatal(err)
			}
			if !reflect.DeepEqual(old, current) {
				t.Errorf("YAML 1.1 (-) and 1.2 (+) read\n%s", cmp.Diff(old, current))
			}
		})
	}
}

// TestTensorZeroInPython reads the file with another parser of TOML than the tests of its
// shape do.
func TestTensorZeroInPython(t *testing.T) {
	dir := t.TempDir()
	plan := writeExport(t, filepath.Join(dir, "tensorzero.toml"), "tensorzero", hostileNames...)
	out := python3(t, dir, `
import json, tomllib
with open("tensorzero.toml", "rb") as file:
    print(json.dumps(tomllib.load(file)))
`, "tomllib")
	var got struct {
		Models map[string]struct {
			Providers map[string]struct {
				Model string `json:"model_name"`
			}
		}
	}
	if err := json.Unmarshal(out, &got); err != nil {
		t.Fatal(err)
	}
	for _, target := range plan.targets {
		if model := got.Models[target.slug].Providers[target.slug].Model; model != target.Model {
			t.Errorf("the model of %s is %q, want %q", target.slug, model, target.Model)
		}
	}
	if len(got.Models) != len(plan.targets) {
		t.Errorf("%d models, want %d", len(got.Models), len(plan.targets))
	}
}
