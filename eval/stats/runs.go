package stats

import (
	"fmt"
	"math"
)

// LongestRunTail returns the probability that among n independent trials, each a success
// with probability p, some success run is at least length long (Feller 1968, An
// Introduction to Probability Theory and Its Applications, volume I, XIII.7), exactly, by
// the recursion q(k) = q(k−1) − (1−p)·p^length·q(k−length−1) of the probability of none,
// with q(k) = 1 for k < length and q(length) = 1 − p^length. Negative n, a length under
// 1, or a p outside [0,1] give an error.
func LongestRunTail(n, length int, p float64) (float64, error) {
	if n < 0 || length < 1 || !(p >= 0 && p <= 1) {
		return 0, fmt.Errorf("longest run: %d trials, length %d, p = %v; want no negative number, a length of at least 1 and a probability", n, length, p)
	}
	if length > n {
		return 0, nil
	}
	run := math.Pow(p, float64(length))
	none := make([]float64, n+1)
	for k := range none {
		switch {
		case k < length:
			none[k] = 1
		case k == length:
			none[k] = 1 - run
		default:
			none[k] = none[k-1] - (1-p)*run*none[k-length-1]
		}
	}
	return min(1, max(0, 1-none[n])), nil
}
