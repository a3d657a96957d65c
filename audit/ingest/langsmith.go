package ingest

import (
	"fmt"
	"math/big"
	"strings"
)

// langSmith reads runs of LangSmith: its bulk export in Parquet, and the JSON of its
// SDK and API.
var langSmith = &dialect{
	name: "langsmith",
	is: func(s *shape) bool {
		return s.has("run_type") && s.hasOne("inputs", "outputs", "dotted_order", "trace_id", "extra")
	},
	within: [][]string{{"runs", anyElement}},
	draft:  draftLangSmith,
}

func draftLangSmith(r *record) []*draft {
	d := newDraft()
	d.take(r, "id", "id")
	d.take(r, "timestamp", "start_time")
	d.take(r, "user", "extra.metadata.user_id")
	d.take(r, "team", "extra.metadata.team")
	d.take(r, "model", "extra.metadata.ls_model_name", "extra.invocation_params.model", "extra.invocation_params.model_name", "model")
	d.take(r, "provider", "extra.metadata.ls_provider", "provider")
	// session_id is the project; a thread, where there is one, is in the metadata.
	d.take(r, "cluster", "extra.metadata.thread_id", "extra.metadata.session_id", "extra.metadata.conversation_id", "thread_id", "trace_id")
	d.take(r, "tags", "tags")
	d.take(r, "input_tokens", "prompt_tokens")
	d.take(r, "output_tokens", "completion_tokens")
	d.take(r, "cached_tokens", "prompt_token_details.cache_read", "outputs.usage_metadata.input_token_details.cache_read")
	d.take(r, "reasoning_tokens", "completion_token_details.reasoning", "outputs.usage_metadata.output_token_details.reasoning")
	langSmithCost(r, d)
	d.set("latency_ms", r.between([]string{"start_time"}, []string{"end_time"}), "end_time - start_time")
	d.set("ttft_ms", r.between([]string{"start_time"}, []string{"first_token_time"}), "first_token_time - start_time")
	d.request(r, "inputs")
	d.answer(r, "outputs")
	failed := r.text("error") != "" || strings.EqualFold(r.text("status"), "error")
	r.use("inputs", "outputs", "run_type", "end_time", "first_token_time", "total_cost", "prompt_cost", "completion_cost", "total_tokens",
		"extra", "events", "child_run_ids", "parent_run_ids", "dotted_order", "trace_id", "session_id", "parent_run_id", "serialized", "feedback_stats")
	if kind := strings.ToLower(r.text("run_type")); kind != "" && kind != "llm" {
		d.filtered = "runs that are no call of a model (" + kind + ")"
	}
	d.withoutText(failed, "runs without inputs")
	d.extras(r)
	return []*draft{d}
}

// langSmithCost takes the total, else the sum of what is there of its parts.
func langSmithCost(r *record, d *draft) {
	if total, from := r.get("total_cost"); present(total) {
		d.set("cost_usd", number(total), from)
		return
	}
	prompt, fromPrompt := r.get("prompt_cost")
	completion, fromCompletion := r.get("completion_cost")
	one, okOne := new(big.Rat).SetString(boundedDecimal(number(prompt)))
	two, okTwo := new(big.Rat).SetString(boundedDecimal(number(completion)))
	switch {
	case okOne && okTwo:
		d.set("cost_usd", one.Add(one, two).FloatString(12), fmt.Sprintf("%s + %s", fromPrompt, fromCompletion))
	case present(completion):
		d.set("cost_usd", number(completion), fromCompletion)
	case present(prompt):
		d.set("cost_usd", number(prompt), fromPrompt)
	}
}

// boundedDecimal is text that may be a decimal number of a usual size, else none.
func boundedDecimal(text string) string {
	if _, err := ParseNumber(text); err != nil || len(text) > 40 {
		return ""
	}
	return text
}
