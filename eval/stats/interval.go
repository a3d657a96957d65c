package stats

import (
	"fmt"
	"math"
	"slices"

	"gonum.org/v1/gonum/floats"
)

// TInterval returns the plain t interval, estimate ± [TCritical](z, DF)·SE, for
// means that are not proportions. Too little data gives a [*MissingError].
func (m WeightedMean) TInterval(z float64) (Interval, error) {
	if err := m.Enough(); err != nil {
		return Interval{}, err
	}
	return tInterval(m.Estimate, m.StandardError(), m.DF, z)
}

// tInterval returns estimate ± c·se.
func tInterval(estimate, se, df, z float64) (Interval, error) {
	half := TCritical(z, df) * se
	if !finite(half) {
		return Interval{}, missing("too few degrees of freedom (%.2f) for an interval", df)
	}
	if !finite(estimate-half, estimate+half) {
		return Interval{}, missing("the numbers are too large for an interval")
	}
	return Interval{Estimate: estimate, StandardError: se, Low: estimate - half, High: estimate + half}, nil
}

// TTest tests the hypothesis mean ≤ null, one-sided, by t = (mean − null)/SE. A
// zero variance or too little data gives a [*MissingError], a null that is not finite
// an error.
func (m WeightedMean) TTest(null float64) (Test, error) {
	if !finite(null) {
		return Test{}, fmt.Errorf("t test: hypothesis %v is not a finite number", null)
	}
	if err := m.Enough(); err != nil {
		return Test{}, err
	}
	if m.Variance == 0 {
		return Test{}, missing("no variation between clusters of tasks, a t test needs some")
	}
	return oneSided((m.Estimate-null)/m.StandardError(), m.DF), nil
}

// TwoSidedP returns the two-sided p-value of the hypothesis mean = null, for the
// position effect. A zero variance or too little data gives a [*MissingError].
func (m WeightedMean) TwoSidedP(null float64) (float64, error) {
	test, err := m.TTest(null)
	if err != nil {
		return 0, err
	}
	return max(2*studentSurvival(math.Abs(test.Statistic), test.DF), MinP), nil
}

// Pair is one task's measure under both arms, such as cost in USD, latency in
// ms or editing seconds.
type Pair struct {
	// Control and Candidate are the two measures, in the same unit.
	Control, Candidate float64
	// Weight is the task's share; weights need not sum to one.
	Weight float64
	// Task and Cluster as in [Observation].
	Task, Cluster int
}

// RatioOfMeans is the ratio candidate ÷ control of two paired means.
type RatioOfMeans struct {
	// Ratio is mean candidate ÷ mean control.
	Ratio float64
	// ControlMean and CandidateMean are in the unit of the pairs.
	ControlMean, CandidateMean float64
	// VarianceControl, VarianceCandidate and Covariance are those of the two
	// means, clustered.
	VarianceControl, VarianceCandidate, Covariance float64
	// LinearVariance is the variance of Ratio by linearisation: the clustered
	// variance of the mean of (y − R·x)/x̄. The return on investment uses it;
	// intervals use Fieller's theorem instead.
	LinearVariance float64
	// DF is the effective clusters less one.
	DF float64
	// EffectiveClusters is 1/ΣW² over clusters; Tasks is a count.
	EffectiveClusters float64
	Tasks             int
}

// Ratio returns the ratio of means with its clustered (co)variances. No pairs,
// non-finite values, a single cluster or a control mean that is not positive
// gives an error.
func Ratio(pairs []Pair) (RatioOfMeans, error) {
	total, mostControl, mostCandidate := 0.0, 0.0, 0.0
	for i, p := range pairs {
		if !finite(p.Control, p.Candidate, p.Weight) || p.Weight < 0 {
			return RatioOfMeans{}, fmt.Errorf("ratio: pair %d is %v and %v with weight %v, want finite numbers and no negative weight", i, p.Control, p.Candidate, p.Weight)
		}
		total += p.Weight
		mostControl = max(mostControl, math.Abs(p.Control))
		mostCandidate = max(mostCandidate, math.Abs(p.Candidate))
	}
	if total == 0 {
		return RatioOfMeans{}, missing("no tasks measured for both arms")
	}
	var r RatioOfMeans
	for _, p := range pairs {
		r.ControlMean += p.Weight / total * p.Control
		r.CandidateMean += p.Weight / total * p.Candidate
	}
	if r.ControlMean <= 0 {
		return RatioOfMeans{}, missing("the control's mean is not above zero")
	}
	r.Ratio = r.CandidateMean / r.ControlMean
	tasks := newIndex(len(pairs))
	control, candidate, linear := newGrouping(len(pairs)), newGrouping(len(pairs)), newGrouping(len(pairs))
	for _, p := range pairs {
		w := p.Weight / total
		tasks.of(p.Task)
		at := control.index.of(p.Cluster)
		control.addAt(at, w, w*(p.Control-r.ControlMean))
		candidate.addAt(at, w, w*(p.Candidate-r.CandidateMean))
		linear.addAt(at, w, w*(p.Candidate-r.Ratio*p.Control)/r.ControlMean)
	}
	r.Tasks, r.EffectiveClusters = tasks.count, control.effective()
	if r.EffectiveClusters < 1+tiny {
		return RatioOfMeans{}, missing("all tasks belong to one cluster, a variance needs at least 2")
	}
	r.DF = r.EffectiveClusters - 1
	r.VarianceControl = denoise(control.variance(), mostControl)
	r.VarianceCandidate = denoise(candidate.variance(), mostCandidate)
	r.Covariance = floats.Dot(control.residuals, candidate.residuals) / (1 - floats.Dot(control.weights, control.weights))
	r.LinearVariance = denoise(linear.variance(), max(mostCandidate, r.Ratio*mostControl)/r.ControlMean)
	if !finite(r.Ratio, r.VarianceControl, r.VarianceCandidate, r.Covariance, r.LinearVariance) {
		return RatioOfMeans{}, missing("the numbers are too large, or too different in size, for a ratio")
	}
	return r, nil
}

// FiellerInterval returns Fieller's interval of the ratio: the roots of
// (x̄² − c²v_x)q² − 2(x̄ȳ − c²v_xy)q + (ȳ² − c²v_y) = 0 (Fieller 1954), with
// c = [TCritical](z, DF). Where neither mean varies, as with a flat price per call,
// the ratio is known and both limits are the ratio. A control mean not
// distinguishable from zero or too little data gives a [*MissingError].
func (r RatioOfMeans) FiellerInterval(z float64) (Interval, error) {
	if err := enough(r.Tasks, r.EffectiveClusters); err != nil {
		return Interval{}, err
	}
	if r.VarianceControl == 0 && r.VarianceCandidate == 0 {
		return Interval{Estimate: r.Ratio, StandardError: math.Sqrt(r.LinearVariance), Low: r.Ratio, High: r.Ratio}, nil
	}
	c := TCritical(z, r.DF)
	// Everything is divided by x̄², which keeps large and small currencies within doubles.
	perControl := c / r.ControlMean
	a := 1 - perControl*r.VarianceControl*perControl
	if !(a > 0) {
		return Interval{}, missing("control cost not distinguishable from zero")
	}
	b := r.Ratio - perControl*r.Covariance*perControl
	d := r.Ratio*r.Ratio - perControl*r.VarianceCandidate*perControl
	// The ratio itself lies between the roots, so the discriminant is negative
	// by rounding alone.
	root := math.Sqrt(max(b*b-a*d, 0))
	low, high := (b-root)/a, (b+root)/a
	if !finite(low, high) {
		return Interval{}, missing("the numbers are too large, or too different in size, for an interval")
	}
	return Interval{Estimate: r.Ratio, StandardError: math.Sqrt(r.LinearVariance), Low: low, High: high}, nil
}

// RatioTest tests the hypothesis "ratio ≥ q" by the clustered t test of
// mean(y − q·x) < 0. The statistic is positive when the candidate's ratio lies
// under q. Where y − q·x does not vary, as with a flat price per call, the answer is
// known: the statistic is +Inf with the smallest p-value where the ratio lies under
// q, −Inf with 1 where it lies above, and 0 with 1 where it equals q. Otherwise
// errors as for [WeightedMean.TTest].
func RatioTest(pairs []Pair, q float64) (Test, error) {
	observations := make([]Observation, len(pairs))
	scale := 0.0
	for i, p := range pairs {
		observations[i] = Observation{Score: q*p.Control - p.Candidate, Weight: p.Weight, Task: p.Task, Cluster: p.Cluster}
		scale = max(scale, math.Abs(q*p.Control), math.Abs(p.Candidate))
	}
	m, err := Mean(observations, false)
	if err != nil {
		return Test{}, err
	}
	// Rounding is measured by the costs: their difference may be rounding alone.
	if denoise(m.Variance, scale) > 0 {
		return m.TTest(0)
	}
	if err := m.Enough(); err != nil {
		return Test{}, err
	}
	if math.Abs(m.Estimate) <= tiny*scale {
		return Test{DF: m.DF, P: 1}, nil
	}
	statistic := math.Copysign(math.Inf(1), m.Estimate)
	return oneSided(statistic, m.DF), nil
}

// LogRatios returns the mean of log(candidate ÷ control) with its clustered
// variance. Measures must be positive; errors as for [Mean].
func LogRatios(pairs []Pair) (WeightedMean, error) {
	logs, err := logRatios(pairs)
	if err != nil {
		return WeightedMean{}, err
	}
	observations := make([]Observation, len(pairs))
	for i, p := range pairs {
		observations[i] = Observation{Score: logs[i], Weight: p.Weight, Task: p.Task, Cluster: p.Cluster}
	}
	return Mean(observations, false)
}

// logRatios returns log(candidate ÷ control) for each pair.
func logRatios(pairs []Pair) ([]float64, error) {
	logs := make([]float64, len(pairs))
	for i, p := range pairs {
		if !finite(p.Control, p.Candidate) || p.Control <= 0 || p.Candidate <= 0 {
			return nil, fmt.Errorf("log ratio: pair %d is %v and %v, want numbers above zero", i, p.Control, p.Candidate)
		}
		logs[i] = math.Log(p.Candidate) - math.Log(p.Control) // the quotient may overflow
	}
	return logs, nil
}

// GeometricMeanRatio returns the geometric mean of candidate ÷ control with the
// t interval taken on the log scale; StandardError stays on the log scale. Errors
// as for [LogRatios], and too little data gives a [*MissingError].
func GeometricMeanRatio(pairs []Pair, z float64) (Interval, error) {
	m, err := LogRatios(pairs)
	if err != nil {
		return Interval{}, err
	}
	interval, err := m.TInterval(z)
	if err != nil {
		return Interval{}, err
	}
	interval.Estimate = math.Exp(interval.Estimate)
	interval.Low, interval.High = math.Exp(interval.Low), math.Exp(interval.High)
	if !finite(interval.Estimate, interval.High) {
		return Interval{}, missing("the ratios are too large for an interval")
	}
	return interval, nil
}

// HodgesLehmannRatio returns exp of the Hodges–Lehmann estimate, the median of
// the pairwise (Walsh) averages, of the log ratios: a sensitivity line beside the
// geometric mean. Weights are not used. Measures must be positive.
func HodgesLehmannRatio(pairs []Pair) (float64, error) {
	logs, err := logRatios(pairs)
	if err != nil {
		return 0, err
	}
	if len(logs) == 0 {
		return 0, missing("no tasks measured for both arms")
	}
	ratio := math.Exp(walshMedian(logs))
	if !finite(ratio) {
		return 0, missing("the ratios are too large")
	}
	return ratio, nil
}

// walshMedian returns the median of the averages (x_i+x_j)/2, i ≤ j. It counts
// averages under a guess and bisects, so that memory stays linear in the number
// of values.
func walshMedian(values []float64) float64 {
	x := slices.Sorted(slices.Values(values))
	n := len(x)
	total := n * (n + 1) / 2
	lower := walshOrderStatistic(x, (total+1)/2)
	if total%2 == 1 {
		return lower
	}
	return (lower + walshOrderStatistic(x, total/2+1)) / 2
}

// walshOrderStatistic returns the k-th smallest (from 1) Walsh average of sorted
// x, to the last bits of a double.
func walshOrderStatistic(x []float64, k int) float64 {
	low, high := x[0], x[len(x)-1]
	for range 200 {
		middle := low + (high-low)/2
		if middle == low || middle == high {
			break
		}
		count, j := 0, len(x)-1
		for i := range x {
			for j >= i && (x[i]+x[j])/2 > middle {
				j--
			}
			if j < i {
				break
			}
			count += j - i + 1
		}
		if count >= k {
			high = middle
		} else {
			low = middle
		}
	}
	return high
}
