package stats

import (
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"testing"
)

// skewedPairs are tasks with correlated skewed measures, size to a cluster.
func skewedPairs(tasks, size int) []Pair {
	random := rand.New(rand.NewPCG(3, 4))
	pairs := make([]Pair, tasks)
	shared := 0.0
	for i := range pairs {
		if i%size == 0 {
			shared = random.NormFloat64()
		}
		control := math.Exp(shared + 0.5*random.NormFloat64())
		pairs[i] = Pair{Control: control, Candidate: math.Exp(0.7*shared + 0.5*random.NormFloat64()), Weight: 1, Task: i, Cluster: i / size}
	}
	return pairs
}

// plainQuantileRatios resamples whole clusters and sorts, as the textbook says.
func plainQuantileRatios(pairs []Pair, p float64, resamples int) []float64 {
	members := map[int][]Pair{}
	for _, pair := range pairs {
		members[pair.Cluster] = append(members[pair.Cluster], pair)
	}
	random := rand.New(rand.NewPCG(5, 6))
	ratios := make([]float64, resamples)
	for b := range ratios {
		var control, candidate []float64
		for range len(members) {
			for _, pair := range members[random.IntN(len(members))] {
				control = append(control, pair.Control)
				candidate = append(candidate, pair.Candidate)
			}
		}
		slices.Sort(control)
		slices.Sort(candidate)
		ratios[b] = sortedQuantile(candidate, p) / sortedQuantile(control, p)
	}
	return ratios
}

// TestQuantileRatioIsTheTextbookBootstrap compares the distribution of the resampled
// ratios with that of plain resampling by the statistic of Kolmogorov and Smirnov:
// beyond 1.95·√(2/B) at one in a thousand.
func TestQuantileRatioIsTheTextbookBootstrap(t *testing.T) {
	const resamples = 1500
	for _, size := range []int{1, 4} {
		for _, p := range []float64{0.5, 0.95} {
			t.Run(fmt.Sprintf("clusters of %d, quantile %v", size, p), func(t *testing.T) {
				pairs := skewedPairs(1000, size)
				control, candidate, cluster := make([]float64, len(pairs)), make([]float64, len(pairs)), make([]int, len(pairs))
				for i, pair := range pairs {
					control[i], candidate[i], cluster[i] = pair.Control, pair.Candidate, pair.Cluster
				}
				q := newQuantiles(control, candidate, cluster, len(pairs)/size, p)
				if size == 1 && len(q.together) == 0 {
					t.Fatal("no cluster is drawn together with others: the shortcut is not tested")
				}
				ours, plain := q.resample(resamples, 9), plainQuantileRatios(pairs, p, resamples)
				if d := largestGap(ours, plain); d > 1.95*math.Sqrt(2.0/resamples) {
					t.Errorf("the distributions differ by %v", d)
				}
			})
		}
	}
}

// largestGap is the statistic of Kolmogorov and Smirnov of two samples.
func largestGap(a, b []float64) float64 {
	a, b = slices.Sorted(slices.Values(a)), slices.Sorted(slices.Values(b))
	gap := 0.0
	for i, x := range a {
		j, _ := slices.BinarySearch(b, x)
		gap = max(gap, math.Abs(float64(i)/float64(len(a))-float64(j)/float64(len(b))))
	}
	return gap
}

// BenchmarkQuantileRatio resamples the ratio of medians of 100,000 tasks 2,000 times.
func BenchmarkQuantileRatio(b *testing.B) {
	pairs := skewedPairs(100_000, 1)
	random := rand.New(rand.NewPCG(1, 2))
	for b.Loop() {
		if _, err := QuantileRatio(pairs, 0.5, 2000, 0.95, random); err != nil {
			b.Fatal(err)
		}
	}
}
