package provider

import (
	"context"
	"net/http"
	"strconv"
	"time"
)

// A RateLimit is what a provider's headers say of one of its limits.
type RateLimit struct {
	Tokens    bool          // of tokens, else of requests
	Limit     int64         // the whole; 0 where it is not said
	Remaining int64         // of it, at the time of the answer
	Reset     time.Duration // until all of it is there again; 0 where it is not said
}

// WithRateLimits is a context whose attempts report the limits in the headers of each
// answer, also of one that is a failure, as soon as the headers are there.
func WithRateLimits(ctx context.Context, report func([]RateLimit)) context.Context {
	return context.WithValue(ctx, rateLimitsKey{}, report)
}

type rateLimitsKey struct{}

// reportingLimits reports the limits in the headers of each answer.
type reportingLimits struct{ next http.RoundTripper }

func (r reportingLimits) RoundTrip(request *http.Request) (*http.Response, error) {
	response, err := r.next.RoundTrip(request)
	if err != nil {
		return response, err
	}
	ReportRateLimits(request.Context(), readRateLimits(response.Header, time.Now()))
	return response, nil
}

// ReportRateLimits passes limits on to whoever asked for them by [WithRateLimits].
func ReportRateLimits(ctx context.Context, limits []RateLimit) {
	if report, ok := ctx.Value(rateLimitsKey{}).(func([]RateLimit)); ok && len(limits) > 0 {
		report(limits)
	}
}

// rateLimitHeaders are those of OpenAI and those who follow it, of OpenRouter, and of
// Anthropic.
var rateLimitHeaders = []struct {
	tokens                  bool
	limit, remaining, reset string
}{
	{false, "X-Ratelimit-Limit-Requests", "X-Ratelimit-Remaining-Requests", "X-Ratelimit-Reset-Requests"},
	{true, "X-Ratelimit-Limit-Tokens", "X-Ratelimit-Remaining-Tokens", "X-Ratelimit-Reset-Tokens"},
	{false, "X-Ratelimit-Limit", "X-Ratelimit-Remaining", "X-Ratelimit-Reset"},
	{false, "Anthropic-Ratelimit-Requests-Limit", "Anthropic-Ratelimit-Requests-Remaining", "Anthropic-Ratelimit-Requests-Reset"},
	{true, "Anthropic-Ratelimit-Tokens-Limit", "Anthropic-Ratelimit-Tokens-Remaining", "Anthropic-Ratelimit-Tokens-Reset"},
	{true, "Anthropic-Ratelimit-Input-Tokens-Limit", "Anthropic-Ratelimit-Input-Tokens-Remaining", "Anthropic-Ratelimit-Input-Tokens-Reset"},
	{true, "Anthropic-Ratelimit-Output-Tokens-Limit", "Anthropic-Ratelimit-Output-Tokens-Remaining", "Anthropic-Ratelimit-Output-Tokens-Reset"},
}

// readRateLimits reads the limits whose remainder is said.
func readRateLimits(header http.Header, now time.Time) (limits []RateLimit) {
	for _, names := range rateLimitHeaders {
		remaining, err := strconv.ParseInt(header.Get(names.remaining), 10, 64)
		if err != nil || remaining < 0 {
			continue
		}
		limit, err := strconv.ParseInt(header.Get(names.limit), 10, 64)
		if err != nil || limit < remaining {
			limit = 0
		}
		limits = append(limits, RateLimit{Tokens: names.tokens, Limit: limit, Remaining: remaining, Reset: untilReset(header.Get(names.reset), now)})
	}
	return limits
}
