package main

import (
	"context"
	"fmt"
	"io"
	"os"
	"time"

	"github.com/spf13/cobra"

	"modeltrial/audit"
	"modeltrial/audit/ingest"
	"modeltrial/report"
	"modeltrial/store"
)

type pricesImportOptions struct {
	validFrom string
	yes       bool
}

func newPricesImportCmd(g *global) *cobra.Command {
	o := &pricesImportOptions{}
	cmd := &cobra.Command{
		Use:   "import FILE",
		Short: "take a price list in: LiteLLM's public list (JSON), or a table",
		Long: `import reads LiteLLM's public list, model_prices_and_context_window.json, or a
table with the columns model, provider, valid_from, input_usd_per_1m,
output_usd_per_1m and, where they are given, cached_input_usd_per_1m,
cache_write_usd_per_1m, reasoning_usd_per_1m, batch_input_usd_per_1m,
batch_output_usd_per_1m, batch_discount, long_context_above_tokens,
long_context_input_usd_per_1m, long_context_output_usd_per_1m,
context_window_tokens, listed_on, retires_on and source.

The prices are valid from --valid-from on, and what was valid before stays: a task is
charged what its model cost on its day. They go before the built-in prices and behind
those of modeltrial.yaml. The same list again changes nothing; another list for the
same day needs --yes. Costs of tasks that are
already imported stay as they are until audit reprice computes them anew.`,
		Example: `  modeltrial prices import model_prices_and_context_window.json --valid-from 2026-08-01`,
		Args:    cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			return g.withStore(cmd.Context(), func(s *store.Store) error {
				return runPricesImport(cmd.Context(), g, s, o, args[0], cmd.OutOrStdout(), cmd.ErrOrStderr())
			})
		},
	}
	cmd.Flags().StringVar(&o.validFrom, "valid-from", "", "the first day of prices that the file gives no day (default the file's own date)")
	cmd.Flags().BoolVar(&o.yes, "yes", false, "replace prices that are there with other figures for the same day")
	return cmd
}

func runPricesImport(ctx context.Context, g *global, s *store.Store, o *pricesImportOptions, path string, out, errOut io.Writer) error {
	day, err := fileDay(path)
	if err != nil {
		return err
	}
	if day, err = parseDay("valid-from", o.validFrom, day); err != nil {
		return err
	}
	file, err := readPriceFile(ctx, path, day)
	if err != nil {
		return err
	}
	outcome, err := s.ImportPrices(ctx, file.Prices, o.yes)
	if err != nil {
		return err
	}
	if len(outcome.Conflicts) > 0 && !o.yes {
		return fmt.Errorf("%s: %s there with other figures for the same day, such as %s; nothing was imported; choose another day with --valid-from, or replace them with --yes",
			path, counted(len(outcome.Conflicts), "price is", "prices are"), conflictText(outcome.Conflicts[0]))
	}
	if g.json {
		err = report.JSON(out, map[string]any{
			"schema": "modeltrial.prices-import/1", "file": path, "format": file.Report.Format, "valid_from": day.Format(time.DateOnly),
			"rows": file.Report.Rows, "prices": len(file.Prices), "added": outcome.Added, "unchanged": outcome.Unchanged,
			"replaced": len(outcome.Conflicts), "skipped": orEmptyCounts(file.Skipped), "rejected": file.Report.Rejected,
			"rejects_file": file.Report.RejectsFile, "reasons": file.Report.Reasons,
		})
	} else {
		err = sayPricesImport(out, g, file, outcome, day)
	}
	if err != nil {
		return err
	}
	if file.Report.Rejected > 0 {
		for _, reason := range file.Report.Reasons {
			fmt.Fprintf(errOut, "! %s\n", reason)
		}
		return errSaid
	}
	return nil
}

// conflictText is the first figure in which two prices differ.
func conflictText(conflict store.PriceConflict) string {
	text := fmt.Sprintf("%q of %s", conflict.New.Model, conflict.New.ValidFrom.Format(time.DateOnly))
	for _, change := range audit.DiffPrices([]audit.Price{conflict.Old}, []audit.Price{conflict.New}).Changed {
		for _, amount := range change.Amounts {
			return fmt.Sprintf("%s (%s was %s, is %s)", text, amount.Name, amountText(amount.Old), amountText(amount.New))
		}
	}
	return text
}

func amountText(amount *audit.NanoUSD) string {
	if amount == nil {
		return "not given"
	}
	return amount.String()
}

func sayPricesImport(out io.Writer, g *global, file ingest.PriceFile, outcome store.PriceImport, day time.Time) error {
	fmt.Fprintf(out, "%s: %s: %s new, %s already there, %s replaced, %s rejected\n", file.Report.File, counted(len(file.Prices), "price", "prices"),
		report.Count(outcome.Added), report.Count(outcome.Unchanged), report.Count(len(outcome.Conflicts)), report.Count(file.Report.Rejected))
	fmt.Fprintf(out, "  valid from %s, where the file gives no day\n", day.Format(time.DateOnly))
	if text := skippedText(file.Skipped); text != "" {
		fmt.Fprintf(out, "  skipped: %s\n", text)
	}
	if file.Report.RejectsFile != "" {
		fmt.Fprintf(out, "  rejected rows are in %s\n", file.Report.RejectsFile)
	}
	_, err := fmt.Fprintf(out, "\n%s\n", g.next("prices list"))
	return err
}

func readPriceFile(ctx context.Context, path string, day time.Time) (ingest.PriceFile, error) {
	file, err := ingest.ReadPriceFile(ctx, path, day)
	if err == nil && len(file.Prices) == 0 && file.Report.Rejected == 0 {
		err = fmt.Errorf("%s: has no price; give LiteLLM's public list or a table with model, input_usd_per_1m and output_usd_per_1m", path)
	}
	return file, err
}

// fileDay is the day on which a file was last written.
func fileDay(path string) (time.Time, error) {
	info, err := os.Stat(path)
	if err != nil {
		return time.Time{}, err // names the path
	}
	return info.ModTime().UTC().Truncate(24 * time.Hour), nil
}

func orEmptyCounts(counts map[string]int) map[string]int {
	if counts == nil {
		return map[string]int{}
	}
	return counts
}
