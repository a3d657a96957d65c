package audit

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// pricesOf reads a price table from CSV.
func pricesOf(t *testing.T, text string) PriceTable {
	t.Helper()
	table, err := ReadPrices(strings.NewReader(text))
	if err != nil {
		t.Fatal(err)
	}
	return table
}

func builtIn(t *testing.T) PriceTable {
	t.Helper()
	file, err := os.Open(filepath.Join("..", "datasets", "prices", "prices.csv"))
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = file.Close() }() // it was only read
	table, err := ReadPrices(file)
	if err != nil {
		t.Fatal(err)
	}
	return table
}

func date(t *testing.T, text string) time.Time {
	t.Helper()
	day, err := time.Parse(time.DateOnly, text)
	if err != nil {
		t.Fatal(err)
	}
	return day
}

// TestModelNames looks models up by the names that logs give them.
func TestModelNames(t *testing.T) {
	t.Parallel()
	table := builtIn(t)
	day := date(t, "2026-08-01")
	for _, c := range []struct{ provider, model, want string }{
		{"", "gpt-4o", "gpt-4o"},
		{"", "gpt-4o-2024-08-06", "gpt-4o-2024-08-06"},
		{"", "gpt-4o-2024-05-13", "gpt-4o-2024-05-13"}, // costs twice as much
		{"", "gpt-4o-2024-11-20", "gpt-4o"},
		{"", "GPT-5", "gpt-5"},
		{"", "openai/gpt-5", "gpt-5"},
		{"openrouter", "openai/gpt-5", "gpt-5"},
		{"azure", "gpt-5-2025-08-07", "gpt-5"},
		{"Azure OpenAI", "azure/gpt-5", "gpt-5"},
		{"", "openai:chat:gpt-5-mini", "gpt-5-mini"},
		{"", "gpt-5.4-mini", "gpt-5.4-mini-2026-03-17"},
		{"", "anthropic/claude-sonnet-4.5", "claude-sonnet-4-5"},
		{"", "openrouter/anthropic/claude-sonnet-4.5:thinking", "claude-sonnet-4-5"},
		{"", "claude-sonnet-4-5-20250929", "claude-sonnet-4-5"},
		{"", "claude-sonnet-4", "claude-sonnet-4-20250514"},
		{"", "claude-3.7-sonnet", "claude-3-7-sonnet-20250219"},
		{"bedrock", "anthropic.claude-sonnet-4-5-20250929-v1:0", "claude-sonnet-4-5"},
		{"bedrock_converse", "global.anthropic.claude-opus-4-6-v1", "claude-opus-4-6"},
		{"", "bedrock/anthropic.claude-3-haiku-20240307-v1:0", "claude-3-haiku-20240307"},
		{"", "arn:aws:bedrock:us-east-1::foundation-model/anthropic.claude-opus-4-1-20250805-v1:0", "claude-opus-4-1"},
		{"vertex_ai", "claude-opus-4-1@20250805", "claude-opus-4-1"},
		{"", "vertex_ai/claude-haiku-4-5@20251001", "claude-haiku-4-5"},
		{"", "publishers/google/models/gemini-2.5-pro", "gemini-2.5-pro"},
		{"gemini", "models/gemini-2.5-flash", "gemini-2.5-flash"},
		{"", "deepseek/deepseek-chat", "deepseek-chat"},
		{"DeepSeek", "deepseek-chat", "deepseek-chat"},
	} {
		price, err := table.Lookup(c.provider, c.model, day)
		if err != nil || price.Model != c.want {
			t.Errorf("%s %s: got %q, %v; want %s", c.provider, c.model, price.Model, err, c.want)
		}
	}
}

// TestNoPriceIsGuessed looks up what the table cannot know.
func TestNoPriceIsGuessed(t *testing.T) {
	t.Parallel()
	table := builtIn(t)
	day := date(t, "2026-08-01")
	for _, c := range []struct{ provider, model, want string }{
		{"", "", "no price"},
		{"", "gpt", "no price"},
		{"", "claude", "no price"},
		{"", "gpt-4o-audio-preview", "no price"},
		{"", "ft:gpt-4o-mini-2024-07-18:acme::abc", "no price"},
		{"", "deepseek/deepseek-chat:free", "no price"},
		{"together_ai", "deepseek-chat", `what "together_ai" asks`},
		{"openrouter", "deepseek/deepseek-chat", `what "openrouter" asks`},
		{"", "fireworks_ai/deepseek-chat", `what "fireworks_ai" asks`},
		{"", "prod-eu-1", "no price"},
		{"bedrock", "us.anthropic.claude-sonnet-4-5-20250929-v1:0", "that of a region"}, // costs a tenth more
		{"", "azure/eu/gpt-5", "that of a region"},
		{"", "bedrock/us-gov-west-1/anthropic.claude-haiku-4-5-20251001-v1:0", "that of a region"},
		{"", "replicate/anthropic/claude-3.5-sonnet", `what "replicate" asks`},
		{"deepinfra", "claude-4-opus-20250514", `what "deepinfra" asks`},
	} {
		if price, err := table.Lookup(c.provider, c.model, day); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s %s: got %q, %v; want an error that says %q", c.provider, c.model, price.Model, err, c.want)
		}
	}
	if _, err := table.Lookup("", "gpt-5", date(t, "2025-08-06")); err == nil || !strings.Contains(err.Error(), "2025-08-07") {
		t.Errorf("the day before the release: got %v", err)
	}
}

func TestPricesOfTheirDay(t *testing.T) {
	t.Parallel()
	table := pricesOf(t, "model,provider,valid_from,input,output,listed_on\n"+
		"atlas,acme,2026-03-01,2,2,2026-05-01\natlas,acme,2026-01-01,1,1,\nforge-2026-01-01,acme,2026-01-01,5,5,\nforge-2026-02-01,acme,2026-02-01,6,6,\n")
	input := func(provider, model, day string) NanoUSD {
		t.Helper()
		var at time.Time
		if day != "" {
			at = date(t, day)
		}
		price, err := table.Lookup(provider, model, at)
		if err != nil {
			return -1
		}
		return price.Input / USD
	}
	check := func(provider, model, day string, want NanoUSD) {
		t.Helper()
		if got := input(provider, model, day); got != want {
			t.Errorf("%s %s on %q: got %d, want %d", provider, model, day, got, want)
		}
	}
	check("", "atlas", "2025-12-31", -1)
	check("", "atlas", "2026-02-28", 1)
	check("", "atlas", "2026-03-01", 2)
	check("", "atlas", "", 2)
	check("", "forge", "2026-01-15", 5)
	check("", "forge", "2026-02-15", -1) // its snapshots differ
	if got := table.Date("atlas").Format(time.DateOnly); got != "2026-05-01" {
		t.Errorf("the list is of %s, want 2026-05-01", got)
	}

	from := func(day string, provider string, dollars NanoUSD) Price {
		return Price{Model: "Atlas", Provider: provider, Input: dollars * USD, Output: USD, ValidFrom: date(t, day)}
	}
	table.Import(from("2026-02-01", "acme", 3), from("2026-04-01", "acme", 4), from("2026-04-01", "acme", 5))
	check("", "atlas", "2026-01-15", 1)
	check("", "atlas", "2026-03-15", 3) // over the built-in one, which is later
	check("", "atlas", "2026-04-01", 5) // the same day was imported again
	table.Import(from("2026-06-01", "other", 9))
	check("", "atlas", "2026-06-01", -1) // two sell it
	check("acme", "atlas", "2026-06-01", 5)
	check("other", "atlas", "2026-06-01", 9)
	check("third", "atlas", "2026-06-01", -1)
	if got := len(table.On(date(t, "2026-06-01"))); got != 4 {
		t.Errorf("%d prices are in force, want two of atlas and two of forge", got)
	}
	table.Override(Price{Model: "atlas", Provider: "hub", Input: 7 * USD, Output: USD})
	check("third", "atlas", "2025-01-01", 7)
	if got := len(table.On(date(t, "2026-06-01"))); got != 3 {
		t.Errorf("%d prices are in force, want the workspace's own and two of forge", got)
	}
	if got := len(table.History()); got != 8 {
		t.Errorf("the history has %d prices, want 8", got)
	}
}
