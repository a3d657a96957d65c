package main

import (
	"context"
	"fmt"
	"io"

	"modeltrial/audit"
	"modeltrial/eval"
	"modeltrial/eval/run"
	"modeltrial/report"
	"modeltrial/store"
)

// A costEstimate is what the open calls of an arm, or of one step of it, will cost.
type costEstimate struct {
	Arm       string  `json:"arm"`
	Step      string  `json:"step,omitempty"` // of a pipeline
	Provider  string  `json:"-"`
	Model     string  `json:"model"`
	Calls     int     `json:"calls"`
	Expected  float64 `json:"expected_usd"`
	WorstCase float64 `json:"worst_case_usd"`
	Unpriced  bool    `json:"price_unknown"`
	Free      bool    `json:"not_called"` // recorded or simulated: nothing is spent
}

// name is the arm, with the step where there are several.
func (e costEstimate) name() string {
	if e.Step == "" {
		return e.Arm
	}
	return fmt.Sprintf("%s · %s (%s)", e.Arm, e.Step, e.Model)
}

// estimate prices calls before they are made, each step of a pipeline and each repeat;
// batch says that they go through a batch interface.
func estimate(ctx context.Context, s *store.Store, config eval.Config, protocol eval.Protocol, cells []eval.Cell, batch bool) ([]costEstimate, error) {
	priceOf, err := armPrice(ctx, s, config)
	if err != nil {
		return nil, err
	}
	if single := priceOf; batch {
		priceOf = func(arm eval.Arm) (audit.Price, bool) {
			price, ok := single(arm)
			if !ok {
				return price, false
			}
			return batchPriced(price)
		}
	}
	var estimates []costEstimate
	for _, arm := range protocol.Arms {
		calls := arm.Calls()
		of := make([]costEstimate, len(calls))
		for i, call := range calls {
			known, _ := config.Provider(call.Provider)
			_, priced := priceOf(call)
			of[i] = costEstimate{Arm: arm.Name, Provider: call.Provider, Model: call.Model, Free: !known.Kind.Called()}
			of[i].Unpriced = !priced && !of[i].Free
			if arm.Pipeline() {
				of[i].Step = arm.Steps[i].Name
			}
		}
		for _, cell := range cells {
			if cell.Arm != arm.Name {
				continue
			}
			owed, err := owedCalls(ctx, s, protocol, cell, arm)
			if err != nil {
				return nil, err
			}
			task, err := s.Task(ctx, cell.TaskID)
			if err != nil {
				return nil, err
			}
			planned, err := run.PlanCalls(task, arm)
			if err != nil {
				return nil, err
			}
			for i, times := range owed {
				of[i].Calls += times
				if of[i].Free || of[i].Unpriced {
					continue
				}
				price, _ := priceOf(calls[i])
				of[i].Expected += float64(times) * run.Expected(planned[i].Expected, calls[i], price).Dollars()
				of[i].WorstCase += float64(times) * run.WorstCase(planned[i].WorstCase, calls[i], price).Dollars()
			}
		}
		estimates = append(estimates, of...)
	}
	return estimates, nil
}

// owedCalls counts the calls that a cell owes by step of its arm.
func owedCalls(ctx context.Context, s *store.Store, protocol eval.Protocol, cell eval.Cell, arm eval.Arm) (owed []int, err error) {
	var steps []eval.ResponseStep
	var answered bool
	if run.Several(protocol, arm) {
		if steps, answered, err = s.ResponseSteps(ctx, cell.TaskID, cell.Arm); err != nil {
			return nil, err
		}
	}
	owed = make([]int, len(arm.Calls()))
	for _, call := range run.Owed(protocol, cell, arm, steps, answered) {
		owed[max(call.Step, 1)-1]++
	}
	return owed, nil
}

func writeEstimates(out io.Writer, g *global, estimates []costEstimate) error {
	rows := make([][]report.Cell, len(estimates))
	for i, e := range estimates {
		expected, worst := report.Money(e.Expected), report.Money(e.WorstCase)
		switch {
		case e.Free:
			expected, worst = "not called", "not called"
		case e.Unpriced:
			expected, worst = "price unknown", "price unknown"
		}
		rows[i] = report.Cells(e.name(), report.Count(e.Calls), expected, worst)
	}
	return report.Table(out, g.style(out), []report.Column{
		{Name: "arm"}, {Name: "calls", Right: true}, {Name: "expected", Right: true}, {Name: "worst case", Right: true},
	}, rows)
}
