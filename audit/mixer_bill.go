package audit

import (
	"cmp"
	"maps"
	"slices"
)

// A Reconciliation holds the log against what providers account for: by month, and
// by month and model.
type Reconciliation struct {
	Months []BillMonth `json:"months"`
	Models []BillLine  `json:"models"`
}

// A BillMonth is one month: what the account says of all the models that it lists,
// and what the log has of these models.
type BillMonth struct {
	Month string `json:"month"`
	BillAmounts
	// DaysLogged of Days lie within the log: an account is mostly of the whole month.
	DaysLogged int  `json:"days_logged"`
	Days       int  `json:"days"`
	Whole      bool `json:"whole"`
	// Gateway says that no provider accounts for the month: the bill is all that a
	// gateway's own log has, with texts and without.
	Gateway bool `json:"gateway"`
}

// A BillLine is one model of the account in one month.
type BillLine struct {
	Month    string `json:"month"`
	Model    string `json:"model"` // as the account calls it
	Provider string `json:"provider"`
	Source   string `json:"source"`
	BillAmounts
}

// BillAmounts are what an account and the log say of the same models. A share is what
// the log has of the account; null, with a reason, where either is not known.
type BillAmounts struct {
	BillUSD       *float64 `json:"bill_usd"`
	BillEstimated bool     `json:"bill_estimated"` // from its tokens and the price table
	BillRequests  *int64   `json:"bill_requests"`
	LogUSD        *float64 `json:"log_usd"`
	LogTasks      int      `json:"log_tasks"`
	LogWithCost   int      `json:"log_tasks_with_cost"`
	// CostExplained and RequestsExplained are shares of the account, above 1 where the
	// log says more than it.
	CostExplained     *float64 `json:"cost_explained"`
	RequestsExplained *float64 `json:"requests_explained"`
	WhyMissing        string   `json:"why_missing,omitempty"`
}

// A SpendScale is by how much a model's logged cost is multiplied to be that of the
// account, and which months that rests on.
type SpendScale struct {
	Model  string   `json:"model"` // without provider and date
	Factor float64  `json:"factor"`
	Months []string `json:"months"`
}

// A billKey is a month of a model by its canonical name.
type billKey struct{ month, model string }

// logged sums the log by month and canonical model.
func (m *Mixer) logged() map[billKey]*tally {
	sums := map[billKey]*tally{}
	for key, c := range m.cells {
		of := billKey{monthName(key.month), canonicalModel(key.model)}
		if sums[of] == nil {
			sums[of] = &tally{}
		}
		sums[of].addTally(&c.tally)
	}
	return sums
}

// A bill sums an account.
type bill struct {
	cost            float64
	unknown         bool // a part of it is
	estimated       bool
	requests        int64
	requestsUnknown bool
}

func (b *bill) add(line Baseline, peers peers) {
	switch cost, estimated := billed(line, peers); {
	case cost == nil:
		b.unknown = true
	default:
		b.cost += *cost
		b.estimated = b.estimated || estimated
	}
	if line.Requests == nil {
		b.requestsUnknown = true
	} else {
		b.requests += *line.Requests
	}
}

// billed is what a line of an account costs: as it says, else by its tokens and the
// price table.
func billed(line Baseline, peers peers) (dollars *float64, estimated bool) {
	if line.Cost != nil {
		cost := line.Cost.Dollars()
		return &cost, false
	}
	price, ok := peers.price(line.Model)
	if !ok || line.InputTokens == nil || line.OutputTokens == nil {
		return nil, false
	}
	var used tally
	used.tokens[inputTokens], used.tokens[outputTokens] = *line.InputTokens, *line.OutputTokens
	if line.CachedTokens != nil {
		used.tokens[cachedTokens] = *line.CachedTokens
	}
	cost := dollarsAt(price, &used)
	return &cost, true
}

// against says what the log has of a bill.
func (b *bill) against(log *tally) BillAmounts {
	a := BillAmounts{LogUSD: log.dollars(), LogTasks: log.tasks, LogWithCost: log.known, BillEstimated: b.estimated}
	if log.tasks == 0 {
		a.LogUSD = new(float64) // nothing was logged, which costs nothing
	}
	if !b.unknown {
		cost := b.cost
		a.BillUSD = &cost
	}
	if !b.requestsUnknown {
		requests := b.requests
		a.BillRequests = &requests
		if requests > 0 {
			explained := float64(log.tasks) / float64(requests)
			a.RequestsExplained = &explained
		}
	}
	switch {
	case b.unknown:
		a.WhyMissing = "the account states no cost, and the price table lacks a price of a model or the account its tokens"
	case b.cost <= 0:
		a.WhyMissing = "the account states no cost above 0"
	case a.LogUSD == nil:
		a.WhyMissing = "no cost of these tasks is known"
	default:
		explained := *a.LogUSD / b.cost
		a.CostExplained = &explained
	}
	return a
}

// accounts are the lines of the accounts by which the log is held. What a gateway has
// without texts becomes a line with the log's own part added, so that it is what was
// spent; where a provider accounts for the same model and month, the gateway's requests
// are in that already, and its line goes.
func (m *Mixer) accounts(log map[billKey]*tally) []Baseline {
	of := func(line Baseline) billKey { return billKey{line.Month, canonicalModel(line.Model)} }
	provided := map[billKey]bool{}
	for _, line := range m.Baselines {
		if !line.Textless {
			provided[of(line)] = true
		}
	}
	var lines []Baseline
	added := map[billKey]bool{}
	for _, line := range m.Baselines {
		key := of(line)
		if line.Textless && provided[key] {
			continue
		}
		if t := log[key]; line.Textless && t != nil && !added[key] {
			added[key] = true
			if line.Requests != nil {
				line.Requests = new(*line.Requests + int64(t.tasks))
			}
			if line.Cost != nil {
				line.Cost = new(*line.Cost + t.cost)
			}
		}
		lines = append(lines, line)
	}
	return lines
}

// reconcile holds the log against the accounts; nil without any.
func (m *Mixer) reconcile() *Reconciliation {
	if len(m.Baselines) == 0 {
		return nil
	}
	peers, log := m.peers(), m.logged()
	baselines := m.accounts(log)
	gateway := map[string]bool{} // months of which there is no other account
	for _, line := range baselines {
		others, known := gateway[line.Month]
		gateway[line.Month] = line.Textless && (others || !known)
	}
	result := &Reconciliation{}
	months, logOfMonth := map[string]*bill{}, map[string]*tally{}
	counted := map[billKey]bool{}
	for _, line := range baselines {
		key := billKey{line.Month, canonicalModel(line.Model)}
		if months[line.Month] == nil {
			months[line.Month], logOfMonth[line.Month] = &bill{}, &tally{}
		}
		months[line.Month].add(line, peers)
		if t := log[key]; t != nil && !counted[key] {
			logOfMonth[line.Month].addTally(t)
		}
		counted[key] = true
	}
	main, _ := m.main()
	for _, name := range slices.Sorted(maps.Keys(months)) {
		cover := MonthMix{GroupMix: GroupMix{Name: name}}
		cover.cover(main)
		result.Months = append(result.Months, BillMonth{
			Month: name, BillAmounts: months[name].against(logOfMonth[name]), DaysLogged: cover.DaysLogged, Days: cover.Days, Whole: cover.Whole, Gateway: gateway[name],
		})
	}
	// One model may stand on several lines of a month, by provider or file: the log
	// knows the model only, so that they are held against it together.
	lines := map[billKey]*bill{}
	first := map[billKey]Baseline{}
	for _, line := range baselines {
		key := billKey{line.Month, canonicalModel(line.Model)}
		if lines[key] == nil {
			lines[key], first[key] = &bill{}, line
		}
		lines[key].add(line, peers)
	}
	for _, key := range slices.SortedFunc(maps.Keys(lines), compareBills) {
		t := log[key]
		if t == nil {
			t = &tally{}
		}
		line := first[key]
		result.Models = append(result.Models, BillLine{
			Month: key.month, Model: line.Model, Provider: line.Provider, Source: line.Source, BillAmounts: lines[key].against(t),
		})
	}
	return result
}

func compareBills(a, b billKey) int {
	return cmp.Or(cmp.Compare(a.month, b.month), cmp.Compare(a.model, b.model))
}

// scales are the factors by which logged costs become those of the accounts: for each
// model over the whole months of the log in which both the account and the log have
// a cost of it.
func (m *Mixer) scales() []SpendScale {
	scales := []SpendScale{}
	if len(m.Baselines) == 0 {
		return scales
	}
	peers, log := m.peers(), m.logged()
	main, ok := m.main()
	if !ok {
		return scales
	}
	lines := map[billKey]*bill{}
	for _, line := range m.accounts(log) {
		key := billKey{line.Month, canonicalModel(line.Model)}
		if lines[key] == nil {
			lines[key] = &bill{}
		}
		lines[key].add(line, peers)
	}
	sums := map[string]*struct {
		bill, log float64
		months    []string
	}{}
	for _, key := range slices.SortedFunc(maps.Keys(lines), compareBills) {
		cover := MonthMix{GroupMix: GroupMix{Name: key.month}}
		cover.cover(main)
		line, logged := lines[key], log[key]
		if !cover.Whole || line.unknown || line.cost <= 0 || logged == nil || logged.cost <= 0 {
			continue
		}
		sum := sums[key.model]
		if sum == nil {
			sum = &struct {
				bill, log float64
				months    []string
			}{}
			sums[key.model] = sum
		}
		sum.bill += line.cost
		// Tasks without a cost count at the mean of the others, as they do in a month.
		sum.log += logged.cost.Dollars() * float64(logged.tasks) / float64(logged.known)
		sum.months = append(sum.months, key.month)
	}
	for _, model := range slices.Sorted(maps.Keys(sums)) {
		scales = append(scales, SpendScale{Model: model, Factor: sums[model].bill / sums[model].log, Months: sums[model].months})
	}
	return scales
}
