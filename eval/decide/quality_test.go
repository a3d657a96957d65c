package decide

import (
	"fmt"
	"math"
	"slices"
	"strings"
	"testing"
	"time"

	"modeltrial/eval"
)

// tried are so many checks of a rater, the first good of them as they should be.
func tried(rater string, kind eval.RaterCheckKind, good, shown int) []eval.RaterCheckRating {
	var checks []eval.RaterCheckRating
	for i := range shown {
		check := eval.RaterCheckRating{
			Rater: rater, Kind: kind, Week: 1, Category: "coding", Verdict: eval.PrefersA, First: eval.SideA, Before: eval.PrefersA, BeforeFirst: eval.SideA,
		}
		switch {
		case kind == eval.SentinelCheck:
			check.Before, check.BeforeFirst, check.Week = "", "", 0
		case kind == eval.SwappedCheck:
			check.First = eval.SideB
		}
		if i >= good {
			check.Verdict = eval.PrefersB
		}
		checks = append(checks, check)
	}
	return checks
}

func raterNamed(t *testing.T, analysis eval.Analysis, name string) eval.RaterResult {
	t.Helper()
	i := slices.IndexFunc(analysis.Raters, func(r eval.RaterResult) bool { return r.Rater == name })
	if i < 0 {
		t.Fatalf("no rater %q", name)
	}
	return analysis.Raters[i]
}

// TestRaterQuality compares with SciPy 1.10.1: binomtest(k, n).proportion_ci(method="exact")
// and binomtest(k, n).pvalue.
func TestRaterQuality(t *testing.T) {
	data := pilot(240, 130, 40, 0.8, eval.Human)
	data.RaterChecks = slices.Concat(
		tried("r0", eval.RepeatCheck, 3, 8), tried("r1", eval.RepeatCheck, 9, 10),
		tried("r1", eval.SwappedCheck, 2, 12), tried("r1", eval.SentinelCheck, 6, 6))
	analysis, err := Analyze(data, Options{})
	if err != nil {
		t.Fatal(err)
	}
	q := raterNamed(t, analysis, "r0").Quality
	if q.Repeats.Shown != 8 || q.Repeats.Good != 3 || q.Swapped.Share != nil || q.Sentinels.Share != nil || q.PositionP != nil {
		t.Errorf("quality of r0 is %+v", q)
	}
	wantNumber(t, "repeats, low", q.Repeats.Share.Low, 0.08523341413759308)
	wantNumber(t, "repeats, high", q.Repeats.Share.High, 0.7551367836335001)
	if flags := raterNamed(t, analysis, "r0").Flags; !slices.Contains(flags, "gave the same verdict on only 3 of 8 repeats") {
		t.Errorf("flags of r0 are %v", flags)
	}
	// Of 12 swapped repeats the same place was preferred both times in 10, first always:
	// arm a was first and preferred, then arm b was first and preferred.
	q = raterNamed(t, analysis, "r1").Quality
	if q.FirstBoth != 10 || q.SecondBoth != 0 || q.Sentinels.Good != 6 {
		t.Errorf("quality of r1 is %+v", q)
	}
	wantNumber(t, "place", *q.PositionP, 0.001953125)
	wantNumber(t, "sentinels, low", q.Sentinels.Share.Low, 0.5407418735600995)
	if flags := raterNamed(t, analysis, "r1").Flags; !slices.Contains(flags, "preferred the answer shown first both times in 10 of 12 swapped repeats") {
		t.Errorf("flags of r1 are %v", flags)
	}
	// What tries raters is no evidence.
	plain := data
	plain.RaterChecks = nil
	without, err := Analyze(plain, Options{})
	if err != nil {
		t.Fatal(err)
	}
	if *without.Comparisons[0].WinRate != *analysis.Comparisons[0].WinRate || without.Comparisons[0].Ratings != analysis.Comparisons[0].Ratings {
		t.Error("checks of raters changed the win rate")
	}
}

// TestStraightLining: the same button in a row shows, whatever the answers were. The
// chance of 21 of the commonest button in a row among 40 is from the Markov chain of
// stats.TestLongestRunTail.
func TestStraightLining(t *testing.T) {
	data := pilot(240, 130, 40, 0.8, eval.Human)
	start := time.Date(2026, 3, 2, 9, 0, 0, 0, time.UTC)
	seen := 0
	for i := range data.Ratings {
		r := &data.Ratings[i]
		r.RatedAt = start.Add(time.Duration(i) * time.Minute)
		if r.Rater != "r2" {
			continue
		}
		// 20 times the left one, then in turn.
		verdict, _ := eval.LeftBetter.Verdict(r.First)
		if seen++; seen > 20 && seen%2 == 0 {
			verdict, _ = eval.RightBetter.Verdict(r.First)
		}
		r.Verdict = verdict
		r.Score, _ = verdict.Score()
	}
	analysis, err := Analyze(data, Options{})
	if err != nil {
		t.Fatal(err)
	}
	r := raterNamed(t, analysis, "r2")
	q := r.Quality
	if q.LongestRun != 21 || *q.SamePlace != 30.0/40 || math.Abs(*q.RunP-0.013675851486652846) > 1e-12 {
		t.Errorf("run %d, same place %v, p %v, flags %v", q.LongestRun, *q.SamePlace, *q.RunP, r.Flags)
	}
	if other := raterNamed(t, analysis, "r3").Quality; *other.RunP < unlikelyRun || *other.SamePlace > 0.7 {
		t.Errorf("a usual rater has a run with p %v and the same place %v", *other.RunP, *other.SamePlace)
	}
}

// TestTheRuleLeavesRatersOut: by name, with the reason, and with the analysis that has
// them beside.
func TestTheRuleLeavesRatersOut(t *testing.T) {
	data := pilot(240, 130, 40, 0.8, eval.Human)
	data.RaterChecks = slices.Concat(tried("r0", eval.RepeatCheck, 3, 8), tried("r1", eval.RepeatCheck, 1, 4), tried("r4", eval.SentinelCheck, 6, 6))
	data.Locked.Protocol.ExcludeRaters = &eval.RaterRule{MinRepeatsSame: new(0.6), MinSentinelsRight: new(0.8)}
	analysis, err := Analyze(data, Options{})
	if err != nil {
		t.Fatal(err)
	}
	const reason = "3 of 8 repeats got the same verdict (38%), the protocol asks for 60%"
	if got := raterNamed(t, analysis, "r0"); got.Excluded != reason || got.Ratings != 40 {
		t.Errorf("r0 is left out for %q with %d ratings", got.Excluded, got.Ratings)
	}
	for _, name := range []string{"r1", "r4"} { // too few repeats, and all right
		if got := raterNamed(t, analysis, name); got.Excluded != "" {
			t.Errorf("%s is left out: %s", name, got.Excluded)
		}
	}
	if len(analysis.Raters) != 6 || analysis.Comparisons[0].Ratings != 200 || analysis.Comparisons[0].Raters != 5 || analysis.Provenance.RatingsByPeople != 200 {
		t.Errorf("%d raters listed, %d ratings by %d count", len(analysis.Raters), analysis.Comparisons[0].Ratings, analysis.Comparisons[0].Raters)
	}
	if !slices.ContainsFunc(analysis.Warnings, func(w string) bool { return strings.Contains(w, "r0 and 40 ratings are left out") }) {
		t.Errorf("warnings %v do not name r0", analysis.Warnings)
	}
	by := analysis.Comparisons[0].Sensitivity
	i := slices.IndexFunc(by, func(s eval.Sensitivity) bool { return s.Name == "excluded raters included" })
	if i < 0 || by[i].Tasks != 240 {
		t.Errorf("sensitivity %+v lacks the analysis with everybody", by)
	}
	// It is the analysis of the data without the rater.
	rest := data
	rest.Ratings = slices.DeleteFunc(slices.Clone(data.Ratings), func(r eval.Rating) bool { return r.Rater == "r0" })
	protocol := data.Locked.Protocol
	protocol.ExcludeRaters = nil
	rest.Locked = new(*data.Locked)
	rest.Locked.Protocol = protocol
	want, err := Analyze(rest, Options{})
	if err != nil {
		t.Fatal(err)
	}
	if *want.Comparisons[0].WinRate != *analysis.Comparisons[0].WinRate || want.Comparisons[0].Ratings != analysis.Comparisons[0].Ratings {
		t.Errorf("win rate %v, want %v", analysis.Comparisons[0].WinRate, want.Comparisons[0].WinRate)
	}
	// But for what is awaited: nobody is asked again about what the rater rated, so that
	// the last week's planned look is made.
	if got := analysis.Comparisons[0]; got.Decision != eval.Switch || want.Comparisons[0].Decision == eval.Switch {
		t.Errorf("%s, %s; without the rater %s", got.Decision, got.Reason, want.Comparisons[0].Decision)
	}
	for _, s := range analysis.Comparisons[0].Sensitivity { // not even those without some other rater
		if s.Decision == eval.Continue {
			t.Errorf("the analysis %q awaits ratings", s.Name)
		}
	}
}

// TestTheLastWeekClosesWithoutItsRater: all of week 4 was rated by one person, whom the
// rule leaves out. The pilot is over, with three weeks of evidence.
func TestTheLastWeekClosesWithoutItsRater(t *testing.T) {
	data := pilot(240, 100, 40, 1, eval.Human)
	for i := range data.Ratings {
		if data.Ratings[i].Week == 4 {
			data.Ratings[i].Rater = "late"
		}
	}
	data.RaterChecks = tried("late", eval.RepeatCheck, 3, 8)
	data.Locked.Protocol.ExcludeRaters = &eval.RaterRule{MinRepeatsSame: new(0.6)}
	analysis, err := Analyze(data, Options{})
	if err != nil {
		t.Fatal(err)
	}
	if got := analysis.Comparisons[0]; got.Decision != eval.Keep || got.Tasks != 180 {
		t.Errorf("%s on %d tasks, %s; want the end of the pilot on 180", got.Decision, got.Tasks, got.Reason)
	}
}

// TestExcludedPeopleTeachNothing: neither a plan nor the post-edit ratio counts them.
func TestExcludedPeopleTeachNothing(t *testing.T) {
	data := pilot(240, 130, 40, 0.8, eval.Human)
	data.RaterChecks = tried("r0", eval.RepeatCheck, 3, 8)
	data.Locked.Protocol.ExcludeRaters = &eval.RaterRule{MinRepeatsSame: new(0.6)}
	for i := range 40 {
		edit := eval.PostEdit{TaskID: fmt.Sprintf("t%03d", i), Category: "coding", Week: 1, Arm: []string{"now", "next"}[i%2], Rater: []string{"r0", "r1"}[i/20], Outcome: eval.Edited}
		data.PostEdits = append(data.PostEdits, edit)
	}
	learned, err := Learn(data)
	if err != nil {
		t.Fatal(err)
	}
	if learned.Raters != 5 || learned.Ratings != 200 || learned.Tasks != 200 || learned.UseCases[0].Ratings != 200 {
		t.Errorf("learned from %d ratings of %d tasks by %d people, want 200, 200 and 5", learned.Ratings, learned.Tasks, learned.Raters)
	}
	if editing := analysed(t, data, Options{}).PostEditing; editing.Control.Edits != 10 || editing.Candidate.Edits != 10 {
		t.Errorf("%d and %d edits count, want those of r1: 10 and 10", editing.Control.Edits, editing.Candidate.Edits)
	}
}

// TestThroughWeekHidesAllLaterData: also what tried raters, steps and refusals.
func TestThroughWeekHidesAllLaterData(t *testing.T) {
	data := pilot(240, 130, 40, 0.8, eval.Human)
	data.RaterChecks = tried("r0", eval.RepeatCheck, 3, 8)
	for i := range data.RaterChecks {
		data.RaterChecks[i].Week = 3
	}
	data.Locked.Protocol.ExcludeRaters = &eval.RaterRule{MinRepeatsSame: new(0.6)}
	data.Locked.Protocol.Arms[1] = eval.Arm{Name: "next", Steps: []eval.Step{{Name: "draft", Model: "forge"}, {Name: "check", Model: "forge"}}}
	data.Refused = []eval.Cell{{TaskID: "t000", Category: "coding", Arm: "next", Week: 1}, {TaskID: "t239", Category: "coding", Arm: "next", Week: 4}}
	data.Steps = []eval.StepRow{{TaskID: "t000", Category: "coding", Week: 1, Arm: "next", Repeat: 1, Step: 1}, {TaskID: "t239", Category: "coding", Week: 4, Arm: "next", Repeat: 1, Step: 1}}
	for _, c := range []struct{ through, raters, refused, steps int }{{2, 6, 1, 1}, {0, 5, 2, 2}} {
		analysis, err := Analyze(data, Options{ThroughWeek: c.through})
		if err != nil {
			t.Fatal(err)
		}
		got := analysis.Comparisons[0]
		if got.Raters != c.raters || got.OutcomesCandidate.Refused != c.refused || len(analysis.Pipelines) != 1 || analysis.Pipelines[0].Answers != c.steps {
			t.Errorf("through week %d: %d raters, %d refused, steps %+v; want %+v", c.through, got.Raters, got.OutcomesCandidate.Refused, analysis.Pipelines, c)
		}
	}
}

// TestFlaggedAnswersAreLeftOut: by the protocol's rule, counted, and beside them the
// analysis that has them.
func TestFlaggedAnswersAreLeftOut(t *testing.T) {
	data := pilot(240, 130, 40, 0.8, eval.Human)
	for i, r := range data.Ratings[:40] {
		check := eval.ComparisonCheck{TaskID: r.TaskID, Category: "coding", Week: r.Week, ArmA: "now", ArmB: "next", MasksA: 1}
		if i < 30 {
			check.Flags, check.Excluded = []eval.AnswerFlag{{Side: eval.SideB, Reason: "describes itself"}}, true
		}
		data.Checks = append(data.Checks, check)
	}
	analysis, err := Analyze(data, Options{})
	if err != nil {
		t.Fatal(err)
	}
	if got := analysis.Comparisons[0]; got.Ratings != 210 {
		t.Errorf("%d ratings count, want 210", got.Ratings)
	}
	want := []eval.MaskingResult{{Arm: "next", Answers: 40, Flagged: 30}, {Arm: "now", Answers: 40, Masked: 40}}
	if !slices.Equal(analysis.Masking, want) {
		t.Errorf("masking %+v, want %+v", analysis.Masking, want)
	}
	if !slices.ContainsFunc(analysis.Warnings, func(w string) bool {
		return strings.HasPrefix(w, "30 of 40 comparisons have an answer that tells its model") && strings.Contains(w, "30 ratings are left out")
	}) {
		t.Errorf("warnings %v do not count them", analysis.Warnings)
	}
	by := analysis.Comparisons[0].Sensitivity
	if i := slices.IndexFunc(by, func(s eval.Sensitivity) bool { return s.Name == "flagged answers included" }); i < 0 || by[i].Tasks != 240 {
		t.Errorf("sensitivity %+v lacks the analysis with them", by)
	}
}

// TestExcludedComparisonsAreNotAwaited: nobody is asked about a comparison that the rule
// on flagged answers excludes, so that it does not keep the last week open.
func TestExcludedComparisonsAreNotAwaited(t *testing.T) {
	data := pilot(240, 100, 40, 1, eval.Human)
	for _, r := range data.Ratings[180:210] {
		data.Checks = append(data.Checks, eval.ComparisonCheck{
			TaskID: r.TaskID, Category: "coding", Week: r.Week, ArmA: "now", ArmB: "next",
			Flags: []eval.AnswerFlag{{Side: eval.SideB, Reason: "describes itself"}}, Excluded: true,
		})
	}
	data.Ratings = slices.Delete(data.Ratings, 180, 210) // never shown
	analysis, err := Analyze(data, Options{})
	if err != nil {
		t.Fatal(err)
	}
	if got := analysis.Comparisons[0]; got.Decision != eval.Keep {
		t.Errorf("%s, %s; want the end of the pilot", got.Decision, got.Reason)
	}
}
