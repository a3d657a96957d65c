package run

import (
	"cmp"
	"fmt"
	"hash/fnv"
	"math/rand/v2"
	"slices"
	"time"

	"modeltrial/eval"
)

// SampleWeeks draws a sample without replacement for each week, perWeek tasks each. The
// same tasks, seed and category always give the same sample, in whatever order the tasks
// come. Where there are too few, they are spread evenly, the earlier weeks getting one
// more.
//
// The sample is stratified by team, and within a team by cluster, in proportion to size
// (Cochran 1977, 5.9 and 8.3): each task is as likely as any other, and of each team and
// cluster come as many as its share of all tasks, rounded down or up, which a simple
// random sample only does on average. Tasks of one cluster are told apart less than
// others, so that more of them would say little.
func SampleWeeks(tasks []eval.SampleTask, weeks, perWeek int, seed uint64, category string) [][]string {
	order := slices.SortedFunc(slices.Values(tasks), func(a, b eval.SampleTask) int { return cmp.Compare(a.ID, b.ID) })
	hash := fnv.New64a()
	_, _ = hash.Write([]byte(category)) // a hash takes everything
	random := rand.New(rand.NewPCG(seed, hash.Sum64()))
	random.Shuffle(len(order), func(i, j int) { order[i], order[j] = order[j], order[i] })
	size := min(len(order), weeks*perWeek)
	sample := make([][]string, weeks)
	if !stratified(order) {
		for i, task := range order[:size] {
			sample[i%weeks] = append(sample[i%weeks], task.ID)
		}
		return sample
	}
	// A systematic sample of the tasks in the order of their strata, from a random start,
	// gives each stratum its share without drawing from each.
	order = beside(order, func(t eval.SampleTask) (string, bool) { return t.Team, true },
		func(team []eval.SampleTask) []eval.SampleTask {
			return beside(team, func(t eval.SampleTask) (string, bool) { return t.Cluster, t.Cluster != "" }, nil)
		})
	start := random.Float64()
	for i := range size {
		at := int((float64(i) + start) * float64(len(order)) / float64(size))
		sample[i%weeks] = append(sample[i%weeks], order[min(at, len(order)-1)].ID)
	}
	return sample
}

// DrawWeek draws one week's sample in which fresh tasks come first: those logged since a
// time. What is then missing comes from the others, which are the reserve. Both parts are
// drawn as by [SampleWeeks]. fresh is how many of the sample are.
func DrawWeek(tasks []eval.SampleTask, since time.Time, perWeek int, seed uint64, category string, week int) (ids []string, fresh int) {
	var logged, reserve []eval.SampleTask
	for _, task := range tasks {
		if !task.LoggedAt.IsZero() && !task.LoggedAt.Before(since) {
			logged = append(logged, task)
		} else {
			reserve = append(reserve, task)
		}
	}
	ids = SampleWeeks(logged, 1, perWeek, seed, fmt.Sprintf("%s, week %d", category, week))[0]
	fresh = len(ids)
	return append(ids, SampleWeeks(reserve, 1, perWeek-fresh, seed, fmt.Sprintf("%s, week %d, reserve", category, week))[0]...), fresh
}

// stratified says whether the tasks are of several teams, or two are in one cluster.
func stratified(tasks []eval.SampleTask) bool {
	seen := map[string]bool{}
	for _, task := range tasks {
		if task.Team != tasks[0].Team || task.Cluster != "" && seen[task.Cluster] {
			return true
		}
		seen[task.Cluster] = true
	}
	return false
}

// beside puts the tasks of a stratum beside each other, where the first of them is, and
// within it in the order of inner; nil keeps it. Tasks that are in none stay where they are.
func beside(tasks []eval.SampleTask, stratum func(eval.SampleTask) (string, bool), inner func([]eval.SampleTask) []eval.SampleTask) []eval.SampleTask {
	members := map[string][]eval.SampleTask{}
	for _, task := range tasks {
		if name, in := stratum(task); in {
			members[name] = append(members[name], task)
		}
	}
	ordered := make([]eval.SampleTask, 0, len(tasks))
	for _, task := range tasks {
		name, in := stratum(task)
		if !in {
			ordered = append(ordered, task)
			continue
		}
		of := members[name]
		if inner != nil {
			of = inner(of)
		}
		ordered = append(ordered, of...)
		delete(members, name)
	}
	return ordered
}
