package provider

import (
	"net/http"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

func TestReadRateLimits(t *testing.T) {
	now := time.Date(2026, 3, 2, 9, 0, 0, 0, time.UTC)
	cases := []struct {
		name   string
		header map[string]string
		want   []RateLimit
	}{
		{"none", map[string]string{"Content-Type": "text/event-stream"}, nil},
		{
			"OpenAI",
			map[string]string{
				"x-ratelimit-limit-requests": "60", "x-ratelimit-remaining-requests": "59", "x-ratelimit-reset-requests": "1s",
				"x-ratelimit-limit-tokens": "150000", "x-ratelimit-remaining-tokens": "149984", "x-ratelimit-reset-tokens": "6m0s",
			},
			[]RateLimit{{false, 60, 59, time.Second}, {true, 150000, 149984, 6 * time.Minute}},
		},
		{
			"Anthropic",
			map[string]string{
				"anthropic-ratelimit-requests-limit": "50", "anthropic-ratelimit-requests-remaining": "0", "anthropic-ratelimit-requests-reset": "2026-03-02T09:00:12Z",
				"anthropic-ratelimit-output-tokens-limit": "8000", "anthropic-ratelimit-output-tokens-remaining": "7000", "anthropic-ratelimit-output-tokens-reset": "2026-03-02T08:00:00Z",
			},
			[]RateLimit{{false, 50, 0, 12 * time.Second}, {true, 8000, 7000, 0}},
		},
		{
			"OpenRouter",
			map[string]string{"X-RateLimit-Limit": "20", "X-RateLimit-Remaining": "3", "X-RateLimit-Reset": "1772442030000"},
			[]RateLimit{{false, 20, 3, 30 * time.Second}},
		},
		{"without a limit and a reset", map[string]string{"x-ratelimit-remaining-requests": "7"}, []RateLimit{{Remaining: 7}}},
		{"no numbers", map[string]string{"x-ratelimit-remaining-requests": "many", "x-ratelimit-remaining-tokens": "-1"}, nil},
		{"a limit below what remains", map[string]string{"x-ratelimit-limit-requests": "5", "x-ratelimit-remaining-requests": "7"}, []RateLimit{{Remaining: 7}}},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			header := http.Header{}
			for name, value := range c.header {
				header.Set(name, value)
			}
			if diff := cmp.Diff(c.want, readRateLimits(header, now)); diff != "" {
				t.Errorf("limits (-want +got):\n%s", diff)
			}
		})
	}
}

// TestAttemptsReportRateLimits: of answers and of failures, to whoever asked.
func TestAttemptsReportRateLimits(t *testing.T) {
	for _, handler := range []http.HandlerFunc{stream(hello + finish), refuse(http.StatusTooManyRequests, "", "", `{"error":{"message":"slow down"}}`)} {
		asking := testProvider(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			w.Header().Set("X-Ratelimit-Remaining-Requests", "4")
			handler(w, r)
		}))
		var reported []RateLimit
		ctx := WithRateLimits(t.Context(), func(limits []RateLimit) { reported = append(reported, limits...) })
		_, _ = asking.Answer(ctx, request) // whether it fails is the other tests'
		if diff := cmp.Diff([]RateLimit{{Remaining: 4}}, reported); diff != "" {
			t.Errorf("reported (-want +got):\n%s", diff)
		}
		_, _ = asking.Answer(t.Context(), request) // nobody asks
		if len(reported) != 1 {
			t.Errorf("%d reports after a call that asked for none", len(reported))
		}
	}
}
