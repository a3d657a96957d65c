package report

import "fmt"

// Columns of the results, right of the assumptions, so that a reader who changes one
// sees what follows.
const (
	resultLabel = 7 + iota
	_
	_
	resultEstimate
	resultLow
	resultHigh
)

// resultRows is how many rows they take, with their headings.
const resultRows = 14

// results writes what the assumptions come to: a column each for the estimate
// and the limits of its interval. The savings' total stands in row total.
func (s sheet) results(row, total int) {
	s.set(resultLabel, row, "Result", look{role: roleSection})
	row++
	for i, title := range []string{"", "", "", "Estimate", "Low", "High"} {
		l := look{role: roleHeader}
		if title != "" {
			l.format = formatMoney
		}
		s.set(resultLabel+i, row, title, l)
	}
	from := func(column int) any {
		if len(s.in.Routing.Routes) == 0 {
			return nil
		}
		return formula(at(column, total))
	}
	row++
	now := row
	s.result(row, "Model cost a month now", formatMoney, from(savingNow), nil, nil)
	gross := row + 1
	s.result(gross, "Saving on model cost a month", formatMoney, from(savingEstimate), from(savingLow), from(savingHigh))
	s.result(gross+1, "… as a share of the cost now", formatRateFine, s.each(gross, func(x string) string {
		return fmt.Sprintf(`IF(ISNUMBER(%s),IF(%s>0,%s/%s,0),"")`, fixed(resultEstimate, now), fixed(resultEstimate, now), x, fixed(resultEstimate, now))
	})...)
	hours := gross + 2
	s.result(hours, "Editing hours saved a month", formatNumber, s.editingHours()...)
	editing := hours + 1
	s.result(editing, "Editing time saved a month", formatMoney, s.each(hours, func(x string) string { return x + "*" + nameEditorRate })...)
	running := editing + 1
	s.result(running, "Orchestration and judges a month", formatMoney, formula(nameOverhead+"+"+nameJudgesMonth), nil, nil)
	net := running + 1
	counted := fmt.Sprintf(`%s+%s-%s`, at(resultEstimate, gross), at(resultEstimate, editing), at(resultEstimate, running))
	limit := func(sign string) formula {
		return formula(fmt.Sprintf(`IF(ISNUMBER(%s),%s%s%s*(%s+%s^2*%s)^0.5,"")`, at(resultLow, gross), at(resultEstimate, net), sign,
			at(savingMultiplier, total), at(savingVariance, total), nameEditorRate, at(editVariance, s.editingFrom+len(s.in.Routing.Routes))))
	}
	s.result(net, "Saving a month, all counted", formatMoney, formula(fmt.Sprintf(`IF(ISNUMBER(%s),%s,"")`, at(resultEstimate, gross), counted)), limit("-"), limit("+"))
	year := net + 1
	s.result(year, "Saving a year", formatMoney, s.each(net, func(x string) string { return x + "*12" })...)
	once := year + 1
	s.result(once, "Spent once: pilot, judges, rating hours, switching", formatMoney,
		formula(fmt.Sprintf(`%s+%s+%s*%s+%s`, namePilotOnce, nameJudgesOnce, nameRatingHours, nameRaterRate, nameSwitching)), nil, nil)
	payback := once + 1
	s.result(payback, "Months until that is paid back", formatNumber, s.each(net, func(x string) string {
		return fmt.Sprintf(`IF(%s=0,"nothing spent",IF(%s>0,%s/%s,"never"))`, fixed(resultEstimate, once), x, fixed(resultEstimate, once), x)
	})...)
	value := payback + 1
	s.result(value, "Value over three years", formatMoney, s.each(net, func(x string) string {
		return fmt.Sprintf(`%s*IF(%s=0,36,(1-(1+%s/12)^-36)/(%s/12))-%s`, x, nameDiscount, nameDiscount, nameDiscount, fixed(resultEstimate, once))
	})...)
	check := value + 1
	var stated any
	if s.in.Routing.Total.MonthlySaving != nil {
		stated = s.in.Routing.Total.MonthlySaving.Estimate
	}
	s.result(check, "Check: saving as the routing table states it", formatMoney, stated, nil, nil)
	if saving := s.in.Routing.Total.MonthlySaving; saving != nil {
		s.set(resultLow, check, saving.Low, look{formatMoney, roleResult})
		s.set(resultHigh, check, saving.High, look{formatMoney, roleResult})
	}
	for _, named := range []struct {
		name        string
		row, column int
	}{
		{nameSavingMonth, net, resultEstimate},
		{nameSavingMonthLow, net, resultLow},
		{nameSavingMonthHigh, net, resultHigh},
		{nameSavingYear, year, resultEstimate},
		{nameSavingYearLow, year, resultLow},
		{nameSavingYearHigh, year, resultHigh},
		{namePayback, payback, resultEstimate},
		{nameThreeYears, value, resultEstimate},
		{nameThreeYearsLow, value, resultLow},
		{nameThreeYearsHigh, value, resultHigh},
	} {
		s.name1(named.name, named.row, named.column)
	}
}

// each gives a formula of the estimate and of both limits in a row, empty where
// they are.
func (s sheet) each(row int, of func(string) string) []any {
	var formulas []any
	for _, column := range []int{resultEstimate, resultLow, resultHigh} {
		formulas = append(formulas, formula(fmt.Sprintf(`IF(ISNUMBER(%s),%s,"")`, at(column, row), of(at(column, row)))))
	}
	return formulas
}

// result writes a line of the results; values are estimate, low and high.
func (s sheet) result(row int, label string, f format, values ...any) {
	s.set(resultLabel, row, label, look{role: roleResult})
	s.set(resultLabel+1, row, nil, look{role: roleResult})
	s.set(resultLabel+2, row, nil, look{role: roleResult})
	s.keep(s.file.MergeCell(s.name, at(resultLabel, row), at(resultEstimate-1, row)))
	for i, column := range []int{resultEstimate, resultLow, resultHigh} {
		s.set(column, row, values[i], look{f, roleResult})
	}
}

// notes explains the sheet beneath its figures, and returns the next free row.
func (s sheet) notes(row int) int {
	for _, note := range []string{
		"Saving of a category = routed spend × (1 − cost ratio), both at the prices of the yellow cells. Its variance = (1 − R)²·V(B) + B²·V(R) + V(B)·V(R), B the spend and R the cost ratio; categories are independent, so variances add.",
		"Editing hours saved = routed tasks × seconds of editing now × (1 − ratio of the seconds) / 3600; the variance is that of the ratio. Where nobody edited answers the pilot does not know it, and it counts as nothing until you fill it in.",
		"Blue on yellow is an input, black a formula, green a figure of another sheet. The check line holds what the analysis found; the saving on model cost above it equals it until an input is changed.",
		"The interval covers the sampled tasks, the raters' edits and the volume and spend of the log. It does not cover your own inputs, a change of prices, or work that changes in kind.",
	} {
		s.wide(row, len(returnFields), note, look{role: roleAnswer})
		row++
	}
	return row
}
