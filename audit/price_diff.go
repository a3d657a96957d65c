package audit

import (
	"cmp"
	"slices"
	"strings"
)

// A PriceDiff is what changed from one set of prices to another.
type PriceDiff struct {
	New       []Price
	Gone      []Price
	Changed   []PriceChange // sorted by the largest change first
	Unchanged int
}

// A PriceChange is a model whose price changed.
type PriceChange struct {
	Model    string
	Provider string
	Old, New Price
	// Amounts are those that changed; none where only the number of tokens did at which
	// the long-context price begins.
	Amounts []AmountChange
}

// An AmountChange is an amount that changed; nil is not given.
type AmountChange struct {
	Name     string // what it is the price of, such as input or cached input
	Old, New *NanoUSD
}

// Ratio is by how much the amount changed as a share of the old one, such as -0.25;
// ok is false where it was not given before or after, or was 0.
func (c AmountChange) Ratio() (change float64, ok bool) {
	if c.Old == nil || c.New == nil || *c.Old == 0 {
		return 0, false
	}
	return float64(*c.New)/float64(*c.Old) - 1, true
}

// DiffPrices compares prices by model and provider, without regard to case. A price of
// another provider's name is the same one where both sides have that model once: lists
// do not name providers alike.
func DiffPrices(before, after []Price) PriceDiff {
	var diff PriceDiff
	key := func(p Price) string { return strings.ToLower(p.Model) + "\x00" + host(p.Provider) }
	byKey, byModel, times := map[string]Price{}, map[string][]Price{}, map[string]int{}
	for _, price := range before {
		byKey[key(price)] = price
		byModel[strings.ToLower(price.Model)] = append(byModel[strings.ToLower(price.Model)], price)
	}
	for _, price := range after {
		times[strings.ToLower(price.Model)]++
	}
	kept := map[string]bool{}
	for _, price := range after {
		name := strings.ToLower(price.Model)
		old, ok := byKey[key(price)]
		if !ok && len(byModel[name]) == 1 && times[name] == 1 {
			old, ok = byModel[name][0], true
		}
		switch {
		case !ok:
			diff.New = append(diff.New, price)
			continue
		case old.SameFigures(price):
			diff.Unchanged++
		default:
			diff.Changed = append(diff.Changed, PriceChange{price.Model, price.Provider, old, price, changedAmounts(old, price)})
		}
		kept[key(old)] = true
	}
	for _, price := range before {
		if !kept[key(price)] {
			diff.Gone = append(diff.Gone, price)
		}
	}
	slices.SortStableFunc(diff.Changed, func(a, b PriceChange) int { return cmp.Compare(b.largest(), a.largest()) })
	return diff
}

// largest is the largest change of an amount in either direction, as a share.
func (c PriceChange) largest() float64 {
	var largest float64
	for _, amount := range c.Amounts {
		if change, ok := amount.Ratio(); ok {
			largest = max(largest, change, -change)
		}
	}
	return largest
}

func changedAmounts(old, price Price) []AmountChange {
	var changes []AmountChange
	after := price.Amounts()
	for i, before := range old.Amounts() {
		a, b := before.Price, after[i].Price
		if (a == nil) == (b == nil) && (a == nil || *a == *b) {
			continue
		}
		changes = append(changes, AmountChange{before.Name, a, b})
	}
	return changes
}

// A NamedAmount is one of the amounts of a price; nil is not given.
type NamedAmount struct {
	Name  string // what it is the price of, such as input or cached input
	Price *NanoUSD
}

// Amounts are all amounts of a price by name, in a fixed order and number.
func (p Price) Amounts() []NamedAmount {
	var long LongContextPrice
	var longInput, longOutput *NanoUSD
	if p.LongContext != nil {
		long = *p.LongContext
		longInput, longOutput = &long.Input, &long.Output
	}
	return []NamedAmount{
		{"input", &p.Input},
		{"cached input", p.CachedInput},
		{"cache write", p.CacheWrite},
		{"output", &p.Output},
		{"reasoning", p.Reasoning},
		{"batch input", p.BatchInput},
		{"batch output", p.BatchOutput},
		{"long-context input", longInput},
		{"long-context cached input", long.CachedInput},
		{"long-context cache write", long.CacheWrite},
		{"long-context output", longOutput},
	}
}
