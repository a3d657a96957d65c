package stats

import (
	"errors"
	"math"
	"testing"
)

// The counts and the indices with their intervals of the investigators are those of
// Houweling et al. (2014), table 2, as the README of JuliaHealth/BlindingIndex prints
// them to three digits; those of CRISP are the counts of Bang et al. (2004), table 7,
// whose indices follow by hand: (82−25)/277 and (29−27)/139 with the variance
// (p_c + p_w − (p_c−p_w)²)/n.
func TestBlindingIndices(t *testing.T) {
	for _, c := range []struct {
		name               string
		control, candidate Guesses
		james              Interval
		bang               [2]Interval
		tolerance          float64
	}{
		{
			"Houweling investigators",
			Guesses{Correct: 30, Wrong: 22, DontKnow: 319},
			Guesses{Correct: 48, Wrong: 4, DontKnow: 330},
			Interval{0.896, 0.011, 0.875, 0.918},
			[2]Interval{{0.022, 0.019, -0.016, 0.06}, {0.115, 0.018, 0.08, 0.15}},
			6e-4,
		},
		{
			"CRISP",
			Guesses{Correct: 29, Wrong: 27, DontKnow: 83},
			Guesses{Correct: 82, Wrong: 25, DontKnow: 170},
			Interval{0.747928, 0.021737, 0.705323, 0.790533}, // printed as 0.75; error: see TestJamesVariance
			[2]Interval{
				{2.0 / 139, math.Sqrt((56.0/139 - 4.0/139/139) / 139), 2.0/139 - 1.959964*0.053823, 2.0/139 + 1.959964*0.053823},
				{57.0 / 277, math.Sqrt((107.0/277 - 57.0*57/277/277) / 277), 57.0/277 - 1.959964*0.035238, 57.0/277 + 1.959964*0.035238},
			},
			2e-4,
		},
		{
			"random guesses",
			Guesses{Correct: 50, Wrong: 50},
			Guesses{Correct: 50, Wrong: 50},
			Interval{0.5, 0.035355, 0.430705, 0.569295}, // K = 0, its error that of a share of ½ in 200
			[2]Interval{{0, 0.1, -0.195996, 0.195996}, {0, 0.1, -0.195996, 0.195996}},
			1e-5,
		},
		{
			"all right",
			Guesses{Correct: 40},
			Guesses{Correct: 40},
			Interval{0, 0, 0, 0.045819}, // z²/(80+z²)
			[2]Interval{{1, 0, 1 - 2*0.087622, 1}, {1, 0, 1 - 2*0.087622, 1}},
			1e-5,
		},
		{
			"nobody knows",
			Guesses{DontKnow: 40},
			Guesses{DontKnow: 40},
			Interval{1, 0, 1 - 0.045819, 1},
			[2]Interval{{0, 0, -0.087622, 0.087622}, {0, 0, -0.087622, 0.087622}},
			1e-5,
		},
	} {
		t.Run(c.name, func(t *testing.T) {
			got, err := BlindingIndices(c.control, c.candidate, 0.95)
			if err != nil {
				t.Fatal(err)
			}
			nearInterval(t, "James", got.James, c.james, c.tolerance)
			nearInterval(t, "Bang of the control", got.Bang[0], c.bang[0], c.tolerance)
			nearInterval(t, "Bang of the candidate", got.Bang[1], c.bang[1], c.tolerance)
		})
	}
}

func nearInterval(t *testing.T, what string, got, want Interval, tolerance float64) {
	t.Helper()
	for _, pair := range [][2]float64{
		{got.Estimate, want.Estimate}, {got.StandardError, want.StandardError}, {got.Low, want.Low}, {got.High, want.High},
	} {
		if !(math.Abs(pair[0]-pair[1]) <= tolerance) {
			t.Errorf("%s: got %+v, want %+v", what, got, want)
			return
		}
	}
}

// TestJamesVariance compares the delta method with its derivatives taken numerically.
func TestJamesVariance(t *testing.T) {
	counts := []int{29, 27, 83, 82, 25, 170}
	index := func(shift int, by float64) float64 {
		x := make([]float64, 6)
		n := 0.0
		for i, c := range counts {
			x[i] = float64(c)
			if i == shift {
				x[i] += by
			}
			n += x[i]
		}
		q, w := (x[0]+x[1]+x[3]+x[4])/n, (x[1]+x[4])/n
		expected := ((x[1]+x[3])*(x[0]+x[1]) + (x[4]+x[0])*(x[3]+x[4])) / (n * n)
		kappa := (0.5*w/q - 0.5*expected/(q*q)) / (0.5 * expected / (q * q))
		return (1 + (1 - q) + q*kappa) / 2
	}
	// Poisson counts: the index does not depend on their total, so that the variance is
	// that of multinomial ones.
	variance := 0.0
	for i, c := range counts {
		slope := (index(i, 0.01) - index(i, -0.01)) / 0.02
		variance += slope * slope * float64(c)
	}
	got, err := BlindingIndices(Guesses{29, 27, 83}, Guesses{82, 25, 170}, 0.95)
	if err != nil {
		t.Fatal(err)
	}
	if math.Abs(got.James.Estimate-index(0, 0)) > 1e-12 || math.Abs(got.James.StandardError-math.Sqrt(variance)) > 1e-6 {
		t.Errorf("got %+v, want %v with standard error %v", got.James, index(0, 0), math.Sqrt(variance))
	}
}

func TestBlindingIndicesRefuse(t *testing.T) {
	for _, c := range []struct {
		control, candidate Guesses
		level              float64
		missing            bool
	}{
		{Guesses{}, Guesses{Correct: 3}, 0.95, true},
		{Guesses{DontKnow: 9}, Guesses{Correct: 3}, 0.95, true},
		{Guesses{Correct: -1, Wrong: 4}, Guesses{Correct: 3}, 0.95, false},
		{Guesses{Correct: 1, Wrong: 4}, Guesses{Correct: 3}, 1, false},
	} {
		_, err := BlindingIndices(c.control, c.candidate, c.level)
		if _, ok := errors.AsType[*MissingError](err); err == nil || ok != c.missing {
			t.Errorf("%+v %+v at %v: got %v", c.control, c.candidate, c.level, err)
		}
	}
}
