package run

import (
	"context"
	"fmt"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"modeltrial/audit"
	"modeltrial/eval"
	"modeltrial/eval/provider"
)

// A weather is how a provider is at a time of a run: it gives the answer's latency, or
// a failure.
type weather func(at time.Duration, busy int) (latency time.Duration, failure *provider.Error)

// weathered is a provider in a weather.
type weathered struct {
	name  string
	began time.Time
	weather

	mu     sync.Mutex
	busy   int
	calls  int
	failed int
	paid   map[string]int // answers by task
}

func (w *weathered) Origin() eval.ResponseOrigin { return eval.Measured }

func (w *weathered) Answer(ctx context.Context, request provider.Request) (provider.Answer, error) {
	w.mu.Lock()
	w.busy++
	w.calls++
	latency, failure := w.weather(time.Since(w.began), w.busy)
	w.mu.Unlock()
	time.Sleep(latency)
	w.mu.Lock()
	defer w.mu.Unlock()
	w.busy--
	if failure != nil {
		w.failed++
		failure.Provider = w.name
		return provider.Answer{}, failure
	}
	w.paid[request.Task.ID]++
	return fine(ctx, 0, request)
}

// between says whether a time of a run is within two hours, such as 1.5 and 2.
func between(at time.Duration, from, to float64) bool {
	return at.Hours() >= from && at.Hours() < to
}

// TestEightHours runs for a working day with four providers, each of which fails, slows
// down and comes back in its own way, now and then all of them at the same time.
func TestEightHours(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		began := time.Now()
		weathers := map[string]weather{
			// Dies twice: nobody listens, then only errors.
			"dies": func(at time.Duration, _ int) (time.Duration, *provider.Error) {
				switch {
				case between(at, 1, 2.5):
					return 0, &provider.Error{Temporary: true, Dead: true, Msg: "connection refused"}
				case between(at, 5, 5.5):
					return 2 * time.Second, &provider.Error{Status: 500, Temporary: true, Msg: "internal error"}
				}
				return 30 * time.Second, nil
			},
			// Slows down until every call ends at its timeout, which may be billed.
			"slows": func(at time.Duration, _ int) (time.Duration, *provider.Error) {
				if between(at, 2, 3) {
					return time.Minute, &provider.Error{Temporary: true, Msg: "no complete answer within the timeout"}
				}
				return 15*time.Second + time.Duration(at.Minutes()/10)*time.Second, nil
			},
			// Bears five calls at once, three of them in the afternoon, and closes for a while.
			"narrow": func(at time.Duration, busy int) (time.Duration, *provider.Error) {
				bears := 5
				if between(at, 4, 6) {
					bears = 3
				}
				switch {
				case between(at, 6, 6.25):
					return 0, &provider.Error{Status: 429, Temporary: true, RetryAfter: time.Minute, Msg: "too many requests"}
				case busy > bears:
					return 0, &provider.Error{Status: 429, Temporary: true, Msg: "too many requests"}
				}
				return 40 * time.Second, nil
			},
			// Runs out of credit until somebody pays.
			"poor": func(at time.Duration, _ int) (time.Duration, *provider.Error) {
				if between(at, 2, 4) {
					return 0, &provider.Error{Status: 402, Cause: provider.CauseAccount, Msg: "no credit"}
				}
				return 20 * time.Second, nil
			},
		}
		o := Options{
			Week: 1, Budget: 1000 * audit.USD, Endpoints: map[string]Endpoint{}, Concurrency: 32, Price: price, Wait: 3 * time.Hour,
		}
		most := int64(100)
		providers := map[string]*weathered{}
		var arms []string
		for name, weather := range weathers {
			providers[name] = &weathered{name: name, began: began, weather: weather, paid: map[string]int{}}
			o.Endpoints[name] = Endpoint{Provider: providers[name], Timeout: time.Minute, Concurrency: 8}
			o.Protocol.Arms = append(o.Protocol.Arms, eval.Arm{Name: name, Provider: name, Model: "m", Parameters: eval.Parameters{MaxOutputTokens: &most}})
			arms = append(arms, name)
		}
		const tasks = 3200
		m := newMemory(tasks, arms...)
		o.Store = m
		summary, err := Run(t.Context(), o)
		took := time.Since(began)
		if err != nil || summary.Answered != tasks*len(arms) || summary.Failed != 0 || len(summary.LeftAlone) > 0 {
			t.Fatalf("after %v: got %+v, %v, want every cell answered", took, summary, err)
		}
		if took < 7*time.Hour || took > 9*time.Hour {
			t.Errorf("the day took %v", took)
		}
		for name, p := range providers {
			t.Logf("%-6s %d calls, %d failed", name, p.calls, p.failed)
			for task, n := range p.paid {
				if n != 1 {
					t.Errorf("%s was paid %d times for %s", name, n, task)
				}
			}
			if p.failed == 0 || p.failed > tasks/10 {
				t.Errorf("%s was called %d times in vain", name, p.failed)
			}
		}
		if len(m.reserved) > 0 || m.most > o.Budget {
			t.Errorf("%d claims are left, %s were spent or set aside at most", len(m.reserved), m.most)
		}
		// A timeout may be billed, and counts at its worst.
		if want := audit.NanoUSD(providers["slows"].failed) * WorstCase(audit.Task{Prompt: fmt.Sprintf("prompt of t%04d", 1)}, o.Protocol.Arms[0], audit.Price{Input: audit.USD, Output: audit.USD}); m.lost != want {
			t.Errorf("%s count as lost, want %s", m.lost, want)
		}
	})
}
