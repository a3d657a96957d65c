package decide

import (
	"cmp"
	"slices"

	"modeltrial/eval"
	"modeltrial/eval/stats"
)

// agreementResamples is the number of bootstrap resamples of an alpha.
const agreementResamples = 1000

// The order of verdicts in an agreement: a < tie < b.
const (
	indexA = iota
	indexTie
	indexB
	verdicts
)

func verdictIndex(score float64) int {
	switch {
	case score < 0.5:
		return indexA
	case score > 0.5:
		return indexB
	}
	return indexTie
}

// agreement is how far raters of one kind agree on the comparisons of the given
// use cases, or of all of them where none is given; nil where nothing was rated
// twice. An item is a task under a pair of arms.
func (a *analyzer) agreement(kind eval.RaterKind, keys ...useCase) *eval.Agreement {
	items, names, table := a.agreementTable(kind, keys)
	if items == 0 || len(names) < 2 {
		return nil
	}
	result := &eval.Agreement{Pairs: []eval.PairAgreement{}}
	random := a.random(cmp.Or(append(keys, useCase{})...))
	nominal, err := stats.AlphaInterval(table, verdicts, stats.Nominal, agreementResamples, eval.Level, random)
	if err != nil {
		result.WhyMissing = err.Error()
	} else {
		result.AlphaNominal = interval(nominal)
	}
	ordinal, err := stats.AlphaInterval(table, verdicts, stats.Ordinal, agreementResamples, eval.Level, random)
	if err != nil {
		result.WhyMissing = err.Error()
	} else {
		result.AlphaOrdinal = interval(ordinal)
	}
	for i := range names {
		for j := i + 1; j < len(names); j++ {
			kappa, err := stats.CohenKappa(table[i], table[j])
			if kappa.Tasks == 0 {
				continue
			}
			pair := eval.PairAgreement{RaterA: names[i], RaterB: names[j], Tasks: kappa.Tasks}
			if err == nil {
				pair.Kappa = &kappa.Kappa
			}
			result.Pairs = append(result.Pairs, pair)
		}
	}
	if len(result.Pairs) == 0 {
		return nil
	}
	return result
}

// agreementTable gives verdicts by rater and item, raters by name. Of a rater's
// two orders of one comparison the average counts.
func (a *analyzer) agreementTable(kind eval.RaterKind, keys []useCase) (items int, names []string, table [][]int) {
	type item struct{ task, control, candidate string }
	type cell struct {
		rater string
		item  item
	}
	index := map[item]int{}
	scores := map[cell]*averaging{}
	for _, rating := range a.data.Ratings {
		if rating.Kind != kind || !a.inAny(keys, rating) {
			continue
		}
		at := item{rating.TaskID, rating.ArmA, rating.ArmB}
		if _, seen := index[at]; !seen {
			index[at] = len(index)
		}
		if !slices.Contains(names, rating.Rater) {
			names = append(names, rating.Rater)
		}
		key := cell{rating.Rater, at}
		if scores[key] == nil {
			scores[key] = &averaging{}
		}
		scores[key].add(rating.Score)
	}
	slices.Sort(names)
	table = make([][]int, len(names))
	for r, name := range names {
		table[r] = make([]int, len(index))
		for i := range table[r] {
			table[r][i] = stats.NoRating
		}
		for at, i := range index {
			if score := scores[cell{name, at}]; score != nil {
				table[r][i] = verdictIndex(score.mean())
			}
		}
	}
	return len(index), names, table
}

func (a *analyzer) inAny(keys []useCase, rating eval.Rating) bool {
	if len(keys) == 0 {
		return true
	}
	for _, key := range keys {
		if rating.ArmA == key.control && rating.ArmB == key.candidate && a.inScope(key, rating.Category) {
			return true
		}
	}
	return false
}

// position fills in the advantage of the answer shown first.
func (a *analyzer) position(result *eval.ComparisonResult, ratings []eval.Rating) {
	effect, why := a.positionEffect(ratings)
	if effect == nil {
		result.WhyMissing["position_effect"] = why
		return
	}
	result.PositionEffect = effect
}

// positionEffect is the mean score credited to the answer shown first, less one
// half, clustered by task.
func (a *analyzer) positionEffect(ratings []eval.Rating) (effect *eval.PositionEffect, why string) {
	var observations []stats.Observation
	candidateFirst := 0
	for _, rating := range ratings {
		credited := rating.Score
		switch rating.First {
		case eval.SideA:
			credited = 1 - rating.Score
		case eval.SideB:
			candidateFirst++
		default:
			continue
		}
		observations = append(observations, stats.Observation{
			Score: credited - 0.5, Weight: 1, Task: a.tasks.of(rating.TaskID),
			Cluster: a.tasks.of(rating.TaskID), Rater: a.raterIndex.of(rating.Rater),
		})
	}
	if len(observations) == 0 {
		return nil, "which answer was shown first is not known"
	}
	mean, err := stats.Mean(observations, false)
	if err != nil {
		return nil, err.Error()
	}
	estimate, err := mean.TInterval(fixedZ)
	if err != nil {
		return nil, err.Error()
	}
	p, err := mean.TwoSidedP(0)
	if err != nil {
		return nil, err.Error()
	}
	return &eval.PositionEffect{
		Interval: *interval(estimate), PValue: p,
		CandidateFirstShare: float64(candidateFirst) / float64(len(observations)),
	}, ""
}

// raters describes every rater over all comparisons, people first, by name.
func (a *analyzer) raters() []eval.RaterResult {
	byName := map[string][]eval.Rating{}
	for _, rating := range a.data.Ratings {
		byName[rating.Rater] = append(byName[rating.Rater], rating)
	}
	results := make([]eval.RaterResult, 0, len(byName))
	for name, ratings := range byName {
		result := eval.RaterResult{
			Rater: name, Kind: ratings[0].Kind, Simulated: ratings[0].Simulated, Ratings: len(ratings),
		}
		var seconds []float64
		for _, rating := range ratings {
			if rating.Seconds != nil {
				seconds = append(seconds, *rating.Seconds)
			}
		}
		if median, err := stats.Quantile(seconds, 0.5); err == nil {
			result.SecondsMedian = &median
		}
		result.PositionEffect, _ = a.positionEffect(ratings)
		results = append(results, result)
	}
	slices.SortFunc(results, func(x, y eval.RaterResult) int {
		return cmp.Or(cmp.Compare(kindOrder(x.Kind), kindOrder(y.Kind)), cmp.Compare(x.Rater, y.Rater))
	})
	return results
}

func kindOrder(kind eval.RaterKind) int {
	return slices.Index([]eval.RaterKind{eval.Human, eval.Judge, eval.Check}, kind)
}
