package eval

import (
	"errors"
	"strings"
	"testing"
)

const goodConfig = `providers:
  - name: files
    kind: recorded
pilot:
  name: support
  control: now
  arms:
    - {name: now, provider: files, model: atlas}
    - {name: next, provider: files, model: forge}
  use_cases:
    - category: coding
      candidates: [next]
  budget_usd: "25"
`

func TestParseConfigReadsAPilot(t *testing.T) {
	config, err := ParseConfig("modeltrial.yaml", []byte(goodConfig))
	if err != nil {
		t.Fatal(err)
	}
	if config.Pilot.Weeks != 4 || config.Pilot.Margin != 0.05 || len(config.Pilot.Arms) != 2 {
		t.Errorf("got %+v, want the defaults and two arms", config.Pilot)
	}
	if budget, err := config.Pilot.Budget(); err != nil || budget.Dollars() != 25 {
		t.Errorf("budget is %v, %v, want 25 USD", budget, err)
	}
}

func TestParseConfigNamesThePlace(t *testing.T) {
	cases := []struct {
		name, old, new string
		line, column   int
		message        string
	}{
		{"unknown control", "control: now", "control: then", 6, 12, `control "then"`},
		{"unknown provider", "now, provider: files", "now, provider: file", 8, 29, `provider "file"`},
		{"unknown candidate", "[next]", "[later]", 12, 20, `candidate "later"`},
		{"unknown category", "category: coding", "category: cooking", 11, 17, `category "cooking"`},
		{"unknown key", "name: support", "nmae: support", 5, 3, "nmae"},
		{"wrong type", "name: support", "weeks: four", 5, 10, ""},
		{"bad budget", `"25"`, `"lots"`, 13, 15, "budget_usd"},
		{"a key in the file", "kind: recorded", "kind: recorded\n    api_key_env: sk-abc", 4, 18, "looks like a key"},
		{"categoriser of a recorded provider", "pilot:", "categoriser: {provider: files, model: m}\npilot:", 4, 25, "cannot categorise"},
		{"categoriser of no provider", "pilot:", "categoriser: {provider: nowhere, model: m}\npilot:", 4, 25, "nowhere"},
		{"categoriser without a model", "pilot:", "categoriser: {provider: files}\npilot:", 4, 25, "needs a model"},
		{"not YAML", "pilot:", "pilot: [", 0, 0, ""},
		{"unknown rule on flagged answers", "name: support", "flagged_answers: hide", 5, 20, "choose rate or exclude"},
		{"share of repeats", "name: support", "rater_checks: {repeat_share: 1.5}", 5, 32, "repeat_share is 1.5"},
		{"sentinels without any", "name: support", "rater_checks: {sentinel_share: 0.1}", 5, 34, "needs sentinels"},
		{"sentinel without an answer", "name: support", "rater_checks: {sentinels: [{name: a, prompt: p, better: b}]}", 5, 30, "a better and a worse answer"},
		{"sentinel of equal answers", "name: support", "rater_checks: {sentinels: [{name: a, prompt: p, better: b, worse: b}]}", 5, 69, "both answers are the same"},
		{"threshold", "name: support", "exclude_raters: {min_repeats_same: 60}", 5, 38, "min_repeats_same is 60"},
		{"margin of nothing", "name: support", "non_inferiority_margin: 0", 5, 27, "non_inferiority_margin"},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			_, err := ParseConfig("modeltrial.yaml", []byte(strings.Replace(goodConfig, c.old, c.new, 1)))
			var failure *ConfigError
			if !errors.As(err, &failure) {
				t.Fatalf("got %v, want a *ConfigError", err)
			}
			if c.line > 0 && (failure.Line != c.line || failure.Column != c.column) {
				t.Errorf("got %d:%d, want %d:%d (%v)", failure.Line, failure.Column, c.line, c.column, err)
			}
			if !strings.Contains(err.Error(), c.message) {
				t.Errorf("got %q, want it to say %q", err, c.message)
			}
		})
	}
}

const calledConfig = `providers:
  - name: claude
    kind: anthropic
    base_url: https://api.anthropic.com
    api_key_env: ANTHROPIC_API_KEY
  - name: openai
    kind: openai
    api: responses
    base_url: https://api.openai.com/v1
    api_key_env: OPENAI_API_KEY
pilot:
  name: support
  control: now
  arms:
    - {name: now, provider: openai, model: gpt, parameters: {temperature: 1.5, top_p: 0.9, reasoning_effort: minimal}}
    - {name: next, provider: claude, model: claude, parameters: {reasoning_effort: low, max_output_tokens: 900}}
  use_cases:
    - category: coding
      candidates: [next]
`

func TestParseConfigChecksProvidersAndParameters(t *testing.T) {
	if _, err := ParseConfig("modeltrial.yaml", []byte(calledConfig)); err != nil {
		t.Fatal(err)
	}
	cases := []struct {
		name, old, new string
		line           int
		message        string
	}{
		{"tag", "[next]", "!one next", 0, "a tag (!…) stands before a value"},
		{"no address", "https://api.anthropic.com", `""`, 4, "such as https://api.anthropic.com"},
		{"half an address", "https://api.anthropic.com", "api.anthropic.com", 4, "write an address"},
		{"a key in the address", "https://api.anthropic.com", "https://user:key@host", 4, "keys never stand here"},
		{"unknown interface", "api: responses", "api: assistants", 8, "choose chat or responses"},
		{"interface of another kind", "kind: anthropic", "kind: anthropic\n    api: chat", 4, "for providers of kind openai"},
		{"field of another interface", "api: responses", "api: responses\n    max_tokens_field: max_tokens", 9, "for Chat Completions"},
		{"negative tokens", "api: responses", "api: responses\n    tokens_per_minute: -1", 9, "tokens_per_minute is negative"},
		{"negative concurrency", "api: responses", "api: responses\n    concurrency: -1", 9, "concurrency is negative"},
		{"too hot", "temperature: 1.5", "temperature: 2.5", 15, "choose 0 to 2"},
		{"too hot for Anthropic", "{reasoning_effort: low", "{temperature: 1.5", 16, "choose 0 to 1"},
		{"no share", "top_p: 0.9", "top_p: 0", 15, "above 0, up to 1"},
		{"seed of Responses", "top_p: 0.9", "seed: 7", 15, "knows no seed"},
		{"seed of Anthropic", "{reasoning_effort: low", "{seed: 7", 16, "knows no seed"},
		{"unknown effort", "reasoning_effort: low", "reasoning_effort: huge", 16, "choose one of none, low"},
		{"thinking with a temperature", "reasoning_effort: low", "reasoning_effort: low, temperature: 0.2", 16, "takes no temperature but 1"},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			_, err := ParseConfig("modeltrial.yaml", []byte(strings.Replace(calledConfig, c.old, c.new, 1)))
			var failure *ConfigError
			if !errors.As(err, &failure) || failure.Line != c.line || !strings.Contains(err.Error(), c.message) {
				t.Errorf("got %v, want line %d and %q", err, c.line, c.message)
			}
		})
	}
}

func TestParseConfigOfJudgesAndChecks(t *testing.T) {
	const rest = `  judges:
    - {name: j, provider: maker, model: gpt-judge}
  rubrics: {coding: "1. Right?"}
  checks:
    - {name: c, kind: numeric, tolerance: 0.5}
`
	good := strings.Replace(goodConfig, "pilot:", "  - {name: maker, kind: openai, base_url: http://127.0.0.1/v1}\npilot:", 1) + rest
	config, err := ParseConfig("modeltrial.yaml", []byte(good))
	if err != nil || len(config.Pilot.Judges) != 1 || config.Pilot.Rubrics["coding"] == "" || config.Pilot.Checks[0].Tolerance != 0.5 {
		t.Fatalf("%+v, %v", config.Pilot, err)
	}
	cases := []struct{ name, old, new, message string }{
		{"a recorded judge", "j, provider: maker", "j, provider: files", "16:27: judge \"j\": provider \"files\" is of kind recorded"},
		{"no provider", "j, provider: maker", "j, provider: none", "is not under providers"},
		{"its own system message", "model: gpt-judge", "model: gpt-judge, parameters: {system: Be kind}", "write one under rubrics"},
		{"of the control's family", "model: atlas", "model: gpt-4", "family openai"},
		{"rubric of no category", "coding: \"1", "cooking: \"1", "\"cooking\" is not known"},
		{"empty rubric", "1. Right?", " ", "is empty"},
		{"threshold of agreement", "  judges:", "  judge_thresholds: {agreement: 1.5}\n  judges:", "agreement is 1.5"},
		{"threshold of consistency", "  judges:", "  judge_thresholds: {consistency: -1}\n  judges:", "consistency is -1"},
		{"check of no kind", "kind: numeric", "kind: vibes", "choose exact, normalised, numeric"},
		{"check named like a judge", "name: c,", "name: j,", "stands here twice"},
		{"negative tolerance", "tolerance: 0.5", "tolerance: -1", "tolerance is -1"},
		{"bad pattern", "kind: numeric, tolerance: 0.5", "kind: regexp, pattern: \"(\"", "missing closing"},
		{"schema of nothing", "kind: numeric, tolerance: 0.5", "kind: json_schema", "needs a schema"},
		{"similarity of nothing", "kind: numeric, tolerance: 0.5", "kind: similarity", "threshold is 0"},
		{"check of no category", "tolerance: 0.5", "categories: [cooking]", "\"cooking\" is not known"},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			if _, err := ParseConfig("modeltrial.yaml", []byte(strings.Replace(good, c.old, c.new, 1))); err == nil || !strings.Contains(err.Error(), c.message) {
				t.Errorf("got %v, want it to say %q", err, c.message)
			}
		})
	}
	allowed := strings.Replace(good, "model: atlas", "model: gpt-4", 1) + "  same_family_judges: true\n"
	if _, err := ParseConfig("modeltrial.yaml", []byte(allowed)); err != nil {
		t.Errorf("the protocol allows it: %v", err)
	}
}

// A protocol without judges and checks has the hash it had before there were any.
func TestHashWithoutJudges(t *testing.T) {
	config, err := ParseConfig("modeltrial.yaml", []byte(goodConfig))
	if err != nil {
		t.Fatal(err)
	}
	const want = "fdfd941640bc6fd88654176c905adecd78eac28a6571753f52e4802f759d26b5"
	if hash, err := config.Pilot.Hash(); err != nil || hash != want {
		t.Errorf("got %s, %v, want %s", hash, err, want)
	}
}

func TestParseConfigOfAnEmptyFile(t *testing.T) {
	if _, err := ParseConfig("modeltrial.yaml", nil); err == nil {
		t.Error("an empty file was taken")
	}
}

func FuzzParseConfig(f *testing.F) {
	f.Add([]byte(goodConfig))
	f.Add([]byte("pilot: {arms: [{}]}"))
	f.Fuzz(func(t *testing.T, text []byte) {
		_, _ = ParseConfig("modeltrial.yaml", text) // a result or an error, never a panic
	})
}
