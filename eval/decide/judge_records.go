package decide

import (
	"fmt"
	"reflect"
	"slices"
	"strings"

	"modeltrial/eval"
)

// What judges alone say leads to a switch only where three things hold: the protocol
// sets judges_may_decide; every judge whose ratings count passed against people in the
// same category of a pilot that had been decided on when this protocol was locked; and
// the result is larger than the favour for candidates that the judges may have shown
// there. The last is not a part of passing: a judge that agrees with people as often as
// they do among themselves can still lean to one side where they differ.

// judgesAlone says what entitles the judges of a use case to decide, or why they may not.
func (a *analyzer) judgesAlone(e *evidence) (records []*eval.JudgeRecord, why string) {
	if a.data.Locked == nil || !a.data.Locked.Protocol.JudgesMayDecide {
		return nil, "judges alone do not decide"
	}
	var judges []string
	simulated := true
	seen := make([]bool, len(a.raterIndex))
	for i := range e.ratings {
		r := &e.ratings[i]
		simulated = simulated && r.Simulated
		if !seen[r.rater] {
			seen[r.rater] = true
			judges = append(judges, r.Rater)
		}
	}
	slices.Sort(judges)
	for _, judge := range judges {
		record, why := a.judgeRecord(judge, e.key, simulated)
		if why != "" {
			return nil, why
		}
		records = append(records, record)
	}
	return records, ""
}

// judgeRecord is the newest record of a judge that entitles it to decide a use case, or
// why there is none. The newest pilot that measured it counts: a judge that failed there
// is not saved by an older one.
func (a *analyzer) judgeRecord(judge string, key useCase, simulated bool) (record *eval.JudgeRecord, why string) {
	locked := a.data.Locked
	now, named := locked.Protocol.Judge(judge)
	if !named {
		return nil, fmt.Sprintf("the protocol does not say which model judge %s is", judge)
	}
	if locked.Protocol.SharesFamily(now, key.control, key.candidate) {
		return nil, fmt.Sprintf("judge %s is of the same family as %s or %s and may prefer it", judge, key.control, key.candidate)
	}
	why = fmt.Sprintf("judge %s was not measured against people in %s in an earlier pilot, decided on with route recommend before this protocol was locked", judge, key.category)
	for i := range slices.Backward(a.data.JudgeRecords) {
		r := &a.data.JudgeRecords[i]
		if r.Judge != judge || r.Category != key.category || r.ProtocolSHA256 == locked.SHA256 || !r.DecidedAt.Before(locked.LockedAt) {
			continue
		}
		there := fmt.Sprintf("in the pilot of routing table %d", r.Table)
		switch {
		case r.Difference == nil && r.Shared == 0:
			continue
		case r.Difference == nil:
			why = fmt.Sprintf("judge %s was not measured against people %s: %s", judge, there, r.WhyMissing)
			continue
		case !reflect.DeepEqual(r.Instrument, now):
			return nil, fmt.Sprintf("judge %s was another model, or had other parameters, %s", judge, there)
		case r.Rubric != locked.Protocol.Rubrics[key.category]:
			return nil, fmt.Sprintf("judge %s went by another rubric %s", judge, there)
		case r.Mixed:
			return nil, fmt.Sprintf("what judge %s was told, or the model that answered for it, has changed since its first call", judge)
		case r.Simulated && !simulated:
			return nil, fmt.Sprintf("the ratings %s were simulated", there)
		case r.Difference.Low <= -locked.Protocol.JudgeLimits().Agreement: // the limit there may have been another
			return nil, fmt.Sprintf("judge %s did not pass %s (its agreement with people less theirs among themselves may be as low as %+.0f points, the limit is %+.0f)", judge, there, 100*r.Difference.Low, -100*locked.Protocol.JudgeLimits().Agreement)
		case r.Bias == nil:
			return nil, fmt.Sprintf("it is not known %s by how much judge %s favours candidates", there, judge)
		}
		return r, ""
	}
	return nil, why
}

// MeasureJudges is what a routing table of a pilot says of its judges beside people, for
// each use case, without the rest of the table. It returns [ErrNoRatings] as [Analyze] does.
func MeasureJudges(data eval.Dataset) ([]eval.JudgeRecord, error) {
	a, _, err := gather(data, Options{}).ruled(data, Options{})
	if err != nil {
		return nil, err
	}
	simulated := a.provenance().RatingsSimulated > 0
	var records []eval.JudgeRecord
	for _, key := range a.useCases() {
		for _, judge := range a.routeJudges(key) {
			records = append(records, eval.JudgeRecord{RouteJudge: judge, Category: key.category, Simulated: simulated})
		}
	}
	return records, nil
}

// leaning is how much of a win rate above the one that judges are to show may be their
// favour for candidates: the largest upper limit of their biases, at least 0.
func leaning(records []*eval.JudgeRecord) float64 {
	most := 0.0
	for _, r := range records {
		most = max(most, r.Bias.High)
	}
	return most
}

// credentials say what entitles judges to decide.
func credentials(records []*eval.JudgeRecord) string {
	texts := make([]string, len(records))
	for i, r := range records {
		texts[i] = fmt.Sprintf("judge %s, which in the pilot of routing table %d (%s) agreed with people on %.0f%% of tasks, they among themselves on %.0f%%, and favoured candidates by %s points",
			r.Judge, r.Table, r.DecidedAt.Format("2006-01-02"), 100**r.WithPeople, 100**r.PeopleAmong, points(r.Bias))
	}
	return strings.Join(texts, "; ")
}

// points writes an interval of win-rate points as in "+2 (-3 to +7)".
func points(i *eval.Interval) string {
	return fmt.Sprintf("%+.0f (%+.0f to %+.0f)", 100*i.Estimate, 100*i.Low, 100*i.High)
}
