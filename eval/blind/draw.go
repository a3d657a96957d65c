package blind

import (
	"math/rand/v2"

	"modeltrial/eval"
)

// MaxImbalance is how far the counts of the two orders may drift apart within a
// rater and category.
const MaxImbalance = 2

// Draw decides which arm is shown on the left, given how many of the rater's
// presentations in the category had the control (arm a) and the candidate (arm
// b) there. It is the big stick design (Soares and Wu, Communications in
// Statistics 12, 1983): a fair coin while the counts differ by less than
// [MaxImbalance], and the side that is behind once they differ by that much. So
// the order stays balanced, and cannot be foreseen except at that limit.
func Draw(r *rand.Rand, controlFirst, candidateFirst int) eval.Side {
	switch difference := controlFirst - candidateFirst; {
	case difference >= MaxImbalance:
		return eval.SideB
	case difference <= -MaxImbalance:
		return eval.SideA
	}
	if r.IntN(2) == 0 {
		return eval.SideA
	}
	return eval.SideB
}
