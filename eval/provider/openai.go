package provider

import (
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"strings"

	"github.com/openai/openai-go/v3"
	"github.com/openai/openai-go/v3/option"
	"github.com/openai/openai-go/v3/packages/ssestream"
	"github.com/tidwall/gjson"

	"modeltrial/eval"
)

// chatCompletions speaks Chat Completions, streaming, so that the time to the first
// token is measured.
type chatCompletions struct {
	endpoint
	maxTokensField string
	client         openai.Client
}

// newChatCompletions makes a client of its options alone: the SDK's own way to make one
// reads base URL, key, organisation and headers from the environment, where a stray
// variable would redirect traffic and the key.
func newChatCompletions(config eval.Provider, key string) *chatCompletions {
	return &chatCompletions{
		endpoint: newEndpoint(config, key), maxTokensField: config.MaxTokensField,
		client: openai.Client{Options: openAIOptions(config, key, httpClient())},
	}
}

// openAIOptions are those of both of OpenAI's interfaces. The SDK's own retries are
// off: attempts, cost and latency are counted in eval/run.
func openAIOptions(config eval.Provider, key string, client *http.Client) []option.RequestOption {
	options := []option.RequestOption{
		option.WithBaseURL(strings.TrimRight(config.BaseURL, "/") + "/"),
		option.WithHTTPClient(client),
		option.WithMaxRetries(0),
	}
	if key != "" {
		options = append(options, option.WithAPIKey(key))
	}
	return options
}

// Answer makes one attempt. An answer without a finish reason is a failure: the
// stream ended midway.
func (p *chatCompletions) Answer(ctx context.Context, request Request) (Answer, error) {
	body, err := p.request(request).streaming()
	if err != nil {
		return Answer{}, p.failure(&Error{Msg: "write the request: " + err.Error()})
	}
	within, cancel := p.attempt(ctx)
	defer cancel()
	answer := p.draft()
	var response *http.Response
	err = p.client.Post(within, "chat/completions", body, &response)
	if err != nil {
		return answer.Answer, p.explainOpenAI(ctx, err)
	}
	stream := ssestream.NewDecoder(response)
	defer func() { _ = stream.Close() }() // whatever there was has been read
	for stream.Next() && !bytes.HasPrefix(stream.Event().Data, []byte("[DONE]")) {
		var event gjson.Result
		if event, err = chatEvent(stream.Event()); err != nil {
			break
		}
		if err := p.read(answer, event); err != nil {
			return answer.Answer, err
		}
	}
	// After the finish reason the answer is whole; a connection that breaks then has
	// lost the usage alone.
	if err := cmp.Or(err, stream.Err()); err != nil && answer.FinishReason == "" {
		return answer.Answer, p.explainOpenAI(ctx, err)
	}
	return answer.done()
}

// chatEvent reads an event of a stream. The SDK decodes it by a type with fields for whatever
// there may be, which takes most of the time of reading an answer, and takes the
// `"error": null` that some endpoints write into every event for a failure.
func chatEvent(event ssestream.Event) (gjson.Result, error) {
	read := gjson.ParseBytes(event.Data)
	if failure := read.Get("error"); failure.Exists() && failure.Type != gjson.Null {
		return read, &ssestream.StreamError{Event: event}
	}
	if !gjson.ValidBytes(event.Data) {
		return read, json.Unmarshal(event.Data, new(json.RawMessage)) // which says what is wrong
	}
	return read, nil
}

func (p *chatCompletions) read(answer *draft, event gjson.Result) (err error) {
	answer.ModelServed = cmp.Or(event.Get("model").Str, answer.ModelServed)
	answer.Fingerprint = cmp.Or(event.Get("system_fingerprint").Str, answer.Fingerprint)
	if usage := event.Get("usage"); usage.IsObject() {
		readUsage(&answer.Answer, usage)
	}
	event.Get("choices").ForEach(func(_, choice gjson.Result) bool {
		if choice.Get("index").Int() != 0 {
			return true
		}
		answer.FinishReason = cmp.Or(choice.Get("finish_reason").Str, answer.FinishReason)
		refusal := choice.Get("delta.refusal").Str
		answer.refused = answer.refused || refusal != ""
		err = answer.add(choice.Get("delta.content").Str + refusal)
		return err == nil
	})
	return err
}

// readUsage takes tokens and the figures that some providers add: OpenRouter's
// cost in dollars, DeepSeek's cache hits. What is not given, or is negative, stays
// unknown.
func readUsage(answer *Answer, usage gjson.Result) {
	count := func(field string) *int64 {
		given := usage.Get(field)
		return tokens(given.Type == gjson.Number, given.Int())
	}
	input, output, reasoning := count("prompt_tokens"), count("completion_tokens"), count("completion_tokens_details.reasoning_tokens")
	answer.Tokens.Input, answer.Tokens.Output, answer.Tokens.Reasoning = input, output, reasoning
	answer.Tokens.CacheWrite = count("prompt_tokens_details.cache_write_tokens")
	if answer.Tokens.Cached = count("prompt_tokens_details.cached_tokens"); answer.Tokens.Cached == nil {
		answer.Tokens.Cached = count("prompt_cache_hit_tokens")
	}
	// xAI counts reasoning beside the completion, where others count it within.
	if input != nil && output != nil && reasoning != nil && *reasoning > 0 && usage.Get("total_tokens").Int() == *input+*output+*reasoning {
		answer.Tokens.Output = tokens(true, *output+*reasoning)
	}
	answer.Cost = readCost(usage.Get("cost").Raw)
	// With a key of one's own the model's provider bills apart from OpenRouter's fee.
	if answer.Cost != nil && usage.Get("is_byok").Bool() {
		if upstream := readCost(usage.Get("cost_details.upstream_inference_cost").Raw); upstream != nil {
			*answer.Cost += *upstream
		}
	}
}

// explainOpenAI sorts a failure of either of OpenAI's interfaces.
func (e *endpoint) explainOpenAI(ctx context.Context, err error) error {
	if api, ok := errors.AsType[*openai.Error](err); ok && ctx.Err() == nil {
		var header http.Header
		if api.Response != nil {
			header = api.Response.Header
		}
		return e.failure(fromStatus(api.StatusCode, header, api.Message, api.Code, api.Type))
	}
	if broken, ok := errors.AsType[*ssestream.StreamError](err); ok && ctx.Err() == nil {
		failure := gjson.GetBytes(broken.Event.Data, "error")
		if !failure.IsObject() {
			return e.failure(fromStream(failure.String()))
		}
		message := cmp.Or(failure.Get("message").String(), failure.Raw)
		return e.failure(fromStream(message, failure.Get("code").String(), failure.Get("type").String()))
	}
	return e.explain(ctx, err)
}
