package main

import (
	"fmt"
	"io"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"modeltrial/audit"
	"modeltrial/report"
)

func newPricesCmd(g *global) *cobra.Command {
	list := &cobra.Command{
		Use:   "list",
		Short: "what a million tokens of each known model costs, since when, and who says so",
		Args:  cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			config, err := g.config()
			if err != nil {
				return err
			}
			table, err := prices(config)
			if err != nil {
				return err
			}
			if g.json {
				return report.JSON(cmd.OutOrStdout(), pricesDocument(table.All()))
			}
			return writePrices(cmd.OutOrStdout(), table.All(), g.style(cmd.OutOrStdout()))
		},
	}
	return group("prices", "the price table", list)
}

// A priceEntry is a price in JSON, in dollars per million tokens.
type priceEntry struct {
	Model       string   `json:"model"`
	Provider    string   `json:"provider"`
	Input       float64  `json:"input_usd_per_1m"`
	CachedInput *float64 `json:"cached_input_usd_per_1m"`
	Output      float64  `json:"output_usd_per_1m"`
	ValidFrom   string   `json:"valid_from,omitempty"`
	Source      string   `json:"source"`
}

func pricesDocument(list []audit.Price) map[string]any {
	entries := make([]priceEntry, len(list))
	for i, price := range list {
		entries[i] = priceEntry{
			Model: price.Model, Provider: price.Provider, Input: price.Input.Dollars(), Output: price.Output.Dollars(), Source: price.Source,
		}
		if price.CachedInput != nil {
			cached := price.CachedInput.Dollars()
			entries[i].CachedInput = &cached
		}
		if !price.ValidFrom.IsZero() {
			entries[i].ValidFrom = price.ValidFrom.Format(time.DateOnly)
		}
	}
	return map[string]any{"schema": "modeltrial.prices/1", "prices": entries}
}

// writePrices prints the table for people.
func writePrices(out io.Writer, list []audit.Price, style report.Style) error {
	columns := []report.Column{
		{Name: "model", Whole: true}, // it is there to be copied
		{Name: "provider"},
		{Name: "input USD", Right: true, Fixed: true},
		{Name: "cached", Right: true, Fixed: true},
		{Name: "output", Right: true, Fixed: true},
		{Name: "valid from", Fixed: true},
		{Name: "source"},
	}
	number := func(amount audit.NanoUSD) string { return strings.TrimSuffix(amount.String(), " USD") }
	rows := make([][]report.Cell, len(list))
	for i, price := range list {
		cached, since := "", ""
		if price.CachedInput != nil {
			cached = number(*price.CachedInput)
		}
		if !price.ValidFrom.IsZero() {
			since = price.ValidFrom.Format(time.DateOnly)
		}
		rows[i] = report.Cells(price.Model, price.Provider, number(price.Input), cached, number(price.Output), since, price.Source)
	}
	if err := report.Table(out, style, columns, rows); err != nil {
		return err
	}
	_, err := fmt.Fprintln(out, "\nper 1 000 000 tokens; a workspace's own prices go into modeltrial.yaml")
	return err
}
