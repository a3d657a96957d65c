package scale

import "modeltrial/eval"

// A Rate is how long calls to a provider take at least by a limit a minute.
type Rate struct {
	Hours float64         `json:"hours"`
	Limit eval.ScaleLimit `json:"limit"`
}

// Rates are how long calls to a provider, of so many tokens in all, take at least by each
// of its limits a minute: of requests, and of tokens.
func Rates(provider eval.Provider, calls int, tokens float64) (rates []Rate) {
	for _, of := range []struct {
		kind   string
		amount float64
		limit  int
	}{
		{requestsPerMinute, float64(calls), provider.RequestsPerMinute},
		{tokensPerMinute, tokens, provider.TokensPerMinute},
	} {
		if of.limit > 0 {
			rates = append(rates, Rate{of.amount / float64(of.limit) / 60, eval.ScaleLimit{Kind: of.kind, Provider: provider.Name, Value: of.limit}})
		}
	}
	return rates
}

// The kinds of limits a minute.
const (
	requestsPerMinute = "requests_per_minute"
	tokensPerMinute   = "tokens_per_minute"
)

// limits finds which limit of the configuration decides. They hold for all workers
// together.
func (p *plan) limits() {
	if len(p.Providers) == 0 {
		why := "no arm or judge calls a provider: answers are recorded or simulated"
		p.WhyMissing["hours"], p.WhyMissing["limit"], p.WhyMissing["calls_in_flight"] = why, why, why
		return
	}
	rates, all := 0.0, 0.0 // hours by limits a minute, and of all calls one after the other
	longest := func(hours float64, limit eval.ScaleLimit) *float64 {
		if p.Hours == nil || hours > *p.Hours {
			p.Hours, p.Limit = &hours, &limit
		}
		return &hours
	}
	for i := range p.Providers {
		of := &p.Providers[i]
		known, _ := p.Config.Provider(of.Name)
		of.Tokens = int64(p.tokens[known.Name])
		for _, rate := range Rates(known, of.Calls, p.tokens[known.Name]) {
			hours := longest(rate.Hours, rate.Limit)
			if rates = max(rates, *hours); rate.Limit.Kind == requestsPerMinute {
				of.ByRequests = hours
			} else {
				of.ByTokens = hours
			}
		}
		if n := known.Concurrency; n > 0 {
			of.ByInFlight = longest(p.inFlight[known.Name]/float64(n), eval.ScaleLimit{Kind: "concurrency", Provider: known.Name, Value: n})
		}
		all += p.inFlight[known.Name]
	}
	n := max(p.Config.Pilot.Concurrency, 1)
	longest(all/float64(n), eval.ScaleLimit{Kind: "concurrency", Value: n})
	if rates == 0 {
		p.WhyMissing["calls_in_flight"] = "no provider has a limit of requests or tokens a minute"
		return
	}
	p.InFlight = new(all / rates)
}
