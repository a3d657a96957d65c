package decide

import (
	"errors"
	"fmt"

	"modeltrial/eval"
	"modeltrial/eval/stats"
)

// smallIndex is Bang's index up to which guesses count as random (Bang, Flaherty,
// Kolahi and Park 2010, Clinical Trials 7).
const smallIndex = 0.2

// blinding says for each candidate, and where there are several for all of them, whether
// people could tell which answer was the control's. A pilot in which nobody guessed has
// none.
//
// Raters see both answers at once, so that a right guess of one is a right guess of the
// other: the arms of the indices are the two orders of presentation, which are drawn at
// random. That is also what keeps a rater who always points to the same side from
// counting as one who knows.
func (a *analyzer) blinding() ([]eval.BlindingResult, error) {
	by := map[armPair][]eval.Guess{}
	var order []armPair
	all := a.guesses()
	for _, guess := range all {
		arms := armPair{guess.ArmA, guess.ArmB}
		if by[arms] == nil {
			order = append(order, arms)
		}
		by[arms] = append(by[arms], guess)
	}
	results := []eval.BlindingResult{}
	for _, arms := range order {
		result, err := blindingOf(arms, by[arms])
		if err != nil {
			return nil, err
		}
		results = append(results, result)
	}
	if len(order) > 1 {
		result, err := blindingOf(armPair{order[0].control, eval.AllCandidates}, all)
		if err != nil {
			return nil, err
		}
		results = append(results, result)
	}
	return results, nil
}

// guesses are those of people, arm a the control. As of ratings
// the last counts of several by one rater on one comparison in one order: a row given
// again is a correction, also where it names the arms the other way round.
func (a *analyzer) guesses() []eval.Guess {
	type shown struct {
		task, rater string
		arms        armPair
		first       eval.Side
		turned      bool // where the order is not known, the way round stands for it
		asked       bool // who comes forward later was asked all the same
	}
	position := map[shown]int{}
	var guesses []eval.Guess
	for _, guess := range a.data.Guesses {
		if guess.Kind != eval.Human {
			continue
		}
		_, known := a.armPairs[armPair{guess.ArmA, guess.ArmB}]
		_, turned := a.armPairs[armPair{guess.ArmB, guess.ArmA}]
		if turned = turned && !known; turned {
			guess = guess.Flipped()
		}
		key := shown{guess.TaskID, guess.Rater, armPair{guess.ArmA, guess.ArmB}, guess.First, turned && guess.First == eval.SideUnknown, guess.Asked}
		if at, again := position[key]; again {
			guesses[at] = guess
			continue
		}
		position[key] = len(guesses)
		guesses = append(guesses, guess)
	}
	return guesses
}

func blindingOf(arms armPair, guesses []eval.Guess) (eval.BlindingResult, error) {
	r := eval.BlindingResult{Control: arms.control, Candidate: arms.candidate, WhyMissing: map[string]string{}}
	tasks, clusters, raters := indexer{}, indexer{}, indexer{}
	var observations []stats.Observation
	orders := map[eval.Side]*stats.Guesses{eval.SideA: {}, eval.SideB: {}, eval.SideUnknown: {}}
	for _, guess := range guesses {
		if guess.Recognised {
			r.Recognised++
		}
		if !guess.Asked {
			r.Volunteered++
			continue
		}
		score := 0.0
		switch guess.Control {
		case eval.SideA:
			score = 1
			orders[guess.First].Correct++
		case eval.SideB:
			score = -1
			orders[guess.First].Wrong++
		default:
			orders[guess.First].DontKnow++
		}
		cluster := "task " + guess.TaskID
		if guess.Cluster != "" {
			cluster = "cluster " + guess.Cluster
		}
		observations = append(observations, stats.Observation{
			Score: score, Weight: 1, Task: tasks.of(guess.TaskID), Cluster: clusters.of(cluster), Rater: raters.of(guess.Rater),
		})
	}
	for _, g := range orders {
		r.Correct, r.Wrong, r.DontKnow = r.Correct+g.Correct, r.Wrong+g.Wrong, r.DontKnow+g.DontKnow
	}
	r.Guesses, r.Raters = len(observations), len(raters)
	if err := bangIndex(&r, observations); err != nil {
		return r, err
	}
	if err := byOrder(&r, *orders[eval.SideA], *orders[eval.SideB], *orders[eval.SideUnknown]); err != nil {
		return r, err
	}
	r.Finding, r.Summary = found(r)
	return r, nil
}

// bangIndex is the mean of +1 for a right, −1 for a wrong and 0 for no guess, with the
// variance of a win rate: clustered by task and, from five on, by rater.
func bangIndex(r *eval.BlindingResult, observations []stats.Observation) error {
	if r.Guesses == 0 {
		r.WhyMissing["bang_index"] = "nobody was asked"
		return nil
	}
	mean, err := stats.Mean(observations, true)
	if err == nil {
		err = mean.Enough()
	}
	if why, failed := whyMissing(err); failed != nil || why != "" {
		r.WhyMissing["bang_index"] = why
		return failed
	}
	limits, err := mean.TInterval(fixedZ)
	if err != nil {
		return err
	}
	if mean.Variance == 0 { // all alike: the limits of none in as many
		same := stats.Guesses{Correct: r.Correct, Wrong: r.Wrong, DontKnow: r.DontKnow}
		blinding, err := stats.BlindingIndices(same, same, eval.Level)
		if _, failed := whyMissing(err); failed != nil {
			return failed // James' index alone may be missing
		}
		limits = blinding.Bang[0]
	}
	limits.Low, limits.High = max(limits.Low, -1), min(limits.High, 1)
	r.Bang = interval(limits)
	return nil
}

// byOrder fills in the indices that need the order of presentation.
func byOrder(r *eval.BlindingResult, controlFirst, candidateFirst, unknown stats.Guesses) error {
	fields := []string{"bang_index_control_first", "bang_index_candidate_first", "james_index"}
	why := ""
	switch {
	case r.Guesses < stats.MinTasks:
		why = fmt.Sprintf("%d guesses, %d are needed", r.Guesses, stats.MinTasks)
	case unknown != (stats.Guesses{}):
		why = "it is not known which answer was shown first"
	}
	var blinding stats.Blinding
	if why == "" {
		var err error
		blinding, err = stats.BlindingIndices(controlFirst, candidateFirst, eval.Level)
		reason, failed := whyMissing(err)
		if failed != nil {
			return failed
		}
		why = reason
	}
	if why != "" {
		for _, field := range fields {
			r.WhyMissing[field] = why
		}
		return nil
	}
	r.BangControlFirst, r.BangCandidateFirst = interval(blinding.Bang[0]), interval(blinding.Bang[1])
	r.James = interval(blinding.James)
	return nil
}

// found says what the guesses show, in a word and in a sentence.
func found(r eval.BlindingResult) (eval.BlindingState, string) {
	if r.Bang == nil {
		return eval.BlindingUnknown, fmt.Sprintf("whether the pilot was blind is not known: %s", r.WhyMissing["bang_index"])
	}
	said := fmt.Sprintf("raters named the current model in %.0f%% of %d guesses (%d right, %d wrong, %d did not know), Bang's index %.2f (%.2f to %.2f)",
		100*float64(r.Correct)/float64(r.Guesses), r.Guesses, r.Correct, r.Wrong, r.DontKnow, r.Bang.Estimate, r.Bang.Low, r.Bang.High)
	switch {
	case r.Bang.Low > 0:
		return eval.BlindingBroken, said + ": the pilot was not blind, they could tell"
	case r.Bang.High < smallIndex && r.Bang.Low > -smallIndex:
		return eval.BlindingHeld, said + ": the pilot was blind"
	case r.Bang.High < 0:
		return eval.BlindingUnclear, said + ": they took the candidate for the current model more often than not, which is no knowledge but may be a belief"
	}
	return eval.BlindingUnclear, said + ": no sign that they could tell, but too few guesses to rule it out"
}

// blindingWarnings say so where the blinding did not hold.
func blindingWarnings(results []eval.BlindingResult) []string {
	var warnings []string
	for _, r := range results {
		if r.Finding == eval.BlindingBroken {
			warnings = append(warnings, fmt.Sprintf("%s: %s; their verdicts may rest on what they know", r.Candidate, r.Summary))
		}
	}
	return warnings
}

// whyMissing tells want of data, which is a reason to show, from a failure.
func whyMissing(err error) (why string, failed error) {
	if err == nil {
		return "", nil
	}
	if missing, ok := errors.AsType[*stats.MissingError](err); ok {
		return missing.Why, nil
	}
	return "", err
}
