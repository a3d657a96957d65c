package scale

import "modeltrial/eval"

// limits finds which limit of the configuration decides. They hold for all workers
// together.
func (p *plan) limits() {
	if len(p.Providers) == 0 {
		why := "no arm or judge calls a provider: answers are recorded or simulated"
		p.WhyMissing["hours"], p.WhyMissing["limit"], p.WhyMissing["calls_in_flight"] = why, why, why
		return
	}
	rates, all := 0.0, 0.0 // hours by limits a minute, and of all calls one after the other
	longest := func(hours float64, kind, provider string, value int) *float64 {
		if p.Hours == nil || hours > *p.Hours {
			p.Hours, p.Limit = &hours, &eval.ScaleLimit{Kind: kind, Provider: provider, Value: value}
		}
		return &hours
	}
	for i := range p.Providers {
		of := &p.Providers[i]
		known, _ := p.Config.Provider(of.Name)
		of.Tokens = int64(p.tokens[known.Name])
		if n := known.RequestsPerMinute; n > 0 {
			of.ByRequests = longest(float64(of.Calls)/float64(n)/60, "requests_per_minute", known.Name, n)
			rates = max(rates, *of.ByRequests)
		}
		if n := known.TokensPerMinute; n > 0 {
			of.ByTokens = longest(p.tokens[known.Name]/float64(n)/60, "tokens_per_minute", known.Name, n)
			rates = max(rates, *of.ByTokens)
		}
		if n := known.Concurrency; n > 0 {
			of.ByInFlight = longest(p.inFlight[known.Name]/float64(n), "concurrency", known.Name, n)
		}
		all += p.inFlight[known.Name]
	}
	n := max(p.Config.Pilot.Concurrency, 1)
	longest(all/float64(n), "concurrency", "", n)
	if rates == 0 {
		p.WhyMissing["calls_in_flight"] = "no provider has a limit of requests or tokens a minute"
		return
	}
	p.InFlight = new(all / rates)
}
