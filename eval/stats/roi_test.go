package stats

import (
	"errors"
	"math"
	"math/rand/v2"
	"testing"
)

// TestSavingCoversTheTruth draws spend and ratio and counts how often the interval
// holds the true saving.
func TestSavingCoversTheTruth(t *testing.T) {
	const rounds = 4000
	random := rand.New(rand.NewPCG(3, 4))
	hits := 0
	for range rounds {
		months := make([]float64, 8)
		for i := range months {
			months[i] = 100 + 12*random.NormFloat64()
		}
		spend, err := MonthlySpend(months)
		if err != nil {
			t.Fatal(err)
		}
		ratio := Estimated{Value: 0.7 + 0.03*random.NormFloat64(), Variance: 0.0009, DF: 60}
		interval, err := Saving(spend, ratio).Interval(ZForLevel(0.95))
		if err != nil {
			t.Fatal(err)
		}
		if interval.Low <= 30 && 30 <= interval.High {
			hits++
		}
	}
	if share := float64(hits) / rounds; share < 0.94 || share > 0.985 {
		t.Errorf("the interval held the truth in %.3f of rounds, want 0.95 or a little more", share)
	}
}

func TestSumOfNothingIsExactlyZero(t *testing.T) {
	interval, err := Sum().Interval(1.96)
	if err != nil || interval.Estimate != 0 || interval.Low != 0 || interval.High != 0 {
		t.Errorf("got %+v, %v, want zero without uncertainty", interval, err)
	}
}

func TestMonthlySpendOfOnePeriodIsMissing(t *testing.T) {
	_, err := MonthlySpend([]float64{5})
	var missing *MissingError
	if !errors.As(err, &missing) {
		t.Errorf("got %v, want a reason why it is missing", err)
	}
}

func TestPlanSaysWhenRatersAreShort(t *testing.T) {
	plan := Plan{
		WinRate: 0.55, TieShare: 0.2, Null: 0.5, Alpha: 0.025, UseCases: 1, Power: 0.8, ICC: 0.15, RatingsPerTask: 2,
		Raters: 5, RaterSD: 0.1, ClusterSize: 1, SequentialFactor: 1.1,
	}
	_, err := plan.Solve()
	var missing *MissingError
	if !errors.As(err, &missing) {
		t.Fatalf("got %v, want a reason that asks for raters", err)
	}
	plan.Raters, plan.RaterSD = 200, 0.02
	solved, err := plan.Solve()
	if err != nil || solved.Power < 0.8 {
		t.Fatalf("got %+v, %v", solved, err)
	}
	if below := plan.PowerAt(float64(solved.Tasks - 1)); below >= 0.8 {
		t.Errorf("%d tasks suffice already (power %v)", solved.Tasks-1, below)
	}
	plan.WinRate = math.NaN()
	if _, err := plan.Solve(); err == nil {
		t.Error("NaN was taken")
	}
}
