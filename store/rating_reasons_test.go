package store

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"modeltrial/eval"
)

// TestGradesOfARating: grades are of arms, the same again change nothing, others supersede,
// and what was said comes back with the comparison rated last.
func TestGradesOfARating(t *testing.T) {
	s := newAnswered(t, 1, 1)
	ann := addRater(t, s, "ann")
	shown := next(t, s, ann)
	if shown.Category == "" {
		t.Error("the presentation has no category")
	}
	said := eval.ShownRating{
		Verdict: eval.RightMuchBetter, Note: "shorter", Tags: []string{"too long", "wrong"},
		Grades: []eval.ShownGrade{{Criterion: "Is it right?", Answer: 1, Points: 2}, {Criterion: "Is it right?", Answer: 2, Points: 5}},
	}
	for range 2 {
		must(t, s.AddRating(t.Context(), ann, shown.ID, said, testTime))
	}
	ratings := func() (all []eval.Rating) {
		t.Helper()
		must(t, s.EachRating(t.Context(), 0, func(r eval.Rating) error { all = append(all, r); return nil }))
		return all
	}
	if n := count(t, s, `SELECT count(*) FROM ratings`); n != 1 {
		t.Errorf("%d rows of one rating", n)
	}
	got := ratings()[0]
	if !cmp.Equal(got.Grades, eval.ArmGrades(said.Grades, shown.First)) || !cmp.Equal(got.Tags, said.Tags) {
		t.Errorf("grades %v and tags %v", got.Grades, got.Tags)
	}
	last, err := s.LastRated(t.Context(), ann)
	must(t, err)
	if diff := cmp.Diff(&said, last.Last); diff != "" {
		t.Errorf("said last (-want +got):\n%s", diff)
	}
	said.Grades = said.Grades[:1]
	must(t, s.AddRating(t.Context(), ann, shown.ID, said, testTime))
	if all := ratings(); len(all) != 1 || len(all[0].Grades) != 1 {
		t.Errorf("%v count, want the corrected one", all)
	}
	said.Grades[0].Points = 6
	if err := s.AddRating(t.Context(), ann, shown.ID, said, testTime); err == nil {
		t.Error("6 points are stored")
	}
}

// TestWhatIsSaidOfChecksComesBack: undoing shows no difference between a check and a
// comparison.
func TestWhatIsSaidOfChecksComesBack(t *testing.T) {
	s := newAnswered(t, 20, 1)
	_, err := s.LockProtocol(t.Context(), triedProtocol(1), "raters are tried", testTime)
	must(t, err)
	ann := addRater(t, s, "ann")
	checks := 0
	for i := range 40 {
		now := testTime.Add(time.Duration(i) * time.Second)
		shown, err := s.NextPresentation(t.Context(), ann, drawA, now)
		must(t, err)
		if shown.Category == "" {
			t.Fatal("a presentation without a category has no criteria")
		}
		said := eval.ShownRating{
			Verdict: eval.LeftBetter, Note: "n", Tags: []string{"tone"}, Grades: []eval.ShownGrade{{Criterion: "Is it right?", Answer: 2, Points: 3}},
		}
		must(t, s.AddRating(t.Context(), ann, shown.ID, said, now))
		last, err := s.LastRated(t.Context(), ann)
		must(t, err)
		if diff := cmp.Diff(&said, last.Last); diff != "" {
			t.Fatalf("said last (-want +got):\n%s", diff)
		}
		checks += count(t, s, `SELECT count(*) FROM check_presentations WHERE id = ?`, shown.ID)
	}
	if checks == 0 {
		t.Error("nobody was tried")
	}
}
