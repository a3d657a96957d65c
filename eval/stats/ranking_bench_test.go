package stats

import (
	"math"
	"math/rand/v2"
	"testing"
)

// leaderboard are a million comparisons of 20 models by count.
func leaderboard() []PairCount {
	random := rand.NewPCG(1, 2)
	var pairs []PairCount
	const models, each = 20, 1_000_000 / 190
	for a := range models {
		for b := a + 1; b < models; b++ {
			ties := binomial(each, 0.2, random)
			wins := binomial(each-ties, logistic(0.1*float64(b-a)), random)
			pairs = append(pairs, PairCount{A: a, B: b, WinsA: each - ties - wins, WinsB: wins, Ties: ties})
		}
	}
	return pairs
}

// BenchmarkRanking fits a million comparisons of 20 models and 1,000 bootstrap rounds,
// beside the bare limit: drawing the counts of the rounds and nothing else, on the same
// cores.
func BenchmarkRanking(b *testing.B) {
	pairs := leaderboard()
	b.Run("ranking", func(b *testing.B) {
		for b.Loop() {
			if _, err := BradleyTerryBootstrap(20, pairs, 1000, 0.95, rand.New(rand.NewPCG(1, 2))); err != nil {
				b.Fatal(err)
			}
		}
	})
	b.Run("sampling-alone", func(b *testing.B) {
		counts, err := newResults(20, pairs)
		if err != nil {
			b.Fatal(err)
		}
		for b.Loop() {
			inParallel(1000, func() []int { return make([]int, len(counts.cells)) }, func(draws []int, round int) {
				multinomial(counts.cells, draws, counts.total, streamOf(1, round))
			})
		}
	})
}

// TestMultinomialMoments compares the sampler's means, variances and a covariance with
// the exact ones, small and large cells alike.
func TestMultinomialMoments(t *testing.T) {
	counts := []int{3, 0, 5000, 40, 700, 1}
	total := 0
	for _, count := range counts {
		total += count
	}
	const rounds = 40_000
	sums, squares, cross := make([]float64, len(counts)), make([]float64, len(counts)), 0.0
	draws := make([]int, len(counts))
	for b := range rounds {
		multinomial(counts, draws, total, streamOf(7, b))
		drawn := 0
		for i, d := range draws {
			sums[i] += float64(d)
			squares[i] += float64(d) * float64(d)
			drawn += d
		}
		cross += float64(draws[2]) * float64(draws[4])
		if drawn != total {
			t.Fatalf("round %d drew %d of %d", b, drawn, total)
		}
	}
	n := float64(total)
	for i, count := range counts {
		p := float64(count) / n
		mean := sums[i] / rounds
		if se := math.Sqrt(n * p * (1 - p) / rounds); math.Abs(mean-n*p) > 4.5*se {
			t.Errorf("cell %d: mean %v, want %v ± %v", i, mean, n*p, se)
		}
		// The variance of a sample variance is about 2V²/rounds, and more for rare cells.
		variance := squares[i]/rounds - mean*mean
		if want := n * p * (1 - p); math.Abs(variance-want) > 0.06*want {
			t.Errorf("cell %d: variance %v, want %v", i, variance, want)
		}
	}
	want := -n * (float64(counts[2]) / n) * (float64(counts[4]) / n)
	if got := cross/rounds - sums[2]/rounds*sums[4]/rounds; math.Abs(got-want) > 0.06*math.Abs(want) {
		t.Errorf("covariance %v, want %v", got, want)
	}
}
