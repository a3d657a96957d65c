package store

import (
	"errors"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"modeltrial/eval"
)

func drawA(int, int) eval.Side { return eval.SideA }

func TestAssignedComparisonIsNotShown(t *testing.T) {
	s := newAnswered(t, 1, 1)
	ann := addRater(t, s, "ann")
	if _, err := s.AssignAhead(t.Context(), ann, drawA, testTime); !errors.Is(err, eval.ErrNotFound) {
		t.Fatalf("ahead of the first: %v, want not found", err)
	}
	now, err := s.NextPresentation(t.Context(), ann, drawA, testTime)
	must(t, err)
	ahead, err := s.AssignAhead(t.Context(), ann, drawA, testTime)
	if must(t, err); ahead.ID == now.ID || !ahead.ShownAt.IsZero() {
		t.Fatalf("ahead %+v", ahead)
	}
	again, err := s.AssignAhead(t.Context(), ann, func(int, int) eval.Side { t.Error("drawn again"); return eval.SideB }, testTime)
	if must(t, err); again.ID != ahead.ID {
		t.Errorf("another one ahead: %s and %s", ahead.ID, again.ID)
	}
	// What is only assigned can be neither read nor rated nor skipped, and the present
	// one stays.
	if _, err := s.Presentation(t.Context(), ann, ahead.ID); !errors.Is(err, eval.ErrNotFound) {
		t.Errorf("read ahead: %v", err)
	}
	if err := s.AddVerdict(t.Context(), ann, ahead.ID, eval.LeftBetter, nil, "", testTime); !errors.Is(err, eval.ErrNotFound) {
		t.Errorf("rated ahead: %v", err)
	}
	if err := s.Skip(t.Context(), ann, ahead.ID, eval.SkipOther, testTime); !errors.Is(err, eval.ErrNotFound) {
		t.Errorf("skipped ahead: %v", err)
	}
	if still, err := s.NextPresentation(t.Context(), ann, drawA, testTime); err != nil || still.ID != now.ID {
		t.Errorf("the present one is %+v, %v", still, err)
	}
	done, open, _, err := s.Progress(t.Context(), ann)
	if err != nil || done != 0 || open != 3 {
		t.Errorf("%d done, %d open (%v), want 0 and all 3", done, open, err)
	}
	must(t, s.AddVerdict(t.Context(), ann, now.ID, eval.LeftBetter, nil, "", testTime))
	later := testTime.Add(time.Minute)
	next, err := s.NextPresentation(t.Context(), ann, drawA, later)
	must(t, err)
	if next.ID != ahead.ID || next.ShownAt.Sub(later).Abs() > time.Microsecond || next.Left != ahead.Left || next.First != ahead.First {
		t.Errorf("got %+v, want the assigned one shown at %v", next, later)
	}
	must(t, s.AddVerdict(t.Context(), ann, next.ID, eval.LeftBetter, nil, "", testTime))
}

func TestSkippedComparisonGoesToOthers(t *testing.T) {
	s := newAnswered(t, 1, 1)
	ann, ben := addRater(t, s, "ann"), addRater(t, s, "ben")
	shown := next(t, s, ann)
	if err := s.Skip(t.Context(), ben, shown.ID, eval.SkipOther, testTime); !errors.Is(err, eval.ErrNotFound) {
		t.Errorf("another's: %v", err)
	}
	for range 2 {
		must(t, s.Skip(t.Context(), ann, shown.ID, eval.SkipKnowledge, testTime))
	}
	seen := map[string]bool{}
	for range 2 {
		other := next(t, s, ann)
		seen[other.ComparisonID] = true
		must(t, s.AddVerdict(t.Context(), ann, other.ID, eval.ShownTie, nil, "", testTime))
	}
	if seen[shown.ComparisonID] || len(seen) != 2 {
		t.Errorf("rated %v after skipping %s", seen, shown.ComparisonID)
	}
	if done, open, _, err := s.Progress(t.Context(), ann); err != nil || done != 2 || open != 0 {
		t.Errorf("%d done, %d open (%v), want 2 and 0", done, open, err)
	}
	if to := next(t, s, ben); to.ComparisonID != shown.ComparisonID {
		t.Errorf("ben got %s, want the skipped %s", to.ComparisonID, shown.ComparisonID)
	}
	if err := s.Skip(t.Context(), ann, shown.ID, eval.SkipOther, testTime); err != nil {
		t.Errorf("skipped again: %v", err) // the first reason stays
	}
	skips, err := s.Skips(t.Context())
	if diff := cmp.Diff([]eval.Skip{{Rater: "ann", Reason: eval.SkipKnowledge, Count: 1}}, skips); err != nil || diff != "" {
		t.Errorf("%v, skips (-want +got):\n%s", err, diff)
	}
}

func TestTagsOfARating(t *testing.T) {
	s := newAnswered(t, 1, 1)
	ann := addRater(t, s, "ann")
	shown := next(t, s, ann)
	rate := func(tags ...string) {
		t.Helper()
		must(t, s.AddRating(t.Context(), ann, shown.ID, eval.ShownRating{Verdict: eval.LeftBetter, Tags: tags}, testTime))
	}
	stored := func() (tags []string, ratings int) {
		t.Helper()
		must(t, s.reader.Select(&tags, `SELECT rating_id || ' ' || tag FROM rating_tags ORDER BY rating_id, tag`))
		must(t, s.reader.Get(&ratings, `SELECT count(*) FROM ratings`))
		return tags, ratings
	}
	rate("too long", "wrong")
	rate("wrong", "too long") // the same again
	if tags, ratings := stored(); ratings != 1 || len(tags) != 2 {
		t.Errorf("%d ratings with %v, want one", ratings, tags)
	}
	rate("wrong") // another reason is another rating
	if tags, ratings := stored(); ratings != 2 || len(tags) != 3 {
		t.Errorf("%d ratings with %v, want two", ratings, tags)
	}
	verdict, _ := eval.LeftBetter.Verdict(shown.First)
	counts, err := s.Tags(t.Context())
	if must(t, err); len(counts) != 1 || counts[0].Tag != "wrong" || counts[0].Count != 1 || counts[0].Verdict != verdict {
		t.Errorf("counts %+v, want those of the rating that counts", counts)
	}
}

// TestRateAndNext: the rating and the next comparison come together, the last rating is
// stored although nothing is left, and of another's nothing is.
func TestRateAndNext(t *testing.T) {
	s := newAnswered(t, 1, 1)
	ann, ben := addRater(t, s, "ann"), addRater(t, s, "ben")
	shown := next(t, s, ann)
	said := eval.ShownRating{Verdict: eval.LeftBetter}
	if _, _, err := s.RateAndNext(t.Context(), ben, shown.ID, said, drawA, testTime); !errors.Is(err, eval.ErrNotFound) || count(t, s, `SELECT count(*) FROM ratings`) != 0 {
		t.Errorf("another's: %v", err)
	}
	for i := range 3 {
		ahead, err := s.AssignAhead(t.Context(), ann, drawA, testTime)
		if i < 2 {
			must(t, err)
		}
		following, more, err := s.RateAndNext(t.Context(), ann, shown.ID, said, drawA, testTime)
		must(t, err)
		if n := count(t, s, `SELECT count(*) FROM ratings`); n != i+1 || more != (i < 2) {
			t.Fatalf("%d ratings stored after %d, more %v", n, i+1, more)
		}
		if more && (following.ID != ahead.ID || following.ShownAt.IsZero()) {
			t.Errorf("next is %+v, want %s that was assigned ahead, shown", following, ahead.ID)
		}
		shown = following
	}
}
