package ingest

import (
	"time"

	"modeltrial/audit"
)

// MeasureFields are the fields of what an answer took, which task logs and
// responses have alike. The fields without _ms read other units.
var MeasureFields = []Field{
	{Name: "input_tokens", Synonyms: []string{"prompt_tokens", "tokens_prompt", "tokens_in", "usage.prompt_tokens", "usage.input_tokens", "gen_ai.usage.input_tokens"}},
	{Name: "cached_tokens", Synonyms: []string{"cached_input_tokens", "input_cached_tokens", "cache_read_tokens", "cache_read_input_tokens", "native_tokens_cached"}},
	{Name: "output_tokens", Synonyms: []string{"completion_tokens", "tokens_completion", "tokens_out", "usage.completion_tokens", "usage.output_tokens", "gen_ai.usage.output_tokens"}},
	{Name: "reasoning_tokens", Synonyms: []string{"output_reasoning_tokens", "reasoning_output_tokens", "native_tokens_reasoning"}},
	{Name: "cost_usd", Synonyms: []string{"cost", "spend", "spend_usd", "total_cost", "total_cost_usd", "price_usd", "cost_in_usd", "price"}},
	{Name: "currency", Synonyms: []string{"currency_code", "cost_currency"}},
	{Name: "latency_ms", Synonyms: []string{"duration_ms", "request_duration_ms", "response_time_ms", "elapsed_ms", "total_latency_ms", "latency_millis"}},
	{Name: "latency_s", Synonyms: []string{"latency_seconds", "latency_sec", "duration_s", "duration_seconds", "response_time_s", "elapsed_seconds"}},
	{Name: "latency", Synonyms: []string{"duration", "response_time", "elapsed"}},
	{Name: "ttft_ms", Synonyms: []string{"time_to_first_token_ms", "first_token_ms"}},
	{Name: "ttft_s", Synonyms: []string{"time_to_first_token_s", "time_to_first_token_seconds", "ttft_seconds"}},
	{Name: "ttft", Synonyms: []string{"time_to_first_token"}},
}

// A Measured holds what an answer took; nil is unknown.
type Measured struct {
	Tokens    audit.Tokens
	Cost      *audit.NanoUSD
	LatencyMS *int64
	TTFTMS    *int64
}

// ReadMeasured reads the [MeasureFields] of a row. What cannot be read gives an
// [*audit.RowError].
func ReadMeasured(row *Row) (measured Measured, err error) {
	tokens := &measured.Tokens
	for _, field := range [...]struct {
		name string
		into **int64
	}{
		{"input_tokens", &tokens.Input},
		{"cached_tokens", &tokens.Cached},
		{"output_tokens", &tokens.Output},
		{"reasoning_tokens", &tokens.Reasoning},
	} {
		text := row.number(field.name)
		if text == "" {
			continue
		}
		count, err := ParseTokens(text)
		if err != nil {
			return measured, row.Reject(field.name, err.Error(), "leave it empty where it is not known")
		}
		*field.into = &count
	}
	if measured.Cost, err = row.cost("cost_usd"); err != nil {
		return measured, err
	}
	if measured.LatencyMS, err = readDuration(row, "latency"); err != nil {
		return measured, err
	}
	measured.TTFTMS, err = readDuration(row, "ttft")
	return measured, err
}

// readDuration reads NAME_ms, else NAME_s, else NAME, which must say its unit.
func readDuration(row *Row, name string) (*int64, error) {
	units := [...]struct {
		field string
		unit  time.Duration
	}{{name + "_ms", time.Millisecond}, {name + "_s", time.Second}, {name, 0}}
	for _, column := range units {
		text := row.number(column.field)
		if text == "" {
			continue
		}
		if reading := row.reading(column.field); reading != nil && column.unit == 0 {
			column.unit = reading.unit
		}
		value, err := ParseMilliseconds(text, column.unit)
		if err != nil {
			remedy := "leave it empty where it is not known"
			if column.unit == 0 {
				remedy = "say the unit of the whole column with --map " + name + "_ms=COLUMN or --map " + name + "_s=COLUMN"
			}
			return nil, row.Reject(column.field, err.Error(), remedy)
		}
		return &value, nil
	}
	return nil, nil
}
