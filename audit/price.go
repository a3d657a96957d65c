package audit

import (
	"cmp"
	"encoding/csv"
	"fmt"
	"io"
	"maps"
	"slices"
	"time"
)

// A Price is what a model's tokens cost, in nano-dollars per 1,000,000 tokens,
// from a day on. CachedInput is nil where the list gives none: cached tokens
// then cost what input costs.
type Price struct {
	Model       string
	Provider    string
	Input       NanoUSD
	CachedInput *NanoUSD
	Output      NanoUSD
	ValidFrom   time.Time
	Source      string
}

// Cost is what the tokens cost under the price, in nano-dollars, rounded to the
// nearest. Cached tokens are a part of the input tokens, reasoning tokens a part
// of the output tokens. ok is false where input or output are unknown.
func (p Price) Cost(tokens Tokens) (cost NanoUSD, ok bool) {
	if tokens.Input == nil || tokens.Output == nil {
		return 0, false
	}
	fresh, cached := *tokens.Input, int64(0)
	if tokens.Cached != nil {
		cached = min(*tokens.Cached, fresh)
		fresh -= cached
	}
	cachedPrice := p.Input
	if p.CachedInput != nil {
		cachedPrice = *p.CachedInput
	}
	const million = 1_000_000
	sum := fresh*int64(p.Input) + cached*int64(cachedPrice) + *tokens.Output*int64(p.Output)
	return NanoUSD((sum + million/2) / million), true
}

// A PriceTable holds prices by model name.
type PriceTable struct {
	prices map[string]Price
}

// ReadPrices reads a price table in CSV with the columns model, provider,
// input_usd_per_1m, cached_input_usd_per_1m, output_usd_per_1m, valid_from and
// source. Errors name the line.
func ReadPrices(r io.Reader) (PriceTable, error) {
	table := PriceTable{prices: map[string]Price{}}
	reader := csv.NewReader(r)
	reader.FieldsPerRecord = 7
	if _, err := reader.Read(); err != nil {
		return table, fmt.Errorf("read price table header: %w", err)
	}
	for {
		row, err := reader.Read()
		if err == io.EOF {
			return table, nil
		}
		if err != nil {
			return table, fmt.Errorf("read price table: %w", err)
		}
		price, err := parsePrice(row)
		if err != nil {
			line, _ := reader.FieldPos(0)
			return table, fmt.Errorf("price table line %d: %w", line, err)
		}
		table.prices[price.Model] = price
	}
}

func parsePrice(row []string) (Price, error) {
	price := Price{Model: row[0], Provider: row[1], Source: row[6]}
	var err error
	if price.Input, err = ParseUSD(row[2]); err != nil {
		return price, fmt.Errorf("input price of %s: %w", row[0], err)
	}
	if row[3] != "" {
		cached, err := ParseUSD(row[3])
		if err != nil {
			return price, fmt.Errorf("cached input price of %s: %w", row[0], err)
		}
		price.CachedInput = &cached
	}
	if price.Output, err = ParseUSD(row[4]); err != nil {
		return price, fmt.Errorf("output price of %s: %w", row[0], err)
	}
	if price.ValidFrom, err = time.Parse(time.DateOnly, row[5]); err != nil {
		return price, fmt.Errorf("valid_from of %s: %w", row[0], err)
	}
	return price, nil
}

// Override puts a workspace's own price before the table's.
func (t *PriceTable) Override(price Price) { t.prices[price.Model] = price }

// All lists the prices by model name.
func (t PriceTable) All() []Price {
	all := slices.Collect(maps.Values(t.prices))
	slices.SortFunc(all, func(a, b Price) int { return cmp.Compare(a.Model, b.Model) })
	return all
}

// Price finds the price of a model by its exact name.
func (t PriceTable) Price(model string) (Price, bool) {
	price, ok := t.prices[model]
	return price, ok
}

// Date is the latest day from which one of the listed prices of models is valid:
// what has to be known of the list to price them again. It is zero where none of
// them has a dated price, as a workspace's own prices have none.
func (t PriceTable) Date(models ...string) time.Time {
	var latest time.Time
	for _, model := range models {
		if since := t.prices[model].ValidFrom; since.After(latest) {
			latest = since
		}
	}
	return latest
}
