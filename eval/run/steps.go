package run

import (
	"context"
	"fmt"
	"slices"

	"modeltrial/audit"
	"modeltrial/eval"
)

// A StepStore keeps calls that are a part of an arm's answers, which [Store] saves by
// the repeat and step of their cell. Package store satisfies it.
type StepStore interface {
	// ResponseSteps are the stored ones of an arm's answers to a task, by repeat and
	// step, and whether the first answer is whole.
	ResponseSteps(ctx context.Context, taskID, arm string) (steps []eval.ResponseStep, answered bool, err error)
}

// Next is the call that a cell owes next, of those that are stored: the steps of a
// pipeline one after the other, and then the same again where the protocol asks for
// repeats. ok is false where it owes none.
func Next(protocol eval.Protocol, cell eval.Cell, arm eval.Arm, steps []eval.ResponseStep, answered bool) (next eval.Cell, ok bool) {
	stored := map[int]int{} // steps by repeat
	for _, step := range steps {
		stored[step.Repeat]++
	}
	for repeat := 1; repeat <= max(protocol.Repeats, 1); repeat++ {
		next = cell
		switch {
		case repeat == 1 && answered:
			continue
		case repeat == 1 && !arm.Pipeline():
			next.Repeat, next.Step = 0, 0
			return next, true
		case stored[repeat] < len(arm.Calls()):
			next.Repeat, next.Step = repeat, stored[repeat]+1
			return next, true
		}
	}
	return cell, false
}

// Owed are all the calls that a cell owes, in their order.
func Owed(protocol eval.Protocol, cell eval.Cell, arm eval.Arm, steps []eval.ResponseStep, answered bool) (owed []eval.Cell) {
	steps = slices.Clip(steps) // those of the caller stay
	for {
		next, owes := Next(protocol, cell, arm, steps, answered)
		if !owes {
			return owed
		}
		owed = append(owed, next)
		if next.Step == 0 {
			answered = true
		} else {
			steps = append(steps, eval.ResponseStep{Repeat: next.Repeat, Step: next.Step})
		}
	}
}

// Several says whether an arm's cells are more than one call.
func Several(protocol eval.Protocol, arm eval.Arm) bool {
	return arm.Pipeline() || protocol.Repeats > 1
}

// sequence answers a cell of several calls, one after the other, from the first that is
// not stored: what was paid for is kept when a later call fails, and not asked for
// again. Only storage failures are errors.
func (r *runner) sequence(ctx context.Context, cell eval.Cell, arm eval.Arm, task audit.Task) error {
	var last eval.Cell
	for {
		steps, answered, err := r.Steps.ResponseSteps(ctx, cell.TaskID, cell.Arm)
		if err != nil {
			return unlessOver(ctx, err)
		}
		next, owes := Next(r.Protocol, cell, arm, steps, answered)
		if !owes || next == last { // all is there, or the call came to nothing
			return nil
		}
		last = next
		question, err := asked(task, arm, next, steps)
		if err != nil {
			return err
		}
		if err := r.call(ctx, next, callOf(arm, next), question); err != nil || ctx.Err() != nil {
			return err
		}
	}
}

// callOf is what an arm calls for a cell: the arm itself, or the step that the cell
// names. A seed makes the same answer again, so that each repeat has the next one.
func callOf(arm eval.Arm, cell eval.Cell) eval.Arm {
	call := arm.Calls()[max(cell.Step, 1)-1]
	if seed := call.Parameters.Seed; seed != nil && cell.Repeat > 1 {
		call.Parameters.Seed = new(*seed + int64(cell.Repeat-1))
	}
	return call
}

// asked is what a call is asked: the task, or for a step what its template makes of the
// task and of the answers before, which are among the stored steps.
func asked(task audit.Task, arm eval.Arm, call eval.Cell, steps []eval.ResponseStep) (audit.Task, error) {
	if !arm.Pipeline() {
		return task, nil
	}
	var earlier []string
	for _, step := range steps {
		if step.Repeat == call.Repeat && step.Step < call.Step {
			earlier = append(earlier, step.Text)
		}
	}
	return arm.StepTask(task, call.Step, earlier)
}

// completes says whether a call is the last that its cell owes.
func (r *runner) completes(cell eval.Cell) bool {
	arm, _ := r.Protocol.Arm(cell.Arm)
	if !Several(r.Protocol, arm) {
		return true
	}
	return cell.Repeat == max(r.Protocol.Repeats, 1) && cell.Step == len(arm.Calls())
}

// checkCalls refuses an arm that could not be answered or paid.
func (r *runner) checkCalls(arm eval.Arm) error {
	for _, call := range arm.Calls() {
		endpoint, ok := r.Endpoints[call.Provider]
		if !ok {
			return fmt.Errorf("arm %q: provider %q is not in modeltrial.yaml", arm.Name, call.Provider)
		}
		if endpoint.Origin() != eval.Measured {
			continue
		}
		if _, priced := r.Price(call); !priced {
			return fmt.Errorf("arm %q: %w", arm.Name, UnknownPrice(call))
		}
	}
	return nil
}
