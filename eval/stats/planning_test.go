package stats

import (
	"errors"
	"fmt"
	"math"
	"strings"
	"testing"

	"gonum.org/v1/gonum/stat/distuv"
)

var usualPlan = Plan{
	WinRate: 0.6, TieShare: 0.2, Null: 0.5, Alpha: 0.025, UseCases: 1, Power: 0.8, ICC: 0.15,
	RatingsPerTask: 2, Raters: 8, RaterSD: 0.06, ClusterSize: 1, SequentialFactor: 1.1,
}

// TestNoncentralT compares with gonum's series where that is exact, and with the normal
// law where the degrees of freedom are many.
func TestNoncentralT(t *testing.T) {
	for _, df := range []float64{1, 2.5, 5, 12, 40, 150} {
		for _, delta := range []float64{0, 0.5, 2, 3.5} {
			for _, c := range []float64{1.5, 2.2, 4} {
				want := 1 - distuv.NoncentralT{Nu: df, Mu: delta}.CDF(c)
				if got := noncentralSurvival(c, df, delta); math.Abs(got-want) > 1e-6 {
					t.Errorf("df %v, shift %v, c %v: got %v, want %v", df, delta, c, got, want)
				}
			}
		}
	}
	for _, df := range []float64{1e5, 1e8} {
		if got, want := noncentralSurvival(1.96, df, 2.8), normalSurvival(1.96-2.8); math.Abs(got-want) > 2/df*10 {
			t.Errorf("df %v: got %v, want nearly %v", df, got, want)
		}
	}
}

// TestPowerOfClusters: tasks that come in huge clusters have no power, not a negative
// number of degrees of freedom.
func TestPowerOfClusters(t *testing.T) {
	plan := usualPlan
	plan.ClusterICC = 0.05
	previous := 1.0
	for _, size := range []float64{1, 5, 20, 40, 41, 200, 1000} {
		plan.ClusterSize = size
		power := plan.PowerAt(200)
		if math.IsNaN(power) || power > previous || power < 0 {
			t.Errorf("clusters of %v: power %v after %v", size, power, previous)
		}
		if enough := 200/size >= MinClusters; (power > 0) != enough {
			t.Errorf("clusters of %v: power %v", size, power)
		}
		previous = power
	}
	if power := usualPlan.PowerAt(MinTasks - 1); power != 0 {
		t.Errorf("too few tasks: power %v", power)
	}
}

// TestPlanAsksForRaters: with too few raters no number of tasks helps, and the number of
// raters asked for does.
func TestPlanAsksForRaters(t *testing.T) {
	plan := usualPlan
	plan.WinRate, plan.RaterSD = 0.55, 0.08
	_, err := plan.Solve()
	if _, ok := errors.AsType[*MissingError](err); !ok || !strings.Contains(err.Error(), "more raters are needed, not more tasks") {
		t.Fatalf("got %v", err)
	}
	var least int
	if _, err := fmt.Sscanf(err.Error()[strings.LastIndex(err.Error(), "at least"):], "at least %d are needed", &least); err != nil {
		t.Fatal(err)
	}
	// σ_R²/R ≤ (δ/(z_α+z_β))²: 0.0064/(0.05/2.8016)² = 20.1.
	if least != 21 {
		t.Errorf("asks for %d raters, want 21", least)
	}
	plan.Raters = 30
	if _, err := plan.Solve(); err != nil {
		t.Errorf("30 raters: %v", err)
	}
}

// TestSolveIsTheFirst: the number of tasks reaches the power, one less does not.
func TestSolveIsTheFirst(t *testing.T) {
	for _, ties := range []float64{0, 0.3, 0.6} {
		plan := usualPlan
		plan.TieShare, plan.UseCases = ties, 3
		got, err := plan.Solve()
		if err != nil {
			t.Fatal(err)
		}
		if plan.PowerAt(float64(got.Tasks)) < plan.Power || plan.PowerAt(float64(got.Tasks-1)) >= plan.Power {
			t.Errorf("ties %v: %d tasks have power %v, one less %v", ties, got.Tasks, plan.PowerAt(float64(got.Tasks)), plan.PowerAt(float64(got.Tasks-1)))
		}
	}
}

func TestNeymanAllocation(t *testing.T) {
	for _, c := range []struct {
		total int
		sd    []float64
		want  string
	}{
		{100, []float64{1, 3}, "[25 75]"},
		{10, []float64{1, 1, 1}, "[4 3 3]"},
		{7, []float64{0, 0}, "[4 3]"},
		{7, []float64{0, 2}, "[0 7]"},
		{0, nil, "[]"},
		{11, []float64{1e308, 1e308, 1e-300}, "[6 5 0]"},
	} {
		got, err := NeymanAllocation(c.total, c.sd)
		if err != nil || fmt.Sprint(got) != c.want {
			t.Errorf("%d over %v: got %v, %v, want %s", c.total, c.sd, got, err, c.want)
		}
	}
	for _, sd := range [][]float64{nil, {-1, 2}} {
		if _, err := NeymanAllocation(5, sd); err == nil {
			t.Errorf("%v: got no error", sd)
		}
	}
}

// 1.10 is what the method's text gives for four looks at power 0.8; one look costs
// the part of the error that is kept for every other moment.
func TestSequentialFactor(t *testing.T) {
	for _, c := range []struct {
		looks        int
		alpha, power float64
		want, off    float64
	}{
		{4, 0.025, 0.8, 1.10, 0.006},
		{1, 0.025, 0.8, math.Pow((2.0537489+0.8416212)/(1.9599640+0.8416212), 2), 1e-6}, // qnorm(.98), qnorm(.8), qnorm(.975)
		{4, 0.025 / 3, 0.9, 1.06, 0.01},
	} {
		got, err := SequentialFactor(c.looks, c.alpha, c.power)
		if err != nil || math.Abs(got-c.want) > c.off {
			t.Errorf("%d looks, error rate %v, power %v: got %v, %v, want %v", c.looks, c.alpha, c.power, got, err, c.want)
		}
	}
	for _, c := range []struct {
		looks        int
		alpha, power float64
	}{{0, 0.025, 0.8}, {4, 0, 0.8}, {4, 0.5, 0.8}, {4, 0.025, 1}, {4, math.NaN(), 0.8}} {
		if got, err := SequentialFactor(c.looks, c.alpha, c.power); err == nil {
			t.Errorf("%+v: got %v, want an error", c, got)
		}
	}
}

func TestRatersNeeded(t *testing.T) {
	plan := Plan{
		WinRate: 0.6, TieShare: 0.2, Null: 0.5, Alpha: 0.025, UseCases: 1, Power: 0.8, ICC: 0.15,
		RatingsPerTask: 1, Raters: 6, RaterSD: 0.06, ClusterSize: 1, SequentialFactor: 1.1,
	}
	raters, err := plan.RatersNeeded(300)
	if err != nil {
		t.Fatal(err)
	}
	at := func(n int) float64 {
		plan.Raters = n
		return plan.PowerAt(300)
	}
	if at(raters) < 0.8 || at(raters-1) >= 0.8 {
		t.Errorf("%d raters give %v, one less %v", raters, at(raters), at(raters-1))
	}
	var missing *MissingError
	if _, err := plan.RatersNeeded(60); !errors.As(err, &missing) {
		t.Errorf("60 tasks: got %v, want that tasks are short", err)
	}
}
