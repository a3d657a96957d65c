package report

import (
	"fmt"
	"strconv"
	"strings"

	"modeltrial/eval"
)

// editingText says in a line what editing the answers of a use case showed; empty where
// none were edited.
func editingText(c eval.ComparisonResult) string {
	if c.PostEditing == nil {
		return ""
	}
	control, candidate := c.PostEditing.Control, c.PostEditing.Candidate
	parts := []string{"editing time not known: " + c.WhyMissing["post_edit_ratio"]}
	if c.PostEditRatio != nil {
		parts[0] = "editing time " + ratioText(c.PostEditRatio)
	}
	if candidate.Seconds != nil && control.Seconds != nil {
		parts = append(parts, fmt.Sprintf("%s s an answer against %s s", editSeconds(*candidate.Seconds), editSeconds(*control.Seconds)))
	}
	if candidate.WordsKept != nil && control.WordsKept != nil {
		kept := fmt.Sprintf("%s of words kept against %s", Rate(*candidate.WordsKept, candidate.Tasks), Rate(*control.WordsKept, control.Tasks))
		if d := c.PostEditing.WordsKept; d != nil {
			kept += fmt.Sprintf(" (%s points [%s, %s])", signedPoints(d.Estimate), signedPoints(d.Low), signedPoints(d.High))
		}
		parts = append(parts, kept)
	}
	parts = append(parts, fmt.Sprintf("%s of %s and %s of %s edited", counted(candidate.Edits, "answer", "answers"), line(c.Candidate), Count(control.Edits), line(c.Control)))
	if candidate.Unusable+control.Unusable > 0 {
		parts = append(parts, fmt.Sprintf("%s and %s of them unusable", Count(candidate.Unusable), Count(control.Unusable)))
	}
	if asked(candidate)+asked(control) > 0 {
		parts = append(parts, fmt.Sprintf("%s and %s new answers asked for per answer", strconv.FormatFloat(asked(candidate), 'f', 2, 64), strconv.FormatFloat(asked(control), 'f', 2, 64)))
	}
	return strings.Join(parts, "; ")
}

// asked is how many new answers editors asked for, on average.
func asked(arm eval.ArmEditing) float64 {
	if arm.Rounds == nil {
		return 0
	}
	return *arm.Rounds
}

// editSeconds are whole seconds, with a decimal below ten.
func editSeconds(seconds float64) string {
	if seconds < 9.95 {
		return strconv.FormatFloat(seconds, 'f', 1, 64)
	}
	return strconv.FormatFloat(seconds, 'f', 0, 64)
}
