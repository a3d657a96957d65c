package report

import (
	"fmt"
	"slices"
	"strings"

	"modeltrial/eval"
)

// whyMissing says why a field of the use cases is not known: each reason once, and of
// which use cases where not all have it. It is empty where nothing is missing.
func whyMissing(comparisons []eval.ComparisonResult, field string) string {
	var reasons []string
	of := map[string][]string{}
	for _, c := range comparisons {
		reason := c.WhyMissing[field]
		if reason == "" {
			continue
		}
		if of[reason] == nil {
			reasons = append(reasons, reason)
		}
		of[reason] = append(of[reason], useCaseName(c))
	}
	if len(reasons) == 1 && len(of[reasons[0]]) == len(comparisons) {
		return reasons[0]
	}
	for i, reason := range reasons {
		reasons[i] = and(of[reason]) + ": " + reason
	}
	return strings.Join(reasons, "; ")
}

// combinationText says what people and what judges said, and what both together give.
func combinationText(c eval.ComparisonResult) string {
	if c.Combination == nil || c.WinRate == nil {
		return ""
	}
	m, n := c.Combination, c.Tasks
	return fmt.Sprintf("people alone: %s on %s; judges: %s on the same tasks and %s on %s that people did not get to; together %s, judges weighing λ = %.2f",
		Rate(m.PeopleAlone, n), counted(n, "task", "tasks"), Rate(m.JudgesShared, n), Rate(m.JudgesOnly, n), counted(c.JudgedTasks, "task", "tasks"), Rate(c.WinRate.Estimate, n), m.Lambda)
}

// sourceText says whose ratings a use case rests on.
func sourceText(p eval.Provenance, c eval.ComparisonResult) string {
	simulated := ""
	switch {
	case p.RatingsSimulated == ratingsTotal(p):
		simulated = ", all of them simulated"
	case p.RatingsSimulated > 0:
		simulated = ", some of them simulated"
	}
	switch c.Source {
	case eval.SourceHuman:
		return "rests on people's ratings" + simulated
	case eval.SourceCombined:
		return "rests on people's and judges' ratings together" + simulated
	case eval.SourceJudge:
		return "rests on ratings of judge models alone" + simulated
	case eval.SourceCheck:
		return "rests on automatic checks" + simulated
	}
	return ""
}

// firstPass shows the share of answers that pass the checks, control and candidate.
func firstPass(in Input) rowFigure {
	series := candidateSeries(in.Analysis)
	f := rowFigure{label: "Share of answers that pass the checks, control and candidate.", scale: shares("passes the checks at once")}
	for _, c := range in.Analysis.Comparisons {
		if p := c.FirstPass; p != nil {
			f.rows = append(f.rows, dotRow{
				name: in.rowName(c), note: fmt.Sprintf("%s against %s", Rate(p.Candidate, p.Tasks), Rate(p.Control, p.Tasks)), under: signedRange(&p.Difference),
				dots: []dot{{at: p.Control, series: ofControl}, {at: p.Candidate, series: series[c.Candidate]}},
			})
		}
	}
	return f
}

// A rankingFigure is a ranking with its figure.
type rankingFigure struct {
	eval.RankingResult
	Figure []drawing
}

// rankings draws each ranking that could be computed: the chance to be preferred to
// the control, with its interval, and the places that an arm could have.
func rankings(in Input) []rankingFigure {
	series := candidateSeries(in.Analysis)
	var figures []rankingFigure
	for _, ranking := range in.Analysis.Ranking {
		f := rowFigure{
			label: "Arms by how often they are preferred to the control, " + line(string(ranking.Category)),
			scale: shares("preferred to the control", noDifference),
		}
		for _, arm := range ranking.Arms {
			win := arm.WinProbability
			mark := dot{at: win.Estimate, fixed: &win, series: series[arm.Arm]}
			if isControl(arm) {
				mark = dot{at: win.Estimate, series: ofControl}
			}
			f.rows = append(f.rows, dotRow{name: Count(arm.Rank) + ".\u00a0" + line(arm.Arm), note: placesText(arm), noteClass: "soft", under: preferred(arm), dots: []dot{mark}})
		}
		figures = append(figures, rankingFigure{ranking, f.both()})
	}
	return figures
}

// isControl says whether an arm is the one that all are measured against.
func isControl(arm eval.RankedArm) bool {
	return arm.LogOdds == (eval.Interval{Level: arm.LogOdds.Level})
}

// placesText is the places that an arm could have.
func placesText(arm eval.RankedArm) string {
	return "could be " + places(arm)
}

func places(arm eval.RankedArm) string {
	if arm.BestRank == arm.WorstRank {
		return Count(arm.BestRank)
	}
	return fmt.Sprintf("%d to %d", arm.BestRank, arm.WorstRank)
}

// mostRaters is how many rows a figure of raters has; its table has all.
const mostRaters = 30

// raterLoad shows how many ratings each rater gave.
func raterLoad(raters []eval.RaterResult) rowFigure {
	most := 0
	for _, r := range raters {
		most = max(most, r.Ratings)
	}
	f := rowFigure{
		label: "Ratings by each rater.", scale: amounts("ratings", float64(most), func(tick float64) string { return Count(int(tick)) }),
	}
	for _, r := range raters[:min(len(raters), mostRaters)] {
		note := counted(r.Ratings, "rating", "ratings")
		if r.Share > 0 {
			note += " · " + Rate(r.Share, 0)
		}
		f.rows = append(f.rows, dotRow{name: line(r.Rater), note: note, noteClass: "soft", under: raterKind(r), dots: []dot{{at: float64(r.Ratings), series: kindSeries(r.Kind)}}})
	}
	return f
}

// raterPositions shows how far the place of an answer swayed each rater.
func raterPositions(raters []eval.RaterResult) rowFigure {
	var values []float64
	var rows []dotRow
	for _, r := range raters {
		effect := r.PositionEffect
		if effect == nil || len(rows) == mostRaters {
			continue
		}
		values = append(values, effect.Low, effect.High)
		class := "soft"
		if effect.Low > 0 || effect.High < 0 {
			class = "open"
		}
		rows = append(rows, dotRow{name: line(r.Rater), note: signedRange(&effect.Interval), noteClass: class, under: raterKind(r), dots: []dot{{at: effect.Estimate, fixed: &effect.Interval, series: kindSeries(r.Kind)}}})
	}
	return rowFigure{
		label: "Advantage of the answer shown first, for each rater, in win-rate points.", rows: rows,
		scale: differences("advantage of the answer shown first, win-rate points", values),
	}
}

// kindSeries gives each kind of rater a mark of its own.
func kindSeries(kind eval.RaterKind) int {
	return max(slices.Index([]eval.RaterKind{eval.Human, eval.Judge, eval.Check}, kind), 0)
}

// leastJudgeAgreement is what a judge's agreement may fall short of people's among
// themselves, and still stand in for a person.
const leastJudgeAgreement = -0.10

// judgeAgreement shows how far each judge agrees with people, less how far people
// agree among themselves.
func judgeAgreement(judges []eval.JudgeResult) rowFigure {
	var values []float64
	var rows []dotRow
	for _, j := range judges {
		if j.Difference == nil {
			continue
		}
		values = append(values, j.Difference.Low, j.Difference.High)
		note, class := "not shown", "open"
		if j.Passes {
			note, class = "stands in", "good"
		}
		rows = append(rows, dotRow{
			name: judgeName(j), note: note, noteClass: class, under: signedRange(j.Difference), dots: []dot{{at: j.Difference.Estimate, fixed: j.Difference, series: kindSeries(eval.Judge)}},
		})
	}
	return rowFigure{
		label: "Agreement of each judge with people, less that of people among themselves, in points.", rows: rows,
		scale: differences("judge’s agreement with people less people’s own, points", values,
			reference{leastJudgeAgreement, "least", "margin", true}),
	}
}

func judgeName(j eval.JudgeResult) string {
	if j.Simulated {
		return line(j.Judge) + " (simulated)"
	}
	return line(j.Judge)
}

// judgeVerdict says in a sentence whether a judge can stand in for people.
func judgeVerdict(j eval.JudgeResult) string {
	if j.WithPeople == nil || j.PeopleAmong == nil {
		return ""
	}
	verdict := "not shown to stand in for a person"
	if j.Passes {
		verdict = "agrees with people about as well as they among themselves"
	}
	return fmt.Sprintf("judge %s: agrees with people on %s, they among themselves on %s: %s",
		judgeName(j), Rate(*j.WithPeople, 0), Rate(*j.PeopleAmong, 0), verdict)
}

// judgeSentence says whether a judge can be trusted, and what speaks against it.
func judgeSentence(j eval.JudgeResult) string {
	text, warnings := judgeVerdict(j), "; "
	switch {
	case text == "":
		text = joined(judgeHead(j), j.WhyMissing["agreement_with_people"])
	case !j.Passes && len(j.Warnings) > 0: // the first of which says so
		text, warnings = "judge "+judgeName(j), ": "
	}
	if len(j.Warnings) > 0 {
		text += warnings + strings.Join(j.Warnings, "; ")
	}
	return sentence(text)
}

// oddRaters says what is odd about each rater of whom something is.
func oddRaters(raters []eval.RaterResult) []string {
	var odd []string
	for _, r := range raters {
		if len(r.Flags) > 0 {
			odd = append(odd, line(r.Rater)+" "+strings.Join(r.Flags, "; "))
		}
	}
	return odd
}

// A measure is a line of what is known of a judge; a value that is missing is the
// reason why.
type measure struct {
	Name, Value string
	Missing     bool
	Estimate    *eval.Interval // nil where Missing or without an interval
	Alone       *float64       // an estimate without one
}

// judgeMeasures are the same in every document.
func judgeMeasures(j eval.JudgeResult) []measure {
	of := func(name, field string, i *eval.Interval, text func(*eval.Interval) string) measure {
		if i == nil {
			return measure{Name: name, Value: j.WhyMissing[field], Missing: true}
		}
		return measure{Name: name, Value: text(i), Estimate: i}
	}
	alone := func(name, field string, share *float64) measure {
		if share == nil {
			return measure{Name: name, Value: j.WhyMissing[field], Missing: true}
		}
		return measure{Name: name, Value: Rate(*share, 0), Alone: share}
	}
	return []measure{
		alone("agrees with people", "agreement_with_people", j.WithPeople),
		alone("people among themselves", "agreement_among_people", j.PeopleAmong),
		of("difference of the two", "agreement_difference", j.Difference, signedRange),
		of("same verdict in both orders", "position_consistency", j.Consistency, func(i *eval.Interval) string { return Rate(i.Estimate, 0) + " [" + rateRange(i, 0) + "]" }),
		of("favours the candidate", "bias", j.Bias, signedRange),
		of("favours its own family", "self_preference", j.SelfPreference, signedRange),
		of("favours the longer answer", "length_bias", j.LengthBias, signedRange),
	}
}

func judgeHead(j eval.JudgeResult) string {
	return fmt.Sprintf("judge %s: %s on %s, %s of them also rated by people", judgeName(j),
		counted(j.Ratings, "rating", "ratings"), counted(j.Tasks, "comparison", "comparisons"), Count(j.Shared))
}

// outcomeRow is what became of one arm's answers in a use case.
type outcomeRow struct {
	UseCase, Arm string
	eval.ArmOutcomes
}

func outcomeRows(comparisons []eval.ComparisonResult) []outcomeRow {
	var rows []outcomeRow
	for _, c := range comparisons {
		if c.OutcomesControl.Answers+c.OutcomesCandidate.Answers > 0 {
			rows = append(rows, outcomeRow{useCaseName(c), line(c.Control), c.OutcomesControl}, outcomeRow{useCaseName(c), line(strings.TrimSuffix(c.Candidate, " vs "+c.Control)), c.OutcomesCandidate})
		}
	}
	return rows
}

// part writes a number with its share of all: "5 (3%)".
func part(n, of int) string {
	if of == 0 || n == 0 {
		return Count(n)
	}
	return fmt.Sprintf("%s (%s)", Count(n), Rate(float64(n)/float64(of), manyTasks+1))
}
