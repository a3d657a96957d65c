package report

import (
	"cmp"
	"fmt"
	"slices"

	"github.com/xuri/excelize/v2"

	"modeltrial/eval"
)

// returnRows remembers where the return sheet put what other sheets link to.
// They are defined names, so that a formula reads as a sentence.
const (
	nameShareRouted = "share_routed"
	nameRaterRate   = "rater_hourly_rate_usd"
	nameRatingHours = "rating_hours"
	nameSwitching   = "switching_cost_usd"
	nameOverhead    = "orchestration_overhead_usd_month"
	nameDiscount    = "discount_rate_year"
	nameEditorRate  = "editor_hourly_rate_usd"
	nameJudgesMonth = "judge_cost_month_usd"
	nameJudgesOnce  = "judge_cost_once_usd"
	namePilotOnce   = "pilot_calls_once_usd"
	nameMargin      = "not_worse_within"

	nameSavingMonth     = "saving_month_usd"
	nameSavingMonthLow  = "saving_month_low_usd"
	nameSavingMonthHigh = "saving_month_high_usd"
	nameSavingYear      = "saving_year_usd"
	nameSavingYearLow   = "saving_year_low_usd"
	nameSavingYearHigh  = "saving_year_high_usd"
	namePayback         = "payback_months"
	nameThreeYears      = "three_year_value_usd"
	nameThreeYearsLow   = "three_year_value_low_usd"
	nameThreeYearsHigh  = "three_year_value_high_usd"
)

// Columns of the table of inputs on the return sheet.
const (
	returnCategory = 1 + iota
	returnCandidate
	returnSwitch
	returnTasks
	returnCost
	returnShare
	returnSpendError
	returnRatio
	returnRatioError
	returnMultiplier
	returnPriceNow
	returnPriceThen
)

var returnFields = []field{
	{"Category", 24, formatText},
	{"Candidate", 24, formatText},
	{"Switch", 19, formatText},
	{"Tasks a month", 19, formatCount},
	{"Cost a task now", 19, formatMoneyFine},
	{"Share of the cost that is replaced", 19, formatRateFine},
	{"Standard error of the spend", 17, formatRateFine},
	{"Cost ratio", 14, formatRatio},
	{"Standard error of the ratio", 14, formatSmall},
	{"Standard errors to the limits", 14, formatNumber},
	{"Price of the control, of today's", 15, formatRate},
	{"Price of the candidate, of today's", 15, formatRate},
}

// Columns of the table of savings, beneath the inputs.
const (
	savingNow = 3 + iota
	savingThen
	savingEstimate
	savingLow
	savingHigh
	savingVariance
	savingMultiplier
	savingSpend
	savingRatio
	savingRatioError
)

var savingFields = []field{
	{"Category", 24, formatText},
	{"Candidate", 24, formatText},
	{"Cost a month now", 19, formatMoney},
	{"Cost a month then", 19, formatMoney},
	{"Saving a month", 19, formatMoney},
	{"Saving, low", 19, formatMoney},
	{"Saving, high", 17, formatMoney},
	{"Variance of the saving", 14, formatNumber},
	{"Standard errors to the limits", 14, formatNumber},
	{"Spend that is replaced", 14, formatMoney},
	{"Cost ratio at these prices", 15, formatRatio},
	{"Its standard error", 15, formatSmall},
}

// A spendInput is what the formulas of one category start from. Nil is unknown.
type spendInput struct {
	costPerTask *float64
	share       *float64 // of the category's cost, on the model that is replaced
	relative    *float64 // standard error of that spend, as a share of it
}

// inputs writes a route's spend as shares, whatever was decided: a reader may
// switch a category that the table keeps.
func inputs(r eval.Route) spendInput {
	in := spendInput{}
	if r.MonthlyCostNow == nil {
		return in
	}
	switch {
	case r.MonthlyTasks == nil:
	case *r.MonthlyTasks > 0:
		in.costPerTask = new(*r.MonthlyCostNow / *r.MonthlyTasks)
	default:
		in.costPerTask = new(0.0) // of no task
	}
	if r.ControlSpend == nil || r.ControlSpend.Estimate <= 0 || *r.MonthlyCostNow <= 0 {
		return in
	}
	share, relative := r.ControlSpend.Estimate / *r.MonthlyCostNow, r.ControlSpend.StandardError/r.ControlSpend.Estimate
	in.share, in.relative = &share, &relative
	return in
}

// multiplier is the critical value behind a saving's interval: half its width in
// standard errors. Nil where there is none.
func multiplier(saving *eval.Interval) *float64 {
	if saving == nil || saving.StandardError <= 0 {
		return nil
	}
	value := (saving.High - saving.Low) / 2 / saving.StandardError
	return &value
}

func (b *book) returnSheet() {
	s, row := b.open(sheetReturn, "What does the routing table save, after all that it costs? Change a yellow cell: the result follows.", returnFields)
	s.set(1, row, "Assumptions", look{role: roleSection})
	beside := row
	row = max(s.assumptions(row+1), beside+resultRows) + 1
	s.set(1, row, "Assumptions by category", look{role: roleSection})
	inputsFrom := row + 2
	b.inputsFrom = inputsFrom
	row = s.inputRows(row+1) + 1
	s.set(1, row, "Editing time and margin by category", look{role: roleSection})
	b.editingFrom = row + 2
	row = s.editingRows(row+1) + 1
	s.set(1, row, "Saving by category", look{role: roleSection})
	first := row + 2
	row = s.savingRows(row+1, inputsFrom)
	b.spendRows = rowRange{first, first + len(b.in.Routing.Routes) - 1}
	s.results(beside, b.spendRows.last+1)
	row = s.drivers(row+1, inputsFrom, first)
	s.onePage(s.notes(row + 1))
}

// costsKnown says whether there is anything to draw of costs.
func costsKnown(table eval.RoutingTable) bool {
	return slices.ContainsFunc(table.Routes, func(r eval.Route) bool { return r.MonthlyCostNow != nil })
}

// spendChart compares what each category costs now and then; it follows the
// inputs.
func (b *book) spendChart(width, height uint) (*excelize.Chart, []chartSeries) {
	rows, most := b.spendRows, 0.0
	for _, r := range b.in.Routing.Routes {
		if r.MonthlyCostNow != nil {
			most = max(most, *r.MonthlyCostNow)
		}
	}
	axis := `#,##0`
	if most < 3 { // its steps are then less than one
		axis = `0.00`
	}
	return barChart{
		title: "Model cost a month (USD)", format: axis,
		categories: area(sheetReturn, returnCategory, rows.first, rows.last),
		series: []chartSeries{
			{name: on(sheetReturn, fixed(savingNow, rows.first-1)), values: area(sheetReturn, savingNow, rows.first, rows.last), colour: colourControl},
			{name: on(sheetReturn, fixed(savingThen, rows.first-1)), values: area(sheetReturn, savingThen, rows.first, rows.last), colour: candidateColours[0]},
		},
		width: width, height: height,
	}.chart()
}

// assumptions writes the inputs that hold for all categories.
func (s sheet) assumptions(row int) int {
	margin, marginSource := s.in.Protocol.Protocol.Margin, "as the protocol has it; narrower may undo a switch for cost"
	if s.in.Protocol.SHA256 == "" {
		marginSource = "no protocol is locked"
	}
	inputs := []struct {
		label  string
		value  float64
		format format
		name   string
		low    float64
		high   float64
		source string
	}{
		{"Share of the switched categories' tasks that is routed", 1, formatRate, nameShareRouted, 0, 1, "assumption: all of it"},
		{"Not worse within, share of the win rate", margin, formatRateFine, nameMargin, 0, 0.5, marginSource},
		{"Orchestration overhead a month", 0, formatMoney, nameOverhead, 0, 1e12, "not given, counts as 0: gateway, operation"},
		{"Judge models a month", 0, formatMoney, nameJudgesMonth, 0, 1e12, "not given, counts as 0: checks after the switch"},
		{"An editor's hour", 0, formatMoney, nameEditorRate, 0, 1e6, "not given, counts as 0: of those who edit answers"},
		{"Calls of the pilot's arms, once", s.in.ArmsSpent.Dollars(), formatMoney, namePilotOnce, 0, 1e12, "as spent in this pilot; imported answers cost nothing here"},
		{"Judge models in the pilot, once", s.in.JudgesSpent.Dollars(), formatMoney, nameJudgesOnce, 0, 1e12, "as spent in this pilot"},
		{"Rating hours of people", s.ratingHours(), formatNumber, nameRatingHours, 0, 1e9, s.ratingHoursSource()},
		{"A rater's hour", 0, formatMoney, nameRaterRate, 0, 1e6, "not given, counts as 0: set your rate"},
		{"Switching cost, once", 0, formatMoney, nameSwitching, 0, 1e12, "not given, counts as 0: integration, tests, training"},
		{"Discount rate a year", 0, formatRateFine, nameDiscount, 0, 1, "assumption: none"},
	}
	for _, input := range inputs {
		s.set(1, row, input.label, look{format: formatWrap})
		s.keep(s.file.MergeCell(s.name, at(1, row), at(2, row)))
		s.set(3, row, input.value, look{input.format, roleInput})
		s.set(4, row, input.source, look{formatBeside, roleDim})
		s.name1(input.name, row, 3)
		s.between(at(3, row), input.low, input.high)
		row++
	}
	return row
}

// ratingHours adds up how long people rated: simulated ratings took nobody's
// time.
func (s sheet) ratingHours() float64 {
	const hour = 3600
	hours := 0.0
	for _, rater := range s.in.Analysis.Raters {
		if rater.Kind == eval.Human && !rater.Simulated && rater.SecondsMedian != nil {
			hours += float64(rater.Ratings) * *rater.SecondsMedian / hour
		}
	}
	return hours
}

func (s sheet) ratingHoursSource() string {
	if s.ratingHours() == 0 && s.in.Analysis.Provenance.RatingsSimulated > 0 {
		return "simulated ratings take nobody's time: set your hours"
	}
	return "ratings × median seconds, from sheet " + sheetRaters
}

// candidateOf is the arm that a category would be switched to.
func candidateOf(r eval.Route) string { return cmp.Or(r.Candidate, "not compared") }

const noRoutes = "there is no routing table yet: run modeltrial route recommend"

// inputRows writes what each category's saving starts from.
func (s sheet) inputRows(row int) int {
	var rows [][]any
	for _, r := range s.in.Routing.Routes {
		in := inputs(r)
		var ratio, ratioError *float64
		if r.CostRatio != nil {
			ratio, ratioError = &r.CostRatio.Estimate, &r.CostRatio.StandardError
		}
		rows = append(rows, []any{
			string(r.Category), candidateOf(r), yesNo(switches(r.Decision)), r.MonthlyTasks, in.costPerTask,
			in.share, in.relative, ratio, ratioError, multiplier(r.SavingIfSwitched), 1.0, 1.0,
		})
	}
	roles := map[int]role{}
	for column := returnSwitch; column <= returnPriceThen; column++ {
		roles[column-1] = roleInput
	}
	end := s.tableLooks(row, "ReturnInputs", returnFields, rows, noRoutes, roles)
	if len(rows) == 0 {
		return end
	}
	first, last := row+1, end-1
	cells := func(column int) string { return at(column, first) + ":" + at(column, last) }
	s.oneOf(cells(returnSwitch), "yes", "no")
	for column, most := range map[int]float64{
		returnTasks: 1e12, returnCost: 1e9, returnShare: 1, returnSpendError: 100, returnRatio: 1e6, returnRatioError: 1e6, returnMultiplier: 1e6,
		returnPriceNow: 100, returnPriceThen: 100,
	} {
		s.between(cells(column), 0, most)
	}
	return end
}

// savingRows computes the savings from the inputs that begin at row from.
func (s sheet) savingRows(row, from int) int {
	var rows [][]any
	for i, r := range s.in.Routing.Routes {
		input := func(column int) string { return at(column, from+i) }
		here := func(column int) string { return at(column, row+1+i) }
		counts := s.counts(i)
		known := fmt.Sprintf(`ISNUMBER(%s)*ISNUMBER(%s)`, here(savingSpend), here(savingRatio))
		certain := fmt.Sprintf(`%s*ISNUMBER(%s)*ISNUMBER(%s)`, known, input(returnSpendError), here(savingRatioError))
		base := fmt.Sprintf(`(%s*%s)`, nameShareRouted, here(savingSpend))
		ifSwitched := func(when, then string) formula {
			return formula(fmt.Sprintf(`IF(%s="yes",IF(%s,%s,""),0)`, counts, when, then))
		}
		limit := func(sign string) formula {
			return ifSwitched(fmt.Sprintf(`ISNUMBER(%s)*ISNUMBER(%s)`, here(savingVariance), here(savingMultiplier)),
				fmt.Sprintf(`%s%s%s*%s^0.5`, here(savingEstimate), sign, here(savingMultiplier), here(savingVariance)))
		}
		atPrices := func(column int) formula {
			return formula(fmt.Sprintf(`IF(ISNUMBER(%s)*(%s>0),%s*%s/%s,"")`, input(column), input(returnPriceNow), input(column), input(returnPriceThen), input(returnPriceNow)))
		}
		rows = append(rows, []any{
			string(r.Category), candidateOf(r),
			formula(fmt.Sprintf(`IF(ISNUMBER(%s)*ISNUMBER(%s),%s*%s*IF(ISNUMBER(%s),1-%s+%s*%s,1),"")`, input(returnTasks), input(returnCost), input(returnTasks), input(returnCost), input(returnShare), input(returnShare), input(returnShare), input(returnPriceNow))),
			formula(fmt.Sprintf(`IF(ISNUMBER(%s)*ISNUMBER(%s),%s-%s,"")`, here(savingNow), here(savingEstimate), here(savingNow), here(savingEstimate))),
			ifSwitched(known, fmt.Sprintf(`%s*(1-%s)`, base, here(savingRatio))),
			limit("-"), limit("+"),
			ifSwitched(certain, fmt.Sprintf(`%s^2*((1-%s)^2*%s^2+%s^2+%s^2*%s^2)`,
				base, here(savingRatio), input(returnSpendError), here(savingRatioError), input(returnSpendError), here(savingRatioError))),
			formula(fmt.Sprintf(`IF(%s="yes",IF(ISNUMBER(%s),%s,""),"")`, counts, input(returnMultiplier), input(returnMultiplier))),
			formula(fmt.Sprintf(`IF(ISNUMBER(%s),%s*%s*%s*%s,"")`, input(returnShare), input(returnTasks), input(returnCost), input(returnShare), input(returnPriceNow))),
			atPrices(returnRatio), atPrices(returnRatioError),
		})
	}
	end := s.table(row, "ReturnSavings", savingFields, rows, noRoutes)
	if len(rows) > 0 {
		s.savingTotal(end, row+1)
	}
	const totalAndNote = 2
	return end + totalAndNote
}

// savingTotal sums the categories in rows first to row−1, with a note beneath. A
// sum is unknown where one of its parts is, and so are its limits where a part has
// none; the least certain category, the one with the fewest degrees of freedom, sets
// the critical value.
func (s sheet) savingTotal(row, first int) {
	cells := func(column int) string { return at(column, first) + ":" + at(column, row-1) }
	whole := func(column int) formula {
		return formula(fmt.Sprintf(`IF(COUNT(%s)=ROWS(%s),SUM(%s),"")`, cells(column), cells(column), cells(column)))
	}
	certain := fmt.Sprintf(`COUNT(%s)=ROWS(%s)`, cells(savingLow), cells(savingLow))
	limit := func(sign string) formula {
		return formula(fmt.Sprintf(`IF((%s)*ISNUMBER(%s)*ISNUMBER(%s),%s%s%s*%s^0.5,"")`, certain, at(savingVariance, row), at(savingMultiplier, row),
			at(savingEstimate, row), sign, at(savingMultiplier, row), at(savingVariance, row)))
	}
	largest := formula(fmt.Sprintf(`IF(COUNT(%s)>0,MAX(%s),"")`, cells(savingMultiplier), cells(savingMultiplier)))
	for i, value := range []any{
		"Total", nil, whole(savingNow), whole(savingThen), whole(savingEstimate), limit("-"), limit("+"), whole(savingVariance), largest,
	} {
		s.set(i+1, row, value, look{savingFields[i].format, roleTotal})
	}
	const noCost, noInterval = "What a category costs a month is not known, nor is the total. Fill in its yellow cells.", "The total has no interval: a category that switches has none. Fill in its yellow cells."
	s.keep(s.file.MergeCell(s.name, at(1, row+1), at(savingHigh, row+1)))
	s.set(1, row+1, formula(fmt.Sprintf(`IF(COUNT(%s)=ROWS(%s),IF(%s,"","%s"),"%s")`, cells(savingNow), cells(savingNow), certain, noInterval, noCost)), look{formatBeside, roleNotice})
}

// name1 gives a cell a name that formulas can use.
func (s sheet) name1(name string, row, column int) {
	s.keep(s.file.SetDefinedName(&excelize.DefinedName{Name: name, RefersTo: on(s.name, fixed(column, row))}))
}

// between lets an input hold only a number in a range.
func (s sheet) between(cells string, low, high float64) {
	validation := excelize.NewDataValidation(true)
	validation.Sqref = cells
	s.keep(validation.SetRange(low, high, excelize.DataValidationTypeDecimal, excelize.DataValidationOperatorBetween))
	validation.SetError(excelize.DataValidationErrorStyleStop, "Not a usable number", fmt.Sprintf("Enter a number from %g to %g.", low, high))
	s.keep(s.file.AddDataValidation(s.name, validation))
}

// oneOf lets an input hold only one of some words.
func (s sheet) oneOf(cells string, choices ...string) {
	validation := excelize.NewDataValidation(true)
	validation.Sqref = cells
	s.keep(validation.SetDropList(choices))
	validation.SetError(excelize.DataValidationErrorStyleStop, "Not a choice", "Choose yes or no.")
	s.keep(s.file.AddDataValidation(s.name, validation))
}
