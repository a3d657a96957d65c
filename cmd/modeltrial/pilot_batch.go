package main

import (
	"context"
	"fmt"
	"io"
	"os"

	"modeltrial/audit"
	"modeltrial/eval"
	"modeltrial/eval/provider"
	"modeltrial/eval/run"
	"modeltrial/report"
	"modeltrial/store"
)

// exchangeBatches collects and, unless the pilot was stopped, hands in, of the week that
// is due where the options name none, while no other process does. week is 0 where
// nothing was to be handed in.
func exchangeBatches(ctx context.Context, s *store.Store, options run.BatchOptions, stopped bool) (week int, summary run.BatchSummary, err error) {
	err = run.Hold(ctx, s, eval.BatchLease, holder(os.Getpid()), ended, func(ctx context.Context) error {
		var err error
		if summary, err = run.CollectBatches(ctx, options); err != nil {
			return err
		}
		if err := createComparisons(context.WithoutCancel(ctx), s); err != nil {
			return err
		}
		if stopped {
			return nil
		}
		if week = options.Week; week == 0 {
			if week, err = dueWeek(ctx, s); err != nil || week == 0 {
				return err
			}
		}
		options.Week = week
		handed, err := run.SubmitBatches(ctx, options)
		if err != nil {
			return err
		}
		summary.HandedIn, summary.Unbatched, summary.BudgetExhausted = handed.HandedIn, handed.Unbatched, handed.BudgetExhausted
		summary.Waiting += handed.Waiting
		summary.Failed += handed.Failed
		summary.Failures = append(summary.Failures, handed.Failures...)
		return nil
	})
	return week, summary, err
}

// runBatch collects what is done of the batches that were handed in, and hands in what
// is open of the week. Of a pilot that was stopped it only collects, which is paid for;
// then nothing is open but what waits in batches.
func runBatch(ctx context.Context, g *global, s *store.Store, config eval.Config, protocol eval.Protocol, o *runOptions, stop *eval.Deviation, out, errOut io.Writer) error {
	options, err := batchOptions(ctx, s, config, protocol, o)
	if err != nil {
		return err
	}
	if err := noteProviders(ctx, s, config, protocol, errOut); err != nil {
		return err
	}
	week, summary, err := exchangeBatches(ctx, s, options, stop != nil)
	if err != nil {
		return err
	}
	open := summary.Waiting
	if stop == nil {
		cells, err := s.OpenCells(ctx, 0)
		if err != nil {
			return err
		}
		open = len(cells)
	}
	if g.json {
		err = report.JSON(out, map[string]any{
			"schema": "modeltrial.pilot-run/1", "batch": true, "stopped": stop, "week": week, "answered": summary.Answered, "failed": summary.Failed,
			"handed_in": summary.HandedIn, "waiting": summary.Waiting, "without_batch_interface": summary.Unbatched, "open": open,
			"spent_usd": summary.Spent.Dollars(), "budget_exhausted": summary.BudgetExhausted, "failures": append([]string{}, summary.Failures...),
		})
		if err != nil {
			return err
		}
	} else {
		sayBatch(g, out, summary, open, stop)
	}
	switch {
	case ctx.Err() != nil:
		return ctx.Err()
	case open > 0:
		return errSaid
	}
	return nil
}

func sayBatch(g *global, out io.Writer, summary run.BatchSummary, open int, stop *eval.Deviation) {
	fmt.Fprintf(out, "collected %s for %s; handed in %s; %s waiting in batches\n", counted(summary.Answered, "answer", "answers"), report.Money(summary.Spent.Dollars()),
		counted(summary.HandedIn, "call", "calls"), report.Count(summary.Waiting))
	if summary.Failed > 0 {
		fmt.Fprintf(out, "%s gave no answer\n", counted(summary.Failed, "call", "calls"))
	}
	for _, failure := range summary.Failures {
		fmt.Fprintf(out, "  %s\n", failure)
	}
	if summary.Unbatched > 0 {
		fmt.Fprintf(out, "%s of providers without a batch interface: %s\n", counted(summary.Unbatched, "open call is", "open calls are"), g.command("pilot run"))
	}
	switch {
	case summary.BudgetExhausted:
		sayExhausted(out)
	case summary.Waiting > 0:
		fmt.Fprintf(out, "\n%s, which collects what is done; most batches take less than a day\n", g.next("pilot run --batch"))
	case open > 0:
		fmt.Fprintf(out, "\n%s\n", g.next("pilot run --batch"))
	case stop != nil:
		sayStop(g, out, *stop)
	default:
		fmt.Fprintf(out, "\n%s\n", g.next("rate serve"))
	}
}

func batchOptions(ctx context.Context, s *store.Store, config eval.Config, protocol eval.Protocol, o *runOptions) (run.BatchOptions, error) {
	options := run.BatchOptions{Store: s, Protocol: protocol, Week: o.week, Batches: map[string]provider.Batches{}}
	var err error
	if options.Price, err = armPrice(ctx, s, config); err != nil {
		return options, err
	}
	if options.Budget, err = protocol.Budget(); err != nil {
		return options, err
	}
	if options.RunCap, err = o.cap(); err != nil {
		return options, err
	}
	for _, arm := range protocol.Arms {
		for _, call := range arm.Calls() {
			known, ok := config.Provider(call.Provider)
			if !ok {
				return options, fmt.Errorf("arm %q: provider %q is not in %s", arm.Name, call.Provider, configName)
			}
			if options.Batches[known.Name] != nil || !known.Kind.Called() {
				continue
			}
			if options.Batches[known.Name], err = provider.NewBatches(known, os.Getenv); err != nil {
				return options, err
			}
		}
	}
	return options, nil
}

// batchPriced is a price for estimates of what goes through a batch interface; ok is
// false where it is not known.
func batchPriced(price audit.Price) (batch audit.Price, ok bool) {
	if price.BatchInput == nil || price.BatchOutput == nil {
		return price, false
	}
	price.Input, price.Output = *price.BatchInput, *price.BatchOutput
	return price, true
}

// sayWaiting tells of calls that are in batches, which a run without --batch leaves alone.
func sayWaiting(ctx context.Context, g *global, s *store.Store, out io.Writer) error {
	open, err := s.OpenProviderBatches(ctx)
	if err != nil || len(open) == 0 {
		return err
	}
	waiting := 0
	for _, batch := range open {
		items, err := s.OpenBatchItems(ctx, batch.ID)
		if err != nil {
			return err
		}
		waiting += len(items)
	}
	fmt.Fprintf(out, "%s in %s handed in: %s collects what is done\n", counted(waiting, "call is", "calls are"), counted(len(open), "batch", "batches"), g.command("pilot run --batch"))
	return nil
}
