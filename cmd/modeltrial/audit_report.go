package main

import (
	"context"
	"fmt"
	"io"
	"time"

	"github.com/spf13/cobra"

	"modeltrial/audit"
	"modeltrial/eval"
	"modeltrial/eval/decide"
	"modeltrial/eval/simulate"
	"modeltrial/report"
	"modeltrial/store"
)

type auditReportOptions struct {
	html, excel  string
	skipClusters bool
}

func newAuditReportCmd(g *global) *cobra.Command {
	o := &auditReportOptions{}
	cmd := &cobra.Command{
		Use:   "report",
		Short: "workload mix, spend, how much runs on another model than it should, where a pilot would pay",
		Long: `report adds up the imported log: what kinds of work there are, on which models they
run, what they cost and how long they take, by category, model, team and month;
how much of a provider's bill the log explains; and where a pilot would pay, with
what a decision would take.

Tasks that have no category yet are put into one first, as audit classify does it,
and near-duplicates are found among those that came in since they were looked for
last, as audit clusters does it: locally and without network. Tasks of a pilot's
sample stay as they were.

Money that is not known is shown as unknown, not as 0. Months that the log does not
cover are not compared. Monthly figures rest on whole weeks, and on the provider's
bill for the models that one was imported of.`,
		Example: `  modeltrial audit report
  modeltrial audit report --html audit.html --excel audit.xlsx`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			ctx := cmd.Context()
			return g.withStore(ctx, func(s *store.Store) error {
				if err := categoriseNew(ctx, g, s, cmd.ErrOrStderr()); err != nil {
					return err
				}
				if !o.skipClusters {
					if err := clusterNew(ctx, s, cmd.ErrOrStderr()); err != nil {
						return err
					}
				}
				document, err := auditReport(ctx, g, s)
				if err != nil {
					return err
				}
				return o.write(ctx, g, document, cmd.OutOrStdout())
			})
		},
	}
	cmd.Flags().StringVar(&o.html, "html", "", "write a self-contained page to this file instead")
	cmd.Flags().StringVar(&o.excel, "excel", "", "write a workbook to this file instead")
	cmd.Flags().BoolVar(&o.skipClusters, "skip-clusters", false, "do not look for near-duplicates among new tasks")
	return cmd
}

func (o *auditReportOptions) write(ctx context.Context, g *global, document audit.Report, out io.Writer) error {
	files := []string{}
	now := timeNow()
	if o.html != "" {
		err := report.ReplaceFile(o.html, func(w io.Writer) error { return report.AuditPage(w, document, now) })
		if err != nil {
			return err
		}
		files = append(files, o.html)
	}
	if o.excel != "" {
		if err := report.AuditWorkbook(ctx, o.excel, document, now); err != nil {
			return err
		}
		files = append(files, o.excel)
	}
	switch {
	case g.json && len(files) > 0:
		return report.JSON(out, map[string]any{"schema": "modeltrial.audit-report-files/1", "files": files})
	case g.json:
		return report.JSON(out, document)
	case len(files) > 0:
		for _, file := range files {
			fmt.Fprintf(out, "wrote %s\n", file)
		}
		return nil
	}
	return report.AuditReport(out, document, g.style(out))
}

// categoriseNew puts the tasks into a category that have none yet.
func categoriseNew(ctx context.Context, g *global, s *store.Store, errOut io.Writer) error {
	fresh, err := s.Unclassified(ctx, false, 0)
	if err != nil || len(fresh) == 0 {
		return err
	}
	config, err := g.config()
	if err != nil {
		return err
	}
	_, counts, err := sortTasks(ctx, s, config, false, errOut)
	if err != nil {
		return err
	}
	fmt.Fprintf(errOut, "%s categorised, %s of them unsure\n", counted(counts.done, "task", "tasks"), report.Count(counts.unsure))
	return nil
}

// auditReport is the audit with all that the workspace knows beside the log.
func auditReport(ctx context.Context, g *global, s *store.Store) (audit.Report, error) {
	mixer, err := mix(ctx, g, s)
	if err != nil {
		return audit.Report{}, err
	}
	config, err := g.config()
	if err != nil {
		return audit.Report{}, err
	}
	if mixer.Need, err = decisionNeed(config); err != nil {
		return audit.Report{}, err
	}
	const mostClusters = 5
	clusters, err := s.LargestClusters(ctx, mostClusters)
	if err != nil {
		return audit.Report{}, err
	}
	texts, err := s.TextCounts(ctx)
	if err != nil {
		return audit.Report{}, err
	}
	mixer.Clusters, mixer.Texts = &clusters, &texts
	table, err := s.LatestRoutingTable(ctx)
	if err == nil {
		mixer.Routed = offRoute(mixer, table)
	}
	if err := ignoreNotFound(err); err != nil {
		return audit.Report{}, err
	}
	document := mixer.Report()
	sources, err := s.CostSources(ctx)
	if err != nil {
		return document, err
	}
	document.CostSources = &sources
	return document, correctShares(ctx, s, &document)
}

// decisionNeed plans one use case under the standard assumptions and the workspace's
// protocol, or the one that modeltrial init writes.
func decisionNeed(config eval.Config) (*audit.DecisionNeed, error) {
	protocol := config.Pilot
	if protocol.Weeks == 0 {
		standard, err := eval.ParseConfig(configName, nil)
		if err != nil {
			return nil, err
		}
		protocol = standard.Pilot
	}
	protocol.UseCases = []eval.UseCase{{Candidates: []string{"candidate"}}}
	standard := simulate.Standard("")
	assumptions := eval.Assumptions{
		WinRate: 0.6, Ties: standard.Ties, Power: 0.8, Raters: standard.Raters, RaterSD: standard.RaterSD, ICC: standard.ICC, ClusterSize: 1,
	}
	plan, err := decide.PlanUseCase(protocol, assumptions, eval.UseCasePlan{Planned: protocol.Weeks * protocol.TasksPerWeek})
	if err != nil {
		return nil, err
	}
	need := &audit.DecisionNeed{
		TasksBetter: plan.Better.Tasks, TasksNotWorse: plan.NotWorse.Tasks, TasksPerWeek: protocol.TasksPerWeek, WhyMissing: map[string]string{},
		Assumes: fmt.Sprintf("better takes a candidate that people prefer on %.0f%% of tasks, not worse one that is as good, within %.0f points; %d people, one use case, %.0f%% power",
			100*assumptions.WinRate, 100*protocol.Margin, assumptions.Raters, 100*assumptions.Power),
	}
	for name, claim := range map[string]eval.ClaimPlan{"tasks_better": plan.Better, "tasks_not_worse": plan.NotWorse} {
		if claim.Tasks == nil {
			need.WhyMissing[name] = claim.WhyMissing["tasks_needed"]
		}
	}
	return need, nil
}

// offRoute is the share of the log on a model that the table replaces.
func offRoute(mixer *audit.Mixer, table eval.RoutingTable) *audit.RoutedShare {
	replacements := map[audit.Category]audit.Replacement{}
	for _, route := range table.Routes {
		if route.Arm != route.Control {
			replacements[route.Category] = audit.Replacement{From: route.ReplacesModel, To: route.Model}
		}
	}
	share := mixer.OffRoute(replacements, table.DecidedAt.Format(time.DateOnly))
	return &share
}

// mix adds up the whole log, streaming, beside what providers account for and the
// prices by which an account without a cost is valued.
func mix(ctx context.Context, g *global, s *store.Store) (*audit.Mixer, error) {
	threshold, err := usedThreshold(ctx, s)
	if err != nil {
		return nil, err
	}
	mixer := audit.NewMixer(threshold)
	config, err := g.config()
	if err != nil {
		return nil, err
	}
	if mixer.Prices, err = prices(ctx, s, config); err != nil {
		return nil, err
	}
	if mixer.Baselines, err = s.Baselines(ctx); err != nil {
		return nil, err
	}
	err = s.EachTaskSummary(ctx, func(task audit.Task) error {
		mixer.Add(task)
		return nil
	})
	return mixer, err
}
