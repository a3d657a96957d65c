package eval

import "testing"

func TestVerdicts(t *testing.T) {
	for _, c := range []struct {
		verdict       Verdict
		score, graded float64
		flipped       Verdict
	}{
		{MuchPrefersA, 0, 0, MuchPrefersB},
		{PrefersA, 0, 0.25, PrefersB},
		{Tie, 0.5, 0.5, Tie},
		{BothBad, 0.5, 0.5, BothBad},
		{PrefersB, 1, 0.75, PrefersA},
		{MuchPrefersB, 1, 1, MuchPrefersA},
	} {
		score, ok1 := c.verdict.Score()
		graded, ok2 := c.verdict.Graded()
		if !ok1 || !ok2 || score != c.score || graded != c.graded || c.verdict.Flipped() != c.flipped {
			t.Errorf("%s: score %v, graded %v, flipped %s", c.verdict, score, graded, c.verdict.Flipped())
		}
	}
	if _, ok := Verdict("better").Graded(); ok {
		t.Error("an unknown verdict has a score")
	}
}

func TestShownVerdicts(t *testing.T) {
	for shown, want := range map[ShownVerdict][2]Verdict{ // arm a, arm b on the left
		LeftMuchBetter:  {MuchPrefersA, MuchPrefersB},
		LeftBetter:      {PrefersA, PrefersB},
		ShownTie:        {Tie, Tie},
		ShownBad:        {BothBad, BothBad},
		RightBetter:     {PrefersB, PrefersA},
		RightMuchBetter: {MuchPrefersB, MuchPrefersA},
	} {
		for i, first := range []Side{SideA, SideB} {
			if got, ok := shown.Verdict(first); !ok || got != want[i] {
				t.Errorf("%s with %s on the left: %s, want %s", shown, first, got, want[i])
			}
		}
	}
	if _, ok := LeftBetter.Verdict(SideUnknown); ok {
		t.Error("a verdict without a known side says something of arms")
	}
}
