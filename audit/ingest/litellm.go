package ingest

import (
	"crypto/sha256"
	"encoding/hex"
	"strings"

	"github.com/tidwall/gjson"
)

// liteLLM reads the table LiteLLM_SpendLogs of a LiteLLM proxy, as the database or
// the API writes it. Names and addresses of people are hashed or left out.
var liteLLM = &dialect{
	name: "litellm",
	is: func(s *shape) bool {
		return s.has("request_id", "call_type") && s.hasOne("spend", "start_time", "model")
	},
	draft: draftLiteLLM,
	notes: []string{"user is a hash of the log's user; keys, addresses and the log's own metadata are left out"},
}

// notText are the calls of LiteLLM's call_type that give no text.
var notText = []string{"embedding", "image", "moderation", "speech", "transcription", "rerank"}

func draftLiteLLM(r *record) []*draft {
	d := newDraft()
	d.take(r, "id", "request_id")
	d.take(r, "timestamp", "start_time")
	d.take(r, "team", "metadata.user_api_key_team_alias", "team_id")
	d.take(r, "model", "model", "model_group")
	d.take(r, "provider", "custom_llm_provider")
	d.take(r, "cluster", "session_id")
	d.take(r, "tags", "request_tags")
	d.take(r, "input_tokens", "prompt_tokens")
	d.take(r, "output_tokens", "completion_tokens")
	d.take(r, "cached_tokens", "metadata.usage_object.prompt_tokens_details.cached_tokens", "metadata.additional_usage_values.cache_read_input_tokens")
	d.take(r, "cache_write_tokens", "metadata.usage_object.cache_creation_input_tokens", "metadata.additional_usage_values.cache_creation_input_tokens")
	d.take(r, "reasoning_tokens", "metadata.usage_object.completion_tokens_details.reasoning_tokens")
	d.take(r, "cost_usd", "spend")
	d.take(r, "latency_ms", "request_duration_ms")
	if d.values["latency_ms"] == "" {
		d.set("latency_ms", r.between([]string{"start_time"}, []string{"end_time"}), "endTime - startTime")
	}
	// An answer that was not streamed is complete when it begins.
	if r.text("completion_start_time") != r.text("end_time") {
		d.set("ttft_ms", r.between([]string{"start_time"}, []string{"completion_start_time"}), "completionStartTime - startTime")
	}
	if user, from := r.get("user", "end_user"); present(user) {
		d.set("user", hashed(user.String()), from)
	}
	// {} is how the log says that it kept no text; newer versions keep it elsewhere.
	d.request(r, "messages", "proxy_server_request")
	d.answer(r, "response")
	r.use("api_key", "user", "end_user", "requester_ip_address", "metadata", "end_time", "completion_start_time", "total_tokens", "model_group",
		"messages", "response", "proxy_server_request", "team_id", "model_id", "api_base")
	callType := strings.ToLower(r.text("call_type"))
	for _, other := range notText {
		if strings.Contains(callType, other) {
			d.filtered = "calls that answer with no text (" + callType + ")"
		}
	}
	failed := strings.EqualFold(r.text("status"), "failure")
	d.gateway = d.filtered == "" && !failed
	d.withoutText(failed, "requests whose text was not kept (store_prompts_in_spend_logs is off)")
	d.extras(r)
	return []*draft{d}
}

// hashed stands for a name that is not to be known, the same for the same name.
func hashed(name string) string {
	if name == "" {
		return ""
	}
	sum := sha256.Sum256([]byte(name))
	return "user-" + hex.EncodeToString(sum[:6])
}

// number is a JSON number or the text of one, empty where there is none.
func number(value gjson.Result) string {
	if !present(value) {
		return ""
	}
	return strings.TrimSpace(value.String())
}
