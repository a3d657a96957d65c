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
// tasks: it holds sums by category, model, team and month, sums by day, and the
// latencies (8 bytes a task), whose quantiles are exact. The zero Mixer is not
// ready; use [NewMixer]. It is for one goroutine.
type Mixer struct {
	// What is known beside the log; each may be left out.
	Prices    PriceTable    // of the models and their peers
	Baselines []Baseline    // what providers account for
	Need      *DecisionNeed // what a decision takes
	Clusters  *Clusters
	Texts     *TextCounts
	Routed    *RoutedShare // by the routing table in force; see [Mixer.OffRoute]

	unsureBelow float64
	total       tally
	cells       map[cellKey]*cell
	days        map[dayKey]*tally
	from, to    time.Time
	uncertain   int
	undated     int
	teamless    int
}

// A cellKey is the finest division of the log. month is 12·year + month, 0 for tasks
// without a date.
type cellKey struct {
	category Category
	model    string
	team     string
	month    int
}

// A cell sums its tasks and keeps their latencies, in ms.
type cell struct {
	tally
	latencies []int64
}

// A dayKey is a day of a category and model, counted from 1970.
type dayKey struct {
	category Category
	model    string
	day      int
}

// A tally sums tasks.
type tally struct {
	tasks, known int // known: with cost
	cost         NanoUSD
	tokens       [tokenKinds]int64
	counted      [tokenKinds]int // tasks that state such tokens
}

// The kinds of tokens, as indices.
const (
	inputTokens = iota
	cachedTokens
	outputTokens
	reasoningTokens
	tokenKinds
)

func (t *tally) add(task *Task) {
	t.tasks++
	if task.Cost != nil {
		t.known++
		t.cost += *task.Cost
	}
	for kind, tokens := range [...]*int64{task.Tokens.Input, task.Tokens.Cached, task.Tokens.Output, task.Tokens.Reasoning} {
		if tokens != nil {
			t.tokens[kind] += *tokens
			t.counted[kind]++
		}
	}
}

func (t *tally) addTally(other *tally) {
	t.tasks += other.tasks
	t.known += other.known
	t.cost += other.cost
	for kind := range t.tokens {
		t.tokens[kind] += other.tokens[kind]
		t.counted[kind] += other.counted[kind]
	}
}

// dollars is the known cost; nil where no task has one.
func (t *tally) dollars() *float64 {
	if t.known == 0 {
		return nil
	}
	dollars := t.cost.Dollars()
	return &dollars
}

// NewMixer returns a Mixer without tasks. A category that the local categoriser
// gave with a probability under unsureBelow counts as unsure.
func NewMixer(unsureBelow float64) *Mixer {
	return &Mixer{unsureBelow: unsureBelow, cells: map[cellKey]*cell{}, days: map[dayKey]*tally{}}
}

// Add counts a task. Its texts are not looked at.
func (m *Mixer) Add(task Task) {
	m.total.add(&task)
	if task.Team == "" {
		m.teamless++
	}
	if task.CategorySource == CategoryFromLocal && task.Probability < m.unsureBelow {
		m.uncertain++
	}
	model := cmp.Or(task.Model, unknownName)
	key := cellKey{category: task.Category, model: model, team: cmp.Or(task.Team, unknownName)}
	if task.Timestamp.IsZero() {
		m.undated++
	} else {
		when := task.Timestamp.UTC()
		key.month = 12*when.Year() + int(when.Month())
		m.date(&task, model, when)
	}
	c, ok := m.cells[key]
	if !ok {
		c = &cell{}
		m.cells[key] = c
	}
	c.add(&task)
	if task.LatencyMS != nil {
		c.latencies = append(c.latencies, *task.LatencyMS)
	}
}

// date notes when the task was.
func (m *Mixer) date(task *Task, model string, when time.Time) {
	if m.from.IsZero() || when.Before(m.from) {
		m.from = when
	}
	if when.After(m.to) {
		m.to = when
	}
	key := dayKey{category: task.Category, model: model, day: dayNumber(when)}
	t, ok := m.days[key]
	if !ok {
		t = &tally{}
		m.days[key] = t
	}
	t.add(task)
}

// A part is a group of cells.
type part struct {
	tally
	latencies  [][]int64
	categories map[Category]bool
}

func (p *part) add(key cellKey, c *cell) {
	p.addTally(&c.tally)
	if len(c.latencies) > 0 {
		p.latencies = append(p.latencies, c.latencies)
	}
	if key.category != "" {
		p.categories[key.category] = true
	}
}

// parts divides the cells that keep wants by a name.
func (m *Mixer) parts(keep func(cellKey) bool, name func(cellKey) string) map[string]*part {
	parts := map[string]*part{}
	for key, c := range m.cells {
		if !keep(key) {
			continue
		}
		p, ok := parts[name(key)]
		if !ok {
			p = &part{categories: map[Category]bool{}}
			parts[name(key)] = p
		}
		p.add(key, c)
	}
	return parts
}

func everything(cellKey) bool       { return true }
func modelOf(key cellKey) string    { return key.model }
func teamOf(key cellKey) string     { return key.team }
func dated(key cellKey) bool        { return key.month != 0 }
func monthOf(key cellKey) string    { return monthName(key.month) }
func categoryOf(key cellKey) string { return string(key.category) }

func in(category Category) func(cellKey) bool {
	return func(key cellKey) bool { return key.category == category }
}

func (m *Mixer) sortedCells() []cellKey {
	return slices.SortedFunc(maps.Keys(m.cells), func(a, b cellKey) int {
		return cmp.Or(compareCategories(a.category, b.category), cmp.Compare(a.model, b.model), cmp.Compare(a.team, b.team), cmp.Compare(a.month, b.month))
	})
}

// compareCategories is the order of tables: the built-in ones, then others by name.
func compareCategories(a, b Category) int {
	rank := func(name Category) int {
		if at := slices.Index(Categories, name); at >= 0 {
			return at
		}
		return len(Categories)
	}
	return cmp.Or(cmp.Compare(rank(a), rank(b)), cmp.Compare(a, b))
}

// Report gives the mix of what was added so far. Categories come in the order of
// [Categories], then others by name; models and teams by cost, then tasks;
// months in their order. Quantiles are of type 7 (Hyndman and Fan 1996).
func (m *Mixer) Report() Report {
	models := m.parts(everything, modelOf)
	report := Report{
		Schema:     "modeltrial.audit-report/1",
		Tasks:      m.total.tasks,
		CostUSD:    m.total.dollars(),
		CostKnown:  m.total.known,
		Categories: []CategoryMix{},
		Teams:      []GroupMix{},
		Months:     m.months(),
		Models:     groups(models),
		Mix:        m.mix(),
		Uncertain:  m.uncertain,
		Monthly:    m.monthlyBasis(),
		Need:       m.Need,
		Routed:     m.Routed,
		Bill:       m.reconcile(),
		Clusters:   m.Clusters,
	}
	for i := range report.Models {
		report.Models[i].Categories = len(models[report.Models[i].Name].categories)
	}
	if !m.from.IsZero() {
		from, to := m.from, m.to
		report.From, report.To = &from, &to
	}
	if m.teamless < m.total.tasks {
		report.Teams = groups(m.parts(everything, teamOf))
	}
	for _, name := range m.sortedCategories() {
		report.Categories = append(report.Categories, m.category(name))
	}
	if unsorted := m.parts(in(""), categoryOf)[""]; unsorted != nil {
		report.Unsorted = unsorted.tasks
	}
	dominant(models, &report)
	report.CheaperPeer = m.cheaperPeer()
	report.Candidates = m.candidates()
	report.Claims = m.claims(report)
	report.Warnings = m.warnings(report)
	return report
}

// sortedCategories are the categories that have tasks, in the order of tables.
func (m *Mixer) sortedCategories() []Category {
	known := map[Category]bool{}
	for key := range m.cells {
		if key.category != "" {
			known[key.category] = true
		}
	}
	return slices.SortedFunc(maps.Keys(known), compareCategories)
}

func (m *Mixer) category(name Category) CategoryMix {
	sums := m.parts(in(name), categoryOf)[string(name)]
	amounts := sums.amounts()
	mix := CategoryMix{
		Category:        name,
		Tasks:           sums.tasks,
		TaskShare:       share(float64(sums.tasks), float64(m.total.tasks)),
		WithCost:        sums.known,
		CostUSD:         amounts.CostUSD,
		CostShare:       m.costShare(&sums.tally),
		LatencyMedianMS: amounts.LatencyMedianMS,
		LatencyP95MS:    amounts.LatencyP95MS,
		Models:          groups(m.parts(in(name), modelOf)),
		Teams:           []GroupMix{},
	}
	if m.teamless < m.total.tasks {
		mix.Teams = groups(m.parts(in(name), teamOf))
	}
	for i := range mix.Models {
		mix.Models[i].Model = mix.Models[i].Name
	}
	return mix
}

// costShare is a part's share of the known cost; nil where no cost is known, of the
// part or at all.
func (m *Mixer) costShare(t *tally) *float64 {
	if t.known == 0 || m.total.cost == 0 {
		return nil
	}
	part := float64(t.cost) / float64(m.total.cost)
	return &part
}

// mix lists the cells.
func (m *Mixer) mix() []MixCell {
	cells := []MixCell{}
	for _, key := range m.sortedCells() {
		c := m.cells[key]
		p := part{tally: c.tally}
		if len(c.latencies) > 0 {
			p.latencies = [][]int64{c.latencies}
		}
		cells = append(cells, MixCell{Category: key.category, Model: key.model, Team: key.team, Month: monthName(key.month), Amounts: p.amounts()})
	}
	return cells
}

// amounts are the part's sums and quantiles.
func (p *part) amounts() Amounts {
	a := Amounts{Tasks: p.tasks, WithCost: p.known, CostUSD: p.dollars()}
	for kind, into := range [...]**int64{&a.InputTokens, &a.CachedTokens, &a.OutputTokens, &a.ReasoningTokens} {
		if p.counted[kind] > 0 {
			sum := p.tokens[kind]
			*into = &sum
		}
	}
	if len(p.latencies) > 0 {
		all := slices.Concat(p.latencies...)
		slices.Sort(all)
		median, p95 := quantile(all, 0.5), quantile(all, 0.95)
		a.LatencyMedianMS, a.LatencyP95MS = &median, &p95
	}
	return a
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

// groups lists parts by cost, then tasks, then name.
func groups(parts map[string]*part) []GroupMix {
	list := make([]GroupMix, 0, len(parts))
	for name, p := range parts {
		list = append(list, GroupMix{Name: name, Amounts: p.amounts()})
	}
	slices.SortFunc(list, func(a, b GroupMix) int {
		return cmp.Or(cmp.Compare(parts[b.Name].cost, parts[a.Name].cost), cmp.Compare(b.Tasks, a.Tasks), cmp.Compare(a.Name, b.Name))
	})
	return list
}

// mostTasks is the known model with the most tasks; empty where no model is known.
func mostTasks(models map[string]*part) (model string, tasks int) {
	for _, name := range slices.Sorted(maps.Keys(models)) {
		if name != unknownName && models[name].tasks > tasks {
			model, tasks = name, models[name].tasks
		}
	}
	return model, tasks
}

func dominant(models map[string]*part, report *Report) {
	model, tasks := mostTasks(models)
	report.DominantModel = model
	report.DominantShare = share(float64(tasks), float64(report.Tasks))
	if tasks > 0 {
		report.DominantCategories = len(models[model].categories)
	}
}

func (m *Mixer) warnings(report Report) []string {
	warnings := []string{}
	warn := func(count int, text string) {
		switch {
		case count == 1:
			warnings = append(warnings, "1 task "+text)
		case count > 1:
			warnings = append(warnings, fmt.Sprintf("%d tasks %s", count, text))
		}
	}
	warn(m.total.tasks-m.total.known, "without a cost: spend is understated; import prices and run modeltrial audit reprice, or give token counts")
	warn(report.Unsorted, "without a category; run modeltrial audit classify")
	for _, model := range report.Models {
		if model.Name == unknownName {
			warn(model.Tasks, "without a model")
		}
	}
	warn(m.undated, "without a timestamp: they count in no month")
	return append(warnings, m.strays()...)
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
	for key, c := range m.cells {
		if replacement, ok := replacements[key.category]; ok && replacement.takes(key.model) {
			off.addTally(&c.tally)
		}
	}
	routed := RoutedShare{TaskShare: share(float64(off.tasks), float64(m.total.tasks)), Table: decidedAt}
	if m.total.cost > 0 {
		part := float64(off.cost) / float64(m.total.cost)
		routed.CostShare = &part
	}
	return routed
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
