package stats

import (
	"fmt"
	"math"
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
	return between(sorted[i], sorted[i+1], h-float64(i))
}

// between interpolates linearly from low to high; their difference may overflow.
func between(low, high, fraction float64) float64 {
	if d := high - low; !math.IsInf(d, 0) {
		return low + fraction*d
	}
	return (1-fraction)*low + fraction*high
}

// percentileInterval returns the percentile interval of resampled values; numbers too
// large for one give a [*MissingError] with the reason.
func percentileInterval(estimate float64, values []float64, level float64, why string) (Interval, error) {
	low, high := percentileLimits(values, level)
	result := Interval{Estimate: estimate, StandardError: stat.StdDev(values, nil), Low: low, High: high}
	if !finite(estimate, result.StandardError, low, high) {
		return Interval{}, missing("%s", why)
	}
	return result, nil
}

// percentileLimits returns the two percentiles that enclose the middle level of
// the resampled values.
func percentileLimits(values []float64, level float64) (low, high float64) {
	sorted := slices.Sorted(slices.Values(values))
	return sortedQuantile(sorted, (1-level)/2), sortedQuantile(sorted, (1+level)/2)
}
