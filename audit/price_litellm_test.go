package audit

import (
	"bytes"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

var listDay = time.Date(2026, 8, 1, 0, 0, 0, 0, time.UTC)

// TestReadLiteLLM reads each form that an entry may have. The models are invented.
func TestReadLiteLLM(t *testing.T) {
	t.Parallel()
	list, err := ReadLiteLLM(strings.NewReader(`{
	"sample_spec": {"mode": "one of: chat, embedding", "input_cost_per_token": 0, "max_tokens": "LEGACY"},
	"atlas": {"litellm_provider": "acme", "mode": "chat", "max_input_tokens": 1000000, "max_tokens": "8192",
		"input_cost_per_token": 1.25e-06, "output_cost_per_token": 1e-05, "cache_read_input_token_cost": 1.25e-07,
		"cache_creation_input_token_cost": 1.5625e-06, "output_cost_per_reasoning_token": 2e-05,
		"input_cost_per_token_batches": 6.25e-07, "output_cost_per_token_batches": 0.000005,
		"input_cost_per_token_above_200k_tokens": 2.5e-06, "output_cost_per_token_above_200k_tokens": 1.5e-05,
		"cache_read_input_token_cost_above_200k_tokens": 2.5e-07, "input_cost_per_token_above_200k_tokens_priority": 9,
		"input_cost_per_token_flex": 1e-07, "supports_vision": true},
	"hub/forge": {"litellm_provider": "hub", "mode": "responses", "input_cost_per_token": "2.9999999999999997e-06", "output_cost_per_token": 3.0e-6,
		"cache_read_input_token_cost": null, "max_tokens": 4096.0, "deprecation_date": "2026-09-28"},
	"quill": {"litellm_provider": "acme", "mode": "completion", "deprecation_date": "soon", "input_cost_per_token": 3.625e-09, "output_cost_per_token": 0},
	"draw": {"litellm_provider": "acme", "mode": "image_generation", "input_cost_per_token": 1e-06, "output_cost_per_token": 1e-06},
	"embed": {"litellm_provider": "acme", "mode": "embedding", "input_cost_per_token": 1e-06},
	"chars": {"litellm_provider": "acme", "mode": "chat", "input_cost_per_character": 1e-06},
	"own": {"litellm_provider": "ollama", "mode": "chat", "input_cost_per_token": 0.0, "output_cost_per_token": 0.0},
	"ranges": {"litellm_provider": "acme", "mode": "chat", "max_input_tokens": 256000, "tiered_pricing": [
		{"range": [0, 32000.0], "input_cost_per_token": 1e-06, "output_cost_per_token": 4e-06, "output_cost_per_reasoning_token": 8e-06},
		{"range": [32000, 128000], "input_cost_per_token": 2e-06, "output_cost_per_token": 8e-06, "cache_read_input_token_cost": 5e-07},
		{"range": [128000.0, 256000.0], "input_cost_per_token": 3e-06, "output_cost_per_token": 12e-06}]},
	"priceless": {"litellm_provider": "acme", "mode": "chat", "tiered_pricing": [{"range": [0, 32000]}]},
	"gap": {"litellm_provider": "acme", "mode": "chat", "tiered_pricing": [{"range": [0, 32000], "input_cost_per_token": 1, "output_cost_per_token": 1}, {"range": [64000, 128000]}]},
	"open": {"litellm_provider": "acme", "mode": "chat", "tiered_pricing": [{"range": [0]}]},
	"empty": {"litellm_provider": "acme", "mode": "chat", "tiered_pricing": []},
	"steps": {"litellm_provider": "acme", "mode": "chat", "input_cost_per_token": 1e-06, "output_cost_per_token": 1e-06,
		"input_cost_per_token_above_256k_tokens": 3e-06, "input_cost_per_token_above_128k_tokens": 2e-06, "output_cost_per_token_above_128k_tokens": 4e-06,
		"cache_read_input_token_cost_above_256k_tokens": 5e-07},
	"cheap": {"litellm_provider": "acme", "mode": "chat", "input_cost_per_token": "cheap", "output_cost_per_token": 1e-06},
	"huge": {"litellm_provider": "acme", "mode": "chat", "input_cost_per_token": 1e300, "output_cost_per_token": 1e-06},
	"minus": {"litellm_provider": "acme", "mode": "chat", "input_cost_per_token": -1e-06, "output_cost_per_token": 1e-06},
	"text": "none"
	}`), listDay, "list")
	if err != nil {
		t.Fatal(err)
	}
	want := []Price{
		{
			Model: "atlas", Provider: "acme", Input: 1_250_000_000, CachedInput: new(NanoUSD(125_000_000)), CacheWrite: new(NanoUSD(1_562_500_000)),
			Output: 10 * USD, Reasoning: new(20 * USD), BatchInput: new(NanoUSD(625_000_000)), BatchOutput: new(5 * USD),
			LongContext:   &LongContextPrice{Above: 200_000, Input: 2_500_000_000, CachedInput: new(NanoUSD(250_000_000)), Output: 15 * USD},
			ContextWindow: new(int64(1_000_000)), ValidFrom: listDay, ListedOn: listDay, Source: "list",
		},
		{Model: "hub/forge", Provider: "hub", Input: 3 * USD, Output: 3 * USD, ContextWindow: new(int64(4096)), ValidFrom: listDay, ListedOn: listDay, RetiresOn: time.Date(2026, 9, 28, 0, 0, 0, 0, time.UTC), Source: "list"},
		{Model: "quill", Provider: "acme", Input: 3_625_000, ValidFrom: listDay, ListedOn: listDay, Source: "list"},
		{
			Model: "ranges", Provider: "acme", Input: USD, Output: 4 * USD, Reasoning: new(8 * USD), ContextWindow: new(int64(256_000)),
			ValidFrom: listDay, ListedOn: listDay, Source: "list",
			LongContext: &LongContextPrice{
				Above: 32_000, Input: 2 * USD, CachedInput: new(USD / 2), Output: 8 * USD, Next: &LongContextPrice{Above: 128_000, Input: 3 * USD, Output: 12 * USD},
			},
		},
		{
			Model: "steps", Provider: "acme", Input: USD, Output: USD, ValidFrom: listDay, ListedOn: listDay, Source: "list",
			LongContext: &LongContextPrice{
				Above: 128_000, Input: 2 * USD, Output: 4 * USD, Next: &LongContextPrice{Above: 256_000, Input: 3 * USD, CachedInput: new(USD / 2), Output: 4 * USD},
			},
		},
	}
	if diff := cmp.Diff(want, list.Prices); diff != "" {
		t.Errorf("prices (-want +got):\n%s", diff)
	}
	skipped := map[string]int{skippedSample: 1, skippedMode: 2, skippedPrice: 2, skippedFree: 1}
	if diff := cmp.Diff(skipped, list.Skipped); diff != "" {
		t.Errorf("skipped (-want +got):\n%s", diff)
	}
	for model, want := range map[string]string{
		"cheap": "input_cost_per_token: not an amount", "huge": "in range", "minus": "below 0", "text": "is no object",
		"gap": "entry 2: the range from 64000 to 128000 does not follow on 32000", "open": "entry 1: range is not two numbers", "empty": "no list of ranges",
	} {
		if err := list.Unreadable[model]; err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: got %v, want %q", model, err, want)
		}
	}
	if len(list.Unreadable) != 7 {
		t.Errorf("%d entries are unreadable, want 7: %v", len(list.Unreadable), list.Unreadable)
	}
}

func TestReadLiteLLMRefuses(t *testing.T) {
	t.Parallel()
	for _, text := range []string{"", "[]", "[{}]", `{"a":`, `{"a":{}`, `{"a":{},`, `{"a" {}}`, "model,input"} {
		if list, err := ReadLiteLLM(strings.NewReader(text), listDay, ""); err == nil {
			t.Errorf("%q was read: %+v", text, list)
		}
	}
}

func FuzzReadLiteLLM(f *testing.F) {
	f.Add([]byte(`{"a":{"mode":"chat","input_cost_per_token":1e-06,"output_cost_per_token":"1e-06","max_tokens":1e99,"input_cost_per_token_above_128k_tokens":2}}`))
	f.Add([]byte(`{"a":{"mode":"chat","input_cost_per_token":1e-999999999,"output_cost_per_token":-0}}`))
	f.Add([]byte(`{"a":{"mode":"chat","tiered_pricing":[{"range":[0,3.2e4],"input_cost_per_token":1e-06,"output_cost_per_token":1},{"range":[32000,"64000"]}]}}`))
	f.Fuzz(func(t *testing.T, text []byte) {
		list, err := ReadLiteLLM(bytes.NewReader(text), listDay, "")
		if err != nil {
			return
		}
		var table PriceTable
		table.Import(list.Prices...)
		for _, price := range list.Prices {
			if err := price.validate(); err != nil && price.Model != "" {
				t.Errorf("a price was read that nobody asks: %v", err)
			}
			_, _ = price.CostOf(Usage{Tokens: Tokens{Input: new(int64(1 << 40)), Output: new(int64(1 << 40))}, Batch: true})
			_, _ = table.Lookup(price.Provider, price.Model, listDay)
		}
	})
}

func FuzzReadPrices(f *testing.F) {
	f.Add("model,input,output,valid_from,batch_discount,long_context_above_tokens,long_context_input_usd_per_1m,long_context_output_usd_per_1m\na,1,2,2026-01-01,0.5,1000,2,3\n")
	f.Fuzz(func(t *testing.T, text string) {
		table, err := ReadPrices(strings.NewReader(text))
		if err != nil {
			return
		}
		for _, price := range table.History() {
			if err := price.validate(); err != nil || price.ValidFrom.IsZero() {
				t.Errorf("%+v was read: %v", price, err)
			}
		}
	})
}

func TestDiffPrices(t *testing.T) {
	t.Parallel()
	price := func(model, provider string, input NanoUSD) Price {
		return Price{Model: model, Provider: provider, Input: input * USD, Output: USD}
	}
	long := price("long", "acme", 1)
	long.LongContext = &LongContextPrice{Above: 1000, Input: 2 * USD, Output: USD}
	moved := long
	moved.LongContext = &LongContextPrice{Above: 2000, Input: 2 * USD, Output: USD}
	cached := price("dear", "acme", 2)
	cached.CachedInput = new(USD)
	diff := DiffPrices(
		[]Price{price("same", "acme", 1), price("dear", "acme", 1), price("gone", "acme", 1), price("Gemini-X", "google", 4), price("two", "a", 1), long},
		[]Price{price("same", "acme", 1), cached, price("new", "acme", 1), price("gemini-x", "vertex_ai-language-models", 3), price("two", "b", 1), price("two", "c", 1), moved},
	)
	if len(diff.New) != 3 || len(diff.Gone) != 2 || diff.Unchanged != 1 || len(diff.Changed) != 3 {
		t.Fatalf("got %d new, %d gone, %d unchanged, %d changed; want 3, 2, 1, 3", len(diff.New), len(diff.Gone), diff.Unchanged, len(diff.Changed))
	}
	first := diff.Changed[0]
	if first.Model != "dear" || len(first.Amounts) != 2 || first.Amounts[0].Name != "input" || first.Amounts[1].Name != "cached input" {
		t.Errorf("the largest change is %+v", first)
	}
	if change, ok := first.Amounts[0].Ratio(); !ok || change != 1 {
		t.Errorf("twice the price is a change of %v, %v", change, ok)
	}
	if _, ok := first.Amounts[1].Ratio(); ok {
		t.Error("a price that was not given before has a ratio")
	}
	if second := diff.Changed[1]; second.Model != "gemini-x" {
		t.Errorf("another provider's name hides the model: %+v", second)
	}
}
