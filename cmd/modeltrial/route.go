package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"modeltrial/audit"
	"modeltrial/eval"
	"modeltrial/eval/decide"
	"modeltrial/report"
	"modeltrial/store"
)

func newRouteCmd(g *global) *cobra.Command {
	return group("route", "the routing table: which model for which category", newRouteRecommendCmd(g), newRouteHistoryCmd(g), newRouteDiffCmd(g), newRouteReplayCmd(g), newRouteFrontierCmd(g), newRouteCheckCmd(g), newRouteAnchorsCmd(g), newRouteExportCmd(g))
}

func newRouteRecommendCmd(g *global) *cobra.Command {
	return &cobra.Command{
		Use:   "recommend",
		Short: "decide each category, price it on the audited log, and store the table",
		Long: `recommend applies the protocol's rule to the ratings so far, prices each route on the
audited log, and stores the table where anything in it differs from the newest one
stored. route history lists the tables, route diff says what changed.`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			return g.withStore(cmd.Context(), func(s *store.Store) error {
				recommended, err := recommend(cmd.Context(), g, s, time.Now())
				if err != nil {
					return err
				}
				if g.json {
					return report.JSON(cmd.OutOrStdout(), recommended)
				}
				return report.Recommendation(cmd.OutOrStdout(), recommended, g.style(cmd.OutOrStdout()))
			})
		},
	}
}

// recommend makes the routing table of the workspace and stores it where it differs from
// the newest one, which it otherwise gives.
func recommend(ctx context.Context, g *global, s *store.Store, now time.Time) (eval.Recommendation, error) {
	protocol, err := locked(ctx, s)
	if err != nil {
		return eval.Recommendation{}, err
	}
	config, err := g.config()
	if err != nil {
		return eval.Recommendation{}, err
	}
	priceTable, err := prices(ctx, s, config)
	if err != nil {
		return eval.Recommendation{}, err
	}
	if err := s.SeeOwnPrices(ctx, config.Providers, now); err != nil {
		return eval.Recommendation{}, err
	}
	data, err := s.Dataset(ctx, 0)
	if err != nil {
		return eval.Recommendation{}, err
	}
	mixer, err := mix(ctx, g, s)
	if err != nil {
		return eval.Recommendation{}, err
	}
	check, err := categoriserCheck(ctx, s)
	if err != nil {
		return eval.Recommendation{}, err
	}
	table, err := decide.Recommend(data, spend(mixer), check, priceDate(priceTable, protocol.Protocol, now), now)
	if err != nil {
		return eval.Recommendation{}, err
	}
	newest, err := s.RoutingTable(ctx, 0)
	if err != nil && !errors.Is(err, eval.ErrNotFound) {
		return eval.Recommendation{}, err
	}
	same, err := table.SameAs(newest.Table)
	if err != nil {
		return eval.Recommendation{}, err
	}
	if same {
		return eval.Recommendation{RoutingTable: newest.Table, Table: newest.ID}, nil
	}
	number, err := s.SaveRoutingTable(ctx, table)
	return eval.Recommendation{RoutingTable: table, Table: number, Stored: true}, err
}

// priceDate is the day of the list that the pilot's arms are priced by now.
func priceDate(priceTable audit.PriceTable, protocol eval.Protocol, now time.Time) eval.PriceDate {
	var models []string
	for _, arm := range protocol.Arms {
		for _, call := range arm.Calls() {
			models = append(models, call.Model)
		}
	}
	date := priceTable.DateOn(now.UTC(), models...)
	if date.IsZero() {
		return ""
	}
	return eval.PriceDate(date.Format(time.DateOnly))
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

const exportHelp = `export writes the routing table that was stored last: as json, yaml or csv whole, or as
configuration of a gateway. Each file says what it was made from and with what evidence,
and how callers pass a task's category:

  litellm     LiteLLM proxy: a tag, in the header x-litellm-tags or the body's metadata
  portkey     Portkey: metadata, in the header x-portkey-metadata
  envoy       Envoy AI Gateway: the header x-task-category
  bifrost     Bifrost: the header x-task-category
  vllm        vLLM semantic router: metadata of the body
  openrouter  presets: the model @preset/SLUG
  tensorzero  TensorZero: a function of the category's name
  langchain   a Python file: the argument of chat_model

No file holds a key: each names the environment variable. An arm whose answers were
recorded has no endpoint, which the file then says to fill in. A gateway sends each
request to one model: work whose route is a pipeline goes to the model in use, or is left
out where that is a pipeline, too. The file says so, and so does the command, on standard
error.
modeltrial serve --classify tells callers the category of a prompt.`

func newRouteExportCmd(g *global) *cobra.Command {
	var format, path string
	cmd := &cobra.Command{
		Use:     "export",
		Short:   "write the latest routing table for a gateway",
		Long:    exportHelp,
		Example: "  modeltrial route export --format litellm --output litellm.yaml",
		Args:    cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if formats := report.ExportFormats(); !slices.Contains(formats, strings.ToLower(format)) {
				return usagef("--format is %q; choose one of %s", format, strings.Join(formats, ", "))
			}
			return g.withStore(cmd.Context(), func(s *store.Store) error {
				table, err := s.LatestRoutingTable(cmd.Context())
				if errors.Is(err, eval.ErrNotFound) {
					return errNoTable
				}
				if err != nil {
					return err
				}
				endpoints, err := armEndpoints(cmd.Context(), g, s)
				if err != nil {
					return err
				}
				for _, warning := range report.ExportWarnings(format, table, endpoints) {
					fmt.Fprintf(cmd.ErrOrStderr(), "! %s\n", warning)
				}
				if path == "" {
					return report.ExportRoutes(cmd.OutOrStdout(), format, table, endpoints)
				}
				return report.ReplaceFile(path, func(w io.Writer) error { return report.ExportRoutes(w, format, table, endpoints) })
			})
		},
	}
	cmd.Flags().StringVar(&format, "format", "json", strings.Join(report.ExportFormats(), ", "))
	cmd.Flags().StringVarP(&path, "output", "o", "", "file to write (default standard output)")
	return cmd
}

// armEndpoints is how each arm of the locked protocol is reached, as configured now;
// the provider is empty where modeltrial.yaml no longer has it.
func armEndpoints(ctx context.Context, g *global, s *store.Store) (map[string]report.Endpoint, error) {
	protocol, err := locked(ctx, s)
	if err != nil {
		return nil, err
	}
	config, err := g.config()
	if err != nil {
		return nil, err
	}
	endpoints := map[string]report.Endpoint{}
	for _, arm := range protocol.Protocol.Arms {
		endpoint := report.Endpoint{Model: arm.Model, Parameters: arm.Parameters}
		endpoint.Provider, _ = config.Provider(arm.Provider)
		for _, step := range arm.Steps {
			endpoint.Steps = append(endpoint.Steps, step.Model)
		}
		endpoints[arm.Name] = endpoint
	}
	return endpoints, nil
}
