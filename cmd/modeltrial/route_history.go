package main

import (
	"context"
	"errors"
	"fmt"
	"strconv"

	"github.com/spf13/cobra"

	"modeltrial/eval"
	"modeltrial/eval/decide"
	"modeltrial/report"
	"modeltrial/store"
)

func newRouteHistoryCmd(g *global) *cobra.Command {
	return &cobra.Command{
		Use:   "history",
		Short: "the routing tables stored so far, and what each changed",
		Args:  cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			return g.withStore(cmd.Context(), func(s *store.Store) error {
				tables, err := s.RoutingTables(cmd.Context())
				if err != nil {
					return err
				}
				if len(tables) == 0 {
					return errNoTable
				}
				history := decide.History(tables)
				if g.json {
					return report.JSON(cmd.OutOrStdout(), history)
				}
				return report.RoutingHistory(cmd.OutOrStdout(), history, g.style(cmd.OutOrStdout()))
			})
		},
	}
}

func newRouteDiffCmd(g *global) *cobra.Command {
	return &cobra.Command{
		Use:   "diff [A] [B]",
		Short: "what changed between two stored routing tables, for each category, and why",
		Long: `diff compares the stored tables A and B, numbered as in route history. Without B it
compares A with the latest one, without either the last two.`,
		Example: `  modeltrial route diff
  modeltrial route diff 3
  modeltrial route diff 3 5 --json`,
		Args: cobra.MaximumNArgs(2),
		RunE: func(cmd *cobra.Command, args []string) error {
			numbers, err := tableNumbers(args)
			if err != nil {
				return err
			}
			return g.withStore(cmd.Context(), func(s *store.Store) error {
				from, to, err := twoTables(cmd.Context(), s, numbers)
				if err != nil {
					return err
				}
				diff := decide.Diff(from, to)
				if g.json {
					return report.JSON(cmd.OutOrStdout(), diff)
				}
				return report.RoutingDiff(cmd.OutOrStdout(), diff, g.style(cmd.OutOrStdout()))
			})
		},
	}
}

var errNoTable = errors.New("there is no routing table yet; run modeltrial route recommend")

// tableNumbers reads the numbers of stored tables.
func tableNumbers(args []string) ([]int64, error) {
	numbers := make([]int64, len(args))
	for i, arg := range args {
		number, err := strconv.ParseInt(arg, 10, 64)
		if err != nil || number < 1 {
			return nil, usagef("%q is no number of a routing table; modeltrial route history lists them", arg)
		}
		numbers[i] = number
	}
	return numbers, nil
}

// storedTable is one stored table; number 0 is the latest.
func storedTable(ctx context.Context, s *store.Store, number int64) (eval.StoredTable, error) {
	table, err := s.RoutingTable(ctx, number)
	switch {
	case errors.Is(err, eval.ErrNotFound) && number == 0:
		return table, errNoTable
	case errors.Is(err, eval.ErrNotFound):
		return table, fmt.Errorf("there is no routing table %d; modeltrial route history lists them", number)
	}
	return table, err
}

// twoTables are those that a diff compares.
func twoTables(ctx context.Context, s *store.Store, numbers []int64) (from, to eval.StoredTable, err error) {
	if len(numbers) == 0 {
		tables, err := s.RoutingTables(ctx)
		if err != nil {
			return from, to, err
		}
		if len(tables) < 2 {
			return from, to, fmt.Errorf("routing tables stored so far: %d; a diff needs two (modeltrial route recommend stores one)", len(tables))
		}
		return tables[len(tables)-2], tables[len(tables)-1], nil
	}
	if from, err = storedTable(ctx, s, numbers[0]); err != nil {
		return from, to, err
	}
	last := int64(0)
	if len(numbers) > 1 {
		last = numbers[1]
	}
	to, err = storedTable(ctx, s, last)
	return from, to, err
}
