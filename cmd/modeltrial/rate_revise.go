package main

import (
	"context"
	"fmt"
	"io"
	"slices"

	"github.com/spf13/cobra"

	"modeltrial/eval"
	"modeltrial/eval/revise"
	"modeltrial/eval/run"
	"modeltrial/report"
	"modeltrial/store"
)

func newRateReviseCmd(g *global) *cobra.Command {
	o := &runOptions{}
	cmd := &cobra.Command{
		Use:   "revise",
		Short: "get the new answers that editors asked for with a remark",
		Long: `revise asks, for each answer that an editor of rate serve --edit sent back, the same arm
again, with the task, its answer and the remark. The editor finds the new answer at the
next visit, as blind as the first. How many rounds an arm's answers needed stands in
modeltrial analyze.

The cost is said first. The worst case of each call is set aside before it is sent, so
that neither the protocol's budget, which all calls share, nor --max-cost is exceeded.
Running again goes on where this stopped. Of a pilot that was stopped early nothing is
asked. An editor whose remark the provider refuses
gets the answer before back.

Exit status: 0 everything asked for is answered, 1 something is still open or failed.`,
		Example: "  modeltrial rate revise --dry-run\n  modeltrial rate revise --max-cost 2",
		Args:    cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			return g.withStore(cmd.Context(), func(s *store.Store) error {
				return runRevise(cmd.Context(), g, s, o, cmd.OutOrStdout(), cmd.ErrOrStderr())
			})
		},
	}
	cmd.Flags().StringVar(&o.maxCost, "max-cost", "", "cap of this run in dollars, within the protocol's budget")
	cmd.Flags().IntVar(&o.concurrency, "concurrency", 0, "calls in flight (default the configuration's)")
	cmd.Flags().BoolVar(&o.dryRun, "dry-run", false, "say what it would cost, send nothing")
	return cmd
}

func runRevise(ctx context.Context, g *global, s *store.Store, o *runOptions, out, errOut io.Writer) error {
	if o.concurrency < 0 {
		return usagef("--concurrency is %d; choose 1 or more", o.concurrency)
	}
	config, protocol, err := g.lockedPilot(ctx, s)
	if err != nil {
		return err
	}
	stop, err := s.Stopped(ctx)
	if err != nil {
		return err
	}
	if stop != nil {
		return sayStopped(ctx, g, s, out, "modeltrial.rate-revise/1", *stop)
	}
	open, err := s.OpenRevisions(ctx)
	if err != nil {
		return err
	}
	estimates, err := estimateRevisions(ctx, s, config, protocol.Protocol, open)
	if err != nil {
		return err
	}
	if o.dryRun {
		if g.json {
			return report.JSON(out, map[string]any{"schema": "modeltrial.rate-revise/1", "dry_run": true, "open": len(open), "estimates": estimates})
		}
		fmt.Fprintf(out, "%s asked for; nothing was sent\n\n", counted(len(open), "new answer is", "new answers are"))
		return writeEstimates(out, g, estimates)
	}
	var summary run.Summary
	if len(open) > 0 {
		if summary, err = answerRevisions(ctx, s, config, o, open, estimates, errOut); err != nil {
			return err
		}
	}
	counts, err := s.Revisions(context.WithoutCancel(ctx))
	if err != nil {
		return err
	}
	if g.json {
		err = report.JSON(out, map[string]any{
			"schema": "modeltrial.rate-revise/1", "dry_run": false, "calls": summary.Total, "answered": summary.Answered, "failed": summary.Failed,
			"claimed": summary.Claimed, "spent_usd": summary.Spent.Dollars(), "budget_exhausted": summary.BudgetExhausted,
			"failures": append([]string{}, summary.Failures...), "revisions": counts,
		})
		if err != nil {
			return err
		}
	} else {
		sayRevised(g, out, summary)
	}
	if ctx.Err() != nil {
		return ctx.Err()
	}
	if summary.Answered < summary.Total {
		return errSaid
	}
	return nil
}

// answerRevisions says what the open revisions will cost and asks for them.
func answerRevisions(ctx context.Context, s *store.Store, config eval.Config, o *runOptions, open []eval.Revision, estimates []costEstimate, errOut io.Writer) (run.Summary, error) {
	options, err := runnerOptions(ctx, s, config, o)
	if err != nil {
		return run.Summary{}, err
	}
	if err := noteProviders(ctx, s, config, options.Protocol, errOut); err != nil {
		return run.Summary{}, err
	}
	expected, worst := 0.0, 0.0
	for _, e := range estimates {
		expected, worst = expected+e.Expected, worst+e.WorstCase
	}
	fmt.Fprintf(errOut, "asking for %s: %s expected, %s at most\n", counted(len(open), "new answer", "new answers"), report.Money(expected), report.Money(worst))
	bar := newCountBar(errOut, "revise", len(open))
	options.Progress = func(p run.Progress) {
		bar.describe(fmt.Sprintf("revise · spent %s of %s", report.Money(p.Spent.Dollars()), report.Money(options.Budget.Dollars())))
		bar.set(p.Done + p.Failed)
	}
	defer tellOfWaiting(ctx, errOut)()
	defer bar.finish()
	return revise.Run(ctx, s, open, options)
}

// estimateRevisions prices the open revisions by arm.
func estimateRevisions(ctx context.Context, s *store.Store, config eval.Config, protocol eval.Protocol, open []eval.Revision) ([]costEstimate, error) {
	priceOf, err := armPrice(ctx, s, config)
	if err != nil {
		return nil, err
	}
	estimates := []costEstimate{}
	for _, arm := range protocol.Arms {
		arm = revise.Call(arm)
		e := costEstimate{Arm: arm.Name}
		known, _ := config.Provider(arm.Provider)
		price, priced := priceOf(arm)
		e.Free = !known.Kind.Called()
		e.Unpriced = !priced && !e.Free
		for _, revision := range open {
			if revision.Arm != arm.Name {
				continue
			}
			e.Calls++
			if e.Free || e.Unpriced {
				continue
			}
			task, err := s.Task(ctx, revision.TaskID)
			if err != nil {
				return nil, err
			}
			question := revise.Question(task, revision)
			// The new answer will be about as long as the one before.
			question.Response = revision.Answer
			e.Expected += run.Expected(question, arm, price).Dollars()
			e.WorstCase += run.WorstCase(question, arm, price).Dollars()
		}
		estimates = append(estimates, e)
	}
	return slices.DeleteFunc(estimates, func(e costEstimate) bool { return e.Calls == 0 }), nil
}

func sayRevised(g *global, out io.Writer, summary run.Summary) {
	if summary.Total == 0 {
		fmt.Fprintf(out, "no editor waits for a new answer\n\n%s\n", g.next("rate serve --edit"))
		return
	}
	fmt.Fprintf(out, "%s of %s given, %s failed, spent %s\n", report.Count(summary.Answered), counted(summary.Total, "new answer", "new answers"),
		report.Count(summary.Failed), report.Money(summary.Spent.Dollars()))
	for _, failure := range summary.Failures {
		fmt.Fprintf(out, "  %s\n", failure)
	}
	sayClaimed(out, summary.Claimed, report.Count(summary.Claimed))
	sayAfterCalls(g, out, summary.BudgetExhausted, summary.Answered < summary.Total, "rate revise", "rate serve --edit")
}

// The store is what revising asks for.
var _ revise.Store = (*store.Store)(nil)
