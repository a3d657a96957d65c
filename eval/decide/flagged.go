package decide

import (
	"cmp"
	"fmt"
	"slices"

	"modeltrial/eval"
)

// A shownPair is a task with two arms, in the order of their names.
type shownPair struct{ task, low, high string }

func pairOf(task, x, y string) shownPair { return shownPair{task, min(x, y), max(x, y)} }

// flaggedPairs are the comparisons that the protocol's rule on flagged answers excludes.
func flaggedPairs(data eval.Dataset) map[shownPair]bool {
	excluded := map[shownPair]bool{}
	for _, check := range data.Checks {
		if check.Excluded {
			excluded[pairOf(check.TaskID, check.ArmA, check.ArmB)] = true
		}
	}
	return excluded
}

// leaveOutFlagged takes the guesses of excluded comparisons out; their ratings were never
// gathered.
func (a *analyzer) leaveOutFlagged() {
	if len(a.excluded) == 0 {
		return
	}
	a.data.Guesses = slices.DeleteFunc(slices.Clone(a.data.Guesses), func(g eval.Guess) bool { return a.excluded[pairOf(g.TaskID, g.ArmA, g.ArmB)] })
}

// withFlagged is the data with the comparisons that the rule excludes.
func (a *analyzer) withFlagged() (eval.Dataset, int) {
	if len(a.flagged) == 0 {
		return eval.Dataset{}, 0
	}
	rest := a.data
	rest.Ratings, rest.Responses, rest.Checks = append(a.asGiven(a.ratings), a.flagged...), givenAnswers(a.answers), nil
	return rest, len(a.flagged)
}

// masking says for each arm how often its answers had something to hide, by name.
func (a *analyzer) masking(throughWeek int) []eval.MaskingResult {
	of := map[string]*eval.MaskingResult{}
	for _, check := range a.data.Checks {
		if throughWeek > 0 && check.Week > throughWeek {
			continue
		}
		for side, arm := range map[eval.Side]string{eval.SideA: check.ArmA, eval.SideB: check.ArmB} {
			result := of[arm]
			if result == nil {
				result = &eval.MaskingResult{Arm: arm}
				of[arm] = result
			}
			masks := check.MasksA
			if side == eval.SideB {
				masks = check.MasksB
			}
			result.Answers++
			if masks > 0 {
				result.Masked++
			}
			if slices.ContainsFunc(check.Flags, func(f eval.AnswerFlag) bool { return f.Side == side }) {
				result.Flagged++
			}
		}
	}
	results := []eval.MaskingResult{}
	for _, result := range of {
		results = append(results, *result)
	}
	slices.SortFunc(results, func(x, y eval.MaskingResult) int { return cmp.Compare(x.Arm, y.Arm) })
	return results
}

// flaggedWarnings say how many comparisons have an answer that tells its arm although
// names are hidden, and what becomes of them.
func (a *analyzer) flaggedWarnings(throughWeek int) []string {
	flagged, excluded, checked := 0, 0, 0
	for _, check := range a.data.Checks {
		if throughWeek > 0 && check.Week > throughWeek {
			continue
		}
		checked++
		if len(check.Flags) > 0 {
			flagged++
		}
		if check.Excluded {
			excluded++
		}
	}
	switch {
	case excluded > 0:
		return []string{fmt.Sprintf("%d of %d comparisons have an answer that tells its model although names are hidden; they and their %d ratings are left out, by the protocol's rule", excluded, checked, len(a.flagged))}
	case flagged > 0:
		return []string{fmt.Sprintf("%d of %d comparisons have an answer that tells its model although names are hidden; they count like the others, by the protocol's rule", flagged, checked)}
	}
	return nil
}
