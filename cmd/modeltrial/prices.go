package main

import (
	"context"
	"fmt"
	"io"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"modeltrial/audit"
	"modeltrial/report"
	"modeltrial/store"
)

func newPricesCmd(g *global) *cobra.Command {
	return group("prices", "the dated price table", newPricesListCmd(g), newPricesImportCmd(g), newPricesDiffCmd(g))
}

func newPricesListCmd(g *global) *cobra.Command {
	var model, on string
	cmd := &cobra.Command{
		Use:   "list",
		Short: "what a million tokens of each known model cost, since when, and who says so",
		Long: `list prints the prices in force: those of modeltrial.yaml, else the imported
ones, else the built-in ones. With --model it is the price that a task of that model
is charged, under whatever name a log gives it: with the provider before a slash or a
colon, the date of a snapshot, -latest, or the forms of Bedrock and Vertex AI. What
hosts charge at prices of their own, names of regions, fine-tuned models and variants
such as :free have a price only where a list has that very name.`,
		Example: `  modeltrial prices list --on 2026-03-31
  modeltrial prices list --model bedrock/anthropic.claude-opus-4-1-20250805-v1:0`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			day, err := parseDay("on", on, today())
			if err != nil {
				return err
			}
			return g.withPrices(cmd.Context(), func(table audit.PriceTable) error {
				list := table.On(day)
				if model != "" {
					price, err := table.Lookup("", model, day)
					if err != nil {
						return fmt.Errorf("%w; put it into %s, or import a list with modeltrial prices import", err, configName)
					}
					list = []audit.Price{price}
				}
				if g.json {
					return report.JSON(cmd.OutOrStdout(), map[string]any{
						"schema": "modeltrial.prices/1", "on": day.Format(time.DateOnly), "prices": report.PriceEntries(list),
					})
				}
				if model != "" {
					return report.PriceDetails(cmd.OutOrStdout(), list[0], g.style(cmd.OutOrStdout()))
				}
				return report.PriceList(cmd.OutOrStdout(), list, g.style(cmd.OutOrStdout()))
			})
		},
	}
	cmd.Flags().StringVar(&model, "model", "", "only the price of this model, under any name that a log may give it")
	cmd.Flags().StringVar(&on, "on", "", "the prices in force on this day, such as 2026-03-31 (default today)")
	return cmd
}

func newPricesDiffCmd(g *global) *cobra.Command {
	var from, to string
	cmd := &cobra.Command{
		Use:   "diff [FILE]",
		Short: "what changed from one day to another, or what a price list would change",
		Long: `diff compares the prices in force on two days. With FILE, a price list as prices
import reads it, it compares the list with the prices in force on --from.`,
		Example: `  modeltrial prices diff --from 2026-01-01 --to 2026-07-01
  modeltrial prices diff model_prices_and_context_window.json`,
		Args: cobra.MaximumNArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			if len(args) == 0 && from == "" {
				return usagef("name a price list, or the first of two days with --from")
			}
			if len(args) == 1 && to != "" {
				return usagef("--to is for two days; a price list is compared with the prices in force on --from")
			}
			first, err := parseDay("from", from, today())
			if err != nil {
				return err
			}
			last, err := parseDay("to", to, today())
			if err != nil {
				return err
			}
			return g.withPrices(cmd.Context(), func(table audit.PriceTable) error {
				before, name := table.On(first), first.Format(time.DateOnly)
				if len(args) == 0 {
					return sayPriceDiff(g, cmd.OutOrStdout(), audit.DiffPrices(before, table.On(last)), name, last.Format(time.DateOnly))
				}
				file, err := readPriceFile(cmd.Context(), args[0], first)
				if err != nil {
					return err
				}
				var list audit.PriceTable // of several days of a model in the file the last counts
				list.Import(file.Prices...)
				return sayPriceDiff(g, cmd.OutOrStdout(), audit.DiffPrices(before, list.On(time.Time{})), name, args[0])
			})
		},
	}
	cmd.Flags().StringVar(&from, "from", "", "the earlier day, such as 2026-01-01 (for a list: default today)")
	cmd.Flags().StringVar(&to, "to", "", "the later day (default today)")
	return cmd
}

func sayPriceDiff(g *global, out io.Writer, diff audit.PriceDiff, from, to string) error {
	if g.json {
		return report.JSON(out, report.PriceDiffDocument(diff, from, to))
	}
	return report.PriceDiff(out, diff, from, to, g.style(out))
}

// withPrices gives the prices of the workspace. Without a database it has the built-in
// ones and those of modeltrial.yaml.
func (g *global) withPrices(ctx context.Context, use func(audit.PriceTable) error) error {
	config, err := g.config()
	if err != nil {
		return err
	}
	there, err := g.hasDatabase()
	if err != nil {
		return err
	}
	if !there && g.db == "" {
		table, err := prices(ctx, nil, config)
		if err != nil {
			return err
		}
		return use(table)
	}
	return g.withStore(ctx, func(s *store.Store) error {
		table, err := prices(ctx, s, config)
		if err != nil {
			return err
		}
		return use(table)
	})
}

// today is the day at UTC, by which prices are dated.
func today() time.Time { return time.Now().UTC().Truncate(24 * time.Hour) }

// parseDay reads the day of a flag; otherwise where it is empty.
func parseDay(flag, text string, otherwise time.Time) (time.Time, error) {
	if text == "" {
		return otherwise, nil
	}
	day, err := time.Parse(time.DateOnly, text)
	if err != nil {
		return day, usagef("--%s is %q; write a day like 2026-03-31", flag, text)
	}
	return day, nil
}

// skippedText lists how many entries were skipped for which reason.
func skippedText(skipped map[string]int) string {
	var parts []string
	for reason, count := range skipped {
		parts = append(parts, fmt.Sprintf("%s %s", report.Count(count), reason))
	}
	slices.Sort(parts)
	return strings.Join(parts, ", ")
}
