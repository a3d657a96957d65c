package stats

import (
	"math"
	"sync"
)

// A schedule is a sequence of planned looks by their information and what is known of
// the boundary c(x) of the last of them as a function of x = z_{α/2}. That function
// depends on the looks alone, is smooth and nearly a straight line, and weekly looks at
// many use cases have few schedules: so it is interpolated, and kept, by pieces of
// pieceWidth, each from its values at the Chebyshev points of the piece. Every value is
// a function of the looks alone, whatever was kept. (Against the integration itself:
// boundaries up to 6 within 1e-6, p-values within a part of 1e-6.)
type schedule struct {
	// spent is the information at the last look that spent; 0 before the first.
	spent  float64
	tree   *scheduleTree
	parent *schedule
	after  map[float64]*schedule
	pieces map[int]*piece
}

// A piece holds the states past the last look at the Chebyshev points of a piece of x,
// and the boundaries that were met there.
type piece struct {
	states [piecePoints]spending
	bounds [piecePoints]float64
}

// The pieces begin at leastX, which belongs to an error rate of 0.8; a piece is
// interpolated by a polynomial through piecePoints points.
const (
	leastX      = 0.25
	pieceWidth  = 0.25
	piecePoints = 6
)

// chebyshev are the points of the first kind between 0 and 1 with their barycentric
// weights (Berrut and Trefethen 2004, section 5).
var chebyshev = func() (points struct{ at, weight [piecePoints]float64 }) {
	for i := range piecePoints {
		angle := math.Pi * (2*float64(i) + 1) / (2 * piecePoints)
		points.at[i] = (1 - math.Cos(angle)) / 2
		points.weight[i] = math.Sin(angle)
		if i%2 == 1 {
			points.weight[i] = -points.weight[i]
		}
	}
	return points
}()

// mostKept bounds what a tree keeps: the nodes of its densities, 16 bytes each.
const mostKept = 1 << 20

// A scheduleTree keeps schedules that begin alike.
type scheduleTree struct {
	mutex sync.Mutex
	root  *schedule
	kept  int
}

// schedules is what all sequential designs share.
var schedules scheduleTree

// begin returns the schedule before its first look.
func (t *scheduleTree) begin() *schedule {
	t.mutex.Lock()
	defer t.mutex.Unlock()
	if t.root == nil || t.kept > mostKept {
		t.root, t.kept = &schedule{tree: t}, 0
	}
	return t.root
}

// next is the schedule with one more look, which is [informative].
func (s *schedule) next(t float64) *schedule {
	s.tree.mutex.Lock()
	defer s.tree.mutex.Unlock()
	if s.after == nil {
		s.after = map[float64]*schedule{}
	}
	next, known := s.after[t]
	if !known {
		next = &schedule{spent: t, tree: s.tree, parent: s, pieces: map[int]*piece{}}
		s.after[t] = next
	}
	return next
}

// piece returns a piece by its number, from 0.
func (s *schedule) piece(number int) *piece {
	s.tree.mutex.Lock()
	defer s.tree.mutex.Unlock()
	return s.find(number)
}

func (s *schedule) find(number int) *piece {
	if known := s.pieces[number]; known != nil {
		return known
	}
	made := &piece{}
	if s.parent.parent == nil {
		for i := range made.states {
			made.states[i].x = leastX + pieceWidth*(float64(number)+chebyshev.at[i])
		}
	} else {
		made.states = s.parent.find(number).states
	}
	for i := range made.states {
		made.bounds[i] = min(made.states[i].next(s.spent), mostZ+1)
		s.tree.kept += len(made.states[i].before.at)
	}
	s.pieces[number] = made
	return made
}

// at interpolates the boundary in a piece, 0 to 1 along it.
func (p *piece) at(part float64) float64 {
	var above, below float64
	for i, point := range chebyshev.at {
		distance := part - point
		if distance == 0 {
			return p.bounds[i]
		}
		ratio := chebyshev.weight[i] / distance
		above += ratio * p.bounds[i]
		below += ratio
	}
	return above / below
}

// pieceOf is the number of the piece that holds x, and the part of it below x.
func pieceOf(x float64) (number int, part float64) {
	steps := (x - leastX) / pieceWidth
	number = max(0, int(steps))
	return number, steps - float64(number)
}

// bound is the boundary of the last look at x, at most mostZ+1.
func (s *schedule) bound(x float64) float64 {
	number, part := pieceOf(x)
	return s.piece(number).at(part)
}

// boundary is [schedule.bound], +Inf where nothing can be spent.
func (s *schedule) boundary(x float64) float64 {
	if bound := s.bound(x); bound < mostZ {
		return bound
	}
	return math.Inf(1)
}

// repeated finds the x at which the boundary of the last look is z, which belongs to
// the repeated p-value (Jennison and Turnbull 1999, section 9), given that the boundary
// at low is no more than z.
func (s *schedule) repeated(z, low float64) float64 {
	z = min(z, mostZ)
	high := highestX(s.spent, z)
	if s.parent.parent == nil || high <= low { // the first look spends A(t) alone
		return max(low, high)
	}
	guess := high
	if bound := s.bound(low); bound > 0 {
		guess = min(high, low*z/bound)
	}
	number, _ := pieceOf(guess)
	for moved := 0; ; {
		p := s.piece(number)
		switch {
		case z < p.at(0) && number > 0 && moved <= 0:
			moved = -1
		case z > p.at(1) && moved >= 0:
			moved = 1
		default:
			return max(low, leastX+pieceWidth*(float64(number)+p.where(z)))
		}
		number += moved
	}
}

// where finds the part of the piece at which its boundary is z, the nearer end where
// there is none.
func (p *piece) where(z float64) float64 {
	return root(func(part float64) float64 { return p.at(part) - z }, 0, p.at(0)-z, 1)
}
