package stats

import (
	"math"
	"slices"

	"gonum.org/v1/gonum/integrate/quad"
	"gonum.org/v1/gonum/mathext"
)

// The integrations over the score so far are composite Gauss–Legendre rules of
// panelNodes nodes a panel. A panel is panelWidth standard deviations of the next
// step wide, over which the integrand is smooth, but no narrower than mostPanels
// allow. They begin gridWidth standard deviations below zero, from where a path
// crosses no boundary in one step. (Against 20 nodes and finer panels: equal to 1e-9.)
const (
	panelNodes = 8
	edgePanels = 3
	panelWidth = 2.5
	mostPanels = 4000
	gridWidth  = 6
)

// legendre holds the nodes and weights of a panel from 0 to 1.
var legendre = func() (rule struct{ node, weight [panelNodes]float64 }) {
	quad.Legendre{}.FixedLocations(rule.node[:], rule.weight[:], 0, 1)
	return rule
}()

// kernelReach is the number of standard deviations beyond which a step of the
// integration adds nothing to a double.
const kernelReach = 8.5

// leastIncrement is the information under which a look before the last counts as
// without new information: it spends nothing.
const leastIncrement = 1e-4

// informative reports whether a look at information t adds to the one at last.
// The look that completes the information always does.
func informative(t, last float64) bool {
	return t-last >= leastIncrement || (t == 1 && last < 1)
}

// mostZ bounds the z-scale values told apart: beyond, the p-value is [MinP].
var mostZ = -mathext.NormalQuantile(MinP)

// highestX returns the x = z_{α/2} that the boundary z at information t cannot
// exceed, since at the boundary P(Z_k ≥ z) ≤ A(t).
func highestX(t, z float64) float64 {
	return -math.Sqrt(t) * mathext.NormalQuantile(max(normalSurvival(z)/2, MinP))
}

// root finds the zero of an increasing function in [low, high] by the Illinois
// form of regula falsi (Dowell and Jarratt 1971), to 1e-10, given its value at
// low. Each value is dear.
func root(f func(float64) float64, low, atLow, high float64) float64 {
	if atLow >= 0 || high <= low {
		return low
	}
	atHigh := f(high)
	if atHigh <= 0 {
		return high
	}
	side := 0
	x := low
	for range 60 {
		previous := x
		x = (low*atHigh - high*atLow) / (atHigh - atLow)
		y := f(x)
		if y == 0 || math.Abs(x-previous) <= 1e-10 || high-low <= 1e-10 {
			return x
		}
		if y > 0 {
			high, atHigh = x, y
			if side == 1 {
				atLow /= 2
			}
			side = 1
			continue
		}
		low, atLow = x, y
		if side == -1 {
			atHigh /= 2
		}
		side = -1
	}
	return x
}

// spending finds the one-sided boundaries c_1…c_K on the z scale that spend alpha by
// the O'Brien–Fleming-type function of Lan and DeMets (1983),
// A(t) = 2 − 2Φ(z_{α/2}/√t): P(Z_1<c_1,…,Z_k<c_k) = 1 − A(t_k) with
// Corr(Z_j,Z_k) = √(t_j/t_k). It is the state of the recursive integration
// (Armitage, McPherson and Rowe 1969), advanced look by look: each boundary is found
// once. A look that can spend nothing has the boundary +Inf.
type spending struct {
	x float64 // z_{α/2}
	// time and bound are the information and the boundary of the last look.
	time, bound float64
	// before is the density at the look before that.
	before density
}

// density is that of the score S = Z√t, restricted to paths that crossed no
// boundary, at the nodes of an integration.
type density struct {
	time float64
	// finest is the least standard deviation of a step that the nodes can follow.
	finest float64
	// at are the nodes, upwards; mass is the density there times the rule's weight.
	at, mass []float64
}

// newSpending starts before the first look; x is z_{α/2}.
func newSpending(x float64) *spending { return &spending{x: x} }

// spent returns A(t) = 2 − 2Φ(x/√t).
func (s *spending) spent(t float64) float64 {
	if t == 0 {
		return 0
	}
	return 2 * normalSurvival(s.x/math.Sqrt(t))
}

// next returns the boundary of a look at information t, at which the crossing
// probability is what may be spent there, and advances the state past it. A look
// without new information leaves the state as it was.
func (s *spending) next(t float64) float64 {
	if !informative(t, s.time) {
		return math.Inf(1)
	}
	target := s.spent(t) - s.spent(s.time)
	var now density
	if s.time > 0 {
		now = s.density(math.Sqrt(t - s.time))
	}
	bound := math.Inf(1)
	switch {
	case target < MinP:
	case s.time == 0:
		bound = -mathext.NormalQuantile(target)
	default:
		bound = now.boundary(t, target)
	}
	s.time, s.bound, s.before = t, bound, now
	return bound
}

// density returns the density at the last look, cut at its boundary, at nodes for
// a next step of that standard deviation.
func (s *spending) density(step float64) density {
	edges := s.panels(step)
	nodes := (len(edges) - 1) * panelNodes
	d := density{time: s.time, finest: (edges[1] - edges[0]) / (2 * panelWidth), at: make([]float64, 0, nodes), mass: make([]float64, 0, nodes)}
	for panel, from := range edges[:len(edges)-1] {
		width := edges[panel+1] - from
		for i, node := range legendre.node {
			u := from + width*node
			var value float64
			if s.before.time == 0 {
				value = math.Exp(-u*u/(2*s.time)) / math.Sqrt(2*math.Pi*s.time)
			} else {
				value = s.before.moved(u, s.time)
			}
			d.at, d.mass = append(d.at, u), append(d.mass, width*legendre.weight[i]*value)
		}
	}
	return d
}

// panels divides the scores that are integrated over. A small step before this one
// has left an edge of its own width just below the boundary: the panels begin there
// as narrow and double downwards until they are as wide as the next step allows.
func (s *spending) panels(step float64) []float64 {
	scale := math.Sqrt(s.time)
	from, to := -gridWidth*scale, min(s.bound, s.x/scale+1, mostZ+3)*scale
	to = min(max(to, from+scale), s.bound*scale)
	widest := max(panelWidth*step, (to-from)/mostPanels)
	width := min(widest, panelWidth*math.Sqrt(s.time-s.before.time))
	edges := []float64{to}
	at := to
	for at-width > from && width < widest {
		at -= width
		edges = append(edges, at)
		if len(edges) > edgePanels {
			width = min(2*width, widest)
		}
	}
	rest := math.Ceil((at - from) / widest)
	for i := 1.0; i <= rest; i++ {
		edges = append(edges, at-(at-from)*i/rest)
	}
	slices.Reverse(edges)
	return edges
}

// moved returns the density of the score u at information t, by the normal law of
// the step to it. Only nodes within reach are visited.
func (d density) moved(u, t float64) float64 {
	sd := d.sd(t)
	low, _ := slices.BinarySearch(d.at, u-kernelReach*sd)
	high := u + kernelReach*sd
	var sum float64
	for i := low; i < len(d.at) && d.at[i] <= high; i++ {
		distance := (u - d.at[i]) / sd
		sum += d.mass[i] * math.Exp(-distance*distance/2)
	}
	return sum / (math.Sqrt(2*math.Pi) * sd)
}

// sd is the standard deviation of the step to information t. A step too small for
// the panels counts as one that is not, which makes the boundary a little too high,
// never too low.
func (d density) sd(t float64) float64 { return max(math.Sqrt(t-d.time), d.finest) }

// boundary returns the z at which P(no boundary crossed before, Z ≥ z) at
// information t is target. That probability is log-concave in z, so that Newton's
// method on its logarithm falls monotonely from the largest z possible; halving
// takes over where it would leave the bracket.
func (d density) boundary(t, target float64) float64 {
	low, high := -float64(gridWidth), -mathext.NormalQuantile(target)
	z := high
	for high-low > 1e-10 {
		probability, slope := d.crossing(z, t)
		if probability > target {
			low = z
		} else {
			high = z
		}
		next := z + math.Log(probability/target)*probability/slope
		if math.Abs(next-z) <= 1e-11 {
			return next
		}
		if !(next > low && next < high) {
			next = (low + high) / 2
		}
		z = next
	}
	return z
}

// crossing returns P(no boundary crossed before, Z ≥ z) at information t and its
// decrease with z.
func (d density) crossing(z, t float64) (probability, slope float64) {
	root := math.Sqrt(t)
	sd := d.sd(t)
	for i := len(d.mass) - 1; i >= 0; i-- {
		distance := (z*root - d.at[i]) / sd
		if distance > mostZ+1 {
			break // nothing further down can cross
		}
		probability += d.mass[i] * normalSurvival(distance)
		slope += d.mass[i] * math.Exp(-distance*distance/2)
	}
	return probability, slope * root / (sd * math.Sqrt(2*math.Pi))
}
