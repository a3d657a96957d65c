package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"time"

	"github.com/spf13/cobra"

	"modeltrial/eval"
	"modeltrial/report"
	"modeltrial/store"
)

func newPilotCmd(g *global) *cobra.Command {
	return group("pilot", "run each task through the current model and the candidates",
		newPilotPlanCmd(g), newPilotLockCmd(g), newPilotRunCmd(g), newPilotRetryCmd(g), newPilotStatusCmd(g), newPilotImportCmd(g), newPilotDeviateCmd(g))
}

func newPilotLockCmd(g *global) *cobra.Command {
	var reason string
	cmd := &cobra.Command{
		Use:   "lock",
		Short: "freeze the protocol and draw the sample of every week",
		Long: `lock freezes and hashes the section pilot of modeltrial.yaml and draws every
week's tasks at random with the protocol's seed, each team and cluster by its share;
with sample: fresh each week is drawn when it begins, from that week's log first. Locking the same protocol again
changes nothing; a changed one needs --reason, which appears in every report.`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			return g.withStore(cmd.Context(), func(s *store.Store) error {
				return runLock(cmd.Context(), g, s, reason, cmd.OutOrStdout(), cmd.ErrOrStderr())
			})
		},
	}
	cmd.Flags().StringVar(&reason, "reason", "", "why the protocol departs from the locked one")
	return cmd
}

func runLock(ctx context.Context, g *global, s *store.Store, reason string, out, errOut io.Writer) error {
	config, err := g.pilotConfig()
	if err != nil {
		return err
	}
	for _, price := range checkPrices(ctx, s, config) {
		switch {
		case !price.OK:
			return errors.New(price.Detail) // before it is frozen, not after
		case price.Warning:
			fmt.Fprintf(errOut, "! %s\n", price.Detail)
		}
	}
	if _, err := checkers(config.Pilot); err != nil {
		return err
	}
	if err := sayNotLookedAt(ctx, g, s, errOut); err != nil {
		return err
	}
	protocol, err := lock(ctx, s, config, reason, time.Now())
	if errors.Is(err, store.ErrProtocolLocked) {
		return fmt.Errorf("another protocol is locked (%s…); put modeltrial.yaml back, or say with --reason why it changes", protocol.SHA256[:12])
	}
	if err != nil {
		return err
	}
	batches, err := s.Batches(ctx)
	if err != nil {
		return err
	}
	if g.json {
		return report.JSON(out, map[string]any{
			"schema": "modeltrial.pilot-lock/1", "pilot": protocol.Protocol.Name, "version": protocol.Version,
			"protocol_sha256": protocol.SHA256, "locked_at": protocol.LockedAt, "batches": batches,
		})
	}
	fmt.Fprintf(out, "protocol %q is locked: version %d, SHA-256 %s\n", protocol.Protocol.Name, protocol.Version, protocol.SHA256)
	for _, batch := range batches {
		fmt.Fprintf(out, "  week %d  %-10s %s tasks\n", batch.Week, batch.Category, report.Count(batch.Tasks))
	}
	sayShortage(out, protocol.Protocol, batches)
	fmt.Fprintf(out, "\n%s\n", g.next("pilot run"))
	return nil
}

// lock freezes the protocol and draws the sample of each week.
func lock(ctx context.Context, s *store.Store, config eval.Config, reason string, now time.Time) (eval.LockedProtocol, error) {
	before, err := s.Locked(ctx)
	if err != nil && !errors.Is(err, eval.ErrNotFound) {
		return before, err
	}
	protocol, err := s.LockProtocol(ctx, config.Pilot, reason, now)
	if err != nil {
		return protocol, err
	}
	if protocol.Version != before.Version {
		if err := s.DropUnstartedBatches(ctx); err != nil {
			return protocol, err
		}
	}
	return protocol, drawWeeks(ctx, s, config, now)
}

// recordedArms are the arms of a use case whose answers are on record: only tasks
// with such an answer can be in the sample.
func recordedArms(config eval.Config, useCase eval.UseCase) []string {
	var arms []string
	for _, name := range append([]string{config.Pilot.Control}, useCase.Candidates...) {
		arm, _ := config.Pilot.Arm(name)
		if provider, ok := config.Provider(arm.Provider); ok && provider.Kind == eval.ProviderRecorded {
			arms = append(arms, name)
		}
	}
	return arms
}

// sayShortage tells where a category has fewer tasks than the protocol plans.
func sayShortage(out io.Writer, protocol eval.Protocol, batches []store.BatchCount) {
	for _, useCase := range protocol.UseCases {
		sampled, weeks := 0, protocol.Weeks
		if protocol.Sample == eval.SampleFresh {
			weeks = 0 // the weeks to come are no shortage
		}
		for _, batch := range batches {
			if batch.Category == useCase.Category {
				sampled += batch.Tasks
			}
			if protocol.Sample == eval.SampleFresh {
				weeks = max(weeks, batch.Week)
			}
		}
		if planned := weeks * protocol.TasksPerWeek; sampled < planned {
			fmt.Fprintf(out, "  %s has %d of the %d tasks planned: no more tasks can be used, or its weeks were drawn before\n", useCase.Category, sampled, planned)
		}
	}
}

func newPilotStatusCmd(g *global) *cobra.Command {
	return &cobra.Command{
		Use:   "status",
		Short: "progress by week, arm and rater; spend; drift of models; what blocks; what is due",
		Args:  cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			return g.withStore(cmd.Context(), func(s *store.Store) error {
				return runStatus(cmd.Context(), g, s, cmd.OutOrStdout(), cmd.ErrOrStderr())
			})
		},
	}
}

// armProgress is an arm's row of the status document.
type armProgress struct {
	store.ArmStatus
	CostUSD float64 `json:"cost_usd"`
}

func runStatus(ctx context.Context, g *global, s *store.Store, out, errOut io.Writer) error {
	protocol, err := locked(ctx, s)
	if err != nil {
		return err
	}
	warnUnlocked(g, protocol, errOut)
	status, err := s.PilotStatus(ctx)
	if err != nil {
		return err
	}
	raters, err := s.Raters(ctx)
	if err != nil {
		return err
	}
	spent, err := s.Spent(ctx)
	if err != nil {
		return err
	}
	committed, err := s.Committed(ctx)
	if err != nil {
		return err
	}
	budget, err := protocol.Protocol.Budget()
	if err != nil {
		return err
	}
	arms := make([]armProgress, len(status.Arms))
	for i, row := range status.Arms {
		arms[i] = armProgress{row, row.CostNano.Dollars()}
	}
	cells, err := s.OpenCells(ctx, 0)
	if err != nil {
		return err
	}
	open := len(cells)
	stepRows, err := s.StepStatus(ctx)
	if err != nil {
		return err
	}
	steps := stepsProgress(protocol.Protocol, stepRows)
	judges, unjudged, err := judgeStatus(ctx, s, protocol.Protocol)
	if err != nil {
		return err
	}
	served, err := s.ServedModels(ctx)
	if err != nil {
		return err
	}
	drift := driftWarnings(served)
	now := time.Now()
	workers, err := s.Workers(ctx, now)
	if err != nil {
		return err
	}
	blocked, err := blockages(ctx, s, status, open, spent, committed, budget, workers, now)
	if err != nil {
		return err
	}
	checks, err := s.ComparisonChecks(ctx, 0)
	if err != nil {
		return err
	}
	stop, err := s.Stopped(ctx)
	if err != nil {
		return err
	}
	working := workersProgress(workers, now)
	waiting, err := s.WaitingCalls(ctx)
	if err != nil {
		return err
	}
	due := g.dueCommand(stop != nil, atWork(workers, now), open, unjudged, status)
	recorded, unexplained, err := deviations(ctx, s)
	if err != nil {
		return err
	}
	if g.json {
		return report.JSON(out, map[string]any{
			"schema": "modeltrial.pilot-status/1", "pilot": protocol.Protocol.Name, "protocol_sha256": protocol.SHA256,
			"arms": arms, "steps": steps, "comparisons": status.Comparisons, "comparisons_rated": status.RatedOnce, "comparisons_complete": status.Rated, "raters": raters,
			"spent_usd": spent.Dollars(), "set_aside_usd": (committed - spent).Dollars(), "budget_usd": budget.Dollars(), "open_calls": open, "due": due,
			"judges": judges, "open_judgements": unjudged, "flagged_answers": flaggedRule(protocol.Protocol), "comparisons_flagged": countFlagged(checks),
			"deviations": recorded, "deviations_without_reason": unexplained, "stopped": stop != nil,
			"models_served": servedModels(served), "drift_warnings": drift, "blocked": blocked,
			"workers": working, "given_up": append([]eval.WaitingCall{}, waiting...),
		})
	}
	fmt.Fprintf(out, "Pilot %q, protocol %s…, %s\n\n", protocol.Protocol.Name, protocol.SHA256[:12], counted(protocol.Protocol.Weeks, "week", "weeks"))
	rows := make([][]report.Cell, len(arms))
	for i, row := range arms {
		rows[i] = report.Cells(fmt.Sprint(row.Week), string(row.Category), row.Arm, report.Count(row.Tasks),
			report.Count(row.Answered), report.Count(row.Failed), report.Money(row.CostUSD), row.LastFail)
	}
	columns := []report.Column{
		{Name: "week", Right: true},
		{Name: "category"},
		{Name: "arm"},
		{Name: "tasks", Right: true},
		{Name: "answered", Right: true},
		{Name: "failed", Right: true},
		{Name: "cost", Right: true},
		{Name: "last error"},
	}
	if err := report.Table(out, g.style(out), columns, rows); err != nil {
		return err
	}
	if err := writeSteps(g, out, steps); err != nil {
		return err
	}
	if err := writeJudgeStatus(g, out, judges, unjudged); err != nil {
		return err
	}
	if err := writeWorkers(g, out, working); err != nil {
		return err
	}
	fmt.Fprintf(out, "\n%s\n", progress(status, protocol.Protocol))
	if countFlagged(checks) > 0 {
		fmt.Fprintf(out, "%s: %s\n", flaggedSentence(checks, flaggedRule(protocol.Protocol)), g.command("rate flagged"))
	}
	fmt.Fprintf(out, "spent on calls of this pilot: %s of %s\n", report.Money(spent.Dollars()), report.Money(budget.Dollars()))
	if committed > spent {
		fmt.Fprintf(out, "set aside beside that: %s, for calls under way or that may have been billed without an answer\n", report.Money((committed - spent).Dollars()))
	}
	for _, rater := range raters {
		fmt.Fprintf(out, "  %-16s %s, %s ratings%s\n", rater.Name, rater.Kind, report.Count(rater.Ratings), map[bool]string{true: " (simulated)"}[rater.Simulated])
	}
	sayServed(out, drift, blocked)
	sayGivenUp(g, out, waiting)
	sayDeviations(g, out, recorded, unexplained)
	ahead, err := nextWeek(ctx, s, protocol.Protocol, time.Now())
	if err != nil {
		return err
	}
	if ahead != "" {
		fmt.Fprintln(out, ahead)
	}
	if err := sayWaiting(ctx, g, s, out); err != nil {
		return err
	}
	fmt.Fprintf(out, "\nnext: %s\n", due)
	return nil
}

// dueCommand is what the pilot needs next, with so many calls and judgements open, which
// workers may be making. One that was stopped needs no more answers or ratings.
func (g *global) dueCommand(stopped, working bool, calls, judgements int, status store.Status) string {
	switch {
	case stopped:
	case calls > 0 && !working:
		return g.command("pilot run")
	case judgements > 0 && !working:
		return g.command("judge run")
	case status.Rated < status.Comparisons:
		return g.command("rate serve")
	}
	return g.command("analyze")
}

func newPilotImportCmd(g *global) *cobra.Command {
	var mapping []string
	var library bool
	cmd := &cobra.Command{
		Use:   "import-responses FILE",
		Short: "answers made elsewhere: task_id, arm, response, tokens, cost, latency",
		Long: `import-responses stores answers under the locked protocol. With --recorded they
are kept as a library instead, from which a provider of kind recorded answers when
pilot run asks it; that can be done before lock, which then samples only tasks that
have answers.`,
		Args: cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			return g.withStore(cmd.Context(), func(s *store.Store) error {
				return runImportResponses(cmd.Context(), g, s, args[0], mapping, library, cmd.OutOrStdout(), cmd.ErrOrStderr())
			})
		},
	}
	cmd.Flags().StringArrayVar(&mapping, "map", nil, "field=column for a column under another name (repeatable)")
	cmd.Flags().BoolVar(&library, "recorded", false, "keep them for providers of kind recorded")
	return cmd
}

func newPilotRunCmd(g *global) *cobra.Command {
	o := &runOptions{}
	cmd := &cobra.Command{
		Use:   "run",
		Short: "send the tasks that are due through every arm; resumes where it stopped",
		Long: `run answers what is open of a week: every response is stored as it arrives, none
is paid for twice, and the worst case of each call is set aside before it is sent,
so that neither the protocol's budget nor --max-cost is ever exceeded. One run at a
time works on a week; another says who does. After a run was killed the next one goes
on at once on the same machine, and on another one when its lease has run out.

A provider that does not answer is tried again at growing intervals while others are at
work. When nothing else is left to do the run waits for it for five minutes, or as long
as --wait says, and leaves what is open to the next run: run it every hour from cron and
every task is answered in the end.

With --batch it goes through the batch interfaces of OpenAI and Anthropic, at about half
the price: what is open is handed in, and the same command collects the answers later,
also after a restart. They come within a day, so that they have no turnaround time. Of a
pipeline each step is a batch of its own.

Exit status: 0 everything of the week is answered, 1 something is still open or failed.`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			return g.withStore(cmd.Context(), func(s *store.Store) error {
				return runPilot(cmd.Context(), g, s, o, cmd.OutOrStdout(), cmd.ErrOrStderr())
			})
		},
	}
	cmd.Flags().IntVar(&o.week, "week", 0, "the week to run (default the first with open calls)")
	cmd.Flags().StringVar(&o.maxCost, "max-cost", "", "cap of this run in dollars, within the protocol's budget")
	cmd.Flags().IntVar(&o.concurrency, "concurrency", 0, "calls in flight (default the configuration's)")
	cmd.Flags().DurationVar(&o.wait, "wait", 0, "how long to wait for a provider that does not answer (default five minutes; seconds for one that never did)")
	cmd.Flags().BoolVar(&o.dryRun, "dry-run", false, "say what it would cost, send nothing")
	cmd.Flags().BoolVar(&o.batch, "batch", false, "through the providers' batch interfaces: hand in what is open, collect what is done")
	cmd.Flags().StringVar(&o.reason, "reason", "", "why an earlier week is skipped, where --week does that")
	return cmd
}

type runOptions struct {
	week        int
	maxCost     string
	concurrency int
	wait        time.Duration
	dryRun      bool
	batch       bool
	reason      string
	// allowCommands lets checks run the commands that the protocol names.
	allowCommands bool
}

// dueWeek is the first week with open cells; 0 where nothing is open.
func dueWeek(ctx context.Context, s *store.Store) (int, error) {
	for cell, err := range s.EachOpenCell(ctx, 0) { // in the order of weeks
		return cell.Week, err
	}
	return 0, nil
}

func exists(path string) bool {
	_, err := os.Stat(path)
	return err == nil
}
