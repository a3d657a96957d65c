package main

import (
	"context"
	"fmt"
	"io"
	"slices"
	"strings"
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
	// NotAllowed counts the comparisons on whose answers a command would have to be run.
	NotAllowed int `json:"command_not_allowed"`
	// Confined is null for a check without a command, or whose command was not run.
	Confined *bool `json:"writes_confined"`
	Network  *bool `json:"network_cut_off"`
}

func anyNotAllowed(results []checkResult) bool {
	return slices.ContainsFunc(results, func(r checkResult) bool { return r.NotAllowed > 0 })
}

func runChecks(ctx context.Context, g *global, s *store.Store, o *runOptions, out, errOut io.Writer) error {
	_, protocol, err := o.judging(ctx, g, s)
	if err != nil {
		return err
	}
	if len(protocol.Protocol.Checks) == 0 {
		return errNothingJudges
	}
	results, err := check(ctx, s, protocol.Protocol, o, errOut)
	if err != nil {
		return err
	}
	if g.json {
		if err := report.JSON(out, map[string]any{"schema": "modeltrial.judge-check/1", "checks": results}); err != nil {
			return err
		}
	} else {
		sayChecks(out, results)
		fmt.Fprintf(out, "\n%s\n", g.next("analyze"))
	}
	if anyNotAllowed(results) {
		return errSaid
	}
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

// check applies every check to every comparison of a week (0: of all), first those that
// run no command.
func check(ctx context.Context, s *store.Store, protocol eval.Protocol, o *runOptions, errOut io.Writer) ([]checkResult, error) {
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
	var commands []commandCheck
	err = s.EachCheckable(ctx, o.week, func(c store.Checkable) error {
		for i, rule := range protocol.Checks {
			if !rule.Applies(c.Category) {
				continue
			}
			if rule.NeedsReference() && strings.TrimSpace(c.Reference) == "" {
				results[i].NoReference++
				continue
			}
			if rule.Kind == eval.CheckCommand {
				commands = append(commands, commandCheck{i, c.ComparisonID})
				continue
			}
			verdict, note, err := checkBoth(made[i], c)
			if err != nil {
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
	if err := flush(); err != nil {
		return nil, err
	}
	return results, checkCommands(ctx, s, protocol, o, commands, results, errOut)
}

func checkBoth(checker *judge.Checker, c store.Checkable) (verdict eval.Verdict, note string, err error) {
	return both(func(answer string) (bool, string, error) { return checker.Passes(answer, c.Reference) }, c.TextA, c.TextB)
}

// both applies a check to the two answers of a comparison.
func both(check func(answer string) (passes bool, detail string, err error), a, b string) (verdict eval.Verdict, note string, err error) {
	passesA, detailA, err := check(a)
	if err != nil {
		return "", "", err
	}
	passesB, detailB, err := check(b)
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
		if r.NotAllowed > 0 {
			fmt.Fprintf(out, "! %s left out: a command has to be run on the answers; look at it in the protocol, then pass --allow-commands\n", counted(r.NotAllowed, "comparison", "comparisons"))
		}
		switch {
		case r.Confined == nil:
		case *r.Confined:
			fmt.Fprintln(out, "  the command had no network and could write in a directory of its own alone")
		default:
			fmt.Fprintln(out, "! the command had no network, but could write what its user can: this kernel has no Landlock")
		}
	}
}
