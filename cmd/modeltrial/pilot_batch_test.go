package main

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"modeltrial/audit"
	"modeltrial/eval"
	"modeltrial/eval/provider"
	"modeltrial/eval/run"
	"modeltrial/store"
)

// A fakeBatches is a batch interface whose answers a test writes.
type fakeBatches struct {
	handed   map[string][]provider.BatchRequest // by our id
	lost     bool                               // Submit takes the batch and does not come back
	refuses  error                              // Submit takes nothing
	ended    bool
	dies     int // Collect breaks off after this many answers; 0: it does not
	failures map[string]*provider.Error
}

func (f *fakeBatches) Submit(_ context.Context, id string, requests []provider.BatchRequest) (string, error) {
	if f.refuses != nil {
		return "", f.refuses
	}
	f.handed[id] = requests
	if f.lost {
		return "", &provider.Error{Provider: "p", Temporary: true, Msg: "no complete answer within the timeout"}
	}
	return "remote-" + id, nil
}

func (f *fakeBatches) Find(_ context.Context, id string, _ time.Time) (string, bool, error) {
	if f.handed[id] == nil {
		return "", false, nil
	}
	return "remote-" + id, false, nil
}

func (f *fakeBatches) Collect(_ context.Context, remote string, take func(provider.BatchAnswer) error) (bool, string, error) {
	if !f.ended {
		return false, "", nil
	}
	tokens := int64(10)
	for i, request := range f.handed[remote[len("remote-"):]] {
		if f.dies > 0 && i == f.dies {
			return false, "", errors.New("killed")
		}
		answer := provider.BatchAnswer{ID: request.ID, Failure: f.failures[request.Task.ID]}
		if answer.Failure == nil {
			answer.Answer = provider.Answer{Text: "to " + request.Task.Prompt, FinishReason: "stop", Tokens: audit.Tokens{Input: &tokens, Output: &tokens}}
		}
		if err := take(answer); err != nil {
			return false, "", err
		}
	}
	return true, "", nil
}

// calls counts what was handed in of a task and arm.
func (f *fakeBatches) calls() map[string]int {
	calls := map[string]int{}
	for _, requests := range f.handed {
		for _, request := range requests {
			calls[request.Task.ID+" "+request.Arm.Name+" "+request.Arm.Model]++
		}
	}
	return calls
}

// batchPilot is a locked pilot of n tasks of which one arm is a pipeline. A token costs
// 2 nano-dollars, in a batch 1.
func batchPilot(t *testing.T, n int) (*store.Store, *fakeBatches, run.BatchOptions) {
	t.Helper()
	s, err := store.Open(t.Context(), filepath.Join(t.TempDir(), "modeltrial.db"))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = s.Close() })
	i, err := s.BeginImport(t.Context(), "log")
	if err != nil {
		t.Fatal(err)
	}
	defer i.Rollback()
	for k := range n {
		task := audit.Task{ID: fmt.Sprintf("t%d", k), Prompt: fmt.Sprintf("task %d", k), Category: audit.Coding, CategorySource: audit.CategoryFromLog, Probability: 1}
		if _, err := i.Add(t.Context(), task); err != nil {
			t.Fatal(err)
		}
	}
	if err := i.Commit(t.Context(), store.ImportedFile{Path: "log", Format: "csv", Rows: n, Imported: n}); err != nil {
		t.Fatal(err)
	}
	most := int64(100)
	parameters := eval.Parameters{MaxOutputTokens: &most}
	protocol := eval.Protocol{
		Name: "batch", Control: "now", Weeks: 1, TasksPerWeek: n, RatingsPerComparison: 1, BudgetUSD: "1", Seed: 1,
		Arms: []eval.Arm{{Name: "now", Provider: "p", Model: "a", Parameters: parameters}, {Name: "chain", Steps: []eval.Step{
			{Name: "draft", Provider: "p", Model: "b", Parameters: parameters, Template: "{{.Task}}"},
			{Name: "review", Provider: "p", Model: "a", Parameters: parameters, Template: "{{.Previous}}"},
		}}},
		UseCases: []eval.UseCase{{Category: audit.Coding, Candidates: []string{"chain"}}},
	}
	if _, err := lock(t.Context(), s, eval.Config{Pilot: protocol}, "", time.Now()); err != nil {
		t.Fatal(err)
	}
	fake := &fakeBatches{handed: map[string][]provider.BatchRequest{}, failures: map[string]*provider.Error{}}
	two, one := audit.NanoUSD(2_000_000), audit.NanoUSD(1_000_000)
	return s, fake, run.BatchOptions{
		Store: s, Protocol: protocol, Week: 1, Budget: audit.USD, Batches: map[string]provider.Batches{"p": fake},
		Price: func(eval.Arm) (audit.Price, bool) {
			return audit.Price{Input: two, Output: two, BatchInput: &one, BatchOutput: &one}, true
		},
	}
}

func batchStep(t *testing.T, o run.BatchOptions, do func(context.Context, run.BatchOptions) (run.BatchSummary, error)) run.BatchSummary {
	t.Helper()
	summary, err := do(t.Context(), o)
	if err != nil {
		t.Fatal(err)
	}
	return summary
}

func moneyIs(t *testing.T, s *store.Store, spent audit.NanoUSD, allFree bool) {
	t.Helper()
	got, err := s.Spent(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	committed, err := s.Committed(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if got != spent || (committed == spent) != allFree {
		t.Errorf("spent %d, committed %d nano-dollars, want %d spent, and that nothing is set aside: %v", got, committed, spent, allFree)
	}
}

// TestBatchesAreCollectedAtHalfThePrice: from handing in to the last step of the pipeline.
func TestBatchesAreCollectedAtHalfThePrice(t *testing.T) {
	s, fake, o := batchPilot(t, 3)
	handed := batchStep(t, o, run.SubmitBatches)
	if handed.HandedIn != 6 || handed.Waiting != 6 || len(fake.handed) != 2 { // one of each model
		t.Fatalf("handed in %+v in %d batches", handed, len(fake.handed))
	}
	moneyIs(t, s, 0, false)
	again := batchStep(t, o, run.SubmitBatches)
	if again.HandedIn != 0 || len(fake.handed) != 2 {
		t.Errorf("handed in again: %+v", again)
	}
	if waiting := batchStep(t, o, run.CollectBatches); waiting.Answered != 0 || waiting.Waiting != 6 {
		t.Errorf("nothing is done yet: %+v", waiting)
	}
	fake.ended = true
	if got := batchStep(t, o, run.CollectBatches); got.Answered != 6 || got.Spent != 6*20 || got.Waiting != 0 {
		t.Fatalf("collected %+v, want 6 answers of 20 tokens at 1 nano-dollar", got)
	}
	moneyIs(t, s, 120, true)
	if reviews := batchStep(t, o, run.SubmitBatches); reviews.HandedIn != 3 {
		t.Errorf("handed in %+v, want the three reviews", reviews)
	}
	if got := batchStep(t, o, run.CollectBatches); got.Answered != 3 {
		t.Errorf("collected %+v", got)
	}
	moneyIs(t, s, 180, true)
	if cells, err := s.OpenCells(t.Context(), 0); err != nil || len(cells) != 0 {
		t.Errorf("%v are open, %v", cells, err)
	}
	for call, times := range fake.calls() {
		if times != 1 && call[:1] == "t" {
			t.Errorf("%s was handed in %d times", call, times)
		}
	}
	answers := 0
	err := s.EachResponse(t.Context(), func(r eval.Response) error {
		answers++
		if r.LatencyMS != nil || r.TTFTMS != nil {
			t.Errorf("%s of %s has a latency: %v", r.TaskID, r.Arm, r.LatencyMS)
		}
		if r.Arm == "chain" && (r.Text != "to to "+map[string]string{"t0": "task 0", "t1": "task 1", "t2": "task 2"}[r.TaskID] || *r.Cost != 40) {
			t.Errorf("the pipeline's answer is %q for %v", r.Text, r.Cost)
		}
		return nil
	})
	if err != nil || answers != 6 {
		t.Errorf("%d answers are stored, %v", answers, err)
	}
}

// TestBatchesSurviveAnEndAtAnyMoment: before, while and after a batch is handed in, and
// in the middle of collecting it.
func TestBatchesSurviveAnEndAtAnyMoment(t *testing.T) {
	t.Parallel()
	t.Run("before it was handed in", func(t *testing.T) {
		s, fake, o := batchPilot(t, 2)
		fake.refuses = context.DeadlineExceeded // not known whether it was
		if got := batchStep(t, o, run.SubmitBatches); got.HandedIn != 0 || got.Waiting != 4 {
			t.Fatalf("handed in %+v", got)
		}
		fake.refuses = nil
		batchStep(t, o, run.CollectBatches) // finds none
		moneyIs(t, s, 0, true)
		if got := batchStep(t, o, run.SubmitBatches); got.HandedIn != 4 {
			t.Errorf("handed in %+v after nothing was found", got)
		}
	})
	t.Run("after it was handed in", func(t *testing.T) {
		_, fake, o := batchPilot(t, 2)
		fake.lost, fake.ended = true, true
		if got := batchStep(t, o, run.SubmitBatches); got.HandedIn != 0 || got.Waiting != 4 || len(got.Failures) != 1 {
			t.Fatalf("handed in %+v", got)
		}
		if got := batchStep(t, o, run.CollectBatches); got.Answered != 4 {
			t.Errorf("collected %+v of a batch that was found", got)
		}
		for call, times := range fake.calls() {
			if times != 1 {
				t.Errorf("%s was handed in %d times", call, times)
			}
		}
	})
	t.Run("while it is collected", func(t *testing.T) {
		s, fake, o := batchPilot(t, 4)
		batchStep(t, o, run.SubmitBatches)
		fake.ended, fake.dies = true, 2
		if _, err := run.CollectBatches(t.Context(), o); err == nil {
			t.Fatal("it did not break off")
		}
		moneyIs(t, s, 40, false)
		fake.dies = 0
		if got := batchStep(t, o, run.CollectBatches); got.Answered != 6 {
			t.Errorf("collected %+v, want the six that were not stored", got)
		}
		moneyIs(t, s, 160, true)
	})
}

func TestBatchesGiveBackWhatWasNotAnswered(t *testing.T) {
	s, fake, o := batchPilot(t, 2)
	fake.refuses = &provider.Error{Provider: "p", Status: 429, Temporary: true, Msg: "too many batches"}
	if got := batchStep(t, o, run.SubmitBatches); got.HandedIn != 0 || got.Failed != 4 || got.Waiting != 0 {
		t.Fatalf("handed in %+v", got)
	}
	moneyIs(t, s, 0, true)
	fake.refuses = nil
	batchStep(t, o, run.SubmitBatches)
	fake.ended = true
	fake.failures["t0"] = &provider.Error{Provider: "p", Temporary: true, Dead: true, Msg: "expired"}
	fake.failures["t1"] = &provider.Error{Provider: "p", Temporary: true, Msg: "cannot be read"} // may be billed
	if got := batchStep(t, o, run.CollectBatches); got.Answered != 0 || got.Failed != 4 || got.Waiting != 0 {
		t.Fatalf("collected %+v", got)
	}
	moneyIs(t, s, 0, false)
	clear(fake.failures)
	if got := batchStep(t, o, run.SubmitBatches); got.HandedIn != 4 {
		t.Errorf("handed in %+v, want all of them again", got)
	}
}

func TestBatchesKeepWithinTheBudget(t *testing.T) {
	s, fake, o := batchPilot(t, 5)
	limit := audit.NanoUSD(500) // a call sets about 155 aside
	o.RunCap = &limit
	got := batchStep(t, o, run.SubmitBatches)
	committed, err := s.Committed(t.Context())
	if err != nil || !got.BudgetExhausted || got.HandedIn == 0 || got.HandedIn > 3 || committed > limit || len(fake.handed) == 0 {
		t.Errorf("handed in %+v, committed %d, %v", got, committed, err)
	}
	o.RunCap = nil
	o.Price = func(eval.Arm) (audit.Price, bool) { return audit.Price{Input: 1, Output: 1}, true }
	if _, err := run.SubmitBatches(t.Context(), o); err == nil {
		t.Error("handed in without a batch price")
	}
}

// TestAnArmInABatchStaysAsItIs: what a provider works on would be stored under an arm that
// is another one meanwhile.
func TestAnArmInABatchStaysAsItIs(t *testing.T) {
	s, _, o := batchPilot(t, 1)
	batchStep(t, o, run.SubmitBatches)
	changed := o.Protocol
	changed.Arms = slices.Clone(o.Protocol.Arms)
	changed.Arms[0].Model = "b"
	if _, err := lock(t.Context(), s, eval.Config{Pilot: changed}, "another model", time.Now()); err == nil {
		t.Error("an arm could be changed while a provider answers for it")
	}
}

// TestOneHandsInBatchesAtATime: what another process hands in just now has no name at the
// provider yet, and would be taken for lost and handed in again.
func TestOneHandsInBatchesAtATime(t *testing.T) {
	s, fake, o := batchPilot(t, 1)
	now := time.Now()
	if _, err := s.TakeLease(t.Context(), eval.BatchLease, "another machine, process 7", nil, now, now.Add(time.Hour)); err != nil {
		t.Fatal(err)
	}
	_, _, err := exchangeBatches(t.Context(), s, o, false)
	var held *eval.LeaseError
	if !errors.As(err, &held) || !strings.Contains(err.Error(), "batches are being handed in or collected by another machine, process 7") || len(fake.handed) > 0 {
		t.Errorf("got %v after %d batches", err, len(fake.handed))
	}
}

// TestAnAnswerImportedMeanwhileFreesTheBudget: what the batch's own answer cost counts, and
// nothing stays set aside for it.
func TestAnAnswerImportedMeanwhileFreesTheBudget(t *testing.T) {
	s, fake, o := batchPilot(t, 1)
	batchStep(t, o, run.SubmitBatches)
	err := s.ImportResponses(t.Context(), time.Now(), func(take func(eval.Response) (bool, error)) error {
		stored, err := take(eval.Response{TaskID: "t0", Arm: "now", Text: "from elsewhere"})
		if !stored {
			t.Error("the answer is not imported")
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	fake.ended, fake.dies = true, 1 // the first time is cut short
	_, _ = run.CollectBatches(t.Context(), o)
	fake.dies = 0
	batchStep(t, o, run.CollectBatches)
	calls, err := s.Calls(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	for _, call := range calls {
		late := audit.NanoUSD(0)
		if call.Arm == "now" {
			late = 20 // tokens at one nano-dollar
		}
		if call.Reserved != 0 || call.Lost != late {
			t.Errorf("%s: %d set aside, %d lost nano-dollars, want 0 and %d", call.Arm, call.Reserved, call.Lost, late)
		}
	}
	moneyIs(t, s, 20, false) // the draft, and the late answer beside it
}
