package decide

import (
	"fmt"
	"slices"

	"modeltrial/eval"
	"modeltrial/eval/stats"
)

// An estimate is the win rate of the tasks up to a look, and whose it is.
type estimate struct {
	stats.WeightedMean
	source eval.RatingSource
	// combined is how people and judges were put together; nil where people, judges or
	// checks stand alone.
	combined *stats.Combined
}

// combines says whether the evidence of a look lets judges help people: at least
// fifty tasks that people rated, chosen at random, and half as many that judges
// alone rated. These are counts, never outcomes. In a pilot the queue hands tasks to
// people in random order, so that those they got to are a random part; a file says
// so by --random-sample.
func (a *analyzer) combines(e *evidence, people, judged int) bool {
	return e.kind == eval.Human && (a.data.Locked != nil || a.randomSample) &&
		people >= stats.MinLabelled && 2*judged >= people
}

// judgeScores are the judges' mean scores of the tasks of the weeks up to one: each
// judge's two orders are averaged, then the judges.
func (a *analyzer) judgeScores(e *evidence, week int) []stats.JudgeScore {
	return a.scoresOf(within(e.judged, week))
}

func (a *analyzer) scoresOf(ratings []rated) []stats.JudgeScore {
	position := map[int]int{}
	var scores []stats.JudgeScore
	var judges []float64
	for _, observation := range a.observations(ratings) {
		at, seen := position[observation.Task]
		if !seen {
			at = len(scores)
			position[observation.Task] = at
			scores = append(scores, stats.JudgeScore{Task: observation.Task, Cluster: observation.Cluster, Weight: 1})
			judges = append(judges, 0)
		}
		judges[at]++
		scores[at].Score += (observation.Score - scores[at].Score) / judges[at]
	}
	return scores
}

// combine puts people's observations and judges' scores together, and the tasks that
// an arm lost beside them. People rate a part of the tasks only: a lost task counts
// with its share of all, not of those.
func (a *analyzer) combine(e *evidence, people, lost []stats.Observation, week int) (stats.WeightedMean, *stats.Combined, error) {
	people = slices.Clone(people)
	if err := a.weigh(e, people); err != nil {
		return stats.WeightedMean{}, nil, err
	}
	judge := a.judgeScores(e, week)
	if err := a.weighJudged(e, people, judge); err != nil {
		return stats.WeightedMean{}, nil, err
	}
	combined, err := stats.Combine(people, judge, true)
	if err != nil || len(lost) == 0 {
		return combined.WeightedMean, &combined, err
	}
	all := slices.Clone(lost)
	for _, task := range e.tasks {
		if (task.raters > 0 || task.judged) && (week == 0 || task.Week <= week) {
			all = append(all, stats.Observation{Task: int(task.number), Cluster: int(task.cluster)})
		}
	}
	if err := a.weigh(e, all); err != nil {
		return stats.WeightedMean{}, nil, err
	}
	mean, err := stats.WithKnown(combined.WeightedMean, all[:len(lost)], all[len(lost):])
	return mean, &combined, err
}

// weighJudged gives the scores of tasks that no person rated their share, as people's
// ratings have theirs.
func (a *analyzer) weighJudged(e *evidence, people []stats.Observation, judge []stats.JudgeScore) error {
	labelled := map[int]bool{}
	for _, observation := range people {
		labelled[observation.Task] = true
	}
	var only []stats.Observation
	var at []int
	for i, score := range judge {
		if !labelled[score.Task] {
			only, at = append(only, stats.Observation{Task: score.Task}), append(at, i)
		}
	}
	if err := a.weigh(e, only); err != nil {
		return err
	}
	for i, observation := range only {
		judge[at[i]].Weight = observation.Weight
	}
	return nil
}

// differenceAlpha is the p-value under which people's tasks are not taken for a
// random part.
const differenceAlpha = 0.001

func combination(c *stats.Combined) *eval.Combination {
	return &eval.Combination{
		Lambda: c.Lambda, PeopleAlone: c.PeopleMean, JudgesShared: c.JudgeMean, JudgesOnly: c.JudgeOnlyMean, DifferenceP: c.DifferenceP,
	}
}

// whyNotCombined says why judges do not help people; empty where they do.
func (a *analyzer) whyNotCombined(e *evidence) string {
	people := a.newTaskSet()
	for _, rating := range e.ratings {
		people.add(int(rating.task))
	}
	judged := e.judgedOnly(0)
	switch {
	case e.kind != eval.Human:
		return "no people rated enough"
	case len(e.judged) == 0:
		return "no judge rated"
	case a.data.Locked == nil && !a.randomSample:
		return "it is not known whether the tasks that people rated were chosen at random; say so with --random-sample"
	case people.count < stats.MinLabelled:
		return fmt.Sprintf("people rated %d tasks, at least %d are needed", people.count, stats.MinLabelled)
	case 2*judged < people.count:
		return fmt.Sprintf("judges alone rated %d tasks, at least half of people's %d are needed", judged, people.count)
	}
	return ""
}
