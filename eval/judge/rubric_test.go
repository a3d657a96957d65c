package judge

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"modeltrial/audit"
)

func TestCriteriaOfRubrics(t *testing.T) {
	for _, test := range []struct {
		name, rubric string
		want         []string
	}{
		{"first sentence", "1. Is it right? Work it out.\n2) Could version 2.5 run?\n", []string{"Is it right?", "Could version 2.5 run?"}},
		{"no points", "Prefer what is right.", nil},
		{"text between", "Judge so:\n 10. Clear. And short.\nThat is all.", []string{"Clear."}},
		{"twice and empty", "1. Right?\n2. Right?\n3.\n4", []string{"Right?"}},
	} {
		if diff := cmp.Diff(test.want, Criteria(test.rubric)); diff != "" {
			t.Errorf("%s (-want +got):\n%s", test.name, diff)
		}
	}
	for _, category := range append(audit.Categories, "own") {
		if rubric := builtIn[category]; rubric != "" && len(Criteria(rubric)) != 4 {
			t.Errorf("%s: criteria %q, want one for each of 4 points", category, Criteria(rubric))
		}
	}
	if len(Criteria(ownCategory)) != 4 {
		t.Errorf("criteria %q", Criteria(ownCategory))
	}
}
