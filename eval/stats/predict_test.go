package stats

import (
	"math"
	"math/rand/v2"
	"testing"
)

func TestPredictedByHand(t *testing.T) {
	// 0.4 measured on 25 tasks with standard error 0.02, for 100 further ones that cost 50.
	got := Predicted(50, Measured{Estimated{Value: 0.4, Variance: 0.0004, DF: 24}, 25}, 100)
	near(t, "the sum", got.Value, 20, 1e-12)
	near(t, "its variance", got.Variance, 2500*0.0004*1.25, 1e-12)
	near(t, "the degrees of freedom", got.DF, 24, 0)
	many := Predicted(50, Measured{Estimated{Value: 0.4, Variance: 0.0004, DF: 24}, 25}, math.MaxInt32)
	near(t, "the variance of very many", many.Variance, 1, 1e-6)
	for _, none := range []Estimated{Predicted(0, Measured{}, 5), Predicted(5, Measured{}, 0)} {
		if none.Value != 0 || none.Variance != 0 || !math.IsInf(none.DF, 1) {
			t.Errorf("of nothing: got %+v, want an exact 0", none)
		}
	}
}

// TestPredictedCoverage draws a pilot and a log of the same skewed costs: the interval
// holds what the log's tasks truly cost in about 95% of draws, where that of the mean
// alone misses far more often.
func TestPredictedCoverage(t *testing.T) {
	random := rand.New(rand.NewPCG(11, 3))
	const draws, pilot, log = 2000, 60, 40
	draw := func() (x, y float64) {
		x = math.Exp(0.7 * random.NormFloat64())
		return x, 0.5 * x * math.Exp(0.4*random.NormFloat64()-0.08)
	}
	holds, alone := 0, 0
	for range draws {
		pairs := make([]Pair, pilot)
		for i := range pairs {
			x, y := draw()
			pairs[i] = Pair{Control: x, Candidate: y, Weight: 1, Task: i, Cluster: i}
		}
		ratio, err := Ratio(pairs)
		if err != nil {
			t.Fatal(err)
		}
		amount, truth := 0.0, 0.0
		for range log {
			x, y := draw()
			amount, truth = amount+x, truth+y
		}
		measured := Measured{Estimated{Value: ratio.Ratio, Variance: ratio.LinearVariance, DF: ratio.DF}, ratio.EffectiveClusters}
		within := func(e Estimated) bool {
			limits, err := e.Interval(ZForLevel(0.95))
			if err != nil {
				t.Fatal(err)
			}
			return limits.Low <= truth && truth <= limits.High
		}
		if within(Predicted(amount, measured, log)) {
			holds++
		}
		if within(Estimated{Value: amount * ratio.Ratio, Variance: amount * amount * ratio.LinearVariance, DF: ratio.DF}) {
			alone++
		}
	}
	t.Logf("the prediction holds in %.1f%% of draws, the mean's interval in %.1f%%", 100*float64(holds)/draws, 100*float64(alone)/draws)
	if holds < draws*92/100 || holds > draws*97/100 {
		t.Errorf("the prediction holds in %d of %d draws, want 92 to 97%%", holds, draws)
	}
	if alone > draws*85/100 {
		t.Errorf("the mean's interval holds in %d of %d draws: the test shows nothing", alone, draws)
	}
}

func TestDegreesOfFreedomComeBack(t *testing.T) {
	z := ZForLevel(0.95)
	for _, df := range []float64{0.5, 1, 2.7, 9, 29.7, 54, 1000} {
		half := TCritical(z, df) * 0.03
		near(t, "degrees of freedom", DegreesOfFreedom(half, 0.03, z), df, 1e-4*df)
	}
	for what, got := range map[string]float64{
		"a normal interval": DegreesOfFreedom(z*0.03, 0.03, z), "no variance": DegreesOfFreedom(0, 0, z), "narrower": DegreesOfFreedom(0.01, 0.03, z),
	} {
		if !math.IsInf(got, 1) {
			t.Errorf("%s: got %v degrees of freedom, want +Inf", what, got)
		}
	}
	if got := DegreesOfFreedom(1e12, 1, z); got > 0.2 {
		t.Errorf("of a huge interval: got %v", got)
	}
}
