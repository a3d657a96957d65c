package provider

import (
	"cmp"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"slices"
	"strconv"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"modeltrial/audit"
	"modeltrial/eval"
)

// A dialect is how a scripted server speaks one interface.
type dialect struct {
	name string
	path string // of the requests
	kind eval.ProviderKind
	api  eval.API
	// timeout of an attempt, in seconds; 0: one that no whole answer meets.
	timeout int
	// text begins an answer and streams its pieces, without an end; they are JSON
	// strings without the quotation marks.
	text func(pieces ...string) string
	// refusal begins an answer that declines.
	refusal func(words string) string
	// end ends an answer by one of our finish reasons; tokens are full, none or odd.
	end func(reason, tokens string) string
	// failure is an error within the stream.
	failure func(message, kind string) string
	// nothing is a stream that begins, has no content and ends without a reason.
	nothing string
	// reject is the body of an HTTP error.
	reject func(message, kind string) string
}

// Of full tokens there are 20 in, 8 of them from a cache, 5 out, 2 of them reasoning.
const (
	full = "full"
	none = "none"
	odd  = "odd" // negative, of another type, and null
)

func named(event, data string) string { return "event: " + event + "\ndata: " + data + "\n\n" }

func openAIReject(message, kind string) string {
	return fmt.Sprintf(`{"error":{"message":"%s","type":"invalid_request_error","param":null,"code":"%s"}}`, message, kind)
}

var chatDialect = dialect{
	name: "Chat Completions", path: "/v1/chat/completions", kind: eval.ProviderOpenAI,
	text: func(pieces ...string) string {
		events := chunk(`{"model":"served-1","choices":[{"index":0,"delta":{"role":"assistant","content":""},"finish_reason":null}]}`)
		for _, piece := range pieces {
			events += chunk(`{"model":"served-1","choices":[{"index":0,"delta":{"content":"` + piece + `"},"finish_reason":null}]}`)
		}
		return events
	},
	refusal: func(words string) string {
		return chunk(`{"model":"served-1","choices":[{"index":0,"delta":{"refusal":"` + words + `"},"finish_reason":null}]}`)
	},
	end: func(reason, tokens string) string {
		if reason == FinishRefusal {
			reason = FinishStop
		}
		events := chunk(`{"model":"served-1","choices":[{"index":0,"delta":{},"finish_reason":"` + reason + `"}]}`)
		switch tokens {
		case full:
			events += usage
		case odd:
			events += chunk(`{"choices":[],"usage":{"prompt_tokens":-1,"completion_tokens":"many","prompt_tokens_details":null,"completion_tokens_details":{"reasoning_tokens":-2}}}`)
		}
		return events + done
	},
	failure: func(message, kind string) string {
		return chunk(`{"error":{"message":"` + message + `","code":"` + kind + `"}}`)
	},
	nothing: chunk(`{"model":"served-1","choices":[]}`) + done,
	reject:  openAIReject,
}

// responsesEnd is the last event of Responses.
func responsesEnd(reason, tokens string) string {
	status, details := "completed", "null"
	if reason == FinishLength {
		status, details = "incomplete", `{"reason":"max_output_tokens"}`
	}
	usage := "null"
	switch tokens {
	case full:
		usage = `{"input_tokens":20,"input_tokens_details":{"cached_tokens":8},"output_tokens":5,"output_tokens_details":{"reasoning_tokens":2},"total_tokens":25}`
	case odd:
		usage = `{"input_tokens":-1,"input_tokens_details":null,"output_tokens":"many","output_tokens_details":{"reasoning_tokens":-2}}`
	}
	return named("response."+status, fmt.Sprintf(
		`{"type":"response.%s","response":{"id":"r1","model":"served-1","status":"%s","error":null,"incomplete_details":%s,"output":[],"usage":%s}}`, status, status, details, usage))
}

var responsesBegin = named("response.created", `{"type":"response.created","response":{"id":"r1","model":"served-1","status":"in_progress","error":null,"output":[],"usage":null}}`)

var responsesDialect = dialect{
	name: "Responses", path: "/v1/responses", kind: eval.ProviderOpenAI, api: eval.APIResponses,
	text: func(pieces ...string) string {
		events := responsesBegin
		for _, piece := range pieces {
			events += named("response.output_text.delta", `{"type":"response.output_text.delta","item_id":"m1","output_index":0,"content_index":0,"delta":"`+piece+`"}`)
		}
		return events
	},
	refusal: func(words string) string {
		return responsesBegin + named("response.refusal.delta", `{"type":"response.refusal.delta","item_id":"m1","output_index":0,"content_index":0,"delta":"`+words+`"}`)
	},
	end: responsesEnd,
	failure: func(message, kind string) string {
		return named("error", `{"type":"error","code":"`+kind+`","message":"`+message+`","param":null}`)
	},
	nothing: responsesBegin,
	reject:  openAIReject,
}

func messageBegin(tokens string) string {
	usage := ""
	switch tokens {
	case full:
		usage = `,"usage":{"input_tokens":9,"cache_read_input_tokens":8,"cache_creation_input_tokens":3,"output_tokens":1}`
	case odd:
		usage = `,"usage":{"input_tokens":-1,"cache_read_input_tokens":null,"output_tokens":1}`
	}
	return named("message_start", `{"type":"message_start","message":{"id":"m1","type":"message","role":"assistant","model":"served-1","content":[],"stop_reason":null`+usage+`}}`) +
		named("ping", `{"type":"ping"}`)
}

var messagesDialect = dialect{
	name: "Messages", path: "/v1/messages", kind: eval.ProviderAnthropic,
	text: func(pieces ...string) string {
		events := messageBegin(none) + named("content_block_start", `{"type":"content_block_start","index":0,"content_block":{"type":"text","text":""}}`)
		for _, piece := range pieces {
			events += named("content_block_delta", `{"type":"content_block_delta","index":0,"delta":{"type":"text_delta","text":"`+piece+`"}}`)
		}
		return events
	},
	refusal: func(words string) string {
		return messageBegin(none) + named("content_block_delta", `{"type":"content_block_delta","index":0,"delta":{"type":"text_delta","text":"`+words+`"}}`)
	},
	end: func(reason, tokens string) string {
		reason = map[string]string{FinishStop: "end_turn", FinishLength: "max_tokens", FinishRefusal: "refusal"}[reason]
		usage := ""
		switch tokens {
		case full:
			usage = `,"usage":{"input_tokens":9,"cache_read_input_tokens":8,"cache_creation_input_tokens":3,"output_tokens":5,"output_tokens_details":{"thinking_tokens":2}}`
		case odd:
			usage = `,"usage":{"input_tokens":-1,"cache_read_input_tokens":null,"output_tokens":"many","output_tokens_details":{"thinking_tokens":-2}}`
		}
		return named("content_block_stop", `{"type":"content_block_stop","index":0}`) +
			named("message_delta", `{"type":"message_delta","delta":{"stop_reason":"`+reason+`","stop_sequence":null}`+usage+`}`) +
			named("message_stop", `{"type":"message_stop"}`)
	},
	failure: func(message, kind string) string {
		return named("error", `{"type":"error","error":{"type":"`+kind+`","message":"`+message+`"}}`)
	},
	nothing: messageBegin(none) + named("message_stop", `{"type":"message_stop"}`),
	reject: func(message, kind string) string {
		return fmt.Sprintf(`{"type":"error","error":{"type":"%s","message":"%s"}}`, kind, message)
	},
}

var dialects = []dialect{chatDialect, responsesDialect, messagesDialect}

// A scenario is one way in which an endpoint may answer.
type scenario struct {
	name   string
	handle func(dialect) http.HandlerFunc
	// check is of a whole answer; nil where the attempt must fail as the rest says.
	check   func(Answer) bool
	status  int
	retry   bool
	after   time.Duration // as asked
	cause   Cause
	billed  bool
	final   bool
	message string
	stalls  bool // until the attempt's timeout
}

// says is a stream that ends cleanly.
func says(events func(dialect) string) func(dialect) http.HandlerFunc {
	return func(d dialect) http.HandlerFunc { return stream(events(d)) }
}

// rejects is an HTTP error with headers, given as name, value, name, value.
func rejects(status int, message, kind string, headers ...string) func(dialect) http.HandlerFunc {
	return func(d dialect) http.HandlerFunc {
		return func(w http.ResponseWriter, _ *http.Request) {
			for pair := range slices.Chunk(headers, 2) {
				w.Header().Set(pair[0], pair[1])
			}
			w.Header().Set("Content-Type", "application/json")
			w.WriteHeader(status)
			fmt.Fprint(w, d.reject(message, kind))
		}
	}
}

// plainly is an answer without a stream.
func plainly(kind, body string) func(dialect) http.HandlerFunc {
	return func(dialect) http.HandlerFunc { return refuse(http.StatusOK, "Content-Type", kind, body) }
}

// breaks sends events and then resets the connection.
func breaks(events func(dialect) string) func(dialect) http.HandlerFunc {
	return func(d dialect) http.HandlerFunc {
		return func(w http.ResponseWriter, r *http.Request) {
			stream(events(d))(w, r)
			_ = http.NewResponseController(w).Flush() // so that the client has the beginning
			panic(http.ErrAbortHandler)
		}
	}
}

// stalls sends events and then nothing until the client goes away.
func stalls(events func(dialect) string) func(dialect) http.HandlerFunc {
	return func(d dialect) http.HandlerFunc {
		return func(w http.ResponseWriter, r *http.Request) {
			if text := events(d); text != "" {
				stream(text)(w, r)
				_ = http.NewResponseController(w).Flush() // so that the client has the beginning
			}
			select {
			case <-r.Context().Done():
			case <-time.After(10 * time.Second):
			}
		}
	}
}

func half(d dialect) string  { return d.text("Hel") }
func whole(d dialect) string { return d.text("Hel", "lo") + d.end(FinishStop, full) }

const slow = 150 * time.Millisecond

var scenarios = []scenario{
	{name: "success", handle: says(whole), check: func(a Answer) bool {
		return a.Text == "Hello" && a.FinishReason == FinishStop && a.ModelServed == "served-1" && *a.Tokens.Input == 20 && *a.Tokens.Cached == 8 &&
			*a.Tokens.Output == 5 && *a.Tokens.Reasoning == 2 && a.Cost == nil && *a.TTFT <= *a.Latency
	}},
	{name: "without usage", handle: says(func(d dialect) string { return d.text("Hello") + d.end(FinishStop, none) }), check: func(a Answer) bool {
		return a.Text == "Hello" && a.Tokens == audit.Tokens{} && a.Cost == nil
	}},
	{name: "odd usage", handle: says(func(d dialect) string { return d.text("Hello") + d.end(FinishStop, odd) }), check: func(a Answer) bool {
		return a.Text == "Hello" && a.Tokens == audit.Tokens{}
	}},
	{name: "truncated", handle: says(func(d dialect) string { return d.text("Hel") + d.end(FinishLength, full) }), check: func(a Answer) bool {
		return a.Text == "Hel" && eval.Truncated(a.FinishReason) && *a.Tokens.Output == 5
	}},
	{name: "refused", handle: says(func(d dialect) string { return d.refusal("I won't.") + d.end(FinishRefusal, full) }), check: func(a Answer) bool {
		return a.Text == "I won't." && eval.Declined(a.FinishReason) && *a.Tokens.Output == 5
	}},
	{name: "no text", handle: says(func(d dialect) string { return d.text() + d.end(FinishStop, full) }), check: func(a Answer) bool {
		return a.Text == "" && a.FinishReason == FinishStop && a.TTFT == nil && a.Latency != nil
	}},
	{name: "any characters", handle: says(func(d dialect) string { return d.text(`a\nb\u0000`, "\U0001f600", `\"é`) + d.end(FinishStop, none) }), check: func(a Answer) bool {
		return a.Text == "a\nb\x00\U0001f600\"é"
	}},
	{name: "comments and lines that end as on Windows", handle: says(func(d dialect) string {
		return ": keep-alive\r\n\r\n" + strings.ReplaceAll(whole(d), "\n", "\r\n")
	}), check: func(a Answer) bool { return a.Text == "Hello" }},
	{name: "slow first token", handle: func(d dialect) http.HandlerFunc {
		return func(w http.ResponseWriter, r *http.Request) {
			stream(d.text())(w, r)
			_ = http.NewResponseController(w).Flush() // the stream begins, its text is slow
			time.Sleep(slow)
			fmt.Fprint(w, d.text("Hello")+d.end(FinishStop, none))
		}
	}, check: func(a Answer) bool { return a.Text == "Hello" && *a.TTFT >= slow && *a.Latency >= *a.TTFT }},
	{name: "long output", handle: says(func(d dialect) string {
		return d.text(slices.Repeat([]string{strings.Repeat("x", 100_000)}, 40)...) + d.end(FinishStop, full)
	}), check: func(a Answer) bool { return a.Text == strings.Repeat("x", 4_000_000) && *a.Tokens.Output == 5 }},
	{name: "huge output", handle: says(func(d dialect) string {
		return d.text(slices.Repeat([]string{strings.Repeat("x", 1_000_000)}, 9)...) + d.end(FinishStop, full)
	}), billed: true, message: "longer than 8 MiB"},
	{name: "the key in the answer", handle: says(func(d dialect) string { return d.text("my key is "+secret[:6], secret[6:]) + d.end(FinishStop, none) }), check: func(a Answer) bool {
		return a.Text == "my key is [key]"
	}},

	{name: "ends midway", handle: says(half), retry: true, billed: true, message: "without a finish reason"},
	{name: "ends within a refusal", handle: says(func(d dialect) string { return d.refusal("I wo") }), retry: true, billed: true, message: "without a finish reason"},
	{name: "cut in the middle", handle: breaks(half), retry: true, billed: true},
	{name: "cut within an event", handle: breaks(func(d dialect) string { return half(d) + "data: {\"type\":" }), retry: true, billed: true},
	{name: "no choice", handle: says(func(d dialect) string { return d.nothing }), retry: true, billed: true, message: "without a finish reason"},
	{name: "empty stream", handle: says(func(dialect) string { return "" }), retry: true, billed: true, message: "without a finish reason"},
	{name: "only comments", handle: says(func(dialect) string { return ": keep-alive\n\n: keep-alive\n\n" }), retry: true, billed: true, message: "without a finish reason"},
	{name: "malformed JSON", handle: says(func(d dialect) string { return half(d) + named("message_delta", `{"type": [`) }), retry: true, billed: true, message: "malformed JSON"},
	{name: "error in the stream", handle: says(func(d dialect) string { return half(d) + d.failure("Overloaded", "overloaded_error") }), retry: true, billed: true, message: "Overloaded"},
	{name: "error that another attempt does not mend", handle: says(func(d dialect) string { return d.failure("Too long", "context_length_exceeded") }), billed: true, message: "Too long"},
	{name: "the key in an error of the stream", handle: says(func(d dialect) string {
		return d.failure("bad "+strings.ReplaceAll(secret, "-", `\u002d`), "overloaded_error")
	}), retry: true, billed: true, message: "bad [key]"},
	{name: "a page", handle: plainly("text/html", "<html>login</html>"), billed: true, message: "base_url"},
	{name: "a plain object", handle: plainly("application/json", `{"choices":[{"message":{"content":"x"}}],"content":[{"type":"text","text":"x"}]}`), billed: true, message: "no event stream"},
	{name: "an empty body", handle: plainly("text/plain", ""), billed: true, message: "no event stream"},
	{name: "the key in a page, cut", handle: plainly("text/html", strings.Repeat("x", 70)+secret), billed: true, message: "[key]"},

	{name: "a redirection", handle: func(dialect) http.HandlerFunc {
		return func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Location", "https://elsewhere.invalid/?key="+secret)
			w.WriteHeader(http.StatusTemporaryRedirect)
		}
	}, status: 307, cause: CauseModel, message: "https://elsewhere.invalid/?key=[key]\", which is not followed"},

	{name: "429", handle: rejects(429, "Slow down", "rate_limit_error"), status: 429, retry: true, message: "Slow down"},
	{name: "429 with Retry-After", handle: rejects(429, "Slow down", "rate_limit_error", "Retry-After", "7"), status: 429, retry: true, after: 7 * time.Second},
	{name: "429 with retry-after-ms", handle: rejects(429, "", "", "retry-after-ms", "250", "Retry-After", "1"), status: 429, retry: true, after: 250 * time.Millisecond},
	{name: "429 with OpenAI's limits", handle: rejects(429, "", "", "x-ratelimit-remaining-requests", "5", "x-ratelimit-reset-requests", "9s",
		"x-ratelimit-remaining-tokens", "0", "x-ratelimit-reset-tokens", "1m30s"), status: 429, retry: true, after: 90 * time.Second},
	{name: "429 for want of credit", handle: rejects(429, "You exceeded your current quota", "insufficient_quota"), status: 429, cause: CauseAccount, message: "no credit"},
	{name: "400 for want of credit", handle: rejects(400, "Your credit balance is too low to access the API", "invalid_request_error"), status: 400, cause: CauseAccount, message: "no credit"},
	{name: "500", handle: rejects(500, "Oops", "api_error"), status: 500, retry: true, message: "Oops"},
	{name: "500 with a page", handle: func(dialect) http.HandlerFunc { return refuse(500, "Content-Type", "text/html", "<html>") }, status: 500, retry: true},
	{name: "503", handle: func(dialect) http.HandlerFunc { return refuse(503, "Retry-After", "3", "") }, status: 503, retry: true, after: 3 * time.Second},
	{name: "529", handle: rejects(529, "Overloaded", "overloaded_error"), status: 529, retry: true, message: "Overloaded"},
	{name: "wrong key", handle: rejects(401, "invalid key "+secret, "authentication_error"), status: 401, cause: CauseAccount, message: "invalid key [key]; check the key in the environment variable that api_key_env names"},
	{name: "unknown model", handle: rejects(404, "no such model", "not_found_error"), status: 404, cause: CauseModel, message: "the arm's model"},
	{name: "unknown model by another status", handle: rejects(400, "no such model", "model_not_found"), status: 400, cause: CauseModel, message: "the arm's model"},
	{name: "bad request", handle: rejects(400, "too many tokens", "invalid_request_error"), status: 400, final: true, message: "too many tokens"},

	{name: "connection reset", handle: func(dialect) http.HandlerFunc {
		return func(http.ResponseWriter, *http.Request) { panic(http.ErrAbortHandler) }
	}, retry: true, billed: true},
	{name: "timeout", handle: stalls(func(dialect) string { return "" }), retry: true, billed: true, message: "timeout", stalls: true},
	{name: "timeout in the middle", handle: stalls(half), retry: true, billed: true, message: "timeout", stalls: true},
}

// serve runs a scripted server that counts its requests, and the provider that is
// configured for it.
func serve(t *testing.T, d dialect, handler http.HandlerFunc) (made Provider, calls *atomic.Int64) {
	t.Helper()
	calls = new(atomic.Int64)
	return testDialect(t, d, func(w http.ResponseWriter, r *http.Request) {
		calls.Add(1)
		if r.URL.Path != d.path {
			t.Errorf("the request went to %s, want %s", r.URL.Path, d.path)
		}
		_, _ = io.Copy(io.Discard, r.Body) // so that the server notices a client that goes away
		handler(w, r)
	}), calls
}

// testDialect is a provider of a server that answers with a handler.
func testDialect(t *testing.T, d dialect, handler http.HandlerFunc) Provider {
	t.Helper()
	server := httptest.NewServer(handler)
	t.Cleanup(server.Close)
	made, err := New(eval.Provider{Name: "test", Kind: d.kind, API: d.api, BaseURL: server.URL + "/v1", APIKeyEnv: "KEY", TimeoutSeconds: cmp.Or(d.timeout, 120)},
		func(string) string { return secret }, nil)
	if err != nil {
		t.Fatal(err)
	}
	return made
}

// TestConformance runs every way in which an endpoint may answer through every
// adapter, over real HTTP.
func TestConformance(t *testing.T) {
	for _, d := range dialects {
		for _, s := range scenarios {
			t.Run(d.name+"/"+s.name, func(t *testing.T) {
				t.Parallel()
				d := d
				if s.stalls {
					d.timeout = 1
				}
				made, calls := serve(t, d, s.handle(d))
				answer, err := made.Answer(t.Context(), request)
				if got := calls.Load(); got != 1 {
					t.Errorf("%d requests were sent, want one: retries are the run's", got)
				}
				if s.check != nil {
					if err != nil || !s.check(answer) {
						t.Errorf("got %.2000s, %v", fmt.Sprintf("%+v", answer), err)
					}
					return
				}
				checkFailure(t, s, err)
			})
		}
	}
}

func checkFailure(t *testing.T, s scenario, err error) {
	t.Helper()
	var failure *Error
	if !errors.As(err, &failure) {
		t.Fatalf("got %v, want an *Error", err)
	}
	if failure.Provider != "test" || failure.Status != s.status || failure.Temporary != s.retry || failure.RetryAfter != s.after || failure.Cause != s.cause || failure.Dead {
		t.Errorf("got %+v, want status %d, temporary %v, retry after %v, cause %q", failure, s.status, s.retry, s.after, s.cause)
	}
	if failure.MayBeBilled() != s.billed || failure.Final() != s.final {
		t.Errorf("may be billed %v, final %v, want %v, %v", failure.MayBeBilled(), failure.Final(), s.billed, s.final)
	}
	if failure.Msg == "" || !strings.Contains(failure.Msg, s.message) {
		t.Errorf("the message is %q, want %q in it", failure.Msg, s.message)
	}
	if strings.Contains(err.Error(), secret) {
		t.Error("the key is in the error")
	}
}

// TestNobodyListens tells an endpoint that is not there from one that is slow.
func TestNobodyListens(t *testing.T) {
	for _, d := range dialects {
		made, err := New(eval.Provider{Name: "test", Kind: d.kind, API: d.api, BaseURL: "http://127.0.0.1:1/v1"}, nil, nil)
		if err != nil {
			t.Fatal(err)
		}
		var failure *Error
		if _, err := made.Answer(t.Context(), request); !errors.As(err, &failure) || !failure.Dead || failure.MayBeBilled() {
			t.Errorf("%s: got %v, want to hear that nobody is there", d.name, err)
		}
	}
}

// TestEnvironmentDoesNotRedirect sets every variable that the SDKs' own clients
// read: none may change where a request goes or what it carries.
func TestEnvironmentDoesNotRedirect(t *testing.T) {
	elsewhere := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { t.Error("a request went elsewhere") }))
	t.Cleanup(elsewhere.Close)
	for _, name := range []string{
		"OPENAI_API_KEY", "OPENAI_ORG_ID", "OPENAI_PROJECT_ID", "OPENAI_ADMIN_KEY", "ANTHROPIC_API_KEY", "ANTHROPIC_AUTH_TOKEN",
		"ANTHROPIC_PROFILE", "ANTHROPIC_FEDERATION_RULE_ID", "ANTHROPIC_ORGANIZATION_ID", "ANTHROPIC_IDENTITY_TOKEN", "ANTHROPIC_WORKSPACE_ID",
	} {
		t.Setenv(name, "stray-"+strings.ToLower(name))
	}
	t.Setenv("OPENAI_BASE_URL", elsewhere.URL)
	t.Setenv("ANTHROPIC_BASE_URL", elsewhere.URL)
	t.Setenv("OPENAI_CUSTOM_HEADERS", "X-Stray: yes")
	t.Setenv("ANTHROPIC_CUSTOM_HEADERS", "X-Stray: yes")
	for _, d := range dialects {
		for _, key := range []string{secret, ""} {
			t.Run(d.name+", key "+strconv.Quote(key), func(t *testing.T) {
				var header http.Header
				server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
					header = r.Header.Clone()
					stream(whole(d))(w, r)
				}))
				t.Cleanup(server.Close)
				config := eval.Provider{Name: "test", Kind: d.kind, API: d.api, BaseURL: server.URL}
				if key != "" {
					config.APIKeyEnv = "KEY"
				}
				made, err := New(config, func(string) string { return key }, nil)
				if err != nil {
					t.Fatal(err)
				}
				if _, err := made.Answer(t.Context(), request); err != nil {
					t.Fatal(err)
				}
				checkKeyHeaders(t, d, key, header)
			})
		}
	}
}

// checkKeyHeaders wants the key in its one header and nothing of the environment.
func checkKeyHeaders(t *testing.T, d dialect, key string, header http.Header) {
	t.Helper()
	want := map[string]string{"Authorization": "", "X-Api-Key": ""}
	switch {
	case d.kind == eval.ProviderAnthropic:
		want["X-Api-Key"] = key
	case key != "":
		want["Authorization"] = "Bearer " + key
	}
	for name, value := range want {
		if got := header.Get(name); got != value {
			t.Errorf("%s is %q, want %q", name, got, value)
		}
	}
	for name, values := range header {
		if strings.Contains(strings.ToLower(fmt.Sprint(name, values)), "stray") {
			t.Errorf("header %s: %v comes from the environment", name, values)
		}
	}
}
