package decide

import (
	"strings"
	"testing"

	"modeltrial/eval"
)

// TestFormattingTellsArmsApart: a habit that one arm has and the other has not names the
// arms; one that both have does not.
func TestFormattingTellsArmsApart(t *testing.T) {
	data := pilot(240, 130, 40, 0.8, eval.Human)
	for i, r := range data.Ratings[:100] {
		check := eval.ComparisonCheck{TaskID: r.TaskID, Category: "coding", Week: r.Week, ArmA: "now", ArmB: "next", TraitsA: []string{"bold"}, TraitsB: []string{"bold"}}
		switch {
		case i < 80:
			check.TraitsB = append(check.TraitsB, "headings")
		case i < 90:
			check.TraitsA = append(check.TraitsA, "headings")
		}
		data.Checks = append(data.Checks, check)
	}
	analysis, err := Analyze(data, Options{})
	if err != nil {
		t.Fatal(err)
	}
	if len(analysis.Formatting) != 2 {
		t.Fatalf("formatting %+v, want two habits", analysis.Formatting)
	}
	headings, bold := analysis.Formatting[0], analysis.Formatting[1]
	// 80 comparisons are told rightly, 10 wrongly, and of 10 half.
	if headings.Trait != "headings" || headings.Telling != 0.85 || headings.ControlShare != 0.1 || headings.CandidateShare != 0.8 || headings.PValue > 1e-10 {
		t.Errorf("headings: %+v", headings)
	}
	if bold.Trait != "bold" || bold.Telling != 0.5 || bold.PValue != 1 || bold.ControlShare != 1 {
		t.Errorf("bold: %+v", bold)
	}
	found := 0
	for _, warning := range analysis.Warnings {
		if strings.Contains(warning, "next and now can be told apart by formatting: headings in 80% and 10% of their answers name the arms rightly in 85% of 100 comparisons") {
			found++
		}
	}
	if found != 1 {
		t.Errorf("warnings %v, want one on headings", analysis.Warnings)
	}
}
