package main

import (
	"context"
	"fmt"
	"io"
	"time"

	"modeltrial/audit"
	"modeltrial/eval"
	"modeltrial/report"
	"modeltrial/store"
)

// servedModel is a row of the status document.
type servedModel struct {
	Arm         string    `json:"arm"`
	Week        int       `json:"week"`
	Served      string    `json:"model_served"`
	Fingerprint string    `json:"fingerprint"`
	Answers     int       `json:"answers"`
	First       time.Time `json:"first_at"`
	Last        time.Time `json:"last_at"`
}

func servedModels(served []eval.ServedModel) []servedModel {
	models := make([]servedModel, len(served))
	for i, m := range served {
		models[i] = servedModel(m)
	}
	return models
}

// driftWarnings tell which arms were answered by more than one model.
func driftWarnings(served []eval.ServedModel) []string {
	warnings := []string{}
	for _, drift := range eval.FindDrift(served) {
		said := fmt.Sprintf("arm %s was answered by more than one model, so that its weeks may not compare:", drift.Arm)
		for _, model := range drift.Models {
			said += fmt.Sprintf(" %s in week %d (%s, from %s);", model.Served, model.Week,
				counted(model.Answers, "answer", "answers"), model.First.Format(time.DateOnly))
		}
		warnings = append(warnings, said[:len(said)-1])
	}
	return warnings
}

// A blockage is what keeps open calls from being answered.
type blockage struct {
	Kind    string `json:"kind"` // run, claimed, refused, error or budget
	Week    int    `json:"week,omitempty"`
	Arm     string `json:"arm,omitempty"`
	Calls   int    `json:"calls,omitempty"`
	Message string `json:"message"`
}

// blockages tell why calls are open that a run would have made.
func blockages(ctx context.Context, s *store.Store, status store.Status, open int, spent, committed, budget audit.NanoUSD, workers []eval.WorkerProcess, now time.Time) ([]blockage, error) {
	found := []blockage{}
	leases, err := s.Leases(ctx, now)
	if err != nil {
		return nil, err
	}
	held := map[int]bool{}
	for _, lease := range leases {
		if ended(lease.Holder) {
			continue // the next run goes on
		}
		if lease.Week == eval.BatchLease {
			found = append(found, blockage{Kind: "run", Message: fmt.Sprintf("batches are being handed in or collected by %s since %s; another process waits until it ends",
				lease.Holder, lease.TakenAt.Format("15:04 MST"))})
			continue
		}
		held[lease.Week] = true
		found = append(found, blockage{Kind: "run", Week: lease.Week, Message: fmt.Sprintf("week %d is being run by %s since %s; another run waits until it ends",
			lease.Week, lease.Holder, lease.TakenAt.Format("15:04 MST"))})
	}
	calls, err := s.BlockedCalls(ctx, now)
	if err != nil {
		return nil, err
	}
	for _, c := range calls {
		if c.Claimed > 0 && !held[c.Week] && !atWork(workers, now) { // else they are under way
			found = append(found, blockage{"claimed", c.Week, c.Arm, c.Claimed, fmt.Sprintf("week %d, arm %s: %s of a run that ended; the next run on the same machine goes on with them, another one when their claims have run out",
				c.Week, c.Arm, counted(c.Claimed, "call is", "calls are"))})
		}
		if c.Refused > 0 {
			found = append(found, blockage{"refused", c.Week, c.Arm, c.Refused, fmt.Sprintf("week %d, arm %s: the provider refuses %s, as content filters do; the tasks count as refused by the arm",
				c.Week, c.Arm, counted(c.Refused, "request", "requests"))})
		}
	}
	answered, cost := 0, audit.NanoUSD(0)
	for _, arm := range status.Arms {
		answered += arm.Answered
		cost += arm.CostNano
		if arm.Failed > 0 {
			found = append(found, blockage{"error", arm.Week, arm.Arm, arm.Failed, fmt.Sprintf("week %d, %s, arm %s: %s failed, the last with: %s",
				arm.Week, arm.Category, arm.Arm, counted(arm.Failed, "call", "calls"), arm.LastFail)})
		}
	}
	// Spent counts judges too, cost answers that were paid for elsewhere.
	if b := budgetBlockage(open, answered, min(spent, cost), budget-committed); b != nil {
		found = append(found, *b)
	}
	return found, nil
}

// budgetBlockage compares what is left with what open calls will cost if they cost as
// much as those that are answered; nil where that suffices.
func budgetBlockage(open, answered int, spent, left audit.NanoUSD) *blockage {
	if open == 0 || answered == 0 {
		return nil
	}
	likely := spent / audit.NanoUSD(answered) * audit.NanoUSD(open)
	if likely <= left {
		return nil
	}
	return &blockage{Kind: "budget", Calls: open, Message: fmt.Sprintf("%s will cost about %s at the cost of those so far, and %s of the budget are left; raise budget_usd (a deviation)",
		counted(open, "open call", "open calls"), report.Money(likely.Dollars()), report.Money(max(left, 0).Dollars()))}
}

// sayServed tells of drift and of what blocks.
func sayServed(out io.Writer, warnings []string, blocked []blockage) {
	for _, warning := range warnings {
		fmt.Fprintf(out, "! %s\n", warning)
	}
	if len(blocked) == 0 {
		return
	}
	fmt.Fprintf(out, "\nwhat blocks:\n")
	for _, b := range blocked {
		fmt.Fprintf(out, "  %s\n", b.Message)
	}
}
