package run

import (
	"context"
	"errors"
	"iter"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"modeltrial/eval"
	"modeltrial/eval/provider"
)

func TestWorkerEndings(t *testing.T) {
	refusing := func(context.Context, int64, provider.Request) (provider.Answer, error) {
		return provider.Answer{}, &provider.Error{Provider: "one", Msg: "no such thing"}
	}
	failing := func(context.Context, int64, provider.Request) (provider.Answer, error) {
		return provider.Answer{}, &provider.Error{Provider: "one", Msg: "broken", Temporary: true}
	}
	busy := func(context.Context, int64, provider.Request) (provider.Answer, error) {
		return provider.Answer{}, &provider.Error{Provider: "one", Msg: "too much", Temporary: true, Status: 429}
	}
	cases := []struct {
		name     string
		answer   func(context.Context, int64, provider.Request) (provider.Answer, error)
		before   func(m *memory, cell eval.Cell, o *Options)
		attempts int
		open     bool
		attempt  bool
		budget   bool
		reason   string
	}{
		{name: "answered", answer: fine},
		{name: "answered elsewhere", answer: fine, before: func(m *memory, cell eval.Cell, _ *Options) { m.responses[cell] = eval.Response{} }},
		{name: "claimed", answer: fine, before: func(m *memory, cell eval.Cell, _ *Options) { m.reserved[cell] = 1 }, open: true, reason: "claimed by another run"},
		{name: "beyond the budget", answer: fine, before: func(_ *memory, _ eval.Cell, o *Options) { o.Budget = 1 }, open: true, budget: true, reason: "budget exhausted"},
		{name: "refused", answer: refusing, reason: "no such thing"},
		{name: "failed", answer: failing, open: true, attempt: true, reason: "broken"},
		{name: "failed too often", answer: failing, attempts: maxAttempts - 1, reason: "broken"},
		{name: "overloaded", answer: busy, attempts: maxAttempts - 1, open: true, reason: "too much"},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			m := newMemory(1, "now")
			o := options(m, map[string]provider.Provider{"one": &scripted{answer: c.answer}, "two": &scripted{answer: fine}})
			cell := m.cells[0]
			if c.before != nil {
				c.before(m, cell, &o)
			}
			w, err := NewWorker(o)
			if err != nil {
				t.Fatal(err)
			}
			got, err := w.Answer(t.Context(), cell, c.attempts)
			if err != nil {
				t.Fatal(err)
			}
			if got.Open != c.open || got.Attempt != c.attempt || got.Budget != c.budget || !strings.Contains(got.Reason, c.reason) || c.reason == "" && got.Reason != "" {
				t.Errorf("got %+v, want open %v, attempt %v, budget %v, reason %q", got, c.open, c.attempt, c.budget, c.reason)
			}
			if m.set > 1 {
				t.Errorf("%v is still set aside", m.set)
			}
		})
	}
}

// TestWorkerMakesRoom has a worker wait for a provider that is away no longer than it
// should hold its job.
func TestWorkerMakesRoom(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		m := newMemory(1, "now")
		o := options(m, map[string]provider.Provider{"one": &scripted{answer: fine}, "two": &scripted{answer: fine}})
		w, err := NewWorker(o)
		if err != nil {
			t.Fatal(err)
		}
		w.r.gates["one"].notBefore = time.Now().Add(time.Hour)
		began := time.Now()
		got, err := w.Answer(t.Context(), m.cells[0], 0)
		if err != nil || !got.Open || got.Attempt || time.Since(began) != gatePatience {
			t.Errorf("got %+v, %v after %v, want it open after %v", got, err, time.Since(began), gatePatience)
		}
		over, cancel := context.WithCancel(t.Context())
		cancel()
		if got, err := w.Answer(over, m.cells[0], 0); err != nil || got != (Ending{Open: true}) {
			t.Errorf("got %+v, %v of a worker that is to end, want it open", got, err)
		}
	})
}

// TestLeaseQueue has two processes work on a queue: one at a time, each job until it is
// done, no more at once than a lane allows, and a lane that is stuck holds up no other.
func TestLeaseQueue(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		jobs := []Job{}
		for _, id := range []string{"a", "b", "c", "d", "e", "f"} {
			jobs = append(jobs, Job{Lane: "stuck", Cell: eval.Cell{TaskID: id, Arm: "x"}}, Job{Lane: "quick", Cell: eval.Cell{TaskID: id, Arm: "y"}})
		}
		var mu sync.Mutex
		open, flying, most, by := map[string]int{}, map[string]int{}, map[string]int{}, map[string]int{}
		for _, job := range jobs {
			open[job.Key()] = 2 // attempts until it is done
		}
		work := func(process string) Work {
			return Work{
				Lanes: map[string]int{"stuck": 1, "quick": 3},
				Open: func(context.Context) iter.Seq2[Job, error] {
					return func(yield func(Job, error) bool) {
						for _, job := range jobs {
							mu.Lock()
							left := open[job.Key()]
							mu.Unlock()
							if left > 0 && !yield(job, nil) {
								return
							}
						}
					}
				},
				Do: func(ctx context.Context, job Job, attempts int) Ending {
					mu.Lock()
					flying[job.Key()]++
					flying[job.Lane]++
					most[job.Lane] = max(most[job.Lane], flying[job.Lane])
					if flying[job.Key()] > 1 {
						t.Errorf("%s is done twice at a time", job.Key())
					}
					by[process]++
					mu.Unlock()
					pause := 10 * time.Millisecond
					if job.Lane == "stuck" {
						pause = time.Hour
					}
					_ = sleep(ctx, pause)
					mu.Lock()
					defer mu.Unlock()
					flying[job.Key()]--
					flying[job.Lane]--
					if ctx.Err() != nil {
						return Ending{Open: true}
					}
					if open[job.Key()]--; open[job.Key()] > 0 {
						if attempts != 0 {
							t.Errorf("%s: %d attempts, want none yet", job.Key(), attempts)
						}
						return Ending{Open: true, Attempt: true, Wait: time.Second}
					}
					if attempts != 1 {
						t.Errorf("%s: %d attempts, want 1", job.Key(), attempts)
					}
					return Ending{}
				},
			}
		}
		shared := &leases{}
		first, end := context.WithCancel(t.Context())
		var group sync.WaitGroup
		start := func(ctx context.Context, process string) {
			group.Go(func() {
				if err := (&LeaseQueue{Store: shared, Holder: process}).Work(ctx, work(process)); err != nil {
					t.Error(err)
				}
			})
		}
		start(first, "first")
		time.Sleep(time.Second)
		second, endSecond := context.WithCancel(t.Context())
		start(second, "second")
		time.Sleep(time.Minute)
		mu.Lock()
		for _, job := range jobs {
			if job.Lane == "quick" && open[job.Key()] > 0 {
				t.Errorf("%s is not done", job.Key())
			}
		}
		if by["second"] > 0 || by["first"] != 13 {
			t.Errorf("done by each: %v, want 12 quick ones and one that is stuck by the first", by)
		}
		mu.Unlock()
		end()
		time.Sleep(24 * time.Hour)
		endSecond()
		group.Wait()
		for key, left := range open {
			if left > 0 {
				t.Errorf("%s is not done", key)
			}
		}
		if most["stuck"] != 1 || most["quick"] != 3 {
			t.Errorf("at once: %v", most)
		}
	})
}

// places counts what is asked of a LimitStore.
type places struct {
	mu    sync.Mutex
	taken int
	left  int
	full  int
}

func (p *places) TakePlace(_ context.Context, place Place, _ time.Time) (string, time.Duration, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if place.Concurrency != 2 || place.Tokens == 0 || place.Until.IsZero() {
		return "", 0, errors.New("the place is not described")
	}
	if p.full > 0 {
		p.full--
		return "", time.Second, nil
	}
	p.taken++
	return "place", 3 * time.Second, nil
}

func (p *places) LeavePlace(context.Context, string) error {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.left++
	return nil
}

// TestSharedLimits has a worker ask for a place before each call, wait as it is told, and
// give it back.
func TestSharedLimits(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		m := newMemory(1, "now")
		o := options(m, map[string]provider.Provider{"one": &scripted{answer: fine}, "two": &scripted{answer: fine}})
		endpoint := o.Endpoints["one"]
		endpoint.Concurrency = 2
		o.Endpoints["one"] = endpoint
		limits := &places{full: 2}
		o.Limits = limits
		w, err := NewWorker(o)
		if err != nil {
			t.Fatal(err)
		}
		began := time.Now()
		if got, err := w.Answer(t.Context(), m.cells[0], 0); err != nil || got != (Ending{}) {
			t.Fatalf("got %+v, %v", got, err)
		}
		if took := time.Since(began); took < 5*time.Second || took > 7*time.Second {
			t.Errorf("it took %v; want two waits of a second and more and one of three", took)
		}
		if limits.taken != 1 || limits.left != 1 {
			t.Errorf("%d places taken, %d left", limits.taken, limits.left)
		}
	})
}
