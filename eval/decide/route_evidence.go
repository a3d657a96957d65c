package decide

import (
	"cmp"
	"maps"
	"slices"
	"time"

	"modeltrial/audit"
	"modeltrial/eval"
	"modeltrial/eval/stats"
)

var evidenceFields = []string{
	"rater_agreement_alpha", "blinding", "rated_until", "win_rate_degrees_of_freedom",
	"cost_ratio_degrees_of_freedom", "latency_ratio_degrees_of_freedom",
}

// noEvidence is that of a category which no pilot was run in.
func noEvidence(why string) eval.RouteEvidence {
	e := eval.RouteEvidence{Judges: []eval.RouteJudge{}, Served: map[string][]string{}, WhyMissing: map[string]string{}}
	for _, field := range evidenceFields {
		e.WhyMissing[field] = why
	}
	return e
}

// routeEvidence gathers what stands behind the comparison that decides a category.
func (a *analyzer) routeEvidence(chosen *eval.ComparisonResult, analysis eval.Analysis) eval.RouteEvidence {
	key := useCase{chosen.Category, chosen.Control, chosen.Candidate}
	e := eval.RouteEvidence{Judges: a.routeJudges(key), Served: a.served(key), WhyMissing: map[string]string{}}
	if chosen.Agreement != nil {
		e.Alpha = chosen.Agreement.AlphaOrdinal
	}
	if e.Alpha == nil {
		e.WhyMissing["rater_agreement_alpha"] = "no task was rated by two raters, or their verdicts do not vary"
	}
	at := slices.IndexFunc(analysis.Blinding, func(b eval.BlindingResult) bool { return b.Control == key.control && b.Candidate == key.candidate })
	if at < 0 {
		e.WhyMissing["blinding"] = "no rater was asked which answer is the current model's"
	} else {
		e.Blinding = &analysis.Blinding[at]
	}
	if last := a.ratedUntil(key); last.IsZero() {
		e.WhyMissing["rated_until"] = "no rating says when it was given"
	} else {
		e.RatedUntil = &last
	}
	a.degreesOfFreedom(&e, key)
	return e
}

// degreesOfFreedom notes what the intervals of the use case rest on, so that a stored
// table suffices to compute with.
func (a *analyzer) degreesOfFreedom(e *eval.RouteEvidence, key useCase) {
	note := func(field string, df float64, err error) *float64 {
		if err != nil {
			e.WhyMissing[field] = err.Error()
			return nil
		}
		return &df
	}
	mean, err := a.mean(a.evidence(key), 0)
	e.WinRateDF = note("win_rate_degrees_of_freedom", mean.DF, err)
	tasks := a.measure(key)
	var ratio stats.RatioOfMeans
	pairs, err := a.costPairs(key, tasks)
	if err == nil {
		ratio, err = stats.Ratio(pairs)
	}
	e.CostRatioDF = note("cost_ratio_degrees_of_freedom", ratio.DF, err)
	var logs stats.WeightedMean
	pairs, err = a.latencyPairs(key, tasks)
	if err == nil {
		logs, err = stats.LogRatios(pairs)
	}
	e.LatencyDF = note("latency_ratio_degrees_of_freedom", logs.DF, err)
}

// ratedUntil is the time of the last rating that counts; zero where none says.
func (a *analyzer) ratedUntil(key useCase) time.Time {
	e := a.evidence(key)
	var last int64
	for _, ratings := range [][]rated{e.ratings, e.judged} {
		for i := range ratings {
			last = max(last, ratings[i].ratedAt)
		}
	}
	if last == 0 {
		return time.Time{}
	}
	return time.UnixMicro(last).UTC()
}

// served lists for each arm of a use case the models that answered.
func (a *analyzer) served(key useCase) map[string][]string {
	names := map[string]map[string]bool{}
	for i := range a.answers {
		r := &a.answers[i]
		if r.Served == "" || !a.inScope(key, r.Category) || (r.Arm != key.control && r.Arm != key.candidate) {
			continue
		}
		if names[r.Arm] == nil {
			names[r.Arm] = map[string]bool{}
		}
		names[r.Arm][r.Served] = true
	}
	served := map[string][]string{}
	for arm, models := range names {
		served[arm] = slices.Sorted(maps.Keys(models))
	}
	return served
}

// routeJudges says how far each judge of a use case agrees with people there.
func (a *analyzer) routeJudges(key useCase) []eval.RouteJudge {
	category := make([]audit.Category, a.items)
	for i := range a.ratings {
		category[a.ratings[i].item] = a.ratings[i].Category
	}
	judged := map[string][]*judgedItem{}
	for _, item := range a.judgedItems() {
		if item.control != key.control || item.candidate != key.candidate || !a.inScope(key, category[item.number]) {
			continue
		}
		for name := range item.judges {
			judged[name] = append(judged[name], item)
		}
	}
	judges := []eval.RouteJudge{}
	for _, name := range slices.Sorted(maps.Keys(judged)) {
		shared := slices.DeleteFunc(judged[name], func(item *judgedItem) bool { return len(item.people) == 0 })
		result := eval.JudgeResult{Judge: name, WhyMissing: map[string]string{}}
		a.judgeAgreement(&result, shared)
		a.judgeBias(&result, shared)
		judges = append(judges, eval.RouteJudge{
			Judge: name, Shared: len(shared), WithPeople: result.WithPeople, PeopleAmong: result.PeopleAmong,
			Difference: result.Difference, Passes: result.Passes, Bias: result.Bias,
			WhyMissing: cmp.Or(result.WhyMissing["agreement_difference"], result.WhyMissing["bias"]),
		})
	}
	return judges
}
