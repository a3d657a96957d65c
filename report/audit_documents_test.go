package report

import (
	"bytes"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/xuri/excelize/v2"

	"modeltrial/audit"
)

var auditTime = time.Date(2026, 11, 2, 8, 30, 0, 0, time.UTC)

func auditPage(t *testing.T, r audit.Report) string {
	t.Helper()
	var out bytes.Buffer
	if err := AuditPage(&out, r, auditTime); err != nil {
		t.Fatal(err)
	}
	return out.String()
}

// hostileAudit has the hostile text wherever the log's own text is shown.
func hostileAudit() audit.Report {
	r := fixtureAudit()
	r.DominantModel = hostile
	r.Models[0].Name, r.Models[1].Name = hostile, "=1+1"
	r.Categories[0].Category = audit.Category(hostile)
	r.Candidates[0].Category, r.Candidates[0].Why, r.Candidates[0].Saving.Nearest = audit.Category(hostile), hostile, hostile
	r.Warnings = append(r.Warnings, hostile)
	r.CheaperPeer.Models[0].Model = hostile
	r.Claims[0].LogSays = hostile
	r.Clusters.Largest[0].Name = "+cmd"
	return r
}

func TestAuditPageIsSelfContainedAndEscapes(t *testing.T) {
	t.Parallel()
	page := auditPage(t, hostileAudit())
	figures := checkSelfContained(t, page)
	if figures < 4 {
		t.Errorf("%d figures, want workload and months, each twice", figures)
	}
	if !strings.Contains(page, "prefers-color-scheme: dark") {
		t.Error("the page has no dark colours")
	}
}

func TestAuditPageSaysWhatTheLogSays(t *testing.T) {
	t.Parallel()
	page := auditPage(t, fixtureAudit())
	at := 0
	for _, text := range []string{
		"<h1>", "gpt-4o answers 81.0% of all tasks", "has a cheaper peer¹", "Most is at stake in coding, 719 USD a month", "The log explains 83% of the bill of 2026-09",
		"¹ A cheaper peer is defined here.", ">Where a pilot would pay<", "144–675", "228 tasks", "8 weeks", "not known", "scaled to the bill (gpt-4o × 1.20)", "² Hypothesis",
		">The work<", ">Models and teams<", ">Cheaper peers, by price alone<", "0.06×", ">Months<", "20 of 31 days", "&#43;2%", ">The log beside the bill<", "openai/gpt-4o", "83%",
		">Near-duplicates<", "≥ 310 USD", ">What you may have read, as hypotheses<", "Not yet: Whether", ">Limits<", ">Appendix<",
	} {
		next := strings.Index(page[at:], text)
		if next < 0 {
			t.Fatalf("%q is missing or out of order", text)
		}
		at += next
	}
	if strings.Contains(page, "NaN") || strings.Contains(page, "&lt;nil&gt;") {
		t.Error("the page shows a number that is none")
	}
}

func TestAuditPageOfNothing(t *testing.T) {
	t.Parallel()
	if page := auditPage(t, audit.Report{}); !strings.Contains(page, "modeltrial audit import FILE") {
		t.Error("the page of an empty log does not say what to do")
	}
}

// unknownAudit is of a log in which no cost is known.
func unknownAudit() audit.Report {
	mixer := audit.NewMixer(0)
	for day := range 28 {
		mixer.Add(audit.Task{Category: audit.Coding, Model: "atlas", Timestamp: auditTime.AddDate(0, 0, -day)})
	}
	return mixer.Report()
}

// TestUnknownSpendIsNeverZero looks at all three documents of a log without any cost.
func TestUnknownSpendIsNeverZero(t *testing.T) {
	t.Parallel()
	r := unknownAudit()
	var terminal bytes.Buffer
	if err := AuditReport(&terminal, r, Style{}); err != nil {
		t.Fatal(err)
	}
	for name, text := range map[string]string{"terminal": terminal.String(), "page": auditPage(t, r)} {
		if strings.Contains(text, "0 USD") || strings.Contains(text, ">0<") || !strings.Contains(text, "cost not known") {
			t.Errorf("the %s shows unknown spend as 0, or does not say that it is unknown:\n%s", name, text)
		}
	}
	file := openWorkbook(t, auditWorkbook(t, r))
	for cell, sheetName := range map[string]string{"D6": sheetWorkload, "D7": sheetWorkload, "G6": sheetMix, "G5": sheetMonths} {
		value, err := file.GetCellValue(sheetName, cell)
		if err != nil {
			t.Fatal(err)
		}
		if strings.Contains(value, "0.00") {
			t.Errorf("%s!%s is %q, want it empty", sheetName, cell, value)
		}
	}
}

func auditWorkbook(t *testing.T, r audit.Report) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "audit.xlsx")
	if err := AuditWorkbook(t.Context(), path, r, auditTime); err != nil {
		t.Fatal(err)
	}
	return path
}

func TestAuditWorkbookHoldsTextAsText(t *testing.T) {
	t.Parallel()
	file := openWorkbook(t, auditWorkbook(t, hostileAudit()))
	want := []string{sheetAudit, sheetWorkload, sheetMonths, sheetMix, sheetBill, sheetClusters, sheetClaims}
	if got := file.GetSheetList(); !slices.Equal(got, want) {
		t.Errorf("sheets %q, want %q", got, want)
	}
	texts := 0
	for _, name := range file.GetSheetList() {
		rows, err := file.GetRows(name)
		if err != nil {
			t.Fatal(err)
		}
		for r, row := range rows {
			for c, text := range row {
				cell, err := excelize.CoordinatesToCellName(c+1, r+1)
				if err != nil {
					t.Fatal(err)
				}
				formula, err := file.GetCellFormula(name, cell)
				if err != nil {
					t.Fatal(err)
				}
				if formula != "" && !strings.HasPrefix(formula, "SUM(") {
					t.Errorf("%s!%s is the formula %q", name, cell, formula)
				}
				if strings.HasPrefix(text, "=") || strings.HasPrefix(text, "+cmd") {
					texts++
				}
				if strings.Contains(text, "NaN") || strings.HasPrefix(text, "#") {
					t.Errorf("%s!%s shows %q", name, cell, text)
				}
			}
		}
	}
	if texts < 5 {
		t.Errorf("%d cells begin like a formula, want those of the hostile names", texts)
	}
}

func TestAuditWorkbookOfNothing(t *testing.T) {
	t.Parallel()
	file := openWorkbook(t, auditWorkbook(t, audit.Report{}))
	rows, err := file.GetRows(sheetWorkload)
	if err != nil {
		t.Fatal(err)
	}
	if !strings.Contains(strings.Join(slices.Concat(rows...), " "), "run modeltrial audit import") {
		t.Errorf("the empty workbook says %q, want what to do", rows)
	}
}

// TestWorkbookCorrectsShares looks for the corrected shares beside the counted ones,
// and nowhere where they are not known.
func TestWorkbookCorrectsShares(t *testing.T) {
	t.Parallel()
	r := fixtureAudit()
	r.Categories[0].TaskShareCorrected = &audit.Interval{Estimate: 0.4, Low: 0.31, High: 0.52}
	r.Categories[1].TaskShareCorrected = nil
	rows, err := openWorkbook(t, auditWorkbook(t, r)).GetRows(sheetWorkload)
	if err != nil {
		t.Fatal(err)
	}
	at := slices.IndexFunc(rows, func(row []string) bool { return len(row) > 0 && row[0] == "Category" })
	want := []string{"Share, corrected", "Corrected, low", "Corrected, high"}
	if at < 0 || !slices.Equal(rows[at][3:6], want) {
		t.Fatalf("the header of the workload is not followed by %q:\n%q", want, rows)
	}
	if got := rows[at+1][3:6]; !slices.Equal(got, []string{"40%", "31%", "52%"}) {
		t.Errorf("the first category's corrected share is %q", got)
	}
	if got := rows[at+2][3:6]; !slices.Equal(got, []string{"", "", ""}) {
		t.Errorf("a share that cannot be corrected is %q, want empty cells", got)
	}
}

// TestAuditWithoutRanking says why no kind of work is ranked, in each document.
func TestAuditWithoutRanking(t *testing.T) {
	t.Parallel()
	undated, unsorted := fixtureAudit(), fixtureAudit()
	undated.Candidates, undated.From, undated.To = nil, nil, nil
	unsorted.Candidates = nil
	for want, r := range map[string]audit.Report{"no task has a timestamp": undated, "no task has a category yet": unsorted} {
		if page := auditPage(t, r); !strings.Contains(page, want) {
			t.Errorf("the page does not say that %s", want)
		}
		var out bytes.Buffer
		if err := AuditReport(&out, r, Style{}); err != nil {
			t.Fatal(err)
		}
		if !strings.Contains(out.String(), want) {
			t.Errorf("the terminal does not say that %s: %s", want, out.String())
		}
	}
	if noCandidates(fixtureAudit()) != "" {
		t.Error("a ranking is said to be missing that is there")
	}
}

// TestWorkloadBarsKeepTheOrderOfTheLegend, so that a model is at the same end of every
// bar, whichever model a category has most of.
func TestWorkloadBarsKeepTheOrderOfTheLegend(t *testing.T) {
	t.Parallel()
	group := func(name, model string, tasks int) audit.GroupMix {
		return audit.GroupMix{Name: name, Model: model, Amounts: audit.Amounts{Tasks: tasks}}
	}
	r := audit.Report{
		Tasks:  30,
		Models: []audit.GroupMix{group("forge", "", 14), group("atlas", "", 16)},
		Categories: []audit.CategoryMix{
			{Category: audit.Coding, Tasks: 20, TaskShare: 0.67, Models: []audit.GroupMix{group("", "forge", 12), group("", "atlas", 8)}},
			{Category: audit.Math, Tasks: 10, TaskShare: 0.33, Models: []audit.GroupMix{group("", "atlas", 8), group("", "forge", 2)}},
		},
	}
	for _, figure := range workload(r).Figures {
		var got []string
		for _, s := range figure.Shapes {
			if s.Kind == "rect" {
				got = append(got, s.Title)
			}
		}
		if want := []string{"atlas: 40%", "forge: 60%", "atlas: 80%", "forge: 20%"}; !slices.Equal(got, want) {
			t.Errorf("%s bars are %q, want %q", figure.Class, got, want)
		}
	}
}

// TestMixRepeatsItsHeader on each page that is printed of it.
func TestMixRepeatsItsHeader(t *testing.T) {
	t.Parallel()
	file := openWorkbook(t, auditWorkbook(t, fixtureAudit()))
	sheetName, row := named(t, file, "_xlnm.Print_Titles")
	first, last, _ := strings.Cut(row, ":")
	header, err := file.GetCellValue(sheetMix, "A"+first)
	if err != nil {
		t.Fatal(err)
	}
	if sheetName != sheetMix || first != last || header != "Kind of work" {
		t.Errorf("rows %s of %s are repeated, the first begins with %q; want the header of %s", row, sheetName, header, sheetMix)
	}
}
