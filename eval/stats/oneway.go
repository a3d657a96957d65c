package stats

import (
	"errors"
	"math"
)

// OneWay splits the variance of repeated measurements of several tasks.
type OneWay struct {
	Mean            float64 // of all values
	Within, Between float64 // variances, in the squared unit of the values
}

// NoiseShare is the part of one value's variance that is within a task, 0 to 1; NaN
// where nothing varies.
func (o OneWay) NoiseShare() float64 { return o.Within / (o.Within + o.Between) }

// OneWayComponents estimates the variance components of a one-way random-effects model
// by the analysis of variance for unequal numbers of values (Searle, Casella and
// McCulloch, Variance Components, 1992, section 3.6): with k groups of n_i values, N in
// all,
//
//	within = SSW/(N−k)    between = max(0, (SSB/(k−1) − within)/n₀)    n₀ = (N − Σn_i²/N)/(k−1)
//
// Fewer than two groups, or none with two values, give a [*MissingError]; values that
// are not finite an error.
func OneWayComponents(groups [][]float64) (OneWay, error) {
	var n, squares, total float64
	for _, group := range groups {
		for _, value := range group {
			if math.IsNaN(value) || math.IsInf(value, 0) {
				return OneWay{}, errors.New("a value is not finite")
			}
			total += value
		}
		n += float64(len(group))
		squares += float64(len(group)) * float64(len(group))
	}
	k := float64(len(groups))
	if k < 2 {
		return OneWay{}, missing("fewer than two tasks have several values")
	}
	if n <= k {
		return OneWay{}, missing("no task has two values")
	}
	grand := total / n
	var within, between float64
	for _, group := range groups {
		if len(group) == 0 {
			return OneWay{}, errors.New("a task has no value")
		}
		var sum float64
		for _, value := range group {
			sum += value
		}
		mean := sum / float64(len(group))
		for _, value := range group {
			within += (value - mean) * (value - mean)
		}
		between += float64(len(group)) * (mean - grand) * (mean - grand)
	}
	within /= n - k
	typical := (n - squares/n) / (k - 1)
	return OneWay{Mean: grand, Within: within, Between: max(0, (between/(k-1)-within)/typical)}, nil
}
