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
	buffer := func() []uint32 { return make([]uint32, drawBlock) }
	if !constant {
		inParallel(resamples, buffer, func(buffer []uint32, b int) {
			values[b] = ratioOfSums(s.parts, newDrawer(n, seed, b, n), buffer)
		})
		return values
	}
	numerators := make([]float64, n)
	for i, p := range s.parts {
		numerators[i] = p.numerator
	}
	denominator := float64(n) * s.parts[0].denominator
	inParallel(resamples, buffer, func(buffer []uint32, b int) {
		values[b] = sumOf(numerators, newDrawer(n, seed, b, n), buffer) / denominator
	})
	return values
}

// sumOf returns the sum of as many values as there are, drawn with replacement. Four
// sums are kept, so that no addition waits for the last.
func sumOf(values []float64, d *drawer, buffer []uint32) float64 {
	var sums [4]float64
	d.blocks(len(values), buffer, func(drawn []uint32) {
		s0, s1, s2, s3 := 0.0, 0.0, 0.0, 0.0
		for ; len(drawn) >= 4; drawn = drawn[4:] {
			s0 += values[drawn[0]]
			s1 += values[drawn[1]]
			s2 += values[drawn[2]]
			s3 += values[drawn[3]]
		}
		for _, i := range drawn {
			s0 += values[i]
		}
		sums[0], sums[1], sums[2], sums[3] = sums[0]+s0, sums[1]+s1, sums[2]+s2, sums[3]+s3
	})
	return sums[0] + sums[1] + sums[2] + sums[3]
}

// ratioOfSums returns the ratio of the sums of as many parts as there are.
func ratioOfSums(parts []part, d *drawer, buffer []uint32) float64 {
	var even, odd part
	d.blocks(len(parts), buffer, func(drawn []uint32) {
		for ; len(drawn) >= 2; drawn = drawn[2:] {
			even.add(parts[drawn[0]])
			odd.add(parts[drawn[1]])
		}
		for _, i := range drawn {
			even.add(parts[i])
		}
	})
	even.add(odd)
	return even.numerator / even.denominator
}

func (p *part) add(other part) {
	p.numerator += other.numerator
	p.denominator += other.denominator
}
