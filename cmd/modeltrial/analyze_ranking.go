package main

import (
	"context"
	"fmt"
	"io"

	"modeltrial/eval"
	"modeltrial/eval/decide"
	"modeltrial/eval/exchange"
	"modeltrial/report"
)

// onlyRanking is what --only can ask for.
const onlyRanking = "ranking"

// checkOnly refuses flags that --only has no use for.
func (o *analyzeOptions) checkOnly() error {
	switch {
	case o.only == "":
		return nil
	case o.only != onlyRanking:
		return usagef("--only is %q; there is %s", o.only, onlyRanking)
	case o.ratings == "":
		return usagef("--only ranking goes with --ratings; analyze ranks a workspace's arms beside the rest")
	case o.responses != "" || o.randomSample || o.explain != "" || o.details:
		return usagef("--only ranking leaves out what --responses, --random-sample, --explain and --details are for")
	}
	return nil
}

// runRanking ranks the arms of a ratings file and nothing else. It counts how
// comparisons ended, which is quick however many there are; where scores do not fit
// counts, it ranks the single ratings.
func runRanking(ctx context.Context, g *global, o *analyzeOptions, out, errOut io.Writer) error {
	options, err := o.ratingsFlags.options()
	if err != nil {
		return err
	}
	bar := newBytesBar(errOut, o.ratings)
	defer bar.finish()
	options.Progress = bar.set
	counts, read, err := exchange.CountRatings(ctx, o.ratings, options, o.throughWeek)
	if err != nil {
		return err
	}
	bar.finish()
	var analysis eval.Analysis
	if counts.Between() == 0 {
		sayRejects(errOut, read.FileReport)
		analysis, err = decide.RankCounts(o.ratings, counts)
	} else {
		var ratings *decide.Ratings
		if _, ratings, _, err = fileDataset(ctx, o, errOut); err != nil { // says rejects too
			return err
		}
		analysis, err = ratings.Rank(o.ratings)
	}
	if err != nil {
		return fmt.Errorf("%s: %w (%d rows rejected, %d left out as asked)", o.ratings, err, read.Rejected, read.Filtered)
	}
	if g.json {
		err = report.JSON(out, analysis)
	} else {
		err = report.Ranking(out, analysis, g.style(out))
	}
	if err == nil && read.Rejected > 0 {
		return errSaid
	}
	return err
}
