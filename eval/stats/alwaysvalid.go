package stats

import (
	"fmt"
	"math"

	"gonum.org/v1/gonum/mathext"
)

// MixtureRho returns ρ of the one-sided normal mixture that makes the confidence
// sequence tightest after planned tasks:
// ρ² = (−2 ln 2α + ln(1 − 2 ln 2α))/planned.
func MixtureRho(alpha, planned float64) float64 {
	l := -2 * math.Log(2*alpha)
	return math.Sqrt((l + math.Log(1+l)) / planned)
}

// SequenceMultiplier returns the multiplier of the standard error of the
// one-sided asymptotic confidence sequence (Waudby-Smith et al. 2024, one-sided
// normal mixture as in GrowthBook) after n tasks, with ρ from [MixtureRho]:
// √(2(1+1/r)·ln(1+√(1+r)/(2α))), r = nρ². n and planned are above 0, alpha in
// (0, 0.5).
func SequenceMultiplier(n, planned, alpha float64) float64 {
	rho := MixtureRho(alpha, planned)
	r := n * rho * rho
	return math.Sqrt(2 * (1 + 1/r) * math.Log1p(math.Sqrt(1+r)/(2*alpha)))
}

// SequenceP returns the p-value that belongs to the sequence of
// [SequenceMultiplier], whose ρ was fixed for planned tasks and alpha:
// min(1, √(1+r)/(2(exp(z²r/(2(1+r))) − 1))) for z > 0, else 1.
func SequenceP(z, n, planned, alpha float64) float64 {
	if !(z > 0) {
		return 1
	}
	rho := MixtureRho(alpha, planned)
	r := n * rho * rho
	return min(1, max(math.Sqrt(1+r)/(2*math.Expm1(z*z*r/(2*(1+r)))), MinP))
}

// Design fixes a sequential plan; see [DefaultDesign].
type Design struct {
	// Alpha is the one-sided error rate of everything together.
	Alpha float64
	// PlannedShare is the part of Alpha spent on planned looks; the rest is for
	// every other moment.
	PlannedShare float64
	// PlannedTasks is the number of tasks at the planned end.
	PlannedTasks int
	// Weeks is the number K of planned looks, one a week.
	Weeks int
}

// DefaultDesign returns the plan with one-sided error rate 0.025, of which 80 %
// are spent on weekly planned looks and 20 % on every moment.
func DefaultDesign(weeks, plannedTasks int) Design {
	return Design{Alpha: 0.025, PlannedShare: 0.8, PlannedTasks: plannedTasks, Weeks: weeks}
}

// Look is one moment at which the data were looked at.
type Look struct {
	// Week is 1…K for the planned look at the end of that week, and 0 (or more
	// than K) for any other moment.
	Week int
	// Tasks counts the tasks so far, cumulative.
	Tasks int
	// Z is the z equivalent of the test on all data so far; NaN if the data did
	// not suffice for a test, in which case the look spends nothing.
	Z float64
}

// LookResult is what a [Design] says of one look.
type LookResult struct {
	// Fraction is the information fraction t, 0 where the look is not a planned
	// one or spends nothing.
	Fraction float64
	// Boundary is the z-scale boundary of the planned look, +Inf if there is none.
	Boundary float64
	// Multiplier is the z-scale critical value of the confidence sequence, +Inf
	// without tasks.
	Multiplier float64
	// Critical is the z-scale critical value of the always-valid interval, the
	// smaller of Boundary and Multiplier.
	Critical float64
	// P is the sequential p-value, the running minimum up to this look.
	P float64
}

// Evaluate returns for each look, in order of time, the always-valid critical
// value and the sequential p-value: the running minimum of
// min(1, p_a/share, p_b/(1−share)), p_a the repeated p-value at planned looks, p_b
// from [SequenceP] at every look. At a planned look the interval is the
// intersection of repeated confidence interval and confidence sequence, else the
// sequence alone. The information fraction is tasks ÷ planned tasks, at most 1,
// and 1 in week K; a look without new information spends nothing. Weeks that go
// backwards, tasks that decrease or an impossible design give an error.
func (d Design) Evaluate(looks []Look) ([]LookResult, error) {
	if !(d.Alpha > 0 && d.Alpha < 0.5) || !(d.PlannedShare > 0 && d.PlannedShare < 1) || d.PlannedTasks < 1 || d.Weeks < 1 {
		return nil, fmt.Errorf("sequential design: error rate %v, share %v, %d planned tasks, %d weeks, want 0 to 0.5, 0 to 1, and at least one of both", d.Alpha, d.PlannedShare, d.PlannedTasks, d.Weeks)
	}
	anytime := d.Alpha * (1 - d.PlannedShare)
	planned := float64(d.PlannedTasks)
	x := -mathext.NormalQuantile(d.Alpha * d.PlannedShare / 2)
	running := runningP{share: d.PlannedShare, p: 1, looks: schedules.begin()}
	results := make([]LookResult, 0, len(looks))
	tasks, week := 0, 0
	for i, look := range looks {
		if look.Tasks < tasks {
			return nil, fmt.Errorf("sequential design: look %d has %d tasks after %d", i+1, look.Tasks, tasks)
		}
		isPlanned := look.Week >= 1 && look.Week <= d.Weeks
		if isPlanned && look.Week <= week {
			return nil, fmt.Errorf("sequential design: look %d is week %d after week %d", i+1, look.Week, week)
		}
		tasks = look.Tasks
		if isPlanned {
			week = look.Week
		}
		result := LookResult{Boundary: math.Inf(1), Multiplier: math.Inf(1)}
		n := float64(look.Tasks)
		if look.Tasks > 0 {
			result.Multiplier = SequenceMultiplier(n, planned, anytime)
		}
		if isPlanned && look.Tasks > 0 && !math.IsNaN(look.Z) {
			t := min(1, n/planned)
			if look.Week == d.Weeks {
				t = 1
			}
			if informative(t, running.looks.spent) {
				running.planned(t, look.Z)
				result.Fraction, result.Boundary = t, running.looks.boundary(x)
			}
		}
		if look.Tasks > 0 {
			running.lower(SequenceP(look.Z, n, planned, anytime) / (1 - d.PlannedShare))
		}
		result.Critical = min(result.Boundary, result.Multiplier)
		result.P = running.p
		results = append(results, result)
	}
	return results, nil
}

// runningP follows the running minimum of the sequential p-value.
type runningP struct {
	share float64
	p     float64
	looks *schedule // the planned looks that spent
}

// lower takes in a p-value.
func (r *runningP) lower(p float64) { r.p = min(r.p, p) }

// planned takes in a planned look. Its repeated p-value is only searched for where it
// lowers the minimum: boundaries are monotone in the error rate, so the boundary for
// the minimum tells.
func (r *runningP) planned(t, z float64) {
	r.looks = r.looks.next(t)
	x := -mathext.NormalQuantile(r.p * r.share / 2)
	if z <= 0 || z < r.looks.bound(x) {
		return
	}
	r.lower(max(2*normalSurvival(r.looks.repeated(z, x)), MinP) / r.share)
}
