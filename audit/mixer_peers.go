package audit

import (
	"cmp"
	"maps"
	"slices"
	"strings"
	"time"
)

// A PeerShare is how much of the log ran on a model that has a cheaper peer: another
// model of the same provider in the price table, or one that the log itself uses for
// some work, that costs at most nine tenths as much for the very tokens that this
// model read and wrote in this log (input, cached input and output), at the prices
// valid on the log's last day, on which the peer must still be offered. That is a fact of prices. It says nothing of whether
// the peer would do the work as well, or with as many tokens.
type PeerShare struct {
	TaskShare float64  `json:"task_share"`
	CostShare *float64 `json:"cost_share"` // null where no cost is known
	// Unpriced counts the tasks on models of which the price or all tokens are not
	// known: whether they have a cheaper peer is not known either.
	Unpriced int         `json:"tasks_without_price"`
	Models   []PeerModel `json:"models"`
	Means    string      `json:"definition"`
}

// A PeerModel is a model of the log with its cheaper peers. A ratio is what the peer
// costs for the same tokens, divided by what the model costs.
type PeerModel struct {
	Model         string   `json:"model"`
	Tasks         int      `json:"tasks"`
	CostUSD       *float64 `json:"cost_usd"`
	Nearest       string   `json:"nearest_peer"` // the dearest of the cheaper peers
	NearestRatio  float64  `json:"nearest_ratio"`
	Cheapest      string   `json:"cheapest_peer"`
	CheapestRatio float64  `json:"cheapest_ratio"`
}

// peerRatio is how much of a model's price a peer may ask to be called cheaper.
const peerRatio = 0.9

const peerDefinition = "A cheaper peer is another model of the same provider in the price table, or one that this log uses, " +
	"that costs at most 90% as much for the same tokens at list prices and is not known to be retired. It is a fact of prices, not of quality."

// A peers finds the cheaper peers of models.
type peers struct {
	prices map[string]Price
	table  PriceTable
	day    time.Time       // on which they are valid
	used   map[string]bool // models of the log
	// retired are no peers, but what the log ran on them has a price.
	retired map[seller]bool
}

func (m *Mixer) peers() peers {
	p := peers{prices: map[string]Price{}, table: m.Prices, day: m.to, used: map[string]bool{}, retired: m.Prices.retired(m.to)}
	for _, price := range m.Prices.On(m.to) {
		if _, known := p.prices[price.Model]; !known {
			p.prices[price.Model] = price
		}
	}
	for key := range m.cells {
		if price, ok := p.price(key.model); ok {
			p.used[price.Model] = true
		}
	}
	return p
}

// price is that of a model, under the name of the log or without what gateways add.
func (p peers) price(model string) (Price, bool) {
	if price, ok := p.prices[model]; ok {
		return price, true
	}
	price, err := p.table.Lookup("", model, p.day)
	return price, err == nil
}

// of gives the cheaper peers of a model for the tokens that it read and wrote. ok is
// false where it has none, or its price or its tokens are not known.
func (p peers) of(model string, used *tally) (PeerModel, bool) {
	found := PeerModel{Model: model, Tasks: used.tasks, CostUSD: used.dollars()}
	own, ok := p.price(model)
	if !ok || !used.hasTokens() {
		return found, false
	}
	now := dollarsAt(own, used)
	if now <= 0 {
		return found, false
	}
	for _, name := range slices.Sorted(maps.Keys(p.prices)) {
		price := p.prices[name]
		if name == own.Model || p.retired[sellerOf(price)] || price.Provider != own.Provider && !p.used[name] {
			continue
		}
		ratio := dollarsAt(price, used) / now
		if ratio > peerRatio {
			continue
		}
		if found.Nearest == "" || ratio > found.NearestRatio {
			found.Nearest, found.NearestRatio = name, ratio
		}
		if found.Cheapest == "" || ratio < found.CheapestRatio {
			found.Cheapest, found.CheapestRatio = name, ratio
		}
	}
	return found, found.Nearest != ""
}

// hasTokens says whether any task's input or output tokens are known.
func (t *tally) hasTokens() bool { return t.counted[inputTokens]+t.counted[outputTokens] > 0 }

// dollarsAt is what tokens cost under a price. Sums of a whole log do not fit the
// integers of a single cost.
func dollarsAt(price Price, used *tally) float64 {
	cached := float64(min(used.tokens[cachedTokens], used.tokens[inputTokens]))
	fresh := float64(used.tokens[inputTokens]) - cached
	cachedPrice := price.Input
	if price.CachedInput != nil {
		cachedPrice = *price.CachedInput
	}
	const million = 1_000_000
	return (fresh*price.Input.Dollars() + cached*cachedPrice.Dollars() + float64(used.tokens[outputTokens])*price.Output.Dollars()) / million
}

// cheaperPeer adds up the tasks on models that have a cheaper peer; nil where of no
// model of the log the price and the tokens are known.
func (m *Mixer) cheaperPeer() *PeerShare {
	peers := m.peers()
	models := m.parts(everything, modelOf)
	share, priced := &PeerShare{Models: []PeerModel{}, Means: peerDefinition}, false
	var on tally
	for _, name := range slices.Sorted(maps.Keys(models)) {
		if _, ok := peers.price(name); !ok || !models[name].hasTokens() {
			share.Unpriced += models[name].tasks
			continue
		}
		priced = true
		if found, ok := peers.of(name, &models[name].tally); ok {
			share.Models = append(share.Models, found)
			on.addTally(&models[name].tally)
		}
	}
	if !priced {
		return nil
	}
	slices.SortStableFunc(share.Models, func(a, b PeerModel) int {
		return cmp.Or(cmp.Compare(dollarsOf(b.CostUSD), dollarsOf(a.CostUSD)), cmp.Compare(b.Tasks, a.Tasks))
	})
	share.TaskShare = float64(on.tasks) / float64(m.total.tasks)
	if m.total.cost > 0 {
		part := float64(on.cost) / float64(m.total.cost)
		share.CostShare = &part
	}
	return share
}

// plausible fills in what a category's work would cost less with cheaper peers.
func (p peers) plausible(candidate *PilotCandidate, spends []CategorySpend, models map[string]*part) {
	if candidate.MonthlyCostUSD == nil {
		candidate.WhyMissing["plausible_saving"] = "its cost is not known"
		return
	}
	saving, most, priced := PlausibleSaving{}, -1.0, false
	for _, spend := range spends {
		if _, ok := p.price(spend.Model); ok {
			priced = true
		}
		found, ok := p.of(spend.Model, &models[cmp.Or(spend.Model, unknownName)].tally)
		if !ok || len(spend.Costs) == 0 {
			continue
		}
		var month float64
		for _, cost := range spend.Costs {
			month += cost.Dollars() / float64(len(spend.Costs))
		}
		saving.LowUSD += month * (1 - found.NearestRatio)
		saving.HighUSD += month * (1 - found.CheapestRatio)
		if month > most {
			most, saving.Nearest, saving.Cheapest = month, found.Nearest, found.Cheapest
		}
	}
	switch {
	case most >= 0:
		candidate.Saving = &saving
	case priced:
		candidate.WhyMissing["plausible_saving"] = "no cheaper peer of its models is in the price table, or their tokens are not known"
	default:
		candidate.WhyMissing["plausible_saving"] = "no price of its models is in the price table"
	}
}

// canonicalModel is a model's name without what gateways, clouds and accounts add to it:
// the provider before a slash or a colon, a variant after a colon, Bedrock's region,
// vendor and version, the date of a snapshot, and OpenRouter's dots in the versions of
// Claude. It serves to match names of one model, not to show or to price them.
func canonicalModel(name string) string {
	name = strings.ToLower(strings.TrimSpace(name))
	if at := strings.LastIndexByte(name, '/'); at >= 0 {
		name = name[at+1:]
	}
	if first, _, ok := strings.Cut(name, ":"); ok && slices.Contains(modelsOf, host(first)) {
		name = name[strings.LastIndexByte(name, ':')+1:] // openai:chat:gpt-5
	}
	if region := bedrockRegion.FindString(name); region != "" {
		name = name[strings.IndexByte(region, '.')+1:]
	}
	if vendor := bedrockPrefix.FindString(name); vendor != "" {
		name = bedrockVersion.ReplaceAllString(name[len(vendor):], "")
	}
	name, _, _ = strings.Cut(name, ":")
	name = withoutDate(name)
	if strings.HasPrefix(name, "claude-") {
		name = claudeVersion.ReplaceAllString(name, "$1-$2")
	}
	return name
}
