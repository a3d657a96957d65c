package eval_test

import (
	"testing"

	"modeltrial/eval"
)

func TestRatingsThatTryTheRaters(t *testing.T) {
	sentinels := make([]eval.Sentinel, 2)
	cases := []struct {
		name   string
		checks *eval.RaterChecks
		want   int
	}{
		{"none", nil, 0},
		{"repeats", &eval.RaterChecks{RepeatShare: 0.05, SwappedShare: 0.02}, 28},
		{"sentinels", &eval.RaterChecks{SentinelShare: 0.01, Sentinels: sentinels}, 4},
		{"no sentinel twice", &eval.RaterChecks{RepeatShare: 0.1, SentinelShare: 0.5, Sentinels: sentinels}, 40 + 3*2},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			if got := c.checks.Expected(400, 3); got != c.want {
				t.Errorf("got %d, want %d", got, c.want)
			}
		})
	}
}
