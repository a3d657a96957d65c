package decide

import (
	"fmt"
	"math"

	"gonum.org/v1/gonum/stat"

	"modeltrial/eval"
	"modeltrial/eval/stats"
)

// Learn estimates from people's ratings what a plan otherwise assumes (design, section
// 9): the spread of raters' own win rates and the correlation of two raters' scores of
// one task, by [stats.VarianceComponents] on the scores less the mean of their use case.
// Those whom the protocol's rule leaves out teach nothing. Fewer than [stats.MinRaters]
// people or [stats.MinTasks] tasks are too few to replace an assumption.
func Learn(data eval.Dataset) (eval.Learned, error) {
	learned := eval.Learned{UseCases: []eval.LearnedUseCase{}, WhyMissing: map[string]string{}}
	options := Options{DecisionsOnly: true}
	a, raters, err := gather(data, options).ruled(data, options)
	if err != nil {
		return learned, err
	}
	analysis, err := a.analyze(raters, options)
	if err != nil {
		return learned, err
	}
	open := map[useCase]bool{}
	for _, c := range analysis.Comparisons {
		open[useCase{c.Category, c.Control, c.Candidate}] = c.Decision == eval.Continue
	}
	simulated := 0
	var all []stats.Observation
	tasks := map[[2]int]int{} // of a task under a candidate, its number
	people := map[int]bool{}
	for number, key := range a.useCases() {
		ratings := ofKind(a.ratingsOf(key), eval.Human)
		counting := filtered(ratings, func(r *rated) bool { return !r.Simulated })
		simulated += len(ratings) - len(counting)
		observations := a.observations(counting)
		scores := make([]float64, len(observations))
		for i, o := range observations {
			scores[i] = o.Score
		}
		useCase := eval.LearnedUseCase{Category: key.category, Candidate: key.candidate, Ratings: len(scores), Open: open[key]}
		if len(scores) > 1 {
			useCase.ScoreSD = new(math.Sqrt(stat.Variance(scores, nil)))
		}
		learned.UseCases = append(learned.UseCases, useCase)
		if len(scores) == 0 {
			continue
		}
		mean := stat.Mean(scores, nil)
		for _, o := range observations {
			at := [2]int{number, o.Task}
			if _, known := tasks[at]; !known {
				tasks[at] = len(tasks)
			}
			people[o.Rater] = true
			o.Task, o.Cluster, o.Weight, o.Score = tasks[at], tasks[at], 1, o.Score-mean
			all = append(all, o)
		}
	}
	learned.Ratings, learned.Raters, learned.Tasks = len(all), len(people), len(tasks)
	return learned, components(&learned, all, simulated)
}

// components fills in the variances, or why there are none.
func components(learned *eval.Learned, all []stats.Observation, simulated int) error {
	why := ""
	switch {
	case len(all) == 0 && simulated > 0:
		why = "all ratings of the workspace are simulated, which teaches nothing of people"
	case len(all) == 0:
		why = "no person has rated in this workspace yet"
	case learned.Raters < stats.MinRaters || learned.Tasks < stats.MinTasks:
		why = fmt.Sprintf("%d people rated %d tasks, %d and %d are needed to estimate how people differ", learned.Raters, learned.Tasks, stats.MinRaters, stats.MinTasks)
	}
	var c stats.Components
	if why == "" {
		var err error
		c, err = stats.VarianceComponents(all)
		reason, failed := whyMissing(err)
		if failed != nil {
			return fmt.Errorf("variance components: %w", failed)
		}
		why = reason
	}
	if why != "" {
		for _, field := range []string{"task_variance", "rater_variance", "residual_variance", "rater_sd", "icc"} {
			learned.WhyMissing[field] = why
		}
		return nil
	}
	learned.TaskVariance, learned.RaterVariance, learned.ResidualVariance = &c.Task, &c.Rater, &c.Residual
	learned.ICC = new(c.ICC())
	if c.Rater == 0 {
		learned.WhyMissing["rater_sd"] = fmt.Sprintf("the %d people do not differ by more than chance, which so few cannot show for all", learned.Raters)
		return nil
	}
	learned.RaterSD = new(c.RaterSD())
	return nil
}

// Allocate splits ratings among the use cases that are not decided yet: none where
// all are, and all those of the protocol before it is locked. The standard deviation of a use
// case that too few people's ratings tell of is that of the assumed ties at a win rate
// of one half. It goes by the spread of the scores and by what is decided, never by
// tasks: within a category they are drawn at random.
func Allocate(protocol eval.Protocol, learned eval.Learned, ties float64, ratings int) ([]eval.Allocation, error) {
	parts := []eval.Allocation{}
	var sd []float64
	add := func(category eval.LearnedUseCase) {
		part := eval.Allocation{Category: category.Category, Candidate: category.Candidate, ScoreSD: math.Sqrt((1 - ties) / 4), From: eval.FromAssumption}
		if category.Ratings >= stats.MinTasks && category.ScoreSD != nil {
			part.ScoreSD, part.From = *category.ScoreSD, eval.FromRatings
		}
		parts, sd = append(parts, part), append(sd, part.ScoreSD)
	}
	for _, known := range learned.UseCases {
		if known.Open {
			add(known)
		}
	}
	if len(learned.UseCases) == 0 {
		for _, useCase := range protocol.UseCases {
			for _, candidate := range useCase.Candidates {
				add(eval.LearnedUseCase{Category: useCase.Category, Candidate: candidate})
			}
		}
	}
	if len(parts) == 0 {
		return parts, nil
	}
	split, err := stats.NeymanAllocation(ratings, sd)
	if err != nil {
		return nil, err
	}
	for i := range parts {
		parts[i].Ratings = split[i]
	}
	return parts, nil
}
