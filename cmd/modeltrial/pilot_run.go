package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"time"

	"modeltrial/audit"
	"modeltrial/eval"
	"modeltrial/eval/run"
	"modeltrial/report"
	"modeltrial/store"
)

func runPilot(ctx context.Context, g *global, s *store.Store, o *runOptions, out, errOut io.Writer) error {
	config, protocol, err := g.lockedPilot(ctx, s)
	if err != nil {
		return err
	}
	if err := o.check(ctx, s, protocol.Protocol); err != nil {
		return err
	}
	stop, err := s.Stopped(ctx)
	if err != nil {
		return err
	}
	exchanges := o.batch && !o.dryRun
	switch {
	case stop != nil && exchanges:
		return runBatch(ctx, g, s, config, protocol.Protocol, o, stop, out, errOut)
	case stop != nil:
		return sayStopped(ctx, g, s, out, "modeltrial.pilot-run/1", *stop)
	}
	if config.Pilot.Sample == eval.SampleFresh {
		if err := drawWeeks(ctx, s, config, time.Now()); err != nil {
			return err
		}
	}
	if err := o.skips(ctx, s); err != nil {
		return err
	}
	if exchanges {
		return runBatch(ctx, g, s, config, protocol.Protocol, o, nil, out, errOut)
	}
	if o.week == 0 {
		if o.week, err = dueWeek(ctx, s); err != nil {
			return err
		}
	}
	if o.week == 0 { // a run that was killed at its end may have left comparisons to make
		if err := createComparisons(ctx, s); err != nil {
			return err
		}
		ahead, err := nextWeek(ctx, s, protocol.Protocol, time.Now())
		if err != nil {
			return err
		}
		if g.json {
			return report.JSON(out, map[string]any{"schema": "modeltrial.pilot-run/1", "week": nil, "open": 0, "ahead": ahead})
		}
		answered := "every task of the pilot is answered"
		if ahead != "" {
			answered = "every task drawn so far is answered; " + ahead
		}
		fmt.Fprintf(out, "%s\n\n%s\n", answered, g.next("rate serve"))
		return nil
	}
	if o.dryRun {
		return sayDryRun(ctx, g, s, config, o, out)
	}
	summary, err := answerWeek(ctx, g, s, config, o, errOut)
	if err != nil {
		return err
	}
	if g.json {
		err = report.JSON(out, map[string]any{
			"schema": "modeltrial.pilot-run/1", "week": o.week, "calls": summary.Total, "answered": summary.Answered, "failed": summary.Failed,
			"open": summary.Total - summary.Answered, "claimed": summary.Claimed, "spent_usd": summary.Spent.Dollars(),
			"budget_exhausted": summary.BudgetExhausted, "failures": append([]string{}, summary.Failures...),
			"providers_left_alone": append([]string{}, summary.LeftAlone...),
		})
		if err != nil {
			return err
		}
	} else {
		sayRun(g, out, o.week, summary)
		if err := sayWaiting(ctx, g, s, out); err != nil {
			return err
		}
	}
	if ctx.Err() != nil {
		return ctx.Err()
	}
	if summary.Answered < summary.Total {
		return errSaid
	}
	return nil
}

// check refuses flags that cannot be meant.
func (o *runOptions) check(ctx context.Context, s *store.Store, protocol eval.Protocol) error {
	if o.concurrency < 0 {
		return usagef("--concurrency is %d; choose 1 or more", o.concurrency)
	}
	if o.wait < 0 {
		return usagef("--wait is %v; choose a span such as 30m or 8h", o.wait)
	}
	if _, err := o.cap(); err != nil {
		return err
	}
	batches, err := s.Batches(ctx)
	if err != nil {
		return err
	}
	if len(batches) == 0 {
		return errors.New("the pilot has no tasks; import and categorise the task log, then draw the sample with modeltrial pilot lock")
	}
	if o.week != 0 && !slices.ContainsFunc(batches, func(b store.BatchCount) bool { return b.Week == o.week }) {
		return usagef("--week is %d; the protocol plans weeks 1 to %d", o.week, protocol.Weeks)
	}
	return nil
}

// cap is the cap of this run alone; nil where there is none.
func (o *runOptions) cap() (*audit.NanoUSD, error) {
	if o.maxCost == "" {
		return nil, nil
	}
	limit, err := audit.ParseUSD(o.maxCost)
	if err != nil || limit < 0 {
		return nil, usagef("--max-cost is %q; write an amount in dollars, such as 5 or 0.50", o.maxCost)
	}
	return &limit, nil
}

func sayRun(g *global, out io.Writer, week int, summary run.Summary) {
	fmt.Fprintf(out, "week %d: %s of %s open calls answered, %s failed, spent %s\n", week,
		report.Count(summary.Answered), report.Count(summary.Total), report.Count(summary.Failed), report.Money(summary.Spent.Dollars()))
	for _, failure := range summary.Failures {
		fmt.Fprintf(out, "  %s\n", failure)
	}
	sayClaimed(out, summary.Claimed, report.Count(summary.Claimed)+" calls")
	sayAfterCalls(g, out, summary.BudgetExhausted, summary.Answered < summary.Total, "pilot run", "rate serve")
}

// manyInFlight is the number of calls in flight from which the collector is kept waiting:
// it goes through the stacks of all of them, and those of their connections,
// to free what a few calls have left.
const manyInFlight = 256

// answerWeek runs the open calls of a week and makes the comparisons they allow.
func answerWeek(ctx context.Context, g *global, s *store.Store, config eval.Config, o *runOptions, errOut io.Writer) (run.Summary, error) {
	options, err := runnerOptions(ctx, s, config, o)
	if err != nil {
		return run.Summary{}, err
	}
	bar := totalBar{errOut: errOut, what: fmt.Sprintf("week %d", o.week)}
	options.Progress = func(p run.Progress) {
		bar.set(p.Done+p.Failed, p.Total)
		bar.describe(fmt.Sprintf("week %d · spent %s of %s", o.week, report.Money(p.Spent.Dollars()), report.Money(options.Budget.Dollars())))
	}
	if err := noteProviders(ctx, s, config, options.Protocol, errOut); err != nil {
		return run.Summary{}, err
	}
	defer tellOfWaiting(ctx, errOut)()
	forgetPages()
	if options.Concurrency >= manyInFlight {
		defer allowGarbage(300)()
	}
	options.Notice = func(said string) { fmt.Fprintf(errOut, "%s %s\n", time.Now().Format(time.TimeOnly), said) }
	var summary run.Summary
	err = run.Hold(ctx, s, o.week, holder(os.Getpid()), ended, func(ctx context.Context) (err error) {
		summary, err = run.Run(ctx, options)
		return err
	})
	bar.finish()
	if err != nil {
		return summary, err
	}
	return summary, createComparisons(context.WithoutCancel(ctx), s)
}

// holder tells others which process runs a week.
func holder(process int) string {
	host, err := os.Hostname()
	if err != nil {
		host = "this machine"
	}
	return fmt.Sprintf("%s, process %d", host, process)
}

// ended says whether a holder is a process of this machine that is no more.
func ended(of string) bool {
	_, number, found := strings.Cut(of, ", process ")
	id, err := strconv.Atoi(number)
	if !found || err != nil || holder(id) != of {
		return false
	}
	if id == os.Getpid() { // in a container every process may have the same number
		return true
	}
	process, err := os.FindProcess(id)
	if err != nil {
		return true // on Windows
	}
	return errors.Is(process.Signal(syscall.Signal(0)), os.ErrProcessDone)
}

func runnerOptions(ctx context.Context, s *store.Store, config eval.Config, o *runOptions) (run.Options, error) {
	var options run.Options
	protocol, err := locked(ctx, s)
	if err != nil {
		return options, err
	}
	price, err := armPrice(ctx, s, config)
	if err != nil {
		return options, err
	}
	options = run.Options{
		Store: s, Steps: s, Protocol: protocol.Protocol, Week: o.week, Concurrency: config.Pilot.Concurrency,
		Price: price, Endpoints: map[string]run.Endpoint{}, Wait: o.wait,
	}
	if o.concurrency > 0 {
		options.Concurrency = o.concurrency
	}
	if options.Budget, err = protocol.Protocol.Budget(); err != nil {
		return options, err
	}
	options.RunCap, err = o.cap()
	if err != nil {
		return options, err
	}
	for _, arm := range protocol.Protocol.Arms {
		for _, call := range arm.Calls() {
			known, ok := config.Provider(call.Provider)
			if !ok {
				return options, fmt.Errorf("arm %q: provider %q is not in %s", arm.Name, call.Provider, configName)
			}
			if _, made := options.Endpoints[known.Name]; made {
				continue
			}
			if options.Endpoints[known.Name], err = newEndpoint(known, os.Getenv, s.RecordedResponse); err != nil {
				return options, err
			}
		}
	}
	return options, nil
}

func sayDryRun(ctx context.Context, g *global, s *store.Store, config eval.Config, o *runOptions, out io.Writer) error {
	protocol, err := locked(ctx, s)
	if err != nil {
		return err
	}
	cells, err := s.OpenCells(ctx, o.week)
	if err != nil {
		return err
	}
	estimates, err := estimate(ctx, s, config, protocol.Protocol, cells, o.batch)
	if err != nil {
		return err
	}
	atLimits := timeAtLimits(config, estimates)
	if g.json {
		return report.JSON(out, map[string]any{
			"schema": "modeltrial.pilot-run/1", "week": o.week, "dry_run": true, "open": len(cells), "estimates": estimates,
			"time": atLimits, "why_missing": atLimits.whyMissing(),
		})
	}
	fmt.Fprintf(out, "week %d: %s calls are open; nothing was sent\n\n", o.week, report.Count(len(cells)))
	if err := writeEstimates(out, g, estimates); err != nil {
		return err
	}
	_, err = fmt.Fprintf(out, "\n%s\n", atLimits.say())
	return err
}
