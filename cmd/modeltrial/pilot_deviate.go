package main

import (
	"context"
	"fmt"
	"io"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"modeltrial/eval"
	"modeltrial/report"
	"modeltrial/store"
)

// deviateOptions are the flags of pilot deviate.
type deviateOptions struct {
	kind, arm, reason string
	week              int
}

// deviationFlags are the kinds as they are written on a command line.
func deviationFlags() []string {
	names := make([]string, len(eval.DeviationKinds))
	for i, kind := range eval.DeviationKinds {
		names[i] = strings.ReplaceAll(string(kind), " ", "-")
	}
	return names
}

func newPilotDeviateCmd(g *global) *cobra.Command {
	o := &deviateOptions{}
	cmd := &cobra.Command{
		Use:   "deviate",
		Short: "record what departs from the protocol, with its reason",
		Long: `deviate records a deviation: it is stored with its time and appears in the analysis and
in every report. After an early-stop pilot run calls nobody until the pilot is resumed.
Without flags it lists what is recorded, and what the data shows and nobody gave a reason
for: an arm that is served by another model, a week that was passed over. A changed
protocol is recorded by pilot lock --reason.`,
		Example: `  modeltrial pilot deviate
  modeltrial pilot deviate --kind replaced-model --arm next --reason 'the provider retired the snapshot'
  modeltrial pilot deviate --kind skipped-week --week 2 --reason 'holidays'
  modeltrial pilot deviate --kind early-stop --reason 'the candidate leaked data'`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			return g.withStore(cmd.Context(), func(s *store.Store) error {
				return runDeviate(cmd.Context(), g, s, o, cmd.OutOrStdout())
			})
		},
	}
	cmd.Flags().StringVar(&o.kind, "kind", "", strings.Join(deviationFlags(), ", "))
	cmd.Flags().StringVar(&o.arm, "arm", "", "the arm that it is of")
	cmd.Flags().IntVar(&o.week, "week", 0, "the week that it is of")
	cmd.Flags().StringVar(&o.reason, "reason", "", "why")
	return cmd
}

func runDeviate(ctx context.Context, g *global, s *store.Store, o *deviateOptions, out io.Writer) error {
	protocol, err := locked(ctx, s)
	if err != nil {
		return err
	}
	if *o != (deviateOptions{}) {
		deviation, err := o.deviation(protocol.Protocol, time.Now())
		if err != nil {
			return err
		}
		if err := s.Deviate(ctx, deviation); err != nil {
			return err
		}
	}
	recorded, unexplained, err := deviations(ctx, s)
	if err != nil {
		return err
	}
	if g.json {
		return report.JSON(out, map[string]any{"schema": "modeltrial.pilot-deviate/1", "deviations": recorded, "deviations_without_reason": unexplained})
	}
	if len(recorded)+len(unexplained) == 0 {
		fmt.Fprintln(out, "nothing departed from the protocol")
		return nil
	}
	for _, deviation := range recorded {
		fmt.Fprintf(out, "%s\n", deviation)
	}
	sayUnexplained(g, out, unexplained)
	return nil
}

// deviation is what the flags say.
func (o *deviateOptions) deviation(protocol eval.Protocol, now time.Time) (eval.Deviation, error) {
	kind := eval.DeviationKind(strings.ReplaceAll(o.kind, "-", " "))
	d := eval.Deviation{Kind: kind, Reason: strings.TrimSpace(o.reason), RecordedAt: now.UTC()}
	ofArm := kind == eval.ArmChanged || kind == eval.ModelReplaced
	_, known := protocol.Arm(o.arm)
	switch {
	case !slices.Contains(eval.DeviationKinds, kind):
		return d, usagef("--kind is %q; choose one of %s", o.kind, strings.Join(deviationFlags(), ", "))
	case d.Reason == "":
		return d, usagef("--reason is missing: a deviation needs one")
	case ofArm && !known:
		return d, usagef("--arm is %q; a deviation of this kind is of one of the protocol's arms", o.arm)
	case kind == eval.WeekSkipped && (o.week < 1 || o.week > protocol.Weeks):
		return d, usagef("--week is %d; the protocol plans weeks 1 to %d", o.week, protocol.Weeks)
	case ofArm && o.week != 0, kind == eval.WeekSkipped && o.arm != "", !ofArm && kind != eval.WeekSkipped && o.arm != "" && o.week != 0:
		return d, usagef("--arm and --week: a deviation is of an arm or of a week; record two")
	case o.arm != "" && !known:
		return d, usagef("--arm is %q; it is not among the protocol's arms", o.arm)
	}
	d.Subject = o.arm
	if o.week > 0 {
		d.Subject = eval.WeekSubject(o.week)
	}
	return d, nil
}

// deviations are what is recorded, and what nobody gave a reason for; never nil.
func deviations(ctx context.Context, s *store.Store) (recorded, unexplained []eval.Deviation, err error) {
	if recorded, err = s.DeviationList(ctx); err != nil {
		return nil, nil, err
	}
	unexplained, err = s.UnexplainedDeviations(ctx)
	return append([]eval.Deviation{}, recorded...), append([]eval.Deviation{}, unexplained...), err
}

// sayDeviations counts what is recorded and tells what has no reason.
func sayDeviations(g *global, out io.Writer, recorded, unexplained []eval.Deviation) {
	if len(recorded) > 0 {
		fmt.Fprintf(out, "%s recorded: %s\n", counted(len(recorded), "deviation", "deviations"), g.command("pilot deviate"))
	}
	sayUnexplained(g, out, unexplained)
}

func sayUnexplained(g *global, out io.Writer, unexplained []eval.Deviation) {
	for _, d := range unexplained {
		of := "--week " + strings.TrimPrefix(d.Subject, "week ")
		if d.Kind != eval.WeekSkipped {
			of = "--arm " + quoted(d.Subject)
		}
		fmt.Fprintf(out, "! %s, %s since %s: %s; say why with %s\n", d.Kind, d.Subject, d.RecordedAt.Format(time.DateOnly), d.Changes,
			g.command("pilot deviate --kind "+strings.ReplaceAll(string(d.Kind), " ", "-")+" "+of+" --reason ..."))
	}
}

// sayStopped tells that the pilot was stopped early, so that nobody is called.
func sayStopped(ctx context.Context, g *global, s *store.Store, out io.Writer, schema string, stop eval.Deviation) error {
	if g.json {
		return report.JSON(out, map[string]any{"schema": schema, "week": nil, "open": 0, "stopped": stop})
	}
	sayStop(g, out, stop)
	return sayWaiting(ctx, g, s, out)
}

func sayStop(g *global, out io.Writer, stop eval.Deviation) {
	fmt.Fprintf(out, "the pilot was stopped early: %s\nnobody is called; go on with %s\n", stop, g.command("pilot deviate --kind resumed --reason ..."))
}

// skips records that --week passes over an earlier week of which nothing is answered,
// for which it needs a reason.
func (o *runOptions) skips(ctx context.Context, s *store.Store) error {
	if o.week < 2 || o.dryRun {
		return nil
	}
	status, err := s.PilotStatus(ctx)
	if err != nil {
		return err
	}
	answered := map[int]int{}
	var weeks []int
	for _, row := range status.Arms {
		answered[row.Week] += row.Answered
		if row.Week < o.week && !slices.Contains(weeks, row.Week) {
			weeks = append(weeks, row.Week)
		}
	}
	recorded, err := s.DeviationList(ctx)
	if err != nil {
		return err
	}
	for _, week := range weeks {
		explained := slices.ContainsFunc(recorded, func(d eval.Deviation) bool {
			return d.Kind == eval.WeekSkipped && d.Subject == eval.WeekSubject(week)
		})
		switch {
		case answered[week] > 0 || explained:
			continue
		case strings.TrimSpace(o.reason) == "":
			return usagef("nothing of week %d is answered yet; run it first, or say with --reason why it is skipped, which every report then tells", week)
		}
		err := s.Deviate(ctx, eval.Deviation{Kind: eval.WeekSkipped, Subject: eval.WeekSubject(week), Reason: o.reason, RecordedAt: time.Now().UTC()})
		if err != nil {
			return err
		}
	}
	return nil
}
