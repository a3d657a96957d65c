package store

import (
	"errors"
	"io/fs"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/pressly/goose/v3"

	"modeltrial/audit"
	"modeltrial/eval"
	"modeltrial/store/storetest"
)

// newChain has a locked protocol in which the candidate of math is a pipeline, each arm
// answers twice, and one task is in the batch.
func newChain(t *testing.T) (*Store, eval.Cell) {
	t.Helper()
	s := newTest(t)
	ids := addTasks(t, s, audit.Math, 1)
	protocol := testProtocol
	protocol.Repeats = 2
	protocol.Arms = []eval.Arm{testProtocol.Arms[0], {Name: "chain", Steps: []eval.Step{
		{Name: "draft", Provider: "files", Model: "forge", Template: "{{.Task}}"}, {Name: "review", Provider: "files", Model: "atlas", Template: "{{.Previous}}"},
	}}}
	protocol.UseCases = []eval.UseCase{{Category: audit.Math, Candidates: []string{"chain"}}}
	_, err := s.LockProtocol(t.Context(), protocol, "", testTime)
	must(t, err)
	must(t, s.CreateBatch(t.Context(), 1, map[audit.Category][]string{audit.Math: ids}, testTime))
	return s, eval.Cell{TaskID: ids[0], Category: audit.Math, Arm: "chain", Week: 1}
}

func at(cell eval.Cell, repeat, step int) eval.Cell {
	cell.Repeat, cell.Step = repeat, step
	return cell
}

func spentIs(t *testing.T, s *Store, spent, committed audit.NanoUSD) {
	t.Helper()
	gotSpent, err := s.Spent(t.Context())
	must(t, err)
	gotCommitted, err := s.Committed(t.Context())
	must(t, err)
	if gotSpent != spent || gotCommitted != committed {
		t.Errorf("spent %d, committed %d nano-dollars, want %d and %d", gotSpent, gotCommitted, spent, committed)
	}
}

func openOf(t *testing.T, s *Store, arm string) (open int) {
	t.Helper()
	for _, cell := range openCells(t, s) {
		if cell.Arm == arm {
			open++
		}
	}
	return open
}

// TestStepsCountOnceAndAreNotAskedForAgain follows a pipeline's money from the first
// reservation to the last repeat.
func TestStepsCountOnceAndAreNotAskedForAgain(t *testing.T) {
	s, cell := newChain(t)
	until := testTime.Add(time.Minute)
	must(t, s.Reserve(t.Context(), at(cell, 1, 1), 50, 1000, testTime, until))
	spentIs(t, s, 0, 50)
	if err := s.Reserve(t.Context(), at(cell, 1, 1), 50, 1000, testTime, until); !errors.Is(err, eval.ErrClaimed) {
		t.Errorf("a claimed step could be reserved: %v", err)
	}
	must(t, s.SaveResponse(t.Context(), at(cell, 1, 1), measured(10), 0, testTime))
	spentIs(t, s, 10, 10)
	if err := s.Reserve(t.Context(), at(cell, 1, 1), 50, 1000, testTime, until); !errors.Is(err, eval.ErrClaimed) {
		t.Errorf("a stored step could be reserved: %v", err)
	}
	if open := openOf(t, s, "chain"); open != 1 {
		t.Errorf("%d cells are open after the first step, want the one", open)
	}
	if err := s.Reserve(t.Context(), at(cell, 1, 2), 995, 1000, testTime, until); !errors.Is(err, eval.ErrBudgetExhausted) {
		t.Errorf("the second step could be reserved over the budget: %v", err)
	}
	must(t, s.Reserve(t.Context(), at(cell, 1, 2), 50, 1000, testTime, until))
	must(t, s.SaveResponse(t.Context(), at(cell, 1, 2), measured(30), 0, testTime))
	spentIs(t, s, 40, 40) // the response's, and the steps' no more
	if open := openOf(t, s, "chain"); open != 1 {
		t.Errorf("%d cells are open before the repeat, want the one", open)
	}
	steps, answered, err := s.ResponseSteps(t.Context(), cell.TaskID, cell.Arm)
	must(t, err)
	if !answered || len(steps) != 2 || steps[1].Step != 2 || *steps[1].Cost != 30 {
		t.Errorf("got %+v, answered %v", steps, answered)
	}
	var responses []eval.Response
	must(t, s.EachResponse(t.Context(), func(r eval.Response) error { responses = append(responses, r); return nil }))
	want := eval.Whole(steps)
	if len(responses) == 1 {
		want.ID, want.Week = responses[0].ID, 1
	}
	if diff := cmp.Diff([]eval.Response{want}, responses); diff != "" {
		t.Errorf("the stored answer (-want +got):\n%s", diff)
	}
	for step := 1; step <= 2; step++ {
		must(t, s.Reserve(t.Context(), at(cell, 2, step), 50, 1000, testTime, until))
		must(t, s.SaveResponse(t.Context(), at(cell, 2, step), measured(5), 0, testTime))
	}
	spentIs(t, s, 50, 50)
	if open := openOf(t, s, "chain"); open != 0 {
		t.Errorf("%d cells are open at the end, want none", open)
	}
	data, err := s.Dataset(t.Context(), 0)
	must(t, err)
	if len(data.Steps) != 4 || len(data.Responses) != 1 {
		t.Errorf("the analysis gets %d calls and %d answers, want 4 and 1", len(data.Steps), len(data.Responses))
	}
}

// TestStepsOfUnknownCostStillCount: what one step cost is known, of the other its worst
// case counts.
func TestStepsOfUnknownCostStillCount(t *testing.T) {
	s, cell := newChain(t)
	must(t, s.SaveResponse(t.Context(), at(cell, 1, 1), measured(10), 0, testTime))
	until := testTime.Add(time.Minute)
	must(t, s.Reserve(t.Context(), at(cell, 1, 2), 70, 1000, testTime, until))
	unknown := measured(0)
	unknown.Cost = nil
	must(t, s.SaveResponse(t.Context(), at(cell, 1, 2), unknown, 70, testTime))
	spentIs(t, s, 10, 80)
}

// TestLateStepIsPaidForAndLeft: another run's step was first.
func TestLateStepIsPaidForAndLeft(t *testing.T) {
	s, cell := newChain(t)
	must(t, s.Reserve(t.Context(), at(cell, 1, 1), 50, 1000, testTime, testTime.Add(time.Minute)))
	must(t, s.SaveResponse(t.Context(), at(cell, 1, 1), measured(10), 0, testTime))
	if err := s.SaveResponse(t.Context(), at(cell, 1, 1), measured(12), 0, testTime); !errors.Is(err, eval.ErrClaimed) {
		t.Errorf("got %v, want that it is there already", err)
	}
	spentIs(t, s, 10, 22)
}

// TestRepeatsOfImportedAnswersAreNotOwed: nobody is called for what was answered elsewhere.
func TestRepeatsOfImportedAnswersAreNotOwed(t *testing.T) {
	s, cell := newChain(t)
	imported, _, _ := importResponses(t, s, eval.Response{TaskID: cell.TaskID, Arm: "now", Text: "x"})
	if imported != 1 || openOf(t, s, "now") != 0 {
		t.Errorf("imported %d, %d cells of the arm are open, want 1 and none", imported, openOf(t, s, "now"))
	}
}

func TestChangedStepsNeedANewName(t *testing.T) {
	s, cell := newChain(t)
	must(t, s.SaveResponse(t.Context(), at(cell, 1, 1), measured(10), 0, testTime))
	locked, err := s.Locked(t.Context())
	must(t, err)
	locked.Protocol.Arms[1].Steps[1].Template = "{{.Task}} {{.Previous}}"
	if _, err := s.LockProtocol(t.Context(), locked.Protocol, "better words", testTime); err == nil {
		t.Error("a pipeline with stored steps could be changed")
	}
}

// TestStepsSurviveReopening: a killed process finds the steps that it stored.
func TestStepsSurviveReopening(t *testing.T) {
	s, cell := newChain(t)
	must(t, s.SaveResponse(t.Context(), at(cell, 1, 1), measured(10), 0, testTime))
	other := reopen(t, s)
	steps, answered, err := other.ResponseSteps(t.Context(), cell.TaskID, cell.Arm)
	must(t, err)
	if answered || len(steps) != 1 || steps[0].Repeat != 1 || steps[0].Step != 1 {
		t.Errorf("got %+v, answered %v", steps, answered)
	}
}

// TestAStepAnsweredIsNotRefused: a refusal of a step is over once the step is answered,
// also while a later one is open.
func TestAStepAnsweredIsNotRefused(t *testing.T) {
	s, cell := newChain(t)
	draft := at(cell, 1, 1)
	must(t, s.Reserve(t.Context(), draft, 5, 100, testTime, testTime.Add(1)))
	must(t, s.Release(t.Context(), draft, eval.FailedCall{Reason: "content filter", Final: true}, testTime))
	must(t, s.Reserve(t.Context(), draft, 5, 100, testTime, testTime.Add(1)))
	must(t, s.SaveResponse(t.Context(), draft, measured(4), 0, testTime))
	data, err := s.Dataset(t.Context(), 0)
	if err != nil || len(data.Refused) > 0 {
		t.Errorf("refused %+v, %v", data.Refused, err)
	}
}

// TestTakingStepsBackFreesWhatTheyCost: a migration that is taken back leaves nothing
// committed for rows that are gone.
func TestTakingStepsBackFreesWhatTheyCost(t *testing.T) {
	storetest.NeedsFile(t)
	s, cell := newChain(t)
	must(t, s.SaveResponse(t.Context(), at(cell, 1, 1), measured(7), 0, testTime))
	spentIs(t, s, 7, 7)
	files, err := fs.Sub(migrations, "migrations/sqlite")
	must(t, err)
	provider, err := goose.NewProvider(goose.DialectSQLite3, s.writer.DB, files)
	must(t, err)
	_, err = provider.DownTo(t.Context(), 20)
	must(t, err)
	_, err = provider.Up(t.Context())
	must(t, err)
	spentIs(t, s, 0, 0)
}
