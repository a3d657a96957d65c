package decide

import (
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"modeltrial/eval"
)

// TestCombinationEqualsTheReference takes λ and the estimate of ppi_py's case. Its
// divisor is n where the method's is n−1, so that λ agrees to 3 % only; the estimate
// is compared at our λ, by hand.
func TestCombinationEqualsTheReference(t *testing.T) {
	ratings := referenceRatings(t, func(r eval.Rating) bool { return r.Category == "creative" })
	want := expected(t, "ppi_creative")
	analysis, err := Analyze(eval.Dataset{Ratings: ratings}, Options{RandomSample: true})
	if err != nil {
		t.Fatal(err)
	}
	got := analysis.Comparisons[0]
	if got.Source != eval.SourceCombined || got.Combination == nil {
		t.Fatalf("source %q, %v", got.Source, got.WhyMissing["combination"])
	}
	if got.Tasks != int(want["n"]) || got.JudgedTasks != int(want["N"]) {
		t.Errorf("got %d tasks and %d judged only, want %v and %v", got.Tasks, got.JudgedTasks, want["n"], want["N"])
	}
	c := got.Combination
	if math.Abs(c.Lambda/want["lambda_hat"]-1) > 0.03 {
		t.Errorf("lambda: got %v, want %v to 3 %%", c.Lambda, want["lambda_hat"])
	}
	wantNumber(t, "people alone", c.PeopleAlone, want["human_only"])
	wantNumber(t, "estimate at lambda", got.WinRate.Estimate, c.PeopleAlone+c.Lambda*(c.JudgesOnly-c.JudgesShared))
	wantNumber(t, "estimate at the reference's lambda", c.PeopleAlone+want["lambda_hat"]*(c.JudgesOnly-c.JudgesShared), want["estimate_tuned"])
	if !slices.ContainsFunc(got.Sensitivity, func(s eval.Sensitivity) bool { return s.Name == "people alone" && s.WinRate.Estimate == c.PeopleAlone }) {
		t.Errorf("people alone are not among %+v", got.Sensitivity)
	}
}

// withJudge adds a judge that rates every task in both orders and leaves people only
// every third task.
func withJudge(data eval.Dataset, judge func(task int) eval.Verdict) eval.Dataset {
	people := data.Ratings
	data.Ratings = nil
	for i, rating := range people {
		verdict := judge(i)
		score, _ := verdict.Score()
		for _, first := range []eval.Side{eval.SideA, eval.SideB} {
			judged := rating
			judged.Rater, judged.Kind, judged.Verdict, judged.Score, judged.First = "judge-gpt", eval.Judge, verdict, score, first
			data.Ratings = append(data.Ratings, judged)
		}
		if i%3 == 0 {
			data.Ratings = append(data.Ratings, rating)
		}
	}
	return data
}

func TestJudgesHelpPeopleByCountsOnly(t *testing.T) {
	random := rand.New(rand.NewPCG(3, 4))
	verdict := func(int) eval.Verdict {
		return []eval.Verdict{eval.PrefersA, eval.PrefersB, eval.PrefersB}[random.IntN(3)]
	}
	for _, c := range []struct {
		name   string
		data   eval.Dataset
		source eval.RatingSource
		why    string
	}{
		{"enough of both", withJudge(pilot(200, 120, 0, 1, eval.Human), verdict), eval.SourceCombined, ""},
		{"too few people", withJudge(pilot(120, 70, 0, 1, eval.Human), verdict), eval.SourceHuman, "people rated 40 tasks, at least 50 are needed"},
		{"no judge", pilot(200, 120, 0, 1, eval.Human), eval.SourceHuman, "no judge rated"},
	} {
		got := first(t, c.data)
		if got.Source != c.source || got.WhyMissing["combination"] != c.why {
			t.Errorf("%s: source %q (%q), want %q (%q)", c.name, got.Source, got.WhyMissing["combination"], c.source, c.why)
		}
		if (got.Combination != nil) != (c.source == eval.SourceCombined) {
			t.Errorf("%s: combination %+v", c.name, got.Combination)
		}
		// The pilot is over for a judge who covers what people do not get to.
		if c.source == eval.SourceCombined && got.Decision == eval.Continue {
			t.Errorf("%s: %s", c.name, got.Reason)
		}
	}
}

// By hand: tasks that the control did not answer count with their share of all 240
// tasks, not of the third that people rated.
func TestLostTasksCountWithTheirShareBesideJudges(t *testing.T) {
	verdict := func(task int) eval.Verdict {
		return []eval.Verdict{eval.PrefersA, eval.PrefersB, eval.PrefersB}[task/3%3]
	}
	data := withJudge(pilot(240, 140, 0, 1, eval.Human), verdict)
	lost := map[string]bool{}
	for i := range 24 {
		lost[fmt.Sprintf("t%03d", i*10)] = true
	}
	data = without(data, "now", func(task string) bool { return lost[task] })
	for task := range lost {
		data.Refused = append(data.Refused, eval.Cell{TaskID: task, Category: "coding", Arm: "now"})
	}
	got := first(t, data)
	if got.Source != eval.SourceCombined || got.LostControl != 24 {
		t.Fatalf("source %q, %d lost, %v", got.Source, got.LostControl, got.WhyMissing["combination"])
	}
	c := got.Combination
	rated := c.PeopleAlone + c.Lambda*(c.JudgesOnly-c.JudgesShared)
	wantNumber(t, "win rate", got.WinRate.Estimate, rated+0.1*(1-rated))
}

func TestPeopleOnHardTasksOnlyAreWarnedOf(t *testing.T) {
	data := withJudge(pilot(300, 150, 0, 1, eval.Human), func(task int) eval.Verdict {
		if task%3 == 0 { // those that people rate
			return []eval.Verdict{eval.PrefersA, eval.PrefersA, eval.PrefersA, eval.PrefersB}[task/3%4]
		}
		return []eval.Verdict{eval.PrefersB, eval.PrefersB, eval.PrefersB, eval.PrefersA}[task%4]
	})
	got := first(t, data)
	if !slices.ContainsFunc(got.Warnings, func(w string) bool { return strings.Contains(w, "do not look like a random part") }) {
		t.Errorf("warnings %q", got.Warnings)
	}
}

// TestJudgesBesidePeople follows the diagnostics of the reference data by hand.
func TestJudgesBesidePeople(t *testing.T) {
	ratings := referenceRatings(t, func(r eval.Rating) bool { return r.Category == "coding" })
	judges := analyze(t, ratings).Judges
	if len(judges) != 1 {
		t.Fatalf("got %d judges, want 1", len(judges))
	}
	got := judges[0]
	// By hand: per task the judge's two orders are averaged, then compared.
	byTask := map[string]map[string][]float64{}
	for _, r := range ratings {
		if byTask[r.TaskID] == nil {
			byTask[r.TaskID] = map[string][]float64{}
		}
		byTask[r.TaskID][r.Rater] = append(byTask[r.TaskID][r.Rater], r.Score)
	}
	var same, pairs, sameJudge, withJudge, bias, tasks, consistent float64
	side := func(s float64) int { return int(math.Copysign(1, s-0.5) * math.Ceil(math.Abs(s-0.5))) }
	for _, raters := range byTask {
		judge := (raters["judge-1"][0] + raters["judge-1"][1]) / 2
		if side(raters["judge-1"][0]) == side(raters["judge-1"][1]) {
			consistent++
		}
		var people []float64
		for name, scores := range raters {
			if name != "judge-1" {
				people = append(people, scores[0])
			}
		}
		agree, all := 0.0, 0.0
		for i, x := range people {
			if side(x) == side(judge) {
				sameJudge += 1 / float64(len(people))
			}
			for _, y := range people[i+1:] {
				all++
				if side(x) == side(y) {
					agree++
				}
			}
			bias += (judge - x) / float64(len(people))
		}
		withJudge++
		tasks++
		same += agree / all
		pairs++
	}
	wantNumber(t, "agreement with people", *got.WithPeople, sameJudge/withJudge)
	wantNumber(t, "agreement among people", *got.PeopleAmong, same/pairs)
	wantNumber(t, "difference", got.Difference.Estimate, sameJudge/withJudge-same/pairs)
	wantNumber(t, "bias", got.Bias.Estimate, bias/tasks)
	wantNumber(t, "consistency", got.Consistency.Estimate, consistent/tasks)
	if got.Ratings != 240 || got.Tasks != 120 || got.Shared != 120 {
		t.Errorf("counts %+v", got)
	}
	for _, field := range []string{"self_preference", "length_bias"} {
		if got.WhyMissing[field] == "" {
			t.Errorf("%s is null without a reason", field)
		}
	}
}

// A judge of the candidate's family that always prefers it, beside one of another
// family that follows people.
func TestSelfPreferenceAndLengthBias(t *testing.T) {
	data := pilot(120, 60, 0, 1, eval.Human)
	data.Locked.Protocol.Arms = []eval.Arm{{Name: "now", Model: "claude-sonnet"}, {Name: "next", Model: "gpt-5"}}
	people := slices.Clone(data.Ratings)
	for i, rating := range people {
		for _, judge := range []string{"gpt-judge", "gemini-judge"} {
			judged := rating
			judged.Rater, judged.Kind = judge, eval.Judge
			if judge == "gpt-judge" && i%5 != 0 {
				judged.Verdict, judged.Score = eval.PrefersB, 1
			}
			data.Ratings = append(data.Ratings, judged)
		}
	}
	for i := range data.Responses {
		data.Responses[i].Length = 400
		if data.Responses[i].Arm == "next" {
			data.Responses[i].Length = 400 + 37*(i%11)
		}
	}
	analysis, err := Analyze(data, Options{})
	if err != nil {
		t.Fatal(err)
	}
	for _, judge := range analysis.Judges {
		if judge.LengthBias == nil {
			t.Errorf("%s: no length bias: %v", judge.Judge, judge.WhyMissing)
		}
		switch judge.Judge {
		case "gpt-judge":
			if judge.SelfPreference == nil || judge.SelfPreference.Low <= 0.2 {
				t.Errorf("self-preference %+v (%v), want well above 0", judge.SelfPreference, judge.WhyMissing)
			}
		case "gemini-judge":
			if judge.SelfPreference != nil || judge.WhyMissing["self_preference"] == "" {
				t.Errorf("an unrelated judge has a self-preference %+v", judge.SelfPreference)
			}
		}
	}
}

func TestAJudgeOfAnArmsFamilyIsWarnedOf(t *testing.T) {
	data := pilot(40, 60, 0, 1, eval.Judge)
	data.Locked.Protocol.Arms = []eval.Arm{{Name: "now", Model: "claude-sonnet"}, {Name: "next", Model: "gpt-5"}}
	for i := range data.Ratings {
		data.Ratings[i].Rater = "magistrate"
	}
	const warning = "judge magistrate is of the same family (openai) as next, which it rated, and may prefer it"
	for model, want := range map[string]bool{"gpt-4o": true, "gemini-pro": false, "in-house": false} {
		data.Locked.Protocol.Judges = []eval.Arm{{Name: "magistrate", Model: model}}
		analysis, err := Analyze(data, Options{})
		if err != nil {
			t.Fatal(err)
		}
		if slices.Contains(analysis.Warnings, warning) != want {
			t.Errorf("judge %s: got the warnings %q", model, analysis.Warnings)
		}
	}
}

func TestChecksGiveFirstPassAccuracy(t *testing.T) {
	data := pilot(100, 60, 0, 1, eval.Human)
	want := eval.FirstPass{Tasks: 100}
	for i, rating := range slices.Clone(data.Ratings) {
		rating.Rater, rating.Kind = "unit tests", eval.Check
		rating.Verdict = []eval.Verdict{eval.PrefersA, eval.PrefersB, eval.PrefersB, eval.Tie, eval.BothBad}[i%5]
		rating.Score, _ = rating.Verdict.Score()
		data.Ratings = append(data.Ratings, rating)
	}
	want.Control, want.Candidate, want.OnlyControl, want.OnlyCandidate = 0.4, 0.6, 20, 40
	got := first(t, data).FirstPass
	if got == nil || math.Abs(got.Control-want.Control) > 1e-12 || math.Abs(got.Candidate-want.Candidate) > 1e-12 ||
		got.OnlyControl != want.OnlyControl || got.OnlyCandidate != want.OnlyCandidate || math.Abs(got.Difference.Estimate-0.2) > 1e-12 {
		t.Errorf("got %+v, want %+v", got, want)
	}
	if plain := first(t, pilot(100, 60, 0, 1, eval.Human)); plain.FirstPass != nil || plain.WhyMissing["first_pass_accuracy"] == "" {
		t.Error("without checks there is a first-pass accuracy")
	}
}

func TestRankingOfThreeArms(t *testing.T) {
	var ratings []eval.Rating
	rate := func(task int, a, b string, score float64) {
		ratings = append(ratings, eval.Rating{
			TaskID: fmt.Sprintf("t%d", task), ArmA: a, ArmB: b, Rater: fmt.Sprintf("r%d", task%6), Kind: eval.Human, Score: score, Category: "coding",
		})
	}
	for i := range 60 {
		rate(i, "now", "strong", []float64{1, 1, 1, 0}[i%4])
		rate(100+i, "now", "weak", []float64{0, 0, 1}[i%3])
	}
	ranking := analyze(t, ratings).Ranking
	if len(ranking) != 1 || ranking[0].Category != "coding" {
		t.Fatalf("got %+v", ranking)
	}
	var order []string
	for _, arm := range ranking[0].Arms {
		order = append(order, arm.Arm)
		if arm.BestRank > arm.Rank || arm.WorstRank < arm.Rank {
			t.Errorf("%+v: its rank lies outside its range", arm)
		}
	}
	if !slices.Equal(order, []string{"strong", "now", "weak"}) {
		t.Errorf("order %v", order)
	}
	wantNumber(t, "strong against the control", ranking[0].Arms[0].WinProbability.Estimate, 0.75)
	for i := range ratings {
		ratings[i].Score = 1 // every candidate always wins: the graph falls apart
	}
	apart := analyze(t, ratings).Ranking[0]
	if len(apart.Arms) != 0 || apart.WhyMissing == "" {
		t.Errorf("a graph that is not connected has the ranking %+v", apart)
	}
}

func TestOddRatersAreFlaggedAndVaried(t *testing.T) {
	data := pilot(200, 140, 0, 1, eval.Human)
	for i := range data.Ratings {
		data.Ratings[i].First = []eval.Side{eval.SideA, eval.SideB}[i/6%2]
		if data.Ratings[i].Rater == "r0" {
			data.Ratings[i].Verdict, data.Ratings[i].Score = eval.Tie, 0.5
		}
	}
	analysis, err := Analyze(data, Options{})
	if err != nil {
		t.Fatal(err)
	}
	var share float64
	for _, rater := range analysis.Raters {
		share += rater.Share
		if flagged := slices.Contains(rater.Flags, "only ever ties"); flagged != (rater.Rater == "r0") {
			t.Errorf("%s: flags %q", rater.Rater, rater.Flags)
		}
	}
	wantNumber(t, "shares of the load", share, 1)
	at := slices.IndexFunc(analysis.Comparisons[0].Sensitivity, func(s eval.Sensitivity) bool { return s.Name == "without odd raters" })
	if at < 0 {
		t.Fatalf("no variant without r0 among %+v", analysis.Comparisons[0].Sensitivity)
	}
	if s := analysis.Comparisons[0].Sensitivity[at]; s.WinRate.Estimate <= analysis.Comparisons[0].WinRate.Estimate || s.Decision == "" {
		t.Errorf("without r0: %+v, with: %+v", s, analysis.Comparisons[0].WinRate)
	}
}

func TestSensitivityTellsWhereTheDecisionChanges(t *testing.T) {
	data := pilot(200, 104, 40, 1, eval.Human) // 62 % with every answer
	missing := map[string]bool{}
	for i := range 30 {
		missing[fmt.Sprintf("t%03d", i*6)] = true
	}
	data = without(data, "next", func(task string) bool { return missing[task] })
	for task := range missing {
		data.Refused = append(data.Refused, eval.Cell{TaskID: task, Category: "coding", Arm: "next"})
	}
	got := first(t, data)
	at := slices.IndexFunc(got.Sensitivity, func(s eval.Sensitivity) bool { return s.Name == "missing answers excluded" })
	if at < 0 {
		t.Fatalf("no such variant: %+v", got.Sensitivity)
	}
	s := got.Sensitivity[at]
	if s.Decision != eval.Switch || got.Decision == eval.Switch || !s.Changes {
		t.Errorf("as planned %q, excluded %q, changes %v", got.Decision, s.Decision, s.Changes)
	}
	if !slices.Contains(got.Warnings, `the decision would be "switch" in the analysis "missing answers excluded"`) {
		t.Errorf("warnings %q", got.Warnings)
	}
}

// The steps of the explanation can be followed: each printed number comes from those
// before it.
func TestExplanationCanBeFollowed(t *testing.T) {
	ratings := referenceRatings(t, func(r eval.Rating) bool { return r.Category == "coding" && r.Kind == eval.Human })
	analysis, err := Analyze(eval.Dataset{Ratings: ratings}, Options{Explain: "coding"})
	if err != nil {
		t.Fatal(err)
	}
	value := map[string]float64{}
	for _, step := range analysis.Comparisons[0].Explain {
		value[step.What] = step.Value
	}
	theta, v, n, c := value["win rate"], value["variance"], value["effective sample size"], value["critical value"]
	wantNumber(t, "V", v, value["variance between tasks"]+max(0, value["variance between raters"]-value["variance of single ratings"]))
	wantNumber(t, "n*", n, theta*(1-theta)/v)
	wantNumber(t, "low", value["centre"]-value["half width"], analysis.Comparisons[0].WinRate.Low)
	wantNumber(t, "high", value["centre"]+value["half width"], analysis.Comparisons[0].WinRate.High)
	wantNumber(t, "centre", value["centre"], (theta+c*c/(2*n))/(1+c*c/n))
	wantNumber(t, "df", value["degrees of freedom"], v*v/(math.Pow(value["variance between tasks"], 2)/(value["task clusters, effective"]-1)+
		math.Pow(value["variance between raters"], 2)/(value["raters, effective"]-1)))
	wantNumber(t, "critical value of the look", value["critical value of this look"], min(value["boundary of the planned look"], value["boundary of every moment"]))
	if len(analyze(t, ratings).Comparisons[0].Explain) != 0 {
		t.Error("an explanation that nobody asked for")
	}
}
