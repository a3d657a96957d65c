package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"time"

	"github.com/spf13/cobra"

	"modeltrial/audit"
	"modeltrial/eval"
	"modeltrial/eval/decide"
	"modeltrial/report"
	"modeltrial/store"
)

func newRouteCmd(g *global) *cobra.Command {
	return group("route", "the routing table: which model for which category", newRouteRecommendCmd(g), newRouteExportCmd(g))
}

func newRouteRecommendCmd(g *global) *cobra.Command {
	return &cobra.Command{
		Use:   "recommend",
		Short: "decide each category, price it on the audited log, and store the table",
		Args:  cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			return g.withStore(cmd.Context(), func(s *store.Store) error {
				table, err := recommend(cmd.Context(), g, s, time.Now())
				if err != nil {
					return err
				}
				if g.json {
					return report.JSON(cmd.OutOrStdout(), table)
				}
				return report.RoutingTable(cmd.OutOrStdout(), table, g.style(cmd.OutOrStdout()))
			})
		},
	}
}

// recommend makes the routing table of the workspace and stores it.
func recommend(ctx context.Context, g *global, s *store.Store, now time.Time) (eval.RoutingTable, error) {
	if _, err := locked(ctx, s); err != nil {
		return eval.RoutingTable{}, err
	}
	config, err := g.config()
	if err != nil {
		return eval.RoutingTable{}, err
	}
	priceTable, err := prices(config)
	if err != nil {
		return eval.RoutingTable{}, err
	}
	data, err := s.Dataset(ctx, 0)
	if err != nil {
		return eval.RoutingTable{}, err
	}
	mixer, err := mix(ctx, s)
	if err != nil {
		return eval.RoutingTable{}, err
	}
	table, err := decide.Recommend(data, spend(mixer), priceTable.Date().Format(time.DateOnly), now)
	if err != nil {
		return table, err
	}
	return table, s.SaveRoutingTable(ctx, table)
}

// spend is the audited log's monthly spend in the terms of a decision.
func spend(mixer *audit.Mixer) []eval.Spend {
	rows := mixer.MonthlySpend()
	spend := make([]eval.Spend, len(rows))
	for i, row := range rows {
		spend[i] = eval.Spend{Category: row.Category, Model: row.Model, Tasks: row.Tasks, Costs: row.Costs}
	}
	return spend
}

func newRouteExportCmd(g *global) *cobra.Command {
	var format, path string
	cmd := &cobra.Command{
		Use:     "export",
		Short:   "write the latest routing table for a gateway",
		Example: "  modeltrial route export --format litellm --output litellm.yaml",
		Args:    cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			return g.withStore(cmd.Context(), func(s *store.Store) error {
				table, err := s.LatestRoutingTable(cmd.Context())
				if errors.Is(err, eval.ErrNotFound) {
					return errors.New("there is no routing table yet; run modeltrial route recommend")
				}
				if err != nil {
					return err
				}
				if path == "" {
					return report.ExportRoutes(cmd.OutOrStdout(), format, table)
				}
				return replaceFile(path, func(w io.Writer) error { return report.ExportRoutes(w, format, table) })
			})
		},
	}
	cmd.Flags().StringVar(&format, "format", "json", "json, yaml, csv or litellm")
	cmd.Flags().StringVarP(&path, "output", "o", "", "file to write (default standard output)")
	return cmd
}

// replaceFile writes a file whole or not at all.
func replaceFile(path string, write func(io.Writer) error) (err error) {
	temporary, err := os.CreateTemp(parent(path), ".modeltrial-*")
	if err != nil {
		return fmt.Errorf("write %s: %w", path, err)
	}
	defer func() {
		if err != nil {
			err = errors.Join(fmt.Errorf("write %s: %w", path, err), os.Remove(temporary.Name()))
		}
	}()
	if err := errors.Join(write(temporary), temporary.Chmod(0o644), temporary.Sync(), temporary.Close()); err != nil {
		return err
	}
	return os.Rename(temporary.Name(), path)
}
