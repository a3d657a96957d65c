package run

import (
	"context"
	"crypto/rand"
	"encoding/hex"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"

	"modeltrial/audit"
	"modeltrial/eval"
	"modeltrial/eval/provider"
)

// A BatchStore keeps what handing in and collecting batches needs, beside [Store].
// Package store satisfies it.
type BatchStore interface {
	Store
	StepStore
	// OpenCells lists what EachOpenCell gives.
	OpenCells(ctx context.Context, week int) ([]eval.Cell, error)
	// BeginProviderBatch claims the calls of a batch and sets their worst cases aside
	// before it is handed in. It returns those that are in it, numbered from 0, and
	// whether the budget left some out.
	BeginProviderBatch(ctx context.Context, batch eval.ProviderBatch, items []eval.BatchItem, budget audit.NanoUSD, now time.Time) (in []eval.BatchItem, exhausted bool, err error)
	// HandedIn keeps the provider's id of a batch.
	HandedIn(ctx context.Context, id, remote string) error
	// OpenProviderBatches are those whose answers are not collected.
	OpenProviderBatches(ctx context.Context) ([]eval.ProviderBatch, error)
	// OpenBatchItems are the calls of a batch whose answers are not stored.
	OpenBatchItems(ctx context.Context, id string) ([]eval.BatchItem, error)
	// EndProviderBatch closes a batch and gives back the calls that got no answer.
	EndProviderBatch(ctx context.Context, id, why string, failures []eval.BatchFailure, now time.Time) error
}

// BatchOptions are what handing in and collecting batches takes.
type BatchOptions struct {
	Store    BatchStore
	Protocol eval.Protocol
	Week     int                         // whose open calls are handed in; 0 for none
	Budget   audit.NanoUSD               // the protocol's cap for everything together
	RunCap   *audit.NanoUSD              // a lower cap for this time alone; nil: none
	Batches  map[string]provider.Batches // by provider; one that is not here has no batch interface
	Price    func(arm eval.Arm) (audit.Price, bool)
	Progress func(done, total int) // of the calls being handed in; may be nil
}

// A BatchSummary is what became of batches.
type BatchSummary struct {
	Answered  int           // collected and stored
	Failed    int           // gave no answer; the next run may make the call again
	Spent     audit.NanoUSD // on what was collected
	HandedIn  int           // calls
	Waiting   int           // calls of batches that are not done, those just handed in among them
	Unbatched int           // open calls of providers without a batch interface
	// BudgetExhausted says that the cap did not allow every open call.
	BudgetExhausted bool
	Failures        []string // each message once, at most ten
}

// A batcher hands in or collects.
type batcher struct {
	BatchOptions
	summary BatchSummary
	said    map[string]bool
}

func newBatcher(o BatchOptions) *batcher {
	return &batcher{BatchOptions: o, said: map[string]bool{}}
}

// say keeps a message once.
func (b *batcher) say(message string) {
	const most = 10
	if !b.said[message] && len(b.summary.Failures) < most {
		b.said[message] = true
		b.summary.Failures = append(b.summary.Failures, message)
	}
}

// CollectBatches stores the answers of the batches that are done. One of which it is not
// known whether it was handed in is looked for first. It returns an error where storage
// fails; what a provider says is in the summary.
func CollectBatches(ctx context.Context, o BatchOptions) (BatchSummary, error) {
	b := newBatcher(o)
	open, err := o.Store.OpenProviderBatches(ctx)
	if err != nil {
		return b.summary, err
	}
	for _, batch := range open {
		if err := b.collect(ctx, batch); err != nil {
			return b.summary, unlessOver(ctx, err)
		}
	}
	return b.summary, nil
}

func (b *batcher) collect(ctx context.Context, batch eval.ProviderBatch) error {
	items, err := b.Store.OpenBatchItems(ctx, batch.ID)
	if err != nil {
		return err
	}
	batches, ok := b.Batches[batch.Provider]
	if !ok {
		b.summary.Waiting += len(items)
		b.say(fmt.Sprintf("batch %s: provider %q is not in modeltrial.yaml any more, so that its answers cannot be collected; put it back", batch.ID, batch.Provider))
		return nil
	}
	if batch.Remote == "" {
		if batch.Remote, ok, err = b.find(ctx, batches, batch, items); err != nil || !ok {
			return err
		}
	}
	open := map[int]eval.BatchItem{}
	for _, item := range items {
		open[item.Number] = item
	}
	var failures []eval.BatchFailure
	ended, why, failure := batches.Collect(ctx, batch.Remote, func(answer provider.BatchAnswer) error {
		item, ok := open[numberOf(batch.ID, answer.ID)]
		if !ok {
			return nil // of an earlier time that was cut short, or not ours
		}
		delete(open, item.Number)
		if answer.Failure != nil {
			failures = append(failures, b.failed(item, answer.Failure))
			return nil
		}
		return b.save(ctx, batch, item, answer.Answer)
	})
	var known *provider.Error
	switch {
	case failure == nil && !ended:
		b.summary.Waiting += len(items)
		return nil
	case failure == nil:
	case errors.As(failure, &known) && known.Status == 404 && known.Cause == provider.CauseModel:
		// It is gone: deleted there, or its time is over. What it cost is not known.
		why = "the provider does not have it any more: " + known.Error()
		failures = nil
		for _, item := range open {
			failures = append(failures, eval.BatchFailure{Cell: item.Cell, FailedCall: eval.FailedCall{Reason: why, Lost: item.WorstCase}})
		}
		b.summary.Failed += len(open)
		clear(open)
		b.say(why)
	case errors.As(failure, &known): // another time
		b.summary.Waiting += len(open)
		b.say(failure.Error())
		return nil
	default:
		return failure
	}
	for _, item := range open {
		reason := "the batch ended without an answer to this request"
		if why != "" {
			reason = why
		}
		failures = append(failures, b.failed(item, &provider.Error{Provider: batch.Provider, Temporary: true, Dead: true, Msg: reason}))
	}
	return b.Store.EndProviderBatch(context.WithoutCancel(ctx), batch.ID, why, failures, time.Now())
}

// find looks for a batch of which it is not known whether it was handed in. One that was
// not gives its calls back. ok is false where there is nothing to collect.
func (b *batcher) find(ctx context.Context, batches provider.Batches, batch eval.ProviderBatch, items []eval.BatchItem) (remote string, ok bool, err error) {
	remote, unsure, failure := batches.Find(ctx, batch.ID, batch.SubmittedAt)
	switch {
	case failure != nil || unsure:
		b.summary.Waiting += len(items)
		if failure != nil {
			b.say(failure.Error())
		}
		return "", false, nil
	case remote != "":
		return remote, true, b.Store.HandedIn(ctx, batch.ID, remote)
	}
	const why = "the program ended before the batch was handed in"
	failures := make([]eval.BatchFailure, len(items))
	for i, item := range items {
		failures[i] = eval.BatchFailure{Cell: item.Cell, FailedCall: eval.FailedCall{Reason: why}}
	}
	return "", false, b.Store.EndProviderBatch(ctx, batch.ID, why, failures, time.Now())
}

// numberOf is the number of a request of a batch; -1 where the id is another one's.
func numberOf(batch, id string) int {
	number, ours := strings.CutPrefix(id, batch+"-")
	n, err := strconv.Atoi(number)
	if !ours || err != nil {
		return -1
	}
	return n
}

func (b *batcher) failed(item eval.BatchItem, failure *provider.Error) eval.BatchFailure {
	b.summary.Failed++
	b.say(failure.Error())
	return eval.BatchFailure{Cell: item.Cell, FailedCall: failedCall(failure, item.WorstCase)}
}

// save stores an answer, at the batch's price. It has no latency.
func (b *batcher) save(ctx context.Context, batch eval.ProviderBatch, item eval.BatchItem, answer provider.Answer) error {
	response := eval.Response{
		TaskID: item.Cell.TaskID, Arm: item.Cell.Arm, Week: item.Cell.Week, Text: answer.Text, Tokens: answer.Tokens, Cost: answer.Cost,
		ModelServed: answer.ModelServed, Fingerprint: answer.Fingerprint, FinishReason: answer.FinishReason, Attempts: 1, Origin: eval.Measured,
	}
	lost := item.WorstCase
	if response.Cost == nil {
		if price, ok := b.Price(eval.Arm{Name: item.Cell.Arm, Provider: batch.Provider, Model: batch.Model}); ok {
			if cost, err := price.CostOf(audit.Usage{Tokens: answer.Tokens, Batch: true}); err == nil {
				response.Cost = &cost
			}
		}
	}
	if response.Cost != nil {
		lost = 0
	}
	err := b.Store.SaveResponse(context.WithoutCancel(ctx), item.Cell, response, lost, time.Now())
	if errors.Is(err, eval.ErrClaimed) { // an answer was imported meanwhile
		return nil
	}
	if err != nil {
		return err
	}
	b.summary.Answered++
	if response.Cost != nil {
		b.summary.Spent += *response.Cost
	}
	return nil
}

// The most that one batch holds, well within what providers take: calls, and bytes of
// what they are asked.
const (
	batchCalls = 5000
	batchBytes = 64 << 20
)

// A pending batch is one that is being put together.
type pendingBatch struct {
	batch    eval.ProviderBatch
	items    []eval.BatchItem
	requests map[eval.Cell]provider.Request
	bytes    int
}

// SubmitBatches hands in the open calls of a week, each with its worst case set aside at
// the batch's price. Of a cell of several calls it is the next one. It returns an error
// where that makes no sense (no price) or storage fails.
func SubmitBatches(ctx context.Context, o BatchOptions) (BatchSummary, error) {
	b := newBatcher(o)
	limit := o.Budget
	if o.RunCap != nil {
		committed, err := o.Store.Committed(ctx)
		if err != nil {
			return b.summary, err
		}
		limit = min(limit, committed+*o.RunCap)
	}
	cells, err := o.Store.OpenCells(ctx, o.Week)
	if err != nil {
		return b.summary, err
	}
	type key struct{ provider, model string }
	pending := map[key]*pendingBatch{}
	var order []key
	for i, cell := range cells {
		if ctx.Err() != nil || b.summary.BudgetExhausted {
			break
		}
		if o.Progress != nil {
			o.Progress(i, len(cells))
		}
		item, request, batched, err := b.item(ctx, cell)
		if err != nil {
			return b.summary, unlessOver(ctx, err)
		}
		if !batched {
			continue
		}
		at := key{request.Arm.Provider, request.Arm.Model}
		if pending[at] == nil {
			pending[at] = &pendingBatch{batch: eval.ProviderBatch{Provider: at.provider, Model: at.model}, requests: map[eval.Cell]provider.Request{}}
			order = append(order, at)
		}
		p := pending[at]
		p.items = append(p.items, item)
		p.requests[item.Cell] = request
		p.bytes += requestBytes(request.Task, request.Arm)
		if len(p.items) >= batchCalls || p.bytes >= batchBytes {
			if err := b.submit(ctx, p, limit); err != nil {
				return b.summary, err
			}
		}
	}
	for _, at := range order {
		if ctx.Err() != nil {
			break
		}
		if err := b.submit(ctx, pending[at], limit); err != nil {
			return b.summary, err
		}
	}
	return b.summary, nil
}

// item is the next call of a cell with its worst case. batched is false where it has
// none now: it is of a provider without a batch interface, or owes nothing.
func (b *batcher) item(ctx context.Context, cell eval.Cell) (item eval.BatchItem, request provider.Request, batched bool, err error) {
	arm, ok := b.Protocol.Arm(cell.Arm)
	if !ok {
		return item, request, false, fmt.Errorf("arm %q is not in the locked protocol", cell.Arm)
	}
	next := cell
	var steps []eval.ResponseStep
	if Several(b.Protocol, arm) {
		var answered, owes bool
		if steps, answered, err = b.Store.ResponseSteps(ctx, cell.TaskID, cell.Arm); err != nil {
			return item, request, false, err
		}
		if next, owes = Next(b.Protocol, cell, arm, steps, answered); !owes {
			return item, request, false, nil
		}
	}
	call := callOf(arm, next)
	if b.Batches[call.Provider] == nil {
		b.summary.Unbatched++
		return item, request, false, nil
	}
	price, known := b.Price(call)
	if !known {
		return item, request, false, fmt.Errorf("arm %q: %w", arm.Name, UnknownPrice(call))
	}
	task, err := oneTask(ctx, b.Store, cell.TaskID)
	if err != nil {
		return item, request, false, err
	}
	if task, err = asked(task, arm, next, steps); err != nil {
		return item, request, false, err
	}
	worst, err := price.CostOf(audit.Usage{Tokens: WorstTokens(task, call), Batch: true})
	if err != nil {
		return item, request, false, fmt.Errorf("arm %q: the batch price of model %q is not known, so its cost cannot be capped; add batch_input_usd_per_1m and batch_output_usd_per_1m under prices of provider %q in modeltrial.yaml, or run it without --batch", arm.Name, call.Model, call.Provider)
	}
	return eval.BatchItem{Cell: next, WorstCase: worst}, provider.Request{Task: task, Arm: call}, true, nil
}

// submit hands a batch in and begins the next one of the same model. A failure of the
// provider is noted: where it says that it took nothing the calls are given back, else
// the next collecting finds out.
func (b *batcher) submit(ctx context.Context, p *pendingBatch, limit audit.NanoUSD) error {
	items, requests := p.items, p.requests
	p.items, p.requests, p.bytes = nil, map[eval.Cell]provider.Request{}, 0
	if len(items) == 0 {
		return nil
	}
	batch := p.batch
	batch.ID = batchID()
	in, exhausted, err := b.Store.BeginProviderBatch(ctx, batch, items, limit, time.Now())
	if err != nil {
		return err
	}
	b.summary.BudgetExhausted = b.summary.BudgetExhausted || exhausted
	if len(in) == 0 {
		return nil
	}
	handing := make([]provider.BatchRequest, len(in))
	for i, item := range in {
		handing[i] = provider.BatchRequest{ID: provider.RequestID(batch.ID, item.Number), Request: requests[item.Cell]}
	}
	keep := context.WithoutCancel(ctx) // what is handed in is paid for
	remote, failure := b.Batches[batch.Provider].Submit(keep, batch.ID, handing)
	if failure == nil {
		b.summary.HandedIn += len(in)
		b.summary.Waiting += len(in)
		return b.Store.HandedIn(keep, batch.ID, remote)
	}
	b.say(failure.Error())
	var known *provider.Error
	if !errors.As(failure, &known) || known.MayBeBilled() {
		b.summary.Waiting += len(in)
		return nil
	}
	failures := make([]eval.BatchFailure, len(in))
	for i, item := range in {
		// What is refused is the batch, not this very request.
		failures[i] = eval.BatchFailure{Cell: item.Cell, FailedCall: eval.FailedCall{Reason: failure.Error()}}
	}
	b.summary.Failed += len(in)
	return b.Store.EndProviderBatch(keep, batch.ID, failure.Error(), failures, time.Now())
}

// batchID is random, and says nothing of the pilot.
func batchID() string {
	id := make([]byte, 8)
	_, _ = rand.Read(id) // never fails
	return "mt" + hex.EncodeToString(id)
}
