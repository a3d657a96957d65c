package report

import (
	"encoding/json"
	"os"
	"path/filepath"
	"testing"

	"cel.dev/cel-go/cel"
)

// TestBifrostRulesInCEL compiles each rule's expression with the engine that Bifrost
// evaluates it by, and sees which rule takes which header. Bifrost itself is not run: no
// package registry has its server.
func TestBifrostRulesInCEL(t *testing.T) {
	environment, err := cel.NewEnv(cel.Variable("headers", cel.MapType(cel.StringType, cel.StringType)))
	if err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(t.TempDir(), "bifrost.json")
	plan := writeExport(t, path, "bifrost", hostileNames...)
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	var file bifrostFile
	if err := json.Unmarshal(text, &file); err != nil {
		t.Fatal(err)
	}
	programs := make([]cel.Program, len(file.Governance.Rules))
	for i, rule := range file.Governance.Rules {
		parsed, issues := environment.Compile(rule.Expression)
		if issues.Err() != nil {
			t.Fatalf("%s: %v", rule.Expression, issues.Err())
		}
		if parsed.OutputType() != cel.BoolType {
			t.Errorf("%s gives a %s", rule.Expression, parsed.OutputType())
		}
		if programs[i], err = environment.Program(parsed); err != nil {
			t.Fatal(err)
		}
	}
	// model is that of the first rule that takes a request.
	model := func(headers map[string]string) string {
		for i, program := range programs {
			taken, _, err := program.Eval(map[string]any{"headers": headers})
			if err != nil {
				t.Fatalf("%s: %v", file.Governance.Rules[i].Expression, err)
			}
			if taken.Value() == true {
				return file.Governance.Rules[i].Targets[0].Model
			}
		}
		return ""
	}
	for _, r := range plan.routes {
		if got, want := model(map[string]string{taskHeader: headerValue(r.category)}), plan.targets[r.target].Model; got != want {
			t.Errorf("%q goes to %q, want %q", r.category, got, want)
		}
	}
	for _, headers := range []map[string]string{{}, {taskHeader: "no such category"}, {"x-other": "yes"}} {
		if got := model(headers); got != "" {
			t.Errorf("%v goes to %q, want no rule", headers, got)
		}
	}
}
