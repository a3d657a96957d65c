package stats

import (
	"errors"
	"math"

	"gonum.org/v1/gonum/stat"
)

// Estimated is a number with the variance of its estimate.
type Estimated struct {
	// Value in its own unit, Variance in the unit squared.
	Value, Variance float64
	// DF is the degrees of freedom of Variance; +Inf where Value is known.
	DF float64
}

// MonthlySpend returns the mean of the periods' spend with variance s²/n and n−1
// degrees of freedom. At least two periods are needed.
func MonthlySpend(periods []float64) (Estimated, error) {
	if len(periods) < 2 {
		return Estimated{}, missing("the log covers %d periods, at least 2 are needed for an interval of the spend", len(periods))
	}
	if !finite(periods...) {
		return Estimated{}, errors.New("the spend of a period is not a finite number")
	}
	mean, variance := stat.MeanVariance(periods, nil)
	n := float64(len(periods))
	if !finite(mean, variance) {
		return Estimated{}, missing("the spend is too large for a variance")
	}
	return Estimated{Value: mean, Variance: variance / n, DF: n - 1}, nil
}

// Saving returns B(1−R) for spend B and cost ratio R, with variance
// (1−R)²V_B + B²V_R + V_B·V_R and the smaller degrees of freedom
// (Goodman 1960, exact for independent factors).
func Saving(spend, ratio Estimated) Estimated {
	kept := 1 - ratio.Value
	return Estimated{
		Value:    spend.Value * kept,
		Variance: kept*kept*spend.Variance + spend.Value*spend.Value*ratio.Variance + spend.Variance*ratio.Variance,
		DF:       math.Min(spend.DF, ratio.DF),
	}
}

// Sum returns the sum of independent estimates; variances add and the degrees of
// freedom are the smallest. No parts give an exact zero.
func Sum(parts ...Estimated) Estimated {
	sum := Estimated{DF: math.Inf(1)}
	for _, part := range parts {
		sum.Value += part.Value
		sum.Variance += part.Variance
		sum.DF = math.Min(sum.DF, part.DF)
	}
	return sum
}

// Interval returns the t interval at the z-scale critical value z.
func (e Estimated) Interval(z float64) (Interval, error) {
	if !finite(e.Value, e.Variance) || e.Variance < 0 || !(e.DF > 0) {
		return Interval{}, missing("the estimate has no variance that can be used")
	}
	se := math.Sqrt(e.Variance)
	half := TCritical(z, e.DF) * se
	if !finite(e.Value-half, e.Value+half) {
		return Interval{}, missing("the estimate has no variance that can be used")
	}
	return Interval{Estimate: e.Value, StandardError: se, Low: e.Value - half, High: e.Value + half}, nil
}
