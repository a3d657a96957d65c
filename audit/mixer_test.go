package audit

import (
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

// mixTask is a task of a log; day counts from 2026-09-01.
func mixTask(category Category, model string, day int, cents int64) Task {
	return Task{
		Category: category, Model: model, Timestamp: time.Date(2026, 9, 1+day, 12, 0, 0, 0, time.UTC),
		Cost: new(NanoUSD(cents) * USD / 100), Team: "support",
	}
}

func mixed(tasks ...Task) *Mixer {
	mixer := NewMixer(unsureBelow)
	for _, task := range tasks {
		mixer.Add(task)
	}
	return mixer
}

func TestMixerReport(t *testing.T) {
	t.Parallel()
	coding1 := mixTask(Coding, "atlas", 0, 300)
	coding1.LatencyMS, coding1.Tokens = new(int64(1000)), Tokens{Input: new(int64(10)), Output: new(int64(4))}
	coding2 := mixTask(Coding, "forge", 30, 100)
	coding2.LatencyMS, coding2.Team = new(int64(2000)), ""
	own := mixTask("own", "atlas", 1, 600)
	unsure := mixTask(Math, "atlas", 2, 0)
	unsure.Cost, unsure.CategorySource, unsure.Probability = nil, CategoryFromLocal, 0.49
	sure := mixTask(Math, "", 3, 0)
	sure.CategorySource, sure.Probability = CategoryFromLocal, unsureBelow
	unsorted := mixTask("", "atlas", 0, 0)
	unsorted.Timestamp = time.Time{}
	got := mixed(own, unsorted, sure, coding2, unsure, coding1).Report()

	from, to := coding1.Timestamp, coding2.Timestamp
	want := Report{
		Schema: "modeltrial.audit-report/1", Tasks: 6, From: &from, To: &to, CostUSD: new(10.), CostKnown: 5,
		Categories: []CategoryMix{
			{
				Category: Coding, Tasks: 2, TaskShare: 2. / 6, WithCost: 2, CostUSD: new(4.), CostShare: new(0.4),
				LatencyMedianMS: new(1500.), LatencyP95MS: new(1950.),
				Models: []GroupMix{
					{Name: "atlas", Model: "atlas", Amounts: Amounts{Tasks: 1, WithCost: 1, CostUSD: new(3.), InputTokens: new(int64(10)), OutputTokens: new(int64(4)), LatencyMedianMS: new(1000.), LatencyP95MS: new(1000.)}},
					{Name: "forge", Model: "forge", Amounts: Amounts{Tasks: 1, WithCost: 1, CostUSD: new(1.), LatencyMedianMS: new(2000.), LatencyP95MS: new(2000.)}},
				},
				Teams: []GroupMix{
					{Name: "support", Amounts: Amounts{Tasks: 1, WithCost: 1, CostUSD: new(3.), InputTokens: new(int64(10)), OutputTokens: new(int64(4)), LatencyMedianMS: new(1000.), LatencyP95MS: new(1000.)}},
					{Name: unknownName, Amounts: Amounts{Tasks: 1, WithCost: 1, CostUSD: new(1.), LatencyMedianMS: new(2000.), LatencyP95MS: new(2000.)}},
				},
			},
			{
				Category: Math, Tasks: 2, TaskShare: 2. / 6, WithCost: 1, CostUSD: new(0.), CostShare: new(0.),
				Models: []GroupMix{{Name: unknownName, Model: unknownName, Amounts: Amounts{Tasks: 1, WithCost: 1, CostUSD: new(0.)}}, {Name: "atlas", Model: "atlas", Amounts: Amounts{Tasks: 1, WithCost: 0}}},
				Teams:  []GroupMix{{Name: "support", Amounts: Amounts{Tasks: 2, WithCost: 1, CostUSD: new(0.)}}},
			},
			{
				Category: "own", Tasks: 1, TaskShare: 1. / 6, WithCost: 1, CostUSD: new(6.), CostShare: new(0.6),
				Models: []GroupMix{{Name: "atlas", Model: "atlas", Amounts: Amounts{Tasks: 1, WithCost: 1, CostUSD: new(6.)}}},
				Teams:  []GroupMix{{Name: "support", Amounts: Amounts{Tasks: 1, WithCost: 1, CostUSD: new(6.)}}},
			},
		},
		Teams: []GroupMix{
			{Name: "support", Amounts: Amounts{Tasks: 5, WithCost: 4, CostUSD: new(9.), InputTokens: new(int64(10)), OutputTokens: new(int64(4)), LatencyMedianMS: new(1000.), LatencyP95MS: new(1000.)}},
			{Name: unknownName, Amounts: Amounts{Tasks: 1, WithCost: 1, CostUSD: new(1.), LatencyMedianMS: new(2000.), LatencyP95MS: new(2000.)}},
		},
		Models: []GroupMix{
			{Name: "atlas", Amounts: Amounts{Tasks: 4, WithCost: 3, CostUSD: new(9.), InputTokens: new(int64(10)), OutputTokens: new(int64(4)), LatencyMedianMS: new(1000.), LatencyP95MS: new(1000.)}, Categories: 3},
			{Name: "forge", Amounts: Amounts{Tasks: 1, WithCost: 1, CostUSD: new(1.), LatencyMedianMS: new(2000.), LatencyP95MS: new(2000.)}, Categories: 1},
			{Name: unknownName, Amounts: Amounts{Tasks: 1, WithCost: 1, CostUSD: new(0.)}, Categories: 1},
		},
		Uncertain: 1, Unsorted: 1, DominantModel: "atlas", DominantShare: 4. / 6, DominantCategories: 3,
		Warnings: []string{
			"1 task without a cost: spend is understated; import prices and run modeltrial audit reprice, or give token counts",
			"1 task without a category; run modeltrial audit classify",
			"1 task without a model",
			"1 task without a timestamp: they count in no month",
		},
	}
	got.Candidates, got.Months, got.Mix, got.Claims, got.Monthly = nil, nil, nil, nil, nil // tested by themselves
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("report (-want +got):\n%s", diff)
	}
}

func TestMixerOfNothing(t *testing.T) {
	t.Parallel()
	mixer := NewMixer(unsureBelow)
	report := mixer.Report()
	if report.Tasks != 0 || report.From != nil || report.Categories == nil || report.Candidates == nil || report.Warnings == nil || report.DominantShare != 0 ||
		report.CostUSD != nil || report.Claims == nil || report.Mix == nil || report.Months == nil {
		t.Errorf("got %+v, want an empty report without null lists", report)
	}
	if share := mixer.OffRoute(map[Category]Replacement{Math: {From: "atlas", To: "forge"}}, ""); share != (RoutedShare{}) || mixer.MonthlySpend() != nil {
		t.Errorf("got %+v, %v", share, mixer.MonthlySpend())
	}
}

func TestMixerDoesNotDependOnOrder(t *testing.T) {
	t.Parallel()
	var tasks []Task
	for i := range 200 {
		task := mixTask(Categories[i%5], fmt.Sprintf("m%d", i%3), i%80, int64(i))
		task.LatencyMS = new(int64(i * 7 % 101))
		tasks = append(tasks, task)
	}
	first := mixed(tasks...)
	random := rand.New(rand.NewPCG(3, 4))
	random.Shuffle(len(tasks), func(i, j int) { tasks[i], tasks[j] = tasks[j], tasks[i] })
	second := mixed(tasks...)
	if diff := cmp.Diff(first.Report(), second.Report()); diff != "" {
		t.Errorf("reports differ:\n%s", diff)
	}
	if diff := cmp.Diff(first.MonthlySpend(), second.MonthlySpend()); diff != "" {
		t.Errorf("spends differ:\n%s", diff)
	}
}

// By the definition: h = 5p, so that the median is 4 + 0.5·4 and the 95 %
// quantile 16 + 0.75·16.
func TestQuantileIsOfTypeSeven(t *testing.T) {
	t.Parallel()
	values := []int64{1, 2, 4, 8, 16, 32}
	for p, want := range map[float64]float64{0: 1, 0.5: 6, 0.95: 28, 1: 32} {
		if got := quantile(values, p); math.Abs(got-want) > 1e-12 {
			t.Errorf("quantile %v is %v, want %v", p, got, want)
		}
	}
	if got := quantile([]int64{5}, 0.95); got != 5 {
		t.Errorf("of one value: %v, want 5", got)
	}
}

func TestMonthlySpend(t *testing.T) {
	t.Parallel()
	month := 365.25 / 12
	perWeek := func(cents ...float64) (costs []NanoUSD) {
		for _, amount := range cents {
			costs = append(costs, NanoUSD(math.Round(amount/100*1e9*month/7)))
		}
		return costs
	}
	free := mixTask(Coding, "atlas", 6, 0)
	free.Cost = nil
	cases := []struct {
		name  string
		tasks []Task
		want  []CategorySpend
	}{
		{
			"a last week of five days counts",
			[]Task{mixTask(Coding, "atlas", 0, 1000), mixTask(Coding, "atlas", 7, 3000), mixTask(Coding, "forge", 11, 500)},
			[]CategorySpend{
				{Category: Coding, Model: "atlas", Tasks: month / 7, Costs: perWeek(1000, 3000)},
				{Category: Coding, Model: "forge", Tasks: month / 14, Costs: perWeek(0, 500)},
			},
		},
		{
			"a last week of six days whose weeks have seven is left out",
			append(everyDay(Math, 14, 100), everyDay(Math, 20, 100)[14:]...),
			[]CategorySpend{{Category: Math, Model: "atlas", Tasks: month, Costs: perWeek(700, 700)}},
		},
		{
			"a last week without its weekend is whole",
			slices.DeleteFunc(everyDay(Math, 19, 100), func(task Task) bool { day := task.Timestamp.Day() - 1; return day%7 > 4 }),
			[]CategorySpend{{Category: Math, Model: "atlas", Tasks: 15 * month / 21, Costs: perWeek(500, 500, 500)}},
		},
		{
			"a last week of one day does not",
			[]Task{mixTask(Coding, "atlas", 0, 1000), mixTask(Coding, "atlas", 7, 9900)},
			[]CategorySpend{{Category: Coding, Model: "atlas", Tasks: month / 7, Costs: perWeek(1000)}},
		},
		{
			"a week without tasks is a part of the spread",
			[]Task{mixTask(Math, "atlas", 6, 100), mixTask(Math, "atlas", 26, 100)},
			[]CategorySpend{{Category: Math, Model: "atlas", Tasks: 2 * month / 21, Costs: perWeek(100, 0, 100)}},
		},
		{
			"a log of two days is all there is",
			[]Task{mixTask(Math, "atlas", 6, 100), mixTask(Math, "atlas", 7, 100)},
			[]CategorySpend{{Category: Math, Model: "atlas", Tasks: month, Costs: []NanoUSD{NanoUSD(math.Round(2e9 * month / 2))}}},
		},
		{
			"unknown cost is not free",
			[]Task{mixTask(Coding, "atlas", 6, 100), free, mixTask(Coding, "atlas", 12, 300)},
			[]CategorySpend{{Category: Coding, Model: "atlas", Tasks: 3 * month / 7, Costs: perWeek(600)}},
		},
		{
			"no cost known at all, no model known",
			[]Task{func() Task { task := free; task.Model = ""; return task }(), mixTask(Math, "atlas", 6, 0), mixTask(Math, "atlas", 12, 0)},
			[]CategorySpend{{Category: Coding, Tasks: month / 7}, {Category: Math, Model: "atlas", Tasks: 2 * month / 7, Costs: perWeek(0)}},
		},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			near := cmp.Comparer(func(a, b float64) bool { return math.Abs(a-b) < 1e-9 })
			if diff := cmp.Diff(c.want, mixed(c.tasks...).MonthlySpend(), near); diff != "" {
				t.Errorf("spend (-want +got):\n%s", diff)
			}
		})
	}
}

// everyDay has a task a day.
func everyDay(category Category, days int, cents int64) (tasks []Task) {
	for day := range days {
		tasks = append(tasks, mixTask(category, "atlas", day, cents))
	}
	return tasks
}

// unsureBelow is a categoriser's threshold.
const unsureBelow = 0.5

func TestPilotCandidatesComeByMonthlyCost(t *testing.T) {
	t.Parallel()
	mixer := NewMixer(unsureBelow)
	for day := range 28 {
		mixer.Add(mixTask(Coding, "atlas", day, 100))
		mixer.Add(mixTask(Coding, "atlas", day, 100))
		mixer.Add(mixTask(Creative, []string{"atlas", "forge", "forge"}[day%3], day, 300))
	}
	unknown := mixTask(General, "", 3, 0)
	unknown.Cost = nil
	mixer.Add(unknown)
	report := mixer.Report()
	want := []string{
		"creative: 60% of spend, 64% of tasks on forge",
		"coding: 40% of spend, all tasks on atlas",
		"general: cost not known, model not known",
	}
	var got []string
	for _, candidate := range report.Candidates {
		got = append(got, string(candidate.Category)+": "+candidate.Why)
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("candidates (-want +got):\n%s", diff)
	}
	if first := report.Candidates[0]; math.Abs(*first.MonthlyCostUSD-84*365.25/12/28) > 1e-6 || first.WeeklyTasks != 7 || first.CurrentModel != "forge" {
		t.Errorf("got %+v, want 84 USD in 28 days by the month and 7 tasks a week on forge", first)
	}
}

// TestWeeklyTasksAndMonthlyTasksRestOnTheSameWeeks takes a log of 54 days, whose last
// five are no week.
func TestWeeklyTasksAndMonthlyTasksRestOnTheSameWeeks(t *testing.T) {
	t.Parallel()
	mixer := NewMixer(0)
	for day := range 54 {
		mixer.Add(mixTask(Coding, "atlas", day, 100))
	}
	weekly, monthly := mixer.Report().Candidates[0].WeeklyTasks, mixer.MonthlySpend()[0].Tasks
	if weekly != 7 || math.Abs(monthly-weekly*365.25/12/7) > 1e-9 {
		t.Errorf("%v tasks a week and %v a month, want 7 a week and as many a month as that is", weekly, monthly)
	}
}

func TestPercentRoundsNothingAway(t *testing.T) {
	t.Parallel()
	for share, want := range map[float64]string{0: "0%", 0.001: "under 1%", 0.384: "38%", 0.999: "over 99%", 1: "100%"} {
		if got := percent(share); got != want {
			t.Errorf("percent(%v) is %q, want %q", share, got, want)
		}
	}
}

func TestOffRoute(t *testing.T) {
	t.Parallel()
	mixer := mixed(
		mixTask(Coding, "atlas", 0, 300), mixTask(Coding, "forge", 0, 100), mixTask(Coding, "mini", 0, 100),
		mixTask(Math, "atlas", 0, 400), mixTask(Coding, "", 0, 100),
	)
	for name, c := range map[string]struct {
		coding Replacement
		want   RoutedShare
	}{
		"the replaced model only": {Replacement{From: "atlas", To: "forge"}, RoutedShare{TaskShare: 0.2, CostShare: new(0.3), Table: "2026-10-01"}},
		"every named model":       {Replacement{To: "forge"}, RoutedShare{TaskShare: 0.4, CostShare: new(0.4), Table: "2026-10-01"}},
	} {
		got := mixer.OffRoute(map[Category]Replacement{Coding: c.coding, Creative: {From: "atlas", To: "quill"}}, "2026-10-01")
		if diff := cmp.Diff(c.want, got); diff != "" {
			t.Errorf("%s: off route (-want +got):\n%s", name, diff)
		}
	}
}

func TestRowErrorSaysWhereAndWhat(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		failure RowError
		want    string
	}{
		{RowError{File: "log.csv", Line: 12, Column: 5, Field: "cost_usd", Msg: "is negative", Remedy: "leave it empty"}, "log.csv:12:5: cost_usd: is negative; leave it empty"},
		{RowError{File: "log.csv", Line: 12, Msg: "has 1 of 2 fields"}, "log.csv:12: has 1 of 2 fields"},
	} {
		if got := c.failure.Error(); got != c.want {
			t.Errorf("got %q, want %q", got, c.want)
		}
	}
}

// BenchmarkMixer adds up a log of a million tasks over 80 days, with its report. The
// sorting of as many latencies alone stands beside it: quantiles are exact.
func BenchmarkMixer(b *testing.B) {
	const size = 1_000_000
	tasks := make([]Task, 5000)
	for i := range tasks {
		tasks[i] = mixTask(Categories[i%5], fmt.Sprintf("m%d", i%3), i%80, int64(i))
		tasks[i].Team = []string{"support", "sales", "engineering", "legal"}[i%7%4]
		tasks[i].LatencyMS = new(int64(i * 7919 % 30011))
	}
	b.Run("mix", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			mixer := NewMixer(unsureBelow)
			for i := range size {
				mixer.Add(tasks[i%len(tasks)])
			}
			if report := mixer.Report(); report.Tasks != size {
				b.Fatal(report.Tasks)
			}
		}
		b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/size, "ns/task")
	})
	b.Run("sort", func(b *testing.B) {
		values := make([]int64, size)
		for b.Loop() {
			for i := range values {
				values[i] = *tasks[i%len(tasks)].LatencyMS
			}
			slices.Sort(values)
		}
		b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/size, "ns/task")
	})
}
