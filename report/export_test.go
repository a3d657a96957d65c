package report

import (
	"bytes"
	"encoding/csv"
	"encoding/json"
	"strings"
	"testing"

	"github.com/goccy/go-yaml"
	"github.com/google/go-cmp/cmp"

	"modeltrial/eval"
)

func export(t *testing.T, format string, table eval.RoutingTable) string {
	t.Helper()
	var out bytes.Buffer
	if err := ExportRoutes(&out, format, table); err != nil {
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
	table.Routes[0].Reason = "=1+1"
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
		"monthly_tasks": "5000", "protocol_sha256": fixtureHash, "price_table_date": "2026-09-01", "decided_at": "2026-10-30T09:00:00Z",
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
				Key   string   `yaml:"api_key"`
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
		if !strings.HasPrefix(model.Params.Key, "os.environ/") {
			t.Errorf("api_key of %s is %q, want the name of a variable", model.Params.Model, model.Params.Key)
		}
		for _, tag := range model.Params.Tags {
			got[tag] = model.Params.Model
		}
	}
	want := map[string]string{"coding": "anthropic/claude", "general": "anthropic/small", "math": "gpt-4o", "creative": "gpt-4o", "reasoning": "gpt-4o", "default": "gpt-4o"}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("models by tag (-want +got):\n%s", diff)
	}
	if !file.Router.Tags {
		t.Error("tag filtering is off")
	}
	for _, text2 := range []string{fixtureHash[:12], "2026-10-30", "x-litellm-tags", "simulated", "preferred on 61%"} {
		if !strings.Contains(text, text2) {
			t.Errorf("the comment does not say %q", text2)
		}
	}
}

func TestExportUnknownFormatListsTheKnown(t *testing.T) {
	err := ExportRoutes(&bytes.Buffer{}, "xml", fixtureRouting())
	if want := `unknown export format "xml"; choose one of csv, json, litellm, yaml`; err == nil || err.Error() != want {
		t.Errorf("got %v, want %q", err, want)
	}
}
