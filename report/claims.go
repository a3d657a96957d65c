package report

import (
	"fmt"

	"modeltrial/eval"
)

// claims writes what the pilot found of each claim.
func (p *page) pilotClaims(claims []eval.ClaimResult) {
	if len(claims) == 0 {
		return
	}
	p.title("claims checked")
	rows := make([][]Cell, len(claims))
	var notes footnotes
	for i, c := range claims {
		found := Cell{Text: claimFound(c)}
		if c.Found == nil {
			found = Cell{Text: unknown + notes.of(c.WhyMissing), Tone: Dim}
		}
		rows[i] = []Cell{{Text: line(c.Text)}, {Text: claimSaid(c.Claim)}, found, {Text: string(c.Verdict), Tone: claimTone(c.Verdict)}}
	}
	p.table([]Column{{Name: "claim"}, {Name: "said", Fixed: true}, {Name: "found", Fixed: true}, {Name: "verdict", Fixed: true}}, rows)
	p.footnotes(notes)
}

func claimTone(verdict eval.ClaimVerdict) Tone {
	switch verdict {
	case eval.ClaimConfirmed:
		return Good
	case eval.ClaimContradicted:
		return Warning
	}
	return Plain
}

// claimClass is a verdict's class in a page's table.
func claimClass(verdict eval.ClaimVerdict) string {
	switch verdict {
	case eval.ClaimConfirmed:
		return "good"
	case eval.ClaimContradicted:
		return "label"
	}
	return "open"
}

// claimSaid is what is claimed, with the tolerance.
func claimSaid(c eval.Claim) string {
	switch {
	case c.About != nil:
		return fmt.Sprintf("%s ± %.0f points", claimValue(*c.About), 100*c.Tolerance)
	case c.AtLeast != nil:
		return "at least " + claimValue(*c.AtLeast)
	case c.AtMost != nil:
		return "at most " + claimValue(*c.AtMost)
	}
	return unknown
}

// claimFound is the interval that was found.
func claimFound(c eval.ClaimResult) string {
	if c.Found == nil {
		return unknown
	}
	return fmt.Sprintf("%s [%s, %s]", claimValue(c.Found.Estimate), claimValue(c.Found.Low), claimValue(c.Found.High))
}

// claimValue is a measure's value as a share in per cent: 60% of the control's cost,
// 42% more answers that pass.
func claimValue(value float64) string {
	return minus(fmt.Sprintf("%.0f%%", 100*value))
}

// claimMeasure is a measure in words.
func claimMeasure(measure eval.ClaimMeasure) string {
	switch measure {
	case eval.ClaimCostRatio:
		return "cost, of the control's"
	case eval.ClaimCostSaving:
		return "saved, of the control's cost"
	case eval.ClaimLatencyRatio:
		return "time, of the control's"
	case eval.ClaimWinRate:
		return "win rate"
	case eval.ClaimFirstPassGain:
		return "more answers that pass the checks"
	}
	return string(measure)
}

// claimBasis is what the verdict rests on.
func claimBasis(c eval.ClaimResult) string {
	if c.Found == nil {
		return c.WhyMissing
	}
	basis := Count(c.Tasks) + " tasks; the interval holds for one look"
	if c.AtEveryLook {
		basis = Count(c.Tasks) + " tasks; the interval holds at every look"
	}
	return basis
}
