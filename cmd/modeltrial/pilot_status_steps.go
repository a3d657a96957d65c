package main

import (
	"fmt"
	"io"

	"modeltrial/eval"
	"modeltrial/report"
	"modeltrial/store"
)

// stepProgress is a step's row of the status document.
type stepProgress struct {
	store.StepStatus
	Name    string  `json:"name"` // empty for an arm of one call
	Model   string  `json:"model"`
	CostUSD float64 `json:"cost_usd"`
}

// stepsProgress names the steps that the protocol has.
func stepsProgress(protocol eval.Protocol, rows []store.StepStatus) []stepProgress {
	steps := []stepProgress{}
	for _, row := range rows {
		step := stepProgress{StepStatus: row, CostUSD: row.CostNano.Dollars()}
		if arm, ok := protocol.Arm(row.Arm); ok && row.Step <= len(arm.Calls()) {
			step.Model = arm.Calls()[row.Step-1].Model
			if arm.Pipeline() {
				step.Name = arm.Steps[row.Step-1].Name
			}
		}
		steps = append(steps, step)
	}
	return steps
}

// writeSteps tells how far the steps of pipelines and the repeats are.
func writeSteps(g *global, out io.Writer, steps []stepProgress) error {
	if len(steps) == 0 {
		return nil
	}
	rows := make([][]report.Cell, len(steps))
	for i, s := range steps {
		what := fmt.Sprintf("step %d", s.Step)
		if s.Name != "" {
			what += " " + s.Name
		}
		rows[i] = report.Cells(s.Arm, what, s.Model, report.Count(s.Calls), report.Count(s.Again), report.Money(s.CostUSD))
	}
	fmt.Fprintln(out)
	return report.Table(out, g.style(out), []report.Column{
		{Name: "arm"},
		{Name: "part"},
		{Name: "model"},
		{Name: "calls", Right: true},
		{Name: "repeats", Right: true},
		{Name: "cost", Right: true},
	}, rows)
}
