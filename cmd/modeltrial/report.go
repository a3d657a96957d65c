package main

import (
	"context"
	"fmt"
	"io"
	"time"

	"github.com/spf13/cobra"

	"modeltrial/audit"
	"modeltrial/eval"
	"modeltrial/eval/decide"
	"modeltrial/report"
	"modeltrial/store"
)

func newReportCmd(g *global) *cobra.Command {
	return group("report", "documents to take away", newReportExcelCmd(g), newReportHTMLCmd(g))
}

func newReportExcelCmd(g *global) *cobra.Command {
	return &cobra.Command{
		Use:   "excel FILE.xlsx",
		Short: "the workbook: routing table, return on investment with formulas, evidence and data",
		Args:  cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			return g.withStore(cmd.Context(), func(s *store.Store) error {
				return writeReport(cmd.Context(), g, s, cmd.OutOrStdout(), args[0], report.Workbook)
			})
		},
	}
}

func newReportHTMLCmd(g *global) *cobra.Command {
	return &cobra.Command{
		Use:   "html FILE.html",
		Short: "the report: one self-contained page",
		Args:  cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			return g.withStore(cmd.Context(), func(s *store.Store) error {
				return writeReport(cmd.Context(), g, s, cmd.OutOrStdout(), args[0], writeHTML)
			})
		},
	}
}

func writeHTML(_ context.Context, path string, input report.Input) error {
	return report.ReplaceFile(path, func(w io.Writer) error { return report.HTML(w, input) })
}

// writeReport gathers what a document shows and writes it.
func writeReport(ctx context.Context, g *global, s *store.Store, out io.Writer, path string, write func(context.Context, string, report.Input) error) error {
	input, err := reportInput(ctx, g, s, time.Now())
	if err != nil {
		return err
	}
	if err := write(ctx, path, input); err != nil {
		return err
	}
	if g.json {
		return report.JSON(out, map[string]string{"schema": "modeltrial.report/1", "file": path})
	}
	fmt.Fprintf(out, "wrote %s\n", path)
	return nil
}

// reportInput gathers what documents show. Where no routing table is stored it makes and
// stores one.
func reportInput(ctx context.Context, g *global, s *store.Store, now time.Time) (report.Input, error) {
	input, err := storedInput(ctx, g, s, now)
	if err != nil || len(input.Routing.Routes) > 0 {
		return input, err
	}
	recommended, err := recommend(ctx, g, s, now)
	if err != nil {
		return input, err
	}
	input.Routing = recommended.RoutingTable
	input.Replay, err = replayed(ctx, s, input.Routing)
	return input, err
}

// replayed is the audited log under a table; nil where the table has no route.
func replayed(ctx context.Context, s *store.Store, table eval.RoutingTable) (*eval.Replay, error) {
	if len(table.Routes) == 0 {
		return nil, nil
	}
	replay, err := replayLog(ctx, s, table, io.Discard)
	return &replay, err
}

// storedInput gathers what documents show and stores nothing: the routing table is
// empty where there is none.
func storedInput(ctx context.Context, g *global, s *store.Store, now time.Time) (report.Input, error) {
	input := report.Input{GeneratedAt: now.UTC()}
	config, err := g.config()
	if err != nil {
		return input, err
	}
	priceTable, err := prices(ctx, s, config)
	if err != nil {
		return input, err
	}
	if input.Protocol, err = locked(ctx, s); err != nil {
		return input, err
	}
	status, err := s.PilotStatus(ctx)
	if err != nil {
		return input, err
	}
	input.Progress = progress(status, input.Protocol.Protocol)
	data, err := s.Dataset(ctx, 0)
	if err != nil {
		return input, err
	}
	if err := checkRepeats(ctx, s, &data); err != nil {
		return input, err
	}
	if input.Analysis, err = decide.Analyze(data, decide.Options{}); err != nil {
		return input, err
	}
	if input.Routing, err = s.LatestRoutingTable(ctx); ignoreNotFound(err) != nil {
		return input, err
	}
	mixer, err := mix(ctx, g, s)
	if err != nil {
		return input, err
	}
	input.Audit = mixer.Report()
	if input.Replay, err = replayed(ctx, s, input.Routing); err != nil {
		return input, err
	}
	if err := spentOnce(ctx, s, &input); err != nil {
		return input, err
	}
	input.Prices = usedPrices(priceTable, input.Audit, input.Protocol.Protocol, now)
	input.Tasks = func(yield func(audit.Task) error) error { return s.EachTaskSummary(ctx, yield) }
	input.Responses = func(yield func(eval.Response) error) error { return s.EachResponse(ctx, yield) }
	input.Ratings = func(yield func(eval.Rating) error) error { return s.EachRating(ctx, 0, yield) }
	return input, nil
}

// spentOnce tells what the pilot's own calls cost, those of judges apart.
func spentOnce(ctx context.Context, s *store.Store, input *report.Input) error {
	spent, err := s.Spent(ctx)
	if err != nil {
		return err
	}
	judges, err := s.Judges(ctx)
	if err != nil {
		return err
	}
	for _, judge := range judges {
		input.JudgesSpent += judge.Spent
	}
	input.ArmsSpent = spent - input.JudgesSpent
	return nil
}

// progress is how far people are with the comparisons.
func progress(status store.Status, protocol eval.Protocol) report.Progress {
	return report.Progress{
		Comparisons: status.Comparisons, RatedOnce: status.RatedOnce, Rated: status.Rated,
		PeopleAsked: protocol.RatingsPerComparison,
	}
}
