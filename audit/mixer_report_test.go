package audit

import (
	"math"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

func near(a, b float64) bool { return math.Abs(a-b) < 1e-9*max(1, math.Abs(b)) }

// TestMonthsCompareWholeOnesOnly takes a log from 10 August to 15 December: the first
// and the last month are parts, and each month has its own number of tasks a day.
func TestMonthsCompareWholeOnesOnly(t *testing.T) {
	t.Parallel()
	mixer := NewMixer(0)
	perDay := map[time.Month]int{8: 1, 9: 2, 10: 3, 11: 3, 12: 9}
	for when := time.Date(2026, 8, 10, 9, 0, 0, 0, time.UTC); when.Before(time.Date(2026, 12, 16, 0, 0, 0, 0, time.UTC)); when = when.AddDate(0, 0, 1) {
		for i := range perDay[when.Month()] {
			task := Task{Timestamp: when, Category: Coding, Cost: new(USD)}
			if when.Month() == 11 && i == 0 {
				task.Cost = nil
			}
			mixer.Add(task)
		}
	}
	months := mixer.Report().Months
	type row struct {
		name        string
		tasks       int
		whole       bool
		tasksGrowth float64
		why         string
	}
	var got []row
	for _, m := range months {
		growth := math.Inf(1)
		if m.TasksGrowth != nil {
			growth = math.Round(*m.TasksGrowth*1e6) / 1e6
		}
		got = append(got, row{m.Name, m.Tasks, m.Whole, growth, m.WhyMissing["tasks_growth"]})
	}
	none := math.Inf(1)
	want := []row{
		{"2026-08", 22, false, none, "it is the first month of the log"},
		{"2026-09", 60, true, none, "the log covers 22 of 31 days of 2026-08"},
		{"2026-10", 93, true, 0.55, ""},
		{"2026-11", 90, true, -0.032258, ""},
		{"2026-12", 135, false, none, "the log covers 15 of 31 days of 2026-12"},
	}
	if diff := cmp.Diff(want, got, cmp.AllowUnexported(row{})); diff != "" {
		t.Errorf("months (-want +got):\n%s", diff)
	}
	if g := months[2].CostGrowth; g == nil || !near(*g, 0.55) {
		t.Errorf("cost growth of October %v, want 0.55", g)
	}
	if g := months[3].CostGrowth; g != nil || months[3].WhyMissing["cost_growth"] == "" {
		t.Errorf("cost growth of November %v, want none and why, since a third of its costs is unknown", g)
	}
}

// TestMonthIsWholeWithoutItsWeekend: August 2026 begins on a Saturday.
func TestMonthIsWholeWithoutItsWeekend(t *testing.T) {
	t.Parallel()
	mixer := NewMixer(0)
	for day := 3; day <= 31; day++ {
		mixer.Add(Task{Timestamp: time.Date(2026, 8, day, 9, 0, 0, 0, time.UTC), Category: Math})
	}
	if august := mixer.Report().Months[0]; !august.Whole || august.DaysLogged != 29 || august.Days != 31 {
		t.Errorf("August is %+v, want it whole with 29 of 31 days", august)
	}
}

func TestStrayDatesDoNotStretchTheWeeks(t *testing.T) {
	t.Parallel()
	plain, stray := NewMixer(0), NewMixer(0)
	for _, task := range everyDay(Coding, 28, 100) {
		plain.Add(task)
		stray.Add(task)
	}
	for _, when := range []time.Time{time.Date(1970, 1, 1, 0, 0, 0, 0, time.UTC), time.Date(2031, 5, 2, 0, 0, 0, 0, time.UTC), time.Date(2031, 5, 4, 0, 0, 0, 0, time.UTC)} {
		task := mixTask(Coding, "atlas", 0, 100)
		task.Timestamp = when
		stray.Add(task)
	}
	if diff := cmp.Diff(plain.MonthlySpend(), stray.MonthlySpend()); diff != "" {
		t.Errorf("monthly spend changes with stray dates (-plain +stray):\n%s", diff)
	}
	report := stray.Report()
	if report.Monthly.From != "2026-09-01" || report.Monthly.To != "2026-09-28" || report.Monthly.Weeks != 4 {
		t.Errorf("monthly figures rest on %+v, want four weeks from 2026-09-01", report.Monthly)
	}
	want := []string{
		"1 task is dated on 1970-01-01, before more than 28 days without any",
		"2 tasks are dated from 2031-05-02 to 2031-05-04, after more than 28 days without any",
	}
	for i, start := range want {
		if i >= len(report.Warnings) || !strings.HasPrefix(report.Warnings[i], start) {
			t.Errorf("warnings %q, want one that begins %q", report.Warnings, start)
		}
	}
}

func peerPrices(t *testing.T) PriceTable {
	t.Helper()
	return pricesOf(t, `model,provider,input_usd_per_1m,cached_input_usd_per_1m,output_usd_per_1m,valid_from,source
atlas,north,10,1,30,2026-01-01,test
atlas-mini,north,4,0.4,12,2026-01-01,test
atlas-nano,north,1,,3,2026-01-01,test
atlas-same,north,9.5,1,30,2026-01-01,test
atlas-later,north,0.1,,0.1,2027-01-01,test
forge,south,2,,6,2026-01-01,test
spark,south,0.5,,1,2026-01-01,test
`)
}

// tokenTask has 1,000,000 input tokens, of which so many are cached, and as many output.
func tokenTask(category Category, model string, day int, cents, cached int64) Task {
	task := mixTask(category, model, day, cents)
	task.Tokens = Tokens{Input: new(int64(1_000_000)), Cached: &cached, Output: new(int64(1_000_000))}
	return task
}

// By hand: with half the input cached atlas costs 5 + 0.5 + 30 = 35.5 dollars, mini
// 2 + 0.2 + 12 = 14.2, nano, which has no price of its own for cached input, 1 + 3 = 4,
// and forge 2 + 6 = 8, a peer of atlas only where the log uses it.
func TestCheaperPeer(t *testing.T) {
	t.Parallel()
	mixer := NewMixer(0)
	mixer.Prices = peerPrices(t)
	for day := range 28 {
		mixer.Add(tokenTask(Coding, "atlas", day, 3550, 500_000))
	}
	mixer.Add(tokenTask(Math, "north/atlas-nano", 2, 400, 0)) // the cheapest of its provider
	unknown := mixTask(Math, "unheard", 2, 50)
	mixer.Add(unknown)
	got := mixer.Report()
	want := &PeerShare{
		TaskShare: 28. / 30, CostShare: new(28 * 35.5 / (28*35.5 + 4.5)), Unpriced: 1, Means: peerDefinition,
		Models: []PeerModel{{
			Model: "atlas", Tasks: 28, CostUSD: new(28 * 35.5), Nearest: "atlas-mini", NearestRatio: 14.2 / 35.5, Cheapest: "atlas-nano", CheapestRatio: 4 / 35.5,
		}},
	}
	approx := cmp.Comparer(near)
	if diff := cmp.Diff(want, got.CheaperPeer, approx); diff != "" {
		t.Errorf("cheaper peer (-want +got):\n%s", diff)
	}
	month := 365.25 / 12
	first := got.Candidates[0]
	if s := first.Saving; s == nil || !near(s.LowUSD, month*21.3) || !near(s.HighUSD, month*31.5) || s.Nearest != "atlas-mini" || s.Cheapest != "atlas-nano" {
		t.Errorf("plausible saving %+v, want %.2f to %.2f", s, month*21.3, month*31.5)
	}
	if why := got.Candidates[1].WhyMissing["plausible_saving"]; got.Candidates[1].Saving != nil || why == "" {
		t.Errorf("candidate %+v has no saving and no reason", got.Candidates[1])
	}
	mixer.Add(tokenTask(Math, "forge", 3, 800, 0))
	mixer.Add(tokenTask(Math, "spark", 3, 800, 0))
	if peer := mixer.Report().CheaperPeer.Models[0]; peer.Cheapest != "spark" || peer.Nearest != "atlas-mini" {
		t.Errorf("peers %+v, want spark as the cheapest once the log uses it", peer)
	}
}

// What a model's tokens would cost elsewhere is not known of a log without tokens: no
// share of 0.
// A later list may know of it, whose prices hold only after the log.
func TestARetiredModelIsNoPeer(t *testing.T) {
	t.Parallel()
	last := mixTask(Coding, "atlas", 27, 0).Timestamp // the last day of the log
	for _, c := range []struct {
		name              string
		retires, listed   time.Time
		cheapest, nearest string
	}{
		{"before the log ends", last.AddDate(0, 0, -3), last.AddDate(0, 1, 0), "atlas-mini", "atlas-mini"},
		{"on its last day", last.Truncate(24 * time.Hour), last.AddDate(0, 0, -9), "atlas-mini", "atlas-mini"},
		{"after it", last.AddDate(0, 0, 1), last.AddDate(0, 1, 0), "atlas-nano", "atlas-mini"},
	} {
		mixer := NewMixer(0)
		mixer.Prices = peerPrices(t)
		nano, ok := mixer.Prices.Price("atlas-nano")
		if !ok {
			t.Fatal("no price of atlas-nano")
		}
		nano.RetiresOn, nano.ValidFrom, nano.ListedOn = c.retires, c.listed, c.listed
		mixer.Prices.Import(nano)
		for day := range 28 {
			mixer.Add(tokenTask(Coding, "atlas", day, 3550, 500_000))
		}
		if peer := mixer.Report().CheaperPeer.Models[0]; peer.Cheapest != c.cheapest || peer.Nearest != c.nearest {
			t.Errorf("%s: %+v, want %s and %s", c.name, peer, c.cheapest, c.nearest)
		}
	}
}

func TestCheaperPeerWithoutTokens(t *testing.T) {
	t.Parallel()
	mixer := NewMixer(0)
	mixer.Prices = peerPrices(t)
	mixer.Add(Task{Category: Coding, Model: "atlas"})
	if peer := mixer.Report().CheaperPeer; peer != nil {
		t.Errorf("peers %+v of a log without tokens, want none", peer)
	}
	mixer.Add(tokenTask(Coding, "atlas-mini", 2, 400, 0))
	if peer := mixer.Report().CheaperPeer; peer == nil || peer.Unpriced != 1 || peer.TaskShare != 0.5 {
		t.Errorf("peers %+v, want one task of two on a model with a cheaper peer and one of which it is not known", peer)
	}
}

func TestCanonicalModel(t *testing.T) {
	t.Parallel()
	for name, want := range map[string]string{
		"gpt-4o": "gpt-4o", "openai/GPT-4o-2024-08-06": "gpt-4o", "anthropic/claude-sonnet-4-20250514": "claude-sonnet-4",
		"deepseek/deepseek-chat:free": "deepseek-chat", "claude-3-5-haiku@20241022": "claude-3-5-haiku", "gpt-4-0613": "gpt-4-0613", "": "",
		"anthropic/claude-sonnet-4.5": "claude-sonnet-4-5", "us.anthropic.claude-sonnet-4-5-20250929-v1:0": "claude-sonnet-4-5", "openai:chat:gpt-5": "gpt-5",
		"global.anthropic.claude-3.7-sonnet:thinking": "claude-3-7-sonnet", "mistral-large-latest": "mistral-large", "ollama/llama3:8b": "llama3", "gpt-4.1": "gpt-4.1",
	} {
		if got := canonicalModel(name); got != want {
			t.Errorf("%q is %q, want %q", name, got, want)
		}
	}
}

// billedLog has 30 tasks of atlas at a dollar in September, 10 in the first ten days
// of October, and forge beside it.
func billedLog(baselines ...Baseline) *Mixer {
	mixer := NewMixer(0)
	for day := range 40 {
		mixer.Add(mixTask(Coding, "north/atlas-2026-01-01", day, 100))
		mixer.Add(mixTask(Math, "forge", day, 50))
	}
	mixer.Baselines = baselines
	return mixer
}

func bill0(month, model string, dollars float64, requests int64) Baseline {
	line := Baseline{Month: month, Model: model, Provider: "north", Source: "bill.json"}
	line.Cost, line.Requests = new(NanoUSD(dollars*float64(USD))), &requests
	return line
}

func TestReconcileSaysWhatTheLogExplains(t *testing.T) {
	t.Parallel()
	unknown := Baseline{Month: "2026-09", Model: "mystery"}
	mixer := billedLog(bill0("2026-09", "atlas", 30, 40), bill0("2026-09", "Atlas", 6, 8), bill0("2026-10", "atlas", 40, 50), unknown)
	got := mixer.Report().Bill
	if len(got.Months) != 2 || len(got.Models) != 3 {
		t.Fatalf("got %+v, want two months and three models", got)
	}
	september, october := got.Months[0], got.Months[1]
	if september.CostExplained != nil || september.WhyMissing == "" || !september.Whole {
		t.Errorf("September is %+v, want no share, since the account states no cost of one model", september)
	}
	if october.Whole || october.DaysLogged != 10 || october.CostExplained == nil || !near(*october.CostExplained, 0.25) || !near(*october.RequestsExplained, 0.2) {
		t.Errorf("October is %+v, want 10 of its days, a quarter of the cost and a fifth of the requests", october)
	}
	atlas := got.Models[0]
	if atlas.Model != "atlas" || !near(*atlas.BillUSD, 36) || !near(*atlas.CostExplained, 30./36) || *atlas.BillRequests != 48 || atlas.LogTasks != 30 {
		t.Errorf("atlas in September is %+v, want 30 of 36 dollars", atlas)
	}
}

// TestReconcileAddsWhatAGatewayHasWithoutTexts: what was spent is the log and the
// requests without texts, unless a provider accounts for the model in the month.
func TestReconcileAddsWhatAGatewayHasWithoutTexts(t *testing.T) {
	t.Parallel()
	textless := func(month, model string, dollars float64, requests int64) Baseline {
		line := bill0(month, model, dollars, requests)
		line.Textless = true
		return line
	}
	got := billedLog(textless("2026-09", "atlas", 4, 6), textless("2026-09", "Atlas", 6, 4), textless("2026-10", "atlas", 5, 5), bill0("2026-10", "atlas", 40, 50)).Report()
	september, october := got.Bill.Months[0], got.Bill.Months[1]
	if !september.Gateway || !near(*september.BillUSD, 40) || *september.BillRequests != 40 || !near(*september.CostExplained, 0.75) {
		t.Errorf("September is %+v, want 30 of 40 dollars and 30 of 40 requests of a gateway", september)
	}
	if october.Gateway || !near(*october.BillUSD, 40) || *october.BillRequests != 50 {
		t.Errorf("October is %+v, want the provider's 40 dollars alone", october)
	}
	if len(got.Monthly.Bill) != 1 || !near(got.Monthly.Bill[0].Factor, 40./30) {
		t.Errorf("scales %+v, want those of September", got.Monthly.Bill)
	}
}

func TestBillWithoutCostIsPricedByItsTokens(t *testing.T) {
	t.Parallel()
	line := Baseline{Month: "2026-09", Model: "atlas"}
	line.InputTokens, line.CachedTokens, line.OutputTokens = new(int64(2_000_000)), new(int64(1_000_000)), new(int64(500_000))
	mixer := billedLog(line)
	mixer.Prices = peerPrices(t)
	got := mixer.Report().Bill.Models[0]
	if !got.BillEstimated || got.BillUSD == nil || !near(*got.BillUSD, 10+1+15) || !near(*got.CostExplained, 30./26) {
		t.Errorf("got %+v, want a bill of 26 dollars, estimated, of which the log has 30", got)
	}
}

// TestMonthlySpendRestsOnTheBill: the bill of September is 1.2 times the log of atlas;
// October is not whole and says nothing; forge is not on the bill.
func TestMonthlySpendRestsOnTheBill(t *testing.T) {
	t.Parallel()
	plain := billedLog().MonthlySpend()
	mixer := billedLog(bill0("2026-09", "atlas", 36, 40), bill0("2026-10", "atlas", 4000, 50))
	scaled := mixer.MonthlySpend()
	for i := range plain {
		factor := 1.0
		if strings.Contains(plain[i].Model, "atlas") {
			factor = 1.2
		}
		if plain[i].Tasks != scaled[i].Tasks || len(plain[i].Costs) != len(scaled[i].Costs) {
			t.Fatalf("got %+v, want the tasks and weeks of %+v", scaled[i], plain[i])
		}
		for week, cost := range scaled[i].Costs {
			if want := float64(plain[i].Costs[week]) * factor; math.Abs(float64(cost)-want) > 1 {
				t.Errorf("%s, week %d: %v, want %v", plain[i].Model, week, cost, want)
			}
		}
	}
	want := []SpendScale{{Model: "atlas", Factor: 1.2, Months: []string{"2026-09"}}}
	if diff := cmp.Diff(want, mixer.Report().Monthly.Bill, cmp.Comparer(near)); diff != "" {
		t.Errorf("scales (-want +got):\n%s", diff)
	}
}

func TestCandidatesSayWhatADecisionTakes(t *testing.T) {
	t.Parallel()
	mixer := NewMixer(0)
	for _, task := range everyDay(Coding, 28, 100) {
		mixer.Add(task)
	}
	mixer.Need = &DecisionNeed{TasksBetter: new(20), TasksNotWorse: new(70), TasksPerWeek: 10, Assumes: "five raters"}
	got := mixer.Report().Candidates[0]
	// 70 − 28 tasks come in at 7 a week: 6 weeks; 70 are rated in 7.
	if *got.TasksBetter != 20 || *got.WeeksBetter != 2 || *got.TasksNotWorse != 70 || *got.WeeksNotWorse != 7 {
		t.Errorf("got %+v", got)
	}
	mixer.Need = &DecisionNeed{TasksBetter: new(98), TasksPerWeek: 50, WhyMissing: map[string]string{"tasks_not_worse": "more raters, not more tasks"}}
	got = mixer.Report().Candidates[0]
	if *got.WeeksBetter != 10 || got.TasksNotWorse != nil || got.WhyMissing["weeks_not_worse"] != "more raters, not more tasks" {
		t.Errorf("got %+v, want 10 weeks, until 70 more tasks came in", got)
	}
}

func TestClaimsSayNoMoreThanTheLog(t *testing.T) {
	t.Parallel()
	mixer := NewMixer(0)
	mixer.Prices = peerPrices(t)
	for day := range 28 {
		mixer.Add(tokenTask(Coding, "atlas", day, 4000, 0))
	}
	mixer.Texts = &TextCounts{Responses: 28, Edited: 20, Unchanged: 5, Reference: 1}
	claims := mixer.Report().Claims
	for i, words := range [][]string{
		{"100% of tasks and 100% of spend", "not a fault", "atlas answers 100% of tasks, in 1 of 1 categories"},
		{"1200 USD a month", "60%", "90%", "not shown"},
		{"There is 1 task with a reference answer"},
		{"There are 20 tasks", "25% of those"},
	} {
		for _, word := range words {
			if !strings.Contains(claims[i].LogSays, word) {
				t.Errorf("claim %q: the log says %q, want %q in it", claims[i].Claim, claims[i].LogSays, word)
			}
		}
		if claims[i].CannotSay == "" {
			t.Errorf("claim %q: nothing is said of what the log cannot say", claims[i].Claim)
		}
	}
	bare := NewMixer(0)
	bare.Add(Task{Prompt: "x"})
	for _, claim := range bare.Report().Claims {
		if !strings.HasPrefix(claim.LogSays, "Nothing") {
			t.Errorf("claim %q: a bare log says %q, want nothing", claim.Claim, claim.LogSays)
		}
	}
}

func TestMixCellsAddUp(t *testing.T) {
	t.Parallel()
	mixer := NewMixer(0)
	for day := range 70 {
		task := mixTask(Categories[day%3], []string{"atlas", "forge"}[day%2], day, int64(day))
		task.Team = []string{"support", "sales", ""}[day%3]
		task.LatencyMS = new(int64(day))
		mixer.Add(task)
	}
	report := mixer.Report()
	tasks, cost := 0, 0.0
	for _, c := range report.Mix {
		tasks += c.Tasks
		cost += *c.CostUSD
		if c.LatencyMedianMS == nil {
			t.Errorf("cell %+v has no latency", c)
		}
	}
	if tasks != report.Tasks || !near(cost, *report.CostUSD) {
		t.Errorf("cells add up to %d tasks and %v, want %d and %v", tasks, cost, report.Tasks, *report.CostUSD)
	}
	if !slices.IsSortedFunc(report.Mix, func(a, b MixCell) int {
		return compareCategories(a.Category, b.Category)
	}) {
		t.Error("cells are not in the order of categories")
	}
}
