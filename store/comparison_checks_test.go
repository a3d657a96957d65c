package store

import (
	"errors"
	"slices"
	"testing"

	"modeltrial/eval"
)

// TestFlaggedComparisonsAreLeftOut: by the rule of the protocol and nothing else; under
// another version they are looked at again.
func TestFlaggedComparisonsAreLeftOut(t *testing.T) {
	s := newAnswered(t, 3, 1) // 9 comparisons
	var tasks []string
	check := func(task, a, b string) eval.ComparisonCheck {
		tasks = append(tasks, task)
		c := eval.ComparisonCheck{MasksA: 1, TraitsB: []string{"tables"}}
		if b == "next says coding-001" {
			c.Flags = []eval.AnswerFlag{{Side: eval.SideB, Reason: "describes itself", Text: b}}
		}
		return c
	}
	must(t, s.CheckComparisons(t.Context(), check, testTime))
	must(t, s.CheckComparisons(t.Context(), check, testTime))
	if len(tasks) != 9 || !slices.Contains(tasks, "\ndo coding-001") {
		t.Fatalf("looked at %d comparisons with the tasks %q, want each of 9 once", len(tasks), tasks)
	}
	checks, err := s.ComparisonChecks(t.Context(), 0)
	must(t, err)
	flagged := slices.IndexFunc(checks, func(c eval.ComparisonCheck) bool { return len(c.Flags) > 0 })
	if len(checks) != 9 || checks[flagged].TaskID != "coding-001" || checks[flagged].ArmB != "next" || checks[flagged].Excluded || checks[flagged].MasksA != 1 || checks[flagged].TraitsB[0] != "tables" {
		t.Errorf("checks %+v", checks)
	}

	protocol := testProtocol
	protocol.FlaggedAnswers = eval.ExcludeFlagged
	_, err = s.LockProtocol(t.Context(), protocol, "flagged answers are left out", testTime)
	must(t, err)
	must(t, s.CheckComparisons(t.Context(), check, testTime))
	if len(tasks) != 18 {
		t.Errorf("looked at %d more under the new version, want 9", len(tasks)-9)
	}
	ann := addRater(t, s, "ann")
	shown := 0
	for ; ; shown++ {
		p, err := s.NextPresentation(t.Context(), ann, controlFirst, testTime)
		if errors.Is(err, eval.ErrNotFound) {
			break
		}
		must(t, err)
		if p.ComparisonID == checks[flagged].ComparisonID {
			t.Error("a comparison that is left out was shown")
		}
		must(t, s.AddVerdict(t.Context(), ann, p.ID, eval.ShownTie, nil, "", testTime))
	}
	status, err := s.PilotStatus(t.Context())
	must(t, err)
	if shown != 8 || status.Comparisons != 8 || status.Rated != 8 {
		t.Errorf("%d were shown, %d of %d are rated; want 8", shown, status.Rated, status.Comparisons)
	}
	data, err := s.Dataset(t.Context(), 0)
	must(t, err)
	excluded := slices.DeleteFunc(data.Checks, func(c eval.ComparisonCheck) bool { return !c.Excluded })
	if len(excluded) != 1 || excluded[0].ComparisonID != checks[flagged].ComparisonID {
		t.Errorf("left out are %+v", excluded)
	}

	// also where it was rated elsewhere it is not drawn to be rated again
	left := checks[flagged]
	imported, _, rejected := importRatings(t, s, eval.Rating{TaskID: left.TaskID, ArmA: left.ArmA, ArmB: left.ArmB, Rater: "bob", Kind: eval.Human, Score: 1})
	anchors, err := s.AnchorIDs(t.Context())
	must(t, err)
	drawn := 0
	for _, ids := range anchors {
		drawn += len(ids)
		if slices.Contains(ids, left.ComparisonID) {
			t.Error("a comparison that is left out is among the anchors")
		}
	}
	if imported != 1 || len(rejected) != 0 || drawn != 8 {
		t.Errorf("%d imported, %v rejected, %d anchors, want 8", imported, rejected, drawn)
	}
}
