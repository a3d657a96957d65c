package stats

import (
	"math"
	"testing"

	"gonum.org/v1/gonum/stat/distuv"
)

// TestBinomialIsExact compares draws with the exact probabilities by χ², on both sides
// of the change from inversion to rejection. The statistic has about k degrees of
// freedom; beyond k + 4.5√(2k) it would lie by chance once in some ten thousand tries.
func TestBinomialIsExact(t *testing.T) {
	const draws = 200_000
	for _, c := range []struct {
		n int
		p float64
	}{
		{1, 0.3}, {20, 0.05}, {19, 0.5}, {20, 0.5}, {21, 0.5}, {25, 0.9}, {99, 0.1}, {101, 0.1}, {1000, 0.0098}, {1000, 0.0102}, {5000, 0.37}, {1_000_000, 0.001754},
	} {
		source := streamOf(3, c.n)
		counts := map[int]int{}
		for range draws {
			counts[binomial(c.n, c.p, source)]++
		}
		law := distuv.Binomial{N: float64(c.n), P: c.p}
		statistic, cells, rest, restProbability := 0.0, 0, 0, 0.0
		middle := float64(c.n) * c.p
		reach := 8*math.Sqrt(middle*(1-c.p)) + 10
		covered := 0
		for k := max(0, int(middle-reach)); k <= min(c.n, int(middle+reach)); k++ {
			rest += counts[k]
			covered += counts[k]
			restProbability += law.Prob(float64(k))
			if expected := draws * restProbability; expected >= 20 {
				statistic += (float64(rest) - expected) * (float64(rest) - expected) / expected
				cells++
				rest, restProbability = 0, 0
			}
		}
		if limit := float64(cells) + 4.5*math.Sqrt(2*float64(cells)); statistic > limit || covered != draws {
			t.Errorf("n %d, p %v: χ² is %.1f in %d cells, limit %.1f; %d of %d draws within reach", c.n, c.p, statistic, cells, limit, covered, draws)
		}
	}
}

// TestDrawerIsUniform does the same for the numbers below n, also where n is so large
// that many products are rejected.
func TestDrawerIsUniform(t *testing.T) {
	for _, n := range []int{1, 2, 3, 7, 100, 1 << 16, 3 << 30} {
		const draws, bins = 200_000, 50
		cells := min(n, bins)
		counts := make([]int, cells)
		for resample := range 4 {
			newDrawer(n, 5, resample, draws/4).blocks(draws/4, make([]uint32, drawBlock), func(drawn []uint32) {
				for _, i := range drawn {
					counts[int(i)*cells/n]++
				}
			})
		}
		statistic := 0.0
		for k, count := range counts {
			// The numbers that fall into a cell may be one more in some cells than in others.
			first, last := (k*n+cells-1)/cells, ((k+1)*n+cells-1)/cells
			expected := draws * float64(last-first) / float64(n)
			statistic += (float64(count) - expected) * (float64(count) - expected) / expected
		}
		if limit := float64(cells) + 4.5*math.Sqrt(2*float64(cells)); statistic > limit {
			t.Errorf("n %d: χ² is %.1f in %d cells, limit %.1f", n, statistic, cells, limit)
		}
	}
}

// TestBootstrapVariance: the variance of the resampled means is Σ(x − x̄)²/n².
func TestBootstrapVariance(t *testing.T) {
	sums := newClusterSums(101)
	mean, squares := 0.0, 0.0
	for i := range 101 {
		x := math.Sqrt(float64(i)) // an odd number of unequal values
		sums.add(i, x, 1)
		mean += x / 101
		squares += x * x / 101
	}
	const resamples = 40_000
	values := sums.resample(resamples, 4)
	sum, square := 0.0, 0.0
	for _, v := range values {
		sum += v / resamples
		square += v * v / resamples
	}
	want := (squares - mean*mean) / 101
	if got := square - sum*sum; math.Abs(got-want) > 4.5*want*math.Sqrt(2.0/resamples) {
		t.Errorf("variance %v, want %v", got, want)
	}
	if math.Abs(sum-mean) > 4.5*math.Sqrt(want/resamples) {
		t.Errorf("mean %v, want %v", sum, mean)
	}
}
