package main

import (
	"context"
	"fmt"
	"io"

	"github.com/spf13/cobra"

	"modeltrial/audit/classify"
	"modeltrial/audit/ingest"
	"modeltrial/eval"
	"modeltrial/report"
	"modeltrial/store"
)

func newAuditScoreCmd(g *global) *cobra.Command {
	var errorsFile string
	cmd := &cobra.Command{
		Use:   "score FILE",
		Short: "accuracy of the categoriser on labelled rows: id,prompt,category",
		Long: `score categorises the rows of a file whose categories are known (columns prompt and
category; optionally id, source and language) and tells how well that went: accuracy,
macro-F1, the share it is unsure of, and whether its probabilities are to be believed;
by category, source and language. Nothing is stored.

It takes the file for a log: like audit classify it first learns the wording of the
prompts, without a look at their categories, where there are 200 or more. What it makes
of each prompt by itself is told beside it.`,
		Example: `  modeltrial audit score labelled.csv
  modeltrial audit score labelled.csv --errors wrong.csv`,
		Args: cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			return runScore(cmd.Context(), g, args[0], errorsFile, cmd.OutOrStdout(), cmd.ErrOrStderr())
		},
	}
	cmd.Flags().StringVar(&errorsFile, "errors", "", "CSV to write the wrongly categorised rows to, the most confident error first")
	return cmd
}

func runScore(ctx context.Context, g *global, path, errorsFile string, out, errOut io.Writer) error {
	config, err := g.config()
	if err != nil {
		return err
	}
	model, err := scoredModel(ctx, g, config, errOut)
	if err != nil {
		return err
	}
	var rows []classify.Labelled
	read, err := ingest.ReadLabels(ctx, path, config.CategoryNames(), true, func(label ingest.Label) error {
		rows = append(rows, classify.Labelled{
			ID: label.ID, Text: label.Prompt, Category: label.Category, Source: label.Source, Language: label.Language,
		})
		return nil
	})
	if err != nil {
		return err
	}
	sayRejects(errOut, read)
	if len(rows) == 0 {
		return fmt.Errorf("%s: no labelled row could be used", path)
	}
	score, wrong, err := classify.MeasureLog(ctx, rows, model)
	if err != nil {
		return err
	}
	if errorsFile != "" {
		err := report.ReplaceFile(errorsFile, func(w io.Writer) error { return report.ErrorRows(w, wrong) })
		if err != nil {
			return err
		}
		fmt.Fprintf(errOut, "%s wrongly categorised rows are in %s\n", report.Count(len(wrong)), errorsFile)
	}
	if g.json {
		err = report.JSON(out, score)
	} else {
		err = report.Score(out, score, g.style(out))
	}
	if err == nil && read.Rejected > 0 {
		return errSaid
	}
	return err
}

// scoredModel is the categoriser that the workspace has or would have, where there is one,
// before it learns of a log.
func scoredModel(ctx context.Context, g *global, config eval.Config, errOut io.Writer) (*classify.Model, error) {
	there, err := g.hasDatabase()
	if err != nil {
		return nil, err
	}
	lesson, row := ownLesson(config), store.LocalModel{}
	if there {
		err = g.withStore(ctx, func(s *store.Store) (err error) {
			if lesson, err = workspaceLesson(ctx, s, config); err != nil {
				return err
			}
			row, err = s.LocalModel(ctx)
			return ignoreNotFound(err)
		})
		if err != nil {
			return nil, err
		}
	}
	taught, err := taughtCategoriser(row, lesson, errOut)
	return taught.Model, err
}
