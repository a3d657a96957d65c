package audit

import (
	"cmp"
	"encoding/csv"
	"math"
	"math/big"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// TestCostByHand holds every kind of token and every condition against a calculation
// on paper. One dollar per 1,000,000 tokens is 1,000 nano-dollars a token.
func TestCostByHand(t *testing.T) {
	t.Parallel()
	full := Price{
		Input: 3 * USD, CachedInput: new(USD * 3 / 10), CacheWrite: new(USD * 375 / 100), Output: 15 * USD, Reasoning: new(20 * USD),
		BatchInput: new(USD * 3 / 2), BatchOutput: new(USD * 15 / 2),
		LongContext: &LongContextPrice{Above: 200_000, Input: 6 * USD, Output: USD * 45 / 2},
	}
	own := full
	own.LongContext = &LongContextPrice{Above: 200_000, Input: 6 * USD, CachedInput: new(USD), CacheWrite: new(7 * USD), Output: USD * 45 / 2}
	cases := []struct {
		name  string
		price Price
		usage Usage
		want  NanoUSD
	}{
		{
			"every kind", full,
			Usage{Tokens: Tokens{Input: new(int64(1000)), Cached: new(int64(400)), CacheWrite: new(int64(100)), Output: new(int64(200)), Reasoning: new(int64(50))}},
			500*3000 + 400*300 + 100*3750 + 150*15000 + 50*20000,
		},
		{
			"every kind in a batch", full,
			Usage{Tokens: Tokens{Input: new(int64(1000)), Cached: new(int64(400)), CacheWrite: new(int64(100)), Output: new(int64(200)), Reasoning: new(int64(50))}, Batch: true},
			500*1500 + 400*150 + 100*1875 + 150*7500 + 50*10000,
		},
		{
			"at the tier's edge", full,
			Usage{Tokens: Tokens{Input: new(int64(200_000)), Output: new(int64(100))}},
			200_000*3000 + 100*15000,
		},
		{
			"a token above the tier's edge, cached ones counted", full,
			Usage{Tokens: Tokens{Input: new(int64(200_001)), Cached: new(int64(100_000)), CacheWrite: new(int64(1)), Output: new(int64(100)), Reasoning: new(int64(10))}},
			100_000*6000 + 100_000*600 + 7500 + 90*22500 + 10*30000,
		},
		{
			"a tier's own cache prices", own,
			Usage{Tokens: Tokens{Input: new(int64(200_001)), Cached: new(int64(100_000)), CacheWrite: new(int64(1)), Output: new(int64(0))}},
			100_000*6000 + 100_000*1000 + 7000,
		},
		{
			"long and in a batch", full,
			Usage{Tokens: Tokens{Input: new(int64(300_000)), Output: new(int64(1000))}, Batch: true},
			300_000*3000 + 1000*11250,
		},
		{
			"parts larger than their whole", full,
			Usage{Tokens: Tokens{Input: new(int64(10)), Cached: new(int64(8)), CacheWrite: new(int64(8)), Output: new(int64(5)), Reasoning: new(int64(9))}},
			8*300 + 2*3750 + 5*20000,
		},
		{
			"half a nano-dollar is rounded upwards once",
			Price{Input: 250_000, Output: 250_000},
			Usage{Tokens: Tokens{Input: new(int64(1)), Output: new(int64(1))}},
			1,
		},
		{
			"less than half is rounded downwards",
			Price{Input: 249_999, Output: 250_000},
			Usage{Tokens: Tokens{Input: new(int64(1)), Output: new(int64(1))}},
			0,
		},
		{
			"beyond 64 bits on the way",
			Price{Input: 0, Output: 600 * USD},
			Usage{Tokens: Tokens{Input: new(int64(0)), Output: new(int64(50_000_000))}},
			30_000 * USD,
		},
	}
	for _, c := range cases {
		if got, err := c.price.CostOf(c.usage); err != nil || got != c.want {
			t.Errorf("%s: got %d, %v; want %d", c.name, got, err, c.want)
		}
	}
}

func TestCostNotKnown(t *testing.T) {
	t.Parallel()
	both := Tokens{Input: new(int64(1)), Output: new(int64(1))}
	for _, c := range []struct {
		price Price
		usage Usage
		want  error
	}{
		{Price{}, Usage{Tokens: Tokens{Input: new(int64(1))}}, errNoTokens},
		{Price{}, Usage{Tokens: Tokens{Input: new(int64(-1)), Output: new(int64(1))}}, errNoTokens},
		{Price{Input: USD, Output: USD}, Usage{Tokens: both, Batch: true}, errNoBatchPrice},
		{Price{Input: math.MaxInt64, Output: 1}, Usage{Tokens: Tokens{Input: new(int64(math.MaxInt64)), Output: new(int64(1))}}, errCostTooLarge},
		{
			Price{Input: 1, CachedInput: new(NanoUSD(math.MaxInt64)), Output: 1, LongContext: &LongContextPrice{Above: 1, Input: math.MaxInt64}},
			Usage{Tokens: Tokens{Input: new(int64(2)), Output: new(int64(1))}},
			errCostTooLarge,
		},
	} {
		if got, err := c.price.CostOf(c.usage); err != c.want {
			t.Errorf("%+v: got %d, %v; want %v", c.usage, got, err, c.want)
		}
	}
}

// FuzzCost holds the integer arithmetic against exact fractions.
func FuzzCost(f *testing.F) {
	f.Add(int64(1000), int64(400), int64(100), int64(200), int64(50), int64(3*USD), int64(15*USD), true, true)
	f.Add(int64(math.MaxInt64), int64(1), int64(1), int64(1), int64(0), int64(math.MaxInt64), int64(1), false, false)
	f.Fuzz(func(t *testing.T, input, cached, written, output, reasoning, in, out int64, long, batch bool) {
		for _, n := range []int64{input, cached, written, output, reasoning, in, out} {
			if n < 0 {
				t.Skip("no amount is negative")
			}
		}
		price := Price{Input: NanoUSD(in), Output: NanoUSD(out), CachedInput: new(NanoUSD(in / 10))}
		if long {
			price.LongContext = &LongContextPrice{Above: input / 2, Input: NanoUSD(in), Output: NanoUSD(out)}
		}
		if batch {
			price.BatchInput, price.BatchOutput = &price.Input, &price.Output
		}
		got, err := price.CostOf(Usage{Tokens: Tokens{Input: &input, Cached: &cached, CacheWrite: &written, Output: &output, Reasoning: &reasoning}, Batch: batch})
		term := func(n, price int64) *big.Rat {
			product := new(big.Int).Mul(big.NewInt(n), big.NewInt(price))
			return new(big.Rat).SetFrac(product, big.NewInt(1_000_000))
		}
		cached = min(cached, input)
		want := term(input-cached, in) // a write costs what input costs
		want.Add(want, term(cached, in/10))
		want.Add(want, term(output, out))
		floor := new(big.Rat).Add(want, big.NewRat(1, 2))
		rounded := new(big.Int).Div(floor.Num(), floor.Denom())
		if !rounded.IsInt64() {
			if err == nil {
				t.Errorf("got %d where the exact cost is %s", got, rounded)
			}
			return
		}
		if err != nil || int64(got) != rounded.Int64() {
			t.Errorf("got %d, %v; the exact cost is %s", got, err, rounded)
		}
	})
}

func TestWholeInput(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		tokens Tokens
		apart  bool
		want   int64
	}{
		{Tokens{Input: new(int64(100)), Cached: new(int64(40))}, false, 100},
		{Tokens{Input: new(int64(100)), Cached: new(int64(40)), CacheWrite: new(int64(5))}, true, 145},
		{Tokens{Input: new(int64(100))}, true, 100},
		{Tokens{Input: new(int64(4)), Cached: new(int64(40))}, false, 44}, // a part cannot be more than the whole
	} {
		if got := c.tokens.WholeInput(c.apart); *got.Input != c.want {
			t.Errorf("%d and %v, apart %v: got %d, want %d", *c.tokens.Input, c.tokens.Cached, c.apart, *got.Input, c.want)
		}
	}
	if !CountsCacheApart("bedrock", "us.anthropic.claude-opus-4-1-20250805-v1:0") || CountsCacheApart("azure", "gpt-4o") {
		t.Error("the wrong interfaces count cached tokens apart")
	}
}

func TestTaskCost(t *testing.T) {
	t.Parallel()
	table := pricesOf(t, "model,provider,valid_from,input_usd_per_1m,output_usd_per_1m,batch_discount\natlas,acme,2026-02-01,3,15,0.5\n")
	day := time.Date(2026, 3, 1, 0, 0, 0, 0, time.UTC)
	tokens := Tokens{Input: new(int64(1000)), Output: new(int64(100))}
	for _, c := range []struct {
		name   string
		task   Task
		cost   NanoUSD
		source CostSource
		why    string
	}{
		{"the log's own", Task{Model: "atlas", Tokens: tokens, Cost: new(NanoUSD(7)), Timestamp: day}, 7, CostFromLog, ""},
		{"computed", Task{Model: "atlas", Tokens: tokens, Timestamp: day}, 4_500_000, CostComputed, ""},
		{"in a batch", Task{Model: "atlas", Tokens: tokens, Timestamp: day, ServiceTier: "Batch"}, 2_250_000, CostComputed, ""},
		{"estimated", Task{Model: "atlas", Tokens: tokens, TokensEstimated: true}, 4_500_000, CostEstimated, ""},
		{"another tier", Task{Model: "atlas", Tokens: tokens, ServiceTier: "flex"}, 0, "", `service tier "flex"`},
		{"before the price", Task{Model: "atlas", Tokens: tokens, Timestamp: day.AddDate(0, -2, 0)}, 0, "", "first known price of \"atlas\" is of 2026-02-01"},
		{"no tokens", Task{Model: "atlas"}, 0, "", "no input or no output tokens"},
		{"no model", Task{Tokens: tokens}, 0, "", "names no model"},
		{"no price", Task{Model: "forge", Tokens: tokens}, 0, "", `no price of "forge"`},
	} {
		got := table.CostOf(&c.task)
		if got.Source != c.source || (c.source == "") != (got.Cost == nil) || got.Cost != nil && *got.Cost != c.cost || !strings.Contains(got.Why, c.why) {
			t.Errorf("%s: got %+v, want %d, %q, %q", c.name, got, c.cost, c.source, c.why)
		}
	}
}

// TestCostOfEveryListedPrice prices one request by each row of a public list, with
// fractions of its own.
func TestCostOfEveryListedPrice(t *testing.T) {
	t.Parallel()
	shared := cmp.Or(os.Getenv("MODELTRIAL_SHARED"), filepath.Join("..", "..", "shared"))
	file, err := os.Open(filepath.Join(shared, "data", "prices", "prices.csv"))
	if err != nil {
		t.Skipf("no public price list: %v; set MODELTRIAL_SHARED to the folder that has data/prices/prices.csv", err)
	}
	defer func() { _ = file.Close() }() // it was only read
	rows, err := csv.NewReader(file).ReadAll()
	if err != nil {
		t.Fatal(err)
	}
	column := map[string]int{}
	for i, name := range rows[0] {
		column[name] = i
	}
	tokens := Tokens{Input: new(int64(300_123)), Cached: new(int64(1234)), CacheWrite: new(int64(777)), Output: new(int64(4321)), Reasoning: new(int64(99))}
	checked := 0
	for _, row := range rows[1:] {
		get := func(name string) string { return row[column[name]] }
		table, err := ReadPrices(strings.NewReader(strings.Join(rows[0], ",") + ",valid_from\n" + strings.Join(row, ",") + ",2026-07-24\n"))
		if err != nil {
			t.Fatalf("%s: %v", get("model"), err)
		}
		price, ok := table.Price(get("model"))
		if !ok {
			t.Fatalf("%s is not found", get("model"))
		}
		rat := func(name, otherwise string) *big.Rat {
			text := get(name)
			if text == "" {
				text = get(otherwise)
			}
			value, ok := new(big.Rat).SetString(text)
			if !ok {
				t.Fatalf("%s: %s is %q", get("model"), name, text)
			}
			return value
		}
		input, output := rat("input_usd_per_1m", ""), rat("output_usd_per_1m", "")
		cached, written := rat("cached_input_usd_per_1m", "input_usd_per_1m"), rat("cache_write_usd_per_1m", "input_usd_per_1m")
		if get("tier_above_tokens") != "" {
			dearer := new(big.Rat).Quo(rat("tier_input_usd_per_1m", ""), input)
			input, output = rat("tier_input_usd_per_1m", ""), rat("tier_output_usd_per_1m", "")
			cached.Mul(cached, dearer)
			written.Mul(written, dearer)
		}
		want := new(big.Rat)
		for _, term := range []struct {
			tokens int64
			price  *big.Rat
		}{{300_123 - 1234 - 777, input}, {1234, cached}, {777, written}, {4321, output}} {
			want.Add(want, new(big.Rat).Mul(big.NewRat(term.tokens, 1_000_000), term.price))
		}
		cost, err := price.CostOf(Usage{Tokens: tokens})
		if err != nil || new(big.Rat).SetFrac64(int64(cost), int64(USD)).FloatString(9) != want.FloatString(9) {
			t.Errorf("%s: got %v, %v; want %s", get("model"), cost, err, want.FloatString(9))
		}
		checked++
	}
	if checked < 200 {
		t.Errorf("checked %d rows, want all 222", checked)
	}
}
