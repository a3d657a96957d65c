package stats

import (
	"errors"
	"math"
	"math/rand/v2"
	"strings"
	"testing"
)

// TestCombineByHand follows the calculation with four tasks of people and two of judges.
func TestCombineByHand(t *testing.T) {
	people := []Observation{
		{Score: 1, Weight: 1, Task: 1, Cluster: 1, Rater: 1},
		{Score: 0, Weight: 1, Task: 2, Cluster: 2, Rater: 1},
		{Score: 1, Weight: 1, Task: 3, Cluster: 3, Rater: 1},
		{Score: 0.5, Weight: 1, Task: 4, Cluster: 4, Rater: 1},
	}
	judge := []JudgeScore{
		{Score: 1, Task: 1, Cluster: 1},
		{Score: 0.5, Task: 2, Cluster: 2},
		{Score: 1, Task: 3, Cluster: 3},
		{Score: 0.5, Task: 4, Cluster: 4},
		{Score: 0.5, Weight: 1, Task: 5, Cluster: 5},
		{Score: 0, Weight: 1, Task: 6, Cluster: 6},
	}
	got, err := Combine(people, judge, false)
	if err != nil {
		t.Fatal(err)
	}
	// Y = 1, 0, 1, ½ with mean 5/8; f = 1, ½, 1, ½ with mean 3/4. Cov(Y,f) = (3/8·1/4 +
	// 5/8·1/4 + 3/8·1/4 + 1/8·1/4)/3 = 1/8. All f: 1, ½, 1, ½, ½, 0 with mean 7/12 and
	// variance (2·25/144 + 3·1/144 + 49/144)/5 = 102/720.
	lambda := (1.0 / 8) / ((1 + 4.0/2) * (102.0 / 720))
	estimate := 5.0/8 + lambda*(1.0/4-3.0/4)
	// Y − λf less its mean, squared, over n−1 and n; λ²Var(f)/N of ½ and 0.
	onTasks := 0.0
	for i, y := range []float64{1, 0, 1, 0.5} {
		d := y - 5.0/8 - lambda*([]float64{1, 0.5, 1, 0.5}[i]-3.0/4)
		onTasks += d * d / (3 * 4)
	}
	onJudges := lambda * lambda * (1.0 / 8) / 2
	variance := onTasks + onJudges
	df := variance * variance / (onTasks*onTasks/3 + onJudges*onJudges/1)
	for what, pair := range map[string][2]float64{
		"lambda": {got.Lambda, lambda}, "estimate": {got.Estimate, estimate}, "variance": {got.Variance, variance},
		"judges' part": {got.VarianceJudge, onJudges}, "df": {got.DF, df}, "people": {got.PeopleMean, 5.0 / 8},
		"judge": {got.JudgeMean, 0.75}, "judge only": {got.JudgeOnlyMean, 0.25},
	} {
		if math.Abs(pair[0]-pair[1]) > 1e-12 {
			t.Errorf("%s: got %v, want %v", what, pair[0], pair[1])
		}
	}
	if got.Labelled != 4 || got.JudgeOnlyTasks != 2 || got.Tasks != 4 {
		t.Errorf("counts: %+v", got)
	}
}

// TestUselessJudge: a judge who does not vary, or who is contrary, changes nothing.
func TestUselessJudge(t *testing.T) {
	for _, judgeOf := range []func(score float64) float64{
		func(float64) float64 { return 0.5 },
		func(score float64) float64 { return 1 - score },
	} {
		p := usual.draw(rand.New(rand.NewPCG(1, 7)))
		mean := map[int]float64{}
		for _, o := range p.people {
			mean[o.Task] += o.Score / 2
		}
		for i := range p.judge {
			p.judge[i].Score = judgeOf(mean[p.judge[i].Task])
		}
		combined, err := Combine(p.people, p.judge, true)
		if err != nil {
			t.Fatal(err)
		}
		alone, err := Mean(p.people, true)
		if err != nil {
			t.Fatal(err)
		}
		sameNumbers(t, "people alone", combined.WeightedMean, alone)
		if combined.Lambda != 0 || combined.VarianceJudge != 0 {
			t.Errorf("lambda %v, judges' variance %v, want 0", combined.Lambda, combined.VarianceJudge)
		}
	}
}

// TestCombinedCoverage draws pilots with a judge biased by ten points and looks how
// often the combined interval holds the true win rate, and how much narrower it is.
func TestCombinedCoverage(t *testing.T) {
	settings := pilotSettings{tasks: 240, labelled: 80, raters: 8, quality: 0.55, taste: 0.05, bias: 0.1}
	random := rand.New(rand.NewPCG(1, 8))
	const pilots = 1000
	truth := 0.1 + 0.8*settings.quality
	held, judgeHeld, width, alone := 0, 0, 0.0, 0.0
	for range pilots {
		p := settings.draw(random)
		combined, err := Combine(p.people, p.judge, true)
		if err != nil {
			t.Fatal(err)
		}
		interval, err := combined.WinRateInterval(ZForLevel(0.95))
		if err != nil {
			t.Fatal(err)
		}
		if interval.Low <= truth && truth <= interval.High {
			held++
		}
		people, err := Mean(p.people, true)
		if err != nil {
			t.Fatal(err)
		}
		width += combined.Variance
		alone += people.Variance
		judges := make([]Observation, len(p.judge))
		for i, s := range p.judge {
			judges[i] = Observation{Score: s.Score, Weight: 1, Task: s.Task, Cluster: s.Cluster}
		}
		judge, err := Mean(judges, false)
		if err != nil {
			t.Fatal(err)
		}
		if interval, err := judge.WinRateInterval(ZForLevel(0.95)); err == nil && interval.Low <= truth && truth <= interval.High {
			judgeHeld++
		}
	}
	t.Logf("coverage %.1f %%, of the judge alone %.1f %%; variance %.2f of people alone", 100*float64(held)/pilots, 100*float64(judgeHeld)/pilots, width/alone)
	if share := float64(held) / pilots; share < 0.935 || share > 0.985 {
		t.Errorf("the interval held the truth in %.1f %% of pilots", 100*share)
	}
	if judgeHeld > pilots/2 || width >= alone {
		t.Errorf("the judge alone held in %d pilots, variance %v against %v of people alone: not the case meant", judgeHeld, width, alone)
	}
}

// TestPeopleOnHardTasks: judges score what people rated otherwise than the rest.
func TestPeopleOnHardTasks(t *testing.T) {
	p := usual.draw(rand.New(rand.NewPCG(1, 9)))
	random, err := Combine(p.people, p.judge, true)
	if err != nil {
		t.Fatal(err)
	}
	for i := range p.judge {
		if i < usual.labelled {
			p.judge[i].Score *= 0.4
		}
	}
	chosen, err := Combine(p.people, p.judge, true)
	if err != nil {
		t.Fatal(err)
	}
	if random.DifferenceP < 0.01 || chosen.DifferenceP > 0.001 {
		t.Errorf("p %v for tasks chosen by chance, %v for hard ones", random.DifferenceP, chosen.DifferenceP)
	}
}

// TestSharedClusters: where people's and judges' tasks come from the same clusters, the
// combined variance grows by their covariance, unless that is negative.
func TestSharedClusters(t *testing.T) {
	people, judge := biased(func(task int) float64 { return 0.1 * float64(task%3) })
	further := func(clusters int, scoreOf func(cluster int) float64) []JudgeScore {
		scores := append([]JudgeScore(nil), judge...)
		for i := range 60 {
			cluster := i % clusters
			scores = append(scores, JudgeScore{Score: scoreOf(cluster % 40), Weight: 1, Task: 100 + i, Cluster: cluster})
		}
		return scores
	}
	same := func(cluster int) float64 { return people[cluster].Score }
	opposite := func(cluster int) float64 { return 0.5 - people[cluster].Score }
	var parts [2]float64
	for i, scores := range [][]JudgeScore{further(40, opposite), further(40, same)} {
		combined, err := Combine(people, scores, false)
		if err != nil {
			t.Fatal(err)
		}
		only, err := newJudged(people, scores)
		if err != nil {
			t.Fatal(err)
		}
		mean, err := Mean(only.judgeOnly, false)
		if err != nil {
			t.Fatal(err)
		}
		if combined.Lambda == 0 {
			t.Fatal("the judge is not used: not the case meant")
		}
		parts[i] = combined.VarianceJudge / (combined.Lambda * combined.Lambda * mean.Variance)
	}
	if math.Abs(parts[0]-1) > 1e-12 {
		t.Errorf("opposite scores: the judges' part is %v of their own variance, want 1", parts[0])
	}
	if parts[1] < 1.05 {
		t.Errorf("like scores: the judges' part is %v of their own variance, want more than 1", parts[1])
	}
}

func TestCombineRefuses(t *testing.T) {
	p := usual.draw(rand.New(rand.NewPCG(1, 11)))
	twice := append(append([]JudgeScore(nil), p.judge...), p.judge[3])
	for name, c := range map[string]struct {
		people []Observation
		judge  []JudgeScore
		why    string // of a MissingError, or of another where it starts with "!"
	}{
		"no people":          {nil, p.judge, "no observations"},
		"no judge":           {p.people, nil, "0 tasks rated by people and judges and 0 by judges alone"},
		"no further tasks":   {p.people, p.judge[:usual.labelled], "60 tasks rated by people and judges and 0 by judges alone"},
		"no tasks in common": {p.people, p.judge[usual.labelled:], "0 tasks rated by people and judges"},
		"a task twice":       {p.people, twice, "!task 3 has a second score"},
	} {
		_, err := Combine(c.people, c.judge, true)
		_, isMissing := errors.AsType[*MissingError](err)
		want := strings.TrimPrefix(c.why, "!")
		if err == nil || !strings.Contains(err.Error(), want) || isMissing == strings.HasPrefix(c.why, "!") {
			t.Errorf("%s: got %v, want %q", name, err, want)
		}
	}
}

// TestUnratedByJudge: tasks that no judge rated count with people's scores alone.
func TestUnratedByJudge(t *testing.T) {
	p := usual.draw(rand.New(rand.NewPCG(1, 12)))
	got, err := Combine(p.people, p.judge[10:], true)
	if err != nil {
		t.Fatal(err)
	}
	alone, err := Mean(p.people, true)
	if err != nil {
		t.Fatal(err)
	}
	if got.Labelled != usual.labelled-10 || got.Tasks != usual.labelled || math.Abs(got.PeopleMean-alone.Estimate) > 1e-15 {
		t.Errorf("got %+v", got)
	}
}

func TestJudgeFactor(t *testing.T) {
	got, err := JudgeFactor(0.5, 100, 300)
	if err != nil || got != 1-0.25*0.75 {
		t.Errorf("got %v, %v, want 1 − r²N/(n+N)", got, err)
	}
}
