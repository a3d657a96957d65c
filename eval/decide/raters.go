package decide

import (
	"cmp"
	"fmt"
	"math"
	"slices"

	"modeltrial/eval"
	"modeltrial/eval/stats"
)

// What makes a rater odd. Nobody is left out by it: it is there to be looked at, and the
// protocol may have a rule that leaves people out (see leftOut).
const (
	fewestForHabits = 20      // under which no habit shows
	fastPart        = 1.0 / 3 // of people's median time
	mostFast        = 0.25    // of a rater's ratings
	oneSided        = 0.95    // of a rater's verdicts
	positionRisk    = 0.01    // p-value of a position effect
)

// raters describes every rater over all comparisons, people first, by name.
func (a *analyzer) raters() ([]eval.RaterResult, error) {
	ofKinds := map[eval.RaterKind]int{}
	var peoplesSeconds []float64
	for _, rating := range a.ratings {
		ofKinds[rating.Kind]++
		if rating.Kind == eval.Human && !math.IsNaN(rating.seconds) {
			peoplesSeconds = append(peoplesSeconds, rating.seconds)
		}
	}
	typical, err := stats.Quantile(peoplesSeconds, 0.5)
	if err != nil {
		typical = 0
	}
	withOthers := a.agreementWithOthers()
	checks := map[string][]eval.RaterCheckRating{}
	for _, check := range a.data.RaterChecks {
		checks[check.Rater] = append(checks[check.Rater], check)
	}
	results := make([]eval.RaterResult, 0, len(a.raterIndex))
	for ratings := range a.byRater() {
		name := ratings[0].Rater
		result, err := a.rater(name, ratings, checks[name], typical)
		if err != nil {
			return nil, fmt.Errorf("rater %q: %w", name, err)
		}
		result.Share = float64(len(ratings)) / float64(ofKinds[result.Kind])
		if agreement, ok := withOthers[name]; ok {
			mean := agreement.mean()
			result.WithOthers = &mean
		}
		results = append(results, result)
	}
	slices.SortFunc(results, func(x, y eval.RaterResult) int {
		return cmp.Or(cmp.Compare(kindOrder(x.Kind), kindOrder(y.Kind)), cmp.Compare(x.Rater, y.Rater))
	})
	return results, nil
}

func (a *analyzer) rater(name string, ratings []rated, checks []eval.RaterCheckRating, typicalSeconds float64) (eval.RaterResult, error) {
	result := eval.RaterResult{
		Rater: name, Kind: ratings[0].Kind, Simulated: ratings[0].Simulated, Ratings: len(ratings), Flags: []string{},
	}
	tasks := a.newTaskSet()
	seconds := make([]float64, 0, len(ratings))
	var ties, first, known, fast int
	for _, rating := range ratings {
		tasks.add(int(rating.task))
		if rating.Score == 0.5 {
			ties++
		} else if rating.First != eval.SideUnknown {
			known++
			if (rating.Score > 0.5) == (rating.First == eval.SideB) {
				first++
			}
		}
		if !math.IsNaN(rating.seconds) {
			seconds = append(seconds, rating.seconds)
			if rating.seconds < fastPart*typicalSeconds {
				fast++
			}
		}
	}
	result.Tasks, result.TieShare = tasks.count, float64(ties)/float64(len(ratings))
	if median, err := stats.Quantile(seconds, 0.5); err == nil {
		result.SecondsMedian = &median
		if result.Kind == eval.Human {
			share := float64(fast) / float64(len(seconds))
			result.FastShare = &share
		}
	}
	result.PositionEffect, _ = a.positionEffect(ratings)
	if result.Kind == eval.Human {
		quality, err := quality(ratings, checks)
		if err != nil {
			return result, err
		}
		result.Quality, result.Flags = quality, append(result.Flags, qualityFlags(quality)...)
	}
	if len(ratings) < fewestForHabits {
		return result, nil
	}
	flag := func(condition bool, format string, args ...any) {
		if condition {
			result.Flags = append(result.Flags, fmt.Sprintf(format, args...))
		}
	}
	flag(ties == len(ratings), "only ever ties")
	flag(ties < len(ratings) && result.TieShare >= oneSided, "ties on %.0f%%", 100*result.TieShare)
	flag(known >= fewestForHabits && float64(first) >= oneSided*float64(known), "nearly always prefers the answer shown first")
	flag(known >= fewestForHabits && float64(first) <= (1-oneSided)*float64(known), "nearly always prefers the answer shown second")
	if share := result.FastShare; share != nil {
		flag(*share > mostFast, "%.0f%% of ratings took less than a third of the usual time", 100**share)
	}
	if effect := result.PositionEffect; effect != nil {
		flag(effect.PValue < positionRisk, "credits the answer shown first with %+.0f points", 100*effect.Estimate)
	}
	return result, nil
}

// agreementWithOthers is, for each rater, how often another rater of the same kind
// gave the same verdict on the same item, over all such pairs.
func (a *analyzer) agreementWithOthers() map[string]averaging {
	agreement := map[string]averaging{}
	for _, kind := range []eval.RaterKind{eval.Human, eval.Judge, eval.Check} {
		names, items := a.ratedItems(kind, nil)
		for _, item := range items {
			counts := [verdicts]int{}
			for _, g := range item {
				counts[g.verdict]++
			}
			for _, g := range item {
				if len(item) < 2 {
					continue
				}
				of := agreement[names[g.rater]]
				of.sum += float64(counts[g.verdict] - 1)
				of.count += len(item) - 1
				agreement[names[g.rater]] = of
			}
		}
	}
	return agreement
}

func kindOrder(kind eval.RaterKind) int {
	return slices.Index([]eval.RaterKind{eval.Human, eval.Judge, eval.Check}, kind)
}
