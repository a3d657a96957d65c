package audit

import (
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

const priceHeader = "model,provider,input_usd_per_1m,cached_input_usd_per_1m,output_usd_per_1m,valid_from,source\n"

func TestReadPrices(t *testing.T) {
	t.Parallel()
	table := pricesOf(t, priceHeader+
		"forge,acme,0.50,,2,2026-03-01,list\n"+
		"atlas,acme,3,0.3,15,2026-09-15,list\n")
	want := []Price{
		{
			Model: "atlas", Provider: "acme", Input: 3 * USD, CachedInput: new(3 * USD / 10), Output: 15 * USD,
			ValidFrom: time.Date(2026, 9, 15, 0, 0, 0, 0, time.UTC), Source: "list",
		},
		{
			Model: "forge", Provider: "acme", Input: USD / 2, Output: 2 * USD,
			ValidFrom: time.Date(2026, 3, 1, 0, 0, 0, 0, time.UTC), Source: "list",
		},
	}
	if diff := cmp.Diff(want, table.All()); diff != "" {
		t.Errorf("prices (-want +got):\n%s", diff)
	}
	for want, models := range map[string][]string{"2026-09-15": {"forge", "atlas"}, "2026-03-01": {"forge", "unlisted"}} {
		if got := table.Date(models...).Format(time.DateOnly); got != want {
			t.Errorf("the date of %v is %s, want %s", models, got, want)
		}
	}
	table.Override(Price{Model: "forge", Input: USD, Output: USD})
	if got := table.Date("forge"); !got.IsZero() {
		t.Errorf("own prices have the date %s, want none", got)
	}
	if got, ok := table.Price("forge"); !ok || got.Input != USD {
		t.Errorf("after the override forge costs %v, %v; want 1 USD", got.Input, ok)
	}
	if _, ok := table.Price("forge-2"); ok {
		t.Error("a price was found under another name")
	}
}

func TestReadPricesNamesTheLine(t *testing.T) {
	t.Parallel()
	for row, want := range map[string]string{
		"m,p,cheap,,2,2026-01-01,s\n":    "line 2: input price of m",
		"m,p,1,cheap,2,2026-01-01,s\n":   "line 2: cached input price of m",
		"m,p,1,,dear,2026-01-01,s\n":     "line 2: output price of m",
		"m,p,1,,2,soon,s\n":              "line 2: valid_from of m",
		"m,p,1,,2\n":                     "line 2",
		"a,p,1,,2,2026-01-01,s\nm,p,x\n": "line 3",
	} {
		if _, err := ReadPrices(strings.NewReader(priceHeader + row)); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%q: got %v, want it to say %q", row, err, want)
		}
	}
	if _, err := ReadPrices(strings.NewReader("")); err == nil {
		t.Error("a table without a header was taken")
	}
}

func TestPriceCost(t *testing.T) {
	t.Parallel()
	price := Price{Input: 3 * USD, CachedInput: new(3 * USD / 10), Output: 15 * USD} // a token: 3000, 300 and 15000 nano-dollars
	plain := Price{Input: 3 * USD, Output: 15 * USD}
	cases := []struct {
		name   string
		price  Price
		tokens Tokens
		want   NanoUSD
		ok     bool
	}{
		{"input and output", price, Tokens{Input: new(int64(1000)), Output: new(int64(100))}, 4_500_000, true},
		{"some cached", price, Tokens{Input: new(int64(1000)), Cached: new(int64(400)), Output: new(int64(100))}, 1_800_000 + 120_000 + 1_500_000, true},
		{"cached without a price of its own", plain, Tokens{Input: new(int64(1000)), Cached: new(int64(400)), Output: new(int64(100))}, 4_500_000, true},
		{"more cached than input", price, Tokens{Input: new(int64(10)), Cached: new(int64(400)), Output: new(int64(0))}, 3_000, true},
		{"reasoning is a part of output", price, Tokens{Input: new(int64(0)), Output: new(int64(100)), Reasoning: new(int64(80))}, 1_500_000, true},
		{"nothing", price, Tokens{Input: new(int64(0)), Output: new(int64(0))}, 0, true},
		{"half a nano-dollar", Price{Input: 500_000}, Tokens{Input: new(int64(1)), Output: new(int64(0))}, 1, true},
		{"output not known", price, Tokens{Input: new(int64(1000))}, 0, false},
		{"input not known", price, Tokens{Output: new(int64(1000))}, 0, false},
		{"the largest request that is read", Price{Input: 100 * USD, Output: 0}, Tokens{Input: new(int64(50_000_000)), Output: new(int64(0))}, 5_000 * USD, true},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			got, ok := c.price.Cost(c.tokens)
			if got != c.want || ok != c.ok {
				t.Errorf("got %d, %v; want %d, %v", got, ok, c.want, c.ok)
			}
		})
	}
}
