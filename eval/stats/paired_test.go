package stats

import (
	"errors"
	"math"
	"testing"
)

// checked are pairs of a single cluster each.
func checked(control, candidate []float64) []Pair {
	pairs := make([]Pair, len(control))
	for i := range pairs {
		pairs[i] = Pair{Control: control[i], Candidate: candidate[i], Weight: 1, Task: i, Cluster: i}
	}
	return pairs
}

// repeat returns n times a value.
func repeat(value float64, n int) []float64 {
	values := make([]float64, n)
	for i := range values {
		values[i] = value
	}
	return values
}

func TestPairedAccuracyWithoutVariation(t *testing.T) {
	// With 40 clusters and c = t_39 = 2.0226909, c²/(40+c²) = 0.0927911.
	const share = 0.0927911
	for _, c := range []struct{ control, candidate, low, high float64 }{
		{1, 1, -share, share},
		{0, 1, 1 - 2*share, 1},
		{1, 0, -1, -1 + 2*share},
		{0.5, 1, 0.5 - 1.5*share, 0.5 + 0.5*share},
	} {
		got, err := PairedAccuracy(checked(repeat(c.control, 40), repeat(c.candidate, 40)), ZForLevel(0.95))
		if err != nil {
			t.Fatal(err)
		}
		if math.Abs(got.Difference.Low-c.low) > 1e-6 || math.Abs(got.Difference.High-c.high) > 1e-6 {
			t.Errorf("%v against %v: got %+v, want %v to %v", c.candidate, c.control, got.Difference, c.low, c.high)
		}
	}
	if _, err := PairedAccuracy(checked(repeat(1, 19), repeat(1, 19)), 1.96); err == nil {
		t.Error("19 tasks: got no error")
	}
}

func TestPairedAccuracyCountsSingleChecks(t *testing.T) {
	control, candidate := repeat(1, 40), repeat(1, 40)
	control[0], candidate[1], candidate[2] = 0, 0, 0.5
	control[3], candidate[3] = 0, 0
	got, err := PairedAccuracy(checked(control, candidate), 1.96)
	if err != nil {
		t.Fatal(err)
	}
	if got.BothPass != 36 || got.OnlyCandidate != 1 || got.OnlyControl != 1 || got.NeitherPass != 1 {
		t.Errorf("got %+v", got)
	}
	if math.Abs(got.Control-38.0/40) > 1e-12 || math.Abs(got.Candidate-37.5/40) > 1e-12 || math.Abs(got.Difference.Estimate+0.5/40) > 1e-12 {
		t.Errorf("got %v and %v", got.Control, got.Candidate)
	}
}

func TestMcNemar(t *testing.T) {
	for _, c := range []struct {
		b, c  int
		exact float64
		mid   float64
		chi   float64
	}{
		{0, 0, 1, 1, 1},
		{3, 3, 1, 1, 1}, // mid p: 2·42/64 − 20/64
		{0, 5, 2.0 / 32, 1.0 / 32, 0.025347318677468325}, // χ² = 5
		{1, 7, 18.0 / 256, 10.0 / 256, 0.033894853524689274},
	} {
		got, err := McNemar(c.b, c.c)
		if err != nil {
			t.Fatal(err)
		}
		if math.Abs(got.Exact-c.exact) > 1e-12 || math.Abs(got.MidP-c.mid) > 1e-12 || math.Abs(got.ChiSquare-c.chi) > 1e-12 {
			t.Errorf("%d and %d: got %+v, want %v, %v, %v", c.b, c.c, got, c.exact, c.mid, c.chi)
		}
	}
	if _, err := McNemar(-1, 3); err == nil {
		t.Error("a negative number: got no error")
	}
}

// TestClopperPearsonLimits: with no success in n the upper limit is 1 − (α/2)^(1/n), and
// the limits of k are those of n − k mirrored.
func TestClopperPearsonLimits(t *testing.T) {
	low, high, err := ClopperPearson(0, 30, 0.95)
	if err != nil || low != 0 || math.Abs(high-(1-math.Pow(0.025, 1.0/30))) > 1e-12 {
		t.Errorf("0 of 30: %v to %v, %v", low, high, err)
	}
	for k := range 31 {
		low, high, err1 := ClopperPearson(k, 30, 0.9)
		mirroredLow, mirroredHigh, err2 := ClopperPearson(30-k, 30, 0.9)
		if errors.Join(err1, err2) != nil || math.Abs(low+mirroredHigh-1) > 1e-9 || math.Abs(high+mirroredLow-1) > 1e-9 {
			t.Errorf("%d of 30: %v to %v, mirrored %v to %v", k, low, high, mirroredLow, mirroredHigh)
		}
	}
	for _, c := range [][2]int{{1, 0}, {-1, 5}, {6, 5}} {
		if _, _, err := ClopperPearson(c[0], c[1], 0.95); err == nil {
			t.Errorf("%d of %d: got no error", c[0], c[1])
		}
	}
}

// TestExactRanks: with 5 differences without ties, all positive, P = 2/2⁵; with ranks 1
// negative, 2·2/2⁵.
func TestExactRanks(t *testing.T) {
	for _, c := range []struct {
		differences []float64
		w, p        float64
	}{
		{[]float64{1, 2, 3, 4, 5}, 0, 2.0 / 32},
		{[]float64{-1, 2, 3, 4, 5}, 1, 4.0 / 32},
		{[]float64{-1, -2, 3, 4, 5, 0}, 3, 10.0 / 32}, // sums 0, 1, 2, 3 and 1+2
		{[]float64{1, -2, -3, 4}, 5, 1},               // the middle of 10
	} {
		got, err := Wilcoxon(c.differences)
		if err != nil || !got.Exact || got.W != c.w || math.Abs(got.P-c.p) > 1e-15 {
			t.Errorf("%v: got %+v, %v, want W %v, p %v", c.differences, got, err, c.w, c.p)
		}
	}
	tied, err := Wilcoxon([]float64{1, 1, -1, 2})
	if err != nil || tied.Exact {
		t.Errorf("ties: got %+v, %v", tied, err)
	}
	for _, none := range [][]float64{nil, {0, 0}} {
		if _, err := SignTest(none); err == nil {
			t.Errorf("%v: got no error", none)
		}
	}
}

func TestEquivalenceNeedsLimitsInOrder(t *testing.T) {
	mean, err := Mean(gradeDifferences(t, false), false)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := mean.Equivalence(0.3, -0.3); err == nil {
		t.Error("limits the wrong way round: got no error")
	}
}
