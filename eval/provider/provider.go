// Package provider answers a task under an arm: by OpenAI's Chat Completions, which
// many endpoints speak, by OpenAI's Responses, by Anthropic's Messages, from recorded
// answers, or by a simulation that says so. One call is one attempt; retries, budgets
// and storage belong in eval/run.
package provider

import (
	"context"
	"fmt"
	"net/http"
	"time"

	"modeltrial/audit"
	"modeltrial/eval"
)

// A Provider answers tasks. It is safe for concurrent use.
type Provider interface {
	// Answer makes one attempt. A failure is an [*Error] where the provider could be
	// asked, and the context's error where the caller gave up.
	Answer(ctx context.Context, request Request) (Answer, error)
	// Origin says how this provider's answers come about.
	Origin() eval.ResponseOrigin
}

// A Request is a task under an arm.
type Request struct {
	Task audit.Task
	Arm  eval.Arm
	// Schema asks for an answer in JSON by this schema; nil: free text. An endpoint
	// that does not know schemas may not keep to it.
	Schema *Schema
}

// A Schema is a JSON Schema of answers.
type Schema struct {
	Name string // letters, digits, _ and -, at most 64
	Body map[string]any
}

// An Answer is one complete answer. Nil is unknown.
type Answer struct {
	Text         string
	Tokens       audit.Tokens
	Cost         *audit.NanoUSD // the provider's own figure, where it gives one
	TTFT         *time.Duration // time to first token
	Latency      *time.Duration
	ModelServed  string
	Fingerprint  string // of the configuration that answered; empty where the provider gives none
	FinishReason string // one of those below, or another word of the provider
}

// Why an answer ended. Each adapter puts its provider's words for these into them.
const (
	FinishStop    = "stop"    // the model had said all
	FinishLength  = "length"  // the longest answer allowed was reached: it is cut off
	FinishRefusal = "refusal" // the model declined
	FinishFilter  = "content_filter"
	FinishTools   = "tool_calls" // the model called a tool, though none was offered
)

// An Error is a failed attempt.
type Error struct {
	Provider   string
	Status     int           // HTTP status, 0 where there was no answer
	RetryAfter time.Duration // as the provider asked, 0 where it did not
	Temporary  bool          // worth another attempt
	Dead       bool          // there is nobody at the other end
	Unusable   bool          // there was a whole answer, but not one of the kind that was asked for
	Cause      Cause
	Msg        string
}

// A Cause is what a provider refuses, where it is more than one request.
type Cause string

// The causes of a refusal. Each may be mended before the next run.
const (
	CauseRequest Cause = ""        // this very request
	CauseAccount Cause = "account" // the key or the credit: every other request fails too
	CauseModel   Cause = "model"   // there is no such model, or nothing at the address
)

// Error names the provider, the status and what was wrong.
func (e *Error) Error() string {
	if e.Status > 0 {
		return fmt.Sprintf("provider %q: HTTP %d: %s", e.Provider, e.Status, e.Msg)
	}
	return fmt.Sprintf("provider %q: %s", e.Provider, e.Msg)
}

// MayBeBilled says whether the provider may have worked for the attempt all the
// same: it began to answer, or was not heard from in time. An HTTP error and an
// endpoint that nobody listens at cost nothing.
func (e *Error) MayBeBilled() bool { return e.Status == 0 && !e.Dead }

// Overloaded says whether the provider refuses for now because it was asked too much.
func (e *Error) Overloaded() bool {
	if !e.Temporary {
		return false
	}
	return e.Status == http.StatusTooManyRequests || e.Status == http.StatusServiceUnavailable || e.Status == statusOverloaded
}

// Final says whether the provider refused this very request, as content filters do:
// not for want of a key or a model, which the next run may have.
func (e *Error) Final() bool {
	return e.Status >= 400 && e.Status < 500 && !e.Temporary && e.Cause == CauseRequest
}

// A RecordedLookup finds a recorded answer; eval.ErrNotFound where there is none.
type RecordedLookup func(ctx context.Context, taskID, arm string) (eval.Response, error)

// New makes the provider of a configuration. getenv reads the environment, from
// which only the variable that the configuration names is taken. A missing key is
// an error before anything is sent.
func New(config eval.Provider, getenv func(string) string, recorded RecordedLookup) (Provider, error) {
	key := ""
	if config.Kind.Called() && config.APIKeyEnv != "" {
		if key = getenv(config.APIKeyEnv); key == "" {
			return nil, fmt.Errorf("provider %q: the environment variable %s is not set; export it with the key, or leave api_key_env out for an endpoint that needs none", config.Name, config.APIKeyEnv)
		}
	}
	switch config.Kind {
	case eval.ProviderOpenAI:
		if config.API == eval.APIResponses {
			return newResponses(config, key), nil
		}
		return newChatCompletions(config, key), nil
	case eval.ProviderAnthropic:
		return newMessages(config, key), nil
	case eval.ProviderRecorded:
		return &recordedProvider{config.Name, recorded}, nil
	case eval.ProviderSimulated:
		return simulated{}, nil
	}
	return nil, fmt.Errorf("provider %q: kind %q is not known", config.Name, config.Kind)
}
