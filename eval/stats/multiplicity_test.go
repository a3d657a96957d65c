package stats

import (
	"fmt"
	"testing"
)

func TestEBH(t *testing.T) {
	for _, c := range []struct {
		e     []float64
		alpha float64
		want  string
	}{
		{nil, 0.1, "[]"},
		{[]float64{39}, 0.025, "[false]"},
		{[]float64{40}, 0.025, "[true]"},
		// Of three at 0.1: the second largest needs 3/(0.1·2) = 15, the third 10.
		{[]float64{15, 2, 16}, 0.1, "[true false true]"},
		{[]float64{14, 2, 16}, 0.1, "[false false false]"},
		{[]float64{10, 10, 10}, 0.1, "[true true true]"}, // though none reaches 30
	} {
		got, err := EBH(c.e, c.alpha)
		if err != nil || fmt.Sprint(got) != c.want {
			t.Errorf("%v at %v: got %v, %v, want %s", c.e, c.alpha, got, err, c.want)
		}
	}
	if _, err := EBH([]float64{-1}, 0.1); err == nil {
		t.Error("a negative e-value: got no error")
	}
	for p, want := range map[float64]float64{1: 0.5, 0.25: 1, 0.0001: 50} {
		if got, err := EValue(p); err != nil || got != want {
			t.Errorf("e-value of %v: got %v, %v, want %v", p, got, err, want)
		}
	}
}

func TestKappasRefuse(t *testing.T) {
	if _, err := FleissKappa([][]int{{2, 0}, {1, 2}}); err == nil {
		t.Error("unequal numbers of ratings: got no error")
	}
	if _, err := FleissKappa([][]int{{2, 0}, {1, 0}}); err == nil {
		t.Error("a task with one rating: got no error")
	}
	if _, err := FleissKappa([][]int{{3, 0}, {3, 0}}); err == nil {
		t.Error("no variation: got no error")
	}
	got, err := WeightedKappa([][]int{{4, 0}, {0, 0}}, Linear)
	if err == nil || got.Agreement != 1 || got.Tasks != 4 {
		t.Errorf("no variation: got %+v, %v", got, err)
	}
	if _, err := WeightedKappa([][]int{{1, -1}, {0, 3}}, Linear); err == nil {
		t.Error("a negative number: got no error")
	}
}
