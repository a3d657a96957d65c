package stats

import (
	"cmp"
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
)

// QuantileRatio returns the ratio of the p-quantiles of type 7, candidate ÷ control,
// with a percentile bootstrap interval of the given level over clusters, pairs kept
// together. Weights are not used. StandardError is the standard deviation of the
// resampled ratios. The same state of rng gives the same limits on any number of cores.
// Too little data or a control quantile of zero gives a [*MissingError]; a probability
// or level outside its range, fewer than 100 resamples or values that are not finite
// an error.
func QuantileRatio(pairs []Pair, p float64, resamples int, level float64, rng *rand.Rand) (Interval, error) {
	if err := checkResamples(resamples, level); err != nil {
		return Interval{}, fmt.Errorf("quantile ratio: %w", err)
	}
	control, candidate := make([]float64, len(pairs)), make([]float64, len(pairs))
	cluster := make([]int, len(pairs))
	tasks, clusters := newIndex(len(pairs)), newGrouping(len(pairs))
	for i, pair := range pairs {
		control[i], candidate[i] = pair.Control, pair.Candidate
		clusters.add(pair.Cluster, 1/float64(len(pairs)), 0)
		cluster[i] = clusters.index.of(pair.Cluster)
		tasks.of(pair.Task)
	}
	denominator, err := Quantile(control, p)
	if err != nil {
		return Interval{}, err
	}
	numerator, err := Quantile(candidate, p)
	if err != nil {
		return Interval{}, err
	}
	if denominator <= 0 {
		return Interval{}, missing("the control's quantile is not above zero")
	}
	if err := enough(tasks.count, clusters.effective()); err != nil {
		return Interval{}, err
	}
	ratios := newQuantiles(control, candidate, cluster, clusters.index.count, p).resample(resamples, rng.Uint64())
	return percentileInterval(numerator/denominator, ratios, level, "the control's quantile is not distinguishable from zero")
}

// quantiles resamples a quantile of both arms. Where the values of a resample's quantile
// can lie is known beforehand, to windowWidth standard deviations. Only clusters with a
// task in there, of either arm, are drawn one by one; of the others it counts how many
// of their tasks lie below, and clusters alike in that are drawn together. The law of
// the drawn quantiles is the same.
type quantiles struct {
	p float64
	// control and candidate are the values within the windows, ascending.
	control, candidate []windowed
	// single are the clusters drawn one by one, together the others by kind.
	single   []tally
	together []tally
	// cells are the numbers of clusters: of those drawn one by one, then of each kind.
	cells    []int
	clusters int
}

// windowed is a value and the position of its cluster among the single ones.
type windowed struct {
	value   float64
	cluster int32
}

// tally counts tasks of a cluster: all, and those below the window of either arm.
type tally struct{ tasks, control, candidate int }

// windowWidth is how many standard deviations the windows reach. What lies beyond, at a
// chance under 1e-14, is taken as lying at the edge.
const windowWidth = 8

func newQuantiles(control, candidate []float64, cluster []int, clusters int, p float64) *quantiles {
	q := &quantiles{p: p, clusters: clusters}
	byControl, byCandidate := ranked(control), ranked(candidate)
	fromControl, toControl := window(byControl, cluster, clusters, p)
	fromCandidate, toCandidate := window(byCandidate, cluster, clusters, p)
	tallies := make([]tally, clusters)
	for _, c := range cluster {
		tallies[c].tasks++
	}
	for _, i := range byControl[:fromControl] {
		tallies[cluster[i]].control++
	}
	for _, i := range byCandidate[:fromCandidate] {
		tallies[cluster[i]].candidate++
	}
	position := make([]int32, clusters) // plus one, 0 where drawn together
	take := func(values []float64, order []int) []windowed {
		taken := make([]windowed, len(order))
		for k, i := range order {
			c := cluster[i]
			if position[c] == 0 {
				q.single = append(q.single, tallies[c])
				position[c] = int32(len(q.single))
			}
			taken[k] = windowed{values[i], position[c] - 1}
		}
		return taken
	}
	q.control = take(control, byControl[fromControl:toControl])
	q.candidate = take(candidate, byCandidate[fromCandidate:toCandidate])
	q.cells = []int{len(q.single)}
	kinds := map[tally]int{}
	for c, t := range tallies {
		if position[c] > 0 {
			continue
		}
		kind, seen := kinds[t]
		if !seen {
			kind = len(q.cells)
			kinds[t] = kind
			q.cells = append(q.cells, 0)
			q.together = append(q.together, t)
		}
		q.cells[kind]++
	}
	return q
}

// window returns the ranks, from and up to, between which the quantile of a resample
// lies. The number of resampled tasks below the quantile less p times their number has
// the variance Σ_g (below_g − p·tasks_g)² over clusters.
func window(order, cluster []int, clusters int, p float64) (from, to int) {
	n := len(order)
	rank := float64(n-1) * p
	excess := make([]float64, clusters)
	for k, i := range order {
		excess[cluster[i]] -= p
		if float64(k) <= rank {
			excess[cluster[i]]++
		}
	}
	variance := 0.0
	for _, e := range excess {
		variance += e * e
	}
	// Where hardly any task lies on one side, chance is not normal: a few more ranks.
	width := windowWidth*math.Sqrt(variance) + 64
	return max(0, int(rank-width)), min(n, int(rank+width)+2)
}

// resample returns the ratio of the quantiles of each resample; not finite where the
// control's is 0.
func (q *quantiles) resample(resamples int, seed uint64) []float64 {
	type tools struct {
		cells  []int
		times  []int32
		buffer []uint32
	}
	ratios := make([]float64, resamples)
	inParallel(resamples, func() tools {
		return tools{make([]int, len(q.cells)), make([]int32, len(q.single)), make([]uint32, drawBlock)}
	}, func(t tools, b int) {
		multinomial(q.cells, t.cells, q.clusters, streamOf(seed, b))
		clear(t.times)
		newDrawer(len(q.single), seed, b, q.clusters).blocks(t.cells[0], t.buffer, func(drawn []uint32) {
			for _, i := range drawn {
				t.times[i]++
			}
		})
		var sum tally
		for k, kind := range q.together {
			sum.add(kind, t.cells[k+1])
		}
		for k, c := range q.single {
			sum.add(c, int(t.times[k]))
		}
		rank := float64(sum.tasks-1) * q.p
		ratios[b] = quantileAt(q.candidate, t.times, sum.candidate, rank) / quantileAt(q.control, t.times, sum.control, rank)
	})
	return ratios
}

// add counts a tally several times.
func (t *tally) add(other tally, times int) {
	t.tasks += times * other.tasks
	t.control += times * other.control
	t.candidate += times * other.candidate
}

// quantileAt returns the value at a rank, counted from 0 and interpolated, among values
// each occurring times[cluster] times with below others under them.
func quantileAt(values []windowed, times []int32, below int, rank float64) float64 {
	position := int(rank)
	seen := below
	for k, v := range values {
		seen += int(times[v.cluster])
		if seen <= position {
			continue
		}
		fraction := rank - float64(position)
		if seen > position+1 || fraction == 0 {
			return v.value
		}
		for _, next := range values[k+1:] {
			if times[next.cluster] > 0 {
				return between(v.value, next.value, fraction)
			}
		}
		return v.value
	}
	return values[len(values)-1].value
}

// ranked returns the positions of values in ascending order.
func ranked(values []float64) []int {
	order := make([]int, len(values))
	for i := range order {
		order[i] = i
	}
	slices.SortStableFunc(order, func(a, b int) int { return cmp.Compare(values[a], values[b]) })
	return order
}
