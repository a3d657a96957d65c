package stats

import (
	"errors"
	"math"
	"testing"
)

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
