package decide

import (
	"fmt"
	"math"
	"math/rand/v2"
	"strings"
	"testing"

	"modeltrial/audit"
	"modeltrial/eval"
	"modeltrial/eval/stats"
)

// ratedBy draws a pilot of two use cases with very different win rates in which each
// task is rated by three of some people, whose leanings have a standard deviation.
func ratedBy(people int, spread float64) eval.Dataset {
	random := rand.New(rand.NewPCG(uint64(people), 77))
	leaning := make([]float64, people)
	for i := range leaning {
		leaning[i] = spread * random.NormFloat64()
	}
	protocol := eval.Protocol{
		Name: "learn", Control: "now", Weeks: 4, TasksPerWeek: 50, RatingsPerComparison: 3, Margin: 0.05, Saving: 0.1,
		Arms: []eval.Arm{{Name: "now", Model: "atlas"}, {Name: "next", Model: "forge"}},
	}
	data := eval.Dataset{Locked: &eval.LockedProtocol{SHA256: "00", CategoryShare: map[audit.Category]float64{"coding": 0.5, "math": 0.5}}}
	for _, useCase := range []struct {
		category audit.Category
		win      float64
	}{{"coding", 0.5}, {"math", 0.8}} {
		protocol.UseCases = append(protocol.UseCases, eval.UseCase{Category: useCase.category, Candidates: []string{"next"}})
		for task := range 200 {
			for i, rater := range random.Perm(people)[:3] {
				rating := eval.Rating{
					TaskID: fmt.Sprintf("%s-%d", useCase.category, task), Category: useCase.category, Week: 1 + task/50, ArmA: "now", ArmB: "next",
					Rater: fmt.Sprint("r", rater), Kind: eval.Human, First: []eval.Side{eval.SideA, eval.SideB}[(task+i)%2], Verdict: eval.PrefersA,
				}
				if random.Float64() < useCase.win+leaning[rater] {
					rating.Verdict = eval.PrefersB
				}
				rating.Score, _ = rating.Verdict.Score()
				data.Ratings = append(data.Ratings, rating)
			}
		}
	}
	data.Locked.Protocol = protocol
	return data
}

func learnt(t *testing.T, data eval.Dataset) eval.Learned {
	t.Helper()
	learned, err := Learn(data)
	if err != nil {
		t.Fatal(err)
	}
	return learned
}

func TestLearnFindsTheSpreadOfRaters(t *testing.T) {
	learned := learnt(t, ratedBy(20, 0.12))
	if learned.RaterSD == nil || math.Abs(*learned.RaterSD-0.12) > 0.05 {
		t.Errorf("raters' spread %v, want about 0.12; missing %v", learned.RaterSD, learned.WhyMissing)
	}
	// The use cases' win rates lie 0.3 apart, which is no correlation of two raters.
	if learned.ICC == nil || *learned.ICC > 0.1 {
		t.Errorf("ICC %v, want about 0, since tasks of a use case are alike", learned.ICC)
	}
	if learned.Ratings != 1200 || learned.Raters != 20 || learned.Tasks != 400 {
		t.Errorf("got %+v, want what was drawn", learned)
	}
	if sd := learned.UseCases[1].ScoreSD; sd == nil || math.Abs(*sd-0.4) > 0.03 {
		t.Errorf("the spread of a score in math is %v, want about √(0.8·0.2)", sd)
	}
}

// TestLearnIsTheMixedModel of one use case whose mean is taken away.
func TestLearnIsTheMixedModel(t *testing.T) {
	data := ratedBy(8, 0.1)
	data.Ratings = data.Ratings[:600]
	var observations []stats.Observation
	tasks, raters := indexer{}, indexer{}
	for _, r := range data.Ratings {
		observations = append(observations, stats.Observation{Score: r.Score, Weight: 1, Task: tasks.of(r.TaskID), Cluster: tasks.of(r.TaskID), Rater: raters.of(r.Rater)})
	}
	want, err := stats.VarianceComponents(observations)
	if err != nil {
		t.Fatal(err)
	}
	learned := learnt(t, data)
	for name, pair := range map[string][2]float64{
		"raters": {*learned.RaterVariance, want.Rater}, "tasks": {*learned.TaskVariance, want.Task}, "residual": {*learned.ResidualVariance, want.Residual},
	} {
		if math.Abs(pair[0]-pair[1]) > 1e-5 {
			t.Errorf("variance of %s %.6f, want %.6f", name, pair[0], pair[1])
		}
	}
}

func TestLearnSaysWhyNot(t *testing.T) {
	few, made, alike := ratedBy(4, 0.1), ratedBy(8, 0.1), ratedBy(6, 0)
	for i := range made.Ratings {
		made.Ratings[i].Simulated = true
	}
	given := map[string]int{}
	for i := range alike.Ratings { // every rater prefers each arm every other time
		r := &alike.Ratings[i]
		r.Score = float64(given[r.Rater] % 2)
		given[r.Rater]++
	}
	none := ratedBy(8, 0.1)
	none.Ratings = nil
	for name, c := range map[string]struct {
		data eval.Dataset
		why  string
	}{"few": {few, "4 people rated 400 tasks, 5 and 20 are needed"}, "simulated": {made, "simulated"}, "none": {none, "no person has rated"}, "alike": {alike, "more than chance"}} {
		learned := learnt(t, c.data)
		if learned.RaterSD != nil || !strings.Contains(learned.WhyMissing["rater_sd"], c.why) {
			t.Errorf("%s: spread %v, why missing %q, want %q", name, learned.RaterSD, learned.WhyMissing["rater_sd"], c.why)
		}
	}
}

func TestAllocateGoesToWhatIsOpen(t *testing.T) {
	protocol := eval.Protocol{UseCases: []eval.UseCase{{Category: "coding", Candidates: []string{"x", "y"}}}}
	known := func(category audit.Category, ratings int, sd float64, open bool) eval.LearnedUseCase {
		return eval.LearnedUseCase{Category: category, Candidate: "x", Ratings: ratings, ScoreSD: &sd, Open: open}
	}
	learned := eval.Learned{UseCases: []eval.LearnedUseCase{known("coding", 60, 0.3, true), known("math", 60, 0.5, false), known("general", 60, 0.1, true)}}
	parts, err := Allocate(protocol, learned, 0.2, 100)
	if err != nil || len(parts) != 2 || parts[0].Ratings != 75 || parts[1].Ratings != 25 || parts[0].From != eval.FromRatings {
		t.Errorf("got %+v, %v; want 75 and 25 of what is open", parts, err)
	}
	learned.UseCases[2].Ratings = 3 // too few to know the spread: √(0.8/4)
	if parts, err = Allocate(protocol, learned, 0.2, 100); err != nil || parts[1].From != eval.FromAssumption || math.Abs(parts[1].ScoreSD-math.Sqrt(0.2)) > 1e-12 {
		t.Errorf("got %+v, %v; want the assumed spread", parts, err)
	}
	learned.UseCases[0].Open, learned.UseCases[2].Open = false, false
	if parts, err = Allocate(protocol, learned, 0.2, 100); err != nil || parts == nil || len(parts) != 0 {
		t.Errorf("got %+v, %v; want nothing to split", parts, err)
	}
	if parts, err = Allocate(protocol, eval.Learned{}, 0.2, 9); err != nil || len(parts) != 2 || parts[0].Ratings+parts[1].Ratings != 9 {
		t.Errorf("got %+v, %v; want the protocol's use cases", parts, err)
	}
}
