package ingest

import (
	"strconv"
	"strings"

	"github.com/tidwall/gjson"
)

// langfuse reads observations of Langfuse: its exports to blob storage in Parquet,
// CSV, JSON or JSON Lines, and its API.
var langfuse = &dialect{
	name: "langfuse",
	is: func(s *shape) bool {
		if s.has("trace_id", "type") && s.hasOne("provided_model_name", "usage_details", "cost_details", "parent_observation_id", "completion_start_time") {
			return true
		}
		return s.has("start_time") && s.hasOne("provided_model_name", "usage_details")
	},
	within: [][]string{{"data", anyElement}, {"observations", anyElement}},
	draft:  draftLangfuse,
}

func draftLangfuse(r *record) []*draft {
	d := newDraft()
	d.take(r, "id", "id")
	d.take(r, "timestamp", "start_time")
	d.take(r, "user", "user_id")
	d.take(r, "team", "metadata.team")
	d.take(r, "model", "provided_model_name", "model", "model_id")
	d.take(r, "cluster", "session_id", "trace_id")
	d.take(r, "tags", "tags")
	d.take(r, "latency_s", "latency")
	if d.values["latency_s"] == "" {
		d.set("latency_ms", r.between([]string{"start_time"}, []string{"end_time"}), "end_time - start_time")
	}
	d.take(r, "ttft_s", "time_to_first_token")
	if d.values["ttft_s"] == "" {
		d.set("ttft_ms", r.between([]string{"start_time"}, []string{"completion_start_time"}), "completion_start_time - start_time")
	}
	r.traces.join(d, r.text("trace_id"))
	langfuseUsage(r, d)
	cost, from := r.get("total_cost", "cost_details.total", "calculated_total_cost")
	// A cost of nothing for usage that is not known is a cost that is not known.
	if text := number(cost); d.values["input_tokens"] != "" || d.values["output_tokens"] != "" || !isZero(text) {
		d.set("cost_usd", text, from)
	}
	d.request(r, "input")
	d.answer(r, "output")
	r.use("input", "output", "type", "end_time", "completion_start_time", "total_cost", "cost_details", "calculated_total_cost",
		"usage_details", "usage", "level", "trace_id", "project_id", "parent_observation_id", "status_message")
	kind := strings.ToUpper(r.text("type"))
	if kind != "" && kind != "GENERATION" {
		d.filtered = "observations that are no generation (" + kind + ")"
	}
	d.withoutText(strings.EqualFold(r.text("level"), "ERROR"), "generations without input")
	d.extras(r)
	return []*draft{d}
}

// langfuseUsage sums kinds of tokens as Langfuse does: each whose name has input or
// output in it.
func langfuseUsage(r *record, d *draft) {
	usage, from := r.get("usage_details", "usage")
	sums := map[string]int64{}
	whole := true
	usage.ForEach(func(key, value gjson.Result) bool {
		count, err := ParseTokens(number(value))
		if err != nil {
			whole = whole && !present(value)
			return true
		}
		name := strings.ToLower(key.Str)
		cached := strings.Contains(name, "cache")
		written := cached && (strings.Contains(name, "creation") || strings.Contains(name, "write"))
		for _, kind := range []struct {
			field string
			is    bool
		}{
			{"input_tokens", strings.Contains(name, "input") || name == "prompt_tokens"},
			{"output_tokens", strings.Contains(name, "output") || name == "completion_tokens"},
			{"cached_tokens", strings.Contains(name, "input") && cached && !written},
			{"cache_write_tokens", strings.Contains(name, "input") && written},
			{"reasoning_tokens", strings.Contains(name, "reasoning")},
		} {
			if kind.is {
				sums[kind.field] += count
			}
		}
		return true
	})
	if !whole {
		d.set("input_tokens", usage.Raw, from) // is rejected with its place
		return
	}
	for field, sum := range sums {
		d.set(field, strconv.FormatInt(sum, 10), from)
	}
}

func isZero(text string) bool {
	value, err := strconv.ParseFloat(text, 64)
	return err == nil && value == 0
}
