package revise_test

import (
	"context"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"modeltrial/audit"
	"modeltrial/eval"
	"modeltrial/eval/provider"
	"modeltrial/eval/revise"
	"modeltrial/eval/run"
)

var revisionOf = eval.Revision{ID: "7", TaskID: "t1", Category: audit.Coding, Arm: "next", Week: 1, Answer: "Hello there", Remark: "Shorter, please"}

func TestQuestionGoesOnWithAnswerAndRemark(t *testing.T) {
	task := audit.Task{
		ID: "t1", System: "Be brief.", Prompt: "Say hello", Response: "logged", Reference: "Hi",
		Conversation: []audit.Message{{Role: "user", Content: "Hey"}, {Role: "assistant", Content: "Yes?"}},
	}
	want := audit.Task{
		ID: "t1", System: "Be brief.", Prompt: "Shorter, please",
		Conversation: []audit.Message{
			{Role: "user", Content: "Hey"},
			{Role: "assistant", Content: "Yes?"},
			{Role: "user", Content: "Say hello"},
			{Role: "assistant", Content: "Hello there"},
		},
	}
	if diff := cmp.Diff(want, revise.Question(task, revisionOf)); diff != "" {
		t.Errorf("question (-want +got):\n%s", diff)
	}
	if len(task.Conversation) != 2 {
		t.Error("the task itself was changed")
	}
}

// memory is a store of one revision.
type memory struct {
	revise.Store
	saved    *eval.Response
	released *eval.FailedCall
	reserved audit.NanoUSD
}

func (m *memory) Task(context.Context, string) (audit.Task, error) {
	return audit.Task{ID: "t1", Prompt: "Say hello"}, nil
}

func (m *memory) Committed(context.Context) (audit.NanoUSD, error) { return 0, nil }

func (m *memory) ReserveRevision(_ context.Context, id string, worst, _ audit.NanoUSD, _, _ time.Time) error {
	m.reserved = worst
	return nil
}

func (m *memory) SaveRevision(_ context.Context, id string, response eval.Response, _ audit.NanoUSD, _ time.Time) error {
	m.saved = &response
	return nil
}

func (m *memory) ReleaseRevision(_ context.Context, _ string, failure eval.FailedCall) error {
	m.released = &failure
	return nil
}

// endpoint keeps what it was asked.
type endpoint struct {
	origin  eval.ResponseOrigin
	failure error
	asked   provider.Request
}

func (e *endpoint) Origin() eval.ResponseOrigin { return e.origin }

func (e *endpoint) Answer(_ context.Context, request provider.Request) (provider.Answer, error) {
	e.asked = request
	return provider.Answer{Text: "Hi", FinishReason: provider.FinishStop}, e.failure
}

func options(e *endpoint) run.Options {
	return run.Options{
		Protocol:    eval.Protocol{Arms: []eval.Arm{{Name: "next", Provider: "p", Model: "m"}}},
		Budget:      audit.NanoUSD(1e9),
		Endpoints:   map[string]run.Endpoint{"p": {Provider: e, Timeout: time.Minute}},
		Concurrency: 1,
		Price: func(eval.Arm) (audit.Price, bool) {
			return audit.Price{Input: audit.NanoUSD(1e6), Output: audit.NanoUSD(1e6)}, true
		},
	}
}

func TestRunAsksTheSameArm(t *testing.T) {
	e, m := &endpoint{origin: eval.Measured}, &memory{}
	summary, err := revise.Run(t.Context(), m, []eval.Revision{revisionOf}, options(e))
	if err != nil || summary.Answered != 1 {
		t.Fatalf("%+v, %v", summary, err)
	}
	if e.asked.Arm.Name != "next" || e.asked.Task.Prompt != "Shorter, please" || len(e.asked.Task.Conversation) != 2 {
		t.Errorf("asked %+v", e.asked)
	}
	if m.saved == nil || m.saved.Text != "Hi" || m.reserved <= 0 {
		t.Errorf("saved %+v, reserved %v; want the new answer and its worst case set aside", m.saved, m.reserved)
	}
}

func TestRunKeepsFailures(t *testing.T) {
	e, m := &endpoint{origin: eval.Measured, failure: &provider.Error{Provider: "p", Status: 400, Msg: "content filter"}}, &memory{}
	summary, err := revise.Run(t.Context(), m, []eval.Revision{revisionOf}, options(e))
	if err != nil || summary.Failed != 1 || m.released == nil || !m.released.Final {
		t.Errorf("%+v, %v, released %+v; want a final refusal", summary, err, m.released)
	}
}

func TestRecordedArmHasNoNewAnswer(t *testing.T) {
	_, err := revise.Run(t.Context(), &memory{}, []eval.Revision{revisionOf}, options(&endpoint{origin: eval.Recorded}))
	if err == nil || !strings.Contains(err.Error(), `arm "next" has recorded answers only`) {
		t.Errorf("got %v", err)
	}
	unknown := revisionOf
	unknown.Arm = "other"
	_, err = revise.Run(t.Context(), &memory{}, []eval.Revision{unknown}, options(&endpoint{}))
	if err == nil || !strings.Contains(err.Error(), "not in the locked protocol") {
		t.Errorf("got %v", err)
	}
}

// TestARemarkIsOneCall: of a pipeline the last step, which wrote the answer that the editor
// saw, is asked; and once, however many answers to a task the protocol wants.
func TestARemarkIsOneCall(t *testing.T) {
	pipeline := eval.Arm{Name: "next", Steps: []eval.Step{{Name: "draft", Provider: "p", Model: "small"}, {Name: "review", Provider: "p", Model: "large"}}}
	for name, change := range map[string]func(*eval.Protocol){
		"large": func(p *eval.Protocol) { p.Arms = []eval.Arm{pipeline} },
		"m":     func(p *eval.Protocol) { p.Repeats = 3 },
	} {
		e, m := &endpoint{origin: eval.Measured}, &memory{}
		o := options(e)
		change(&o.Protocol)
		summary, err := revise.Run(t.Context(), m, []eval.Revision{revisionOf}, o)
		if err != nil || summary.Answered != 1 || m.saved == nil || e.asked.Arm.Model != name || e.asked.Task.Prompt != revisionOf.Remark {
			t.Errorf("%s: %+v, %v, asked %+v", name, summary, err, e.asked)
		}
	}
	recorded := options(&endpoint{origin: eval.Recorded})
	recorded.Protocol.Arms = []eval.Arm{pipeline}
	if _, err := revise.Run(t.Context(), &memory{}, []eval.Revision{revisionOf}, recorded); err == nil || !strings.Contains(err.Error(), "recorded answers only") {
		t.Errorf("got %v", err)
	}
}
