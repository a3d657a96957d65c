package report

import (
	"fmt"
	"math"
	"math/rand/v2"
	"path/filepath"
	"strconv"
	"testing"
	"time"

	"github.com/xuri/excelize/v2"

	"modeltrial/audit"
	"modeltrial/eval"
	"modeltrial/eval/decide"
)

// drawnPilot draws a pilot of two use cases whose candidates win clearly and
// cost less, with a log of six periods.
func drawnPilot() (eval.Dataset, []eval.Spend, eval.LockedProtocol) {
	random := rand.New(rand.NewPCG(11, 7))
	categories := []audit.Category{audit.Coding, audit.Math}
	protocol := eval.Protocol{
		Name: "drawn", Control: "current", Weeks: 1, TasksPerWeek: 120, RatingsPerComparison: 1, Margin: 0.05, Saving: 0.1, BudgetUSD: "10",
		Arms: []eval.Arm{{Name: "current", Model: "large"}, {Name: "small", Model: "small"}},
	}
	data := eval.Dataset{Pilot: "drawn"}
	var spend []eval.Spend
	for i, category := range categories {
		protocol.UseCases = append(protocol.UseCases, eval.UseCase{Category: category, Candidates: []string{"small"}})
		for task := range 120 {
			id := fmt.Sprintf("%s-%d", category, task)
			verdict := eval.PrefersB
			if random.Float64() < 0.15 {
				verdict = eval.PrefersA
			}
			score, _ := verdict.Score()
			data.Ratings = append(data.Ratings, eval.Rating{
				TaskID: id, Category: category, Week: 1, ArmA: "current", ArmB: "small", Rater: fmt.Sprintf("r%d", task%6), Kind: eval.Human,
				Verdict: verdict, Score: score, First: []eval.Side{eval.SideA, eval.SideB}[task%2],
			})
			cost := 0.01 * math.Exp(0.5*random.NormFloat64())
			for arm, dollars := range map[string]float64{"current": cost, "small": cost * (0.3 + 0.2*random.Float64())} {
				nano := audit.NanoUSD(dollars * float64(audit.USD))
				data.Responses = append(data.Responses, eval.ResponseRow{TaskID: id, Category: category, Week: 1, Arm: arm, Cost: &nano, TextSHA256: id + arm, Origin: eval.Measured})
			}
		}
		row := eval.Spend{Category: category, Model: "large", Tasks: 4000}
		other := eval.Spend{Category: category, Model: "small", Tasks: 300}
		for range 6 - 3*i {
			row.Costs = append(row.Costs, audit.NanoUSD((40+4*random.NormFloat64())*float64(audit.USD)))
			other.Costs = append(other.Costs, audit.USD)
		}
		spend = append(spend, row, other)
	}
	hash, _ := protocol.Hash() // plain data always has one
	locked := eval.LockedProtocol{Version: 1, SHA256: hash, Protocol: protocol, CategoryShare: map[audit.Category]float64{audit.Coding: 0.5, audit.Math: 0.5}}
	data.Locked = &locked
	return data, spend, locked
}

// TestWorkbookMeetsTheAnalysis compares the workbook's formulas with the saving
// that the analysis computes, to the cent, on a pilot from ratings to routes.
func TestWorkbookMeetsTheAnalysis(t *testing.T) {
	data, spend, locked := drawnPilot()
	table, err := decide.Recommend(data, spend, nil, "2026-09-01", time.Date(2026, 11, 1, 0, 0, 0, 0, time.UTC))
	if err != nil {
		t.Fatal(err)
	}
	analysis, err := decide.Analyze(data, decide.Options{})
	if err != nil {
		t.Fatal(err)
	}
	if table.Total.MonthlySaving == nil || !switches(table.Routes[0].Decision) || !switches(table.Routes[1].Decision) {
		t.Fatalf("the drawn pilot does not switch: %+v", table.Routes)
	}
	path := filepath.Join(t.TempDir(), "report.xlsx")
	if err := Workbook(t.Context(), path, Input{Analysis: analysis, Routing: table, Protocol: locked}); err != nil {
		t.Fatal(err)
	}
	file := openWorkbook(t, path)
	saving := table.Total.MonthlySaving
	for name, want := range map[string]float64{nameSavingMonth: saving.Estimate, nameSavingMonthLow: saving.Low, nameSavingMonthHigh: saving.High} {
		if got := evaluated(t, file, name); math.Abs(got-want) > 0.005 {
			t.Errorf("%s is %.4f, want %.4f", name, got, want)
		}
	}
}

// TestExcelAndGoAgreeAfterChanges changes three assumptions in the workbook, has
// LibreOffice recalculate it, and compares with what Go recommends of a pilot where the
// same is true: other volume, other prices of the current model and of the candidate.
func TestExcelAndGoAgreeAfterChanges(t *testing.T) {
	office := libreOffice(t)
	const volume, priceNow, priceThen = 1.5, 1.1, 0.8
	made := func(change bool) Input {
		data, spend, locked := drawnPilot()
		if change {
			scale := func(cost audit.NanoUSD, by float64) audit.NanoUSD {
				return audit.NanoUSD(math.Round(float64(cost) * by))
			}
			for i, s := range spend {
				by := 1.0
				if s.Category == audit.Coding {
					by = volume
					spend[i].Tasks *= volume
				}
				if s.Model == "large" {
					by *= priceNow
				}
				for j, cost := range s.Costs {
					spend[i].Costs[j] = scale(cost, by)
				}
			}
			for i, r := range data.Responses {
				data.Responses[i].Cost = new(scale(*r.Cost, map[string]float64{"current": priceNow, "small": priceThen}[r.Arm]))
			}
		}
		table, err := decide.Recommend(data, spend, nil, "2026-09-01", time.Date(2026, 11, 1, 0, 0, 0, 0, time.UTC))
		if err != nil {
			t.Fatal(err)
		}
		analysis, err := decide.Analyze(data, decide.Options{})
		if err != nil {
			t.Fatal(err)
		}
		return Input{Analysis: analysis, Routing: table, Protocol: locked}
	}
	before, want := made(false), made(true).Routing.Total.MonthlySaving
	if math.Abs(want.Estimate-before.Routing.Total.MonthlySaving.Estimate) < 1 {
		t.Fatal("the changes change nothing")
	}
	path := writeWorkbook(t, before)
	file := openWorkbook(t, path)
	first := findRow(t, file, sheetReturn, "Cost a task now") + 1
	for i, r := range before.Routing.Routes {
		cells := map[int]float64{returnPriceNow: priceNow, returnPriceThen: priceThen}
		if r.Category == audit.Coding {
			cells[returnTasks] = volume * *r.MonthlyTasks
		}
		for column, value := range cells {
			if err := file.SetCellValue(sheetReturn, at(column, first+i), value); err != nil {
				t.Fatal(err)
			}
		}
	}
	forgetResults(t, file)
	if err := file.Save(); err != nil {
		t.Fatal(err)
	}
	rows := convertedRows(t, converted(t, office, path), sheetReturn)
	for name, want := range map[string]float64{nameSavingMonth: want.Estimate, nameSavingMonthLow: want.Low, nameSavingMonthHigh: want.High, nameSavingYear: 12 * want.Estimate} {
		if got := cellOf(t, rows, file, name); !(math.Abs(got-want) <= 0.005) {
			t.Errorf("%s in LibreOffice is %.4f, Go says %.4f", name, got, want)
		}
	}
}

// cellOf is the number that the cell behind a defined name has in converted rows.
func cellOf(t *testing.T, rows [][]string, file *excelize.File, name string) float64 {
	t.Helper()
	_, cell := named(t, file, name)
	column, row, err := excelize.CellNameToCoordinates(cell)
	if err != nil {
		t.Fatal(err)
	}
	value, err := strconv.ParseFloat(rows[row-1][column-1], 64)
	if err != nil {
		t.Errorf("%s in LibreOffice is %q", name, rows[row-1][column-1])
	}
	return value
}
