package decide

import (
	"cmp"
	"fmt"
	"math"
	"slices"

	"modeltrial/audit"
	"modeltrial/eval"
	"modeltrial/eval/stats"
)

// resamples is the number of bootstrap resamples of a quantile ratio.
const resamples = 2000

// A measured task has what both arms' responses cost and took, repeated responses
// of an arm averaged; NaN where unknown.
type measured struct {
	task, cluster                    int
	category                         audit.Category
	week                             int
	controlCost, candidateCost       float64 // dollars
	controlLatency, candidateLatency float64 // milliseconds
}

// averaging is a running mean of what is known.
type averaging struct {
	sum   float64
	count int
}

func (a *averaging) add(value float64) { a.sum += value; a.count++ }

func (a *averaging) mean() float64 {
	if a.count == 0 {
		return math.NaN()
	}
	return a.sum / float64(a.count)
}

// measure pairs the responses of a use case by task.
func (a *analyzer) measure(key useCase) []measured {
	type sums struct{ cost, latency [2]averaging }
	most := len(a.evidence(key).tasks)
	order, totals := make([]measured, 0, most), make([]sums, 0, most)
	position := make([]int32, len(a.tasks)) // plus 1
	for i := range a.answers {
		response := &a.answers[i]
		side := 0
		switch response.Arm {
		case key.control:
		case key.candidate:
			side = 1
		default:
			continue
		}
		if !a.inScope(key, response.Category) {
			continue
		}
		at := position[response.task] - 1
		if at < 0 {
			at = int32(len(order))
			position[response.task] = at + 1
			order = append(order, measured{
				task: response.task, cluster: response.cluster, category: response.Category, week: response.Week,
			})
			totals = append(totals, sums{})
		}
		if response.Cost != nil {
			totals[at].cost[side].add(response.Cost.Dollars())
		}
		if response.LatencyMS != nil {
			totals[at].latency[side].add(float64(*response.LatencyMS))
		}
	}
	for i := range totals {
		total := &totals[i]
		order[i].controlCost, order[i].candidateCost = total.cost[0].mean(), total.cost[1].mean()
		order[i].controlLatency, order[i].candidateLatency = total.latency[0].mean(), total.latency[1].mean()
	}
	return order
}

// costPairs pairs the costs of the tasks of which both arms' are known, in dollars.
func (a *analyzer) costPairs(key useCase, tasks []measured) ([]stats.Pair, error) {
	return a.measuredPairs(key, tasks, func(task measured) (control, candidate float64, known bool) {
		return task.controlCost, task.candidateCost, !math.IsNaN(task.controlCost) && !math.IsNaN(task.candidateCost)
	})
}

// latencyPairs pairs the latencies of the tasks of which both arms' are known, in
// milliseconds. A latency of zero has no logarithm and counts as unknown.
func (a *analyzer) latencyPairs(key useCase, tasks []measured) ([]stats.Pair, error) {
	return a.measuredPairs(key, tasks, func(task measured) (control, candidate float64, known bool) {
		return task.controlLatency, task.candidateLatency, task.controlLatency > 0 && task.candidateLatency > 0
	})
}

func (a *analyzer) measuredPairs(key useCase, tasks []measured, values func(measured) (control, candidate float64, known bool)) ([]stats.Pair, error) {
	pairs, indices := make([]stats.Pair, 0, len(tasks)), make([]int, 0, len(tasks))
	categories := make([]audit.Category, 0, len(tasks))
	for _, task := range tasks {
		control, candidate, known := values(task)
		if !known {
			continue
		}
		pairs = append(pairs, stats.Pair{Control: control, Candidate: candidate, Task: task.task, Cluster: task.cluster})
		indices, categories = append(indices, task.task), append(categories, task.category)
	}
	weights, err := a.weights(key, indices, categories)
	if err != nil {
		return nil, err
	}
	for i := range pairs {
		pairs[i].Weight = weights[i]
	}
	return pairs, nil
}

// moneyAndTime fills in what the arms cost and how long they took.
func (a *analyzer) moneyAndTime(result *eval.ComparisonResult, key useCase) error {
	tasks := a.measure(key)
	if err := a.costs(result, key, tasks); err != nil {
		return err
	}
	if a.decisionsOnly {
		return nil
	}
	if err := a.latencies(result, key, tasks); err != nil {
		return err
	}
	for _, field := range []string{"cost_per_task_control_usd", "cost_per_task_candidate_usd"} {
		if result.CostRatio == nil && result.CostPerTaskControl == nil {
			result.WhyMissing[field] = "the cost of no task is known under both arms"
		}
	}
	return nil
}

func (a *analyzer) costs(result *eval.ComparisonResult, key useCase, tasks []measured) error {
	pairs, err := a.costPairs(key, tasks)
	if err != nil {
		return err
	}
	missing := func(why string) {
		for _, field := range []string{"cost_ratio", "cost_ratio_always_valid", "cost_p_value"} {
			result.WhyMissing[field] = why
		}
	}
	if len(pairs) == 0 {
		missing("the cost of no task is known under both arms")
		return nil
	}
	var controlMean, candidateMean, total float64
	for _, pair := range pairs {
		controlMean += pair.Weight * pair.Control
		candidateMean += pair.Weight * pair.Candidate
		total += pair.Weight
	}
	controlMean, candidateMean = controlMean/total, candidateMean/total
	result.CostPerTaskControl, result.CostPerTaskCandidate = &controlMean, &candidateMean

	ratio, err := stats.Ratio(pairs)
	if err != nil {
		missing(err.Error())
		return nil
	}
	fixed, err := ratio.FiellerInterval(fixedZ)
	if err != nil {
		missing(err.Error())
		return nil
	}
	result.CostRatio = interval(fixed)
	critical, p, err := a.costLooks(key, tasks, result.Planned)
	if err != nil {
		return fmt.Errorf("sequential test of the cost ratio: %w", err)
	}
	result.CostP = &p
	valid, err := ratio.FiellerInterval(critical)
	if err != nil {
		result.WhyMissing["cost_ratio_always_valid"] = err.Error()
		return nil
	}
	result.CostRatioAlwaysValid = interval(valid)
	return nil
}

// costLooks tests "cost ratio ≥ 1 − saving" at every look and gives the last look's
// critical value and sequential p-value.
func (a *analyzer) costLooks(key useCase, tasks []measured, planned int) (critical, p float64, err error) {
	last, err := a.measuredLooks(key, tasks, planned, func(soFar []measured) (int, float64, error) {
		pairs, err := a.costPairs(key, soFar)
		if err != nil {
			return 0, 0, err
		}
		test, err := stats.RatioTest(pairs, 1-a.saving)
		return len(pairs), zOf(test, err), nil
	})
	return last.Critical, last.P, err
}

// latencyLooks gives the critical value of the last look at the latencies. Nothing is
// tested with them: a claim is held against the interval.
func (a *analyzer) latencyLooks(key useCase, tasks []measured, planned int) (critical float64, err error) {
	last, err := a.measuredLooks(key, tasks, planned, func(soFar []measured) (int, float64, error) {
		pairs, err := a.latencyPairs(key, soFar)
		if err != nil {
			return 0, 0, err
		}
		if _, err := stats.LogRatios(pairs); err != nil {
			return len(pairs), math.NaN(), nil // too few for a look
		}
		return len(pairs), 0, nil
	})
	return last.Critical, err
}

// measuredLooks looks at measured tasks at the end of each week and gives what the last
// look says. A week that is not closed yet is not a planned look. at gives how many of
// the tasks so far count and the z of their test, NaN where there are too few.
func (a *analyzer) measuredLooks(key useCase, tasks []measured, planned int, at func([]measured) (int, float64, error)) (stats.LookResult, error) {
	byWeek := func(x, y measured) int { return cmp.Compare(x.week, y.week) }
	if !slices.IsSortedFunc(tasks, byWeek) {
		tasks = slices.Clone(tasks)
		slices.SortStableFunc(tasks, byWeek)
	}
	lastWeek := max(0, tasks[len(tasks)-1].week)
	var looks []stats.Look
	closed := a.evidence(key).closed
	soFar := 0
	for week := min(1, lastWeek); week <= lastWeek; week++ {
		before := soFar
		for soFar < len(tasks) && tasks[soFar].week <= week {
			soFar++
		}
		if soFar == before && week < lastWeek {
			continue
		}
		count, z, err := at(tasks[:soFar])
		if err != nil {
			return stats.LookResult{}, err
		}
		next := stats.Look{Week: week, Tasks: count, Z: z}
		if lastWeek == 0 {
			next.Week = 1 // no weeks: one look, at the end
		}
		if week > 0 && !closed[week] {
			next.Week = 0
		}
		looks = append(looks, next)
	}
	results, err := stats.DefaultDesign(a.weeks, planned).Evaluate(looks)
	if err != nil {
		return stats.LookResult{}, err
	}
	return results[len(results)-1], nil
}

func (a *analyzer) latencies(result *eval.ComparisonResult, key useCase, tasks []measured) error {
	pairs, err := a.latencyPairs(key, tasks)
	if err != nil {
		return err
	}
	fields := []string{"latency_ratio", "latency_median_ratio", "latency_p95_ratio", "latency_ratio_always_valid"}
	if len(pairs) == 0 {
		for _, field := range fields {
			result.WhyMissing[field] = "the latency of no task is known under both arms"
		}
		return nil
	}
	random := a.random(key)
	geometric, err := stats.GeometricMeanRatio(pairs, fixedZ)
	result.LatencyRatio = noted(result.WhyMissing, fields[0], geometric, err)
	if warning := skewWarning(pairs, geometric); err == nil && warning != "" {
		result.Warnings = append(result.Warnings, warning)
	}
	critical, err := a.latencyLooks(key, tasks, result.Planned)
	if err != nil {
		return fmt.Errorf("looks at the latency ratio: %w", err)
	}
	valid, err := stats.GeometricMeanRatio(pairs, critical)
	result.LatencyRatioAlwaysValid = noted(result.WhyMissing, fields[3], valid, err)
	if key.category == AllCategories { // a quantile of tasks that weigh differently is none of anyone's tasks
		result.WhyMissing[fields[1]], result.WhyMissing[fields[2]] = "given by category", "given by category"
		return nil
	}
	median, err := stats.QuantileRatio(pairs, 0.5, resamples, eval.Level, random)
	result.LatencyMedianRatio = noted(result.WhyMissing, fields[1], median, err)
	tail, err := stats.QuantileRatio(pairs, 0.95, resamples, eval.Level, random)
	result.LatencyP95Ratio = noted(result.WhyMissing, fields[2], tail, err)
	return nil
}

// skewWarning says so where a few slow answers carry the geometric mean: the
// Hodges–Lehmann ratio, which they do not move, lies more than a tenth off it.
func skewWarning(pairs []stats.Pair, geometric stats.Interval) string {
	typical, err := stats.HodgesLehmannRatio(pairs)
	if err != nil || math.Abs(typical/geometric.Estimate-1) <= 0.1 {
		return ""
	}
	return fmt.Sprintf("the typical latency ratio is %.2f (Hodges–Lehmann) where the geometric mean is %.2f: a few answers weigh much", typical, geometric.Estimate)
}

// noted is the interval, or nil with the reason noted.
func noted(whyMissing map[string]string, field string, estimate stats.Interval, err error) *eval.Interval {
	if err != nil {
		whyMissing[field] = err.Error()
		return nil
	}
	return interval(estimate)
}
