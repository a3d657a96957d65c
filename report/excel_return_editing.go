package report

import (
	"fmt"
	"slices"

	"modeltrial/audit"
	"modeltrial/eval"
)

// Columns of the return sheet's table of editing time and margin.
const (
	editTasks = 3 + iota
	editNow
	editOfNow
	editOfNowError
	editShownWithin
	editWinLow
	editNotWorse
	editCounts
	editHours
	editVariance
)

var editingFields = []field{
	{"Category", 24, formatText},
	{"Candidate", 24, formatText},
	{"Share of the tasks that moves", 19, formatRateFine},
	{"Editing an answer now", 19, formatSeconds},
	{"Editing time, of now's", 19, formatRatio},
	{"Standard error of that", 19, formatSmall},
	{"Shown not worse within", 17, formatRateFine},
	{"Win rate, low, at every look", 14, formatRateFine},
	{"Not worse within the margin", 14, formatText},
	{"Counts", 14, formatText},
	{"Editing hours saved a month", 15, formatNumber},
	{"Variance of the hours", 15, formatNumber},
}

// counts is the cell that says whether the saving of the route with an index counts: it
// is switched, and what it was switched for still holds within the margin.
func (b *book) counts(route int) string { return fixed(editCounts, b.editingFrom+route) }

// editingRows writes what editing an answer takes, and whether the margin lets a
// category count, for each route.
func (s sheet) editingRows(row int) int {
	var rows [][]any
	for i, r := range s.in.Routing.Routes {
		input := func(column int) string { return at(column, s.inputsFrom+i) }
		here := func(column int) string { return at(column, row+1+i) }
		var within, low, seconds, ratio, ratioError any
		if r.Decision == eval.SwitchForCost && s.in.Protocol.SHA256 != "" {
			within = s.in.Protocol.Protocol.Margin
		}
		if r.WinRateValid != nil {
			low = r.WinRateValid.Low
		}
		if now := editSecondsNow(s.in.Analysis, r); now != nil {
			seconds = *now
		}
		if measured := editRatio(s.in.Analysis, r); measured != nil {
			ratio, ratioError = measured.Estimate, measured.StandardError
		}
		// What the protocol's rule has shown holds within any wider margin.
		holds := fmt.Sprintf(`OR(%s="",%s>=%s,%s="yes")`, here(editShownWithin), nameMargin, here(editShownWithin), here(editNotWorse))
		moved := fmt.Sprintf(`%s*%s*%s*%s/3600`, nameShareRouted, input(returnTasks), here(editTasks), here(editNow))
		rows = append(rows, []any{
			string(r.Category), candidateOf(r), tasksThatMove(s.in, r), seconds, ratio, ratioError, within, low,
			formula(fmt.Sprintf(`IF(ISNUMBER(%s),IF(%s>0.5-%s,"yes","not shown"),"")`, here(editWinLow), here(editWinLow), nameMargin)),
			formula(fmt.Sprintf(`IF(%s="yes",IF(%s,"yes","no"),"no")`, input(returnSwitch), holds)),
			formula(fmt.Sprintf(`IF(%s="yes",IF(COUNT(%s:%s)=3,%s*(1-%s),""),0)`, here(editCounts), here(editTasks), here(editOfNow), moved, here(editOfNow))),
			formula(fmt.Sprintf(`IF(%s="yes",IF(COUNT(%s:%s)=4,(%s*%s)^2,""),0)`, here(editCounts), here(editTasks), here(editOfNowError), moved, here(editOfNowError))),
		})
	}
	roles := map[int]role{}
	for column := editTasks; column <= editOfNowError; column++ {
		roles[column-1] = roleInput
	}
	end := s.tableLooks(row, "ReturnEditing", editingFields, rows, noRoutes, roles)
	if len(rows) == 0 {
		return end
	}
	s.total(end, row+1, editingFields, editHours, editVariance)
	s.emphasise(at(editCounts, row+1)+":"+at(editCounts, end-1), "yes")
	for column, most := range map[int]float64{editTasks: 1, editNow: 1e6, editOfNow: 1e6, editOfNowError: 1e6} {
		s.between(at(column, row+1)+":"+at(column, end-1), 0, most)
	}
	return end + 1
}

// editingHours are the hours saved a month and, where editing was measured, their limits.
func (s sheet) editingHours() []any {
	if len(s.in.Routing.Routes) == 0 {
		return []any{nil, nil, nil}
	}
	total := s.editingFrom + len(s.in.Routing.Routes)
	hours, variance := at(editHours, total), at(editVariance, total)
	multipliers := at(returnMultiplier, s.inputsFrom) + ":" + at(returnMultiplier, s.inputsFrom+len(s.in.Routing.Routes)-1)
	limit := func(sign string) formula {
		return formula(fmt.Sprintf(`IF(%s>0,%s%sMAX(%s)*%s^0.5,"")`, variance, hours, sign, multipliers, variance))
	}
	return []any{formula(hours), limit("-"), limit("+")}
}

// comparisonOf is the comparison that a route rests on; nil where there was none.
func comparisonOf(a eval.Analysis, r eval.Route) *eval.ComparisonResult {
	i := slices.IndexFunc(a.Comparisons, func(c eval.ComparisonResult) bool {
		return r.Candidate != "" && c.Category == r.Category && c.Candidate == r.Candidate
	})
	if i < 0 {
		return nil
	}
	return &a.Comparisons[i]
}

// editRatio is the candidate's editing time as a multiple of the control's; nil where it
// was not measured.
func editRatio(a eval.Analysis, r eval.Route) *eval.Interval {
	if c := comparisonOf(a, r); c != nil {
		return c.PostEditRatio
	}
	return nil
}

// editSecondsNow is how long people edit an answer of the control, in seconds.
func editSecondsNow(a eval.Analysis, r eval.Route) *float64 {
	if c := comparisonOf(a, r); c != nil && c.PostEditing != nil {
		return c.PostEditing.Control.Seconds
	}
	return nil
}

// tasksThatMove is the share of a category's tasks in the log that ran on the control's
// model: all where the log never names it, nothing where the log is not known.
func tasksThatMove(in Input, r eval.Route) any {
	i := slices.IndexFunc(in.Audit.Categories, func(c audit.CategoryMix) bool { return c.Category == r.Category })
	if i < 0 || in.Audit.Categories[i].Tasks == 0 {
		return nil
	}
	arm := slices.IndexFunc(in.Protocol.Protocol.Arms, func(a eval.Arm) bool { return a.Name == r.Control })
	for _, group := range in.Audit.Categories[i].Models {
		if group.Name == r.ReplacesModel || (arm >= 0 && group.Name == in.Protocol.Protocol.Arms[arm].Model) {
			return float64(group.Tasks) / float64(in.Audit.Categories[i].Tasks)
		}
	}
	return 1.0
}
