package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"slices"

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
	source   sourceFlags
}

func newAuditImportCmd(g *global) *cobra.Command {
	o := &importOptions{}
	cmd := &cobra.Command{
		Use:   "import [FILE|FOLDER|-]...",
		Short: "read task logs of any usual format; importing a log again changes nothing",
		Long: `import reads task logs, and recognises by their content what they are: CSV with
any delimiter and encoding, JSON, JSON Lines, Excel, Parquet, and the exports of
LiteLLM, Langfuse, LangSmith, Helicone, OpenTelemetry, promptfoo, ChatGPT and
Claude, each possibly compressed with gzip or zstd. It takes files, folders with
whatever logs are in them, patterns, and - for standard input, or the answer to a
query of a PostgreSQL, MySQL, MariaDB or SQLite database.

A log that cannot be read does not keep the others from being imported.

Only the prompt is required; headers are recognised by common names and reported,
--map settles the rest, and names paths into JSON too. Rows that cannot be read go
to FILE.rejects.csv with their reasons; the others are imported.

OpenRouter's activity and OpenAI's usage hold no tasks: they are kept as a spend
baseline, which the audit holds against the log. So are the requests of LiteLLM's
log whose texts were not kept, by hour and model: the audit says what share of the
spend has its text.

Exit status: 0 ok, 1 a log failed, some rows were rejected or nothing was read,
2 usage.`,
		Example: `  modeltrial audit import log.csv
  modeltrial audit import export.xlsx --dry-run
  modeltrial audit import export.csv --map prompt="User question" --map cost_usd=spend
  modeltrial audit import runs.jsonl.gz --map team=extra.metadata.team
  modeltrial audit import --from postgres://reader@db/litellm --query 'SELECT * FROM "LiteLLM_SpendLogs"'
  modeltrial audit import --from mysql://reader@db/gateway --query 'SELECT * FROM requests'`,
		Args: o.source.arguments,
		RunE: func(cmd *cobra.Command, args []string) error {
			return runAuditImport(cmd.Context(), g, o, args, cmd.OutOrStdout(), cmd.ErrOrStderr())
		},
	}
	cmd.Flags().StringArrayVar(&o.mapping, "map", nil, "field=column for a column under another name (repeatable)")
	o.privacy.flags(cmd)
	o.source.add(cmd)
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
	if err := o.source.apply(&options); err != nil {
		return err
	}
	if o.source.dryRun {
		if options.Prices, err = builtInPrices(); err != nil {
			return err
		}
		return runDryImport(ctx, g, o, options, paths, out, errOut)
	}
	defer allowGarbage(60)() // most that is in use are the ids, in which the collector looks for nothing; at 25 it took a quarter of the time
	reports, failed := []ingest.FileReport{}, []failedLog{}
	err = g.withStore(ctx, func(s *store.Store) error {
		if options.Prices, err = prices(ctx, s, config); err != nil {
			return err
		}
		protect, err := o.protector(ctx, s)
		if err != nil {
			return err
		}
		options.Protect, options.Redact = protect.task, protect.rejected()
		err = o.source.each(ctx, paths, options, errOut, func(path string, options ingest.Options) error {
			var unkept textless
			options.Textless = unkept.add
			read, err := importLog(ctx, s, path, options, errOut)
			if err == nil {
				err = unkept.store(ctx, s, &read)
			}
			if errors.Is(err, ingest.ErrSpend) && options.Query == nil { // an answer is read once
				read, err = importSpend(ctx, s, path, options, errOut)
			}
			if err != nil {
				return err
			}
			protect.count(&read)
			reports = append(reports, read)
			return nil
		})
		failed = failedLogs(err)
		return err
	})
	// What was imported before a failure is stored, and said.
	if len(reports) > 0 || err == nil {
		err = errors.Join(sayImport(g, out, errOut, reports, failed), err)
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
	bar := newImportBar(errOut, path, cmp.Or(options.Name, path))
	defer bar.finish()
	options.Progress = bar.read
	transaction, err := beginImport(ctx, s, cmp.Or(options.Name, path))
	if err != nil {
		return ingest.FileReport{}, databaseError{err}
	}
	defer transaction.Rollback()
	read, err := ingest.ReadTasks(ctx, path, options, func(task audit.Task) (ingest.Outcome, error) {
		bar.row()
		switch outcome, err := transaction.Add(ctx, task); {
		case err != nil:
			return ingest.Imported, databaseError{err}
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
	if err := transaction.Commit(ctx, importedFile(read)); err != nil {
		return read, databaseError{err}
	}
	return read, nil
}

// beginImport keeps others out of the database only for a file that takes a while.
func beginImport(ctx context.Context, s *store.Store, path string) (*store.TaskImport, error) {
	const large = 8 << 20
	if info, err := os.Stat(path); err == nil && info.Size() >= large {
		return s.BeginBulkImport(ctx, path)
	}
	return s.BeginImport(ctx, path)
}

func sayImport(g *global, out, errOut io.Writer, reports []ingest.FileReport, failed []failedLog) error {
	for _, read := range reports {
		sayRejects(errOut, read)
	}
	if g.json {
		return report.JSON(out, map[string]any{"schema": "modeltrial.audit-import/1", "files": reports, "failed": failed})
	}
	for _, read := range reports {
		report.Imported(out, read)
		sayUnknownCosts(out, read.Costs)
		sayProtected(out, read)
	}
	fmt.Fprintf(out, "\n%s\n", g.next("audit report"))
	return nil
}
