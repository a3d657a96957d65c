package provider

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"modeltrial/audit"
	"modeltrial/eval"
)

const secret = "sk-secret-0123456789"

// chunk is one event of a stream.
func chunk(json string) string { return "data: " + json + "\n\n" }

var (
	hello  = chunk(`{"model":"served-1","choices":[{"index":0,"delta":{"content":"Hel"}}]}`) + chunk(`{"model":"served-1","choices":[{"index":0,"delta":{"content":"lo"}}]}`)
	finish = chunk(`{"model":"served-1","choices":[{"index":0,"delta":{},"finish_reason":"stop"}]}`)
	usage  = chunk(`{"choices":[],"usage":{"prompt_tokens":20,"completion_tokens":5,"prompt_tokens_details":{"cached_tokens":8},"completion_tokens_details":{"reasoning_tokens":2}}}`)
	done   = "data: [DONE]\n\n"
)

// stream answers with events.
func stream(events string) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "text/event-stream")
		fmt.Fprint(w, events)
	}
}

// refuse answers with a status and a body.
func refuse(status int, header, value, body string) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) {
		if header != "" {
			w.Header().Set(header, value)
		}
		w.WriteHeader(status)
		fmt.Fprint(w, body)
	}
}

func testProvider(t *testing.T, handler http.Handler) Provider {
	t.Helper()
	server := httptest.NewServer(handler)
	t.Cleanup(server.Close)
	made, err := New(eval.Provider{Name: "test", Kind: eval.ProviderOpenAI, BaseURL: server.URL + "/v1", APIKeyEnv: "KEY"},
		func(string) string { return secret }, nil)
	if err != nil {
		t.Fatal(err)
	}
	return made
}

var request = Request{
	Task: audit.Task{ID: "t1", System: "Be brief.", Prompt: "Say hello", Conversation: []audit.Message{{Role: "user", Content: "Hi"}, {Role: "assistant", Content: "Yes?"}}},
	Arm:  eval.Arm{Name: "a", Model: "model-1"},
}

// TestChatCompletionsTraps runs what endpoints do to Chat Completions alone.
func TestChatCompletionsTraps(t *testing.T) {
	cases := []struct {
		name    string
		handler http.HandlerFunc
		check   func(Answer) bool // nil: a failure is wanted
		status  int
		retry   bool
		message string
	}{
		{"OpenRouter's cost", stream(hello + finish + chunk(`{"choices":[],"usage":{"prompt_tokens":1,"completion_tokens":1,"cost":0.00042}}`)), func(a Answer) bool { return a.Cost != nil && *a.Cost == 420_000 }, 0, false, ""},
		{"DeepSeek's cache hits", stream(hello + finish + chunk(`{"choices":[],"usage":{"prompt_tokens":9,"completion_tokens":1,"prompt_cache_hit_tokens":7}}`)), func(a Answer) bool { return *a.Tokens.Cached == 7 }, 0, false, ""},
		{"only done", stream(done), nil, 0, true, "without a finish reason"},
		{"broken off by the endpoint", stream(hello + chunk(`{"choices":[{"index":0,"delta":{},"finish_reason":"error"}]}`)), nil, 0, true, "finish reason error"},
		{"null errors", stream(chunk(`{"error": null,"model":"served-1","choices":[{"index":0,"delta":{"content":"Hel"}}]}`) +
			chunk(`{"choices":[{"index":0,"delta":{"content":"lo \"error\":null"}}],"error":null}`) + "data:{\"error\":null,\"choices\":[{\"index\":0,\"delta\":{},\"finish_reason\":\"stop\"}]}\n\n" +
			chunk(`{"choices":[],"usage":{"prompt_tokens":20,"completion_tokens":5,"error":null},"error":null}`) + done), func(a Answer) bool {
			return a.Text == `Hello "error":null` && a.ModelServed == "served-1" && a.FinishReason == "stop" && *a.Tokens.Input == 20
		}, 0, false, ""},
		{"OpenRouter's error beside choices", stream(hello + chunk(`{"error":{"code":502,"message":"Provider disconnected"},"choices":[{"index":0,"delta":{"content":""},"finish_reason":"error"}]}`)), nil, 0, true, "Provider disconnected"},
		{"OpenRouter's error that names the request", stream(chunk(`{"error":{"code":403,"message":"Flagged"},"choices":[]}`)), nil, 0, false, "Flagged"},
		{"an error that is text", stream(hello + chunk(`{"error":"boom"}`)), nil, 0, true, "boom"},
		{"a filter", stream(hello + chunk(`{"choices":[{"index":0,"delta":{},"finish_reason":"content_filter"}]}`)), func(a Answer) bool { return eval.Declined(a.FinishReason) }, 0, false, ""},
		{"fingerprint", stream(chunk(`{"system_fingerprint":"fp_1","choices":[]}`) + hello + finish + chunk(`{"system_fingerprint":null,"choices":[]}`)), func(a Answer) bool { return a.Fingerprint == "fp_1" }, 0, false, ""},
		{"no fingerprint", stream(hello + finish), func(a Answer) bool { return a.Fingerprint == "" }, 0, false, ""},
		{"tokens written to a cache", stream(hello + finish + chunk(`{"choices":[],"usage":{"prompt_tokens":9,"completion_tokens":1,"prompt_tokens_details":{"cached_tokens":2,"cache_write_tokens":3}}}`)), func(a Answer) bool { return *a.Tokens.CacheWrite == 3 }, 0, false, ""},
		{"refusal, then a normal end", stream(chunk(`{"choices":[{"index":0,"delta":{"refusal":"No."}}]}`) + finish), func(a Answer) bool { return a.FinishReason == "refusal" }, 0, false, ""},
		{"cut after the finish reason", func(w http.ResponseWriter, r *http.Request) {
			w.Header().Set("Content-Length", "100000")
			stream(hello+finish)(w, r)
		}, func(a Answer) bool { return a.Text == "Hello" && a.Tokens == audit.Tokens{} }, 0, false, ""},
		{
			"xAI counts reasoning apart", stream(hello + finish + chunk(`{"choices":[],"usage":{"prompt_tokens":279,"completion_tokens":6,"total_tokens":374,"completion_tokens_details":{"reasoning_tokens":89}}}`)),
			func(a Answer) bool { return *a.Tokens.Output == 95 && *a.Tokens.Reasoning == 89 }, 0, false, "",
		},
		{
			"OpenRouter with a key of one's own", stream(hello + finish + chunk(`{"choices":[],"usage":{"prompt_tokens":1,"completion_tokens":1,"cost":0.0001,"is_byok":true,"cost_details":{"upstream_inference_cost":0.002}}}`)),
			func(a Answer) bool { return a.Cost != nil && *a.Cost == 2_100_000 }, 0, false, "",
		},
		{
			"negative figures are unknown", stream(hello + finish + chunk(`{"choices":[],"usage":{"prompt_tokens":5,"completion_tokens":-1,"cost":-0.1,"prompt_tokens_details":{"cached_tokens":-3}}}`)),
			func(a Answer) bool {
				return *a.Tokens.Input == 5 && a.Tokens.Output == nil && a.Tokens.Cached == nil && a.Cost == nil
			}, 0, false, "",
		},
		{"the key in a stream, escaped", stream(chunk(`{"error":{"message":"bad key ` + strings.ReplaceAll(secret, "-", `\u002D`) + `"}}`)), nil, 0, true, "[key]"},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			var calls atomic.Int64
			answer, err := testProvider(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				calls.Add(1)
				_, _ = io.Copy(io.Discard, r.Body) // so that the server notices a client that goes away
				c.handler(w, r)
			})).Answer(t.Context(), request)
			if got := calls.Load(); got != 1 {
				t.Errorf("%d requests were sent, want one: retries are the run's", got)
			}
			if c.check != nil {
				if err != nil || !c.check(answer) {
					t.Errorf("got %+v, %v", answer, err)
				}
				return
			}
			var failure *Error
			if !errors.As(err, &failure) {
				t.Fatalf("got %+v, %v, want an *Error", answer, err)
			}
			if failure.Status != c.status || failure.Temporary != c.retry || !strings.Contains(failure.Msg, c.message) {
				t.Errorf("got %+v, want status %d, temporary %v, %q", failure, c.status, c.retry, c.message)
			}
			if strings.Contains(err.Error(), secret) {
				t.Error("the key is in the error")
			}
		})
	}
}

func TestRetryAfter(t *testing.T) {
	now := time.Date(2026, 11, 2, 9, 0, 0, 0, time.UTC)
	for header, want := range map[string]time.Duration{
		"": 0, "2": 2 * time.Second, "0.5": 500 * time.Millisecond, "Mon, 02 Nov 2026 09:00:30 GMT": 30 * time.Second,
		"Mon, 02 Nov 2026 08:00:00 GMT": 0, "soon": 0, "-1": 0,
	} {
		if got := retryAfter(header, now); got != want {
			t.Errorf("Retry-After %q: got %v, want %v", header, got, want)
		}
	}
	_, err := testProvider(t, refuse(429, "Retry-After", "7", "")).Answer(t.Context(), request)
	var failure *Error
	if !errors.As(err, &failure) || failure.RetryAfter != 7*time.Second {
		t.Errorf("got %v, want to be asked back after 7 s", err)
	}
}

func TestRequestCarriesTheTask(t *testing.T) {
	var body string
	handler := stream(hello + finish)
	made := testProvider(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		text, _ := io.ReadAll(r.Body) // what came is checked below
		body = string(text)
		handler(w, r)
	}))
	temperature, most := 0.2, int64(300)
	with := request
	with.Arm.Parameters = eval.Parameters{Temperature: &temperature, MaxOutputTokens: &most, System: "Be kind."}
	if _, err := made.Answer(t.Context(), with); err != nil {
		t.Fatal(err)
	}
	for _, part := range []string{`"model":"model-1"`, `"Be kind."`, `"Yes?"`, `"Say hello"`, `"temperature":0.2`, `"max_completion_tokens":300`, `"include_usage":true`, `"stream":true`} {
		if !strings.Contains(body, part) {
			t.Errorf("the request lacks %s: %s", part, body)
		}
	}
	if strings.Contains(body, "Be brief.") {
		t.Error("the arm's system prompt stands beside the task's instead of replacing it")
	}
}

func TestCancelledIsTheContextsError(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	_, err := testProvider(t, stream(hello+finish)).Answer(ctx, request)
	if !errors.Is(err, context.Canceled) {
		t.Errorf("got %v, want the context's error", err)
	}
}

func TestMissingKey(t *testing.T) {
	_, err := New(eval.Provider{Name: "p", Kind: eval.ProviderOpenAI, BaseURL: "http://127.0.0.1", APIKeyEnv: "NO_SUCH_KEY"}, func(string) string { return "" }, nil)
	if err == nil || !strings.Contains(err.Error(), "NO_SUCH_KEY is not set; export it") {
		t.Errorf("got %v", err)
	}
}

func TestSimulatedSaysSo(t *testing.T) {
	made, err := New(eval.Provider{Name: "s", Kind: eval.ProviderSimulated}, nil, nil)
	if err != nil {
		t.Fatal(err)
	}
	if made.Origin() != eval.Simulated {
		t.Errorf("origin is %q", made.Origin())
	}
	first, err := made.Answer(t.Context(), request)
	if err != nil || !strings.HasPrefix(first.Text, "[simulated answer]") {
		t.Fatalf("got %q, %v, want a labelled text", first.Text, err)
	}
	again, _ := made.Answer(t.Context(), request)
	other := request
	other.Task.ID, other.Task.Prompt = "t2", "Say goodbye"
	different, _ := made.Answer(t.Context(), other)
	if again.Text != first.Text || *again.Latency != *first.Latency || different.Text == first.Text {
		t.Error("the same task must have the same answer, another task another")
	}
}

func TestRecordedAnswersAndTellsWhatIsMissing(t *testing.T) {
	cost, latency := audit.NanoUSD(5), int64(1200)
	made, err := New(eval.Provider{Name: "r", Kind: eval.ProviderRecorded}, nil, func(_ context.Context, task, arm string) (eval.Response, error) {
		if task != "t1" {
			return eval.Response{}, eval.ErrNotFound
		}
		return eval.Response{Text: "recorded " + arm, Cost: &cost, LatencyMS: &latency}, nil
	})
	if err != nil {
		t.Fatal(err)
	}
	answer, err := made.Answer(t.Context(), request)
	if err != nil || answer.Text != "recorded a" || *answer.Cost != 5 || *answer.Latency != 1200*time.Millisecond {
		t.Errorf("got %+v, %v", answer, err)
	}
	missing := request
	missing.Task.ID = "t9"
	var failure *Error
	if _, err := made.Answer(t.Context(), missing); !errors.As(err, &failure) || failure.Temporary || !strings.Contains(failure.Msg, "import-responses --recorded") {
		t.Errorf("got %v, want what to do about it", err)
	}
}
