package run

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"sync"
	"time"

	"golang.org/x/time/rate"

	"modeltrial/audit"
	"modeltrial/eval/provider"
)

// The rules by which calls are let through to a provider.
const (
	// deadAfter is the number of failed attempts in a row after which a provider counts
	// as dead. Then one call at a time tries whether it is back.
	deadAfter = 5
	// firstPause and longestPause are those between such tries; each is twice the one
	// before, less up to half at random.
	firstPause   = time.Second
	longestPause = 5 * time.Minute
	// defaultWait is how long a provider may go without an answer while no other is
	// working, before its calls are left open for the next run.
	defaultWait = 5 * time.Minute
	// firstWait is the same for one that has not answered in this run at all and may be
	// configured wrongly.
	firstWait = 5 * time.Second
	// longAbsence is the pause from which people are told.
	longAbsence = 10 * time.Second
)

// errLeftAlone says that a provider's calls are left open for the next run.
var errLeftAlone = errors.New("the provider is left alone for this run")

// A gate lets calls through to one provider: as many at once as it bears, found by
// additive increase and multiplicative decrease as in TCP (RFC 5681, section 3.1), no
// more requests and tokens a minute than are configured or its headers leave, none
// while it asks to be left alone, and one at a time to see whether it is back after it
// has died (circuit breaker; Nygard, "Release It!", 2nd edition, section 5.2).
type gate struct {
	name     string
	wait     time.Duration // as the options say; 0: defaultWait and firstWait
	ceiling  float64       // most calls at once
	requests *rate.Limiter // nil: no limit
	tokens   *rate.Limiter // nil: no limit
	shared   LimitStore    // with other processes; nil: the limits are this one's alone
	place    Place         // of each call there
	longest  time.Duration // that a call holds its place
	activity *activity
	notice   func(string) // may be nil

	mu        sync.Mutex
	limit     float64 // calls at once for now
	threshold float64 // up to which the limit doubles in each round
	inFlight  int
	flying    int64           // expected tokens of those
	waiting   []chan struct{} // oldest first

	shut      bool          // it counts as dead
	probing   bool          // a call tries whether it is back
	pause     time.Duration // between tries
	notBefore time.Time     // nothing is sent earlier
	failures  int           // in a row
	refusals  int           // in a row for being asked too much
	slowedAt  time.Time     // when the limit was halved
	answered  bool          // in this run
	account   bool          // the last failure is of the key or the credit
	since     time.Time     // of the first failure after an answer; zero: there is none
	noticed   bool          // that it does not answer
	leftAlone bool

	startedRequests, startedTokens int64 // in all
	requestWindow, tokenWindow     window
	expected, used                 int64 // tokens of answered calls
}

func newGate(name string, endpoint Endpoint, options Options, activity *activity) *gate {
	// Half as many more are let through as may be in flight, to be reserved meanwhile.
	ceiling := max(options.Concurrency, 1) * 3 / 2
	if endpoint.Concurrency > 0 {
		ceiling = min(ceiling, endpoint.Concurrency)
	}
	g := &gate{
		name: name, wait: options.Wait, notice: options.Notice, ceiling: float64(ceiling), limit: float64(ceiling), threshold: float64(ceiling), activity: activity,
	}
	place := Place{
		Provider: name, Worker: options.Worker, RequestsPerMinute: endpoint.RequestsPerMinute, TokensPerMinute: endpoint.TokensPerMinute,
		Concurrency: endpoint.Concurrency,
	}
	if options.Limits != nil && place.limited() {
		g.shared, g.place = options.Limits, place
		g.longest = 2*endpoint.Timeout + claimMargin
		return g
	}
	g.requests = perMinute(endpoint.RequestsPerMinute, 1) // evenly spaced
	g.tokens = perMinute(endpoint.TokensPerMinute, max(endpoint.TokensPerMinute/TokenBurst, 1))
	return g
}

// TokenBurst is the part of a minute's tokens that may be used at once: a sixth.
const TokenBurst = 6

// perMinute is a limiter that lets n events a minute through; nil where n is 0.
func perMinute(n, burst int) *rate.Limiter {
	if n <= 0 {
		return nil
	}
	return rate.NewLimiter(rate.Limit(n)/60, burst)
}

// A passage is a call that a gate has let through.
type passage struct {
	began            time.Time
	requests, tokens int64 // started up to it that the provider has counted for certain
	expected         int64 // its tokens
	probe            bool
	place            string // the id of that among those of all processes; empty: none
}

// enter waits until a call of about so many tokens may be made. It returns
// errLeftAlone where the provider is given up, and the context's error. The caller
// ends the passage by leave.
func (g *gate) enter(ctx context.Context, expected int64) (passage, error) {
	for {
		g.mu.Lock()
		if g.leftAlone {
			g.mu.Unlock()
			return passage{}, errLeftAlone
		}
		until, why := g.hindrance(time.Now(), expected)
		if why == free {
			p := g.admit(expected)
			g.mu.Unlock()
			if err := g.pace(ctx, &p); err != nil {
				g.leave(p, unused, 0)
				return passage{}, err
			}
			return p, nil
		}
		woken := make(chan struct{})
		g.waiting = append(g.waiting, woken)
		g.mu.Unlock()
		var err error
		if why == full {
			select {
			case <-woken:
			case <-ctx.Done():
				err = ctx.Err()
			}
		} else {
			err = g.rest(ctx, until, woken)
		}
		g.pass(woken)
		if err != nil {
			return passage{}, err
		}
	}
}

// rest waits for a provider that does not answer, until a time or until woken. It
// returns errLeftAlone where that would be too long and nothing else is to be done.
func (g *gate) rest(ctx context.Context, until time.Time, woken <-chan struct{}) error {
	stalled := g.activity.rest()
	defer g.activity.resume()
	var timeout <-chan time.Time // never, where it waits for a try
	if !until.IsZero() {
		timer := time.NewTimer(time.Until(until))
		defer timer.Stop()
		timeout = timer.C
	}
	for {
		select {
		case <-stalled:
			if g.giveUp(until) {
				return errLeftAlone
			}
			stalled = nil
		case <-timeout:
			return nil
		case <-woken:
			return nil
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}

// giveUp leaves the provider alone where waiting until a time is more than a run waits.
func (g *gate) giveUp(until time.Time) bool {
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.leftAlone {
		return true
	}
	since := g.since
	if since.IsZero() {
		since = time.Now()
	}
	if until.IsZero() || until.Sub(since) <= g.patience() {
		return false
	}
	g.leftAlone = true
	g.wake(len(g.waiting))
	return true
}

// patience is how long the provider may go without an answer while nothing else works.
func (g *gate) patience() time.Duration {
	switch {
	case g.wait > 0:
		return g.wait
	case g.account:
		return 0
	case g.shut && !g.answered:
		return firstWait
	}
	return defaultWait
}

// A hindrance is why a call may not be made yet.
type hindrance int

const (
	free   hindrance = iota
	full             // enough calls are under way
	paused           // the provider is dead or asks to be left alone until a time
)

// hindrance says what keeps a call from being made, and until when; zero: until woken.
func (g *gate) hindrance(now time.Time, expected int64) (until time.Time, why hindrance) {
	switch {
	case now.Before(g.notBefore):
		return g.notBefore, paused
	case g.shut && g.probing:
		return time.Time{}, paused
	case g.inFlight >= max(int(g.limit), 1):
		return time.Time{}, full
	}
	enough := latest(g.requestWindow.enough(now, 1), g.tokenWindow.enough(now, expected))
	if enough.After(now) {
		return enough, paused
	}
	return time.Time{}, free
}

func (g *gate) admit(expected int64) passage {
	if g.expected > 0 && g.used > 0 { // learn how long answers are
		expected = max(expected*g.used/g.expected, 1)
	}
	// Calls on their way may reach the provider after this one.
	requests, tokens := g.startedRequests-int64(g.inFlight)+1, g.startedTokens-g.flying+expected
	g.inFlight++
	g.flying += expected
	g.startedRequests++
	g.startedTokens += expected
	g.requestWindow.left--
	g.tokenWindow.left -= float64(expected)
	g.probing = g.probing || g.shut
	return passage{began: time.Now(), requests: requests, tokens: tokens, expected: expected, probe: g.shut}
}

// pace waits for the configured requests and tokens a minute.
func (g *gate) pace(ctx context.Context, p *passage) error {
	if g.shared != nil {
		place := g.place
		place.Tokens, place.Until = p.expected, time.Now().Add(g.longest)
		var err error
		if p.place, err = take(ctx, g.shared, place); err != nil {
			return err
		}
	}
	if g.requests != nil {
		if err := g.requests.Wait(ctx); err != nil {
			return err
		}
	}
	if g.tokens == nil {
		return ctx.Err()
	}
	tokens := p.expected
	for most := int64(g.tokens.Burst()); tokens > 0; tokens -= most {
		if err := g.tokens.WaitN(ctx, int(min(tokens, most))); err != nil {
			return err
		}
	}
	return nil
}

// A result is what came of a passage.
type result int

const (
	unused     result = iota // nothing was sent
	answered                 // as asked
	refused                  // an answer of another kind: the provider is alive
	overloaded               // it was asked too much
	failed                   // no answer
	noAccount                // the key or the credit is refused
	nobody                   // nobody is there
)

// resultOf sorts a failure.
func resultOf(failure error) result {
	known, ok := errors.AsType[*provider.Error](failure)
	switch {
	case failure == nil:
		return answered
	case !ok, known.Unusable:
		return refused
	case known.Overloaded():
		return overloaded
	case known.Cause == provider.CauseAccount:
		return noAccount
	case known.Dead:
		return nobody
	case known.Temporary:
		return failed
	}
	return refused
}

// leave ends a passage. asked is the wait that the provider asked for. It says whether
// the result is the call's own: not where the provider counted as dead before.
func (g *gate) leave(p passage, r result, asked time.Duration) (own bool) {
	if g.shared != nil {
		leave(g.shared, p.place)
	}
	g.mu.Lock()
	defer g.mu.Unlock()
	now := time.Now()
	g.inFlight--
	g.flying -= p.expected
	if p.probe {
		g.probing = false
	}
	own = !g.shut
	switch r {
	case unused:
	case answered, refused:
		g.alive(r == answered)
	case overloaded:
		g.slow(p, now, asked)
	case failed, noAccount, nobody:
		g.fail(p, now, r)
	}
	if now.Before(g.notBefore) {
		g.wake(len(g.waiting)) // to wait until then
	} else {
		g.wake(max(int(g.limit)-g.inFlight, 1))
	}
	return own
}

// alive opens the gate after an answer.
func (g *gate) alive(grow bool) {
	if g.shut {
		g.shut, g.notBefore = false, time.Time{}
	}
	if g.noticed {
		g.noticed = false
		g.tell("provider %q answers again", g.name)
	}
	g.failures, g.refusals, g.pause, g.account, g.since = 0, 0, 0, false, time.Time{}
	g.answered = true
	switch {
	case !grow:
	case g.limit < g.threshold:
		g.limit++
	default:
		g.limit += 1 / g.limit
	}
	g.limit = min(g.limit, g.ceiling)
}

// slow halves the calls at once, and sends nothing for as long as the provider asks, or
// for an exponential pause with full jitter. Of calls that were under way together the
// first alone does so: the others say the same of the same moment.
func (g *gate) slow(p passage, now time.Time, asked time.Duration) {
	if g.since.IsZero() {
		g.since = now
	}
	if !p.began.Before(g.slowedAt) {
		g.refusals++
		g.slowedAt = now
		g.limit = max(g.limit/2, 1)
		g.threshold = g.limit
		g.notBefore = latest(g.notBefore, now.Add(delay(g.refusals, asked)))
	} else if asked > 0 {
		g.notBefore = latest(g.notBefore, now.Add(asked))
	}
	g.noticeDead(now)
}

func (g *gate) fail(p passage, now time.Time, r result) {
	if g.since.IsZero() {
		g.since = now
	}
	g.failures++
	g.account = r == noAccount
	switch {
	case g.shut && p.probe:
		g.pause = min(2*g.pause, longestPause)
	case !g.shut && (g.failures >= deadAfter || r == nobody):
		g.shut, g.pause = true, firstPause
		g.threshold, g.limit = g.limit, 1
	default:
		return
	}
	g.notBefore = latest(g.notBefore, now.Add(g.pause-rand.N(g.pause/2)))
	g.noticeDead(now)
}

// noticeDead says once that a provider does not answer, unless it may be back soon.
func (g *gate) noticeDead(now time.Time) {
	if wait := g.notBefore.Sub(now); wait >= longAbsence && !g.noticed {
		g.noticed = true
		g.tell("provider %q has not answered since %s and is tried again at growing intervals", g.name, g.since.Format(time.TimeOnly))
	}
}

func (g *gate) tell(format string, arguments ...any) {
	if g.notice != nil {
		g.notice(fmt.Sprintf(format, arguments...))
	}
}

// report takes what the provider's headers say of its limits. Calls that were under way
// with the one that it answers, or started after it, may not be counted in it yet.
func (g *gate) report(p passage, limits []provider.RateLimit) {
	g.mu.Lock()
	defer g.mu.Unlock()
	now := time.Now()
	var requests, tokens bool
	for _, limit := range limits {
		if limit.Tokens {
			g.tokenWindow.take(now, limit, float64(g.startedTokens-p.tokens), tokens)
			tokens = true
		} else {
			g.requestWindow.take(now, limit, float64(g.startedRequests-p.requests), requests)
			requests = true
		}
	}
}

// watch is a context for a call whose answer's headers the gate heeds.
func (g *gate) watch(ctx context.Context, p passage) context.Context {
	return provider.WithRateLimits(ctx, func(limits []provider.RateLimit) { g.report(p, limits) })
}

// settle learns from an answer how many tokens calls take.
func (g *gate) settle(p passage, used audit.Tokens) {
	if used.Input == nil || used.Output == nil {
		return
	}
	g.mu.Lock()
	defer g.mu.Unlock()
	g.expected += p.expected
	g.used += *used.Input + *used.Output
}

// wake lets the oldest that wait look again.
func (g *gate) wake(n int) {
	n = min(n, len(g.waiting))
	for _, woken := range g.waiting[:n] {
		close(woken)
	}
	g.waiting = slices.Delete(g.waiting, 0, n)
}

// pass ends a wait that may not have ended by wake.
func (g *gate) pass(woken chan struct{}) {
	g.mu.Lock()
	defer g.mu.Unlock()
	if at := slices.Index(g.waiting, woken); at >= 0 {
		g.waiting = slices.Delete(g.waiting, at, at+1)
	}
}

func latest(x, y time.Time) time.Time {
	if x.After(y) {
		return x
	}
	return y
}

// A window is what is left of a limit, by the provider's own count, refilled evenly.
// The zero window limits nothing.
type window struct {
	left    float64
	at      time.Time // of left
	perUnit time.Duration
	resetAt time.Time // when all of it is there again
	whole   float64
}

// take notes what a header says, less what it cannot count yet. more is set for another
// limit of the same answer: the tighter of two counts.
func (w *window) take(now time.Time, limit provider.RateLimit, uncounted float64, more bool) {
	if limit.Reset <= 0 {
		return
	}
	said := window{left: float64(limit.Remaining) - uncounted, at: now, resetAt: now.Add(limit.Reset), whole: float64(limit.Limit)}
	if limit.Limit > limit.Remaining {
		said.perUnit = limit.Reset / time.Duration(limit.Limit-limit.Remaining)
	}
	if more && w.left < said.left {
		return
	}
	*w = said
}

// enough is when n will be there.
func (w *window) enough(now time.Time, n int64) time.Time {
	if !now.Before(w.resetAt) {
		return now // nothing is known of the time after the reset
	}
	need := float64(n)
	if w.whole > 0 {
		need = min(need, w.whole)
	}
	if w.left >= need {
		return now
	}
	if w.perUnit == 0 {
		return w.resetAt
	}
	at := w.at.Add(time.Duration((need - w.left) * float64(w.perUnit)))
	if at.After(w.resetAt) {
		return w.resetAt
	}
	return at
}
