package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"runtime/debug"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"modeltrial/audit"
	"modeltrial/audit/ingest"
	"modeltrial/report"
	"modeltrial/store"
)

type importOptions struct {
	privacy
	mapping  []string
	category string
}

func newAuditImportCmd(g *global) *cobra.Command {
	o := &importOptions{}
	cmd := &cobra.Command{
		Use:   "import FILE...",
		Short: "read task logs (CSV or JSON Lines); importing a file again changes nothing",
		Long: `import reads task logs. Only the prompt is required; headers are recognised by
common names and reported, --map settles the rest. Rows that cannot be read go to
FILE.rejects.csv with their reasons; the others are imported.`,
		Example: `  modeltrial audit import log.csv
  modeltrial audit import export.csv --map prompt="User question" --map cost_usd=spend`,
		Args: cobra.MinimumNArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			return runAuditImport(cmd.Context(), g, o, args, cmd.OutOrStdout(), cmd.ErrOrStderr())
		},
	}
	cmd.Flags().StringArrayVar(&o.mapping, "map", nil, "field=column for a column under another name (repeatable)")
	o.privacy.flags(cmd)
	cmd.Flags().StringVar(&o.category, "category", "", "the category of every row, where the file holds one kind of work")
	return cmd
}

func runAuditImport(ctx context.Context, g *global, o *importOptions, paths []string, out, errOut io.Writer) error {
	mapping, err := parseMapping(o.mapping)
	if err != nil {
		return err
	}
	config, err := g.config()
	if err != nil {
		return err
	}
	if o.category != "" && !slices.Contains(config.CategoryNames(), audit.Category(o.category)) {
		return usagef("--category %q is not known; there are %v", o.category, config.CategoryNames())
	}
	options := ingest.Options{
		Map: mapping, KnownCategories: config.CategoryNames(), Category: audit.Category(o.category),
	}
	// What is read is garbage soon; without this the heap would grow to twice of what
	// an import keeps.
	const garbage = 25 // per cent
	defer debug.SetGCPercent(debug.SetGCPercent(garbage))
	reports := []ingest.FileReport{}
	err = g.withStore(ctx, func(s *store.Store) error {
		if options.Prices, err = prices(ctx, s, config); err != nil {
			return err
		}
		protect, err := o.protector(ctx, s)
		if err != nil {
			return err
		}
		options.Protect, options.Redact = protect.task, protect.rejected()
		for _, path := range paths {
			read, err := importLog(ctx, s, path, options, errOut)
			if err != nil {
				return err
			}
			protect.count(&read)
			reports = append(reports, read)
		}
		return nil
	})
	// What was imported before a failure is stored, and said.
	if len(reports) > 0 || err == nil {
		err = errors.Join(sayImport(g, out, errOut, reports), err)
	}
	if err != nil {
		return err
	}
	for _, read := range reports {
		if read.Rejected > 0 {
			return errSaid
		}
	}
	return nil
}

// importLog imports one file in one transaction: all of its good rows or, after a
// failure, none.
func importLog(ctx context.Context, s *store.Store, path string, options ingest.Options, errOut io.Writer) (ingest.FileReport, error) {
	bar := newBytesBar(errOut, path)
	defer bar.finish()
	options.Progress = bar.set
	transaction, err := beginImport(ctx, s, path)
	if err != nil {
		return ingest.FileReport{}, err
	}
	defer transaction.Rollback()
	read, err := ingest.ReadTasks(ctx, path, options, func(task audit.Task) (ingest.Outcome, error) {
		switch outcome, err := transaction.Add(ctx, task); {
		case err != nil:
			return ingest.Imported, err
		case outcome == store.Duplicate:
			return ingest.Duplicate, nil
		case outcome == store.Completed:
			return ingest.Completed, nil
		case outcome == store.Conflict:
			return ingest.Imported, &audit.RowError{
				Field:  "id",
				Msg:    fmt.Sprintf("%q is the id of another prompt", task.ID),
				Remedy: "give each task an id of its own, or map id to another column",
			}
		}
		return ingest.Imported, nil
	})
	if err != nil {
		return read, err
	}
	return read, transaction.Commit(ctx, importedFile(read))
}

// beginImport keeps others out of the database only for a file that takes a while.
func beginImport(ctx context.Context, s *store.Store, path string) (*store.TaskImport, error) {
	const large = 8 << 20
	if info, err := os.Stat(path); err == nil && info.Size() >= large {
		return s.BeginBulkImport(ctx, path)
	}
	return s.BeginImport(ctx, path)
}

func sayImport(g *global, out, errOut io.Writer, reports []ingest.FileReport) error {
	for _, read := range reports {
		sayRejects(errOut, read)
	}
	if g.json {
		return report.JSON(out, map[string]any{"schema": "modeltrial.audit-import/1", "files": reports})
	}
	for _, read := range reports {
		fmt.Fprintf(out, "%s: %s rows: %s imported, %s already there, %s rejected\n", read.File,
			report.Count(read.Rows), report.Count(read.Imported), report.Count(read.Duplicates+read.Completed), report.Count(read.Rejected))
		if read.Completed > 0 {
			fmt.Fprintf(out, "  %s of those already there got values that they were without\n", report.Count(read.Completed))
		}
		fmt.Fprintf(out, "  read as %s: %s\n", read.Format, mappedText(read.Mapped))
		sayUnknownCosts(out, read.Costs)
		if len(read.NotRead) > 0 {
			fmt.Fprintf(out, "  not read, kept as metadata: %s\n", columnsText(read.NotRead))
		}
		for _, note := range read.Notes {
			fmt.Fprintf(out, "  %s\n", note)
		}
		if read.OldRejectsFile != "" {
			fmt.Fprintf(out, "  the rejects of an earlier import are in %s now\n", read.OldRejectsFile)
		}
		sayProtected(out, read)
	}
	fmt.Fprintf(out, "\n%s\n", g.next("audit classify"))
	return nil
}

func mappedText(mapped map[string]string) string {
	var parts []string
	for field, column := range mapped {
		if field == column {
			parts = append(parts, field)
			continue
		}
		parts = append(parts, field+" from "+report.Line(column))
	}
	slices.Sort(parts)
	return strings.Join(parts, ", ")
}

// columnsText lists columns, the first of very many.
func columnsText(columns []string) string {
	const most = 40
	var parts []string
	for i, column := range columns {
		if i == most {
			parts = append(parts, fmt.Sprintf("and %d more", len(columns)-most))
			break
		}
		parts = append(parts, report.Line(column))
	}
	return strings.Join(parts, ", ")
}
