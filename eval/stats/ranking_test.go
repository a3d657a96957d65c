package stats

import (
	"errors"
	"math"
	"math/rand/v2"
	"runtime"
	"strings"
	"testing"
)

// TestTwoArmsAreAWinRate: the model of two arms is saturated: σ(β) is the win rate, and
// the variance of β is that of the win rate over (θ(1−θ))², raters included.
func TestTwoArmsAreAWinRate(t *testing.T) {
	p := usual.draw(rand.New(rand.NewPCG(1, 20)))
	comparisons := make([]Comparison, len(p.people))
	for i, o := range p.people {
		comparisons[i] = Comparison{Observation: o, A: 0, B: 1}
	}
	for _, sampled := range []bool{false, true} {
		got, err := BradleyTerry(2, comparisons, sampled, 1.96)
		if err != nil {
			t.Fatal(err)
		}
		mean, err := Mean(p.people, sampled)
		if err != nil {
			t.Fatal(err)
		}
		theta := mean.Estimate
		arm := got.Arms[1]
		if math.Abs(arm.WinProbability.Estimate-theta) > 1e-9 || math.Abs(arm.WinProbability.StandardError-mean.StandardError()) > 1e-9 {
			t.Errorf("raters sampled %v: got %+v, want %v ± %v", sampled, arm.WinProbability, theta, mean.StandardError())
		}
		half := TCritical(1.96, mean.DF) * mean.StandardError() / (theta * (1 - theta))
		if math.Abs(arm.LogOdds.High-arm.LogOdds.Estimate-half) > 1e-8 {
			t.Errorf("raters sampled %v: half width %v, want %v", sampled, arm.LogOdds.High-arm.LogOdds.Estimate, half)
		}
	}
}

// comparisonCounts sums comparisons by pair.
func comparisonCounts(comparisons []Comparison) []PairCount {
	counts := map[[2]int]*PairCount{}
	for _, c := range comparisons {
		key := [2]int{c.A, c.B}
		if counts[key] == nil {
			counts[key] = &PairCount{A: c.A, B: c.B}
		}
		switch c.Score {
		case 0:
			counts[key].WinsA++
		case 1:
			counts[key].WinsB++
		default:
			counts[key].Ties++
		}
	}
	var pairs []PairCount
	for a := range 4 {
		for b := range 4 {
			if p := counts[[2]int{a, b}]; p != nil {
				pairs = append(pairs, *p)
			}
		}
	}
	return pairs
}

// TestBootstrapAgreesWithSandwich: with many independent comparisons the bootstrap's
// estimates are the fit's, its standard errors those of the sandwich.
func TestBootstrapAgreesWithSandwich(t *testing.T) {
	comparisons := drawnComparisons(rand.New(rand.NewPCG(1, 21)), 1500)
	for i := range comparisons {
		comparisons[i].Task, comparisons[i].Cluster = i, i
	}
	sandwich, err := BradleyTerry(4, comparisons, false, ZForLevel(0.95))
	if err != nil {
		t.Fatal(err)
	}
	const rounds = 4000
	boot, err := BradleyTerryBootstrap(4, comparisonCounts(comparisons), rounds, 0.95, rand.New(rand.NewPCG(1, 2)))
	if err != nil {
		t.Fatal(err)
	}
	if boot.Comparisons != len(comparisons) || boot.Resamples != rounds || boot.LeftOut != 0 {
		t.Errorf("got %d comparisons, %d resamples, %d left out", boot.Comparisons, boot.Resamples, boot.LeftOut)
	}
	for i := range 4 {
		got, want := boot.Arms[i], sandwich.Arms[i]
		if math.Abs(got.LogOdds.Estimate-want.LogOdds.Estimate) > 1e-8 || got.Rank != want.Rank {
			t.Errorf("arm %d: got %+v, want %+v", i, got, want)
		}
		// The standard error of a bootstrap standard error is 1/√(2B), 1.1 %.
		if math.Abs(got.LogOdds.StandardError-want.LogOdds.StandardError) > 0.05*want.LogOdds.StandardError {
			t.Errorf("arm %d: standard error %v, want %v", i, got.LogOdds.StandardError, want.LogOdds.StandardError)
		}
		if math.Abs(got.WinProbability.Low-want.WinProbability.Low) > 0.01 || math.Abs(got.WinProbability.High-want.WinProbability.High) > 0.01 {
			t.Errorf("arm %d: limits %+v, want %+v", i, got.WinProbability, want.WinProbability)
		}
		if got.BestRank != want.BestRank || got.WorstRank != want.WorstRank {
			t.Errorf("arm %d: ranks %d to %d, want %d to %d", i, got.BestRank, got.WorstRank, want.BestRank, want.WorstRank)
		}
	}
	// Four arms this far apart with 3,000 comparisons have one rank each.
	for i, rank := range []int{3, 2, 4, 1} {
		if arm := boot.Arms[i]; arm.Rank != rank || arm.BestRank != rank || arm.WorstRank != rank {
			t.Errorf("arm %d: rank %d, %d to %d, want %d", i, arm.Rank, arm.BestRank, arm.WorstRank, rank)
		}
	}
}

// TestSameOnAnyNumberOfCores: the resamples are the same whoever draws them.
func TestSameOnAnyNumberOfCores(t *testing.T) {
	pairs := comparisonCounts(drawnComparisons(rand.New(rand.NewPCG(1, 22)), 200))
	skewed := skewedPairs(300, 2)
	var results []any
	for _, cores := range []int{1, 2, 5} {
		previous := runtime.GOMAXPROCS(cores)
		random := rand.New(rand.NewPCG(1, 2))
		ranking, err1 := BradleyTerryBootstrap(4, pairs, 1000, 0.95, random)
		ratio, err2 := BootstrapRatio(skewed, 501, 0.95, random)
		quantile, err3 := QuantileRatio(skewed, 0.9, 501, 0.95, random)
		runtime.GOMAXPROCS(previous)
		if err := errors.Join(err1, err2, err3); err != nil {
			t.Fatal(err)
		}
		results = append(results, []any{ranking.Arms[1], ranking.Arms[2].LogOdds, ratio, quantile})
	}
	for _, other := range results[1:] {
		for i, part := range other.([]any) {
			if part != results[0].([]any)[i] {
				t.Errorf("got %+v with several cores, want %+v", part, results[0].([]any)[i])
			}
		}
	}
}

func TestRankingRefuses(t *testing.T) {
	comparisons := drawnComparisons(rand.New(rand.NewPCG(1, 23)), 60)
	unbeaten, strangers := append([]Comparison(nil), comparisons...), append([]Comparison(nil), comparisons...)
	for i, c := range comparisons {
		if c.B == 3 {
			unbeaten[i].Score = 1
		}
		if c.A == 3 {
			unbeaten[i].Score = 0
		}
		strangers[i].A, strangers[i].B = c.A&^1, c.A|1 // arms 0 and 1, and 2 and 3, alone
	}
	for name, c := range map[string]struct {
		arms        int
		comparisons []Comparison
		missing     bool
		why         string
	}{
		"unbeaten":      {4, unbeaten, true, "won or lost every comparison"},
		"strangers":     {4, strangers, true, "never met"},
		"an arm unseen": {5, comparisons, true, "never met"},
		"few tasks":     {4, comparisons[:20], true, "10 tasks"},
		"unknown arm":   {3, comparisons, false, "two different ones of 0 to 2"},
		"itself":        {4, []Comparison{{A: 1, B: 1}}, false, "arms 1 and 1"},
		"none":          {4, nil, true, "no observations"},
	} {
		_, err := BradleyTerry(c.arms, c.comparisons, false, 1.96)
		if _, ok := errors.AsType[*MissingError](err); err == nil || ok != c.missing || !strings.Contains(err.Error(), c.why) {
			t.Errorf("%s: got %v, want %q", name, err, c.why)
		}
	}
	random := rand.New(rand.NewPCG(1, 2))
	for name, c := range map[string]struct {
		pairs     []PairCount
		resamples int
		why       string
	}{
		"few rounds":    {[]PairCount{{A: 0, B: 1, WinsA: 50, WinsB: 50}}, 999, "at least 1000"},
		"negative":      {[]PairCount{{A: 0, B: 1, WinsA: -1}}, 1000, "count of -1"},
		"one sided":     {[]PairCount{{A: 0, B: 1, WinsA: 50}}, 1000, "won or lost every comparison"},
		"nearly so":     {[]PairCount{{A: 0, B: 1, WinsA: 50, WinsB: 1}}, 1000, "resamples the wins do not connect"},
		"few":           {[]PairCount{{A: 0, B: 1, WinsA: 5, WinsB: 5}}, 1000, "10 comparisons"},
		"overflow":      {[]PairCount{{A: 0, B: 1, WinsA: math.MaxInt, WinsB: math.MaxInt}}, 1000, "want 0 to 2^52"},
		"sum overflows": {[]PairCount{{A: 0, B: 1, WinsA: 1 << 52, WinsB: 1 << 52}}, 1000, "more than 2^52"},
	} {
		if _, err := BradleyTerryBootstrap(2, c.pairs, c.resamples, 0.95, random); err == nil || !strings.Contains(err.Error(), c.why) {
			t.Errorf("%s: got %v, want %q", name, err, c.why)
		}
	}
}

// TestAllTies: arms that always tie are equally strong, with no doubt about it.
func TestAllTies(t *testing.T) {
	comparisons := drawnComparisons(rand.New(rand.NewPCG(1, 24)), 60)
	for i := range comparisons {
		comparisons[i].Score = 0.5
	}
	got, err := BradleyTerry(4, comparisons, true, 1.96)
	if err != nil {
		t.Fatal(err)
	}
	for i, arm := range got.Arms {
		if arm.WinProbability.Estimate != 0.5 || arm.BestRank != 1 || arm.WorstRank != 4 {
			t.Errorf("arm %d: %+v", i, arm)
		}
	}
}

// TestSidak: one interval keeps its critical value, three need 2.39.
func TestSidak(t *testing.T) {
	if got := sidak(1.96, 1); math.Abs(got-1.96) > 1e-9 {
		t.Errorf("one: got %v", got)
	}
	// (1 − α)³ = 0.95 at α = 0.016952, whose two-sided quantile is 2.3877.
	if got := sidak(ZForLevel(0.95), 3); math.Abs(got-2.3877) > 1e-4 {
		t.Errorf("three: got %v", got)
	}
}
