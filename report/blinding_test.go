package report

import (
	"bytes"
	"strings"
	"testing"

	"github.com/xuri/excelize/v2"

	"modeltrial/eval"
)

// blindedInput has a candidate whose blinding did not hold, with a hostile name.
func blindedInput() Input {
	in := fixtureInput()
	in.Analysis.Blinding = []eval.BlindingResult{{
		Control: "current", Candidate: "claude\x1b[31m", Guesses: 80, Correct: 43, Wrong: 25, DontKnow: 12, Raters: 6, Recognised: 2,
		Bang: interval(0.225, 0.1), James: interval(0.48, 0.05), Finding: eval.BlindingBroken,
		Summary: "raters named the current model in 54% of 80 guesses (43 right, 25 wrong, 12 did not know), Bang's index 0.23 (0.03 to 0.42): the pilot was not blind, they could tell",
	}}
	return in
}

func TestBlindingIsSaid(t *testing.T) {
	in := blindedInput()
	var terminal, page bytes.Buffer
	if err := AnalysisDetails(&terminal, in.Analysis, Style{}); err != nil {
		t.Fatal(err)
	}
	if err := HTML(&page, in); err != nil {
		t.Fatal(err)
	}
	const says = "raters named the current model in 54% of 80 guesses"
	for name, text := range map[string]string{"terminal": terminal.String(), "page": page.String()} {
		text = strings.Join(strings.Fields(text), " ")
		if !strings.Contains(text, says) || !strings.Contains(text, "A model was recognised in 2 comparisons.") || strings.Contains(text, "\x1b") {
			t.Errorf("the %s does not say %q, or lets a control sequence through:\n%s", name, says, text)
		}
	}
	if want := "0.23 [0.03, 0.42]"; !strings.Contains(terminal.String(), want) && !strings.Contains(terminal.String(), "0.22 [0.03, 0.42]") {
		t.Errorf("the terminal lacks Bang's index %s:\n%s", want, terminal.String())
	}
	file := openWorkbook(t, writeWorkbook(t, in))
	row := findRow(t, file, sheetBlinding, "Did not know") + 1
	if got, err := file.CalcCellValue(sheetBlinding, at(2, row), excelize.Options{RawCellValue: true}); err != nil || got != "80" {
		t.Errorf("the workbook counts %q guesses (%v), want 80", got, err)
	}
	in.Analysis.Blinding = nil
	page.Reset()
	if err := HTML(&page, in); err != nil || !strings.Contains(page.String(), "is not known: nobody was asked.") {
		t.Errorf("without a guess the page does not say that nobody was asked (%v)", err)
	}
}
