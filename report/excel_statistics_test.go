package report

import (
	"math"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/xuri/excelize/v2"
)

// rowsOf gives a sheet's rows as texts with full precision.
func rowsOf(t *testing.T, file *excelize.File, name string) [][]string {
	t.Helper()
	rows, err := file.GetRows(name, excelize.Options{RawCellValue: true})
	if err != nil {
		t.Fatal(err)
	}
	return rows
}

// TestWorkbookShowsTheStatistics wants each result of an analysis on its sheet.
func TestWorkbookShowsTheStatistics(t *testing.T) {
	file := openWorkbook(t, writeWorkbook(t, fixtureInput()))
	for _, c := range []struct {
		sheet string
		cells []string // side by side
	}{
		{sheetOthers, []string{"Would another defensible analysis of the same data say something else? In 3 of 3 use cases it would."}},
		{sheetOthers, []string{"coding · claude", "as planned", "", "143", "0.61"}},
		{sheetOthers, []string{"coding · claude", "length-controlled", "as if both answers were equally long", "0", "", "", "", "", "no", "the lengths do not differ"}},
		{sheetOthers, []string{"keep", "yes"}},
		{sheetAnswers, []string{"coding · claude", "143", "0.71", "0.8", "0.09"}},
		{sheetAnswers, []string{"4", "17", "0.0072"}},
		{sheetAnswers, []string{"First-pass accuracy is not known: math · deepseek+gpt: no answer was checked."}},
		{sheetAnswers, []string{"math · deepseek+gpt", "deepseek+gpt", "96", "2", "5", "1", "0.0208333333333333"}},
		{sheetRanking, []string{"all", "claude", "1", "0.61"}},
		{sheetRanking, []string{"all", "current", "3", "0.5", "", "", "2", "3", "0"}},
		{sheetRanking, []string{"No ranking of math: the wins and losses do not connect all arms."}},
		{sheetRaters, []string{"ben", "simulated human", "230", "0.48", "35"}},
		{sheetRaters, []string{"0.31", "0.95", "0.4"}},
		{sheetRaters, []string{"ties on 95%; 31% of ratings took less than a third of the usual time"}},
		{sheetRaters, []string{"judge-3", "agrees with people", "0.5", "", "", "150", "150"}},
		{sheetRaters, []string{"judge-3", "difference of the two", "-0.14"}},
		{sheetRaters, []string{"judge-3", "same verdict in both orders", "", "", "", "150", "150", "no comparison was judged in both orders"}},
		{sheetRaters, []string{"general · small", "combined", "150", "300", "0.5", "0.58", "0.63", "0.42", "0.52"}},
	} {
		if !slices.ContainsFunc(rowsOf(t, file, c.sheet), func(row []string) bool {
			for i := range row {
				if len(row)-i >= len(c.cells) && slices.Equal(row[i:i+len(c.cells)], c.cells) {
					return true
				}
			}
			return false
		}) {
			t.Errorf("%s has no row with the cells %q", c.sheet, c.cells)
		}
	}
	for _, name := range []string{sheetOthers, sheetAnswers, sheetRanking, sheetRaters} {
		if tables, err := file.GetTables(name); err != nil || len(tables) == 0 {
			t.Errorf("%s has no table with filters (%v)", name, err)
		}
	}
}

// TestWorkbookSaysWhyStatisticsAreMissing has a pilot of two arms that only people rated.
func TestWorkbookSaysWhyStatisticsAreMissing(t *testing.T) {
	in := ratedByPeopleAlone()
	file := openWorkbook(t, writeWorkbook(t, in))
	for name, want := range map[string]string{
		sheetOthers:  "No use case has enough tasks to be analysed in other ways.",
		sheetAnswers: "First-pass accuracy is not known: no answer was checked.",
		sheetRanking: "There is no ranking: it takes more than two arms that were compared.",
		sheetRaters:  "No judge model rated.",
	} {
		findRow(t, file, name, want)
	}
}

// TestDriversFollowTheInputs switches a category that the table keeps: its drivers
// then move the saving, by what is computed here from the definitions.
func TestDriversFollowTheInputs(t *testing.T) {
	in := fixtureInput()
	file := openWorkbook(t, writeWorkbook(t, in))
	find := func(what string) (low, high float64) {
		row := findRow(t, file, sheetReturn, what)
		var values [2]float64
		for i, column := range []int{driverLow, driverHigh} {
			text, err := file.CalcCellValue(sheetReturn, at(column, row), excelize.Options{RawCellValue: true})
			if err != nil {
				t.Fatal(err)
			}
			if values[i], err = strconv.ParseFloat(text, 64); err != nil {
				t.Fatal(err)
			}
		}
		return values[0], values[1]
	}
	if low, high := find("math: spend"); low != 0 || high != 0 {
		t.Errorf("math is kept and moves the saving by %g to %g", low, high)
	}
	setNamed(t, file, nameShareRouted, 0.5)
	const maths = 2
	inputs := findRow(t, file, sheetReturn, "Cost a task now") + 1
	if err := file.SetCellValue(sheetReturn, at(returnSwitch, inputs+maths), "yes"); err != nil {
		t.Fatal(err)
	}
	r := in.Routing.Routes[maths]
	errors := (r.SavingIfSwitched.High - r.SavingIfSwitched.Estimate) / r.SavingIfSwitched.StandardError
	for what, want := range map[string]float64{
		"math: spend":      0.5 * errors * r.ControlSpend.StandardError * (1 - r.CostRatio.Estimate),
		"math: cost ratio": 0.5 * errors * r.ControlSpend.Estimate * r.CostRatio.StandardError,
	} {
		if low, high := find(what); math.Abs(high-want) > 0.005 || math.Abs(low+want) > 0.005 {
			t.Errorf("%s moves the saving by %.4f to %.4f, want %.4f to both sides", what, low, high, want)
		}
	}
}

// TestWorkbookTextOfStatisticsIsText puts a formula where a model or a team may write.
func TestWorkbookTextOfStatisticsIsText(t *testing.T) {
	const text = "=1+1"
	in := fixtureInput()
	in.Analysis.Judges[0].Judge, in.Analysis.Judges[0].Warnings = text, []string{text}
	in.Analysis.Judges[1].WhyMissing["bias"] = text
	in.Analysis.Ranking[0].Arms[0].Arm, in.Analysis.Ranking[0].Category = text, text
	in.Analysis.Comparisons[0].Sensitivity[0].Name, in.Analysis.Comparisons[0].Sensitivity[1].WhyMissing = text, text
	in.Analysis.Raters[0].Flags = []string{text}
	file := openWorkbook(t, writeWorkbook(t, in))
	found := 0
	for _, name := range []string{sheetOthers, sheetRanking, sheetRaters} {
		for i, row := range rowsOf(t, file, name) {
			for j, value := range row {
				if strings.HasPrefix(value, "=") {
					found++
					if got, err := file.GetCellFormula(name, at(j+1, i+1)); err != nil || got != "" {
						t.Errorf("%s %s became the formula %q (%v)", name, at(j+1, i+1), got, err)
					}
				}
			}
		}
	}
	if found < 8 {
		t.Errorf("hostile text in %d cells, want it wherever text is shown", found)
	}
}
