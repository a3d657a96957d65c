package main

import (
	"context"
	"fmt"
	"io"
	"slices"
	"time"

	"github.com/spf13/cobra"

	"modeltrial/eval"
	"modeltrial/eval/blind"
	"modeltrial/report"
	"modeltrial/store"
)

func newRateFlaggedCmd(g *global) *cobra.Command {
	return &cobra.Command{
		Use:   "flagged",
		Short: "answers that tell their model although names are hidden",
		Long: `flagged lists, for the owner, the answers that say what they are in a way that masking
cannot mend. What becomes of their comparisons is fixed in the protocol: with
flagged_answers: exclude they are neither shown nor counted, otherwise they are rated like
the others. It names arms: raters must not see it.`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			return g.withStore(cmd.Context(), func(s *store.Store) error {
				return runFlagged(cmd.Context(), g, s, cmd.OutOrStdout())
			})
		},
	}
}

func runFlagged(ctx context.Context, g *global, s *store.Store, out io.Writer) error {
	protocol, err := locked(ctx, s)
	if err != nil {
		return err
	}
	if err := checkComparisons(ctx, s); err != nil {
		return err
	}
	checks, err := s.ComparisonChecks(ctx, 0)
	if err != nil {
		return err
	}
	rule := flaggedRule(protocol.Protocol)
	flagged := slices.DeleteFunc(slices.Clone(checks), func(c eval.ComparisonCheck) bool { return len(c.Flags) == 0 })
	if g.json {
		return report.JSON(out, map[string]any{
			"schema": "modeltrial.rate-flagged/1", "pilot": protocol.Protocol.Name, "protocol_sha256": protocol.SHA256, "rule": rule,
			"comparisons": len(checks), "flagged": append([]eval.ComparisonCheck{}, flagged...),
		})
	}
	var rows [][]report.Cell
	for _, c := range flagged {
		for _, flag := range c.Flags {
			arm := c.ArmA
			if flag.Side == eval.SideB {
				arm = c.ArmB
			}
			rows = append(rows, report.Cells(fmt.Sprint(c.Week), string(c.Category), c.TaskID, arm, flag.Reason, flag.Text))
		}
	}
	columns := []report.Column{{Name: "week", Right: true}, {Name: "category"}, {Name: "task"}, {Name: "arm"}, {Name: "why"}, {Name: "text"}}
	if len(rows) > 0 {
		if err := report.Table(out, g.style(out), columns, rows); err != nil {
			return err
		}
		fmt.Fprintln(out)
	}
	fmt.Fprintln(out, flaggedSentence(checks, rule))
	return nil
}

// flaggedSentence says how many comparisons are flagged, and what becomes of them.
func flaggedSentence(checks []eval.ComparisonCheck, rule eval.FlaggedRule) string {
	flagged := countFlagged(checks)
	if flagged == 0 {
		return fmt.Sprintf("no answer of %s comparisons tells its model once names are hidden", report.Count(len(checks)))
	}
	becomes := "they are rated like the others"
	if rule == eval.ExcludeFlagged {
		becomes = "they are left out"
	}
	return fmt.Sprintf("%s of %s comparisons have an answer that tells its model although names are hidden; %s, by the protocol's flagged_answers: %s",
		report.Count(flagged), report.Count(len(checks)), becomes, rule)
}

func countFlagged(checks []eval.ComparisonCheck) int {
	flagged := 0
	for _, c := range checks {
		if len(c.Flags) > 0 {
			flagged++
		}
	}
	return flagged
}

func flaggedRule(protocol eval.Protocol) eval.FlaggedRule {
	if protocol.FlaggedAnswers == "" {
		return eval.RateFlagged
	}
	return protocol.FlaggedAnswers
}

// createComparisons makes the comparisons that the stored answers allow, and looks in
// their answers for what masking cannot mend.
func createComparisons(ctx context.Context, s *store.Store) error {
	if _, err := s.CreateComparisons(ctx); err != nil {
		return err
	}
	return checkComparisons(ctx, s)
}

func checkComparisons(ctx context.Context, s *store.Store) error {
	protocol, err := locked(ctx, s)
	if err != nil {
		return err
	}
	masker := blind.NewMasker(protocol.Protocol.Names())
	return s.CheckComparisons(ctx, func(task, a, b string) eval.ComparisonCheck {
		findings := masker.Check(task, a, b)
		check := eval.ComparisonCheck{MasksA: findings[0].Masks, MasksB: findings[1].Masks}
		for i, side := range []eval.Side{eval.SideA, eval.SideB} {
			for _, flag := range findings[i].Flags {
				check.Flags = append(check.Flags, eval.AnswerFlag{Side: side, Reason: string(flag.Reason), Text: flag.Text})
			}
		}
		for _, trait := range blind.Traits(a) {
			check.TraitsA = append(check.TraitsA, string(trait))
		}
		for _, trait := range blind.Traits(b) {
			check.TraitsB = append(check.TraitsB, string(trait))
		}
		return check
	}, time.Now().UTC())
}
