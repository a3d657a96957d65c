package decide

import (
	"cmp"

	"modeltrial/audit"
	"modeltrial/eval"
)

// An answer is a response with numbers for its task and its cluster. It points to the
// dataset's response, and repeats of it what a file may have left to the ratings.
type answer struct {
	*eval.ResponseRow
	Category audit.Category // of the response, else of the task's ratings, else Uncategorised
	Cluster  string
	Week     int
	task     int
	cluster  int
}

// answer numbers the responses up to a week (0 is all). One from a file that does not
// say the category, the cluster or the week has those of the ratings of its task.
func (a *analyzer) answer(responses []eval.ResponseRow, throughWeek int) {
	first := make([]*rated, len(a.tasks))
	for i := range a.ratings {
		if task := a.ratings[i].task; first[task] == nil {
			first[task] = &a.ratings[i]
		}
	}
	a.answers = make([]answer, 0, len(responses))
	for i := range responses {
		response := &responses[i]
		if throughWeek > 0 && response.Week > throughWeek {
			continue
		}
		next := answer{
			ResponseRow: response, Category: response.Category, Cluster: response.Cluster, Week: response.Week, task: a.tasks.of(response.TaskID),
		}
		if next.task < len(first) && first[next.task] != nil {
			rating := first[next.task]
			next.Category = cmp.Or(next.Category, rating.Category)
			next.Cluster = cmp.Or(next.Cluster, a.clusterOf(rating))
			next.Week = cmp.Or(next.Week, int(rating.Week))
		}
		next.Category = cmp.Or(next.Category, Uncategorised)
		next.cluster = a.cluster(next.TaskID, next.Cluster)
		a.answers = append(a.answers, next)
	}
}

// givenAnswers are answers as a dataset holds them.
func givenAnswers(answers []answer) []eval.ResponseRow {
	given := make([]eval.ResponseRow, len(answers))
	for i, answer := range answers {
		given[i] = *answer.ResponseRow
		given[i].Category, given[i].Cluster, given[i].Week = answer.Category, answer.Cluster, answer.Week
	}
	return given
}
