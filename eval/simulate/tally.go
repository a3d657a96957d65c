package simulate

import (
	"modeltrial/eval"
)

// A tally counts the outcomes of one scenario's pilots.
type tally struct {
	pilots                        int
	falsely                       []falsely
	falseQuality, falseCost       counter
	switched, forCost, kept, open counter
	covered, missed               counter
	intervals                     int // pilots in which every use case has an interval
	decidedBy, switchedBy         []float64
	weeks                         float64
	byUseCase                     []counter
	names                         []eval.CategorySwitch
	anyQuality, anyCost           bool
}

// falsely says what would be false of a use case.
type falsely struct{ quality, cost bool }

func newTally(protocol eval.Protocol, scenario Scenario) *tally {
	t := &tally{decidedBy: make([]float64, protocol.Weeks), switchedBy: make([]float64, protocol.Weeks)}
	for _, planned := range protocol.UseCases {
		for _, candidate := range planned.Candidates {
			truth := scenario.Truths[len(t.falsely)]
			// Just at the border is false too; the tolerance is for the border's own rounding.
			const rounding = 1e-9
			wrong := falsely{
				quality: truth.WinRate <= 0.5+rounding,
				cost:    truth.WinRate <= 0.5-protocol.Margin+rounding || truth.CostRatio >= 1-protocol.Saving-rounding,
			}
			t.falsely = append(t.falsely, wrong)
			t.anyQuality, t.anyCost = t.anyQuality || wrong.quality, t.anyCost || wrong.cost
			t.names = append(t.names, eval.CategorySwitch{Category: planned.Category, Candidate: candidate})
		}
	}
	t.byUseCase = make([]counter, len(t.falsely))
	return t
}

func (t *tally) add(pilot outcome) {
	t.pilots++
	each := 1 / float64(len(pilot))
	var switched, forCost, kept, open, covered, missed float64
	var falseQuality, falseCost bool
	known := 0
	for i, one := range pilot {
		switches := false
		switch one.decision {
		case eval.Switch:
			switched += each
			falseQuality = falseQuality || t.falsely[i].quality
			switches = true
		case eval.SwitchForCost:
			forCost += each
			falseCost = falseCost || t.falsely[i].cost
			switches = true
		case eval.Keep:
			kept += each
		default:
			open += each
		}
		t.byUseCase[i].add(oneIf(switches))
		decided := switches || one.decision == eval.Keep
		for week := one.week; decided && week <= len(t.decidedBy); week++ {
			t.decidedBy[week-1] += each
			if switches {
				t.switchedBy[week-1] += each
			}
		}
		t.weeks += each * float64(one.week)
		if one.known {
			known++
			covered += each * oneIf(one.covered)
			missed += each * oneIf(one.missed)
		}
	}
	t.switched.add(switched)
	t.forCost.add(forCost)
	t.kept.add(kept)
	t.open.add(open)
	t.falseQuality.add(oneIf(falseQuality))
	t.falseCost.add(oneIf(falseCost))
	if known == len(pilot) {
		t.intervals++
		t.covered.add(covered)
		t.missed.add(missed)
	}
}

func oneIf(condition bool) float64 {
	if condition {
		return 1
	}
	return 0
}

// error is the largest standard error of the shares so far.
func (t *tally) error() float64 {
	largest := 0.0
	for _, c := range []*counter{&t.switched, &t.forCost, &t.kept, &t.open, &t.falseQuality, &t.falseCost} {
		largest = max(largest, c.share(t.pilots).Error)
	}
	return largest
}

// part is how much of a scenario is done: the error falls with the root of the pilots.
func (t *tally) part(options Options) float64 {
	left := t.error() / options.Error
	return min(1, max(1/(left*left), float64(t.pilots)/float64(options.MostPilots)))
}

func (t *tally) result(scenario Scenario) eval.ScenarioResult {
	n := float64(t.pilots)
	result := eval.ScenarioResult{
		Name: scenario.Name, Curve: scenario.Curve, Raters: scenario.Raters, Ties: scenario.Ties, Truths: scenario.Truths, Pilots: t.pilots,
		Switched: t.switched.share(t.pilots), ForCost: t.forCost.share(t.pilots),
		Kept: t.kept.share(t.pilots), Undecided: t.open.share(t.pilots),
		MeanWeeks: t.weeks / n,
	}
	if t.anyQuality {
		share := t.falseQuality.share(t.pilots)
		result.FalseQuality = &share
	}
	if t.anyCost {
		share := t.falseCost.share(t.pilots)
		result.FalseCost = &share
	}
	if t.intervals > 0 {
		covered, missed := t.covered.share(t.intervals), t.missed.share(t.intervals)
		result.Covered, result.EverMissed = &covered, &missed
	}
	for week := range t.decidedBy {
		result.DecidedBy = append(result.DecidedBy, t.decidedBy[week]/n)
		result.SwitchedBy = append(result.SwitchedBy, t.switchedBy[week]/n)
	}
	for i, name := range t.names {
		name.Switched = t.byUseCase[i].share(t.pilots)
		result.ByCategory = append(result.ByCategory, name)
	}
	return result
}
