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
	names, items := a.ratedItems(kind, keys)
	pairs := pairAgreements(names, items)
	if len(pairs) == 0 {
		return nil
	}
	result := &eval.Agreement{Pairs: pairs}
	counts := make([][]int, len(items))
	for i, given := range items {
		counts[i] = make([]int, verdicts)
		for _, g := range given {
			counts[i][g.verdict]++
		}
	}
	random := a.random(cmp.Or(append(keys, useCase{})...))
	nominal, err := stats.AlphaInterval(counts, stats.Nominal, agreementResamples, eval.Level, random)
	if err != nil {
		result.WhyMissing = err.Error()
	} else {
		result.AlphaNominal = interval(nominal)
	}
	ordinal, err := stats.AlphaInterval(counts, stats.Ordinal, agreementResamples, eval.Level, random)
	if err != nil {
		result.WhyMissing = err.Error()
	} else {
		result.AlphaOrdinal = interval(ordinal)
	}
	return result
}

// A given is a rater's verdict on an item; the rater is a position among the names.
type given struct{ rater, verdict int }

// ratedItems gives the verdicts on each item by rater, items in order of appearance
// and raters by name. Of a rater's two orders of one comparison the average counts.
// Most raters rate few of the items, so that only what was rated is kept.
func (a *analyzer) ratedItems(kind eval.RaterKind, keys []useCase) (names []string, items [][]given) {
	type item struct{ task, control, candidate string }
	type cell struct {
		rater string
		item  int
	}
	index := map[item]int{}
	scores := map[cell]*averaging{}
	var cells []cell // in order of appearance
	for _, rating := range a.data.Ratings {
		if rating.Kind != kind || !a.inAny(keys, rating) {
			continue
		}
		at := item{rating.TaskID, rating.ArmA, rating.ArmB}
		if _, seen := index[at]; !seen {
			index[at] = len(index)
		}
		key := cell{rating.Rater, index[at]}
		if scores[key] == nil {
			scores[key] = &averaging{}
			cells = append(cells, key)
			names = append(names, rating.Rater)
		}
		scores[key].add(rating.Score)
	}
	slices.Sort(names)
	names = slices.Compact(names)
	position := make(map[string]int, len(names))
	for r, name := range names {
		position[name] = r
	}
	items = make([][]given, len(index))
	for _, key := range cells {
		items[key.item] = append(items[key.item], given{position[key.rater], verdictIndex(scores[key].mean())})
	}
	for _, item := range items {
		slices.SortFunc(item, func(x, y given) int { return cmp.Compare(x.rater, y.rater) })
	}
	return names, items
}

// pairAgreements gives the kappa of every two raters who meet in an item, in order of
// their names. It goes rater by rater, so that one table for each other rater
// suffices; pairs that never meet cost nothing.
func pairAgreements(names []string, items [][]given) []eval.PairAgreement {
	type place struct{ item, position int }
	places := make([][]place, len(names))
	for i, item := range items {
		for p, g := range item {
			places[g.rater] = append(places[g.rater], place{i, p})
		}
	}
	var pairs []eval.PairAgreement
	tables := make([][][]int, len(names))
	for rater := range names {
		var met []int
		for _, at := range places[rater] {
			own := items[at.item][at.position].verdict
			for _, other := range items[at.item][at.position+1:] {
				if tables[other.rater] == nil {
					tables[other.rater] = newTable()
					met = append(met, other.rater)
				}
				tables[other.rater][own][other.verdict]++
			}
		}
		slices.Sort(met)
		for _, other := range met {
			kappa, err := stats.CohenKappa(tables[other])
			tables[other] = nil
			pair := eval.PairAgreement{RaterA: names[rater], RaterB: names[other], Tasks: kappa.Tasks}
			if err == nil {
				pair.Kappa = &kappa.Kappa
			}
			pairs = append(pairs, pair)
		}
	}
	return pairs
}

func newTable() [][]int {
	table := make([][]int, verdicts)
	for v := range table {
		table[v] = make([]int, verdicts)
	}
	return table
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
