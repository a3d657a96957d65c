package stats

import (
	"fmt"
	"math"
	"math/rand/v2"
)

// Metric is the level of measurement of Krippendorff's alpha.
type Metric int

// The levels of measurement.
const (
	// Nominal counts any two different verdicts as equally different.
	Nominal Metric = iota
	// Ordinal counts verdicts as further apart the more ratings lie between.
	Ordinal
	// IntervalScale counts verdicts as further apart by the square of their distance in
	// the order, as grades with equal steps.
	IntervalScale
)

// AlphaInterval returns Krippendorff's alpha (Krippendorff 2011) of
// counts[task][verdict], how many raters gave a task each verdict, with a percentile
// bootstrap interval of the given level over tasks with at least two ratings.
// Verdicts stand in their order (a, tie, b) and rows have equal length; tasks with
// fewer than two ratings do not count. No such task, or no variation at all, gives a
// [*MissingError]. StandardError is the standard
// deviation of the resampled values. Resamples without variation are left out;
// if more than one in ten is, the result is a [*MissingError].
func AlphaInterval(counts [][]int, metric Metric, resamples int, level float64, rng *rand.Rand) (Interval, error) {
	if err := checkResamples(resamples, level); err != nil {
		return Interval{}, fmt.Errorf("alpha: %w", err)
	}
	units, err := newPairable(counts)
	if err != nil {
		return Interval{}, err
	}
	estimate, err := units.estimate(metric)
	if err != nil {
		return Interval{}, err
	}
	if units.tasks < MinTasks {
		return Interval{}, missing("%d tasks with two or more ratings, an interval needs at least %d", units.tasks, MinTasks)
	}
	times := make([]int, len(units.patterns))
	values := make([]float64, 0, resamples)
	seed := rng.Uint64()
	for b := range resamples {
		// Tasks of one pattern are alike, so that their numbers are all that is drawn.
		multinomial(units.times, times, units.tasks, streamOf(seed, b))
		if a, ok := alpha(units.patterns, times, metric); ok {
			values = append(values, a)
		}
	}
	if 10*len(values) < 9*resamples {
		return Interval{}, missing("verdicts vary too little for an interval of agreement")
	}
	return percentileInterval(estimate, values, level, "verdicts vary too little for an interval of agreement")
}

// pairable are the tasks with at least two ratings. Tasks whose verdicts were given
// equally often are one pattern: there are few, which makes resampling cheap.
type pairable struct {
	patterns [][]int // how many raters gave each verdict
	times    []int   // how many tasks have the pattern
	tasks    int
}

func newPairable(counts [][]int) (pairable, error) {
	var units pairable
	index := map[string]int{}
	for t, row := range counts {
		if len(row) < 2 || len(row) != len(counts[0]) {
			return units, fmt.Errorf("alpha: task %d has %d verdicts to choose from, want the same number of at least 2 everywhere", t, len(row))
		}
		total := 0
		for v, count := range row {
			if count < 0 {
				return units, fmt.Errorf("alpha: task %d has %d ratings of verdict %d", t, count, v)
			}
			total += count
		}
		if total < 2 {
			continue
		}
		key := fmt.Sprint(row)
		pattern, seen := index[key]
		if !seen {
			pattern = len(units.patterns)
			index[key] = pattern
			units.patterns, units.times = append(units.patterns, row), append(units.times, 0)
		}
		units.times[pattern]++
		units.tasks++
	}
	if units.tasks == 0 {
		return units, missing("no task was rated by two raters")
	}
	return units, nil
}

func (u pairable) estimate(metric Metric) (float64, error) {
	a, ok := alpha(u.patterns, u.times, metric)
	if !ok {
		return 0, missing("all verdicts are the same, agreement beyond chance is undefined")
	}
	return a, nil
}

// alpha returns 1 − D_o/D_e of patterns of verdict counts, each occurring the given
// number of times; false where nothing varies. With coincidences o_ck and their
// margins n_c, D_o = Σ o_ck δ_ck and D_e = Σ n_c n_k δ_ck/(n−1), c ≠ k.
func alpha(patterns [][]int, times []int, metric Metric) (float64, bool) {
	categories := len(patterns[0])
	coincidences := make([]float64, categories*categories)
	margins := make([]float64, categories)
	n := 0.0
	for p, counts := range patterns {
		m := 0
		for _, v := range counts {
			m += v
		}
		n += float64(times[p] * m)
		for c, count := range counts {
			margins[c] += float64(times[p] * count)
			for k, other := range counts {
				if k != c {
					coincidences[c*categories+k] += float64(times[p]*count*other) / float64(m-1)
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
			switch metric {
			case Nominal:
			case Ordinal:
				delta = between * between
			case IntervalScale:
				delta = float64((k - c) * (k - c))
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
	// Kappa is Cohen's kappa.
	Kappa float64
	// Agreement is the plain share of equal verdicts.
	Agreement float64
	// Tasks is the number of tasks both rated.
	Tasks int
}

// KappaWeights says how far apart verdicts are for a weighted kappa.
type KappaWeights int

// The weights of kappa.
const (
	// Unweighted counts any two different verdicts as equally different.
	Unweighted KappaWeights = iota
	// Linear counts verdicts by their distance in the order.
	Linear
	// Quadratic counts them by its square.
	Quadratic
)

// distance returns the disagreement of two verdicts.
func (w KappaWeights) distance(v, other int) float64 {
	d := math.Abs(float64(v - other))
	switch w {
	case Unweighted:
		return min(d, 1)
	case Quadratic:
		return d * d
	}
	return d
}

// CohenKappa returns Cohen's kappa (Cohen 1960) of two raters, unweighted; see
// [WeightedKappa].
func CohenKappa(table [][]int) (Kappa, error) { return WeightedKappa(table, Unweighted) }

// WeightedKappa returns Cohen's weighted kappa (Cohen 1968) of two raters from the
// square table of the tasks both rated: table[v][w] of them got the verdict v from the
// first and w from the second, verdicts in their order. Kappa is
// 1 − Σ d_vw o_vw/Σ d_vw e_vw with distances d, shares o and the products e of their
// margins. No common task, or two raters who both gave one and the same verdict
// throughout, gives a [*MissingError]; Agreement and Tasks are filled in the latter
// case too. A table that is not square or has a negative number gives an error.
func WeightedKappa(table [][]int, weights KappaWeights) (Kappa, error) {
	tasks, equal := 0.0, 0.0
	first, second := make([]float64, len(table)), make([]float64, len(table))
	for v, row := range table {
		if len(row) != len(table) {
			return Kappa{}, fmt.Errorf("kappa: row %d has %d entries, want the %d of a square table", v, len(row), len(table))
		}
		equal += float64(row[v])
		for w, count := range row {
			if count < 0 {
				return Kappa{}, fmt.Errorf("kappa: %d tasks in row %d, want no negative number", count, v)
			}
			tasks += float64(count)
			first[v] += float64(count)
			second[w] += float64(count)
		}
	}
	if tasks == 0 {
		return Kappa{}, missing("no task was rated by both raters")
	}
	observed, expected := 0.0, 0.0
	for v, row := range table {
		for w, count := range row {
			observed += weights.distance(v, w) * float64(count) / tasks
			expected += weights.distance(v, w) * (first[v] / tasks) * (second[w] / tasks)
		}
	}
	kappa := Kappa{Agreement: equal / tasks, Tasks: int(tasks)}
	if expected == 0 {
		return kappa, missing("both raters gave the same verdict on every task, agreement beyond chance is undefined")
	}
	kappa.Kappa = 1 - observed/expected
	return kappa, nil
}

// FleissKappa returns the kappa of Fleiss (1971) of counts[task][verdict], how many
// raters gave a task each verdict, with the same number of at least two ratings for
// each task: (P − P_e)/(1 − P_e), P the mean share of agreeing pairs and P_e the sum of
// the squared shares of verdicts. For unequal numbers use [AlphaInterval]. Verdicts
// that do not vary give a [*MissingError].
func FleissKappa(counts [][]int) (float64, error) {
	units, err := newPairable(counts)
	if err != nil {
		return 0, err
	}
	raters := 0
	for _, count := range counts[0] {
		raters += count
	}
	shares := make([]float64, len(counts[0]))
	agreement := 0.0
	n, m := float64(len(counts)), float64(raters)
	for p, row := range units.patterns {
		times := float64(units.times[p])
		total := 0
		for v, count := range row {
			total += count
			shares[v] += times * float64(count) / (n * m)
			agreement += times * float64(count) * float64(count-1) / (n * m * (m - 1))
		}
		if total != raters {
			return 0, fmt.Errorf("kappa of Fleiss: tasks with %d and with %d ratings, want the same number for each", raters, total)
		}
	}
	if units.tasks != len(counts) {
		return 0, fmt.Errorf("kappa of Fleiss: %d of %d tasks have fewer than two ratings", len(counts)-units.tasks, len(counts))
	}
	chance := 0.0
	for _, share := range shares {
		chance += share * share
	}
	if chance > 1-tiny {
		return 0, missing("all verdicts are the same, agreement beyond chance is undefined")
	}
	return (agreement - chance) / (1 - chance), nil
}
