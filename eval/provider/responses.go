package provider

import (
	"cmp"
	"context"

	"github.com/openai/openai-go/v3"
	"github.com/openai/openai-go/v3/responses"
	"github.com/openai/openai-go/v3/shared"

	"modeltrial/audit"
	"modeltrial/eval"
)

// responsesAPI speaks OpenAI's Responses, streaming.
type responsesAPI struct {
	endpoint
	service responses.ResponseService
}

func newResponses(config eval.Provider, key string) *responsesAPI {
	client := httpClient()
	client.Transport = withoutNullErrors{client.Transport}
	return &responsesAPI{
		endpoint: newEndpoint(config, key),
		service:  responses.NewResponseService(openAIOptions(config, key, client)...),
	}
}

// Answer makes one attempt. The answer is whole with the event that says that it is
// completed, or incomplete and why; a stream that ends without one ended midway.
func (p *responsesAPI) Answer(ctx context.Context, request Request) (Answer, error) {
	within, cancel := p.attempt(ctx)
	defer cancel()
	answer := p.draft()
	stream := p.service.NewStreaming(within, p.parameters(request))
	defer func() { _ = stream.Close() }() // whatever there was has been read
	for answer.FinishReason == "" && stream.Next() {
		if err := p.event(answer, stream.Current()); err != nil {
			return answer.Answer, err
		}
	}
	if err := stream.Err(); err != nil && answer.FinishReason == "" {
		return answer.Answer, p.explainOpenAI(ctx, err)
	}
	return answer.done()
}

// event takes one event into the answer.
func (p *responsesAPI) event(answer *draft, event responses.ResponseStreamEventUnion) error {
	if event.Response.Model != "" {
		answer.ModelServed = event.Response.Model
	}
	switch event.Type {
	case "response.output_text.delta":
		return answer.add(event.Delta)
	case "response.refusal.delta":
		answer.refused = true
		return answer.add(event.Delta)
	case "response.completed":
		answer.FinishReason = FinishStop
	case "response.incomplete":
		switch reason := event.Response.IncompleteDetails.Reason; reason {
		case "max_output_tokens":
			answer.FinishReason = FinishLength
		default: // content_filter among them
			answer.FinishReason = cmp.Or(reason, "incomplete")
		}
	case "response.failed":
		failure := event.Response.Error
		return p.failure(fromStream(cmp.Or(failure.Message, "response.failed"), string(failure.Code)))
	case "error":
		return p.failure(fromStream(cmp.Or(event.Message, "error"), event.Code))
	}
	if answer.FinishReason == "" {
		return nil
	}
	if event.Response.JSON.Usage.Valid() {
		answer.Tokens = responsesTokens(event.Response.Usage)
	}
	if answer.text.Len() == 0 { // an endpoint may send the text with the last event alone
		return answer.add(event.Response.OutputText())
	}
	return nil
}

// responsesTokens are the tokens by kind; the input tokens include the cached ones
// and the output tokens the reasoning, as they do with us.
func responsesTokens(usage responses.ResponseUsage) audit.Tokens {
	input, output := usage.InputTokensDetails, usage.OutputTokensDetails
	return audit.Tokens{
		Input:      tokens(usage.JSON.InputTokens.Valid(), usage.InputTokens),
		Cached:     tokens(input.JSON.CachedTokens.Valid(), input.CachedTokens),
		CacheWrite: tokens(input.JSON.CacheWriteTokens.Valid(), input.CacheWriteTokens),
		Output:     tokens(usage.JSON.OutputTokens.Valid(), usage.OutputTokens),
		Reasoning:  tokens(output.JSON.ReasoningTokens.Valid(), output.ReasoningTokens),
	}
}

func (p *responsesAPI) parameters(request Request) responses.ResponseNewParams {
	arm := request.Arm.Parameters
	params := responses.ResponseNewParams{
		Model:           request.Arm.Model,
		MaxOutputTokens: openai.Int(arm.MaxOutput()), // always sent: the call's worst case rests on it
		Store:           openai.Bool(false),          // else OpenAI keeps task and answer for a month
	}
	if system := systemPrompt(request); system != "" {
		params.Instructions = openai.String(system)
	}
	for _, turn := range request.Task.Conversation {
		role := responses.EasyInputMessageRoleUser
		switch turn.Role {
		case "assistant":
			role = responses.EasyInputMessageRoleAssistant
		case "system":
			role = responses.EasyInputMessageRoleSystem
		}
		params.Input.OfInputItemList = append(params.Input.OfInputItemList, responses.ResponseInputItemParamOfMessage(turn.Content, role))
	}
	params.Input.OfInputItemList = append(params.Input.OfInputItemList,
		responses.ResponseInputItemParamOfMessage(request.Task.Prompt, responses.EasyInputMessageRoleUser))
	if arm.Temperature != nil {
		params.Temperature = openai.Float(*arm.Temperature)
	}
	if arm.TopP != nil {
		params.TopP = openai.Float(*arm.TopP)
	}
	if arm.ReasoningEffort != "" {
		params.Reasoning.Effort = shared.ReasoningEffort(arm.ReasoningEffort)
	}
	if request.Schema != nil {
		params.Text.Format.OfJSONSchema = &responses.ResponseFormatTextJSONSchemaConfigParam{
			Name: request.Schema.Name, Strict: openai.Bool(true), Schema: request.Schema.Body,
		}
	}
	return params
}
