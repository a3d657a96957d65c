package stats

import (
	"math"
	"math/rand/v2"
	"sync"
	"testing"

	"gonum.org/v1/gonum/mathext"
)

// drawnFractions draws looks at increasing information, some close together.
func drawnFractions(random *rand.Rand) []float64 {
	var fractions []float64
	for at := 0.0; len(fractions) < 8; {
		at += 0.015 + 0.3*random.Float64()*random.Float64()
		if at >= 1 {
			break
		}
		if informative(at, append(fractions, 0)[max(0, len(fractions)-1)]) {
			fractions = append(fractions, at)
		}
	}
	return append(fractions, 1)
}

// The interpolated boundary is that of the integration itself, and the repeated
// p-value that of a search with it.
func TestScheduleEqualsSearch(t *testing.T) {
	random := rand.New(rand.NewPCG(3, 4))
	worst, worstP := 0.0, 0.0
	for range 60 {
		fractions := drawnFractions(random)
		looks := schedules.begin()
		for k, fraction := range fractions {
			looks = looks.next(fraction)
			x := -mathext.NormalQuantile(math.Exp(-20*random.Float64()*random.Float64()) * 0.3)
			exact, _ := excess(fractions[:k+1], 0, x)
			if exact < 6 {
				worst = max(worst, math.Abs(looks.bound(x)-exact))
			}
			z := 5 * random.Float64()
			want, err := RepeatedP(fractions[:k+1], z)
			if err != nil {
				t.Fatal(err)
			}
			if want > 0.5 || looks.bound(leastX) > z {
				continue
			}
			got := max(2*normalSurvival(looks.repeated(z, leastX)), MinP)
			worstP = max(worstP, math.Abs(math.Log(got/want)))
		}
	}
	if worst > 2e-6 || worstP > 1e-6 {
		t.Errorf("boundaries differ by up to %.2g, p-values by up to a part of %.2g", worst, worstP)
	}
}

// What a design says does not depend on what was asked before or at the same time.
func TestScheduleForgetsNothingThatMatters(t *testing.T) {
	evaluate := func(drift float64) []LookResult {
		results, err := DefaultDesign(6, 300).Evaluate(weekly(6, drift))
		if err != nil {
			t.Error(err)
		}
		return results
	}
	drifts := []float64{0, 1, 2, 3, 4.5, 9}
	want := map[float64][]LookResult{}
	for _, drift := range drifts {
		schedules.kept = mostKept + 1 // nothing is known
		want[drift] = evaluate(drift)
	}
	schedules.kept = mostKept + 1
	var group sync.WaitGroup
	for i := range 8 {
		group.Go(func() {
			for k := range drifts {
				drift := drifts[(i+k)%len(drifts)]
				for j, got := range evaluate(drift) {
					if got != want[drift][j] {
						t.Errorf("drift %v, look %d: %+v, alone %+v", drift, j+1, got, want[drift][j])
					}
				}
			}
		})
	}
	group.Wait()
}
