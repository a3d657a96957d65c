package decide

import (
	"cmp"
	"maps"
	"slices"

	"modeltrial/audit"
	"modeltrial/eval"
	"modeltrial/eval/stats"
)

// ranking ranks the arms of each category, and of all together, where there are more
// than two. It is descriptive: decisions rest on the win rates.
func (a *analyzer) ranking() []eval.RankingResult {
	rankings := []eval.RankingResult{}
	var categories []audit.Category
	for _, key := range a.useCases() {
		if !slices.Contains(categories, key.category) {
			categories = append(categories, key.category)
		}
	}
	for _, category := range append(categories, AllCategories) {
		if category == AllCategories && len(categories) < 2 {
			continue
		}
		if result, ok := a.rank(category); ok {
			rankings = append(rankings, result)
		}
	}
	return rankings
}

// rank is the ranking of one category; ok is false for two arms or fewer.
func (a *analyzer) rank(category audit.Category) (result eval.RankingResult, ok bool) {
	ratings := a.ratings
	if category != AllCategories {
		ratings = filtered(ratings, func(r *rated) bool { return r.Category == category })
	}
	kind := a.mainKind(ratings)
	ratings = ofKind(ratings, kind)
	arms := armNames(ratings)
	if len(arms) <= 2 {
		return result, false
	}
	result = eval.RankingResult{Category: category, Comparisons: len(ratings), Arms: []eval.RankedArm{}}
	number := map[string]int{}
	for i, arm := range arms {
		number[arm] = i
	}
	comparisons := make([]stats.Comparison, len(ratings))
	tasks := make([]int, len(ratings))
	for i, rating := range ratings {
		tasks[i] = int(rating.item)
		comparisons[i] = stats.Comparison{
			A: number[rating.ArmA], B: number[rating.ArmB],
			Observation: stats.Observation{
				Score: rating.Score, Task: tasks[i], Cluster: int(rating.cluster), Rater: int(rating.rater),
			},
		}
	}
	for i, weight := range stats.TaskWeights(tasks) {
		comparisons[i].Weight = weight
	}
	ranked, err := stats.BradleyTerry(len(arms), comparisons, kind == eval.Human, fixedZ)
	if err != nil {
		result.WhyMissing = err.Error()
		return result, true
	}
	result.Arms = RankedArms(arms, ranked)
	return result, true
}

// armNames lists the arms, the control first: the arm that is most often arm a.
func armNames(ratings []rated) []string {
	controls := map[string]int{}
	for _, rating := range ratings {
		controls[rating.ArmA]++
		controls[rating.ArmB] += 0
	}
	return controlFirst(controls)
}

// controlFirst lists arms by name behind the one that is most often arm a.
func controlFirst(controls map[string]int) []string {
	arms := slices.Collect(maps.Keys(controls))
	slices.SortFunc(arms, func(x, y string) int { return cmp.Or(cmp.Compare(controls[y], controls[x]), cmp.Compare(x, y)) })
	if len(arms) > 1 {
		slices.Sort(arms[1:])
	}
	return arms
}

// RankedArms gives a ranking of eval/stats its names, the best first.
func RankedArms(arms []string, ranking stats.Ranking) []eval.RankedArm {
	ranked := make([]eval.RankedArm, len(ranking.Arms))
	for i, arm := range ranking.Arms {
		ranked[i] = eval.RankedArm{
			Arm: arms[i], LogOdds: *interval(arm.LogOdds), WinProbability: *interval(arm.WinProbability),
			Rank: arm.Rank, BestRank: arm.BestRank, WorstRank: arm.WorstRank,
		}
	}
	slices.SortStableFunc(ranked, func(x, y eval.RankedArm) int { return cmp.Compare(x.Rank, y.Rank) })
	return ranked
}
