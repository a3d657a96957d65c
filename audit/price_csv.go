package audit

import (
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"strconv"
	"strings"
	"time"
)

// PriceColumns are the columns of a price table in CSV. Dollars are those of 1,000,000
// tokens. Only model, input, output and, unless the reader gives a day, valid_from must
// have a value. batch_discount is the share that a batch costs less, such as 0.5, and
// stands for the two batch prices.
var PriceColumns = []string{
	"model", "provider", "valid_from", "input_usd_per_1m", "cached_input_usd_per_1m", "cache_write_usd_per_1m",
	"output_usd_per_1m", "reasoning_usd_per_1m", "batch_input_usd_per_1m", "batch_output_usd_per_1m", "batch_discount",
	"long_context_above_tokens", "long_context_input_usd_per_1m", "long_context_output_usd_per_1m",
	"long_context_cached_input_usd_per_1m", "long_context_cache_write_usd_per_1m",
	"context_window_tokens", "listed_on", "retires_on", "source",
}

// PriceColumnSynonyms are other names of columns of [PriceColumns].
var PriceColumnSynonyms = map[string][]string{
	"model":                          {"model_name", "name"},
	"provider":                       {"vendor", "host"},
	"valid_from":                     {"from", "since", "date"},
	"input_usd_per_1m":               {"input", "in", "input_price"},
	"cached_input_usd_per_1m":        {"cached", "cached_input", "cache_read", "cache_read_usd_per_1m"},
	"cache_write_usd_per_1m":         {"cache_write"},
	"output_usd_per_1m":              {"output", "out", "output_price"},
	"retires_on":                     {"deprecation_date"},
	"long_context_above_tokens":      {"tier_above_tokens"},
	"long_context_input_usd_per_1m":  {"tier_input_usd_per_1m"},
	"long_context_output_usd_per_1m": {"tier_output_usd_per_1m"},
}

// ReadPrices reads a price table in CSV with the columns of [PriceColumns] in any
// order. Errors name the line.
func ReadPrices(r io.Reader) (PriceTable, error) {
	var table PriceTable
	reader := csv.NewReader(r)
	header, err := reader.Read()
	if err != nil {
		return table, fmt.Errorf("read price table header: %w", err)
	}
	columns := priceColumns(header)
	for {
		row, err := reader.Read()
		if err == io.EOF {
			return table, nil
		}
		if err != nil {
			return table, fmt.Errorf("read price table: %w", err)
		}
		price, err := ParsePrice(func(column string) string {
			if at, ok := columns[column]; ok {
				return row[at]
			}
			return ""
		}, time.Time{})
		if err != nil {
			line, _ := reader.FieldPos(0)
			return table, fmt.Errorf("price table line %d: %w", line, err)
		}
		table.add(builtInPrices, price)
	}
}

// priceColumns finds the columns of a header.
func priceColumns(header []string) map[string]int {
	names := map[string]string{}
	for _, column := range PriceColumns {
		names[column] = column
		for _, synonym := range PriceColumnSynonyms[column] {
			names[synonym] = column
		}
	}
	columns := map[string]int{}
	for i, name := range header {
		if column, ok := names[strings.ToLower(strings.TrimSpace(name))]; ok {
			columns[column] = i
		}
	}
	return columns
}

// ParsePrice reads a price from the values of [PriceColumns]; day is its first day where
// the row gives none. Errors name the column in words.
func ParsePrice(value func(column string) string, day time.Time) (Price, error) {
	get := func(column string) string { return strings.TrimSpace(value(column)) }
	price := Price{Model: get("model"), Provider: get("provider"), Source: get("source"), ValidFrom: day}
	var failures []error
	fail := func(what string, err error) {
		failures = append(failures, fmt.Errorf("%s of %s: %w", what, price.Model, err))
	}
	amount := func(what, column string) *NanoUSD {
		text := get(column)
		if text == "" {
			return nil
		}
		parsed, err := ParseUSD(text)
		if err != nil {
			fail(what, err)
		}
		return &parsed
	}
	required := func(what, column string) NanoUSD {
		if parsed := amount(what, column); parsed != nil {
			return *parsed
		}
		fail(what, errors.New("is missing"))
		return 0
	}
	date := func(column string, into *time.Time) {
		text := get(column)
		if text == "" {
			return
		}
		var err error
		if *into, err = time.Parse(time.DateOnly, text); err != nil {
			fail(column, fmt.Errorf("%q is not a day; write it like 2026-03-01", shorten(text)))
		}
	}
	tokens := func(column string) int64 {
		count, err := strconv.ParseInt(get(column), 10, 64)
		if err != nil || count <= 0 {
			fail(column, fmt.Errorf("%q is not a number of tokens", shorten(get(column))))
		}
		return count
	}
	price.Input = required("input price", "input_usd_per_1m")
	price.CachedInput = amount("cached input price", "cached_input_usd_per_1m")
	price.CacheWrite = amount("cache write price", "cache_write_usd_per_1m")
	price.Output = required("output price", "output_usd_per_1m")
	price.Reasoning = amount("reasoning price", "reasoning_usd_per_1m")
	price.BatchInput = amount("batch input price", "batch_input_usd_per_1m")
	price.BatchOutput = amount("batch output price", "batch_output_usd_per_1m")
	if text := get("batch_discount"); text != "" {
		if err := price.discountBatch(text); err != nil {
			fail("batch_discount", err)
		}
	}
	if get("long_context_above_tokens") != "" {
		price.LongContext = &LongContextPrice{
			Above:       tokens("long_context_above_tokens"),
			Input:       required("long-context input price", "long_context_input_usd_per_1m"),
			CachedInput: amount("long-context cached input price", "long_context_cached_input_usd_per_1m"),
			CacheWrite:  amount("long-context cache write price", "long_context_cache_write_usd_per_1m"),
			Output:      required("long-context output price", "long_context_output_usd_per_1m"),
		}
	}
	if get("context_window_tokens") != "" {
		window := tokens("context_window_tokens")
		price.ContextWindow = &window
	}
	date("valid_from", &price.ValidFrom)
	date("listed_on", &price.ListedOn)
	date("retires_on", &price.RetiresOn)
	if len(failures) == 0 && price.ValidFrom.IsZero() {
		fail("valid_from", errors.New("is missing; write the first day, like 2026-03-01"))
	}
	if len(failures) > 0 {
		return price, failures[0]
	}
	return price, price.validate()
}

// discountBatch fills in the batch prices that are not given: what is left of the
// normal ones, rounded to the nearest nano-dollar.
func (p *Price) discountBatch(text string) error {
	discount, err := ParseUSD(text) // as exact as an amount
	if err != nil || discount < 0 || discount > USD {
		return fmt.Errorf("%q is not a share from 0 to 1", shorten(text))
	}
	left := func(price NanoUSD) *NanoUSD {
		rest, _ := ratio(price, USD-discount, USD) // less than the price, so it fits
		return &rest
	}
	if p.BatchInput == nil {
		p.BatchInput = left(p.Input)
	}
	if p.BatchOutput == nil {
		p.BatchOutput = left(p.Output)
	}
	return nil
}
