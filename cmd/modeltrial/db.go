package main

import (
	"context"
	"errors"
	"fmt"
	"io"

	"github.com/spf13/cobra"

	"modeltrial/eval"
	"modeltrial/report"
	"modeltrial/store"
)

func newDBCmd(g *global) *cobra.Command {
	return group("db", "move a workspace between SQLite and PostgreSQL", newDBCopyCmd(g))
}

func newDBCopyCmd(g *global) *cobra.Command {
	var to string
	cmd := &cobra.Command{
		Use:   "copy --to TARGET",
		Short: "copy the workspace into an empty database, and compare every table",
		Long: `copy copies all of the workspace into another database, which is empty or not there yet:
a file, or postgres://USER@HOST/NAME. All of it arrives or nothing. Every table is read back
and compared by its rows and a checksum. The original stays as it is; put the target into
modeltrial.yaml as db: to go on there, and stop what runs on the original before.

The password of a server is taken from PGPASSWORD or ~/.pgpass.`,
		Example: `  createdb modeltrial
  modeltrial db copy --to postgres://ann@db.example/modeltrial
  modeltrial --db postgres://ann@db.example/modeltrial db copy --to modeltrial.db`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if to == "" {
				return usagef("--to names the database to copy into: a file, or postgres://USER@HOST/NAME")
			}
			if err := withoutPassword("--to", to); err != nil {
				return err
			}
			return g.withStore(cmd.Context(), func(s *store.Store) error {
				return runDBCopy(cmd.Context(), g, s, to, cmd.OutOrStdout(), cmd.ErrOrStderr())
			})
		},
	}
	cmd.Flags().StringVar(&to, "to", "", "the database to copy into: a file, or postgres://USER@HOST/NAME")
	return cmd
}

func runDBCopy(ctx context.Context, g *global, s *store.Store, to string, out, errOut io.Writer) (err error) {
	target, err := store.Open(ctx, to)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, target.Close()) }()
	bar := totalBar{errOut: errOut, what: "copied rows"}
	copied, err := s.CopyTo(ctx, target, bar.set)
	bar.finish()
	if err != nil {
		return err
	}
	if g.json {
		return report.JSON(out, struct {
			Schema string `json:"schema"`
			eval.DatabaseCopy
		}{"modeltrial.db-copy/1", copied})
	}
	var rows int64
	for _, table := range copied.Tables {
		rows += table.Rows
	}
	fmt.Fprintf(out, "%s: %s rows in %d tables, each compared with %s\n", copied.To, report.Count(int(rows)), len(copied.Tables), copied.From)
	return nil
}
