package provider

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"time"

	"modeltrial/eval"
)

// Batches is a provider's batch interface: many requests are handed in at once, at about
// half the price, and their answers are there within a day. It is safe for concurrent use.
type Batches interface {
	// Submit hands in requests of one model under an id that is unique in the workspace,
	// of letters and digits, and returns the provider's own id. An [*Error] with a Status
	// says that nothing was handed in; after another one that is not known: see Find.
	Submit(ctx context.Context, id string, requests []BatchRequest) (remote string, err error)
	// Find looks for a batch of which Submit did not come back, handed in no earlier than
	// since. It is empty where there is none; unsure says that it cannot be told yet.
	Find(ctx context.Context, id string, since time.Time) (remote string, unsure bool, err error)
	// Collect gives each answer of a batch to take. ended is false where the batch is not
	// done yet. why says what became of a batch as a whole that was not processed.
	Collect(ctx context.Context, remote string, take func(BatchAnswer) error) (ended bool, why string, err error)
}

// A BatchRequest is a request of a batch, whose answer has the same id: see [RequestID].
type BatchRequest struct {
	ID string
	Request
}

// A BatchAnswer is what became of a request of a batch. Failure is nil where it was
// answered. There is no time to the first token and no latency: a batch has none.
type BatchAnswer struct {
	ID      string
	Answer  Answer
	Failure *Error
}

// RequestID is the id of a request of a batch, by its number.
func RequestID(batch string, number int) string { return fmt.Sprintf("%s-%d", batch, number) }

// NewBatches makes the batch interface of a provider of kind openai or anthropic. As
// with [New] the key comes from the variable that the configuration names.
func NewBatches(config eval.Provider, getenv func(string) string) (Batches, error) {
	key := ""
	if config.APIKeyEnv != "" {
		if key = getenv(config.APIKeyEnv); key == "" {
			return nil, fmt.Errorf("provider %q: the environment variable %s is not set; export it with the key", config.Name, config.APIKeyEnv)
		}
	}
	switch config.Kind {
	case eval.ProviderOpenAI:
		return newOpenAIBatches(config, key), nil
	case eval.ProviderAnthropic:
		return newMessageBatches(config, key), nil
	}
	return nil, fmt.Errorf("provider %q: kind %s has no batch interface", config.Name, config.Kind)
}

// batchTimeout is that of one exchange with a batch interface: files go over it.
const batchTimeout = 10 * time.Minute

// batchClient is a client for exchanges that are no event streams. Like the other it
// follows no redirection, which would take the key and the tasks elsewhere.
func batchClient() *http.Client {
	return &http.Client{Transport: http.DefaultTransport.(*http.Transport).Clone(), Timeout: batchTimeout, CheckRedirect: func(request *http.Request, _ []*http.Request) error {
		return &redirection{http.StatusFound, request.URL.String()}
	}}
}

// ended is a whole answer of a batch: refusal and key are treated as in a stream.
func (e *endpoint) ended(answer Answer, refused bool) BatchAnswer {
	if answer.FinishReason == "" {
		return BatchAnswer{Failure: e.failure(&Error{Temporary: true, Msg: "the batch's answer has no finish reason"})}
	}
	if refused {
		answer.FinishReason = FinishRefusal
	}
	if e.key != "" {
		for _, field := range []*string{&answer.Text, &answer.ModelServed, &answer.Fingerprint, &answer.FinishReason} {
			*field = strings.ReplaceAll(*field, e.key, "[key]")
		}
	}
	return BatchAnswer{Answer: answer}
}

// errNotStarted is a batch that ended before a request of it was begun.
var errNotStarted = errors.New("the batch ended before this request was begun")

// notStarted is the failure of a request that a batch ended without: nothing was billed.
func (e *endpoint) notStarted() *Error {
	return e.failure(&Error{Temporary: true, Dead: true, Msg: errNotStarted.Error()})
}
