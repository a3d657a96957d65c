package eval_test

import (
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"modeltrial/audit"
	"modeltrial/eval"
)

func chain(templates ...string) eval.Arm {
	arm := eval.Arm{Name: "chain"}
	for i, name := range []string{"draft", "review", "polish"}[:len(templates)] {
		arm.Steps = append(arm.Steps, eval.Step{Name: name, Provider: "p", Model: []string{"deepseek-v3.2", "gpt-5.3", "claude-x"}[i], Template: templates[i]})
	}
	return arm
}

func TestStepTask(t *testing.T) {
	arm := chain("{{.Task}}", "{{.Task}}/{{.Previous}}", "{{.Steps.draft}}/{{.Steps.review}}/{{.Previous}}")
	task := audit.Task{ID: "t", System: "Be brief.", Prompt: "Why {{.Task}}?", Conversation: []audit.Message{{Role: "user", Content: "Hi"}}}
	for step, want := range []string{"Why {{.Task}}?", "Why {{.Task}}?/<1>", "<1>/{{.Previous}}/{{.Previous}}"} {
		got, err := arm.StepTask(task, step+1, []string{"<1>", "{{.Previous}}"}[:step])
		if err != nil || got.Prompt != want || got.System != task.System || len(got.Conversation) != 1 {
			t.Errorf("step %d: got %q, %v, want %q with system prompt and conversation", step+1, got.Prompt, err, want)
		}
	}
	if _, err := arm.StepTask(task, 3, []string{"one"}); err == nil {
		t.Error("a step was asked for without the answers before")
	}
	plain, err := eval.Arm{Name: "now", Model: "m"}.StepTask(task, 1, nil)
	if err != nil || plain.Prompt != task.Prompt {
		t.Errorf("a plain arm asks %q, %v", plain.Prompt, err)
	}
}

func TestWhole(t *testing.T) {
	step := func(n, cost, latency, ttft int64, model string) eval.ResponseStep {
		c := audit.NanoUSD(cost)
		return eval.ResponseStep{Response: eval.Response{
			TaskID: "t", Arm: "chain", Text: model, Tokens: audit.Tokens{Input: new(n), Output: new(n + 1)},
			Cost: &c, LatencyMS: &latency, TTFTMS: &ttft, ModelServed: model, Attempts: int(n), FinishReason: model, Origin: eval.Measured,
		}, Repeat: 1}
	}
	steps := []eval.ResponseStep{step(1, 10, 100, 5, "a"), step(2, 20, 200, 7, "b"), step(3, 30, 300, 9, "c")}
	cost := audit.NanoUSD(60)
	want := eval.Response{
		TaskID: "t", Arm: "chain", Text: "c", Tokens: audit.Tokens{Input: new(int64(6)), Output: new(int64(9))}, Cost: &cost,
		LatencyMS: new(int64(600)), TTFTMS: new(int64(309)), ModelServed: "a → b → c", Attempts: 6, FinishReason: "c", Origin: eval.Measured,
	}
	if diff := cmp.Diff(want, eval.Whole(steps)); diff != "" {
		t.Errorf("whole (-want +got):\n%s", diff)
	}
	if *steps[0].Cost != 10 || *steps[2].Tokens.Input != 3 {
		t.Error("the steps themselves were changed")
	}
	steps[1].Cost, steps[1].Tokens.Output = nil, nil
	if whole := eval.Whole(steps); whole.Cost != nil || whole.Tokens.Output != nil || *whole.Tokens.Input != 6 {
		t.Errorf("what is unknown of a step is %v and %v of the whole, want unknown", whole.Cost, whole.Tokens.Output)
	}
	if diff := cmp.Diff(steps[2].Response, eval.Whole(steps[2:])); diff != "" {
		t.Errorf("one step alone (-want +got):\n%s", diff)
	}
}

// TestPipelinesAreKnownByEveryModel: for hiding names and for judges' families.
func TestPipelinesAreKnownByEveryModel(t *testing.T) {
	protocol := eval.Protocol{Arms: []eval.Arm{{Name: "now", Provider: "p", Model: "gemini-3"}, chain("{{.Task}}", "{{.Previous}}")}}
	if names := protocol.Names(); !slices.Equal(names, []string{"now", "gemini-3", "chain", "deepseek-v3.2", "gpt-5.3"}) {
		t.Errorf("names are %q", names)
	}
	if label := protocol.Arms[1].Label(); label != "deepseek-v3.2 → gpt-5.3" {
		t.Errorf("label is %q", label)
	}
	for model, want := range map[string]bool{"gpt-5.5": false, "deepseek-chat": false, "gemini-2": false, "claude-y": true, "unknown": true} {
		if got := protocol.MayJudge(eval.Arm{Name: "judge", Model: model}, "now", "chain"); got != want {
			t.Errorf("may %s judge: %v, want %v", model, got, want)
		}
	}
}

const pipelineYAML = `providers:
  - {name: p, kind: simulated}
  - {name: files, kind: recorded}
  - {name: paid, kind: openai, base_url: "https://example.org/v1"}
pilot:
  name: x
  control: now
  arms:
    - {name: now, provider: p, model: m}
    - name: chain
      steps:
        - {name: draft, provider: p, model: m}
        - {name: review, provider: p, model: n}
  use_cases:
    - {category: coding, candidates: [chain]}
`

func TestConfigFillsTemplatesIn(t *testing.T) {
	config, err := eval.ParseConfig("m.yaml", []byte(pipelineYAML))
	if err != nil {
		t.Fatal(err)
	}
	steps := config.Pilot.Arms[1].Steps
	if steps[0].Template != "{{.Task}}" || !strings.Contains(steps[1].Template, "{{.Previous}}") || !strings.Contains(steps[1].Template, "{{.Task}}") {
		t.Errorf("templates are %q and %q", steps[0].Template, steps[1].Template)
	}
}

func TestConfigRefusesPipelines(t *testing.T) {
	cases := []struct{ name, old, new, want string }{
		{"unknown provider", "name: review, provider: p", "name: review, provider: q", `arm "chain", step "review": provider "q" is not under providers`},
		{"no model", "provider: p, model: n}", "provider: p}", `step "review" needs a model`},
		{"recorded", "name: draft, provider: p", "name: draft, provider: files", "kind recorded"},
		{"paid and simulated", "name: draft, provider: p", "name: draft, provider: paid", "some steps are simulated"},
		{"no name", "{name: review,", "{", `a step's name is ""`},
		{"odd name", "name: review", "name: re view", `a step's name is "re view"`},
		{"twice", "name: review", "name: draft", "stands here twice"},
		{"both", "name: chain\n", "name: chain\n      model: m\n", "leave provider and model of the arm out"},
		{"parameters of the arm", "name: chain\n", "name: chain\n      parameters: {seed: 1}\n", "write parameters into each of them"},
		{"bad template", "model: n}", `model: n, template: "{{.Previous"}`, "cannot be filled in"},
		{"unknown step", "model: n}", `model: n, template: "{{.Steps.final}}"}`, "cannot be filled in"},
		{"unknown field", "model: n}", `model: n, template: "{{.Draft}}"}`, "cannot be filled in"},
		{"draft without the task", "model: m}\n        -", "model: m, template: Hello}\n        -", "never says {{.Task}}"},
		{"draft that looks ahead", "model: m}\n        -", "model: m, template: \"{{.Task}}{{.Steps.review}}\"}\n        -", "cannot be filled in"},
		{"review without the draft", "model: n}", `model: n, template: "{{.Task}}"}`, "names no earlier answer"},
		{"bad parameters", "model: n}", "model: n, parameters: {temperature: 9}}", "temperature is 9"},
		{"repeats of recorded answers", "name: now, provider: p", "name: now, provider: files", ""},
		{"too many repeats", "  name: x\n", "  name: x\n  repeats: 99\n", "repeats is 99"},
		{"negative repeats", "  name: x\n", "  name: x\n  repeats: -1\n", "repeats is -1"},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			if strings.Count(pipelineYAML, c.old) != 1 {
				t.Fatalf("%q is not once in the file", c.old)
			}
			_, err := eval.ParseConfig("m.yaml", []byte(strings.Replace(pipelineYAML, c.old, c.new, 1)))
			switch {
			case c.want == "" && err != nil:
				t.Errorf("got %v, want none", err)
			case c.want != "" && (err == nil || !strings.Contains(err.Error(), c.want) || !strings.HasPrefix(err.Error(), "m.yaml:")):
				t.Errorf("got %v, want %q", err, c.want)
			}
		})
	}
	both := strings.NewReplacer("name: now, provider: p", "name: now, provider: files", "  name: x\n", "  name: x\n  repeats: 2\n").Replace(pipelineYAML)
	if _, err := eval.ParseConfig("m.yaml", []byte(both)); err == nil || !strings.Contains(err.Error(), "one to each task") {
		t.Errorf("repeats of recorded answers: got %v", err)
	}
}
