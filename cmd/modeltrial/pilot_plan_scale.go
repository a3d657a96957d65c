package main

import (
	"context"
	"errors"
	"io"

	"modeltrial/audit"
	"modeltrial/eval"
	"modeltrial/eval/scale"
	"modeltrial/report"
	"modeltrial/store"
)

// mostAtScale is the largest pilot that is reckoned: beyond it counts of calls may not fit
// into their numbers.
const mostAtScale = 1_000_000_000_000

// sampledTasks is how many logged tasks of a category lengths are taken from.
const sampledTasks = 200

// runScalePlan says what a pilot of so many tasks takes, by the locked protocol or else
// that of modeltrial.yaml.
func runScalePlan(ctx context.Context, g *global, s *store.Store, a eval.Assumptions, tasks int, out io.Writer) error {
	if tasks < 1 || tasks > mostAtScale {
		return usagef("--at-scale is %d; choose 1 to %d tasks", tasks, int64(mostAtScale))
	}
	if err := checkAssumptions(a); err != nil {
		return err
	}
	config, err := g.pilotConfig()
	if err != nil {
		return err
	}
	in, err := scaleInput(ctx, s, config, a, tasks)
	if err != nil {
		return err
	}
	plan, err := scale.Plan(in)
	if err != nil {
		return err
	}
	if g.json {
		return report.JSON(out, struct {
			Schema string `json:"schema"`
			eval.ScalePlan
		}{"modeltrial.pilot-scale/1", plan})
	}
	return report.ScalePlan(out, plan, g.style(out))
}

// scaleInput is what a plan of so many tasks rests on.
func scaleInput(ctx context.Context, s *store.Store, config eval.Config, a eval.Assumptions, tasks int) (in scale.Input, err error) {
	in = scale.Input{
		Protocol: config.Pilot, Config: config, Tasks: tasks, SecondsPerRating: a.SecondsPerRating, Raters: a.Raters,
		Logged: map[audit.Category][]audit.Task{},
	}
	switch protocol, err := s.Locked(ctx); {
	case err == nil:
		in.Protocol, in.Locked = protocol.Protocol, true
	case !errors.Is(err, eval.ErrNotFound):
		return in, err
	}
	if in.Price, err = armPrice(ctx, s, config); err != nil {
		return in, err
	}
	for _, useCase := range in.Protocol.UseCases {
		if in.Logged[useCase.Category], err = someTasks(ctx, s, useCase.Category); err != nil {
			return in, err
		}
	}
	return in, nil
}

// judgeCosts are the estimates of the judges of a pilot of so many tasks; none where there
// are none.
func judgeCosts(ctx context.Context, s *store.Store, config eval.Config, a eval.Assumptions, tasks int) ([]costEstimate, error) {
	if len(config.Pilot.Judges) == 0 || tasks == 0 {
		return nil, nil
	}
	in, err := scaleInput(ctx, s, config, a, tasks)
	if err != nil {
		return nil, err
	}
	in.Protocol = config.Pilot // which the rest of the plan is of
	plan, err := scale.Plan(in)
	if err != nil {
		return nil, err
	}
	var judges []costEstimate
	for _, cost := range plan.Costs {
		if !cost.Judge {
			continue
		}
		known, _ := config.Provider(cost.Provider)
		e := costEstimate{Arm: "judge " + cost.Name, Provider: cost.Provider, Model: cost.Model, Calls: cost.Calls, Tokens: cost.Tokens, MaxTokens: cost.MaxTokens, Free: !known.Kind.Called()}
		if e.Unpriced = cost.Expected == nil && !e.Free; !e.Unpriced && !e.Free {
			e.Expected, e.WorstCase = *cost.Expected, *cost.WorstCase
		}
		judges = append(judges, e)
	}
	return judges, nil
}

// someTasks are logged tasks of a category, evenly over their ids: always the same.
func someTasks(ctx context.Context, s *store.Store, category audit.Category) ([]audit.Task, error) {
	known, err := s.SampleTasks(ctx, category, nil)
	if err != nil {
		return nil, err
	}
	tasks := make([]audit.Task, min(len(known), sampledTasks))
	for i := range tasks {
		if tasks[i], err = s.Task(ctx, known[i*len(known)/len(tasks)].ID); err != nil {
			return nil, err
		}
	}
	return tasks, nil
}
