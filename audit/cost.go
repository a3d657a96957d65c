package audit

import (
	"errors"
	"fmt"
	"math"
	"math/bits"
	"strings"
)

// A Usage is what a request used, and how it was sent.
type Usage struct {
	Tokens Tokens
	Batch  bool // through a batch interface
}

// A CostSource says where a task's cost comes from.
type CostSource string

// The sources of a cost, from the surest to the least sure.
const (
	CostFromLog   CostSource = "log"       // the log says it
	CostComputed  CostSource = "computed"  // the log's tokens at the price of the day
	CostEstimated CostSource = "estimated" // tokens counted from the texts, at the price of the day
)

// Why a cost is not known although there is a price.
var (
	errNoTokens     = errors.New("the log gives no input or no output tokens")
	errNoBatchPrice = errors.New("was sent in a batch, and the price table has no batch price")
	errCostTooLarge = errors.New("its cost is more than an amount can hold")
)

// Cost is [Price.CostOf] a request that was not sent in a batch; ok is false where
// its cost is not known.
func (p Price) Cost(tokens Tokens) (cost NanoUSD, ok bool) {
	cost, err := p.CostOf(Usage{Tokens: tokens})
	return cost, err == nil
}

// CostOf is what a request costs under the price, in nano-dollars:
//
//	fresh·input + cached·cached input + written·cache write
//	+ (output − reasoning)·output + reasoning·reasoning
//
// each a number of tokens times a price per 1,000,000, divided by 1,000,000 once at
// the end and rounded to the nearest nano-dollar, half of one upwards. Cached and
// written tokens are parts of the input tokens, which are fresh otherwise, and
// reasoning tokens are a part of the output tokens; a part that is larger than the
// whole counts as the whole.
//
// A request with more input tokens than the long-context price begins at is charged
// by that for all of its tokens, by the last step that it is above where there are
// several. In a batch every price is multiplied by what the
// batch price of input is to the price of input (of output, for output). A price that
// follows from such a ratio is rounded like the cost.
//
// The arithmetic is exact in 128 bits. The error says why the cost is not known.
func (p Price) CostOf(usage Usage) (NanoUSD, error) {
	tokens := usage.Tokens
	if tokens.Input == nil || tokens.Output == nil || *tokens.Input < 0 || *tokens.Output < 0 {
		return 0, errNoTokens
	}
	input, output := *tokens.Input, *tokens.Output
	cached := tokensOf(tokens.Cached, input)
	written := tokensOf(tokens.CacheWrite, input-cached)
	reasoning := tokensOf(tokens.Reasoning, output)
	rates, err := p.rates(input, usage.Batch)
	if err != nil {
		return 0, err
	}
	var sum wide
	sum.add(input-cached-written, rates.input)
	sum.add(cached, rates.cached)
	sum.add(written, rates.written)
	sum.add(output-reasoning, rates.output)
	sum.add(reasoning, rates.reasoning)
	const million = 1_000_000
	cost, ok := sum.divide(million)
	if !ok {
		return 0, errCostTooLarge
	}
	return cost, nil
}

// tokensOf is a number of tokens that is a part of a whole; 0 where it is not known.
func tokensOf(tokens *int64, whole int64) int64 {
	if tokens == nil {
		return 0
	}
	return min(max(*tokens, 0), whole)
}

// tokenRates are what a request's tokens cost, in nano-dollars per 1,000,000.
type tokenRates struct {
	input, cached, written, output, reasoning NanoUSD
}

func (p Price) rates(inputTokens int64, batch bool) (tokenRates, error) {
	r := tokenRates{input: p.Input, cached: or(p.CachedInput, p.Input), written: or(p.CacheWrite, p.Input), output: p.Output}
	r.reasoning = or(p.Reasoning, p.Output)
	ok := true
	scale := func(amount, numerator, denominator NanoUSD) NanoUSD {
		scaled, fits := ratio(amount, numerator, denominator)
		ok = ok && fits
		return scaled
	}
	if long := p.LongContext.step(inputTokens); long != nil {
		r.cached = or(long.CachedInput, scale(r.cached, long.Input, r.input))
		r.written = or(long.CacheWrite, scale(r.written, long.Input, r.input))
		r.reasoning = scale(r.reasoning, long.Output, r.output)
		r.input, r.output = long.Input, long.Output
	}
	if batch {
		if p.BatchInput == nil || p.BatchOutput == nil {
			return r, errNoBatchPrice
		}
		for _, amount := range []*NanoUSD{&r.input, &r.cached, &r.written} {
			*amount = scale(*amount, *p.BatchInput, p.Input)
		}
		for _, amount := range []*NanoUSD{&r.output, &r.reasoning} {
			*amount = scale(*amount, *p.BatchOutput, p.Output)
		}
	}
	if !ok {
		return r, errCostTooLarge
	}
	return r, nil
}

func or(price *NanoUSD, otherwise NanoUSD) NanoUSD {
	if price != nil {
		return *price
	}
	return otherwise
}

// ratio is amount·numerator/denominator, rounded half up, and the amount itself where
// the denominator is 0: what costs nothing has no ratio.
func ratio(amount, numerator, denominator NanoUSD) (NanoUSD, bool) {
	if denominator == 0 {
		return amount, true
	}
	var product wide
	product.add(int64(amount), numerator)
	return product.divide(uint64(denominator))
}

// A wide is a sum of products in 128 bits. A product of two numbers below 2^63 is
// below 2^126, so that four of them fit; what does not is noted.
type wide struct {
	high, low uint64
	over      bool
}

// add adds a product of two numbers of at least 0.
func (w *wide) add(a int64, b NanoUSD) {
	high, low := bits.Mul64(uint64(a), uint64(b))
	var carry uint64
	w.low, carry = bits.Add64(w.low, low, 0)
	w.high, carry = bits.Add64(w.high, high, carry)
	w.over = w.over || carry > 0
}

// divide is the sum divided and rounded half up; ok is false where the result is
// more than an amount can hold.
func (w *wide) divide(by uint64) (NanoUSD, bool) {
	if w.over || w.high >= by {
		return 0, false
	}
	quotient, rest := bits.Div64(w.high, w.low, by)
	if rest >= by-rest && quotient <= math.MaxInt64 {
		quotient++
	}
	return NanoUSD(quotient & math.MaxInt64), quotient <= math.MaxInt64
}

// WholeInput is the tokens with an input that has the cached and written ones in it,
// as [Tokens] defines it. Most interfaces count so. Anthropic's counts the tokens that
// were read from a cache or written to it beside the input tokens: apart says that the
// log does. Parts that are together more than the input can only be counted apart.
func (t Tokens) WholeInput(apart bool) Tokens {
	if t.Input == nil {
		return t
	}
	var parts int64
	for _, tokens := range []*int64{t.Cached, t.CacheWrite} {
		if tokens != nil {
			parts += *tokens
		}
	}
	if parts > *t.Input || apart && parts > 0 {
		whole := *t.Input + parts
		t.Input = &whole
	}
	return t
}

// CountsCacheApart reports whether the interface of a model counts cached tokens
// beside the input tokens, not in them, as all of Anthropic's do, whoever hosts the
// model.
func CountsCacheApart(provider, model string) bool {
	return host(provider) == "anthropic" || strings.Contains(strings.ToLower(model), "claude")
}

// A Costing is a task's cost with where it comes from, or why it is not known.
type Costing struct {
	Cost   *NanoUSD
	Source CostSource // empty where the cost is not known
	Why    string     // the cost is not known; empty where it is
	// Uncounted is the model by the name of its price where only the tokens are missing;
	// empty otherwise.
	Uncounted string
}

// CostOf is what a task costs: what its log says, else its tokens at the price that
// was valid on its day.
func (t PriceTable) CostOf(task *Task) Costing {
	if task.Cost != nil {
		return Costing{Cost: task.Cost, Source: CostFromLog}
	}
	if task.Model == "" {
		return Costing{Why: "the log names no model"}
	}
	usage := Usage{Tokens: task.Tokens}
	switch tier := strings.ToLower(task.ServiceTier); tier {
	case "", "default", "standard", "auto", "on_demand", "on-demand":
	case "batch":
		usage.Batch = true
	default:
		return Costing{Why: fmt.Sprintf("the price of the service tier %q is not known", shorten(tier))}
	}
	price, err := t.Lookup(task.Provider, task.Model, task.Timestamp)
	if err != nil {
		return Costing{Why: err.Error()}
	}
	cost, err := price.CostOf(usage)
	if errors.Is(err, errNoTokens) {
		return Costing{Why: err.Error(), Uncounted: price.Model}
	}
	if err != nil {
		return Costing{Why: err.Error()}
	}
	source := CostComputed
	if task.TokensEstimated {
		source = CostEstimated
	}
	return Costing{Cost: &cost, Source: source}
}

// CostSources counts tasks by where their cost comes from.
type CostSources struct {
	FromLog   int `json:"from_log"`
	Computed  int `json:"computed"`  // from the log's tokens at the price of the day
	Estimated int `json:"estimated"` // from tokens that were counted in the texts
	Unknown   int `json:"unknown"`
}

// Add counts a task.
func (c *CostSources) Add(source CostSource) {
	switch source {
	case CostFromLog:
		c.FromLog++
	case CostComputed:
		c.Computed++
	case CostEstimated:
		c.Estimated++
	default:
		c.Unknown++
	}
}
