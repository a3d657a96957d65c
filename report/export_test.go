package report

import (
	"bytes"
	"encoding/csv"
	"encoding/json"
	"slices"
	"strings"
	"testing"

	"github.com/goccy/go-yaml"
	"github.com/google/go-cmp/cmp"

	"modeltrial/eval"
)

// fixtureEndpoints reach the arms of fixtureRouting: one at a proxy, one at OpenAI, and
// one that was recorded.
func fixtureEndpoints() map[string]Endpoint {
	return map[string]Endpoint{
		"current": {Model: "gpt-4o", Provider: eval.Provider{Name: "openai", Kind: eval.ProviderOpenAI, BaseURL: "https://api.openai.com/v1", APIKeyEnv: "WORK_KEY"}},
		"claude": {
			Model:      "anthropic/claude",
			Provider:   eval.Provider{Name: "proxy", Kind: eval.ProviderOpenAI, BaseURL: "http://127.0.0.1:18999/v1", APIKeyEnv: "PROXY_KEY", MaxTokensField: "max_tokens"},
			Parameters: eval.Parameters{Temperature: new(0.2), MaxOutputTokens: new(int64(900)), System: "Be brief."},
		},
		"small": {Model: "anthropic/small", Provider: eval.Provider{Name: "samples", Kind: eval.ProviderRecorded}},
	}
}

func export(t *testing.T, format string, table eval.RoutingTable) string {
	t.Helper()
	var out bytes.Buffer
	if err := ExportRoutes(&out, format, table, fixtureEndpoints()); err != nil {
		t.Fatal(err)
	}
	return out.String()
}

func TestExportJSONAndYAMLRoundTrip(t *testing.T) {
	table := fixtureRouting()
	var back eval.RoutingTable
	if err := json.Unmarshal([]byte(export(t, "json", table)), &back); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(table, back); diff != "" {
		t.Errorf("json (-want +got):\n%s", diff)
	}
	converted, err := yaml.YAMLToJSON([]byte(export(t, "YAML", table)))
	if err != nil {
		t.Fatal(err)
	}
	back = eval.RoutingTable{}
	if err := json.Unmarshal(converted, &back); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(table, back); diff != "" {
		t.Errorf("yaml (-want +got):\n%s", diff)
	}
}

func TestExportCSV(t *testing.T) {
	table := fixtureRouting()
	table.Routes[0].Reason, table.Routes[0].Steps = "=1+1", []string{"cheap", "dear"}
	rows, err := csv.NewReader(strings.NewReader(export(t, "csv", table))).ReadAll()
	if err != nil {
		t.Fatal(err)
	}
	if len(rows) != 1+len(table.Routes) {
		t.Fatalf("%d rows, want %d", len(rows), 1+len(table.Routes))
	}
	record := map[string]string{}
	for i, name := range rows[0] {
		record[name] = rows[1][i]
	}
	for name, want := range map[string]string{
		"category": "coding", "arm": "claude", "decision": "switch", "reason": "'=1+1", "win_rate": "0.61",
		"monthly_tasks": "5000", "replaces_model": "gpt-4o", "stays_on": "gpt-4o-mini", "protocol_sha256": fixtureHash, "price_table_date": "2026-09-01", "decided_at": "2026-10-30T09:00:00Z",
		"steps": "cheap; dear",
	} {
		if record[name] != want {
			t.Errorf("%s is %q, want %q", name, record[name], want)
		}
	}
}

// TestExportLiteLLMShape checks the shape that LiteLLM's tag routing reads; the
// proxy itself is not run.
func TestExportLiteLLMShape(t *testing.T) {
	table := fixtureRouting()
	table.Routes[1].Reason = "two\nlines: [\x1b[31mred"
	text := export(t, "litellm", table)
	var file struct {
		Models []struct {
			Name   string `yaml:"model_name"`
			Params struct {
				Model string   `yaml:"model"`
				Base  string   `yaml:"api_base"`
				Key   string   `yaml:"api_key"`
				Temp  float64  `yaml:"temperature"`
				Max   int      `yaml:"max_tokens"`
				Tags  []string `yaml:"tags"`
			} `yaml:"litellm_params"`
		} `yaml:"model_list"`
		Router struct {
			Tags bool `yaml:"enable_tag_filtering"`
		} `yaml:"router_settings"`
	}
	if err := yaml.UnmarshalWithOptions([]byte(text), &file, yaml.Strict()); err != nil {
		t.Fatalf("%v\n%s", err, text)
	}
	got := map[string]string{}
	for _, model := range file.Models {
		for _, tag := range model.Params.Tags {
			got[tag] = strings.Join([]string{model.Params.Model, model.Params.Base, model.Params.Key}, " ")
		}
	}
	kept := "openai/gpt-4o  os.environ/WORK_KEY"
	want := map[string]string{
		"coding":  "openai/anthropic/claude http://127.0.0.1:18999/v1 os.environ/PROXY_KEY",
		"general": "FILL-IN-THE-PROVIDER/anthropic/small  os.environ/FILL_IN_THE_KEY_VARIABLE",
		"math":    kept, "creative": kept, "reasoning": kept, "default": kept,
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("models by tag (-want +got):\n%s", diff)
	}
	if !file.Router.Tags {
		t.Error("tag filtering is off")
	}
	for _, text2 := range []string{
		fixtureHash[:12], "2026-10-30", "x-litellm-tags", "simulated", "preferred on 61%", "# FILL IN the endpoint of small: its answers are imported (provider samples)",
		"Only work now on gpt-4o moves: send the category coding", "work now on gpt-4o-mini stays where it is",
	} {
		if !strings.Contains(text, text2) {
			t.Errorf("the comment does not say %q", text2)
		}
	}
}

// TestExportLiteLLMKeepsProvidersApart covers one model name at two endpoints, one
// of which needs no key, and an arm whose provider is gone.
func TestExportLiteLLMKeepsProvidersApart(t *testing.T) {
	table := fixtureRouting()
	table.Routes[0].Model, table.Routes[1].Model, table.Routes[1].Arm = "gpt-4o", "lost", "lost"
	endpoints := fixtureEndpoints()
	endpoints["claude"] = Endpoint{Provider: eval.Provider{Name: "local", Kind: eval.ProviderOpenAI, BaseURL: "http://localhost:11434/v1"}}
	var out bytes.Buffer
	if err := ExportRoutes(&out, "litellm", table, endpoints); err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{
		"model: openai/gpt-4o\n      api_base: http://localhost:11434/v1\n      api_key: none\n      tags:\n        - coding\n",
		"model: openai/gpt-4o\n      api_key: os.environ/WORK_KEY\n",
		"model: FILL-IN-THE-PROVIDER/lost\n",
		"# FILL IN the endpoint of lost: its provider is not in modeltrial.yaml\n",
	} {
		if !strings.Contains(out.String(), want) {
			t.Errorf("no %q in:\n%s", want, out.String())
		}
	}
}

// TestExportLiteLLMReachesAnthropic covers the provider itself and a proxy before it.
func TestExportLiteLLMReachesAnthropic(t *testing.T) {
	for base, want := range map[string]string{
		"https://api.anthropic.com":     "model: anthropic/claude-sonnet\n      api_key: os.environ/CLAUDE_KEY\n",
		"https://proxy.example.invalid": "model: anthropic/claude-sonnet\n      api_base: https://proxy.example.invalid\n",
	} {
		table, endpoints := fixtureRouting(), fixtureEndpoints()
		table.Routes[0].Model = "claude-sonnet"
		endpoints[table.Routes[0].Arm] = Endpoint{Provider: eval.Provider{Name: "anthropic", Kind: eval.ProviderAnthropic, BaseURL: base, APIKeyEnv: "CLAUDE_KEY"}}
		var out bytes.Buffer
		if err := ExportRoutes(&out, "litellm", table, endpoints); err != nil {
			t.Fatal(err)
		}
		if !strings.Contains(out.String(), want) {
			t.Errorf("no %q in:\n%s", want, out.String())
		}
	}
}

// TestOwnPricesHaveNoDate keeps a list's date off prices that are the workspace's.
func TestOwnPricesHaveNoDate(t *testing.T) {
	table := fixtureRouting()
	table.PriceTableDate, table.WhyMissing = "", map[string]string{"price_table_date": "own prices"}
	if text := export(t, "json", table); !strings.Contains(text, `"price_table_date": null`) {
		t.Errorf("no null in %s", text)
	}
	var back eval.RoutingTable
	if err := json.Unmarshal([]byte(export(t, "json", table)), &back); err != nil || back.PriceTableDate != "" {
		t.Errorf("read back as %q, %v", back.PriceTableDate, err)
	}
	if head := routingHead(table); !strings.HasSuffix(head, ", own prices") {
		t.Errorf("the head is %q", head)
	}
}

func TestExportUnknownFormatListsTheKnown(t *testing.T) {
	err := ExportRoutes(&bytes.Buffer{}, "xml", fixtureRouting(), nil)
	if want := `unknown export format "xml"; choose one of bifrost, csv, envoy, json, langchain, litellm, openrouter, portkey, tensorzero, vllm, yaml`; err == nil || err.Error() != want {
		t.Errorf("got %v, want %q", err, want)
	}
}

// TestGatewaysHaveNoPipelines: the model in use answers in their place, or where that is
// a pipeline itself, nothing does; the file and the command say so.
func TestGatewaysHaveNoPipelines(t *testing.T) {
	table := fixtureRouting()
	table.Routes[0].Arm, table.Routes[0].Model, table.Routes[0].Steps = "chain", "cheap → dear", []string{"cheap", "dear"}
	inUse := fixtureRouting()
	endpoints := fixtureEndpoints()
	endpoints["current"] = Endpoint{Steps: []string{"cheap", "dear"}}
	for i := range inUse.Routes {
		if r := &inUse.Routes[i]; r.Arm == "current" {
			r.Model, r.Steps = "cheap → dear", []string{"cheap", "dear"}
		}
	}
	for name, read := range gatewayReaders {
		t.Run(name, func(t *testing.T) {
			text := export(t, name, table)
			for _, want := range []string{"the route of coding to chain is NOT in this file: it is a pipeline (cheap, then dear)", "sends this work to current, which was in use"} {
				if !strings.Contains(text, want) || !slices.ContainsFunc(ExportWarnings(name, table, fixtureEndpoints()), func(said string) bool { return strings.Contains(said, want) }) {
					t.Errorf("does not say %q:\n%s", want, text)
				}
			}
			if got := read(t, text)["coding"]; got != "gpt-4o" {
				t.Errorf("coding goes to %q, want gpt-4o", got)
			}

			var out bytes.Buffer
			if err := ExportRoutes(&out, name, inUse, endpoints); err != nil {
				t.Fatal(err)
			}
			got := read(t, out.String())
			for _, category := range []string{"math", "creative", "reasoning", "default", anyOther} {
				if model := got[category]; model != "" && !strings.HasPrefix(model, fillIn) {
					t.Errorf("%q goes to %q, want none", category, model)
				}
			}
			if got["coding"] == "" {
				t.Errorf("coding has no route in %v", got)
			}
			warnings := ExportWarnings(name, inUse, endpoints)
			for _, want := range []string{"keep this work off the gateway", "no model for requests without a known category: the one in use, current, is a pipeline (cheap, then dear)"} {
				if !slices.ContainsFunc(warnings, func(said string) bool { return strings.Contains(said, want) }) {
					t.Errorf("does not say %q: %q", want, warnings)
				}
			}
			none := inUse
			none.Routes = slices.Clone(inUse.Routes)
			for i := range none.Routes {
				none.Routes[i].Steps = []string{"cheap", "dear"}
			}
			if err := ExportRoutes(&out, name, none, endpoints); err == nil || !strings.Contains(err.Error(), "every route is a pipeline") {
				t.Errorf("of pipelines alone: %v", err)
			}
		})
	}
	for _, format := range []string{"json", "yaml", "csv"} {
		if warnings := ExportWarnings(format, table, nil); len(warnings) != 0 {
			t.Errorf("%s: warnings are %q, want none: it holds everything", format, warnings)
		}
	}
	if text := export(t, "json", table); !strings.Contains(text, `"dear"`) {
		t.Errorf("the steps are not in %s", text)
	}
}
