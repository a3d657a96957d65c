package judge

import (
	"cmp"
	"context"
	"fmt"
	"hash/fnv"
	"iter"
	"math/rand/v2"
	"slices"
	"sync"
	"time"

	"modeltrial/audit"
	"modeltrial/eval"
	"modeltrial/eval/blind"
	"modeltrial/eval/provider"
	"modeltrial/eval/run"
)

// A Store keeps what judging needs. Package store satisfies it.
type Store interface {
	// OpenJudgements lists what the judges of the locked protocol have not rated of a
	// week (0: of all), in a fixed order, both orders of a comparison together. One
	// that got [Attempts] replies that could not be read is not open any more.
	OpenJudgements(ctx context.Context, week, attempts int) ([]eval.Judgement, error)
	// Judgement reads one that a judge has to make; eval.ErrNotFound where the comparison
	// is not stored, or does not count.
	Judgement(ctx context.Context, comparisonID string, first eval.Side, judge string) (eval.Judgement, error)
	// JudgePresentation is a comparison, the control's answer on the left; it names no
	// arm.
	JudgePresentation(ctx context.Context, comparisonID string) (eval.Presentation, error)
	// Committed is what counts towards the budget so far, whoever was called.
	Committed(ctx context.Context) (audit.NanoUSD, error)
	// ReserveJudgement claims a judgement until a time and sets its worst case aside,
	// in one transaction. It returns eval.ErrBudgetExhausted, eval.ErrAnswered and
	// eval.ErrClaimed as [run.Store] does. model and instruction say what is asked, and by which wording.
	ReserveJudgement(ctx context.Context, judgement eval.Judgement, model, instruction string, worstCase, budget audit.NanoUSD, now, until time.Time) error
	// EndJudgement stores what came of a call, with its rating where there is one.
	EndJudgement(ctx context.Context, judgement eval.Judgement, reply eval.JudgeReply, now time.Time) error
}

// Attempts is how many replies to the same question may be unreadable.
const Attempts = 2

// defaultMaxOutput is the longest reply, in tokens, where the protocol has none: for a
// model that reasons before it answers.
const defaultMaxOutput = 2000

// Options are what a run takes.
type Options struct {
	Store       Store
	Protocol    eval.Protocol // the locked one
	Categories  []eval.CategoryConfig
	Week        int                     // 0: every week
	Budget      audit.NanoUSD           // the protocol's cap for everything together
	RunCap      *audit.NanoUSD          // a lower cap for this run alone; nil: none
	Endpoints   map[string]run.Endpoint // by provider
	Limits      run.LimitStore          // of all processes; nil: this one is alone
	Worker      string                  // this process among those
	Concurrency int
	Price       func(judge eval.Arm) (audit.Price, bool)
	Progress    func(run.Progress) // called from one goroutine at a time; may be nil
}

// An Open is what the panel has still to rate.
type Open struct {
	Judgements []eval.Judgement
	// SameFamily counts by judge the judgements that are left to others, since an arm
	// is of the judge's own family.
	SameFamily map[string]int
}

// Find lists what is open to the panel.
func Find(ctx context.Context, o Options) (Open, error) {
	all, err := o.Store.OpenJudgements(ctx, o.Week, Attempts)
	if err != nil {
		return Open{}, err
	}
	open := Open{SameFamily: map[string]int{}}
	for _, judgement := range all {
		judge, ok := o.Protocol.Judge(judgement.Judge)
		switch {
		case !ok:
			return open, fmt.Errorf("judge %q is not in the locked protocol", judgement.Judge)
		case !o.Protocol.MayJudge(judge, judgement.ArmA, judgement.ArmB):
			open.SameFamily[judge.Name]++
		default:
			open.Judgements = append(open.Judgements, judgement)
		}
	}
	return open, nil
}

// An Estimate is what a judge's open judgements will cost.
type Estimate struct {
	Judge     string
	Calls     int
	Expected  audit.NanoUSD
	WorstCase audit.NanoUSD // asking once each; a reply that cannot be read is asked for again
	Unpriced  bool
	Free      bool // simulated: nothing is called
}

// EstimateCost prices the judgements before anything is sent.
func EstimateCost(ctx context.Context, o Options, judgements []eval.Judgement) ([]Estimate, error) {
	asking := newPanel(o)
	judges := asking.judges()
	estimates, prices := make([]Estimate, len(judges)), make([]audit.Price, len(judges))
	for i, judge := range judges {
		price, priced := o.Price(judge)
		free := o.Endpoints[judge.Provider].Origin() == eval.Simulated
		estimates[i], prices[i] = Estimate{Judge: judge.Name, Free: free, Unpriced: !priced && !free}, price
	}
	for _, judgement := range judgements {
		i := slices.IndexFunc(judges, func(judge eval.Arm) bool { return judge.Name == judgement.Judge })
		if i < 0 {
			continue
		}
		e := &estimates[i]
		e.Calls++
		if e.Free || e.Unpriced {
			continue
		}
		question, err := asking.question(ctx, judgement)
		if err != nil {
			return nil, err
		}
		e.Expected += run.Expected(question, judges[i], prices[i])
		e.WorstCase += run.WorstCase(question, judges[i], prices[i])
	}
	return estimates, nil
}

// A Summary is what a run did.
type Summary struct {
	run.Summary
	// Unreadable counts the judgements that are given up: every reply was no verdict.
	// They are no ties and have no rating.
	Unreadable int
}

// Run asks for every judgement. Each verdict is stored as it arrives, so that another
// run goes on where this one stopped. It returns an error where a run makes no sense or
// storage fails; what got no verdict is counted in the summary.
func Run(ctx context.Context, o Options, judgements []eval.Judgement) (Summary, error) {
	asking := newPanel(o)
	for _, judgement := range judgements {
		asking.take(judgement)
	}
	asking.order = judgements
	summary, err := run.Run(ctx, asking.runOptions())
	return Summary{Summary: summary, Unreadable: asking.givenUp}, err
}

// runOptions have eval/run ask the panel as it asks arms.
func (p *panel) runOptions() run.Options {
	endpoints := make(map[string]run.Endpoint, len(p.Endpoints))
	for name, endpoint := range p.Endpoints {
		endpoint.Provider = &asked{p, endpoint.Provider}
		endpoints[name] = endpoint
	}
	return run.Options{
		Store: p, Protocol: eval.Protocol{Arms: p.judges()}, Week: p.Week, Budget: p.Budget, RunCap: p.RunCap,
		Endpoints: endpoints, Limits: p.Limits, Worker: p.Worker, Concurrency: p.Concurrency, Price: p.Price, Progress: p.Progress,
	}
}

// A panel is to eval/run the store of a pilot: its judges are the arms, its judgements
// the tasks.
type panel struct {
	Options
	instructions map[audit.Category]string
	masker       *blind.Masker
	shown        lastShown
	order        []eval.Judgement

	mu      sync.Mutex
	open    map[string]eval.Judgement  // by key
	replies map[string]eval.JudgeReply // the last one of a judgement, while it is being stored
	tries   map[string]int             // unreadable replies, of earlier runs too
	givenUp int
}

func newPanel(o Options) *panel {
	p := &panel{
		Options: o, masker: blind.NewMasker(o.Protocol.Names()), instructions: map[audit.Category]string{},
		open: map[string]eval.Judgement{}, replies: map[string]eval.JudgeReply{}, tries: map[string]int{},
	}
	for _, useCase := range o.Protocol.UseCases {
		category := eval.CategoryConfig{Name: useCase.Category}
		if i := slices.IndexFunc(o.Categories, func(c eval.CategoryConfig) bool { return c.Name == useCase.Category }); i >= 0 {
			category = o.Categories[i]
		}
		p.instructions[useCase.Category] = Instruction(Rubric(o.Protocol, category))
	}
	return p
}

// judges are the protocol's, each with a bound of its replies.
func (p *panel) judges() []eval.Arm {
	judges := slices.Clone(p.Protocol.Judges)
	for i := range judges {
		judges[i] = Planned(judges[i])
	}
	return judges
}

// key names a judgement among those of a run.
func key(j eval.Judgement) string { return j.ComparisonID + "/" + string(j.First) + "/" + j.Judge }

func (p *panel) instruction(category audit.Category) string {
	return cmp.Or(p.instructions[category], Instruction(ownCategory))
}

func (p *panel) question(ctx context.Context, judgement eval.Judgement) (audit.Task, error) {
	shown, err := p.shown.of(ctx, p, judgement.ComparisonID)
	if err != nil {
		return audit.Task{}, err
	}
	question := shown.question(p.instruction(judgement.Category), judgement.First)
	question.ID = key(judgement)
	return question, nil
}

// lastShown keeps the comparison that was asked for last. The questions of all judges on
// a comparison, in both orders, come one after the other, and to read it and to hide its
// names is most of their work.
type lastShown struct {
	mu           sync.Mutex
	comparisonID string
	material     material
}

func (l *lastShown) of(ctx context.Context, p *panel, comparisonID string) (material, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.comparisonID == comparisonID {
		return l.material, nil
	}
	shown, err := p.Store.JudgePresentation(ctx, comparisonID)
	if err != nil {
		return material{}, err
	}
	l.comparisonID, l.material = comparisonID, newMaterial(shown, p.masker)
	return l.material, nil
}

// cell is a judgement as a call of eval/run.
func cell(j eval.Judgement) eval.Cell {
	return eval.Cell{TaskID: key(j), Category: j.Category, Arm: j.Judge, Week: j.Week}
}

// EachOpenCell gives the judgements.
func (p *panel) EachOpenCell(context.Context, int) iter.Seq2[eval.Cell, error] {
	return func(yield func(eval.Cell, error) bool) {
		for _, judgement := range p.order {
			if !yield(cell(judgement), nil) {
				return
			}
		}
	}
}

// Tasks are the questions of judgements.
func (p *panel) Tasks(ctx context.Context, ids []string) ([]audit.Task, error) {
	return run.OneByOne(ids, func(id string) (audit.Task, error) { return p.question(ctx, p.judgement(id)) })
}

// Committed passes on.
func (p *panel) Committed(ctx context.Context) (audit.NanoUSD, error) { return p.Store.Committed(ctx) }

// Reserve passes on.
func (p *panel) Reserve(ctx context.Context, cell eval.Cell, worstCase, budget audit.NanoUSD, now, until time.Time) error {
	judgement := p.judgement(cell.TaskID)
	judge, _ := p.Protocol.Judge(judgement.Judge)
	return p.Store.ReserveJudgement(ctx, judgement, judge.Model, Fingerprint(p.instruction(judgement.Category)), worstCase, budget, now, until)
}

// SaveResponse stores the verdict of a reply, which asked.Answer has found to have one.
func (p *panel) SaveResponse(ctx context.Context, cell eval.Cell, _ eval.Response, lost audit.NanoUSD, now time.Time) error {
	ended := p.ended(cell.TaskID)
	if ended.Cost == nil {
		ended.Lost = lost
	}
	return p.Store.EndJudgement(ctx, p.judgement(cell.TaskID), ended, now)
}

// Release keeps what came of a call without a verdict.
func (p *panel) Release(ctx context.Context, cell eval.Cell, failure eval.FailedCall, now time.Time) error {
	ended := p.ended(cell.TaskID)
	if !ended.Unreadable {
		ended.Reason = failure.Reason
	}
	if ended.Cost == nil {
		ended.Lost = failure.Lost
	}
	return p.Store.EndJudgement(ctx, p.judgement(cell.TaskID), ended, now)
}

// ended is the reply to a judgement that is about to be stored.
func (p *panel) ended(id string) eval.JudgeReply {
	p.mu.Lock()
	defer p.mu.Unlock()
	last := p.replies[id]
	delete(p.replies, id)
	return last
}

// take opens a judgement.
func (p *panel) take(judgement eval.Judgement) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.open[key(judgement)], p.tries[key(judgement)] = judgement, judgement.Unreadable
}

// drop closes a judgement that a worker has done.
func (p *panel) drop(judgement eval.Judgement) {
	p.mu.Lock()
	defer p.mu.Unlock()
	delete(p.open, key(judgement))
	delete(p.tries, key(judgement))
	delete(p.replies, key(judgement))
}

func (p *panel) judgement(id string) eval.Judgement {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.open[id]
}

// asked is a provider that is asked for verdicts.
type asked struct {
	*panel
	next provider.Provider
}

// Origin is the provider's.
func (a *asked) Origin() eval.ResponseOrigin { return a.next.Origin() }

// Answer asks in JSON. A reply without a verdict that can be read is a failure, which
// is worth one more attempt.
func (a *asked) Answer(ctx context.Context, request provider.Request) (provider.Answer, error) {
	if a.Origin() == eval.Simulated {
		return a.simulate(request), nil
	}
	request.Schema = schema()
	answer, err := a.next.Answer(ctx, request)
	if err != nil {
		return answer, err
	}
	ended := eval.JudgeReply{Tokens: answer.Tokens, Cost: answer.Cost, ModelServed: answer.ModelServed}
	if answer.Latency != nil {
		ended.LatencyMS = new(answer.Latency.Milliseconds())
	}
	if price, known := a.Price(request.Arm); known && ended.Cost == nil {
		if cost, known := price.Cost(answer.Tokens); known {
			ended.Cost = &cost
		}
	}
	said, err := readReply(answer.Text)
	if err != nil && eval.Truncated(answer.FinishReason) {
		err = fmt.Errorf("the reply was cut off at max_output_tokens (%d): %w", request.Arm.Parameters.MaxOutput(), err)
	}
	a.mu.Lock()
	defer a.mu.Unlock()
	ended.Verdict, ended.Rationale, ended.Unreadable = said.verdict, said.rationale, err != nil
	a.replies[request.Task.ID] = ended
	if err == nil {
		return answer, nil
	}
	ended.Reason = err.Error()
	a.replies[request.Task.ID] = ended
	a.tries[request.Task.ID]++
	again := a.tries[request.Task.ID] < Attempts
	if !again {
		a.givenUp++
	}
	const atOnce = time.Millisecond // nobody is overloaded
	return answer, &provider.Error{
		Provider: request.Arm.Provider, Temporary: again, Unusable: true, RetryAfter: atOnce,
		Msg: fmt.Sprintf("judge %s: %v", request.Arm.Name, err),
	}
}

// simulate draws a verdict that says so, always the same for a judgement.
func (a *asked) simulate(request provider.Request) provider.Answer {
	hash := fnv.New64a()
	_, _ = hash.Write([]byte(request.Task.Prompt + "\x00" + request.Arm.Name)) // a hash takes everything
	random := rand.New(rand.NewPCG(hash.Sum64(), 0))
	drawn := eval.JudgeReply{Verdict: verdicts[random.IntN(len(verdicts))].verdict, Rationale: "[simulated judge] drawn at random"}
	a.mu.Lock()
	defer a.mu.Unlock()
	a.replies[request.Task.ID] = drawn
	return provider.Answer{}
}
