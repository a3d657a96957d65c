package run

import (
	"context"
	"errors"
	"slices"
	"strings"
	"testing"

	"modeltrial/eval"
	"modeltrial/eval/provider"
)

// ResponseSteps gives what is stored of an arm's answers in parts.
func (m *memory) ResponseSteps(_ context.Context, task, arm string) (steps []eval.ResponseStep, answered bool, err error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	for cell, response := range m.responses {
		switch {
		case cell.TaskID != task || cell.Arm != arm:
		case cell.Step == 0:
			answered = true
		default:
			steps = append(steps, eval.ResponseStep{Response: response, Repeat: cell.Repeat, Step: cell.Step})
		}
	}
	slices.SortFunc(steps, func(a, b eval.ResponseStep) int { return 100*(a.Repeat-b.Repeat) + a.Step - b.Step })
	protocol := chained(1)
	if known, ok := protocol.Arm(arm); ok && known.Pipeline() {
		answered = len(steps) >= len(known.Steps)
	}
	return steps, answered, nil
}

// chained is a protocol with a plain arm and one of two steps.
func chained(repeats int) eval.Protocol {
	return eval.Protocol{Repeats: repeats, Arms: []eval.Arm{
		{Name: "now", Provider: "one", Model: "m1"},
		{Name: "chain", Steps: []eval.Step{
			{Name: "draft", Provider: "two", Model: "m2", Template: "{{.Task}}"},
			{Name: "review", Provider: "one", Model: "m1", Template: "{{.Task}}|{{.Previous}}|{{.Steps.draft}}"},
		}},
	}}
}

func TestPipelineResumesAtTheStepThatFailed(t *testing.T) {
	m := newMemory(1, "chain")
	var asked []string
	drafting := &scripted{answer: func(ctx context.Context, call int64, request provider.Request) (provider.Answer, error) {
		asked = append(asked, request.Arm.Model+": "+request.Task.Prompt)
		answer, err := fine(ctx, call, request)
		answer.Text = "a draft"
		return answer, err
	}}
	failing := errors.New("not today")
	reviewing := &scripted{answer: func(ctx context.Context, call int64, request provider.Request) (provider.Answer, error) {
		asked = append(asked, request.Arm.Model+": "+request.Task.Prompt)
		if failing != nil {
			return provider.Answer{}, &provider.Error{Provider: "one", Status: 400, Msg: failing.Error()}
		}
		return fine(ctx, call, request)
	}}
	o := options(m, map[string]provider.Provider{"one": reviewing, "two": drafting})
	o.Protocol, o.Steps = chained(1), m
	summary, err := Run(t.Context(), o)
	if err != nil || summary.Answered != 0 || summary.Failed != 1 || summary.Spent != 20_000 {
		t.Fatalf("got %+v, %v; want one failed, the draft spent", summary, err)
	}
	failing = nil
	summary, err = Run(t.Context(), o)
	if err != nil || summary.Answered != 1 || summary.Failed != 0 || summary.Spent != 20_000 {
		t.Fatalf("again: got %+v, %v; want the review alone", summary, err)
	}
	want := []string{"m2: prompt of t0000", "m1: prompt of t0000|a draft|a draft", "m1: prompt of t0000|a draft|a draft"}
	if !slices.Equal(asked, want) {
		t.Errorf("asked %q, want %q", asked, want)
	}
}

// TestEachStepSetsItsOwnWorstCaseAside: the budget allows the draft and not the review.
func TestEachStepSetsItsOwnWorstCaseAside(t *testing.T) {
	m := newMemory(1, "chain")
	answering := &scripted{answer: fine}
	o := options(m, map[string]provider.Provider{"one": answering, "two": answering})
	o.Protocol, o.Steps = chained(1), m
	task := taskOf("t0000")
	arm := o.Protocol.Arms[1]
	p, _ := price(arm)
	review, err := arm.StepTask(task, 2, []string{"ok"})
	if err != nil {
		t.Fatal(err)
	}
	o.Budget = 20_000 + WorstCase(review, arm.Calls()[1], p) - 1
	summary, err := Run(t.Context(), o)
	if err != nil || !summary.BudgetExhausted || answering.calls.Load() != 1 || summary.Answered != 0 || m.most > o.Budget {
		t.Fatalf("got %+v, %v after %d calls, at most %v committed; want the draft alone", summary, err, answering.calls.Load(), m.most)
	}
	o.Budget++
	if summary, err = Run(t.Context(), o); err != nil || summary.Answered != 1 || answering.calls.Load() != 2 {
		t.Fatalf("with one nano-dollar more: got %+v, %v after %d calls", summary, err, answering.calls.Load())
	}
}

func TestRepeatsAskAgainWithTheNextSeed(t *testing.T) {
	m := newMemory(2, "now")
	seeds := map[string][]int64{} // by task: others may be asked in between
	answering := &scripted{answer: func(ctx context.Context, call int64, request provider.Request) (provider.Answer, error) {
		seeds[request.Task.ID] = append(seeds[request.Task.ID], *request.Arm.Parameters.Seed)
		return fine(ctx, call, request)
	}}
	o := options(m, map[string]provider.Provider{"one": answering})
	o.Protocol, o.Steps, o.Concurrency = chained(3), m, 1
	o.Protocol.Arms[0].Parameters.Seed = new(int64(5))
	summary, err := Run(t.Context(), o)
	if err != nil || summary.Answered != 2 || summary.Total != 2 || len(seeds) != 2 {
		t.Fatalf("got %+v, %v with seeds %v", summary, err, seeds)
	}
	for task, asked := range seeds {
		if !slices.Equal(asked, []int64{5, 6, 7}) {
			t.Errorf("task %s was asked with seeds %v, want 5, 6 and 7", task, asked)
		}
	}
	if *o.Protocol.Arms[0].Parameters.Seed != 5 {
		t.Error("the protocol's own seed was changed")
	}
}

func TestUnknownPriceOfAStepIsRefused(t *testing.T) {
	m := newMemory(1, "chain")
	answering := &scripted{answer: fine}
	o := options(m, map[string]provider.Provider{"one": answering})
	o.Protocol, o.Steps = chained(1), m
	if _, err := Run(t.Context(), o); err == nil || !strings.Contains(err.Error(), `provider "two"`) || answering.calls.Load() != 0 {
		t.Errorf("got %v after %d calls, want the step's provider named", err, answering.calls.Load())
	}
}

// TestPlanCallsCountsEachStep: a review is asked the task and the draft.
func TestPlanCallsCountsEachStep(t *testing.T) {
	task := taskOf("t0000")
	arm := chained(1).Arms[1]
	planned, err := PlanCalls(task, arm)
	if err != nil || len(planned) != 2 {
		t.Fatalf("got %d calls, %v", len(planned), err)
	}
	p, _ := price(arm)
	for i, call := range arm.Calls() {
		if worst, expected := WorstCase(planned[i].WorstCase, call, p), Expected(planned[i].Expected, call, p); worst < expected {
			t.Errorf("step %d: worst case %s is under the expected %s", i+1, worst, expected)
		}
	}
	if drafted, reviewed := len(planned[0].Expected.Prompt), len(planned[1].Expected.Prompt); reviewed < drafted+2*400*BytesPerToken {
		t.Errorf("the review is expected to be asked %d characters, want the draft twice in it", reviewed)
	}
}

// TestOwedCallsComeInOrder: those that are stored are not owed, and the caller's steps stay.
func TestOwedCallsComeInOrder(t *testing.T) {
	protocol := chained(2)
	calls := func(arm int, answered bool, steps ...eval.ResponseStep) (owed [][2]int) {
		for _, call := range Owed(protocol, eval.Cell{TaskID: "t", Arm: protocol.Arms[arm].Name}, protocol.Arms[arm], steps, answered) {
			owed = append(owed, [2]int{call.Repeat, call.Step})
		}
		return owed
	}
	draft := eval.ResponseStep{Repeat: 1, Step: 1}
	for _, test := range []struct {
		name      string
		got, want [][2]int
	}{
		{"plain", calls(0, false), [][2]int{{0, 0}, {2, 1}}},
		{"plain, answered", calls(0, true), [][2]int{{2, 1}}},
		{"chain", calls(1, false), [][2]int{{1, 1}, {1, 2}, {2, 1}, {2, 2}}},
		{"chain, drafted", calls(1, false, draft), [][2]int{{1, 2}, {2, 1}, {2, 2}}},
		{"chain, imported", calls(1, true), [][2]int{{2, 1}, {2, 2}}},
	} {
		if !slices.Equal(test.got, test.want) {
			t.Errorf("%s: owed are %v, want %v", test.name, test.got, test.want)
		}
	}
	steps := make([]eval.ResponseStep, 1, 9)
	steps[0] = draft
	calls(1, false, steps...)
	if steps[:2][1] != (eval.ResponseStep{}) {
		t.Error("the caller's steps were written over")
	}
}
