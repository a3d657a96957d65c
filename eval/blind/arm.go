package blind

import (
	"math/rand/v2"
	"slices"
)

// DrawArm decides which of several arms' answers is shown alone, and returns its index,
// given how often each was shown to the person in the category. It is the big stick
// design of [Draw] for any number of arms: all that were shown less than [MaxImbalance]
// times more than the one shown least are equally likely. It panics without an arm.
func DrawArm(r *rand.Rand, shown []int) int {
	least := slices.Min(shown)
	var eligible []int
	for arm, times := range shown {
		if times < least+MaxImbalance {
			eligible = append(eligible, arm)
		}
	}
	return eligible[r.IntN(len(eligible))]
}
