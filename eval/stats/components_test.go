package stats

import (
	"errors"
	"math"
	"math/rand/v2"
	"testing"
)

// crossed draws scores of the model itself: every rater rates a random part of the
// tasks.
func crossed(random *rand.Rand, tasks, raters, each int, task, rater, residual float64) []Observation {
	leaning := make([]float64, raters)
	for r := range leaning {
		leaning[r] = math.Sqrt(rater) * random.NormFloat64()
	}
	var observations []Observation
	for t := range tasks {
		level := math.Sqrt(task) * random.NormFloat64()
		for _, r := range random.Perm(raters)[:each] {
			score := 3 + level + leaning[r] + math.Sqrt(residual)*random.NormFloat64()
			observations = append(observations, Observation{Score: score, Weight: 1, Task: t, Cluster: t, Rater: r})
		}
	}
	return observations
}

// TestComponentsAreUnbiased: the mean of many estimates is the truth, to 4.5 of its own
// standard errors; the rater component has few raters behind it.
func TestComponentsAreUnbiased(t *testing.T) {
	random := rand.New(rand.NewPCG(1, 30))
	const draws = 150
	truth := [3]float64{0.5, 0.2, 1}
	var sums, squares [3]float64
	for range draws {
		got, err := VarianceComponents(crossed(random, 100, 12, 3, truth[0], truth[1], truth[2]))
		if err != nil {
			t.Fatal(err)
		}
		for i, v := range []float64{got.Task, got.Rater, got.Residual} {
			sums[i] += v / draws
			squares[i] += v * v / draws
		}
	}
	for i, want := range truth {
		se := math.Sqrt((squares[i] - sums[i]*sums[i]) / draws)
		if math.Abs(sums[i]-want) > 4.5*se {
			t.Errorf("component %d: mean %v ± %v, want %v", i, sums[i], se, want)
		}
	}
}

// TestBalancedComponents: where every rater rates every task, REML is the analysis of
// variance, as long as that is positive.
func TestBalancedComponents(t *testing.T) {
	const tasks, raters = 30, 6
	observations := crossed(rand.New(rand.NewPCG(1, 31)), tasks, raters, raters, 0.5, 0.3, 1)
	grand, byTask, byRater := 0.0, make([]float64, tasks), make([]float64, raters)
	for _, o := range observations {
		grand += o.Score / (tasks * raters)
		byTask[o.Task] += o.Score / raters
		byRater[o.Rater] += o.Score / tasks
	}
	betweenTasks, betweenRaters, within := 0.0, 0.0, 0.0
	for _, m := range byTask {
		betweenTasks += raters * (m - grand) * (m - grand) / (tasks - 1)
	}
	for _, m := range byRater {
		betweenRaters += tasks * (m - grand) * (m - grand) / (raters - 1)
	}
	for _, o := range observations {
		e := o.Score - byTask[o.Task] - byRater[o.Rater] + grand
		within += e * e / ((tasks - 1) * (raters - 1))
	}
	got, err := VarianceComponents(observations)
	if err != nil {
		t.Fatal(err)
	}
	want := Components{Mean: grand, Task: (betweenTasks - within) / raters, Rater: (betweenRaters - within) / tasks, Residual: within}
	for what, pair := range map[string][2]float64{
		"mean": {got.Mean, want.Mean}, "task": {got.Task, want.Task}, "rater": {got.Rater, want.Rater}, "residual": {got.Residual, want.Residual},
		"ICC": {got.ICC(), want.Task / (want.Task + want.Rater + want.Residual)}, "rater SD": {got.RaterSD(), math.Sqrt(want.Rater)},
	} {
		if math.Abs(pair[0]-pair[1]) > 1e-5 {
			t.Errorf("%s: got %v, want %v", what, pair[0], pair[1])
		}
	}
}

func TestComponentsRefuse(t *testing.T) {
	random := rand.New(rand.NewPCG(1, 32))
	constant := crossed(random, 30, 6, 3, 1, 1, 1)
	for i := range constant {
		constant[i].Score = 0.5
	}
	byMany := crossed(random, 30, 6, 2, 1, 1, 1)
	for i := range byMany {
		byMany[i].Rater = i
	}
	for name, observations := range map[string][]Observation{
		"nobody":               nil,
		"each task once":       crossed(random, 30, 6, 1, 1, 1, 1),
		"each rater once":      byMany,
		"nothing varies":       constant,
		"one rater, each once": crossed(random, 30, 1, 1, 1, 1, 1),
	} {
		_, err := VarianceComponents(observations)
		if _, ok := errors.AsType[*MissingError](err); !ok {
			t.Errorf("%s: got %v", name, err)
		}
	}
}
