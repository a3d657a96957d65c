package decide

import (
	"fmt"
	"math/rand/v2"
	"runtime"
	"slices"
	"testing"

	"gonum.org/v1/gonum/floats/scalar"

	"modeltrial/audit"
	"modeltrial/eval"
)

// manyRatings are random verdicts, each task rated by perTask of the raters.
func manyRatings(random *rand.Rand, ratings, raters, perTask int) []eval.Rating {
	all := make([]eval.Rating, 0, ratings)
	for len(all) < ratings {
		task := fmt.Sprintf("task%d", len(all)/perTask)
		for _, rater := range random.Perm(raters)[:perTask] {
			all = append(all, eval.Rating{
				TaskID: task, ArmA: "control", ArmB: "candidate", Rater: fmt.Sprintf("rater%d", rater),
				Kind: eval.Human, Score: float64(random.IntN(3)) / 2, Category: audit.Category("coding"), Week: 1,
			})
		}
	}
	return all
}

// denseAgreement is the plain computation: a table of raters × items with −1 for no
// verdict, alpha as 1 − observed ÷ expected disagreement over all pairs of ratings,
// kappa over all pairs of raters.
func denseAgreement(ratings []eval.Rating) (nominal, ordinal float64, pairs []eval.PairAgreement) {
	scores := map[string]map[string][]float64{} // by rater and task
	taskSeen := map[string]bool{}
	for _, rating := range ratings {
		if scores[rating.Rater] == nil {
			scores[rating.Rater] = map[string][]float64{}
		}
		scores[rating.Rater][rating.TaskID] = append(scores[rating.Rater][rating.TaskID], rating.Score)
		taskSeen[rating.TaskID] = true
	}
	var names, tasks []string
	for name := range scores {
		names = append(names, name)
	}
	for task := range taskSeen {
		tasks = append(tasks, task)
	}
	slices.Sort(names)
	table := make([][]int, len(names))
	for r, name := range names {
		table[r] = make([]int, len(tasks))
		for i, task := range tasks {
			table[r][i] = -1
			if given := scores[name][task]; len(given) > 0 {
				sum := 0.0
				for _, score := range given {
					sum += score
				}
				table[r][i] = verdictIndex(sum / float64(len(given)))
			}
		}
	}
	var margins [verdicts]float64
	var coincidences [verdicts][verdicts]float64
	for i := range tasks {
		var given []int
		for r := range names {
			if table[r][i] >= 0 {
				given = append(given, table[r][i])
			}
		}
		for x, v := range given {
			for y, w := range given {
				if x != y {
					coincidences[v][w] += 1 / float64(len(given)-1)
				}
			}
			if len(given) > 1 {
				margins[v]++
			}
		}
	}
	n := margins[0] + margins[1] + margins[2]
	alpha := func(distance func(v, w int) float64) float64 {
		observed, expected := 0.0, 0.0
		for v := range verdicts {
			for w := range verdicts {
				observed += coincidences[v][w] * distance(v, w)
				expected += margins[v] * margins[w] * distance(v, w) / (n - 1)
			}
		}
		return 1 - observed/expected
	}
	nominal = alpha(func(v, w int) float64 { return float64(min(1, max(v, w)-min(v, w))) })
	ordinal = alpha(func(v, w int) float64 {
		between := -(margins[v] + margins[w]) / 2
		for k := min(v, w); k <= max(v, w); k++ {
			between += margins[k]
		}
		return between * between
	})
	for a := range names {
		for b := a + 1; b < len(names); b++ {
			var first, second [verdicts]float64
			common, equal := 0, 0
			for i := range tasks {
				v, w := table[a][i], table[b][i]
				if v < 0 || w < 0 {
					continue
				}
				common++
				first[v]++
				second[w]++
				if v == w {
					equal++
				}
			}
			if common == 0 {
				continue
			}
			pair := eval.PairAgreement{RaterA: names[a], RaterB: names[b], Tasks: common}
			chance := 0.0
			for v := range verdicts {
				chance += first[v] * second[v] / float64(common*common)
			}
			if chance < 1 {
				kappa := (float64(equal)/float64(common) - chance) / (1 - chance)
				pair.Kappa = &kappa
			}
			pairs = append(pairs, pair)
		}
	}
	return nominal, ordinal, pairs
}

func TestAgreementEqualsTheDenseComputation(t *testing.T) {
	for seed := range uint64(20) {
		random := rand.New(rand.NewPCG(seed, 1))
		raters := 2 + random.IntN(12)
		ratings := manyRatings(random, 200, raters, 1+random.IntN(raters))
		for _, rating := range ratings[:len(ratings)/4] { // both orders of some
			rating.Score = float64(random.IntN(3)) / 2
			rating.First = eval.SideB
			ratings = append(ratings, rating)
		}
		random.Shuffle(len(ratings), func(i, j int) { ratings[i], ratings[j] = ratings[j], ratings[i] })
		nominal, ordinal, pairs := denseAgreement(ratings)
		got := newAnalyzer(eval.Dataset{Ratings: ratings}, Options{}).agreement(eval.Human)
		if got == nil {
			if len(pairs) > 0 {
				t.Errorf("seed %d: no agreement, want %d pairs", seed, len(pairs))
			}
			continue
		}
		if got.AlphaNominal != nil && !scalar.EqualWithinAbs(got.AlphaNominal.Estimate, nominal, 1e-12) {
			t.Errorf("seed %d: nominal alpha %v, want %v", seed, got.AlphaNominal.Estimate, nominal)
		}
		if got.AlphaOrdinal != nil && !scalar.EqualWithinAbs(got.AlphaOrdinal.Estimate, ordinal, 1e-12) {
			t.Errorf("seed %d: ordinal alpha %v, want %v", seed, got.AlphaOrdinal.Estimate, ordinal)
		}
		if len(got.Pairs) != len(pairs) {
			t.Fatalf("seed %d: %d pairs, want %d", seed, len(got.Pairs), len(pairs))
		}
		for i, want := range pairs {
			pair := got.Pairs[i]
			if pair.RaterA != want.RaterA || pair.RaterB != want.RaterB || pair.Tasks != want.Tasks || (pair.Kappa == nil) != (want.Kappa == nil) {
				t.Errorf("seed %d: got %+v, want %+v", seed, pair, want)
				continue
			}
			if pair.Kappa != nil && !scalar.EqualWithinAbs(*pair.Kappa, *want.Kappa, 1e-12) {
				t.Errorf("seed %d, %s and %s: kappa %v, want %v", seed, pair.RaterA, pair.RaterB, *pair.Kappa, *want.Kappa)
			}
		}
	}
}

// A table of raters × items would take 0.4 GB here, in 50 million cells.
func TestAgreementOfManyRatersIsSparse(t *testing.T) {
	a := newAnalyzer(eval.Dataset{Ratings: manyRatings(rand.New(rand.NewPCG(1, 2)), 10_000, 10_000, 2)}, Options{})
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	a.agreement(eval.Human)
	runtime.ReadMemStats(&after)
	if allocated := after.TotalAlloc - before.TotalAlloc; allocated > 50<<20 {
		t.Errorf("allocates %d bytes, want at most 50 MB", allocated)
	}
}

func BenchmarkAgreement(b *testing.B) {
	for _, ratings := range []int{1_000, 10_000, 50_000} {
		b.Run(fmt.Sprintf("ratings=%d", ratings), func(b *testing.B) {
			raters := min(2000, ratings/5)
			a := newAnalyzer(eval.Dataset{Ratings: manyRatings(rand.New(rand.NewPCG(1, 2)), ratings, raters, 2)}, Options{})
			b.ReportAllocs()
			for b.Loop() {
				a.agreement(eval.Human)
			}
		})
	}
}
