// Package categorise asks a model over the network which category a task belongs to:
// for the few that the local categoriser is unsure of. What is sent, what it may cost
// and how replies are read is here; calls, retries and caps are those of eval/run.
package categorise

import (
	"context"
	"fmt"
	"iter"
	"math"
	"sync"
	"time"

	"modeltrial/audit"
	"modeltrial/eval"
	"modeltrial/eval/provider"
	"modeltrial/eval/run"
)

// A Store keeps what categorising needs. Package store satisfies it by a thin
// wrapper in the command.
type Store interface {
	// Task reads one task; eval.ErrNotFound where there is none.
	Task(ctx context.Context, id string) (audit.Task, error)
	// CategorySpend is what all such calls have cost, at worst where it is not known.
	CategorySpend(ctx context.Context) (audit.NanoUSD, error)
	// Reserve sets a call's worst case aside and claims the task until a time. It
	// returns eval.ErrBudgetExhausted and eval.ErrClaimed as [run.Store] does.
	Reserve(ctx context.Context, taskID, model string, worstCase, budget audit.NanoUSD, now, until time.Time) error
	// SaveModelCategory ends a call with the model's category.
	SaveModelCategory(ctx context.Context, taskID string, category audit.Category, cost audit.NanoUSD) error
	// FailCategoryCall ends a call that gave none.
	FailCategoryCall(ctx context.Context, taskID string, cost audit.NanoUSD, reason string) error
}

// Options are what a run takes.
type Options struct {
	Store       Store
	TaskIDs     []string // the tasks to ask about
	Categories  []eval.CategoryConfig
	Arm         eval.Arm // the model to ask; its system message is replaced
	Endpoint    run.Endpoint
	Price       audit.Price   // of Arm
	Cap         audit.NanoUSD // the most that this run may spend
	Concurrency int
	Progress    func(run.Progress) // called from one goroutine at a time; may be nil
}

// A Summary is what a run did.
type Summary struct {
	run.Summary
	// Malformed counts the tasks to which every reply was no category; they stay as
	// the local categoriser left them.
	Malformed int
}

// defaultMaxOutput is the longest reply, in tokens, where the configuration has none:
// a name in JSON, and some room for a model that thinks aloud.
const defaultMaxOutput = 200

func (o Options) arm() eval.Arm {
	arm := o.Arm
	arm.Name = "categoriser"
	arm.Parameters.System = ""
	if arm.Parameters.MaxOutputTokens == nil {
		arm.Parameters.MaxOutputTokens = new(int64(defaultMaxOutput))
	}
	return arm
}

// Estimate is what asking once about every task will probably cost, and at most. A
// reply that cannot be read is asked for again, which the cap of the run holds too.
func Estimate(ctx context.Context, o Options) (expected, worst audit.NanoUSD, err error) {
	arm, text := o.arm(), instruction(o.Categories)
	for _, id := range o.TaskIDs {
		task, err := o.Store.Task(ctx, id)
		if err != nil {
			return 0, 0, err
		}
		asked := question(task, text)
		expected += run.Expected(asked, arm, o.Price)
		worst += run.WorstCase(asked, arm, o.Price)
	}
	return expected, worst, nil
}

// Run asks about every task, each up to five times. Every category is stored as it
// arrives. It returns an error where storage fails; what could not be categorised is
// counted in the summary, and can be asked about by another run.
func Run(ctx context.Context, o Options) (Summary, error) {
	arm := o.arm()
	calls := &calls{
		Options: o, arm: arm, text: instruction(o.Categories), schema: schema(o.Categories),
		lost: map[string]audit.NanoUSD{}, malformed: map[string]bool{},
	}
	endpoint := o.Endpoint
	calls.next, endpoint.Provider = endpoint.Provider, calls
	summary, err := run.Run(ctx, run.Options{
		Store: calls, Protocol: eval.Protocol{Arms: []eval.Arm{arm}}, Week: 1,
		Budget: math.MaxInt64, RunCap: &o.Cap,
		Endpoints:   map[string]run.Endpoint{arm.Provider: endpoint},
		Concurrency: o.Concurrency,
		Price:       func(eval.Arm) (audit.Price, bool) { return o.Price, true },
		Progress:    o.Progress,
	})
	return Summary{Summary: summary, Malformed: len(calls.malformed)}, err
}

// calls is to eval/run the store of a pilot of one arm, and its provider.
type calls struct {
	Options
	arm    eval.Arm
	text   string
	schema *provider.Schema
	next   provider.Provider

	mu        sync.Mutex
	lost      map[string]audit.NanoUSD // what a reply cost that could not be read
	malformed map[string]bool          // tasks without another reply so far
}

// Origin is the provider's.
func (c *calls) Origin() eval.ResponseOrigin { return c.next.Origin() }

// Answer asks in JSON, and makes a failure that is worth another attempt of a reply
// that names no category.
func (c *calls) Answer(ctx context.Context, request provider.Request) (provider.Answer, error) {
	request.Schema = c.schema
	answer, err := c.next.Answer(ctx, request)
	if err != nil {
		return answer, err
	}
	if _, err := readReply(answer.Text, c.Categories); err != nil {
		c.mu.Lock()
		defer c.mu.Unlock()
		c.malformed[request.Task.ID] = true
		if cost, known := c.cost(answer.Cost, answer.Tokens); known {
			c.lost[request.Task.ID] = cost
		}
		const atOnce = time.Millisecond // nobody is overloaded
		return answer, &provider.Error{Provider: c.arm.Provider, Temporary: true, Unusable: true, RetryAfter: atOnce, Msg: err.Error()}
	}
	return answer, nil
}

func (c *calls) cost(said *audit.NanoUSD, tokens audit.Tokens) (audit.NanoUSD, bool) {
	if said != nil {
		return *said, true
	}
	return c.Price.Cost(tokens)
}

// EachOpenCell gives the tasks to ask about.
func (c *calls) EachOpenCell(context.Context, int) iter.Seq2[eval.Cell, error] {
	return func(yield func(eval.Cell, error) bool) {
		for _, id := range c.TaskIDs {
			if !yield(eval.Cell{TaskID: id, Arm: c.arm.Name, Week: 1}, nil) {
				return
			}
		}
	}
}

// Tasks are the questions about tasks.
func (c *calls) Tasks(ctx context.Context, ids []string) ([]audit.Task, error) {
	return run.OneByOne(ids, func(id string) (audit.Task, error) {
		task, err := c.Store.Task(ctx, id)
		return question(task, c.text), err
	})
}

// Reserve passes on.
func (c *calls) Reserve(ctx context.Context, cell eval.Cell, worstCase, budget audit.NanoUSD, now, until time.Time) error {
	return c.Store.Reserve(ctx, cell.TaskID, c.arm.Model, worstCase, budget, now, until)
}

// SaveResponse stores the category of a reply, which Answer has found to have one.
func (c *calls) SaveResponse(ctx context.Context, cell eval.Cell, response eval.Response, lost audit.NanoUSD, _ time.Time) error {
	category, err := readReply(response.Text, c.Categories)
	if err != nil {
		return fmt.Errorf("task %q: %w", cell.TaskID, err)
	}
	cost := lost
	if response.Cost != nil {
		cost += *response.Cost
	}
	c.mu.Lock()
	delete(c.malformed, cell.TaskID)
	c.mu.Unlock()
	return c.Store.SaveModelCategory(ctx, cell.TaskID, category, cost)
}

// Release keeps what a failed call cost: the reply's price where there was one that
// could not be read, else what is lost at worst.
func (c *calls) Release(ctx context.Context, cell eval.Cell, failure eval.FailedCall, _ time.Time) error {
	c.mu.Lock()
	cost, known := c.lost[cell.TaskID]
	delete(c.lost, cell.TaskID)
	c.mu.Unlock()
	if !known {
		cost = failure.Lost
	}
	return c.Store.FailCategoryCall(ctx, cell.TaskID, cost, failure.Reason)
}

// Committed is what all calls have cost.
func (c *calls) Committed(ctx context.Context) (audit.NanoUSD, error) {
	return c.Store.CategorySpend(ctx)
}
