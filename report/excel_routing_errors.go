package report

import (
	"fmt"

	"modeltrial/eval"
)

// The figures of the sheet of routing errors.
const (
	nameErrorsSaving     = "saving_with_routing_errors_month_usd"
	nameErrorsSavingLow  = "saving_with_routing_errors_month_low_usd"
	nameErrorsSavingHigh = "saving_with_routing_errors_month_high_usd"
)

// Columns of the table with a line for each pair of a sorted and a true category.
const (
	errorSorted = 1 + iota
	errorTruth
	errorArm
	errorReviewed
	errorRatio
	errorRatioError
	errorMultiplier
	errorShare
	errorGain
	errorSmoothed
	errorMean
	errorSmoothMean
	errorSquare
	errorWeight
	errorSpread
	errorSpreadSquare
	errorSpendSpread
	errorMeasured
	errorCritical
)

var errorFields = []field{
	{"Sorted into", 36, formatText},
	{"Truly", 20, formatText},
	{"Arm", 20, formatText},
	{"Reviewed tasks", 18, formatCount},
	{"Cost ratio there", 12, formatRatio},
	{"Standard error of the ratio", 12, formatSmall},
	{"Standard errors to the limits", 12, formatNumber},
	{"Share", 12, formatRateFine},
	{"Saving of a dollar", 12, formatSmall},
	{"Share, smoothed", 12, formatRateFine},
	{"Share × saving", 12, formatSmall},
	{"Smoothed × saving", 12, formatSmall},
	{"Smoothed × saving²", 12, formatSmall},
	{"Share on this ratio", 12, formatRateFine},
	{"Its standard error × share", 12, formatSmall},
	{"The same, squared", 12, formatSmall},
	{"Spend × standard error", 14, formatNumber},
	{"Share that was measured", 12, formatRateFine},
	{"Standard errors that count", 12, formatNumber},
}

// Columns of the table by sorted category.
const (
	sortedSpend = 2 + iota
	sortedVariance
	sortedReviewed
	sortedGain
	sortedSaving
	sortedRow
	sortedOwn
	sortedTotal
	sortedMultiplier
)

var sortedFields = []field{
	{"Sorted into", 24, formatText},
	{"Spend that is moved", 20, formatMoney},
	{"Its variance", 20, formatNumber},
	{"Reviewed tasks", 12, formatCount},
	{"Saving of a dollar", 12, formatSmall},
	{"Saving a month", 12, formatMoney},
	{"Variance of the shares", 12, formatSmall},
	{"Variance of the ratios", 12, formatSmall},
	{"Variance of the saving but for the ratios", 12, formatNumber},
	{"Standard errors to the limits", 12, formatNumber},
}

// routingErrorsSheet computes the saving of a router that sorts as the categoriser does
// from the counts of the reviewed sample: the closed form of the analysis as formulas.
func (b *book) routingErrorsSheet() {
	s, row := b.open(sheetErrors, "What is left of the saving when the router takes a task for another category than its own? Change a count or a ratio: everything follows, and so do the inputs of the return on investment.", errorFields)
	e := b.in.Routing.RoutingErrors
	if e == nil || len(e.Rows) == 0 || len(e.Rows) != len(b.in.Routing.Routes) {
		why := b.in.Routing.WhyMissing["routing_errors"]
		if why == "" {
			why = noRoutes
		}
		s.wide(row, len(errorFields), sentence(why), look{role: roleNotice})
		s.freeze(0, row)
		return
	}
	truths := reviewedTruths(e)
	s.set(1, row, "What the reviewed tasks of the random sample are", look{role: roleSection})
	lines := rowRange{row + 2, row + 1 + len(e.Rows)*len(truths)}
	sorted := rowRange{lines.last + 4, lines.last + 3 + len(e.Rows)}
	s.errorLines(row+1, lines, sorted, truths)
	s.set(1, sorted.first-2, "Saving by category as sorted", look{role: roleSection})
	s.sortedLines(lines, sorted)
	shared := s.sharedLines(lines, sorted.last+3, truths)
	end := s.errorResults(lines, sorted, shared)
	s.freeze(0, row+1)
	for i, assumes := range e.Assumes {
		s.wide(end+1+i, len(errorFields), sentence(assumes), look{role: roleDim})
	}
}

// reviewedTruths are the true categories that a reviewed task has, by their index in a
// row, and the routes' own: the others have a share of nothing.
func reviewedTruths(e *eval.RoutingErrors) []int {
	var kept []int
	for j := range e.Rows[0].Truths {
		n := 0
		for _, row := range e.Rows {
			n += row.Truths[j].Reviewed
		}
		if n > 0 || j < len(e.Rows) {
			kept = append(kept, j)
		}
	}
	return kept
}

// column is a column of a table, fixed.
func column(column int, rows rowRange) string {
	return fixed(column, rows.first) + ":" + fixed(column, rows.last)
}

func (s sheet) errorLines(header int, lines, sorted rowRange, truths []int) {
	var rows [][]any
	here := lines.first
	whole := func(c int) string { return column(c, lines) }
	for i, row := range s.in.Routing.RoutingErrors.Rows {
		onReturn := func(c int) string { return on(sheetReturn, fixed(c, s.inputsFrom+i)) }
		// On this sheet the switch and the ratio are read where the reader changes them.
		switched := fmt.Sprintf(`(%s="yes")`, on(sheetReturn, s.counts(i)))
		own := s.onSavings(savingRatio, i)
		for _, j := range truths {
			truth := row.Truths[j]
			cell := func(c int) string { return at(c, here) }
			reviewed := fmt.Sprintf(`SUMIF(%s,%s,%s)`, whole(errorSorted), cell(errorSorted), whole(errorReviewed))
			ratio, ratioError, critical := ratioCells(truth, i == j, s.onSavings(savingRatio, i), s.onSavings(savingRatioError, i), onReturn(returnMultiplier))
			share := fmt.Sprintf(`IF(ISNUMBER(%s),%s,0)`, cell(errorRatio), cell(errorShare))
			if i == j {
				// What is not measured elsewhere rests on this ratio where it costs more here.
				others := fmt.Sprintf(`SUMIF(%s,%s,%s)-SUMIF(%s,%s,%s)`, whole(errorSorted), cell(errorSorted), whole(errorShare),
					whole(errorSorted), cell(errorSorted), column(errorMeasured, lines))
				share = fmt.Sprintf(`%s+IF(ISNUMBER(%s)*(N(%s)>1),%s,0)`, share, own, own, others)
			}
			rows = append(rows, []any{
				string(row.Category), string(truth.Category), candidateName(row), truth.Reviewed, ratio, ratioError, critical,
				formula(fmt.Sprintf(`IF(%s>0,%s/%s,0)`, reviewed, cell(errorReviewed), reviewed)),
				formula(fmt.Sprintf(`IF(%s,IF(ISNUMBER(%s),1-%s,MIN(0,1-N(%s))),0)`, switched, cell(errorRatio), cell(errorRatio), own)),
				formula(fmt.Sprintf(`(%s+2*SUMIF(%s,%s,%s)/MAX(SUM(%s),1))/(%s+2)`, cell(errorReviewed), whole(errorTruth), cell(errorTruth), whole(errorReviewed), whole(errorReviewed), reviewed)),
				formula(fmt.Sprintf(`%s*%s`, cell(errorShare), cell(errorGain))),
				formula(fmt.Sprintf(`%s*%s`, cell(errorSmoothed), cell(errorGain))),
				formula(fmt.Sprintf(`%s*%s^2`, cell(errorSmoothed), cell(errorGain))),
				formula(share),
				formula(fmt.Sprintf(`IF(%s,%s*N(%s),0)`, switched, cell(errorWeight), cell(errorRatioError))),
				formula(fmt.Sprintf(`%s^2`, cell(errorSpread))),
				formula(fmt.Sprintf(`%s*%s`, fixed(sortedSpend, sorted.first+i), cell(errorSpread))),
				formula(fmt.Sprintf(`IF(ISNUMBER(%s),%s,0)`, cell(errorRatio), cell(errorShare))),
				formula(fmt.Sprintf(`IF(%s>0,%s,"")`, cell(errorSpread), cell(errorMultiplier))),
			})
			here++
		}
	}
	roles := map[int]role{errorReviewed - 1: roleInput, errorRatio - 1: roleInput, errorRatioError - 1: roleInput, errorMultiplier - 1: roleInput}
	s.tableLooks(header, "RoutingErrors", errorFields, rows, "", roles)
	for i, cells := range rows {
		for c := errorRatio; c <= errorMultiplier; c++ {
			if link, ok := cells[c-1].(formula); ok { // no input here, but on the return sheet
				s.set(c, lines.first+i, link, look{errorFields[c-1].format, roleLink})
			}
		}
	}
	s.between(at(errorReviewed, lines.first)+":"+at(errorReviewed, lines.last), 0, 1e9)
	for _, c := range []int{errorRatio, errorRatioError, errorMultiplier} {
		s.between(at(c, lines.first)+":"+at(c, lines.last), 0, 1e6)
	}
}

// ratioCells are a line's cost ratio, its standard error and its critical value: those
// of the return on investment where the task is where it belongs.
func ratioCells(truth eval.TrueCategory, own bool, ownRatio, ownError, ownCritical string) (ratio, ratioError, critical any) {
	if own {
		link := func(cell string) formula { return formula(fmt.Sprintf(`IF(ISNUMBER(%s),%s,"")`, cell, cell)) }
		return link(ownRatio), link(ownError), link(ownCritical)
	}
	if truth.CostRatio == nil {
		return nil, nil, nil
	}
	return truth.CostRatio.Estimate, truth.CostRatio.StandardError, multiplier(truth.CostRatio)
}

// onSavings is a cell of the savings of the route with an index, from another sheet.
func (b *book) onSavings(column, route int) string {
	return on(sheetReturn, fixed(column, b.spendRows.first+route))
}

func candidateName(row eval.SortedCategory) string {
	return candidateOf(eval.Route{Candidate: row.Arm})
}

func (s sheet) sortedLines(lines, sorted rowRange) {
	var rows [][]any
	sum := func(key string, c int) string {
		return fmt.Sprintf(`SUMIF(%s,%s,%s)`, column(errorSorted, lines), key, column(c, lines))
	}
	for i, row := range s.in.Routing.RoutingErrors.Rows {
		cell := func(c int) string { return at(c, sorted.first+i) }
		onReturn := func(c int) string { return on(sheetReturn, fixed(c, s.inputsFrom+i)) }
		switched := fmt.Sprintf(`(%s="yes")`, on(sheetReturn, s.counts(i)))
		spend := fmt.Sprintf(`%s*N(%s)`, nameShareRouted, s.onSavings(savingSpend, i))
		known := fmt.Sprintf(`ISNUMBER(%s)*ISNUMBER(%s)*(%s>=10)`, s.onSavings(savingSpend, i), s.onSavings(savingRatio, i), cell(sortedReviewed))
		certain := fmt.Sprintf(`ISNUMBER(%s)*ISNUMBER(%s)*ISNUMBER(%s)`, cell(sortedSaving), onReturn(returnSpendError), s.onSavings(savingRatioError, i))
		rows = append(rows, []any{
			string(row.Category),
			formula(spend),
			formula(fmt.Sprintf(`(%s*N(%s))^2`, cell(sortedSpend), onReturn(returnSpendError))),
			formula(sum(cell(1), errorReviewed)),
			formula(sum(cell(1), errorMean)),
			formula(fmt.Sprintf(`IF(%s,IF(%s,%s*%s,""),0)`, switched, known, cell(sortedSpend), cell(sortedGain))),
			formula(fmt.Sprintf(`IF(%s,MAX(%s-%s^2,0)/MAX(%s,1),0)`, switched, sum(cell(1), errorSquare), sum(cell(1), errorSmoothMean), cell(sortedReviewed))),
			formula(sum(cell(1), errorSpreadSquare)),
			formula(fmt.Sprintf(`IF(%s,IF(%s,%s^2*%s+%s^2*%s+%s*(%s+%s),""),0)`, switched, certain, cell(sortedGain), cell(sortedVariance),
				cell(sortedSpend), cell(sortedRow), cell(sortedVariance), cell(sortedRow), cell(sortedOwn))),
			formula(fmt.Sprintf(`IF(%s,%s,"")`, switched, onReturn(returnMultiplier))),
		})
	}
	s.table(sorted.first-1, "RoutingErrorRows", sortedFields, rows, "")
}

// sharedLines adds up, for each true category, what rests on its ratios: their error is
// the same wherever they count.
func (s sheet) sharedLines(lines rowRange, header int, truths []int) rowRange {
	s.set(1, header-1, "What rests on the ratios of one category", look{role: roleSection})
	rows := rowRange{header + 1, header + len(truths)}
	var cells [][]any
	for k, j := range truths {
		truth := s.in.Routing.RoutingErrors.Rows[0].Truths[j].Category
		cells = append(cells, []any{
			string(truth),
			formula(fmt.Sprintf(`SUMIF(%s,%s,%s)`, column(errorTruth, lines), at(1, rows.first+k), column(errorSpendSpread, lines))),
			formula(fmt.Sprintf(`%s^2`, at(2, rows.first+k))),
		})
	}
	s.table(header, "RoutingErrorRatios", []field{{"Truly", 24, formatText}, {"Spend × standard error", 20, formatNumber}, {"Squared", 20, formatNumber}}, cells, "")
	return rows
}

// errorResults writes the sum, and the critical value of the least certain of its parts.
func (s sheet) errorResults(lines, sorted, shared rowRange) int {
	row := shared.last + 2
	s.set(1, row, "Result", look{role: roleSection})
	for i, title := range []string{"", "Estimate", "Low", "High"} {
		s.set(i+1, row+1, title, look{formatMoney, roleHeader})
	}
	complete := func(c int) string { return fmt.Sprintf(`COUNT(%s)=ROWS(%s)`, column(c, sorted), column(c, sorted)) }
	sum := func(c int) string { return fmt.Sprintf(`SUM(%s)`, column(c, sorted)) }
	variance, critical, last := row+2, row+3, row+5
	limit := func(sign string) formula {
		return formula(fmt.Sprintf(`IF(AND(%s,%s),%s%s%s*%s^0.5,"")`, complete(sortedSaving), complete(sortedTotal),
			at(2, last), sign, at(2, critical), at(2, variance)))
	}
	s.set(1, variance, "Variance of the saving with errors", look{})
	s.set(2, variance, formula(fmt.Sprintf(`%s+SUM(%s)`, sum(sortedTotal), column(3, shared))), look{format: formatNumber})
	s.set(1, critical, "Standard errors to the limits", look{})
	s.set(2, critical, formula(fmt.Sprintf(`MAX(%s,%s)`, column(sortedMultiplier, sorted), column(errorCritical, lines))), look{format: formatNumber})
	gross := func(c int) formula { return formula(on(sheetReturn, fixed(c, s.spendRows.last+1))) }
	for i, line := range []struct {
		label               string
		estimate, low, high formula
		role                role
	}{
		{"Saving on model cost a month", gross(savingEstimate), gross(savingLow), gross(savingHigh), roleLink},
		{"… with routing errors", formula(fmt.Sprintf(`IF(%s,%s,"")`, complete(sortedSaving), sum(sortedSaving))), limit("-"), limit("+"), roleResult},
	} {
		s.set(1, last-1+i, line.label, look{})
		for c, value := range []formula{line.estimate, line.low, line.high} {
			s.set(2+c, last-1+i, value, look{formatMoney, line.role})
		}
	}
	s.name1(nameErrorsSaving, last, 2)
	s.name1(nameErrorsSavingLow, last, 3)
	s.name1(nameErrorsSavingHigh, last, 4)
	s.set(1, last+1, formula(fmt.Sprintf(`IF(AND(%s,%s),"","Not known: a category that switches lacks its spend, its ratio, or 10 reviewed tasks that were sorted into it.")`,
		complete(sortedSaving), complete(sortedTotal))), look{formatBeside, roleNotice})
	return last + 1
}
