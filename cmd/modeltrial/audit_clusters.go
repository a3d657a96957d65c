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

audit report does this for tasks that came in since it was done last. This command
shows more of the clusters, and finds all of them anew, also among the tasks of a
pilot's sample: the intervals of its results then follow.

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
	if _, err := findClusters(ctx, s, true, errOut); err != nil {
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

// clusterNew looks at the prompts that nobody has looked at for near-duplicates yet.
func clusterNew(ctx context.Context, s *store.Store, errOut io.Writer) error {
	fresh, err := s.NotLookedAt(ctx)
	if err != nil || fresh == 0 {
		return err
	}
	joined, err := findClusters(ctx, s, false, errOut)
	if err != nil {
		return err
	}
	fmt.Fprintf(errOut, "%s looked at for near-duplicates, %s of them in clusters\n", counted(fresh, "task", "tasks"), report.Count(joined))
	return nil
}

// findClusters looks at the prompts whose cluster the log does not give: at all of them
// anew, or at those that nobody has looked at yet. It gives how many it put into
// clusters.
func findClusters(ctx context.Context, s *store.Store, anew bool, errOut io.Writer) (joined int, err error) {
	total, err := s.CountTasks(ctx)
	if err != nil {
		return 0, err
	}
	bar := newCountBar(errOut, "find near-duplicates", total)
	defer bar.finish()
	defer allowGarbage(25)() // much is in use
	finder := audit.NewDeduplicator()
	var tasks []store.UnclusteredTask
	through, err := s.EachUnclustered(ctx, anew, func(task store.UnclusteredTask) error {
		if task.Leads {
			finder.Lead(task.Text)
		} else {
			finder.Add(task.Text)
		}
		task.Text = ""
		if tasks = append(tasks, task); len(tasks)%1000 == 0 {
			bar.set(len(tasks))
		}
		return nil
	})
	if err != nil {
		return 0, fmt.Errorf("find near-duplicates: %w", err)
	}
	first, sizes := finder.Clusters()
	var found []store.FoundCluster
	for i, task := range tasks {
		switch {
		case task.Leads && (task.Found || sizes[i] == 1): // stays what it was
		case sizes[i] > 1:
			found = append(found, store.FoundCluster{Row: task.Row, First: tasks[first[i]].Row})
			joined++
		case task.Found:
			found = append(found, store.FoundCluster{Row: task.Row})
		}
	}
	return joined, s.SetFoundClusters(ctx, found, through)
}

// sayNotLookedAt tells how many tasks nobody has looked at for near-duplicates, before a
// sample is drawn.
func sayNotLookedAt(ctx context.Context, g *global, s *store.Store, errOut io.Writer) error {
	fresh, err := s.NotLookedAt(ctx)
	if err != nil || fresh == 0 {
		return err
	}
	_, err = fmt.Fprintf(errOut, "! nobody has looked for near-duplicates among %s: uses of one template would count as tasks of their own; %s finds them\n",
		counted(fresh, "task", "tasks"), g.command("audit clusters"))
	return err
}
