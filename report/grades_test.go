package report

import (
	"strings"
	"testing"

	"modeltrial/eval"
)

func gradedComparison() eval.ComparisonResult {
	return eval.ComparisonResult{
		Category: "coding", Control: "now", Candidate: "next", WhyMissing: map[string]string{},
		Grades: []eval.GradeResult{
			{
				Criterion: "Is it right?", Control: eval.ArmGraded{Grades: 1234, Mean: new(3.64)}, Candidate: eval.ArmGraded{Grades: 1230, Mean: new(4.0)},
				Tasks: 600, Raters: 3, Difference: &eval.Interval{Estimate: 0.36, Low: -0.04, High: 0.76},
			},
			{Criterion: "Is it\nclear?", Candidate: eval.ArmGraded{Grades: 1, Mean: new(2.0)}, WhyMissing: "tasks with both answers graded: 0, at least 20 are needed"},
		},
	}
}

func TestGradesInDocuments(t *testing.T) {
	c := gradedComparison()
	want := []string{
		"graded by “Is it right?”: candidate 4.0 (1 230), control 3.6 (1 234); difference +0.4 [0.0, +0.8]",
		"graded by “Is it clear?”: candidate 2.0 (1), control –; difference tasks with both answers graded: 0, at least 20 are needed",
	}
	got := gradeLines(c)
	for i := range want {
		if plainSpaces(got[i]) != want[i] {
			t.Errorf("got  %s\nwant %s", got[i], want[i])
		}
	}
	var out strings.Builder
	if err := AnalysisDetails(&out, eval.Analysis{Comparisons: []eval.ComparisonResult{c}}, Style{}); err != nil {
		t.Fatal(err)
	}
	if text := strings.Join(strings.Fields(out.String()), " "); !strings.Contains(text, "graded by “Is it right?”: candidate 4.0") {
		t.Errorf("details:\n%s", text)
	}
	in := fixtureInput()
	if strings.Contains(text(t, renderHTML(t, in)), "How did people grade") {
		t.Error("a table of grades that nobody gave")
	}
	in.Analysis.Comparisons[0].Grades = c.Grades
	page := text(t, renderHTML(t, in))
	if !strings.Contains(plainSpaces(page), "Is it right? 4.0 (1 230) 3.6 (1 234) +0.4 [0.0, +0.8] 600") {
		t.Error("the report lacks the grades")
	}
}

// plainSpaces makes the thin spaces in numbers plain.
func plainSpaces(text string) string {
	return strings.NewReplacer("\u2009", " ", "\u202f", " ", "\u00a0", " ").Replace(text)
}
