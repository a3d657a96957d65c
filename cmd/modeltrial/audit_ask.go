package main

import (
	"context"
	"fmt"
	"io"
	"os"
	"time"

	"modeltrial/audit"
	"modeltrial/audit/classify"
	"modeltrial/eval"
	"modeltrial/eval/categorise"
	"modeltrial/eval/run"
	"modeltrial/report"
	"modeltrial/store"
)

// A modelDocument says what asking a model about unsure tasks did, or would cost.
type modelDocument struct {
	Model           string   `json:"model"`
	Tasks           int      `json:"tasks"` // that the local categoriser was unsure of
	ExpectedUSD     float64  `json:"expected_usd"`
	WorstCaseUSD    float64  `json:"worst_case_usd"` // asking once about each
	CapUSD          *float64 `json:"cap_usd"`        // null: nothing was sent, for want of a cap
	Categorised     int      `json:"categorised"`
	Malformed       int      `json:"malformed"` // every reply was no category: still unsure
	Failed          int      `json:"failed"`    // malformed ones included
	Open            int      `json:"open"`      // still unsure, for whatever reason
	SpentUSD        float64  `json:"spent_usd"` // by this run
	SpentInAllUSD   float64  `json:"spent_in_all_usd"`
	BudgetExhausted bool     `json:"budget_exhausted"`
	Failures        []string `json:"failures"`
}

// modelCalls is the store as eval/categorise needs it.
type modelCalls struct{ *store.Store }

// Reserve sets a call's worst case aside.
func (c modelCalls) Reserve(ctx context.Context, taskID, model string, worstCase, budget audit.NanoUSD, now, until time.Time) error {
	return c.ReserveCategoryCall(ctx, store.CategoryCall{TaskID: taskID, Model: model, WorstCase: worstCase}, budget, now, until)
}

// askModel asks the workspace's model about the tasks that the local categoriser is
// unsure of. The estimate is said before anything is sent. Where not every task got a
// category it returns the document and an error.
func askModel(ctx context.Context, s *store.Store, config eval.Config, local *classify.Model, o *classifyOptions, errOut io.Writer) (*modelDocument, error) {
	options, err := askOptions(ctx, s, config, local)
	if err != nil {
		return nil, err
	}
	d := &modelDocument{Model: options.Arm.Model, Tasks: len(options.TaskIDs), Open: len(options.TaskIDs), Failures: []string{}}
	expected, worst, err := categorise.Estimate(ctx, options)
	if err != nil {
		return nil, err
	}
	d.ExpectedUSD, d.WorstCaseUSD = expected.Dollars(), worst.Dollars()
	if d.Tasks > 0 {
		fmt.Fprintf(errOut, "asking %s about %s: %s expected, %s at most\n",
			d.Model, counted(d.Tasks, "unsure task", "unsure tasks"), report.Money(d.ExpectedUSD), report.Money(d.WorstCaseUSD))
		if err := o.capped(d, &options, worst); err != nil {
			fmt.Fprintf(errOut, "nothing was sent: %v\n", err)
			return d, errSaid
		}
		if err := ask(ctx, config, options, d, errOut); err != nil {
			return nil, err
		}
	}
	inAll, err := s.CategorySpend(context.WithoutCancel(ctx))
	d.SpentInAllUSD = inAll.Dollars()
	switch {
	case err != nil:
		return nil, err
	case ctx.Err() != nil:
		return d, ctx.Err()
	case d.Open > 0:
		return d, errSaid
	}
	return d, nil
}

// capped sets the most that this run may spend.
func (o *classifyOptions) capped(d *modelDocument, options *categorise.Options, worst audit.NanoUSD) error {
	limit, err := (&runOptions{maxCost: o.maxCost}).cap()
	switch {
	case err != nil:
		return err
	case limit != nil:
		options.Cap = *limit
	case o.yes:
		options.Cap = worst
	default:
		return fmt.Errorf("give the most that it may cost with --max-cost USD, or allow up to %s with --yes", report.Money(worst.Dollars()))
	}
	d.CapUSD = new(options.Cap.Dollars())
	return nil
}

func ask(ctx context.Context, config eval.Config, options categorise.Options, d *modelDocument, errOut io.Writer) error {
	known, _ := config.Provider(options.Arm.Provider) // the configuration was checked
	var err error
	if options.Endpoint, err = newEndpoint(known, os.Getenv, nil); err != nil {
		return err
	}
	bar := newCountBar(errOut, "ask "+d.Model, d.Tasks)
	options.Progress = func(p run.Progress) {
		bar.describe(fmt.Sprintf("ask %s · spent %s of %s", d.Model, report.Money(p.Spent.Dollars()), report.Money(options.Cap.Dollars())))
		bar.set(p.Done + p.Failed)
	}
	before, err := options.Store.CategorySpend(ctx)
	if err != nil {
		return err
	}
	summary, err := categorise.Run(ctx, options)
	bar.finish()
	if err != nil {
		return err
	}
	after, err := options.Store.CategorySpend(context.WithoutCancel(ctx))
	if err != nil {
		return err
	}
	d.Categorised, d.Malformed, d.Failed = summary.Answered, summary.Malformed, summary.Failed
	d.Open = d.Tasks - summary.Answered
	d.SpentUSD, d.BudgetExhausted = (after - before).Dollars(), summary.BudgetExhausted
	d.Failures = append(d.Failures, summary.Failures...)
	return nil
}

func askOptions(ctx context.Context, s *store.Store, config eval.Config, local *classify.Model) (categorise.Options, error) {
	options := categorise.Options{Store: modelCalls{s}, Concurrency: askConcurrency}
	if config.Categoriser == nil {
		return options, fmt.Errorf("%s names no model to ask; write there, with a provider of kind openai:\ncategoriser: {provider: NAME, model: MODEL}", configName)
	}
	options.Arm = *config.Categoriser
	priceOf, err := armPrice(ctx, s, config)
	if err != nil {
		return options, err
	}
	price, known := priceOf(options.Arm)
	if !known {
		return options, run.UnknownPrice(options.Arm)
	}
	options.Price = price
	options.Categories = config.Categories
	if len(options.Categories) == 0 {
		for _, name := range audit.Categories {
			options.Categories = append(options.Categories, eval.CategoryConfig{Name: name})
		}
	}
	options.TaskIDs, err = s.UnsureIDs(ctx, local.Threshold())
	return options, err
}

// askConcurrency is how many calls are under way at most; the provider's own
// requests_per_minute holds beside it.
const askConcurrency = 8

func sayModel(out io.Writer, d *modelDocument) {
	if d == nil || d.CapUSD == nil {
		return
	}
	fmt.Fprintf(out, "%s categorised %s of %s, spent %s (%s in all)\n", d.Model, report.Count(d.Categorised),
		counted(d.Tasks, "unsure task", "unsure tasks"), report.Money(d.SpentUSD), report.Money(d.SpentInAllUSD))
	for _, failure := range d.Failures {
		fmt.Fprintf(out, "  %s\n", failure)
	}
	if d.Malformed > 0 {
		fmt.Fprintf(out, "  to %s no reply was a category; they stay unsure\n", counted(d.Malformed, "task", "tasks"))
	}
	if d.BudgetExhausted {
		fmt.Fprintf(out, "  the cap does not allow another call; raise --max-cost and run again, which goes on where this stopped\n")
	}
}
