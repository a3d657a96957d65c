package report

import (
	"fmt"
	"strings"

	"modeltrial/eval"
)

// A triedRow is how a person did where tried, in words for a table.
type triedRow struct{ Rater, Repeats, Swapped, Sentinels, Excluded string }

// triedRaters are the people of whom something was tried, or whom the rule leaves out.
func triedRaters(raters []eval.RaterResult) []triedRow {
	var rows []triedRow
	for _, r := range raters {
		q := r.Quality
		if q == nil || q.Repeats.Shown+q.Swapped.Shown+q.Sentinels.Shown == 0 && r.Excluded == "" {
			continue
		}
		rows = append(rows, triedRow{line(r.Rater), checkText(q.Repeats), checkText(q.Swapped), checkText(q.Sentinels), r.Excluded})
	}
	return rows
}

// checkText is "7 of 8 (88%)".
func checkText(c eval.CheckResult) string {
	if c.Share == nil {
		return unknown
	}
	return fmt.Sprintf("%s of %s (%s)", Count(c.Good), Count(c.Shown), Rate(c.Share.Estimate, 0))
}

// checkShare is a share for a sheet; nil where nothing was tried.
func checkShare(q *eval.RaterQuality, of func(*eval.RaterQuality) eval.CheckResult) any {
	if q == nil {
		return nil
	}
	if share := of(q).Share; share != nil {
		return share.Estimate
	}
	return nil
}

// tried writes how people did on repeats and sentinels, where any were shown.
func (p *page) tried(raters []eval.RaterResult) {
	tried := triedRaters(raters)
	if len(tried) == 0 {
		return
	}
	p.gap()
	var rows [][]Cell
	for _, r := range tried {
		counts := "yes"
		if r.Excluded != "" {
			counts = "no"
		}
		rows = append(rows, Cells(r.Rater, r.Repeats, r.Swapped, r.Sentinels, counts))
	}
	p.table([]Column{
		{Name: "tried"},
		{Name: "repeats, same", Right: true, Fixed: true},
		{Name: "swapped, same", Right: true, Fixed: true},
		{Name: "sentinels, right", Right: true, Fixed: true},
		{Name: "counts"},
	}, rows)
}

// maskingLines say how often names were hidden in each arm's answers: the mask hides the
// name and not that there was one.
func maskingLines(masking []eval.MaskingResult) []string {
	var parts []string
	for _, m := range masking {
		if m.Masked > 0 || m.Flagged > 0 {
			part := fmt.Sprintf("in %s of %s answers of %s", Count(m.Masked), Count(m.Answers), line(m.Arm))
			if m.Flagged > 0 {
				part += fmt.Sprintf(" (%s told it in a way that cannot be hidden)", Count(m.Flagged))
			}
			parts = append(parts, part)
		}
	}
	if len(parts) == 0 {
		return nil
	}
	return []string{"Names were hidden " + strings.Join(parts, ", ") + "."}
}
