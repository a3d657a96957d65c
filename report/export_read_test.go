package report

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"net/url"
	"strconv"
	"strings"
	"testing"

	"github.com/BurntSushi/toml"
	"github.com/goccy/go-yaml"
)

// anyOther is the category under which the readers below give the model of requests
// without a known category.
const anyOther = "\x00any other"

// gatewayReaders read what a gateway would send each category to, by the shape that its
// documents give: category to model. That of tensorzero has function names in the place
// of categories. None runs the gateway; TestPortkeyRoutesByCategory does.
var gatewayReaders = map[string]func(t *testing.T, text string) map[string]string{
	"litellm": readLiteLLM, "portkey": readPortkey, "envoy": readEnvoy, "openrouter": readOpenRouter,
	"langchain": readLangChain, "tensorzero": readTensorZero, "bifrost": readBifrost, "vllm": readVLLM,
}

func readJSON(t *testing.T, text string, into any) {
	t.Helper()
	decoder := json.NewDecoder(strings.NewReader(text))
	decoder.DisallowUnknownFields()
	if err := decoder.Decode(into); err != nil {
		t.Fatalf("%v in:\n%s", err, text)
	}
}

func readLiteLLM(t *testing.T, text string) map[string]string {
	t.Helper()
	var file litellmRead
	if err := yaml.Unmarshal([]byte(text), &file); err != nil {
		t.Fatalf("%v in:\n%s", err, text)
	}
	got := map[string]string{}
	for _, model := range file.Models {
		for _, tag := range model.Params.Tags {
			name := tag
			switch {
			case tag == "default":
				name = anyOther
			case strings.HasPrefix(tag, "%"):
				var err error
				if name, err = url.QueryUnescape(tag); err != nil {
					t.Fatal(err)
				}
			case strings.HasPrefix(tag, "!"), strings.HasPrefix(tag, "&"):
				t.Errorf("LiteLLM takes the tag %q for an order", tag)
			}
			got[name] = strings.TrimPrefix(model.Params.Model, "openai/")
		}
	}
	return got
}

type litellmRead struct {
	Models []struct {
		Params struct {
			Model string   `yaml:"model"`
			Tags  []string `yaml:"tags"`
		} `yaml:"litellm_params"`
	} `yaml:"model_list"`
}

func readPortkey(t *testing.T, text string) map[string]string {
	t.Helper()
	for _, r := range text {
		if r > '~' {
			t.Fatalf("%q is not ASCII, so that it does not survive a header", r)
		}
	}
	var config portkeyConfig
	readJSON(t, text, &config)
	models := map[string]string{}
	for _, target := range config.Targets {
		models[target.Name] = target.Override["model"].(string)
	}
	got := map[string]string{anyOther: models[config.Strategy.Default]}
	for _, condition := range config.Strategy.Conditions {
		got[condition.Query["metadata.task_category"]["$eq"]] = models[condition.Then]
	}
	return got
}

func readEnvoy(t *testing.T, text string) map[string]string {
	t.Helper()
	got := map[string]string{}
	for _, document := range yamlDocuments(t, text) {
		var route struct {
			Kind string
			Spec struct {
				Rules []struct {
					Matches []struct {
						Headers []struct{ Type, Name, Value string }
					}
					BackendRefs []struct{ Name, ModelNameOverride string }
				}
			}
		}
		if err := json.Unmarshal(document, &route); err != nil {
			t.Fatal(err)
		}
		if route.Kind != "AIGatewayRoute" {
			continue
		}
		if n := len(route.Spec.Rules); n == 0 || n > 15 {
			t.Errorf("a route has %d rules, want 1 to 15", n)
		}
		for _, rule := range route.Spec.Rules {
			category := anyOther
			if len(rule.Matches) > 0 {
				header := rule.Matches[0].Headers[0]
				if header.Type != "Exact" || header.Name != taskHeader {
					t.Errorf("the match is %+v", header)
				}
				category = fromHeader(t, header.Value)
			}
			got[category] = rule.BackendRefs[0].ModelNameOverride
		}
	}
	return got
}

// fromHeader is the category that a header value stands for. A value that HTTP does not
// allow fails the test.
func fromHeader(t *testing.T, value string) string {
	t.Helper()
	for _, r := range value {
		if r < ' ' || r > '~' {
			t.Fatalf("%q cannot stand in a header", value)
		}
	}
	if !strings.Contains(value, "%") {
		return value
	}
	category, err := url.PathUnescape(value)
	if err != nil {
		t.Fatal(err)
	}
	return category
}

// yamlDocuments are the documents of a file as JSON, read as YAML 1.2.
func yamlDocuments(t *testing.T, text string) [][]byte {
	t.Helper()
	decoder := yaml.NewDecoder(strings.NewReader(text))
	var documents [][]byte
	for {
		var document any
		err := decoder.Decode(&document)
		if errors.Is(err, io.EOF) {
			return documents
		}
		if err != nil {
			t.Fatalf("%v in:\n%s", err, text)
		}
		converted, err := json.Marshal(document)
		if err != nil {
			t.Fatal(err)
		}
		documents = append(documents, converted)
	}
}

func readOpenRouter(t *testing.T, text string) map[string]string {
	t.Helper()
	var file openRouterFile
	readJSON(t, text, &file)
	got, slugs := map[string]string{}, map[string]bool{}
	for _, preset := range file.Presets {
		if slugs[preset.Slug] || url.PathEscape(preset.Slug) != preset.Slug {
			t.Errorf("the slug %q is taken, or no part of an address", preset.Slug)
		}
		slugs[preset.Slug] = true
		category := anyOther
		if preset.Category != nil {
			category = *preset.Category
		}
		got[category] = strings.TrimPrefix(preset.Request["model"].(string), "openai/")
	}
	return got
}

// readLangChain reads the literals of the module line by line, as it is written; Python
// reads it in TestLangChainInPython.
func readLangChain(t *testing.T, text string) map[string]string {
	t.Helper()
	literal := func(text string) (value, rest string) {
		quoted, err := strconv.QuotedPrefix(text)
		if err != nil {
			t.Fatalf("no literal in %q", text)
		}
		value, err = strconv.Unquote(quoted)
		if err != nil {
			t.Fatal(err)
		}
		return value, text[len(quoted):]
	}
	routes, models, part, fallback := map[string]string{}, map[string]string{}, "", ""
	for text := range strings.Lines(text) {
		switch {
		case strings.HasPrefix(text, "ROUTES = {"), strings.HasPrefix(text, "ARMS = {"), strings.HasPrefix(text, "KEYS = {"):
			part = strings.Fields(text)[0]
		case strings.HasPrefix(text, "DEFAULT = \""):
			fallback, _ = literal(strings.TrimPrefix(text, "DEFAULT = "))
		case part == "ROUTES" && strings.HasPrefix(text, "    \""):
			category, rest := literal(strings.TrimSpace(text))
			routes[category], _ = literal(strings.TrimPrefix(rest, ": "))
		case part == "ARMS" && strings.HasPrefix(text, "    \""):
			arm, rest := literal(strings.TrimSpace(text))
			models[arm], _ = literal(strings.TrimPrefix(rest, `: {"model": `))
		}
	}
	got := map[string]string{anyOther: models[fallback]}
	for category, arm := range routes {
		got[category] = models[arm]
	}
	return got
}

func readTensorZero(t *testing.T, text string) map[string]string {
	t.Helper()
	var file tensorZeroFile
	meta, err := toml.Decode(text, &file)
	if err != nil {
		t.Fatalf("%v in:\n%s", err, text)
	}
	if left := meta.Undecoded(); len(left) > 0 {
		t.Errorf("not of the shape: %v", left)
	}
	got := map[string]string{}
	for name, function := range file.Functions {
		for variant, v := range function.Variants {
			model := file.Models[v.Model]
			if function.Type != "chat" || v.Type != "chat_completion" || len(function.Variants) != 1 || len(model.Routing) != 1 {
				t.Errorf("function %s, variant %s: %+v of %+v", name, variant, v, model)
			}
			got[name] = model.Providers[model.Routing[0]].Model
		}
	}
	return got
}

func readBifrost(t *testing.T, text string) map[string]string {
	t.Helper()
	var file bifrostFile
	readJSON(t, text, &file)
	got, ids := map[string]string{}, map[string]bool{}
	for i, rule := range file.Governance.Rules {
		weights := 0.0
		for _, target := range rule.Targets {
			weights += target.Weight
			if target.Provider != fillIn && file.Providers[target.Provider] == nil {
				t.Errorf("the provider %q is not configured", target.Provider)
			}
		}
		if weights != 1 || ids[rule.ID] || rule.Priority != i || rule.Scope != "global" || !rule.Enabled {
			t.Errorf("weights %v, id %q, priority %d of rule %d", weights, rule.ID, rule.Priority, i)
		}
		ids[rule.ID] = true
		quoted, found := strings.CutPrefix(rule.Expression, `"x-task-category" in headers && headers["x-task-category"] == `)
		value, err := strconv.Unquote(quoted)
		if !found || err != nil {
			t.Fatalf("the expression is %s", rule.Expression)
		}
		got[fromHeader(t, value)] = rule.Targets[0].Model
	}
	return got
}

func readVLLM(t *testing.T, text string) map[string]string {
	t.Helper()
	var file struct {
		Version   string
		Listeners []any
		Providers struct {
			Defaults struct {
				Model string `json:"default_model"`
			}
			Models []struct {
				Name  string
				Model string `json:"provider_model_id"`
			}
		}
		Routing struct {
			Signals struct {
				Metadata []struct {
					Name, Key string
					Predicate struct{ Equals string }
				}
			}
			Decisions []struct {
				Name  string
				Rules struct {
					Conditions []struct{ Type, Name string }
				}
				ModelRefs []struct{ Model string }
			}
		}
	}
	documents := yamlDocuments(t, text)
	if len(documents) != 1 {
		t.Fatalf("%d documents, want 1", len(documents))
	}
	if err := json.NewDecoder(bytes.NewReader(documents[0])).Decode(&file); err != nil {
		t.Fatal(err)
	}
	models, signals, got := map[string]string{}, map[string]string{}, map[string]string{}
	plain := func(text string) string { return strings.ReplaceAll(text, "$$", "$") }
	for _, model := range file.Providers.Models {
		models[model.Name] = plain(model.Model)
	}
	for _, signal := range file.Routing.Signals.Metadata {
		if signal.Key != "task_category" || signals[signal.Name] != "" {
			t.Errorf("the signal %+v", signal)
		}
		signals[signal.Name] = plain(signal.Predicate.Equals)
	}
	for _, decision := range file.Routing.Decisions {
		condition := decision.Rules.Conditions[0]
		if condition.Type != "metadata" {
			t.Errorf("a condition of type %s", condition.Type)
		}
		got[signals[condition.Name]] = models[decision.ModelRefs[0].Model]
	}
	got[anyOther] = models[file.Providers.Defaults.Model]
	return got
}
