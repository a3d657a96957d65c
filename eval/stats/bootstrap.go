package stats

import (
	"fmt"
	"math/rand/v2"
)

// BootstrapMean returns the weighted mean of the scores with a percentile bootstrap
// interval of the given level over clusters (Efron and Tibshirani 1993): each resample
// draws as many clusters as there are, with replacement, and keeps their observations
// together. StandardError is the standard deviation of the resampled means. The same
// state of rng gives the same limits on any number of cores. Too little data gives a
// [*MissingError]; fewer than 100 resamples, a level outside (0,1) or observations
// refused by [Mean] an error.
func BootstrapMean(observations []Observation, resamples int, level float64, rng *rand.Rand) (Interval, error) {
	mean, err := Mean(observations, false)
	if err != nil {
		return Interval{}, err
	}
	if err := mean.Enough(); err != nil {
		return Interval{}, err
	}
	sums := newClusterSums(len(observations))
	for _, o := range observations {
		sums.add(o.Cluster, o.Weight*o.Score, o.Weight)
	}
	return sums.interval(mean.Estimate, resamples, level, rng)
}

// BootstrapRatio returns the ratio of the means, candidate ÷ control, with a percentile
// bootstrap interval over clusters, pairs kept together, as [BootstrapMean] does it. A
// sanity check of Fieller's interval. Errors as for [Ratio] and [BootstrapMean].
func BootstrapRatio(pairs []Pair, resamples int, level float64, rng *rand.Rand) (Interval, error) {
	ratio, err := Ratio(pairs)
	if err != nil {
		return Interval{}, err
	}
	if err := enough(ratio.Tasks, ratio.EffectiveClusters); err != nil {
		return Interval{}, err
	}
	sums := newClusterSums(len(pairs))
	for _, p := range pairs {
		sums.add(p.Cluster, p.Weight*p.Candidate, p.Weight*p.Control)
	}
	return sums.interval(ratio.Ratio, resamples, level, rng)
}

// clusterSums holds, by cluster, what is summed in the numerator and in the denominator
// of an estimate.
type clusterSums struct {
	index *index
	parts []part
}

type part struct{ numerator, denominator float64 }

func newClusterSums(size int) *clusterSums {
	return &clusterSums{index: newIndex(size), parts: make([]part, 0, size)}
}

func (s *clusterSums) add(cluster int, numerator, denominator float64) {
	i := s.index.of(cluster)
	if i == len(s.parts) {
		s.parts = append(s.parts, part{})
	}
	s.parts[i].numerator += numerator
	s.parts[i].denominator += denominator
}

// interval returns the percentile interval of Σ numerator/Σ denominator.
func (s *clusterSums) interval(estimate float64, resamples int, level float64, rng *rand.Rand) (Interval, error) {
	if err := checkResamples(resamples, level); err != nil {
		return Interval{}, err
	}
	values := s.resample(resamples, rng.Uint64())
	return percentileInterval(estimate, values, level, "the denominator is not distinguishable from zero")
}

func checkResamples(resamples int, level float64) error {
	if resamples < 100 || !(level > 0 && level < 1) {
		return fmt.Errorf("bootstrap: %d resamples at level %v, want at least 100 and a level between 0 and 1", resamples, level)
	}
	return nil
}

// resample returns the estimate of each resample. Where all denominators are equal, as
// for a mean of equally heavy clusters, their sum is known.
func (s *clusterSums) resample(resamples int, seed uint64) []float64 {
	values := make([]float64, resamples)
	n := len(s.parts)
	constant := true
	for _, p := range s.parts {
		constant = constant && p.denominator == s.parts[0].denominator
	}
	none := func() struct{} { return struct{}{} }
	if !constant {
		inParallel(resamples, none, func(_ struct{}, b int) {
			values[b] = sumBoth(s.parts, newDrawer(n, seed, b, n))
		})
		return values
	}
	numerators := make([]float64, n)
	for i, p := range s.parts {
		numerators[i] = p.numerator
	}
	denominator := float64(n) * s.parts[0].denominator
	inParallel(resamples, none, func(_ struct{}, b int) {
		values[b] = sumOne(numerators, newDrawer(n, seed, b, n)) / denominator
	})
	return values
}

// sumOne returns the sum of as many values as there are, drawn with replacement.
func sumOne(values []float64, d *drawer) float64 {
	first, second := 0.0, 0.0
	for range len(values) / 2 {
		i, j := d.two()
		first += values[i]
		second += values[j]
	}
	if len(values)%2 == 1 {
		i, _ := d.two()
		first += values[i]
	}
	return first + second
}

// sumBoth returns the ratio of the sums of as many parts as there are.
func sumBoth(parts []part, d *drawer) float64 {
	var first, second part
	for range len(parts) / 2 {
		i, j := d.two()
		first.numerator += parts[i].numerator
		first.denominator += parts[i].denominator
		second.numerator += parts[j].numerator
		second.denominator += parts[j].denominator
	}
	if len(parts)%2 == 1 {
		i, _ := d.two()
		first.numerator += parts[i].numerator
		first.denominator += parts[i].denominator
	}
	return (first.numerator + second.numerator) / (first.denominator + second.denominator)
}
