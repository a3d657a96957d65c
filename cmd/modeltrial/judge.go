package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"strings"

	"github.com/spf13/cobra"

	"modeltrial/audit"
	"modeltrial/eval"
	"modeltrial/eval/judge"
	"modeltrial/report"
	"modeltrial/store"
)

func newJudgeCmd(g *global) *cobra.Command {
	return group("judge", "rating by judge models, and by checks against reference answers",
		newJudgeRunCmd(g), newJudgeCheckCmd(g), newJudgeRubricsCmd(g))
}

func newJudgeRunCmd(g *global) *cobra.Command {
	o := &runOptions{}
	cmd := &cobra.Command{
		Use:   "run",
		Short: "the protocol's judge models and checks rate what is open; resumes where it stopped",
		Long: `run has the checks of the locked protocol rate every comparison, which costs nothing,
and then its judges. Each judge sees each comparison in both orders, with the names
hidden that people do not see either, and a rubric (modeltrial judge rubrics). Its
verdict and rationale are stored as they arrive, with tokens and cost; none is paid for
twice. A verdict that changes with the order counts one half. A reply that holds no
verdict is asked for once more, then reported: it is never taken for a tie. A judge does
not rate arms of its own maker's family unless the protocol has same_family_judges.

The cost is said first. The worst case of each call is set aside before it is sent, so
that neither the protocol's budget, which arms and judges share, nor --max-cost is
exceeded. Judges of a provider of kind simulated draw verdicts at random; their ratings
are labelled as simulated wherever they count.

Exit status: 0 everything open is rated, 1 something is still open, failed or unreadable,
or a check's command was left out for want of --allow-commands.`,
		Example: "  modeltrial judge run --dry-run\n  modeltrial judge run --week 1 --max-cost 5",
		Args:    cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			return g.withStore(cmd.Context(), func(s *store.Store) error {
				return runJudges(cmd.Context(), g, s, o, cmd.OutOrStdout(), cmd.ErrOrStderr())
			})
		},
	}
	cmd.Flags().IntVar(&o.week, "week", 0, "rate this week's comparisons alone (default all)")
	cmd.Flags().StringVar(&o.maxCost, "max-cost", "", "cap of this run in dollars, within the protocol's budget")
	cmd.Flags().IntVar(&o.concurrency, "concurrency", 0, "calls in flight (default the configuration's)")
	cmd.Flags().BoolVar(&o.dryRun, "dry-run", false, "say what it would cost, send and rate nothing")
	commandsFlag(cmd, o)
	return cmd
}

func newJudgeCheckCmd(g *global) *cobra.Command {
	o := &runOptions{}
	cmd := &cobra.Command{
		Use:   "check",
		Short: "the protocol's checks alone: no key, no network, no cost",
		Long: `check compares each answer with the task's reference answer by the checks of the
locked protocol. The answer that alone passes is better, both passing is a tie, neither
passing is both bad; modeltrial analyze makes the share that passes at once of it.

  exact        the reference, to the character, but for spaces around it
  normalised   the same but for case, punctuation, Markdown and spaces
  numeric      the number it ends on (\boxed{…} or #### first), within tolerance or
               relative_tolerance
  regexp       pattern finds something; {reference} in it stands for the reference
  json_schema  the answer is JSON, possibly in one code fence, that keeps to schema
  similarity   chrF2 (character n-grams, 0 to 1) against the reference is at least threshold
  command      a program ends with exit code 0; {answer} in its arguments stands for the
               file that holds the answer, or with code_block its longest code block,
               {reference} for one with the reference

A command runs only with --allow-commands, on Linux: in an empty directory of its own
that is removed afterwards, with PATH, HOME, TMPDIR and LANG for an environment, no input
and no inherited files, and for root as the user nobody. It can open no socket, write
nowhere else (Landlock, Linux 5.13) and leave no process behind. It has 10 seconds
(timeout_seconds), each of its processes 1024 MB of address space (memory_mb; Java, Go and
Node.js take more), 64 processes and 64 MB for each file. It can read what its user can
read, and is confined by the kernel, not by a virtual machine: give it a machine or user
of its own where answers may be malicious. What was run once on an answer is kept and not
run again. Confined or not, it is said with the result.

A task without a reference is left out by the checks that need one. Running again
changes nothing, unless a check was changed: its new verdicts supersede the old ones.

Exit status: 0 everything is checked, 1 a command was left out or cannot be run.`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			return g.withStore(cmd.Context(), func(s *store.Store) error {
				return runChecks(cmd.Context(), g, s, o, cmd.OutOrStdout(), cmd.ErrOrStderr())
			})
		},
	}
	cmd.Flags().IntVar(&o.week, "week", 0, "check this week's comparisons alone (default all)")
	commandsFlag(cmd, o)
	return cmd
}

// commandsFlag is the second consent to running commands, after the protocol's.
func commandsFlag(cmd *cobra.Command, o *runOptions) {
	cmd.Flags().BoolVar(&o.allowCommands, "allow-commands", false, "run the commands of checks on this machine, confined (modeltrial judge check --help)")
}

func newJudgeRubricsCmd(g *global) *cobra.Command {
	return &cobra.Command{
		Use:   "rubrics",
		Short: "print what judges go by in each category, in the form of modeltrial.yaml",
		Long: `rubrics prints the rubric of each category as it would stand under pilot in
modeltrial.yaml: copy one there to change it. Changing the rubric of a category that a
judge has rated needs another name for the judge.`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			config, err := g.config()
			if err != nil {
				return err
			}
			return writeRubrics(g, config, cmd.OutOrStdout())
		},
	}
}

func writeRubrics(g *global, config eval.Config, out io.Writer) error {
	rubrics := map[audit.Category]string{}
	for _, category := range categoryConfigs(config) {
		rubrics[category.Name] = judge.Rubric(config.Pilot, category)
	}
	if g.json {
		return report.JSON(out, map[string]any{"schema": "modeltrial.judge-rubrics/1", "rubrics": rubrics})
	}
	fmt.Fprintln(out, "rubrics:")
	for _, category := range categoryConfigs(config) {
		fmt.Fprintf(out, "  %s: |\n    %s\n", category.Name, strings.ReplaceAll(rubrics[category.Name], "\n", "\n    "))
	}
	return nil
}

// categoryConfigs are the workspace's categories, its own or the built-in ones.
func categoryConfigs(config eval.Config) []eval.CategoryConfig {
	if len(config.Categories) > 0 {
		return config.Categories
	}
	categories := make([]eval.CategoryConfig, len(audit.Categories))
	for i, name := range audit.Categories {
		categories[i].Name = name
	}
	return categories
}

// judging is the locked protocol, where modeltrial.yaml agrees with it, and the
// comparisons that the stored answers allow are there.
func (o *runOptions) judging(ctx context.Context, g *global, s *store.Store) (eval.Config, eval.LockedProtocol, error) {
	config, protocol, err := g.lockedPilot(ctx, s)
	if err != nil {
		return config, protocol, err
	}
	if err := o.check(ctx, s, protocol.Protocol); err != nil {
		return config, protocol, err
	}
	err = createComparisons(ctx, s) // a run that was killed at its end may have left some to make
	return config, protocol, err
}

// errNothingJudges says that a protocol has neither judges nor checks.
var errNothingJudges = errors.New("the protocol names no judges and no checks; write them under pilot in " + configName +
	" (modeltrial init writes commented ones) and lock it again")
