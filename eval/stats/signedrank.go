package stats

import (
	"cmp"
	"fmt"
	"math"
	"slices"

	"gonum.org/v1/gonum/floats"
	"gonum.org/v1/gonum/stat/distuv"
)

// SignedRank is the result of Wilcoxon's signed-rank test.
type SignedRank struct {
	// W is the smaller of the sums of the ranks of positive and of negative differences.
	W float64
	// Z is the normal statistic, positive where positive differences prevail.
	Z float64
	// P is the two-sided p-value: exact where Exact, else that of Z.
	P float64
	// Exact says that no two absolute differences are equal and few enough are there for
	// the exact distribution.
	Exact bool
	// Nonzero counts the differences that are not zero; the others are left out.
	Nonzero int
}

// mostExactRanks bounds the exact distribution of a rank sum, whose cost grows with the
// third power.
const mostExactRanks = 200

// Wilcoxon tests whether differences, one for each task, lie symmetrically around zero
// (Wilcoxon 1945): by the exact distribution of the rank sum for up to 200 differences
// without ties, else by the normal approximation with the correction for ties and
// without one for continuity. Equal absolute differences share their mean rank, and
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
	result := SignedRank{W: min(positive, all-positive), Z: z, P: probability(2 * normalSurvival(math.Abs(z))), Nonzero: len(values)}
	if ties == 0 && len(values) <= mostExactRanks {
		result.Exact = true
		result.P = probability(2 * rankSumCDF(len(values), int(result.W)))
	}
	return result, nil
}

// rankSumCDF returns P(W ≤ w) of the sum of those of the ranks 1…n whose sign, a fair
// coin, is positive.
func rankSumCDF(n, w int) float64 {
	probabilities := make([]float64, w+1)
	probabilities[0] = 1
	for rank := 1; rank <= n; rank++ {
		for sum := w; sum >= 0; sum-- {
			probabilities[sum] /= 2
			if sum >= rank {
				probabilities[sum] += probabilities[sum-rank] / 2
			}
		}
	}
	return floats.Sum(probabilities)
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
