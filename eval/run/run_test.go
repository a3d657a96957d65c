package run

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"modeltrial/audit"
	"modeltrial/eval"
	"modeltrial/eval/provider"
)

// memory keeps what a run needs by the rules of [Store]; the real store's own
// tests are beside it.
type memory struct {
	mu        sync.Mutex
	cells     []eval.Cell
	responses map[eval.Cell]eval.Response
	reserved  map[eval.Cell]audit.NanoUSD
	spent     audit.NanoUSD
	set       audit.NanoUSD // aside: the sum of reserved
	most      audit.NanoUSD // the highest sum of spent and reserved so far
	lost      audit.NanoUSD // may have been billed
	released  map[eval.Cell]string
}

func newMemory(tasks int, arms ...string) *memory {
	m := &memory{responses: map[eval.Cell]eval.Response{}, reserved: map[eval.Cell]audit.NanoUSD{}, released: map[eval.Cell]string{}}
	for i := range tasks {
		for _, arm := range arms {
			m.cells = append(m.cells, eval.Cell{TaskID: fmt.Sprintf("t%04d", i), Category: "coding", Arm: arm, Week: 1})
		}
	}
	return m
}

func (m *memory) EachOpenCell(context.Context, int) iter.Seq2[eval.Cell, error] {
	return func(yield func(eval.Cell, error) bool) {
		for _, cell := range m.cells {
			m.mu.Lock()
			_, done := m.responses[cell]
			m.mu.Unlock()
			if !done && !yield(cell, nil) {
				return
			}
		}
	}
}

func (m *memory) Tasks(_ context.Context, ids []string) ([]audit.Task, error) {
	return OneByOne(ids, func(id string) (audit.Task, error) { return taskOf(id), nil })
}

func taskOf(id string) audit.Task { return audit.Task{ID: id, Prompt: "prompt of " + id} }

func (m *memory) committed() audit.NanoUSD { return m.spent + m.set + m.lost }

func (m *memory) Reserve(_ context.Context, cell eval.Cell, worst, budget audit.NanoUSD, _, _ time.Time) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	if _, done := m.responses[cell]; done {
		return eval.ErrAnswered
	}
	if _, claimed := m.reserved[cell]; claimed {
		return eval.ErrClaimed
	}
	if m.committed()+worst > budget {
		return eval.ErrBudgetExhausted
	}
	m.reserved[cell] = worst
	m.set += worst
	m.most = max(m.most, m.committed())
	return nil
}

func (m *memory) SaveResponse(_ context.Context, cell eval.Cell, response eval.Response, lost audit.NanoUSD, _ time.Time) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.unset(cell)
	m.lost += lost
	if response.Cost != nil {
		m.spent += *response.Cost
	}
	m.responses[cell] = response
	return nil
}

func (m *memory) Release(_ context.Context, cell eval.Cell, failure eval.FailedCall, _ time.Time) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.unset(cell)
	m.lost += failure.Lost
	m.released[cell] = failure.Reason
	return nil
}

func (m *memory) unset(cell eval.Cell) {
	m.set -= m.reserved[cell]
	delete(m.reserved, cell)
}

func (m *memory) Committed(context.Context) (audit.NanoUSD, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.committed(), nil
}

// scripted is a provider whose answers a test writes.
type scripted struct {
	calls  atomic.Int64
	answer func(ctx context.Context, call int64, request provider.Request) (provider.Answer, error)
}

func (s *scripted) Origin() eval.ResponseOrigin { return eval.Measured }

func (s *scripted) Answer(ctx context.Context, request provider.Request) (provider.Answer, error) {
	return s.answer(ctx, s.calls.Add(1), request)
}

// fine answers with ten tokens in and out.
func fine(context.Context, int64, provider.Request) (provider.Answer, error) {
	tokens := int64(10)
	return provider.Answer{Text: "ok", FinishReason: "stop", Tokens: audit.Tokens{Input: &tokens, Output: &tokens}}, nil
}

// price is one dollar per million tokens, either way.
func price(eval.Arm) (audit.Price, bool) {
	return audit.Price{Input: audit.USD, Output: audit.USD}, true
}

func options(m *memory, providers map[string]provider.Provider) Options {
	most := int64(100)
	endpoints := map[string]Endpoint{}
	for name, answering := range providers {
		endpoints[name] = Endpoint{Provider: answering, Timeout: time.Minute}
	}
	return Options{
		Store: m, Week: 1, Budget: 100 * audit.USD, Endpoints: endpoints, Concurrency: 16, Price: price,
		Protocol: eval.Protocol{Arms: []eval.Arm{
			{Name: "now", Provider: "one", Model: "m1", Parameters: eval.Parameters{MaxOutputTokens: &most}},
			{Name: "next", Provider: "two", Model: "m2", Parameters: eval.Parameters{MaxOutputTokens: &most}},
		}},
	}
}

func TestRunAnswersEveryCellOnce(t *testing.T) {
	m := newMemory(200, "now", "next")
	asked := sync.Map{}
	answering := &scripted{answer: func(ctx context.Context, call int64, r provider.Request) (provider.Answer, error) {
		if _, again := asked.LoadOrStore(r.Task.ID+r.Arm.Name, true); again {
			t.Errorf("%s under %s was asked twice", r.Task.ID, r.Arm.Name)
		}
		return fine(ctx, call, r)
	}}
	o := options(m, map[string]provider.Provider{"one": answering, "two": answering})
	summary, err := Run(t.Context(), o)
	if err != nil || summary.Answered != 400 || summary.Failed != 0 {
		t.Fatalf("got %+v, %v", summary, err)
	}
	if cost := *m.responses[m.cells[0]].Cost; cost != 20_000 || summary.Spent != 400*20_000 {
		t.Errorf("a response of 20 tokens cost %d nano-dollars, the run %d", cost, summary.Spent)
	}
	if summary, err := Run(t.Context(), o); err != nil || summary.Total != 0 || answering.calls.Load() != 400 {
		t.Errorf("a second run did %+v, %v", summary, err)
	}
}

func TestBudgetIsNeverExceeded(t *testing.T) {
	m := newMemory(500, "now", "next")
	answering := &scripted{answer: fine}
	o := options(m, map[string]provider.Provider{"one": answering, "two": answering})
	o.Concurrency, o.Budget = 64, 4*audit.USD/1000
	summary, err := Run(t.Context(), o)
	if err != nil || !summary.BudgetExhausted || summary.Answered == 0 || summary.Answered == 1000 {
		t.Fatalf("got %+v, %v, want a run that the budget ends", summary, err)
	}
	if m.most > o.Budget {
		t.Errorf("%s were spent or reserved, the budget is %s", m.most, o.Budget)
	}
	limit := audit.NanoUSD(10)
	o.Budget, o.RunCap = 100*audit.USD, &limit
	if summary, err := Run(t.Context(), o); err != nil || summary.Answered != 0 || !summary.BudgetExhausted {
		t.Errorf("a cap of 10 nano-dollars allowed %+v, %v", summary, err)
	}
}

// TestInterruptedRunKeepsAnswersAndResumes interrupts while calls are under way:
// they are paid for.
func TestInterruptedRunKeepsAnswersAndResumes(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		m := newMemory(100, "now", "next")
		ctx, cancel := context.WithTimeout(t.Context(), 15*time.Second)
		defer cancel()
		answering := &scripted{answer: func(ctx context.Context, call int64, r provider.Request) (provider.Answer, error) {
			if err := sleep(ctx, 10*time.Second); err != nil {
				return provider.Answer{}, err
			}
			return fine(ctx, call, r)
		}}
		o := options(m, map[string]provider.Provider{"one": answering, "two": answering})
		summary, err := Run(ctx, o)
		if err != nil {
			t.Fatal(err)
		}
		if summary.Answered != 32 || answering.calls.Load() != 32 || summary.Skipped != 168 {
			t.Errorf("%d answers were paid for, got %+v, want all 32 kept and 168 open", answering.calls.Load(), summary)
		}
		if len(m.reserved) != 0 || m.lost != 0 {
			t.Errorf("%d claims were not given back, %s counts as lost", len(m.reserved), m.lost)
		}
		rest, err := Run(t.Context(), o)
		if err != nil || rest.Answered != 168 || answering.calls.Load() != 200 {
			t.Errorf("after resuming: %+v, %v, %d calls for 200 cells", rest, err, answering.calls.Load())
		}
	})
}

// TestUnknownCostCountsAtWorst gives answers without usage, and failures that the
// provider may have billed: a budget of three calls allows three.
func TestUnknownCostCountsAtWorst(t *testing.T) {
	worst := WorstCase(audit.Task{Prompt: "prompt of t0000"}, options(newMemory(0), nil).Protocol.Arms[0], audit.Price{Input: audit.USD, Output: audit.USD})
	cases := []struct {
		name   string
		answer func() (provider.Answer, error)
		calls  int64
	}{
		{"no usage", func() (provider.Answer, error) { return provider.Answer{Text: "ok", FinishReason: "stop"}, nil }, 3},
		{"broken off", func() (provider.Answer, error) {
			return provider.Answer{}, &provider.Error{Provider: "one", Msg: "the stream ended without a finish reason"}
		}, 3},
		{"refused", func() (provider.Answer, error) {
			return provider.Answer{}, &provider.Error{Provider: "one", Status: 400, Msg: "bad request"}
		}, 20},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			m := newMemory(20, "now")
			answering := &scripted{answer: func(context.Context, int64, provider.Request) (provider.Answer, error) { return c.answer() }}
			o := options(m, map[string]provider.Provider{"one": answering})
			o.Budget = 3*worst + worst/2
			summary, err := Run(t.Context(), o)
			if err != nil || answering.calls.Load() != c.calls || summary.BudgetExhausted != (c.calls == 3) {
				t.Errorf("%d calls, %+v, %v; want %d calls", answering.calls.Load(), summary, err, c.calls)
			}
			if m.most > o.Budget {
				t.Errorf("%s were committed, the budget is %s", m.most, o.Budget)
			}
		})
	}
}

// TestBudgetWaitsForCallsUnderWay: what is set aside for a call is most often far
// more than it costs, so a refusal while calls are under way is not the end.
func TestBudgetWaitsForCallsUnderWay(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		m := newMemory(200, "now", "next")
		answering := &scripted{answer: func(ctx context.Context, call int64, r provider.Request) (provider.Answer, error) {
			if err := sleep(ctx, time.Second); err != nil {
				return provider.Answer{}, err
			}
			return fine(ctx, call, r)
		}}
		o := options(m, map[string]provider.Provider{"one": answering, "two": answering})
		o.Concurrency, o.Budget = 64, 400*20_000*3/2 // half more than all of it costs
		summary, err := Run(t.Context(), o)
		if err != nil || summary.Answered != 400 || summary.BudgetExhausted {
			t.Errorf("got %+v, %v, want everything answered", summary, err)
		}
		if m.most > o.Budget {
			t.Errorf("%s were committed, the budget is %s", m.most, o.Budget)
		}
	})
}

func TestRetryHonoursRetryAfter(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		m := newMemory(1, "now")
		answering := &scripted{answer: func(ctx context.Context, call int64, r provider.Request) (provider.Answer, error) {
			if call < 3 {
				return provider.Answer{}, &provider.Error{Status: 429, Temporary: true, RetryAfter: 7 * time.Second}
			}
			return fine(ctx, call, r)
		}}
		began := time.Now()
		summary, err := Run(t.Context(), options(m, map[string]provider.Provider{"one": answering}))
		if err != nil || summary.Answered != 1 {
			t.Fatalf("got %+v, %v", summary, err)
		}
		if waited := time.Since(began); waited != 14*time.Second {
			t.Errorf("waited %v, the provider asked for 7 s twice", waited)
		}
		if attempts := m.responses[m.cells[0]].Attempts; attempts != 3 {
			t.Errorf("%d attempts are noted, want 3", attempts)
		}
	})
}

// TestLongRetryAfterIsNotIgnored: asking again earlier would only be refused again.
func TestLongRetryAfterIsNotIgnored(t *testing.T) {
	m := newMemory(1, "now")
	answering := &scripted{answer: func(context.Context, int64, provider.Request) (provider.Answer, error) {
		return provider.Answer{}, &provider.Error{Provider: "one", Status: 429, Temporary: true, RetryAfter: time.Hour, Msg: "quota"}
	}}
	summary, err := Run(t.Context(), options(m, map[string]provider.Provider{"one": answering}))
	if err != nil || summary.Failed != 1 || answering.calls.Load() != 1 {
		t.Errorf("got %+v, %v after %d calls, want one", summary, err, answering.calls.Load())
	}
}

func TestRetryGivesUp(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		m := newMemory(1, "now")
		answering := &scripted{answer: func(context.Context, int64, provider.Request) (provider.Answer, error) {
			return provider.Answer{}, &provider.Error{Provider: "one", Status: 500, Temporary: true, Msg: "broken"}
		}}
		summary, err := Run(t.Context(), options(m, map[string]provider.Provider{"one": answering}))
		if err != nil || summary.Failed != 1 || answering.calls.Load() != maxAttempts {
			t.Fatalf("got %+v, %v after %d calls", summary, err, answering.calls.Load())
		}
		if reason := m.released[m.cells[0]]; !strings.Contains(reason, "broken") {
			t.Errorf("the cell was given back for %q", reason)
		}
	})
}

func TestPermanentFailureIsNotRetried(t *testing.T) {
	m := newMemory(3, "now")
	answering := &scripted{answer: func(context.Context, int64, provider.Request) (provider.Answer, error) {
		return provider.Answer{}, &provider.Error{Provider: "one", Status: 400, Msg: "bad request"}
	}}
	summary, err := Run(t.Context(), options(m, map[string]provider.Provider{"one": answering}))
	if err != nil || summary.Failed != 3 || answering.calls.Load() != 3 || len(summary.Failures) != 1 {
		t.Errorf("got %+v, %v after %d calls, want one message and no retry", summary, err, answering.calls.Load())
	}
}

// TestAccountWithoutCreditIsLeftAlone: each other task would be refused like the first
// ones, and none is given up for that, since the next run may find credit.
func TestAccountWithoutCreditIsLeftAlone(t *testing.T) {
	for _, status := range []int{400, 401, 402, 429} {
		m := newMemory(100, "now")
		poor := &scripted{answer: func(context.Context, int64, provider.Request) (provider.Answer, error) {
			return provider.Answer{}, &provider.Error{Provider: "one", Status: status, Cause: provider.CauseAccount, Msg: "no credit"}
		}}
		o := options(m, map[string]provider.Provider{"one": poor})
		o.Concurrency = 1
		summary, err := Run(t.Context(), o)
		if err != nil || summary.Failed != deadAfter || poor.calls.Load() != deadAfter || summary.Skipped != 100-deadAfter {
			t.Errorf("status %d: got %+v, %v after %d calls", status, summary, err, poor.calls.Load())
		}
		call := failedCall(&provider.Error{Status: status, Cause: provider.CauseAccount}, 7)
		if call.Final || call.Lost != 0 {
			t.Errorf("status %d: the call is kept as %+v", status, call)
		}
	}
}

func TestDeadProviderIsLeftAloneAndOthersGoOn(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		m := newMemory(100, "now", "next")
		dead := &scripted{answer: func(context.Context, int64, provider.Request) (provider.Answer, error) {
			return provider.Answer{}, &provider.Error{Provider: "one", Temporary: true, Dead: true, Msg: "connection refused"}
		}}
		alive := &scripted{answer: fine}
		o := options(m, map[string]provider.Provider{"one": dead, "two": alive})
		o.Concurrency = 1
		began := time.Now()
		summary, err := Run(t.Context(), o)
		// Another call may be on its way to the gate when the provider is left alone.
		if err != nil || summary.Answered != 100 || summary.Failed < 1 || summary.Failed > 2 || summary.Failed+summary.Skipped != 100 || !slices.Equal(summary.LeftAlone, []string{"one"}) {
			t.Fatalf("got %+v, %v", summary, err)
		}
		if !slices.ContainsFunc(summary.Failures, func(m string) bool { return strings.Contains(m, "left alone") }) {
			t.Errorf("nothing says that the provider is left alone: %q", summary.Failures)
		}
		if took := time.Since(began); took > firstWait || dead.calls.Load() > 5 {
			t.Errorf("the run took %v and %d calls to find that nobody is there", took, dead.calls.Load())
		}
	})
}

func TestUnknownPriceIsRefusedBeforeAnythingIsSent(t *testing.T) {
	m := newMemory(3, "now")
	answering := &scripted{answer: fine}
	o := options(m, map[string]provider.Provider{"one": answering})
	o.Price = func(eval.Arm) (audit.Price, bool) { return audit.Price{}, false }
	_, err := Run(t.Context(), o)
	if err == nil || !strings.Contains(err.Error(), `model "m1" is not known`) || !strings.Contains(err.Error(), "modeltrial.yaml") || answering.calls.Load() != 0 {
		t.Errorf("got %v after %d calls", err, answering.calls.Load())
	}
}

func TestStorageFailureEndsTheRun(t *testing.T) {
	failing := errors.New("disk full")
	m := &failingStore{newMemory(50, "now"), failing}
	o := options(m.memory, map[string]provider.Provider{"one": &scripted{answer: fine}})
	o.Store = m
	if _, err := Run(t.Context(), o); !errors.Is(err, failing) {
		t.Errorf("got %v, want the store's error", err)
	}
}

type failingStore struct {
	*memory
	err error
}

func (f *failingStore) SaveResponse(context.Context, eval.Cell, eval.Response, audit.NanoUSD, time.Time) error {
	return f.err
}

func TestDelayHasFullJitter(t *testing.T) {
	// A provider may refuse a whole run's calls, one after the other.
	for attempt := 1; attempt < 1000; attempt++ {
		ceiling := min(maxDelay, baseDelay<<min(attempt-1, 10))
		for range 100 {
			if d := delay(attempt, 0); d <= 0 || d > ceiling {
				t.Fatalf("attempt %d: waits %v, want up to %v", attempt, d, ceiling)
			}
		}
	}
}

func TestSampleWeeks(t *testing.T) {
	var ids []eval.SampleTask
	for i := range 50 {
		ids = append(ids, eval.SampleTask{ID: fmt.Sprintf("t%02d", i)})
	}
	sample := SampleWeeks(ids, 4, 10, 7, "coding")
	reversed := slices.Clone(ids)
	slices.Reverse(reversed)
	seen := map[string]bool{}
	for week, tasks := range sample {
		if len(tasks) != 10 {
			t.Errorf("week %d has %d tasks, want 10", week+1, len(tasks))
		}
		if !slices.Equal(tasks, SampleWeeks(reversed, 4, 10, 7, "coding")[week]) {
			t.Errorf("week %d depends on the order of the ids", week+1)
		}
		for _, id := range tasks {
			if seen[id] {
				t.Errorf("%s was drawn twice", id)
			}
			seen[id] = true
		}
	}
	if slices.Equal(sample[0], SampleWeeks(ids, 4, 10, 8, "coding")[0]) || slices.Equal(sample[0], SampleWeeks(ids, 4, 10, 7, "math")[0]) {
		t.Error("another seed or category gave the same sample")
	}
	if few := SampleWeeks(ids[:5], 4, 10, 7, "coding"); len(few[0]) != 2 || len(few[3]) != 1 {
		t.Errorf("five tasks in four weeks are %v", few)
	}
}

func TestWorstCaseIsNotUnderTheExpected(t *testing.T) {
	most := int64(400)
	arm := eval.Arm{Parameters: eval.Parameters{MaxOutputTokens: &most}}
	p, _ := price(arm)
	many := int64(100_000)
	for _, prompt := range []string{"short", strings.Repeat("a long prompt ", 500), "日本語の質問です"} {
		// The log may count tokens of a context that it does not hold.
		task := audit.Task{Prompt: prompt, Tokens: audit.Tokens{Input: &many, Output: &many}}
		if worst, expected := WorstCase(task, arm, p), Expected(task, arm, p); worst < expected {
			t.Errorf("%.20q: worst case %s is under the expected %s", prompt, worst, expected)
		}
	}
}

func used(input, output int64) audit.Tokens {
	return audit.Tokens{Input: &input, Output: &output}
}

// TestLanesAskEachOfItsOwnTasks: tasks are read several at a time, beyond the first page.
func TestLanesAskEachOfItsOwnTasks(t *testing.T) {
	m := newMemory(2*tasksAhead+1, "now", "next", "other")
	o := options(m, map[string]provider.Provider{})
	o.Protocol.Arms = []eval.Arm{{Name: "now", Provider: "one"}, {Name: "next", Provider: "one"}, {Name: "other", Provider: "two"}}
	r := newRunner(o)
	for lane, arms := range map[string][]string{"one": {"now", "next"}, "two": {"other"}} {
		var got, want []eval.Cell
		for open, err := range r.openCalls(t.Context(), lane) {
			if err != nil {
				t.Fatal(err)
			}
			if open.task.Prompt != taskOf(open.cell.TaskID).Prompt {
				t.Errorf("cell %v comes with the task %q", open.cell, open.task.ID)
			}
			got = append(got, open.cell)
		}
		for _, cell := range m.cells {
			if slices.Contains(arms, cell.Arm) {
				want = append(want, cell)
			}
		}
		if !slices.Equal(got, want) {
			t.Errorf("lane %s: got %d cells, %v, want %d, %v", lane, len(got), got, len(want), want)
		}
	}
}
