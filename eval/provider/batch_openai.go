package provider

import (
	"bufio"
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strings"
	"time"

	"github.com/openai/openai-go/v3"
	"github.com/openai/openai-go/v3/option"
	"github.com/openai/openai-go/v3/responses"
	"github.com/tidwall/gjson"

	"modeltrial/eval"
)

// openAIBatches speaks OpenAI's Batch interface, for Chat Completions or Responses.
type openAIBatches struct {
	endpoint
	api       eval.API
	chat      *chatCompletions // for their requests
	responses *responsesAPI
	files     openai.FileService
	batches   openai.BatchService
}

func newOpenAIBatches(config eval.Provider, key string) *openAIBatches {
	options := []option.RequestOption{
		option.WithBaseURL(strings.TrimRight(config.BaseURL, "/") + "/"), option.WithHTTPClient(batchClient()), option.WithMaxRetries(0),
	}
	if key != "" {
		options = append(options, option.WithAPIKey(key))
	}
	return &openAIBatches{
		endpoint: newEndpoint(config, key), api: cmp.Or(config.API, eval.APIChat), chat: newChatCompletions(config, key), responses: newResponses(config, key),
		files: openai.NewFileService(options...), batches: openai.NewBatchService(options...),
	}
}

// batchKey is the metadata under which a batch has our id.
const batchKey = "modeltrial_batch"

// path is where each request of a batch goes.
func (p *openAIBatches) path() openai.BatchNewParamsEndpoint {
	if p.api == eval.APIResponses {
		return openai.BatchNewParamsEndpointV1Responses
	}
	return openai.BatchNewParamsEndpointV1ChatCompletions
}

// Submit uploads the requests as a file and makes a batch of it.
func (p *openAIBatches) Submit(ctx context.Context, id string, requests []BatchRequest) (string, error) {
	var lines bytes.Buffer
	encoder := json.NewEncoder(&lines)
	encoder.SetEscapeHTML(false)
	for _, request := range requests {
		line := struct {
			ID     string `json:"custom_id"`
			Method string `json:"method"`
			URL    string `json:"url"`
			Body   any    `json:"body"`
		}{request.ID, "POST", string(p.path()), p.body(request.Request)}
		if err := encoder.Encode(line); err != nil {
			return "", fmt.Errorf("provider %q: write batch: %w", p.name, err)
		}
	}
	file, err := p.files.New(ctx, openai.FileNewParams{File: openai.File(&lines, id+".jsonl", "application/jsonl"), Purpose: openai.FilePurposeBatch})
	if err != nil {
		return "", p.explainOpenAI(ctx, err)
	}
	batch, err := p.batches.New(ctx, openai.BatchNewParams{
		CompletionWindow: openai.BatchNewParamsCompletionWindow24h, Endpoint: p.path(), InputFileID: file.ID, Metadata: map[string]string{batchKey: id},
	})
	if err != nil {
		return "", p.explainOpenAI(ctx, err)
	}
	if batch.ID == "" {
		return "", p.failure(&Error{Msg: "the endpoint made a batch without an id; does it have a batch interface?"})
	}
	return batch.ID, nil
}

// body is a request as it is made, but for the streaming.
func (p *openAIBatches) body(request Request) any {
	if p.api == eval.APIResponses {
		return p.responses.parameters(request)
	}
	return p.chat.request(request)
}

// Find goes through the account's batches, the newest first.
func (p *openAIBatches) Find(ctx context.Context, id string, since time.Time) (string, bool, error) {
	pages := p.batches.ListAutoPaging(ctx, openai.BatchListParams{Limit: openai.Int(100)})
	for pages.Next() {
		batch := pages.Current()
		if batch.Metadata[batchKey] == id {
			return batch.ID, false, nil
		}
		if batch.CreatedAt < since.Add(-time.Hour).Unix() {
			break // clocks differ
		}
	}
	if err := pages.Err(); err != nil {
		return "", false, p.explainOpenAI(ctx, err)
	}
	return "", false, nil
}

// Collect reads the files of answers and of errors of a batch that has ended, in
// whatever way: what was answered before it expired or was cancelled is there too.
func (p *openAIBatches) Collect(ctx context.Context, remote string, take func(BatchAnswer) error) (bool, string, error) {
	batch, err := p.batches.Get(ctx, remote)
	if err != nil {
		return false, "", p.explainOpenAI(ctx, err)
	}
	switch batch.Status {
	case openai.BatchStatusCompleted, openai.BatchStatusExpired, openai.BatchStatusCancelled, openai.BatchStatusFailed:
	default:
		return false, "", nil
	}
	why := ""
	if batch.Status != openai.BatchStatusCompleted {
		why = "the batch " + string(batch.Status)
		if len(batch.Errors.Data) > 0 {
			why += ": " + p.redact(batch.Errors.Data[0].Message)
		}
	}
	for _, file := range []string{batch.OutputFileID, batch.ErrorFileID} {
		if file == "" {
			continue
		}
		if err := p.read(ctx, file, take); err != nil {
			return false, "", err
		}
	}
	return true, why, nil
}

// read gives each line of a file of results to take.
func (p *openAIBatches) read(ctx context.Context, file string, take func(BatchAnswer) error) (err error) {
	content, err := p.files.Content(ctx, file)
	if err != nil {
		return p.explainOpenAI(ctx, err)
	}
	defer func() { err = errors.Join(err, content.Body.Close()) }()
	lines := bufio.NewReader(content.Body)
	for {
		line, err := lines.ReadBytes('\n')
		if len(line) > maxEventBytes {
			return p.failure(&Error{Msg: "a line of the batch's results is longer than 32 MiB"})
		}
		if len(bytes.TrimSpace(line)) > 0 {
			if err := p.line(line, take); err != nil {
				return err
			}
		}
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return p.explain(ctx, err)
		}
	}
}

// line reads one result.
func (p *openAIBatches) line(line []byte, take func(BatchAnswer) error) error {
	var result struct {
		ID       string `json:"custom_id"`
		Response *struct {
			Status int             `json:"status_code"`
			Body   json.RawMessage `json:"body"`
		} `json:"response"`
		Error *struct {
			Code    string `json:"code"`
			Message string `json:"message"`
		} `json:"error"`
	}
	if err := json.Unmarshal(line, &result); err != nil {
		return p.failure(&Error{Msg: "a line of the batch's results is not JSON: " + err.Error()})
	}
	answer := BatchAnswer{}
	switch {
	case result.Response != nil && result.Response.Status == 200:
		answer = p.answer(result.Response.Body)
	case result.Response != nil:
		var refusal struct {
			Error struct {
				Message, Code, Type string
			}
		}
		_ = json.Unmarshal(result.Response.Body, &refusal) // without one the status says enough
		answer.Failure = p.failure(fromStatus(result.Response.Status, nil, refusal.Error.Message, refusal.Error.Code, refusal.Error.Type))
	case result.Error != nil && result.Error.Code != "batch_expired" && result.Error.Code != "batch_cancelled":
		answer.Failure = p.failure(&Error{Temporary: true, Dead: true, Msg: cmp.Or(result.Error.Message, result.Error.Code)})
	default:
		answer.Failure = p.notStarted()
	}
	answer.ID = result.ID
	return take(answer)
}

// answer reads a whole answer of either interface.
func (p *openAIBatches) answer(body []byte) BatchAnswer {
	malformed := func(err error) BatchAnswer {
		return BatchAnswer{Failure: p.failure(&Error{Temporary: true, Msg: "the batch's answer cannot be read: " + err.Error()})}
	}
	if p.api == eval.APIResponses {
		var whole responses.Response
		if err := json.Unmarshal(body, &whole); err != nil {
			return malformed(err)
		}
		return p.fromResponse(whole)
	}
	var whole openai.ChatCompletion
	if err := json.Unmarshal(body, &whole); err != nil {
		return malformed(err)
	}
	if len(whole.Choices) == 0 {
		return malformed(errors.New("it has no choice"))
	}
	choice := whole.Choices[0]
	answer := Answer{Text: choice.Message.Content + choice.Message.Refusal, ModelServed: whole.Model, FinishReason: choice.FinishReason}
	if usage := gjson.GetBytes(body, "usage"); usage.IsObject() {
		readUsage(&answer, usage)
	}
	answer.Fingerprint = gjson.GetBytes(body, "system_fingerprint").Str
	return p.ended(answer, choice.Message.Refusal != "")
}

func (p *openAIBatches) fromResponse(whole responses.Response) BatchAnswer {
	answer := Answer{Text: whole.OutputText(), ModelServed: whole.Model}
	refused := false
	for _, item := range whole.Output {
		for _, part := range item.Content {
			if part.Refusal != "" {
				refused = true
				answer.Text += part.Refusal
			}
		}
	}
	switch whole.Status {
	case responses.ResponseStatusCompleted:
		answer.FinishReason = FinishStop
	case responses.ResponseStatusIncomplete:
		if answer.FinishReason = cmp.Or(whole.IncompleteDetails.Reason, "incomplete"); answer.FinishReason == "max_output_tokens" {
			answer.FinishReason = FinishLength
		}
	default:
		return BatchAnswer{Failure: p.failure(fromStream(cmp.Or(whole.Error.Message, string(whole.Status)), string(whole.Error.Code)))}
	}
	if whole.JSON.Usage.Valid() {
		answer.Tokens = responsesTokens(whole.Usage)
	}
	return p.ended(answer, refused)
}
