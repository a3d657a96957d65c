package report

import (
	"fmt"
	"strings"

	"modeltrial/eval"
)

// provenance says in one sentence what of the figures is imported or simulated,
// or nothing where all is measured.
func provenance(p eval.Provenance) string {
	var parts []string
	if text := answersProvenance(p); text != "" {
		parts = append(parts, text)
	}
	if p.RatingsSimulated > 0 {
		parts = append(parts, fmt.Sprintf("%s of %s ratings are simulated", Count(p.RatingsSimulated), Count(ratingsTotal(p))))
	}
	return strings.Join(parts, "; ")
}

// beside is provenance in a few words, to stand beside every figure.
func beside(p eval.Provenance) string {
	part := func(n, of int, all, some string) string {
		switch n {
		case 0:
			return ""
		case of:
			return all
		}
		return some
	}
	answers := p.ResponsesMeasured + p.ResponsesRecorded + p.ResponsesSimulated
	var parts []string
	for _, text := range []string{
		part(p.ResponsesRecorded, answers, "imported answers", "some answers imported"),
		part(p.ResponsesSimulated, answers, "simulated answers", "some answers simulated"),
		part(p.RatingsSimulated, ratingsTotal(p), "simulated ratings", "some ratings simulated"),
	} {
		if text != "" {
			parts = append(parts, text)
		}
	}
	return sentence(strings.Join(parts, ", "))
}

func answersProvenance(p eval.Provenance) string {
	total := p.ResponsesMeasured + p.ResponsesRecorded + p.ResponsesSimulated
	switch {
	case p.ResponsesRecorded == 0 && p.ResponsesSimulated == 0:
		return ""
	case p.ResponsesRecorded == total:
		return "answers are imported"
	case p.ResponsesSimulated == total:
		return "answers are simulated"
	}
	var parts []string
	if p.ResponsesRecorded > 0 {
		parts = append(parts, Count(p.ResponsesRecorded)+" are imported")
	}
	if p.ResponsesSimulated > 0 {
		parts = append(parts, Count(p.ResponsesSimulated)+" are simulated")
	}
	return fmt.Sprintf("of %s answers %s", Count(total), strings.Join(parts, " and "))
}

func ratingsTotal(p eval.Provenance) int {
	return p.RatingsByPeople + p.RatingsByJudges + p.RatingsByChecks + p.RatingsSimulated
}

// ratedBy says who rated: "412 ratings by 6 people, 1 judge". Simulated raters
// are counted as such and never as people.
func ratedBy(a eval.Analysis) string {
	var people, judges, checks, simulated int
	for _, rater := range a.Raters {
		switch {
		case rater.Simulated:
			simulated++
		case rater.Kind == eval.Judge:
			judges++
		case rater.Kind == eval.Check:
			checks++
		default:
			people++
		}
	}
	var who []string
	add := func(n int, one, more string) {
		if n > 0 {
			who = append(who, counted(n, one, more))
		}
	}
	add(people, "person", "people")
	add(judges, "judge", "judges")
	add(checks, "check", "checks")
	add(simulated, "simulated rater", "simulated raters")
	text := counted(ratingsTotal(a.Provenance), "rating", "ratings")
	if len(who) > 0 {
		text += " by " + strings.Join(who, ", ")
	}
	return text
}

// ratedHow says who compared the two answers of a task. Of judges alone it does not say
// that names were hidden: their ratings may be imported.
func ratedHow(a eval.Analysis) string {
	if p := a.Provenance; p.RatingsByPeople == 0 && p.RatingsSimulated == 0 && p.RatingsByJudges > 0 {
		return "and judge models compared the two answers"
	}
	return "and raters saw the two answers side by side without knowing which was whose"
}

// ratersOf counts who rated, and calls judge models and checks what they are.
func ratersOf(source eval.RatingSource, n int) string {
	switch source {
	case eval.SourceJudge:
		return counted(n, "judge model", "judge models")
	case eval.SourceCheck:
		return counted(n, "check", "checks")
	}
	return counted(n, "rater", "raters")
}
