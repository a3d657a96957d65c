package decide

import (
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"

	"modeltrial/audit"
	"modeltrial/eval"
)

var checkedOn = time.Date(2026, 9, 1, 0, 0, 0, 0, time.UTC)

// checkedRoutes is a table with a switch and a kept control, each with evidence.
func checkedRoutes() eval.RoutingTable {
	evidence := eval.RouteEvidence{Served: map[string][]string{"now": {"atlas"}, "next": {"forge-2026-01-01"}}}
	until := checkedOn.AddDate(0, 1, 0)
	return eval.RoutingTable{ProtocolSHA256: "ab", Routes: []eval.Route{
		{Category: audit.Coding, Arm: "next", Control: "now", Candidate: "next", Decision: eval.Switch, ValidUntil: &until, Evidence: evidence},
		{Category: audit.Math, Arm: "now", Control: "now", Candidate: "next", Decision: eval.Keep, ValidUntil: &until, Evidence: evidence},
		{Category: audit.General, Arm: "now", Control: "now", Decision: eval.Keep},
	}}
}

func checked(t *testing.T, in CheckInput) eval.RouteCheck {
	t.Helper()
	check, err := Check(in)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := json.Marshal(check); err != nil {
		t.Fatalf("not JSON: %v", err)
	}
	return check
}

func statuses(check eval.RouteCheck) (got []eval.RouteStatus) {
	for _, route := range check.Routes {
		got = append(got, route.Status)
	}
	return got
}

func TestCheckOfPricesAgeAndVersions(t *testing.T) {
	still := func() CheckInput {
		return CheckInput{Stored: eval.StoredTable{ID: 3, Table: checkedRoutes()}, Then: checkedRoutes(), Now: checkedRoutes(), On: checkedOn}
	}
	holds := []eval.RouteStatus{eval.RouteHolds, eval.RouteHolds, eval.RouteHolds}
	for _, c := range []struct {
		name   string
		change func(*CheckInput)
		want   []eval.RouteStatus
		what   string
	}{
		{"nothing", func(*CheckInput) {}, holds, ""},
		{"old", func(in *CheckInput) { in.On = checkedOn.AddDate(0, 1, 0) }, []eval.RouteStatus{eval.RouteOld, eval.RouteOld, eval.RouteHolds}, "half a year old since 2026-10-01"},
		{"cheaper", func(in *CheckInput) {
			in.Now.Routes[0].Arm, in.Now.Routes[0].Reason = "now", "keep now"
		}, []eval.RouteStatus{eval.RouteCheaper, eval.RouteHolds, eval.RouteHolds}, "at the prices of 2026-09-01 the rule says now: keep now"},
		{"anew", func(in *CheckInput) {
			in.Then.Routes[1].Arm, in.Now.Routes[1].Arm = "next", "next"
		}, []eval.RouteStatus{eval.RouteHolds, eval.RouteAnew, eval.RouteHolds}, "on the data of today"},
		{"version", func(in *CheckInput) { in.Named = []string{"atlas-2026-08-01", "forge-2026-07-01", "quill"} }, []eval.RouteStatus{eval.RouteVersion, eval.RouteVersion, eval.RouteHolds}, "next: forge-2026-07-01 answers now, in the pilot it was forge-2026-01-01"},
		{"same version", func(in *CheckInput) { in.Named = []string{"forge", "Forge-2026-01-01"} }, holds, ""},
		{"version of a step", func(in *CheckInput) {
			in.Stored.Table.Routes[0].Evidence.Served = map[string][]string{"next": {"small → forge-2026-01-01", " → forge-2026-01-01"}}
			in.Named = []string{"small-2026-08-01", "forge-2026-07-01"}
		}, []eval.RouteStatus{eval.RouteVersion, eval.RouteVersion, eval.RouteHolds}, "next: forge-2026-07-01 answers now, in the pilot it was forge-2026-01-01\n"},
		{"same versions of steps", func(in *CheckInput) {
			for i := range in.Stored.Table.Routes {
				in.Stored.Table.Routes[i].Evidence.Served = map[string][]string{"next": {"small-2026-02-01 → forge-2026-01-01"}}
			}
			in.Named = []string{"small-2026-02-01", "forge-2026-01-01"}
		}, holds, ""},
		{"graver", func(in *CheckInput) {
			in.On, in.Named = checkedOn.AddDate(1, 0, 0), []string{"forge-20260701"}
		}, []eval.RouteStatus{eval.RouteVersion, eval.RouteVersion, eval.RouteHolds}, "half a year old"},
	} {
		t.Run(c.name, func(t *testing.T) {
			in := still()
			c.change(&in)
			check := checked(t, in)
			if got := statuses(check); !slices.Equal(got, c.want) || check.Holds != slices.Equal(c.want, holds) {
				t.Errorf("got %v, holds %v; want %v", got, check.Holds, c.want)
			}
			said := ""
			for _, route := range check.Routes {
				for _, finding := range route.Findings {
					said += finding.What + "\n"
				}
			}
			if !strings.Contains(said, c.what) {
				t.Errorf("got the findings %q, want %q", said, c.what)
			}
			if check.Routes[0].WhyMissing["drift"] == "" || check.Routes[0].Drift != nil {
				t.Errorf("without anchors: got %+v", check.Routes[0])
			}
		})
	}
}

// rerated draws a pilot with 60 anchors in coding and as many in math, each rated by two
// judges, and two months in which they are rated again: frozen says by how much the
// judges' scores of the answers of then have changed, fresh by how much those of new
// answers to the coding tasks have.
func rerated(t *testing.T, seed uint64, frozen, fresh float64) CheckInput {
	t.Helper()
	random := rand.New(rand.NewPCG(seed, 4))
	verdict := func(mean float64) float64 {
		if random.Float64() < mean {
			return 1
		}
		return 0
	}
	in := CheckInput{Stored: eval.StoredTable{Table: checkedRoutes()}, Then: checkedRoutes(), Now: checkedRoutes(), On: checkedOn}
	for _, category := range []audit.Category{audit.Coding, audit.Math} {
		change := fresh
		if category == audit.Math {
			change = 0
		}
		for i := range 60 {
			for _, judge := range []string{"judge-1", "judge-2"} {
				rating := eval.Rating{TaskID: fmt.Sprintf("%s-%d", category, i), Category: category, ArmA: "now", ArmB: "next", Rater: judge, Kind: eval.Judge}
				rating.Score = verdict(0.6)
				in.Ratings = append(in.Ratings, rating)
				for _, round := range []string{"2026-07", "2026-08"} {
					again := rating
					again.Score = verdict(0.6 + frozen)
					in.Anchors = append(in.Anchors, eval.AnchorRating{Rating: again, Answers: eval.FrozenAnswers, Round: round})
					again.Score = verdict(0.6 + frozen + change)
					in.Anchors = append(in.Anchors, eval.AnchorRating{Rating: again, Answers: eval.FreshAnswers, Round: round})
				}
			}
		}
	}
	return in
}

// TestModelChangeIsToldFromJudgeChange has a model that fell, judges that turned, both,
// and neither.
func TestModelChangeIsToldFromJudgeChange(t *testing.T) {
	for _, c := range []struct {
		name          string
		frozen, fresh float64
		status        eval.RouteStatus
		judges        bool
	}{
		{"neither", 0, 0, eval.RouteHolds, false},
		{"the model", 0, -0.45, eval.RouteDrifted, false},
		{"the judges", -0.45, 0, eval.RouteHolds, true},
		{"both", 0.35, -0.6, eval.RouteDrifted, true},
	} {
		t.Run(c.name, func(t *testing.T) {
			check := checked(t, rerated(t, 1, c.frozen, c.fresh))
			if got := statuses(check); !slices.Equal(got, []eval.RouteStatus{c.status, eval.RouteHolds, eval.RouteHolds}) {
				t.Errorf("got %v (%+v), want coding %q", got, check.Routes[0].Drift, c.status)
			}
			if len(check.Raters) != 2 {
				t.Fatalf("got raters %+v, want both judges", check.Raters)
			}
			for _, rater := range check.Raters {
				if rater.Changed != c.judges {
					t.Errorf("%s: changed %v by %+v, want %v", rater.Rater, rater.Changed, rater.Drift, c.judges)
				}
			}
			if warned := strings.Contains(strings.Join(check.Warnings, "\n"), "the rater has changed, not the models"); warned != c.judges {
				t.Errorf("got warnings %q", check.Warnings)
			}
			if drift := check.Routes[0].Drift; drift == nil || drift.Against != againstFrozen || drift.Tasks != 60 {
				t.Errorf("got %+v, want a change on 60 tasks against frozen answers", drift)
			}
		})
	}
	t.Run("no frozen answers", func(t *testing.T) {
		in := rerated(t, 1, -0.45, 0)
		in.Anchors = slices.DeleteFunc(in.Anchors, func(r eval.AnchorRating) bool { return r.Answers == eval.FrozenAnswers })
		check := checked(t, in)
		// The kept route of math stands: the judges turned against the candidate.
		if got := statuses(check); got[0] != eval.RouteNotApart || got[1] != eval.RouteHolds || len(check.Raters) != 0 {
			t.Errorf("got %v, %+v, want coding not told apart", got, check.Raters)
		}
	})
	t.Run("a judge without a past", func(t *testing.T) {
		in := rerated(t, 1, 0, 0)
		for i := range in.Anchors {
			in.Anchors[i].Rater = "new-" + in.Anchors[i].Rater
		}
		check := checked(t, in)
		for _, rater := range check.Raters {
			if rater.Drift != nil || rater.Changed || rater.WhyMissing["drift"] != "rated none of these comparisons in the pilot" {
				t.Errorf("got %+v", rater)
			}
		}
		if drift := check.Routes[0].Drift; drift == nil || drift.Against != againstFrozen {
			t.Errorf("got %+v, want fresh against frozen answers by the new judges", drift)
		}
	})
}

// TestCheckFalseAlarms draws checks in which nothing has changed.
func TestCheckFalseAlarms(t *testing.T) {
	const draws = 200
	routes, judges := 0, 0
	for seed := range uint64(draws) {
		check := checked(t, rerated(t, 100+seed, 0, 0))
		if !check.Holds {
			routes++
		}
		if slices.ContainsFunc(check.Raters, func(r eval.CheckedRater) bool { return r.Changed }) {
			judges++
		}
	}
	t.Logf("false alarms: %d of %d checks of routes, %d of judges", routes, draws, judges)
	// 2.5% and 5% of a year's twelve looks, of which these are two: 5 and 10 are far more.
	if routes > 5 || judges > 10 {
		t.Errorf("false alarms in %d checks of routes and %d of judges of %d", routes, judges, draws)
	}
}

// TestCheckOfWorkOnAPipeline: a log cannot say which calls were a pipeline's.
func TestCheckOfWorkOnAPipeline(t *testing.T) {
	in := CheckInput{Stored: eval.StoredTable{Table: checkedRoutes()}, Then: checkedRoutes(), Now: checkedRoutes(), On: checkedOn}
	in.Stored.Table.Routes[0].Steps = []string{"small", "forge"}
	in.Fresh = map[audit.Category]FreshWork{audit.Coding: {Tasks: 4}, audit.Math: {Tasks: 4, OnRoute: 3}}
	routes := checked(t, in).Routes
	if r := routes[0]; r.FreshMoved != nil || r.WhyMissing["fresh_tasks_on_route"] == "" || r.FreshTasks != 4 {
		t.Errorf("of a pipeline: got %+v", r)
	}
	if r := routes[1]; r.FreshMoved == nil || *r.FreshMoved != 3 {
		t.Errorf("of a model: got %+v", r)
	}
}

// TestRepriceByStep prices each step of a pipeline by its own model.
func TestRepriceByStep(t *testing.T) {
	march, june := time.Date(2026, 3, 1, 0, 0, 0, 0, time.UTC), time.Date(2026, 6, 1, 0, 0, 0, 0, time.UTC)
	price := func(call eval.Arm, on time.Time) (audit.Price, bool) {
		p := audit.Price{Model: call.Model, Input: 4 * audit.USD, Output: 4 * audit.USD}
		if call.Model == "forge" && !on.Before(june) {
			p.Input, p.Output = audit.USD, audit.USD
		}
		return p, call.Provider == "endpoint"
	}
	data := eval.Dataset{Locked: &eval.LockedProtocol{Protocol: eval.Protocol{Arms: []eval.Arm{{Name: "chain", Steps: []eval.Step{
		{Name: "draft", Provider: "endpoint", Model: "small"}, {Name: "review", Provider: "endpoint", Model: "forge"},
	}}}}}}
	for i, steps := range []int{2, 1} { // whole, and with a step that is not stored
		task := fmt.Sprint(i)
		data.Responses = append(data.Responses, eval.ResponseRow{TaskID: task, Arm: "chain", Cost: new(audit.NanoUSD(1_100)), At: march})
		for step := 1; step <= steps; step++ {
			data.Steps = append(data.Steps, eval.StepRow{
				TaskID: task, Arm: "chain", Repeat: 1, Step: step, Cost: new(audit.NanoUSD([]int64{300, 800}[step-1])),
				Input: new(int64(100)), Output: new(int64(100)), StoredAt: march.UnixMicro(),
			}, eval.StepRow{TaskID: task, Arm: "chain", Repeat: 2, Step: step, Cost: new(audit.NanoUSD(1))})
		}
	}
	got, notes := Reprice(data, price, june)
	if first, second := *got.Responses[0].Cost, *got.Responses[1].Cost; first != 300+200 || second != 1_100 {
		t.Errorf("got %d and %d nano-dollars, want 500 and 1100", first, second)
	}
	if len(notes) != 1 || !strings.HasPrefix(notes[0], "chain: 1 of 2 answers") {
		t.Errorf("got notes %q", notes)
	}
}

func TestReprice(t *testing.T) {
	day := func(month time.Month) time.Time { return time.Date(2026, month, 1, 0, 0, 0, 0, time.UTC) }
	price := func(arm eval.Arm, on time.Time) (audit.Price, bool) {
		p := audit.Price{Model: arm.Model, Input: 4 * audit.USD, Output: 8 * audit.USD}
		if !on.Before(day(6)) {
			p.Input, p.Output = 2*audit.USD, 2*audit.USD
		}
		return p, arm.Name == "next"
	}
	tokens := func(input, output int64) audit.Tokens { return audit.Tokens{Input: &input, Output: &output} }
	cost := func(nano audit.NanoUSD) *audit.NanoUSD { return &nano }
	locked := &eval.LockedProtocol{Protocol: eval.Protocol{Arms: []eval.Arm{{Name: "now", Model: "atlas"}, {Name: "next", Model: "forge"}}}}
	data := eval.Dataset{Locked: locked, Responses: []eval.ResponseRow{
		{Arm: "next", Cost: cost(1_320), Tokens: tokens(100, 100), At: day(3)}, // 1200 at the list, and a tenth more: 400 now
		{Arm: "next", Cost: cost(400), Tokens: tokens(100, 100), At: day(7)},   // at today's price already
		{Arm: "next", Cost: cost(900), At: day(3)},                             // no tokens
		{Arm: "next", Tokens: tokens(1, 1), At: day(3)},                        // no cost
		{Arm: "now", Cost: cost(70), Tokens: tokens(1, 1), At: day(3)},         // no price
	}}
	before := slices.Clone(data.Responses)
	got, notes := Reprice(data, price, day(8))
	want := []*audit.NanoUSD{cost(440), cost(400), cost(900), nil, cost(70)}
	for i, response := range got.Responses {
		if (response.Cost == nil) != (want[i] == nil) || (want[i] != nil && *response.Cost != *want[i]) {
			t.Errorf("response %d: got %v, want %v", i, response.Cost, want[i])
		}
		if data.Responses[i].Cost != before[i].Cost {
			t.Errorf("response %d of the data itself was repriced", i)
		}
	}
	if len(notes) != 2 || !strings.HasPrefix(notes[0], "next: 1 of 3 answers") || !strings.HasPrefix(notes[1], "now: 1 of 1 answers") {
		t.Errorf("got notes %q", notes)
	}
}
