package decide

import (
	"fmt"

	"modeltrial/eval"
	"modeltrial/eval/stats"
)

const alpha = eval.ClaimAlpha

// decide applies the decision rule in its fixed order. The control is the
// default: what is not shown does not switch. Reason names the number that
// decided.
func (a *analyzer) decide(r *eval.ComparisonResult) {
	over, open := a.end(r)
	undecided := func(atTheEnd eval.DecisionKind, why string) {
		if over {
			r.Decision, r.Reason = atTheEnd, string(atTheEnd)+": "+why
			if atTheEnd == eval.Keep {
				r.Reason = "keep " + r.Control + ": " + why
			}
			return
		}
		r.Decision, r.Reason = eval.Continue, "not yet: "+open+why
	}
	if r.Source == eval.SourceNone {
		r.Decision, r.Reason = eval.Continue, "not yet: nothing has been rated"
		return
	}
	if r.WinRate == nil {
		undecided(eval.NoDecision, r.WhyMissing["win_rate"])
		return
	}
	lean := 0.0 // of judges who decide alone
	if r.Source == eval.SourceJudge {
		records, why := a.judgesAlone(a.evidence(useCase{r.Category, r.Control, r.Candidate}))
		if why != "" {
			undecided(eval.Keep, "judged by models only, who say "+rate(r.WinRate)+"; "+why)
			return
		}
		lean = leaning(records)
		defer func() { r.Reason += "; decided by " + credentials(records) }()
	}
	better := under(r.PValueAdjusted) && shownAbove(r, 0.5, lean)
	if better && a.withinCost(r) {
		r.Decision = eval.Switch
		r.Reason = fmt.Sprintf("%s is preferred on %s of tasks, adjusted p %s", r.Candidate, rate(r.WinRateAlwaysValid), pText(r.PValueAdjusted))
		return
	}
	if under(r.NonInferiorityPAdjusted) && under(r.CostPAdjusted) && shownAbove(r, 0.5-a.margin, lean) {
		r.Decision = eval.SwitchForCost
		r.Reason = fmt.Sprintf("%s is not worse within %.0f points (adjusted p %s) and costs %.2f times as much (adjusted p %s)",
			r.Candidate, 100*a.margin, pText(r.NonInferiorityPAdjusted), r.CostRatio.Estimate, pText(r.CostPAdjusted))
		return
	}
	if valid := r.WinRateAlwaysValid; valid != nil {
		if valid.High <= 0.5-a.margin {
			r.Decision = eval.Keep
			r.Reason = fmt.Sprintf("%s is preferred on %s of tasks: at most %.0f%%", r.Candidate, rate(valid), 100*valid.High)
			return
		}
		if valid.High < 0.5 && r.CostRatioAlwaysValid != nil && r.CostRatioAlwaysValid.Low >= 1-a.saving {
			r.Decision = eval.Keep
			r.Reason = fmt.Sprintf("%s is preferred on %s of tasks and saves at most %.0f%%",
				r.Candidate, rate(valid), 100*(1-r.CostRatioAlwaysValid.Low))
			return
		}
	}
	if better {
		undecided(eval.Keep, fmt.Sprintf("%s is preferred on %s of tasks, but its cost is not shown to be at most %.2f times the control's",
			r.Candidate, rate(r.WinRateAlwaysValid), *a.maxCostRatio))
		return
	}
	if lean > 0 && (under(r.PValueAdjusted) || under(r.NonInferiorityPAdjusted) && under(r.CostPAdjusted)) {
		undecided(eval.Keep, fmt.Sprintf("%s is preferred on %s of tasks, which is not enough where judges alone decide who may favour candidates by %.1f points", r.Candidate, rate(r.WinRateAlwaysValid), 100*lean))
		return
	}
	undecided(eval.Keep, a.nearest(r))
}

// shownAbove says whether the win rate is above a border by more than judges may lean
// to candidates. Where they do not decide alone, or do not lean, it is the test's to say.
//
// The limit holds at every look. Where both it and that of the bias are upper limits of
// independent errors at the same level, their sum is exceeded more rarely than either,
// since √(σ₁² + σ₂²) ≤ σ₁ + σ₂.
func shownAbove(r *eval.ComparisonResult, border, lean float64) bool {
	return lean == 0 || r.WinRateAlwaysValid != nil && r.WinRateAlwaysValid.Low > border+lean
}

// end says whether the planned weeks are over for a use case and, where its last
// week has begun and is not closed, what is awaited.
func (a *analyzer) end(r *eval.ComparisonResult) (over bool, open string) {
	if a.throughWeek == 0 {
		return a.data.Locked == nil, ""
	}
	e := a.evidence(useCase{r.Category, r.Control, r.Candidate})
	if e.over(a.weeks) {
		return true, ""
	}
	if a.throughWeek < a.weeks {
		return false, ""
	}
	if open := e.outstanding(a.weeks); open > 0 {
		return false, fmt.Sprintf("%d tasks of week %d lack an answer or a rating; ", open, a.weeks)
	}
	return false, fmt.Sprintf("ratings of week %d are still to come; ", a.weeks)
}

func (a *analyzer) withinCost(r *eval.ComparisonResult) bool {
	if a.maxCostRatio == nil {
		return true
	}
	return r.CostRatioAlwaysValid != nil && r.CostRatioAlwaysValid.High <= *a.maxCostRatio
}

// nearest says which claim is not shown yet, with its number.
func (a *analyzer) nearest(r *eval.ComparisonResult) string {
	valid := rate(r.WinRateAlwaysValid)
	switch {
	case under(r.NonInferiorityPAdjusted) && r.CostRatio == nil:
		return fmt.Sprintf("not worse within %.0f points is shown, but the costs are not known: %s", 100*a.margin, r.WhyMissing["cost_ratio"])
	case under(r.NonInferiorityPAdjusted):
		return fmt.Sprintf("not worse within %.0f points is shown, a saving of at least %.0f%% is not (cost ratio %.2f)", 100*a.margin, 100*a.saving, r.CostRatio.Estimate)
	case under(r.CostPAdjusted):
		return fmt.Sprintf("cheaper by at least %.0f%% is shown, not worse within %.0f points is not (preferred on %s of tasks)", 100*a.saving, 100*a.margin, valid)
	}
	return fmt.Sprintf("preferred on %s of tasks shows neither better nor worse (adjusted p %s)", valid, pText(r.PValueAdjusted))
}

func under(p *float64) bool { return p != nil && *p <= alpha }

// pText writes a p-value as in "= 0.012".
func pText(p *float64) string {
	const least = 0.0001
	switch {
	case p == nil:
		return "unknown"
	case *p < least:
		return fmt.Sprintf("< %g", least)
	}
	return fmt.Sprintf("= %.2g", *p)
}

// rate writes a rate with its interval as in "61% (54–68%)".
func rate(i *eval.Interval) string {
	if i == nil {
		return "an unknown share"
	}
	return fmt.Sprintf("%.0f%% (%.0f–%.0f%%)", 100*i.Estimate, 100*i.Low, 100*i.High)
}

// better says whether candidate x beats candidate y directly on the tasks that
// both were rated on against the control: the difference of scores by one rater
// where the same rater rated both, else of the tasks' means (design, section 8).
func (a *analyzer) better(x, y useCase) bool {
	mine, theirs := a.evidence(x), a.evidence(y)
	type cell struct{ task, rater int }
	other, otherTask := map[cell]float64{}, map[int]*averaging{}
	for _, observation := range a.observations(theirs.ratings) {
		other[cell{observation.Task, observation.Rater}] = observation.Score
		if otherTask[observation.Task] == nil {
			otherTask[observation.Task] = &averaging{}
		}
		otherTask[observation.Task].add(observation.Score)
	}
	var differences []stats.Observation
	var tasks []int
	for _, observation := range a.observations(mine.ratings) {
		score, same := other[cell{observation.Task, observation.Rater}]
		if !same {
			mean := otherTask[observation.Task]
			if mean == nil {
				continue
			}
			score = mean.mean()
		}
		observation.Score -= score
		differences = append(differences, observation)
		tasks = append(tasks, observation.Task)
	}
	for i, weight := range stats.TaskWeights(tasks) {
		differences[i].Weight = weight
	}
	mean, err := stats.Mean(differences, mine.kind == eval.Human && theirs.kind == eval.Human)
	if err != nil {
		return false
	}
	test, err := mean.TTest(0)
	return err == nil && test.P <= alpha
}
