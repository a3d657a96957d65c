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
	"strconv"
	"strings"
	"syscall"
	"time"

	"github.com/openai/openai-go/v3"
	"github.com/openai/openai-go/v3/option"
	"github.com/openai/openai-go/v3/shared"

	"modeltrial/audit"
	"modeltrial/eval"
)

// openAI speaks Chat Completions, streaming, so that the time to the first token
// is measured.
type openAI struct {
	name           string
	secret         *regexp.Regexp // the key, also as JSON may escape it; nil without one
	maxTokensField string
	chat           openai.ChatCompletionService
}

// maxAnswerBytes ends an endpoint that never stops.
const maxAnswerBytes = 8 << 20

// newOpenAI makes the service without the client around it: the client reads base
// URL, key, organisation and headers from the environment, where a stray variable
// would redirect traffic and the key. The SDK's own retries are off: attempts,
// cost and latency are counted in eval/run.
func newOpenAI(config eval.Provider, key string) *openAI {
	transport := http.DefaultTransport.(*http.Transport).Clone()
	transport.MaxIdleConnsPerHost = 256
	options := []option.RequestOption{
		option.WithBaseURL(strings.TrimRight(config.BaseURL, "/") + "/"),
		option.WithHTTPClient(&http.Client{Transport: onlyEventStreams{transport}, Timeout: config.Timeout()}),
		option.WithMaxRetries(0),
	}
	if key != "" {
		options = append(options, option.WithAPIKey(key))
	}
	return &openAI{
		name: config.Name, secret: secretPattern(key), maxTokensField: config.MaxTokensField,
		chat: openai.NewChatCompletionService(options...),
	}
}

// secretPattern matches a key in whatever an endpoint echoes.
func secretPattern(key string) *regexp.Regexp {
	if key == "" {
		return nil
	}
	var pattern strings.Builder
	for _, c := range []byte(key) {
		fmt.Fprintf(&pattern, `(?:%s|\\u(?i:%04x))`, regexp.QuoteMeta(string(rune(c))), c)
	}
	return regexp.MustCompile(pattern.String())
}

// onlyEventStreams turns a successful answer that is no event stream into an
// error: the SDK reads an HTML page or a plain object as a stream without events.
type onlyEventStreams struct{ next http.RoundTripper }

func (o onlyEventStreams) RoundTrip(request *http.Request) (*http.Response, error) {
	response, err := o.next.RoundTrip(request)
	if err != nil || response.StatusCode >= 300 {
		return response, err
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

// Origin is measured.
func (p *openAI) Origin() eval.ResponseOrigin { return eval.Measured }

// Answer makes one attempt. An answer without a finish reason is a failure: the
// stream ended midway.
func (p *openAI) Answer(ctx context.Context, request Request) (Answer, error) {
	began := time.Now()
	stream := p.chat.NewStreaming(ctx, p.parameters(request))
	defer func() { _ = stream.Close() }() // whatever there was has been read
	var answer Answer
	var text strings.Builder
	refused := false
	for stream.Next() {
		chunk := stream.Current()
		if chunk.Model != "" {
			answer.ModelServed = chunk.Model
		}
		if chunk.JSON.Usage.Valid() {
			readUsage(&answer, chunk.Usage)
		}
		for _, choice := range chunk.Choices {
			if choice.Index != 0 {
				continue
			}
			piece := choice.Delta.Content + choice.Delta.Refusal
			if piece != "" && answer.TTFT == nil {
				first := time.Since(began)
				answer.TTFT = &first
			}
			text.WriteString(piece)
			if choice.FinishReason != "" {
				answer.FinishReason = choice.FinishReason
			}
			refused = refused || choice.Delta.Refusal != ""
		}
		if text.Len() > maxAnswerBytes {
			return answer, p.failure(&Error{Msg: fmt.Sprintf("the answer is longer than %d MiB; set max_output_tokens", maxAnswerBytes>>20)})
		}
	}
	// After the finish reason the answer is whole; a connection that breaks then has
	// lost the usage alone.
	if err := stream.Err(); err != nil && answer.FinishReason == "" {
		return answer, p.explain(ctx, err)
	}
	switch {
	case answer.FinishReason == "":
		return answer, p.failure(&Error{Temporary: true, Msg: "the stream ended without a finish reason"})
	case answer.FinishReason == "error":
		return answer, p.failure(&Error{Temporary: true, Msg: "the endpoint broke the answer off with finish reason error"})
	case refused:
		answer.FinishReason = "refusal"
	}
	latency := time.Since(began)
	answer.Latency, answer.Text = &latency, text.String()
	return answer, nil
}

func (p *openAI) parameters(request Request) openai.ChatCompletionNewParams {
	arm := request.Arm.Parameters
	params := openai.ChatCompletionNewParams{ // the limit is always sent: the call's worst case rests on it
		Model:         request.Arm.Model,
		StreamOptions: openai.ChatCompletionStreamOptionsParam{IncludeUsage: openai.Bool(true)},
	}
	system := request.Task.System
	if arm.System != "" {
		system = arm.System
	}
	if system != "" {
		params.Messages = append(params.Messages, openai.SystemMessage(system))
	}
	for _, turn := range request.Task.Conversation {
		switch turn.Role {
		case "assistant":
			params.Messages = append(params.Messages, openai.AssistantMessage(turn.Content))
		case "system":
			params.Messages = append(params.Messages, openai.SystemMessage(turn.Content))
		default:
			params.Messages = append(params.Messages, openai.UserMessage(turn.Content))
		}
	}
	params.Messages = append(params.Messages, openai.UserMessage(request.Task.Prompt))
	if arm.Temperature != nil {
		params.Temperature = openai.Float(*arm.Temperature)
	}
	if arm.TopP != nil {
		params.TopP = openai.Float(*arm.TopP)
	}
	if p.maxTokensField == "max_tokens" {
		params.MaxTokens = openai.Int(arm.MaxOutput())
	} else {
		params.MaxCompletionTokens = openai.Int(arm.MaxOutput())
	}
	if arm.Seed != nil {
		params.Seed = openai.Int(*arm.Seed)
	}
	if request.Schema != nil {
		params.ResponseFormat.OfJSONSchema = &shared.ResponseFormatJSONSchemaParam{
			JSONSchema: shared.ResponseFormatJSONSchemaJSONSchemaParam{
				Name: request.Schema.Name, Strict: openai.Bool(true), Schema: request.Schema.Body,
			},
		}
	}
	if arm.ReasoningEffort != "" {
		params.ReasoningEffort = shared.ReasoningEffort(arm.ReasoningEffort)
	}
	return params
}

// readUsage takes tokens and the figures that some providers add: OpenRouter's
// cost in dollars, DeepSeek's cache hits. What is not given, or is negative, stays
// unknown.
func readUsage(answer *Answer, usage openai.CompletionUsage) {
	answer.Tokens.Input = tokens(usage.JSON.PromptTokens.Valid(), usage.PromptTokens)
	answer.Tokens.Output = tokens(usage.JSON.CompletionTokens.Valid(), usage.CompletionTokens)
	prompt, completion := usage.PromptTokensDetails, usage.CompletionTokensDetails
	answer.Tokens.Cached = tokens(prompt.JSON.CachedTokens.Valid(), prompt.CachedTokens)
	if hits, err := strconv.ParseInt(usage.JSON.ExtraFields["prompt_cache_hit_tokens"].Raw(), 10, 64); err == nil && answer.Tokens.Cached == nil {
		answer.Tokens.Cached = tokens(true, hits)
	}
	answer.Tokens.Reasoning = tokens(completion.JSON.ReasoningTokens.Valid(), completion.ReasoningTokens)
	// xAI counts reasoning beside the completion, where others count it within.
	if reasoning := completion.ReasoningTokens; reasoning > 0 && answer.Tokens.Output != nil &&
		usage.TotalTokens == usage.PromptTokens+usage.CompletionTokens+reasoning {
		answer.Tokens.Output = tokens(true, usage.CompletionTokens+reasoning)
	}
	answer.Cost = readCost(usage.JSON.ExtraFields["cost"].Raw())
	var more struct {
		OwnKey  bool `json:"is_byok"`
		Details struct {
			Upstream json.Number `json:"upstream_inference_cost"`
		} `json:"cost_details"`
	}
	// With a key of one's own the model's provider bills apart from OpenRouter's fee.
	if err := json.Unmarshal([]byte(usage.RawJSON()), &more); err == nil && more.OwnKey && answer.Cost != nil {
		if upstream := readCost(more.Details.Upstream.String()); upstream != nil {
			*answer.Cost += *upstream
		}
	}
}

func tokens(given bool, count int64) *int64 {
	if !given || count < 0 {
		return nil
	}
	return &count
}

func readCost(raw string) *audit.NanoUSD {
	cost, err := audit.ParseUSD(strings.Trim(raw, `"`))
	if err != nil || cost < 0 {
		return nil
	}
	return &cost
}

// failure names the provider and makes sure that no key is in the message,
// whatever the endpoint echoed.
func (p *openAI) failure(e *Error) *Error {
	e.Provider = p.name
	e.Msg = p.redact(e.Msg)
	return e
}

func (p *openAI) redact(text string) string {
	if p.secret == nil {
		return text
	}
	return p.secret.ReplaceAllString(text, "[key]")
}

// explain sorts a failure into what another attempt may mend and what it may not.
func (p *openAI) explain(ctx context.Context, err error) error {
	if ctx.Err() != nil {
		return ctx.Err()
	}
	var api *openai.Error
	var page *notStream
	var syntax *json.SyntaxError
	switch {
	case errors.As(err, &api):
		return p.failure(fromStatus(api))
	case errors.As(err, &page):
		page.head = p.redact(page.head) // before it is cut
		return p.failure(&Error{Msg: page.Error()})
	case errors.As(err, &syntax):
		return p.failure(&Error{Temporary: true, Msg: "the stream holds malformed JSON: " + syntax.Error()})
	}
	var dns *net.DNSError
	dead := errors.Is(err, syscall.ECONNREFUSED) || errors.As(err, &dns)
	var timeout net.Error
	message := err.Error()
	if errors.As(err, &timeout) && timeout.Timeout() {
		message = "no complete answer within the timeout"
	}
	return p.failure(&Error{Temporary: true, Dead: dead, Msg: message})
}

func fromStatus(api *openai.Error) *Error {
	e := &Error{Status: api.StatusCode, Msg: strings.TrimSpace(api.Message)}
	if e.Msg == "" {
		e.Msg = http.StatusText(api.StatusCode)
	}
	switch api.StatusCode {
	case http.StatusUnauthorized, http.StatusForbidden:
		e.Msg += "; check the key in the environment variable that api_key_env names"
	case http.StatusNotFound:
		e.Msg += "; check base_url and the arm's model"
	case http.StatusRequestTimeout, http.StatusConflict, http.StatusTooEarly, http.StatusTooManyRequests:
		e.Temporary = true
	default:
		e.Temporary = api.StatusCode >= 500
	}
	if api.Response != nil {
		e.RetryAfter = retryAfter(api.Response.Header.Get("Retry-After"), time.Now())
	}
	return e
}

// retryAfter reads seconds or an HTTP date (RFC 9110, section 10.2.3); 0 where
// there is none or it has passed.
func retryAfter(header string, now time.Time) time.Duration {
	if header == "" {
		return 0
	}
	if seconds, err := strconv.ParseFloat(header, 64); err == nil && seconds > 0 && seconds < 1e6 {
		return time.Duration(seconds * float64(time.Second))
	}
	if date, err := http.ParseTime(header); err == nil {
		return max(date.Sub(now), 0)
	}
	return 0
}
