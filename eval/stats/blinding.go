package stats

import (
	"fmt"
	"math"
)

// Guesses counts what raters guessed of the answers of one arm, when asked which arm
// each came from.
type Guesses struct {
	// Correct and Wrong named an arm, DontKnow none.
	Correct, Wrong, DontKnow int
}

func (g Guesses) total() int { return g.Correct + g.Wrong + g.DontKnow }

// Blinding says how well raters could tell the arms.
type Blinding struct {
	// James is James' index: 1 where all are blind, ½ where guesses are random, 0 where
	// all guess rightly.
	James Interval
	// Bang is Bang's index of each arm, control and candidate: 1 where all guess rightly,
	// 0 where as many guess rightly as wrongly, −1 where all guess wrongly.
	Bang [2]Interval
}

// BlindingIndices returns the index of James et al. (1996) with weights 0 for a right,
// ½ for a wrong and 1 for no guess, and that of Bang, Ni and Davis (2004) for each arm.
// With shares p of all guesses, P_DK of "don't know", Q = 1 − P_DK, W of wrong guesses,
// and E the share of wrong ones among pairs of an arm and a guess drawn apart (times Q²),
//
//	James = (1 + P_DK + Q·K)/2 = 1 − Q + Q²W/(2E),  K = (P_Do − P_De)/P_De
//	Bang  = p_correct − p_wrong within the arm,     Var = (p_c + p_w − (p_c−p_w)²)/n
//
// The variance of James' index is that of the delta method for multinomial counts. The
// limits are normal ones of the given level, kept within the range of each index; where
// all guesses are of one kind the variance is 0 and the limits are the Wilson limits of
// none in n. Each guess counts as independent. An arm without guesses, or guesses that
// leave James' index undefined, give a [*MissingError]; negative counts or a level
// outside (0,1) an error.
func BlindingIndices(control, candidate Guesses, level float64) (Blinding, error) {
	if !(level > 0 && level < 1) {
		return Blinding{}, fmt.Errorf("blinding: level %v is not between 0 and 1", level)
	}
	var b Blinding
	z := ZForLevel(level)
	for i, g := range []Guesses{control, candidate} {
		if g.Correct < 0 || g.Wrong < 0 || g.DontKnow < 0 {
			return Blinding{}, fmt.Errorf("blinding: guesses %+v, want no negative number", g)
		}
		if g.total() == 0 {
			return Blinding{}, missing("no guesses for one of the arms")
		}
		b.Bang[i] = bang(g, z)
	}
	james, err := james(control, candidate, z)
	b.James = james
	return b, err
}

func bang(g Guesses, z float64) Interval {
	n := float64(g.total())
	correct, wrong := float64(g.Correct)/n, float64(g.Wrong)/n
	index := correct - wrong
	return boundedInterval(index, (correct+wrong-index*index)/n, -1, 1, n, z)
}

// boundedInterval returns the normal interval of an index within [least, most].
func boundedInterval(index, variance, least, most, n, z float64) Interval {
	if variance <= tiny/n {
		return constantInterval(index, least, most, n, z)
	}
	se := math.Sqrt(variance)
	return Interval{Estimate: index, StandardError: se, Low: max(index-z*se, least), High: min(index+z*se, most)}
}

func james(control, candidate Guesses, z float64) (Interval, error) {
	n := float64(control.total() + candidate.total())
	c1, w1, c2, w2 := float64(control.Correct)/n, float64(control.Wrong)/n, float64(candidate.Correct)/n, float64(candidate.Wrong)/n
	q, w := c1+w1+c2+w2, w1+w2
	if q == 0 {
		return constantInterval(1, 0, 1, n, z), nil // nobody could guess
	}
	e := (w1+c2)*(c1+w1) + (w2+c1)*(c2+w2)
	if e == 0 {
		return Interval{}, missing("guesses were made of one arm only, and all of them the same")
	}
	index := 1 - q + q*q*w/(2*e)
	// Derivatives by q, w and e, chained to those by the shares.
	byQ, byW, byE := q*w/e-1, q*q/(2*e), -q*q*w/(2*e*e)
	gradients := []struct{ share, by float64 }{
		{c1, byQ + byE*(w1+2*c2+w2)},
		{w1, byQ + byW + byE*(c1+2*w1+c2)},
		{c2, byQ + byE*(2*c1+w1+w2)},
		{w2, byQ + byW + byE*(c1+c2+2*w2)},
	}
	mean, square := 0.0, 0.0
	for _, g := range gradients {
		mean += g.share * g.by
		square += g.share * g.by * g.by
	}
	return boundedInterval(index, (square-mean*mean)/n, 0, 1, n, z), nil
}
