package decide_test

import (
	"fmt"
	"math/rand/v2"
	"testing"

	"modeltrial/audit"
	"modeltrial/eval"
	"modeltrial/eval/decide"
)

// largePilot has 100,000 tasks in five categories and four weeks, three ratings each.
func largePilot() eval.Dataset {
	random := rand.New(rand.NewPCG(1, 2))
	var data eval.Dataset
	const tasks = 100_000
	for i := range tasks {
		task, category := fmt.Sprintf("t%06d", i), audit.Categories[i%5]
		week := 1 + 4*i/tasks
		rater := random.IntN(40)
		for k := range 3 {
			verdict := [...]eval.Verdict{eval.PrefersA, eval.PrefersB, eval.PrefersB, eval.Tie}[random.IntN(4)]
			score, _ := verdict.Score()
			data.Ratings = append(data.Ratings, eval.Rating{
				TaskID: task, Category: category, Week: week, ArmA: "now", ArmB: "next", Rater: fmt.Sprint("rater ", (rater+k)%40), Kind: eval.Human,
				Verdict: verdict, Score: score, First: [...]eval.Side{eval.SideA, eval.SideB}[random.IntN(2)], Seconds: new(10 + 60*random.Float64()),
			})
		}
		for k, arm := range []string{"now", "next"} {
			cost, latency := audit.NanoUSD(1e6*random.ExpFloat64()/float64(k+1)), int64(500+random.IntN(8000))
			data.Responses = append(data.Responses, eval.ResponseRow{
				TaskID: task, Category: category, Week: week, Arm: arm, Cost: &cost, LatencyMS: &latency, TextSHA256: task + arm, Length: 100 + random.IntN(2000), Origin: eval.Measured,
			})
		}
	}
	return data
}

// BenchmarkAnalyze analyses 100,000 tasks with three ratings each.
func BenchmarkAnalyze(b *testing.B) {
	data := largePilot()
	b.Run("all", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			if _, err := decide.Analyze(data, decide.Options{}); err != nil {
				b.Fatal(err)
			}
		}
	})
	b.Run("decisions", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			if _, err := decide.Analyze(data, decide.Options{DecisionsOnly: true}); err != nil {
				b.Fatal(err)
			}
		}
	})
}
