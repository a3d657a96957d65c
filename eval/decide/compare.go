package decide

import (
	"errors"
	"fmt"
	"math"
	"slices"

	"modeltrial/audit"
	"modeltrial/eval"
	"modeltrial/eval/stats"
)

// fixedZ is the critical value of an interval that is looked at once.
var fixedZ = stats.ZForLevel(eval.Level)

// compare estimates one use case; the decision is made later, when the p-values
// of all use cases are known.
func (a *analyzer) compare(key useCase) (eval.ComparisonResult, error) {
	e := a.evidence(key)
	kind, ratings := e.kind, e.ratings
	result := eval.ComparisonResult{
		Category: key.category, Control: key.control, Candidate: key.candidate,
		Source: source(kind), Planned: a.planned(key, ratings), Looks: []eval.Look{}, Sensitivity: []eval.Sensitivity{},
		Warnings: []string{}, WhyMissing: map[string]string{},
	}
	a.count(&result, e)
	if why := a.whyNotCombined(e); why != "" {
		result.WhyMissing["combination"] = why
	}
	if err := a.winRates(&result, e); err != nil {
		return result, err
	}
	if err := a.moneyAndTime(&result, key); err != nil {
		return result, err
	}
	if a.decisionsOnly {
		return result, nil
	}
	a.position(&result, ratings)
	a.outcomes(&result, key)
	a.firstPass(&result, key)
	result.Agreement = a.agreement(kind, key)
	if result.Agreement == nil {
		result.WhyMissing["agreement"] = "nothing was rated by two raters"
	}
	if err := a.postEdits(&result, key); err != nil {
		return result, fmt.Errorf("post-edits: %w", err)
	}
	if err := a.grades(&result, key); err != nil {
		return result, err
	}
	a.warn(&result, key)
	return result, nil
}

// ratingsOf gives the ratings of a use case, or of a pair of arms in all of them.
func (a *analyzer) ratingsOf(key useCase) []rated {
	arms, known := a.armPairs[armPair{key.control, key.candidate}]
	if !known {
		return nil
	}
	return filtered(a.ratings, func(r *rated) bool { return r.arms == arms && a.inScope(key, r.Category) })
}

// inScope says whether a category belongs to the key: with a protocol "all"
// means all its use cases with this candidate.
func (a *analyzer) inScope(key useCase, category audit.Category) bool {
	if key.category != AllCategories {
		return category == key.category
	}
	if a.data.Locked == nil {
		return true
	}
	planned, ok := a.data.Locked.Protocol.UseCase(category)
	if !ok {
		return false
	}
	for _, candidate := range planned.Candidates {
		if candidate == key.candidate {
			return true
		}
	}
	return false
}

// mainKind chooses whose ratings count, by counts only and never by outcome:
// people from 20 tasks on, else checks, else judges, else those who rated most.
func (a *analyzer) mainKind(ratings []rated) eval.RaterKind {
	tasks := map[eval.RaterKind]*taskSet{}
	for _, kind := range []eval.RaterKind{eval.Human, eval.Check, eval.Judge} {
		tasks[kind] = a.newTaskSet()
	}
	for _, rating := range ratings {
		tasks[rating.Kind].add(int(rating.task))
	}
	return mainKindOf(func(kind eval.RaterKind) int {
		if tasks[kind] == nil { // of no kind
			return 0
		}
		return tasks[kind].count
	})
}

// mainKindOf is mainKind for the number of tasks that raters of each kind rated.
func mainKindOf(tasks func(eval.RaterKind) int) eval.RaterKind {
	var most eval.RaterKind
	for _, kind := range []eval.RaterKind{eval.Human, eval.Check, eval.Judge} {
		if tasks(kind) >= stats.MinTasks {
			return kind
		}
		if tasks(kind) > tasks(most) {
			most = kind
		}
	}
	return most
}

func source(kind eval.RaterKind) eval.RatingSource {
	if kind == "" {
		return eval.SourceNone
	}
	return eval.RatingSource(kind)
}

func ofKind(ratings []rated, kind eval.RaterKind) []rated {
	return filtered(ratings, func(r *rated) bool { return r.Kind == kind })
}

func (a *analyzer) count(result *eval.ComparisonResult, e *evidence) {
	tasks, raters := a.newTaskSet(), map[int32]bool{}
	for _, rating := range e.ratings {
		tasks.add(int(rating.task))
		raters[rating.rater] = true
		switch {
		case rating.Verdict == eval.BothBad:
			result.BothBad++
			result.Ties++
		case rating.Score > 0.5:
			result.Wins++
		case rating.Score < 0.5:
			result.Losses++
		default:
			result.Ties++
		}
	}
	result.Tasks, result.Raters, result.Ratings = tasks.count, len(raters), len(e.ratings)
	for _, task := range e.lost {
		if task.candidate {
			result.LostControl++
		} else {
			result.LostCandidate++
		}
	}
}

// planned is the number of tasks at the planned end of a use case: the
// protocol's, or those of its first week times the weeks from there on.
func (a *analyzer) planned(key useCase, ratings []rated) int {
	planned := a.plannedTasks
	if key.category == AllCategories && planned > 0 {
		categories := map[audit.Category]bool{}
		for _, rating := range ratings {
			categories[rating.Category] = true
		}
		planned *= max(1, len(categories))
	}
	if planned > 0 {
		return planned
	}
	first := int32(math.MaxInt32)
	for _, rating := range ratings {
		first = min(first, rating.Week)
	}
	tasks := a.newTaskSet()
	for _, rating := range ratings {
		if rating.Week == first {
			tasks.add(int(rating.task))
		}
	}
	return max(1, tasks.count*(a.weeks-max(int(first), 1)+1))
}

// winRates fills in the win rate at every look so far and the sequential
// p-values that rest on them.
func (a *analyzer) winRates(result *eval.ComparisonResult, e *evidence) error {
	looks := a.looks(e)
	superiority, inferiority := make([]stats.Look, len(looks)), make([]stats.Look, len(looks))
	means := make([]estimate, len(looks))
	whys := make([]error, len(looks))
	for i, look := range looks {
		means[i], whys[i] = a.mean(e, look.week)
		superiority[i] = stats.Look{Week: look.planned, Tasks: look.tasks, Z: math.NaN()}
		inferiority[i] = superiority[i]
		if whys[i] != nil {
			continue
		}
		superiority[i].Z = zOf(means[i].WinRateTest(0.5))
		inferiority[i].Z = zOf(means[i].WinRateTest(0.5 - a.margin))
	}
	if len(looks) == 0 {
		why := "nothing has been rated yet"
		for _, field := range []string{"win_rate", "win_rate_always_valid", "p_value", "non_inferiority_p_value"} {
			result.WhyMissing[field] = why
		}
		return nil
	}
	design := stats.DefaultDesign(a.weeks, result.Planned)
	better, err := design.Evaluate(superiority)
	if err != nil {
		return fmt.Errorf("sequential test of the win rate: %w", err)
	}
	notWorse, err := design.Evaluate(inferiority)
	if err != nil {
		return fmt.Errorf("sequential test of non-inferiority: %w", err)
	}
	for i, look := range looks {
		entry := eval.Look{Week: look.week, Tasks: look.tasks}
		if whys[i] == nil {
			entry.WinRate = winRate(means[i].WeightedMean, fixedZ)
			entry.WinRateAlwaysValid = winRate(means[i].WeightedMean, better[i].Critical)
		}
		result.Looks = append(result.Looks, entry)
	}
	last := len(looks) - 1
	a.mutex.Lock()
	a.last[e.key] = lastLook{looks[last], means[last], better[last]}
	a.mutex.Unlock()
	result.Source = means[last].source
	if combined := means[last].combined; combined != nil {
		result.JudgedTasks = combined.JudgeOnlyTasks
		result.Combination = combination(combined)
		if combined.DifferenceP < differenceAlpha {
			result.Warnings = append(result.Warnings, fmt.Sprintf("judges see other win rates in the tasks that people rated than in the others (p = %.2g): people's tasks do not look like a random part, and the combination may be wrong", combined.DifferenceP))
		}
	}
	result.WinRate, result.WinRateAlwaysValid = result.Looks[last].WinRate, result.Looks[last].WinRateAlwaysValid
	if whys[last] != nil {
		for _, field := range []string{"win_rate", "win_rate_always_valid", "p_value", "non_inferiority_p_value"} {
			result.WhyMissing[field] = whys[last].Error()
		}
		return nil
	}
	result.PValue, result.NonInferiorityP = &better[last].P, &notWorse[last].P
	if !means[last].RatersSampled && e.kind == eval.Human {
		result.Warnings = append(result.Warnings, fmt.Sprintf(
			"the win rate holds for these %d raters only; from %d raters on it speaks for all who might rate", result.Raters, stats.MinRaters))
	}
	return nil
}

func winRate(mean stats.WeightedMean, z float64) *eval.Interval {
	estimate, err := mean.WinRateInterval(z)
	if err != nil {
		return nil
	}
	return interval(estimate)
}

// zOf is the z equivalent of a test, NaN where there was too little data.
func zOf(test stats.Test, err error) float64 {
	if err != nil {
		return math.NaN()
	}
	return test.Z
}

// mean is the win rate over the tasks of the weeks up to one (0 is all): each equal
// in a category, weighted by the category's share of the work over all categories
// where a protocol fixed it; people's and judges' ratings combined where the counts of
// that look allow it.
func (a *analyzer) mean(e *evidence, week int) (estimate, error) {
	result := estimate{source: source(e.kind)}
	if e.missing != nil {
		return result, e.missing
	}
	rated := a.observations(within(e.ratings, week))
	lost := a.lostObservations(e, week)
	observations := append(slices.Clip(rated), lost...) // the same where nothing was lost
	if err := a.weigh(e, observations); err != nil {
		return result, err
	}
	if tasks := a.countTasks(observations); tasks < stats.MinTasks {
		return result, &stats.MissingError{Why: fmt.Sprintf("rated tasks: %d, at least %d are needed", tasks, stats.MinTasks)}
	}
	var err error
	if a.combines(e, a.countTasks(rated), e.judgedOnly(week)) {
		if result.WeightedMean, result.combined, err = a.combine(e, rated, lost, week); err != nil {
			return result, err
		}
		result.source = eval.SourceCombined
		return result, result.Enough()
	}
	result.WeightedMean, err = stats.Mean(observations, e.kind == eval.Human)
	if err != nil {
		return result, err
	}
	return result, result.Enough()
}

// lostObservations are the scores of the tasks of the weeks up to one that one arm
// alone answered.
func (a *analyzer) lostObservations(e *evidence, week int) []stats.Observation {
	var lost []stats.Observation
	for _, task := range e.lostWithin(week) {
		lost = append(lost, stats.Observation{
			Score: task.score(), Task: int(task.number), Rater: stats.NoRater, Cluster: int(task.cluster),
		})
	}
	return lost
}

func (a *analyzer) countTasks(observations []stats.Observation) int {
	tasks := a.newTaskSet()
	for i := range observations {
		tasks.add(observations[i].Task)
	}
	return tasks.count
}

// observations averages one rater's scores of a comparison in both orders, so
// that a verdict that flips with the order gives one half.
func (a *analyzer) observations(ratings []rated) []stats.Observation {
	observations := make([]stats.Observation, 0, len(ratings))
	if !a.bothOrders {
		for _, rating := range ratings {
			observations = append(observations, single(rating))
		}
		return observations
	}
	type cell struct{ task, rater int32 }
	position := map[cell]int{}
	var times []float64
	for _, rating := range ratings {
		key := cell{rating.task, rating.rater}
		if at, seen := position[key]; seen {
			times[at]++
			observations[at].Score += (rating.Score - observations[at].Score) / times[at]
			continue
		}
		position[key] = len(observations)
		observations = append(observations, single(rating))
		times = append(times, 1)
	}
	return observations
}

// cluster numbers the unit of sampling: the named cluster, else the task.
func (a *analyzer) cluster(task, cluster string) int {
	return a.tasks.ofCluster(a.tasks.of(task), cluster)
}

// adjust applies Holm's procedure over the use cases, for quality and, by
// itself, for cost. A use case without a p-value counts as 1: it is in the family.
func adjust(results []eval.ComparisonResult) error {
	superiority := familyOf(results, func(r *eval.ComparisonResult) *float64 { return r.PValue })
	inferiority := familyOf(results, func(r *eval.ComparisonResult) *float64 { return r.NonInferiorityP })
	cost := familyOf(results, func(r *eval.ComparisonResult) *float64 { return r.CostP })
	adjusted, err1 := stats.Holm(superiority)
	adjustedInferiority, err2 := stats.HolmNonInferiority(superiority, inferiority)
	adjustedCost, err3 := stats.Holm(cost)
	if err := errors.Join(err1, err2, err3); err != nil {
		return fmt.Errorf("adjust p-values: %w", err)
	}
	for i := range results {
		result := &results[i]
		result.PValueAdjusted = orMissing(result, "p_value", result.PValue, adjusted[i])
		result.NonInferiorityPAdjusted = orMissing(result, "non_inferiority_p_value", result.NonInferiorityP, adjustedInferiority[i])
		result.CostPAdjusted = orMissing(result, "cost_p_value", result.CostP, adjustedCost[i])
	}
	return nil
}

// orMissing is the adjusted p-value, or nil for the reason that the plain one is.
func orMissing(result *eval.ComparisonResult, field string, plain *float64, adjusted float64) *float64 {
	if plain == nil {
		result.WhyMissing[field+"_adjusted"] = result.WhyMissing[field]
		return nil
	}
	return &adjusted
}

func familyOf(results []eval.ComparisonResult, field func(*eval.ComparisonResult) *float64) []float64 {
	family := make([]float64, len(results))
	for i := range results {
		family[i] = 1
		if p := field(&results[i]); p != nil {
			family[i] = *p
		}
	}
	return family
}
