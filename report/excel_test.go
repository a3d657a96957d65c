package report

import (
	"context"
	"errors"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/xuri/excelize/v2"

	"modeltrial/audit"
	"modeltrial/eval"
)

func writeWorkbook(t testing.TB, in Input) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "report.xlsx")
	if err := Workbook(t.Context(), path, in); err != nil {
		t.Fatal(err)
	}
	return path
}

func openWorkbook(t testing.TB, path string) *excelize.File {
	t.Helper()
	file, err := excelize.OpenFile(path)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = file.Close() })
	return file
}

// named finds the cell behind a defined name.
func named(t testing.TB, file *excelize.File, name string) (sheetName, cell string) {
	t.Helper()
	for _, defined := range file.GetDefinedName() {
		if defined.Name == name {
			quoted, reference, _ := strings.Cut(defined.RefersTo, "!")
			return strings.Trim(quoted, "'"), strings.ReplaceAll(reference, "$", "")
		}
	}
	t.Fatalf("no defined name %s", name)
	return "", ""
}

func evaluated(t testing.TB, file *excelize.File, name string) float64 {
	t.Helper()
	sheetName, cell := named(t, file, name)
	text, err := file.CalcCellValue(sheetName, cell, excelize.Options{RawCellValue: true})
	if err != nil {
		t.Fatalf("%s: %v", name, err)
	}
	value, err := strconv.ParseFloat(text, 64)
	if err != nil {
		t.Fatalf("%s is %q: %v", name, text, err)
	}
	return value
}

func setNamed(t testing.TB, file *excelize.File, name string, value any) {
	t.Helper()
	sheetName, cell := named(t, file, name)
	if err := file.SetCellValue(sheetName, cell, value); err != nil {
		t.Fatal(err)
	}
}

func TestWorkbookSheetsAndFormulas(t *testing.T) {
	file := openWorkbook(t, writeWorkbook(t, fixtureInput()))
	if diff := cmp.Diff(sheetsOf(fixtureInput().Analysis), file.GetSheetList()); diff != "" {
		t.Errorf("sheets (-want +got):\n%s", diff)
	}
	if file.GetActiveSheetIndex() != 0 {
		t.Error("the summary does not open first")
	}
	formulas := 0
	for _, name := range file.GetSheetList() {
		rows, err := file.GetRows(name)
		if err != nil {
			t.Fatal(err)
		}
		for row := range len(rows) + 5 {
			for column := range 20 {
				cell := at(column+1, row+1)
				text, err := file.GetCellFormula(name, cell)
				if err != nil || text == "" {
					continue
				}
				formulas++
				value, err := file.CalcCellValue(name, cell)
				if err != nil || strings.HasPrefix(value, "#") {
					t.Errorf("%s %s =%s is %q, error %v", name, cell, text, value, err)
				}
			}
		}
	}
	if formulas < 60 {
		t.Errorf("%d formulas, want the return on investment, totals and links", formulas)
	}
}

func TestWorkbookReturnMeetsTheRoutingTable(t *testing.T) {
	file := openWorkbook(t, writeWorkbook(t, fixtureInput()))
	want := fixtureRouting().Total.MonthlySaving
	for name, want := range map[string]float64{
		nameSavingMonth: want.Estimate, nameSavingMonthLow: want.Low, nameSavingMonthHigh: want.High,
		nameSavingYear: 12 * want.Estimate, nameThreeYears: 36 * want.Estimate, nameThreeYearsLow: 36 * want.Low,
	} {
		if got := evaluated(t, file, name); math.Abs(got-want) > 0.005 {
			t.Errorf("%s is %.4f, want %.4f", name, got, want)
		}
	}
	// A category's own interval meets the table's too.
	for i, route := range fixtureRouting().Routes {
		if !switches(route.Decision) {
			continue
		}
		row := findRow(t, file, sheetReturn, "Cost a month now") + 1 + i
		for column, want := range map[int]float64{savingEstimate: route.MonthlySaving.Estimate, savingLow: route.MonthlySaving.Low, savingHigh: route.MonthlySaving.High, savingThen: *route.MonthlyCostThen} {
			text, err := file.CalcCellValue(sheetReturn, at(column, row), excelize.Options{RawCellValue: true})
			got, parseErr := strconv.ParseFloat(text, 64)
			if err != nil || parseErr != nil || math.Abs(got-want) > 0.005 {
				t.Errorf("%s of %s is %q (%v), want %.4f", at(column, row), route.Category, text, err, want)
			}
		}
	}
}

// findRow finds the first row of a sheet that holds a text.
func findRow(t testing.TB, file *excelize.File, name, text string) int {
	t.Helper()
	rows, err := file.GetRows(name)
	if err != nil {
		t.Fatal(err)
	}
	for i, row := range rows {
		if slices.Contains(row, text) {
			return i + 1
		}
	}
	t.Fatalf("%s holds no %q", name, text)
	return 0
}

// changed sets assumptions as a reader would; the figures that must follow are
// computed here from the statistical definitions, apart from the workbook.
func changed(t testing.TB, file *excelize.File) map[string]float64 {
	t.Helper()
	setNamed(t, file, nameShareRouted, 0.8)
	setNamed(t, file, nameOverhead, 150)
	setNamed(t, file, nameRatingHours, 40)
	setNamed(t, file, nameRaterRate, 65)
	setNamed(t, file, nameSwitching, 3000)
	setNamed(t, file, nameDiscount, 0.06)
	setNamed(t, file, nameJudgesMonth, 20)
	setNamed(t, file, nameJudgesOnce, 30)
	setNamed(t, file, namePilotOnce, 12)
	setNamed(t, file, nameEditorRate, 48)
	table := fixtureRouting()
	row := findRow(t, file, sheetReturn, "Cost a task now") + 1
	editing := findRow(t, file, sheetReturn, "Editing an answer now") + 1
	for column, value := range map[int]float64{editTasks: 0.8, editNow: 90, editOfNow: 0.6, editOfNowError: 0.05} {
		if err := file.SetCellValue(sheetReturn, at(column, editing), value); err != nil {
			t.Fatal(err)
		}
	}
	if err := file.SetCellValue(sheetReturn, at(returnTasks, row), 6000); err != nil {
		t.Fatal(err)
	}
	if err := file.SetCellValue(sheetReturn, at(returnRatio, row), 0.7); err != nil {
		t.Fatal(err)
	}
	// What if a category switched that the table keeps: math, with all that is known
	// of its spend and ratio.
	const math3 = 2
	if err := file.SetCellValue(sheetReturn, at(returnSwitch, row+math3), "yes"); err != nil {
		t.Fatal(err)
	}
	saving, variance := 0.0, 0.0
	for i, r := range table.Routes {
		if !switches(r.Decision) && i != math3 {
			continue
		}
		cost, ratio := *r.MonthlyCostNow, r.CostRatio.Estimate
		if i == 0 {
			cost, ratio = cost*6000 / *r.MonthlyTasks, 0.7
		}
		base, spread, se := 0.8*cost*0.9, 0.8*cost*0.04, r.CostRatio.StandardError
		saving += base * (1 - ratio)
		variance += (1-ratio)*(1-ratio)*spread*spread + base*base*se*se + spread*spread*se*se
	}
	hours, hoursError := 0.8*6000*0.8*90*(1-0.6)/3600, 0.8*6000*0.8*90*0.05/3600
	net, half := saving+48*hours-150-20, 2.18*math.Sqrt(variance+48*48*hoursError*hoursError)
	once := 12 + 30 + 40*65 + 3000.0
	months := (1 - math.Pow(1+0.06/12, -36)) / (0.06 / 12)
	return map[string]float64{
		nameSavingMonth: net, nameSavingMonthLow: net - half, nameSavingMonthHigh: net + half,
		nameSavingYear: 12 * net, nameSavingYearLow: 12 * (net - half), nameSavingYearHigh: 12 * (net + half), namePayback: once / net,
		nameThreeYears: net*months - once, nameThreeYearsLow: (net-half)*months - once, nameThreeYearsHigh: (net+half)*months - once,
	}
}

func TestWorkbookFollowsItsAssumptions(t *testing.T) {
	file := openWorkbook(t, writeWorkbook(t, fixtureInput()))
	for name, want := range changed(t, file) {
		if got := evaluated(t, file, name); math.Abs(got-want) > 0.005 {
			t.Errorf("%s is %.4f, want %.4f", name, got, want)
		}
	}
}

// TestWorkbookCountsWhatTheMarginAllows: what was switched for cost no longer counts
// where the margin is narrower than what its win rate shows.
func TestWorkbookCountsWhatTheMarginAllows(t *testing.T) {
	in := fixtureInput()
	cheaper := slices.IndexFunc(in.Routing.Routes, func(r eval.Route) bool { return r.Decision == eval.SwitchForCost })
	const shown = 0.03 // less than the protocol's margin of 0.05
	in.Routing.Routes[cheaper].WinRateValid = &eval.Interval{Estimate: 0.52, Low: 0.5 - shown, High: 0.57}
	file := openWorkbook(t, writeWorkbook(t, in))
	all := in.Routing.Total.MonthlySaving.Estimate
	for margin, want := range map[float64]float64{0.05: all, 0.2: all, shown + 0.001: all, shown - 0.001: all - in.Routing.Routes[cheaper].MonthlySaving.Estimate} {
		setNamed(t, file, nameMargin, margin)
		if got := evaluated(t, file, nameSavingMonth); math.Abs(got-want) > 0.005 {
			t.Errorf("within %g the saving is %.4f, want %.4f", margin, got, want)
		}
	}
}

// TestWorkbookTakesWhatThePilotMeasured has editing times and spent calls in its inputs.
func TestWorkbookTakesWhatThePilotMeasured(t *testing.T) {
	in := fixtureInput()
	in.ArmsSpent, in.JudgesSpent = 12*audit.USD, 3*audit.USD/2
	in.Analysis.Comparisons[0].PostEditRatio = interval(0.7, 0.1)
	in.Analysis.Comparisons[0].PostEditing = &eval.PostEditing{Control: eval.ArmEditing{Seconds: new(100.0)}}
	file := openWorkbook(t, writeWorkbook(t, in))
	if arms, judges := evaluated(t, file, namePilotOnce), evaluated(t, file, nameJudgesOnce); arms != 12 || judges != 1.5 {
		t.Errorf("arms cost %g and judges %g, want 12 and 1.5", arms, judges)
	}
	before := evaluated(t, file, nameSavingMonth)
	setNamed(t, file, nameEditorRate, 36)
	want := *in.Routing.Routes[0].MonthlyTasks * 0.8 * 100 * (1 - 0.7) / 3600 * 36 // 8 of 10 tasks are on the control's model
	if got := evaluated(t, file, nameSavingMonth) - before; math.Abs(got-want) > 0.05 {
		t.Errorf("editing saves %.4f, want %.4f", got, want)
	}
	findRow(t, file, sheetReturn, "coding: editing time")
}

// TestWorkbookWithUnknownSaving leaves out what is not known instead of counting
// it as nothing.
func TestWorkbookWithUnknownSaving(t *testing.T) {
	in := fixtureInput()
	in.Routing = unknownSaving()
	file := openWorkbook(t, writeWorkbook(t, in))
	for _, name := range []string{nameSavingMonth, nameSavingMonthLow, nameThreeYears} {
		sheetName, cell := named(t, file, name)
		if got, err := file.CalcCellValue(sheetName, cell); err != nil || got != "" {
			t.Errorf("%s is %q (%v), want nothing", name, got, err)
		}
	}
}

// TestWorkbookWithoutAnInterval gives a total without limits where a category is
// switched whose saving has none, rather than limits that leave it out.
func TestWorkbookWithoutAnInterval(t *testing.T) {
	file := openWorkbook(t, writeWorkbook(t, fixtureInput()))
	row := findRow(t, file, sheetReturn, "Cost a task now") + 1 + slices.IndexFunc(fixtureRouting().Routes, func(r eval.Route) bool { return r.Category == audit.Reasoning })
	if candidate, err := file.GetCellValue(sheetReturn, at(returnCandidate, row)); err != nil || candidate != "not compared" {
		t.Errorf("the candidate is %q (%v), want that there was none", candidate, err)
	}
	for column, value := range map[int]any{returnSwitch: "yes", returnRatio: 0.5, returnRatioError: 0.05} {
		if err := file.SetCellValue(sheetReturn, at(column, row), value); err != nil {
			t.Fatal(err)
		}
	}
	want := fixtureRouting().Total.MonthlySaving.Estimate + 25 // half of what runs on the control's model
	if got := evaluated(t, file, nameSavingMonth); math.Abs(got-want) > 0.005 {
		t.Errorf("the saving is %.4f, want %.4f", got, want)
	}
	for _, name := range []string{nameSavingMonthLow, nameSavingMonthHigh, nameThreeYearsLow} {
		sheetName, cell := named(t, file, name)
		if got, err := file.CalcCellValue(sheetName, cell); err != nil || got != "" {
			t.Errorf("%s is %q (%v), want nothing", name, got, err)
		}
	}
	note := at(1, findRow(t, file, sheetReturn, "Cost a month now")+len(fixtureRouting().Routes)+2)
	if text, err := file.CalcCellValue(sheetReturn, note); err != nil || !strings.Contains(text, "no interval") {
		t.Errorf("the note beneath the total is %q (%v)", text, err)
	}
}

// TestSummaryDatesWhatDoesNotFollow tells fixed sentences from figures that follow
// the inputs.
func TestSummaryDatesWhatDoesNotFollow(t *testing.T) {
	file := openWorkbook(t, writeWorkbook(t, fixtureInput()))
	for _, title := range []string{"Recommendation, as analysed on 2026-10-30", "Decisions, as analysed on 2026-10-30"} {
		findRow(t, file, sheetSummary, title)
	}
	findRow(t, file, sheetSummary, "401 of 420 comparisons rated, 380 of them by all 2 raters asked for.")
}

func TestWorkbookTextIsNeverAFormula(t *testing.T) {
	in := fixtureInput()
	for _, text := range []*string{
		&in.Analysis.Pilot, &in.Analysis.Comparisons[0].Candidate, &in.Analysis.Comparisons[0].Reason, &in.Analysis.Deviations[0],
		&in.Routing.Routes[0].Arm, &in.Routing.Routes[0].Model, &in.Routing.Routes[0].Reason, &in.Audit.Models[0].Name, &in.Protocol.Protocol.Name,
	} {
		*text = "=HYPERLINK(\"http://example.com\")\x07"
	}
	in.Routing.Routes[0].Category = "@SUM(1)"
	file := openWorkbook(t, writeWorkbook(t, in))
	found := 0
	for _, name := range file.GetSheetList() {
		rows, err := file.GetRows(name)
		if err != nil {
			t.Fatal(err)
		}
		for i, row := range rows {
			for j, value := range row {
				if !strings.HasPrefix(value, "=") && !strings.HasPrefix(value, "@") {
					continue
				}
				found++
				text, err := file.GetCellFormula(name, at(j+1, i+1))
				if err != nil || text != "" || strings.Contains(value, "\x07") {
					t.Errorf("%s %s: %q became the formula %q (%v)", name, at(j+1, i+1), value, text, err)
				}
			}
		}
	}
	if found < 40 {
		t.Errorf("hostile text in %d cells, want it in each sheet that shows text", found)
	}
}

func TestWorkbookLooks(t *testing.T) {
	file := openWorkbook(t, writeWorkbook(t, fixtureInput()))
	format := func(name, cell string) (string, *excelize.Style) {
		id, err := file.GetCellStyle(name, cell)
		if err != nil {
			t.Fatal(err)
		}
		style, err := file.GetStyle(id)
		if err != nil {
			t.Fatal(err)
		}
		if style.CustomNumFmt != nil {
			return *style.CustomNumFmt, style
		}
		return strconv.Itoa(style.NumFmt), style
	}
	_, cell := named(t, file, nameRaterRate)
	if code, style := format(sheetReturn, cell); code != `#,##0.00 "USD"` || style.Font.Color != colourInput || style.Fill.Color[0] != colourYellow {
		t.Errorf("an input has format %s, colour %s on %v", code, style.Font.Color, style.Fill.Color)
	}
	_, cell = named(t, file, nameSavingMonth)
	if code, style := format(sheetReturn, cell); code != `#,##0.00 "USD"` || style.Font.Color != "000000" {
		t.Errorf("a formula has format %s and colour %s", code, style.Font.Color)
	}
	link := at(2, findRow(t, file, sheetSummary, "Saving a month"))
	if _, style := format(sheetSummary, link); style.Font.Color != colourLink {
		t.Errorf("a link has colour %s", style.Font.Color)
	}
	row := findRow(t, file, sheetUseCases, "Win rate") + 1
	if code, _ := format(sheetUseCases, at(useCaseWin, row)); code != "0%" && code != "9" {
		t.Errorf("a rate has format %s", code)
	}
	validations, err := file.GetDataValidations(sheetReturn)
	if err != nil || len(validations) < 24 {
		t.Errorf("%d validations (%v), want one for each input", len(validations), err)
	}
	for _, name := range file.GetSheetList() {
		layout, err := file.GetPageLayout(name)
		if err != nil || *layout.Orientation != "landscape" || *layout.FitToWidth != 1 {
			t.Errorf("%s is not landscape and one page wide (%v)", name, err)
		}
		if footer, err := file.GetHeaderFooter(name); err != nil || !strings.Contains(footer.OddFooter, "2026-11-02") {
			t.Errorf("%s has the footer %v (%v)", name, footer, err)
		}
		if panes, err := file.GetPanes(name); err != nil || (!panes.Freeze && name != sheetSummary && name != sheetReturn && name != sheetProtocol) {
			t.Errorf("%s has no frozen header (%v)", name, err)
		}
	}
	for _, name := range []string{sheetRouting, sheetUseCases, sheetTasks, sheetResponses, sheetRatings} {
		if tables, err := file.GetTables(name); err != nil || len(tables) == 0 {
			t.Errorf("%s has no table (%v)", name, err)
		}
	}
}

func TestWorkbookCharts(t *testing.T) {
	file := openWorkbook(t, writeWorkbook(t, fixtureInput()))
	charts, bars := 0, 0
	file.Pkg.Range(func(key, value any) bool {
		if path := key.(string); strings.HasPrefix(path, "xl/charts/chart") {
			charts++
			document := string(value.([]byte))
			bars += strings.Count(document, "errBars>") / 2
			differences := strings.Contains(document, "Advantage of the answer") || strings.Contains(document, "saving a month moves by")
			if strings.Contains(document, `min val="0"`) == differences {
				t.Errorf("the value axis of %s does not start at 0, or that of differences does", path)
			}
		}
		return true
	})
	if charts != 15 || bars != 10 {
		t.Errorf("%d charts with %d sets of error bars, want 15 and 10", charts, bars)
	}
}

func TestWorkbookOfNothing(t *testing.T) {
	file := openWorkbook(t, writeWorkbook(t, Input{}))
	rows, err := file.GetRows(sheetRatings)
	if err != nil || len(rows) < 5 || rows[len(rows)-1][0] != "Nothing has been rated yet." {
		t.Errorf("the ratings sheet is %q (%v)", rows, err)
	}
}

func TestWorkbookIsWholeOrNotAtAll(t *testing.T) {
	path := filepath.Join(t.TempDir(), "report.xlsx")
	if err := os.WriteFile(path, []byte("before"), 0o600); err != nil {
		t.Fatal(err)
	}
	in := fixtureInput()
	broken := errors.New("the disk went away")
	in.Ratings = func(func(eval.Rating) error) error { return broken }
	if err := Workbook(t.Context(), path, in); !errors.Is(err, broken) {
		t.Errorf("got %v, want %v", err, broken)
	}
	ctx, cancel := context.WithCancel(t.Context())
	in = fixtureInput()
	in.Tasks = func(yield func(audit.Task) error) error {
		cancel()
		return yield(audit.Task{})
	}
	if err := Workbook(ctx, path, in); !errors.Is(err, context.Canceled) {
		t.Errorf("got %v, want %v", err, context.Canceled)
	}
	content, err := os.ReadFile(path)
	entries, readErr := os.ReadDir(filepath.Dir(path))
	if string(content) != "before" || err != nil || len(entries) != 1 || readErr != nil {
		t.Errorf("left %q and %d files", content, len(entries))
	}
}

// TestWorkbookStoresResults lets viewers that do not calculate show figures.
func TestWorkbookStoresResults(t *testing.T) {
	file := openWorkbook(t, writeWorkbook(t, fixtureInput()))
	row := findRow(t, file, sheetSummary, "Saving a month")
	stored, err := file.GetCellValue(sheetSummary, at(2, row), excelize.Options{RawCellValue: true})
	if err != nil {
		t.Fatal(err)
	}
	if got, err := strconv.ParseFloat(stored, 64); err != nil || math.Abs(got-fixtureRouting().Total.MonthlySaving.Estimate) > 0.005 {
		t.Errorf("the stored saving is %q (%v)", stored, err)
	}
	kind, err := file.GetCellType(sheetSummary, at(2, row))
	if err != nil || kind == excelize.CellTypeSharedString || kind == excelize.CellTypeInlineString || kind == excelize.CellTypeFormula {
		t.Errorf("the stored saving has type %v (%v), want a number", kind, err)
	}
}

// TestWorkbookOfALogWithoutCosts leaves every cost empty where the log states none, and
// counts it once it is filled in.
func TestWorkbookOfALogWithoutCosts(t *testing.T) {
	in := fixtureInput()
	for i := range in.Routing.Routes {
		r := &in.Routing.Routes[i]
		r.Decision, r.MonthlySaving = eval.Keep, &eval.Interval{Level: 0.95}
		r.MonthlyCostNow, r.MonthlyCostThen, r.ControlSpend, r.SavingIfSwitched = nil, nil, nil, nil
	}
	in.Routing.Total.MonthlyCostNow, in.Routing.Total.MonthlyCostThen, in.Routing.Total.MonthlySaving = nil, nil, &eval.Interval{Level: 0.95}
	in.Routing.Total.WhyMissing = map[string]string{"monthly_cost_now_usd": "coding: the log states no cost"}
	file := openWorkbook(t, writeWorkbook(t, in))
	now := at(resultEstimate, rowWith(t, file, sheetReturn, resultLabel, "Model cost a month now"))
	share := at(resultEstimate, rowWith(t, file, sheetReturn, resultLabel, "… as a share of the cost now"))
	for _, cell := range []string{now, share} {
		if got, err := file.CalcCellValue(sheetReturn, cell); err != nil || got != "" {
			t.Errorf("%s is %q (%v), want nothing", cell, got, err)
		}
	}
	note := at(1, findRow(t, file, sheetReturn, "Cost a month now")+len(in.Routing.Routes)+2)
	if got, err := file.CalcCellValue(sheetReturn, note); err != nil || !strings.HasPrefix(got, "What a category costs a month is not known") {
		t.Errorf("the note beneath the total is %q (%v)", got, err)
	}
	findRow(t, file, sheetSummary, "No category changes its model. What the audited work costs a month is not known: coding: the log states no cost.")
	total := findRow(t, file, sheetRouting, "Total")
	for column := 9; column <= 10; column++ { // cost now and then
		if got, err := file.GetCellFormula(sheetRouting, at(column, total)); err != nil || got != "" {
			t.Errorf("the total of column %d is %q (%v), want nothing", column, got, err)
		}
	}
	if page := text(t, renderHTML(t, in)); strings.Contains(page, "0 USD a month") || !strings.Contains(page, "What the audited work costs a month is not known") {
		t.Error("the page says what the work costs, though nobody knows")
	}
	first := findRow(t, file, sheetReturn, "Cost a task now") + 1
	for i := range in.Routing.Routes {
		for column, value := range map[int]any{returnTasks: 1000.0, returnCost: 0.01 * float64(1+i)} {
			if err := file.SetCellValue(sheetReturn, at(column, first+i), value); err != nil {
				t.Fatal(err)
			}
		}
	}
	n := float64(len(in.Routing.Routes))
	got, err := file.CalcCellValue(sheetReturn, now, excelize.Options{RawCellValue: true})
	if cost, failed := strconv.ParseFloat(got, 64); err != nil || failed != nil || math.Abs(cost-10*n*(n+1)/2) > 1e-9 {
		t.Errorf("filled in, the cost is %q (%v), want %v", got, err, 10*n*(n+1)/2)
	}
}

// rowWith is the row of a sheet whose cell in a column holds a text.
func rowWith(t *testing.T, file *excelize.File, sheet string, column int, text string) int {
	t.Helper()
	rows, err := file.GetRows(sheet)
	if err != nil {
		t.Fatal(err)
	}
	at := slices.IndexFunc(rows, func(row []string) bool { return len(row) >= column && row[column-1] == text })
	if at < 0 {
		t.Fatalf("%s has no row of %q", sheet, text)
	}
	return at + 1
}
