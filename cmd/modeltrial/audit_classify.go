package main

import (
	"context"
	"fmt"
	"io"

	"github.com/spf13/cobra"

	"modeltrial/audit"
	"modeltrial/audit/classify"
	"modeltrial/audit/ingest"
	"modeltrial/report"
	"modeltrial/store"
)

func newAuditClassifyCmd(g *global) *cobra.Command {
	var review string
	var again bool
	cmd := &cobra.Command{
		Use:   "classify",
		Short: "put tasks into categories, locally and without network",
		Long: `classify gives every task without a category one. A person's corrections come
with --review FILE (columns id and category) and are never overwritten.`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			return runClassify(cmd.Context(), g, review, again, cmd.OutOrStdout(), cmd.ErrOrStderr())
		},
	}
	cmd.Flags().StringVar(&review, "review", "", "CSV of corrections: id,category")
	cmd.Flags().BoolVar(&again, "again", false, "categorise again what was categorised locally before")
	return cmd
}

func runClassify(ctx context.Context, g *global, review string, again bool, out, errOut io.Writer) error {
	config, err := g.config()
	if err != nil {
		return err
	}
	return g.withStore(ctx, func(s *store.Store) error {
		if review != "" {
			return applyReview(ctx, g, s, review, config.CategoryNames(), out, errOut)
		}
		if len(config.Categories) > 0 {
			return fmt.Errorf("%s lists its own categories, which the local categoriser does not know; give them in the log (column category, or audit import --category) or with --review", g.configPath())
		}
		counts, err := classifyAll(ctx, s, again, errOut)
		if err != nil {
			return err
		}
		if g.json {
			return report.JSON(out, map[string]any{
				"schema": "modeltrial.audit-classify/1", "classified": counts.done, "unsure": counts.unsure, "categories": counts.byCategory,
			})
		}
		fmt.Fprintf(out, "%s tasks categorised, %s of them unsure\n", report.Count(counts.done), report.Count(counts.unsure))
		for _, category := range audit.Categories {
			fmt.Fprintf(out, "  %-10s %6s\n", category, report.Count(counts.byCategory[category]))
		}
		fmt.Fprintf(out, "\n%s\n", g.next("audit report"))
		return nil
	})
}

type classified struct {
	done, unsure int
	byCategory   map[audit.Category]int
}

// classifyAll categorises in batches on all cores, so that memory stays flat.
// Categories are stored by the tens of thousands, since each time waits for the disk;
// what an interruption loses is categorised again.
func classifyAll(ctx context.Context, s *store.Store, again bool, errOut io.Writer) (classified, error) {
	const together = 20_000
	counts := classified{byCategory: map[audit.Category]int{}}
	total, err := s.CountTasks(ctx)
	if err != nil {
		return counts, err
	}
	bar := newCountBar(errOut, "categorise", total)
	defer bar.finish()
	var updates []store.CategoryUpdate
	save := func() error {
		err := s.SetCategories(ctx, updates)
		updates = updates[:0]
		return err
	}
	err = predictAll(ctx, s, again, func(rows []int64, predictions []classify.Prediction) error {
		for i, prediction := range predictions {
			updates = append(updates, store.CategoryUpdate{
				Row: rows[i], Category: prediction.Category, Source: audit.CategoryFromLocal, Probability: prediction.Probability,
			})
			counts.byCategory[prediction.Category]++
			if !prediction.Sure {
				counts.unsure++
			}
		}
		counts.done += len(rows)
		bar.set(counts.done)
		if len(updates) < together {
			return nil
		}
		return save()
	})
	if err != nil {
		return counts, err
	}
	return counts, save()
}

// applyReview stores a person's corrections: all of the file or none.
func applyReview(ctx context.Context, g *global, s *store.Store, path string, known []audit.Category, out, errOut io.Writer) error {
	var updates []store.CategoryUpdate
	lines := map[string]int{}
	read, err := ingest.ReadLabels(ctx, path, known, false, func(label ingest.Label) error {
		updates = append(updates, store.CategoryUpdate{TaskID: label.ID, Category: label.Category, Source: audit.CategoryFromReview, Probability: 1})
		lines[label.ID] = label.Line
		return nil
	})
	if err != nil {
		return err
	}
	ids := make([]string, len(updates))
	for i, update := range updates {
		ids[i] = update.TaskID
	}
	unknown, err := s.UnknownTaskIDs(ctx, ids)
	if err != nil {
		return err
	}
	for _, id := range unknown {
		fmt.Fprintf(errOut, "%s:%d: id: %q is not the id of an imported task\n", path, lines[id], id)
	}
	if len(unknown) > 0 || read.Rejected > 0 {
		return fmt.Errorf("%s: %d rows are wrong; nothing was changed", path, len(unknown)+read.Rejected)
	}
	if err := s.SetCategories(ctx, updates); err != nil {
		return err
	}
	if g.json {
		return report.JSON(out, map[string]any{"schema": "modeltrial.audit-classify/1", "reviewed": len(updates)})
	}
	fmt.Fprintf(out, "%s corrections stored; they are never overwritten\n", report.Count(len(updates)))
	return nil
}
