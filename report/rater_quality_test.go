package report

import (
	"bytes"
	"strings"
	"testing"

	"github.com/xuri/excelize/v2"

	"modeltrial/eval"
)

// TestTriedRatersAreShown: what tries raters, and whom the rule leaves out, stands in
// every document.
func TestTriedRatersAreShown(t *testing.T) {
	in := fixtureInput()
	ben := &in.Analysis.Raters[0]
	ben.Quality = &eval.RaterQuality{
		Repeats: eval.CheckResult{Shown: 8, Good: 3, Share: interval(0.375, 0.1)}, Sentinels: eval.CheckResult{Shown: 6, Good: 6, Share: interval(1, 0)},
	}
	ben.Excluded = "3 of 8 repeats got the same verdict (38%), the protocol asks for 60%\x1b[31m"
	in.Analysis.Masking = []eval.MaskingResult{{Arm: "claude", Answers: 120, Masked: 12, Flagged: 2}, {Arm: "current", Answers: 120}}
	var terminal, page bytes.Buffer
	if err := Analysis(&terminal, in.Analysis, Style{}); err != nil {
		t.Fatal(err)
	}
	if err := AnalysisDetails(&terminal, in.Analysis, Style{}); err != nil {
		t.Fatal(err)
	}
	if err := HTML(&page, in); err != nil {
		t.Fatal(err)
	}
	for name, text := range map[string]string{"terminal": terminal.String(), "page": page.String()} {
		words := strings.Join(strings.Fields(text), " ")
		for _, want := range []string{"3 of 8 (38%)", "6 of 6 (100%)", "Names were hidden in 12 of 120 answers of claude (2 told it in a way that cannot be hidden)"} {
			if !strings.Contains(words, want) {
				t.Errorf("the %s lacks %q", name, want)
			}
		}
		if strings.Contains(text, "\x1b") {
			t.Errorf("the %s lets a control sequence through", name)
		}
	}
	if want := "the protocol asks for 60%"; !strings.Contains(page.String(), want) {
		t.Errorf("the page lacks %q", want)
	}
	file := openWorkbook(t, writeWorkbook(t, in))
	row := findRow(t, file, sheetRaters, "Sentinels, right") + 1
	for column, want := range map[int]string{17: "0.375", 18: "", 19: "1"} {
		if got, err := file.GetCellValue(sheetRaters, at(column, row), excelize.Options{RawCellValue: true}); err != nil || got != want {
			t.Errorf("the workbook says %q in column %d (%v), want %q", got, column, err, want)
		}
	}
	if got, _ := file.GetCellValue(sheetRaters, at(20, row)); !strings.Contains(got, "the protocol asks for 60%") {
		t.Errorf("the workbook's reason is %q", got)
	}
}
