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
)

func newAuditScoreCmd(g *global) *cobra.Command {
	return &cobra.Command{
		Use:   "score FILE",
		Short: "accuracy of the categoriser on labelled rows: id,prompt,category",
		Args:  cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			return runScore(cmd.Context(), g, args[0], cmd.OutOrStdout(), cmd.ErrOrStderr())
		},
	}
}

func runScore(ctx context.Context, g *global, path string, out, errOut io.Writer) error {
	var rows []classify.Labelled
	read, err := ingest.ReadLabels(ctx, path, audit.Categories, true, func(label ingest.Label) error {
		rows = append(rows, classify.Labelled{Text: label.Prompt, Category: label.Category, Source: label.Source})
		return nil
	})
	if err != nil {
		return err
	}
	sayRejects(errOut, read)
	if len(rows) == 0 {
		return fmt.Errorf("%s: no labelled row could be used", path)
	}
	score := classify.Measure(rows, classify.Default())
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
