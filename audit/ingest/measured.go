package ingest

import (
	"time"

	"modeltrial/audit"
)

// MeasureFields are the fields of what an answer took, which task logs and
// responses have alike. The fields without _ms read other units.
var MeasureFields = []Field{
	{Name: "input_tokens", Synonyms: []string{"prompt_tokens", "tokens_prompt", "tokens_in", "tokens_rein", "tokens_eingabe", "usage.prompt_tokens", "usage.input_tokens", "gen_ai.usage.input_tokens"}},
	{Name: "cached_tokens", Synonyms: []string{"cached_input_tokens", "input_cached_tokens", "cache_read_tokens", "cache_read_input_tokens", "native_tokens_cached"}},
	{Name: "cache_write_tokens", Synonyms: []string{"cache_creation_tokens", "cache_creation_input_tokens", "cache_write_input_tokens", "gen_ai.usage.cache_creation.input_tokens"}},
	{Name: "output_tokens", Synonyms: []string{"completion_tokens", "tokens_completion", "tokens_out", "tokens_raus", "tokens_ausgabe", "usage.completion_tokens", "usage.output_tokens", "gen_ai.usage.output_tokens"}},
	{Name: "reasoning_tokens", Synonyms: []string{"output_reasoning_tokens", "reasoning_output_tokens", "native_tokens_reasoning"}},
	{Name: "service_tier", Synonyms: []string{"is_batch", "batch_request", "processing_tier", "pricing_tier"}},
	{Name: "cost_usd", Synonyms: []string{"cost", "spend", "spend_usd", "total_cost", "total_cost_usd", "price_usd", "cost_in_usd", "price", "kosten", "preis", "coste", "precio", "costo", "prezzo", "custo", "preço", "coût", "prix"}},
	{Name: "currency", Synonyms: []string{"currency_code", "cost_currency"}},
	{Name: "latency_ms", Synonyms: []string{"duration_ms", "request_duration_ms", "response_time_ms", "elapsed_ms", "total_latency_ms", "latency_millis", "dauer_ms"}},
	{Name: "latency_s", Synonyms: []string{"latency_seconds", "latency_sec", "duration_s", "duration_seconds", "response_time_s", "elapsed_seconds", "dauer_s"}},
	{Name: "latency", Synonyms: []string{"duration", "response_time", "elapsed", "dauer", "antwortzeit", "duración", "durata", "durée"}},
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

// tokenFields are the fields that hold [audit.Tokens].
var tokenFields = [...]string{"input_tokens", "cached_tokens", "cache_write_tokens", "output_tokens", "reasoning_tokens"}

// ReadMeasured reads the [MeasureFields] of a row. What cannot be read gives an
// [*audit.RowError].
func ReadMeasured(row *Row) (measured Measured, err error) {
	kept := &row.table.numbers
	var counts [len(tokenFields)]*int64
	for i, field := range tokenFields {
		text := row.number(field)
		if text == "" {
			continue
		}
		count, err := ParseTokens(text)
		if err != nil {
			return measured, row.Reject(field, err.Error(), "leave it empty where it is not known")
		}
		counts[i] = kept.keep(count)
	}
	measured.Tokens = audit.Tokens{Input: counts[0], Cached: counts[1], CacheWrite: counts[2], Output: counts[3], Reasoning: counts[4]}
	cost, err := row.cost("cost_usd")
	if err != nil {
		return measured, err
	}
	measured.Cost = cost
	if measured.LatencyMS, err = readDuration(row, "latency", kept); err != nil {
		return measured, err
	}
	measured.TTFTMS, err = readDuration(row, "ttft", kept)
	return measured, err
}

// numbers holds those of some rows in one allocation instead of one each.
type numbers []int64

func (n *numbers) keep(value int64) *int64 {
	if len(*n) == cap(*n) {
		*n = make(numbers, 0, 64) // as many as a dozen rows have
	}
	*n = append(*n, value)
	return &(*n)[len(*n)-1]
}

// durationUnits are the fields of a duration; one without a unit must say it in
// each value.
var durationUnits = map[string][]durationUnit{
	"latency": {{"latency_ms", time.Millisecond}, {"latency_s", time.Second}, {"latency", 0}},
	"ttft":    {{"ttft_ms", time.Millisecond}, {"ttft_s", time.Second}, {"ttft", 0}},
}

type durationUnit struct {
	field string
	unit  time.Duration
}

// readDuration reads NAME_ms, else NAME_s, else NAME, which must say its unit.
func readDuration(row *Row, name string, kept *numbers) (*int64, error) {
	for _, column := range durationUnits[name] {
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
		return kept.keep(value), nil
	}
	return nil, nil
}
