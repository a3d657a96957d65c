package stats

import (
	"errors"
	"fmt"
	"math"

	"gonum.org/v1/gonum/stat"
)

// VerdictCounts is how many people and how many judges gave each verdict to one task,
// both orders of a judge averaged before.
type VerdictCounts struct {
	// People and Judges count by verdict, in the order a, tie, b; they are of the same
	// length.
	People, Judges []int
	// Weight is the task's share; weights need not sum to one.
	Weight float64
	// Task and Cluster as in [Observation].
	Task, Cluster int
}

// JudgeAgreement compares how often judges agree with people with how often people
// agree with each other. All are probabilities or differences of them.
type JudgeAgreement struct {
	// Judge is P(a judge's verdict = a person's verdict), People is P(the verdicts of
	// two persons are equal).
	Judge, People float64
	// Difference is Judge − People.
	Difference Interval
	// Tasks counts the tasks with two persons and a judge.
	Tasks int
}

// AgreementWithPeople returns the agreement of judges with people beside that of
// people with each other, over the tasks with at least two persons and one judge. With
// h_v of m people and j_v of k judges for verdict v, a task has
//
//	Judge: Σ_v j_v h_v/(k·m)    People: Σ_v h_v(h_v − 1)/(m(m − 1))
//
// and the difference of the two is averaged over tasks, with the clustered t interval
// of [Mean] at the z-scale critical value z. Raters are taken as they are, not as a
// sample. Too few tasks give a [*MissingError], counts that do not go together or
// are negative an error.
func AgreementWithPeople(tasks []VerdictCounts, z float64) (JudgeAgreement, error) {
	var judge, people, difference []Observation
	for _, t := range tasks {
		if len(t.People) != len(t.Judges) {
			return JudgeAgreement{}, fmt.Errorf("agreement with people: task %d has %d verdicts of people and %d of judges to choose from", t.Task, len(t.People), len(t.Judges))
		}
		m, k, same, equal := 0, 0, 0.0, 0.0
		for v, h := range t.People {
			if h < 0 || t.Judges[v] < 0 {
				return JudgeAgreement{}, fmt.Errorf("agreement with people: task %d has a negative number of ratings", t.Task)
			}
			m += h
			k += t.Judges[v]
			same += float64(t.Judges[v]) * float64(h)
			equal += float64(h) * float64(h-1)
		}
		if m < 2 || k < 1 {
			continue
		}
		same /= float64(k) * float64(m)
		equal /= float64(m) * float64(m-1)
		o := Observation{Weight: t.Weight, Task: t.Task, Cluster: t.Cluster, Rater: NoRater}
		o.Score = same
		judge = append(judge, o)
		o.Score = equal
		people = append(people, o)
		o.Score = same - equal
		difference = append(difference, o)
	}
	if len(difference) == 0 {
		return JudgeAgreement{}, missing("no task was rated by two people and a judge")
	}
	mean, err := Mean(difference, false)
	if err != nil {
		return JudgeAgreement{}, err
	}
	result := JudgeAgreement{Tasks: mean.Tasks}
	result.Difference, err = mean.TInterval(z)
	if err != nil {
		return JudgeAgreement{}, err
	}
	byJudge, err := Mean(judge, false)
	if err != nil {
		return JudgeAgreement{}, err
	}
	byPeople, err := Mean(people, false)
	if err != nil {
		return JudgeAgreement{}, err
	}
	result.Judge, result.People = byJudge.Estimate, byPeople.Estimate
	return result, nil
}

// OrderPair is one judge's score of the candidate for one task, shown in both orders.
type OrderPair struct {
	// ControlFirst and CandidateFirst are the scores, 0 to 1, with that answer shown
	// first.
	ControlFirst, CandidateFirst float64
	// Weight is the pair's share; weights need not sum to one.
	Weight float64
	// Task and Cluster as in [Observation].
	Task, Cluster int
}

// PositionConsistency returns the share of pairs with the same verdict in both orders,
// both above ½, both below or both ½, with the interval of
// [WeightedMean.WinRateInterval] at the z-scale critical value z, clustered by task.
// Too few tasks give a [*MissingError], scores that are not finite an error.
func PositionConsistency(pairs []OrderPair, z float64) (Interval, error) {
	observations := make([]Observation, len(pairs))
	for i, p := range pairs {
		if !finite(p.ControlFirst, p.CandidateFirst) {
			return Interval{}, fmt.Errorf("position consistency: pair %d is %v and %v, want finite numbers", i, p.ControlFirst, p.CandidateFirst)
		}
		observations[i] = Observation{Weight: p.Weight, Task: p.Task, Cluster: p.Cluster, Rater: NoRater}
		if side(p.ControlFirst) == side(p.CandidateFirst) {
			observations[i].Score = 1
		}
	}
	mean, err := Mean(observations, false)
	if err != nil {
		return Interval{}, err
	}
	return mean.WinRateInterval(z)
}

// side says whom a score prefers: the control −1, nobody 0, the candidate 1.
func side(score float64) int {
	switch {
	case score < 0.5:
		return -1
	case score > 0.5:
		return 1
	}
	return 0
}

// JudgeBias returns the mean of f_t − s_i over people's observations of the tasks that
// judges rated as well, in win-rate points for the candidate, with the variance of
// [Mean]. Errors as for [Combine]; no task in common is a [*MissingError].
func JudgeBias(people []Observation, judge []JudgeScore, ratersSampled bool) (WeightedMean, error) {
	j, err := newJudged(people, judge)
	if err != nil {
		return WeightedMean{}, err
	}
	biases, _ := j.biases()
	if len(biases) == 0 {
		return WeightedMean{}, missing("no task was rated by people and judges")
	}
	return Mean(biases, ratersSampled)
}

// biases returns people's observations of the tasks that judges rated, with the score
// f_t − s_i, and their positions among people's observations.
func (j *judged) biases() (biases []Observation, positions []int) {
	for i, o := range j.people {
		if f, rated := j.score[o.Task]; rated {
			o.Score = f - o.Score
			biases = append(biases, o)
			positions = append(positions, i)
		}
	}
	return biases, positions
}

// SelfPreference returns the bias of judges related to an arm, signed towards that arm,
// less the bias of unrelated judges signed the same way: how much better judges find
// an answer of their own family than people do, beyond what all judges do. favours is
// 1 where the related arm is the candidate and −1 where it is the control. In win-rate
// points; each bias is that of [JudgeBias] over the tasks its judges share with people,
// and the variance of the difference sums both in each cluster and rater. Errors as
// for [JudgeBias].
func SelfPreference(people []Observation, related, unrelated []JudgeScore, favours int, ratersSampled bool) (WeightedMean, error) {
	if favours != 1 && favours != -1 {
		return WeightedMean{}, fmt.Errorf("self-preference: judges favour %d, want 1 for the candidate or −1 for the control", favours)
	}
	if _, err := Mean(people, false); err != nil {
		return WeightedMean{}, err
	}
	influences := make([]float64, len(people))
	used := make([]bool, len(people))
	estimate, scale := 0.0, 0.0
	for _, part := range []struct {
		scores []JudgeScore
		sign   float64
	}{{related, float64(favours)}, {unrelated, -float64(favours)}} {
		j, err := newJudged(people, part.scores)
		if err != nil {
			return WeightedMean{}, err
		}
		biases, positions := j.biases()
		total := 0.0
		for _, o := range biases {
			total += o.Weight
		}
		if total == 0 {
			return WeightedMean{}, missing("no task was rated by people and both related and unrelated judges")
		}
		mean := 0.0
		for _, o := range biases {
			mean += o.Weight / total * o.Score
		}
		for k, o := range biases {
			used[positions[k]] = true
			influences[positions[k]] += part.sign * o.Weight / total * (o.Score - mean)
		}
		estimate += part.sign * mean
		scale = max(scale, j.scale)
	}
	var observations []Observation
	var moves []float64
	for i, o := range people {
		if used[i] {
			observations = append(observations, o)
			moves = append(moves, influences[i])
		}
	}
	return linearised(observations, moves, estimate, scale, ratersSampled)
}

// linearised returns an estimate with the variance that its influences give.
func linearised(observations []Observation, influences []float64, estimate, scale float64, ratersSampled bool) (WeightedMean, error) {
	m, err := clustered(observations, influences, scale, ratersSampled)
	if err != nil {
		return WeightedMean{}, err
	}
	if !finite(estimate) {
		return WeightedMean{}, missing("the numbers are too large for an estimate")
	}
	m.Estimate = estimate
	return m, nil
}

// LengthBias returns the slope of f_t − s_i on tanh(Δ/sd Δ) by weighted least squares,
// Δ the length of the candidate's answer less that of the control's, in any unit: how
// many win-rate points judges add beyond people for an answer that is much longer. The
// transformation is that of length-controlled AlpacaEval (Dubois et al. 2024), the
// variance the clustered sandwich of [Mean]. sd is taken over the tasks that people
// and judges rated and whose Δ is known; others are left out. Errors as for
// [JudgeBias]; lengths that do not vary are a [*MissingError].
func LengthBias(people []Observation, judge []JudgeScore, lengthDifference map[int]float64, ratersSampled bool) (WeightedMean, error) {
	j, err := newJudged(people, judge)
	if err != nil {
		return WeightedMean{}, err
	}
	all, _ := j.biases()
	var biases []Observation
	var differences []float64
	for _, o := range all {
		if d, known := lengthDifference[o.Task]; known {
			biases = append(biases, o)
			differences = append(differences, d)
		}
	}
	if len(biases) == 0 {
		return WeightedMean{}, missing("no task with answers of known length was rated by people and judges")
	}
	x, err := squashed(biases, differences)
	if err != nil {
		return WeightedMean{}, err
	}
	_, slope, err := leastSquares(biases, x, ratersSampled)
	return slope, err
}

// squashed returns tanh(Δ/sd Δ) of each observation, sd taken over tasks.
func squashed(observations []Observation, differences []float64) ([]float64, error) {
	seen := map[int]bool{}
	var perTask []float64
	for i, d := range differences {
		if !finite(d) {
			return nil, fmt.Errorf("length difference: that of task %d is %v, want a finite number", observations[i].Task, d)
		}
		if !seen[observations[i].Task] {
			seen[observations[i].Task] = true
			perTask = append(perTask, d)
		}
	}
	sd := sampleSD(perTask)
	if !finite(sd) {
		return nil, errors.New("length difference: the numbers are too large")
	}
	if sd == 0 {
		return nil, missing("the answers' lengths differ equally in all tasks")
	}
	x := make([]float64, len(differences))
	for i, d := range differences {
		x[i] = math.Tanh(d / sd)
	}
	return x, nil
}

// sampleSD returns the standard deviation with divisor n−1, 0 where the values differ by
// rounding alone or there are fewer than two.
func sampleSD(values []float64) float64 {
	if len(values) < 2 {
		return 0
	}
	most := 0.0
	for _, v := range values {
		most = max(most, math.Abs(v))
	}
	return math.Sqrt(denoise(stat.Variance(values, nil), most))
}
