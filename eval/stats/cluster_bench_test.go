package stats

import (
	"math/rand/v2"
	"testing"
)

// BenchmarkMean estimates 100,000 tasks with 3 ratings each, and the 300 of a drawn
// pilot, beside the bare limit: reading every observation once.
func BenchmarkMean(b *testing.B) {
	random := rand.New(rand.NewPCG(1, 2))
	draw := func(tasks int) []Observation {
		observations := make([]Observation, 0, 3*tasks)
		for task := range tasks {
			for range 3 {
				observations = append(observations, Observation{Score: float64(random.IntN(3)) / 2, Weight: 1, Task: task, Cluster: task, Rater: random.IntN(20)})
			}
		}
		return observations
	}
	for name, observations := range map[string][]Observation{"300000": draw(100_000), "300": draw(100)} {
		b.Run(name, func(b *testing.B) {
			for b.Loop() {
				if _, err := Mean(observations, true); err != nil {
					b.Fatal(err)
				}
			}
		})
		b.Run(name+"-reading-alone", func(b *testing.B) {
			sum := 0.0
			for b.Loop() {
				for _, o := range observations {
					sum += o.Weight * o.Score
				}
			}
			if sum == 0 {
				b.Fatal("nothing read")
			}
		})
	}
}
