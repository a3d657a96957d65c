package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"time"

	"modeltrial/eval"
	"modeltrial/eval/judge"
	"modeltrial/report"
	"modeltrial/store"
)

// A checkResult is what one check did.
type checkResult struct {
	Check       string `json:"check"`
	Kind        string `json:"kind"`
	Comparisons int    `json:"comparisons"` // checked
	New         int    `json:"new"`         // ratings that were not there as they are
	NoReference int    `json:"no_reference"`
	// Unusable counts the comparisons whose reference the check cannot use.
	Unusable    int    `json:"reference_unusable"`
	WhyUnusable string `json:"why_unusable"`
}

func runChecks(ctx context.Context, g *global, s *store.Store, o *runOptions, out io.Writer) error {
	_, protocol, err := o.judging(ctx, g, s)
	if err != nil {
		return err
	}
	if len(protocol.Protocol.Checks) == 0 {
		return errNothingJudges
	}
	results, err := check(ctx, s, protocol.Protocol, o.week)
	if err != nil {
		return err
	}
	if g.json {
		return report.JSON(out, map[string]any{"schema": "modeltrial.judge-check/1", "checks": results})
	}
	sayChecks(out, results)
	fmt.Fprintf(out, "\n%s\n", g.next("analyze"))
	return nil
}

// checkers makes the checkers of a protocol, or says which rule cannot be used.
func checkers(protocol eval.Protocol) ([]*judge.Checker, error) {
	made := make([]*judge.Checker, len(protocol.Checks))
	for i, rule := range protocol.Checks {
		var err error
		if made[i], err = judge.NewChecker(rule); err != nil {
			return nil, err
		}
	}
	return made, nil
}

// checksAtOnce is how many ratings are stored in one transaction.
const checksAtOnce = 500

// check applies every check to every comparison of a week (0: of all).
func check(ctx context.Context, s *store.Store, protocol eval.Protocol, week int) ([]checkResult, error) {
	made, err := checkers(protocol)
	if err != nil {
		return nil, err
	}
	results := make([]checkResult, len(made))
	for i, rule := range protocol.Checks {
		results[i] = checkResult{Check: rule.Name, Kind: string(rule.Kind)}
		if _, err := s.AddRater(ctx, eval.Rater{Name: rule.Name, Kind: eval.Check}, time.Now()); err != nil {
			return nil, err
		}
	}
	type pending struct {
		rating store.CheckRating
		check  int
	}
	var waiting []pending
	flush := func() error {
		for i := range results {
			var ratings []store.CheckRating
			for _, p := range waiting {
				if p.check == i {
					ratings = append(ratings, p.rating)
				}
			}
			stored, err := s.SaveCheckRatings(ctx, ratings, time.Now())
			if err != nil {
				return err
			}
			results[i].New += stored
		}
		waiting = waiting[:0]
		return nil
	}
	err = s.EachCheckable(ctx, week, func(c store.Checkable) error {
		for i, rule := range protocol.Checks {
			if !rule.Applies(c.Category) {
				continue
			}
			verdict, note, err := checkBoth(made[i], c)
			switch {
			case errors.Is(err, judge.ErrNoReference):
				results[i].NoReference++
				continue
			case err != nil:
				results[i].Unusable++
				results[i].WhyUnusable = fmt.Sprintf("task %q: %v", c.TaskID, err)
				continue
			}
			results[i].Comparisons++
			waiting = append(waiting, pending{store.CheckRating{ComparisonID: c.ComparisonID, Check: rule.Name, Verdict: verdict, Note: note}, i})
		}
		if len(waiting) < checksAtOnce {
			return nil
		}
		return flush()
	})
	if err != nil {
		return nil, err
	}
	return results, flush()
}

func checkBoth(checker *judge.Checker, c store.Checkable) (verdict eval.Verdict, note string, err error) {
	passesA, detailA, err := checker.Passes(c.TextA, c.Reference)
	if err != nil {
		return "", "", err
	}
	passesB, detailB, err := checker.Passes(c.TextB, c.Reference)
	if err != nil {
		return "", "", err
	}
	if detailA != "" || detailB != "" {
		note = "a: " + detailA + "; b: " + detailB
	}
	return judge.Verdict(passesA, passesB), note, nil
}

func sayChecks(out io.Writer, results []checkResult) {
	for _, r := range results {
		fmt.Fprintf(out, "check %s (%s): %s, %s new\n", r.Check, r.Kind, counted(r.Comparisons, "comparison", "comparisons"), report.Count(r.New))
		if r.NoReference > 0 {
			fmt.Fprintf(out, "  %s left out: the task has no reference answer\n", counted(r.NoReference, "comparison", "comparisons"))
		}
		if r.Unusable > 0 {
			fmt.Fprintf(out, "! %s left out: %s\n", counted(r.Unusable, "comparison", "comparisons"), r.WhyUnusable)
		}
	}
}
