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
type given struct{ rater, verdict int32 }

// ratedItems gives the verdicts on each item by rater, items in order of appearance
// and raters by name. Of a rater's two orders of one comparison the average counts.
// Most raters rate few of the items, so that only what was rated is kept.
func (a *analyzer) ratedItems(kind eval.RaterKind, keys []useCase) (names []string, items [][]given) {
	of := a.ratings
	if len(keys) > 0 {
		of = a.evidence(keys[0]).all
	}
	for _, key := range keys[min(1, len(keys)):] {
		of = append(slices.Clip(of), a.evidence(key).all...)
	}
	of = ofKind(of, kind)
	position := make([]int, len(a.raterIndex)) // of a rater among the names, plus 1
	for _, r := range of {
		if position[r.rater] == 0 {
			position[r.rater] = 1
			names = append(names, r.Rater)
		}
	}
	slices.Sort(names)
	for p, name := range names {
		position[a.raterIndex[name]] = p + 1
	}
	type score struct {
		sum          float64
		rater, count int32
	}
	place := make([]int, a.items) // of an item, plus 1
	var ratings []int             // of each item
	for _, r := range of {
		if place[r.item] == 0 {
			ratings = append(ratings, 0)
			place[r.item] = len(ratings)
		}
		ratings[place[r.item]-1]++
	}
	all, scores := make([]score, len(of)), make([][]score, len(ratings))
	for i, count := range ratings {
		scores[i], all = all[:0:count], all[count:]
	}
	for _, r := range of {
		to, rater := &scores[place[r.item]-1], int32(position[r.rater]-1)
		at := -1
		if a.bothOrders {
			at = slices.IndexFunc(*to, func(s score) bool { return s.rater == rater })
		}
		if at < 0 {
			at = len(*to)
			*to = append(*to, score{rater: rater})
		}
		(*to)[at].sum += r.Score
		(*to)[at].count++
	}
	items = make([][]given, len(scores))
	verdicts := make([]given, 0, len(of))
	for i, of := range scores {
		from := len(verdicts)
		for _, s := range of {
			verdicts = append(verdicts, given{s.rater, int32(verdictIndex(s.sum / float64(s.count)))})
		}
		items[i] = verdicts[from:len(verdicts):len(verdicts)]
		slices.SortFunc(items[i], func(x, y given) int { return cmp.Compare(x.rater, y.rater) })
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
		var met []int32
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

// position fills in the advantage of the answer shown first.
func (a *analyzer) position(result *eval.ComparisonResult, ratings []rated) {
	effect, why := a.positionEffect(ratings)
	if effect == nil {
		result.WhyMissing["position_effect"] = why
		return
	}
	result.PositionEffect = effect
}

// positionEffect is the mean score credited to the answer shown first, less one
// half, clustered by task.
func (a *analyzer) positionEffect(ratings []rated) (effect *eval.PositionEffect, why string) {
	observations := make([]stats.Observation, 0, len(ratings))
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
			Score: credited - 0.5, Weight: 1, Task: int(rating.task),
			Cluster: int(rating.task), Rater: int(rating.rater),
		})
	}
	if len(observations) == 0 {
		return nil, "which answer was shown first is not known"
	}
	mean, err := stats.Mean(observations, false)
	if err != nil {
		return nil, err.Error()
	}
	// The usual factor G/(G−1) of clusters, as in the reference values; where tasks have
	// equally many ratings it is the method's own.
	clusters := float64(mean.Clusters)
	mean.Variance *= (1 - 1/mean.EffectiveClusters) * clusters / (clusters - 1)
	mean.DF = clusters - 1
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
