package stats

import (
	"errors"
	"fmt"
	"math"
	"slices"
)

// Rerated is how much one rater's score of a task changed, from −1 to 1, with the round
// in which it was scored again. Rounds are numbered from 1 in the order of time.
type Rerated struct {
	// Score is the change; Rater may be [NoRater].
	Observation
	Round int
}

// DriftDesign fixes how drift is looked for.
type DriftDesign struct {
	// Alpha is the one-sided error rate of any Looks rounds in a row together.
	Alpha float64
	// Looks is the number of rounds that share Alpha, 12 where there is one a month and
	// Alpha is that of a year.
	Looks int
	// RatersSampled as in [Mean].
	RatersSampled bool
}

// Drift says whether scores have changed, as of the last round.
type Drift struct {
	// Change is the mean change over the window whose evidence is strongest, with the
	// limits that belong to the test, whose level is Level.
	Change Interval
	Level  float64
	// Down is the sequential p-value of "the scores have not fallen", Up that of "have
	// not risen": the smallest of the last Looks rounds, each already multiplied by the
	// number of looks and of windows. Where nothing changed, each is at most α at any of
	// Looks rounds in a row with a probability of at most α.
	Down, Up float64
	// Since is the first round of Change's window, Rounds the number of its rounds and
	// Tasks that of its tasks. Looked are the rounds that had enough tasks for a test.
	Since, Rounds, Tasks, Looked int
}

// driftWindows are the lengths of the windows, in rounds: a sudden change shows in the
// last round, a small one only in several.
var driftWindows = []int{1, 3, 6, 12}

// Drifts tests after each round whether tasks are still scored as before, without an end
// that is planned. The mean change over the last 1, 3, 6 and 12 rounds, each task equal,
// divided by its standard error under clustering ([Mean]), gives a one-sided p, and
//
//	P(k) = Looks·W_k·min over the W_k windows of p,   P = min over the last Looks rounds of P(k)
//
// with W_k the number of different windows that there are after round k: one after the
// first, four from the twelfth on. The limits of the change are those of α/(Looks·W_k) to
// each side.
//
// By Bonferroni's inequality that holds under any dependence, and there is much of it:
// rounds share the tasks and the scores that they are compared with. A boundary for
// independent increments is only a little lower (Pocock 1977: 2.7 for 12 looks, here 2.9
// for one window and 3.3 for four) and would hold for one window alone. A confidence
// sequence that holds for ever, with a start at each round, found 16% of drops of 15
// points in drawn years of 60 tasks where this finds 48% (TestDriftsFalseAlarms).
//
// It assumes that the tasks were chosen without regard to how they were scored: those
// that an arm had won would fall by themselves. A round without [MinTasks] tasks in any
// window is no look; where the last one is none there is a [*MissingError]. An impossible
// design or round gives an error.
func Drifts(rerated []Rerated, design DriftDesign) (Drift, error) {
	if !(design.Alpha > 0 && design.Alpha < 0.5) || design.Looks < 1 {
		return Drift{}, fmt.Errorf("drift is looked for with α %v in %d looks; want α in (0, 0.5) and at least one look", design.Alpha, design.Looks)
	}
	var rounds []int
	for _, r := range rerated {
		if r.Round < 1 {
			return Drift{}, fmt.Errorf("round %d: rounds are numbered from 1", r.Round)
		}
		rounds = append(rounds, r.Round)
	}
	slices.Sort(rounds)
	rounds = slices.Compact(rounds)
	if len(rounds) == 0 {
		return Drift{}, missing("no task was rated again")
	}
	drift := Drift{Down: 1, Up: 1}
	for k := max(0, len(rounds)-design.Looks); k < len(rounds); k++ {
		look, err := design.look(rerated, rounds[:k+1])
		if m := (*MissingError)(nil); errors.As(err, &m) {
			if k == len(rounds)-1 {
				return Drift{}, err
			}
			continue
		}
		if err != nil {
			return Drift{}, err
		}
		look.Looked = drift.Looked + 1
		look.Down, look.Up = min(drift.Down, look.Down), min(drift.Up, look.Up)
		drift = look
	}
	return drift, nil
}

// look tests the windows that end with the last of the rounds.
func (d DriftDesign) look(rerated []Rerated, rounds []int) (Drift, error) {
	var lengths []int
	for _, length := range driftWindows {
		lengths = append(lengths, min(length, len(rounds)))
	}
	lengths = slices.Compact(lengths)
	weight := float64(d.Looks * len(lengths))
	drift := Drift{Down: 1, Up: 1}
	var short error
	best := math.Inf(1)
	for _, length := range lengths {
		since := rounds[len(rounds)-length]
		mean, err := windowMean(within(rerated, since, rounds[len(rounds)-1]), d.RatersSampled)
		if m := (*MissingError)(nil); errors.As(err, &m) {
			short = err
			continue
		}
		if err != nil {
			return drift, err
		}
		down, up := weight*changeP(mean, -1), weight*changeP(mean, 1)
		drift.Down, drift.Up = min(drift.Down, down), min(drift.Up, up)
		if p := min(down, up); p < best {
			best = p
			drift.Since, drift.Rounds, drift.Tasks = since, length, mean.Tasks
			drift.Change, drift.Level = driftInterval(mean, d.Alpha/weight), 1-2*d.Alpha/weight
		}
	}
	if math.IsInf(best, 1) {
		return drift, short
	}
	return drift, nil
}

// within are the changes of some rounds, in their order.
func within(rerated []Rerated, first, last int) []Observation {
	var observations []Observation
	for _, r := range rerated {
		if r.Round >= first && r.Round <= last {
			observations = append(observations, r.Observation)
		}
	}
	return observations
}

func windowMean(window []Observation, ratersSampled bool) (WeightedMean, error) {
	tasks := make([]int, len(window))
	for i, o := range window {
		tasks[i] = o.Task
	}
	for i, weight := range TaskWeights(tasks) {
		window[i].Weight = weight
	}
	distinct := slices.Sorted(slices.Values(tasks))
	if n := len(slices.Compact(distinct)); n < MinTasks {
		return WeightedMean{}, missing("tasks rated again: %d, at least %d are needed", n, MinTasks)
	}
	mean, err := Mean(window, ratersSampled)
	if err != nil {
		return mean, err
	}
	return mean, mean.Enough()
}

// changeP is the p-value of "the mean is not on this side of 0".
func changeP(mean WeightedMean, side float64) float64 {
	if mean.Variance == 0 { // all tasks alike: no change at all, or a change for certain
		if side*mean.Estimate > 0 {
			return MinP
		}
		return 1
	}
	return oneSided(side*mean.Estimate/mean.StandardError(), mean.DF).P
}

func driftInterval(mean WeightedMean, alpha float64) Interval {
	half := 0.0
	if mean.Variance > 0 {
		half = TCritical(ZForLevel(1-2*alpha), mean.DF) * mean.StandardError()
	}
	return Interval{Estimate: mean.Estimate, StandardError: mean.StandardError(), Low: max(mean.Estimate-half, -1), High: min(mean.Estimate+half, 1)}
}
