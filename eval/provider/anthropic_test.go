package provider

import (
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"modeltrial/audit"
	"modeltrial/eval"
)

// TestMessagesTraps runs what is particular to Anthropic's Messages.
func TestMessagesTraps(t *testing.T) {
	text := messagesDialect.text("Hello")
	end := func(reason, usage string) string {
		return named("message_delta", `{"type":"message_delta","delta":{"stop_reason":"`+reason+`"}`+usage+`}`) + named("message_stop", `{"type":"message_stop"}`)
	}
	cases := []struct {
		name   string
		events string
		check  func(Answer) bool // nil: a failure is wanted
	}{
		{"a stop reason without message_stop", strings.TrimSuffix(text+end("end_turn", ""), named("message_stop", `{"type":"message_stop"}`)), nil},
		{"message_stop without a stop reason", text + named("message_stop", `{"type":"message_stop"}`), nil},
		{"thinking is no text", messageBegin(full) +
			named("content_block_delta", `{"type":"content_block_delta","index":0,"delta":{"type":"thinking_delta","thinking":"Hm."}}`) +
			named("content_block_delta", `{"type":"content_block_delta","index":0,"delta":{"type":"signature_delta","signature":"x"}}`) +
			named("content_block_delta", `{"type":"content_block_delta","index":1,"delta":{"type":"text_delta","text":"Yes"}}`) + end("end_turn", ""), func(a Answer) bool {
			return a.Text == "Yes"
		}},
		{"the output of the beginning is no usage", messageBegin(full) + end("end_turn", ""), func(a Answer) bool {
			return *a.Tokens.Input == 20 && a.Tokens.Output == nil
		}},
		{"the end counts anew", messageBegin(full) + end("end_turn", `,"usage":{"output_tokens":70,"cache_read_input_tokens":0}`), func(a Answer) bool {
			return *a.Tokens.Input == 12 && *a.Tokens.Cached == 0 && *a.Tokens.CacheWrite == 3 && *a.Tokens.Output == 70 && a.Tokens.Reasoning == nil
		}},
		{"a full context window", text + end("model_context_window_exceeded", ""), func(a Answer) bool { return eval.Truncated(a.FinishReason) }},
		{"a stop sequence", text + end("stop_sequence", ""), func(a Answer) bool { return a.FinishReason == FinishStop }},
		{"a tool", text + end("tool_use", ""), func(a Answer) bool { return a.FinishReason == FinishTools }},
		{"a reason to come", text + end("tired", ""), func(a Answer) bool { return a.FinishReason == "tired" }},
		{"an event to come", text + named("news", `{"type":"news","delta":{"stop_reason":"x"}}`) + end("end_turn", ""), func(a Answer) bool { return a.Text == "Hello" }},
		{"cut after message_stop", text + end("end_turn", "") + "data: {", func(a Answer) bool { return a.Text == "Hello" }},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			made, _ := serve(t, messagesDialect, stream(c.events))
			answer, err := made.Answer(t.Context(), request)
			if c.check != nil {
				if err != nil || !c.check(answer) {
					t.Errorf("got %+v, %v", answer, err)
				}
				return
			}
			var failure *Error
			if !errors.As(err, &failure) || !failure.Temporary || !strings.Contains(failure.Msg, "without a finish reason") {
				t.Errorf("got %+v, %v, want a failure", answer, err)
			}
		})
	}
}

// TestMessagesCost prices an answer whose input was partly read from a cache and
// partly written to one: 9 fresh, 8 read, 3 written, 5 out at 3, 0.30, 3.75 and 15
// dollars per 1,000,000 are 27 + 2.4 + 11.25 + 75 millionths of a dollar.
func TestMessagesCost(t *testing.T) {
	made, _ := serve(t, messagesDialect, stream(messagesDialect.text("Hello")+messagesDialect.end(FinishStop, full)))
	answer, err := made.Answer(t.Context(), request)
	if err != nil {
		t.Fatal(err)
	}
	read, written := audit.NanoUSD(300_000_000), audit.NanoUSD(3_750_000_000)
	price := audit.Price{Model: "m", Input: 3_000_000_000, CachedInput: &read, CacheWrite: &written, Output: 15_000_000_000}
	if cost, ok := price.Cost(answer.Tokens); !ok || cost != 115_650 {
		t.Errorf("the answer costs %d nano-dollars, want 115650", cost)
	}
}

func TestMessagesRateLimits(t *testing.T) {
	reset := time.Now().Add(40 * time.Second).UTC().Format(time.RFC3339)
	made, _ := serve(t, messagesDialect, rejects(429, "", "rate_limit_error",
		"anthropic-ratelimit-requests-remaining", "9", "anthropic-ratelimit-requests-reset", time.Now().Add(time.Hour).UTC().Format(time.RFC3339),
		"anthropic-ratelimit-output-tokens-remaining", "0", "anthropic-ratelimit-output-tokens-reset", reset)(messagesDialect))
	_, err := made.Answer(t.Context(), request)
	var failure *Error
	if !errors.As(err, &failure) || failure.RetryAfter < 30*time.Second || failure.RetryAfter > 40*time.Second {
		t.Errorf("got %+v, want to be asked back after 40 s", err)
	}
}

func TestUntilReset(t *testing.T) {
	now := time.Date(2026, 11, 2, 9, 0, 0, 0, time.UTC)
	for value, want := range map[string]time.Duration{
		"": 0, "6m0s": 6 * time.Minute, "20ms": 20 * time.Millisecond, "-1s": 0, "2026-11-02T09:00:12Z": 12 * time.Second,
		"2026-11-02T08:00:00Z": 0, fmt.Sprint(now.Add(5 * time.Second).UnixMilli()): 5 * time.Second, "1.5": 1500 * time.Millisecond, "soon": 0,
	} {
		if got := untilReset(value, now); got != want {
			t.Errorf("reset %q: got %v, want %v", value, got, want)
		}
	}
}
