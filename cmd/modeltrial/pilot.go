package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"slices"
	"time"

	"github.com/spf13/cobra"

	"modeltrial/audit"
	"modeltrial/eval"
	"modeltrial/eval/run"
	"modeltrial/report"
	"modeltrial/store"
)

func newPilotCmd(g *global) *cobra.Command {
	return group("pilot", "run each task through the current model and the candidates",
		newPilotPlanCmd(g), newPilotLockCmd(g), newPilotRunCmd(g), newPilotStatusCmd(g), newPilotImportCmd(g))
}

func newPilotLockCmd(g *global) *cobra.Command {
	var reason string
	cmd := &cobra.Command{
		Use:   "lock",
		Short: "freeze the protocol and draw the sample of every week",
		Long: `lock freezes and hashes the section pilot of modeltrial.yaml and draws every
week's tasks at random with the protocol's seed. Locking the same protocol again
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
	for _, useCase := range config.Pilot.UseCases {
		if err := draw(ctx, s, config, useCase, now); err != nil {
			return protocol, err
		}
	}
	return protocol, nil
}

// draw samples the weeks of a use case that have no sample yet, from the tasks that
// are in no batch.
func draw(ctx context.Context, s *store.Store, config eval.Config, useCase eval.UseCase, now time.Time) error {
	ids, err := s.TaskIDsByCategory(ctx, useCase.Category, recordedArms(config, useCase))
	if err != nil {
		return err
	}
	inBatches, err := s.BatchTaskIDs(ctx, 0, useCase.Category)
	if err != nil {
		return err
	}
	drawn := map[string]bool{}
	for _, id := range inBatches {
		drawn[id] = true
	}
	ids = slices.DeleteFunc(ids, func(id string) bool { return drawn[id] })
	sampled, err := s.SampledWeeks(ctx, useCase.Category)
	if err != nil {
		return err
	}
	var weeks []int
	for week := 1; week <= config.Pilot.Weeks; week++ {
		if !slices.Contains(sampled, week) {
			weeks = append(weeks, week)
		}
	}
	clusters, err := s.TaskClusters(ctx, useCase.Category)
	if err != nil {
		return err
	}
	for i, tasks := range run.SampleClusters(ids, clusters, len(weeks), config.Pilot.TasksPerWeek, config.Pilot.Seed, string(useCase.Category)) {
		if len(tasks) == 0 {
			continue // answers made elsewhere bring their tasks with them
		}
		if err := s.CreateBatch(ctx, weeks[i], map[audit.Category][]string{useCase.Category: tasks}, now); err != nil {
			return err
		}
	}
	return nil
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
		sampled := 0
		for _, batch := range batches {
			if batch.Category == useCase.Category {
				sampled += batch.Tasks
			}
		}
		if planned := protocol.Weeks * protocol.TasksPerWeek; sampled < planned {
			fmt.Fprintf(out, "  %s has %d of the %d tasks planned: no more tasks can be used, or its weeks were drawn before\n", useCase.Category, sampled, planned)
		}
	}
}

func newPilotStatusCmd(g *global) *cobra.Command {
	return &cobra.Command{
		Use:   "status",
		Short: "progress by week, arm and rater; spend; what is due",
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
	open := 0
	for i, row := range status.Arms {
		arms[i] = armProgress{row, row.CostNano.Dollars()}
		open += row.Tasks - row.Answered
	}
	judges, unjudged, err := judgeStatus(ctx, s, protocol.Protocol)
	if err != nil {
		return err
	}
	due := g.dueCommand(open, unjudged, status)
	if g.json {
		return report.JSON(out, map[string]any{
			"schema": "modeltrial.pilot-status/1", "pilot": protocol.Protocol.Name, "protocol_sha256": protocol.SHA256,
			"arms": arms, "comparisons": status.Comparisons, "comparisons_rated": status.RatedOnce, "comparisons_complete": status.Rated, "raters": raters,
			"spent_usd": spent.Dollars(), "set_aside_usd": (committed - spent).Dollars(), "budget_usd": budget.Dollars(), "open_calls": open, "due": due,
			"judges": judges, "open_judgements": unjudged,
		})
	}
	fmt.Fprintf(out, "Pilot %q, protocol %s…, %d weeks\n\n", protocol.Protocol.Name, protocol.SHA256[:12], protocol.Protocol.Weeks)
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
	if err := writeJudgeStatus(g, out, judges, unjudged); err != nil {
		return err
	}
	fmt.Fprintf(out, "\n%s\n", progress(status, protocol.Protocol))
	fmt.Fprintf(out, "spent on calls of this pilot: %s of %s\n", report.Money(spent.Dollars()), report.Money(budget.Dollars()))
	if committed > spent {
		fmt.Fprintf(out, "set aside beside that: %s, for calls under way or that may have been billed without an answer\n", report.Money((committed - spent).Dollars()))
	}
	for _, rater := range raters {
		fmt.Fprintf(out, "  %-16s %s, %s ratings%s\n", rater.Name, rater.Kind, report.Count(rater.Ratings), map[bool]string{true: " (simulated)"}[rater.Simulated])
	}
	fmt.Fprintf(out, "\nnext: %s\n", due)
	return nil
}

// dueCommand is what the pilot needs next, with so many calls and judgements open.
func (g *global) dueCommand(calls, judgements int, status store.Status) string {
	switch {
	case calls > 0:
		return g.command("pilot run")
	case judgements > 0:
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
so that neither the protocol's budget nor --max-cost is ever exceeded.

Exit status: 0 everything is answered, 1 something is still open or failed.`,
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
	cmd.Flags().BoolVar(&o.dryRun, "dry-run", false, "say what it would cost, send nothing")
	return cmd
}

type runOptions struct {
	week        int
	maxCost     string
	concurrency int
	dryRun      bool
}

// dueWeek is the first week with open cells; 0 where nothing is open.
func dueWeek(ctx context.Context, s *store.Store) (int, error) {
	cells, err := s.OpenCells(ctx, 0)
	if err != nil || len(cells) == 0 {
		return 0, err
	}
	return slices.MinFunc(cells, func(x, y eval.Cell) int { return x.Week - y.Week }).Week, nil
}

func exists(path string) bool {
	_, err := os.Stat(path)
	return err == nil
}
