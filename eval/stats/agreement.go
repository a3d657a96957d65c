package stats

import (
	"fmt"
	"math/rand/v2"

	"gonum.org/v1/gonum/stat"
)

// NoRating marks a rater's missing verdict.
const NoRating = -1

// Metric is the level of measurement of Krippendorff's alpha.
type Metric int

// The levels of measurement.
const (
	// Nominal counts any two different verdicts as equally different.
	Nominal Metric = iota
	// Ordinal counts verdicts as further apart the more ratings lie between.
	Ordinal
)

// Alpha returns Krippendorff's alpha (Krippendorff 2011) of ratings[rater][task],
// values 0…categories−1 in their order (a, tie, b) or [NoRating]; rows have equal
// length. Tasks with fewer than two ratings do not count. No such task, or no
// variation at all, gives a [*MissingError].
func Alpha(ratings [][]int, categories int, metric Metric) (float64, error) {
	units, err := pairableUnits(ratings, categories)
	if err != nil {
		return 0, err
	}
	a, ok := alpha(units, categories, metric)
	if !ok {
		return 0, missing("all verdicts are the same, agreement beyond chance is undefined")
	}
	return a, nil
}

// AlphaInterval returns [Alpha] with a percentile bootstrap interval of the given
// level over tasks with at least two ratings; StandardError is the standard
// deviation of the resampled values. Resamples without variation are left out;
// if more than one in ten is, the result is a [*MissingError].
func AlphaInterval(ratings [][]int, categories int, metric Metric, resamples int, level float64, rng *rand.Rand) (Interval, error) {
	if resamples < 100 || level <= 0 || level >= 1 {
		return Interval{}, fmt.Errorf("alpha: %d resamples at level %v, want at least 100 and a level between 0 and 1", resamples, level)
	}
	estimate, err := Alpha(ratings, categories, metric)
	if err != nil {
		return Interval{}, err
	}
	units, err := pairableUnits(ratings, categories)
	if err != nil {
		return Interval{}, err
	}
	if len(units) < MinTasks {
		return Interval{}, missing("%d tasks with two or more ratings, an interval needs at least %d", len(units), MinTasks)
	}
	resampled := make([][]int, len(units))
	values := make([]float64, 0, resamples)
	for range resamples {
		for i := range resampled {
			resampled[i] = units[rng.IntN(len(units))]
		}
		if a, ok := alpha(resampled, categories, metric); ok {
			values = append(values, a)
		}
	}
	if 10*len(values) < 9*resamples {
		return Interval{}, missing("verdicts vary too little for an interval of agreement")
	}
	low, high := percentileLimits(values, level)
	return Interval{Estimate: estimate, StandardError: stat.StdDev(values, nil), Low: low, High: high}, nil
}

// pairableUnits returns, for each task with at least two ratings, how many raters
// gave each verdict.
func pairableUnits(ratings [][]int, categories int) ([][]int, error) {
	if categories < 2 {
		return nil, fmt.Errorf("alpha: %d categories, want at least 2", categories)
	}
	tasks := 0
	if len(ratings) > 0 {
		tasks = len(ratings[0])
	}
	counts := make([][]int, tasks)
	totals := make([]int, tasks)
	for t := range counts {
		counts[t] = make([]int, categories)
	}
	for r, row := range ratings {
		if len(row) != tasks {
			return nil, fmt.Errorf("alpha: rater %d has %d tasks, the first has %d", r, len(row), tasks)
		}
		for t, v := range row {
			if v == NoRating {
				continue
			}
			if v < 0 || v >= categories {
				return nil, fmt.Errorf("alpha: rater %d gave task %d the verdict %d, want 0 to %d or none", r, t, v, categories-1)
			}
			counts[t][v]++
			totals[t]++
		}
	}
	var units [][]int
	for t, total := range totals {
		if total >= 2 {
			units = append(units, counts[t])
		}
	}
	if len(units) == 0 {
		return nil, missing("no task was rated by two raters")
	}
	return units, nil
}

// alpha returns 1 − D_o/D_e of verdict counts per unit; false where nothing
// varies. With coincidences o_ck and their margins n_c,
// D_o = Σ o_ck δ_ck and D_e = Σ n_c n_k δ_ck/(n−1), c ≠ k.
func alpha(units [][]int, categories int, metric Metric) (float64, bool) {
	coincidences := make([]float64, categories*categories)
	margins := make([]float64, categories)
	n := 0.0
	for _, counts := range units {
		m := 0
		for _, v := range counts {
			m += v
		}
		n += float64(m)
		for c, count := range counts {
			margins[c] += float64(count)
			for k, other := range counts {
				if k != c {
					coincidences[c*categories+k] += float64(count*other) / float64(m-1)
				}
			}
		}
	}
	observed, expected := 0.0, 0.0
	for c := range categories {
		between := margins[c] / 2
		for k := c + 1; k < categories; k++ {
			delta := 1.0
			between += margins[k] / 2
			if metric == Ordinal {
				delta = between * between
			}
			between += margins[k] / 2
			observed += coincidences[c*categories+k] * delta
			expected += margins[c] * margins[k] * delta
		}
	}
	if expected == 0 {
		return 0, false
	}
	return 1 - (n-1)*observed/expected, true
}

// Kappa is the agreement of two raters.
type Kappa struct {
	// Kappa is Cohen's kappa, unweighted.
	Kappa float64
	// Agreement is the plain share of equal verdicts.
	Agreement float64
	// Tasks is the number of tasks both rated.
	Tasks int
}

// CohenKappa returns Cohen's kappa (Cohen 1960) of two raters' verdicts on the
// same tasks; tasks where either is [NoRating] do not count. No common task, or
// two raters who both gave one and the same verdict throughout, gives a
// [*MissingError]; Agreement and Tasks are filled in the latter case too. Slices
// of different length give an error.
func CohenKappa(a, b []int) (Kappa, error) {
	if len(a) != len(b) {
		return Kappa{}, fmt.Errorf("kappa: %d and %d verdicts, want the same tasks", len(a), len(b))
	}
	countsA, countsB := make(map[int]int), make(map[int]int)
	tasks, equal := 0, 0
	for i, v := range a {
		if v == NoRating || b[i] == NoRating {
			continue
		}
		tasks++
		countsA[v]++
		countsB[b[i]]++
		if v == b[i] {
			equal++
		}
	}
	if tasks == 0 {
		return Kappa{}, missing("no task was rated by both raters")
	}
	products := 0
	for v, count := range countsA {
		products += count * countsB[v]
	}
	kappa := Kappa{Agreement: float64(equal) / float64(tasks), Tasks: tasks}
	if products == tasks*tasks {
		return kappa, missing("both raters gave the same verdict on every task, agreement beyond chance is undefined")
	}
	chance := float64(products) / float64(tasks*tasks)
	kappa.Kappa = (kappa.Agreement - chance) / (1 - chance)
	return kappa, nil
}
