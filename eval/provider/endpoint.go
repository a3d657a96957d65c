package provider

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"regexp"
	"strings"
	"syscall"
	"time"

	"modeltrial/audit"
	"modeltrial/eval"
)

// An endpoint is what the adapters of all interfaces over HTTP have in common: a
// client of its own, and failures that are sorted and hold no key.
type endpoint struct {
	name    string
	key     string         // empty where none is needed
	secret  *regexp.Regexp // the key, also as it may be escaped; nil without one
	timeout time.Duration  // of one attempt
}

func newEndpoint(config eval.Provider, key string) endpoint {
	return endpoint{name: config.Name, key: key, secret: secretPattern(key), timeout: config.Timeout()}
}

// attempt is a context that ends an attempt at the provider's timeout, whatever of it
// has come by then. An http.Client that has one itself starts a goroutine for each call.
func (e *endpoint) attempt(ctx context.Context) (context.Context, context.CancelFunc) {
	return context.WithTimeout(ctx, e.timeout)
}

// Origin is measured.
func (e *endpoint) Origin() eval.ResponseOrigin { return eval.Measured }

// maxIdle is the number of connections that are kept for the next calls, as many as
// calls can be in flight: a new one costs two round trips and a handshake.
const maxIdle = 1024

// httpClient is a client whose answers are event streams. It has no timeout: see
// [endpoint.attempt].
func httpClient() *http.Client {
	transport := http.DefaultTransport.(*http.Transport).Clone()
	transport.MaxIdleConns, transport.MaxIdleConnsPerHost = 0, maxIdle
	return &http.Client{Transport: onlyEventStreams{reportingLimits{inOnePiece{transport}}}}
}

// inOnePiece sends a request's header together with its body, which takes one packet
// where it is small. net/http does so where it sees that the body is in memory; OpenAI's
// SDK wraps it.
type inOnePiece struct{ next http.RoundTripper }

func (o inOnePiece) RoundTrip(request *http.Request) (*http.Response, error) {
	if request.GetBody == nil {
		return o.next.RoundTrip(request)
	}
	body, err := request.GetBody()
	if err != nil {
		return nil, errors.Join(err, request.Body.Close())
	}
	if err := request.Body.Close(); err != nil { // the other one is sent
		return nil, err
	}
	bare := request.WithContext(request.Context()) // the caller's is not to be changed
	bare.Body = body
	return o.next.RoundTrip(bare)
}

// secretPattern matches a key in whatever an endpoint echoes, also where JSON or an
// address has its characters escaped.
func secretPattern(key string) *regexp.Regexp {
	if key == "" {
		return nil
	}
	var pattern strings.Builder
	for _, c := range []byte(key) {
		fmt.Fprintf(&pattern, `(?:\\?%s|\\u(?i:%04x)|%%(?i:%02x))`, regexp.QuoteMeta(string(rune(c))), c, c)
	}
	return regexp.MustCompile(pattern.String())
}

// redact takes the key out of a message, whatever the endpoint echoed.
func (e *endpoint) redact(text string) string {
	if e.secret == nil {
		return text
	}
	return e.secret.ReplaceAllString(text, "[key]")
}

// failure names the provider and makes sure that no key is in the message.
func (e *endpoint) failure(f *Error) *Error {
	f.Provider = e.name
	f.Msg = e.redact(f.Msg)
	return f
}

// onlyEventStreams turns a successful answer that is no event stream into an
// error: the SDKs read an HTML page or a plain object as a stream without events. A
// redirection is one as well: task and key would go to an address that nobody chose.
type onlyEventStreams struct{ next http.RoundTripper }

func (o onlyEventStreams) RoundTrip(request *http.Request) (*http.Response, error) {
	response, err := o.next.RoundTrip(request)
	if err != nil || response.StatusCode >= 400 {
		return response, err
	}
	if response.StatusCode >= 300 {
		return nil, errors.Join(&redirection{response.StatusCode, response.Header.Get("Location")}, response.Body.Close())
	}
	if kind := response.Header.Get("Content-Type"); !strings.HasPrefix(kind, "text/event-stream") {
		head, _ := io.ReadAll(io.LimitReader(response.Body, 4096)) // only to show its beginning
		return nil, errors.Join(&notStream{kind, string(bytes.TrimSpace(head))}, response.Body.Close())
	}
	return response, nil
}

type notStream struct{ kind, head string }

func (e *notStream) Error() string {
	return fmt.Sprintf("the answer is %q and no event stream: %.80q; is base_url right?", e.kind, e.head)
}

type redirection struct {
	status int
	to     string
}

func (e *redirection) Error() string {
	return fmt.Sprintf("the endpoint sends the request on to %q, which is not followed, lest the key go astray; if that address is right write it as base_url", e.to)
}

// explain sorts a failure without an HTTP status into what another attempt may mend
// and what it may not.
func (e *endpoint) explain(ctx context.Context, err error) error {
	if ctx.Err() != nil {
		return ctx.Err()
	}
	var page *notStream
	var moved *redirection
	var syntax *json.SyntaxError
	switch {
	case errors.As(err, &moved):
		return e.failure(&Error{Status: moved.status, Cause: CauseModel, Msg: moved.Error()})
	case errors.As(err, &page):
		page.head = e.redact(page.head) // before it is cut
		return e.failure(&Error{Msg: page.Error()})
	case errors.As(err, &syntax):
		return e.failure(&Error{Temporary: true, Msg: "the stream holds malformed JSON: " + syntax.Error()})
	}
	var dns *net.DNSError
	dead := errors.Is(err, syscall.ECONNREFUSED) || errors.As(err, &dns)
	var timeout net.Error
	message := err.Error()
	if errors.As(err, &timeout) && timeout.Timeout() {
		message = "no complete answer within the timeout"
	}
	return e.failure(&Error{Temporary: true, Dead: dead, Msg: message})
}

// maxAnswerBytes ends an endpoint that never stops.
const maxAnswerBytes = 8 << 20

// A draft is an answer while it streams in.
type draft struct {
	Answer
	endpoint *endpoint
	began    time.Time
	text     strings.Builder
	refused  bool
}

func (e *endpoint) draft() *draft { return &draft{endpoint: e, began: time.Now()} }

// add appends text, the first of which ends the time to the first token. It returns
// an error where the answer grows beyond all measure.
func (d *draft) add(piece string) error {
	if piece == "" {
		return nil
	}
	if d.TTFT == nil {
		first := time.Since(d.began)
		d.TTFT = &first
	}
	d.text.WriteString(piece)
	if d.text.Len() > maxAnswerBytes {
		return d.endpoint.failure(&Error{Msg: fmt.Sprintf("the answer is longer than %d MiB; set max_output_tokens", maxAnswerBytes>>20)})
	}
	return nil
}

// done is the whole answer. A draft without a finish reason is a failure: the stream
// ended midway. A key that the endpoint echoes in its answer is taken out of it.
func (d *draft) done() (Answer, error) {
	switch {
	case d.FinishReason == "":
		return d.Answer, d.endpoint.failure(&Error{Temporary: true, Msg: "the stream ended without a finish reason"})
	case d.FinishReason == "error":
		return d.Answer, d.endpoint.failure(&Error{Temporary: true, Msg: "the endpoint broke the answer off with finish reason error"})
	case d.refused:
		d.FinishReason = FinishRefusal
	}
	latency := time.Since(d.began)
	d.Latency, d.Text = &latency, d.text.String()
	if key := d.endpoint.key; key != "" {
		for _, field := range []*string{&d.Text, &d.ModelServed, &d.Fingerprint, &d.FinishReason} {
			*field = strings.ReplaceAll(*field, key, "[key]")
		}
	}
	return d.Answer, nil
}

// systemPrompt is the arm's system prompt where it has one, else the task's.
func systemPrompt(request Request) string {
	if request.Arm.Parameters.System != "" {
		return request.Arm.Parameters.System
	}
	return request.Task.System
}

// tokens is a count; nil where it is not given or negative.
func tokens(given bool, count int64) *int64 {
	if !given || count < 0 {
		return nil
	}
	return &count
}

// readCost reads dollars; nil where there are none or they are negative.
func readCost(raw string) *audit.NanoUSD {
	cost, err := audit.ParseUSD(strings.Trim(raw, `"`))
	if err != nil || cost < 0 {
		return nil
	}
	return &cost
}
