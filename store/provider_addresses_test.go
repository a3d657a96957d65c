package store

import (
	"strings"
	"testing"
	"time"

	"modeltrial/audit"
	"modeltrial/eval"
)

// TestAnotherAddressNeedsAReason where an arm has answers from both, and only there.
func TestAnotherAddressNeedsAReason(t *testing.T) {
	s := newTest(t)
	ids := addTasks(t, s, audit.Math, 3)
	_, err := s.LockProtocol(t.Context(), testProtocol, "", testTime)
	must(t, err)
	must(t, s.CreateBatch(t.Context(), 1, map[audit.Category][]string{audit.Math: ids}, testTime))
	at := func(hours int) time.Time { return testTime.Add(time.Duration(hours) * time.Hour) }
	move := func(address, wantBefore string, hours int) {
		t.Helper()
		if before, err := s.NoteAddress(t.Context(), "files", address, at(hours)); err != nil || before != wantBefore {
			t.Errorf("%s: before %q, %v, want %q", address, before, err, wantBefore)
		}
	}
	answer := func(task int, arm string, hours int) {
		t.Helper()
		cell := eval.Cell{TaskID: ids[task], Category: audit.Math, Arm: arm, Week: 1}
		must(t, s.SaveResponse(t.Context(), cell, measured(1), 0, at(hours)))
	}
	unexplained := func(want int) []eval.Deviation {
		t.Helper()
		found, err := s.UnexplainedDeviations(t.Context())
		must(t, err)
		if len(found) != want {
			t.Fatalf("got %v, want %d", found, want)
		}
		return found
	}
	move("wrong", "", 0) // nobody answers there
	move("a", "wrong", 1)
	answer(0, "now", 1)
	answer(0, "next", 1)
	move("a", "", 2)
	move("b", "a", 3) // no answers from here
	move("a", "b", 4)
	answer(1, "now", 5)
	unexplained(0)
	move("b", "a", 6)
	answer(2, "now", 7)
	found := unexplained(1)
	if found[0].Kind != eval.ArmChanged || found[0].Subject != "now" || !strings.Contains(found[0].Changes, "called at b, before at a") || !found[0].RecordedAt.Equal(at(6)) {
		t.Errorf("got %v", found[0])
	}
	must(t, s.Deviate(t.Context(), eval.Deviation{Kind: eval.ArmChanged, Subject: "now", Reason: "the gateway moved", RecordedAt: at(8)}))
	unexplained(0)
}
