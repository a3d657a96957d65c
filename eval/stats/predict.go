package stats

import "math"

// Measured is an estimate of a mean over n tasks, and what single tasks deviate from it.
type Measured struct {
	Estimated
	// Tasks is the effective number n of tasks behind it; 0 where the value is known.
	Tasks float64
}

// Predicted returns the sum Σ_i x_i·m over N tasks that were not measured themselves,
// with amount = Σ x_i known and m estimated from n others:
//
//	amount·m,   V = amount²·V_m·(1 + n/N)
//
// which is the variance of a prediction, 1/n + 1/N in the place of 1/n (Cochran 1977,
// section 6.2, for a ratio; Draper and Smith 1998, section 3.1): the estimate's own, and
// that of N further tasks around it. n·V_m is the variance of one task in units of the
// mean, so that x is taken to scale what a task deviates. N = 0 gives an exact zero.
//
// The replayed tasks count as a sample like the measured ones and as independent.
func Predicted(amount float64, m Measured, tasks int) Estimated {
	if tasks == 0 || amount == 0 {
		return Estimated{DF: math.Inf(1)}
	}
	return Estimated{
		Value:    amount * m.Value,
		Variance: amount * amount * m.Variance * (1 + m.Tasks/float64(tasks)),
		DF:       m.DF,
	}
}

// DegreesOfFreedom returns the degrees of freedom with which a symmetric t interval
// reaches half from its estimate at the z-scale critical value z: TCritical(z, df) =
// half/standardError. It is for intervals that were written down without them. +Inf
// where nothing varies, or where the interval is no wider than a normal one.
func DegreesOfFreedom(half, standardError, z float64) float64 {
	critical := half / standardError
	if !(standardError > 0) || !finite(critical) || critical <= z {
		return math.Inf(1)
	}
	low, high := 1e-2, 1e9
	if critical >= TCritical(z, low) {
		return low
	}
	for range 200 {
		middle := math.Sqrt(low * high)
		if TCritical(z, middle) > critical {
			low = middle
		} else {
			high = middle
		}
	}
	if high > 1e8 { // no different from a normal interval
		return math.Inf(1)
	}
	return math.Sqrt(low * high)
}
