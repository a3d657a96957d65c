package decide

import (
	"modeltrial/eval"
	"modeltrial/eval/stats"
)

// outcomes counts what became of the arms' answers to the tasks of a use case.
func (a *analyzer) outcomes(result *eval.ComparisonResult, key useCase) {
	elsewhere := a.ratedElsewhere(a.evidence(key))
	for i := range a.answers {
		response := &a.answers[i]
		if !a.inScope(key, response.Category) || elsewhere.holds(response.task) {
			continue
		}
		var of *eval.ArmOutcomes
		switch response.Arm {
		case key.control:
			of = &result.OutcomesControl
		case key.candidate:
			of = &result.OutcomesCandidate
		default:
			continue
		}
		of.Answers++
		if response.Empty {
			of.Empty++
		}
		if response.Truncated {
			of.Truncated++
		}
		if response.Refused {
			of.Refused++
		}
	}
	for _, cell := range a.data.Refused {
		switch {
		case !a.inScope(key, cell.Category):
		case cell.Arm == key.control:
			result.OutcomesControl.Refused++
		case cell.Arm == key.candidate:
			result.OutcomesCandidate.Refused++
		}
	}
}

// firstPass is the share of tasks whose answers pass the checks. A check's verdict
// names the arm that alone passes; a tie says that both do, both bad that neither
// does. A check that gave a bare score does not say who passed and is left out.
func (a *analyzer) firstPass(result *eval.ComparisonResult, key useCase) {
	const field = "first_pass_accuracy"
	type passed struct {
		control, candidate averaging
		cluster            string
	}
	known := map[string]*passed{}
	var tasks []string
	for _, rating := range ofKind(a.evidence(key).all, eval.Check) {
		if rating.Verdict == "" {
			continue
		}
		task := a.names[rating.task]
		if known[task] == nil {
			known[task] = &passed{cluster: a.clusterOf(&rating)}
			tasks = append(tasks, task)
		}
		pass := func(passes bool) float64 {
			if passes {
				return 1
			}
			return 0
		}
		share, _ := rating.Verdict.Score()
		some := rating.Verdict != eval.BothBad
		known[task].control.add(pass(some && share < 1))
		known[task].candidate.add(pass(some && share > 0))
	}
	if len(tasks) == 0 {
		result.WhyMissing[field] = "no answer was checked"
		return
	}
	pairs := make([]stats.Pair, len(tasks))
	indices := make([]int, len(tasks))
	for i, task := range tasks {
		indices[i] = a.tasks.of(task)
		pairs[i] = stats.Pair{
			Control: known[task].control.mean(), Candidate: known[task].candidate.mean(),
			Task: indices[i], Cluster: a.cluster(task, known[task].cluster),
		}
	}
	for i, weight := range stats.TaskWeights(indices) {
		pairs[i].Weight = weight
	}
	accuracy, err := stats.PairedAccuracy(pairs, fixedZ)
	if err != nil {
		result.WhyMissing[field] = err.Error()
		return
	}
	result.FirstPass = &eval.FirstPass{
		Tasks: len(tasks), Control: accuracy.Control, Candidate: accuracy.Candidate, Difference: *interval(accuracy.Difference),
		OnlyControl: accuracy.OnlyControl, OnlyCandidate: accuracy.OnlyCandidate, McNemarP: accuracy.McNemar.Exact,
	}
	ratio, err := stats.Ratio(pairs)
	if err != nil {
		result.FirstPass.WhyNoRatio = err.Error()
		return
	}
	found, err := ratio.FiellerInterval(fixedZ)
	if err != nil {
		result.FirstPass.WhyNoRatio = err.Error()
		return
	}
	result.FirstPass.Ratio = interval(found)
}
