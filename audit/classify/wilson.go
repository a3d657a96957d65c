package classify

import (
	"math"

	"modeltrial/audit"
)

// level is that of every interval of this package, and normalQuantile the quantile
// of the standard normal distribution that belongs to it, at 1 − (1 − level)/2.
const (
	level          = 0.95
	normalQuantile = 1.959963984540054
)

// Wilson is the score interval of a share, part of whole, at 95% (Wilson 1927,
// JASA 22; recommended for small samples by Brown, Cai and DasGupta 2001,
// Statistical Science 16): with p = part/whole and z the normal quantile,
//
//	(p + z²/2n ± z·√(p(1−p)/n + z²/4n²)) / (1 + z²/n)
//
// It is nil of a whole of 0. The estimate is p, and the standard error √(p(1−p)/n).
func Wilson(part, whole int) *audit.Interval {
	if whole <= 0 {
		return nil
	}
	n := float64(whole)
	p := float64(part) / n
	const z2 = normalQuantile * normalQuantile
	centre := (p + z2/(2*n)) / (1 + z2/n)
	half := normalQuantile / (1 + z2/n) * math.Sqrt(p*(1-p)/n+z2/(4*n*n))
	interval := &audit.Interval{
		Estimate: p, StandardError: math.Sqrt(p * (1 - p) / n), Low: max(centre-half, 0), High: min(centre+half, 1), Level: level,
	}
	// At the ends the limit is the end itself, which rounding may miss.
	if part == 0 {
		interval.Low = 0
	}
	if part == whole {
		interval.High = 1
	}
	return interval
}
