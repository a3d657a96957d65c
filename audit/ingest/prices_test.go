package ingest

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"modeltrial/audit"
)

func TestReadPriceFile(t *testing.T) {
	t.Parallel()
	day := time.Date(2026, 8, 1, 0, 0, 0, 0, time.UTC)
	read := func(name, text string) (PriceFile, string, error) {
		t.Helper()
		path := filepath.Join(t.TempDir(), name)
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		file, err := ReadPriceFile(t.Context(), path, day)
		return file, path, err
	}
	entry := `"atlas": {"mode": "chat", "litellm_provider": "acme", "input_cost_per_token": 1e-06, "output_cost_per_token": 2e-06}`
	for _, start := range []string{"{", "\ufeff{", "\n {\n", `{"sample_spec": {"mode": "x"}, `} {
		file, _, err := read("list.json", start+entry+"}")
		if err != nil || len(file.Prices) != 1 || file.Report.Format != LiteLLMPrices || !file.Prices[0].ValidFrom.Equal(day) || file.Prices[0].Input != audit.USD {
			t.Errorf("%q: got %+v, %v; want LiteLLM's list", start, file, err)
		}
	}
	file, _, err := read("list.json", `{`+entry+`, "bad": {"mode": "chat", "input_cost_per_token": "x", "output_cost_per_token": 1}, "image": {"mode": "image_generation"}}`)
	if err != nil || file.Report.Rows != 3 || file.Report.Imported != 1 || file.Report.Rejected != 1 || file.Report.Filtered != 1 || len(file.Report.Reasons) != 1 {
		t.Errorf("got %+v, %v; want one of each", file.Report, err)
	}
	file, path, err := read("own.csv", "Model;Provider;Input;Output;Valid from;Cached input\natlas;acme;1;2;2026-02-03;0.5\nforge;acme;3;4;;\nbad;acme;much;1;;\n")
	if err != nil || len(file.Prices) != 2 {
		t.Fatalf("got %+v, %v; want two prices", file, err)
	}
	if p := file.Prices[0]; p.ValidFrom.Format(time.DateOnly) != "2026-02-03" || *p.CachedInput != audit.USD/2 || p.Source != "own.csv" {
		t.Errorf("got %+v", p)
	}
	if p := file.Prices[1]; !p.ValidFrom.Equal(day) || p.CachedInput != nil {
		t.Errorf("got %+v, want it valid from the day given", p)
	}
	rejects, err := os.ReadFile(path + ".rejects.csv")
	if err != nil || !strings.Contains(string(rejects), "input price of bad") {
		t.Errorf("the row that cannot be read is lost: %q, %v", rejects, err)
	}
	file, _, err = read("own.jsonl", `{"model":"atlas","input_usd_per_1m":"1","output_usd_per_1m":"2"}`+"\n")
	if err != nil || len(file.Prices) != 1 || file.Prices[0].Output != 2*audit.USD {
		t.Errorf("JSON Lines: got %+v, %v", file, err)
	}
	if _, _, err := read("list.json", `{"atlas": {"mode": `); err == nil || !strings.Contains(err.Error(), `model "atlas"`) {
		t.Errorf("a list cut off: got %v", err)
	}
}
