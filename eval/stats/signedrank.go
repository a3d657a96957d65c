package stats

import (
	"cmp"
	"fmt"
	"math"
	"slices"

	"gonum.org/v1/gonum/stat/distuv"
)

// SignedRank is the result of Wilcoxon's signed-rank test.
type SignedRank struct {
	// W is the smaller of the sums of the ranks of positive and of negative differences.
	W float64
	// Z is the normal statistic, positive where positive differences prevail, and P its
	// two-sided p-value.
	Z, P float64
	// Nonzero counts the differences that are not zero; the others are left out.
	Nonzero int
}

// Wilcoxon tests whether differences, one for each task, lie symmetrically around zero
// (Wilcoxon 1945), by the normal approximation with the correction for ties and
// without one for continuity: equal absolute differences share their mean rank, and
// the variance is n(n+1)(2n+1)/24 − Σ(t³−t)/48. A sensitivity analysis of a grade
// difference: it does not rest on equal steps between grades far apart, but takes tasks
// as independent. No difference that is not zero gives a [*MissingError], a value that
// is not finite an error.
func Wilcoxon(differences []float64) (SignedRank, error) {
	values, err := nonzero(differences)
	if err != nil {
		return SignedRank{}, err
	}
	slices.SortFunc(values, func(a, b float64) int { return cmp.Compare(math.Abs(a), math.Abs(b)) })
	n := float64(len(values))
	positive, ties := 0.0, 0.0
	for i := 0; i < len(values); {
		j := i
		for j < len(values) && math.Abs(values[j]) == math.Abs(values[i]) {
			j++
		}
		rank := float64(i+1+j) / 2
		for _, v := range values[i:j] {
			if v > 0 {
				positive += rank
			}
		}
		t := float64(j - i)
		ties += t*t*t - t
		i = j
	}
	variance := n*(n+1)*(2*n+1)/24 - ties/48
	all := n * (n + 1) / 2
	z := (positive - all/2) / math.Sqrt(variance)
	return SignedRank{
		W: min(positive, all-positive), Z: z, Nonzero: len(values),
		P: probability(2 * normalSurvival(math.Abs(z))),
	}, nil
}

// SignTestResult is the result of a sign test.
type SignTestResult struct {
	// Positive of the Nonzero differences are above zero.
	Positive, Nonzero int
	// P is the exact two-sided p-value.
	P float64
}

// SignTest tests whether positive and negative differences, one for each task, are
// equally frequent: the exact binomial test, zeros left out, tasks independent. Errors
// as for [Wilcoxon].
func SignTest(differences []float64) (SignTestResult, error) {
	values, err := nonzero(differences)
	if err != nil {
		return SignTestResult{}, err
	}
	result := SignTestResult{Nonzero: len(values)}
	for _, v := range values {
		if v > 0 {
			result.Positive++
		}
	}
	fewer := min(result.Positive, result.Nonzero-result.Positive)
	result.P = probability(2 * distuv.Binomial{N: float64(result.Nonzero), P: 0.5}.CDF(float64(fewer)))
	return result, nil
}

// nonzero returns the differences that are not zero.
func nonzero(differences []float64) ([]float64, error) {
	var values []float64
	for i, d := range differences {
		if !finite(d) {
			return nil, fmt.Errorf("differences: number %d is %v, want a finite number", i, d)
		}
		if d != 0 {
			values = append(values, d)
		}
	}
	if len(values) == 0 {
		return nil, missing("no task differs between the arms")
	}
	return values, nil
}
