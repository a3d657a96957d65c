package main

import (
	"context"

	"github.com/spf13/cobra"

	"modeltrial/audit"
	"modeltrial/eval"
	"modeltrial/eval/decide"
	"modeltrial/report"
	"modeltrial/store"
)

func newRouteFrontierCmd(g *global) *cobra.Command {
	var budget string
	cmd := &cobra.Command{
		Use:   "frontier",
		Short: "the arms on the plane of cost and quality, and what to choose for which goal",
		Long: `frontier shows the arms of each category with what they cost beside the control and how
often they are preferred to it, and which of them another one beats in both. Below it
says what to choose: for the best quality (of what is shown to be better), for the same
quality at the least cost (of what is shown to be not worse), and with --budget for the
highest expected win rate that costs no more than so many dollars a month, over the
whole audited log.`,
		Example: `  modeltrial route frontier
  modeltrial route frontier --budget 1200`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			var most *float64
			if budget != "" {
				amount, err := audit.ParseUSD(budget)
				if err != nil || amount < 0 {
					return usagef("--budget is %q; write dollars a month, such as 1200", budget)
				}
				most = new(amount.Dollars())
			}
			return g.withStore(cmd.Context(), func(s *store.Store) error {
				frontier, err := routeFrontier(cmd.Context(), g, s, most)
				if err != nil {
					return err
				}
				if g.json {
					return report.JSON(cmd.OutOrStdout(), frontier)
				}
				return report.Frontier(cmd.OutOrStdout(), frontier, g.style(cmd.OutOrStdout()))
			})
		},
	}
	cmd.Flags().StringVar(&budget, "budget", "", "dollars a month for the whole log")
	return cmd
}

func routeFrontier(ctx context.Context, g *global, s *store.Store, budget *float64) (eval.Frontier, error) {
	if _, err := locked(ctx, s); err != nil {
		return eval.Frontier{}, err
	}
	data, err := s.Dataset(ctx, 0)
	if err != nil {
		return eval.Frontier{}, err
	}
	mixer, err := mix(ctx, g, s)
	if err != nil {
		return eval.Frontier{}, err
	}
	return decide.Frontier(data, spend(mixer), budget)
}
