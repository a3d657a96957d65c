package decide

import (
	"fmt"
	"maps"
	"math"
	"slices"
	"strings"

	"modeltrial/eval"
	"modeltrial/eval/stats"
)

// A variant is another defensible way to analyse the same data: the whole analysis is
// made again, decisions included.
type variant struct {
	name, what string
	data       eval.Dataset
	// ratedBefore counts the people who rated a comparison and whose ratings the data lack.
	ratedBefore map[shownPair]int
}

// variants are those that differ from the analysis at all.
func (a *analyzer) variants(raters []eval.RaterResult) []variant {
	var variants []variant
	if rest, lost := a.withoutLost(); lost > 0 {
		variants = append(variants, variant{"missing answers excluded", fmt.Sprintf("%d tasks without an answer of one arm are left out instead of lost", lost), rest, a.ratedBefore})
	}
	if rest, count := a.withFlagged(); count > 0 {
		variants = append(variants, variant{"flagged answers included", fmt.Sprintf("the %d ratings of comparisons with a flagged answer count, too", count), rest, a.ratedBefore})
	}
	if a.everyone != nil {
		variants = append(variants, variant{"excluded raters included", "the people whom the protocol's rule leaves out count, too", *a.everyone, nil})
	}
	odd := map[string]bool{}
	for _, rater := range raters {
		if len(rater.Flags) > 0 && rater.Kind == eval.Human && rater.Excluded == "" {
			odd[rater.Rater] = true
		}
	}
	if len(odd) > 0 {
		rest := a.data
		rest.Ratings, rest.Responses = a.asGiven(filtered(a.ratings, func(r *rated) bool { return !odd[r.Rater] })), givenAnswers(a.answers)
		if len(rest.Ratings) > 0 {
			variants = append(variants, variant{"without odd raters", "without " + listed(slices.Sorted(maps.Keys(odd))) + ": odd in the table of raters", rest, a.ratedByThose(odd)})
		}
	}
	if slices.ContainsFunc(slices.Collect(maps.Values(a.gathered)), func(e *evidence) bool { return len(e.judged) > 0 }) {
		rest := a.data
		rest.Ratings, rest.Responses = a.asGiven(filtered(a.ratings, func(r *rated) bool { return r.Kind != eval.Judge })), givenAnswers(a.answers)
		variants = append(variants, variant{"people alone", "judges' ratings are left out", rest, a.ratedBefore})
	}
	return variants
}

// withoutLost leaves out the tasks that count as lost in some use case.
func (a *analyzer) withoutLost() (eval.Dataset, int) {
	lost := map[string]bool{}
	for key, e := range a.gathered {
		if key.category == AllCategories {
			continue
		}
		for _, task := range e.lost {
			lost[a.names[task.number]] = true
		}
	}
	if len(lost) == 0 {
		return eval.Dataset{}, 0
	}
	rest := a.data
	rest.Ratings = a.asGiven(a.ratings)
	rest.Assigned = slices.DeleteFunc(slices.Clone(rest.Assigned), func(task eval.AssignedTask) bool { return lost[task.TaskID] })
	rest.Responses = slices.DeleteFunc(givenAnswers(a.answers), func(r eval.ResponseRow) bool { return lost[r.TaskID] })
	return rest, len(lost)
}

// An otherAnalysis is what became of a variant.
type otherAnalysis struct {
	variant
	eval.Analysis
	err error
}

// analyzeVariants analyses the variants one after the other, and gives all at the end.
func (a *analyzer) analyzeVariants(raters []eval.RaterResult, options Options) <-chan []otherAnalysis {
	options.DecisionsOnly, options.KeepRaters = true, true // whom the rule leaves out is decided
	done := make(chan []otherAnalysis, 1)
	variants := a.variants(raters)
	go func() {
		var others []otherAnalysis
		for _, v := range variants {
			if len(v.data.Ratings) == 0 {
				continue
			}
			options.ratedBefore = v.ratedBefore
			other, err := Analyze(v.data, options)
			v.data = eval.Dataset{} // is large
			others = append(others, otherAnalysis{v, other, err})
		}
		done <- others
	}()
	return done
}

// sensitivities fills in what other defensible analyses would say.
func (a *analyzer) sensitivities(results []eval.ComparisonResult, others []otherAnalysis) error {
	for i := range results {
		results[i].Sensitivity = a.winRateVariants(&results[i])
	}
	for _, v := range others {
		if v.err != nil {
			return fmt.Errorf("%s: %w", v.name, v.err)
		}
		for i := range results {
			if again := find(v.Comparisons, results[i]); again != nil && differs(*again, results[i]) {
				results[i].Sensitivity = append(results[i].Sensitivity, eval.Sensitivity{
					Name: v.name, What: v.what, Tasks: again.Tasks, WinRate: again.WinRate, WhyMissing: again.WhyMissing["win_rate"],
					Decision: again.Decision, Changes: again.Decision != results[i].Decision,
				})
			}
		}
	}
	for i := range results {
		for _, s := range results[i].Sensitivity {
			if s.Changes {
				results[i].Warnings = append(results[i].Warnings, changeWarning(s))
			}
		}
	}
	return nil
}

func changeWarning(s eval.Sensitivity) string {
	if s.Decision != "" {
		return fmt.Sprintf("the decision would be %q in the analysis %q", s.Decision, s.Name)
	}
	return fmt.Sprintf("the win rate is %s in the analysis %q, which supports another claim", rate(s.WinRate), s.Name)
}

// find is the result of the same use case, whichever arm a variant took for arm a.
func find(results []eval.ComparisonResult, like eval.ComparisonResult) *eval.ComparisonResult {
	for i, r := range results {
		if r.Category == like.Category && r.Control == like.Control && r.Candidate == like.Candidate {
			return &results[i]
		}
	}
	return nil
}

func differs(x, y eval.ComparisonResult) bool {
	return x.Tasks != y.Tasks || x.Ratings != y.Ratings || x.Source != y.Source || x.LostControl != y.LostControl || x.LostCandidate != y.LostCandidate
}

// winRateVariants are other estimates of the same win rate, and the win rates of its
// parts. Which claim the interval of a part supports is not compared: a part has
// fewer tasks.
func (a *analyzer) winRateVariants(r *eval.ComparisonResult) []eval.Sensitivity {
	variants := []eval.Sensitivity{}
	if r.WinRate == nil {
		return variants
	}
	e := a.evidence(useCase{r.Category, r.Control, r.Candidate})
	add := func(name, what string, tasks int, adjusted stats.Adjusted, err error) {
		s := eval.Sensitivity{Name: name, What: what, Tasks: tasks}
		if err != nil {
			s.WhyMissing = err.Error()
		} else {
			s.WinRate = interval(adjusted.WinRate)
			s.Changes = a.contradicts(s.WinRate, r.WinRate)
		}
		variants = append(variants, s)
	}
	if observations, first := a.presented(e); len(observations) > 0 {
		adjusted, err := stats.PositionAdjusted(observations, first, e.kind == eval.Human, fixedZ)
		add("position-adjusted", "as if each answer had been shown first equally often", a.countTasks(observations), adjusted, err)
	}
	if observations, lengths := a.measuredLengths(e); len(observations) > 0 {
		adjusted, err := stats.LengthControlled(observations, lengths, e.kind == eval.Human, fixedZ)
		add("length-controlled", "as if both answers were equally long", a.countTasks(observations), adjusted, err)
	}
	if graded, some := a.graded(e); some {
		mean, err := stats.Mean(graded, e.kind == eval.Human)
		adjusted := stats.Adjusted{}
		if err == nil {
			adjusted.WinRate, err = mean.WinRateInterval(fixedZ)
		}
		add("graded verdicts", "much better counts as a whole win and better as half of one", a.countTasks(graded), adjusted, err)
	}
	weeks := make([]string, a.throughWeek+1) // no name where the week is not known
	for week := range a.throughWeek {
		weeks[week+1] = fmt.Sprintf("week %d", week+1)
	}
	variants = append(variants, a.parts(e, "week", func(rating *rated) string { return weeks[rating.Week] })...)
	teams := map[string]string{}
	for _, task := range a.data.Assigned {
		teams[task.TaskID] = task.Team
	}
	return append(variants, a.parts(e, "team", func(rating *rated) string { return teams[a.names[rating.task]] })...)
}

// mostVague is the width of an interval from which on it says nothing.
const mostVague = 0.5

// contradicts says whether another estimate shows what the planned one does not or
// lies off its interval, so that a claim of it fails: a wider interval alone does not.
func (a *analyzer) contradicts(other, planned *eval.Interval) bool {
	if other.High-other.Low > mostVague || a.claim(other) == a.claim(planned) {
		return false
	}
	return other.Estimate < planned.Low || other.Estimate > planned.High
}

// claim is what a fixed interval shows by itself.
func (a *analyzer) claim(i *eval.Interval) string {
	switch {
	case i.Low > 0.5:
		return "better"
	case i.High < 0.5-a.margin:
		return "worse"
	case i.Low > 0.5-a.margin:
		return "not worse"
	}
	return ""
}

// presented are the ratings of which it is known what was shown first, one by one.
func (a *analyzer) presented(e *evidence) (observations []stats.Observation, candidateFirst []bool) {
	observations, candidateFirst = make([]stats.Observation, 0, len(e.ratings)), make([]bool, 0, len(e.ratings))
	for _, rating := range e.ratings {
		if rating.First != eval.SideUnknown {
			observations = append(observations, single(rating))
			candidateFirst = append(candidateFirst, rating.First == eval.SideB)
		}
	}
	weighEqually(observations)
	return observations, candidateFirst
}

// graded are the scores with better as half a win; some says whether any verdict was
// much better.
func (a *analyzer) graded(e *evidence) (observations []stats.Observation, some bool) {
	if !slices.ContainsFunc(e.ratings, func(r rated) bool { return r.Verdict == eval.MuchPrefersA || r.Verdict == eval.MuchPrefersB }) {
		return nil, false
	}
	ratings := slices.Clone(e.ratings)
	for i := range ratings {
		if graded, ok := ratings[i].Verdict.Graded(); ok {
			ratings[i].Score = graded
		}
	}
	observations = a.observations(ratings)
	weighEqually(observations)
	return observations, true
}

// measuredLengths are the scores of which both answers' lengths are known.
func (a *analyzer) measuredLengths(e *evidence) (observations []stats.Observation, differences []float64) {
	lengths := a.lengthDifferences()
	for _, rating := range e.ratings {
		if difference := lengths[rating.item]; !math.IsNaN(difference) {
			observations, differences = append(observations, single(rating)), append(differences, difference)
		}
	}
	weighEqually(observations)
	return observations, differences
}

func single(rating rated) stats.Observation {
	return stats.Observation{
		Score: rating.Score, Task: int(rating.task), Rater: int(rating.rater), Cluster: int(rating.cluster),
	}
}

// weighEqually lets every task count equally.
func weighEqually(observations []stats.Observation) {
	tasks := make([]int, len(observations))
	for i, observation := range observations {
		tasks[i] = observation.Task
	}
	for i, weight := range stats.TaskWeights(tasks) {
		observations[i].Weight = weight
	}
}

// parts are the win rates within each value of a ratings' property, where it has
// several; the empty value is left out.
func (a *analyzer) parts(e *evidence, what string, of func(*rated) string) []eval.Sensitivity {
	names := map[string]bool{}
	for i := range e.ratings {
		if name := of(&e.ratings[i]); name != "" {
			names[name] = true
		}
	}
	if len(names) < 2 {
		return nil
	}
	var parts []eval.Sensitivity
	for _, name := range slices.Sorted(maps.Keys(names)) {
		observations := a.observations(filtered(e.ratings, func(r *rated) bool { return of(r) == name }))
		weighEqually(observations)
		part := eval.Sensitivity{Name: name, What: "this " + what + " alone", Tasks: a.countTasks(observations)}
		mean, err := stats.Mean(observations, e.kind == eval.Human)
		if err == nil && part.Tasks < stats.MinTasks {
			err = &stats.MissingError{Why: fmt.Sprintf("rated tasks: %d, at least %d are needed", part.Tasks, stats.MinTasks)}
		}
		if err == nil {
			var found stats.Interval
			if found, err = mean.WinRateInterval(fixedZ); err == nil {
				part.WinRate = interval(found)
			}
		}
		if err != nil {
			part.WhyMissing = err.Error()
		}
		parts = append(parts, part)
	}
	return parts
}

// listed is names in a row, the first few of many.
func listed(names []string) string {
	const most = 5
	text := strings.Join(names[:min(len(names), most)], ", ")
	if len(names) > most {
		text += fmt.Sprintf(" and %d others", len(names)-most)
	}
	return text
}
