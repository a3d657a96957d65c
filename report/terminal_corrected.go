package report

import (
	"fmt"
	"maps"
	"slices"

	"modeltrial/audit"
)

// corrected shows the shares of tasks, corrected for the categoriser's errors, beside
// those that were counted.
func (p *page) corrected(r audit.Report) {
	check := r.Categoriser
	if check == nil {
		return
	}
	p.gap()
	if a := check.Accuracy; a != nil {
		p.say(Plain, "", fmt.Sprintf("On a random sample of %s a person and the categoriser agree on %s%s.",
			counted(check.Reviewed, "task", "tasks"), Rate(a.Estimate, check.Reviewed), limits(a, check.Reviewed)))
	} else {
		p.say(Plain, "", "How often the categoriser is right is not known: "+check.WhyMissing+".")
	}
	var rows [][]Cell
	why := map[string]bool{}
	for _, mix := range r.Categories {
		share := unknown
		if c := mix.TaskShareCorrected; c != nil {
			share = Rate(c.Estimate, check.Reviewed) + limits(c, check.Reviewed)
		} else if mix.WhyNotCorrected != check.WhyMissing && check.Accuracy != nil {
			why[mix.WhyNotCorrected] = true
		}
		rows = append(rows, Cells(string(mix.Category), Rate(mix.TaskShare, r.Tasks), share))
	}
	if check.Accuracy != nil {
		p.table([]Column{{Name: "share of tasks"}, {Name: "counted", Right: true}, {Name: "corrected for its errors", Right: true}}, rows)
	}
	for _, reason := range slices.Sorted(maps.Keys(why)) {
		p.say(Dim, "", "– "+reason)
	}
	p.warnings(check.Warnings)
}
