package main

import (
	"context"
	"fmt"
	"io"
	"strings"
	"time"

	"modeltrial/audit"
	"modeltrial/eval"
	"modeltrial/eval/run"
	"modeltrial/eval/scale"
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
	Tokens    int64   `json:"expected_tokens,omitempty"`   // of requests and answers; 0: not reckoned
	MaxTokens int64   `json:"worst_case_tokens,omitempty"` // of requests and answers; 0: not reckoned
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
				of[i].Tokens += int64(times) * bothTokens(run.ExpectedTokens(planned[i].Expected, calls[i]))
				of[i].MaxTokens += int64(times) * bothTokens(run.WorstTokens(planned[i].WorstCase, calls[i]))
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

// bothTokens are those of a request and its answer.
func bothTokens(tokens audit.Tokens) int64 { return *tokens.Input + *tokens.Output }

// writeEstimates prints what calls will take, and in all, where there are several.
func writeEstimates(out io.Writer, g *global, estimates []costEstimate) error {
	all := costEstimate{Arm: "in all"}
	rows := make([][]report.Cell, len(estimates), len(estimates)+1)
	for i, e := range estimates {
		rows[i] = e.cells()
		all.Calls += e.Calls
		all.Tokens, all.MaxTokens = all.Tokens+e.Tokens, all.MaxTokens+e.MaxTokens
		all.Expected, all.WorstCase = all.Expected+e.Expected, all.WorstCase+e.WorstCase
		all.Unpriced = all.Unpriced || e.Unpriced
	}
	if len(estimates) > 1 && all.Expected > 0 {
		rows = append(rows, all.cells())
	}
	return report.Table(out, g.style(out), []report.Column{
		{Name: "arm"},
		{Name: "calls", Right: true},
		{Name: "tokens", Right: true},
		{Name: "at worst", Right: true},
		{Name: "expected", Right: true},
		{Name: "worst case", Right: true},
	}, rows)
}

// cells are its row.
func (e costEstimate) cells() []report.Cell {
	expected, worst := report.Money(e.Expected), report.Money(e.WorstCase)
	tokens, most := "–", "–"
	if e.MaxTokens > 0 && !e.Free {
		tokens, most = report.Count(int(e.Tokens)), report.Count(int(e.MaxTokens))
	}
	switch {
	case e.Free:
		expected, worst = "not called", "not called"
	case e.Unpriced:
		expected, worst = "price unknown", "price unknown"
	}
	return report.Cells(e.name(), report.Count(e.Calls), tokens, most, expected, worst)
}

// A callTime is how long calls take at least under the limits a minute of the providers.
type callTime scale.Rate

// timeAtLimits is that of estimated calls, with the tokens that are expected, by the limit
// that decides; nil where none holds for any of them.
func timeAtLimits(config eval.Config, estimates []costEstimate) *callTime {
	var longest *callTime
	for _, provider := range config.Providers {
		var calls int
		var tokens int64
		for _, e := range estimates {
			if e.Provider == provider.Name && !e.Free {
				calls, tokens = calls+e.Calls, tokens+e.Tokens
			}
		}
		for _, rate := range scale.Rates(provider, calls, float64(tokens)) {
			if rate.Hours > 0 && (longest == nil || rate.Hours > longest.Hours) {
				longest = new(callTime(rate))
			}
		}
	}
	return longest
}

// noLimits is why a time is not known.
const noLimits = "no provider that is called has a limit of requests or tokens a minute"

// whyMissing names the figures that are null in JSON, with the reason.
func (t *callTime) whyMissing() map[string]string {
	if t == nil {
		return map[string]string{"time": noLimits}
	}
	return map[string]string{}
}

// say is a line about it.
func (t *callTime) say() string {
	if t == nil {
		return "time: " + noLimits
	}
	span := (time.Duration(t.Hours*3600) * time.Second).String()
	return fmt.Sprintf("time: at least %s, by the %s %s a minute of provider %q", span, report.Count(t.Limit.Value), strings.TrimSuffix(t.Limit.Kind, "_per_minute"), t.Limit.Provider)
}
