package stats_test

import (
	"errors"
	"math"
	"math/rand/v2"
	"testing"

	"gonum.org/v1/gonum/floats/scalar"

	"modeltrial/eval/stats"
)

// TestOneWayComponents: the values of the worked example follow by hand from the
// formulas. Groups (1,2,3) and (5,7): means 2 and 6, grand 18/5; SSW 2+2, N−k 3; SSB
// 3·1.6²+2·2.4² = 19.2; n₀ = (5−13/5)/1 = 2.4.
func TestOneWayComponents(t *testing.T) {
	got, err := stats.OneWayComponents([][]float64{{1, 2, 3}, {5, 7}})
	if err != nil {
		t.Fatal(err)
	}
	want := stats.OneWay{Mean: 3.6, Within: 4.0 / 3, Between: (19.2 - 4.0/3) / 2.4}
	for _, pair := range [][2]float64{{got.Mean, want.Mean}, {got.Within, want.Within}, {got.Between, want.Between}, {got.NoiseShare(), want.Within / (want.Within + want.Between)}} {
		if !scalar.EqualWithinAbsOrRel(pair[0], pair[1], 1e-12, 1e-12) {
			t.Errorf("got %+v, want %+v", got, want)
		}
	}
	same, err := stats.OneWayComponents([][]float64{{2, 2}, {2, 2}})
	if err != nil || same.Within != 0 || same.Between != 0 || !math.IsNaN(same.NoiseShare()) {
		t.Errorf("values that do not vary give %+v, %v", same, err)
	}
	var missing *stats.MissingError
	for name, groups := range map[string][][]float64{"none": nil, "one task": {{1, 2}}, "single values": {{1}, {2}, {3}}} {
		if _, err := stats.OneWayComponents(groups); !errors.As(err, &missing) {
			t.Errorf("%s: got %v, want a MissingError", name, err)
		}
	}
	if _, err := stats.OneWayComponents([][]float64{{1, math.NaN()}, {2, 3}}); err == nil || errors.As(err, &missing) {
		t.Errorf("NaN: got %v, want an error", err)
	}
}

// TestOneWayComponentsAreUnbiased draws tasks of standard deviation 3 with noise of 2,
// with 2 to 4 values each.
func TestOneWayComponentsAreUnbiased(t *testing.T) {
	random := rand.New(rand.NewPCG(7, 0))
	const draws, tasks = 400, 30
	var within, between float64
	for range draws {
		groups := make([][]float64, tasks)
		for i := range groups {
			task := 3 * random.NormFloat64()
			for range 2 + random.IntN(3) {
				groups[i] = append(groups[i], task+2*random.NormFloat64())
			}
		}
		o, err := stats.OneWayComponents(groups)
		if err != nil {
			t.Fatal(err)
		}
		within += o.Within / draws
		between += o.Between / draws
	}
	if !scalar.EqualWithinRel(within, 4, 0.05) || !scalar.EqualWithinRel(between, 9, 0.05) {
		t.Errorf("variances are %.2f and %.2f on average, want 4 and 9", within, between)
	}
}
