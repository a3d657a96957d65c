package main

import (
	"cmp"
	"context"
	"encoding/csv"
	"fmt"
	"io"
	"maps"
	"math/rand/v2"
	"slices"

	"github.com/spf13/cobra"

	"modeltrial/report"
	"modeltrial/store"
)

func newRouteAnchorsCmd(g *global) *cobra.Command {
	var tasks int
	var seed uint64
	cmd := &cobra.Command{
		Use:   "anchors FILE.csv",
		Short: "draw comparisons of the pilot at random, to be rated again for route check",
		Long: `anchors draws for each use case, at random, comparisons that were rated in the pilot,
and writes them with the task and both answers. Have judges or people rate them again:
as they are (route check --frozen-ratings) and with answers made anew to the same tasks
(--fresh-ratings). Fill in rater, kind and preference (a, b, tie, both_bad).

The same seed draws the same anchors: rate the same ones every month. Nobody may choose
among them by how they were rated, or a change is found that is none. The file names the
arms, and which answer is whose: hide both from whoever rates, and show the two in
random order (column first).`,
		Example: `  modeltrial route anchors anchors.csv --tasks 60`,
		Args:    cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			if tasks < 1 {
				return usagef("--tasks is %d; draw at least one for each use case", tasks)
			}
			return g.withStore(cmd.Context(), func(s *store.Store) error {
				return drawAnchors(cmd.Context(), g, s, args[0], tasks, seed, cmd.OutOrStdout())
			})
		},
	}
	cmd.Flags().IntVar(&tasks, "tasks", 60, "comparisons for each use case, as far as there are so many")
	cmd.Flags().Uint64Var(&seed, "seed", 1, "of the draw")
	return cmd
}

var anchorColumns = []string{
	"task_id", "category", "arm_a", "arm_b", "system", "prompt", "answer_a", "answer_b", "first", "rater", "kind", "preference", "rated_at",
}

func drawAnchors(ctx context.Context, g *global, s *store.Store, path string, tasks int, seed uint64, out io.Writer) error {
	ids, err := s.AnchorIDs(ctx)
	if err != nil {
		return err
	}
	if len(ids) == 0 {
		return fmt.Errorf("the pilot has no rated comparison whose answers are kept; rate some first: %s", g.command("rate serve"))
	}
	random := rand.New(rand.NewPCG(seed, 0))
	var drawn []string
	for _, key := range slices.SortedFunc(maps.Keys(ids), func(a, b [2]string) int { return cmp.Or(cmp.Compare(a[0], b[0]), cmp.Compare(a[1], b[1])) }) {
		of := ids[key]
		random.Shuffle(len(of), func(i, j int) { of[i], of[j] = of[j], of[i] })
		drawn = append(drawn, of[:min(tasks, len(of))]...)
	}
	err = report.ReplaceFile(path, func(w io.Writer) error { return writeAnchors(ctx, s, w, drawn, random) })
	if err != nil {
		return err
	}
	if g.json {
		return report.JSON(out, map[string]any{"schema": "modeltrial.route-anchors/1", "file": path, "anchors": len(drawn), "use_cases": len(ids), "seed": seed})
	}
	fmt.Fprintf(out, "wrote %s: %s of %s\n", path, counted(len(drawn), "anchor", "anchors"), counted(len(ids), "use case", "use cases"))
	return nil
}

// writeAnchors writes a line for each; which answer is to be shown first is drawn.
func writeAnchors(ctx context.Context, s *store.Store, w io.Writer, ids []string, random *rand.Rand) error {
	writer := csv.NewWriter(w)
	if err := writer.Write(anchorColumns); err != nil {
		return err
	}
	for _, id := range ids {
		anchor, err := s.Anchor(ctx, id)
		if err != nil {
			return fmt.Errorf("anchor %s: %w", id, err)
		}
		first := []string{"a", "b"}[random.IntN(2)]
		row := []string{anchor.TaskID, string(anchor.Category), anchor.ArmA, anchor.ArmB, anchor.System, anchor.Prompt, anchor.AnswerA, anchor.AnswerB, first, "", "", "", ""}
		for i := range row {
			row[i] = report.SheetText(row[i])
		}
		if err := writer.Write(row); err != nil {
			return err
		}
	}
	writer.Flush()
	return writer.Error()
}
