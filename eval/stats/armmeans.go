package stats

import (
	"math"

	"gonum.org/v1/gonum/floats"
)

// ArmMeans are the means of a measure under two arms that need not have answered the same
// tasks, as where each person edits one arm's answer to a task.
type ArmMeans struct {
	Control, Candidate WeightedMean
	// Covariance is that of the two means: 0 where no cluster has both arms.
	Covariance float64
}

// MeansOfArms returns both arms' weighted means with their clustered variances, as
// [Mean] with raters not sampled, and with W_g an arm's weight in cluster g and r_g its
// sum of w_i e_i the covariance
//
//	v_xy = Σ_g r_xg r_yg / (1 − Σ_g W_xg W_yg)
//
// over the clusters that have both. Where both arms have the same tasks this is what
// [Ratio] gives of pairs. Errors as for [Mean].
func MeansOfArms(control, candidate []Observation) (ArmMeans, error) {
	var m ArmMeans
	var err error
	if m.Control, err = Mean(control, false); err != nil {
		return ArmMeans{}, err
	}
	if m.Candidate, err = Mean(candidate, false); err != nil {
		return ArmMeans{}, err
	}
	clusters := newIndex(len(control) + len(candidate))
	x, y := newResiduals(control, m.Control.Estimate, clusters), newResiduals(candidate, m.Candidate.Estimate, clusters)
	shared := min(len(x.weights), len(y.weights))
	m.Covariance = floats.Dot(x.residuals[:shared], y.residuals[:shared]) / (1 - floats.Dot(x.weights[:shared], y.weights[:shared]))
	return m, nil
}

// armResiduals are an arm's weights and weighted residuals by the position of a cluster.
type armResiduals struct{ weights, residuals []float64 }

func newResiduals(observations []Observation, mean float64, clusters *index) armResiduals {
	total := 0.0
	for _, o := range observations {
		total += o.Weight
	}
	var r armResiduals
	for _, o := range observations {
		at := clusters.of(o.Cluster)
		for at >= len(r.weights) {
			r.weights, r.residuals = append(r.weights, 0), append(r.residuals, 0)
		}
		r.weights[at] += o.Weight / total
		r.residuals[at] += o.Weight / total * (o.Score - mean)
	}
	return r
}

// Ratio returns candidate ÷ control for Fieller's interval: tasks, effective clusters
// and degrees of freedom are those of the arm that has fewer, which errs to the wider
// side. A control mean that is not above zero gives a [*MissingError].
func (m ArmMeans) Ratio() (RatioOfMeans, error) {
	x, y := m.Control, m.Candidate
	if !(x.Estimate > 0) {
		return RatioOfMeans{}, missing("the control's mean is not above zero")
	}
	r := RatioOfMeans{
		Ratio: y.Estimate / x.Estimate, ControlMean: x.Estimate, CandidateMean: y.Estimate,
		VarianceControl: x.Variance, VarianceCandidate: y.Variance, Covariance: m.Covariance,
		Tasks: min(x.Tasks, y.Tasks), EffectiveClusters: min(x.EffectiveClusters, y.EffectiveClusters), DF: min(x.DF, y.DF),
	}
	r.LinearVariance = max(0, (y.Variance-2*r.Ratio*m.Covariance+r.Ratio*r.Ratio*x.Variance)/(x.Estimate*x.Estimate))
	if !finite(r.Ratio, r.VarianceControl, r.VarianceCandidate, r.Covariance, r.LinearVariance) {
		return RatioOfMeans{}, missing("the numbers are too large, or too different in size, for a ratio")
	}
	return r, nil
}

// Difference returns candidate − control with a t interval at the z-scale critical
// value z, on the degrees of freedom of the arm that has fewer. Too few tasks of an arm
// give a [*MissingError].
func (m ArmMeans) Difference(z float64) (Interval, error) {
	for _, arm := range []WeightedMean{m.Control, m.Candidate} {
		if err := arm.Enough(); err != nil {
			return Interval{}, err
		}
	}
	difference := m.Candidate.Estimate - m.Control.Estimate
	spread := math.Sqrt(max(0, m.Control.Variance+m.Candidate.Variance-2*m.Covariance))
	half := TCritical(z, min(m.Control.DF, m.Candidate.DF)) * spread
	if math.IsNaN(half) { // an infinite critical value of what does not vary
		half = 0
	}
	return Interval{Estimate: difference, StandardError: spread, Low: difference - half, High: difference + half}, nil
}
