package decide

import (
	"fmt"
	"maps"
	"math"
	"slices"

	"modeltrial/eval"
	"modeltrial/eval/stats"
)

// judgeWarningAlpha is the level of warnings of a judge (design, section 5).
const judgeWarningAlpha = 0.05

// judgeLimits are the protocol's thresholds of judge diagnostics.
func (a *analyzer) judgeLimits() eval.JudgeThresholds {
	if a.data.Locked == nil {
		return eval.Protocol{}.JudgeLimits()
	}
	return a.data.Locked.Protocol.JudgeLimits()
}

// judged is what one item's people and judges said.
type judgedItem struct {
	control, candidate string
	number, cluster    int                   // number is the rated.item
	people             map[string]*averaging // by rater, both orders averaged
	judges             map[string]*averaging
	orders             map[string]*[2]averaging // by judge: control first, candidate first
}

// judges describes every judge over all use cases.
func (a *analyzer) judges() []eval.JudgeResult {
	items := a.judgedItems()
	families := a.armFamilies()
	names := map[string]bool{}
	for _, item := range items {
		for name := range item.judges {
			names[name] = true
		}
	}
	results := []eval.JudgeResult{}
	for _, name := range slices.Sorted(maps.Keys(names)) {
		results = append(results, a.judge(name, items, families))
	}
	return results
}

// judgedItems gathers the verdicts on every item, in order of appearance.
func (a *analyzer) judgedItems() []*judgedItem {
	if !slices.ContainsFunc(a.ratings, func(r rated) bool { return r.Kind == eval.Judge }) {
		return nil
	}
	known := make([]*judgedItem, a.items)
	var items []*judgedItem
	for _, rating := range a.ratings {
		at := known[rating.item]
		if at == nil {
			at = &judgedItem{
				control: rating.ArmA, candidate: rating.ArmB, number: int(rating.item), cluster: int(rating.cluster),
				people: map[string]*averaging{}, judges: map[string]*averaging{}, orders: map[string]*[2]averaging{},
			}
			known[rating.item] = at
			items = append(items, at)
		}
		var of map[string]*averaging
		switch rating.Kind {
		case eval.Human:
			of = at.people
		case eval.Judge:
			of = at.judges
			if at.orders[rating.Rater] == nil {
				at.orders[rating.Rater] = &[2]averaging{}
			}
			switch rating.First {
			case eval.SideA:
				at.orders[rating.Rater][0].add(rating.Score)
			case eval.SideB:
				at.orders[rating.Rater][1].add(rating.Score)
			}
		default:
			continue
		}
		if of[rating.Rater] == nil {
			of[rating.Rater] = &averaging{}
		}
		of[rating.Rater].add(rating.Score)
	}
	return items
}

func (a *analyzer) judge(name string, items []*judgedItem, families map[string][]string) eval.JudgeResult {
	result := eval.JudgeResult{Judge: name, Warnings: []string{}, WhyMissing: map[string]string{}}
	for _, rating := range a.ratings {
		if rating.Rater == name && rating.Kind == eval.Judge {
			result.Ratings++
			result.Simulated = rating.Simulated
		}
	}
	var shared []*judgedItem
	for _, item := range items {
		if item.judges[name] == nil {
			continue
		}
		result.Tasks++
		if len(item.people) > 0 {
			shared = append(shared, item)
		}
	}
	result.Shared = len(shared)
	a.judgeAgreement(&result, shared)
	a.judgeConsistency(&result, items)
	a.judgeBias(&result, shared)
	a.selfPreference(&result, shared, families)
	a.lengthBias(&result, shared)
	return result
}

// peopleScores are people's scores of the items, each item equal.
func (a *analyzer) peopleScores(items []*judgedItem) []stats.Observation {
	var observations []stats.Observation
	var numbers []int
	for _, item := range items {
		for _, name := range slices.Sorted(maps.Keys(item.people)) {
			observations = append(observations, stats.Observation{
				Score: item.people[name].mean(), Task: item.number, Cluster: item.cluster, Rater: a.raterIndex.of(name),
			})
			numbers = append(numbers, item.number)
		}
	}
	for i, weight := range stats.TaskWeights(numbers) {
		observations[i].Weight = weight
	}
	return observations
}

func scoresBy(judge string, items []*judgedItem) []stats.JudgeScore {
	scores := make([]stats.JudgeScore, len(items))
	for i, item := range items {
		scores[i] = stats.JudgeScore{Score: item.judges[judge].mean(), Weight: 1, Task: item.number, Cluster: item.cluster}
	}
	return scores
}

func (a *analyzer) judgeAgreement(result *eval.JudgeResult, shared []*judgedItem) {
	var counts []stats.VerdictCounts
	for _, item := range shared {
		count := stats.VerdictCounts{
			People: make([]int, verdicts), Judges: make([]int, verdicts), Weight: 1, Task: item.number, Cluster: item.cluster,
		}
		for _, score := range item.people {
			count.People[verdictIndex(score.mean())]++
		}
		count.Judges[verdictIndex(item.judges[result.Judge].mean())]++
		counts = append(counts, count)
	}
	agreement, err := stats.AgreementWithPeople(counts, fixedZ)
	if err != nil {
		for _, field := range []string{"agreement_with_people", "agreement_among_people", "agreement_difference"} {
			result.WhyMissing[field] = err.Error()
		}
		return
	}
	result.WithPeople, result.PeopleAmong = &agreement.Judge, &agreement.People
	result.Difference = interval(agreement.Difference)
	result.Passes = agreement.Difference.Low > -a.judgeLimits().Agreement
	if !result.Passes {
		result.Warnings = append(result.Warnings, fmt.Sprintf("agrees with people on %.0f%% where people agree among themselves on %.0f%%: it is not shown to stand in for a person",
			100*agreement.Judge, 100*agreement.People))
	}
}

func (a *analyzer) judgeConsistency(result *eval.JudgeResult, items []*judgedItem) {
	var pairs []stats.OrderPair
	for _, item := range items {
		orders := item.orders[result.Judge]
		if orders == nil || orders[0].count == 0 || orders[1].count == 0 {
			continue
		}
		pairs = append(pairs, stats.OrderPair{
			ControlFirst: orders[0].mean(), CandidateFirst: orders[1].mean(), Weight: 1, Task: item.number, Cluster: item.cluster,
		})
	}
	if len(pairs) == 0 {
		result.WhyMissing["position_consistency"] = "no comparison was judged in both orders"
		return
	}
	consistency, err := stats.PositionConsistency(pairs, fixedZ)
	if err != nil {
		result.WhyMissing["position_consistency"] = err.Error()
		return
	}
	result.Consistency = interval(consistency)
	if consistency.Estimate < a.judgeLimits().Consistency {
		result.Warnings = append(result.Warnings, fmt.Sprintf("gives the same verdict in both orders only %.0f%% of the time", 100*consistency.Estimate))
	}
}

func (a *analyzer) judgeBias(result *eval.JudgeResult, shared []*judgedItem) {
	bias, err := stats.JudgeBias(a.peopleScores(shared), scoresBy(result.Judge, shared), true)
	if result.Bias = estimated(result.WhyMissing, "bias", bias, err); result.Bias == nil {
		return
	}
	if p, err := bias.TwoSidedP(0); err == nil && p < judgeWarningAlpha {
		result.Warnings = append(result.Warnings, fmt.Sprintf("rates the candidates %+.0f points against people", 100*bias.Estimate))
	}
}

// estimated is the t interval of a mean, or nil with the reason noted.
func estimated(whyMissing map[string]string, field string, mean stats.WeightedMean, err error) *eval.Interval {
	var found stats.Interval
	if err == nil {
		found, err = mean.TInterval(fixedZ)
	}
	return noted(whyMissing, field, found, err)
}

// selfPreference compares the bias of a judge that is of one arm's family with that
// of the judges that are of neither.
func (a *analyzer) selfPreference(result *eval.JudgeResult, shared []*judgedItem, families map[string][]string) {
	const field = "self_preference"
	own := a.judgeFamily(result.Judge)
	if own == "" {
		result.WhyMissing[field] = "the judge's name does not tell its family"
		return
	}
	judgeFamilies := map[string]string{}
	var people []stats.Observation
	var related, unrelated []stats.JudgeScore
	for _, item := range shared {
		control, candidate := slices.Contains(families[item.control], own), slices.Contains(families[item.candidate], own)
		if control == candidate {
			continue
		}
		toward := func(score float64) float64 { // the arm of the judge's family
			if control {
				return 1 - score
			}
			return score
		}
		var others averaging
		for name, score := range item.judges {
			family, known := judgeFamilies[name]
			if !known {
				family = a.judgeFamily(name)
				judgeFamilies[name] = family
			}
			if !mayShare(family, families[item.control]) && !mayShare(family, families[item.candidate]) {
				others.add(score.mean())
			}
		}
		if others.count == 0 {
			continue
		}
		for _, observation := range a.peopleScores([]*judgedItem{item}) {
			observation.Score = toward(observation.Score)
			people = append(people, observation)
		}
		related = append(related, stats.JudgeScore{Score: toward(item.judges[result.Judge].mean()), Weight: 1, Task: item.number, Cluster: item.cluster})
		unrelated = append(unrelated, stats.JudgeScore{Score: toward(others.mean()), Weight: 1, Task: item.number, Cluster: item.cluster})
	}
	if len(related) == 0 {
		result.WhyMissing[field] = "no comparison of one arm of the judge's family was rated by people and by a judge of neither family"
		return
	}
	preference, err := stats.SelfPreference(people, related, unrelated, 1, true)
	result.SelfPreference = estimated(result.WhyMissing, field, preference, err)
	if result.SelfPreference != nil && result.SelfPreference.Low > 0 {
		result.Warnings = append(result.Warnings, fmt.Sprintf("prefers arms of its own family by %.0f points more than other judges do", 100*preference.Estimate))
	}
}

// judgeFamily is the maker's family of a judge's model: as the protocol names it, else
// as the judge's own name tells.
func (a *analyzer) judgeFamily(name string) string {
	if a.data.Locked != nil {
		if judge, ok := a.data.Locked.Protocol.Judge(name); ok {
			return judge.Family()
		}
	}
	return eval.Family(name)
}

// families are the makers' families of the models that an arm calls.
func (a *analyzer) families(arm string) []string {
	if a.data.Locked != nil {
		if known, ok := a.data.Locked.Protocol.Arm(arm); ok {
			return known.Families()
		}
	}
	return eval.Arm{Name: arm}.Families()
}

// armFamilies are the families of every arm that was rated.
func (a *analyzer) armFamilies() map[string][]string {
	families := map[string][]string{}
	for pair := range a.armPairs {
		families[pair.control], families[pair.candidate] = a.families(pair.control), a.families(pair.candidate)
	}
	return families
}

// mayShare says whether an arm that calls models of some families calls one of a family,
// or neither is known.
func mayShare(family string, families []string) bool {
	return slices.Contains(families, family) || family == "" && len(families) == 0
}

func (a *analyzer) lengthBias(result *eval.JudgeResult, shared []*judgedItem) {
	const field = "length_bias"
	lengths := a.lengthDifferences()
	differences := map[int]float64{}
	var known []*judgedItem
	for _, item := range shared {
		if difference := lengths[item.number]; !math.IsNaN(difference) {
			differences[item.number] = difference
			known = append(known, item)
		}
	}
	switch {
	case len(shared) == 0:
		result.WhyMissing[field] = "no task was rated by people and judges"
		return
	case len(known) == 0:
		result.WhyMissing[field] = "the lengths of the answers are not known"
		return
	}
	slope, err := stats.LengthBias(a.peopleScores(known), scoresBy(result.Judge, known), differences, true)
	result.LengthBias = estimated(result.WhyMissing, field, slope, err)
	if result.LengthBias != nil && result.LengthBias.Low > 0 {
		result.Warnings = append(result.Warnings, "favours longer answers more than people do")
	}
}

// lengthDifferences are, for each item, the candidate's length less the control's, in
// characters; NaN where not both are known.
func (a *analyzer) lengthDifferences() []float64 {
	if a.lengths != nil {
		return a.lengths
	}
	type cell struct {
		task int32
		arm  string
	}
	of := map[cell]averaging{}
	for i := range a.answers {
		response := &a.answers[i]
		if response.Length == 0 && !response.Empty {
			continue
		}
		key := cell{int32(response.task), response.Arm}
		known := of[key]
		known.add(float64(response.Length))
		of[key] = known
	}
	a.lengths = slices.Repeat([]float64{math.NaN()}, a.items)
	if len(of) == 0 {
		return a.lengths
	}
	for _, rating := range a.ratings {
		control, candidate := of[cell{rating.task, rating.ArmA}], of[cell{rating.task, rating.ArmB}]
		a.lengths[rating.item] = candidate.mean() - control.mean() // NaN of none
	}
	return a.lengths
}
