package decide

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"strings"

	"modeltrial/eval"
)

// dataWarnings tells what is odd about the data as a whole: told, not hidden.
func (a *analyzer) dataWarnings() []string {
	warnings := []string{}
	p := a.provenance()
	ratings := p.RatingsSimulated + p.RatingsByPeople + p.RatingsByJudges + p.RatingsByChecks
	if p.RatingsSimulated > 0 {
		warnings = append(warnings, fmt.Sprintf("%d of %d ratings are simulated: they show how modeltrial works, not what a model can do", p.RatingsSimulated, ratings))
	}
	if p.ResponsesSimulated > 0 {
		warnings = append(warnings, fmt.Sprintf("%d of %d answers are simulated", p.ResponsesSimulated, len(a.answers)))
	}
	switch models := a.modelsAmongPeople(); {
	case len(models) == 1:
		warnings = append(warnings, fmt.Sprintf("%s counts as a person and is named like a model: say in a column kind that it is a judge, or choose the raters", models[0]))
	case len(models) > 1:
		warnings = append(warnings, fmt.Sprintf("%s count as people and are named like models: say in a column kind that they are judges, or choose the raters", listed(models)))
	}
	type text struct{ arm, sha string }
	tasksOf := map[text]map[string]bool{}
	empty := map[string]int{}
	for i := range a.answers {
		response := &a.answers[i]
		if response.Empty {
			empty[response.Arm]++
			continue
		}
		if response.TextSHA256 == "" {
			continue
		}
		key := text{response.Arm, response.TextSHA256}
		if tasksOf[key] == nil {
			tasksOf[key] = map[string]bool{}
		}
		tasksOf[key][response.TaskID] = true
	}
	repeated := map[string]int{}
	for key, tasks := range tasksOf {
		if len(tasks) > 1 {
			repeated[key.arm] += len(tasks)
		}
	}
	warnings = append(warnings, perArm(empty, "%s gave %d empty answers; they stay in, as assigned")...)
	return append(warnings, perArm(repeated, "%s answered %d different tasks with a text that it also gave to another")...)
}

// modelsAmongPeople are the human raters with the name of a model and its version.
func (a *analyzer) modelsAmongPeople() []string {
	var models []string
	seen := make([]bool, len(a.raterIndex))
	for i := range a.ratings {
		r := &a.ratings[i]
		if seen[r.rater] {
			continue
		}
		seen[r.rater] = true
		if r.Kind == eval.Human && eval.Family(r.Rater) != "" && strings.ContainsAny(r.Rater, "0123456789") {
			models = append(models, r.Rater)
		}
	}
	slices.Sort(models)
	return models
}

func perArm(counts map[string]int, format string) []string {
	arms := make([]string, 0, len(counts))
	for arm := range counts {
		arms = append(arms, arm)
	}
	slices.SortFunc(arms, cmp.Compare[string])
	var warnings []string
	for _, arm := range arms {
		warnings = append(warnings, fmt.Sprintf(format, arm, counts[arm]))
	}
	return warnings
}

// familyWarnings name the judges that rated an arm of their own maker's family, which
// they may prefer.
func (a *analyzer) familyWarnings() []string {
	type judged struct{ rater, arms int32 }
	seen := map[judged]bool{}
	own := map[string][]string{} // arms by judge
	for i := range a.ratings {
		r := &a.ratings[i]
		key := judged{r.rater, r.arms}
		if r.Kind != eval.Judge || seen[key] {
			continue
		}
		seen[key] = true
		family := a.judgeFamily(r.Rater)
		for _, arm := range []string{r.ArmA, r.ArmB} {
			if family != "" && slices.Contains(a.families(arm), family) && !slices.Contains(own[r.Rater], arm) {
				own[r.Rater] = append(own[r.Rater], arm)
			}
		}
	}
	var warnings []string
	for _, judge := range slices.Sorted(maps.Keys(own)) {
		slices.Sort(own[judge])
		warnings = append(warnings, fmt.Sprintf("judge %s is of the same family (%s) as %s, which it rated, and may prefer it", judge, a.judgeFamily(judge), listed(own[judge])))
	}
	return warnings
}

// warn adds what a reader of one use case must know.
func (a *analyzer) warn(r *eval.ComparisonResult, key useCase) {
	all := a.evidence(key).all
	if r.Source == eval.SourceJudge {
		switch _, why := a.judgesAlone(a.evidence(key)); {
		case a.data.Locked == nil || !a.data.Locked.Protocol.JudgesMayDecide:
			r.Warnings = append(r.Warnings, "rated by judge models only: shown, and never a reason to switch")
		case why != "":
			r.Warnings = append(r.Warnings, "rated by judge models only: shown, and no reason to switch, although the protocol sets judges_may_decide: "+why)
		default:
			r.Warnings = append(r.Warnings, "rated by judge models only, who may decide: it holds as far as they see these tasks as they saw those of the earlier pilot, where people rated too")
		}
	}
	if people := len(ofKind(all, eval.Human)); r.Source != eval.SourceHuman && r.Source != eval.SourceCombined && people > 0 {
		r.Warnings = append(r.Warnings, fmt.Sprintf("%d ratings by people are too few to count yet", people))
	}
	if r.LostControl > 0 {
		r.Warnings = append(r.Warnings, fmt.Sprintf("%d tasks have no answer of %s and count as its losses", r.LostControl, key.control))
	}
	if r.LostCandidate > 0 {
		r.Warnings = append(r.Warnings, fmt.Sprintf("%d tasks have no answer of %s and count as its losses", r.LostCandidate, key.candidate))
	}
	if p := r.PositionEffect; p != nil && p.PValue < 0.05 && (p.CandidateFirstShare < 0.45 || p.CandidateFirstShare > 0.55) {
		r.Warnings = append(r.Warnings, fmt.Sprintf("the answer shown first has an advantage of %.0f points, and the candidate was first in %.0f%% of ratings",
			100*p.Estimate, 100*p.CandidateFirstShare))
	}
}
