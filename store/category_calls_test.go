package store

import (
	"errors"
	"slices"
	"testing"
	"time"

	"modeltrial/audit"
	"modeltrial/eval"
)

func TestCategoryCalls(t *testing.T) {
	s := newTest(t)
	categorise(t, s, audit.CategoryFromLocal, audit.Math, 0.4, "a", "b", "c")
	ids, err := s.UnsureIDs(t.Context(), 0.5)
	must(t, err)
	if !slices.Equal(ids, []string{"a", "b", "c"}) {
		t.Errorf("unsure %q", ids)
	}
	now := testTime
	reserve := func(id string, worst, budget audit.NanoUSD) error {
		return s.ReserveCategoryCall(t.Context(), CategoryCall{TaskID: id, Model: "m", WorstCase: worst}, budget, now, now.Add(time.Minute))
	}
	spend := func(want audit.NanoUSD) {
		t.Helper()
		if got, err := s.CategorySpend(t.Context()); err != nil || got != want {
			t.Errorf("spend %v, error %v, want %v", got, err, want)
		}
	}
	must(t, reserve("a", 60, 100))
	spend(60)
	if err := reserve("a", 10, 100); !errors.Is(err, eval.ErrClaimed) {
		t.Errorf("the task is claimed twice: %v", err)
	}
	if err := reserve("b", 60, 100); !errors.Is(err, eval.ErrBudgetExhausted) {
		t.Errorf("the cap is exceeded: %v", err)
	}
	must(t, s.SaveModelCategory(t.Context(), "a", audit.Coding, 20))
	spend(20)
	if got, by := category(t, s, "a"); got != audit.Coding || by != audit.CategoryFromModel {
		t.Errorf("a is %s by %s", got, by)
	}
	if err := reserve("a", 10, 100); !errors.Is(err, eval.ErrClaimed) {
		t.Errorf("a task that a model has categorised is asked about again: %v", err)
	}
	must(t, reserve("b", 60, 100))
	must(t, s.FailCategoryCall(t.Context(), "b", 5, "no category"))
	spend(25)

	// What a killed program left may have been billed, for good; the task is free when
	// the claim runs out.
	must(t, reserve("b", 60, 100))
	now = now.Add(2 * time.Minute)
	must(t, reserve("b", 10, 100))
	spend(95)
	must(t, s.SaveModelCategory(t.Context(), "b", audit.Coding, 3))
	spend(88)

	// A person's word that comes while the model is asked stays.
	must(t, reserve("c", 1, 100))
	_, err = s.Review(t.Context(), []Correction{{"c", audit.Creative}}, now)
	must(t, err)
	must(t, s.SaveModelCategory(t.Context(), "c", audit.Coding, 1))
	if got, by := category(t, s, "c"); got != audit.Creative || by != audit.CategoryFromReview {
		t.Errorf("c is %s by %s", got, by)
	}
	spend(89)
	if err := reserve("c", 1, 100); !errors.Is(err, eval.ErrClaimed) {
		t.Errorf("a model is asked about what a person has said: %v", err)
	}
}
