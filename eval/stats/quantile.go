package stats

import (
	"fmt"
	"math"
	"math/rand/v2"
	"slices"

	"gonum.org/v1/gonum/stat"
)

// Quantile returns the quantile of type 7 (Hyndman and Fan 1996, the default of R
// and NumPy): linear interpolation of the order statistics at (n−1)p. Values need
// not be sorted; p is in [0,1]. Empty or non-finite input gives an error.
func Quantile(values []float64, p float64) (float64, error) {
	if math.IsNaN(p) || p < 0 || p > 1 {
		return 0, fmt.Errorf("quantile: probability %v is outside 0 to 1", p)
	}
	if len(values) == 0 {
		return 0, missing("no values to take a quantile of")
	}
	if !finite(values...) {
		return 0, fmt.Errorf("quantile: not all values are finite numbers")
	}
	return sortedQuantile(slices.Sorted(slices.Values(values)), p), nil
}

// sortedQuantile is [Quantile] of sorted values.
func sortedQuantile(sorted []float64, p float64) float64 {
	h := float64(len(sorted)-1) * p
	i := int(h)
	if i+1 >= len(sorted) {
		return sorted[len(sorted)-1]
	}
	return sorted[i] + (h-float64(i))*(sorted[i+1]-sorted[i])
}

// QuantileRatio returns the ratio of the p-quantiles, candidate ÷ control, with a
// percentile bootstrap interval of the given level over clusters, pairs kept
// together. Weights are not used. StandardError is the standard deviation of the
// resampled ratios. The same rng state gives the same limits. Too little data or
// a control quantile of zero gives a [*MissingError].
func QuantileRatio(pairs []Pair, p float64, resamples int, level float64, rng *rand.Rand) (Interval, error) {
	if resamples < 100 || level <= 0 || level >= 1 {
		return Interval{}, fmt.Errorf("quantile ratio: %d resamples at level %v, want at least 100 and a level between 0 and 1", resamples, level)
	}
	control, candidate := make([]float64, len(pairs)), make([]float64, len(pairs))
	cluster := make([]int, len(pairs))
	tasks, clusters := newIndex(len(pairs)), newGrouping(len(pairs))
	for i, pair := range pairs {
		control[i], candidate[i] = pair.Control, pair.Candidate
		clusters.add(pair.Cluster, 1/float64(len(pairs)), 0)
		cluster[i] = clusters.index.of(pair.Cluster)
		tasks.of(pair.Task)
	}
	denominator, err := Quantile(control, p)
	if err != nil {
		return Interval{}, err
	}
	numerator, err := Quantile(candidate, p)
	if err != nil {
		return Interval{}, err
	}
	if denominator <= 0 {
		return Interval{}, missing("the control's quantile is not above zero")
	}
	if err := enough(tasks.count, clusters.effective()); err != nil {
		return Interval{}, err
	}
	byControl, byCandidate := ranked(control), ranked(candidate)
	counts := make([]int, clusters.index.count)
	ratios := make([]float64, 0, resamples)
	for range resamples {
		clear(counts)
		for range counts {
			counts[rng.IntN(len(counts))]++
		}
		d := resampledQuantile(control, byControl, cluster, counts, p)
		if d <= 0 {
			return Interval{}, missing("the control's quantile is not distinguishable from zero")
		}
		ratios = append(ratios, resampledQuantile(candidate, byCandidate, cluster, counts, p)/d)
	}
	low, high := percentileLimits(ratios, level)
	return Interval{Estimate: numerator / denominator, StandardError: stat.StdDev(ratios, nil), Low: low, High: high}, nil
}

// percentileLimits returns the two percentiles that enclose the middle level of
// the resampled values.
func percentileLimits(values []float64, level float64) (low, high float64) {
	sorted := slices.Sorted(slices.Values(values))
	return sortedQuantile(sorted, (1-level)/2), sortedQuantile(sorted, (1+level)/2)
}

// ranked returns the positions of values in ascending order.
func ranked(values []float64) []int {
	order := make([]int, len(values))
	for i := range order {
		order[i] = i
	}
	slices.SortStableFunc(order, func(a, b int) int {
		switch {
		case values[a] < values[b]:
			return -1
		case values[a] > values[b]:
			return 1
		}
		return 0
	})
	return order
}

// resampledQuantile returns the type 7 quantile of values where value i occurs
// counts[cluster[i]] times. It walks the order once instead of sorting each
// resample.
func resampledQuantile(values []float64, order, cluster, counts []int, p float64) float64 {
	n := 0
	for _, c := range cluster {
		n += counts[c]
	}
	h := float64(n-1) * p
	position := int(h)
	seen := 0
	for k, i := range order {
		seen += counts[cluster[i]]
		if seen <= position {
			continue
		}
		if seen > position+1 || position+1 >= n {
			return values[i]
		}
		for _, j := range order[k+1:] {
			if counts[cluster[j]] > 0 {
				return values[i] + (h-float64(position))*(values[j]-values[i])
			}
		}
	}
	return values[order[len(order)-1]]
}
