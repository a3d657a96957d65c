// Package stats holds the estimators of a pilot: numbers in, numbers out.
//
// Here belong variances under clustering, intervals, tests, sequential
// boundaries, multiplicity, agreement, sample sizes and the closed forms of the
// return on investment. What does not belong here: tasks, arms, files, random
// seeds, rules of decision and any formatting; the package knows no type of the
// rest of the program.
//
// Indices of tasks, clusters and raters are arbitrary integers that only need to
// be equal where the thing is the same. No function modifies its arguments, and
// no function returns 0 or NaN for want of data: it returns a [*MissingError]
// that says what is missing. Every critical value is given on the normal (z)
// scale and enters an interval as the quantile of Student's t at the same
// probability, see [TCritical].
package stats

import (
	"fmt"
	"math"
)

// MissingError says why a number could not be computed from the data given. Its
// text is meant to be shown to the user as the reason for the missing number.
type MissingError struct {
	// Why names what is missing, lower case and without a period.
	Why string
}

// Error returns the reason.
func (e *MissingError) Error() string { return e.Why }

// missing returns a [*MissingError] with a formatted reason.
func missing(format string, args ...any) error {
	return &MissingError{Why: fmt.Sprintf(format, args...)}
}

// Interval is an estimate with its standard error and limits. All four are in
// the unit of the estimand.
type Interval struct {
	Estimate      float64
	StandardError float64
	Low           float64
	High          float64
}

// Test is the result of a one-sided test; large Statistic and Z speak against
// the hypothesis.
type Test struct {
	// Statistic is the t statistic.
	Statistic float64
	// DF is the degrees of freedom of the statistic.
	DF float64
	// P is the one-sided p-value, at least 1e-300.
	P float64
	// Z is the z equivalent, the normal quantile of the same probability.
	Z float64
}

// finite reports whether every value is a finite number.
func finite(values ...float64) bool {
	for _, v := range values {
		if math.IsNaN(v) || math.IsInf(v, 0) {
			return false
		}
	}
	return true
}
