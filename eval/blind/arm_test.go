package blind_test

import (
	"math/rand/v2"
	"slices"
	"testing"

	"modeltrial/eval/blind"
)

func TestDrawArmIsBalancedAndCannotBeForeseen(t *testing.T) {
	random := rand.New(rand.NewPCG(3, 4))
	for arms := 1; arms <= 4; arms++ {
		shown, total, foreseen := make([]int, arms), make([]int, arms), 0
		const draws = 12_000
		for range draws {
			eligible := 0
			for _, times := range shown {
				if times < slices.Min(shown)+blind.MaxImbalance {
					eligible++
				}
			}
			if eligible == 1 {
				foreseen++
			}
			arm := blind.DrawArm(random, shown)
			shown[arm]++
			total[arm]++
			if slices.Max(shown)-slices.Min(shown) > blind.MaxImbalance {
				t.Fatalf("%d arms: shown %v", arms, shown)
			}
		}
		for arm, n := range total {
			if n < draws/arms-blind.MaxImbalance || n > draws/arms+blind.MaxImbalance {
				t.Errorf("arm %d of %d drawn %d times of %d", arm, arms, n, draws)
			}
		}
		if arms > 1 && foreseen > draws*6/10 {
			t.Errorf("%d arms: %d of %d draws could be foreseen", arms, foreseen, draws)
		}
	}
}
