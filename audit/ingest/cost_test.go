package ingest

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"modeltrial/audit"
)

// TestCostsOfALog reads a log in which every kind of cost and of no cost stands.
func TestCostsOfALog(t *testing.T) {
	t.Parallel()
	prices := pricesOf(t, "model,provider,valid_from,input_usd_per_1m,cached_input_usd_per_1m,cache_write_usd_per_1m,output_usd_per_1m,batch_discount\n"+
		"claude-x,anthropic,2026-02-01,3,0.3,3.75,15,0.5\natlas,acme,2026-02-01,1,0.1,,2,0.5\n")
	path := filepath.Join(t.TempDir(), "log.csv")
	log := "id,timestamp,model,provider,prompt,input_tokens,cache_read_input_tokens,cache_creation_input_tokens,output_tokens,service_tier,cost_usd\n" +
		"own,2026-03-01,atlas,,p,1000,,,10,,0.5\n" +
		"apart,2026-03-01,claude-x-20260201,bedrock,p,100,1000,10,10,,\n" +
		"in,2026-03-01,atlas,acme,p,1000,400,,10,,\n" +
		"batch,2026-03-01,atlas,,p,1000,,,10,Batch,\n" +
		"flex,2026-03-01,atlas,,p,1000,,,10,flex,\n" +
		"early,2026-01-01,atlas,,p,1000,,,10,,\n" +
		"tokens,2026-03-01,atlas,,p,1000,,,,,\n" +
		"none,2026-03-01,other,,p,1000,,,10,,\n"
	if err := os.WriteFile(path, []byte(log), 0o600); err != nil {
		t.Fatal(err)
	}
	got := map[string]audit.Task{}
	report, err := ReadTasks(t.Context(), path, Options{Prices: prices}, func(task audit.Task) (Outcome, error) {
		got[task.ID] = task
		return Imported, nil
	})
	if err != nil {
		t.Fatal(err)
	}
	for id, want := range map[string]audit.NanoUSD{
		"own":   audit.USD / 2,
		"apart": 100*3000 + 1000*300 + 10*3750 + 10*15000,
		"in":    600*1000 + 400*100 + 10*2000,
		"batch": 1000*500 + 10*1000,
	} {
		if task := got[id]; task.Cost == nil || *task.Cost != want {
			t.Errorf("%s costs %v, want %v", id, task.Cost, want)
		}
	}
	if tokens := got["apart"].Tokens; *tokens.Input != 1110 || *tokens.Cached != 1000 || *tokens.CacheWrite != 10 {
		t.Errorf("cached tokens beside the input: %d, %d, %d", *tokens.Input, *tokens.Cached, *tokens.CacheWrite)
	}
	if got["batch"].Metadata["service_tier"] != "batch" {
		t.Errorf("the service tier is lost: %v", got["batch"].Metadata)
	}
	if want := (audit.CostSources{FromLog: 1, Computed: 3, Unknown: 4}); report.Costs.CostSources != want {
		t.Errorf("got %+v, want %+v", report.Costs.CostSources, want)
	}
	for id, want := range map[string]string{
		"flex": `service tier "flex"`, "early": "is of 2026-02-01", "tokens": "no output tokens", "none": `no price of "other"`,
	} {
		task := got[id]
		if task.Cost != nil || task.CostSource != "" || !strings.Contains(task.CostMissing, want) || report.Costs.WhyUnknown[task.CostMissing] != 1 {
			t.Errorf("%s: got %v, %q; want no cost and %q", id, task.Cost, task.CostMissing, want)
		}
	}
}

func TestServiceTier(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]string{"TRUE": "batch", "0": "standard", "yes": "batch", "no": "standard", " Priority ": "priority"} {
		if got := serviceTier(text); got != want {
			t.Errorf("%q: got %q, want %q", text, got, want)
		}
	}
}
