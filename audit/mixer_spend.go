package audit

import (
	"cmp"
	"fmt"
	"maps"
	"math"
	"slices"
)

// A CategorySpend is what the log says of one model's work in one category by
// the month.
type CategorySpend struct {
	Category Category
	Model    string  // empty where the log does not say
	Tasks    float64 // a month, the mean of the weeks
	// Costs are estimates of a month's cost in nano-dollars, one for each week of
	// the log, oldest first, the same weeks for every category and model; nil where
	// no cost is known.
	Costs []NanoUSD
}

const (
	// meanMonth is the length of a mean month in days.
	meanMonth = 365.25 / 12
	// minDays is how many days a last week must have to be taken for whole where the
	// others are days of rest: Monday to Friday.
	minDays = 5
)

// A period is a week of the log. Its sums times scale are those of a month.
type period struct {
	first, days int
	scale       float64
}

// periods are the weeks of the log's main stretch, counted from its first day, those
// without tasks included: they are a part of the spend's spread. Weeks, since the
// uncertainty of a mean of two or three months is nearly unbounded while that of
// the same days by week is not. A last week that is not whole is left out, unless
// it has five days or six and those that it lacks had no task in any week before, as
// weekends have none: then it is whole. A log of less than a week is one period, scaled by its days.
func (m *Mixer) periods() []period {
	main, ok := m.main()
	if !ok {
		return nil
	}
	days := main.last - main.first + 1
	if days < 7 {
		return []period{{main.first, days, meanMonth / float64(days)}}
	}
	var weeks []period
	first := main.first
	for ; first+6 <= main.last; first += 7 {
		weeks = append(weeks, period{first, 7, meanMonth / 7})
	}
	if rest := main.last - first + 1; rest >= minDays && m.restless(first, rest, weeks) {
		weeks = append(weeks, period{first, 7, meanMonth / 7})
	}
	return weeks
}

// restless says whether the days that a last week of rest days lacks have no task in
// the weeks before.
func (m *Mixer) restless(first, rest int, weeks []period) bool {
	idle := func(day int) bool { return (day-first+7*len(weeks))%7 >= rest }
	for key := range m.days {
		if key.day >= weeks[0].first && key.day < first && idle(key.day) {
			return false
		}
	}
	return true
}

// monthlyBasis says what the monthly figures rest on.
func (m *Mixer) monthlyBasis() *MonthlyBasis {
	periods := m.periods()
	if len(periods) == 0 {
		return nil
	}
	last := periods[len(periods)-1]
	main, _ := m.main()
	basis := &MonthlyBasis{From: dayText(periods[0].first), To: dayText(min(last.first+last.days-1, main.last)), Bill: m.scales()}
	for _, p := range periods {
		basis.Days += p.days
	}
	if basis.Days >= 7 {
		basis.Weeks = len(periods)
	}
	return basis
}

// MonthlySpend gives tasks and cost a month for each category and model that the
// log names, in the order of a report's categories and then by model. Where some
// costs of a week are not known, tasks without one count at the mean of the others
// of that model and category: unknown is not free. Tasks without timestamp or
// category are left out, and so are those that a gap of [longGap] days or more
// divides from most of the log.
//
// Where a provider's account was imported, the cost of a model that it lists is
// scaled by what the account says for the log's whole months over what the log says
// for them: what the log misses is taken to be spent like what it holds. Numbers of
// tasks stay those of the log.
func (m *Mixer) MonthlySpend() []CategorySpend {
	periods := m.periods()
	factors := map[string]float64{}
	for _, scale := range m.scales() {
		factors[scale.Model] = scale.Factor
	}
	cells := m.weekly(periods)
	overall := map[dayKey]*tally{} // day 0: of all the log
	for key, c := range m.cells {
		if key.month == 0 {
			continue
		}
		of := dayKey{category: key.category, model: key.model}
		if overall[of] == nil {
			overall[of] = &tally{}
		}
		overall[of].addTally(&c.tally)
	}
	keys := slices.DeleteFunc(slices.Collect(maps.Keys(overall)), func(key dayKey) bool { return key.category == "" })
	slices.SortFunc(keys, func(a, b dayKey) int {
		return cmp.Or(compareCategories(a.category, b.category), cmp.Compare(a.model, b.model))
	})
	var spend []CategorySpend
	for _, key := range keys {
		factor, ok := factors[canonicalModel(key.model)]
		if !ok {
			factor = 1
		}
		spend = append(spend, monthly(key, overall[key], cells[key], periods, factor))
	}
	return spend
}

// weekly sums the days of each category and model by period.
func (m *Mixer) weekly(periods []period) map[dayKey][]tally {
	cells := map[dayKey][]tally{}
	for key, t := range m.days {
		at := slices.IndexFunc(periods, func(p period) bool { return key.day >= p.first && key.day < p.first+p.days })
		if at < 0 {
			continue
		}
		of := dayKey{category: key.category, model: key.model}
		if cells[of] == nil {
			cells[of] = make([]tally, len(periods))
		}
		cells[of][at].addTally(t)
	}
	return cells
}

func monthly(key dayKey, overall *tally, cells []tally, periods []period, factor float64) CategorySpend {
	spend := CategorySpend{Category: key.category, Model: key.model}
	if key.model == unknownName {
		spend.Model = ""
	}
	if cells == nil {
		cells = make([]tally, len(periods))
	}
	for i, p := range periods {
		cell := cells[i]
		spend.Tasks += float64(cell.tasks) * p.scale / float64(len(periods))
		if overall.known == 0 {
			continue
		}
		cost := float64(cell.cost)
		switch {
		case cell.known > 0:
			cost *= float64(cell.tasks) / float64(cell.known)
		case cell.tasks > 0:
			cost = float64(overall.cost) / float64(overall.known) * float64(cell.tasks)
		}
		spend.Costs = append(spend.Costs, NanoUSD(math.Round(cost*p.scale*factor)))
	}
	return spend
}

// candidates ranks the categories by monthly cost, then tasks. A log without
// times has none, since nothing can be said of a month.
func (m *Mixer) candidates() []PilotCandidate {
	candidates := []PilotCandidate{}
	periods := m.periods()
	if len(periods) == 0 {
		return candidates
	}
	peers := m.peers()
	spends := map[Category][]CategorySpend{}
	for _, spend := range m.MonthlySpend() {
		spends[spend.Category] = append(spends[spend.Category], spend)
	}
	inPeriods := map[Category]int{}
	for key, weeks := range m.weekly(periods) {
		for _, week := range weeks {
			inPeriods[key.category] += week.tasks
		}
	}
	for _, name := range m.sortedCategories() {
		if len(spends[name]) == 0 {
			continue
		}
		models := m.parts(in(name), modelOf)
		model, _ := mostTasks(models)
		candidate := PilotCandidate{
			Category: name, CurrentModel: model, WeeklyTasks: float64(inPeriods[name]) / float64(len(periods)), Why: m.why(models), WhyMissing: map[string]string{},
		}
		for _, spend := range spends[name] {
			if len(spend.Costs) == 0 {
				continue
			}
			sum := dollarsOf(candidate.MonthlyCostUSD)
			for _, cost := range spend.Costs {
				sum += cost.Dollars() / float64(len(spend.Costs))
			}
			candidate.MonthlyCostUSD = &sum
		}
		if candidate.MonthlyCostUSD == nil {
			candidate.WhyMissing["monthly_cost_usd"] = "no task of it has a cost"
		}
		peers.plausible(&candidate, spends[name], models)
		m.need(&candidate)
		candidates = append(candidates, candidate)
	}
	slices.SortStableFunc(candidates, func(a, b PilotCandidate) int {
		return cmp.Or(cmp.Compare(dollarsOf(b.MonthlyCostUSD), dollarsOf(a.MonthlyCostUSD)), cmp.Compare(b.WeeklyTasks, a.WeeklyTasks))
	})
	return candidates
}

// dollarsOf is an amount for ordering and adding, where unknown counts as least.
func dollarsOf(amount *float64) float64 {
	if amount == nil {
		return 0
	}
	return *amount
}

// need fills in what a decision on a category takes.
func (m *Mixer) need(candidate *PilotCandidate) {
	if m.Need == nil {
		return
	}
	available := 0
	for key, c := range m.cells {
		if key.category == candidate.Category {
			available += c.tasks
		}
	}
	fill := func(needed *int, tasks, weeks **int, name string) {
		if needed == nil {
			candidate.WhyMissing["tasks_needed_"+name] = m.Need.WhyMissing["tasks_"+name]
			candidate.WhyMissing["weeks_"+name] = m.Need.WhyMissing["tasks_"+name]
			return
		}
		*tasks = needed
		if m.Need.TasksPerWeek < 1 {
			return
		}
		// Tasks of the log serve, and new ones come in beside: the slower of rating and
		// of what is still to come in decides.
		rated := math.Ceil(float64(*needed) / float64(m.Need.TasksPerWeek))
		lacking := 0.0
		if *needed > available {
			if candidate.WeeklyTasks == 0 {
				candidate.WhyMissing["weeks_"+name] = "the log has fewer tasks, and none a week"
				return
			}
			lacking = math.Ceil(float64(*needed-available) / candidate.WeeklyTasks)
		}
		took := int(max(rated, lacking))
		*weeks = &took
	}
	fill(m.Need.TasksBetter, &candidate.TasksBetter, &candidate.WeeksBetter, "better")
	fill(m.Need.TasksNotWorse, &candidate.TasksNotWorse, &candidate.WeeksNotWorse, "not_worse")
}

// why says why a category is a candidate: its part of the spend, and the model
// that a better or cheaper one would relieve.
func (m *Mixer) why(models map[string]*part) string {
	sums := tally{}
	for _, p := range models {
		sums.addTally(&p.tally)
	}
	spend := "cost not known"
	if part := m.costShare(&sums); part != nil {
		spend = percent(*part) + " of spend"
	}
	on := "model not known"
	if model, tasks := mostTasks(models); tasks == sums.tasks {
		on = "all tasks on " + model
	} else if tasks > 0 {
		on = percent(float64(tasks)/float64(sums.tasks)) + " of tasks on " + model
	}
	return spend + ", " + on
}

// percent writes a share so that neither a little nor almost all is rounded away.
func percent(share float64) string {
	switch rounded := math.Round(share * 100); {
	case share > 0 && rounded < 1:
		return "under 1%"
	case share < 1 && rounded >= 100:
		return "over 99%"
	default:
		return fmt.Sprintf("%.0f%%", rounded)
	}
}
