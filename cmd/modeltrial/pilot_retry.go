package main

import (
	"context"
	"fmt"
	"io"

	"github.com/spf13/cobra"

	"modeltrial/report"
	"modeltrial/store"
)

func newPilotRetryCmd(g *global) *cobra.Command {
	var arm string
	var week int
	cmd := &cobra.Command{
		Use:   "retry",
		Short: "have workers make the calls again that they have given up",
		Long: `retry gives the calls that workers have given up, each with its reason in pilot status,
back to them. pilot run and judge run need it not: they try whatever is open.`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			return g.withStore(cmd.Context(), func(s *store.Store) error {
				return runRetry(cmd.Context(), g, s, arm, week, cmd.OutOrStdout())
			})
		},
	}
	cmd.Flags().StringVar(&arm, "arm", "", "those of one arm or judge (default all)")
	cmd.Flags().IntVar(&week, "week", 0, "those of one week (default all)")
	return cmd
}

func runRetry(ctx context.Context, g *global, s *store.Store, arm string, week int, out io.Writer) error {
	protocol, err := locked(ctx, s)
	if err != nil {
		return err
	}
	if arm != "" {
		_, isArm := protocol.Protocol.Arm(arm)
		if _, isJudge := protocol.Protocol.Judge(arm); !isArm && !isJudge {
			return usagef("--arm is %q; the protocol has no arm or judge of this name", arm)
		}
	}
	if week < 0 || week > protocol.Protocol.Weeks {
		return usagef("--week is %d; the protocol plans weeks 1 to %d", week, protocol.Protocol.Weeks)
	}
	calls, err := s.Retry(ctx, arm, week)
	if err != nil {
		return err
	}
	if g.json {
		return report.JSON(out, map[string]any{"schema": "modeltrial.pilot-retry/1", "calls": calls})
	}
	fmt.Fprintf(out, "%s will be made again by the next worker that is free\n", counted(calls, "call", "calls"))
	return nil
}
