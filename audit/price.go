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
	Source        string
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
}

// Listed is the day of the list that a price is from; zero for a price without a
// date, as a workspace's own prices are.
func (p Price) Listed() time.Time {
	if p.ListedOn.After(p.ValidFrom) {
		return p.ListedOn
	}
	return p.ValidFrom
}

// SameFigures reports whether two prices ask the same for everything.
func (p Price) SameFigures(q Price) bool {
	if p.Input != q.Input || p.Output != q.Output || (p.LongContext == nil) != (q.LongContext == nil) {
		return false
	}
	pairs := [][2]*NanoUSD{
		{p.CachedInput, q.CachedInput},
		{p.CacheWrite, q.CacheWrite},
		{p.Reasoning, q.Reasoning},
		{p.BatchInput, q.BatchInput},
		{p.BatchOutput, q.BatchOutput},
	}
	if long, other := p.LongContext, q.LongContext; long != nil {
		if long.Above != other.Above || long.Input != other.Input || long.Output != other.Output {
			return false
		}
		pairs = append(pairs, [2]*NanoUSD{long.CachedInput, other.CachedInput}, [2]*NanoUSD{long.CacheWrite, other.CacheWrite})
	}
	for _, pair := range pairs {
		if (pair[0] == nil) != (pair[1] == nil) || pair[0] != nil && *pair[0] != *pair[1] {
			return false
		}
	}
	return true
}

// validate refuses a price that nobody asks.
func (p Price) validate() error {
	if p.Model == "" {
		return errors.New("has no model")
	}
	amounts := []*NanoUSD{&p.Input, p.CachedInput, p.CacheWrite, &p.Output, p.Reasoning, p.BatchInput, p.BatchOutput}
	if long := p.LongContext; long != nil {
		if long.Above <= 0 {
			return fmt.Errorf("%s: the long-context price begins above %d tokens", p.Model, long.Above)
		}
		amounts = append(amounts, &long.Input, long.CachedInput, long.CacheWrite, &long.Output)
	}
	for _, amount := range amounts {
		if amount != nil && *amount < 0 {
			return fmt.Errorf("%s: a price is %v, which is below 0", p.Model, *amount)
		}
	}
	return nil
}
