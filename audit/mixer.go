package audit

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"time"
)

// unknownName stands for a model or team that the log does not give.
const unknownName = "(unknown)"

// A Mixer adds up a task log, one task after the other, without keeping the
// tasks: it holds sums by category, model, team and month, and the latencies,
// whose quantiles are exact. The zero Mixer is not ready; use [NewMixer]. It is
// for one goroutine.
type Mixer struct {
	unsureBelow float64
	total       tally
	categories  map[Category]*categoryTally
	teams       map[string]*tally
	models      map[string]*tally
	months      map[string]*tally
	from, to    time.Time
	uncertain   int
	undated     int
	teamless    int
}

// A tally sums tasks.
type tally struct {
	tasks, known  int // known: with cost
	cost          NanoUSD
	input, output int64
}

func (t *tally) add(task Task) {
	t.tasks++
	if task.Cost != nil {
		t.known++
		t.cost += *task.Cost
	}
	if task.Tokens.Input != nil {
		t.input += *task.Tokens.Input
	}
	if task.Tokens.Output != nil {
		t.output += *task.Tokens.Output
	}
}

// A categoryTally sums one category's tasks.
type categoryTally struct {
	tally
	dated     int // tasks with a timestamp
	models    map[string]*tally
	teams     map[string]*tally
	latencies []int64                      // in ms
	daily     map[string]map[string]*tally // by model, then date
}

// NewMixer returns a Mixer without tasks. A category that the local categoriser
// gave with a probability under unsureBelow counts as unsure.
func NewMixer(unsureBelow float64) *Mixer {
	return &Mixer{
		unsureBelow: unsureBelow,
		categories:  map[Category]*categoryTally{},
		teams:       map[string]*tally{},
		models:      map[string]*tally{},
		months:      map[string]*tally{},
	}
}

// Add counts a task. Its texts are not looked at.
func (m *Mixer) Add(task Task) {
	model := cmp.Or(task.Model, unknownName)
	team := cmp.Or(task.Team, unknownName)
	m.total.add(task)
	of(m.models, model).add(task)
	of(m.teams, team).add(task)
	if task.Team == "" {
		m.teamless++
	}
	if task.CategorySource == CategoryFromLocal && task.Probability < m.unsureBelow {
		m.uncertain++
	}
	category, ok := m.categories[task.Category]
	if !ok {
		category = &categoryTally{models: map[string]*tally{}, teams: map[string]*tally{}, daily: map[string]map[string]*tally{}}
		m.categories[task.Category] = category
	}
	category.add(task)
	of(category.models, model).add(task)
	of(category.teams, team).add(task)
	if task.LatencyMS != nil {
		category.latencies = append(category.latencies, *task.LatencyMS)
	}
	if task.Timestamp.IsZero() {
		m.undated++
		return
	}
	m.date(task)
	category.dated++
	days, ok := category.daily[model]
	if !ok {
		days = map[string]*tally{}
		category.daily[model] = days
	}
	of(days, task.Timestamp.UTC().Format(time.DateOnly)).add(task)
}

// date notes when the task was.
func (m *Mixer) date(task Task) {
	when := task.Timestamp.UTC()
	if m.from.IsZero() || when.Before(m.from) {
		m.from = when
	}
	if when.After(m.to) {
		m.to = when
	}
	of(m.months, when.Format(monthLayout)).add(task)
}

const monthLayout = "2006-01"

func of(tallies map[string]*tally, name string) *tally {
	t, ok := tallies[name]
	if !ok {
		t = &tally{}
		tallies[name] = t
	}
	return t
}

// Report gives the mix of what was added so far. Categories come in the order of
// [Categories], then others by name; models and teams by cost, then tasks;
// months in their order. Quantiles are of type 7 (Hyndman and Fan 1996).
func (m *Mixer) Report() Report {
	report := Report{
		Schema:     "modeltrial.audit-report/1",
		Tasks:      m.total.tasks,
		CostUSD:    m.total.cost.Dollars(),
		CostKnown:  m.total.known,
		Categories: []CategoryMix{},
		Teams:      []GroupMix{},
		Months:     groups(m.months),
		Models:     groups(m.models),
		Uncertain:  m.uncertain,
		Candidates: m.candidates(),
		Warnings:   m.warnings(),
	}
	if !m.from.IsZero() {
		from, to := m.from, m.to
		report.From, report.To = &from, &to
	}
	if m.teamless < m.total.tasks {
		report.Teams = groups(m.teams)
	}
	slices.SortFunc(report.Months, func(a, b GroupMix) int { return cmp.Compare(a.Name, b.Name) })
	for _, name := range m.sortedCategories() {
		report.Categories = append(report.Categories, m.category(name))
	}
	if unsorted, ok := m.categories[""]; ok {
		report.Unsorted = unsorted.tasks
	}
	m.dominant(&report)
	return report
}

// sortedCategories are the categories that have tasks, in the order of tables.
func (m *Mixer) sortedCategories() []Category {
	names := slices.Collect(maps.Keys(m.categories))
	names = slices.DeleteFunc(names, func(name Category) bool { return name == "" })
	rank := func(name Category) int {
		if at := slices.Index(Categories, name); at >= 0 {
			return at
		}
		return len(Categories)
	}
	slices.SortFunc(names, func(a, b Category) int {
		return cmp.Or(cmp.Compare(rank(a), rank(b)), cmp.Compare(a, b))
	})
	return names
}

func (m *Mixer) category(name Category) CategoryMix {
	c := m.categories[name]
	mix := CategoryMix{
		Category:  name,
		Tasks:     c.tasks,
		TaskShare: share(float64(c.tasks), float64(m.total.tasks)),
		CostUSD:   c.cost.Dollars(),
		CostShare: share(float64(c.cost), float64(m.total.cost)),
		Models:    groups(c.models),
		Teams:     []GroupMix{},
	}
	if m.teamless < m.total.tasks {
		mix.Teams = groups(c.teams)
	}
	for i := range mix.Models {
		mix.Models[i].Model = mix.Models[i].Name
	}
	if len(c.latencies) > 0 {
		sorted := slices.Sorted(slices.Values(c.latencies))
		median, p95 := quantile(sorted, 0.5), quantile(sorted, 0.95)
		mix.LatencyMedianMS, mix.LatencyP95MS = &median, &p95
	}
	return mix
}

// quantile is the type 7 quantile of sorted values: linear between the order
// statistics at (n−1)p.
func quantile(sorted []int64, p float64) float64 {
	h := float64(len(sorted)-1) * p
	i := int(h)
	low := float64(sorted[i])
	if i+1 == len(sorted) {
		return low
	}
	return low + (h-float64(i))*(float64(sorted[i+1])-low)
}

// groups lists tallies by cost, then tasks, then name.
func groups(tallies map[string]*tally) []GroupMix {
	list := make([]GroupMix, 0, len(tallies))
	for name, t := range tallies {
		list = append(list, GroupMix{
			Name: name, Tasks: t.tasks, CostUSD: t.cost.Dollars(), InputTokens: t.input, OutputTokens: t.output,
		})
	}
	slices.SortFunc(list, func(a, b GroupMix) int {
		return cmp.Or(cmp.Compare(b.CostUSD, a.CostUSD), cmp.Compare(b.Tasks, a.Tasks), cmp.Compare(a.Name, b.Name))
	})
	return list
}

// mostTasks is the known model with the most tasks; empty where no model is known.
func mostTasks(models map[string]*tally) (model string, tasks int) {
	for _, name := range slices.Sorted(maps.Keys(models)) {
		if name != unknownName && models[name].tasks > tasks {
			model, tasks = name, models[name].tasks
		}
	}
	return model, tasks
}

func (m *Mixer) dominant(report *Report) {
	model, tasks := mostTasks(m.models)
	report.DominantModel = model
	report.DominantShare = share(float64(tasks), float64(m.total.tasks))
	for name, category := range m.categories {
		if _, served := category.models[model]; served && name != "" {
			report.DominantCategories++
		}
	}
}

func (m *Mixer) warnings() []string {
	warnings := []string{}
	warn := func(count int, text string) {
		switch {
		case count == 1:
			warnings = append(warnings, "1 task "+text)
		case count > 1:
			warnings = append(warnings, fmt.Sprintf("%d tasks %s", count, text))
		}
	}
	warn(m.total.tasks-m.total.known, "without a cost: spend is understated; import prices or give token counts")
	if unsorted, ok := m.categories[""]; ok {
		warn(unsorted.tasks, "without a category; run modeltrial audit classify")
	}
	if unknown, ok := m.models[unknownName]; ok {
		warn(unknown.tasks, "without a model")
	}
	warn(m.undated, "without a timestamp: they count in no month")
	return warnings
}

// A Replacement is what a routing table changes in one category: tasks of model
// From go to model To. An empty From stands for every model that the log names.
type Replacement struct{ From, To string }

// OffRoute is how much of the log ran on a model that its category's replacement
// takes off the work. Everything else is on its route: tasks of categories that
// keep their model, those on models that a pilot did not compare, and those whose
// model is not known.
func (m *Mixer) OffRoute(replacements map[Category]Replacement, decidedAt string) RoutedShare {
	off := tally{}
	for name, replacement := range replacements {
		category, ok := m.categories[name]
		if !ok {
			continue
		}
		for model, t := range category.models {
			if replacement.takes(model) {
				off.tasks += t.tasks
				off.cost += t.cost
			}
		}
	}
	return RoutedShare{
		TaskShare: share(float64(off.tasks), float64(m.total.tasks)),
		CostShare: share(float64(off.cost), float64(m.total.cost)),
		Table:     decidedAt,
	}
}

func (r Replacement) takes(model string) bool {
	if r.From == "" {
		return model != r.To && model != unknownName
	}
	return model == r.From
}

// share is part of whole, 0 of nothing.
func share(part, whole float64) float64 {
	if whole == 0 {
		return 0
	}
	return part / whole
}
