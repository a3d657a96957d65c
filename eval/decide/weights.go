package decide

import (
	"fmt"

	"modeltrial/audit"
	"modeltrial/eval/stats"
)

// weigh gives each observation its weight: tasks count equally in a category.
func (a *analyzer) weigh(e *evidence, observations []stats.Observation) error {
	if e.key.category != AllCategories {
		weighEqually(observations)
		return nil
	}
	categoryOf := make([]audit.Category, len(a.tasks))
	for _, task := range e.tasks {
		categoryOf[task.number] = task.Category
	}
	tasks := make([]int, len(observations))
	categories := make([]audit.Category, len(observations))
	for i, observation := range observations {
		tasks[i], categories[i] = observation.Task, categoryOf[observation.Task]
	}
	weights, err := a.weights(e.key, tasks, categories)
	if err != nil {
		return err
	}
	for i := range observations {
		observations[i].Weight = weights[i]
	}
	return nil
}

// weights are those of values of the given tasks, of which there may be several for
// a task: tasks count equally and, over all categories, each category by the share
// of the work that the protocol fixed.
func (a *analyzer) weights(key useCase, tasks []int, categories []audit.Category) ([]float64, error) {
	if key.category != AllCategories || a.data.Locked == nil {
		return stats.TaskWeights(tasks), nil
	}
	index := map[audit.Category]int{}
	at := make([]int, len(tasks))
	var shares []float64
	total := 0.0
	for i, category := range categories {
		known, seen := index[category]
		if !seen {
			known = len(shares)
			index[category] = known
			share := a.data.Locked.CategoryShare[category]
			shares = append(shares, share)
			total += share
		}
		at[i] = known
	}
	if total == 0 { // the log has none of them: they count by their tasks
		return stats.TaskWeights(tasks), nil
	}
	weights, err := stats.CategoryWeights(tasks, at, shares)
	if err != nil {
		return nil, fmt.Errorf("weigh categories: %w", err)
	}
	return weights, nil
}
