package ingest

import (
	"strconv"
)

// helicone reads what Helicone's export tool writes.
var helicone = &dialect{
	name: "helicone",
	is: func(s *shape) bool {
		return s.has("response_id") && s.hasOne("request_created_at", "request_body", "request_properties", "response_created_at")
	},
	within: [][]string{{"data", anyElement}},
	draft:  draftHelicone,
	notes:  []string{"latency is taken as milliseconds"},
}

func draftHelicone(r *record) []*draft {
	d := newDraft()
	d.take(r, "id", "response_id", "request_id")
	d.take(r, "timestamp", "request_created_at", "response_created_at")
	d.take(r, "team", "request_properties.team", "request_properties.Team", "request_properties.department")
	d.take(r, "user", "request_user_id")
	d.take(r, "model", "model", "request_model", "response_model", "request_body.model")
	d.take(r, "provider", "provider")
	d.take(r, "cluster", "request_properties.Helicone-Session-Id", "session_id")
	d.take(r, "input_tokens", "prompt_tokens")
	d.take(r, "output_tokens", "completion_tokens")
	d.take(r, "cached_tokens", "prompt_cache_read_tokens", "response_body.usage.prompt_tokens_details.cached_tokens")
	d.take(r, "reasoning_tokens", "reasoning_tokens", "response_body.usage.completion_tokens_details.reasoning_tokens")
	d.take(r, "cost_usd", "cost", "cost_usd")
	d.take(r, "latency_ms", "latency", "delay_ms")
	d.take(r, "ttft_ms", "time_to_first_token")
	d.request(r, "request_body")
	d.answer(r, "response_body")
	status, err := strconv.Atoi(r.text("response_status"))
	r.use("request_body", "response_body", "signed_body_url", "response_created_at", "response_status", "total_tokens")
	d.withoutText(err == nil && status >= 400, "requests whose body was not exported (--include-body)")
	d.extras(r)
	return []*draft{d}
}
