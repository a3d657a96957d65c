package provider

import (
	"bytes"
	"encoding/json"
)

// A chatRequest is the body of a request for a chat completion (OpenAI API reference,
// "Create chat completion"). The SDK's own type has fields for whatever there may be,
// which to write takes longer than to send what is needed here.
type chatRequest struct {
	Model               string              `json:"model"`
	Messages            []chatMessage       `json:"messages"`
	Temperature         *float64            `json:"temperature,omitempty"`
	TopP                *float64            `json:"top_p,omitempty"`
	MaxTokens           int64               `json:"max_tokens,omitempty"`
	MaxCompletionTokens int64               `json:"max_completion_tokens,omitempty"`
	Seed                *int64              `json:"seed,omitempty"`
	ReasoningEffort     string              `json:"reasoning_effort,omitempty"`
	ResponseFormat      *chatResponseFormat `json:"response_format,omitempty"`
	Stream              bool                `json:"stream,omitempty"`
	StreamOptions       *chatStreamOptions  `json:"stream_options,omitempty"`
}

type chatMessage struct {
	Content string `json:"content"`
	Role    string `json:"role"`
}

type chatResponseFormat struct {
	Type       string     `json:"type"`
	JSONSchema chatSchema `json:"json_schema"`
}

type chatSchema struct {
	Name   string         `json:"name"`
	Strict bool           `json:"strict"`
	Schema map[string]any `json:"schema"`
}

type chatStreamOptions struct {
	IncludeUsage bool `json:"include_usage"`
}

// request is what is asked of the model, not streaming.
func (p *chatCompletions) request(request Request) chatRequest {
	arm := request.Arm.Parameters
	body := chatRequest{
		Model: request.Arm.Model, Temperature: arm.Temperature, TopP: arm.TopP, Seed: arm.Seed, ReasoningEffort: arm.ReasoningEffort,
	}
	if p.maxTokensField == "max_tokens" { // the limit is always sent: the call's worst case rests on it
		body.MaxTokens = arm.MaxOutput()
	} else {
		body.MaxCompletionTokens = arm.MaxOutput()
	}
	if system := systemPrompt(request); system != "" {
		body.Messages = append(body.Messages, chatMessage{system, "system"})
	}
	for _, turn := range request.Task.Conversation {
		body.Messages = append(body.Messages, chatMessage{turn.Content, chatRole(turn.Role)})
	}
	body.Messages = append(body.Messages, chatMessage{request.Task.Prompt, "user"})
	if request.Schema != nil {
		body.ResponseFormat = &chatResponseFormat{"json_schema", chatSchema{request.Schema.Name, true, request.Schema.Body}}
	}
	return body
}

// chatRole is the role of a turn: one that is neither the model's nor the system's is the
// user's.
func chatRole(role string) string {
	if role == "assistant" || role == "system" {
		return role
	}
	return "user"
}

// streaming is a request whose answer comes as a stream, with its usage at the end.
func (r chatRequest) streaming() ([]byte, error) {
	r.Stream, r.StreamOptions = true, &chatStreamOptions{IncludeUsage: true}
	var body bytes.Buffer
	encoder := json.NewEncoder(&body)
	encoder.SetEscapeHTML(false)
	err := encoder.Encode(r)
	return body.Bytes(), err
}
