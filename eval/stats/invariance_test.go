package stats

import (
	"fmt"
	"math"
	"math/rand/v2"
	"reflect"
	"testing"
)

// numbersIn lists the floating-point numbers of a value, with where they stand.
func numbersIn(path string, value reflect.Value, visit func(path string, number float64)) {
	switch value.Kind() {
	case reflect.Float64:
		visit(path, value.Float())
	case reflect.Struct:
		for i := range value.NumField() {
			numbersIn(path+"."+value.Type().Field(i).Name, value.Field(i), visit)
		}
	case reflect.Slice, reflect.Array:
		for i := range value.Len() {
			numbersIn(fmt.Sprintf("%s[%d]", path, i), value.Index(i), visit)
		}
	}
}

// sameNumbers compares two results number by number to a relative 1e-7; counts must be
// equal too.
func sameNumbers(t *testing.T, what string, got, want any) {
	t.Helper()
	var first []float64
	numbersIn("", reflect.ValueOf(want), func(_ string, number float64) { first = append(first, number) })
	i := 0
	numbersIn("", reflect.ValueOf(got), func(path string, number float64) {
		if math.Abs(number-first[i]) > 1e-7*(1+math.Abs(first[i])) {
			t.Errorf("%s%s: got %v, want %v", what, path, number, first[i])
		}
		i++
	})
	if i != len(first) || i == 0 {
		t.Errorf("%s: got %d numbers, want %d", what, i, len(first))
	}
}

// everything are the results of all estimators on a drawn pilot, by name.
func everything(t *testing.T, p drawnPilot, comparisons []Comparison, pairs []Pair) map[string]any {
	t.Helper()
	z := ZForLevel(0.95)
	lengths := make([]float64, len(p.people))
	for i, o := range p.people {
		lengths[i] = p.lengths[o.Task]
	}
	half := len(p.judge) / 2
	results := map[string]any{}
	keep := func(name string, value any, err error) {
		t.Helper()
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		results[name] = value
	}
	mean, err := Mean(p.people, true)
	keep("mean", mean, err)
	interval, err := mean.WinRateInterval(z)
	keep("win rate", interval, err)
	combined, err := Combine(p.people, p.judge, true)
	keep("combined", combined, err)
	interval, err = combined.WinRateInterval(z)
	keep("combined win rate", interval, err)
	bias, err := JudgeBias(p.people, p.judge, true)
	keep("bias", bias, err)
	self, err := SelfPreference(p.people, p.judge[:half], p.judge[half/2:], 1, true)
	keep("self-preference", self, err)
	slope, err := LengthBias(p.people, p.judge, p.lengths, true)
	keep("length bias", slope, err)
	adjusted, err := LengthControlled(p.people, lengths, true, z)
	keep("length-controlled", adjusted, err)
	adjusted, err = PositionAdjusted(p.people, p.first, true, z)
	keep("position-adjusted", adjusted, err)
	components, err := VarianceComponents(p.people)
	keep("components", components, err)
	ranking, err := BradleyTerry(4, comparisons, true, z)
	keep("ranking", ranking, err)
	ratio, err := Ratio(pairs)
	keep("ratio", ratio, err)
	interval, err = ratio.FiellerInterval(z)
	keep("Fieller", interval, err)
	interval, err = GeometricMeanRatio(pairs, z)
	keep("geometric mean", interval, err)
	hl, err := HodgesLehmannRatio(pairs)
	keep("Hodges-Lehmann", hl, err)
	test, err := RatioTest(pairs, 0.9)
	keep("ratio test", test, err)
	return results
}

func TestRowsMayBePermuted(t *testing.T) {
	for seed := range uint64(8) {
		random := rand.New(rand.NewPCG(seed, 1))
		p, comparisons, pairs := usual.draw(random), drawnComparisons(random, 120), drawnPairs(random, 60)
		want := everything(t, p, comparisons, pairs)
		shuffled := p
		shuffled.people, shuffled.first = append([]Observation(nil), p.people...), append([]bool(nil), p.first...)
		random.Shuffle(len(p.people), func(i, j int) {
			shuffled.people[i], shuffled.people[j] = shuffled.people[j], shuffled.people[i]
			shuffled.first[i], shuffled.first[j] = shuffled.first[j], shuffled.first[i]
		})
		// The judges' scores are cut into two groups by position: shuffle within.
		shuffled.judge = append([]JudgeScore(nil), p.judge...)
		quarter := len(p.judge) / 2 / 2
		for _, part := range [][]JudgeScore{shuffled.judge[:quarter], shuffled.judge[quarter : len(p.judge)/2], shuffled.judge[len(p.judge)/2:]} {
			random.Shuffle(len(part), func(i, j int) { part[i], part[j] = part[j], part[i] })
		}
		comparisons, pairs = append([]Comparison(nil), comparisons...), append([]Pair(nil), pairs...)
		random.Shuffle(len(comparisons), func(i, j int) { comparisons[i], comparisons[j] = comparisons[j], comparisons[i] })
		random.Shuffle(len(pairs), func(i, j int) { pairs[i], pairs[j] = pairs[j], pairs[i] })
		for name, got := range everything(t, shuffled, comparisons, pairs) {
			sameNumbers(t, name, got, want[name])
		}
	}
}

// TestNamesDoNotMatter gives tasks, clusters and raters other numbers, and all weights
// another unit.
func TestNamesDoNotMatter(t *testing.T) {
	for seed := range uint64(8) {
		random := rand.New(rand.NewPCG(seed, 2))
		p, comparisons, pairs := usual.draw(random), drawnComparisons(random, 120), drawnPairs(random, 60)
		want := everything(t, p, comparisons, pairs)
		other := func(i int) int { return -7 - i*1_000_003 }
		renamed := drawnPilot{lengths: map[int]float64{}, first: p.first}
		for task, length := range p.lengths {
			renamed.lengths[other(task)] = 3 * length // and another unit of length
		}
		name := func(o Observation) Observation {
			o.Task, o.Cluster, o.Rater, o.Weight = other(o.Task), other(o.Cluster), other(o.Rater), 17*o.Weight
			return o
		}
		for _, o := range p.people {
			renamed.people = append(renamed.people, name(o))
		}
		for _, s := range p.judge {
			s.Task, s.Cluster, s.Weight = other(s.Task), other(s.Cluster), 5*s.Weight
			renamed.judge = append(renamed.judge, s)
		}
		comparisons = append([]Comparison(nil), comparisons...)
		for i := range comparisons {
			comparisons[i].Observation = name(comparisons[i].Observation)
		}
		pairs = append([]Pair(nil), pairs...)
		for i := range pairs {
			pairs[i].Task, pairs[i].Cluster, pairs[i].Weight = other(pairs[i].Task), other(pairs[i].Cluster), 0.01*pairs[i].Weight
		}
		for what, got := range everything(t, renamed, comparisons, pairs) {
			sameNumbers(t, what, got, want[what])
		}
	}
}

// TestArmsMayBeSwapped swaps candidate and control: a win rate θ becomes 1 − θ with an
// interval as wide, and its standard error, p-value of the mirrored hypothesis and
// degrees of freedom stay.
func TestArmsMayBeSwapped(t *testing.T) {
	for seed := range uint64(8) {
		random := rand.New(rand.NewPCG(seed, 3))
		p := usual.draw(random)
		swapped := drawnPilot{lengths: map[int]float64{}}
		for _, o := range p.people {
			o.Score = 1 - o.Score
			swapped.people = append(swapped.people, o)
		}
		for _, s := range p.judge {
			s.Score = 1 - s.Score
			swapped.judge = append(swapped.judge, s)
		}
		for i, first := range p.first {
			swapped.first = append(swapped.first, !first)
			swapped.lengths[p.people[i].Task] = -p.lengths[p.people[i].Task]
		}
		for name, pair := range map[string][2]Interval{
			"people":            {winRateOf(t, p), mirror(winRateOf(t, swapped))},
			"combined":          {combinedOf(t, p), mirror(combinedOf(t, swapped))},
			"length-controlled": {lengthControlledOf(t, p), mirror(lengthControlledOf(t, swapped))},
			"position-adjusted": {positionAdjustedOf(t, p), mirror(positionAdjustedOf(t, swapped))},
		} {
			sameNumbers(t, name, pair[1], pair[0])
		}
		mean, _ := Mean(p.people, true)
		mirrored, _ := Mean(swapped.people, true)
		better, err1 := mean.WinRateTest(0.45)
		worse, err2 := mirrored.WinRateTest(0.55)
		if err1 != nil || err2 != nil || math.Abs(better.P+worse.P-1) > 1e-9 {
			t.Errorf("p-values %v and %v do not add up to 1 (%v, %v)", better.P, worse.P, err1, err2)
		}
		bias, _ := JudgeBias(p.people, p.judge, true)
		opposite, _ := JudgeBias(swapped.people, swapped.judge, true)
		if math.Abs(bias.Estimate+opposite.Estimate) > 1e-12 || math.Abs(bias.Variance-opposite.Variance) > 1e-12 {
			t.Errorf("bias %v becomes %v", bias, opposite)
		}
	}
}

func mirror(i Interval) Interval {
	return Interval{Estimate: 1 - i.Estimate, StandardError: i.StandardError, Low: 1 - i.High, High: 1 - i.Low}
}

func mustInterval(t *testing.T, interval Interval, err error) Interval {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
	return interval
}

func winRateOf(t *testing.T, p drawnPilot) Interval {
	t.Helper()
	mean, err := Mean(p.people, true)
	if err != nil {
		t.Fatal(err)
	}
	interval, err := mean.WinRateInterval(1.96)
	return mustInterval(t, interval, err)
}

func combinedOf(t *testing.T, p drawnPilot) Interval {
	t.Helper()
	combined, err := Combine(p.people, p.judge, true)
	if err != nil {
		t.Fatal(err)
	}
	interval, err := combined.WinRateInterval(1.96)
	return mustInterval(t, interval, err)
}

func lengthControlledOf(t *testing.T, p drawnPilot) Interval {
	t.Helper()
	lengths := make([]float64, len(p.people))
	for i, o := range p.people {
		lengths[i] = p.lengths[o.Task]
	}
	adjusted, err := LengthControlled(p.people, lengths, true, 1.96)
	return mustInterval(t, adjusted.WinRate, err)
}

func positionAdjustedOf(t *testing.T, p drawnPilot) Interval {
	t.Helper()
	adjusted, err := PositionAdjusted(p.people, p.first, true, 1.96)
	return mustInterval(t, adjusted.WinRate, err)
}

// TestRankingMayBeMirrored turns every comparison round, which says the same, and lets
// the arms change places, which changes the sign of what they differ by.
func TestRankingMayBeMirrored(t *testing.T) {
	for seed := range uint64(4) {
		comparisons := drawnComparisons(rand.New(rand.NewPCG(seed, 4)), 120)
		want, err := BradleyTerry(4, comparisons, true, 1.96)
		if err != nil {
			t.Fatal(err)
		}
		turned, exchanged := append([]Comparison(nil), comparisons...), append([]Comparison(nil), comparisons...)
		for i, c := range comparisons {
			turned[i].A, turned[i].B, turned[i].Score = c.B, c.A, 1-c.Score
			exchanged[i].A, exchanged[i].B = (c.A+1)%4, (c.B+1)%4
		}
		got, err := BradleyTerry(4, turned, true, 1.96)
		if err != nil {
			t.Fatal(err)
		}
		sameNumbers(t, "turned", got, want)
		got, err = BradleyTerry(4, exchanged, true, 1.96)
		if err != nil {
			t.Fatal(err)
		}
		// Arm 3 is the control now, and the old control is arm 1.
		old, now := want.Arms[3].LogOdds, got.Arms[1].LogOdds
		if math.Abs(old.Estimate+now.Estimate) > 1e-7 || math.Abs(old.StandardError-now.StandardError) > 1e-7 {
			t.Errorf("%v became %v", old, now)
		}
		for i := range 4 {
			if a, b := want.Arms[i], got.Arms[(i+1)%4]; a.Rank != b.Rank || a.BestRank != b.BestRank || a.WorstRank != b.WorstRank {
				t.Errorf("ranks %+v became %+v", a, b)
			}
		}
	}
}

// TestObservationsMayBeSplit splits each observation in two of half the weight: what is
// clustered by task does not change.
func TestObservationsMayBeSplit(t *testing.T) {
	p := usual.draw(rand.New(rand.NewPCG(1, 5)))
	var split []Observation
	for _, o := range p.people {
		o.Weight /= 2
		split = append(split, o, o)
	}
	want, err := Combine(p.people, p.judge, false)
	if err != nil {
		t.Fatal(err)
	}
	got, err := Combine(split, p.judge, false)
	if err != nil {
		t.Fatal(err)
	}
	sameNumbers(t, "combined", got, want)
}
