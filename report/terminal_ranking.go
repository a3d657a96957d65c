package report

import (
	"fmt"
	"io"

	"modeltrial/eval"
)

// Ranking writes the rankings of an analysis that holds nothing else.
func Ranking(w io.Writer, a eval.Analysis, style Style) error {
	p := &page{style: style}
	p.say(Plain, "", fmt.Sprintf("%s: %s", line(a.Pilot), counted(ratingsTotal(a.Provenance), "rating", "ratings")))
	p.ranking(a.Ranking)
	if len(a.Ranking) > 0 {
		p.gap()
		p.say(Dim, "", fmt.Sprintf("preferred to the control: a tie counts one half  [%s interval]", Rate(a.Level, 0)))
		how := "intervals heed that ratings of one task, and of one rater, go together"
		if resamples := a.Ranking[0].Resamples; resamples > 0 {
			how = fmt.Sprintf("intervals from %s bootstrap rounds, each comparison independent of the others", Count(resamples))
		}
		p.say(Dim, "", how)
	}
	if len(a.Warnings) > 0 {
		p.gap()
		p.warnings(a.Warnings)
	}
	return p.flush(w)
}
