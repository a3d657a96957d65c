package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"slices"

	"github.com/spf13/cobra"

	"modeltrial/eval"
	"modeltrial/eval/simulate"
	"modeltrial/report"
	"modeltrial/store"
)

type simulateOptions struct {
	winRates           []float64
	costRatio          float64
	raters             int
	ties, raterSD, icc float64
	clusterSize        int
	clusterICC         float64
	monteCarlo         float64
	pilots             int
	seed               uint64
	page               string
}

func newSimulateCmd(g *global) *cobra.Command {
	o := &simulateOptions{}
	cmd := &cobra.Command{
		Use:   "simulate",
		Short: "what the protocol would find: false switches, power and weeks until a decision, in drawn pilots",
		Long: `simulate draws pilots whose truth is known and analyses each as analyze does, week
by week: how often the plan switches where it should and where it should not, and
how soon. It spends nothing, needs no answers, and works before the protocol is
locked. It stops by itself once the Monte-Carlo error is small enough.`,
		Example: `  modeltrial simulate
  modeltrial simulate --raters 3 --ties 0.4 --html simulation.html
  modeltrial simulate --win-rates 0.5,0.6 --error 0.005`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			return runSimulate(cmd.Context(), g, o, cmd.Flags().Changed("seed"), cmd.OutOrStdout(), cmd.ErrOrStderr())
		},
	}
	standard := simulate.Standard("")
	cmd.Flags().Float64SliceVar(&o.winRates, "win-rates", []float64{0.45, 0.5, 0.55, 0.6, 0.65, 0.7}, "true win rates of the candidates to try")
	cmd.Flags().Float64Var(&o.costRatio, "cost-ratio", 1, "true cost of the candidates, as a multiple of the control's, with these win rates")
	cmd.Flags().IntVar(&o.raters, "raters", standard.Raters, "people who rate")
	cmd.Flags().Float64Var(&o.ties, "ties", standard.Ties, "share of ties")
	cmd.Flags().Float64Var(&o.raterSD, "rater-sd", standard.RaterSD, "standard deviation of the raters' own win rates")
	cmd.Flags().Float64Var(&o.icc, "icc", standard.ICC, "correlation of two raters' scores of one task")
	cmd.Flags().IntVar(&o.clusterSize, "cluster-size", standard.ClusterSize, "tasks that belong together")
	cmd.Flags().Float64Var(&o.clusterICC, "cluster-icc", 0.1, "correlation of the scores of two such tasks")
	cmd.Flags().Float64Var(&o.monteCarlo, "error", 0.01, "Monte-Carlo error (standard error of a share) at which to stop")
	cmd.Flags().IntVar(&o.pilots, "pilots", 20_000, "pilots of a scenario at most")
	cmd.Flags().Uint64Var(&o.seed, "seed", 0, "seed (default the protocol's)")
	cmd.Flags().StringVar(&o.page, "html", "", "write a page with figures to this file, too")
	return cmd
}

func (o *simulateOptions) check() error {
	switch {
	case len(o.winRates) == 0:
		return usagef("--win-rates is empty; give some, such as 0.5,0.6")
	case slices.ContainsFunc(o.winRates, func(rate float64) bool { return !(rate > 0 && rate < 1) }):
		return usagef("--win-rates are %v; choose between 0 and 1", o.winRates)
	case !(o.costRatio > 0):
		return usagef("--cost-ratio is %v; choose more than 0", o.costRatio)
	case o.raters < 1 || o.clusterSize < 1 || o.pilots < 1:
		return usagef("--raters, --cluster-size and --pilots take 1 or more")
	case !(o.ties >= 0 && o.ties < 1) || !(o.icc >= 0 && o.icc <= 1) || !(o.clusterICC >= 0 && o.clusterICC <= 1) || !(o.raterSD >= 0 && o.raterSD < 0.5):
		return usagef("--ties, --icc and --cluster-icc are shares from 0 to 1, --rater-sd is under 0.5")
	case !(o.monteCarlo > 0 && o.monteCarlo < 0.5):
		return usagef("--error is %v; choose a share such as 0.01", o.monteCarlo)
	}
	return nil
}

func runSimulate(ctx context.Context, g *global, o *simulateOptions, seeded bool, out, errOut io.Writer) error {
	if err := o.check(); err != nil {
		return err
	}
	protocol, err := plannedProtocol(ctx, g)
	if err != nil {
		return err
	}
	if !seeded {
		o.seed = protocol.Protocol.Seed
	}
	scenarios := o.scenarios(protocol.Protocol)
	defer allowGarbage(400)() // a pilot is small and soon forgotten
	bar := newCountBar(errOut, "simulate", len(scenarios)*100)
	result, err := simulate.Run(ctx, &protocol, scenarios, simulate.Options{
		Seed: o.seed, Error: o.monteCarlo, MostPilots: o.pilots,
		Progress: func(scenario int, part float64) {
			bar.describe(scenarios[scenario].Name)
			bar.set(scenario*100 + int(100*part))
		},
	})
	bar.finish()
	if err != nil {
		return usagef("%v", err)
	}
	if o.page != "" {
		if err := report.ReplaceFile(o.page, func(w io.Writer) error { return report.SimulationPage(w, result) }); err != nil {
			return err
		}
	}
	if g.json {
		return report.JSON(out, result)
	}
	if err := report.Simulation(out, result, g.style(out)); err != nil {
		return err
	}
	if o.page != "" {
		fmt.Fprintf(out, "\nwrote %s\n", o.page)
	}
	return nil
}

// plannedProtocol is the locked protocol or, before there is one, what
// modeltrial.yaml plans.
func plannedProtocol(ctx context.Context, g *global) (protocol eval.LockedProtocol, err error) {
	err = g.withStore(ctx, func(s *store.Store) error {
		protocol, err = s.Locked(ctx)
		return err
	})
	if !errors.Is(err, eval.ErrNotFound) {
		return protocol, err
	}
	config, err := g.pilotConfig()
	return eval.LockedProtocol{Protocol: config.Pilot}, err
}

// scenarios are the win rates to try, and the borders at which the rule may err.
func (o *simulateOptions) scenarios(protocol eval.Protocol) []simulate.Scenario {
	useCases := 0
	for _, useCase := range protocol.UseCases {
		useCases += len(useCase.Candidates)
	}
	scenario := func(name string, winRate, costRatio float64) simulate.Scenario {
		s := simulate.Standard(name, slices.Repeat([]eval.Truth{{WinRate: winRate, CostRatio: costRatio}}, useCases)...)
		s.Raters, s.Ties, s.RaterSD, s.ICC = o.raters, o.ties, o.raterSD, o.icc
		s.ClusterSize, s.ClusterICC = o.clusterSize, o.clusterICC
		return s
	}
	var scenarios []simulate.Scenario
	for _, rate := range o.winRates {
		s := scenario(fmt.Sprintf("preferred on %.0f%%, cost %s", 100*rate, report.Times(o.costRatio)), rate, o.costRatio)
		s.Curve = true
		scenarios = append(scenarios, s)
	}
	return append(scenarios,
		scenario("as good, at half the cost", 0.5, 0.5),
		scenario(fmt.Sprintf("worse by the margin (%.0f points), at half the cost", 100*protocol.Margin), 0.5-protocol.Margin, 0.5),
		scenario(fmt.Sprintf("as good, saving just %.0f%%", 100*protocol.Saving), 0.5, 1-protocol.Saving))
}
