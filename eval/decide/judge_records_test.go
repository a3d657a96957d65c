package decide

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"modeltrial/audit"
	"modeltrial/eval"
)

// judgedPilot is a pilot that two judges rated, whose protocol lets them decide and who
// passed in an earlier one. The win rate is 0.8.
func judgedPilot(costRatio float64) eval.Dataset {
	data := pilot(400, 300, 40, costRatio, eval.Judge)
	locked := data.Locked
	locked.LockedAt = time.Date(2026, 6, 1, 0, 0, 0, 0, time.UTC)
	locked.Protocol.JudgesMayDecide = true
	for i := range data.Ratings {
		data.Ratings[i].Rater = fmt.Sprintf("judge-%d", 1+i%2)
	}
	for _, name := range []string{"judge-1", "judge-2"} {
		judge := eval.Arm{Name: name, Provider: "endpoint", Model: "oracle", Parameters: eval.Parameters{MaxOutputTokens: new(int64(300))}}
		locked.Protocol.Judges = append(locked.Protocol.Judges, judge)
		judge.Parameters.MaxOutputTokens = new(int64(300))
		data.JudgeRecords = append(data.JudgeRecords, eval.JudgeRecord{
			RouteJudge: eval.RouteJudge{
				Judge: name, Shared: 150, WithPeople: new(0.66), PeopleAmong: new(0.64),
				Difference: &eval.Interval{Estimate: 0.02, Low: -0.05, High: 0.09, Level: eval.Level}, Passes: true,
				Bias: &eval.Interval{Estimate: 0.01, Low: -0.04, High: 0.06, Level: eval.Level},
			},
			Category: "coding", Table: 3, DecidedAt: locked.LockedAt.Add(-24 * time.Hour), ProtocolSHA256: "earlier", Instrument: judge,
		})
	}
	return data
}

func TestJudgesWhoPassedMayDecide(t *testing.T) {
	second := func(change func(*eval.JudgeRecord)) func(*eval.Dataset) {
		return func(d *eval.Dataset) { change(&d.JudgeRecords[1]) }
	}
	cases := []struct {
		name   string
		change func(*eval.Dataset)
		want   eval.DecisionKind
		reason string
	}{
		{"both passed", nil, eval.Switch, "decided by judge judge-1, which in the pilot of routing table 3 (2026-05-31) agreed with people on 66% of tasks, they among themselves on 64%, and favoured candidates by +1 (-4 to +6) points; judge judge-2"},
		{"the protocol does not let them", func(d *eval.Dataset) { d.Locked.Protocol.JudgesMayDecide = false }, eval.Keep, "judges alone do not decide"},
		{"no earlier pilot", func(d *eval.Dataset) { d.JudgeRecords = nil }, eval.Keep, "judge judge-1 was not measured against people in coding in an earlier pilot"},
		{"one of them failed", second(func(r *eval.JudgeRecord) { r.Difference.Low = -0.2 }), eval.Keep, "judge judge-2 did not pass in the pilot of routing table 3 (its agreement with people less theirs among themselves may be as low as -20 points, the limit is -10)"},
		{"a stricter protocol", func(d *eval.Dataset) { d.Locked.Protocol.JudgeThresholds = &eval.JudgeThresholds{Agreement: 0.04} }, eval.Keep, "may be as low as -5 points, the limit is -4)"},
		{"a milder one", func(d *eval.Dataset) {
			d.JudgeRecords[1].Difference.Low = -0.2
			d.Locked.Protocol.JudgeThresholds = &eval.JudgeThresholds{Agreement: 0.25}
		}, eval.Switch, "decided by judge judge-1"},
		{"a newer pilot in which it failed", func(d *eval.Dataset) {
			failed := d.JudgeRecords[0]
			failed.Table, failed.Difference = 4, &eval.Interval{Low: -0.3}
			d.JudgeRecords = append(d.JudgeRecords, failed)
		}, eval.Keep, "judge judge-1 did not pass in the pilot of routing table 4"},
		{"a newer pilot without people", func(d *eval.Dataset) {
			unmeasured := d.JudgeRecords[0]
			unmeasured.Table, unmeasured.RouteJudge = 4, eval.RouteJudge{Judge: "judge-1", WhyMissing: "no task"}
			d.JudgeRecords = append(d.JudgeRecords, unmeasured)
		}, eval.Switch, "routing table 3"},
		{"this pilot", second(func(r *eval.JudgeRecord) { r.ProtocolSHA256 = "0123456789abcdef" }), eval.Keep, "judge judge-2 was not measured"},
		{"a pilot decided on after the lock", second(func(r *eval.JudgeRecord) { r.DecidedAt = time.Date(2026, 6, 2, 0, 0, 0, 0, time.UTC) }), eval.Keep, "judge judge-2 was not measured"},
		{"another category", second(func(r *eval.JudgeRecord) { r.Category = audit.Category("math") }), eval.Keep, "judge judge-2 was not measured"},
		{"too few shared tasks", second(func(r *eval.JudgeRecord) { r.Difference, r.Shared, r.WhyMissing = nil, 4, "4 tasks" }), eval.Keep, "judge judge-2 was not measured against people in the pilot of routing table 3: 4 tasks"},
		{"another model", second(func(r *eval.JudgeRecord) { r.Instrument.Model = "pythia" }), eval.Keep, "judge judge-2 was another model"},
		{"other parameters", second(func(r *eval.JudgeRecord) { *r.Instrument.Parameters.MaxOutputTokens = 200 }), eval.Keep, "judge judge-2 was another model, or had other parameters"},
		{"another rubric", second(func(r *eval.JudgeRecord) { r.Rubric = "1. Is it pretty?" }), eval.Keep, "judge judge-2 went by another rubric"},
		{"another instruction", second(func(r *eval.JudgeRecord) { r.Mixed = true }), eval.Keep, "what judge judge-2 was told"},
		{"simulated", second(func(r *eval.JudgeRecord) { r.Simulated = true }), eval.Keep, "the ratings in the pilot of routing table 3 were simulated"},
		{"all of it simulated", func(d *eval.Dataset) {
			d.JudgeRecords[0].Simulated, d.JudgeRecords[1].Simulated = true, true
			for i := range d.Ratings {
				d.Ratings[i].Simulated = true
			}
		}, eval.Switch, "routing table 3"},
		{"bias not known", second(func(r *eval.JudgeRecord) { r.Bias = nil }), eval.Keep, "it is not known in the pilot of routing table 3 by how much judge judge-2 favours candidates"},
		{"bias that would explain it", second(func(r *eval.JudgeRecord) { r.Bias.High = 0.35 }), eval.Keep, "which is not enough where judges alone decide who may favour candidates by 35.0 points"},
		{"not in the protocol", func(d *eval.Dataset) { d.Locked.Protocol.Judges = d.Locked.Protocol.Judges[:1] }, eval.Keep, "the protocol does not say which model judge judge-2 is"},
		{"of the candidate's family", func(d *eval.Dataset) {
			d.Locked.Protocol.Arms[1].Model, d.Locked.Protocol.Judges[1].Model, d.JudgeRecords[1].Instrument.Model = "gpt-5", "gpt-5-mini", "gpt-5-mini"
		}, eval.Keep, "judge judge-2 is of the same family as now or next"},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			data := judgedPilot(1)
			if c.change != nil {
				c.change(&data)
			}
			analysis, err := Analyze(data, Options{})
			if err != nil {
				t.Fatal(err)
			}
			got := analysis.Comparisons[0]
			if got.Source != eval.SourceJudge || got.Decision != c.want || !strings.Contains(got.Reason, c.reason) {
				t.Errorf("%s, %q: %s\nwant %q: … %s", got.Source, got.Decision, got.Reason, c.want, c.reason)
			}
			warned := "no reason to switch, although the protocol sets judges_may_decide"
			switch {
			case got.Decision == eval.Switch || strings.Contains(c.reason, "not enough"):
				warned = "rated by judge models only, who may decide"
			case !data.Locked.Protocol.JudgesMayDecide:
				warned = "never a reason to switch"
			}
			if !strings.Contains(strings.Join(got.Warnings, "\n"), warned) {
				t.Errorf("warnings %q, want one with %q", got.Warnings, warned)
			}
		})
	}
}

// A judge's leaning counts against a switch for cost as it does against a switch.
func TestJudgesMaySwitchForCost(t *testing.T) {
	for high, want := range map[float64]eval.DecisionKind{-0.01: eval.SwitchForCost, 0.01: eval.SwitchForCost, 0.2: eval.Keep} {
		data := judgedPilot(0.5)
		for i := range data.Ratings { // every verdict a tie but a few, for both alike
			r := &data.Ratings[i]
			r.Verdict, r.Score = eval.Tie, 0.5
			if i%10 < 2 {
				r.Verdict, r.Score = []eval.Verdict{eval.PrefersA, eval.PrefersB}[i%10], float64(i%10)
			}
		}
		for i := range data.JudgeRecords {
			data.JudgeRecords[i].Bias.High = high
		}
		analysis, err := Analyze(data, Options{})
		if err != nil {
			t.Fatal(err)
		}
		if got := analysis.Comparisons[0]; got.Decision != want {
			t.Errorf("bias up to %v: %q, want %q: %s", high, got.Decision, want, got.Reason)
		}
	}
}

// TestThresholdsOfTheProtocol: the same judge passes or not, and is warned of or not, by
// what the protocol asks of it.
func TestThresholdsOfTheProtocol(t *testing.T) {
	ratings := referenceRatings(t, func(r eval.Rating) bool { return r.Category == "coding" })
	of := func(limits *eval.JudgeThresholds) eval.JudgeResult {
		t.Helper()
		locked := &eval.LockedProtocol{SHA256: "0123456789abcdef", Protocol: eval.Protocol{
			Control: ratings[0].ArmA, JudgeThresholds: limits, Weeks: 4,
			UseCases: []eval.UseCase{{Category: "coding", Candidates: []string{ratings[0].ArmB}}},
		}}
		analysis, err := Analyze(eval.Dataset{Ratings: ratings, Locked: locked}, Options{})
		if err != nil {
			t.Fatal(err)
		}
		return analysis.Judges[0]
	}
	byDefault := of(nil)
	low := -byDefault.Difference.Low
	if low < 0.01 {
		t.Fatalf("the reference's judge agrees with people as well as they do: %+v", byDefault.Difference)
	}
	if of(&eval.JudgeThresholds{Agreement: low - 0.01}).Passes || !of(&eval.JudgeThresholds{Agreement: low + 0.01}).Passes {
		t.Errorf("it does not pass by a limit beside %v", low)
	}
	warned := func(r eval.JudgeResult) bool {
		return strings.Contains(strings.Join(r.Warnings, " "), "same verdict in both orders")
	}
	consistency := byDefault.Consistency.Estimate
	if !warned(of(&eval.JudgeThresholds{Consistency: consistency + 0.01})) || warned(of(&eval.JudgeThresholds{Consistency: consistency - 0.01})) {
		t.Errorf("it is not warned of by a limit beside %v", consistency)
	}
}
