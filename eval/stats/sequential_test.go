package stats

import (
	"encoding/json"
	"fmt"
	"math"
	"math/rand/v2"
	"os"
	"testing"

	"gonum.org/v1/gonum/floats/scalar"
)

// testdata/sequential.json holds looks drawn at random, K = 1, 2, 4 and 8 with even
// and uneven weeks and some looks in between, and what the plain integration named
// in its call gives for them.
func TestEvaluateEqualsPlainIntegration(t *testing.T) {
	text, err := os.ReadFile("testdata/sequential.json")
	if err != nil {
		t.Fatal(err)
	}
	var document struct {
		Call  string
		Cases []struct {
			Weeks, Planned int
			Looks          [][3]float64 // week, tasks, z
			Boundaries     []*float64   // null for +Inf
			Critical, P    []float64
		}
	}
	if err := json.Unmarshal(text, &document); err != nil {
		t.Fatal(err)
	}
	for i, c := range document.Cases {
		looks := make([]Look, len(c.Looks))
		for k, look := range c.Looks {
			looks[k] = Look{Week: int(look[0]), Tasks: int(look[1]), Z: look[2]}
		}
		results, err := DefaultDesign(c.Weeks, c.Planned).Evaluate(looks)
		if err != nil {
			t.Fatal(err)
		}
		for k, got := range results {
			boundary := math.Inf(1)
			if c.Boundaries[k] != nil {
				boundary = *c.Boundaries[k]
			}
			for _, pair := range [][2]float64{{got.Boundary, boundary}, {got.Critical, c.Critical[k]}, {got.P, c.P[k]}} {
				if !scalar.EqualWithinAbs(pair[0], pair[1], 1e-4) {
					t.Errorf("case %d, look %d: got %.12g, want %.12g (%s)", i, k+1, pair[0], pair[1], document.Call)
				}
			}
		}
	}
}

// The values come from an independent integration in Python: Z_1 and Z_2 given S_3
// have a closed form (a Brownian bridge is normal), so that three looks need one
// integral, by Simpson's rule with 8000 intervals, finer at the cut; boundaries by
// halving. A look that adds under 1e-4 before the end does not count.
func TestBoundariesWithSmallIncrements(t *testing.T) {
	inf := math.Inf(1)
	for _, c := range []struct{ fractions, want []float64 }{
		{[]float64{0.5, 1}, []float64{3.0896264, 2.0606650}},
		{[]float64{0.25, 0.5, 1}, []float64{4.5077306, 3.0899852, 2.0606697}},
		{[]float64{0.5, 0.501, 1}, []float64{3.0896264, 3.1342008, 2.0607656}},
		{[]float64{0.5, 0.5002, 1}, []float64{3.0896264, 3.1177091, 2.0606856}},
		{[]float64{0.5, 0.50002, 1}, []float64{3.0896264, inf, 2.0606650}},
		{[]float64{0.5, 0.500001, 1}, []float64{3.0896264, inf, 2.0606650}},
		{[]float64{0.5, 0.50004, 0.50008, 1}, []float64{3.0896264, inf, inf, 2.0606650}},
		{[]float64{0.5, 0.99995, 1}, []float64{3.0896264, 2.0607299, 2.0745975}},
		{[]float64{0.5, 0.999999, 1}, []float64{3.0896264, 2.0606663, 2.0632995}},
	} {
		got, err := Boundaries(c.fractions, 0.02)
		if err != nil {
			t.Fatal(err)
		}
		for k, want := range c.want {
			if math.IsInf(want, 1) {
				if !math.IsInf(got[k], 1) {
					t.Errorf("fractions %v: boundary %d is %v, want +Inf", c.fractions, k+1, got[k])
				}
				continue
			}
			if !scalar.EqualWithinAbs(got[k], want, 2e-5) {
				t.Errorf("fractions %v: boundary %d is %v, want %v", c.fractions, k+1, got[k], want)
			}
		}
	}
}

// The values come from the same integration with 20 nodes to a panel of one standard
// deviation, begun 9 below zero.
func TestBoundariesHaveConverged(t *testing.T) {
	for _, c := range []struct {
		alpha           float64
		fractions, want []float64
	}{
		{0.02, []float64{0.25, 0.5, 0.75, 1}, []float64{4.507730611396, 3.089985182604, 2.462307790070, 2.102675117079}},
		{1e-6, []float64{0.25, 0.5, 0.75, 1}, []float64{9.712896804336, 6.818918606169, 5.528000114860, 4.754625685569}},
		{0.02, []float64{0.1, 0.2, 0.5, 0.52, 0.8, 1}, []float64{7.263419151992, 5.071553133234, 3.089648731809, 3.093785512349, 2.370750225014, 2.116670787203}},
		{0.3, []float64{0.1, 0.2, 0.5, 0.52, 0.8, 1}, []float64{3.076468026793, 2.051123305236, 1.095786557006, 1.192441088608, 0.833501529330, 0.766085230135}},
		{0.02, []float64{0.3, 0.31, 0.9, 1}, []float64{4.089285671872, 4.071020509484, 2.192036994384, 2.142337703627}},
	} {
		got, err := Boundaries(c.fractions, c.alpha)
		if err != nil {
			t.Fatal(err)
		}
		for k, want := range c.want {
			if !scalar.EqualWithinAbs(got[k], want, 2e-7) {
				t.Errorf("alpha %v, fractions %v: boundary %d is %.12f, want %.12f", c.alpha, c.fractions, k+1, got[k], want)
			}
		}
	}
}

func TestLookWithoutNewInformation(t *testing.T) {
	design := DefaultDesign(4, 100_000)
	results, err := design.Evaluate([]Look{
		{Week: 1, Tasks: 50_000, Z: 2.5}, {Week: 2, Tasks: 50_002, Z: 9}, {Week: 4, Tasks: 100_000, Z: 2},
	})
	if err != nil {
		t.Fatal(err)
	}
	if got := results[1]; got.Fraction != 0 || !math.IsInf(got.Boundary, 1) {
		t.Errorf("two tasks more: fraction %v and boundary %v, want none", got.Fraction, got.Boundary)
	}
	if got, want := results[2].Boundary, 2.0606650; !scalar.EqualWithinAbs(got, want, 1e-6) { // as for .5, 1
		t.Errorf("last boundary: got %v, want %v", got, want)
	}
	if p, err := RepeatedP([]float64{0.5, 0.50002}, 9); err != nil || p != 1 {
		t.Errorf("repeated p-value without new information: got %v, %v, want 1", p, err)
	}
}

func TestInfiniteZ(t *testing.T) {
	for _, weeks := range []int{1, 2, 4, 12} {
		for _, z := range []float64{40, math.Inf(1), -40, math.Inf(-1)} {
			looks := make([]Look, weeks)
			for k := range looks {
				looks[k] = Look{Week: k + 1, Tasks: 50 * (k + 1), Z: z}
			}
			results, err := DefaultDesign(weeks, 50*weeks).Evaluate(looks)
			if err != nil {
				t.Fatal(err)
			}
			for k, got := range results {
				if z > 0 && !(got.P < 1e-20) || z < 0 && got.P != 1 {
					t.Errorf("%d weeks, z = %v: p = %v at look %d", weeks, z, got.P, k+1)
				}
				if math.IsNaN(got.Critical) || math.IsInf(got.Critical, 0) {
					t.Errorf("%d weeks, z = %v: critical value %v at look %d", weeks, z, got.Critical, k+1)
				}
			}
		}
	}
	// A z that grows without end meets its limit.
	for _, fractions := range [][]float64{{0.25}, {0.25, 0.5}, {0.25, 0.5, 1}} {
		finite, err := RepeatedP(fractions, 40)
		if err != nil {
			t.Fatal(err)
		}
		infinite, err := RepeatedP(fractions, math.Inf(1))
		if err != nil || infinite != finite || !(infinite < 1e-70) {
			t.Errorf("looks %v: p = %v at +Inf (%v), %v at 40, want equal and tiny", fractions, infinite, err, finite)
		}
	}
}

// weekly draws K even looks of a path with the given expected z at the end.
func weekly(weeks int, drift float64) []Look {
	random := rand.New(rand.NewPCG(1, 2))
	looks := make([]Look, weeks)
	step := 1 / float64(weeks)
	score := 0.0
	for k := range looks {
		score += drift*step + math.Sqrt(step)*random.NormFloat64()
		looks[k] = Look{Week: k + 1, Tasks: 50 * (k + 1), Z: score / math.Sqrt(float64(k+1)*step)}
	}
	return looks
}

func BenchmarkEvaluate(b *testing.B) {
	for _, weeks := range []int{4, 12, 26, 52} {
		for _, drift := range []float64{0, 4.5, 9} {
			b.Run(fmt.Sprintf("weeks=%d/drift=%v", weeks, drift), func(b *testing.B) {
				looks := weekly(weeks, drift)
				for b.Loop() {
					if _, err := DefaultDesign(weeks, 50*weeks).Evaluate(looks); err != nil {
						b.Fatal(err)
					}
				}
			})
		}
	}
}
