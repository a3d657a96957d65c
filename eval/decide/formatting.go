package decide

import (
	"cmp"
	"fmt"
	"slices"

	"modeltrial/eval"
	"modeltrial/eval/stats"
)

// What makes a habit of formatting worth a warning.
const (
	tellingShare = 0.7  // of comparisons in which it names the arms rightly
	tellingRisk  = 0.01 // p-value
)

// formatting compares how often the arms of each pair have each habit of formatting,
// paired by comparison; the most telling habits first.
func (a *analyzer) formatting(throughWeek int) ([]eval.FormattingResult, error) {
	type key struct {
		armPair
		trait string
	}
	type count struct{ both, onlyControl, onlyCandidate int }
	pairs, counts := map[armPair]int{}, map[key]*count{}
	for _, check := range a.data.Checks {
		if throughWeek > 0 && check.Week > throughWeek {
			continue
		}
		pair := armPair{check.ArmA, check.ArmB}
		pairs[pair]++
		of := func(trait string) *count {
			k := key{pair, trait}
			if counts[k] == nil {
				counts[k] = &count{}
			}
			return counts[k]
		}
		for _, trait := range check.TraitsA {
			if slices.Contains(check.TraitsB, trait) {
				of(trait).both++
			} else {
				of(trait).onlyControl++
			}
		}
		for _, trait := range check.TraitsB {
			if !slices.Contains(check.TraitsA, trait) {
				of(trait).onlyCandidate++
			}
		}
	}
	results := []eval.FormattingResult{}
	for k, c := range counts {
		test, err := stats.McNemar(c.onlyCandidate, c.onlyControl)
		if err != nil {
			return nil, err
		}
		n := float64(pairs[k.armPair])
		difference := max(c.onlyControl-c.onlyCandidate, c.onlyCandidate-c.onlyControl)
		results = append(results, eval.FormattingResult{
			Control: k.control, Candidate: k.candidate, Trait: k.trait, Comparisons: pairs[k.armPair],
			ControlShare: float64(c.both+c.onlyControl) / n, CandidateShare: float64(c.both+c.onlyCandidate) / n,
			Telling: 0.5 + float64(difference)/(2*n), PValue: test.Exact,
		})
	}
	slices.SortFunc(results, func(x, y eval.FormattingResult) int {
		return cmp.Or(cmp.Compare(x.Candidate, y.Candidate), cmp.Compare(y.Telling, x.Telling), cmp.Compare(x.Trait, y.Trait))
	})
	return results, nil
}

// formattingWarnings name for each candidate the habit by which raters may know it.
func formattingWarnings(results []eval.FormattingResult) []string {
	var warnings []string
	last := ""
	for _, r := range results {
		if r.Candidate == last || r.Telling < tellingShare || r.PValue >= tellingRisk {
			continue
		}
		last = r.Candidate
		warnings = append(warnings, fmt.Sprintf("%s and %s can be told apart by formatting: %s in %.0f%% and %.0f%% of their answers name the arms rightly in %.0f%% of %d comparisons (50%% is chance)",
			r.Candidate, r.Control, r.Trait, 100*r.CandidateShare, 100*r.ControlShare, 100*r.Telling, r.Comparisons))
	}
	return warnings
}
