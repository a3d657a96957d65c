package stats

import (
	"math"
	"math/rand/v2"
	"testing"

	"gonum.org/v1/gonum/floats/scalar"
)

// TestMeansOfArmsOfPairs: where both arms have the same tasks, the ratio is that of pairs.
func TestMeansOfArmsOfPairs(t *testing.T) {
	random := rand.New(rand.NewPCG(7, 8))
	for _, perCluster := range []int{1, 3} {
		var pairs []Pair
		var control, candidate []Observation
		for i := range 60 {
			p := Pair{Control: 20 + 90*random.Float64(), Weight: 0.5 + random.Float64(), Task: i, Cluster: 1000 + i/perCluster}
			p.Candidate = 0.5*p.Control + 30*random.Float64()
			pairs = append(pairs, p)
			control = append(control, Observation{Score: p.Control, Weight: p.Weight, Task: p.Task, Cluster: p.Cluster, Rater: NoRater})
			candidate = append([]Observation{{Score: p.Candidate, Weight: p.Weight, Task: p.Task, Cluster: p.Cluster, Rater: NoRater}}, candidate...)
		}
		want, err := Ratio(pairs)
		if err != nil {
			t.Fatal(err)
		}
		means, err := MeansOfArms(control, candidate)
		if err != nil {
			t.Fatal(err)
		}
		got, err := means.Ratio()
		if err != nil {
			t.Fatal(err)
		}
		for name, values := range map[string][2]float64{
			"ratio": {got.Ratio, want.Ratio}, "v_x": {got.VarianceControl, want.VarianceControl}, "v_y": {got.VarianceCandidate, want.VarianceCandidate},
			"v_xy": {got.Covariance, want.Covariance}, "linear variance": {got.LinearVariance, want.LinearVariance},
			"df": {got.DF, want.DF}, "effective clusters": {got.EffectiveClusters, want.EffectiveClusters},
		} {
			if !scalar.EqualWithinAbsOrRel(values[0], values[1], 1e-9, 1e-9) {
				t.Errorf("%d a cluster: %s is %v, of pairs %v", perCluster, name, values[0], values[1])
			}
		}
	}
}

// TestMeansOfArmsByHand has two arms with one task in common.
//
// Control: tasks 1, 2, 3 with 10, 20, 60: mean 30, residuals −20, −10, 30, thirds of
// them −20/3, −10/3, 10; variance (400/9 + 100/9 + 100)/(1 − 1/3) = 700/3.
// Candidate: tasks 3, 4 with 30, 10: mean 20, halves of the residuals 5, −5; variance
// (25 + 25)/(1 − 1/2) = 100. Task 3 is in both: 10·5/(1 − 1/3·1/2) = 60.
func TestMeansOfArmsByHand(t *testing.T) {
	arm := func(values map[int]float64) (all []Observation) {
		for task := range 6 {
			if value, ok := values[task]; ok {
				all = append(all, Observation{Score: value, Weight: 1, Task: task, Cluster: task, Rater: NoRater})
			}
		}
		return all
	}
	m, err := MeansOfArms(arm(map[int]float64{1: 10, 2: 20, 3: 60}), arm(map[int]float64{3: 30, 4: 10}))
	if err != nil {
		t.Fatal(err)
	}
	r, err := m.Ratio()
	if err != nil {
		t.Fatal(err)
	}
	q := 2.0 / 3
	for name, values := range map[string][2]float64{
		"v_x": {r.VarianceControl, 700.0 / 3}, "v_y": {r.VarianceCandidate, 100}, "v_xy": {r.Covariance, 60}, "ratio": {r.Ratio, q},
		"linear variance": {r.LinearVariance, (100 - 2*q*60 + q*q*700/3) / 900}, "df": {r.DF, 1}, "clusters": {r.EffectiveClusters, 2}, "tasks": {float64(r.Tasks), 2},
	} {
		if !scalar.EqualWithinAbsOrRel(values[0], values[1], 1e-12, 1e-12) {
			t.Errorf("%s is %v, want %v", name, values[0], values[1])
		}
	}
	if _, err := r.FiellerInterval(1.96); err == nil {
		t.Error("an interval from two tasks")
	}
	if _, err := m.Difference(1.96); err == nil {
		t.Error("a difference from two tasks")
	}
	if apart, err := MeansOfArms(arm(map[int]float64{0: 1, 1: 3}), arm(map[int]float64{3: 30, 4: 10})); err != nil || apart.Covariance != 0 {
		t.Errorf("arms without a common task: covariance %v, %v", apart.Covariance, err)
	}
}

// TestArmMeansCover draws skewed editing times of arms that share a third of their tasks,
// with a common part for each task: the 95% intervals have to hold what they say.
func TestArmMeansCover(t *testing.T) {
	random := rand.New(rand.NewPCG(9, 10))
	const rounds, truth = 2000, 0.8
	ratioCovers, differenceCovers := 0, 0
	for range rounds {
		var control, candidate []Observation
		for task := range 90 {
			common := random.NormFloat64() * 0.5
			seconds := func(mean float64) Observation {
				return Observation{Score: mean * math.Exp(common+0.6*random.NormFloat64()-(0.25+0.36)/2), Weight: 1, Task: task, Cluster: task, Rater: NoRater}
			}
			if task%3 != 0 {
				control = append(control, seconds(100))
			}
			if task%3 != 1 {
				candidate = append(candidate, seconds(100*truth))
			}
		}
		means, err := MeansOfArms(control, candidate)
		if err != nil {
			t.Fatal(err)
		}
		ratio, err := means.Ratio()
		if err != nil {
			t.Fatal(err)
		}
		z := ZForLevel(0.95)
		if i, err := ratio.FiellerInterval(z); err == nil && i.Low <= truth && truth <= i.High {
			ratioCovers++
		}
		if i, err := means.Difference(z); err == nil && i.Low <= -20 && -20 <= i.High {
			differenceCovers++
		}
	}
	for name, covers := range map[string]int{"ratio": ratioCovers, "difference": differenceCovers} {
		if share := float64(covers) / rounds; share < 0.93 || share > 0.97 {
			t.Errorf("the %s is covered in %.1f%% of %d rounds, want about 95%%", name, 100*share, rounds)
		} else {
			t.Logf("%s: %.1f%%", name, 100*share)
		}
	}
}
