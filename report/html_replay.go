package report

import "modeltrial/eval"

// replayLine is a row of the page's table.
type replayLine struct {
	Name  string
	Group eval.ReplayGroup
}

// replayLines are the parts of a log that the page shows: teams, then months.
func replayLines(r *eval.Replay) []replayLine {
	if r == nil {
		return nil
	}
	var lines []replayLine
	for _, g := range r.Teams {
		lines = append(lines, replayLine{"team " + g.Team, g})
	}
	for _, g := range r.Months {
		lines = append(lines, replayLine{g.Month, g})
	}
	return append(lines, replayLine{"all", r.Total})
}
