package decide

import (
	"cmp"
	"maps"
	"math"
	"slices"

	"modeltrial/audit"
	"modeltrial/eval"
	"modeltrial/eval/stats"
)

// ofArm is an arm in a category.
type ofArm struct {
	category audit.Category
	arm      string
}

func compareArms(x, y ofArm) int {
	return cmp.Or(cmp.Compare(x.category, y.category), cmp.Compare(x.arm, y.arm))
}

// pipelineSteps says what each step of the pipelines took, in first answers.
func (a *analyzer) pipelineSteps() []eval.PipelineStep {
	results := []eval.PipelineStep{}
	if a.data.Locked == nil {
		return results
	}
	type key struct {
		ofArm
		step int
	}
	rows := map[key][]*eval.StepRow{}
	for i := range a.data.Steps {
		row := &a.data.Steps[i]
		if row.Repeat == 1 {
			at := key{ofArm{row.Category, row.Arm}, row.Step}
			rows[at] = append(rows[at], row)
		}
	}
	for at, of := range rows {
		arm, ok := a.data.Locked.Protocol.Arm(at.arm)
		if !ok || at.step > len(arm.Steps) {
			continue
		}
		result := eval.PipelineStep{
			Category: at.category, Arm: at.arm, Step: at.step, Name: arm.Steps[at.step-1].Name, Model: arm.Steps[at.step-1].Model,
			Answers: len(of), WhyMissing: map[string]string{},
		}
		var cost, latency, output averaging
		for _, row := range of {
			if eval.Truncated(row.Finish) {
				result.Truncated++
			}
			if eval.Declined(row.Finish) {
				result.Refused++
			}
			if row.Cost != nil {
				cost.add(row.Cost.Dollars())
			}
			if row.LatencyMS != nil {
				latency.add(float64(*row.LatencyMS))
			}
			if row.Output != nil {
				output.add(float64(*row.Output))
			}
		}
		mean := func(of averaging, field, why string) *float64 {
			if of.count == 0 {
				result.WhyMissing[field] = why
				return nil
			}
			return new(of.mean())
		}
		result.CostPerTask = mean(cost, "cost_per_task_usd", "the cost of no call is known")
		result.LatencyMS = mean(latency, "latency_ms", "the time of no call is known")
		result.OutputTokens = mean(output, "output_tokens", "the tokens of no call are known")
		results = append(results, result)
	}
	slices.SortFunc(results, func(x, y eval.PipelineStep) int {
		return cmp.Or(compareArms(ofArm{x.Category, x.Arm}, ofArm{y.Category, y.Arm}), cmp.Compare(x.Step, y.Step))
	})
	return results
}

// A wholeAnswer is one of several answers of an arm to a task.
type wholeAnswer struct {
	cost, latency *float64
	passed        *bool
	text          string // its hash
}

// repeats says how far answers of an arm to one task vary.
func (a *analyzer) repeats() []eval.RepeatResult {
	results := []eval.RepeatResult{}
	byArm := map[ofArm][][]wholeAnswer{}
	several := a.repeated()
	inOrder := slices.SortedFunc(maps.Keys(several), func(x, y taskOfArm) int { return cmp.Compare(x.task, y.task) })
	for _, at := range inOrder { // sums in one order are the same to the last bit
		byArm[at.ofArm] = append(byArm[at.ofArm], several[at])
	}
	for at, tasks := range byArm {
		results = append(results, repeatResult(at, tasks))
	}
	slices.SortFunc(results, func(x, y eval.RepeatResult) int {
		return compareArms(ofArm{x.Category, x.Arm}, ofArm{y.Category, y.Arm})
	})
	return results
}

type taskOfArm struct {
	ofArm
	task string
}

// repeated gives the whole answers of each arm to each task that has several, the first
// one first.
func (a *analyzer) repeated() map[taskOfArm][]wholeAnswer {
	if a.data.Locked == nil {
		return nil
	}
	type answerAt struct {
		taskOfArm
		repeat int
	}
	var order []answerAt
	steps := map[answerAt][]*eval.StepRow{}
	for i := range a.data.Steps {
		row := &a.data.Steps[i]
		if row.Repeat < 2 {
			continue
		}
		at := answerAt{taskOfArm{ofArm{row.Category, row.Arm}, row.TaskID}, row.Repeat}
		if len(steps[at]) == 0 {
			order = append(order, at)
		}
		steps[at] = append(steps[at], row)
	}
	several := map[taskOfArm][]wholeAnswer{}
	for _, at := range order {
		arm, ok := a.data.Locked.Protocol.Arm(at.arm)
		if !ok || len(steps[at]) != len(arm.Calls()) {
			continue // not whole yet
		}
		several[at.taskOfArm] = append(several[at.taskOfArm], wholeOf(steps[at]))
	}
	for _, first := range a.answers {
		at := taskOfArm{ofArm{first.Category, first.Arm}, first.TaskID}
		if others := several[at]; len(others) > 0 {
			row := &eval.StepRow{Cost: first.Cost, LatencyMS: first.LatencyMS, TextSHA256: first.TextSHA256, Passed: first.Passed}
			several[at] = append([]wholeAnswer{wholeOf([]*eval.StepRow{row})}, others...)
		}
	}
	return several
}

func wholeOf(steps []*eval.StepRow) wholeAnswer {
	last := steps[len(steps)-1]
	whole := wholeAnswer{cost: new(0.0), latency: new(0.0), passed: last.Passed, text: last.TextSHA256}
	for _, step := range steps {
		if step.Cost == nil {
			whole.cost = nil
		}
		if step.LatencyMS == nil {
			whole.latency = nil
		}
		if whole.cost != nil {
			*whole.cost += step.Cost.Dollars()
		}
		if whole.latency != nil {
			*whole.latency += float64(*step.LatencyMS)
		}
	}
	return whole
}

const noRepeatedCheck = "no check of the protocol applies to several answers of a task"

func repeatResult(at ofArm, tasks [][]wholeAnswer) eval.RepeatResult {
	result := eval.RepeatResult{Category: at.category, Arm: at.arm, Tasks: len(tasks), Measures: []eval.RepeatMeasure{}, WhyMissing: map[string]string{}}
	same, checked, differ := 0, 0, 0
	measures := []struct {
		name string
		of   func(wholeAnswer) *float64
	}{
		{"cost_usd", func(w wholeAnswer) *float64 { return w.cost }},
		{"latency_ms", func(w wholeAnswer) *float64 { return w.latency }},
		{"passes_checks", func(w wholeAnswer) *float64 {
			switch {
			case w.passed == nil:
				return nil
			case *w.passed:
				return new(1.0)
			}
			return new(0.0)
		}},
	}
	for _, answers := range tasks {
		result.Answers += len(answers)
		if !slices.ContainsFunc(answers, func(w wholeAnswer) bool { return w.text != answers[0].text }) {
			same++
		}
		known := values(answers, measures[2].of)
		if len(known) > 1 {
			checked++
			if slices.Min(known) != slices.Max(known) {
				differ++
			}
		}
	}
	result.SameText = float64(same) / float64(len(tasks))
	if checked > 0 {
		result.PassDiffers = new(float64(differ) / float64(checked))
	} else {
		result.WhyMissing["check_differs_share"] = noRepeatedCheck
	}
	for _, measure := range measures {
		if measure.name == "passes_checks" && checked == 0 {
			result.WhyMissing["measures."+measure.name] = noRepeatedCheck
			continue
		}
		var groups [][]float64
		for _, answers := range tasks {
			if known := values(answers, measure.of); len(known) > 1 {
				groups = append(groups, known)
			}
		}
		split, err := stats.OneWayComponents(groups)
		if err != nil {
			result.WhyMissing["measures."+measure.name] = err.Error()
			continue
		}
		m := eval.RepeatMeasure{
			Measure: measure.name, Tasks: len(groups), Mean: split.Mean,
			WithinSD: math.Sqrt(split.Within), BetweenSD: math.Sqrt(split.Between),
		}
		if share := split.NoiseShare(); !math.IsNaN(share) {
			m.NoiseShare = &share
		}
		result.Measures = append(result.Measures, m)
	}
	return result
}

// values are those of a task's answers that are known.
func values(answers []wholeAnswer, of func(wholeAnswer) *float64) []float64 {
	var known []float64
	for _, answer := range answers {
		if value := of(answer); value != nil {
			known = append(known, *value)
		}
	}
	return known
}
