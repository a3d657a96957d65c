package decide

import (
	"encoding/json"
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"modeltrial/audit"
	"modeltrial/eval"
)

// drawn is a ratings file of random size, ties, raters and weeks.
func drawn(random *rand.Rand) []eval.Rating {
	var ratings []eval.Rating
	tasks, raters := 20+random.IntN(60), 1+random.IntN(8)
	for task := range tasks {
		for rater := range 1 + random.IntN(min(raters, 3)) {
			score := []float64{0, 0.5, 1, 1}[random.IntN(4)]
			ratings = append(ratings, eval.Rating{
				TaskID: fmt.Sprintf("t%d", task), Category: "coding", Week: 1 + task*4/tasks, ArmA: "now", ArmB: "next",
				Rater: fmt.Sprintf("r%d", (task+rater)%raters), Kind: eval.Human, Score: score,
				First: []eval.Side{eval.SideA, eval.SideB}[random.IntN(2)], Cluster: []string{"", fmt.Sprintf("c%d", task/3)}[random.IntN(2)],
			})
		}
	}
	for i := range ratings { // a task has one cluster
		ratings[i].Cluster = ratings[slices.IndexFunc(ratings, func(r eval.Rating) bool { return r.TaskID == ratings[i].TaskID })].Cluster
	}
	return ratings
}

func TestInvariances(t *testing.T) {
	for seed := range uint64(40) {
		random := rand.New(rand.NewPCG(seed, 1))
		ratings := drawn(random)
		want := analyze(t, ratings).Comparisons[0]
		same := func(what string, got eval.ComparisonResult) {
			t.Helper()
			for name, pair := range map[string][2]*eval.Interval{
				"win rate": {want.WinRate, got.WinRate}, "always valid": {want.WinRateAlwaysValid, got.WinRateAlwaysValid},
			} {
				if (pair[0] == nil) != (pair[1] == nil) {
					t.Errorf("seed %d, %s: %s is %v, want %v", seed, what, name, pair[1], pair[0])
				} else if pair[0] != nil {
					wantNumber(t, fmt.Sprintf("seed %d, %s: %s", seed, what, name), pair[1].Estimate, pair[0].Estimate)
					wantNumber(t, name+" low", pair[1].Low, pair[0].Low)
					wantNumber(t, name+" high", pair[1].High, pair[0].High)
				}
			}
			if want.PValue != nil && got.PValue != nil {
				wantNumber(t, fmt.Sprintf("seed %d, %s: p", seed, what), *got.PValue, *want.PValue)
			}
			if got.Decision != want.Decision || got.Ratings != want.Ratings {
				t.Errorf("seed %d, %s: %q on %d ratings, want %q on %d", seed, what, got.Decision, got.Ratings, want.Decision, want.Ratings)
			}
		}

		permuted := slices.Clone(ratings)
		random.Shuffle(len(permuted), func(i, j int) { permuted[i], permuted[j] = permuted[j], permuted[i] })
		same("permuted rows", analyze(t, permuted).Comparisons[0])

		renamed := slices.Clone(ratings)
		for i := range renamed {
			renamed[i].Rater = "someone " + strings.Repeat("x", 9-int(renamed[i].Rater[1]-'0'))
		}
		same("renamed raters", analyze(t, renamed).Comparisons[0])

		repeated := append(slices.Clone(ratings), ratings[:len(ratings)/2]...)
		same("repeated rows", analyze(t, repeated).Comparisons[0])

		middle := len(ratings) / 2
		same("second half first", analyze(t, slices.Concat(ratings[middle:], ratings[:middle])).Comparisons[0])

		if want.WinRate == nil {
			continue
		}
		swapped := slices.Clone(ratings)
		for i := range swapped {
			swapped[i] = swapped[i].Flipped()
		}
		mirrored := analyze(t, swapped).Comparisons[0]
		wantNumber(t, "swapped arms", mirrored.WinRate.Estimate, 1-want.WinRate.Estimate)
		wantNumber(t, "width", mirrored.WinRate.High-mirrored.WinRate.Low, want.WinRate.High-want.WinRate.Low)
	}
}

// Whatever comes in, a number or a reason comes out, and JSON can carry it.
func TestOddDataGivesANumberOrAReason(t *testing.T) {
	of := func(tasks, raters int, score func(i int) float64) []eval.Rating {
		var ratings []eval.Rating
		for task := range tasks {
			for rater := range raters {
				ratings = append(ratings, eval.Rating{
					TaskID: fmt.Sprintf("t%d", task), Category: "coding", Week: 1 + task*4/tasks, ArmA: "now", ArmB: "next",
					Rater: fmt.Sprintf("r%d", rater), Kind: eval.Human, Score: score(task + rater),
				})
			}
		}
		return ratings
	}
	mixed := func(i int) float64 { return float64(i % 2) }
	weeks := func(ratings []eval.Rating, week func(i int) int) []eval.Rating {
		for i := range ratings {
			ratings[i].Week = week(i)
		}
		return ratings
	}
	free := func(cost int64, latency int64) []eval.ResponseRow {
		var rows []eval.ResponseRow
		for task := range 40 {
			for _, arm := range []string{"now", "next"} {
				c, l := cost, latency
				rows = append(rows, eval.ResponseRow{TaskID: fmt.Sprintf("t%d", task), Category: "coding", Week: 1 + task*4/40, Arm: arm, Cost: (*audit.NanoUSD)(&c), LatencyMS: &l})
			}
		}
		return rows
	}
	for name, c := range map[string]struct {
		data    eval.Dataset
		winRate bool
		why     string // of the win rate, or of the cost ratio where there is a win rate
	}{
		"one task":   {eval.Dataset{Ratings: of(1, 6, mixed)}, false, "at least 20 are needed"},
		"one rater":  {eval.Dataset{Ratings: of(40, 1, mixed)}, true, ""},
		"all ties":   {eval.Dataset{Ratings: of(40, 2, func(int) float64 { return 0.5 })}, true, ""},
		"all wins":   {eval.Dataset{Ratings: of(40, 2, func(int) float64 { return 1 })}, true, ""},
		"all losses": {eval.Dataset{Ratings: of(40, 2, func(int) float64 { return 0 })}, true, ""},
		"a rater who only ties": {eval.Dataset{Ratings: append(of(40, 2, mixed), func() []eval.Rating {
			ties := of(40, 1, func(int) float64 { return 0.5 })
			for i := range ties {
				ties[i].Rater = "undecided"
			}
			return ties
		}()...)}, true, ""},
		"weeks out of order": {eval.Dataset{Ratings: weeks(of(40, 1, mixed), func(i int) int { return 4 - i/10 })}, true, ""},
		"a week missing":     {eval.Dataset{Ratings: weeks(of(40, 1, mixed), func(i int) int { return []int{1, 2, 4, 4}[i/10] })}, true, ""},
		"no weeks":           {eval.Dataset{Ratings: weeks(of(40, 1, mixed), func(int) int { return 0 })}, true, ""},
		"some weeks":         {eval.Dataset{Ratings: weeks(of(40, 1, mixed), func(i int) int { return i % 3 })}, true, ""},
		"one cluster": {eval.Dataset{Ratings: func() []eval.Rating {
			ratings := of(40, 1, mixed)
			for i := range ratings {
				ratings[i].Cluster = "all"
			}
			return ratings
		}()}, false, "cluster"},
		"costs of zero":           {eval.Dataset{Ratings: of(40, 1, mixed), Responses: free(0, 0)}, true, "zero"},
		"contradictory rows":      {eval.Dataset{Ratings: append(of(40, 1, mixed), of(40, 1, func(i int) float64 { return float64((i + 1) % 2) })...)}, true, ""},
		"huge costs":              {eval.Dataset{Ratings: of(40, 1, mixed), Responses: free(math.MaxInt64, math.MaxInt64)}, true, ""},
		"responses of other arms": {eval.Dataset{Ratings: of(40, 1, mixed), Responses: []eval.ResponseRow{{TaskID: "t1", Arm: "stranger"}}}, true, "the cost of no task"},
	} {
		t.Run(name, func(t *testing.T) {
			analysis, err := Analyze(c.data, Options{})
			if err != nil {
				t.Fatal(err)
			}
			if _, err := json.Marshal(analysis); err != nil {
				t.Fatalf("not for JSON: %v", err)
			}
			got := analysis.Comparisons[0]
			if (got.WinRate != nil) != c.winRate {
				t.Fatalf("win rate %v, why %q", got.WinRate, got.WhyMissing["win_rate"])
			}
			why := got.WhyMissing["win_rate"]
			if c.winRate {
				why = got.WhyMissing["cost_ratio"]
			}
			if !strings.Contains(why, c.why) {
				t.Errorf("why %q, want %q", why, c.why)
			}
			if got.Decision == "" || got.Reason == "" {
				t.Errorf("decision %q, reason %q", got.Decision, got.Reason)
			}
			for field, value := range map[string]bool{
				"win_rate": got.WinRate == nil, "win_rate_always_valid": got.WinRateAlwaysValid == nil, "p_value": got.PValue == nil,
				"cost_ratio": got.CostRatio == nil, "latency_ratio": got.LatencyRatio == nil, "position_effect": got.PositionEffect == nil,
				"agreement": got.Agreement == nil, "first_pass_accuracy": got.FirstPass == nil, "combination": got.Combination == nil,
				"post_edit_ratio": got.PostEditRatio == nil,
			} {
				if value != (got.WhyMissing[field] != "") {
					t.Errorf("%s is null: %v, but why_missing is %q", field, value, got.WhyMissing[field])
				}
			}
		})
	}
}
