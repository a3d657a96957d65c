package stats

import (
	"fmt"
	"math"

	"gonum.org/v1/gonum/mathext"
)

// What references give of single looks and of an alpha without its interval: the
// estimators' own parts, asked one by one.

// Boundaries returns the one-sided boundaries c_1…c_K on the z scale for looks at
// the given information fractions (increasing, in (0,1]) that spend alpha by the
// O'Brien–Fleming-type function of Lan and DeMets (1983),
// A(t) = 2 − 2Φ(z_{α/2}/√t): P(Z_1<c_1,…,Z_k<c_k) = 1 − A(t_k) with
// Corr(Z_j,Z_k) = √(t_j/t_k), by recursive integration (Armitage, McPherson and
// Rowe 1969). A look that can spend nothing has the boundary +Inf, and so has one
// before t = 1 that adds less than 1e-4 to the last that spent; the last of K
// looks spends all of alpha only if its fraction is 1. Fractions that are not
// increasing or not in (0,1], or alpha outside (0,1), give an error.
func Boundaries(fractions []float64, alpha float64) ([]float64, error) {
	if err := checkFractions(fractions); err != nil {
		return nil, err
	}
	if !(alpha > 0 && alpha < 1) {
		return nil, fmt.Errorf("boundaries: error rate %v is not between 0 and 1", alpha)
	}
	s := newSpending(-mathext.NormalQuantile(alpha / 2))
	bounds := make([]float64, len(fractions))
	for k, t := range fractions {
		bounds[k] = s.next(t)
	}
	return bounds, nil
}

// checkFractions returns an error unless fractions increase within (0,1].
func checkFractions(fractions []float64) error {
	previous := 0.0
	for k, t := range fractions {
		if !(t > previous && t <= 1) {
			return fmt.Errorf("information fraction %d is %v, want increasing fractions above 0 and up to 1", k+1, t)
		}
		previous = t
	}
	return nil
}

// RepeatedP returns the smallest one-sided alpha whose boundary at the last of
// the given looks equals z (Jennison and Turnbull 1999, section 9), to a relative
// 1e-6, and 1 where no smaller one exists or the last look spends nothing. z may
// be infinite. No looks or fractions as refused by [Boundaries] give an error.
func RepeatedP(fractions []float64, z float64) (float64, error) {
	if err := checkFractions(fractions); err != nil {
		return 0, err
	}
	if len(fractions) == 0 || math.IsNaN(z) {
		return 0, fmt.Errorf("repeated p-value: %d looks with z = %v, want at least one look and a number", len(fractions), z)
	}
	var counted []float64
	last := 0.0
	for _, t := range fractions {
		if informative(t, last) {
			counted = append(counted, t)
			last = t
		}
	}
	if z <= 0 || last < fractions[len(fractions)-1] {
		return 1, nil
	}
	high := highestX(last, z)
	low := 0.9 * high
	atLow, _ := excess(counted, z, low)
	for atLow > 0 && low > 1e-9 {
		high = low
		low *= 0.8
		atLow, _ = excess(counted, z, low)
	}
	p, _ := repeatedP(counted, z, low, atLow, high)
	return p, nil
}

// excess returns by how much the boundary of the last look exceeds z at x, and the
// state past that look. It grows with x, almost in proportion.
func excess(fractions []float64, z, x float64) (float64, *spending) {
	s := newSpending(x)
	bound := 0.0
	for _, t := range fractions {
		bound = s.next(t)
	}
	return min(bound, mostZ+1) - min(z, mostZ), s
}

// repeatedP finds the smallest one-sided alpha whose boundary at the last look equals
// z (Jennison and Turnbull 1999, section 9): it searches for the x between low and high, with the excess atLow ≤ 0,
// at which the last boundary is z, and returns its p-value and the state past the
// looks there.
func repeatedP(fractions []float64, z, low, atLow, high float64) (float64, *spending) {
	var at *spending
	f := func(x float64) float64 {
		var y float64
		y, at = excess(fractions, z, x)
		return y
	}
	x := high
	if len(fractions) > 1 { // the first look spends A(t) alone
		x = root(f, low, atLow, high)
	}
	if at == nil || at.x != x {
		f(x)
	}
	return min(1, max(2*normalSurvival(x), MinP)), at
}

// Alpha returns Krippendorff's alpha (Krippendorff 2011) of counts[task][verdict],
// how many raters gave a task each verdict; verdicts stand in their order (a, tie, b)
// and rows have equal length. Tasks with fewer than two ratings do not count. No such
// task, or no variation at all, gives a [*MissingError].
func Alpha(counts [][]int, metric Metric) (float64, error) {
	units, err := newPairable(counts)
	if err != nil {
		return 0, err
	}
	return units.estimate(metric)
}
