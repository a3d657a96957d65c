package run

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"slices"
	"sync"
	"time"

	"modeltrial/audit"
	"modeltrial/eval"
	"modeltrial/eval/provider"
)

// The rules of a retry.
const (
	// maxAttempts is how often a call is made that fails while its provider answers
	// others.
	maxAttempts = 5
	// maxRefusals is how often one is made that the provider refuses for being asked
	// too much, which the pauses in between should end sooner.
	maxRefusals = 10
	// mostAttempts bounds both, and the tries whether a provider is back.
	mostAttempts = 50
	baseDelay    = 500 * time.Millisecond
	maxDelay     = 30 * time.Second
	// doublings is how often baseDelay is doubled: past maxDelay, and far from what a
	// Duration holds however long a provider refuses.
	doublings = 6
	// longestAsked is the longest wait after a failure that a call takes. Coming back
	// earlier than asked would be refused again.
	longestAsked = 5 * time.Minute
	// claimMargin is how much longer than an attempt its claim holds.
	claimMargin = time.Minute
)

// call makes one call for a cell, with a task as it is asked, in as many attempts as it
// takes, and stores what came of it: each attempt is let through by its provider's gate,
// reserved, made and settled. Only storage failures are errors.
func (r *runner) call(ctx context.Context, cell eval.Cell, arm eval.Arm, task audit.Task) error {
	gate := r.gates[arm.Provider]
	var tally tally
	var last error // of this call
	for attempt := 1; ; attempt++ {
		// The gate comes before the claim, which holds for one attempt.
		passing, err := gate.enter(ctx, likelyTokens(task, arm))
		if errors.Is(err, errLeftAlone) {
			r.leave(gate, last)
			return nil
		}
		if err != nil {
			return unlessOver(ctx, err)
		}
		came, own, err := r.attempt(ctx, passing, cell, arm, task, attempt)
		if err != nil || came.result == answered {
			return err
		}
		if came.result == unused {
			return r.unreserved(ctx, came.failure)
		}
		last = came.failure
		wait, again := tally.again(came, own, r.Wait > 0)
		if !again || attempt == mostAttempts {
			r.failed(last)
			return nil
		}
		if err := sleep(ctx, wait); err != nil {
			return nil
		}
	}
}

// A tally counts the failed attempts of a call.
type tally struct{ failures, refusals int }

// again says whether a failed attempt is worth another one, and after what wait of the
// call's own: the gate waits for a provider that is overloaded or away. own is as of
// [gate.leave]; patient says that a key or credit which is refused is waited for.
func (t *tally) again(came outcome, own, patient bool) (wait time.Duration, again bool) {
	known, _ := errors.AsType[*provider.Error](came.failure)
	switch {
	case known == nil:
		return 0, false
	case came.result == overloaded:
		t.refusals++
		return 0, t.refusals < maxRefusals
	case came.result == noAccount && patient:
		return 0, true
	case !known.Temporary, known.RetryAfter > longestAsked:
		return 0, false
	case !own || came.result == nobody:
		return 0, true
	}
	t.failures++
	return delay(t.failures, known.RetryAfter), t.failures < maxAttempts
}

// An outcome is what came of an attempt.
type outcome struct {
	result  result
	failure error // the provider's, or why it was not asked; nil where it answered
}

// asked is the wait that the provider asked for.
func (o outcome) asked() time.Duration {
	if known, ok := errors.AsType[*provider.Error](o.failure); ok {
		return known.RetryAfter
	}
	return 0
}

// attempt sets one call's worst case aside, calls, and stores what came of it. It ends
// the passage as soon as the provider is done. own is as of [gate.leave]. Only storage
// failures are errors.
func (r *runner) attempt(ctx context.Context, p passage, cell eval.Cell, arm eval.Arm, task audit.Task, number int) (came outcome, own bool, err error) {
	gate, endpoint := r.gates[arm.Provider], r.Endpoints[arm.Provider]
	var worst audit.NanoUSD
	if endpoint.Origin() == eval.Measured {
		price, _ := r.Price(arm)
		worst = WorstCase(task, arm, price)
	}
	// Where all slots are taken, one is free after at most the timeout of a call.
	err = r.reserve(ctx, cell, worst, 2*endpoint.Timeout)
	if err != nil {
		gate.leave(p, unused, 0)
		return outcome{unused, err}, false, nil
	}
	defer r.flight.land()
	// A call under way is paid for: it is awaited and kept also when the run is
	// interrupted meanwhile.
	keep := context.WithoutCancel(ctx)
	select {
	case r.slots <- struct{}{}:
	case <-ctx.Done():
		gate.leave(p, unused, 0)
		return outcome{unused, ctx.Err()}, false, r.Store.Release(keep, cell, eval.FailedCall{Reason: "not sent: the run was interrupted", NotSent: true}, time.Now())
	}
	// The next call begins when this one's answer is stored: where the program is killed
	// no more answers are lost than calls may be in flight. A worker, which has to wait for
	// the writes of others, begins it at once: it may lose twice as many.
	land := sync.OnceFunc(func() { <-r.slots })
	defer land()
	answer, failure := endpoint.Answer(gate.watch(keep, p), provider.Request{Task: task, Arm: arm})
	if r.shared {
		land()
	}
	came = outcome{resultOf(failure), failure}
	own = gate.leave(p, came.result, came.asked())
	if failure != nil {
		return came, own, r.Store.Release(keep, cell, failedCall(failure, worst), time.Now())
	}
	gate.settle(p, answer.Tokens)
	return came, own, r.save(keep, cell, arm, answer, number, worst)
}

// unreserved counts why a call is not made. Only storage failures are errors.
func (r *runner) unreserved(ctx context.Context, err error) error {
	switch {
	case errors.Is(err, eval.ErrBudgetExhausted):
		r.count(func() { r.summary.BudgetExhausted = true })
		r.stop()
		return nil
	case errors.Is(err, eval.ErrClaimed):
		r.count(func() { r.summary.Claimed++ })
		return nil
	}
	return unlessOver(ctx, err)
}

// save stores an answer.
func (r *runner) save(ctx context.Context, cell eval.Cell, arm eval.Arm, answer provider.Answer, attempts int, worst audit.NanoUSD) error {
	response := r.response(cell, arm, r.Endpoints[arm.Provider].Origin(), answer, attempts)
	unknown := worst
	if response.Cost != nil {
		unknown = 0
	}
	err := r.Store.SaveResponse(ctx, cell, response, unknown, time.Now())
	if errors.Is(err, eval.ErrClaimed) { // an answer was imported meanwhile
		r.count(func() { r.summary.Claimed++ })
		return nil
	}
	if err != nil {
		return err
	}
	slog.DebugContext(ctx, "answer stored", "task", cell.TaskID, "arm", cell.Arm, "repeat", cell.Repeat, "step", cell.Step)
	r.count(func() {
		if r.completes(cell) {
			r.summary.Answered++
		}
		if response.Cost != nil && response.Origin == eval.Measured {
			r.summary.Spent += *response.Cost
		}
	})
	return nil
}

// failedCall is what is kept of a failed attempt.
func failedCall(failure error, worst audit.NanoUSD) eval.FailedCall {
	call := eval.FailedCall{Reason: failure.Error(), Lost: worst}
	var known *provider.Error
	if errors.As(failure, &known) {
		call.Final = known.Final()
		if !known.MayBeBilled() {
			call.Lost = 0
		}
	}
	return call
}

// reserve sets a call's worst case aside; the call ends within a time. Where the cap does not allow it now it
// waits for a call under way to come back: that costs less than its worst case,
// most often much less.
func (r *runner) reserve(ctx context.Context, cell eval.Cell, worst audit.NanoUSD, within time.Duration) error {
	for {
		again, err := r.flight.start(func() error {
			now := time.Now()
			return r.Store.Reserve(ctx, cell, worst, r.cap, now, now.Add(within+claimMargin))
		})
		if again == nil {
			return err
		}
		select {
		case <-again:
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}

// failed counts a cell whose attempts are used up.
func (r *runner) failed(failure error) {
	r.count(func() {
		r.summary.Failed++
		r.say(failure.Error())
	})
}

// leave counts a cell of a provider that is left alone: failed where it was tried.
func (r *runner) leave(g *gate, failure error) {
	r.count(func() {
		if failure != nil {
			r.summary.Failed++
			r.say(failure.Error())
		}
		if !slices.Contains(r.summary.LeftAlone, g.name) {
			r.summary.LeftAlone = append(r.summary.LeftAlone, g.name)
			r.say(fmt.Sprintf("provider %q does not answer and is left alone for this run; the others went on", g.name))
		}
	})
}

func (r *runner) response(cell eval.Cell, arm eval.Arm, origin eval.ResponseOrigin, answer provider.Answer, attempts int) eval.Response {
	response := eval.Response{
		TaskID: cell.TaskID, Arm: cell.Arm, Week: cell.Week, Text: answer.Text, Tokens: answer.Tokens, Cost: answer.Cost,
		TTFTMS: milliseconds(answer.TTFT), LatencyMS: milliseconds(answer.Latency),
		ModelServed: answer.ModelServed, Fingerprint: answer.Fingerprint, FinishReason: answer.FinishReason, Attempts: attempts, Origin: origin,
	}
	if response.Cost == nil {
		if price, ok := r.Price(arm); ok {
			if cost, ok := price.Cost(answer.Tokens); ok {
				response.Cost = &cost
			}
		}
	}
	return response
}

func milliseconds(d *time.Duration) *int64 {
	if d == nil {
		return nil
	}
	ms := d.Milliseconds()
	return &ms
}

// delay is the wait before the next attempt: what the provider asked for, else
// exponential with full jitter (Brooker, "Exponential Backoff And Jitter", 2015).
func delay(attempt int, asked time.Duration) time.Duration {
	if asked > 0 {
		return asked
	}
	ceiling := min(maxDelay, baseDelay<<min(attempt-1, doublings))
	return time.Duration(rand.Int64N(int64(ceiling)) + 1)
}

func sleep(ctx context.Context, d time.Duration) error {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-timer.C:
		return nil
	}
}

// likelyTokens is about how many tokens a call will take, request and answer together,
// before a run has learned better.
func likelyTokens(task audit.Task, arm eval.Arm) int64 {
	return int64(requestBytes(task, arm)/BytesPerToken) + min(answerTokens, arm.Parameters.MaxOutput())
}
