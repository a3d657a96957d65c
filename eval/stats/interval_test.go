package stats

import (
	"math"
	"testing"
)

// flat are tasks of constant cost, with spread added to every second candidate.
func flat(tasks int, control, candidate, spread float64) []Pair {
	pairs := make([]Pair, tasks)
	for i := range pairs {
		pairs[i] = Pair{Control: control, Candidate: candidate, Weight: 1, Task: i, Cluster: i}
		if i%2 == 0 {
			pairs[i].Candidate += spread
		}
	}
	return pairs
}

func TestRatioTestOfFlatPrices(t *testing.T) {
	inf := math.Inf(1)
	for _, c := range []struct {
		name       string
		candidate  float64
		z, p, look float64 // look is the p-value of a design with this one look
	}{
		{"cheaper", 0.002, inf, MinP, 0},
		{"dearer", 0.0095, -inf, 1, 1},
		{"at the limit", 0.009, 0, 1, 1}, // 0.9·0.01 − 0.009 is not 0 in doubles
	} {
		t.Run(c.name, func(t *testing.T) {
			pairs := flat(40, 0.01, c.candidate, 0)
			test, err := RatioTest(pairs, 0.9)
			if err != nil {
				t.Fatal(err)
			}
			if test.Z != c.z || test.Statistic != c.z || test.P != c.p {
				t.Errorf("got z %v, statistic %v, p %v, want %v, %v, %v", test.Z, test.Statistic, test.P, c.z, c.z, c.p)
			}
			looks, err := DefaultDesign(4, 160).Evaluate([]Look{{Week: 1, Tasks: 40, Z: test.Z}, {Week: 2, Tasks: 80, Z: test.Z}})
			if err != nil {
				t.Fatal(err)
			}
			if got := looks[1].P; math.Abs(got-c.look) > 1e-12 {
				t.Errorf("sequential p-value: got %v, want %v", got, c.look)
			}
			ratio, err := Ratio(pairs)
			if err != nil {
				t.Fatal(err)
			}
			for _, z := range []float64{1.96, 4.5, inf} {
				got, err := ratio.FiellerInterval(z)
				if err != nil || got.Low != ratio.Ratio || got.High != ratio.Ratio || got.StandardError != 0 {
					t.Errorf("interval at z %v: got %+v, %v, want the ratio %v alone", z, got, err, ratio.Ratio)
				}
			}
		})
	}
	if _, err := RatioTest(flat(MinTasks-1, 0.01, 0.002, 0), 0.9); err == nil {
		t.Error("too few tasks: got no error")
	}
}

// TestRatioTestNearFlatPrices lets the spread shrink: statistic and p-value go to
// those of the flat price.
func TestRatioTestNearFlatPrices(t *testing.T) {
	previous := 0.0
	for _, spread := range []float64{1e-3, 1e-5, 1e-7, 1e-9, 1e-12, 1e-15, 0} {
		test, err := RatioTest(flat(40, 0.01, 0.002, spread), 0.9)
		if err != nil {
			t.Fatal(err)
		}
		if test.Z < previous || test.P > 1e-30 {
			t.Errorf("spread %v: z %v after %v, p %v", spread, test.Z, previous, test.P)
		}
		previous = test.Z
	}
}
