package decide

import (
	"cmp"
	"fmt"
	"slices"

	"modeltrial/audit"
	"modeltrial/eval"
	"modeltrial/eval/stats"
)

// rankingResamples is the number of bootstrap rounds of a ranking from counts.
const rankingResamples = 1000

// Rank ranks the arms of each category, and of all together, where there are more than
// two, and does nothing else of an analysis. It returns [ErrNoRatings] for data
// without ratings.
func (g *Ratings) Rank(name string) (eval.Analysis, error) {
	if g.Len() == 0 {
		return eval.Analysis{}, ErrNoRatings
	}
	a := g.analyzer(eval.Dataset{}, Options{})
	analysis := rankingOnly(name, a.provenance())
	analysis.ThroughWeek = a.throughWeek
	analysis.Ranking = a.ranking()
	return told(analysis), nil
}

// RankCounts ranks arms as [Rank] does, from how comparisons ended, by the bootstrap:
// it takes each comparison as independent of the others, and says so where tasks have
// several. The time does not depend on their number. Whose ratings count is chosen for
// each category as in [Analyze], by counts of tasks. It returns [ErrNoRatings] for no
// comparisons, and an error for those with other scores than 0, ½ and 1, which only
// Rank can use.
func RankCounts(name string, counts eval.ComparisonCounts) (eval.Analysis, error) {
	if len(counts.Groups) == 0 {
		return eval.Analysis{}, ErrNoRatings
	}
	analysis := rankingOnly(name, counts.Provenance)
	var categories []audit.Category
	for _, group := range counts.Groups {
		if !slices.Contains(categories, group.Category) {
			categories = append(categories, group.Category)
		}
	}
	tasks, comparisons := 0, 0
	for _, category := range append(categories, AllCategories) {
		if category == AllCategories && len(categories) == 1 {
			continue
		}
		groups := counts.Groups
		if category != AllCategories {
			groups = slices.DeleteFunc(slices.Clone(groups), func(g eval.CountedGroup) bool { return g.Category != category })
		}
		kind := mainKindOf(func(kind eval.RaterKind) int {
			sum := 0
			for _, group := range groups {
				if group.Kind == kind {
					sum += group.Tasks
				}
			}
			return sum
		})
		groups = slices.DeleteFunc(slices.Clone(groups), func(g eval.CountedGroup) bool { return g.Kind != kind })
		result, err := rankGroups(cmp.Or(category, Uncategorised), groups)
		if err != nil {
			return analysis, err
		}
		tasks, comparisons = 0, result.Comparisons // of the last, which holds most
		for _, group := range groups {
			tasks += group.Tasks
		}
		if result.Comparisons > 0 {
			analysis.Ranking = append(analysis.Ranking, result)
		}
	}
	if comparisons > tasks || counts.Clustered {
		analysis.Warnings = append(analysis.Warnings, fmt.Sprintf(
			"%d comparisons of %d tasks: the intervals take each as independent; without --only they heed tasks and raters", comparisons, tasks))
	}
	return told(analysis), nil
}

// rankingOnly is an analysis of which nothing is known but the ranking to come.
func rankingOnly(name string, p eval.Provenance) eval.Analysis {
	analysis := emptyAnalysis(name)
	analysis.Provenance = p
	return analysis
}

// told says of a ranking what must be known beside it.
func told(a eval.Analysis) eval.Analysis {
	if p := a.Provenance; p.RatingsSimulated > 0 {
		a.Warnings = append(a.Warnings, fmt.Sprintf("%d of %d ratings are simulated: they show how modeltrial works, not what a model can do",
			p.RatingsSimulated, p.RatingsSimulated+p.RatingsByPeople+p.RatingsByJudges+p.RatingsByChecks))
	}
	if len(a.Ranking) == 0 {
		a.Warnings = append(a.Warnings, "no category has more than two arms: the win rate says all there is, without --only")
	}
	return a
}

// rankGroups ranks the arms of groups; without comparisons where there are not more
// than two.
func rankGroups(category audit.Category, groups []eval.CountedGroup) (result eval.RankingResult, err error) {
	arms := countedArms(groups)
	if len(arms) <= 2 {
		return result, nil
	}
	result = eval.RankingResult{Category: category, Arms: []eval.RankedArm{}}
	number := map[string]int{}
	for i, arm := range arms {
		number[arm] = i
	}
	var pairs []stats.PairCount
	for _, group := range groups {
		for _, pair := range group.Pairs {
			if pair.Between > 0 {
				return result, fmt.Errorf("%d comparisons of %s and %s have other scores than 0, 0.5 and 1, which counts do not hold", pair.Between, pair.ArmA, pair.ArmB)
			}
			result.Comparisons += pair.Comparisons()
			pairs = append(pairs, stats.PairCount{A: number[pair.ArmA], B: number[pair.ArmB], WinsA: pair.WinsA, WinsB: pair.WinsB, Ties: pair.Ties})
		}
	}
	unseeded := analyzer{seed: 1}
	ranked, err := stats.BradleyTerryBootstrap(len(arms), pairs, rankingResamples, eval.Level, unseeded.random(useCase{category: category}))
	if err != nil {
		result.WhyMissing = err.Error()
		return result, nil
	}
	result.Resamples, result.Arms = ranked.Resamples, RankedArms(arms, ranked)
	return result, nil
}

// countedArms lists the arms as armNames does: the control first, which is the arm that
// is most often arm a.
func countedArms(groups []eval.CountedGroup) []string {
	controls := map[string]int{}
	for _, group := range groups {
		for _, pair := range group.Pairs {
			controls[pair.ArmA] += pair.Comparisons()
			controls[pair.ArmB] += 0
		}
	}
	return controlFirst(controls)
}
