package run

import (
	"context"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"modeltrial/eval/provider"
)

func testGate(endpoint Endpoint, concurrency int) *gate {
	a := newActivity()
	a.begin() // somebody else is at work
	return newGate("one", endpoint, Options{Concurrency: concurrency}, a)
}

func enter(t *testing.T, g *gate, tokens int64) passage {
	t.Helper()
	p, err := g.enter(t.Context(), tokens)
	if err != nil {
		t.Fatal(err)
	}
	return p
}

func TestRequestsAreSpacedEvenly(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		g := testGate(Endpoint{RequestsPerMinute: 60}, 8)
		began := time.Now()
		for range 4 {
			enter(t, g, 1)
		}
		if waited := time.Since(began); waited != 3*time.Second {
			t.Errorf("four requests at 60 a minute took %v, want 3 s", waited)
		}
	})
}

func TestTokensAreLimited(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		g := testGate(Endpoint{TokensPerMinute: 6000}, 100)
		began := time.Now()
		for range 21 { // the first 1,000 tokens are there at once
			g.leave(enter(t, g, 500), answered, 0)
		}
		if waited := time.Since(began); waited != 95*time.Second {
			t.Errorf("10,500 tokens at 6,000 a minute took %v, want 95 s", waited)
		}
		g.settle(passage{expected: 10_500}, used(1000, 50)) // answers are a tenth as long as was thought
		began = time.Now()
		for range 20 {
			g.leave(enter(t, g, 500), answered, 0)
		}
		if waited := time.Since(began); waited > 11*time.Second {
			t.Errorf("20 calls of 50 tokens took %v, want about 10 s", waited)
		}
	})
}

// TestConcurrencyFollowsWhatAProviderBears has one that refuses more than ten calls at
// once, without saying for how long.
func TestConcurrencyFollowsWhatAProviderBears(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		const bears, calls = 10, 1000
		var inFlight, refusals atomic.Int64
		m := newMemory(calls, "now")
		narrow := &scripted{answer: func(ctx context.Context, call int64, r provider.Request) (provider.Answer, error) {
			defer inFlight.Add(-1)
			if inFlight.Add(1) > bears {
				refusals.Add(1)
				return provider.Answer{}, &provider.Error{Provider: "one", Status: 429, Temporary: true}
			}
			time.Sleep(time.Second)
			return fine(ctx, call, r)
		}}
		o := options(m, map[string]provider.Provider{"one": narrow})
		o.Concurrency = 64
		began := time.Now()
		summary, err := Run(t.Context(), o)
		if err != nil || summary.Answered != calls || summary.Failed != 0 {
			t.Fatalf("got %+v, %v", summary, err)
		}
		ideal := calls / bears * time.Second
		if took := time.Since(began); took > 2*ideal {
			t.Errorf("the run took %v, ten at once take %v", took, ideal)
		}
		if n := refusals.Load(); n < 1 || n > calls/5 {
			t.Errorf("%d of %d calls were refused", n, calls)
		}
	})
}

// TestHeadersKeepARunWithinALimit has a provider of 100 requests a minute, refilled
// evenly, that says what is left of them.
func TestHeadersKeepARunWithinALimit(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		const limit, calls = 100, 500
		var mu sync.Mutex
		left, at := float64(limit), time.Now()
		refusals := 0
		take := func() (remaining int64, reset time.Duration, ok bool) {
			mu.Lock()
			defer mu.Unlock()
			left = min(left+time.Since(at).Minutes()*limit, limit)
			at = time.Now()
			if ok = left >= 1; ok {
				left--
			} else {
				refusals++
			}
			return int64(left), time.Duration((limit - left) / limit * float64(time.Minute)), ok
		}
		m := newMemory(calls, "now")
		counting := &reporting{take: take}
		o := options(m, map[string]provider.Provider{"one": counting})
		o.Concurrency = 32
		began := time.Now()
		summary, err := Run(t.Context(), o)
		if err != nil || summary.Answered != calls || summary.Failed != 0 {
			t.Fatalf("got %+v, %v", summary, err)
		}
		if refusals > 5 {
			t.Errorf("%d calls were refused although the headers say what is left", refusals)
		}
		if took, ideal := time.Since(began), 4*time.Minute; took > ideal*5/4 {
			t.Errorf("the run took %v, the limit allows it in %v", took, ideal)
		}
	})
}

// reporting answers after two seconds and says in its headers what is left.
type reporting struct {
	scripted
	take func() (remaining int64, reset time.Duration, ok bool)
}

func (r *reporting) Answer(ctx context.Context, request provider.Request) (provider.Answer, error) {
	remaining, reset, ok := r.take()
	provider.ReportRateLimits(ctx, []provider.RateLimit{{Limit: 100, Remaining: remaining, Reset: reset}})
	if !ok {
		return provider.Answer{}, &provider.Error{Provider: "one", Status: 429, Temporary: true}
	}
	time.Sleep(2 * time.Second)
	return fine(ctx, 0, request)
}

// TestOneCallAtATimeTriesADeadProvider: pauses grow, and what was under way is not
// asked for again before the provider is back.
func TestOneCallAtATimeTriesADeadProvider(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		m := newMemory(100, "now", "next")
		began := time.Now()
		var tries []time.Duration
		var mu sync.Mutex
		down := &scripted{answer: func(ctx context.Context, call int64, r provider.Request) (provider.Answer, error) {
			if at := time.Since(began); at < time.Hour {
				mu.Lock()
				tries = append(tries, at)
				mu.Unlock()
				return provider.Answer{}, &provider.Error{Provider: "one", Status: 500, Temporary: true, Msg: "broken"}
			}
			return fine(ctx, call, r)
		}}
		slow := &scripted{answer: func(ctx context.Context, call int64, r provider.Request) (provider.Answer, error) {
			time.Sleep(10 * time.Minute)
			return fine(ctx, call, r)
		}}
		o := options(m, map[string]provider.Provider{"one": down, "two": slow})
		two := o.Endpoints["two"]
		two.Concurrency = 8
		o.Endpoints["two"] = two
		summary, err := Run(t.Context(), o)
		if err != nil || summary.Answered != 200 || summary.Failed != 0 || len(summary.LeftAlone) > 0 {
			t.Fatalf("got %+v, %v, want all answered after the provider is back", summary, err)
		}
		if n := len(tries); n < 15 || n > 60 {
			t.Errorf("a provider that was dead for an hour was tried %d times", n)
		}
		// What was let through before the provider died is sent; see newGate.
		first := 0
		for first < len(tries) && tries[first] < firstPause/2 {
			first++
		}
		if most := o.Concurrency*3/2 + deadAfter - 1; first > most {
			t.Errorf("%d calls were sent before the provider counted as dead, want at most %d", first, most)
		}
		later := tries[first:]
		for i := 1; i < len(later); i++ {
			if pause := later[i] - later[i-1]; pause < firstPause/2 || pause > longestPause {
				t.Errorf("try %d came after %v", i, pause)
			}
		}
	})
}

// TestAWaitingRunOutlastsAnOutage: with Wait the run has patience although there is
// nothing else to do, and without it gives up.
func TestAWaitingRunOutlastsAnOutage(t *testing.T) {
	for _, patient := range []bool{false, true} {
		synctest.Test(t, func(t *testing.T) {
			m := newMemory(200, "now")
			began := time.Now()
			down := &scripted{answer: func(ctx context.Context, call int64, r provider.Request) (provider.Answer, error) {
				time.Sleep(time.Second)
				if at := time.Since(began); at > 2*time.Second && at < 3*time.Hour {
					return provider.Answer{}, &provider.Error{Provider: "one", Status: 402, Cause: provider.CauseAccount, Msg: "no credit"}
				}
				return fine(ctx, call, r)
			}}
			o := options(m, map[string]provider.Provider{"one": down})
			if patient {
				o.Wait = 4 * time.Hour
			}
			summary, err := Run(t.Context(), o)
			if err != nil {
				t.Fatal(err)
			}
			if patient && (summary.Answered != 200 || len(summary.LeftAlone) > 0) {
				t.Errorf("got %+v, want all answered once there is credit again", summary)
			}
			if !patient && (summary.Answered == 200 || !slices.Equal(summary.LeftAlone, []string{"one"}) || time.Since(began) > time.Minute) {
				t.Errorf("got %+v after %v, want the account without credit left alone at once", summary, time.Since(began))
			}
		})
	}
}
