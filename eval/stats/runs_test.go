package stats_test

import (
	"math"
	"testing"

	"modeltrial/eval/stats"
)

// TestLongestRunTail compares with the Markov chain of the length of the current run,
// stepped in exact fractions (Python 3, fractions.Fraction). That of three heads in ten
// tosses is 520/1024 (Feller, XIII.7).
func TestLongestRunTail(t *testing.T) {
	tests := []struct {
		n, length int
		p, want   float64
	}{
		{10, 3, 0.5, 0.5078125},
		{100, 10, 0.5, 0.0441372286404217},
		{50, 12, 0.6, 0.0349685893105539},
		{30, 30, 0.9, 0.0423911582752162},
		{200, 8, 1.0 / 3, 0.0194859184540355},
		{20, 1, 0.05, 0.641514077591458},
		{60, 20, 0.8, 0.102221030939506},
		{5, 6, 0.5, 0},
		{0, 1, 0.5, 0},
		{7, 7, 1, 1},
		{7, 1, 0, 0},
	}
	for _, test := range tests {
		got, err := stats.LongestRunTail(test.n, test.length, test.p)
		if err != nil || math.Abs(got-test.want) > 1e-12 {
			t.Errorf("LongestRunTail(%d, %d, %v) = %v, %v, want %v", test.n, test.length, test.p, got, err, test.want)
		}
	}
	for _, bad := range []struct {
		n, length int
		p         float64
	}{{-1, 1, 0.5}, {1, 0, 0.5}, {1, 1, 1.5}, {1, 1, math.NaN()}} {
		if got, err := stats.LongestRunTail(bad.n, bad.length, bad.p); err == nil {
			t.Errorf("LongestRunTail(%d, %d, %v) = %v, want an error", bad.n, bad.length, bad.p, got)
		}
	}
}
