package store

import (
	"errors"
	"fmt"
	"path/filepath"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"modeltrial/audit"
	"modeltrial/eval"
)

func TestRatingsAreAppendOnly(t *testing.T) {
	s := newAnswered(t, 1, 1)
	ann := addRater(t, s, "ann")
	shown := next(t, s, ann)
	must(t, s.AddVerdict(t.Context(), ann, shown.ID, eval.LeftBetter, ptr(12.0), "", testTime))
	for _, statement := range []string{`UPDATE ratings SET verdict = 'b'`, `DELETE FROM ratings`} {
		_, err := s.writer.Exec(statement)
		wantError(t, err, "append-only")
	}
	if got := ratings(t, s); len(got) != 1 || got[0].Verdict != eval.PrefersA {
		t.Errorf("got %v, want the rating as it was", got)
	}
}

func TestASecondVerdictSupersedes(t *testing.T) {
	s := newAnswered(t, 1, 1)
	ann := addRater(t, s, "ann")
	shown := next(t, s, ann)
	verdicts := []struct {
		verdict eval.ShownVerdict
		note    string
		rows    int
	}{{eval.LeftBetter, "", 1}, {eval.LeftBetter, "", 1}, {eval.RightBetter, "", 2}, {eval.LeftBetter, "on reflection", 3}}
	for i, v := range verdicts {
		must(t, s.AddVerdict(t.Context(), ann, shown.ID, v.verdict, ptr(10.0), v.note, testTime.Add(time.Duration(i)*time.Second)))
		if rows := count(t, s, `SELECT count(*) FROM ratings`); rows != v.rows {
			t.Errorf("after verdict %d: %d rows, want %d", i, rows, v.rows)
		}
	}
	want := []eval.Rating{{
		TaskID: "coding-000", Category: "coding", Week: 1, ArmA: "now", ArmB: "next", Rater: "ann", Kind: eval.Human,
		Verdict: eval.PrefersA, Score: 0, First: eval.SideA, Seconds: ptr(10.0), RatedAt: testTime.Add(3 * time.Second), Note: "on reflection",
	}}
	got := ratings(t, s)
	want[0].ArmB = got[0].ArmB // either comparison may come first
	want[0].TaskID, want[0].Category = got[0].TaskID, got[0].Category
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("ratings that count (-want +got):\n%s", diff)
	}
	last, err := s.LastRated(t.Context(), ann)
	if must(t, err); last.ID != shown.ID {
		t.Errorf("last rated %s, want %s", last.ID, shown.ID)
	}
	if err := s.AddVerdict(t.Context(), ann, shown.ID, "perhaps", ptr(1.0), "", testTime); err == nil {
		t.Error("an unknown verdict was taken")
	}
}

// TestAVerdictAfterAnImport: what was imported meanwhile is superseded like any
// other, and the presentation counts as rated.
func TestAVerdictAfterAnImport(t *testing.T) {
	s := newAnswered(t, 1, 1)
	ann := addRater(t, s, "ann")
	shown := next(t, s, ann)
	must(t, s.AddVerdict(t.Context(), ann, shown.ID, eval.LeftBetter, ptr(5.0), "", testTime))
	elsewhere := ratings(t, s)[0]
	elsewhere.Verdict, elsewhere.Score = eval.PrefersB, 1
	importRatings(t, s, elsewhere)
	for range 2 {
		must(t, s.AddVerdict(t.Context(), ann, shown.ID, eval.RightBetter, ptr(5.0), "", testTime))
	}
	if got := ratings(t, s); len(got) != 1 || got[0].Verdict != eval.PrefersB {
		t.Errorf("got %+v, want the last rating alone", got)
	}
	if n := count(t, s, `SELECT count(*) FROM ratings`); n != 3 {
		t.Errorf("got %d rows, want 3", n)
	}
}

// TestAnUnknownTimeIsNoTime: it must not pull the median down.
func TestAnUnknownTimeIsNoTime(t *testing.T) {
	s := newAnswered(t, 1, 1)
	ann := addRater(t, s, "ann")
	must(t, s.AddVerdict(t.Context(), ann, next(t, s, ann).ID, eval.LeftBetter, nil, "", testTime))
	if got := ratings(t, s); got[0].Seconds != nil {
		t.Errorf("got %v seconds, want none", *got[0].Seconds)
	}
	must(t, s.AddVerdict(t.Context(), ann, next(t, s, ann).ID, eval.LeftBetter, ptr(8.0), "", testTime))
	if _, _, median, err := s.Progress(t.Context(), ann); err != nil || median != 8 {
		t.Errorf("median %v, %v, want the one time that is known", median, err)
	}
}

func TestPresentationsAreTheRatersOwn(t *testing.T) {
	s := newAnswered(t, 2, 2)
	ann, bob := addRater(t, s, "ann"), addRater(t, s, "bob")
	shown := next(t, s, ann)
	if again := next(t, s, ann); again.ID != shown.ID {
		t.Errorf("got another presentation before the first was rated")
	}
	if _, err := s.Presentation(t.Context(), bob, shown.ID); !errors.Is(err, eval.ErrNotFound) {
		t.Errorf("bob reading ann's: got %v, want eval.ErrNotFound", err)
	}
	if err := s.AddVerdict(t.Context(), bob, shown.ID, eval.ShownTie, ptr(1.0), "", testTime); !errors.Is(err, eval.ErrNotFound) {
		t.Errorf("bob rating ann's: got %v, want eval.ErrNotFound", err)
	}
	if _, err := s.LastRated(t.Context(), ann); !errors.Is(err, eval.ErrNotFound) {
		t.Errorf("last rated before any: got %v, want eval.ErrNotFound", err)
	}
	must(t, s.AddVerdict(t.Context(), ann, shown.ID, eval.ShownTie, ptr(1.0), "", testTime))
	// Of the open ones those with the fewest ratings come first.
	if other := next(t, s, bob); other.ComparisonID == shown.ComparisonID {
		t.Error("bob was shown the comparison that ann has rated while others have no rating")
	}
}

func TestEachRaterSeesEachComparisonOnce(t *testing.T) {
	const n = 3 // 9 comparisons
	s := newAnswered(t, n, 2)
	for _, name := range []string{"ann", "bob", "cy"} {
		rater := addRater(t, s, name)
		seen := map[string]bool{}
		var control, candidate int
		for {
			p, err := s.NextPresentation(t.Context(), rater, func(a, b int) eval.Side {
				if a > b {
					candidate++
					return eval.SideB
				}
				control++
				return eval.SideA
			}, testTime)
			if errors.Is(err, eval.ErrNotFound) {
				break
			}
			must(t, err)
			if seen[p.ComparisonID] {
				t.Fatalf("%s was shown a comparison twice", name)
			}
			seen[p.ComparisonID] = true
			must(t, s.AddVerdict(t.Context(), rater, p.ID, eval.LeftBetter, ptr(5.0), "", testTime))
		}
		want := 3 * n
		if name == "cy" {
			want = 0 // ann and bob have given the two ratings that are planned
		}
		if len(seen) != want {
			t.Errorf("%s was shown %d comparisons, want %d", name, len(seen), want)
		}
		if difference := control - candidate; difference < 0 || difference > 2 { // one for each category
			t.Errorf("%s: control first %d times, candidate %d", name, control, candidate)
		}
		done, open, median, err := s.Progress(t.Context(), rater)
		must(t, err)
		if done != want || open != 0 || (want > 0 && median != 5) {
			t.Errorf("%s: done %d, open %d, median %v", name, done, open, median)
		}
	}
}

func TestAPersonIsNotKeptOutBySimulatedRatings(t *testing.T) {
	s := newAnswered(t, 1, 1)
	robot, err := s.AddRater(t.Context(), eval.Rater{Name: "sim", Kind: eval.Human, Simulated: true}, testTime)
	must(t, err)
	for range 3 {
		must(t, s.AddVerdict(t.Context(), robot, next(t, s, robot).ID, eval.ShownTie, ptr(1.0), "", testTime))
	}
	next(t, s, addRater(t, s, "ann"))
}

func TestLinks(t *testing.T) {
	s := newTest(t)
	expires := testTime.Add(time.Hour)
	must(t, s.Invite(t.Context(), []Invitation{{"ann", "hash1"}}, expires, testTime))
	rater, err := s.RaterByTokenHash(t.Context(), "hash1", testTime)
	if must(t, err); rater.Name != "ann" || rater.Kind != eval.Human {
		t.Errorf("got %v, want ann", rater)
	}
	for hash, want := range map[string]error{"hash1": eval.ErrExpired, "other": eval.ErrNotFound, "": eval.ErrNotFound} {
		if _, err := s.RaterByTokenHash(t.Context(), hash, expires); !errors.Is(err, want) {
			t.Errorf("hash %q past its time: got %v, want %v", hash, err, want)
		}
	}
	must(t, s.Invite(t.Context(), []Invitation{{"ann", "hash2"}}, expires, testTime))
	if _, err := s.RaterByTokenHash(t.Context(), "hash1", testTime); !errors.Is(err, eval.ErrNotFound) {
		t.Errorf("the link that was replaced: got %v, want eval.ErrNotFound", err)
	}
	_, err = s.AddRater(t.Context(), eval.Rater{Name: "sim", Kind: eval.Human, Simulated: true}, testTime)
	must(t, err)
	wantError(t, s.Invite(t.Context(), []Invitation{{"ann", "hash3"}, {"sim", "hash4"}}, expires, testTime), "sim", "choose another name")
	if _, err := s.RaterByTokenHash(t.Context(), "hash2", testTime); err != nil {
		t.Errorf("the link of before a failed invitation: got %v, want it to hold", err)
	}
	must(t, s.Revoke(t.Context(), "ann", testTime))
	if _, err := s.RaterByTokenHash(t.Context(), "hash2", testTime); !errors.Is(err, eval.ErrExpired) {
		t.Errorf("the link that was revoked: got %v, want eval.ErrExpired", err)
	}
	if err := s.Revoke(t.Context(), "bob", testTime); !errors.Is(err, eval.ErrNotFound) {
		t.Errorf("revoking nobody: got %v, want eval.ErrNotFound", err)
	}
}

// given is a rating from a file.
func given(task, armB string, verdict eval.Verdict, first eval.Side) eval.Rating {
	score, _ := verdict.Score()
	return eval.Rating{TaskID: task, ArmA: "now", ArmB: armB, Rater: "ann", Kind: eval.Human, Verdict: verdict, Score: score, First: first, Week: 1}
}

func TestImportRatingsAgainChangesNothing(t *testing.T) {
	dated := func(r eval.Rating, minutes int) eval.Rating {
		r.RatedAt = testTime.Add(time.Duration(minutes) * time.Minute)
		return r
	}
	a, b := given("coding-000", "next", eval.PrefersA, eval.SideA), given("coding-000", "next", eval.PrefersB, eval.SideA)
	otherOrder := given("coding-000", "next", eval.Tie, eval.SideB)
	cases := []struct {
		name  string
		files [][]eval.Rating // each is imported in turn, then all of them again
		want  []eval.Verdict  // that count in the end
	}{
		{"one rating", [][]eval.Rating{{a}}, []eval.Verdict{"a"}},
		{"both orders are kept", [][]eval.Rating{{a, otherOrder}}, []eval.Verdict{"a", "tie"}},
		{"a correction in the file", [][]eval.Rating{{a, b}}, []eval.Verdict{"b"}},
		{"a correction in a later file", [][]eval.Rating{{a}, {b}}, []eval.Verdict{"b"}},
		{"there and back, with dates", [][]eval.Rating{{dated(a, 0), dated(b, 1), dated(a, 2)}}, []eval.Verdict{"a"}},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			s := newPilot(t, filepath.Join(t.TempDir(), "modeltrial.db"), 1, 1)
			verdicts := func() (got []eval.Verdict) {
				for _, r := range ratings(t, s) {
					got = append(got, r.Verdict)
				}
				return got
			}
			for _, file := range c.files {
				if imported, duplicates, rejected := importRatings(t, s, file...); imported != len(file) {
					t.Errorf("got %d imported, %d duplicates, rejected %v, want all imported", imported, duplicates, rejected)
				}
			}
			for _, file := range c.files {
				if imported, duplicates, _ := importRatings(t, s, file...); imported != 0 || duplicates != len(file) {
					t.Errorf("again: got %d imported, %d duplicates, want all duplicates", imported, duplicates)
				}
			}
			if diff := cmp.Diff(c.want, verdicts()); diff != "" {
				t.Errorf("verdicts that count (-want +got):\n%s", diff)
			}
		})
	}
}

// TestExportedRatingsComeBackAsDuplicates imports what was rated here, with times
// in whole seconds as files have them.
func TestExportedRatingsComeBackAsDuplicates(t *testing.T) {
	s := newAnswered(t, 1, 1)
	ann := addRater(t, s, "ann")
	for range 3 {
		must(t, s.AddVerdict(t.Context(), ann, next(t, s, ann).ID, eval.LeftBetter, ptr(5.0), "", testTime))
	}
	exported := ratings(t, s)
	for i := range exported {
		exported[i].RatedAt = exported[i].RatedAt.Truncate(time.Second)
	}
	if imported, duplicates, rejected := importRatings(t, s, exported...); imported != 0 || duplicates != 3 {
		t.Errorf("got %d imported, %d duplicates, rejected %v, want 3 duplicates", imported, duplicates, rejected)
	}
}

func TestImportRatingsSaysWhyNot(t *testing.T) {
	s := newPilot(t, filepath.Join(t.TempDir(), "modeltrial.db"), 1, 1)
	importTasks(t, s, audit.Task{ID: "loose", Prompt: "p"})
	turned := given("math-000", "next", eval.PrefersA, eval.SideA).Flipped()
	notControl := given("coding-000", "next", eval.PrefersA, eval.SideA)
	notControl.ArmA = "small"
	_, _, rejected := importRatings(t, s,
		given("unknown", "next", eval.PrefersA, eval.SideA), given("coding-000", "nobody", eval.PrefersA, eval.SideA),
		given("math-000", "small", eval.PrefersA, eval.SideA), given("loose", "next", eval.PrefersA, eval.SideA), notControl, turned)
	var fields []string
	for _, r := range rejected {
		fields = append(fields, fmt.Sprint(r.Index, r.Field))
		if r.Msg == "" {
			t.Errorf("row %d was rejected without a reason", r.Index)
		}
	}
	want := []string{"0 task_id", "1 arm_b", "2 task_id", "3 task_id", "4 arm_a"}
	for i := range want {
		var index int
		var field string
		_, _ = fmt.Sscan(want[i], &index, &field)
		want[i] = fmt.Sprint(index, field)
	}
	if diff := cmp.Diff(want, fields); diff != "" {
		t.Errorf("rejected (-want +got):\n%s", diff)
	}
	got := ratings(t, s)
	if len(got) != 1 || got[0].ArmA != "now" || got[0].Verdict != eval.PrefersA || got[0].First != eval.SideA {
		t.Errorf("got %+v, want the rating turned so that the control is arm a", got)
	}
}

// TestOneNameTwoKinds: a judge's rating under a person's name must not count as
// the person's.
func TestOneNameTwoKinds(t *testing.T) {
	s := newPilot(t, filepath.Join(t.TempDir(), "modeltrial.db"), 2, 1)
	judged := given("coding-001", "next", eval.PrefersA, eval.SideA)
	judged.Kind = eval.Judge
	importRatings(t, s, given("coding-000", "next", eval.PrefersA, eval.SideA), judged)
	for _, r := range ratings(t, s) {
		if r.TaskID == "coding-001" && r.Kind != eval.Judge {
			t.Errorf("the judge's rating counts as %s's", r.Kind)
		}
	}
}

// TestRatedElsewhereIsNotShown: a comparison whose answers are not stored cannot
// be presented, and must not keep a rater from the others.
func TestRatedElsewhereIsNotShown(t *testing.T) {
	s := newPilot(t, filepath.Join(t.TempDir(), "modeltrial.db"), 1, 5)
	importRatings(t, s, given("coding-000", "next", eval.PrefersA, eval.SideA))
	bob := addRater(t, s, "bob")
	if p, err := s.NextPresentation(t.Context(), bob, controlFirst, testTime); !errors.Is(err, eval.ErrNotFound) {
		t.Errorf("got %+v, %v without any answer, want eval.ErrNotFound", p, err)
	}
	importResponses(t, s, eval.Response{TaskID: "coding-000", Arm: "now", Text: "x"})
	if p, err := s.NextPresentation(t.Context(), bob, controlFirst, testTime); !errors.Is(err, eval.ErrNotFound) {
		t.Errorf("got %+v, %v with one answer of two, want eval.ErrNotFound", p, err)
	}
	answerAll(t, s)
	_, err := s.CreateComparisons(t.Context())
	must(t, err)
	next(t, s, bob)
}

// BenchmarkAddVerdict and BenchmarkNextPresentation work at the end of a pilot of
// 3,000 comparisons, most of them rated.
func BenchmarkAddVerdict(b *testing.B) {
	s, ann := newRated(b)
	shown := next(b, s, ann)
	for i := 0; b.Loop(); i++ {
		must(b, s.AddVerdict(b.Context(), ann, shown.ID, eval.LeftBetter, ptr(5.0), fmt.Sprint(i), testTime))
	}
}

func BenchmarkNextPresentation(b *testing.B) {
	s, ann := newRated(b)
	for b.Loop() {
		b.StopTimer()
		shown := next(b, s, ann)
		must(b, s.AddVerdict(b.Context(), ann, shown.ID, eval.LeftBetter, ptr(5.0), "", testTime))
		b.StartTimer()
		next(b, s, ann)
	}
}

func newRated(b *testing.B) (*Store, eval.Rater) {
	b.Helper()
	s := newAnswered(b, 1000, 2)
	ann, bob := addRater(b, s, "ann"), addRater(b, s, "bob")
	_, err := s.writer.Exec(`
INSERT INTO presentations (id, comparison_id, rater_id, first, presented_at) SELECT 'p' || id, id, ?, 'a', 0 FROM comparisons`, bob.ID)
	must(b, err)
	_, err = s.writer.Exec(`
INSERT INTO ratings (comparison_id, rater_id, presentation_id, verdict, score, first, seconds, grades, note, cluster, rated_at)
SELECT comparison_id, rater_id, id, 'a', 0, 'a', 5, '{}', '', '', 0 FROM presentations`)
	must(b, err)
	return s, ann
}
