package main

import (
	"context"
	"fmt"
	"io"

	"modeltrial/eval"
	"modeltrial/eval/judge"
	"modeltrial/report"
	"modeltrial/store"
)

// A judgeProgress is a judge's row of the status document. A judgement is a comparison
// in one order.
type judgeProgress struct {
	Judge       string  `json:"judge"`
	Simulated   bool    `json:"simulated"`
	Rated       int     `json:"rated"`
	Unreadable  int     `json:"unreadable"`
	Failed      int     `json:"failed"`
	Calls       int     `json:"calls"`
	SpentUSD    float64 `json:"spent_usd"`
	SetAsideUSD float64 `json:"set_aside_usd"`
	LastFail    string  `json:"last_error"`
}

// judgeStatus tells of every judge that was called, and how many judgements are open.
func judgeStatus(ctx context.Context, s *store.Store, plan eval.Protocol) (rows []judgeProgress, open int, err error) {
	judges, err := s.Judges(ctx)
	if err != nil {
		return nil, 0, err
	}
	rows = make([]judgeProgress, len(judges))
	for i, j := range judges {
		rows[i] = judgeProgress{j.Judge, j.Simulated, j.Rated, j.Unreadable, j.Failed, j.Calls, j.Spent.Dollars(), j.SetAside.Dollars(), j.LastFail}
	}
	found, err := judge.Find(ctx, judge.Options{Store: s, Protocol: plan})
	return rows, len(found.Judgements), err
}

func writeJudgeStatus(g *global, out io.Writer, rows []judgeProgress, open int) error {
	if len(rows) == 0 && open == 0 {
		return nil
	}
	fmt.Fprintf(out, "\njudgements, each a comparison in one order: %s open\n", report.Count(open))
	if len(rows) == 0 {
		return nil
	}
	cells := make([][]report.Cell, len(rows))
	for i, row := range rows {
		name := row.Judge
		if row.Simulated {
			name += " (simulated)"
		}
		cells[i] = report.Cells(name, report.Count(row.Rated), report.Count(row.Unreadable), report.Count(row.Failed),
			report.Count(row.Calls), report.Money(row.SpentUSD), row.LastFail)
	}
	return report.Table(out, g.style(out), []report.Column{
		{Name: "judge"},
		{Name: "rated", Right: true},
		{Name: "unreadable", Right: true},
		{Name: "failed", Right: true},
		{Name: "calls", Right: true},
		{Name: "cost", Right: true},
		{Name: "last error"},
	}, cells)
}
