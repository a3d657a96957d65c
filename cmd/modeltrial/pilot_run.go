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
	"sync"
	"syscall"
	"time"

	"modeltrial/audit"
	"modeltrial/eval"
	"modeltrial/eval/provider"
	"modeltrial/eval/run"
	"modeltrial/report"
	"modeltrial/store"
)

func runPilot(ctx context.Context, g *global, s *store.Store, o *runOptions, out, errOut io.Writer) error {
	config, err := g.pilotConfig()
	if err != nil {
		return err
	}
	protocol, err := locked(ctx, s)
	if err != nil {
		return err
	}
	if err := unlocked(config, protocol); err != nil {
		return err
	}
	if err := o.check(ctx, s, protocol.Protocol); err != nil {
		return err
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
		if g.json {
			return report.JSON(out, map[string]any{"schema": "modeltrial.pilot-run/1", "week": nil, "open": 0})
		}
		fmt.Fprintf(out, "every task of the pilot is answered\n\n%s\n", g.next("rate serve"))
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
	if summary.Claimed > 0 {
		fmt.Fprintf(out, "  %s calls belong to another run, or to one that was killed a few minutes ago; run again then\n", report.Count(summary.Claimed))
	}
	switch {
	case summary.BudgetExhausted:
		fmt.Fprintf(out, "\nthe cap does not allow another call; raise budget_usd (a deviation) or --max-cost and run again\n")
	case summary.Answered < summary.Total:
		fmt.Fprintf(out, "\n%s, which goes on where this stopped\n", g.next("pilot run"))
	default:
		fmt.Fprintf(out, "\n%s\n", g.next("rate serve"))
	}
}

// answerWeek runs the open calls of a week and makes the comparisons they allow.
func answerWeek(ctx context.Context, g *global, s *store.Store, config eval.Config, o *runOptions, errOut io.Writer) (run.Summary, error) {
	options, err := runnerOptions(ctx, s, config, o)
	if err != nil {
		return run.Summary{}, err
	}
	var bar bar
	var made sync.Once
	options.Progress = func(p run.Progress) {
		made.Do(func() { bar = newCountBar(errOut, fmt.Sprintf("week %d", o.week), p.Total) })
		bar.describe(fmt.Sprintf("week %d · spent %s of %s", o.week, report.Money(p.Spent.Dollars()), report.Money(options.Budget.Dollars())))
		bar.set(p.Done + p.Failed)
	}
	stop := context.AfterFunc(ctx, func() {
		fmt.Fprintln(errOut, "\nfinishing the calls under way, which are paid for; Ctrl-C again leaves them")
	})
	defer stop()
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
		Store: s, Protocol: protocol.Protocol, Week: o.week, Concurrency: config.Pilot.Concurrency,
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
		known, ok := config.Provider(arm.Provider)
		if !ok {
			return options, fmt.Errorf("arm %q: provider %q is not in %s", arm.Name, arm.Provider, configName)
		}
		if _, made := options.Endpoints[known.Name]; made {
			continue
		}
		answering, err := provider.New(known, os.Getenv, s.RecordedResponse)
		if err != nil {
			return options, err
		}
		options.Endpoints[known.Name] = run.NewEndpoint(answering, known)
	}
	return options, nil
}

// A costEstimate is what the open calls of an arm will cost.
type costEstimate struct {
	Arm       string  `json:"arm"`
	Calls     int     `json:"calls"`
	Expected  float64 `json:"expected_usd"`
	WorstCase float64 `json:"worst_case_usd"`
	Unpriced  bool    `json:"price_unknown"`
	Free      bool    `json:"not_called"` // recorded or simulated: nothing is spent
}

// estimate prices calls before they are made.
func estimate(ctx context.Context, s *store.Store, config eval.Config, protocol eval.Protocol, cells []eval.Cell) ([]costEstimate, error) {
	priceOf, err := armPrice(ctx, s, config)
	if err != nil {
		return nil, err
	}
	var estimates []costEstimate
	for _, arm := range protocol.Arms {
		e := costEstimate{Arm: arm.Name}
		known, _ := config.Provider(arm.Provider)
		price, priced := priceOf(arm)
		e.Free = !known.Kind.Called()
		e.Unpriced = !priced && !e.Free
		for _, cell := range cells {
			if cell.Arm != arm.Name {
				continue
			}
			e.Calls++
			if e.Free || e.Unpriced {
				continue
			}
			task, err := s.Task(ctx, cell.TaskID)
			if err != nil {
				return nil, err
			}
			e.Expected += run.Expected(task, arm, price).Dollars()
			e.WorstCase += run.WorstCase(task, arm, price).Dollars()
		}
		estimates = append(estimates, e)
	}
	return estimates, nil
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
	estimates, err := estimate(ctx, s, config, protocol.Protocol, cells)
	if err != nil {
		return err
	}
	if g.json {
		return report.JSON(out, map[string]any{"schema": "modeltrial.pilot-run/1", "week": o.week, "dry_run": true, "open": len(cells), "estimates": estimates})
	}
	fmt.Fprintf(out, "week %d: %s calls are open; nothing was sent\n\n", o.week, report.Count(len(cells)))
	return writeEstimates(out, g, estimates)
}

func writeEstimates(out io.Writer, g *global, estimates []costEstimate) error {
	rows := make([][]report.Cell, len(estimates))
	for i, e := range estimates {
		expected, worst := report.Money(e.Expected), report.Money(e.WorstCase)
		switch {
		case e.Free:
			expected, worst = "not called", "not called"
		case e.Unpriced:
			expected, worst = "price unknown", "price unknown"
		}
		rows[i] = report.Cells(e.Arm, report.Count(e.Calls), expected, worst)
	}
	return report.Table(out, g.style(out), []report.Column{
		{Name: "arm"}, {Name: "calls", Right: true}, {Name: "expected", Right: true}, {Name: "worst case", Right: true},
	}, rows)
}
