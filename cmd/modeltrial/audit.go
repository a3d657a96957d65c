package main

import (
	"context"
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"modeltrial/audit"
	"modeltrial/audit/classify"
	"modeltrial/audit/ingest"
	"modeltrial/eval"
	"modeltrial/report"
	"modeltrial/store"
)

func newAuditCmd(g *global) *cobra.Command {
	return group("audit", "what kinds of work the models do, and what it costs",
		newAuditImportCmd(g), newAuditClassifyCmd(g), newAuditScoreCmd(g), newAuditReportCmd(g))
}

type importOptions struct {
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
	priceTable, err := prices(config)
	if err != nil {
		return err
	}
	if o.category != "" && !slices.Contains(config.CategoryNames(), audit.Category(o.category)) {
		return usagef("--category %q is not known; there are %v", o.category, config.CategoryNames())
	}
	options := ingest.Options{
		Map: mapping, KnownCategories: config.CategoryNames(), Category: audit.Category(o.category), Prices: priceTable,
	}
	reports := []ingest.FileReport{}
	err = g.withStore(ctx, func(s *store.Store) error {
		for _, path := range paths {
			read, err := importLog(ctx, s, path, options, errOut)
			if err != nil {
				return err
			}
			reports = append(reports, read)
		}
		return nil
	})
	if err != nil {
		return err
	}
	if err := sayImport(g, out, errOut, reports); err != nil {
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
	transaction, err := s.BeginImport(ctx, path)
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

func sayImport(g *global, out, errOut io.Writer, reports []ingest.FileReport) error {
	for _, read := range reports {
		sayRejects(errOut, read)
	}
	if g.json {
		return report.JSON(out, map[string]any{"schema": "modeltrial.audit-import/1", "files": reports})
	}
	for _, read := range reports {
		fmt.Fprintf(out, "%s: %s rows: %s imported, %s already there, %s rejected\n", read.File,
			report.Count(read.Rows), report.Count(read.Imported), report.Count(read.Duplicates), report.Count(read.Rejected))
		fmt.Fprintf(out, "  read as %s: %s\n", read.Format, mappedText(read.Mapped))
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
		parts = append(parts, field+" from "+column)
	}
	slices.Sort(parts)
	return strings.Join(parts, ", ")
}

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

// classifyAll categorises in batches, so that memory stays flat.
func classifyAll(ctx context.Context, s *store.Store, again bool, errOut io.Writer) (classified, error) {
	const batch = 2000
	counts := classified{byCategory: map[audit.Category]int{}}
	model := classify.Default()
	total, err := s.CountTasks(ctx)
	if err != nil {
		return counts, err
	}
	bar := newCountBar(errOut, "categorise", total)
	defer bar.finish()
	var after int64
	for {
		rows, err := s.Unclassified(ctx, again, batch, after)
		if err != nil || len(rows) == 0 {
			return counts, err
		}
		updates := make([]store.CategoryUpdate, len(rows))
		for i, row := range rows {
			prediction := model.ClassifyTask(row.Task.System, row.Task.Prompt, lastUserTurn(row.Task.Conversation))
			updates[i] = store.CategoryUpdate{
				TaskID: row.Task.ID, Category: prediction.Category, Source: audit.CategoryFromLocal, Probability: prediction.Probability,
			}
			counts.byCategory[prediction.Category]++
			if !prediction.Sure {
				counts.unsure++
			}
			after = row.Row
		}
		if err := s.SetCategories(ctx, updates); err != nil {
			return counts, err
		}
		counts.done += len(rows)
		bar.set(counts.done)
	}
}

func lastUserTurn(conversation []audit.Message) string {
	for _, message := range slices.Backward(conversation) {
		if message.Role == "user" {
			return message.Content
		}
	}
	return ""
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

func newAuditReportCmd(g *global) *cobra.Command {
	return &cobra.Command{
		Use:   "report",
		Short: "workload mix, spend, how much runs on another model than it should, where a pilot would pay",
		Args:  cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			ctx := cmd.Context()
			return g.withStore(ctx, func(s *store.Store) error {
				document, err := auditReport(ctx, s)
				if err != nil {
					return err
				}
				if g.json {
					return report.JSON(cmd.OutOrStdout(), document)
				}
				return report.AuditReport(cmd.OutOrStdout(), document, g.style(cmd.OutOrStdout()))
			})
		},
	}
}

func auditReport(ctx context.Context, s *store.Store) (audit.Report, error) {
	mixer, err := mix(ctx, s)
	if err != nil {
		return audit.Report{}, err
	}
	document := mixer.Report()
	table, err := s.LatestRoutingTable(ctx)
	if err == nil {
		document.Routed = offRoute(mixer, table)
		return document, nil
	}
	return document, ignoreNotFound(err)
}

// offRoute is the share of the log on a model that the table replaces.
func offRoute(mixer *audit.Mixer, table eval.RoutingTable) *audit.RoutedShare {
	replacements := map[audit.Category]audit.Replacement{}
	for _, route := range table.Routes {
		if route.Arm != route.Control {
			replacements[route.Category] = audit.Replacement{From: route.ReplacesModel, To: route.Model}
		}
	}
	share := mixer.OffRoute(replacements, table.DecidedAt.Format("2006-01-02"))
	return &share
}

// mix adds up the whole log, streaming.
func mix(ctx context.Context, s *store.Store) (*audit.Mixer, error) {
	mixer := audit.NewMixer(classify.Default().Threshold())
	err := s.EachTaskSummary(ctx, func(task audit.Task) error {
		mixer.Add(task)
		return nil
	})
	return mixer, err
}
