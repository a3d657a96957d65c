package main

import (
	"context"

	"modeltrial/audit"
	"modeltrial/eval"
	"modeltrial/eval/judge"
	"modeltrial/store"
)

// checkRepeats applies the protocol's checks to the answers of arms that were asked
// several times, so that an analysis can say how often they pass one time and not the
// next.
func checkRepeats(ctx context.Context, s *store.Store, data *eval.Dataset) error {
	protocol := data.Locked.Protocol
	if protocol.Repeats < 2 || len(protocol.Checks) == 0 {
		return nil
	}
	made, err := checkers(protocol)
	if err != nil {
		return err
	}
	type answer struct {
		task, arm    string
		repeat, step int
	}
	steps, again := map[answer]*eval.StepRow{}, map[answer]bool{}
	for i := range data.Steps {
		row := &data.Steps[i]
		steps[answer{row.TaskID, row.Arm, row.Repeat, row.Step}] = row
		if row.Repeat > 1 {
			again[answer{task: row.TaskID, arm: row.Arm}] = true
		}
	}
	firsts := map[answer]*eval.ResponseRow{}
	for i := range data.Responses {
		row := &data.Responses[i]
		firsts[answer{task: row.TaskID, arm: row.Arm}] = row
	}
	references := map[string]string{}
	reference := func(id string) (string, error) {
		if known, ok := references[id]; ok {
			return known, nil
		}
		task, err := s.Task(ctx, id)
		references[id] = task.Reference
		return task.Reference, err
	}
	err = s.EachResponse(ctx, func(r eval.Response) error {
		at := answer{task: r.TaskID, arm: r.Arm}
		row := firsts[at]
		if row == nil || !again[at] {
			return nil
		}
		expected, err := reference(r.TaskID)
		row.Passed = passes(protocol, made, row.Category, r.Text, expected)
		return err
	})
	if err != nil {
		return err
	}
	return s.EachResponseStep(ctx, 0, func(r eval.ResponseStep) error {
		row := steps[answer{r.TaskID, r.Arm, r.Repeat, r.Step}]
		arm, _ := protocol.Arm(r.Arm)
		if row == nil || r.Repeat < 2 || r.Step != len(arm.Calls()) {
			return nil
		}
		expected, err := reference(r.TaskID)
		row.Passed = passes(protocol, made, row.Category, r.Text, expected)
		return err
	})
}

// passes says whether an answer passes every check that applies to its category and
// can be used with its task's reference; nil where there is none, and where a command
// would have to be run: an analysis runs none.
func passes(protocol eval.Protocol, made []*judge.Checker, category audit.Category, text, reference string) *bool {
	var all *bool
	for i, rule := range protocol.Checks {
		if !rule.Applies(category) {
			continue
		}
		if rule.Kind == eval.CheckCommand {
			return nil
		}
		passed, _, err := made[i].Passes(text, reference)
		if err != nil {
			continue // judge check says of which tasks and why
		}
		if all == nil {
			all = new(true)
		}
		*all = *all && passed
	}
	return all
}
