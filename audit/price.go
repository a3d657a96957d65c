package audit

import (
	"errors"
	"fmt"
	"time"
)

// A Price is what a model's tokens cost, in nano-dollars per 1,000,000 tokens,
// from a day on. Where a pointer is nil, the list gives no price of its own:
// cached input and cache writes then cost what input costs, reasoning tokens what
// output costs, and the cost of a batch is not known.
type Price struct {
	Model       string
	Provider    string // who sells at this price
	Input       NanoUSD
	CachedInput *NanoUSD // of input tokens read from a cache
	CacheWrite  *NanoUSD // of input tokens written to a cache
	Output      NanoUSD
	Reasoning   *NanoUSD // of reasoning tokens, which are a part of the output tokens
	BatchInput  *NanoUSD // through a batch interface, answered within a day
	BatchOutput *NanoUSD
	LongContext *LongContextPrice // of requests with a long input; nil where they cost the same
	// ContextWindow is the most input tokens that a request may have; nil where it is
	// not known.
	ContextWindow *int64
	ValidFrom     time.Time // the first day, UTC; zero: always
	ListedOn      time.Time // the day of the list that says so; zero: ValidFrom
	// RetiresOn is the first day on which the provider offers the model no more; zero where
	// no such day is known.
	RetiresOn time.Time
	Source    string
}

// A LongContextPrice is what all tokens of a request cost that has more than Above
// input tokens. Where a pointer is nil, the price is that of short requests times
// what input costs more.
type LongContextPrice struct {
	Above       int64 // tokens
	Input       NanoUSD
	CachedInput *NanoUSD
	CacheWrite  *NanoUSD
	Output      NanoUSD
	// Next is what requests cost that are longer still, above more tokens; nil where they
	// cost the same.
	Next *LongContextPrice
}

// step is the price of the last step that a request of so many input tokens is above;
// nil where it is above none.
func (l *LongContextPrice) step(inputTokens int64) (last *LongContextPrice) {
	for ; l != nil && inputTokens > l.Above; l = l.Next {
		last = l
	}
	return last
}

// same reports whether two prices of long requests ask the same for everything.
func (l *LongContextPrice) same(other *LongContextPrice) bool {
	if l == nil || other == nil {
		return l == other
	}
	equal := func(a, b *NanoUSD) bool { return (a == nil) == (b == nil) && (a == nil || *a == *b) }
	return l.Above == other.Above && l.Input == other.Input && l.Output == other.Output &&
		equal(l.CachedInput, other.CachedInput) && equal(l.CacheWrite, other.CacheWrite) && l.Next.same(other.Next)
}

// Listed is the day of the list that a price is from; zero for a price without a
// date, as a workspace's own prices are.
func (p Price) Listed() time.Time {
	if p.ListedOn.After(p.ValidFrom) {
		return p.ListedOn
	}
	return p.ValidFrom
}

// staleAfter is the age from which on a list's price should be looked up anew.
const staleAfter = 90 * 24 * time.Hour

// Stale reports whether the list that a price is from is older than 90 days. A price
// without a date never is.
func (p Price) Stale(now time.Time) bool {
	listed := p.Listed()
	return !listed.IsZero() && now.Sub(listed) > staleAfter
}

// SameFigures reports whether two prices ask the same for everything.
func (p Price) SameFigures(q Price) bool {
	return p.LongContext.same(q.LongContext) && len(changedAmounts(p, q)) == 0
}

// validate refuses a price that nobody asks.
func (p Price) validate() error {
	if p.Model == "" {
		return errors.New("has no model")
	}
	before := int64(0)
	for long := p.LongContext; long != nil; long = long.Next {
		if long.Above <= before {
			return fmt.Errorf("%s: the long-context price begins above %d tokens, after one above %d", p.Model, long.Above, before)
		}
		before = long.Above
		for name, amount := range map[string]*NanoUSD{"input": &long.Input, "cached input": long.CachedInput, "cache write": long.CacheWrite, "output": &long.Output} {
			if amount != nil && *amount < 0 {
				return fmt.Errorf("%s: the price of long-context %s is %v, which is below 0", p.Model, name, *amount)
			}
		}
	}
	for _, amount := range p.Amounts() {
		if amount.Price != nil && *amount.Price < 0 {
			return fmt.Errorf("%s: the price of %s is %v, which is below 0", p.Model, amount.Name, *amount.Price)
		}
	}
	return nil
}
