package decide

import (
	"fmt"
	"math"
	"slices"

	"modeltrial/eval"
	"modeltrial/eval/stats"
)

// A lastLook is what the latest look of a use case rests on.
type lastLook struct {
	look
	estimate
	better stats.LookResult
}

// explain writes the calculation of a use case step by step with its own numbers, in
// the order in which a person would follow it.
func (a *analyzer) explain(r *eval.ComparisonResult, all []eval.ComparisonResult) []eval.ExplainedStep {
	var steps []eval.ExplainedStep
	add := func(what, formula string, value float64) {
		steps = append(steps, eval.ExplainedStep{What: what, Formula: formula, Value: value})
	}
	say := func(what, formula, text string) {
		steps = append(steps, eval.ExplainedStep{What: what, Formula: formula, Text: text})
	}
	last, known := a.last[useCase{r.Category, r.Control, r.Candidate}]
	if !known || r.WinRate == nil {
		say("win rate", "", "not computed: "+r.WhyMissing["win_rate"])
		say("decision", "", r.Reason)
		return steps
	}
	m := last.WeightedMean
	say("source", "whose ratings count, by counts only", string(r.Source))
	add("tasks", "T, each counts 1/T", float64(m.Tasks))
	add("ratings", "n, of a task with m of them each counts 1/(T·m)", float64(m.Observations))
	if lost := r.LostControl + r.LostCandidate; lost > 0 {
		add("lost tasks", "tasks that one arm alone answered count as its losses", float64(lost))
	}
	add("win rate", "θ = Σ w·s; s is 1 for the candidate, ½ for a tie, 0 for the control", m.Estimate)
	if c := last.combined; c != nil {
		add("people's win rate", "mean of people's scores Y", c.PeopleMean)
		add("judges on people's tasks", "mean of judges' scores f", c.JudgeMean)
		add("judges on the other tasks", fmt.Sprintf("mean of f over N = %d tasks", c.JudgeOnlyTasks), c.JudgeOnlyMean)
		add("weight of the judges", "λ = Cov(Y,f)/((1 + n/N)·Var f), kept within 0 and 1", c.Lambda)
		add("combined win rate", "θ = mean Y + λ·(mean f of the others − mean f of people's tasks)", m.Estimate)
	}
	add("task clusters, effective", "G_T = 1/ΣW²", m.EffectiveClusters)
	add("variance between tasks", "V_T = Σ(Σ w·(s−θ))²/(1 − ΣW²), by task cluster", m.VarianceTask)
	if m.RatersSampled {
		add("raters, effective", "G_R = 1/ΣW²", m.EffectiveRaters)
		add("variance between raters", "V_R, the same by rater", m.VarianceRater)
		add("variance of single ratings", "V_C, the same by rating", m.VarianceCell)
		add("raters' tastes", "U = max(V_R − V_C, 0)", math.Max(m.VarianceRater-m.VarianceCell, 0))
	}
	if c := last.combined; c != nil {
		add("variance of the judges", "λ²·Var(f)/N of the other tasks", c.VarianceJudge)
	}
	add("variance", varianceFormula(last), m.Variance)
	add("standard error", "√V", m.StandardError())
	add("degrees of freedom", "V²/(V_T²/(G_T−1) + …), Satterthwaite", m.DF)
	add("effective sample size", "n* = θ(1−θ)/V; the number of clusters where V = 0", m.EffectiveSampleSize())
	c := stats.TCritical(fixedZ, m.DF)
	add("critical value", "c = t quantile at Φ(1.96)", c)
	n := m.EffectiveSampleSize()
	theta := min(max(m.Estimate, 0), 1)
	add("centre", "(θ + c²/2n*)/(1 + c²/n*)", (theta+c*c/(2*n))/(1+c*c/n))
	add("half width", "c/(1 + c²/n*)·√(θ(1−θ)/n* + c²/4n*²)", c/(1+c*c/n)*math.Sqrt(theta*(1-theta)/n+c*c/(4*n*n)))
	say("win rate, looked at once", "centre ± half width", rate4(r.WinRate))
	a.explainLooks(last, add)
	say("win rate, always valid", "the same with c = t quantile at Φ(critical value)", rate4(r.WinRateAlwaysValid))
	if superiority, err := m.WinRateTest(0.5); err == nil {
		add("better: z", "z of T = (θ − ½)/√(¼/n*)", superiority.Z)
	}
	explainP(r, all, add, say)
	if r.Source == eval.SourceJudge {
		if records, why := a.judgesAlone(a.evidence(useCase{r.Category, r.Control, r.Candidate})); why == "" {
			add("judges' favour", "upper limit of their win rate less people's in the earlier pilot, at least 0; the lower limit above must exceed ½, or ½ less the margin, by it", leaning(records))
		}
	}
	if r.CostRatio != nil {
		say("cost ratio", "mean of the candidate's costs ÷ mean of the control's, Fieller's limits", rate4(r.CostRatio))
	}
	say("decision", "switch: adjusted p of better ≤ 0.025; switch for cost: adjusted p of not worse and of cheaper ≤ 0.025; else keep or continue", string(r.Decision)+": "+r.Reason)
	return steps
}

func varianceFormula(last lastLook) string {
	switch {
	case last.combined != nil && last.RatersSampled:
		return "V = V_T + U of s − λ·f, and the judges' variance"
	case last.combined != nil:
		return "V = V_T of s − λ·f, and the judges' variance"
	case last.RatersSampled:
		return "V = V_T + U"
	}
	return fmt.Sprintf("V = V_T: raters are a sample of all who might rate only from %d people on", stats.MinRaters)
}

// explainLooks says where the boundary of the latest look comes from.
func (a *analyzer) explainLooks(last lastLook, add func(string, string, float64)) {
	if last.better.Fraction > 0 {
		add("information", fmt.Sprintf("t = tasks so far ÷ planned tasks, 1 in week %d", a.weeks), last.better.Fraction)
		add("boundary of the planned look", "Lan–DeMets: what 80% of the error leaves at t", last.better.Boundary)
	}
	if !math.IsInf(last.better.Multiplier, 1) {
		add("boundary of every moment", "√(2(1 + 1/r)·ln(1 + √(1+r)/2a)), 20% of the error", last.better.Multiplier)
	}
	if !math.IsInf(last.better.Critical, 1) {
		add("critical value of this look", "the smaller of them", last.better.Critical)
	}
}

// explainP follows the p-values from the looks to Holm's procedure.
func explainP(r *eval.ComparisonResult, all []eval.ComparisonResult, add func(string, string, float64), say func(string, string, string)) {
	if r.PValue == nil || r.PValueAdjusted == nil {
		return
	}
	add("better: p", "smallest error rate at which a boundary was crossed at some look so far", *r.PValue)
	var family []float64
	for _, other := range all {
		p := 1.0
		if other.PValue != nil {
			p = *other.PValue
		}
		family = append(family, p)
	}
	slices.Sort(family)
	at := slices.Index(family, *r.PValue)
	say("use cases, p in order", "Holm: the k-th of K is multiplied by K − k + 1, and none is below an earlier one", fmt.Sprintf("%.3g", family))
	add("better: adjusted p", fmt.Sprintf("number %d of %d in that order", at+1, len(family)), *r.PValueAdjusted)
	if r.NonInferiorityP != nil && r.NonInferiorityPAdjusted != nil {
		add("not worse: p", "against ½ less the margin", *r.NonInferiorityP)
		add("not worse: adjusted p", "Holm with this p in the place of better's (closed testing)", *r.NonInferiorityPAdjusted)
	}
	if r.CostP != nil && r.CostPAdjusted != nil {
		add("cheaper: p", "that the cost ratio is at least 1 less the minimum saving", *r.CostP)
		add("cheaper: adjusted p", "Holm within the costs", *r.CostPAdjusted)
	}
}

// rate4 writes an interval with the digits that a check by hand needs.
func rate4(i *eval.Interval) string {
	if i == nil {
		return "unknown"
	}
	return fmt.Sprintf("%.4f [%.4f, %.4f]", i.Estimate, i.Low, i.High)
}
