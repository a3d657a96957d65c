package decide

import (
	"encoding/json"
	"math"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"modeltrial/audit"
	"modeltrial/eval"
	"modeltrial/eval/stats"
)

// replayedLog has coding and math of two teams in two months, on the model that coding
// leaves and on another, some of it without a cost, a latency or a category.
func replayedLog() []eval.LoggedTask {
	at := func(month time.Month) time.Time { return time.Date(2026, month, 3, 0, 0, 0, 0, time.UTC) }
	cost := func(dollars float64) *audit.NanoUSD { return new(audit.NanoUSD(dollars * float64(audit.USD))) }
	var tasks []eval.LoggedTask
	for i := range 40 {
		task := eval.LoggedTask{Category: audit.Coding, Team: "alpha", Model: "atlas", At: at(9), Cost: cost(1 + float64(i%4)), LatencyMS: new(int64(1000 + 100*i))}
		if i%2 == 1 {
			task.Team, task.At = "beta", at(10)
		}
		tasks = append(tasks, task)
	}
	return append(tasks,
		eval.LoggedTask{Category: audit.Coding, Team: "beta", Model: "atlas", At: at(10)}, // at the mean, 2.5
		eval.LoggedTask{Category: audit.Coding, Team: "beta", Model: "other", At: at(10), Cost: cost(7), LatencyMS: new(int64(0))},
		eval.LoggedTask{Category: audit.Math, Team: "alpha", Model: "atlas", At: at(9), Cost: cost(5), LatencyMS: new(int64(500))},
		eval.LoggedTask{Category: audit.Creative, Model: "unpriced"},
		eval.LoggedTask{Model: "atlas", Cost: cost(3)},
	)
}

func replayed(t *testing.T, table eval.RoutingTable, tasks []eval.LoggedTask) eval.Replay {
	t.Helper()
	r := NewReplayer(table)
	for _, task := range tasks {
		r.Add(task)
	}
	replay, err := r.Replay()
	if err != nil {
		t.Fatal(err)
	}
	if _, err := json.Marshal(replay); err != nil {
		t.Fatalf("not JSON: %v", err)
	}
	return replay
}

func wantInterval(t *testing.T, what string, got *eval.Interval, estimate, variance, df float64) {
	t.Helper()
	if got == nil {
		t.Errorf("%s is missing, want %v", what, estimate)
		return
	}
	half := stats.TCritical(fixedZ, df) * math.Sqrt(variance)
	for i, pair := range [][2]float64{{got.Estimate, estimate}, {got.Low, estimate - half}, {got.High, estimate + half}} {
		if !(math.Abs(pair[0]-pair[1]) <= 1e-9*math.Max(1, math.Abs(pair[1]))) {
			t.Errorf("%s, %s: got %.12g, want %.12g", what, []string{"estimate", "low", "high"}[i], pair[0], pair[1])
		}
	}
}

// TestReplayByHand follows a table with one switch: coding from atlas to an arm that
// costs 0.6 times as much (standard error 0.02), takes 0.8 times as long (0.05 of the
// logarithm) and is preferred on 70% (0.03), measured on 50 tasks.
func TestReplayByHand(t *testing.T) {
	table := eval.RoutingTable{Routes: []eval.Route{
		{
			Category: audit.Coding, Arm: "next", Control: "now", Candidate: "next", ReplacesModel: "atlas", Decision: eval.Switch, Tasks: 50,
			CostRatio: &eval.Interval{Estimate: 0.6, StandardError: 0.02}, LatencyRatio: &eval.Interval{Estimate: 0.8, StandardError: 0.05}, WinRate: &eval.Interval{Estimate: 0.7, StandardError: 0.03},
			Evidence: eval.RouteEvidence{CostRatioDF: new(49.0), WinRateDF: new(20.0)}, // the latency's: the tasks less one
		},
		{Category: audit.Math, Arm: "now", Control: "now", Decision: eval.Keep},
	}}
	tasks := replayedLog()
	replay := replayed(t, table, tasks)
	total := replay.Total
	if total.Tasks != 45 || total.Moved != 41 || total.Estimated != 1 || total.Unpriced != 1 {
		t.Errorf("got %d tasks, %d moved, %d at a mean, %d unpriced; want 45, 41, 1, 1", total.Tasks, total.Moved, total.Estimated, total.Unpriced)
	}
	// 40 tasks of 2.5 on average, one at that mean, then 7, 5 and 3.
	if math.Abs(*total.CostNow-117.5) > 1e-9 || total.CostThen == nil || math.Abs(*total.CostThen-(117.5-41)) > 1e-9 {
		t.Errorf("got %v now and %v then, want 117.5 and 76.5", *total.CostNow, *total.CostThen)
	}
	wantInterval(t, "saving", total.Saving, 102.5*0.4, 102.5*102.5*0.0004*(1+50.0/41), 49)
	wantInterval(t, "win rate of the moved", total.WinRateMoved, 0.7, 0.0009, 20)
	wantInterval(t, "win rate of all", total.WinRateAll, 0.7*41/45+0.5*4/45, 0.0009*41*41/45/45, 20)
	// 41 tasks have a latency, of which 40 move.
	logs := &eval.Interval{Estimate: math.Log(total.LatencyRatio.Estimate), Low: math.Log(total.LatencyRatio.Low), High: math.Log(total.LatencyRatio.High)}
	share := 40.0 / 41
	wantInterval(t, "latency", logs, share*math.Log(0.8), share*share*0.0025*(1+50.0/40), 49)

	team := replay.Teams[slices.IndexFunc(replay.Teams, func(g eval.ReplayGroup) bool { return g.Team == "beta" })]
	// 20 tasks of 2 or 4, one at 2.5, and one on another model.
	wantInterval(t, "saving of beta", team.Saving, 62.5*0.4, 62.5*62.5*0.0004*(1+50.0/21), 49)
	var months []string
	for _, month := range replay.Months {
		months = append(months, month.Month)
	}
	if !slices.Equal(months, []string{"unknown", "2026-09", "2026-10"}) {
		t.Errorf("got months %v", months)
	}
	for what, groups := range map[string][]eval.ReplayGroup{"categories": replay.Categories, "teams": replay.Teams, "months": replay.Months, "team months": replay.TeamMonths} {
		tasks, saving := 0, 0.0
		for _, group := range groups {
			tasks += group.Tasks
			saving += group.Saving.Estimate
		}
		if tasks != total.Tasks || math.Abs(saving-total.Saving.Estimate) > 1e-9 {
			t.Errorf("%s add up to %d tasks and %v saved, want %d and %v", what, tasks, saving, total.Tasks, total.Saving.Estimate)
		}
	}
	if said := strings.Join(replay.Warnings, "\n"); !strings.Contains(said, "1 tasks have no category") || !strings.Contains(said, "1 tasks have no cost") {
		t.Errorf("got warnings %q", said)
	}
	slices.Reverse(tasks)
	if diff := cmp.Diff(replay, replayed(t, table, tasks), cmp.Comparer(func(a, b float64) bool { return math.Abs(a-b) <= 1e-9*math.Max(1, math.Abs(a)) })); diff != "" {
		t.Errorf("the order of the log matters (-want +got):\n%s", diff)
	}
}

// TestReplayOfARecommendation replays the table of a pilot, with and without errors of
// the categoriser.
func TestReplayOfARecommendation(t *testing.T) {
	const many = 1_000_000_000
	log := replayedLog()
	perfect := recommended(t, twoUseCases(), reviewed(map[audit.Category]map[audit.Category]int{
		"coding": {"coding": many}, "math": {"math": many}, "general": {"general": many},
	}))
	replay := replayed(t, perfect, log)
	with, without := replay.Total.SavingWithErrors, replay.Total.Saving
	if with == nil || without == nil {
		t.Fatalf("saving %v with and %v without errors; missing %v", with, without, replay.Total.WhyMissing)
	}
	if math.Abs(with.Estimate-without.Estimate) > 1e-6 || math.Abs(with.StandardError-without.StandardError) > 1e-4*without.StandardError {
		t.Errorf("a perfect router: got %+v, want %+v", with, without)
	}
	// Every fifth task that it takes for coding is maths, where the arm costs 0.8 of the
	// control's instead of half.
	erring := recommended(t, twoUseCases(), reviewed(map[audit.Category]map[audit.Category]int{
		"coding": {"coding": 80}, "math": {"coding": 20, "math": 80}, "general": {"general": 40},
	}))
	replay = replayed(t, erring, log)
	with, without = replay.Total.SavingWithErrors, replay.Total.Saving
	if want := without.Estimate * (0.8*0.5 + 0.2*0.2) / 0.5; math.Abs(with.Estimate-want) > 0.01*want || with.StandardError < without.StandardError {
		t.Errorf("with errors: got %+v, want %v with more than the %v of no errors", with, want, without.StandardError)
	}
	if rate := replay.Total.WinRateMovedWithErrors; rate == nil || rate.Estimate >= replay.Total.WinRateMoved.Estimate {
		t.Errorf("the win rate with errors is %+v, without %+v", rate, replay.Total.WinRateMoved)
	}
	if replay.ReviewedTasks != 220 {
		t.Errorf("got %d reviewed tasks, want 220", replay.ReviewedTasks)
	}
	few := recommended(t, twoUseCases(), reviewed(map[audit.Category]map[audit.Category]int{"coding": {"coding": 4}, "math": {"math": 50}}))
	if got := replayed(t, few, log).Total; got.SavingWithErrors != nil || !strings.Contains(got.WhyMissing["saving_with_routing_errors_usd"], "4 of the reviewed tasks") {
		t.Errorf("with 4 reviewed tasks: got %+v because %v", got.SavingWithErrors, got.WhyMissing)
	}
	none := recommended(t, twoUseCases(), nil)
	if got := replayed(t, none, log).Total; got.SavingWithErrors != nil || !strings.Contains(got.WhyMissing["saving_with_routing_errors_usd"], "--sample") {
		t.Errorf("without a review: got %+v because %v", got.SavingWithErrors, got.WhyMissing)
	}
}

// TestReplaySaysWhatIsMissing has a switch whose cost was never measured, and a log
// without the model that is replaced.
func TestReplaySaysWhatIsMissing(t *testing.T) {
	route := eval.Route{Category: audit.Coding, Arm: "next", ReplacesModel: "atlas", Decision: eval.Switch, WhyMissing: map[string]string{"cost_ratio": "no cost is known"}}
	table := eval.RoutingTable{Routes: []eval.Route{route}}
	replay := replayed(t, table, replayedLog())
	if got := replay.Total; got.Saving != nil || got.CostThen != nil || got.WhyMissing["saving_usd"] != "coding: no cost is known" || got.WinRateMoved != nil || got.LatencyThen != nil || got.LatencyNow == nil {
		t.Errorf("got %+v", got)
	}
	table.Routes[0].ReplacesModel = "gone"
	replay = replayed(t, table, replayedLog())
	if got := replay.Total; got.Saving == nil || got.Saving.Estimate != 0 || got.Moved != 0 || got.WinRateAll.Estimate != 0.5 {
		t.Errorf("where nothing moves: got %+v", got)
	}
	if !strings.Contains(strings.Join(replay.Warnings, "\n"), "coding: the log has no task of it on gone") {
		t.Errorf("got warnings %q", replay.Warnings)
	}
	if got := replayed(t, table, nil); got.Total.Tasks != 0 || got.From != nil || len(got.Teams) != 0 {
		t.Errorf("of an empty log: got %+v", got)
	}
}

// FuzzReplayOfAFile has tables that no recommendation made: they give a result that JSON
// can hold, or an error.
func FuzzReplayOfAFile(f *testing.F) {
	route := `{"category":"coding","arm":"next","decision":"switch","replaces_model":"atlas","tasks":50,"cost_ratio":{"estimate":0.5,"standard_error":0.02},` +
		`"latency_ratio":{"estimate":0.8,"standard_error":0.1},"win_rate":{"estimate":0.6,"standard_error":0.03},"evidence":{"cost_ratio_degrees_of_freedom":40}}`
	f.Add(`{"routes":[` + route + `]}`)
	f.Add(`{"routes":[` + route + `],"routing_errors":{"rows":[{"category":"coding","truths":[{"category":"math","reviewed_tasks":40}]}]}}`)
	f.Add(`{"routes":[` + route + `],"routing_errors":{"rows":[{"category":"coding","truths":[{"category":"coding","reviewed_tasks":40},{"category":"math","reviewed_tasks":-3,"cost_ratio":{"estimate":1e300,"standard_error":1e300,"high":-1}}]}]}}`)
	f.Add(`{"routes":[{"category":"coding","decision":"switch","cost_ratio":{"estimate":-1e308,"standard_error":1e308},"latency_ratio":{"estimate":-1},"evidence":{"cost_ratio_degrees_of_freedom":-7}},{"category":"coding"}]}`)
	f.Add(`{"routes":[{"category":"coding","decision":"switch","replaces_model":"atlas","tasks":3,"latency_ratio":{"estimate":1e9,"standard_error":1e4}}]}`)
	f.Fuzz(func(t *testing.T, text string) {
		var table eval.RoutingTable
		if json.Unmarshal([]byte(text), &table) != nil {
			t.Skip()
		}
		r := NewReplayer(table)
		for _, task := range replayedLog() {
			r.Add(task)
		}
		replay, err := r.Replay()
		if err != nil {
			return
		}
		if _, err := json.Marshal(replay); err != nil {
			t.Errorf("%s: %v", text, err)
		}
	})
}
