package main

import (
	"context"
	"fmt"
	"io"

	"github.com/spf13/cobra"

	"modeltrial/eval"
	"modeltrial/report"
	"modeltrial/store"
)

func newRateWhyCmd(g *global) *cobra.Command {
	return &cobra.Command{
		Use:   "why",
		Short: "why raters chose as they did, and why they skipped",
		Long: `why counts the tags that raters gave with their verdicts (rating_tags under pilot in
modeltrial.yaml), for each candidate by whose answer they found better, and what they
skipped, by rater and reason. It explains the result; it is no part of the decision.`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			return g.withStore(cmd.Context(), func(s *store.Store) error {
				return runRateWhy(cmd.Context(), g, s, cmd.OutOrStdout())
			})
		},
	}
}

// A tagRow is a tag of a candidate, by whose answer was found better.
type tagRow struct {
	Control   string `json:"control"`
	Candidate string `json:"candidate"`
	Tag       string `json:"tag"`
	// The three add up to how often the tag was given.
	CandidateBetter int `json:"candidate_better"`
	Neither         int `json:"neither"` // about the same, or both unusable
	ControlBetter   int `json:"control_better"`
}

// tagRows puts counts by verdict into rows, in their order.
func tagRows(counts []eval.TagCount) []tagRow {
	rows := []tagRow{}
	for _, c := range counts {
		last := len(rows) - 1
		if last < 0 || rows[last].Candidate != c.ArmB || rows[last].Control != c.ArmA || rows[last].Tag != c.Tag {
			rows = append(rows, tagRow{Control: c.ArmA, Candidate: c.ArmB, Tag: c.Tag})
			last++
		}
		switch c.Verdict {
		case eval.PrefersA, eval.MuchPrefersA:
			rows[last].ControlBetter += c.Count
		case eval.PrefersB, eval.MuchPrefersB:
			rows[last].CandidateBetter += c.Count
		default:
			rows[last].Neither += c.Count
		}
	}
	return rows
}

// skipReasons are what the pages say of them.
var skipReasons = map[eval.SkipReason]string{
	eval.SkipKnowledge: "does not know the subject", eval.SkipUnclear: "the task is unclear",
	eval.SkipDisplay: "an answer is not shown properly", eval.SkipOther: "another reason",
}

func runRateWhy(ctx context.Context, g *global, s *store.Store, out io.Writer) error {
	if _, err := locked(ctx, s); err != nil {
		return err
	}
	counts, err := s.Tags(ctx)
	if err != nil {
		return err
	}
	skips, err := s.Skips(ctx)
	if err != nil {
		return err
	}
	tags := tagRows(counts)
	if g.json {
		return report.JSON(out, map[string]any{"schema": "modeltrial.rate-why/1", "tags": tags, "skips": append([]eval.Skip{}, skips...)})
	}
	if len(tags)+len(skips) == 0 {
		fmt.Fprintf(out, "no rater has said why yet, and none has skipped\n\n%s\n", g.next("rate serve"))
		return nil
	}
	if len(tags) > 0 {
		rows := make([][]report.Cell, len(tags))
		for i, t := range tags {
			rows[i] = report.Cells(t.Candidate, t.Tag, report.Count(t.CandidateBetter), report.Count(t.Neither), report.Count(t.ControlBetter))
		}
		err := report.Table(out, g.style(out), []report.Column{
			{Name: "candidate"}, {Name: "tag"}, {Name: "candidate better", Right: true}, {Name: "neither", Right: true}, {Name: "control better", Right: true},
		}, rows)
		if err != nil {
			return err
		}
	}
	if len(skips) == 0 {
		return nil
	}
	if len(tags) > 0 {
		fmt.Fprintln(out)
	}
	rows := make([][]report.Cell, len(skips))
	for i, skip := range skips {
		rows[i] = report.Cells(skip.Rater, skipReasons[skip.Reason], report.Count(skip.Count))
	}
	return report.Table(out, g.style(out), []report.Column{{Name: "rater"}, {Name: "skipped because"}, {Name: "comparisons", Right: true}}, rows)
}
