package main

import (
	"io"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"modeltrial/eval"
)

func TestTagRows(t *testing.T) {
	got := tagRows([]eval.TagCount{
		{Tag: "tone", ArmA: "now", ArmB: "next", Verdict: eval.PrefersA, Count: 2},
		{Tag: "tone", ArmA: "now", ArmB: "next", Verdict: eval.MuchPrefersA, Count: 1},
		{Tag: "tone", ArmA: "now", ArmB: "next", Verdict: eval.MuchPrefersB, Count: 4},
		{Tag: "wrong", ArmA: "now", ArmB: "next", Verdict: eval.BothBad, Count: 3},
		{Tag: "wrong", ArmA: "now", ArmB: "small", Verdict: eval.Tie, Count: 1},
	})
	want := []tagRow{
		{Control: "now", Candidate: "next", Tag: "tone", CandidateBetter: 4, ControlBetter: 3},
		{Control: "now", Candidate: "next", Tag: "wrong", Neither: 3},
		{Control: "now", Candidate: "small", Tag: "wrong", Neither: 1},
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("rows (-want +got):\n%s", diff)
	}
}

// TestRateWhy tells of what a rater said and skipped in the demonstration's workspace.
func TestRateWhy(t *testing.T) {
	t.Parallel()
	g := &global{dir: filepath.Join(t.TempDir(), "demo")}
	if err := runDemo(t.Context(), g, false, io.Discard, io.Discard); err != nil {
		t.Fatal(err)
	}
	why := func(args ...string) string {
		t.Helper()
		var out strings.Builder
		if code := execute(append([]string{"-C", g.dir, "rate", "why"}, args...), &out, &out); code != 0 {
			t.Fatalf("exit code %d: %s", code, out.String())
		}
		return out.String()
	}
	if said := why(); !strings.Contains(said, "no rater has said why yet") {
		t.Errorf("said %q of nothing", said)
	}
	s, err := g.open(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = s.Close() }) // the test is over
	ada, err := s.AddRater(t.Context(), eval.Rater{Name: "Ada", Kind: eval.Human}, time.Now())
	if err != nil {
		t.Fatal(err)
	}
	next := func() eval.Presentation {
		t.Helper()
		shown, err := s.NextPresentation(t.Context(), ada, func(int, int) eval.Side { return eval.SideA }, time.Now())
		if err != nil {
			t.Fatal(err)
		}
		return shown
	}
	rating := eval.ShownRating{Verdict: eval.RightBetter, Tags: []string{"too long"}}
	if err := s.AddRating(t.Context(), ada, next().ID, rating, time.Now()); err != nil {
		t.Fatal(err)
	}
	if err := s.Skip(t.Context(), ada, next().ID, eval.SkipUnclear, time.Now()); err != nil {
		t.Fatal(err)
	}
	said := why()
	for _, part := range []string{"too long", "Ada    the task is unclear"} {
		if !strings.Contains(said, part) {
			t.Errorf("lacks %q:\n%s", part, said)
		}
	}
	said = why("--json")
	for _, part := range []string{`"tag": "too long"`, `"candidate_better": 1`, `"reason": "unclear"`} {
		if !strings.Contains(said, part) {
			t.Errorf("lacks %q:\n%s", part, said)
		}
	}
}
