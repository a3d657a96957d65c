package store

import (
	"errors"
	"path/filepath"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"modeltrial/audit"
	"modeltrial/eval"
)

// TestAnArmStaysWhatItAnsweredAs: leaving an arm out of one version must not allow
// another model under its name in the next.
func TestAnArmStaysWhatItAnsweredAs(t *testing.T) {
	s := newAnswered(t, 1, 1)
	without := testProtocol
	without.Arms = testProtocol.Arms[:2]
	without.UseCases = []eval.UseCase{{Category: audit.Coding, Candidates: []string{"next"}}}
	_, err := s.LockProtocol(t.Context(), without, "one arm less", testTime)
	must(t, err)
	other := testProtocol
	other.Arms = append([]eval.Arm{}, testProtocol.Arms...)
	other.Arms[2].Model = "boulder"
	if _, err := s.LockProtocol(t.Context(), other, "and back", testTime); err == nil {
		t.Error("an arm with answers came back as another model")
	}
	if _, err := s.LockProtocol(t.Context(), testProtocol, "and back", testTime); err != nil {
		t.Errorf("the same arm as before: %v", err)
	}
}

func TestDropUnstartedBatchesKeepsWhatHasBegun(t *testing.T) {
	s := newPilot(t, filepath.Join(t.TempDir(), "modeltrial.db"), 1, 1)
	later := addTasks(t, s, audit.Creative, 2)
	must(t, s.CreateBatch(t.Context(), 2, map[audit.Category][]string{audit.Coding: later[:1]}, testTime))
	must(t, s.CreateBatch(t.Context(), 3, map[audit.Category][]string{audit.Coding: later[1:]}, testTime))
	must(t, s.SaveResponse(t.Context(), openCells(t, s)[0], measured(5), 0, testTime)) // in week 1
	must(t, s.Reserve(t.Context(), eval.Cell{TaskID: later[1], Arm: "now"}, 1, 100, testTime, testTime.Add(time.Minute)))
	must(t, s.DropUnstartedBatches(t.Context()))
	got, err := s.Batches(t.Context())
	must(t, err)
	want := []BatchCount{{1, "coding", 1}, {1, "math", 1}, {3, "coding", 1}}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("batches (-want +got):\n%s", diff)
	}
}

// TestALateAnswerIsPaidFor: an answer that was imported while the call was under
// way stays, and what the call cost counts.
func TestALateAnswerIsPaidFor(t *testing.T) {
	s := newPilot(t, filepath.Join(t.TempDir(), "modeltrial.db"), 1, 1)
	cell := openCells(t, s)[0]
	must(t, s.Reserve(t.Context(), cell, 40, 100, testTime, testTime.Add(time.Minute)))
	importResponses(t, s, eval.Response{TaskID: cell.TaskID, Arm: cell.Arm, Text: "from a file"})
	if err := s.SaveResponse(t.Context(), cell, measured(30), 0, testTime); !errors.Is(err, eval.ErrClaimed) {
		t.Errorf("got %v, want eval.ErrClaimed", err)
	}
	if committed, err := s.Committed(t.Context()); err != nil || committed != 30 {
		t.Errorf("%v, %v are committed, want the 30 of the call", committed, err)
	}
}

// TestAPaidAnswerOutlastsAnImport holds the database for longer than a connection
// waits for it.
func TestAPaidAnswerOutlastsAnImport(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "modeltrial.db")
	s := newPilot(t, path, 1, 1)
	importing, err := openTest(t, path).BeginImport(t.Context(), "long.csv")
	must(t, err)
	time.AfterFunc(busyTimeout+time.Second, importing.Rollback)
	must(t, s.SaveResponse(t.Context(), openCells(t, s)[0], measured(5), 0, testTime))
}

func TestStatusForgetsFailuresThatWereMended(t *testing.T) {
	s := newPilot(t, filepath.Join(t.TempDir(), "modeltrial.db"), 1, 1)
	cells := openCells(t, s)
	fail := func(cell eval.Cell, reason string, at time.Time) {
		must(t, s.Reserve(t.Context(), cell, 0, 100, at, at.Add(time.Minute)))
		must(t, s.Release(t.Context(), cell, eval.FailedCall{Reason: reason}, at))
	}
	fail(cells[0], "z: the first", testTime)
	fail(cells[0], "a: the last", testTime.Add(time.Minute))
	failures, err := s.failures(t.Context())
	must(t, err)
	if len(failures) != 1 || failures[0].Error != "a: the last" {
		t.Errorf("got %+v, want the last reason", failures)
	}
	importResponses(t, s, eval.Response{TaskID: cells[0].TaskID, Arm: cells[0].Arm, Text: "from a file"})
	failures, err = s.failures(t.Context())
	must(t, err)
	if len(failures) != 0 {
		t.Errorf("an answered cell still counts as failed: %+v", failures)
	}
}
