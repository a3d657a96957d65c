package stats

import (
	"fmt"
	"math"

	"gonum.org/v1/gonum/integrate"
	"gonum.org/v1/gonum/mathext"
)

// gridPoints is the number of points of each trapezoidal integration, and
// gridWidth how many standard deviations it reaches downwards.
const (
	gridPoints = 400
	gridWidth  = 8
)

// Boundaries returns the one-sided boundaries c_1…c_K on the z scale for looks at
// the given information fractions (increasing, in (0,1]) that spend alpha by the
// O'Brien–Fleming-type function of Lan and DeMets (1983),
// A(t) = 2 − 2Φ(z_{α/2}/√t): P(Z_1<c_1,…,Z_k<c_k) = 1 − A(t_k) with
// Corr(Z_j,Z_k) = √(t_j/t_k), by recursive integration (Armitage, McPherson and
// Rowe 1969). A look that can spend nothing has the boundary +Inf; the last
// of K looks spends all of alpha only if its fraction is 1. Fractions that are
// not increasing or not in (0,1], or alpha outside (0,1), give an error.
func Boundaries(fractions []float64, alpha float64) ([]float64, error) {
	if err := checkFractions(fractions); err != nil {
		return nil, err
	}
	if !(alpha > 0 && alpha < 1) {
		return nil, fmt.Errorf("boundaries: error rate %v is not between 0 and 1", alpha)
	}
	return newSpending(-mathext.NormalQuantile(alpha / 2)).boundaries(fractions), nil
}

// checkFractions returns an error unless fractions increase within (0,1].
func checkFractions(fractions []float64) error {
	previous := 0.0
	for k, t := range fractions {
		if !(t > previous && t <= 1) {
			return fmt.Errorf("information fraction %d is %v, want increasing fractions above 0 and up to 1", k+1, t)
		}
		previous = t
	}
	return nil
}

// RepeatedP returns the smallest one-sided alpha whose boundary at the last of
// the given looks equals z (Jennison and Turnbull 1999, section 9), by bisection
// to a relative 1e-6, and 1 where no smaller one exists. No looks or fractions
// as refused by [Boundaries] give an error.
func RepeatedP(fractions []float64, z float64) (float64, error) {
	if err := checkFractions(fractions); err != nil {
		return 0, err
	}
	if len(fractions) == 0 || math.IsNaN(z) {
		return 0, fmt.Errorf("repeated p-value: %d looks with z = %v, want at least one look and a number", len(fractions), z)
	}
	last := len(fractions) - 1
	t := fractions[last]
	if z <= 0 {
		return 1, nil
	}
	// The bisection runs over x = z_{α/2}. At the boundary P(Z_k ≥ z) ≤ A(t_k),
	// which bounds x from above.
	high := -math.Sqrt(t) * mathext.NormalQuantile(max(normalSurvival(z)/2, MinP))
	if last == 0 {
		return min(1, max(2*normalSurvival(high), MinP)), nil // the first look spends A(t) alone
	}
	// excess is what crossing at z spends beyond what x allows: it grows with x and
	// is zero at the x sought.
	excess := func(x float64) float64 {
		s := newSpending(x)
		s.boundaries(fractions[:last])
		return s.crossing(z, t) - s.increment(t)
	}
	x := root(excess, high)
	return min(1, max(2*normalSurvival(x), MinP)), nil
}

// root finds the zero of an increasing function in (0, high] by the Illinois form
// of regula falsi (Dowell and Jarratt 1971), to 1e-7. Each value is dear.
func root(f func(float64) float64, high float64) float64 {
	atHigh := f(high)
	if atHigh <= 0 {
		return high
	}
	low := 0.9 * high
	atLow := f(low)
	for atLow > 0 && low > 1e-9 {
		high, atHigh = low, atLow
		low *= 0.8
		atLow = f(low)
	}
	side := 0
	for range 60 {
		if high-low <= 1e-7/max(1, high) || atLow >= 0 {
			break
		}
		x := (low*atHigh - high*atLow) / (atHigh - atLow)
		switch y := f(x); {
		case y == 0:
			return x
		case y > 0:
			high, atHigh = x, y
			if side == 1 {
				atLow /= 2
			}
			side = 1
		default:
			low, atLow = x, y
			if side == -1 {
				atHigh /= 2
			}
			side = -1
		}
	}
	return (low + high) / 2
}

// spending is the state of the recursive integration: the density of the score
// S = Z√t on a grid, restricted to paths that crossed no boundary.
type spending struct {
	x       float64
	time    float64
	grid    []float64
	density []float64
	values  []float64
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

// increment returns what may be spent between the last look and t.
func (s *spending) increment(t float64) float64 { return s.spent(t) - s.spent(s.time) }

// crossing returns P(no boundary crossed before, Z ≥ z) at information t.
func (s *spending) crossing(z, t float64) float64 {
	if s.time == 0 {
		return normalSurvival(z)
	}
	sd, score := math.Sqrt(t-s.time), z*math.Sqrt(t)
	for i, u := range s.grid {
		s.values[i] = s.density[i] * normalSurvival((score-u)/sd)
	}
	return integrate.Trapezoidal(s.grid, s.values)
}

// boundaries returns the boundary of each look and advances the state past them.
func (s *spending) boundaries(fractions []float64) []float64 {
	bounds := make([]float64, len(fractions))
	for k, t := range fractions {
		bounds[k] = s.boundary(t)
		s.advance(bounds[k], t)
	}
	return bounds
}

// boundary returns the z at which the crossing probability at t is what may be
// spent there.
func (s *spending) boundary(t float64) float64 {
	target := s.increment(t)
	if target < MinP {
		return math.Inf(1)
	}
	if s.time == 0 {
		return -mathext.NormalQuantile(target)
	}
	low, high := -float64(gridWidth), -mathext.NormalQuantile(target)
	for high-low > 1e-9 {
		z := (low + high) / 2
		if s.crossing(z, t) > target {
			low = z
		} else {
			high = z
		}
	}
	return (low + high) / 2
}

// advance moves the density to information t, cut at the boundary.
func (s *spending) advance(bound, t float64) {
	root := math.Sqrt(t)
	from, to := -gridWidth*root, min(bound, s.x/root+1, 40)*root
	to = max(to, from+root)
	if bound < to/root {
		to = bound * root
	}
	grid, density := make([]float64, gridPoints), make([]float64, gridPoints)
	for i := range grid {
		grid[i] = from + (to-from)*float64(i)/(gridPoints-1)
	}
	if s.time == 0 {
		for i, u := range grid {
			density[i] = math.Exp(-u*u/(2*t)) / math.Sqrt(2*math.Pi*t)
		}
	} else {
		variance := t - s.time
		scale := 1 / math.Sqrt(2*math.Pi*variance)
		reach := 8.5 * math.Sqrt(variance)
		for i, u := range grid {
			for j, v := range s.grid {
				d := u - v
				if math.Abs(d) > reach {
					s.values[j] = 0
					continue
				}
				s.values[j] = s.density[j] * math.Exp(-d*d/(2*variance)) * scale
			}
			density[i] = integrate.Trapezoidal(s.grid, s.values)
		}
	}
	s.time, s.grid, s.density = t, grid, density
	s.values = make([]float64, gridPoints)
}
