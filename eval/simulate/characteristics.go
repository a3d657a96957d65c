package simulate

import (
	"fmt"
	"slices"
	"time"

	"modeltrial/audit"
	"modeltrial/eval"
)

// A Characteristic is a protocol and a truth under which the methods must keep what
// they promise.
type Characteristic struct {
	Group    string // what it is a test of
	Locked   *eval.LockedProtocol
	Scenario Scenario
}

// The groups of characteristics.
const (
	ErrorGroup    = "False switches"
	CoverageGroup = "Intervals"
	PowerGroup    = "Power"
)

// A condition is how pilots are run, whatever is true of the candidates.
type condition struct {
	name   string
	locked *eval.LockedProtocol
	change func(*Scenario)
}

// Characteristics are the pilots by which the methods are measured: every condition
// that has broken a simpler method, under each truth at which a switch is just false.
func Characteristics() []Characteristic {
	var list []Characteristic
	for _, c := range conditions() {
		for _, border := range []struct {
			name  string
			truth eval.Truth
		}{
			{"no difference", eval.Truth{WinRate: 0.5, CostRatio: 1}},
			{"worse by the margin, half the cost", eval.Truth{WinRate: 0.45, CostRatio: 0.5}},
			{"no difference, cost ratio 0.9", eval.Truth{WinRate: 0.5, CostRatio: 0.9}},
		} {
			list = append(list, c.under(ErrorGroup, border.name, border.truth))
		}
	}
	for _, raters := range []int{5, 6, 10, 20} {
		for _, rate := range []float64{0.5, 0.6, 0.8} {
			c := condition{locked: weekly(3, 75, 1), change: func(s *Scenario) { s.Raters = raters; s.Ties = 0.1 }}
			list = append(list, c.under(CoverageGroup, "", eval.Truth{WinRate: rate, CostRatio: 1}))
		}
	}
	for _, c := range []condition{
		{"4 looks, a panel", weekly(1, 50, 1), func(s *Scenario) { s.Raters = 4 }},
		{"one look, a panel", inOneWeek(200), func(s *Scenario) { s.Raters = 4 }},
		{"4 looks, 10 raters who differ by 3 points", weekly(1, 50, 1), func(s *Scenario) { s.Raters, s.RaterSD = 10, 0.03 }},
		{"4 looks, 10 raters who differ by 6 points", weekly(1, 50, 1), func(s *Scenario) { s.Raters = 10 }},
	} {
		list = append(list, c.under(PowerGroup, "win rate 0.6", eval.Truth{WinRate: 0.6, CostRatio: 1}))
	}
	for _, bias := range []float64{0, 0.1} {
		c := condition{fmt.Sprintf("a judge alone who may decide, biased by %.0f points", 100*bias), judgesDecide(1, 75), measured(Judge{Bias: bias, Correlation: 0.5}, 0.15)}
		list = append(list, c.under(PowerGroup, "win rate 0.7", eval.Truth{WinRate: 0.7, CostRatio: 1}))
	}
	return list
}

func conditions() []condition {
	judge := &Judge{Bias: 0.1, Correlation: 0.5}
	return []condition{
		{"six raters", weekly(3, 75, 1), func(*Scenario) {}},
		{"one rater", weekly(3, 75, 1), func(s *Scenario) { s.Raters = 1 }},
		{"five raters", weekly(3, 75, 1), func(s *Scenario) { s.Raters = 5 }},
		{"strong tastes (15 points)", weekly(3, 75, 1), func(s *Scenario) { s.RaterSD = 0.15 }},
		{"uneven loads", weekly(3, 75, 1), func(s *Scenario) { s.Uneven = true }},
		{"dependent tasks (5 a cluster)", weekly(3, 75, 1), func(s *Scenario) { s.ClusterSize, s.ClusterICC = 5, 0.5 }},
		{"12 tasks a week", weekly(3, 12, 1), func(*Scenario) {}},
		{"60% ties", weekly(3, 75, 1), func(s *Scenario) { s.Ties = 0.6 }},
		{"two ratings each", weekly(3, 75, 2), func(*Scenario) {}},
		{"people and a judge biased by 10 points", weekly(3, 75, 1), func(s *Scenario) { s.Judge = judge }},
		{"judges only, biased by 10 points", weekly(3, 75, 1), func(s *Scenario) { s.Judge, s.JudgesOnly = judge, true }},
		{"a judge alone who may decide, not biased", judgesDecide(3, 75), measured(Judge{Correlation: 0.5}, 0.15)},
		{"a judge alone who may decide, biased by 10 points", judgesDecide(3, 75), measured(*judge, 0.15)},
		{"a judge alone who may decide, verdicts at random, biased by 10 points", judgesDecide(3, 75), measured(Judge{Bias: 0.1}, 0.6)},
		{"two candidates", twoCandidates(75), func(*Scenario) {}},
	}
}

func (c condition) under(group, name string, truth eval.Truth) Characteristic {
	useCases := 0
	for _, useCase := range c.locked.Protocol.UseCases {
		useCases += len(useCase.Candidates)
	}
	if c.name != "" && name != "" {
		name = c.name + ": " + name
	}
	scenario := Standard(name, slices.Repeat([]eval.Truth{truth}, useCases)...)
	c.change(&scenario)
	return Characteristic{Group: group, Locked: c.locked, Scenario: scenario}
}

// weekly is a protocol of four weeks with one candidate in each use case.
func weekly(useCases, tasks, ratings int) *eval.LockedProtocol {
	protocol := eval.Protocol{
		Name: "characteristics", Control: "control", Weeks: 4, TasksPerWeek: tasks, RatingsPerComparison: ratings,
		Arms:   []eval.Arm{{Name: "control"}, {Name: "candidate"}, {Name: "second candidate"}},
		Margin: 0.05, Saving: 0.10, BudgetUSD: "0",
	}
	for _, category := range audit.Categories[:useCases] {
		protocol.UseCases = append(protocol.UseCases, eval.UseCase{Category: category, Candidates: []string{"candidate"}})
	}
	return &eval.LockedProtocol{Protocol: protocol}
}

// judgesDecide is a protocol that lets the judge decide.
func judgesDecide(useCases, tasks int) *eval.LockedProtocol {
	locked := weekly(useCases, tasks, 1)
	locked.LockedAt = time.Date(2026, 6, 1, 0, 0, 0, 0, time.UTC)
	locked.Protocol.JudgesMayDecide, locked.Protocol.Judges = true, []eval.Arm{{Name: judgeName}}
	return locked
}

// measured puts people out of a pilot: the judge was measured in an earlier one, where
// people's scores of a task have the correlation icc.
func measured(judge Judge, icc float64) func(*Scenario) {
	judge.Measured = true
	return func(s *Scenario) { s.Judge, s.JudgesOnly, s.ICC = &judge, true, icc }
}

func inOneWeek(tasks int) *eval.LockedProtocol {
	locked := weekly(1, tasks, 1)
	locked.Protocol.Weeks = 1
	return locked
}

func twoCandidates(tasks int) *eval.LockedProtocol {
	locked := weekly(2, tasks, 1)
	for i := range locked.Protocol.UseCases {
		locked.Protocol.UseCases[i].Candidates = []string{"candidate", "second candidate"}
	}
	return locked
}
