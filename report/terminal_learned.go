package report

import (
	"fmt"
	"io"

	"modeltrial/eval"
)

// PlanLearned writes where a plan's assumptions on raters come from, and how ratings
// are best split; a nil allocation was not asked for, an empty one has nothing to split
// them among.
func PlanLearned(w io.Writer, a eval.Assumptions, l eval.Learned, allocation []eval.Allocation, style Style) error {
	p := &page{style: style}
	p.say(Dim, "  ", "raters' own win rates: "+learnedText(fmt.Sprintf("%.1f points apart", 100*a.RaterSD), a.RaterSDFrom, "rater_sd", l))
	p.say(Dim, "  ", "two raters' scores of one task: "+learnedText(fmt.Sprintf("correlation %.2f", a.ICC), a.ICCFrom, "icc", l))
	if allocation != nil && len(allocation) == 0 {
		p.say(Plain, "  ", "every use case is decided: it needs no more ratings")
	}
	if len(allocation) > 0 {
		p.gap()
		var rows [][]Cell
		for _, part := range allocation {
			rows = append(rows, Cells(string(part.Category), part.Candidate, Count(part.Ratings), fmt.Sprintf("%.2f", part.ScoreSD), part.From))
		}
		p.table([]Column{
			{Name: "category"},
			{Name: "candidate"},
			{Name: "ratings", Right: true, Fixed: true},
			{Name: "spread of a score", Right: true, Fixed: true},
			{Name: "from", Fixed: true},
		}, rows)
		p.say(Dim, "  ", "split among the use cases that are not decided, in proportion to the spread of their scores (Neyman's allocation)")
	}
	return p.flush(w)
}

// learnedText says a figure and its source.
func learnedText(figure, from, field string, l eval.Learned) string {
	switch from {
	case eval.FromRatings:
		return fmt.Sprintf("%s, as %s by %s on %s tasks show", figure, counted(l.Ratings, "rating", "ratings"), counted(l.Raters, "person", "people"), Count(l.Tasks))
	case eval.FromFlag:
		return figure + ", as given"
	}
	if why := l.WhyMissing[field]; why != "" {
		return fmt.Sprintf("%s, assumed: %s", figure, line(why))
	}
	return figure + ", assumed"
}
