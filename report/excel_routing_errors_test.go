package report

import (
	"math"
	"testing"
	"time"

	"modeltrial/audit"
	"modeltrial/eval"
	"modeltrial/eval/decide"
)

// erringPilot is the drawn pilot with a random sample of what its router sorts: some of
// coding truly is math, where the arm was measured, or creative, where it was not.
func erringPilot(t *testing.T, coding map[audit.Category]int) (Input, eval.Dataset, []eval.Spend) {
	t.Helper()
	data, spend, locked := drawnPilot()
	return recommendedWith(t, data, spend, locked, coding), data, spend
}

func recommendedWith(t *testing.T, data eval.Dataset, spend []eval.Spend, locked eval.LockedProtocol, coding map[audit.Category]int) Input {
	t.Helper()
	check := &audit.CategoriserCheck{Confusion: map[audit.Category]map[audit.Category]int{
		audit.Coding: {audit.Math: 3}, audit.Math: {audit.Math: 52}, audit.Creative: {audit.Math: 2},
	}}
	for truth, n := range coding {
		check.Confusion[truth][audit.Coding] = n
	}
	table, err := decide.Recommend(data, spend, check, "2026-09-01", time.Date(2026, 11, 1, 0, 0, 0, 0, time.UTC))
	if err != nil {
		t.Fatal(err)
	}
	analysis, err := decide.Analyze(data, decide.Options{})
	if err != nil {
		t.Fatal(err)
	}
	if table.Total.SavingWithErrors == nil {
		t.Fatalf("no saving with errors: %v", table.Total.WhyMissing)
	}
	return Input{Analysis: analysis, Routing: table, Protocol: locked}
}

var sortedIntoCoding = map[audit.Category]int{audit.Coding: 61, audit.Math: 8, audit.Creative: 4}

func wantErrors(t *testing.T, got func(name string) float64, saving *eval.Interval) {
	t.Helper()
	for name, want := range map[string]float64{nameErrorsSaving: saving.Estimate, nameErrorsSavingLow: saving.Low, nameErrorsSavingHigh: saving.High} {
		if value := got(name); !(math.Abs(value-want) <= 0.005) {
			t.Errorf("%s is %.4f, want %.4f", name, value, want)
		}
	}
}

// TestWorkbookMeetsTheRoutingErrors compares the workbook's closed form with Go's.
func TestWorkbookMeetsTheRoutingErrors(t *testing.T) {
	in, _, _ := erringPilot(t, sortedIntoCoding)
	file := openWorkbook(t, writeWorkbook(t, in))
	wantErrors(t, func(name string) float64 { return evaluated(t, file, name) }, in.Routing.Total.SavingWithErrors)
}

// TestWorkbookMeetsTheErrorsOfADearArm, which is taken to cost as much more where it was
// not measured, on the same ratio.
func TestWorkbookMeetsTheErrorsOfADearArm(t *testing.T) {
	data, spend, locked := drawnPilot()
	for i := range data.Responses {
		if r := &data.Responses[i]; r.Arm == "small" {
			r.Cost = new(*r.Cost * 4)
		}
	}
	in := recommendedWith(t, data, spend, locked, sortedIntoCoding)
	if in.Routing.Total.SavingWithErrors.Estimate >= 0 {
		t.Fatal("the arm is not dear")
	}
	file := openWorkbook(t, writeWorkbook(t, in))
	wantErrors(t, func(name string) float64 { return evaluated(t, file, name) }, in.Routing.Total.SavingWithErrors)
}

// TestRoutingErrorsFollowTheMatrix changes a count of the matrix in the workbook, has
// LibreOffice recalculate it, and compares with what Go says of the changed matrix.
func TestRoutingErrorsFollowTheMatrix(t *testing.T) {
	office := libreOffice(t)
	in, data, spend := erringPilot(t, sortedIntoCoding)
	want := recommendedWith(t, data, spend, in.Protocol, map[audit.Category]int{audit.Coding: 40, audit.Math: 8, audit.Creative: 25}).Routing.Total.SavingWithErrors
	if math.Abs(want.Estimate-in.Routing.Total.SavingWithErrors.Estimate) < 1 {
		t.Fatal("the changed matrix changes nothing")
	}
	path := writeWorkbook(t, in)
	file := openWorkbook(t, path)
	first := findRow(t, file, sheetErrors, "Sorted into") + 1
	for line, count := range map[int]int{0: 40, 2: 25} {
		if err := file.SetCellValue(sheetErrors, at(errorReviewed, first+line), count); err != nil {
			t.Fatal(err)
		}
	}
	wantErrors(t, func(name string) float64 { return evaluated(t, file, name) }, want)
	forgetResults(t, file)
	if err := file.Save(); err != nil {
		t.Fatal(err)
	}
	rows := convertedRows(t, converted(t, office, path), sheetErrors)
	wantErrors(t, func(name string) float64 { return cellOf(t, rows, file, name) }, want)
}

// TestWorkbookWithoutRoutingErrors says why there are none.
func TestWorkbookWithoutRoutingErrors(t *testing.T) {
	in := fixtureInput()
	in.Routing.WhyMissing = map[string]string{"routing_errors": "no random sample was reviewed"}
	file := openWorkbook(t, writeWorkbook(t, in))
	findRow(t, file, sheetErrors, "No random sample was reviewed.")
}
