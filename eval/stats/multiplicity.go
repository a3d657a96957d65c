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
