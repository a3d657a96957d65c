package stats

import (
	"errors"
	"math/rand/v2"
	"testing"
)

// TestLengthControlledOutOfReach: where the candidate's answers are shorter by far,
// nothing is known of answers of one length, which is said rather than an interval from
// 0 to 1; closer to it the interval is given.
func TestLengthControlledOutOfReach(t *testing.T) {
	for shorter, reached := range map[float64]bool{10: true, 91: false} {
		random := rand.New(rand.NewPCG(uint64(shorter)-40, 1))
		var observations []Observation
		var lengths []float64
		for i := range 40 {
			lengths = append(lengths, -shorter+50*random.NormFloat64())
			score := 0.0
			if random.Float64() < 0.3 {
				score = 1
			}
			observations = append(observations, Observation{Score: score, Weight: 1, Task: i, Cluster: i, Rater: i % 6})
		}
		adjusted, err := LengthControlled(observations, lengths, true, 1.96)
		_, missing := errors.AsType[*MissingError](err)
		if reached != (err == nil) || missing == reached {
			t.Errorf("shorter by about %v: %+v, %v", shorter, adjusted.WinRate, err)
		}
	}
}
