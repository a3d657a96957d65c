package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"time"

	"github.com/spf13/cobra"
	"golang.org/x/term"

	"modeltrial/eval"
	"modeltrial/eval/rate"
	"modeltrial/eval/rate/terminal"
	"modeltrial/report"
	"modeltrial/store"
)

func newRateTerminalCmd(g *global) *cobra.Command {
	var rater string
	var askGuess float64
	var practice bool
	cmd := &cobra.Command{
		Use:   "terminal --rater NAME",
		Short: "the same in a terminal",
		Long: `terminal shows a rater the queue of the rating site in this terminal: a task and two
anonymous answers side by side, or one below the other where the window is narrow, and
the site's keys for the verdict; ? tells them. Nothing on the screen names a model or an
arm. A verdict is on disk before the next comparison appears, so that a rater may stop
at any time and go on later, here or on the site.`,
		Example: "  modeltrial rate invite Ada\n  modeltrial rate terminal --rater Ada",
		Args:    cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if err := checkAskGuess(askGuess); err != nil {
				return err
			}
			if rater == "" {
				return usagef("rate terminal needs --rater NAME: who rates")
			}
			if !isTerminal(cmd.InOrStdin()) || !isTerminal(cmd.OutOrStdout()) {
				return fmt.Errorf("rate terminal needs a terminal to show the answers and to read keys; run it in one, or rate in a browser: %s", g.command("rate serve"))
			}
			return g.withStore(cmd.Context(), func(s *store.Store) error {
				chosen := rate.Options{AskGuess: askGuess, Practice: practice}
				return runRateTerminal(cmd.Context(), g, s, rater, chosen, cmd.InOrStdin(), cmd.OutOrStdout())
			})
		},
	}
	cmd.Flags().StringVar(&rater, "rater", "", "who rates: a name that rate invite knows")
	addAskGuess(cmd, &askGuess)
	addPractice(cmd, &practice)
	return cmd
}

// isTerminal says whether a stream is a terminal.
func isTerminal(stream any) bool {
	file, ok := stream.(*os.File)
	return ok && term.IsTerminal(int(file.Fd()))
}

func runRateTerminal(ctx context.Context, g *global, s *store.Store, name string, chosen rate.Options, in io.Reader, out io.Writer) error {
	protocol, err := locked(ctx, s)
	if err != nil {
		return err
	}
	rater, err := invited(ctx, g, s, name)
	if err != nil {
		return err
	}
	if err := checkComparisons(ctx, s); err != nil {
		return err
	}
	site := siteOptions(protocol.Protocol)
	if site.Notice, err = siteNotice(ctx, s); err != nil {
		return err
	}
	err = terminal.Run(ctx, s, rater, terminal.Options{
		HiddenNames: site.HiddenNames, Notice: site.Notice, Tags: site.Tags, Criteria: site.Criteria, AskGuess: chosen.AskGuess, Practice: chosen.Practice, NoColor: g.noColor,
	}, in, out)
	if err != nil {
		return err
	}
	done, open, _, err := s.Progress(ctx, rater)
	if err != nil {
		return err
	}
	if g.json {
		return report.JSON(out, map[string]any{"schema": "modeltrial.rate-terminal/1", "rater": rater.Name, "rated": done, "open": open})
	}
	if open == 0 {
		fmt.Fprintf(out, "%d rated, nothing open; every rating is saved\n", done)
		return nil
	}
	fmt.Fprintf(out, "%d rated, %d open; every rating is saved\n", done, open)
	return nil
}

// invited finds the person who rates, or says how to become one.
func invited(ctx context.Context, g *global, s *store.Store, name string) (eval.Rater, error) {
	rater, err := s.RaterByName(ctx, name, time.Now())
	invite := g.command("rate invite " + quoted(name))
	switch {
	case errors.Is(err, eval.ErrNotFound):
		return rater, fmt.Errorf("no rater is named %q; invite one first: %s", name, invite)
	case errors.Is(err, eval.ErrExpired):
		return rater, fmt.Errorf("the invitation of %q was revoked or has expired; renew it: %s", name, invite)
	case err != nil:
		return rater, err
	case rater.Kind != eval.Human || rater.Simulated:
		return rater, fmt.Errorf("%q is no person who could rate here; invite one under another name: %s", name, g.command("rate invite NAME"))
	}
	return rater, nil
}
