package report

import (
	"fmt"
	"math"
	"time"

	"modeltrial/audit"
	"modeltrial/eval"
)

// hostile is text that a model or a log may hold: a formula, markup, a control
// sequence and a direction override.
const hostile = "=cmd|' /C calc'!A0 <script>alert(1)</script> \x1b[31mred\x1b[0m \u202eevil"

//go:fix inline
func interval(estimate, se float64) *eval.Interval {
	return &eval.Interval{Estimate: estimate, StandardError: se, Low: estimate - 1.99*se, High: estimate + 1.99*se, Level: 0.95}
}

func wider(i *eval.Interval, by float64) *eval.Interval {
	return &eval.Interval{Estimate: i.Estimate, StandardError: i.StandardError, Low: i.Estimate - by*i.StandardError, High: i.Estimate + by*i.StandardError, Level: 0.95}
}

// fixtureAnalysis has plausible figures of a made-up pilot: a switch, a switch
// for cost, a use case that goes on and one with too little data.
func fixtureAnalysis() eval.Analysis {
	comparison := func(category audit.Category, candidate string, tasks int, win *eval.Interval, cost, time *eval.Interval, decision eval.DecisionKind, reason string) eval.ComparisonResult {
		c := eval.ComparisonResult{
			Category: category, Control: "current", Candidate: candidate, Source: eval.SourceHuman,
			Tasks: tasks, Planned: 180, Ratings: tasks * 2, Raters: 6, Wins: tasks, Losses: tasks / 2, Ties: tasks - tasks/2, BothBad: 3,
			WinRate: win, CostRatio: cost, LatencyRatio: time, Decision: decision, Reason: reason, WhyMissing: map[string]string{},
			CostPerTaskControl: new(0.0123), PValue: new(0.003), PValueAdjusted: new(0.009),
			NonInferiorityPAdjusted: new(0.001), CostPAdjusted: new(0.0004),
			PositionEffect: &eval.PositionEffect{Interval: *interval(0.02, 0.02), PValue: 0.31, CandidateFirstShare: 0.5},
			Agreement:      &eval.Agreement{AlphaNominal: interval(0.41, 0.05), AlphaOrdinal: interval(0.52, 0.05)},
		}
		evidenceOf(&c)
		if cost != nil {
			c.CostPerTaskCandidate = new(0.0123 * cost.Estimate)
			c.CostRatioAlwaysValid = wider(cost, 2.5)
		}
		if win == nil {
			c.WhyMissing["win_rate"] = "12 of 20 tasks rated, an interval needs 20"
			return c
		}
		c.WinRateAlwaysValid = wider(win, 2.6)
		for week := 1; week <= 3; week++ {
			at := &eval.Interval{Estimate: win.Estimate + 0.03*float64(3-week), StandardError: win.StandardError * math.Sqrt(3/float64(week)), Level: 0.95}
			c.Looks = append(c.Looks, eval.Look{Week: week, Tasks: tasks * week / 3, WinRate: wider(at, 1.99), WinRateAlwaysValid: wider(at, 4.2-0.5*float64(week))})
		}
		return c
	}
	a := eval.Analysis{
		Schema: "modeltrial.analyze/1", Pilot: "support-q4", ProtocolSHA256: fixtureHash, ThroughWeek: 3, Weeks: 4, Level: 0.95,
		Provenance: eval.Provenance{ResponsesRecorded: 640, RatingsSimulated: 480},
		Comparisons: []eval.ComparisonResult{
			comparison(audit.Coding, "claude", 143, interval(0.61, 0.035), interval(0.73, 0.04), interval(0.91, 0.03), eval.Switch, "switch: preferred on 61% of tasks, at least 51% whenever one looks"),
			comparison(audit.General, "small", 150, interval(0.52, 0.03), interval(0.18, 0.01), interval(0.45, 0.02), eval.SwitchForCost, "switch for cost: not worse within 5 points and 82% cheaper"),
			comparison(audit.Math, "deepseek+gpt", 96, interval(0.49, 0.045), interval(0.31, 0.03), interval(1.30, 0.09), eval.Continue, "not worse within 5 points is not shown yet: 84 more tasks, about 2 weeks"),
			comparison(audit.Creative, "small", 12, nil, nil, nil, eval.Continue, ""),
		},
		Overall: []eval.ComparisonResult{comparison("all", "small", 162, interval(0.51, 0.03), interval(0.25, 0.02), interval(0.6, 0.02), eval.NoDecision, "descriptive")},
		Agreement: &eval.Agreement{
			AlphaNominal: interval(0.41, 0.03), AlphaOrdinal: interval(0.52, 0.03),
			Pairs: []eval.PairAgreement{{RaterA: "ana", RaterB: "ben", Tasks: 61, Kappa: new(0.44)}, {RaterA: "ana", RaterB: "chi", Tasks: 0}},
		},
		Raters: []eval.RaterResult{
			{Rater: "ana", Kind: eval.Human, Simulated: true, Ratings: 250, Tasks: 240, Share: 0.52, SecondsMedian: new(41.5), FastShare: new(0.02), TieShare: 0.22, WithOthers: new(0.61), PositionEffect: &eval.PositionEffect{Interval: *interval(0.03, 0.03), PValue: 0.3, CandidateFirstShare: 0.5}},
			{
				Rater: "ben", Kind: eval.Human, Simulated: true, Ratings: 230, Tasks: 221, Share: 0.48, SecondsMedian: new(35.0), FastShare: new(0.31), TieShare: 0.95, WithOthers: new(0.4),
				Flags: []string{"ties on 95%", "31% of ratings took less than a third of the usual time"},
			},
			{Rater: hostile, Kind: eval.Judge, Ratings: 0},
		},
		Deviations: []string{"week 2: 3 tasks had no answer of claude; counted as losses"},
		Warnings:   []string{"claude gave 2 tasks the same answer"},
	}
	a.Judges, a.Ranking = fixtureJudges(), fixtureRanking()
	a.Comparisons[1].Source, a.Comparisons[1].JudgedTasks = eval.SourceCombined, 300
	a.Comparisons[1].Combination = &eval.Combination{Lambda: 0.42, PeopleAlone: 0.5, JudgesShared: 0.58, JudgesOnly: 0.63, DifferenceP: 0.2}
	delete(a.Comparisons[1].WhyMissing, "combination")
	return a
}

// evidenceOf adds what stands behind a use case: other analyses, one of which would
// decide differently, checks and what became of the answers. Math has no checks.
func evidenceOf(c *eval.ComparisonResult) {
	c.OutcomesControl = eval.ArmOutcomes{Answers: c.Tasks}
	c.OutcomesCandidate = eval.ArmOutcomes{Answers: c.Tasks, Empty: 2, Truncated: 5, Refused: 1}
	c.WhyMissing["combination"] = "no judge rated"
	if c.Category == audit.Math {
		c.WhyMissing["first_pass_accuracy"] = "no answer was checked"
	} else {
		c.FirstPass = &eval.FirstPass{Tasks: c.Tasks, Control: 0.71, Candidate: 0.8, Difference: *interval(0.09, 0.03), OnlyControl: 4, OnlyCandidate: 17, McNemarP: 0.0072}
	}
	if c.WinRate == nil {
		return
	}
	lower := *interval(c.WinRate.Estimate-0.08, 0.05)
	c.Sensitivity = []eval.Sensitivity{
		{Name: "position-adjusted", What: "as if each answer had been shown first equally often", Tasks: c.Tasks, WinRate: c.WinRate},
		{Name: "length-controlled", What: "as if both answers were equally long", WhyMissing: "the lengths do not differ"},
		{Name: hostile, What: "this team alone", Tasks: 12, WhyMissing: "rated tasks: 12, at least 20 are needed"},
		{Name: "without odd raters", What: "without ben: odd in the table of raters", Tasks: c.Tasks - 9, WinRate: &lower, Decision: eval.Keep, Changes: c.Decision != eval.Keep},
	}
}

// fixtureJudges are one that can stand in for people and one of which little is known.
func fixtureJudges() []eval.JudgeResult {
	return []eval.JudgeResult{
		{
			Judge: "judge-1", Ratings: 900, Tasks: 450, Shared: 150, WithPeople: new(0.66), PeopleAmong: new(0.64), Difference: interval(0.02, 0.03), Passes: true,
			Consistency: interval(0.81, 0.02), Bias: interval(0.04, 0.02), SelfPreference: interval(0.01, 0.03), LengthBias: interval(0.05, 0.02),
			Warnings: []string{"favours longer answers more than people do"},
		},
		{
			Judge: hostile, Simulated: true, Ratings: 40, Tasks: 40, WhyMissing: map[string]string{
				"agreement_with_people": "no comparison was rated by people, too", "position_consistency": "no comparison was judged in both orders",
				"bias": "no comparison was rated by people, too", "self_preference": "the judge's name does not tell its family", "length_bias": "the lengths of the answers are not known",
			},
		},
		{
			Judge: "judge-3", Ratings: 150, Tasks: 150, Shared: 150, WithPeople: new(0.5), PeopleAmong: new(0.64), Difference: interval(-0.14, 0.04),
			Bias: interval(0.12, 0.03), WhyMissing: map[string]string{"position_consistency": "no comparison was judged in both orders"},
			Warnings: []string{"agrees with people on 50% where people agree among themselves on 64%: it is not shown to stand in for a person"},
		},
	}
}

func fixtureRanking() []eval.RankingResult {
	arm := func(name string, rank, best, worst int, logOdds, win *eval.Interval) eval.RankedArm {
		return eval.RankedArm{Arm: name, LogOdds: *logOdds, WinProbability: *win, Rank: rank, BestRank: best, WorstRank: worst}
	}
	return []eval.RankingResult{
		{Category: "all", Comparisons: 480, Arms: []eval.RankedArm{
			arm("claude", 1, 1, 2, interval(0.45, 0.15), interval(0.61, 0.035)),
			arm("small", 2, 1, 3, interval(0.08, 0.12), interval(0.52, 0.03)),
			arm("current", 3, 2, 3, &eval.Interval{Level: 0.95}, &eval.Interval{Estimate: 0.5, Low: 0.5, High: 0.5, Level: 0.95}),
		}},
		{Category: audit.Math, Comparisons: 12, Arms: []eval.RankedArm{}, WhyMissing: "the wins and losses do not connect all arms"},
	}
}

const fixtureHash = "3f9a1c0000aa11bb22cc33dd44ee55ff66aa77bb88cc99dd00ee11ff22aa33bb"

// fixtureRouting prices the analysis by the formulas that the table documents,
// so that the workbook's formulas have something true to meet.
func fixtureRouting() eval.RoutingTable {
	a := fixtureAnalysis()
	decided := time.Date(2026, 10, 30, 9, 0, 0, 0, time.UTC)
	table := eval.RoutingTable{
		Schema: "modeltrial.route-recommend/1", Pilot: a.Pilot, ProtocolSHA256: a.ProtocolSHA256, PriceTableDate: "2026-09-01",
		DecidedAt: decided, ThroughWeek: 3, Provenance: a.Provenance, Total: eval.RouteTotal{WhyMissing: map[string]string{}},
	}
	const critical = 2.18
	variance := 0.0
	total := 0.0
	var tasks, now, then float64
	for i, c := range a.Comparisons {
		r := eval.Route{
			Category: c.Category, Control: c.Control, Candidate: c.Candidate, Arm: c.Control, Model: "gpt-4o", Decision: c.Decision, Reason: c.Reason,
			Tasks: c.Tasks, Raters: c.Raters, Source: c.Source, WinRate: c.WinRate, WinRateValid: c.WinRateAlwaysValid, CostRatio: c.CostRatio, LatencyRatio: c.LatencyRatio,
			MonthlyTasks: new(1000 * float64(5-i)), MonthlyCostNow: new(431.27 * float64(5-i)), WhyMissing: c.WhyMissing, DecidedAt: decided,
		}
		r.MonthlyCostThen = new(*r.MonthlyCostNow)
		r.MonthlySaving = &eval.Interval{Level: 0.95}
		base, spread := *r.MonthlyCostNow*0.9, *r.MonthlyCostNow*0.04
		r.ControlSpend = wider(interval(base, spread), critical)
		if c.CostRatio != nil {
			ratio, ratioError := c.CostRatio.Estimate, c.CostRatio.StandardError
			v := (1-ratio)*(1-ratio)*spread*spread + base*base*ratioError*ratioError + spread*spread*ratioError*ratioError
			saving, multiplier := base*(1-ratio), critical-0.1*float64(i)
			r.SavingIfSwitched = wider(interval(saving, math.Sqrt(v)), multiplier)
			if switches(c.Decision) {
				r.Arm, r.Model, r.ReplacesModel, r.StaysOn = c.Candidate, "anthropic/"+c.Candidate, "gpt-4o", []string{"gpt-4o-mini"}
				r.MonthlySaving = r.SavingIfSwitched
				*r.MonthlyCostThen -= saving
				total += saving
				variance += v
			}
		}
		table.Routes = append(table.Routes, r)
		tasks += *r.MonthlyTasks
		now += *r.MonthlyCostNow
		then += *r.MonthlyCostThen
	}
	se := math.Sqrt(variance)
	table.Total.MonthlySaving = &eval.Interval{Estimate: total, StandardError: se, Low: total - critical*se, High: total + critical*se, Level: 0.95}
	table.Routes = append(table.Routes, eval.Route{
		Category: audit.Reasoning, Arm: "current", Model: "gpt-4o", Control: "current", Decision: eval.Keep, Reason: "keep current: not part of the pilot", Source: eval.SourceNone,
		MonthlyTasks: new(300.0), MonthlyCostNow: new(55.5), MonthlyCostThen: new(55.5), MonthlySaving: &eval.Interval{Level: 0.95}, DecidedAt: decided,
		ControlSpend: interval(50, 2),
		WhyMissing:   map[string]string{"win_rate": "not part of the pilot"},
	})
	table.Total.MonthlyTasks, table.Total.MonthlyCostNow, table.Total.MonthlyCostThen = new(tasks+300), new(now+55.5), new(then+55.5)
	return table
}

func groupOf(name, model string, tasks int, dollars float64) audit.GroupMix {
	return audit.GroupMix{Name: name, Model: model, Amounts: audit.Amounts{Tasks: tasks, WithCost: tasks, CostUSD: &dollars}}
}

func fixtureAudit() audit.Report {
	from, to := time.Date(2026, 8, 1, 0, 0, 0, 0, time.UTC), time.Date(2026, 10, 31, 0, 0, 0, 0, time.UTC)
	r := audit.Report{
		Schema: "modeltrial.audit-report/1", Tasks: 14300, From: &from, To: &to, CostUSD: new(6204.55), CostKnown: 14100,
		DominantModel: "gpt-4o", DominantShare: 0.81, DominantCategories: 5, Uncertain: 611,
		Teams: []audit.GroupMix{groupOf("support", "", 9000, 4000), groupOf(hostile, "", 5300, 2204.55)},
		Months: []audit.MonthMix{
			{GroupMix: groupOf("2026-08", "", 4700, 2000), DaysLogged: 31, Days: 31, Whole: true},
			{GroupMix: groupOf("2026-09", "", 4800, 2100), DaysLogged: 30, Days: 30, Whole: true, TasksGrowth: new(0.0213), CostGrowth: new(0.05)},
			{GroupMix: groupOf("2026-10", "", 4800, 2104.55), DaysLogged: 20, Days: 31},
		},
		Models: []audit.GroupMix{groupOf("gpt-4o", "", 11583, 5400), groupOf("gpt-4o-mini", "", 2717, 804.55)},
		Mix:    []audit.MixCell{{Category: audit.Coding, Model: "gpt-4o", Team: hostile, Month: "2026-08", Amounts: audit.Amounts{Tasks: 900}}},
		CheaperPeer: &audit.PeerShare{TaskShare: 0.81, CostShare: new(0.87), Unpriced: 12, Means: "A cheaper peer is defined here.", Models: []audit.PeerModel{
			{Model: "gpt-4o", Tasks: 11583, CostUSD: new(5400.), Nearest: "gpt-4.1", NearestRatio: 0.8, Cheapest: "gpt-4o-mini", CheapestRatio: 0.06},
		}},
		Monthly: &audit.MonthlyBasis{From: "2026-08-01", To: "2026-10-23", Weeks: 12, Days: 84, Bill: []audit.SpendScale{{Model: "gpt-4o", Factor: 1.2, Months: []string{"2026-09"}}}},
		Candidates: []audit.PilotCandidate{
			{
				Category: audit.Coding, MonthlyCostUSD: new(718.8), WeeklyTasks: 380, CurrentModel: "gpt-4o", Why: "35% of all cost, and all of it on one model",
				Saving: &audit.PlausibleSaving{LowUSD: 143.8, HighUSD: 675, Nearest: "gpt-4.1", Cheapest: "gpt-4o-mini"}, TasksBetter: new(228), WeeksBetter: new(8), TasksNotWorse: new(960), WeeksNotWorse: new(32),
			},
			{Category: audit.General, WeeklyTasks: 300, Why: "cost not known, model not known", WhyMissing: map[string]string{"monthly_cost_usd": "no task of it has a cost"}},
		},
		Need: &audit.DecisionNeed{TasksBetter: new(228), TasksNotWorse: new(960), TasksPerWeek: 30, Assumes: "60% preferred, six raters"},
		Bill: &audit.Reconciliation{
			Months: []audit.BillMonth{
				{Month: "2026-09", BillAmounts: audit.BillAmounts{BillUSD: new(2520.), BillRequests: new(int64(5600)), LogUSD: new(2100.), LogTasks: 4800, LogWithCost: 4800, CostExplained: new(0.8333), RequestsExplained: new(0.857)}, DaysLogged: 30, Days: 30, Whole: true},
				{Month: "2026-10", BillAmounts: audit.BillAmounts{BillEstimated: true, LogUSD: new(2104.55), LogTasks: 4800, LogWithCost: 4700, WhyMissing: "the account states no cost"}, DaysLogged: 20, Days: 31},
			},
			Models: []audit.BillLine{
				{Month: "2026-09", Model: "openai/gpt-4o", Provider: "openai", Source: "activity.json", BillAmounts: audit.BillAmounts{BillUSD: new(2400.), LogUSD: new(2000.), LogTasks: 4000, LogWithCost: 4000, CostExplained: new(0.8333)}},
				{Month: "2026-09", Model: hostile, BillAmounts: audit.BillAmounts{BillUSD: new(120.), LogUSD: new(100.), LogTasks: 800, LogWithCost: 800, CostExplained: new(0.8333)}},
			},
		},
		Clusters: &audit.Clusters{Count: 14, Tasks: 3100, Found: 13, Largest: []audit.Cluster{{Name: "near:1", Found: true, Tasks: 1400, WithCost: 1390, CostUSD: new(310.), Example: "Reply to " + hostile}}},
		Claims:   []audit.Claim{{Claim: "Most tasks run on the wrong model.", LogSays: "81% of tasks ran on a model that has a cheaper peer.", CannotSay: "Whether it does the work as well."}},
		Warnings: []string{"200 tasks have no cost: their model has no price"},
	}
	for i, category := range audit.Categories {
		share := []float64{0.12, 0.35, 0.13, 0.1, 0.3}[i]
		tasks := int(14300 * share)
		r.Categories = append(r.Categories, audit.CategoryMix{
			Category: category, Tasks: tasks, TaskShare: share, WithCost: tasks, CostUSD: new(6204.55 * share), CostShare: new(share),
			LatencyMedianMS: new(840.0 * float64(i+1)), LatencyP95MS: new(4100.0),
			Models: []audit.GroupMix{groupOf("gpt-4o", "gpt-4o", tasks*8/10, 5000*share), groupOf("gpt-4o-mini", "gpt-4o-mini", tasks-tasks*8/10, 1204.55*share)},
		})
	}
	return r
}

func fixtureInput() Input {
	day := time.Date(2026, 9, 1, 0, 0, 0, 0, time.UTC)
	return Input{
		Analysis: fixtureAnalysis(), Routing: fixtureRouting(), Audit: fixtureAudit(),
		Protocol: eval.LockedProtocol{
			Version: 1, SHA256: fixtureHash, LockedAt: day, CategoryShare: map[audit.Category]float64{audit.Coding: 0.35, audit.General: 0.3, audit.Math: 0.13, audit.Creative: 0.1},
			Protocol: eval.Protocol{
				Name: "support-q4", Control: "current", Weeks: 4, TasksPerWeek: 45, RatingsPerComparison: 2, Seed: 7, Margin: 0.05, Saving: 0.1, BudgetUSD: "250.00",
				Arms:     []eval.Arm{{Name: "current", Provider: "openai", Model: "gpt-4o"}, {Name: "claude", Provider: "anthropic", Model: "claude"}, {Name: "small", Provider: "openai", Model: "gpt-4o-mini"}},
				UseCases: []eval.UseCase{{Category: audit.Coding, Candidates: []string{"claude"}}, {Category: audit.General, Candidates: []string{"small"}}, {Category: audit.Math, Candidates: []string{"deepseek+gpt"}}, {Category: audit.Creative, Candidates: []string{"small"}}},
			},
		},
		Replay:   fixtureReplay(),
		Progress: Progress{Comparisons: 420, RatedOnce: 401, Rated: 380, PeopleAsked: 2},
		Prices: []audit.Price{
			{Model: "gpt-4o", Provider: "openai", Input: audit.USD * 5 / 2, CachedInput: new(audit.USD * 5 / 4), Output: 10 * audit.USD, ValidFrom: day, Source: "price list"},
			{Model: "gpt-4o-mini", Provider: "openai", Input: audit.USD * 15 / 100, Output: audit.USD * 6 / 10, ValidFrom: day, Source: hostile},
		},
		Tasks: func(yield func(audit.Task) error) error {
			for i := range 30 {
				if err := yield(audit.Task{ID: fmt.Sprintf("t%02d", i), Timestamp: day.Add(time.Duration(i) * time.Hour), Team: hostile, Model: "gpt-4o", Category: audit.Coding, CategorySource: audit.CategoryFromLocal, Probability: 0.9, Cost: new(audit.USD / 100)}); err != nil {
					return err
				}
			}
			return nil
		},
		Responses: func(yield func(eval.Response) error) error {
			return yield(eval.Response{TaskID: "t01", Arm: "claude", Week: 1, Text: hostile, Cost: new(audit.USD / 200), LatencyMS: new(int64(1840)), Origin: eval.Recorded})
		},
		Ratings: func(yield func(eval.Rating) error) error {
			return yield(eval.Rating{TaskID: "t01", Category: audit.Coding, Week: 1, ArmA: "current", ArmB: "claude", Rater: "ana", Kind: eval.Human, Simulated: true, Verdict: eval.PrefersB, Score: 1, First: eval.SideA, Seconds: new(38.0), RatedAt: day, Note: hostile})
		},
		GeneratedAt: time.Date(2026, 11, 2, 8, 30, 0, 0, time.UTC),
	}
}

// ratedByPeopleAlone is the fixture without judges, checks, ranking and other analyses.
func ratedByPeopleAlone() Input {
	in := fixtureInput()
	in.Analysis.Judges, in.Analysis.Ranking = nil, nil
	for i := range in.Analysis.Comparisons {
		c := &in.Analysis.Comparisons[i]
		c.FirstPass, c.Sensitivity, c.OutcomesControl, c.OutcomesCandidate = nil, nil, eval.ArmOutcomes{}, eval.ArmOutcomes{}
		c.WhyMissing["first_pass_accuracy"] = "no answer was checked"
	}
	return in
}

// fixtureReplay has a team with a hostile name, and one of which a cost is not known.
func fixtureReplay() *eval.Replay {
	total := eval.ReplayGroup{
		Tasks: 900, Moved: 400, CostNow: new(120.0), CostThen: new(100.0), Saving: interval(20, 2), LatencyNow: new(2000.0), LatencyThen: new(1800.0), LatencyRatio: interval(0.9, 0.02),
		WinRateMoved: interval(0.58, 0.03), WinRateAll: interval(0.53, 0.01), WhyMissing: map[string]string{"saving_with_routing_errors_usd": "no sample was reviewed"},
	}
	team, lost, still := total, total, total
	team.Team, lost.Team, still.Team = hostile, "finance", "support"
	lost.Saving, lost.CostThen, lost.WhyMissing = nil, nil, map[string]string{"saving_usd": "coding: no cost is known"}
	still.Moved, still.Saving, still.WinRateMoved = 0, interval(0, 0), nil
	september := total
	september.Month = "2026-09"
	return &eval.Replay{
		Table: new(int64(3)), Total: total, Teams: []eval.ReplayGroup{team, lost, still}, Months: []eval.ReplayGroup{september},
		Assumes: []string{"costs are as they were paid"}, Warnings: []string{"3 tasks have no category"},
	}
}
