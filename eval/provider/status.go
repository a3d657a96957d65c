package provider

import (
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"
)

// statusOverloaded is Anthropic's status of a service that is overloaded.
const statusOverloaded = 529

// fromStatus sorts an HTTP error. kinds are the words by which the endpoint names it,
// such as insufficient_quota; some tell more than the status does.
func fromStatus(status int, header http.Header, message string, kinds ...string) *Error {
	e := &Error{Status: status, Msg: strings.TrimSpace(message), RetryAfter: asked(status, header, time.Now())}
	if e.Msg == "" {
		e.Msg = http.StatusText(status)
		if status == statusOverloaded {
			e.Msg = "overloaded"
		}
	}
	says := func(words ...string) bool {
		return slices.ContainsFunc(kinds, func(kind string) bool { return slices.Contains(words, kind) })
	}
	switch {
	case status == http.StatusUnauthorized || status == http.StatusForbidden:
		e.Cause = CauseAccount
		e.Msg += "; check the key in the environment variable that api_key_env names"
	case status == http.StatusPaymentRequired, says("insufficient_quota", "billing_error"),
		strings.Contains(message, "credit balance is too low"): // Anthropic, with status 400
		e.Cause = CauseAccount
		e.Msg += "; the account has no credit left"
	case status == http.StatusNotFound, says("model_not_found"):
		e.Cause = CauseModel
		e.Msg += "; check base_url and the arm's model"
	case slices.Contains([]int{http.StatusRequestTimeout, http.StatusConflict, http.StatusTooEarly, http.StatusTooManyRequests}, status):
		e.Temporary = true
	default:
		e.Temporary = status >= 500
	}
	return e
}

// fromStream sorts an error that an endpoint reports within a stream, by the words
// and numbers with which it names it. The request is at fault only where it says so.
func fromStream(message string, kinds ...string) *Error {
	e := &Error{Temporary: true, Msg: "the endpoint broke the answer off: " + strings.TrimSpace(message)}
	for _, kind := range kinds {
		switch kind {
		case "invalid_request_error", "invalid_prompt", "authentication_error", "permission_error", "not_found_error",
			"request_too_large", "billing_error", "insufficient_quota", "context_length_exceeded", "model_not_found":
			e.Temporary = false
		}
		if code, err := strconv.Atoi(kind); err == nil && code >= 400 && code < 500 {
			e.Temporary = slices.Contains([]int{http.StatusRequestTimeout, http.StatusTooManyRequests}, code)
		}
	}
	return e
}

// asked is the wait that an endpoint asks for: by Retry-After or OpenAI's
// retry-after-ms, else, in answer to too many requests, by the reset of a limit that
// its headers show as used up. 0 where it asks for none.
func asked(status int, header http.Header, now time.Time) time.Duration {
	if ms, err := strconv.ParseFloat(header.Get("Retry-After-Ms"), 64); err == nil && ms > 0 && ms < 1e9 {
		return time.Duration(ms * float64(time.Millisecond))
	}
	if wait := retryAfter(header.Get("Retry-After"), now); wait > 0 || status != http.StatusTooManyRequests {
		return wait
	}
	var longest time.Duration
	for _, limit := range readRateLimits(header, now) {
		if limit.Remaining == 0 {
			longest = max(longest, limit.Reset)
		}
	}
	return longest
}

// untilReset reads a span such as 1m30s (OpenAI), a time in RFC 3339 (Anthropic), a
// time in milliseconds since 1970 (OpenRouter), or seconds.
func untilReset(value string, now time.Time) time.Duration {
	if value == "" {
		return 0
	}
	if span, err := time.ParseDuration(value); err == nil {
		return max(span, 0)
	}
	if at, err := time.Parse(time.RFC3339, value); err == nil {
		return max(at.Sub(now), 0)
	}
	if ms, err := strconv.ParseInt(value, 10, 64); err == nil && ms > 1e12 {
		return max(time.UnixMilli(ms).Sub(now), 0)
	}
	return retryAfter(value, now)
}

// retryAfter reads seconds or an HTTP date (RFC 9110, section 10.2.3); 0 where
// there is none or it has passed.
func retryAfter(header string, now time.Time) time.Duration {
	if header == "" {
		return 0
	}
	if seconds, err := strconv.ParseFloat(header, 64); err == nil && seconds > 0 && seconds < 1e6 {
		return time.Duration(seconds * float64(time.Second))
	}
	if date, err := http.ParseTime(header); err == nil {
		return max(date.Sub(now), 0)
	}
	return 0
}
