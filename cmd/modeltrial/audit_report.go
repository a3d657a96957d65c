package main

import (
	"context"

	"github.com/spf13/cobra"

	"modeltrial/audit"
	"modeltrial/eval"
	"modeltrial/report"
	"modeltrial/store"
)

func newAuditReportCmd(g *global) *cobra.Command {
	return &cobra.Command{
		Use:   "report",
		Short: "workload mix, spend, how much runs on another model than it should, where a pilot would pay",
		Args:  cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			ctx := cmd.Context()
			return g.withStore(ctx, func(s *store.Store) error {
				document, err := auditReport(ctx, s)
				if err != nil {
					return err
				}
				if g.json {
					return report.JSON(cmd.OutOrStdout(), document)
				}
				return report.AuditReport(cmd.OutOrStdout(), document, g.style(cmd.OutOrStdout()))
			})
		},
	}
}

func auditReport(ctx context.Context, s *store.Store) (audit.Report, error) {
	mixer, err := mix(ctx, s)
	if err != nil {
		return audit.Report{}, err
	}
	document := mixer.Report()
	sources, err := s.CostSources(ctx)
	if err != nil {
		return document, err
	}
	document.CostSources = &sources
	if err := correctShares(ctx, s, &document); err != nil {
		return audit.Report{}, err
	}
	table, err := s.LatestRoutingTable(ctx)
	if err == nil {
		document.Routed = offRoute(mixer, table)
		return document, nil
	}
	return document, ignoreNotFound(err)
}

// offRoute is the share of the log on a model that the table replaces.
func offRoute(mixer *audit.Mixer, table eval.RoutingTable) *audit.RoutedShare {
	replacements := map[audit.Category]audit.Replacement{}
	for _, route := range table.Routes {
		if route.Arm != route.Control {
			replacements[route.Category] = audit.Replacement{From: route.ReplacesModel, To: route.Model}
		}
	}
	share := mixer.OffRoute(replacements, table.DecidedAt.Format("2006-01-02"))
	return &share
}

// mix adds up the whole log, streaming.
func mix(ctx context.Context, s *store.Store) (*audit.Mixer, error) {
	used, err := usedCategoriser(ctx, s)
	if err != nil {
		return nil, err
	}
	mixer := audit.NewMixer(used.Threshold())
	err = s.EachTaskSummary(ctx, func(task audit.Task) error {
		mixer.Add(task)
		return nil
	})
	return mixer, err
}
