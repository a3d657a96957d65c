package main

import (
	"context"
	"fmt"
	"io"

	"github.com/spf13/cobra"

	"modeltrial/audit"
	"modeltrial/report"
	"modeltrial/store"
)

func newAuditClustersCmd(g *global) *cobra.Command {
	most := 10
	cmd := &cobra.Command{
		Use:   "clusters",
		Short: "find near-duplicate prompts, such as a template whose slots change",
		Long: `clusters puts tasks whose prompts are nearly the same into a cluster. Tasks of a
cluster say less than as many tasks of their own: a pilot's sample takes of each
cluster its share of the tasks and no more, and every interval counts the cluster,
not the task, as one. A cluster that the log gives is never changed.

Two prompts are near-duplicates where more than half of their words and pairs of
words are the same, all numbers counting as one.`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			return g.withStore(cmd.Context(), func(s *store.Store) error {
				return runClusters(cmd.Context(), g, s, most, cmd.OutOrStdout(), cmd.ErrOrStderr())
			})
		},
	}
	cmd.Flags().IntVar(&most, "top", most, "how many of the largest clusters to show")
	return cmd
}

func runClusters(ctx context.Context, g *global, s *store.Store, most int, out, errOut io.Writer) error {
	if most < 0 {
		return usagef("--top is %d; choose 0 or more", most)
	}
	if err := findClusters(ctx, s, errOut); err != nil {
		return err
	}
	clusters, err := s.LargestClusters(ctx, most)
	if err != nil {
		return err
	}
	total, err := s.CountTasks(ctx)
	if err != nil {
		return err
	}
	if g.json {
		return report.JSON(out, struct {
			Schema string `json:"schema"`
			Total  int    `json:"tasks_total"`
			audit.Clusters
		}{"modeltrial.audit-clusters/1", total, clusters})
	}
	return report.Clusters(out, clusters, total, g.style(out))
}

// findClusters looks at every prompt whose cluster the log does not give.
func findClusters(ctx context.Context, s *store.Store, errOut io.Writer) error {
	total, err := s.CountTasks(ctx)
	if err != nil {
		return err
	}
	bar := newCountBar(errOut, "find near-duplicates", total)
	defer bar.finish()
	finder := audit.NewDeduplicator()
	var rows []int64
	var before []bool // is in a found cluster
	err = s.EachUnclustered(ctx, func(row int64, found bool, text string) error {
		finder.Add(text)
		rows, before = append(rows, row), append(before, found)
		if len(rows)%1000 == 0 {
			bar.set(len(rows))
		}
		return nil
	})
	if err != nil {
		return fmt.Errorf("find near-duplicates: %w", err)
	}
	first, sizes := finder.Clusters()
	var found []store.FoundCluster
	for i, row := range rows {
		switch {
		case sizes[i] > 1:
			found = append(found, store.FoundCluster{Row: row, First: rows[first[i]]})
		case before[i]:
			found = append(found, store.FoundCluster{Row: row})
		}
	}
	return s.SetFoundClusters(ctx, found)
}
