package decide

import (
	"fmt"
	"math"
	"slices"
	"strings"
	"testing"

	"modeltrial/audit"
	"modeltrial/eval"
)

func first(t *testing.T, data eval.Dataset) eval.ComparisonResult {
	t.Helper()
	analysis, err := Analyze(data, Options{})
	if err != nil {
		t.Fatal(err)
	}
	return analysis.Comparisons[0]
}

// without drops an arm's responses to some tasks, and the ratings that cannot be.
func without(data eval.Dataset, arm string, drop func(task string) bool) eval.Dataset {
	data.Responses = slices.DeleteFunc(data.Responses, func(r eval.ResponseRow) bool { return r.Arm == arm && drop(r.TaskID) })
	data.Ratings = slices.DeleteFunc(data.Ratings, func(r eval.Rating) bool { return drop(r.TaskID) })
	return data
}

// TestAMissingResponseIsALoss (design, section 2): 30 of 200 answers of the
// candidate are missing, for good. By hand: the 170 rated tasks keep their score
// and 30 count 0.
func TestAMissingResponseIsALoss(t *testing.T) {
	t.Parallel()
	data := pilot(200, 120, 40, 0.5, eval.Human)
	missing := map[string]bool{}
	for i := 0; i < 180; i += 6 {
		missing[fmt.Sprintf("t%03d", i)] = true
	}
	sum := 0.0
	for _, rating := range data.Ratings {
		if !missing[rating.TaskID] {
			sum += rating.Score
		}
	}
	data = without(data, "next", func(task string) bool { return missing[task] })
	for task := range missing {
		data.Refused = append(data.Refused, eval.Cell{TaskID: task, Category: "coding", Arm: "next"})
	}
	got := first(t, data)
	if got.LostCandidate != 30 || got.LostControl != 0 || got.Tasks != 170 {
		t.Errorf("lost %d and %d, rated %d, want 30, 0, 170", got.LostCandidate, got.LostControl, got.Tasks)
	}
	wantNumber(t, "win rate", got.WinRate.Estimate, sum/200)
	if last := got.Looks[len(got.Looks)-1]; last.Tasks != 200 {
		t.Errorf("the last look counts %d tasks, want all 200", last.Tasks)
	}
	const want = "30 tasks have no answer of next and count as its losses"
	if !slices.Contains(got.Warnings, want) {
		t.Errorf("warnings %q, want %q", got.Warnings, want)
	}
	mirrored := without(pilot(200, 40, 40, 0.5, eval.Human), "now", func(task string) bool { return missing[task] })
	mirrored.Refused = nil
	for task := range missing {
		mirrored.Refused = append(mirrored.Refused, eval.Cell{TaskID: task, Category: "coding", Arm: "now"})
	}
	if got := first(t, mirrored); got.LostControl != 30 {
		t.Errorf("the control lost %d, want 30", got.LostControl)
	}
}

// TestAnOutageIsNoVerdict: losses of an arm that hardly answered at all say nothing
// of the model.
func TestAnOutageIsNoVerdict(t *testing.T) {
	t.Parallel()
	data := without(pilot(200, 120, 40, 0.5, eval.Human), "now", func(task string) bool { return task >= "t050" && task < "t120" })
	got := first(t, data)
	if got.WinRate != nil || !strings.Contains(got.WhyMissing["win_rate"], "now answered 130 of 200 tasks") {
		t.Errorf("got %+v, %q, want no win rate", got.WinRate, got.WhyMissing["win_rate"])
	}
}

// TestAWeekIsPlannedOnlyOnceItIsClosed: the planned looks' share of the error may be
// spent once a week, whatever is rated within it.
func TestAWeekIsPlannedOnlyOnceItIsClosed(t *testing.T) {
	t.Parallel()
	whole := pilot(200, 130, 20, 1, eval.Human)
	closed := first(t, whole)

	threeEach := pilot(200, 130, 20, 1, eval.Human)
	threeEach.Locked.Protocol.RatingsPerComparison = 3 // and one is given
	halfRun := pilot(200, 130, 20, 1, eval.Human)      // ten tasks of the last week, rated at once
	halfRun = without(halfRun, "now", func(task string) bool { return task >= "t160" })
	halfRun = without(halfRun, "next", func(task string) bool { return task >= "t160" })
	for name, data := range map[string]eval.Dataset{"one of three ratings": threeEach, "a week that is half run": halfRun} {
		got := first(t, data)
		if got.WinRateAlwaysValid.High-got.WinRateAlwaysValid.Low < 1.2*(closed.WinRateAlwaysValid.High-closed.WinRateAlwaysValid.Low) {
			t.Errorf("%s: interval %+v is as tight as after the closed week, %+v", name, got.WinRateAlwaysValid, closed.WinRateAlwaysValid)
		}
	}
}

// TestOneUnratedTaskDoesNotHoldUpThePilot: 1 of 400 tasks is never rated.
func TestOneUnratedTaskDoesNotHoldUpThePilot(t *testing.T) {
	t.Parallel()
	data := pilot(400, 110, 190, 1, eval.Human)
	whole := first(t, data)
	data.Ratings = slices.DeleteFunc(data.Ratings, func(r eval.Rating) bool { return r.TaskID == "t399" })
	got := first(t, data)
	if got.Decision != eval.Keep || whole.Decision != eval.Keep {
		t.Errorf("got %s (%s), want keep as with all rated (%s)", got.Decision, got.Reason, whole.Decision)
	}
	if math.Abs(got.WinRateAlwaysValid.High-whole.WinRateAlwaysValid.High) > 0.005 {
		t.Errorf("interval %+v, with all rated %+v", got.WinRateAlwaysValid, whole.WinRateAlwaysValid)
	}
	// A fifth of the last week is another matter, and the reason says what is awaited.
	data.Ratings = slices.DeleteFunc(data.Ratings, func(r eval.Rating) bool { return r.TaskID >= "t380" })
	if got := first(t, data); got.Decision != eval.Continue || !strings.Contains(got.Reason, "20 tasks of week 4 lack an answer or a rating") {
		t.Errorf("got %s: %s", got.Decision, got.Reason)
	}
}

// TestAUseCaseThatStartsLater is planned from the week in which it starts.
func TestAUseCaseThatStartsLater(t *testing.T) {
	t.Parallel()
	data := pilot(200, 130, 20, 1, eval.Human)
	data.Locked, data.Assigned = nil, nil
	data.Ratings = slices.DeleteFunc(data.Ratings, func(r eval.Rating) bool { return r.Week == 1 })
	got := first(t, data)
	if got.Planned != 150 || got.Decision != eval.Switch {
		t.Errorf("%d tasks planned, %s (%s), want 150 and a switch", got.Planned, got.Decision, got.Reason)
	}
	// Another one that ends early is not over.
	early := pilot(200, 110, 40, 1, eval.Human)
	early.Locked, early.Assigned, early.Responses = nil, nil, nil
	for _, rating := range early.Ratings {
		if rating.Week == 1 {
			rating.Category = "math"
			rating.TaskID = "m" + rating.TaskID
			early.Ratings = append(early.Ratings, rating)
		}
	}
	analysis, err := Analyze(early, Options{})
	if err != nil {
		t.Fatal(err)
	}
	if math := analysis.Comparisons[1]; math.Category != "math" || math.Decision != eval.Continue {
		t.Errorf("%s after its first week of four: %s, want continue", math.Category, math.Decision)
	}
}

// TestAResponsesFileTakesClusterAndWeekOfTheRatings: without its clusters the cost
// ratio would look more precise than it is.
func TestAResponsesFileTakesClusterAndWeekOfTheRatings(t *testing.T) {
	t.Parallel()
	data := pilot(200, 130, 20, 0.9, eval.Human)
	data.Locked, data.Assigned = nil, nil
	for i := range data.Ratings {
		data.Ratings[i].Cluster = "c" + data.Ratings[i].TaskID[:3]
	}
	for i := range data.Responses {
		task := data.Responses[i].TaskID
		*data.Responses[i].Cost += audit.NanoUSD(task[2]-'0') * 1e6 // alike within a cluster
		data.Responses[i].Cluster = "c" + task[:3]
	}
	want := first(t, data)
	for i := range data.Responses {
		data.Responses[i].Cluster, data.Responses[i].Week, data.Responses[i].Category = "", 0, ""
	}
	got := first(t, data)
	wantNumber(t, "standard error of the cost ratio", got.CostRatio.StandardError, want.CostRatio.StandardError)
	wantNumber(t, "cost p-value", *got.CostP, *want.CostP)
}

// TestOneJudgeDoesNotDisplaceTheChecks: whose ratings count goes by how many there
// are.
func TestOneJudgeDoesNotDisplaceTheChecks(t *testing.T) {
	t.Parallel()
	data := pilot(200, 150, 20, 0.5, eval.Check)
	judged := data.Ratings[0]
	judged.Rater, judged.Kind = "judge", eval.Judge
	data.Ratings = append(data.Ratings, judged)
	if got := first(t, data); got.Source != eval.SourceCheck || got.Decision != eval.Switch {
		t.Errorf("got source %s, %s, want the 200 checks to switch", got.Source, got.Decision)
	}
}

// TestTooDearMayStillSaveEnough: better and cheaper, though not as cheap as asked,
// is treated no worse than as good and cheaper.
func TestTooDearMayStillSaveEnough(t *testing.T) {
	t.Parallel()
	data := pilot(200, 120, 40, 0.79, eval.Human)
	most := 0.7
	data.Locked.Protocol.MaxCostRatio = &most
	if got := first(t, data); got.Decision != eval.SwitchForCost {
		t.Errorf("got %s: %s, want a switch for cost", got.Decision, got.Reason)
	}
}

// TestACorrectionMayNameTheArmsTheOtherWayRound.
func TestACorrectionMayNameTheArmsTheOtherWayRound(t *testing.T) {
	t.Parallel()
	data := pilot(40, 40, 0, 1, eval.Human)
	wrong := make([]eval.Rating, 0, len(data.Ratings))
	for _, rating := range data.Ratings {
		rating.Verdict, rating.Score = eval.PrefersA, 0
		wrong = append(wrong, rating.Flipped())
	}
	data.Ratings = append(wrong, data.Ratings...)
	if got := first(t, data); got.Ratings != 40 || got.WinRate.Estimate != 1 {
		t.Errorf("%d ratings, win rate %v, want the 40 corrections alone", got.Ratings, got.WinRate.Estimate)
	}
}

// TestTwoCandidatesAreToldApartByClusters: ten tasks of a cluster that say the same
// are one piece of evidence.
func TestTwoCandidatesAreToldApartByClusters(t *testing.T) {
	t.Parallel()
	shown := func(cluster func(i int) string) bool {
		data := pilot(100, 0, 0, 1, eval.Human)
		data.Ratings = nil
		for i := range 100 {
			for _, arm := range []string{"next", "other"} {
				verdict, score := eval.PrefersB, 1.0
				if arm == "other" && i/10%5 < 2 { // the other loses in four of ten clusters
					verdict, score = eval.PrefersA, 0
				}
				data.Ratings = append(data.Ratings, eval.Rating{
					TaskID: fmt.Sprintf("t%03d", i), Category: "coding", Week: 1, ArmA: "now", ArmB: arm, Rater: "ada", Kind: eval.Check,
					Verdict: verdict, Score: score, Cluster: cluster(i),
				})
			}
		}
		data.Locked.Protocol.UseCases[0].Candidates = []string{"next", "other"}
		a := newAnalyzer(data, Options{})
		return a.better(useCase{"coding", "now", "next"}, useCase{"coding", "now", "other"})
	}
	if !shown(func(int) string { return "" }) {
		t.Error("40 of 100 independent tasks do not tell the candidates apart")
	}
	if shown(func(i int) string { return fmt.Sprint("half", i/50) }) {
		t.Error("two clusters tell the candidates apart")
	}
}

// TestOverallIsWeighedByTheWork (design, section 1): the shares 0.95 and 0.05 with
// cost ratios of a half and of two give (0.95·0.5 + 0.05·2)/1 by hand, since a
// control's answer costs the same in both.
func TestOverallIsWeighedByTheWork(t *testing.T) {
	t.Parallel()
	coding, math := pilot(200, 120, 40, 0.5, eval.Human), pilot(200, 120, 40, 2, eval.Human)
	for i := range math.Ratings {
		math.Ratings[i].TaskID, math.Ratings[i].Category = "m"+math.Ratings[i].TaskID, "math"
	}
	for i := range math.Assigned {
		math.Assigned[i].TaskID, math.Assigned[i].Category = "m"+math.Assigned[i].TaskID, "math"
	}
	for i := range math.Responses {
		math.Responses[i].TaskID, math.Responses[i].Category = "m"+math.Responses[i].TaskID, "math"
	}
	data := coding
	data.Locked.Protocol.UseCases = append(data.Locked.Protocol.UseCases, eval.UseCase{Category: "math", Candidates: []string{"next"}})
	data.Locked.CategoryShare = map[audit.Category]float64{"coding": 0.95, "math": 0.05}
	data.Ratings = append(data.Ratings, math.Ratings...)
	data.Assigned = append(data.Assigned, math.Assigned...)
	data.Responses = append(data.Responses, math.Responses...)
	for i := range data.Responses {
		cost := audit.NanoUSD(1e7)
		switch r := data.Responses[i]; {
		case r.Arm == "next" && r.Category == "coding":
			cost = 5e6
		case r.Arm == "next":
			cost = 2e7
		}
		data.Responses[i].Cost = &cost
	}
	analysis, err := Analyze(data, Options{})
	if err != nil {
		t.Fatal(err)
	}
	overall := analysis.Overall[0]
	if overall.CostRatio == nil {
		t.Fatalf("no cost ratio: %v", overall.WhyMissing)
	}
	wantNumber(t, "cost ratio", overall.CostRatio.Estimate, 0.575)
	wantNumber(t, "cost of a task", *overall.CostPerTaskCandidate, 0.00575)
}

func TestModelsAmongPeople(t *testing.T) {
	data := eval.Dataset{}
	for i := range 30 {
		for _, rater := range []string{"Ann", "Claude Petit", "gpt-3.5-turbo"} {
			data.Ratings = append(data.Ratings, eval.Rating{
				TaskID: fmt.Sprint(i), ArmA: "now", ArmB: "next", Rater: rater, Kind: eval.Human, Verdict: eval.PrefersB, Score: 1,
			})
		}
	}
	warned := func() []string {
		analysis, err := Analyze(data, Options{})
		if err != nil {
			t.Fatal(err)
		}
		return slices.DeleteFunc(analysis.Warnings, func(w string) bool { return !strings.Contains(w, "named like") })
	}
	if got := warned(); len(got) != 1 || !strings.HasPrefix(got[0], "gpt-3.5-turbo counts as a person") {
		t.Errorf("warnings: %q", got)
	}
	for i := range data.Ratings {
		if data.Ratings[i].Rater == "gpt-3.5-turbo" {
			data.Ratings[i].Kind = eval.Judge
		}
	}
	if got := warned(); len(got) > 0 {
		t.Errorf("of a judge: %q", got)
	}
}

// Of 40 tasks 20 are much better, 10 the same and 10 worse: the win rate is (20 + 5)/40,
// and (20 + 5 + 2.5)/40 in grades.
func TestGradedVerdicts(t *testing.T) {
	data := eval.Dataset{}
	for i := range 40 {
		verdict := [...]eval.Verdict{eval.MuchPrefersB, eval.MuchPrefersB, eval.Tie, eval.PrefersA}[i%4]
		score, _ := verdict.Score()
		data.Ratings = append(data.Ratings, eval.Rating{
			TaskID: fmt.Sprint(i), ArmA: "now", ArmB: "next", Rater: fmt.Sprint(i % 6), Kind: eval.Human, Verdict: verdict, Score: score,
		})
	}
	of := func() (result eval.ComparisonResult, graded *eval.Sensitivity) {
		result = first(t, data)
		for i, s := range result.Sensitivity {
			if s.Name == "graded verdicts" {
				graded = &result.Sensitivity[i]
			}
		}
		return result, graded
	}
	result, graded := of()
	if graded == nil || math.Abs(result.WinRate.Estimate-0.625) > 1e-12 || math.Abs(graded.WinRate.Estimate-0.6875) > 1e-12 || graded.Tasks != 40 {
		t.Fatalf("win rate %+v, graded %+v", result.WinRate, graded)
	}
	for i := range data.Ratings {
		if data.Ratings[i].Verdict == eval.MuchPrefersB {
			data.Ratings[i].Verdict = eval.PrefersB
		}
	}
	if _, graded := of(); graded != nil {
		t.Errorf("no verdict is much better, and yet %+v", graded)
	}
}

// TestAPairOfArmsHasItsOwnTasks: in a file in which every arm answered every task and each
// pair of arms was rated on tasks of its own, a pair counts its tasks' answers, and does
// not wait for those of others.
func TestAPairOfArmsHasItsOwnTasks(t *testing.T) {
	t.Parallel()
	var data eval.Dataset
	for i := range 120 {
		task, week := fmt.Sprintf("t%03d", i), 1+i/40
		candidate := []string{"next", "other"}[i%2]
		verdict := []eval.Verdict{eval.PrefersA, eval.PrefersB, eval.PrefersB}[i/2%3]
		score, _ := verdict.Score()
		data.Ratings = append(data.Ratings, eval.Rating{
			TaskID: task, Week: week, ArmA: "now", ArmB: candidate, Rater: fmt.Sprint("r", i%6), Kind: eval.Human, Verdict: verdict, Score: score,
		})
		for _, arm := range []string{"now", "next", "other"} {
			data.Responses = append(data.Responses, eval.ResponseRow{TaskID: task, Week: week, Arm: arm, Empty: arm == "now" && i%4 == 0})
		}
	}
	analysis, err := Analyze(data, Options{Weeks: 3})
	if err != nil {
		t.Fatal(err)
	}
	for i, empty := range []int{30, 0} {
		c := analysis.Comparisons[i]
		if c.OutcomesControl.Answers != 60 || c.OutcomesCandidate.Answers != 60 || c.OutcomesControl.Empty != empty {
			t.Errorf("%s: %+v and %+v, want 60 answers each, %d of the control's empty", c.Candidate, c.OutcomesControl, c.OutcomesCandidate, empty)
		}
		looked, valid := c.WinRate, c.WinRateAlwaysValid
		if ratio := (valid.High - valid.Low) / (looked.High - looked.Low); ratio > 1.1 {
			t.Errorf("%s: the interval of the last look is %.2f times as wide as that of one look: the last week does not count as closed", c.Candidate, ratio)
		}
	}
}
