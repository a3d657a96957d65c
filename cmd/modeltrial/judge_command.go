package main

import (
	"context"
	"errors"
	"io"
	"runtime"
	"sync"
	"time"

	"golang.org/x/sync/errgroup"

	"modeltrial/eval"
	"modeltrial/eval/judge"
	"modeltrial/store"
)

// A commandCheck is a comparison that a check with a command is for.
type commandCheck struct {
	check        int // of the protocol
	comparisonID string
}

// errNotAllowed says that a command was not run yet and may not be.
var errNotAllowed = errors.New("commands are not allowed")

// checkCommands runs the commands of checks on the answers that they were not run on,
// one on each processor, and keeps each outcome as it comes: another run goes on where
// this one was stopped.
func checkCommands(ctx context.Context, s *store.Store, protocol eval.Protocol, o *runOptions, checks []commandCheck, results []checkResult, errOut io.Writer) error {
	if len(checks) == 0 {
		return nil
	}
	bar := newCountBar(errOut, "check by command", len(checks))
	defer bar.finish()
	group, within := errgroup.WithContext(ctx)
	group.SetLimit(runtime.NumCPU())
	var mu sync.Mutex // of results and the bar
	done := 0
	for _, c := range checks {
		if within.Err() != nil {
			break
		}
		group.Go(func() error {
			rule := protocol.Checks[c.check]
			commands := &commandRuns{store: s, rule: rule, allowed: o.allowCommands}
			stored, err := commands.rate(within, c.comparisonID)
			mu.Lock()
			defer mu.Unlock()
			result := &results[c.check]
			done++
			bar.set(done)
			if commands.ran {
				result.Network = new(true) // or it would not have run
				result.Confined = new(commands.confined && (result.Confined == nil || *result.Confined))
			}
			switch {
			case errors.Is(err, errNotAllowed):
				result.NotAllowed++
			case err != nil:
				return err
			default:
				result.Comparisons++
				result.New += stored
			}
			return nil
		})
	}
	if err := group.Wait(); err != nil {
		return err
	}
	return ctx.Err()
}

// commandRuns runs the command of a check on the answers of one comparison.
type commandRuns struct {
	store    *store.Store
	rule     eval.CheckRule
	allowed  bool
	ran      bool // or was run before
	confined bool // each time
}

// rate stores what the check says of a comparison, and counts what is new.
func (c *commandRuns) rate(ctx context.Context, comparisonID string) (stored int, err error) {
	shown, err := c.store.JudgePresentation(ctx, comparisonID)
	if err != nil {
		return 0, err
	}
	task, err := c.store.Task(ctx, shown.TaskID)
	if err != nil {
		return 0, err
	}
	verdict, note, err := both(func(answer string) (bool, string, error) {
		run, err := c.once(ctx, answer, task.Reference)
		return run.Passes, run.Detail, err
	}, shown.Left, shown.Right)
	if err != nil {
		return 0, err
	}
	rating := store.CheckRating{ComparisonID: comparisonID, Check: c.rule.Name, Verdict: verdict, Note: note}
	return c.store.SaveCheckRatings(ctx, []store.CheckRating{rating}, time.Now())
}

// once is what came of the command, which runs unless it did before.
func (c *commandRuns) once(ctx context.Context, answer, reference string) (run eval.CommandRun, err error) {
	key, err := judge.CommandKey(c.rule, answer, reference)
	if err != nil {
		return run, err
	}
	run, err = c.store.CommandRun(ctx, key)
	if errors.Is(err, eval.ErrNotFound) {
		if !c.allowed {
			return run, errNotAllowed
		}
		if run, err = judge.RunCommand(ctx, c.rule, answer, reference); err == nil {
			err = c.store.SaveCommandRun(ctx, run, time.Now())
		}
	}
	if err != nil {
		return run, err
	}
	c.confined = run.Confined && (!c.ran || c.confined)
	c.ran = true
	return run, nil
}
