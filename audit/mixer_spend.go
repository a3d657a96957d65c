package audit

import (
	"cmp"
	"fmt"
	"maps"
	"math"
	"slices"
	"time"
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
	day = 24 * time.Hour
	// monthDays is the length of a mean month.
	monthDays = 365.25 / 12
	// minDays is how many days of its last week the log must cover for the week to
	// count, unless there is no other: Monday to Friday will do.
	minDays = 5
)

// A period is a week of the log. Its sums times scale are those of a month.
type period struct {
	begin time.Time
	days  int
	scale float64
}

// periods are the weeks of the log, counted from its first day, those without
// tasks included: they are a part of the spend's spread. Weeks, since the
// uncertainty of a mean of two or three months is nearly unbounded while that of
// the same days by week is not. A log of less than a week is one period, scaled by
// its days.
func (m *Mixer) periods() []period {
	if m.from.IsZero() {
		return nil
	}
	begin := m.from.Truncate(day)
	days := int(m.to.Truncate(day).Add(day).Sub(begin) / day)
	if days < 7 {
		return []period{{begin, days, monthDays / float64(days)}}
	}
	var weeks []period
	for ; days >= minDays; days -= 7 {
		weeks = append(weeks, period{begin, min(days, 7), monthDays / 7})
		begin = begin.AddDate(0, 0, 7)
	}
	return weeks
}

// sum adds up the days of a period.
func (p period) sum(days map[string]*tally) tally {
	var total tally
	for i := range p.days {
		if t, ok := days[p.begin.AddDate(0, 0, i).Format(time.DateOnly)]; ok {
			total.tasks += t.tasks
			total.known += t.known
			total.cost += t.cost
		}
	}
	return total
}

// MonthlySpend gives tasks and cost a month for each category and model that the
// log names, in the order of a report's categories and then by model. Where some
// costs of a week are not known, tasks without one count at the mean of the others
// of that model and category: unknown is not free. Tasks without timestamp or
// category are left out.
func (m *Mixer) MonthlySpend() []CategorySpend {
	periods := m.periods()
	var spend []CategorySpend
	for _, name := range m.sortedCategories() {
		category := m.categories[name]
		for _, model := range slices.Sorted(maps.Keys(category.daily)) {
			spend = append(spend, category.spend(name, model, periods))
		}
	}
	return spend
}

func (c *categoryTally) spend(name Category, model string, periods []period) CategorySpend {
	spend := CategorySpend{Category: name, Model: model}
	if model == unknownName {
		spend.Model = ""
	}
	overall := c.models[model]
	for _, p := range periods {
		cell := p.sum(c.daily[model])
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
		spend.Costs = append(spend.Costs, NanoUSD(math.Round(cost*p.scale)))
	}
	return spend
}

// candidates ranks the categories by monthly cost, then tasks. A log without
// times has none, since nothing can be said of a month.
func (m *Mixer) candidates() []PilotCandidate {
	candidates := []PilotCandidate{}
	if m.from.IsZero() {
		return candidates
	}
	monthly := map[Category]float64{}
	for _, spend := range m.MonthlySpend() {
		for _, cost := range spend.Costs {
			monthly[spend.Category] += cost.Dollars() / float64(len(spend.Costs))
		}
	}
	periods := m.periods()
	for _, name := range m.sortedCategories() {
		category := m.categories[name]
		if category.dated == 0 {
			continue
		}
		model, _ := mostTasks(category.models)
		candidates = append(candidates, PilotCandidate{
			Category: name, MonthlyCostUSD: monthly[name], CurrentModel: model,
			WeeklyTasks: category.weeklyTasks(periods), Why: m.why(category),
		})
	}
	slices.SortStableFunc(candidates, func(a, b PilotCandidate) int {
		return cmp.Or(cmp.Compare(b.MonthlyCostUSD, a.MonthlyCostUSD), cmp.Compare(b.WeeklyTasks, a.WeeklyTasks))
	})
	return candidates
}

// weeklyTasks is the mean number of tasks of a period, the same weeks as those of
// the monthly spend. A log shorter than a week says nothing of the rest of it.
func (c *categoryTally) weeklyTasks(periods []period) float64 {
	tasks := 0
	for _, days := range c.daily {
		for _, p := range periods {
			tasks += p.sum(days).tasks
		}
	}
	return float64(tasks) / float64(len(periods))
}

// why says why a category is a candidate: its part of the spend, and the model
// that a better or cheaper one would relieve.
func (m *Mixer) why(category *categoryTally) string {
	spend := "cost not known"
	if category.known > 0 {
		spend = percent(share(float64(category.cost), float64(m.total.cost))) + " of spend"
	}
	on := "model not known"
	if model, tasks := mostTasks(category.models); tasks == category.tasks {
		on = "all tasks on " + model
	} else if tasks > 0 {
		on = percent(float64(tasks)/float64(category.tasks)) + " of tasks on " + model
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
