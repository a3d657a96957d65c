package main

import (
	"context"
	"fmt"
	"io"
	"os"
	"slices"
	"strconv"
	"strings"

	"github.com/spf13/cobra"

	"modeltrial/audit"
	"modeltrial/audit/ingest"
	"modeltrial/eval"
	"modeltrial/eval/decide"
	"modeltrial/eval/exchange"
	"modeltrial/report"
	"modeltrial/store"
)

// ratingsFlags are those of commands that read a ratings file.
type ratingsFlags struct {
	mapping    []string
	kind       string
	scoreRange string
	raters     []string
}

func (f *ratingsFlags) add(cmd *cobra.Command) {
	cmd.Flags().StringArrayVar(&f.mapping, "map", nil, "field=column for a column under another name (repeatable)")
	cmd.Flags().StringVar(&f.kind, "kind", "human", "who rated, where the file has no kind column: human, judge or check")
	cmd.Flags().StringVar(&f.scoreRange, "score-range", "0,1", "scores that stand for all to a and all to b")
	cmd.Flags().StringArrayVar(&f.raters, "rater", nil, "keep only this rater (repeatable)")
}

func (f *ratingsFlags) options() (exchange.RatingsOptions, error) {
	options := exchange.RatingsOptions{Kind: eval.RaterKind(f.kind), Raters: f.raters}
	if !slices.Contains([]eval.RaterKind{eval.Human, eval.Judge, eval.Check}, options.Kind) {
		return options, usagef("--kind is %q; choose human, judge or check", f.kind)
	}
	low, high, ok := strings.Cut(f.scoreRange, ",")
	from, err1 := strconv.ParseFloat(low, 64)
	to, err2 := strconv.ParseFloat(high, 64)
	if !ok || err1 != nil || err2 != nil || from == to {
		return options, usagef("--score-range is %q; write two different numbers, such as 1,2", f.scoreRange)
	}
	options.ScoreRange = [2]float64{from, to}
	var err error
	options.Map, err = parseMapping(f.mapping)
	return options, err
}

// parseMapping reads field=column pairs; without a column the field is not read.
func parseMapping(pairs []string) (map[string]string, error) {
	mapping := map[string]string{}
	for _, pair := range pairs {
		field, column, ok := strings.Cut(pair, "=")
		if !ok || field == "" {
			return nil, usagef("--map is %q; write it as field=column, or field= for a field that shall not be read", pair)
		}
		mapping[field] = column
	}
	return mapping, nil
}

type analyzeOptions struct {
	ratingsFlags
	throughWeek  int
	weeks        int
	plannedTasks int
	ratings      string
	responses    string
	edits        string
	randomSample bool
	explain      string
	details      bool
	only         string
}

func newAnalyzeCmd(g *global) *cobra.Command {
	o := &analyzeOptions{}
	cmd := &cobra.Command{
		Use:   "analyze",
		Short: "quality, cost and turnaround of each use case, with intervals, and the decision",
		Long: `analyze estimates every use case of the pilot and applies the protocol's decision
rule. All earlier weekly looks are recomputed from the data. With --ratings it
needs no workspace: arm_a is the control, arm_b the candidate. Rows that cannot be
read are set aside in FILE.rejects.csv; the rest is analysed, with exit status 1.`,
		Example: `  modeltrial analyze
  modeltrial analyze --through-week 2 --json
  modeltrial analyze --explain coding
  modeltrial analyze --ratings ratings.csv --responses answers.csv
  modeltrial analyze --ratings arena.csv --only ranking
  modeltrial analyze --ratings ratings.csv --score-range 1,2 --kind judge --rater judge-1`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			return runAnalyze(cmd.Context(), g, o, cmd.OutOrStdout(), cmd.ErrOrStderr())
		},
	}
	o.ratingsFlags.add(cmd)
	cmd.Flags().IntVar(&o.throughWeek, "through-week", 0, "use the data of the weeks up to this one (default all)")
	cmd.Flags().StringVar(&o.ratings, "ratings", "", "analyse this ratings file instead of the workspace")
	cmd.Flags().StringVar(&o.responses, "responses", "", "with --ratings: the responses file, for cost and latency")
	cmd.Flags().StringVar(&o.edits, "edits", "", "with --ratings: the file of edits, for editing time and words kept; with --responses edited texts are compared with them")
	cmd.Flags().BoolVar(&o.randomSample, "random-sample", false, "with --ratings: the tasks that people rated were chosen at random from those that judges rated")
	cmd.Flags().StringVar(&o.explain, "explain", "", "write the calculation of this category step by step")
	cmd.Flags().BoolVar(&o.details, "details", false, "add other ways to analyse each use case, what became of the answers, and each judge beside people")
	cmd.Flags().StringVar(&o.only, "only", "", "with --ratings: ranking, for the arms' ranking alone, from millions of comparisons in a second")
	cmd.Flags().IntVar(&o.weeks, "weeks", 4, "with --ratings: planned weekly looks")
	cmd.Flags().IntVar(&o.plannedTasks, "planned-tasks", 0, "with --ratings: planned tasks of each use case (default week 1's times --weeks)")
	return cmd
}

func runAnalyze(ctx context.Context, g *global, o *analyzeOptions, out, errOut io.Writer) error {
	if o.throughWeek < 0 || o.weeks < 1 || o.plannedTasks < 0 {
		return usagef("--through-week, --weeks and --planned-tasks take positive numbers")
	}
	if o.ratings == "" && (o.responses != "" || o.edits != "" || o.randomSample) {
		return usagef("--responses, --edits and --random-sample go with --ratings")
	}
	if err := o.checkOnly(); err != nil {
		return err
	}
	if o.only != "" {
		return runRanking(ctx, g, o, out, errOut)
	}
	defer allowGarbage(45)() // the ratings stay in memory to the end
	var data eval.Dataset
	var ratings *decide.Ratings // of a file
	var rejected int
	var err error
	options := decide.Options{ThroughWeek: o.throughWeek, Weeks: o.weeks, PlannedTasks: o.plannedTasks, RandomSample: o.randomSample, Explain: audit.Category(o.explain)}
	if o.ratings != "" {
		data, ratings, rejected, err = fileDataset(ctx, o, errOut)
	} else {
		data, err = workspaceDataset(ctx, g, o, errOut)
	}
	if err != nil {
		return err
	}
	var analysis eval.Analysis
	if ratings != nil {
		analysis, err = ratings.Analyze(data, options)
	} else {
		analysis, err = decide.Analyze(data, options)
	}
	if err != nil {
		return fmt.Errorf("analyze: %w", err)
	}
	if err := checkExplained(analysis, o.explain); err != nil {
		return err
	}
	if g.json {
		err = report.JSON(out, analysis)
	} else {
		err = writeAnalysis(out, analysis, o, g.style(out))
	}
	if err == nil && rejected > 0 {
		return errSaid
	}
	return err
}

// checkExplained refuses a category that there is nothing to explain of.
func checkExplained(analysis eval.Analysis, category string) error {
	if category == "" {
		return nil
	}
	var known []string
	for _, c := range analysis.Comparisons {
		if string(c.Category) == category {
			return nil
		}
		known = append(known, string(c.Category))
	}
	return usagef("--explain is %q; there are the categories %s", category, strings.Join(slices.Compact(known), ", "))
}

func writeAnalysis(out io.Writer, analysis eval.Analysis, o *analyzeOptions, style report.Style) error {
	if o.explain != "" {
		return report.Explanation(out, analysis, style)
	}
	style.Part = o.details
	if err := report.Analysis(out, analysis, style); err != nil || !o.details {
		return err
	}
	return report.AnalysisDetails(out, analysis, style)
}

func workspaceDataset(ctx context.Context, g *global, o *analyzeOptions, errOut io.Writer) (data eval.Dataset, err error) {
	err = g.withStore(ctx, func(s *store.Store) error {
		protocol, err := locked(ctx, s)
		if err != nil {
			return err
		}
		warnUnlocked(g, protocol, errOut)
		if data, err = s.Dataset(ctx, o.throughWeek); err != nil {
			return err
		}
		return checkRepeats(ctx, s, &data)
	})
	if len(o.raters) > 0 {
		data.Ratings = slices.DeleteFunc(data.Ratings, func(r eval.Rating) bool { return !slices.Contains(o.raters, r.Rater) })
		data.Guesses = slices.DeleteFunc(data.Guesses, func(g eval.Guess) bool { return !slices.Contains(o.raters, g.Rater) })
		data.PostEdits = slices.DeleteFunc(data.PostEdits, func(e eval.PostEdit) bool { return !slices.Contains(o.raters, e.Rater) })
	}
	return data, err
}

// fileDataset reads ratings, and responses where they are given, from files. Rows that
// cannot be read are set aside and counted; the analysis of the others goes on. There may
// be millions of ratings, so that they are gathered at once and stand in no dataset.
func fileDataset(ctx context.Context, o *analyzeOptions, errOut io.Writer) (data eval.Dataset, ratings *decide.Ratings, rejected int, err error) {
	data.Pilot = o.ratings
	ratings = &decide.Ratings{ThroughWeek: o.throughWeek}
	options, err := o.ratingsFlags.options()
	if err != nil {
		return data, nil, 0, err
	}
	bar := newBytesBar(errOut, o.ratings)
	defer bar.finish()
	var done int64
	options.Progress = func(bytes int64) { done = bytes; bar.set(bytes) }
	options.Guess = func(guess eval.Guess) error { data.Guesses = append(data.Guesses, guess); return nil }
	room := 0
	read, err := exchange.ReadRatings(ctx, o.ratings, options, func(rating eval.Rating) (ingest.Outcome, error) {
		if ratings.Len() >= room {
			more := moreRows(o.ratings, ratings.Len(), done)
			ratings.Grow(more)
			room = ratings.Len() + more
		}
		ratings.Add(&rating)
		return ingest.Imported, nil
	})
	if err != nil {
		return data, nil, 0, err
	}
	bar.finish()
	sayRejects(errOut, read.FileReport)
	sayOpposed(errOut, read)
	rejected = read.Rejected
	if read.Imported == 0 {
		return data, nil, rejected, fmt.Errorf("%s: no rating could be used (%d rejected, %d of other raters)", o.ratings, read.Rejected, read.Filtered)
	}
	compare, more, err := fileEdits(ctx, o, options.Map, &data, errOut)
	if rejected += more; err != nil || o.responses == "" {
		return data, ratings, rejected, err
	}
	read, err = exchange.ReadResponses(ctx, o.responses, exchange.ResponsesOptions{Map: options.Map}, func(response eval.Response) (ingest.Outcome, error) {
		compare(response)
		data.Responses = append(data.Responses, response.Row())
		return ingest.Imported, nil
	})
	sayRejects(errOut, read.FileReport)
	return data, ratings, rejected + read.Rejected, err
}

// moreRows guesses how many rows of a file are to come after those of the bytes that
// were read, so that they get their room at once.
func moreRows(path string, rows int, read int64) int {
	info, err := os.Stat(path)
	if err != nil || read == 0 || read >= info.Size() {
		return rows/4 + 1
	}
	const slack = 1.02
	return int(slack*float64(rows)*float64(info.Size()-read)/float64(read)) + 1
}
