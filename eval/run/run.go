package run

import (
	"context"
	"fmt"
	"iter"
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
	Concurrency int // calls in flight, of all providers together, until their answers are stored
	// Limits holds what the endpoints allow over several processes; nil: this one is alone.
	Limits LimitStore
	Worker string // this process among those; empty: it has no name
	// Wait is how long a provider may go without an answer, while there is nothing else
	// to do, before its calls are left open; 0: some minutes, some seconds for one that
	// has not answered in this run at all, and no time where the key or the credit is
	// refused. While other providers are at work each is tried again all the time.
	Wait     time.Duration
	Price    func(arm eval.Arm) (audit.Price, bool)
	Progress func(Progress) // called now and then, from one goroutine at a time; may be nil
	// Notice is told when a provider has not answered for a while, and when it does
	// again; may be nil.
	Notice func(string)
}

// An Endpoint is a provider with the limits it is used under; 0: none.
type Endpoint struct {
	provider.Provider
	RequestsPerMinute int
	TokensPerMinute   int           // of requests and answers
	Concurrency       int           // calls in flight, within those of the run
	Timeout           time.Duration // of one attempt, which the provider itself ends
}

// NewEndpoint is a provider under the limits of its configuration.
func NewEndpoint(answering provider.Provider, known eval.Provider) Endpoint {
	return Endpoint{
		Provider: answering, RequestsPerMinute: known.RequestsPerMinute, TokensPerMinute: known.TokensPerMinute,
		Concurrency: known.Concurrency, Timeout: known.Timeout(),
	}
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
	LeftAlone       []string // providers that did not answer any more
	Failures        []string // each message once, at most ten
}

// A runner is one run.
type runner struct {
	Options
	gates    map[string]*gate // by provider
	activity *activity
	slots    chan struct{} // calls in flight, until their answers are stored
	cap      audit.NanoUSD // the smaller of budget and run cap, over what is committed in all
	flight   flight
	shared   bool               // it is one of several workers
	stop     context.CancelFunc // nothing more is sent

	mu       sync.Mutex
	summary  Summary
	said     map[string]bool
	progress Progress
	told     time.Time // when Progress was called
}

// Run answers a week's open cells. Every answer is stored as it arrives. When the
// context ends nothing new is sent, and what is under way, which is paid for, is
// awaited and kept. It returns an error where a run makes no sense (an unknown
// provider, a model without a price) or storage fails; cells that could not be
// answered are counted in the summary.
func Run(ctx context.Context, options Options) (Summary, error) {
	r := newRunner(options)
	lanes, err := r.prepare(ctx)
	if err != nil {
		return r.summary, err
	}
	r.count(func() {}) // how much there is to do
	group, ctx := errgroup.WithContext(ctx)
	ctx, r.stop = context.WithCancel(ctx)
	defer r.stop()
	for range lanes {
		r.activity.begin() // all of them before one may find that nothing goes on
	}
	for _, lane := range lanes {
		group.Go(func() error { return r.feed(ctx, group, lane) })
	}
	err = group.Wait()
	r.summary.Skipped = r.summary.Total - r.summary.Answered - r.summary.Failed
	return r.summary, err
}

func newRunner(options Options) *runner {
	r := &runner{
		Options: options, gates: map[string]*gate{}, activity: newActivity(), cap: options.Budget, said: map[string]bool{},
		slots: make(chan struct{}, max(1, options.Concurrency)),
	}
	for name, endpoint := range r.Endpoints {
		r.gates[name] = newGate(name, endpoint, options, r.activity)
	}
	return r
}

// prepare refuses what could not be paid or answered before anything is sent, and
// counts the cells. It returns the lanes that they are in.
func (r *runner) prepare(ctx context.Context) (lanes []string, err error) {
	checked, known := map[string]bool{}, map[string]bool{}
	for cell, err := range r.Store.EachOpenCell(ctx, r.Week) {
		if err != nil {
			return nil, err
		}
		r.summary.Total++
		if checked[cell.Arm] {
			continue
		}
		checked[cell.Arm] = true
		arm, ok := r.Protocol.Arm(cell.Arm)
		if !ok {
			return nil, fmt.Errorf("arm %q is not in the locked protocol", cell.Arm)
		}
		if err := r.checkCalls(arm); err != nil {
			return nil, err
		}
		if lane := laneOf(arm); !known[lane] {
			known[lane] = true
			lanes = append(lanes, lane)
		}
	}
	r.progress.Total = r.summary.Total
	if r.RunCap == nil {
		return lanes, nil
	}
	committed, err := r.Store.Committed(ctx)
	if err != nil {
		return nil, err
	}
	r.cap = min(r.Budget, committed+*r.RunCap)
	return lanes, nil
}

// laneOf names the queue of an arm's cells. Each provider has its own, so that one that
// is slow or dead holds up no other; a pipeline is in that of its first step.
func laneOf(arm eval.Arm) string { return arm.Calls()[0].Provider }

// feed has a lane's cells answered, in their order, as many at once as may be in flight.
func (r *runner) feed(ctx context.Context, group *errgroup.Group, lane string) error {
	defer r.activity.end()
	// Each call grows its goroutine's stack several times, so that they are kept for the next.
	calls := make(chan openCall)
	defer close(calls)
	idle := 2 * cap(r.slots) // are not started yet; some of them reserve
	for asked, err := range r.openCalls(ctx, lane) {
		if err != nil {
			return unlessOver(ctx, err)
		}
		if ctx.Err() != nil || r.leftAlone(lane) {
			return nil
		}
		if idle > 0 {
			select {
			case calls <- asked:
				continue
			default:
				group.Go(func() error { return r.answer(ctx, calls) })
				idle--
			}
		}
		r.activity.rest()
		select {
		case calls <- asked:
		case <-ctx.Done():
		}
		r.activity.resume()
	}
	return nil
}

// answer answers cells until no more come.
func (r *runner) answer(ctx context.Context, calls <-chan openCall) error {
	for asked := range calls {
		r.activity.begin()
		err := r.cell(ctx, asked.cell, asked.task)
		r.activity.end()
		if err != nil {
			return err
		}
	}
	return nil
}

// An openCall is a cell to be answered, with its task.
type openCall struct {
	cell eval.Cell
	task audit.Task
}

// tasksAhead is how many tasks are read at a time.
const tasksAhead = 32

// openCalls gives a lane's open cells in their order. An error is the last that comes.
func (r *runner) openCalls(ctx context.Context, lane string) iter.Seq2[openCall, error] {
	return func(yield func(openCall, error) bool) {
		var cells []eval.Cell
		var ids []string // of their tasks: arms answer a task one after the other
		give := func() (more bool) {
			tasks, err := r.Store.Tasks(ctx, ids)
			if err != nil {
				yield(openCall{}, err)
				return false
			}
			for i, at := 0, 0; i < len(cells); i++ {
				if cells[i].TaskID != ids[at] {
					at++
				}
				if !yield(openCall{cells[i], tasks[at]}, nil) {
					return false
				}
			}
			cells, ids = cells[:0], ids[:0]
			return true
		}
		for cell, err := range r.Store.EachOpenCell(ctx, r.Week) {
			if err != nil {
				yield(openCall{}, err)
				return
			}
			if arm, _ := r.Protocol.Arm(cell.Arm); laneOf(arm) != lane {
				continue
			}
			if len(ids) == 0 || ids[len(ids)-1] != cell.TaskID {
				if len(ids) == tasksAhead && !give() {
					return
				}
				ids = append(ids, cell.TaskID)
			}
			cells = append(cells, cell)
		}
		if len(ids) > 0 {
			give()
		}
	}
}

// cell answers one cell. Only storage failures are errors.
func (r *runner) cell(ctx context.Context, cell eval.Cell, task audit.Task) error {
	arm, _ := r.Protocol.Arm(cell.Arm)
	if Several(r.Protocol, arm) {
		return r.sequence(ctx, cell, arm, task)
	}
	return r.call(ctx, cell, arm, task)
}

// leftAlone says whether nothing more is sent to a provider in this run.
func (r *runner) leftAlone(name string) bool {
	g, ok := r.gates[name]
	if !ok {
		return false
	}
	g.mu.Lock()
	defer g.mu.Unlock()
	return g.leftAlone
}

// unlessOver drops an error that only says that the run is over.
func unlessOver(ctx context.Context, err error) error {
	if ctx.Err() != nil {
		return nil
	}
	return err
}

// progressPause is that between two reports of progress: all calls wait for one.
const progressPause = 100 * time.Millisecond

// count changes the summary and reports progress: at first, at the end, and now and then.
func (r *runner) count(change func()) {
	r.mu.Lock()
	defer r.mu.Unlock()
	change()
	r.progress.Done = r.summary.Answered
	r.progress.Failed, r.progress.Spent = r.summary.Failed, r.summary.Spent
	if r.Progress == nil {
		return
	}
	now, ended := time.Now(), r.progress.Done+r.progress.Failed >= r.progress.Total
	if ended || now.Sub(r.told) >= progressPause {
		r.told = now
		r.Progress(r.progress)
	}
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

// UnknownPrice says what to do about an arm whose cost cannot be capped.
func UnknownPrice(arm eval.Arm) error {
	return fmt.Errorf("the price of model %q is not known, so its cost cannot be capped; add it under prices of provider %q in modeltrial.yaml (0 for a model of your own)", arm.Model, arm.Provider)
}
