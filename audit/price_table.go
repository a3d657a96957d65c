package audit

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
	"time"
)

// A PriceTable holds what each model cost when. It has three layers: the lists that
// it was read from, imported ones over them, and over these a workspace's own prices.
// The zero value is an empty table.
type PriceTable struct {
	layers [3]priceLayer // in the order of rank, see priceRank
	known  *knownPrices  // of these layers; nil where nothing was looked up
}

// A priceRank says which price counts of several for the same name on the same day.
type priceRank int

const (
	ownPrices priceRank = iota
	importedPrices
	builtInPrices
)

// A priceLayer holds prices of one rank.
type priceLayer struct {
	byName   map[string][]Price  // by folded name, sorted by the first valid day
	families map[string][]string // a name without its date to the folded names with it
}

func (l *priceLayer) add(price Price) {
	if l.byName == nil {
		l.byName, l.families = map[string][]Price{}, map[string][]string{}
	}
	name := strings.ToLower(price.Model)
	prices := l.byName[name]
	if len(prices) == 0 {
		if family := withoutDate(name); family != name {
			l.families[family] = append(l.families[family], name)
		}
	}
	at, found := slices.BinarySearchFunc(prices, price, func(a, b Price) int {
		return cmp.Or(a.ValidFrom.Compare(b.ValidFrom), cmp.Compare(a.Provider, b.Provider))
	})
	if found {
		prices[at] = price
		return
	}
	l.byName[name] = slices.Insert(prices, at, price)
}

// Import puts prices of an imported list over those that the table was read from.
// One of the same model, provider and day is replaced.
func (t *PriceTable) Import(prices ...Price) {
	t.add(importedPrices, prices...)
}

// Override puts a workspace's own price before the table's.
func (t *PriceTable) Override(price Price) { t.add(ownPrices, price) }

func (t *PriceTable) add(rank priceRank, prices ...Price) {
	for _, price := range prices {
		t.layers[rank].add(price)
	}
	t.known = &knownPrices{}
}

// A seller is a model and who sells it, whatever a list's spelling.
type seller struct{ model, provider string }

func sellerOf(price Price) seller {
	return seller{strings.ToLower(price.Model), host(price.Provider)}
}

// retired are the models that are offered no more on a day, as the latest list says that
// knows of it: the list that a price of the day is from may be too old to.
func (t PriceTable) retired(day time.Time) map[seller]bool {
	latest := map[seller]Price{}
	for _, price := range t.History() {
		if known, ok := latest[sellerOf(price)]; !price.RetiresOn.IsZero() && (!ok || !price.Listed().Before(known.Listed())) {
			latest[sellerOf(price)] = price
		}
	}
	retired := map[seller]bool{}
	for of, price := range latest {
		retired[of] = !price.RetiresOn.After(day)
	}
	return retired
}

// All lists the latest price of each model and provider, sorted by both.
func (t PriceTable) All() []Price { return t.On(time.Time{}) }

// On lists the prices in force on a day, one for each model and provider, sorted by
// both; on the zero day the latest ones.
func (t PriceTable) On(day time.Time) []Price {
	inForce := map[seller]Price{}
	for rank := range slices.Backward(t.layers[:]) {
		for _, prices := range t.layers[rank].byName {
			for _, price := range validOn(prices, day) {
				key := sellerOf(price)
				if priceRank(rank) == ownPrices { // holds whoever the table says sells
					maps.DeleteFunc(inForce, func(other seller, _ Price) bool { return other.model == key.model })
				}
				inForce[key] = price
			}
		}
	}
	all := slices.Collect(maps.Values(inForce))
	slices.SortFunc(all, comparePrices)
	return all
}

// History lists every price that the table knows, those that others hide as well,
// sorted by model, provider and day.
func (t PriceTable) History() []Price {
	var all []Price
	for _, layer := range t.layers {
		for _, prices := range layer.byName {
			all = append(all, prices...)
		}
	}
	slices.SortFunc(all, comparePrices)
	return all
}

func comparePrices(a, b Price) int {
	return cmp.Or(cmp.Compare(a.Model, b.Model), cmp.Compare(a.Provider, b.Provider), a.ValidFrom.Compare(b.ValidFrom), cmp.Compare(a.Source, b.Source))
}

// validOn gives of each provider and name the last price whose first day has come.
func validOn(prices []Price, day time.Time) []Price {
	var valid []Price
	for _, price := range prices {
		if !day.IsZero() && price.ValidFrom.After(day) {
			break // they are sorted
		}
		if at := slices.IndexFunc(valid, func(p Price) bool { return p.Provider == price.Provider && strings.EqualFold(p.Model, price.Model) }); at >= 0 {
			valid[at] = price
			continue
		}
		valid = append(valid, price)
	}
	return valid
}

// Price finds the latest price of a model, as [PriceTable.Lookup] does without a
// provider.
func (t PriceTable) Price(model string) (Price, bool) {
	price, err := t.Lookup("", model, time.Time{})
	return price, err == nil
}

// Lookup finds what a model cost on a day, the latest price for the zero day. The
// provider is who was paid, as the log names it; it may be empty.
//
// A name is tried as it is (without regard to case), behind its provider as in
// provider/model, and then without what gateways and hosts add (see modelNames). Each
// of these is looked for among the workspace's own prices, the imported and the
// built-in ones, and the first that was valid on the day counts. At last the date at
// the end of the name is left out, or, where the table has the name with dates only, the
// dated ones count if all of them cost the same.
//
// Nothing is guessed. The error says why no price is known: the name is not in the
// table, the first known price is of a later day, or several hosts sell under the name
// and the table does not say what the one of the log asks.
func (t PriceTable) Lookup(provider, model string, day time.Time) (Price, error) {
	return t.known.lookup(provider, model, day, t.search)
}

func (t PriceTable) search(provider, model string, day time.Time) (Price, error) {
	names := modelNames(provider, model)
	search := priceSearch{model: model, provider: names.provider, day: day, regional: names.regional}
	for _, name := range names.names {
		if price, ok := t.find(&search, func(layer *priceLayer) []Price { return layer.byName[name] }); ok {
			return price, nil
		}
	}
	if names.regional {
		return Price{}, search.failure()
	}
	for _, name := range names.names {
		family := withoutDate(name)
		if family != name {
			if price, ok := t.find(&search, func(layer *priceLayer) []Price { return layer.byName[family] }); ok {
				return price, nil
			}
		}
		if price, ok := t.find(&search, func(layer *priceLayer) []Price { return layer.snapshots(family) }); ok {
			return price, nil
		}
	}
	return Price{}, search.failure()
}

// snapshots are the prices of the dated names of a family.
func (l *priceLayer) snapshots(family string) []Price {
	var prices []Price
	for _, name := range l.families[family] {
		prices = append(prices, l.byName[name]...)
	}
	slices.SortStableFunc(prices, func(a, b Price) int { return a.ValidFrom.Compare(b.ValidFrom) })
	return prices
}

// A priceSearch is the search for one price, and why it has found none yet.
type priceSearch struct {
	model, provider string
	day             time.Time
	regional        bool
	first           time.Time // first valid day of a price that was found
	sellers         []string  // providers whose price was found, of which none is the log's
	several         bool      // they sell at different prices, and the log names none
}

// find looks for a price in each layer.
func (t PriceTable) find(search *priceSearch, prices func(*priceLayer) []Price) (Price, bool) {
	for rank := range t.layers {
		known := prices(&t.layers[rank])
		if len(known) == 0 || search.several {
			continue
		}
		valid := validOn(known, search.day)
		if len(valid) == 0 {
			if search.first.IsZero() || known[0].ValidFrom.Before(search.first) {
				search.first = known[0].ValidFrom
			}
			continue
		}
		if price, ok := search.choose(valid, priceRank(rank) == ownPrices); ok {
			return price, true
		}
	}
	return Price{}, false
}

// choose finds the log's provider among those that sell under a name.
func (s *priceSearch) choose(valid []Price, own bool) (Price, bool) {
	same := func(prices []Price) bool {
		return !slices.ContainsFunc(prices, func(p Price) bool { return !p.SameFigures(prices[0]) })
	}
	latest := valid[len(valid)-1]
	if (s.provider == "" || own) && same(valid) {
		return latest, true
	}
	sold := func(by func(Price) bool) (Price, bool) {
		found := slices.Clone(valid)
		found = slices.DeleteFunc(found, func(p Price) bool { return !by(p) })
		if len(found) == 0 || !same(found) {
			return Price{}, false
		}
		return found[len(found)-1], true
	}
	if s.provider != "" {
		if price, ok := sold(func(p Price) bool { return host(p.Provider) == s.provider }); ok {
			return price, true
		}
		if price, ok := sold(hasOneListPrice); ok && !ownPriced[s.provider] {
			return price, true
		}
	}
	for _, price := range valid {
		if seller := strconv.Quote(price.Provider); !slices.Contains(s.sellers, seller) {
			s.sellers = append(s.sellers, seller)
		}
	}
	s.several = s.several || s.provider == ""
	return Price{}, false
}

func (s *priceSearch) failure() error {
	slices.Sort(s.sellers)
	switch {
	case s.several:
		return fmt.Errorf("%q is sold at different prices (%s), and the log does not say which", s.model, strings.Join(s.sellers, ", "))
	case len(s.sellers) > 0:
		return fmt.Errorf("what %q asks for %q is not known, only what %s does", s.provider, s.model, strings.Join(s.sellers, ", "))
	case !s.first.IsZero():
		return fmt.Errorf("the first known price of %q is of %s", s.model, s.first.Format(time.DateOnly))
	}
	if s.regional {
		return fmt.Errorf("no price of %q is known, which is that of a region", s.model)
	}
	return fmt.Errorf("no price of %q is known", s.model)
}

// Date is the day of the list by which models are priced, the latest of them: what has
// to be known to price them again. It is zero where none of them has a dated price, as
// a workspace's own prices have none.
func (t PriceTable) Date(models ...string) time.Time { return t.DateOn(time.Time{}, models...) }

// DateOn is [PriceTable.Date] of the prices that are in force on a day.
func (t PriceTable) DateOn(day time.Time, models ...string) time.Time {
	var latest time.Time
	for _, model := range models {
		if price, err := t.Lookup("", model, day); err == nil && price.Listed().After(latest) {
			latest = price.Listed()
		}
	}
	return latest
}
