package report

import (
	"cmp"
	"fmt"
	"io"
	"slices"
	"strconv"
	"strings"
	"time"

	"modeltrial/audit"
)

// A PriceEntry is a price in JSON, in dollars per 1,000,000 tokens; null is not given.
type PriceEntry struct {
	Model         string            `json:"model"`
	Provider      string            `json:"provider"`
	Input         float64           `json:"input_usd_per_1m"`
	CachedInput   *float64          `json:"cached_input_usd_per_1m"`
	CacheWrite    *float64          `json:"cache_write_usd_per_1m"`
	Output        float64           `json:"output_usd_per_1m"`
	Reasoning     *float64          `json:"reasoning_usd_per_1m"`
	BatchInput    *float64          `json:"batch_input_usd_per_1m"`
	BatchOutput   *float64          `json:"batch_output_usd_per_1m"`
	LongContext   *LongContextEntry `json:"long_context"`
	ContextWindow *int64            `json:"context_window_tokens"`
	ValidFrom     string            `json:"valid_from,omitempty"` // missing: always
	ListedOn      string            `json:"listed_on,omitempty"`
	RetiresOn     string            `json:"retires_on,omitempty"` // missing: not known
	Source        string            `json:"source"`
}

// A LongContextEntry is a [audit.LongContextPrice] in JSON.
type LongContextEntry struct {
	AboveTokens int64    `json:"above_tokens"`
	Input       float64  `json:"input_usd_per_1m"`
	CachedInput *float64 `json:"cached_input_usd_per_1m"`
	CacheWrite  *float64 `json:"cache_write_usd_per_1m"`
	Output      float64  `json:"output_usd_per_1m"`
	// Next is the step after it, of requests that are longer still; missing where it is
	// the last one.
	Next *LongContextEntry `json:"next,omitempty"`
}

func longContextEntry(long *audit.LongContextPrice) *LongContextEntry {
	if long == nil {
		return nil
	}
	return &LongContextEntry{
		AboveTokens: long.Above, Input: long.Input.Dollars(), CachedInput: dollars(long.CachedInput),
		CacheWrite: dollars(long.CacheWrite), Output: long.Output.Dollars(), Next: longContextEntry(long.Next),
	}
}

// PriceEntries gives prices for JSON.
func PriceEntries(prices []audit.Price) []PriceEntry {
	entries := make([]PriceEntry, len(prices))
	for i, p := range prices {
		entries[i] = PriceEntry{
			Model: p.Model, Provider: p.Provider, Input: p.Input.Dollars(), CachedInput: dollars(p.CachedInput), CacheWrite: dollars(p.CacheWrite),
			Output: p.Output.Dollars(), Reasoning: dollars(p.Reasoning), BatchInput: dollars(p.BatchInput), BatchOutput: dollars(p.BatchOutput),
			ContextWindow: p.ContextWindow, ValidFrom: priceDay(p.ValidFrom), ListedOn: priceDay(p.Listed()), RetiresOn: priceDay(p.RetiresOn), Source: p.Source,
		}
		entries[i].LongContext = longContextEntry(p.LongContext)
	}
	return entries
}

func dollars(amount *audit.NanoUSD) *float64 {
	if amount == nil {
		return nil
	}
	value := amount.Dollars()
	return &value
}

func priceDay(day time.Time) string {
	if day.IsZero() {
		return ""
	}
	return day.Format(time.DateOnly)
}

// PriceList writes prices for people, a line each. Their sources, which many share, stand
// below by number.
func PriceList(w io.Writer, prices []audit.Price, style Style) error {
	p := &page{style: style}
	columns := []Column{
		{Name: "model", Whole: true}, // it is there to be copied
		{Name: "provider"},
		{Name: "input", Right: true, Fixed: true},
		{Name: "cached", Right: true, Fixed: true},
		{Name: "write", Right: true, Fixed: true},
		{Name: "output", Right: true, Fixed: true},
		{Name: "valid from", Whole: true},
		{Name: "source", Right: true, Whole: true},
	}
	var sources []string
	rows := make([][]Cell, len(prices))
	for i, price := range prices {
		at := slices.Index(sources, price.Source)
		if at < 0 {
			at = len(sources)
			sources = append(sources, price.Source)
		}
		rows[i] = Cells(price.Model, price.Provider, priceText(&price.Input), priceText(price.CachedInput), priceText(price.CacheWrite), priceText(&price.Output),
			priceDay(price.ValidFrom), strconv.Itoa(at+1))
	}
	p.table(columns, rows)
	p.gap()
	p.say(Plain, "", "US dollars per 1 000 000 tokens; --model NAME shows batch and long-context prices too")
	for i, source := range sources {
		p.say(Dim, "    ", fmt.Sprintf("%3d %s", i+1, cmp.Or(source, "no source is given")))
	}
	return p.flush(w)
}

// PriceDetails writes everything that is known of a price.
func PriceDetails(w io.Writer, price audit.Price, style Style) error {
	p := &page{style: style}
	head := price.Model
	if price.Provider != "" {
		head += ", " + price.Provider
	}
	p.say(Plain, "", head)
	p.gap()
	var rows [][]Cell
	for _, amount := range price.Amounts() {
		if amount.Price != nil {
			rows = append(rows, Cells(amount.Name, priceText(amount.Price)))
		}
	}
	p.table([]Column{{Name: "price of 1 000 000 tokens"}, {Name: "USD", Right: true, Fixed: true}}, rows)
	p.gap()
	if price.LongContext != nil {
		p.say(Plain, "  ", fmt.Sprintf("Long-context prices are charged above %s input tokens.", Count(int(price.LongContext.Above))))
		for next := price.LongContext.Next; next != nil; next = next.Next {
			p.say(Plain, "  ", fmt.Sprintf("Above %s input tokens: input %s, output %s.", Count(int(next.Above)), priceText(&next.Input), priceText(&next.Output)))
		}
	}
	if price.ContextWindow != nil {
		p.say(Plain, "  ", fmt.Sprintf("Takes up to %s input tokens.", Count(int(*price.ContextWindow))))
	}
	if !price.RetiresOn.IsZero() {
		p.say(Plain, "  ", "Its provider retires it on "+priceDay(price.RetiresOn)+".")
	}
	since := "always"
	if !price.ValidFrom.IsZero() {
		since = "from " + priceDay(price.ValidFrom)
	}
	source := price.Source
	if listed := priceDay(price.ListedOn); listed != "" && !strings.Contains(source, listed) {
		source += " (" + listed + ")"
	}
	p.say(Plain, "  ", "Valid "+since+". Source: "+source)
	return p.flush(w)
}

// priceText is an amount exactly, with at least two decimals; empty where it is not given.
func priceText(amount *audit.NanoUSD) string {
	if amount == nil {
		return ""
	}
	return strings.TrimSuffix(amount.String(), " USD")
}

// A PriceDiffEntry is a changed price in JSON.
type PriceDiffEntry struct {
	Model    string              `json:"model"`
	Provider string              `json:"provider"`
	Old      PriceEntry          `json:"old"`
	New      PriceEntry          `json:"new"`
	Amounts  []AmountChangeEntry `json:"amounts"`
}

// An AmountChangeEntry is a changed amount in JSON. Change is a share of the old
// amount, such as -0.25; null where one of them is not given or the old one is 0.
type AmountChangeEntry struct {
	Name   string   `json:"name"`
	Old    *float64 `json:"old_usd_per_1m"`
	New    *float64 `json:"new_usd_per_1m"`
	Change *float64 `json:"change"`
}

// PriceDiffDocument gives a difference of prices for JSON.
func PriceDiffDocument(diff audit.PriceDiff, from, to string) map[string]any {
	changed := make([]PriceDiffEntry, len(diff.Changed))
	for i, c := range diff.Changed {
		entries := PriceEntries([]audit.Price{c.Old, c.New})
		changed[i] = PriceDiffEntry{Model: c.Model, Provider: c.Provider, Old: entries[0], New: entries[1], Amounts: []AmountChangeEntry{}}
		for _, amount := range c.Amounts {
			entry := AmountChangeEntry{Name: amount.Name, Old: dollars(amount.Old), New: dollars(amount.New)}
			if change, ok := amount.Ratio(); ok {
				entry.Change = &change
			}
			changed[i].Amounts = append(changed[i].Amounts, entry)
		}
	}
	return map[string]any{
		"schema": "modeltrial.prices-diff/1", "from": from, "to": to, "unchanged": diff.Unchanged,
		"new": PriceEntries(diff.New), "gone": PriceEntries(diff.Gone), "changed": changed,
	}
}

// mostNamed is how many new or gone models a terminal names.
const mostNamed = 20

// PriceDiff writes what changed in prices, the largest changes first.
func PriceDiff(w io.Writer, diff audit.PriceDiff, from, to string, style Style) error {
	p := &page{style: style}
	p.say(Plain, "", fmt.Sprintf("%s to %s: %s changed, %s new, %s gone, %s unchanged", from, to,
		counted(len(diff.Changed), "price", "prices"), Count(len(diff.New)), Count(len(diff.Gone)), Count(diff.Unchanged)))
	if len(diff.Changed) > 0 {
		columns := []Column{
			{Name: "model", Whole: true},
			{Name: "provider"},
			{Name: "price of"},
			{Name: "old USD", Right: true, Fixed: true},
			{Name: "new USD", Right: true, Fixed: true},
			{Name: "change", Right: true, Fixed: true},
		}
		var rows [][]Cell
		for _, c := range diff.Changed {
			for i, amount := range c.Amounts {
				model, provider := c.Model, c.Provider
				if i > 0 {
					model, provider = "", ""
				}
				rows = append(rows, Cells(model, provider, amount.Name, priceText(amount.Old), priceText(amount.New), changeText(amount)))
			}
			if len(c.Amounts) == 0 {
				rows = append(rows, Cells(c.Model, c.Provider, "long context begins elsewhere", "", "", ""))
			}
		}
		p.gap()
		p.table(columns, rows)
	}
	for _, list := range []struct {
		title  string
		prices []audit.Price
	}{{"New: ", diff.New}, {"Gone: ", diff.Gone}} {
		if len(list.prices) == 0 {
			continue
		}
		var names []string
		for _, price := range list.prices[:min(len(list.prices), mostNamed)] {
			names = append(names, price.Model)
		}
		if rest := len(list.prices) - len(names); rest > 0 {
			names = append(names, fmt.Sprintf("and %s more (--json has all)", Count(rest)))
		}
		p.gap()
		p.say(Plain, "  ", list.title+strings.Join(names, ", "))
	}
	return p.flush(w)
}

// changeText is a change in per cent, with its sign.
func changeText(amount audit.AmountChange) string {
	change, ok := amount.Ratio()
	if !ok {
		return ""
	}
	return strings.Replace(fmt.Sprintf("%+.1f%%", 100*change), "-", "−", 1)
}
