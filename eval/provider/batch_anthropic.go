package provider

import (
	"cmp"
	"context"
	"strings"
	"time"

	"github.com/anthropics/anthropic-sdk-go"
	"github.com/anthropics/anthropic-sdk-go/option"

	"modeltrial/eval"
)

// messageBatches speaks Anthropic's Message Batches.
type messageBatches struct {
	endpoint
	messages *messages // for their requests
	batches  anthropic.MessageBatchService
}

func newMessageBatches(config eval.Provider, key string) *messageBatches {
	options := []option.RequestOption{option.WithBaseURL(anthropicBase(config) + "/"), option.WithHTTPClient(batchClient()), option.WithMaxRetries(0)}
	if key != "" {
		options = append(options, option.WithAPIKey(key))
	}
	return &messageBatches{endpoint: newEndpoint(config, key), messages: newMessages(config, key), batches: anthropic.NewMessageBatchService(options...)}
}

// explainBatch sorts a failure of an exchange, which has the shape of a message's.
func (p *messageBatches) explainBatch(ctx context.Context, err error) error {
	return p.messages.explainMessage(ctx, err)
}

// Submit hands the requests in.
func (p *messageBatches) Submit(ctx context.Context, _ string, requests []BatchRequest) (string, error) {
	params := anthropic.MessageBatchNewParams{}
	for _, request := range requests {
		m := p.messages.parameters(request.Request)
		params.Requests = append(params.Requests, anthropic.MessageBatchNewParamsRequest{
			CustomID: request.ID,
			Params: anthropic.MessageBatchNewParamsRequestParams{
				MaxTokens: m.MaxTokens, Messages: m.Messages, Model: m.Model, OutputConfig: m.OutputConfig, System: m.System, Thinking: m.Thinking,
				//lint:ignore SA1019 newer models refuse them, older ones take them: whoever configures an arm knows which
				Temperature: m.Temperature, TopP: m.TopP,
			},
		})
	}
	batch, err := p.batches.New(ctx, params)
	if err != nil {
		return "", p.explainBatch(ctx, err)
	}
	if batch.ID == "" {
		return "", p.failure(&Error{Msg: "the endpoint made a batch without an id; does it have a batch interface?"})
	}
	return batch.ID, nil
}

// Find looks at the results of the account's batches since then: a batch has no mark of
// ours but the ids of its requests, which are seen when it has ended.
func (p *messageBatches) Find(ctx context.Context, id string, since time.Time) (remote string, unsure bool, err error) {
	pages := p.batches.ListAutoPaging(ctx, anthropic.MessageBatchListParams{})
	for pages.Next() {
		batch := pages.Current()
		if batch.CreatedAt.Before(since.Add(-time.Hour)) {
			break // clocks differ
		}
		if batch.ProcessingStatus != anthropic.MessageBatchProcessingStatusEnded {
			unsure = true
			continue
		}
		results := p.batches.ResultsStreaming(ctx, batch.ID, anthropic.MessageBatchResultsParams{})
		ours := results.Next() && strings.HasPrefix(results.Current().CustomID, id+"-")
		err := results.Err()
		_ = results.Close() // the first line is enough
		switch {
		case ours:
			return batch.ID, false, nil
		case err != nil:
			return "", false, p.explainBatch(ctx, err)
		}
	}
	if err := pages.Err(); err != nil {
		return "", false, p.explainBatch(ctx, err)
	}
	return "", unsure, nil
}

// Collect reads the results of a batch that has ended.
func (p *messageBatches) Collect(ctx context.Context, remote string, take func(BatchAnswer) error) (bool, string, error) {
	batch, err := p.batches.Get(ctx, remote, anthropic.MessageBatchGetParams{})
	if err != nil {
		return false, "", p.explainBatch(ctx, err)
	}
	if batch.ProcessingStatus != anthropic.MessageBatchProcessingStatusEnded {
		return false, "", nil
	}
	results := p.batches.ResultsStreaming(ctx, remote, anthropic.MessageBatchResultsParams{})
	defer func() { _ = results.Close() }() // whatever there was has been read
	for results.Next() {
		result := results.Current()
		answer := p.result(result.Result)
		answer.ID = result.CustomID
		if err := take(answer); err != nil {
			return false, "", err
		}
	}
	if err := results.Err(); err != nil {
		return false, "", p.explainBatch(ctx, err)
	}
	return true, "", nil
}

func (p *messageBatches) result(result anthropic.MessageBatchResultUnion) BatchAnswer {
	switch result.Type {
	case "succeeded":
	case "errored":
		kind := result.Error.Error.Type
		status := map[string]int{
			"invalid_request_error": 400, "authentication_error": 401, "billing_error": 402, "permission_error": 403, "not_found_error": 404,
			"rate_limit_error": 429, "timeout_error": 504, "overloaded_error": statusOverloaded,
		}[kind]
		return BatchAnswer{Failure: p.failure(fromStatus(cmp.Or(status, 500), nil, result.Error.Error.Message, kind))}
	default: // canceled, expired
		return BatchAnswer{Failure: p.notStarted()}
	}
	message := result.Message
	answer := Answer{ModelServed: message.Model, FinishReason: finishOfMessage(message.StopReason)}
	for _, block := range message.Content {
		answer.Text += block.Text
	}
	var usage messageUsage
	usage.start(message.Usage)
	usage.output = tokens(message.Usage.JSON.OutputTokens.Valid(), message.Usage.OutputTokens)
	answer.Tokens = usage.tokens()
	return p.ended(answer, false)
}
