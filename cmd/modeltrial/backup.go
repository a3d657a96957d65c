package main

import (
	"context"
	"fmt"
	"io"

	"github.com/dustin/go-humanize"
	"github.com/spf13/cobra"

	"modeltrial/eval"
	"modeltrial/report"
	"modeltrial/store"
)

func newBackupCmd(g *global) *cobra.Command {
	return &cobra.Command{
		Use:   "backup FILE",
		Short: "copy the database as it is at this moment, and verify the copy",
		Long: `backup copies the database into a new file while pilots run and raters rate: one
moment of it, whole. The copy is checked for damage and its rows are counted against the
original's before it appears under its name. It is a database like any other: look into it
with --db FILE. It holds prompts and answers, and only its owner may read it.

Keep modeltrial.yaml with it. Keys are in neither.`,
		Example: `  modeltrial backup /backups/modeltrial-$(date +%F).db
  modeltrial --db /backups/modeltrial-2026-11-26.db analyze`,
		Args: cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			return g.withStore(cmd.Context(), func(s *store.Store) error {
				return runBackup(cmd.Context(), g, s, args[0], cmd.OutOrStdout(), cmd.ErrOrStderr())
			})
		},
	}
}

func runBackup(ctx context.Context, g *global, s *store.Store, path string, out, errOut io.Writer) error {
	bar := totalBar{errOut: errOut, what: "copied pages"}
	backup, err := s.Backup(ctx, path, bar.set)
	bar.finish()
	if err != nil {
		return err
	}
	if g.json {
		return report.JSON(out, struct {
			Schema string `json:"schema"`
			eval.Backup
		}{"modeltrial.backup/1", backup})
	}
	var rows int64
	for _, table := range backup.Tables {
		rows += table.Rows
	}
	fmt.Fprintf(out, "%s: %s, %d tables, %d rows, checked\n", backup.File, humanize.Bytes(uint64(backup.Bytes)), len(backup.Tables), rows)
	return nil
}
