package stats

import (
	"fmt"
	"math"

	"gonum.org/v1/gonum/mathext"
	"gonum.org/v1/gonum/stat/distuv"
)

// Accuracy is the first-pass accuracy of both arms on the same tasks.
type Accuracy struct {
	// Control and Candidate are the shares that passed, 0 to 1.
	Control, Candidate float64
	// Difference is candidate − control.
	Difference Interval
	// BothPass, OnlyCandidate, OnlyControl and NeitherPass count the tasks that each arm
	// answered once.
	BothPass, OnlyCandidate, OnlyControl, NeitherPass int
	// McNemar tests OnlyCandidate against OnlyControl, each task counting by itself.
	McNemar McNemarResult
}

// PairedAccuracy compares the checks of two arms on the same tasks. A pair holds 1 for
// an answer that passed and 0 for one that failed, or the share of an arm's repeats
// that passed. The difference is the mean of the tasks' differences with the clustered
// variance of [Mean] and its t interval at the z-scale critical value z, kept within
// −1 and 1. Where it does not vary between tasks, which gives no variance, the limits
// are those of a share of 0 in as many tasks as there are clusters (Wilson): with
// c the t quantile, up to c²/(G+c²) of the tasks may differ as they did not here.
//
// Shares outside [0,1] give an error, too few tasks a [*MissingError].
func PairedAccuracy(pairs []Pair, z float64) (Accuracy, error) {
	var a Accuracy
	observations := make([]Observation, len(pairs))
	total := 0.0
	for i, p := range pairs {
		if !(p.Control >= 0 && p.Control <= 1 && p.Candidate >= 0 && p.Candidate <= 1) {
			return Accuracy{}, fmt.Errorf("accuracy: pair %d is %v and %v, want shares between 0 and 1", i, p.Control, p.Candidate)
		}
		observations[i] = Observation{Score: p.Candidate - p.Control, Weight: p.Weight, Task: p.Task, Cluster: p.Cluster, Rater: NoRater}
		total += p.Weight
		a.count(p)
	}
	mean, err := Mean(observations, false)
	if err != nil {
		return Accuracy{}, err
	}
	for _, p := range pairs {
		a.Control += p.Weight / total * p.Control
		a.Candidate += p.Weight / total * p.Candidate
	}
	a.Control, a.Candidate = min(a.Control, 1), min(a.Candidate, 1) // sums of weights round
	mean.Estimate = min(max(mean.Estimate, -1), 1)
	a.Difference, err = mean.TInterval(z)
	if err != nil {
		return Accuracy{}, err
	}
	if mean.Variance == 0 {
		a.Difference = constantInterval(mean.Estimate, -1, 1, float64(mean.Clusters), TCritical(z, mean.DF))
	}
	a.Difference.Low, a.Difference.High = max(a.Difference.Low, -1), min(a.Difference.High, 1)
	a.McNemar, err = McNemar(a.OnlyCandidate, a.OnlyControl)
	return a, err
}

// count counts a task that each arm answered once.
func (a *Accuracy) count(p Pair) {
	switch (Pair{Control: p.Control, Candidate: p.Candidate}) {
	case Pair{Control: 1, Candidate: 1}:
		a.BothPass++
	case Pair{Candidate: 1}:
		a.OnlyCandidate++
	case Pair{Control: 1}:
		a.OnlyControl++
	case Pair{}:
		a.NeitherPass++
	}
}

// constantInterval returns limits of a mean of n draws within [least, most] that all
// equal the estimate: a share of up to c²/(n+c²), the Wilson limit of none in n, may lie
// at either end.
func constantInterval(estimate, least, most, n, c float64) Interval {
	share := 1.0
	if !math.IsInf(c, 0) {
		share = c * c / (n + c*c)
	}
	return Interval{Estimate: estimate, Low: estimate - share*(estimate-least), High: estimate + share*(most-estimate)}
}

// McNemarResult holds two-sided p-values of McNemar's test.
type McNemarResult struct {
	// Exact is the binomial test of the discordant tasks, MidP the same with half the
	// probability of what was seen (Fagerland, Lydersen and Laake 2013), ChiSquare the
	// asymptotic one, (b−c)²/(b+c) without continuity correction.
	Exact, MidP, ChiSquare float64
}

// McNemar tests whether as many tasks pass with the candidate alone as with the control
// alone (McNemar 1947). Tasks count as independent. Without a discordant task all
// p-values are 1; negative counts give an error.
func McNemar(onlyCandidate, onlyControl int) (McNemarResult, error) {
	if onlyCandidate < 0 || onlyControl < 0 {
		return McNemarResult{}, fmt.Errorf("McNemar: %d and %d discordant tasks, want no negative number", onlyCandidate, onlyControl)
	}
	n := float64(onlyCandidate) + float64(onlyControl)
	if n == 0 {
		return McNemarResult{Exact: 1, MidP: 1, ChiSquare: 1}, nil
	}
	fewer := float64(min(onlyCandidate, onlyControl))
	binomial := distuv.Binomial{N: n, P: 0.5}
	tail := 2 * binomial.CDF(fewer)
	difference := float64(onlyCandidate) - float64(onlyControl)
	return McNemarResult{
		Exact:     probability(tail),
		MidP:      probability(tail - binomial.Prob(fewer)),
		ChiSquare: probability(2 * normalSurvival(math.Abs(difference)/math.Sqrt(n))),
	}, nil
}

// probability brings a p-value within [MinP] and 1.
func probability(p float64) float64 { return min(1, max(p, MinP)) }

// ClopperPearson returns the exact two-sided interval of a proportion (Clopper and
// Pearson 1934) from the quantiles of the beta distribution. No trials, or successes
// that are not between 0 and trials, give an error; so does a level outside (0,1).
func ClopperPearson(successes, trials int, level float64) (low, high float64, err error) {
	if trials < 1 || successes < 0 || successes > trials || !(level > 0 && level < 1) {
		return 0, 0, fmt.Errorf("exact interval: %d of %d at level %v, want at least one trial, successes among them, and a level between 0 and 1", successes, trials, level)
	}
	k, n, tail := float64(successes), float64(trials), (1-level)/2
	high = 1
	if successes > 0 {
		low = mathext.InvRegIncBeta(k, n-k+1, tail)
	}
	if successes < trials {
		high = mathext.InvRegIncBeta(k+1, n-k, 1-tail)
	}
	return low, high, nil
}

// EquivalenceTest is a pair of one-sided tests.
type EquivalenceTest struct {
	// Lower tests mean ≤ low, Upper tests mean ≥ high.
	Lower, Upper Test
	// P is the larger p-value: the mean lies between the limits at that error rate.
	P float64
}

// Equivalence tests whether the mean lies between low and high, both in its own unit,
// by two one-sided t tests (Schuirmann 1987). Errors as for [WeightedMean.TTest];
// limits that are not in order give an error.
func (m WeightedMean) Equivalence(low, high float64) (EquivalenceTest, error) {
	if !finite(low, high) || low >= high {
		return EquivalenceTest{}, fmt.Errorf("equivalence: limits %v and %v are not in order", low, high)
	}
	lower, err := m.TTest(low)
	if err != nil {
		return EquivalenceTest{}, err
	}
	mirrored := m
	mirrored.Estimate = -m.Estimate
	upper, err := mirrored.TTest(-high)
	if err != nil {
		return EquivalenceTest{}, err
	}
	return EquivalenceTest{Lower: lower, Upper: upper, P: max(lower.P, upper.P)}, nil
}
