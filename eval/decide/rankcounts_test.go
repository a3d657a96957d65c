package decide_test

import (
	"errors"
	"fmt"
	"math"
	"math/rand/v2"
	"strings"
	"testing"

	"modeltrial/audit"
	"modeltrial/eval"
	"modeltrial/eval/decide"
)

// league are comparisons of four arms, each of a task and a rater of its own, as
// ratings and as counts.
func league(each int, categories ...audit.Category) (eval.Dataset, eval.ComparisonCounts) {
	random := rand.New(rand.NewPCG(3, 4))
	arms := []string{"north", "east", "south", "west"}
	var data eval.Dataset
	var counts eval.ComparisonCounts
	for _, category := range categories {
		group := eval.CountedGroup{Category: category, Kind: eval.Human}
		for a := range arms {
			for b := a + 1; b < len(arms); b++ {
				pair := eval.CountedPair{ArmA: arms[a], ArmB: arms[b]}
				for range each {
					verdict := eval.Tie
					switch u := random.Float64(); {
					case u < 0.4+0.1*float64(b-a):
						verdict = eval.PrefersB
						pair.WinsB++
					case u < 0.8:
						verdict = eval.PrefersA
						pair.WinsA++
					default:
						pair.Ties++
					}
					score, _ := verdict.Score()
					name := fmt.Sprint(len(data.Ratings))
					data.Ratings = append(data.Ratings, eval.Rating{
						TaskID: name, ArmA: arms[a], ArmB: arms[b], Rater: name, Kind: eval.Human, Category: category, Verdict: verdict, Score: score,
					})
				}
				group.Pairs = append(group.Pairs, pair)
				group.Tasks += each
			}
		}
		counts.Groups = append(counts.Groups, group)
	}
	counts.Provenance.RatingsByPeople = len(data.Ratings)
	return data, counts
}

// TestRankCountsAgreesWithRank compares both ways to rank independent comparisons: the
// strengths are the same, the intervals nearly.
func TestRankCountsAgreesWithRank(t *testing.T) {
	t.Parallel()
	data, counts := league(300, "coding", "math")
	var ratings decide.Ratings
	for i := range data.Ratings {
		ratings.Add(&data.Ratings[i])
	}
	single, err := ratings.Rank(data.Pilot)
	if err != nil {
		t.Fatal(err)
	}
	counted, err := decide.RankCounts("league", counts)
	if err != nil {
		t.Fatal(err)
	}
	if len(single.Ranking) != 3 || len(counted.Ranking) != 3 || len(counted.Warnings) > 0 {
		t.Fatalf("%d and %d rankings, want coding, math and all; warnings %v", len(single.Ranking), len(counted.Ranking), counted.Warnings)
	}
	if single.Provenance != counted.Provenance {
		t.Errorf("provenance %+v and %+v", single.Provenance, counted.Provenance)
	}
	for i, want := range single.Ranking {
		got := counted.Ranking[i]
		if got.Category != want.Category || got.Comparisons != want.Comparisons || got.Resamples != 1000 || len(got.Arms) != 4 {
			t.Fatalf("%+v, want the like of %+v", got, want)
		}
		for k, arm := range want.Arms {
			other := got.Arms[k]
			if other.Arm != arm.Arm || other.Rank != arm.Rank || math.Abs(other.LogOdds.Estimate-arm.LogOdds.Estimate) > 1e-8 {
				t.Errorf("%s: %+v, want %+v", want.Category, other, arm)
			}
			// 1000 rounds know a standard error to some percent.
			if low, high := 0.85*arm.LogOdds.StandardError, 1.15*arm.LogOdds.StandardError; other.LogOdds.StandardError < low || other.LogOdds.StandardError > high {
				t.Errorf("%s, %s: standard error %v, want near %v", want.Category, arm.Arm, other.LogOdds.StandardError, arm.LogOdds.StandardError)
			}
		}
	}
}

func TestRankCountsSaysWhatIsMissing(t *testing.T) {
	t.Parallel()
	pair := func(a, b string, wins, losses int) eval.CountedPair {
		return eval.CountedPair{ArmA: a, ArmB: b, WinsA: wins, WinsB: losses}
	}
	one := func(tasks int, pairs ...eval.CountedPair) eval.ComparisonCounts {
		return eval.ComparisonCounts{Groups: []eval.CountedGroup{{Kind: eval.Human, Tasks: tasks, Pairs: pairs}}}
	}
	tests := map[string]struct {
		counts     eval.ComparisonCounts
		whyMissing string
		warning    string
	}{
		"two arms":          {one(40, pair("x", "y", 20, 20)), "", "no category has more than two arms"},
		"never met":         {one(80, pair("x", "y", 20, 20), pair("z", "w", 20, 20)), "never met them", ""},
		"one lost always":   {one(80, pair("x", "y", 20, 20), pair("x", "z", 40, 0)), "lost every comparison", ""},
		"few":               {one(10, pair("x", "y", 3, 2), pair("x", "z", 2, 3)), "at least 20", ""},
		"tasks rated twice": {one(40, pair("x", "y", 20, 20), pair("x", "z", 20, 20)), "", "80 comparisons of 40 tasks"},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			analysis, err := decide.RankCounts("file", test.counts)
			if err != nil {
				t.Fatal(err)
			}
			why := ""
			if len(analysis.Ranking) > 0 {
				why = analysis.Ranking[0].WhyMissing
			}
			if !strings.Contains(why, test.whyMissing) || (test.whyMissing == "") != (why == "") {
				t.Errorf("why missing %q, want %q", why, test.whyMissing)
			}
			if warnings := strings.Join(analysis.Warnings, "\n"); !strings.Contains(warnings, test.warning) || (test.warning == "") != (warnings == "") {
				t.Errorf("warnings %q, want %q", warnings, test.warning)
			}
		})
	}
	if _, err := decide.RankCounts("file", eval.ComparisonCounts{}); !errors.Is(err, decide.ErrNoRatings) {
		t.Errorf("no comparisons: %v", err)
	}
	half := pair("x", "z", 20, 20)
	half.Between = 1
	if _, err := decide.RankCounts("file", one(80, pair("x", "y", 20, 20), half)); err == nil {
		t.Error("a score of a quarter was counted")
	}
}

// TestRankCountsChoosesWhoseRatingsCount takes people from 20 tasks on.
func TestRankCountsChoosesWhoseRatingsCount(t *testing.T) {
	t.Parallel()
	group := func(kind eval.RaterKind, tasks int) eval.CountedGroup {
		pairs := []eval.CountedPair{}
		for _, arms := range []string{"xy", "xz", "yz"} {
			pairs = append(pairs, eval.CountedPair{ArmA: arms[:1], ArmB: arms[1:], WinsA: tasks / 6, WinsB: tasks / 6})
		}
		return eval.CountedGroup{Kind: kind, Tasks: tasks, Pairs: pairs}
	}
	for _, test := range []struct{ people, judges, want int }{{24, 600, 24}, {18, 600, 600}} {
		analysis, err := decide.RankCounts("file", eval.ComparisonCounts{Groups: []eval.CountedGroup{group(eval.Human, test.people), group(eval.Judge, test.judges)}})
		if err != nil {
			t.Fatal(err)
		}
		if got := analysis.Ranking[0].Comparisons; got != test.want {
			t.Errorf("%d tasks by people, %d by judges: %d comparisons count, want %d", test.people, test.judges, got, test.want)
		}
	}
}
