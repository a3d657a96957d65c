package store

import (
	"errors"
	"testing"
	"time"

	"modeltrial/audit"
	"modeltrial/eval"
)

// openRevisions lists what is to be answered.
func openRevisions(t testing.TB, s *Store) []eval.Revision {
	t.Helper()
	open, err := s.OpenRevisions(t.Context())
	must(t, err)
	return open
}

func TestAnswerSentBackComesAgainFromTheSameArm(t *testing.T) {
	s := newAnswered(t, 1, 1)
	ann, ben := addRater(t, s, "ann"), addRater(t, s, "ben")
	shown := nextEdit(t, s, ann, firstArm)
	asked := eval.RevisionAsked{Remark: "shorter", Seconds: new(30.0), Timing: eval.TimedActive}
	if err := s.AskRevision(t.Context(), ben, shown.ID, asked, testTime); !errors.Is(err, eval.ErrNotFound) {
		t.Errorf("another's answer: %v, want not found", err)
	}
	for range 2 { // a button pressed twice
		must(t, s.AskRevision(t.Context(), ann, shown.ID, asked, testTime))
	}
	open := openRevisions(t, s)
	if len(open) != 1 || open[0].Arm != "next" || open[0].Answer != shown.Answer || open[0].Remark != "shorter" || open[0].TaskID != shown.TaskID || open[0].Category != audit.Coding {
		t.Fatalf("open revisions %+v", open)
	}

	// Meanwhile another answer comes, and the one that waits does not count as open.
	other := nextEdit(t, s, ann, firstArm)
	if other.ID == shown.ID {
		t.Fatal("the answer that was sent back came again before there is a new one")
	}
	must(t, s.AddEdit(t.Context(), ann, other.ID, made(other, "fine", 1), testTime))
	done, left, _, err := s.EditProgress(t.Context(), ann)
	if waiting, errWaiting := s.WaitingRevisions(t.Context(), ann); err != nil || errWaiting != nil || done != 1 || left != 0 || waiting != 1 {
		t.Errorf("%d done, %d open, %d waiting (%v, %v); want 1, 0 and 1", done, left, waiting, err, errWaiting)
	}

	later := testTime.Add(time.Hour)
	must(t, s.ReserveRevision(t.Context(), open[0].ID, 100, 1000, testTime, later))
	if err := s.ReserveRevision(t.Context(), open[0].ID, 100, 1000, testTime, later); !errors.Is(err, eval.ErrClaimed) {
		t.Errorf("claimed twice: %v", err)
	}
	must(t, s.SaveRevision(t.Context(), open[0].ID, eval.Response{Text: "short", Cost: new(audit.NanoUSD(70)), Origin: eval.Measured}, 0, later))
	shownAt := later.Add(time.Minute)
	again, err := s.NextEdit(t.Context(), ann, firstArm, shownAt)
	must(t, err)
	if again.ID != shown.ID || again.Answer != "short" || again.Remark != "shorter" || again.Rounds != 1 || again.Revision != eval.RevisionAnswered ||
		again.PresentedAt.Sub(shownAt).Abs() > time.Microsecond {
		t.Errorf("got %+v", again)
	}
	must(t, s.AddEdit(t.Context(), ann, again.ID, made(again, "short one", 12), shownAt))
	for _, edit := range postEdits(t, s, 0) {
		if edit.TaskID == shown.TaskID && (edit.Rounds != 1 || *edit.Seconds != 42 || edit.Timing != eval.TimedActive || *edit.WordsBefore != 1) {
			t.Errorf("edit %+v, want one round and the seconds of both", edit)
		}
	}
	if err := s.AskRevision(t.Context(), ann, shown.ID, asked, shownAt); !errors.Is(err, eval.ErrNotFound) {
		t.Errorf("sent back after it was edited: %v, want not found", err)
	}
	counts, err := s.Revisions(t.Context())
	if want := (eval.RevisionCounts{Answered: 1}); err != nil || counts != want {
		t.Errorf("counts %+v (%v), want %+v", counts, err, want)
	}
}

// TestRevisionsKeepToTheBudget: what new answers cost and set aside counts towards the
// same cap as every other call.
func TestRevisionsKeepToTheBudget(t *testing.T) {
	s := newAnswered(t, 2, 1)
	ann := addRater(t, s, "ann")
	for range 2 {
		must(t, s.AskRevision(t.Context(), ann, nextEdit(t, s, ann, firstArm).ID, eval.RevisionAsked{Remark: "no"}, testTime))
	}
	open := openRevisions(t, s)
	later := testTime.Add(time.Minute)
	must(t, s.ReserveRevision(t.Context(), open[0].ID, 600, 1000, testTime, later))
	if err := s.ReserveRevision(t.Context(), open[1].ID, 600, 1000, testTime, later); !errors.Is(err, eval.ErrBudgetExhausted) {
		t.Errorf("beyond the cap: %v", err)
	}
	// A killed program's claim runs out; what it set aside may have been billed.
	must(t, s.ReserveRevision(t.Context(), open[0].ID, 100, 1000, later, later.Add(time.Minute)))
	must(t, s.ReleaseRevision(t.Context(), open[0].ID, eval.FailedCall{Reason: "cut off", Lost: 100}))
	committed, err := s.Committed(t.Context())
	if err != nil || committed != 700 {
		t.Errorf("%v committed (%v), want 700", committed, err)
	}
	must(t, s.ReserveRevision(t.Context(), open[1].ID, 100, 1000, testTime, later))
	must(t, s.SaveRevision(t.Context(), open[1].ID, eval.Response{Text: "x", Cost: new(audit.NanoUSD(5)), Origin: eval.Measured}, 0, later))
	if findings, err := s.Check(t.Context()); err != nil || len(findings) > 0 {
		t.Errorf("findings %v, %v", findings, err)
	}
	spent, err := s.Spent(t.Context())
	if err != nil || spent != 5 {
		t.Errorf("%v spent (%v), want 5", spent, err)
	}
	if left := openRevisions(t, s); len(left) != 1 || left[0].ID != open[0].ID {
		t.Errorf("open %+v, want the failed one", left)
	}
}

// TestRefusedRevisionGivesTheAnswerBack: an editor does not wait for what never comes,
// and may send the answer back with another remark.
func TestRefusedRevisionGivesTheAnswerBack(t *testing.T) {
	s := newAnswered(t, 1, 1)
	ann := addRater(t, s, "ann")
	shown := nextEdit(t, s, ann, firstArm)
	must(t, s.AskRevision(t.Context(), ann, shown.ID, eval.RevisionAsked{Remark: "worse"}, testTime))
	must(t, s.ReleaseRevision(t.Context(), openRevisions(t, s)[0].ID, eval.FailedCall{Reason: "content filter", Final: true}))
	if open := openRevisions(t, s); len(open) != 0 {
		t.Errorf("open %+v, want none", open)
	}
	again := nextEdit(t, s, ann, firstArm)
	if again.ID != shown.ID || again.Answer != shown.Answer || again.Revision != eval.RevisionRefused || again.Rounds != 0 {
		t.Errorf("got %+v", again)
	}
	must(t, s.AskRevision(t.Context(), ann, shown.ID, eval.RevisionAsked{Remark: "better"}, testTime))
	if open := openRevisions(t, s); len(open) != 1 || open[0].Remark != "better" {
		t.Errorf("open %+v", open)
	}
	// Edited in another window all the same: nothing is asked for any more.
	must(t, s.AddEdit(t.Context(), ann, shown.ID, made(shown, "mine", 4), testTime))
	if open := openRevisions(t, s); len(open) != 0 {
		t.Errorf("open %+v after the edit, want none", open)
	}
	if edits := postEdits(t, s, 0); len(edits) != 1 || edits[0].Seconds != nil || edits[0].Timing != eval.NotTimed {
		t.Errorf("edits %+v, want no seconds where those of a round are unknown", edits)
	}
}

// TestALateRevisionIsPaidForAndLeft: of two calls for one remark, the claim of the first
// having run out, the answer that comes first stays, and the other is paid for, too.
func TestALateRevisionIsPaidForAndLeft(t *testing.T) {
	s := newAnswered(t, 1, 1)
	ann := addRater(t, s, "ann")
	must(t, s.AskRevision(t.Context(), ann, nextEdit(t, s, ann, firstArm).ID, eval.RevisionAsked{Remark: "no"}, testTime))
	id := openRevisions(t, s)[0].ID
	later := testTime.Add(time.Minute)
	must(t, s.ReserveRevision(t.Context(), id, 100, 1000, testTime, later))
	must(t, s.ReserveRevision(t.Context(), id, 100, 1000, later, later.Add(time.Minute))) // 100 of the first may be billed
	answer := func(text string, cost audit.NanoUSD) eval.Response {
		return eval.Response{Text: text, Cost: &cost, Origin: eval.Measured}
	}
	must(t, s.SaveRevision(t.Context(), id, answer("first", 7), 0, later))
	if err := s.SaveRevision(t.Context(), id, answer("second", 30), 2, later); !errors.Is(err, eval.ErrClaimed) {
		t.Errorf("a second answer: %v, want eval.ErrClaimed", err)
	}
	must(t, s.ReleaseRevision(t.Context(), id, eval.FailedCall{Reason: "cut off", Lost: 50}))
	spentIs(t, s, 7, 100+7+30+2+50)
	if findings, err := s.Check(t.Context()); err != nil || len(findings) > 0 {
		t.Errorf("findings %v, %v", findings, err)
	}
}
