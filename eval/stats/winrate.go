package stats

import (
	"fmt"
	"math"

	"gonum.org/v1/gonum/mathext"
	"gonum.org/v1/gonum/stat/distuv"
)

// MinP is the smallest p-value reported and used on the way to a z equivalent.
const MinP = 1e-300

// ZForLevel returns the two-sided normal critical value of a confidence level,
// 1.96 for 0.95.
func ZForLevel(level float64) float64 { return -mathext.NormalQuantile((1 - level) / 2) }

// TCritical returns the quantile of Student's t with df degrees of freedom
// (fractional allowed) at the probability Φ(z), so that a z-scale critical value
// keeps its error rate.
func TCritical(z, df float64) float64 {
	if math.IsInf(df, 1) || math.IsInf(z, 0) || z == 0 {
		return z
	}
	if !(df >= leastQuantileDF) {
		return math.Copysign(math.Inf(1), z)
	}
	if z < 0 {
		return -TCritical(-z, df)
	}
	if df > mostQuantileDF {
		return largeTCritical(z, df)
	}
	// The lower tail keeps its digits where 1 − p would lose them.
	c := -distuv.StudentsT{Sigma: 1, Nu: df}.Quantile(max(normalSurvival(z), MinP))
	if math.IsNaN(c) {
		return math.Inf(1)
	}
	return c
}

// leastQuantileDF is where critical values leave the range of doubles.
const leastQuantileDF = 0.01

// mostQuantileDF is where gonum's quantile of Student's t is left: from about 100
// degrees of freedom on it goes astray in the far tail.
const mostQuantileDF = 80

// largeTCritical returns [TCritical] of z > 0 by Newton's method on [ZEquivalent],
// from the inverse of Wallace's approximation (Wallace 1959), which is close already:
// z ≈ (8df+1)/(8df+3)·√(df·ln(1 + t²/df)).
func largeTCritical(z, df float64) float64 {
	z = min(z, mostZ)
	w := z * (8*df + 3) / (8*df + 1)
	c := math.Sqrt(df * math.Expm1(w*w/df))
	student := distuv.StudentsT{Sigma: 1, Nu: df}
	for range 10 {
		reached := ZEquivalent(c, df)
		step := (z - reached) * math.Exp(distuv.UnitNormal.LogProb(reached)-student.LogProb(c))
		c += step
		if math.Abs(step) <= 1e-13*c {
			break
		}
	}
	return c
}

// normalSurvival returns 1 − Φ(z) without cancellation in the upper tail.
func normalSurvival(z float64) float64 { return math.Erfc(z/math.Sqrt2) / 2 }

// studentSurvival returns 1 − F_t,df(t); df may be +Inf.
func studentSurvival(t, df float64) float64 {
	if math.IsInf(df, 1) {
		return normalSurvival(t)
	}
	return distuv.StudentsT{Sigma: 1, Nu: df}.Survival(t)
}

// oneSided returns the test of large values of t.
func oneSided(t, df float64) Test {
	return Test{Statistic: t, DF: df, P: max(studentSurvival(t, df), MinP), Z: ZEquivalent(t, df)}
}

// ZEquivalent returns Φ⁻¹(F_t,df(t)), the normal value as extreme as the t
// statistic, at most that of [MinP] unless t is infinite.
func ZEquivalent(t, df float64) float64 {
	if t == 0 || math.IsInf(t, 0) {
		return t
	}
	if t < 0 {
		return -ZEquivalent(-t, df)
	}
	return -mathext.NormalQuantile(max(studentSurvival(t, df), MinP))
}

// WilsonInterval returns Wilson's limits for a proportion with effective sample
// size n and critical value c (Wilson 1927):
// centre = (p + c²/2n)/(1 + c²/n), half = c/(1+c²/n)·√(p(1−p)/n + c²/4n²).
// The limits lie in [0,1]; p is clamped to [0,1]. The caller guarantees n > 0.
func WilsonInterval(p, n, c float64) (low, high float64) {
	if math.IsInf(c, 0) {
		return 0, 1
	}
	p = min(max(p, 0), 1)
	q := c * c / n
	centre := (p + q/2) / (1 + q)
	half := math.Abs(c) / (1 + q) * math.Sqrt(p*(1-p)/n+q/(4*n))
	return max(centre-half, 0), min(centre+half, 1)
}

// WinRateInterval returns the Wilson-type interval of a mean of scores in [0,1]
// at the z-scale critical value z (1.96 for 95 %, a sequential boundary for a
// repeated interval): effective sample size n* = θ(1−θ)/V, or the number of
// clusters where V = 0 or θ is 0 or 1, and c = [TCritical](z, DF).
// Too little data gives a [*MissingError].
func (m WeightedMean) WinRateInterval(z float64) (Interval, error) {
	if err := m.Enough(); err != nil {
		return Interval{}, err
	}
	p := min(max(m.Estimate, 0), 1)
	low, high := WilsonInterval(p, m.EffectiveSampleSize(), TCritical(z, m.DF))
	return Interval{Estimate: p, StandardError: m.StandardError(), Low: low, High: high}, nil
}

// EffectiveSampleSize returns the number n* of independent draws with the same
// variance, for a mean of scores in [0,1].
func (m WeightedMean) EffectiveSampleSize() float64 {
	if m.Variance == 0 || m.Estimate < tiny || m.Estimate > 1-tiny {
		return float64(m.Clusters)
	}
	return m.Estimate * (1 - m.Estimate) / m.Variance
}

// WinRateTest tests the hypothesis θ ≤ null, null in (0,1), by
// T = (θ̂ − null)/√(null(1−null)/n*), p = 1 − F_t,DF(T), with n* as in
// [WeightedMean.WinRateInterval]; test and interval agree. Too little data gives
// a [*MissingError].
func (m WeightedMean) WinRateTest(null float64) (Test, error) {
	if null <= 0 || null >= 1 || math.IsNaN(null) {
		return Test{}, fmt.Errorf("win rate test: hypothesis %v is not between 0 and 1", null)
	}
	if err := m.Enough(); err != nil {
		return Test{}, err
	}
	p := min(max(m.Estimate, 0), 1)
	return oneSided((p-null)/math.Sqrt(null*(1-null)/m.EffectiveSampleSize()), m.DF), nil
}
