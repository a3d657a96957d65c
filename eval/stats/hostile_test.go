package stats

import (
	"errors"
	"math"
	"math/rand/v2"
	"reflect"
	"strings"
	"testing"
)

// hostile are the numbers that a spreadsheet may hold and a formula may choke on.
var hostile = []float64{
	math.NaN(), math.Inf(1), math.Inf(-1), math.Copysign(0, -1), 1e308, -1e308, math.MaxFloat64, 1e155, -1e155, 1e-308, 5e-324, -1, 0,
}

// calls are all estimators that take numbers, with one number made hostile: first a
// value, then a weight or another setting.
func calls(v float64, everywhere bool) map[string]func() (any, error) {
	random := rand.New(rand.NewPCG(1, 6))
	p := usual.draw(random)
	lengths := make([]float64, len(p.people))
	for i, o := range p.people {
		lengths[i] = p.lengths[o.Task]
	}
	poison := func(n int) int {
		if everywhere {
			return n
		}
		return 1
	}
	people, weighted := append([]Observation(nil), p.people...), append([]Observation(nil), p.people...)
	longer := append([]float64(nil), lengths...)
	for i := range poison(len(people)) {
		people[i].Score, weighted[i].Weight, longer[i] = v, v, v
	}
	judge, judgeWeighted := append([]JudgeScore(nil), p.judge...), append([]JudgeScore(nil), p.judge...)
	for i := range poison(len(judge)) {
		judge[len(judge)-1-i].Score, judgeWeighted[len(judge)-1-i].Weight = v, v
	}
	byTask := map[int]float64{}
	for task, length := range p.lengths {
		byTask[task] = length
	}
	byTask[0] = v
	comparisons, comparisonsWeighted := drawnComparisons(random, 60), drawnComparisons(random, 60)
	pairs, candidates, pairsWeighted := drawnPairs(random, 40), drawnPairs(random, 40), drawnPairs(random, 40)
	checks, orders := make([]Pair, 40), make([]OrderPair, 40)
	for i := range checks {
		checks[i] = Pair{Control: float64(i % 2), Candidate: 1, Weight: 1, Task: i, Cluster: i}
		orders[i] = OrderPair{ControlFirst: float64(i % 2), CandidateFirst: 1, Weight: 1, Task: i, Cluster: i}
	}
	for i := range poison(40) {
		comparisons[i].Score, comparisonsWeighted[i].Weight = v, v
		pairs[i].Control, candidates[i].Candidate, pairsWeighted[i].Weight = v, v, v
		checks[i].Candidate, orders[i].CandidateFirst = v, v
	}
	differences := []float64{1, -2, 3, v, 0.5}
	generator := func() *rand.Rand { return rand.New(rand.NewPCG(1, 2)) }
	meanOf := func(observations []Observation) func() (any, error) {
		return func() (any, error) {
			m, err := Mean(observations, true)
			if err != nil {
				return nil, err
			}
			winRate, err1 := m.WinRateInterval(1.96)
			plain, err2 := m.TInterval(1.96)
			test, err3 := m.WinRateTest(0.5)
			second, err4 := m.TTest(0)
			tost, err5 := m.Equivalence(-1, 1)
			return []any{m, winRate, plain, test, second, tost}, onlyMissing(err1, err2, err3, err4, err5)
		}
	}
	combinedOf := func(people []Observation, judge []JudgeScore) func() (any, error) {
		return func() (any, error) {
			c, err := Combine(people, judge, true)
			if err != nil {
				return nil, err
			}
			interval, err := c.WinRateInterval(1.96)
			return []any{c, interval}, onlyMissing(err)
		}
	}
	ratioOf := func(pairs []Pair) func() (any, error) {
		return func() (any, error) {
			r, err := Ratio(pairs)
			if err != nil {
				return nil, err
			}
			interval, err := r.FiellerInterval(1.96)
			return []any{r, interval}, onlyMissing(err)
		}
	}
	return map[string]func() (any, error){
		"mean": meanOf(people), "mean, weight": meanOf(weighted),
		"combined": combinedOf(people, p.judge), "combined, weight": combinedOf(weighted, p.judge),
		"combined, judge": combinedOf(p.people, judge), "combined, judge's weight": combinedOf(p.people, judgeWeighted),
		"bias":              func() (any, error) { return JudgeBias(people, p.judge, true) },
		"bias, weight":      func() (any, error) { return JudgeBias(weighted, p.judge, true) },
		"self-preference":   func() (any, error) { return SelfPreference(p.people, judge, p.judge, 1, true) },
		"self, weight":      func() (any, error) { return SelfPreference(weighted, p.judge, p.judge, 1, true) },
		"length bias":       func() (any, error) { return LengthBias(p.people, p.judge, byTask, true) },
		"length":            func() (any, error) { return LengthControlled(p.people, longer, true, 1.96) },
		"length, score":     func() (any, error) { return LengthControlled(people, lengths, true, 1.96) },
		"length, weight":    func() (any, error) { return LengthControlled(weighted, lengths, true, 1.96) },
		"position":          func() (any, error) { return PositionAdjusted(people, p.first, true, 1.96) },
		"position, weight":  func() (any, error) { return PositionAdjusted(weighted, p.first, true, 1.96) },
		"components":        func() (any, error) { return VarianceComponents(people) },
		"ranking":           func() (any, error) { return BradleyTerry(4, comparisons, true, 1.96) },
		"ranking, weight":   func() (any, error) { return BradleyTerry(4, comparisonsWeighted, true, 1.96) },
		"ranking, z":        func() (any, error) { return BradleyTerry(4, drawnComparisons(random, 60), true, v) },
		"ratio, control":    ratioOf(pairs),
		"ratio, candidate":  ratioOf(candidates),
		"ratio, weight":     ratioOf(pairsWeighted),
		"ratio test":        func() (any, error) { return RatioTest(candidates, 0.9) },
		"ratio test, limit": func() (any, error) { return RatioTest(drawnPairs(random, 40), v) },
		"geometric mean":    func() (any, error) { return GeometricMeanRatio(candidates, 1.96) },
		"geometric, weight": func() (any, error) { return GeometricMeanRatio(pairsWeighted, 1.96) },
		"Hodges-Lehmann":    func() (any, error) { return HodgesLehmannRatio(pairs) },
		"quantile ratio":    func() (any, error) { return QuantileRatio(pairs, 0.5, 100, 0.95, generator()) },
		"quantile ratio, candidate": func() (any, error) {
			return QuantileRatio(candidates, 0.9, 100, 0.95, generator())
		},
		"quantile, p":        func() (any, error) { return Quantile([]float64{1, 2, 3}, v) },
		"quantile, value":    func() (any, error) { return Quantile([]float64{v, -v, 3, v}, 0.4) },
		"bootstrap":          func() (any, error) { return BootstrapMean(people, 100, 0.95, generator()) },
		"bootstrap, weight":  func() (any, error) { return BootstrapMean(weighted, 100, 0.95, generator()) },
		"bootstrap, level":   func() (any, error) { return BootstrapMean(p.people, 100, v, generator()) },
		"bootstrap ratio":    func() (any, error) { return BootstrapRatio(pairs, 100, 0.95, generator()) },
		"bootstrap, control": func() (any, error) { return BootstrapRatio(candidates, 100, 0.95, generator()) },
		"accuracy":           func() (any, error) { return PairedAccuracy(checks, 1.96) },
		"consistency":        func() (any, error) { return PositionConsistency(orders, 1.96) },
		"Wilcoxon":           func() (any, error) { return Wilcoxon(differences) },
		"sign test":          func() (any, error) { return SignTest(differences) },
		"Holm":               func() (any, error) { return Holm([]float64{0.1, v}) },
		"e-value":            func() (any, error) { return EValue(v) },
		"sample size":        func() (any, error) { return NormalSampleSize(v, 0.025, 0.8) },
		"judge factor":       func() (any, error) { return JudgeFactor(0.5, v, v) },
		"allocation":         func() (any, error) { return NeymanAllocation(10, []float64{v, 1, 2}) },
		"spend":              func() (any, error) { return MonthlySpend([]float64{1, v, 2}) },
		"saving": func() (any, error) {
			return Saving(Estimated{v, v, 3}, Estimated{0.5, v, v}).Interval(1.96)
		},
		"power": func() (any, error) {
			plan := Plan{WinRate: 0.6, Null: 0.5, Alpha: 0.025, UseCases: 1, Power: 0.8, RatingsPerTask: 1, Raters: 6, RaterSD: v, ClusterSize: 1, SequentialFactor: 1}
			return []float64{plan.PowerAt(200), plan.PowerAt(v)}, nil
		},
		"blinding, level": func() (any, error) { return BlindingIndices(Guesses{3, 4, 5}, Guesses{5, 3, 1}, v) },
	}
}

// onlyMissing returns nil if all errors are those of missing data: the results beside
// them are zero.
func onlyMissing(errs ...error) error {
	for _, err := range errs {
		if _, ok := errors.AsType[*MissingError](err); err != nil && !ok {
			return err
		}
	}
	return nil
}

// TestHostileNumbers asks for an error or for numbers: no NaN, no infinity but that of a
// test's statistic where nothing varies, no −0.
func TestHostileNumbers(t *testing.T) {
	for _, v := range hostile {
		for _, everywhere := range []bool{false, true} {
			for name, call := range calls(v, everywhere) {
				value, err := call()
				if err != nil {
					if strings.Contains(err.Error(), "NaN") && !math.IsNaN(v) {
						t.Errorf("%s with %v (everywhere: %v): the error speaks of NaN: %v", name, v, everywhere, err)
					}
					continue
				}
				if list, ok := value.([]any); ok {
					for _, part := range list {
						checkNumbers(t, name, v, part)
					}
					continue
				}
				checkNumbers(t, name, v, value)
			}
		}
	}
}

func checkNumbers(t *testing.T, name string, v float64, value any) {
	t.Helper()
	numbersIn("", reflect.ValueOf(value), func(path string, number float64) {
		statistic := strings.HasSuffix(path, ".Statistic") || strings.HasSuffix(path, ".Z")
		if math.IsNaN(number) || (math.IsInf(number, 0) && !statistic) || (number == 0 && math.Signbit(number)) {
			t.Errorf("%s with %v: %s is %v", name, v, path, number)
		}
	})
}
