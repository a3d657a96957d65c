package decide

import (
	"encoding/csv"
	"encoding/json"
	"fmt"
	"math"
	"math/rand/v2"
	"os"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"modeltrial/audit"
	"modeltrial/eval"
)

// tolerance is that of the reference values.
const tolerance = 1e-8

// referenceRatings reads the synthetic ratings whose reference values stand in
// eval/stats/testdata/expected.json.
func referenceRatings(t *testing.T, keep func(eval.Rating) bool) []eval.Rating {
	t.Helper()
	file, err := os.Open("../stats/testdata/ratings.csv")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = file.Close() }() // it was only read
	rows, err := csv.NewReader(file).ReadAll()
	if err != nil {
		t.Fatal(err)
	}
	column := map[string]int{}
	for i, name := range rows[0] {
		column[name] = i
	}
	var ratings []eval.Rating
	for _, row := range rows[1:] {
		week, err := strconv.Atoi(row[column["week"]])
		if err != nil {
			t.Fatal(err)
		}
		rating := eval.Rating{
			TaskID: row[column["task_id"]], ArmA: row[column["arm_a"]], ArmB: row[column["arm_b"]],
			Rater: row[column["rater"]], Kind: eval.RaterKind(row[column["kind"]]),
			Verdict: eval.Verdict(row[column["preference"]]), First: eval.Side(row[column["first"]]),
			Week: week, Category: audit.Category(row[column["category"]]),
		}
		var ok bool
		if rating.Score, ok = rating.Verdict.Score(); !ok {
			t.Fatalf("verdict %q", rating.Verdict)
		}
		if keep(rating) {
			ratings = append(ratings, rating)
		}
	}
	return ratings
}

// expected gives the reference values of one case.
func expected(t *testing.T, id string) map[string]float64 {
	t.Helper()
	text, err := os.ReadFile("../stats/testdata/expected.json")
	if err != nil {
		t.Fatal(err)
	}
	var document struct {
		Cases []struct {
			ID       string         `json:"id"`
			Expected map[string]any `json:"expected"`
		} `json:"cases"`
	}
	if err := json.Unmarshal(text, &document); err != nil {
		t.Fatal(err)
	}
	for _, c := range document.Cases {
		if c.ID != id {
			continue
		}
		values := map[string]float64{}
		for name, value := range c.Expected {
			if number, ok := value.(float64); ok {
				values[name] = number
			}
		}
		return values
	}
	t.Fatalf("no case %s", id)
	return nil
}

func analyze(t *testing.T, ratings []eval.Rating) eval.Analysis {
	t.Helper()
	analysis, err := Analyze(eval.Dataset{Ratings: ratings}, Options{})
	if err != nil {
		t.Fatal(err)
	}
	return analysis
}

func wantNumber(t *testing.T, what string, got, want float64) {
	t.Helper()
	if math.Abs(got-want) > tolerance {
		t.Errorf("%s: got %.12g, want %.12g", what, got, want)
	}
}

func TestWinRateEqualsTheReference(t *testing.T) {
	for _, category := range []audit.Category{"coding", "math", "creative"} {
		t.Run(string(category), func(t *testing.T) {
			ratings := referenceRatings(t, func(r eval.Rating) bool { return r.Category == category && r.Kind == eval.Human })
			want := expected(t, "win_rate_"+string(category)+"_human")
			result := analyze(t, ratings).Comparisons[0]
			if result.WinRate == nil {
				t.Fatalf("no win rate: %v", result.WhyMissing)
			}
			wantNumber(t, "estimate", result.WinRate.Estimate, want["estimate"])
			wantNumber(t, "standard error", result.WinRate.StandardError, want["spec_standard_error"])
			wantNumber(t, "low", result.WinRate.Low, want["spec_low"])
			wantNumber(t, "high", result.WinRate.High, want["spec_high"])
			if result.Tasks != int(want["tasks"]) || result.Raters != int(want["raters"]) || result.Ratings != int(want["ratings"]) {
				t.Errorf("got %d tasks, %d raters, %d ratings, want %v", result.Tasks, result.Raters, result.Ratings, want)
			}
		})
	}
}

func TestJudgesInBothOrdersCountOnce(t *testing.T) {
	ratings := referenceRatings(t, func(r eval.Rating) bool { return r.Category == "coding" && r.Kind == eval.Judge })
	want := expected(t, "win_rate_coding_judge")
	result := analyze(t, ratings).Comparisons[0]
	wantNumber(t, "estimate", result.WinRate.Estimate, want["estimate"])
	wantNumber(t, "standard error", result.WinRate.StandardError, want["standard_error"])
	if result.Tasks != 120 {
		t.Errorf("got %d tasks, want 120", result.Tasks)
	}
	if switches(result.Decision) {
		t.Errorf("judges alone led to %q", result.Decision)
	}
}

func TestAgreementAndPositionEqualTheReference(t *testing.T) {
	ratings := referenceRatings(t, func(r eval.Rating) bool { return r.Category == "coding" && r.Kind == eval.Human })
	result := analyze(t, ratings).Comparisons[0]
	alpha := expected(t, "krippendorff_coding")
	wantNumber(t, "nominal alpha", result.Agreement.AlphaNominal.Estimate, alpha["nominal"])
	wantNumber(t, "ordinal alpha", result.Agreement.AlphaOrdinal.Estimate, alpha["ordinal"])
	position := expected(t, "position_coding_human")
	wantNumber(t, "position effect", result.PositionEffect.Estimate, position["estimate"])
	wantNumber(t, "its standard error", result.PositionEffect.StandardError, position["standard_error"])
	wantNumber(t, "its p-value", result.PositionEffect.PValue, position["p_value"])
}

func TestAnalysisDoesNotDependOnTheOrderOfRows(t *testing.T) {
	ratings := referenceRatings(t, func(r eval.Rating) bool { return r.Category != "creative" })
	shuffled := slices.Clone(ratings)
	rand.New(rand.NewPCG(1, 2)).Shuffle(len(shuffled), func(i, j int) { shuffled[i], shuffled[j] = shuffled[j], shuffled[i] })
	want, got := analyze(t, ratings), analyze(t, shuffled)
	near := cmp.Comparer(func(x, y float64) bool { return math.Abs(x-y) < 1e-9 || (math.IsNaN(x) && math.IsNaN(y)) })
	// The bootstrap of alpha draws tasks by their place, so its limits move a little.
	ignore := cmp.FilterPath(func(p cmp.Path) bool {
		name := p.Last().String()
		return name == ".AlphaNominal" || name == ".AlphaOrdinal"
	}, cmp.Ignore())
	if diff := cmp.Diff(want.Comparisons, got.Comparisons, near, ignore); diff != "" {
		t.Errorf("shuffled rows changed the result (-want +got):\n%s", diff)
	}
}

func TestSwappingArmsMirrorsTheWinRate(t *testing.T) {
	ratings := referenceRatings(t, func(r eval.Rating) bool { return r.Category == "math" && r.Kind == eval.Human })
	swapped := slices.Clone(ratings)
	for i := range swapped {
		swapped[i] = swapped[i].Flipped()
	}
	straight, mirrored := analyze(t, ratings).Comparisons[0], analyze(t, swapped).Comparisons[0]
	wantNumber(t, "estimate", mirrored.WinRate.Estimate, 1-straight.WinRate.Estimate)
	wantNumber(t, "low", mirrored.WinRate.Low, 1-straight.WinRate.High)
	wantNumber(t, "high", mirrored.WinRate.High, 1-straight.WinRate.Low)
}

func TestARowGivenTwiceIsACorrection(t *testing.T) {
	ratings := referenceRatings(t, func(r eval.Rating) bool { return r.Category == "coding" && r.Kind == eval.Human })
	once := analyze(t, ratings).Comparisons[0]
	twice := analyze(t, append(slices.Clone(ratings), ratings...)).Comparisons[0]
	if diff := cmp.Diff(once.WinRate, twice.WinRate); diff != "" {
		t.Errorf("repeated rows changed the win rate:\n%s", diff)
	}
}

// pilot makes a locked protocol with one use case, its ratings and its responses.
// The candidate wins `wins`, ties `ties` and loses the rest of the tasks.
func pilot(tasks, wins, ties int, costRatio float64, kind eval.RaterKind) eval.Dataset {
	protocol := eval.Protocol{
		Name: "test", Control: "now", Weeks: 4, TasksPerWeek: tasks / 4, RatingsPerComparison: 1,
		Arms:     []eval.Arm{{Name: "now", Model: "atlas"}, {Name: "next", Model: "forge"}},
		UseCases: []eval.UseCase{{Category: "coding", Candidates: []string{"next"}}},
		Margin:   0.05, Saving: 0.10,
	}
	data := eval.Dataset{Pilot: "test", Locked: &eval.LockedProtocol{
		SHA256: "0123456789abcdef", Protocol: protocol, CategoryShare: map[audit.Category]float64{"coding": 1},
	}}
	random := rand.New(rand.NewPCG(7, 7))
	for i, place := range random.Perm(tasks) {
		verdict := eval.PrefersA
		switch {
		case place < wins:
			verdict = eval.PrefersB
		case place < wins+ties:
			verdict = eval.Tie
		}
		score, _ := verdict.Score()
		task, week := fmt.Sprintf("t%03d", i), 1+i*4/tasks
		data.Assigned = append(data.Assigned, eval.AssignedTask{TaskID: task, Category: "coding", Week: week})
		data.Ratings = append(data.Ratings, eval.Rating{
			TaskID: task, Category: "coding", Week: week, ArmA: "now", ArmB: "next", Rater: "r" + strconv.Itoa(i%6),
			Kind: kind, Verdict: verdict, Score: score, First: []eval.Side{eval.SideA, eval.SideB}[i%2],
		})
		for arm, factor := range map[string]float64{"now": 1, "next": costRatio} {
			cost := audit.NanoUSD((0.8 + 0.4*random.Float64()) * factor * 1e7)
			latency := int64(1000 + random.IntN(500))
			data.Responses = append(data.Responses, eval.ResponseRow{
				TaskID: task, Category: "coding", Week: week, Arm: arm, Cost: &cost, LatencyMS: &latency, Origin: eval.Measured,
			})
		}
	}
	slices.SortStableFunc(data.Responses, func(x, y eval.ResponseRow) int { return x.Week - y.Week })
	return data
}

func TestDecisionRule(t *testing.T) {
	cheap := 0.3
	cases := []struct {
		name   string
		data   eval.Dataset
		change func(*eval.Dataset)
		want   eval.DecisionKind
	}{
		{"clearly better", pilot(200, 120, 40, 1, eval.Human), nil, eval.Switch},
		{"better but too dear", pilot(200, 120, 40, 1, eval.Human), func(d *eval.Dataset) { d.Locked.Protocol.MaxCostRatio = &cheap }, eval.Keep},
		{"as good and cheaper", pilot(400, 110, 190, 0.5, eval.Human), nil, eval.SwitchForCost},
		{"as good and as dear", pilot(400, 110, 190, 1, eval.Human), nil, eval.Keep},
		{"clearly worse", pilot(200, 30, 40, 0.5, eval.Human), nil, eval.Keep},
		{"judges alone", pilot(200, 150, 20, 0.5, eval.Judge), nil, eval.Keep},
		{"checks decide alone", pilot(200, 150, 20, 0.5, eval.Check), nil, eval.Switch},
		{"too few tasks", pilot(16, 16, 0, 0.5, eval.Human), nil, eval.NoDecision},
		{"nothing rated", pilot(200, 0, 0, 1, eval.Human), func(d *eval.Dataset) { d.Ratings = nil }, eval.Continue},
		{"before the last week", pilot(400, 110, 190, 1, eval.Human), func(d *eval.Dataset) {
			d.Ratings = slices.DeleteFunc(d.Ratings, func(r eval.Rating) bool { return r.Week > 2 })
		}, eval.Continue},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			if c.change != nil {
				c.change(&c.data)
			}
			analysis, err := Analyze(c.data, Options{})
			if err != nil {
				t.Fatal(err)
			}
			if got := analysis.Comparisons[0]; got.Decision != c.want {
				t.Errorf("got %q, want %q: %s (win rate %+v)", got.Decision, c.want, got.Reason, got.WinRateAlwaysValid)
			}
			if analysis.Comparisons[0].Reason == "" {
				t.Error("no reason given")
			}
		})
	}
}

func TestMissingNumbersAreNullWithAReason(t *testing.T) {
	analysis, err := Analyze(pilot(16, 8, 0, 0.5, eval.Human), Options{})
	if err != nil {
		t.Fatal(err)
	}
	result := analysis.Comparisons[0]
	if result.WinRate != nil || result.PValue != nil || result.WinRateAlwaysValid != nil {
		t.Errorf("16 tasks gave an interval: %+v", result.WinRate)
	}
	for _, field := range []string{"win_rate", "win_rate_always_valid", "p_value"} {
		if result.WhyMissing[field] == "" {
			t.Errorf("no reason why %s is missing", field)
		}
	}
	if _, err := json.Marshal(analysis); err != nil {
		t.Errorf("not JSON: %v", err)
	}
}

func TestRecommendPricesTheSwitch(t *testing.T) {
	spend := []eval.Spend{
		{Category: "coding", Model: "atlas", Tasks: 400, Costs: dollars(100, 104, 98, 102, 96, 100)},
		{Category: "coding", Model: "other", Tasks: 40, Costs: dollars(10, 10, 10, 10, 10, 10)},
		{Category: "general", Model: "atlas", Tasks: 90, Costs: dollars(20, 21, 19, 20, 20, 20)},
	}
	now := time.Date(2026, 11, 2, 9, 0, 0, 0, time.UTC)
	table, err := Recommend(pilot(200, 120, 40, 0.5, eval.Human), spend, nil, "2026-07-24", now)
	if err != nil {
		t.Fatal(err)
	}
	if len(table.Routes) != 2 {
		t.Fatalf("got %d routes, want coding and general", len(table.Routes))
	}
	coding, general := table.Routes[0], table.Routes[1]
	if coding.Arm != "next" || coding.Model != "forge" || general.Arm != "now" {
		t.Errorf("got arms %q (%q) and %q", coding.Arm, coding.Model, general.Arm)
	}
	if saving := coding.MonthlySaving; saving == nil || math.Abs(saving.Estimate-50) > 2 || saving.Low >= saving.Estimate || saving.High <= saving.Estimate {
		t.Errorf("saving %+v, want about 50 USD of the 100 on the control's model", saving)
	}
	wantNumber(t, "cost then", *coding.MonthlyCostThen, *coding.MonthlyCostNow-coding.MonthlySaving.Estimate)
	wantNumber(t, "total saving", table.Total.MonthlySaving.Estimate, coding.MonthlySaving.Estimate)
	if coding.ReplacesModel != "atlas" || !slices.Equal(coding.StaysOn, []string{"other"}) || general.ReplacesModel != "" || len(general.StaysOn) > 0 {
		t.Errorf("coding replaces %q and leaves %v, general replaces %q; want atlas, other and nothing", coding.ReplacesModel, coding.StaysOn, general.ReplacesModel)
	}
	wantNumber(t, "spend on the control's model", coding.ControlSpend.Estimate, 100)
	wantNumber(t, "spend on the control's model, general", general.ControlSpend.Estimate, 20)
	wantNumber(t, "saving if switched", coding.SavingIfSwitched.StandardError, coding.MonthlySaving.StandardError)
	if general.MonthlySaving == nil || general.MonthlySaving.Estimate != 0 {
		t.Errorf("keeping saves %+v, want exactly 0", general.MonthlySaving)
	}
}

// TestRecommendPricesWhatItKeeps gives a kept category what a reader needs to ask
// what a switch would save.
func TestRecommendPricesWhatItKeeps(t *testing.T) {
	spend := []eval.Spend{
		{Category: "coding", Model: "atlas", Tasks: 400, Costs: dollars(100, 104, 98, 102, 96, 100)},
		{Category: "coding", Model: "other", Tasks: 40, Costs: dollars(10, 10, 10, 10, 10, 10)},
	}
	table, err := Recommend(pilot(200, 20, 40, 0.5, eval.Human), spend, nil, "", time.Time{})
	if err != nil {
		t.Fatal(err)
	}
	kept := table.Routes[0]
	if switches(kept.Decision) || kept.MonthlySaving.Estimate != 0 || kept.ControlSpend == nil || kept.SavingIfSwitched == nil {
		t.Fatalf("got %+v, want a kept category with its spend and what a switch would save", kept)
	}
	wantNumber(t, "spend on the control's model", kept.ControlSpend.Estimate, 100)
	if saving := kept.SavingIfSwitched; math.Abs(saving.Estimate-50) > 2 || saving.Low >= saving.Estimate {
		t.Errorf("a switch would save %+v, want about 50", saving)
	}
	if table.PriceTableDate != "" || table.WhyMissing["price_table_date"] == "" {
		t.Errorf("price date %q, why missing %q; want none and why", table.PriceTableDate, table.WhyMissing["price_table_date"])
	}
}

func dollars(amounts ...float64) []audit.NanoUSD {
	costs := make([]audit.NanoUSD, len(amounts))
	for i, amount := range amounts {
		costs[i] = audit.NanoUSD(amount * 1e9)
	}
	return costs
}

func TestAFewSlowAnswersAreTold(t *testing.T) {
	t.Parallel()
	var data eval.Dataset
	for i := range 40 {
		control, candidate := int64(1000), int64(1000)
		if i%4 == 0 {
			candidate = 60_000
		}
		id := fmt.Sprint("t", i)
		data.Responses = append(data.Responses,
			eval.ResponseRow{TaskID: id, Arm: "control", Category: audit.Coding, Week: 1, LatencyMS: &control},
			eval.ResponseRow{TaskID: id, Arm: "candidate", Category: audit.Coding, Week: 1, LatencyMS: &candidate})
		data.Ratings = append(data.Ratings, eval.Rating{
			TaskID: id, ArmA: "control", ArmB: "candidate", Rater: "ada", Kind: eval.Human,
			Verdict: eval.Tie, Score: 0.5, Week: 1, Category: audit.Coding,
		})
	}
	analysis, err := Analyze(data, Options{})
	if err != nil {
		t.Fatal(err)
	}
	const want = "the typical latency ratio is 1.00 (Hodges–Lehmann) where the geometric mean is 2.78: a few answers weigh much"
	if warnings := analysis.Comparisons[0].Warnings; !slices.Contains(warnings, want) {
		t.Errorf("got %q, want %q among them", warnings, want)
	}
}

// TestRecommendLeavesUnknownCostsOut has logs that state no cost, no time or nothing: what
// they do not say is not 0.
func TestRecommendLeavesUnknownCostsOut(t *testing.T) {
	data := pilot(200, 120, 40, 0.5, eval.Human)
	priced := eval.Spend{Category: "general", Model: "atlas", Tasks: 90, Costs: dollars(20, 21, 19)}
	for name, c := range map[string]struct {
		spend                  []eval.Spend
		tasks, cost            bool // known
		totalTasks, totalKnown bool
		why                    string
	}{
		"no cost": {[]eval.Spend{{Category: "coding", Model: "atlas", Tasks: 400}, priced}, true, false, true, false, "states no cost"},
		"no time": {[]eval.Spend{{Category: "coding", Model: "atlas"}, priced}, false, false, false, false, "does not say when"},
		"no log":  {nil, false, false, false, false, "no audited log"},
		"no such": {[]eval.Spend{priced}, true, true, true, true, ""},
	} {
		table, err := Recommend(data, c.spend, nil, "", time.Date(2026, 11, 2, 9, 0, 0, 0, time.UTC))
		if err != nil {
			t.Fatal(err)
		}
		coding, total := table.Routes[0], table.Total
		if (coding.MonthlyTasks != nil) != c.tasks || (coding.MonthlyCostNow != nil) != c.cost || !strings.Contains(coding.WhyMissing["monthly_cost_now_usd"], c.why) {
			t.Errorf("%s: tasks %v, cost %v because %q", name, coding.MonthlyTasks, coding.MonthlyCostNow, coding.WhyMissing["monthly_cost_now_usd"])
		}
		if (total.MonthlyTasks != nil) != c.totalTasks || (total.MonthlyCostNow != nil) != c.totalKnown || (total.MonthlyCostNow == nil) != (total.WhyMissing["monthly_cost_now_usd"] != "") {
			t.Errorf("%s: in all tasks %v, cost %v because %q", name, total.MonthlyTasks, total.MonthlyCostNow, total.WhyMissing["monthly_cost_now_usd"])
		}
		if coding.Decision == eval.Switch && (coding.MonthlySaving == nil) != (coding.MonthlyCostThen == nil) {
			t.Errorf("%s: saving %v, cost then %v", name, coding.MonthlySaving, coding.MonthlyCostThen)
		}
		budget := 10.0
		frontier, err := Frontier(data, c.spend, &budget)
		if err != nil {
			t.Fatal(err)
		}
		if (frontier.MonthlyCostNow != nil) != c.totalKnown || (len(frontier.Goals) == 3) != c.totalKnown {
			t.Errorf("%s: frontier of a log that costs %v has %d goals", name, frontier.MonthlyCostNow, len(frontier.Goals))
		}
		for _, goal := range frontier.Goals {
			if (goal.MonthlyCost != nil) != c.totalKnown {
				t.Errorf("%s: %s costs %v", name, goal.Goal, goal.MonthlyCost)
			}
		}
	}
}

// TestReplayLeavesUnknownCostsOut replays a log that states no cost.
func TestReplayLeavesUnknownCostsOut(t *testing.T) {
	table := eval.RoutingTable{Routes: []eval.Route{{
		Category: audit.Coding, Arm: "next", ReplacesModel: "atlas", Decision: eval.Switch, CostRatio: &eval.Interval{Estimate: 0.5, StandardError: 0.1}, Tasks: 50,
	}}}
	replay := replayed(t, table, []eval.LoggedTask{{Category: audit.Coding, Model: "atlas"}, {Category: audit.Coding, Model: "other"}})
	got := replay.Total
	if got.CostNow != nil || got.CostThen != nil || got.Saving != nil || got.Moved != 1 || got.Unpriced != 2 {
		t.Errorf("got %+v", got)
	}
	for _, field := range []string{"cost_now_usd", "cost_then_usd", "saving_usd"} {
		if !strings.Contains(got.WhyMissing[field], "no cost of its tasks is known") {
			t.Errorf("%s is missing because %q", field, got.WhyMissing[field])
		}
	}
}
