package stats

import (
	"cmp"
	"fmt"
	"math"
	"slices"
)

// Holm returns the adjusted p-values of Holm (1979), in the order given, at most
// 1. Empty input gives an empty slice. A value outside [0,1] gives an error.
func Holm(p []float64) ([]float64, error) {
	if err := checkProbabilities("Holm", p); err != nil {
		return nil, err
	}
	return holm(p), nil
}

// holm is [Holm] on checked values.
func holm(p []float64) []float64 {
	order := make([]int, len(p))
	for i := range order {
		order[i] = i
	}
	slices.SortStableFunc(order, func(a, b int) int { return cmp.Compare(p[a], p[b]) })
	adjusted := make([]float64, len(p))
	running := 0.0
	for rank, i := range order {
		running = max(running, min(1, float64(len(p)-rank)*p[i]))
		adjusted[i] = running
	}
	return adjusted
}

// checkProbabilities returns an error for the first value outside [0,1].
func checkProbabilities(name string, p []float64) error {
	for i, v := range p {
		if math.IsNaN(v) || v < 0 || v > 1 {
			return fmt.Errorf("%s: p-value %d is %v, want 0 to 1", name, i, v)
		}
	}
	return nil
}

// HolmNonInferiority returns adjusted p-values of non-inferiority: entry j of
// [Holm] over the superiority values with entry j replaced by nonInferiority[j].
// Together with Holm over superiority this controls the familywise error over
// both kinds, because the hypothesis of inferiority implies that of no
// superiority (closed testing, Marcus, Peritz and Gabriel 1976). The slices are
// parallel.
func HolmNonInferiority(superiority, nonInferiority []float64) ([]float64, error) {
	if len(superiority) != len(nonInferiority) {
		return nil, fmt.Errorf("non-inferiority Holm: %d superiority but %d non-inferiority p-values", len(superiority), len(nonInferiority))
	}
	if err := checkProbabilities("superiority", superiority); err != nil {
		return nil, err
	}
	if err := checkProbabilities("non-inferiority", nonInferiority); err != nil {
		return nil, err
	}
	adjusted := make([]float64, len(superiority))
	for j, q := range nonInferiority {
		replaced := slices.Clone(superiority)
		replaced[j] = q
		adjusted[j] = holm(replaced)[j]
	}
	return adjusted, nil
}

// EValue turns a p-value into an e-value by the calibrator 1/(2√p) (Vovk and Wang
// 2021); p is raised to [MinP]. A value outside [0,1] gives an error.
func EValue(p float64) (float64, error) {
	if err := checkProbabilities("e-value", []float64{p}); err != nil {
		return 0, err
	}
	return 1 / (2 * math.Sqrt(max(p, MinP))), nil
}

// EBH returns which hypotheses the e-BH procedure rejects at the false discovery rate
// alpha (Wang and Ramdas 2022): those with the k largest of K e-values, k the largest
// number whose k-th e-value is at least K/(αk). It holds under any dependence of the
// e-values. It ranks leads among many use cases and decides nothing. Empty input gives
// an empty slice; e-values that are negative or not numbers, or alpha outside (0,1),
// give an error.
func EBH(e []float64, alpha float64) ([]bool, error) {
	if !(alpha > 0 && alpha < 1) {
		return nil, fmt.Errorf("e-BH: false discovery rate %v is not between 0 and 1", alpha)
	}
	for i, v := range e {
		if math.IsNaN(v) || v < 0 {
			return nil, fmt.Errorf("e-BH: e-value %d is %v, want a number of at least 0", i, v)
		}
	}
	order := make([]int, len(e))
	for i := range order {
		order[i] = i
	}
	slices.SortStableFunc(order, func(a, b int) int { return cmp.Compare(e[b], e[a]) })
	rejected := make([]bool, len(e))
	for k := len(e); k > 0; k-- {
		if float64(k)*e[order[k-1]] < float64(len(e))/alpha {
			continue
		}
		for _, i := range order[:k] {
			rejected[i] = true
		}
		break
	}
	return rejected, nil
}
