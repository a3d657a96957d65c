package provider

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
	"time"

	"modeltrial/eval"
)

// reachTimeout is how long an endpoint has to answer whether it is there.
const reachTimeout = 10 * time.Second

// Reach asks a provider's endpoint for the list of its models, which costs nothing,
// and says what came of it. An error is an endpoint that does not answer or that
// refuses the key; it holds no key. Not every endpoint has such a list: then that it
// answers is all that is known. Nothing is asked of a provider that is not called.
func Reach(ctx context.Context, config eval.Provider, getenv func(string) string) (string, error) {
	if !config.Kind.Called() {
		return "is not called", nil
	}
	key := ""
	if config.APIKeyEnv != "" {
		key = getenv(config.APIKeyEnv)
	}
	e := newEndpoint(config, key)
	request, err := modelsRequest(ctx, config, key)
	if err != nil {
		return "", e.failure(&Error{Msg: err.Error()})
	}
	client := &http.Client{Timeout: reachTimeout, CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
	response, err := client.Do(request)
	if err != nil {
		return "", e.explain(ctx, err)
	}
	_, err = io.Copy(io.Discard, io.LimitReader(response.Body, maxAnswerBytes))
	if err := errors.Join(err, response.Body.Close()); err != nil {
		return "", e.explain(ctx, err)
	}
	switch status := response.StatusCode; {
	case status == http.StatusUnauthorized || status == http.StatusForbidden:
		return "", e.failure(fromStatus(status, response.Header, "the endpoint refuses the key"))
	case status >= 300 && status < 400:
		moved := &redirection{status, response.Header.Get("Location")}
		return "", e.failure(&Error{Status: status, Msg: moved.Error()})
	case status >= 300:
		return fmt.Sprintf("%s answers, but lists no models (HTTP %d), so nothing is known of the key", config.BaseURL, status), nil
	}
	return config.BaseURL + " answers", nil
}

// modelsRequest asks for the models of either kind of endpoint.
func modelsRequest(ctx context.Context, config eval.Provider, key string) (*http.Request, error) {
	address := strings.TrimRight(config.BaseURL, "/") + "/models"
	if config.Kind == eval.ProviderAnthropic {
		address = anthropicBase(config) + "/v1/models"
	}
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, address, nil)
	if err != nil {
		return nil, err
	}
	switch {
	case config.Kind == eval.ProviderAnthropic:
		request.Header.Set("Anthropic-Version", "2023-06-01")
		if key != "" {
			request.Header.Set("X-Api-Key", key)
		}
	case key != "":
		request.Header.Set("Authorization", "Bearer "+key)
	}
	return request, nil
}
