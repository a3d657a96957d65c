package stats

import (
	"fmt"
	"math"
	"math/rand/v2"
	"slices"

	"gonum.org/v1/gonum/stat"
)

// PairCount is how the comparisons of two arms ended.
type PairCount struct {
	// A and B number the arms; 0 is the control.
	A, B int
	// WinsA, WinsB and Ties count comparisons.
	WinsA, WinsB, Ties int
}

// leastRankingResamples is the number of rounds that the limits and ranks of a ranking
// need.
const leastRankingResamples = 1000

// BradleyTerryBootstrap ranks arms 0…arms−1 as [BradleyTerry] does, from counts of how
// comparisons ended, with percentile limits of the given level: each round draws as
// many comparisons with replacement, which is a multinomial draw of the counts, and
// fits them anew. Ranks rest on simultaneous intervals from the bootstrap's largest
// standardised difference over all pairs. Covariance is that of the rounds; rounds
// whose wins do not connect all arms are left out and counted.
//
// It assumes that comparisons are independent; where a task or a rater has several, use
// [BradleyTerry]. The time does not depend on the number of comparisons. The same state
// of rng gives the same result on any number of cores. Arms that no chain of wins
// connects, fewer comparisons than [MinTasks], or more than one in ten rounds left
// out, give a [*MissingError]; negative counts, unknown arms, fewer than 1000 rounds or
// a level outside (0,1) an error.
func BradleyTerryBootstrap(arms int, pairs []PairCount, resamples int, level float64, rng *rand.Rand) (Ranking, error) {
	if resamples < leastRankingResamples || !(level > 0 && level < 1) {
		return Ranking{}, fmt.Errorf("ranking: %d resamples at level %v, want at least %d and a level between 0 and 1", resamples, level, leastRankingResamples)
	}
	counts, err := newResults(arms, pairs)
	if err != nil {
		return Ranking{}, err
	}
	if counts.total < MinTasks {
		return Ranking{}, missing("%d comparisons, a ranking needs at least %d", counts.total, MinTasks)
	}
	observed := newOutcomes(arms)
	counts.sum(counts.cells, observed)
	if err := observed.connected(); err != nil {
		return Ranking{}, err
	}
	fit := newStrengths(arms)
	if !fit.maximise(observed) {
		return Ranking{}, missing("the wins do not determine the arms' strengths")
	}
	rounds := counts.resample(fit.beta, resamples, rng.Uint64())
	r := Ranking{Arms: make([]RankedArm, arms), Comparisons: counts.total, Resamples: resamples, LeftOut: resamples - len(rounds)}
	if 10*r.LeftOut > resamples {
		return Ranking{}, missing("in %d of %d resamples the wins do not connect all arms", r.LeftOut, resamples)
	}
	r.Covariance = covarianceOf(rounds)
	values := make([]float64, len(rounds))
	r.Arms[0] = RankedArm{WinProbability: Interval{Estimate: 0.5, Low: 0.5, High: 0.5}}
	for i := 1; i < arms; i++ {
		for b, beta := range rounds {
			values[b] = beta[i]
		}
		low, high := percentileLimits(values, level)
		r.Arms[i].LogOdds = Interval{Estimate: fit.beta[i], StandardError: math.Sqrt(r.Covariance[i-1][i-1]), Low: low, High: high}
		r.Arms[i].WinProbability = logisticInterval(r.Arms[i].LogOdds)
	}
	r.rankByRounds(fit.beta, rounds, level)
	return r, nil
}

// results are the counts of the ways in which comparisons ended.
type results struct {
	arms  int
	pairs [][2]int // a < b
	// cells holds, for each pair, the wins of a, the wins of b and the ties.
	cells []int
	total int
}

// mostComparisons keeps sums of counts within what a double counts exactly.
const mostComparisons = 1 << 52

func newResults(arms int, pairs []PairCount) (*results, error) {
	r := &results{arms: arms}
	position := map[[2]int]int{}
	for _, p := range pairs {
		if err := checkPair(arms, p.A, p.B); err != nil {
			return nil, err
		}
		for _, count := range []int{p.WinsA, p.WinsB, p.Ties} {
			if count < 0 || count > mostComparisons {
				return nil, fmt.Errorf("ranking: arms %d and %d have a count of %d, want 0 to 2^52", p.A, p.B, count)
			}
			r.total += count
		}
		if r.total > mostComparisons {
			return nil, fmt.Errorf("ranking: more than 2^52 comparisons")
		}
		if p.A > p.B {
			p.A, p.B, p.WinsA, p.WinsB = p.B, p.A, p.WinsB, p.WinsA
		}
		key := [2]int{p.A, p.B}
		at, seen := position[key]
		if !seen {
			at = len(r.pairs)
			position[key] = at
			r.pairs = append(r.pairs, key)
			r.cells = append(r.cells, 0, 0, 0)
		}
		r.cells[3*at] += p.WinsA
		r.cells[3*at+1] += p.WinsB
		r.cells[3*at+2] += p.Ties
	}
	return r, nil
}

// sum writes the counts of cells, of all comparisons one, into outcomes.
func (r *results) sum(cells []int, o *outcomes) {
	total := float64(r.total)
	for i, pair := range r.pairs {
		a, b, ties := float64(cells[3*i]), float64(cells[3*i+1]), float64(cells[3*i+2])
		at := pair[0]*r.arms + pair[1]
		o.weight[at] = (a + b + ties) / total
		o.won[at] = (b + ties/2) / total
	}
}

// resample returns the β of each round, those left out that the draw did not connect.
// Each fit starts at the β of what was seen.
func (r *results) resample(beta []float64, resamples int, seed uint64) [][]float64 {
	type tools struct {
		cells    []int
		outcomes *outcomes
		fit      *strengths
	}
	rounds := make([][]float64, resamples)
	inParallel(resamples, func() tools {
		return tools{make([]int, len(r.cells)), newOutcomes(r.arms), newStrengths(r.arms)}
	}, func(t tools, b int) {
		multinomial(r.cells, t.cells, r.total, streamOf(seed, b))
		r.sum(t.cells, t.outcomes)
		copy(t.fit.beta, beta)
		if t.outcomes.connected() == nil && t.fit.maximise(t.outcomes) {
			rounds[b] = slices.Clone(t.fit.beta)
		}
	})
	return slices.DeleteFunc(rounds, func(beta []float64) bool { return beta == nil })
}

// covarianceOf returns the covariance of the β over rounds, without the control.
func covarianceOf(rounds [][]float64) [][]float64 {
	n := len(rounds[0]) - 1
	columns := make([][]float64, n)
	for i := range columns {
		columns[i] = make([]float64, len(rounds))
		for b, beta := range rounds {
			columns[i][b] = beta[i+1]
		}
	}
	covariance := make([][]float64, n)
	for i := range covariance {
		covariance[i] = make([]float64, n)
		for j := range i + 1 {
			covariance[i][j] = stat.Covariance(columns[i], columns[j], nil)
			covariance[j][i] = covariance[i][j]
		}
	}
	return covariance
}

// rankByRounds fills in ranks from the intervals β_i − β_j ± c·SE that hold together:
// c is the quantile over rounds of the largest |difference from the estimate|/SE of any
// pair.
func (r *Ranking) rankByRounds(beta []float64, rounds [][]float64, level float64) {
	arms := len(beta)
	errors := make([]float64, arms*arms)
	of := func(i, j int) float64 {
		if i == 0 || j == 0 {
			return 0
		}
		return r.Covariance[i-1][j-1]
	}
	for i := range arms {
		for j := range i {
			errors[i*arms+j] = math.Sqrt(denoise(of(i, i)+of(j, j)-2*of(i, j), 1))
		}
	}
	largest := make([]float64, len(rounds))
	for b, round := range rounds {
		for i := range arms {
			for j := range i {
				if se := errors[i*arms+j]; se > 0 {
					largest[b] = max(largest[b], math.Abs(round[i]-beta[i]-round[j]+beta[j])/se)
				}
			}
		}
	}
	slices.Sort(largest)
	critical := sortedQuantile(largest, level)
	r.rank(func(i, j int) bool {
		return beta[i]-beta[j] > critical*errors[max(i, j)*arms+min(i, j)]
	})
}
