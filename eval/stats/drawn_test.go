package stats

import (
	"math/rand/v2"
)

// drawnPilot draws ratings of tasks by a panel: people rate the first labelled tasks
// twice, a judge with a bias rates all.
type drawnPilot struct {
	people  []Observation
	judge   []JudgeScore
	lengths map[int]float64
	first   []bool // parallel to people
}

// pilotSettings say how a pilot is drawn.
type pilotSettings struct {
	tasks, labelled, raters int
	// quality is the win rate, taste the spread of raters' leanings, bias the judge's.
	quality, taste, bias float64
}

var usual = pilotSettings{tasks: 150, labelled: 60, raters: 7, quality: 0.55, taste: 0.05, bias: 0.1}

// draw draws a pilot. A task has a win probability of its own; a fifth of all verdicts
// are ties.
func (s pilotSettings) draw(random *rand.Rand) drawnPilot {
	p := drawnPilot{lengths: map[int]float64{}}
	leaning := make([]float64, s.raters)
	for r := range leaning {
		leaning[r] = s.taste * random.NormFloat64()
	}
	verdict := func(win float64) float64 {
		switch u := random.Float64(); {
		case u < 0.2:
			return 0.5
		case u < 0.2+0.8*win:
			return 1
		}
		return 0
	}
	for task := range s.tasks {
		win := s.quality + 0.3*(2*random.Float64()-1)
		p.lengths[task] = random.NormFloat64() + win
		f := (verdict(win+s.bias) + verdict(win+s.bias)) / 2
		p.judge = append(p.judge, JudgeScore{Score: f, Weight: 1, Task: task, Cluster: task})
		if task >= s.labelled {
			continue
		}
		at := random.Perm(s.raters)
		for _, rater := range at[:2] {
			p.people = append(p.people, Observation{Score: verdict(win + leaning[rater]), Weight: 0.5, Task: task, Cluster: task, Rater: rater})
			p.first = append(p.first, random.IntN(2) == 0)
		}
	}
	return p
}

// drawnComparisons are comparisons of four arms, one pair of which meets on each task,
// judged by two of six raters.
func drawnComparisons(random *rand.Rand, tasks int) []Comparison {
	strength := []float64{0, 0.5, -0.4, 0.9}
	var comparisons []Comparison
	for task := range tasks {
		pair := random.Perm(len(strength))
		for _, rater := range random.Perm(6)[:2] {
			score := 0.0
			switch u := random.Float64(); {
			case u < 0.2:
				score = 0.5
			case u < 0.2+0.8*logistic(strength[pair[1]]-strength[pair[0]]):
				score = 1
			}
			comparisons = append(comparisons, Comparison{
				Observation: Observation{Score: score, Weight: 1, Task: task, Cluster: task / 2, Rater: rater},
				A:           pair[0], B: pair[1],
			})
		}
	}
	return comparisons
}

// drawnPairs are paired measures above zero in clusters of two.
func drawnPairs(random *rand.Rand, tasks int) []Pair {
	pairs := make([]Pair, tasks)
	for i := range pairs {
		pairs[i] = Pair{Control: 1 + random.ExpFloat64(), Candidate: 0.5 + random.ExpFloat64(), Weight: 1 + random.Float64(), Task: i, Cluster: i / 2}
	}
	return pairs
}
