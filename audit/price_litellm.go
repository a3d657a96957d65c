package audit

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"math/big"
	"regexp"
	"slices"
	"strconv"
	"time"
)

// A LiteLLMList is what LiteLLM's public list of models says of text.
type LiteLLMList struct {
	Prices []Price // sorted by model and provider
	// Skipped counts the entries that have no price for text, by reason.
	Skipped map[string]int
	// Unreadable has the entries whose price cannot be read, with the reason.
	Unreadable map[string]error
}

// Why an entry of LiteLLM's list is skipped.
const (
	skippedMode   = "not for text"
	skippedSample = "the list's own example"
	skippedPrice  = "no price per token"
	skippedFree   = "free, or its price is not known (0)"
)

// ReadLiteLLM reads LiteLLM's public price list, model_prices_and_context_window.json:
// an object that has for each model its mode, provider and US dollars per token. Models
// for chat, completion and responses count. Amounts are read as exact decimal numbers
// and rounded to nano-dollars per 1,000,000 tokens. The prices are valid from day on.
//
// The format: https://github.com/BerriAI/litellm, entry sample_spec of the file.
func ReadLiteLLM(r io.Reader, day time.Time, source string) (LiteLLMList, error) {
	list := LiteLLMList{Skipped: map[string]int{}, Unreadable: map[string]error{}}
	decoder := json.NewDecoder(r)
	if token, err := decoder.Token(); err != nil || token != json.Delim('{') {
		return list, errors.Join(errors.New("LiteLLM's price list is one JSON object of models"), err)
	}
	prices := map[[2]string]Price{}
	for decoder.More() {
		token, err := decoder.Token()
		if err != nil {
			return list, fmt.Errorf("read LiteLLM's price list: %w", err)
		}
		model, _ := token.(string) // a key is text
		var entry liteLLMEntry
		var raw json.RawMessage
		if err := decoder.Decode(&raw); err != nil {
			return list, fmt.Errorf("read LiteLLM's price list, model %q: %w", model, err)
		}
		if err := json.Unmarshal(raw, &entry); err != nil {
			list.Unreadable[model] = errors.New("is no object")
			continue
		}
		price, skipped, err := entry.price(model)
		switch {
		case err != nil:
			list.Unreadable[model] = err
		case skipped != "":
			list.Skipped[skipped]++
		default:
			price.ValidFrom, price.ListedOn, price.Source = day, day, source
			prices[[2]string{price.Model, price.Provider}] = price
		}
	}
	if _, err := decoder.Token(); err != nil {
		return list, fmt.Errorf("read LiteLLM's price list: %w", err)
	}
	list.Prices = slices.SortedFunc(maps.Values(prices), comparePrices)
	return list, nil
}

// A liteLLMEntry is one model of the list: its fields as they stand there.
type liteLLMEntry map[string]json.RawMessage

// liteLLMStep is the field of a price above a number of input tokens.
var liteLLMStep = regexp.MustCompile(`^(?:in|out)put_cost_per_token_above_(\d+)k_tokens$`)

func (e liteLLMEntry) price(model string) (price Price, skipped string, err error) {
	switch mode := e.text("mode"); {
	case model == "sample_spec":
		return price, skippedSample, nil
	case mode != "chat" && mode != "completion" && mode != "responses":
		return price, skippedMode, nil
	case e.has("tiered_pricing"):
		return e.tiered(model)
	case !e.has("input_cost_per_token") || !e.has("output_cost_per_token"):
		return price, skippedPrice, nil
	}
	amounts := liteLLMAmounts{entry: e}
	price = Price{
		Model: model, Provider: e.text("litellm_provider"),
		Input:       *amounts.get("input_cost_per_token"),
		CachedInput: amounts.get("cache_read_input_token_cost"),
		CacheWrite:  amounts.get("cache_creation_input_token_cost"),
		Output:      *amounts.get("output_cost_per_token"),
		Reasoning:   amounts.get("output_cost_per_reasoning_token"),
		BatchInput:  amounts.get("input_cost_per_token_batches"),
		BatchOutput: amounts.get("output_cost_per_token_batches"),
	}
	// The list has other texts than days, which say nothing.
	if day, err := time.Parse(time.DateOnly, e.text("deprecation_date")); err == nil {
		price.RetiresOn = day
	}
	var steps []int64
	for field := range e {
		if step := liteLLMStep.FindStringSubmatch(field); step != nil && e.has(field) {
			above, err := strconv.ParseInt(step[1], 10, 32)
			if err != nil {
				return price, "", fmt.Errorf("%s: %w", field, err)
			}
			if !slices.Contains(steps, above) {
				steps = append(steps, above)
			}
		}
	}
	slices.Sort(steps)
	// What a step does not say is as on the step before it.
	input, output, into := price.Input, price.Output, &price.LongContext
	for _, thousands := range steps {
		suffix := fmt.Sprintf("_above_%dk_tokens", thousands)
		input, output = or(amounts.get("input_cost_per_token"+suffix), input), or(amounts.get("output_cost_per_token"+suffix), output)
		*into = &LongContextPrice{
			Above: thousands * 1000, Input: input, Output: output,
			CachedInput: amounts.get("cache_read_input_token_cost" + suffix), CacheWrite: amounts.get("cache_creation_input_token_cost" + suffix),
		}
		into = &(*into).Next
	}
	if window := e.tokens("max_input_tokens"); window > 0 {
		price.ContextWindow = &window
	} else if window := e.tokens("max_tokens"); window > 0 {
		price.ContextWindow = &window
	}
	switch {
	case amounts.err != nil:
		return price, "", amounts.err
	case price.Input == 0 && price.Output == 0:
		return price, skippedFree, nil
	}
	return price, "", price.validate()
}

// tiered is the price of an entry that lists prices by ranges of input tokens, each
// above its lower end up to and with its upper one, in place of fields of its own. The
// first range begins at 0, and the others follow on each other.
func (e liteLLMEntry) tiered(model string) (price Price, skipped string, err error) {
	var tiers []liteLLMEntry
	if err := json.Unmarshal(e["tiered_pricing"], &tiers); err != nil || len(tiers) == 0 {
		return price, "", errors.New("tiered_pricing is no list of ranges with prices")
	}
	flat := maps.Clone(e) // the entry with the first range's prices and steps for the others
	delete(flat, "tiered_pricing")
	end := int64(0)
	for i, tier := range tiers {
		var bounds []json.Number
		if err := json.Unmarshal(tier["range"], &bounds); err != nil || len(bounds) != 2 {
			return price, "", fmt.Errorf("tiered_pricing, entry %d: range is not two numbers of tokens", i+1)
		}
		from, to := liteLLMEntry{"": json.RawMessage(bounds[0])}.tokens(""), liteLLMEntry{"": json.RawMessage(bounds[1])}.tokens("")
		if from != end || to <= from || i+1 < len(tiers) && to%1000 != 0 {
			return price, "", fmt.Errorf("tiered_pricing, entry %d: the range from %s to %s does not follow on %d tokens in thousands", i+1, bounds[0], bounds[1], end)
		}
		end = to
		suffix := ""
		if i > 0 {
			suffix = fmt.Sprintf("_above_%dk_tokens", from/1000)
		}
		for _, field := range []string{
			"input_cost_per_token", "output_cost_per_token", "cache_read_input_token_cost", "cache_creation_input_token_cost", "output_cost_per_reasoning_token",
		} {
			if tier.has(field) {
				flat[field+suffix] = tier[field]
			}
		}
	}
	return flat.price(model)
}

// has reports whether a field has a value.
func (e liteLLMEntry) has(field string) bool {
	raw, ok := e[field]
	return ok && string(raw) != "null"
}

func (e liteLLMEntry) text(field string) string {
	var text string
	_ = json.Unmarshal(e[field], &text) // what is no text is as good as missing
	return text
}

// tokens is a number of tokens, which the list sometimes has as text or with a decimal
// point; 0 where it is not one.
func (e liteLLMEntry) tokens(field string) int64 {
	number, err := parseDecimal(e.number(field))
	if err != nil || !number.IsInt() || !number.Num().IsInt64() {
		return 0
	}
	return number.Num().Int64()
}

// number is a field that is a number or a number as text.
func (e liteLLMEntry) number(field string) string {
	if text := e.text(field); text != "" {
		return text
	}
	return string(e[field])
}

// A liteLLMAmounts reads dollars per token, and keeps the first failure.
type liteLLMAmounts struct {
	entry liteLLMEntry
	err   error
}

// get is a field in nano-dollars per 1,000,000 tokens; nil where there is none, and 0
// where it cannot be read, which err says.
func (a *liteLLMAmounts) get(field string) *NanoUSD {
	if !a.entry.has(field) {
		return nil
	}
	var price NanoUSD
	perToken, err := parseDecimal(a.entry.number(field))
	if err == nil {
		const million = 1_000_000
		price, err = nanoFromRat(perToken.Mul(perToken, big.NewRat(million, 1)))
	}
	if err != nil && a.err == nil {
		a.err = fmt.Errorf("%s: %w", field, err)
	}
	return &price
}
