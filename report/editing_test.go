package report

import (
	"strings"
	"testing"

	"modeltrial/eval"
)

func editedComparison() eval.ComparisonResult {
	return eval.ComparisonResult{
		Category: "coding", Control: "now", Candidate: "next",
		PostEditRatio: &eval.Interval{Estimate: 2.0 / 3, Low: 0.574, High: 0.768, Level: eval.Level},
		PostEditing: &eval.PostEditing{
			Control:   eval.ArmEditing{Edits: 21, Tasks: 20, Unusable: 1, Timed: 20, Seconds: new(60.2), WordsKept: new(0.6)},
			Candidate: eval.ArmEditing{Edits: 20, Tasks: 20, Timed: 20, Seconds: new(9.94), WordsKept: new(0.85)},
			WordsKept: &eval.Interval{Estimate: 0.25, Low: 0.2, High: 0.3, Level: eval.Level},
		},
		WhyMissing: map[string]string{},
	}
}

func TestEditingText(t *testing.T) {
	c := editedComparison()
	want := "editing time 0.67× [0.57, 0.77]; 9.9 s an answer against 60 s; 85% of words kept against 60% (+25 points [+20, +30]); 20 answers of next and 21 of now edited; 0 and 1 of them unusable"
	if got := editingText(c); got != want {
		t.Errorf("got  %s\nwant %s", got, want)
	}
	c.PostEditing.Control.Rounds, c.PostEditing.Candidate.Rounds = new(0.5), new(0.0)
	if got, want := editingText(c), want+"; 0.00 and 0.50 new answers asked for per answer"; got != want {
		t.Errorf("got  %s\nwant %s", got, want)
	}
	c.PostEditing.Control.Rounds = nil
	c.PostEditRatio, c.PostEditing.WordsKept, c.PostEditing.Control.Seconds, c.PostEditing.Control.WordsKept = nil, nil, nil, nil
	c.WhyMissing["post_edit_ratio"] = "3 tasks"
	want = "editing time not known: 3 tasks; 20 answers of next and 21 of now edited; 0 and 1 of them unusable"
	if got := editingText(c); got != want {
		t.Errorf("got  %s\nwant %s", got, want)
	}
	if c.PostEditing = nil; editingText(c) != "" {
		t.Error("a line without an edit")
	}
}

func TestDetailsTellOfEditing(t *testing.T) {
	var out strings.Builder
	if err := AnalysisDetails(&out, eval.Analysis{Comparisons: []eval.ComparisonResult{editedComparison()}}, Style{}); err != nil {
		t.Fatal(err)
	}
	if got := strings.Join(strings.Fields(out.String()), " "); !strings.Contains(got, "editing time 0.67× [0.57, 0.77]; 9.9 s an answer") {
		t.Errorf("details:\n%s", out.String())
	}
}
