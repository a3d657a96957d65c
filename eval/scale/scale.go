package scale

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"modeltrial/audit"
	"modeltrial/eval"
	"modeltrial/eval/judge"
	"modeltrial/eval/run"
)

// An Input is what a plan rests on.
type Input struct {
	Protocol         eval.Protocol
	Locked           bool
	Config           eval.Config // its providers, categories and calls in flight
	Price            func(eval.Arm) (audit.Price, bool)
	Tasks            int // in all use cases together
	SecondsPerRating float64
	Raters           int // people who rate at once
	// Logged are some logged tasks of each category, from which lengths are taken; where
	// a category has none they are assumed.
	Logged map[audit.Category][]audit.Task
}

// Lengths that are assumed where the log says nothing, in bytes, tokens a second and
// milliseconds.
const (
	assumedPrompt  = 800
	assumedAnswer  = 1600
	assumedSpeed   = 50
	assumedStart   = 1000
	rationaleBytes = 300 // of a judge's verdict: three sentences
)

// A load is the calls of an arm's step, or of a judge, in one category.
type load struct {
	calls           int
	input, output   float64 // tokens of a call
	most            float64 // tokens of a call at worst
	expected, worst float64 // dollars of a call
	latency         float64 // milliseconds of a call
}

// A plan is what is being added up.
type plan struct {
	Input
	eval.ScalePlan
	rows     map[string]float64 // by table
	texts    map[string]float64 // bytes, by table
	tokens   map[string]float64 // by provider
	inFlight map[string]float64 // hours of calls one after the other, by provider
}

// Plan reckons what a pilot takes. The tasks are spread evenly over the use cases, as the
// protocol draws them. Calls that fail and are made again are not counted.
func Plan(in Input) (eval.ScalePlan, error) {
	p := &plan{
		Input: in,
		ScalePlan: eval.ScalePlan{
			Pilot: in.Protocol.Name, Locked: in.Locked, Tasks: in.Tasks, Providers: []eval.ScaleProvider{},
			Measured: measures(), WhyMissing: map[string]string{},
		},
		rows: map[string]float64{}, texts: map[string]float64{}, tokens: map[string]float64{}, inFlight: map[string]float64{},
	}
	useCases := len(in.Protocol.UseCases)
	for i, useCase := range in.Protocol.UseCases {
		tasks := in.Tasks / useCases
		if i < in.Tasks%useCases {
			tasks++
		}
		if err := p.useCase(useCase, tasks); err != nil {
			return p.ScalePlan, err
		}
	}
	tries := in.Protocol.RaterChecks.Expected(p.Ratings, in.Raters)
	p.RaterHours = float64(p.Ratings+tries) * in.SecondsPerRating / 3600
	p.money()
	p.limits()
	p.databases()
	p.workers()
	p.Memory = eval.ScaleMemory{
		Worker: WorkerBytes + InFlightBytes*int64(in.Config.Pilot.Concurrency), Lock: programBytes + int64(LockBytes*float64(in.Tasks)),
		Analyze: programBytes + int64(AnalyzeBytes*p.rows["ratings"]),
	}
	p.advise()
	return p.ScalePlan, nil
}

// useCase adds one up.
func (p *plan) useCase(useCase eval.UseCase, tasks int) error {
	logged := p.Logged[useCase.Category]
	texts := eval.ScaleTexts{Category: useCase.Category, Tasks: tasks, Sampled: len(logged)}
	if len(logged) == 0 {
		logged = []audit.Task{{Prompt: strings.Repeat("x", assumedPrompt), Response: strings.Repeat("x", assumedAnswer)}}
	}
	stored, latency, timed := 0, 0.0, 0
	for _, task := range logged {
		stored += textBytes(task)
		if task.LatencyMS != nil {
			latency, timed = latency+float64(*task.LatencyMS), timed+1
		}
	}
	texts.Stored = stored / len(logged)
	texts.LatencyReckoned = timed == 0
	if timed > 0 {
		texts.LatencyMS = latency / float64(timed)
	}
	p.add("tasks", tasks, float64(texts.Stored))
	p.add("batch_tasks", tasks, 0)

	answers := map[string][2]int{} // bytes that an arm's answer has, probably and at worst
	for _, name := range append([]string{p.Protocol.Control}, useCase.Candidates...) {
		arm, ok := p.Protocol.Arm(name)
		if !ok {
			return fmt.Errorf("arm %q is not in the protocol", name)
		}
		loads, err := p.armLoads(arm, logged, tasks, &texts)
		if err != nil {
			return err
		}
		p.arm(arm, loads, tasks)
		last := len(loads) - 1
		answers[name] = [2]int{int(loads[last].output * run.BytesPerToken), int(arm.Calls()[last].Parameters.MaxOutput() * run.BytesPerToken)}
	}
	texts.Answer = answers[p.Protocol.Control][0]
	p.ScalePlan.Texts = append(p.ScalePlan.Texts, texts)
	for _, candidate := range useCase.Candidates {
		p.comparisons(useCase.Category, candidate, tasks, logged, answers)
	}
	return nil
}

// armLoads are the loads of an arm's calls to the tasks of a category: the means over
// the logged ones.
func (p *plan) armLoads(arm eval.Arm, logged []audit.Task, tasks int, texts *eval.ScaleTexts) ([]load, error) {
	calls := arm.Calls()
	loads := make([]load, len(calls))
	share := 1 / float64(len(logged))
	for _, task := range logged {
		planned, err := run.PlanCalls(task, arm)
		if err != nil {
			return nil, err
		}
		for i, call := range calls {
			loads[i].add(planned[i], call, p.Price, share)
		}
	}
	for i := range loads {
		loads[i].calls = tasks * max(p.Protocol.Repeats, 1)
		loads[i].latency = texts.LatencyMS
		if texts.LatencyReckoned {
			loads[i].latency = reckonedLatency(loads[i].output)
			texts.LatencyMS = cmp.Or(texts.LatencyMS, loads[i].latency)
		}
	}
	return loads, nil
}

// add adds a share of what a call takes to the mean.
func (l *load) add(planned run.PlannedCall, call eval.Arm, priceOf func(eval.Arm) (audit.Price, bool), share float64) {
	tokens := run.ExpectedTokens(planned.Expected, call)
	l.input += share * float64(*tokens.Input)
	l.output += share * float64(*tokens.Output)
	worst := run.WorstTokens(planned.WorstCase, call)
	l.most += share * float64(*worst.Input+*worst.Output)
	if price, known := priceOf(call); known {
		l.expected += share * run.Expected(planned.Expected, call, price).Dollars()
		l.worst += share * run.WorstCase(planned.WorstCase, call, price).Dollars()
	}
}

func reckonedLatency(output float64) float64 { return assumedStart + 1000*output/assumedSpeed }

// arm adds the calls of an arm, and the rows that they leave: one of calls and one of
// responses for each task, and one of response_steps for each call that is a part of an
// answer.
func (p *plan) arm(arm eval.Arm, loads []load, tasks int) {
	repeats := max(p.Protocol.Repeats, 1)
	p.add("calls", tasks, 0)
	p.add("responses", tasks, loads[len(loads)-1].output*run.BytesPerToken)
	for i, call := range arm.Calls() {
		step := ""
		if arm.Pipeline() {
			step = arm.Steps[i].Name
		}
		p.Calls += loads[i].calls
		p.calls(eval.ScaleCost{Name: arm.Name, Step: step, Model: call.Model, Provider: call.Provider}, call, loads[i])
		parts := tasks * (repeats - 1)
		if arm.Pipeline() {
			parts = tasks * repeats
		}
		p.add("response_steps", parts, loads[i].output*run.BytesPerToken)
	}
}

// comparisons adds those of a candidate, with what people, judges and checks say of
// them.
func (p *plan) comparisons(category audit.Category, candidate string, tasks int, logged []audit.Task, answers map[string][2]int) {
	p.Comparisons += tasks
	p.add("comparisons", tasks, 0)
	p.add("comparison_queue", tasks, 0)
	p.add("comparison_checks", tasks, 0)
	ratings := tasks * p.Protocol.RatingsPerComparison
	p.Ratings += ratings
	p.add("presentations", ratings, 0)
	p.add("ratings", ratings, 0)
	for _, rule := range p.Protocol.Checks {
		if rule.Applies(category) {
			p.add("ratings", int(float64(tasks)*checkable(rule, logged)), 0)
		}
	}
	described := eval.CategoryConfig{Name: category}
	if i := slices.IndexFunc(p.Config.Categories, func(c eval.CategoryConfig) bool { return c.Name == category }); i >= 0 {
		described = p.Config.Categories[i]
	}
	a, b := answers[p.Protocol.Control], answers[candidate]
	for _, judging := range p.Protocol.Judges {
		if !p.Protocol.MayJudge(judging, p.Protocol.Control, candidate) {
			continue
		}
		asked := judge.Planned(judging)
		l := load{calls: 2 * tasks}
		for _, task := range logged {
			l.add(judge.PlanCall(p.Protocol, described, task, [2]int{a[0], b[0]}, [2]int{a[1], b[1]}), asked, p.Price, 1/float64(len(logged)))
		}
		l.latency = reckonedLatency(l.output)
		p.JudgeCalls += l.calls
		p.calls(eval.ScaleCost{Name: judging.Name, Judge: true, Model: judging.Model, Provider: judging.Provider}, asked, l)
		p.add("judge_calls", l.calls, 0)
		p.add("ratings", l.calls, rationaleBytes)
	}
}

// checkable is the share of tasks that a check can check.
func checkable(rule eval.CheckRule, logged []audit.Task) float64 {
	if !rule.NeedsReference() {
		return 1
	}
	with := 0
	for _, task := range logged {
		if task.Reference != "" {
			with++
		}
	}
	return float64(with) / float64(len(logged))
}

// add adds rows of a table with so many bytes of text each.
func (p *plan) add(table string, rows int, text float64) {
	p.rows[table] += float64(rows)
	p.texts[table] += float64(rows) * text
}

// calls adds calls to their provider and to what they cost.
func (p *plan) calls(of eval.ScaleCost, call eval.Arm, l load) {
	provider, _ := p.Config.Provider(of.Provider)
	_, priced := p.Price(call)
	at := slices.IndexFunc(p.Costs, func(c eval.ScaleCost) bool { return c.Name == of.Name && c.Step == of.Step && c.Judge == of.Judge })
	if at < 0 {
		if !provider.Kind.Called() || priced {
			of.Expected, of.WorstCase = new(0.0), new(0.0)
		}
		p.Costs = append(p.Costs, of)
		at = len(p.Costs) - 1
	}
	cost := &p.Costs[at]
	cost.Calls += l.calls
	if !provider.Kind.Called() {
		return
	}
	cost.Tokens += int64(float64(l.calls)*(l.input+l.output) + 0.5)
	cost.MaxTokens += int64(float64(l.calls)*l.most + 0.5)
	if cost.Expected != nil {
		*cost.Expected += float64(l.calls) * l.expected
		*cost.WorstCase += float64(l.calls) * l.worst
	}
	at = slices.IndexFunc(p.Providers, func(known eval.ScaleProvider) bool { return known.Name == provider.Name })
	if at < 0 {
		p.Providers = append(p.Providers, eval.ScaleProvider{Name: provider.Name})
		at = len(p.Providers) - 1
	}
	p.Providers[at].Calls += l.calls
	p.tokens[provider.Name] += float64(l.calls) * (l.input + l.output)
	p.inFlight[provider.Name] += float64(l.calls) * l.latency / 3.6e6
}

// money adds up what is paid.
func (p *plan) money() {
	p.Expected, p.WorstCase = new(0.0), new(0.0)
	for _, cost := range p.Costs {
		if cost.Expected == nil {
			p.Expected, p.WorstCase = nil, nil
			why := fmt.Sprintf("the price of model %q is not known; add it under prices of provider %q in modeltrial.yaml (0 for a model of your own)", cost.Model, cost.Provider)
			p.WhyMissing["expected_usd"], p.WhyMissing["worst_case_usd"] = why, why
			return
		}
		*p.Expected += *cost.Expected
		*p.WorstCase += *cost.WorstCase
	}
}

// textBytes are the bytes of all texts of a task as they are stored.
func textBytes(task audit.Task) int {
	const frame = 30 // of a turn: {"role":"assistant","content":""}
	n := len(task.System) + len(task.Prompt) + len(task.Response) + len(task.Reference) + len(task.FinalText)
	for _, turn := range task.Conversation {
		n += len(turn.Content) + frame
	}
	for _, tag := range task.Tags {
		n += len(tag) + 3
	}
	for name, value := range task.Metadata {
		n += len(name) + len(value) + 6
	}
	return n
}
