package provider

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"strconv"
	"strings"

	"github.com/openai/openai-go/v3"
	"github.com/openai/openai-go/v3/option"
	"github.com/openai/openai-go/v3/packages/respjson"
	"github.com/openai/openai-go/v3/packages/ssestream"
	"github.com/openai/openai-go/v3/shared"
	"github.com/tidwall/gjson"

	"modeltrial/eval"
)

// chatCompletions speaks Chat Completions, streaming, so that the time to the first
// token is measured.
type chatCompletions struct {
	endpoint
	maxTokensField string
	service        openai.ChatCompletionService
}

// newChatCompletions makes the service without the client around it: the client reads
// base URL, key, organisation and headers from the environment, where a stray variable
// would redirect traffic and the key.
func newChatCompletions(config eval.Provider, key string) *chatCompletions {
	return &chatCompletions{
		endpoint: newEndpoint(config, key), maxTokensField: config.MaxTokensField,
		service: openai.NewChatCompletionService(openAIOptions(config, key)...),
	}
}

// openAIOptions are those of both of OpenAI's interfaces. The SDK's own retries are
// off: attempts, cost and latency are counted in eval/run.
func openAIOptions(config eval.Provider, key string) []option.RequestOption {
	client := httpClient(config)
	client.Transport = withoutNullErrors{client.Transport}
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
	answer := p.draft()
	stream := p.service.NewStreaming(ctx, p.parameters(request))
	defer func() { _ = stream.Close() }() // whatever there was has been read
	for stream.Next() {
		chunk := stream.Current()
		if chunk.Model != "" {
			answer.ModelServed = chunk.Model
		}
		answer.Fingerprint = cmp.Or(fingerprint(chunk.JSON.SystemFingerprint), answer.Fingerprint)
		if chunk.JSON.Usage.Valid() {
			readUsage(&answer.Answer, chunk.Usage)
		}
		for _, choice := range chunk.Choices {
			if choice.Index != 0 {
				continue
			}
			if choice.FinishReason != "" {
				answer.FinishReason = choice.FinishReason
			}
			answer.refused = answer.refused || choice.Delta.Refusal != ""
			if err := answer.add(choice.Delta.Content + choice.Delta.Refusal); err != nil {
				return answer.Answer, err
			}
		}
	}
	// After the finish reason the answer is whole; a connection that breaks then has
	// lost the usage alone.
	if err := stream.Err(); err != nil && answer.FinishReason == "" {
		return answer.Answer, p.explainOpenAI(ctx, err)
	}
	return answer.done()
}

func (p *chatCompletions) parameters(request Request) openai.ChatCompletionNewParams {
	arm := request.Arm.Parameters
	params := openai.ChatCompletionNewParams{ // the limit is always sent: the call's worst case rests on it
		Model:         request.Arm.Model,
		StreamOptions: openai.ChatCompletionStreamOptionsParam{IncludeUsage: openai.Bool(true)},
	}
	if system := systemPrompt(request); system != "" {
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

// fingerprint is what an answer says of the configuration behind it; empty where it does
// not. The SDK calls the field itself deprecated, and endpoints go on to send it.
func fingerprint(given respjson.Field) string {
	if !given.Valid() {
		return ""
	}
	return gjson.Parse(given.Raw()).String()
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
	answer.Tokens.CacheWrite = tokens(prompt.JSON.CacheWriteTokens.Valid(), prompt.CacheWriteTokens)
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
