package stats

import (
	"math"
	"math/rand/v2"
	"testing"
)

// opposedPairs are 60 tasks, each rated by two of 6 raters in turn: the two give
// opposite verdicts, save on the first agreed tasks, where both prefer the candidate.
// Which of the two prefers it is drawn, so that raters differ by chance alone.
func opposedPairs(agreed int) []Observation {
	pairs := [][2]int{{0, 1}, {2, 3}, {4, 5}, {0, 2}, {1, 4}, {3, 5}, {0, 3}, {1, 5}, {2, 4}, {0, 4}, {1, 2}, {3, 4}, {0, 5}, {1, 3}, {2, 5}}
	random := rand.New(rand.NewPCG(1, 2))
	var observations []Observation
	for task := range 60 {
		pair := pairs[task%len(pairs)]
		first := random.IntN(2)
		for k, rater := range pair {
			score := float64((first + k) % 2)
			if task < agreed {
				score = 1
			}
			observations = append(observations, Observation{Score: score, Weight: 1, Task: task, Cluster: task, Rater: rater})
		}
	}
	return observations
}

func TestLeastDegreesOfFreedom(t *testing.T) {
	for _, agreed := range []int{0, 1, 2} {
		mean, err := Mean(opposedPairs(agreed), true)
		if err != nil {
			t.Fatal(err)
		}
		if !mean.RatersSampled || mean.VarianceRater == 0 || mean.VarianceTask > mean.VarianceCell/10 {
			t.Fatalf("%d agreed: not the case meant: %+v", agreed, mean)
		}
		if mean.DF != 1 {
			t.Errorf("%d agreed: df %v, want 1", agreed, mean.DF)
		}
		interval, err := mean.WinRateInterval(ZForLevel(0.95))
		if err != nil {
			t.Fatal(err)
		}
		if width := interval.High - interval.Low; math.IsNaN(width) || width > 0.9 {
			t.Errorf("%d agreed: interval %v to %v says nothing", agreed, interval.Low, interval.High)
		}
		test, err := mean.WinRateTest(0.5)
		if err != nil || math.IsNaN(test.Z) || test.P < 0.025 {
			t.Errorf("%d agreed: test %+v, %v", agreed, test, err)
		}
	}
}
