package main

import (
	"context"
	"fmt"
	"io"
	"maps"
	"slices"
	"time"

	"github.com/spf13/cobra"

	"modeltrial/audit"
	"modeltrial/audit/ingest"
	"modeltrial/eval"
	"modeltrial/eval/decide"
	"modeltrial/eval/exchange"
	"modeltrial/report"
	"modeltrial/store"
)

type routeCheckOptions struct {
	ratingsFlags
	table     int64
	on        string
	frozen    string
	fresh     string
	responses string
}

func newRouteCheckCmd(g *global) *cobra.Command {
	o := &routeCheckOptions{}
	cmd := &cobra.Command{
		Use:   "check",
		Short: "whether each route still holds: prices, age, model versions, quality",
		Long: `check, made for once a month, says for each route of the latest table whether it still
holds, is now cheaper elsewhere, rests on evidence that is too old, ran into another
version of a model, or has lost quality. It applies the protocol's rule to the pilot's
answers at the prices in force (prices import, modeltrial.yaml) and looks at the log
that came in since the table was made (audit import). Prices of modeltrial.yaml carry no
date: each counts from when pilot run, route recommend or route check first saw it. A
pipeline is priced step by step.

Quality is looked at in anchors: comparisons of the pilot, chosen at random, that are
rated again. --fresh-ratings are of answers made anew to the same tasks,
--frozen-ratings of the pilot's own answers. Who rates the frozen answers otherwise than
in the pilot has changed, the models have not; where the same rater rated both in a
month, only the difference counts, so that a change of the rater is none of the models.
Both files are ratings files as for rate import; they are kept, a month is a round, and
the same file again changes nothing. The test is sequential: with a check every month
it calls a change that is none in at most 5% of years.

Exit status: 0 every route holds, 1 one does not (or the check failed, which is said on
standard error), 2 usage.`,
		Example: `  modeltrial prices import model_prices.json && modeltrial audit import november.csv
  modeltrial route check --json
  modeltrial route check --frozen-ratings frozen.csv --fresh-ratings fresh.csv --kind judge
  modeltrial route check --on 2027-01-01`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			on, err := o.day()
			if err != nil {
				return err
			}
			return g.withStore(cmd.Context(), func(s *store.Store) error {
				return o.run(cmd.Context(), g, s, on, cmd.OutOrStdout(), cmd.ErrOrStderr())
			})
		},
	}
	o.ratingsFlags.add(cmd)
	cmd.Flags().Int64Var(&o.table, "table", 0, "number of a stored table (default the latest)")
	cmd.Flags().StringVar(&o.on, "on", "", "the day to check for, such as 2027-01-01 (default today)")
	cmd.Flags().StringVar(&o.frozen, "frozen-ratings", "", "ratings of the pilot's own answers, given again")
	cmd.Flags().StringVar(&o.fresh, "fresh-ratings", "", "ratings of answers made anew to the pilot's tasks")
	cmd.Flags().StringVar(&o.responses, "fresh-responses", "", "those answers, for the versions of the models that gave them (column model_served)")
	return cmd
}

func (o *routeCheckOptions) day() (time.Time, error) {
	if o.table < 0 {
		return time.Time{}, usagef("--table takes a number of route history")
	}
	if o.on == "" {
		return timeNow().UTC(), nil
	}
	day, err := time.Parse(time.DateOnly, o.on)
	if err != nil {
		return day, usagef("--on is %q; write a day such as 2027-01-01", o.on)
	}
	return day, nil
}

func (o *routeCheckOptions) run(ctx context.Context, g *global, s *store.Store, on time.Time, out, errOut io.Writer) error {
	in := decide.CheckInput{On: on}
	var err error
	if in.Stored, err = storedTable(ctx, s, o.table); err != nil {
		return err
	}
	for _, file := range []struct {
		path    string
		answers eval.Answers
	}{{o.frozen, eval.FrozenAnswers}, {o.fresh, eval.FreshAnswers}} {
		if err := o.importAnchors(ctx, s, file.path, file.answers, errOut); err != nil {
			return err
		}
	}
	if in.Anchors, err = s.AnchorRatings(ctx); err != nil {
		return err
	}
	log, err := freshLog(ctx, s, in.Stored.Table)
	if err != nil {
		return err
	}
	in.Fresh = log.work
	if err := o.servedAnew(ctx, log.models, errOut); err != nil {
		return err
	}
	in.Named = slices.Sorted(maps.Keys(log.models))
	notes, err := atTodaysPrices(ctx, g, s, &in, log)
	if err != nil {
		return err
	}
	check, err := decide.Check(in)
	if err != nil {
		return err
	}
	check.Warnings = append(check.Warnings, notes...)
	if g.json {
		err = report.JSON(out, check)
	} else {
		err = report.RouteCheck(out, check, g.style(out))
	}
	if err == nil && !check.Holds {
		return errSaid
	}
	return err
}

// importAnchors keeps a file of ratings that were given again.
func (o *routeCheckOptions) importAnchors(ctx context.Context, s *store.Store, path string, answers eval.Answers, errOut io.Writer) error {
	if path == "" {
		return nil
	}
	options, err := o.ratingsFlags.options()
	if err != nil {
		return err
	}
	var read exchange.FileReport
	err = s.ImportAnchorRatings(ctx, path, answers, timeNow(), func(take func(eval.Rating) (bool, error)) (store.ImportedFile, error) {
		var err error
		read, err = exchange.ReadRatings(ctx, path, options, func(rating eval.Rating) (ingest.Outcome, error) {
			return outcome(take(rating))
		})
		return importedFile(read.FileReport), err
	})
	if err != nil {
		return err
	}
	sayRejects(errOut, read.FileReport)
	sayOpposed(errOut, read)
	if read.Imported+read.Duplicates == 0 {
		return fmt.Errorf("%s: no rating could be used", path)
	}
	return nil
}

// servedAnew adds the models that answered anew to those that are named.
func (o *routeCheckOptions) servedAnew(ctx context.Context, models map[string]bool, errOut io.Writer) error {
	if o.responses == "" {
		return nil
	}
	read, err := exchange.ReadResponses(ctx, o.responses, exchange.ResponsesOptions{}, func(response eval.Response) (ingest.Outcome, error) {
		for _, model := range eval.ServedModels(response.ModelServed) {
			if model != "" {
				models[model] = true
			}
		}
		return ingest.Imported, nil
	})
	sayRejects(errOut, read.FileReport)
	return err
}

// A checkedLog is what a check needs of the log.
type checkedLog struct {
	work   map[audit.Category]decide.FreshWork
	models map[string]bool
	spend  []eval.Spend // of the fresh log or, where that is too short, of all of it
	whole  bool
}

// freshLog adds up what came in since a table was made.
func freshLog(ctx context.Context, s *store.Store, table eval.RoutingTable) (checkedLog, error) {
	log := checkedLog{work: map[audit.Category]decide.FreshWork{}, models: map[string]bool{}}
	routed := map[audit.Category]string{}
	for _, route := range table.Routes {
		if len(route.Steps) == 0 {
			routed[route.Category] = route.Model
		}
	}
	fresh, whole := audit.NewMixer(0), audit.NewMixer(0)
	err := s.EachTaskSummary(ctx, func(task audit.Task) error {
		whole.Add(task)
		if !task.Timestamp.After(table.DecidedAt) {
			return nil
		}
		fresh.Add(task)
		log.models[task.Model] = true
		work := log.work[task.Category]
		work.Tasks++
		if model, ok := routed[task.Category]; ok && model == task.Model {
			work.OnRoute++
		}
		log.work[task.Category] = work
		return nil
	})
	if err != nil {
		return log, err
	}
	if log.spend = spend(fresh); len(log.spend) == 0 || len(log.spend[0].Costs) < 2 {
		log.spend, log.whole = spend(whole), true
	}
	return log, nil
}

// atTodaysPrices applies the rule to the pilot's data at the prices of its answers and at
// those of the day of the check.
func atTodaysPrices(ctx context.Context, g *global, s *store.Store, in *decide.CheckInput, log checkedLog) (notes []string, err error) {
	protocol, err := locked(ctx, s)
	if err != nil {
		return nil, err
	}
	config, err := g.config()
	if err != nil {
		return nil, err
	}
	table, err := prices(ctx, s, config)
	if err != nil {
		return nil, err
	}
	if err := s.SeeOwnPrices(ctx, config.Providers, timeNow()); err != nil {
		return nil, err
	}
	priceOn, err := armPriceOn(ctx, s)
	if err != nil {
		return nil, err
	}
	data, err := s.Dataset(ctx, 0)
	if err != nil {
		return nil, err
	}
	in.Ratings = data.Ratings
	check, err := categoriserCheck(ctx, s)
	if err != nil {
		return nil, err
	}
	recommend := func(data eval.Dataset) (eval.RoutingTable, error) {
		return decide.Recommend(data, log.spend, check, priceDate(table, protocol.Protocol, in.On), in.On)
	}
	if in.Then, err = recommend(data); err != nil {
		return nil, err
	}
	repriced, notes := decide.Reprice(data, priceOn, in.On.Truncate(24*time.Hour).Add(24*time.Hour-time.Microsecond)) // as the day ends
	if in.Now, err = recommend(repriced); err != nil {
		return nil, err
	}
	if log.whole {
		notes = append(notes, "the log since the table was made covers less than two weeks: monthly figures of today rest on the whole log")
	}
	return notes, nil
}
