package eval

import (
	"cmp"
	"strings"
	"time"

	"modeltrial/audit"
)

// An Arm is one way to answer a task: a model with its parameters, or a pipeline of
// steps, each a model of its own; then provider, model and parameters are the steps'.
type Arm struct {
	Name       string     `yaml:"name" json:"name"`
	Provider   string     `yaml:"provider" json:"provider"` // a name under providers in modeltrial.yaml
	Model      string     `yaml:"model" json:"model"`
	Parameters Parameters `yaml:"parameters" json:"parameters"`
	Steps      []Step     `yaml:"steps" json:"steps,omitempty"`
}

// Parameters are what a request asks of the model beside the task. Nil leaves
// the provider's default.
type Parameters struct {
	Temperature     *float64 `yaml:"temperature" json:"temperature,omitempty"`
	TopP            *float64 `yaml:"top_p" json:"top_p,omitempty"`
	MaxOutputTokens *int64   `yaml:"max_output_tokens" json:"max_output_tokens,omitempty"` // nil: see MaxOutput
	ReasoningEffort string   `yaml:"reasoning_effort" json:"reasoning_effort,omitempty"`
	Seed            *int64   `yaml:"seed" json:"seed,omitempty"`
	System          string   `yaml:"system" json:"system,omitempty"` // replaces the task's own
}

// defaultMaxOutputTokens bounds an answer, and so its cost, where the arm does not.
const defaultMaxOutputTokens = 4096

// MaxOutput is the longest answer allowed, in tokens, reasoning included.
func (p Parameters) MaxOutput() int64 {
	if p.MaxOutputTokens != nil {
		return *p.MaxOutputTokens
	}
	return defaultMaxOutputTokens
}

// ProviderKind is the way in which an arm's answers come about.
type ProviderKind string

// The kinds of provider.
const (
	ProviderOpenAI    ProviderKind = "openai"    // any OpenAI-compatible endpoint
	ProviderAnthropic ProviderKind = "anthropic" // Anthropic's Messages
	ProviderRecorded  ProviderKind = "recorded"  // answers from an imported file
	ProviderSimulated ProviderKind = "simulated" // made up for a demonstration, always labelled
)

// Called says whether answers of this kind come from an endpoint that is called and
// paid for.
func (k ProviderKind) Called() bool { return k == ProviderOpenAI || k == ProviderAnthropic }

// An API is an interface of an OpenAI-compatible endpoint.
type API string

// The interfaces. An empty one is Chat Completions.
const (
	APIChat      API = "chat"      // Chat Completions, which nearly every endpoint speaks
	APIResponses API = "responses" // Responses, OpenAI's newer one
)

// A Provider is an entry under providers in modeltrial.yaml.
type Provider struct {
	Name              string       `yaml:"name" json:"name"`
	Kind              ProviderKind `yaml:"kind" json:"kind"`
	API               API          `yaml:"api" json:"api,omitempty"` // of kind openai
	BaseURL           string       `yaml:"base_url" json:"base_url,omitempty"`
	APIKeyEnv         string       `yaml:"api_key_env" json:"api_key_env,omitempty"` // name of the environment variable, never the key
	RequestsPerMinute int          `yaml:"requests_per_minute" json:"requests_per_minute,omitempty"`
	TokensPerMinute   int          `yaml:"tokens_per_minute" json:"tokens_per_minute,omitempty"` // of requests and answers
	Concurrency       int          `yaml:"concurrency" json:"concurrency,omitempty"`             // calls in flight, within those of the run
	TimeoutSeconds    int          `yaml:"timeout_seconds" json:"timeout_seconds,omitempty"`     // for one attempt
	// MaxTokensField is the request's field for the longest answer:
	// max_completion_tokens, or max_tokens for an endpoint that knows only that.
	MaxTokensField string       `yaml:"max_tokens_field" json:"max_tokens_field,omitempty"`
	Prices         []ModelPrice `yaml:"prices" json:"prices,omitempty"`
}

// Address tells where a provider is called and by which interface. Its query is left out,
// which may hold a key. It is empty for one that nobody is called for.
func (p Provider) Address() string {
	if !p.Kind.Called() {
		return ""
	}
	address, _, _ := strings.Cut(p.BaseURL, "?")
	words := []string{strings.TrimRight(address, "/"), string(p.Kind)}
	if p.Kind == ProviderOpenAI {
		words = append(words, string(cmp.Or(p.API, APIChat)))
	}
	return strings.Join(words, " ")
}

// Timeout is the time of one attempt.
func (p Provider) Timeout() time.Duration {
	if p.TimeoutSeconds > 0 {
		return time.Duration(p.TimeoutSeconds) * time.Second
	}
	return 2 * time.Minute
}

// A ModelPrice is the workspace's own price of a model, in dollars per
// 1,000,000 tokens as decimal text, so that money is never floating point. It
// goes before the built-in table.
type ModelPrice struct {
	Model       string `yaml:"model" json:"model"`
	Input       string `yaml:"input_usd_per_1m" json:"input_usd_per_1m"`
	CachedInput string `yaml:"cached_input_usd_per_1m" json:"cached_input_usd_per_1m,omitempty"`
	Output      string `yaml:"output_usd_per_1m" json:"output_usd_per_1m"`
	// Through the provider's batch interface; both or neither.
	BatchInput  string `yaml:"batch_input_usd_per_1m" json:"batch_input_usd_per_1m,omitempty"`
	BatchOutput string `yaml:"batch_output_usd_per_1m" json:"batch_output_usd_per_1m,omitempty"`
}

// A SeenPrice is a [ModelPrice] from the moment at which it was first seen in
// modeltrial.yaml; its price is nil where the file no longer stated one.
type SeenPrice struct {
	Provider, Model string
	Price           *ModelPrice
	Seen            time.Time
}

// A Response is what an arm answered to a task. Pointers are nil where unknown.
type Response struct {
	ID           int64
	TaskID       string
	Arm          string
	Week         int // batch, from 1
	Text         string
	Tokens       audit.Tokens
	Cost         *audit.NanoUSD
	TTFTMS       *int64
	LatencyMS    *int64
	ModelServed  string
	Fingerprint  string // of what answered, as the provider gives it; empty where it gives none
	FinishReason string
	Attempts     int
	Origin       ResponseOrigin
}

// ResponseOrigin says how a response came about; it is shown beside every
// figure that rests on it.
type ResponseOrigin string

// The origins of a response.
const (
	Measured  ResponseOrigin = "measured"  // called through a provider by pilot run
	Recorded  ResponseOrigin = "recorded"  // imported from a file
	Simulated ResponseOrigin = "simulated" // made up for a demonstration
)

// Price is the price in nano-dollars. It returns an error for text that is not
// an amount.
func (p ModelPrice) Price(provider string) (audit.Price, error) {
	price := audit.Price{Model: p.Model, Provider: provider, Source: "modeltrial.yaml"}
	var err error
	if price.Input, err = audit.ParseUSD(p.Input); err != nil {
		return price, err
	}
	if price.Output, err = audit.ParseUSD(p.Output); err != nil {
		return price, err
	}
	for text, into := range map[*string]**audit.NanoUSD{&p.CachedInput: &price.CachedInput, &p.BatchInput: &price.BatchInput, &p.BatchOutput: &price.BatchOutput} {
		if *text == "" {
			continue
		}
		amount, err := audit.ParseUSD(*text)
		if err != nil {
			return price, err
		}
		*into = &amount
	}
	return price, nil
}
