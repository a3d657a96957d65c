package stats

import (
	"errors"
	"math"
	"testing"
)

// TestAgreementByHand: 24 tasks, of which a third each have people who agree with the
// judge, people who agree against the judge, and people who differ.
func TestAgreementByHand(t *testing.T) {
	var tasks []VerdictCounts
	for i := range 24 {
		v := VerdictCounts{Weight: 1, Task: i, Cluster: i, Judges: []int{1, 0, 0}}
		switch i % 3 {
		case 0:
			v.People = []int{2, 0, 0} // judge 1, people 1
		case 1:
			v.People = []int{0, 0, 2} // judge 0, people 1
		case 2:
			v.People = []int{2, 1, 0} // judge 2/3, people 1/3
		}
		tasks = append(tasks, v)
	}
	// Tasks with one person or no judge do not count.
	tasks = append(tasks,
		VerdictCounts{Weight: 1, Task: 90, Cluster: 90, People: []int{1, 0, 0}, Judges: []int{1, 0, 0}},
		VerdictCounts{Weight: 1, Task: 91, Cluster: 91, People: []int{2, 0, 0}, Judges: []int{0, 0, 0}})
	got, err := AgreementWithPeople(tasks, ZForLevel(0.95))
	if err != nil {
		t.Fatal(err)
	}
	// Differences 0, −1, 1/3 with mean −2/9 and variance Σ(d − mean)²·8/23.
	squares := 0.0
	for _, d := range []float64{0, -1, 1.0 / 3} {
		squares += 8 * (d + 2.0/9) * (d + 2.0/9)
	}
	se := math.Sqrt(squares / 23 / 24)
	for what, pair := range map[string][2]float64{
		"judge": {got.Judge, (1 + 0 + 2.0/3) / 3}, "people": {got.People, (1 + 1 + 1.0/3) / 3},
		"difference": {got.Difference.Estimate, -2.0 / 9}, "standard error": {got.Difference.StandardError, se},
		"high": {got.Difference.High, -2.0/9 + 2.068657610419*se}, // t quantile with 23 df
	} {
		if math.Abs(pair[0]-pair[1]) > 1e-9 {
			t.Errorf("%s: got %v, want %v", what, pair[0], pair[1])
		}
	}
	if got.Tasks != 24 {
		t.Errorf("got %d tasks, want 24", got.Tasks)
	}
	if _, err := AgreementWithPeople(tasks[24:], 1.96); err == nil {
		t.Error("no task rated by two people and a judge: got no error")
	}
}

// biased are 40 tasks with people's scores and judges whose score of task i is people's
// plus biasOf(i).
func biased(biasOf func(task int) float64) (people []Observation, judge []JudgeScore) {
	for i := range 40 {
		score := float64(i%5) / 8
		people = append(people, Observation{Score: score, Weight: 1, Task: i, Cluster: i, Rater: i % 4})
		judge = append(judge, JudgeScore{Score: score + biasOf(i), Task: i, Cluster: i})
	}
	return people, judge
}

func TestJudgeBias(t *testing.T) {
	people, judge := biased(func(task int) float64 { return 0.1 + 0.05*float64(task%2) })
	bias, err := JudgeBias(people, judge[:30], false)
	if err != nil {
		t.Fatal(err)
	}
	// 15 times 0.1 and 15 times 0.15.
	if se := math.Sqrt(0.025 * 0.025 * 30 / 29 / 30); math.Abs(bias.Estimate-0.125) > 1e-12 || math.Abs(bias.StandardError()-se) > 1e-12 || bias.Tasks != 30 {
		t.Errorf("got %+v, want 0.125 ± %v", bias, se)
	}
	if _, err := JudgeBias(people, nil, false); err == nil {
		t.Error("no judge: got no error")
	}
}

func TestSelfPreference(t *testing.T) {
	people, related := biased(func(task int) float64 { return 0.2 + 0.02*float64(task%2) })
	_, unrelated := biased(func(task int) float64 { return 0.05 + 0.01*float64(task%4) })
	for favours, want := range map[int]float64{1: 0.21 - 0.065, -1: 0.065 - 0.21} {
		got, err := SelfPreference(people, related, unrelated, favours, false)
		if err != nil {
			t.Fatal(err)
		}
		// On the same tasks people cancel: it is the mean of the paired differences.
		squares := 0.0
		for i := range 40 {
			d := 0.2 + 0.02*float64(i%2) - 0.05 - 0.01*float64(i%4) - 0.145
			squares += d * d
		}
		if se := math.Sqrt(squares / 39 / 40); math.Abs(got.Estimate-want) > 1e-12 || math.Abs(got.StandardError()-se) > 1e-12 {
			t.Errorf("favours %d: got %v ± %v, want %v ± %v", favours, got.Estimate, got.StandardError(), want, se)
		}
	}
	// On different tasks the variances add.
	apart, err := SelfPreference(people, related[:20], unrelated[20:], 1, false)
	if err != nil {
		t.Fatal(err)
	}
	one, err1 := JudgeBias(people, related[:20], false)
	other, err2 := JudgeBias(people, unrelated[20:], false)
	if err := errors.Join(err1, err2); err != nil {
		t.Fatal(err)
	}
	if want := (one.Variance*19/20 + other.Variance*19/20) * 40 / 39; math.Abs(apart.Variance-want) > 1e-12 {
		t.Errorf("variance on different tasks: got %v, want %v", apart.Variance, want)
	}
	if _, err := SelfPreference(people, related, unrelated, 0, false); err == nil {
		t.Error("favours nobody: got no error")
	}
}

func TestLengthBias(t *testing.T) {
	lengths := map[int]float64{}
	values := make([]float64, 40)
	for i := range values {
		values[i] = float64(i%7) - 3
		lengths[i] = values[i]
	}
	sd := sampleSD(values)
	people, judge := biased(func(task int) float64 { return 0.05 + 0.3*math.Tanh(values[task]/sd) })
	slope, err := LengthBias(people, judge, lengths, false)
	if err != nil {
		t.Fatal(err)
	}
	if math.Abs(slope.Estimate-0.3) > 1e-12 || slope.Variance != 0 {
		t.Errorf("got %v with variance %v, want 0.3 without one", slope.Estimate, slope.Variance)
	}
	for i := range lengths {
		lengths[i] = 12
	}
	if _, err := LengthBias(people, judge, lengths, false); err == nil {
		t.Error("lengths do not vary: got no error")
	}
}

func TestPositionConsistencySides(t *testing.T) {
	var pairs []OrderPair
	for i := range 30 {
		p := OrderPair{Weight: 1, Task: i, Cluster: i}
		switch i % 3 {
		case 0:
			p.ControlFirst, p.CandidateFirst = 1, 0.75 // both for the candidate
		case 1:
			p.ControlFirst, p.CandidateFirst = 0.5, 0.5
		case 2:
			p.ControlFirst, p.CandidateFirst = 0.5, 0
		}
		pairs = append(pairs, p)
	}
	got, err := PositionConsistency(pairs, 1.96)
	if err != nil || math.Abs(got.Estimate-2.0/3) > 1e-12 {
		t.Errorf("got %+v, %v, want 2/3", got, err)
	}
}

func TestLengthSeparates(t *testing.T) {
	var observations []Observation
	var lengths []float64
	for i := range 40 {
		observations = append(observations, Observation{Score: float64(i % 2), Weight: 1, Task: i, Cluster: i})
		lengths = append(lengths, float64(i%2)*2-1)
	}
	if _, err := LengthControlled(observations, lengths, false, 1.96); err == nil {
		t.Error("length decides every score: got no error")
	}
	first := make([]bool, 40)
	if _, err := PositionAdjusted(observations, first, false, 1.96); err == nil {
		t.Error("the control is always first: got no error")
	}
}
