package provider

import (
	"cmp"
	"context"
	"errors"
	"net/http"
	"strings"

	"github.com/anthropics/anthropic-sdk-go"
	"github.com/anthropics/anthropic-sdk-go/option"
	"github.com/tidwall/gjson"

	"modeltrial/audit"
	"modeltrial/eval"
)

// messages speaks Anthropic's Messages, streaming.
type messages struct {
	endpoint
	service anthropic.MessageService
}

// newMessages makes the service without the client around it: the client reads base
// URL, key, token, profile and headers from the environment, where a stray variable
// would redirect traffic and the key. The SDK's own retries are off: attempts, cost
// and latency are counted in eval/run.
func newMessages(config eval.Provider, key string) *messages {
	options := []option.RequestOption{
		option.WithBaseURL(anthropicBase(config) + "/"),
		option.WithHTTPClient(httpClient()),
		option.WithMaxRetries(0),
	}
	if key != "" {
		options = append(options, option.WithAPIKey(key))
	}
	return &messages{endpoint: newEndpoint(config, key), service: anthropic.NewMessageService(options...)}
}

// anthropicBase is the address to which v1 and the path are added, whether or not the
// configuration has the v1.
func anthropicBase(config eval.Provider) string {
	return strings.TrimSuffix(strings.TrimRight(config.BaseURL, "/"), "/v1")
}

// Answer makes one attempt. The answer is whole with the event message_stop; a stream
// that ends without it ended midway.
func (p *messages) Answer(ctx context.Context, request Request) (Answer, error) {
	within, cancel := p.attempt(ctx)
	defer cancel()
	answer := p.draft()
	stream := p.service.NewStreaming(within, p.parameters(request))
	defer func() { _ = stream.Close() }() // whatever there was has been read
	var usage messageUsage
	for stream.Next() {
		event := stream.Current()
		switch event.Type {
		case "message_start":
			answer.ModelServed = event.Message.Model
			usage.start(event.Message.Usage)
		case "content_block_delta":
			if err := answer.add(event.Delta.Text); err != nil {
				return answer.Answer, err
			}
		case "message_delta":
			usage.delta(event.Usage)
			answer.FinishReason = finishOfMessage(event.Delta.StopReason)
		case "message_stop":
			answer.Tokens = usage.tokens()
			return answer.done()
		}
	}
	if err := stream.Err(); err != nil {
		return answer.Answer, p.explainMessage(ctx, err)
	}
	answer.FinishReason = ""
	return answer.done()
}

// finishOfMessage puts Anthropic's stop reasons into our words.
func finishOfMessage(reason anthropic.StopReason) string {
	switch reason {
	case anthropic.StopReasonEndTurn, anthropic.StopReasonStopSequence:
		return FinishStop
	case anthropic.StopReasonMaxTokens, anthropic.StopReasonModelContextWindowExceeded:
		return FinishLength
	case anthropic.StopReasonRefusal:
		return FinishRefusal
	case anthropic.StopReasonToolUse:
		return FinishTools
	}
	return string(reason)
}

// messageUsage is what a stream tells of its tokens: the input first, and all that is
// known by then with the stop reason. Nil is not told.
type messageUsage struct{ fresh, read, written, output, thinking *int64 }

func (u *messageUsage) start(usage anthropic.Usage) {
	u.fresh = tokens(usage.JSON.InputTokens.Valid(), usage.InputTokens)
	u.read = tokens(usage.JSON.CacheReadInputTokens.Valid(), usage.CacheReadInputTokens)
	u.written = tokens(usage.JSON.CacheCreationInputTokens.Valid(), usage.CacheCreationInputTokens)
	// Its output tokens are those of the first piece alone.
}

func (u *messageUsage) delta(usage anthropic.MessageDeltaUsage) {
	u.fresh = cmp.Or(tokens(usage.JSON.InputTokens.Valid(), usage.InputTokens), u.fresh)
	u.read = cmp.Or(tokens(usage.JSON.CacheReadInputTokens.Valid(), usage.CacheReadInputTokens), u.read)
	u.written = cmp.Or(tokens(usage.JSON.CacheCreationInputTokens.Valid(), usage.CacheCreationInputTokens), u.written)
	u.output = cmp.Or(tokens(usage.JSON.OutputTokens.Valid(), usage.OutputTokens), u.output)
	details := usage.OutputTokensDetails
	u.thinking = cmp.Or(tokens(details.JSON.ThinkingTokens.Valid(), details.ThinkingTokens), u.thinking)
}

// tokens adds what was read from a cache and what was written to one to the input
// tokens, of which Anthropic counts the fresh ones alone.
func (u *messageUsage) tokens() audit.Tokens {
	all := audit.Tokens{Cached: u.read, CacheWrite: u.written, Output: u.output, Reasoning: u.thinking}
	if u.fresh == nil {
		return all
	}
	input := *u.fresh
	for _, part := range []*int64{u.read, u.written} {
		if part != nil {
			input += *part
		}
	}
	all.Input = &input
	return all
}

func (p *messages) parameters(request Request) anthropic.MessageNewParams {
	arm := request.Arm.Parameters
	params := anthropic.MessageNewParams{Model: request.Arm.Model, MaxTokens: arm.MaxOutput()}
	system := func(text string) {
		if text != "" {
			params.System = append(params.System, anthropic.TextBlockParam{Text: text})
		}
	}
	system(systemPrompt(request))
	for _, turn := range request.Task.Conversation {
		block := anthropic.NewTextBlock(turn.Content)
		switch {
		case turn.Content == "": // is refused, and says nothing
		case turn.Role == "system": // there is no such turn
			system(turn.Content)
		case turn.Role == "assistant":
			params.Messages = append(params.Messages, anthropic.NewAssistantMessage(block))
		default:
			params.Messages = append(params.Messages, anthropic.NewUserMessage(block))
		}
	}
	params.Messages = append(params.Messages, anthropic.NewUserMessage(anthropic.NewTextBlock(request.Task.Prompt)))
	if arm.Temperature != nil {
		params.Temperature = anthropic.Float(*arm.Temperature)
	}
	if arm.TopP != nil {
		params.TopP = anthropic.Float(*arm.TopP)
	}
	switch arm.ReasoningEffort {
	case "":
	case "none":
		params.Thinking.OfDisabled = &anthropic.ThinkingConfigDisabledParam{}
	default:
		params.Thinking.OfAdaptive = &anthropic.ThinkingConfigAdaptiveParam{}
		params.OutputConfig.Effort = anthropic.OutputConfigEffort(arm.ReasoningEffort)
	}
	if request.Schema != nil {
		params.OutputConfig.Format = anthropic.JSONOutputFormatParam{Schema: request.Schema.Body}
	}
	return params
}

// explainMessage sorts a failure, which Anthropic may also report within a stream.
func (p *messages) explainMessage(ctx context.Context, err error) error {
	api, ok := errors.AsType[*anthropic.Error](err)
	if !ok || ctx.Err() != nil {
		return p.explain(ctx, err)
	}
	failure := gjson.Get(api.RawJSON(), "error")
	message, kind := failure.Get("message").String(), failure.Get("type").String()
	if api.StatusCode < 300 {
		return p.failure(fromStream(cmp.Or(message, kind, api.RawJSON()), kind))
	}
	var header http.Header
	if api.Response != nil {
		header = api.Response.Header
	}
	return p.failure(fromStatus(api.StatusCode, header, message, kind))
}
