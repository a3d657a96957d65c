package report

import (
	"bytes"
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"modeltrial/audit"
	"modeltrial/eval"
)

// TestGatewaysSendEachCategory checks the shape of each gateway's file: no gateway runs.
func TestGatewaysSendEachCategory(t *testing.T) {
	for name, read := range gatewayReaders {
		t.Run(name, func(t *testing.T) {
			want := map[string]string{
				"coding": "anthropic/claude", "general": "anthropic/small", "math": "gpt-4o", "creative": "gpt-4o", "reasoning": "gpt-4o", anyOther: "gpt-4o",
			}
			switch name {
			case "litellm", "openrouter":
				want["general"] = fillIn + "/anthropic/small"
				if name == "openrouter" { // which proxy it is reached by does not tell its name there
					want["coding"] = fillIn + "/anthropic/claude"
				}
			case "tensorzero":
				want["default"] = want[anyOther]
				delete(want, anyOther)
			case "bifrost": // has no rule for other requests: these ask for a model themselves
				delete(want, anyOther)
			}
			if diff := cmp.Diff(want, read(t, export(t, name, fixtureRouting()))); diff != "" {
				t.Errorf("models by category (-want +got):\n%s", diff)
			}
		})
	}
}

// TestGatewaysSayWhatTheyWereMadeFrom holds every file to name the protocol, the day and
// the evidence, how callers pass the category and what is simulated, and to no key.
func TestGatewaysSayWhatTheyWereMadeFrom(t *testing.T) {
	const secret = "sk-secret-of-the-environment"
	t.Setenv("WORK_KEY", secret)
	t.Setenv("PROXY_KEY", secret)
	passed := map[string]string{
		"litellm": "x-litellm-tags: CATEGORY", "portkey": `x-portkey-metadata: {\"task_category\": \"CATEGORY\"}`,
		"envoy": "x-task-category: CATEGORY", "openrouter": "@preset/SLUG", "langchain": `chat_model("CATEGORY")`,
		"tensorzero": "tensorzero::function_name::CATEGORY", "bifrost": "Callers pass the header x-task-category: coding.",
		"vllm": `"metadata": {"task_category": "CATEGORY"}`,
	}
	for name := range gatewayReaders {
		t.Run(name, func(t *testing.T) {
			text := export(t, name, fixtureRouting())
			for _, want := range []string{
				fixtureHash, "2026-10-30T09:00:00Z", "480 of 480 ratings are simulated", "preferred on 61%", "143 tasks by 6 raters, win rate 61%",
				"(imported answers, simulated ratings)", "keep current: not part of the pilot", "Only work now on gpt-4o moves: send the category coding",
				"its answers are imported (provider samples)", passed[name],
			} {
				if !strings.Contains(text, want) {
					t.Errorf("does not say %q:\n%s", want, text)
				}
			}
			if strings.Contains(text, secret) {
				t.Error("holds a key")
			}
		})
	}
}

// TestGatewaysAskWhatTheArmAsked holds the files to the parameters that the pilot
// answered with: another temperature is another arm.
func TestGatewaysAskWhatTheArmAsked(t *testing.T) {
	for name, want := range map[string]string{
		"litellm":    "temperature: 0.2\n      max_tokens: 900\n",
		"portkey":    "\"max_tokens\": 900,\n        \"model\": \"anthropic/claude\",\n        \"temperature\": 0.2",
		"envoy":      "set:\n              - path: temperature\n                value: \"0.2\"\n              - path: max_tokens\n                value: \"900\"\n",
		"openrouter": "\"max_tokens\": 900,\n        \"model\": \"" + fillIn + "/anthropic/claude\",\n        \"temperature\": 0.2",
		"langchain":  `"temperature": 0.2, "max_tokens": 900}`,
		"tensorzero": "temperature = 0.2\nmax_tokens = 900\n",
		"vllm":       "claude answered with temperature 0.2, max_tokens 900, which callers have to send.",
	} {
		if text := export(t, name, fixtureRouting()); !strings.Contains(text, want) {
			t.Errorf("%s: no %q in:\n%s", name, want, text)
		}
	}
}

// TestGatewaysWhereEveryCategorySwitches covers a table that no longer names the model in
// use: the protocol does.
func TestGatewaysWhereEveryCategorySwitches(t *testing.T) {
	table := fixtureRouting()
	table.Routes = table.Routes[:2]
	for _, name := range []string{"litellm", "portkey", "envoy", "langchain", "vllm"} {
		if got := gatewayReaders[name](t, export(t, name, table)); got[anyOther] != "gpt-4o" {
			t.Errorf("%s: other requests go to %q, want gpt-4o", name, got[anyOther])
		}
		var out bytes.Buffer
		if err := ExportRoutes(&out, name, table, nil); err != nil {
			t.Fatal(err)
		}
		if got := gatewayReaders[name](t, out.String()); got[anyOther] != "" && !strings.HasPrefix(got[anyOther], fillIn) {
			t.Errorf("%s: without a protocol other requests go to %q", name, got[anyOther])
		}
	}
}

func TestGatewaysReachAnthropic(t *testing.T) {
	for name, want := range map[string][2]string{ // at Anthropic's own address, and at another
		"litellm":    {"model: anthropic/claude-x\n      api_key: os.environ/CLAUDE_KEY\n", "api_base: https://proxy.example.invalid\n"},
		"portkey":    {`"provider": "anthropic"`, `"custom_host": "https://proxy.example.invalid/v1"`},
		"envoy":      {"name: Anthropic\n    prefix: \"/v1\"\n", "hostname: proxy.example.invalid\n"},
		"openrouter": {`"model": "anthropic/claude-x"`, "FILL IN OpenRouter's name of the model of claude: it answered at proxy.example.invalid."},
		"langchain":  {`{"model": "claude-x", "model_provider": "anthropic"}`, `"base_url": "https://proxy.example.invalid"`},
		"tensorzero": {"type = \"anthropic\"\nmodel_name = \"claude-x\"\napi_key_location = \"env::CLAUDE_KEY\"\n", "api_base = \"https://proxy.example.invalid/v1/messages\"\n"},
		"bifrost":    {`"anthropic": {`, `"base_url": "https://proxy.example.invalid"`},
		"vllm":       {"api_format: anthropic\n      backend_refs:\n        - name: primary\n          base_url: https://api.anthropic.com\n", "base_url: https://proxy.example.invalid\n"},
	} {
		for i, base := range []string{"https://api.anthropic.com/v1", "https://proxy.example.invalid/v1/"} {
			table, endpoints := fixtureRouting(), fixtureEndpoints()
			table.Routes[0].Model = "claude-x"
			endpoints["claude"] = Endpoint{Provider: eval.Provider{Name: "claude-api", Kind: eval.ProviderAnthropic, BaseURL: base, APIKeyEnv: "CLAUDE_KEY"}}
			var out bytes.Buffer
			if err := ExportRoutes(&out, name, table, endpoints); err != nil {
				t.Fatal(err)
			}
			if !strings.Contains(out.String(), want[i]) {
				t.Errorf("%s at %s: no %q in:\n%s", name, base, want[i], out.String())
			}
		}
	}
}

func TestExportRefusesAnEmptyTable(t *testing.T) {
	for name := range gatewayReaders {
		err := ExportRoutes(&bytes.Buffer{}, name, eval.RoutingTable{}, nil)
		if want := "export " + name + ": the routing table has no route"; err == nil || err.Error() != want {
			t.Errorf("got %v, want %q", err, want)
		}
	}
}

// hostileNames are what categories, arms and models may be called, each odd for one of
// the formats at least.
var hostileNames = []string{
	"yes", "No", "on", "y", "null", "~", "true", "0777", "1_000", "12:30:45", "190:20:30", "1e3", ".inf", "2026-10-30", "0x1f", "=", "<<", "---", "...", "?", "-",
	"a: b", "a #b", "- x", "[a", "{a", "*a", "&a", "!t", "%p", "@at", "`bt", "|", ">", "'q'", `"dq"`, `back\slash`, `ends in \`, `"""`, "'''", "{{x}}", "${HOME}", "$HOME", "$$", "#{x}",
	" lead", "trail ", "two  spaces", "tab\tx", "new\nline", "return\rx", "nul\x00x", "bell\ax", "esc\x1b[31mred", "del\x7f", "nel\u0085x", "ls\u2028x", "\u202eevil", "\ufeffbom",
	"Übersetzung", "翻訳", "😀 emoji", "bad\xffutf8", "50%", "50%25", "a,b", "a;b", "a/b", "a?b", "a=b&c", "__proto__", "metadata", "all", "Default", strings.Repeat("long ", 60),
	"</script>", "=cmd|' /C calc'!A0", "f\"{x}\"", "%s%d", "{0}",
}

// hostileTable has a category, an arm and a model of each of the names.
func hostileTable(names ...string) (eval.RoutingTable, map[string]Endpoint) {
	table, endpoints := fixtureRouting(), map[string]Endpoint{}
	openAI := eval.Provider{Name: "openai", Kind: eval.ProviderOpenAI, BaseURL: "https://api.openai.com/v1", APIKeyEnv: "WORK_KEY"}
	route := table.Routes[0]
	table.Routes = nil
	for _, name := range names {
		route.Category, route.Arm, route.Model, route.Reason, route.StaysOn = audit.Category(name), name, name, name, []string{name}
		route.Control, route.ReplacesModel = names[0], name
		table.Routes = append(table.Routes, route)
		endpoints[name] = Endpoint{Model: name, Provider: openAI, Parameters: eval.Parameters{ReasoningEffort: name}}
	}
	return table, endpoints
}

func checkHostile(t *testing.T, format string, names ...string) {
	t.Helper()
	table, endpoints := hostileTable(names...)
	var out bytes.Buffer
	if err := ExportRoutes(&out, format, table, endpoints); err != nil {
		t.Fatal(err)
	}
	plan, err := newExportPlan(table, endpoints)
	if err != nil {
		t.Fatal(err)
	}
	want := map[string]string{}
	for _, r := range plan.routes {
		key := r.category
		if format == "tensorzero" {
			key = r.slug
		}
		want[key] = plan.targets[r.target].Model
	}
	switch format {
	case "bifrost":
	case "tensorzero":
		want[plan.freeSlug("default")] = plan.targets[plan.fallback].Model
	default:
		want[anyOther] = plan.targets[plan.fallback].Model
	}
	if diff := cmp.Diff(want, gatewayReaders[format](t, out.String())); diff != "" {
		t.Errorf("models by category (-want +got):\n%s\n%s", diff, out.String())
	}
}

// TestGatewaysKeepHostileNames reads every name back as it was given.
func TestGatewaysKeepHostileNames(t *testing.T) {
	for format := range gatewayReaders {
		t.Run(format, func(t *testing.T) {
			checkHostile(t, format, hostileNames...)
			for _, name := range hostileNames {
				t.Run(fmt.Sprintf("%q", name), func(t *testing.T) { checkHostile(t, format, name) })
			}
		})
	}
}

func FuzzExport(f *testing.F) {
	for _, name := range hostileNames {
		f.Add(name, "other")
	}
	formats := slices.Sorted(maps.Keys(gatewayReaders))
	f.Fuzz(func(t *testing.T, one, two string) {
		valid := func(text string) string { return strings.ToValidUTF8(text, "�") }
		if one == "" || two == "" || valid(one) == valid(two) || one == "default" || two == "default" {
			t.Skip("no table has such categories; a tag named default is LiteLLM's own")
		}
		for _, format := range formats {
			checkHostile(t, format, one, two)
		}
	})
}
