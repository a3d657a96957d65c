package stats

import "gonum.org/v1/gonum/floats"

// index numbers arbitrary integers in order of first appearance. Sums over groups
// run in that order, so that results do not depend on map order. Integers from 0 on
// that are not much larger than their number, which most callers give, are looked up
// in a table, others in a map.
type index struct {
	count int
	// near holds the position plus one, 0 where a key was not seen.
	near []int32
	// reach is where near ends to grow.
	reach int
	far   map[int]int
}

// newIndex makes an index for about size keys.
func newIndex(size int) *index { return &index{reach: 8*size + 1024} }

// of returns the position of key, a new one if it was not seen before.
func (x *index) of(key int) int {
	if key < 0 || key >= x.reach {
		return x.ofFar(key)
	}
	if key >= len(x.near) {
		grown := make([]int32, min(x.reach, max(key+1, 2*len(x.near), 64)))
		copy(grown, x.near)
		x.near = grown
	}
	if x.near[key] == 0 {
		x.count++
		x.near[key] = int32(x.count)
	}
	return int(x.near[key]) - 1
}

// find returns the position of key if it was seen.
func (x *index) find(key int) (int, bool) {
	if key >= 0 && key < len(x.near) {
		return int(x.near[key]) - 1, x.near[key] > 0
	}
	i, ok := x.far[key]
	return i, ok
}

func (x *index) ofFar(key int) int {
	if x.far == nil {
		x.far = map[int]int{}
	}
	i, ok := x.far[key]
	if !ok {
		i = x.count
		x.far[key] = i
		x.count++
	}
	return i
}

// grouping accumulates weights and weighted residuals per group.
type grouping struct {
	index     *index
	weights   []float64
	residuals []float64
}

// newGrouping makes a grouping of at most about size groups.
func newGrouping(size int) *grouping {
	return &grouping{index: newIndex(size), weights: make([]float64, 0, size), residuals: make([]float64, 0, size)}
}

// add counts an observation with its weight and its weighted residual.
func (g *grouping) add(key int, weight, residual float64) { g.addAt(g.index.of(key), weight, residual) }

// addAt is add for a group by its position, for groupings that share the index of one.
func (g *grouping) addAt(i int, weight, residual float64) {
	if i == len(g.weights) {
		g.weights = append(g.weights, 0)
		g.residuals = append(g.residuals, 0)
	}
	g.weights[i] += weight
	g.residuals[i] += residual
}

// residual returns the sum of a group's weighted residuals, 0 for a group that does not
// exist.
func (g *grouping) residual(key int) float64 {
	if i, ok := g.index.find(key); ok {
		return g.residuals[i]
	}
	return 0
}

// effective returns 1/ΣW² with the weights brought to a sum of one; 0 without a
// group.
func (g *grouping) effective() float64 {
	if len(g.weights) == 0 {
		return 0
	}
	sum := floats.Sum(g.weights)
	return sum * sum / floats.Dot(g.weights, g.weights)
}

// variance returns Σ(Σ w e)²/(1 − ΣW²).
func (g *grouping) variance() float64 {
	return floats.Dot(g.residuals, g.residuals) / (1 - floats.Dot(g.weights, g.weights))
}
