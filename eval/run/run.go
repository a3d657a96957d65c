package run

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"sync"
	"time"

	"golang.org/x/sync/errgroup"

	"modeltrial/audit"
	"modeltrial/eval"
	"modeltrial/eval/provider"
)

// Options are what a run takes.
type Options struct {
	Store       Store
	Steps       StepStore // needed where an arm is a pipeline or the protocol asks for repeats
	Protocol    eval.Protocol
	Week        int            // the batch to run
	Budget      audit.NanoUSD  // the protocol's cap for everything together
	RunCap      *audit.NanoUSD // a lower cap for this run alone; nil: none
	Endpoints   map[string]Endpoint
	Concurrency int
	Price       func(arm eval.Arm) (audit.Price, bool)
	Progress    func(Progress) // called from one goroutine at a time; may be nil
}

// An Endpoint is a provider with the limits it is used under.
type Endpoint struct {
	provider.Provider
	RequestsPerMinute int           // 0: no limit
	Timeout           time.Duration // of one attempt, which the provider itself ends
}

// Progress is how far a run is.
type Progress struct {
	Done, Total, Failed int
	Spent               audit.NanoUSD // by this run
}

// A Summary is what a run did.
type Summary struct {
	Total           int // cells that were open
	Answered        int
	Failed          int
	Skipped         int // still open: interrupted, claimed, of a dead provider, or beyond the budget
	Claimed         int // of those skipped: by another run, or by one that was killed a moment ago
	Spent           audit.NanoUSD
	BudgetExhausted bool
	Failures        []string // each message once, at most ten
}

// The rules of a retry.
const (
	maxAttempts = 5
	baseDelay   = 500 * time.Millisecond
	maxDelay    = 30 * time.Second
	// longestAsked is the longest Retry-After that a run waits for. Coming back
	// earlier than asked would be refused again.
	longestAsked = 5 * time.Minute
	// deadAfter is the number of failed cells in a row after which a provider is
	// left alone for the rest of the run.
	deadAfter = 5
	// claimMargin is how much longer than an attempt its claim holds.
	claimMargin = time.Minute
)

// A runner is one run.
type runner struct {
	Options
	limits map[string]*limiter
	cap    audit.NanoUSD // the smaller of budget and run cap, over what is committed in all
	flight flight

	mu       sync.Mutex
	summary  Summary
	said     map[string]bool
	inARow   map[string]int // failures of a provider without an answer between
	progress Progress
}

// Run answers a week's open cells. Every answer is stored as it arrives. When the
// context ends nothing new is sent, and what is under way, which is paid for, is
// awaited and kept. It returns an error where a run makes no sense (an unknown
// provider, a model without a price) or storage fails; cells that could not be
// answered are counted in the summary.
func Run(ctx context.Context, options Options) (Summary, error) {
	cells, err := options.Store.OpenCells(ctx, options.Week)
	if err != nil {
		return Summary{}, err
	}
	r := &runner{Options: options, limits: map[string]*limiter{}, cap: options.Budget, said: map[string]bool{}, inARow: map[string]int{}}
	r.summary.Total, r.progress.Total = len(cells), len(cells)
	if err := r.prepare(ctx, cells); err != nil {
		return r.summary, err
	}
	group, ctx := errgroup.WithContext(ctx)
	group.SetLimit(max(1, options.Concurrency))
	for _, cell := range cells {
		if ctx.Err() != nil {
			break
		}
		group.Go(func() error { return r.cell(ctx, cell) })
	}
	err = group.Wait()
	r.summary.Skipped = r.summary.Total - r.summary.Answered - r.summary.Failed
	return r.summary, err
}

// prepare refuses what could not be paid or answered before anything is sent.
func (r *runner) prepare(ctx context.Context, cells []eval.Cell) error {
	for name, endpoint := range r.Endpoints {
		r.limits[name] = newLimiter(endpoint.RequestsPerMinute)
	}
	checked := map[string]bool{}
	for _, cell := range cells {
		if checked[cell.Arm] {
			continue
		}
		checked[cell.Arm] = true
		arm, ok := r.Protocol.Arm(cell.Arm)
		if !ok {
			return fmt.Errorf("arm %q is not in the locked protocol", cell.Arm)
		}
		if err := r.checkCalls(arm); err != nil {
			return err
		}
	}
	if r.RunCap == nil {
		return nil
	}
	committed, err := r.Store.Committed(ctx)
	if err != nil {
		return err
	}
	r.cap = min(r.Budget, committed+*r.RunCap)
	return nil
}

// UnknownPrice says what to do about an arm whose cost cannot be capped.
func UnknownPrice(arm eval.Arm) error {
	return fmt.Errorf("the price of model %q is not known, so its cost cannot be capped; add it under prices of provider %q in modeltrial.yaml (0 for a model of your own)", arm.Model, arm.Provider)
}

// cell answers one cell. Only storage failures are errors.
func (r *runner) cell(ctx context.Context, cell eval.Cell) error {
	arm, _ := r.Protocol.Arm(cell.Arm)
	if r.several(arm) {
		return r.sequence(ctx, cell, arm)
	}
	return r.call(ctx, cell, arm)
}

// call makes one call in as many attempts as it takes. Only storage failures are errors.
func (r *runner) call(ctx context.Context, cell eval.Cell, arm eval.Arm) error {
	for attempt := 1; ; attempt++ {
		// The wait comes before the claim, which holds for one attempt.
		if err := r.limits[arm.Provider].wait(ctx); err != nil || r.stopped(arm.Provider) {
			return nil
		}
		failure, err := r.attempt(ctx, cell, arm, attempt)
		if failure == nil || err != nil {
			return err
		}
		var known *provider.Error
		if !errors.As(failure, &known) || !known.Temporary || known.Dead || known.RetryAfter > longestAsked || attempt == maxAttempts {
			r.failed(arm.Provider, failure)
			return nil
		}
		if err := sleep(ctx, delay(attempt, known.RetryAfter)); err != nil {
			return nil
		}
	}
}

// attempt sets one call's worst case aside, calls, and stores what came of it. It
// returns the provider's failure; nil where nothing more is to be done for the cell
// in this run.
func (r *runner) attempt(ctx context.Context, cell eval.Cell, arm eval.Arm, number int) (failure, err error) {
	task, err := r.asked(ctx, cell)
	if err != nil {
		return nil, unlessOver(ctx, err)
	}
	endpoint := r.Endpoints[arm.Provider]
	var worst audit.NanoUSD
	if endpoint.Origin() == eval.Measured {
		price, _ := r.Price(arm)
		worst = WorstCase(task, arm, price)
	}
	err = r.reserve(ctx, cell, worst, endpoint.Timeout)
	switch {
	case errors.Is(err, eval.ErrBudgetExhausted):
		r.count(func() { r.summary.BudgetExhausted = true })
		return nil, nil
	case errors.Is(err, eval.ErrClaimed):
		r.count(func() { r.summary.Claimed++ })
		return nil, nil
	case err != nil:
		return nil, unlessOver(ctx, err)
	}
	defer r.flight.land()
	// A call under way is paid for: it is awaited and kept also when the run is
	// interrupted meanwhile.
	keep := context.WithoutCancel(ctx)
	answer, failure := endpoint.Answer(keep, provider.Request{Task: task, Arm: arm})
	if failure != nil {
		return failure, r.Store.Release(keep, cell, failedCall(failure, worst), time.Now())
	}
	response := r.response(cell, arm, endpoint.Origin(), answer, number)
	unknown := worst
	if response.Cost != nil {
		unknown = 0
	}
	err = r.Store.SaveResponse(keep, cell, response, unknown, time.Now())
	if errors.Is(err, eval.ErrClaimed) { // an answer was imported meanwhile
		r.count(func() { r.summary.Claimed++ })
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	r.count(func() {
		r.inARow[arm.Provider] = 0
		if r.completes(cell) {
			r.summary.Answered++
		}
		if response.Cost != nil && response.Origin == eval.Measured {
			r.summary.Spent += *response.Cost
		}
	})
	return nil, nil
}

// unlessOver drops an error that only says that the run is over.
func unlessOver(ctx context.Context, err error) error {
	if ctx.Err() != nil {
		return nil
	}
	return err
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

// reserve sets a call's worst case aside. Where the cap does not allow it now it
// waits for a call under way to come back: that costs less than its worst case,
// most often much less.
func (r *runner) reserve(ctx context.Context, cell eval.Cell, worst audit.NanoUSD, timeout time.Duration) error {
	for {
		landed, err := r.flight.start(func() error {
			now := time.Now()
			return r.Store.Reserve(ctx, cell, worst, r.cap, now, now.Add(timeout+claimMargin))
		})
		if landed == nil || !errors.Is(err, eval.ErrBudgetExhausted) {
			return err
		}
		select {
		case <-landed:
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}

// stopped says whether nothing more is sent to a provider.
func (r *runner) stopped(name string) bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.summary.BudgetExhausted || r.inARow[name] >= deadAfter
}

// count changes the summary and reports progress.
func (r *runner) count(change func()) {
	r.mu.Lock()
	defer r.mu.Unlock()
	change()
	r.progress.Done = r.summary.Answered
	r.progress.Failed, r.progress.Spent = r.summary.Failed, r.summary.Spent
	if r.Progress != nil {
		r.Progress(r.progress)
	}
}

func (r *runner) failed(name string, failure error) {
	r.count(func() {
		r.summary.Failed++
		var known *provider.Error
		if errors.As(failure, &known) && (known.Temporary || known.Cause == provider.CauseAccount) {
			r.inARow[name]++
		}
		r.say(failure.Error())
		if r.inARow[name] == deadAfter {
			r.say(fmt.Sprintf("provider %q failed %d times in a row and is left alone for this run; the others go on", name, deadAfter))
		}
	})
}

// say keeps a message once.
func (r *runner) say(message string) {
	const most = 10
	if r.said[message] || len(r.summary.Failures) >= most {
		return
	}
	r.said[message] = true
	r.summary.Failures = append(r.summary.Failures, message)
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
	ceiling := min(maxDelay, baseDelay<<(attempt-1))
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
