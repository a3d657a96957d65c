package decide

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"gonum.org/v1/gonum/floats/scalar"

	"modeltrial/eval"
)

// edits are of n tasks from a number on, alternately of two values each.
func edits(arm string, from, n int, seconds, kept [2]float64) (all []eval.PostEdit) {
	for i := range n {
		all = append(all, eval.PostEdit{
			TaskID: fmt.Sprint("t", from+i), Arm: arm, Rater: fmt.Sprint("e", i%3), Outcome: eval.Edited,
			Seconds: new(seconds[i%2]), Timing: eval.TimedActive, WordsKept: new(kept[i%2]),
		})
	}
	return all
}

// compared has ratings of 40 tasks between now and next, all of week 1.
func compared(given ...eval.PostEdit) eval.Dataset {
	data := eval.Dataset{PostEdits: given}
	for i := range 40 {
		data.Ratings = append(data.Ratings, eval.Rating{
			TaskID: fmt.Sprint("t", i), Category: "coding", Week: 1, ArmA: "now", ArmB: "next", Rater: "r", Kind: eval.Human,
			Verdict: []eval.Verdict{eval.PrefersA, eval.PrefersB}[i%2], Score: float64(i % 2),
		})
	}
	return data
}

func analysed(t *testing.T, data eval.Dataset, options Options) eval.ComparisonResult {
	t.Helper()
	analysis, err := Analyze(data, options)
	if err != nil {
		t.Fatal(err)
	}
	return analysis.Comparisons[0]
}

func near(got, want float64) bool { return scalar.EqualWithinAbsOrRel(got, want, 1e-9, 1e-9) }

// TestPostEditRatioByHand: 20 tasks of each arm, none in common. The control's means 60
// seconds with variance (20·10²/19)/20 = 5.263, the candidate's 40 with the same; with
// t = 2.0930 on 19 degrees of freedom the roots of (3600 − t²v)q² − 2·2400q + (1600 −
// t²v) = 0 are 0.57438 and 0.76755. The shares of words kept are 0.6 and 0.85.
func TestPostEditRatioByHand(t *testing.T) {
	data := compared(append(edits("now", 0, 20, [2]float64{50, 70}, [2]float64{0.5, 0.7}), edits("next", 20, 20, [2]float64{30, 50}, [2]float64{0.8, 0.9})...)...)
	got := analysed(t, data, Options{})
	ratio := got.PostEditRatio
	if ratio == nil {
		t.Fatalf("no ratio: %s", got.WhyMissing["post_edit_ratio"])
	}
	if !near(ratio.Estimate, 2.0/3) || !near(ratio.Low, 0.574376173621) || !near(ratio.High, 0.767551677285) {
		t.Errorf("ratio %+v", *ratio)
	}
	editing := got.PostEditing
	kept := editing.WordsKept
	if kept == nil || !near(kept.Estimate, 0.25) || !near(kept.Low, 0.196315065745) || !near(kept.High, 0.303684934255) {
		t.Errorf("words kept %+v", kept)
	}
	if c := editing.Control; c.Edits != 20 || c.Tasks != 20 || c.Raters != 3 || c.Timed != 20 || *c.Seconds != 60 || !near(*c.WordsKept, 0.6) || *c.Unchanged != 0 || *c.Rounds != 0 {
		t.Errorf("control %+v", c)
	}
	if len(got.Warnings) > 0 && strings.Contains(strings.Join(got.Warnings, " "), "edit") {
		t.Errorf("warnings %q", got.Warnings)
	}
	all, err := Analyze(data, Options{})
	if err != nil || all.Overall[0].PostEditRatio == nil || !near(all.Overall[0].PostEditRatio.Estimate, 2.0/3) {
		t.Errorf("over all categories: %+v, %v", all.Overall, err)
	}
}

// TestSeveralEditorsAreAveragedFirst: three people who edit each answer, 10 seconds less,
// the same and 10 more, are worth one edit of it.
func TestSeveralEditorsAreAveragedFirst(t *testing.T) {
	one := append(edits("now", 0, 20, [2]float64{50, 70}, [2]float64{0.5, 0.7}), edits("next", 10, 20, [2]float64{30, 50}, [2]float64{0.8, 0.9})...)
	var three []eval.PostEdit
	for i, more := range []float64{-10, 0, 10} {
		for _, edit := range one {
			edit.Rater, edit.Seconds = fmt.Sprint("person ", i), new(*edit.Seconds+more)
			three = append(three, edit)
		}
	}
	want, got := analysed(t, compared(one...), Options{}), analysed(t, compared(three...), Options{})
	if want.PostEditRatio == nil || got.PostEditRatio == nil || !near(got.PostEditRatio.Low, want.PostEditRatio.Low) || !near(got.PostEditRatio.High, want.PostEditRatio.High) {
		t.Errorf("three editors %+v, one %+v", got.PostEditRatio, want.PostEditRatio)
	}
	if got.PostEditing.Control.Edits != 60 || got.PostEditing.Control.Tasks != 20 {
		t.Errorf("%+v", got.PostEditing.Control)
	}
	// A row given again is a correction, and order does not matter.
	again := append(slices.Clone(three), three...)
	slices.Reverse(again)
	if repeated := analysed(t, compared(again...), Options{}); !near(repeated.PostEditRatio.Low, want.PostEditRatio.Low) || repeated.PostEditing.Control.Edits != 60 {
		t.Errorf("repeated %+v", repeated.PostEditRatio)
	}
}

func TestPostEditRatioIsMissing(t *testing.T) {
	now, next := edits("now", 0, 20, [2]float64{50, 70}, [2]float64{0.5, 0.7}), edits("next", 20, 20, [2]float64{30, 50}, [2]float64{0.8, 0.9})
	with := func(change func(*eval.PostEdit), given []eval.PostEdit) []eval.PostEdit {
		given = slices.Clone(given)
		for i := range given {
			change(&given[i])
		}
		return given
	}
	for name, c := range map[string]struct {
		given     []eval.PostEdit
		options   Options
		why, warn string
	}{
		"nothing edited":  {nil, Options{}, "no answers were edited", ""},
		"one arm":         {now, Options{}, "0 tasks with active editing seconds of next", ""},
		"too few":         {append(slices.Clone(now[1:]), next...), Options{}, "19 tasks with active editing seconds of now, an interval needs at least 20", ""},
		"all skipped":     {with(func(e *eval.PostEdit) { e.Outcome = eval.EditSkipped }, now), Options{}, "no answers were edited", ""},
		"of other arms":   {with(func(e *eval.PostEdit) { e.Arm = "stranger" }, now), Options{}, "no answers were edited", ""},
		"pauses included": {append(with(func(e *eval.PostEdit) { e.Timing = eval.TimedElapsed }, now), next...), Options{}, "0 tasks with active editing seconds of now", "of 20 edits the active seconds are not known"},
		"never timed":     {append(with(func(e *eval.PostEdit) { e.Seconds, e.Timing = nil, eval.NotTimed }, now), next...), Options{}, "0 tasks", "of 20 edits"},
		"unusable":        {append(with(func(e *eval.PostEdit) { e.Outcome = eval.Unusable }, now), next...), Options{}, "0 tasks", "0 of 20 edited answers of next and 20 of 20 of now were unusable"},
		"no time at all":  {append(with(func(e *eval.PostEdit) { e.Seconds = new(0.0) }, now), next...), Options{}, "the control's mean is not above zero", ""},
		"one cluster":     {append(with(func(e *eval.PostEdit) { e.Cluster = "c" }, now), next...), Options{}, "one cluster", ""},
		"mostly zero": {append(with(func(e *eval.PostEdit) {
			if e.Seconds = new(0.0); e.TaskID == "t0" {
				e.Seconds = new(1000.0)
			}
		}, now), next...), Options{}, "the control's editing time is not distinguishable from zero", ""},
	} {
		t.Run(name, func(t *testing.T) {
			got := analysed(t, compared(c.given...), c.options)
			if got.PostEditRatio != nil || !strings.Contains(got.WhyMissing["post_edit_ratio"], c.why) {
				t.Errorf("ratio %+v, why %q, want %q", got.PostEditRatio, got.WhyMissing["post_edit_ratio"], c.why)
			}
			if (got.PostEditing == nil) != (got.WhyMissing["post_editing"] != "") {
				t.Errorf("editing %+v, why %q", got.PostEditing, got.WhyMissing["post_editing"])
			}
			if warnings := strings.Join(got.Warnings, "\n"); !strings.Contains(warnings, c.warn) {
				t.Errorf("warnings %q, want %q", warnings, c.warn)
			}
		})
	}
}

// TestUnusableAnswersKeepNoWord, and weeks after the one asked for are left out.
func TestUnusableAnswersKeepNoWord(t *testing.T) {
	given := append(edits("now", 0, 20, [2]float64{50, 70}, [2]float64{0.5, 0.7}), edits("next", 20, 20, [2]float64{30, 50}, [2]float64{1, 1})...)
	given[20].Outcome, given[20].WordsKept = eval.Unusable, nil
	got := analysed(t, compared(given...), Options{})
	candidate := got.PostEditing.Candidate
	if !near(*candidate.WordsKept, 0.95) || candidate.Unusable != 1 || candidate.Timed != 19 || !near(*candidate.Unchanged, 0.95) {
		t.Errorf("candidate %+v", candidate)
	}
	for i := range given {
		given[i].Week = 2
	}
	data := compared(given...)
	if later := analysed(t, data, Options{ThroughWeek: 1}); later.PostEditing != nil {
		t.Errorf("through week 1: %+v", later.PostEditing)
	}
}
