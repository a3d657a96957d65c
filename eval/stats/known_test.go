package stats

import (
	"math"
	"math/rand/v2"
	"testing"
)

// knownTasks are tasks with a score of their own, numbered from 1000 on.
func knownTasks(scores ...float64) []Observation {
	tasks := make([]Observation, len(scores))
	for i, score := range scores {
		tasks[i] = Observation{Score: score, Weight: 1, Task: 1000 + i, Cluster: 1000 + i, Rater: NoRater}
	}
	return tasks
}

// assigned are tasks without a score, numbered from 0 on.
func assigned(tasks int) []Observation {
	all := make([]Observation, tasks)
	for i := range all {
		all[i] = Observation{Weight: 1, Task: i, Cluster: i, Rater: NoRater}
	}
	return all
}

// TestKnownTasksBesideAllRated: where every other task was rated, known tasks are as
// good as rated ones.
func TestKnownTasksBesideAllRated(t *testing.T) {
	random := rand.New(rand.NewPCG(1, 40))
	rated := assigned(100)
	for i := range rated {
		rated[i].Score = float64(random.IntN(3)) / 2
	}
	known := knownTasks(1, 1, 1, 0, 1, 1, 1, 0, 0, 1)
	mean, err := Mean(rated, false)
	if err != nil {
		t.Fatal(err)
	}
	got, err := WithKnown(mean, known, assigned(100))
	if err != nil {
		t.Fatal(err)
	}
	pooled, err := Mean(append(rated, known...), false)
	if err != nil {
		t.Fatal(err)
	}
	if math.Abs(got.Estimate-pooled.Estimate) > 1e-12 || math.Abs(got.Variance/pooled.Variance-1) > 0.02 || got.Tasks != pooled.Tasks {
		t.Errorf("got %+v, want nearly %+v", got, pooled)
	}
	if same, err := WithKnown(mean, nil, assigned(100)); err != nil || same != mean {
		t.Errorf("no known task: got %+v, %v", same, err)
	}
	if _, err := WithKnown(mean, known, nil); err == nil {
		t.Error("known tasks alone: got no error")
	}
}

// TestKnownTasksAreNotOverweighted draws pilots in which the control fails on a tenth
// of the tasks and people rate a third of the others.
func TestKnownTasksAreNotOverweighted(t *testing.T) {
	settings := pilotSettings{tasks: 200, raters: 8, quality: 0.5, taste: 0.05, bias: 0.1}
	random := rand.New(rand.NewPCG(1, 41))
	const pilots, truth = 1000, 0.1*1 + 0.9*0.5
	sum, pooled, held := 0.0, 0.0, 0
	for range pilots {
		lost := 0
		for range settings.tasks {
			if random.Float64() < 0.1 {
				lost++
			}
		}
		drawn := settings
		drawn.tasks -= lost
		drawn.labelled = drawn.tasks / 3
		p := drawn.draw(random)
		known := knownTasks(make([]float64, lost)...)
		for i := range known {
			known[i].Score = 1
		}
		combined, err := Combine(p.people, p.judge, true)
		if err != nil {
			t.Fatal(err)
		}
		mean, err := WithKnown(combined.WeightedMean, known, assigned(drawn.tasks))
		if err != nil {
			t.Fatal(err)
		}
		interval, err := mean.WinRateInterval(ZForLevel(0.95))
		if err != nil {
			t.Fatal(err)
		}
		if interval.Low <= truth && truth <= interval.High {
			held++
		}
		beside, err := Mean(append(p.people, known...), true)
		if err != nil {
			t.Fatal(err)
		}
		sum += mean.Estimate / pilots
		pooled += beside.Estimate / pilots
	}
	if math.Abs(sum-truth) > 0.008 { // 4.5 standard errors of about 0.055/√1000
		t.Errorf("mean %v, want %v", sum, truth)
	}
	if pooled < truth+0.05 {
		t.Errorf("beside the rated tasks alone: %v, which would be as good: not the case meant", pooled)
	}
	if share := float64(held) / pilots; share < 0.935 || share > 0.985 {
		t.Errorf("the interval held the truth in %.1f %% of pilots", 100*share)
	}
}
