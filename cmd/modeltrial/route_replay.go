package main

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"os"

	"github.com/goccy/go-yaml"
	"github.com/spf13/cobra"

	"modeltrial/eval"
	"modeltrial/eval/decide"
	"modeltrial/report"
	"modeltrial/store"
)

type replayOptions struct {
	table int64
	file  string
}

func newRouteReplayCmd(g *global) *cobra.Command {
	o := &replayOptions{}
	cmd := &cobra.Command{
		Use:   "replay",
		Short: "what the audited log would have cost under a routing table, by team and month",
		Long: `replay applies a routing table to the audited log as it is: what it would have cost,
how long it would have taken, and how often the answers would be preferred, in all, by
category, by team and by month, with intervals. Where a random sample of what the
categoriser sorted was reviewed before the table was made, all of it also for a router
that errs as the categoriser does.

It takes the latest table, one by its number in route history, or a file of route
export in json or yaml.`,
		Example: `  modeltrial route replay
  modeltrial route replay --table 3 --json
  modeltrial route replay --file routes.yaml`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if o.table < 0 || (o.table > 0 && o.file != "") {
				return usagef("give --table N, a number of route history, or --file, not both")
			}
			return g.withStore(cmd.Context(), func(s *store.Store) error {
				replay, err := o.replay(cmd.Context(), s, cmd.ErrOrStderr())
				if err != nil {
					return err
				}
				if g.json {
					return report.JSON(cmd.OutOrStdout(), replay)
				}
				return report.Replay(cmd.OutOrStdout(), replay, g.style(cmd.OutOrStdout()))
			})
		},
	}
	cmd.Flags().Int64Var(&o.table, "table", 0, "number of a stored table (default the latest)")
	cmd.Flags().StringVar(&o.file, "file", "", "routing table of route export, json or yaml")
	return cmd
}

func (o *replayOptions) replay(ctx context.Context, s *store.Store, errOut io.Writer) (eval.Replay, error) {
	var stored eval.StoredTable
	var err error
	if o.file != "" {
		stored.Table, err = readRoutes(o.file)
	} else {
		stored, err = storedTable(ctx, s, o.table)
	}
	if err != nil {
		return eval.Replay{}, err
	}
	replay, err := replayLog(ctx, s, stored.Table, errOut)
	replay.File = o.file
	if o.file == "" {
		replay.Table = &stored.ID
	}
	return replay, err
}

// replayLog streams the log through a table.
func replayLog(ctx context.Context, s *store.Store, table eval.RoutingTable, errOut io.Writer) (eval.Replay, error) {
	tasks, err := s.CountTasks(ctx)
	if err != nil {
		return eval.Replay{}, err
	}
	bar := newCountBar(errOut, "replay", tasks)
	defer bar.finish()
	const shownEvery = 10_000
	replayer, done := decide.NewReplayer(table), 0
	err = s.EachLogged(ctx, func(task eval.LoggedTask) error {
		replayer.Add(task)
		if done++; done%shownEvery == 0 {
			bar.set(done)
		}
		return nil
	})
	if err != nil {
		return eval.Replay{}, err
	}
	return replayer.Replay()
}

// readRoutes reads a routing table that route export wrote. JSON is YAML too.
func readRoutes(path string) (table eval.RoutingTable, err error) {
	text, err := os.ReadFile(path)
	if err != nil {
		return table, fmt.Errorf("read routing table: %w", err)
	}
	if !json.Valid(text) {
		if text, err = yaml.YAMLToJSON(text); err != nil {
			return table, fmt.Errorf("%s: it is neither JSON nor YAML; write it with modeltrial route export --format json: %w", path, err)
		}
	}
	const schema = "modeltrial.route-recommend/1"
	if err := json.Unmarshal(text, &table); err != nil || table.Schema != schema {
		return table, fmt.Errorf("%s: it is no routing table (schema %q is missing or its fields are of another kind); write one with modeltrial route export --format json, or yaml", path, schema)
	}
	return table, nil
}
