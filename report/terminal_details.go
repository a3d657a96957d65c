package report

import (
	"fmt"
	"io"
	"math"

	"modeltrial/eval"
)

// AnalysisDetails writes what stands behind an analysis: other defensible analyses of
// each use case, what became of the answers, checks, and how judges compare with
// people.
func AnalysisDetails(w io.Writer, a eval.Analysis, style Style) error {
	p := &page{style: style}
	for i, c := range told(a).Comparisons {
		p.sensitivity(c)
		p.answers(a.Comparisons[i]) // an arm by its own name
		if editing := editingText(a.Comparisons[i]); editing != "" {
			p.say(Plain, "  ", editing)
		}
		for _, graded := range gradeLines(a.Comparisons[i]) {
			p.say(Plain, "  ", graded)
		}
	}
	for _, judge := range a.Judges {
		p.judge(judge)
	}
	p.pipelines(a.Pipelines)
	p.repeats(a.Repeats)
	p.blinding(a)
	return p.flush(w)
}

// shortWhy is how long a reason may be to stand in its row; longer ones stand under the
// table.
const shortWhy = 40 // bytes

func (p *page) sensitivity(c eval.ComparisonResult) {
	p.title(useCaseName(c) + ", analysed in other ways")
	rows := [][]Cell{append(Cells("as planned", WinRate(c.WinRate, nil, c.Tasks), Count(c.Tasks)), Cell{string(c.Decision), decisionTone(c.Decision)}, Cell{})}
	var notes footnotes
	for _, s := range c.Sensitivity {
		note := Cell{}
		switch {
		case s.Changes:
			note = Cell{"another answer", Warning}
		case len(s.WhyMissing) > shortWhy:
			note.Text = notes.of(s.WhyMissing)
		default:
			note.Text = s.WhyMissing
		}
		rows = append(rows, append(Cells(s.Name, WinRate(s.WinRate, nil, s.Tasks), Count(s.Tasks)), Cell{string(s.Decision), decisionTone(s.Decision)}, note))
	}
	p.table([]Column{
		{Name: "analysis"},
		{Name: "win rate", Fixed: true},
		{Name: "tasks", Right: true, Fixed: true},
		{Name: "decision", Fixed: true},
		{Name: ""},
	}, rows)
	p.footnotes(notes)
}

func (p *page) answers(c eval.ComparisonResult) {
	if c.OutcomesControl.Answers+c.OutcomesCandidate.Answers == 0 {
		return
	}
	p.gap()
	row := func(arm string, o eval.ArmOutcomes, passed *float64) []Cell {
		pass := unknown
		if passed != nil {
			pass = Rate(*passed, c.FirstPass.Tasks)
		}
		return Cells(arm, Count(o.Answers), Count(o.Empty), Count(o.Truncated), Count(o.Refused), pass)
	}
	var control, candidate *float64
	if c.FirstPass != nil {
		control, candidate = &c.FirstPass.Control, &c.FirstPass.Candidate
	}
	p.table([]Column{
		{Name: "arm"},
		{Name: "answers", Right: true, Fixed: true},
		{Name: "empty", Right: true, Fixed: true},
		{Name: "cut short", Right: true, Fixed: true},
		{Name: "refused", Right: true, Fixed: true},
		{Name: "pass checks", Right: true, Fixed: true},
	}, [][]Cell{row(c.Control, c.OutcomesControl, control), row(c.Candidate, c.OutcomesCandidate, candidate)})
	if c.FirstPass != nil {
		d := c.FirstPass.Difference
		p.say(Plain, "  ", fmt.Sprintf("first-pass accuracy: %s points difference [%s, %s] on %s tasks, McNemar's exact p = %s",
			signedPoints(d.Estimate), signedPoints(d.Low), signedPoints(d.High), Count(c.FirstPass.Tasks), pValue(&c.FirstPass.McNemarP)))
	}
}

func (p *page) judge(j eval.JudgeResult) {
	p.title(judgeHead(j))
	var rows [][]Cell
	var notes footnotes
	for _, m := range judgeMeasures(j) {
		value := Cell{Text: m.Value}
		if m.Missing {
			value = Cell{unknown + notes.of(m.Value), Dim}
		}
		rows = append(rows, []Cell{{Text: m.Name}, value})
	}
	p.table([]Column{{Name: "measure"}, {Name: "value"}}, rows)
	p.footnotes(notes)
	p.warnings(j.Warnings)
}

// signedPoints is a share as signed points: "+2".
func signedPoints(share float64) string { return minus(fmt.Sprintf("%+.0f", 100*share)) }

// ranking writes the arms' places where there are more than two.
func (p *page) ranking(rankings []eval.RankingResult) {
	for _, ranking := range rankings {
		p.title(fmt.Sprintf("ranking, %s: %s (Bradley–Terry; descriptive)", line(string(ranking.Category)), counted(ranking.Comparisons, "rating", "ratings")))
		if ranking.WhyMissing != "" {
			p.say(Plain, "  ", "no ranking: "+ranking.WhyMissing)
			continue
		}
		rows := make([][]Cell, len(ranking.Arms))
		for i, arm := range ranking.Arms {
			rows[i] = Cells(Count(arm.Rank), arm.Arm, preferred(arm), places(arm))
		}
		p.table([]Column{
			{Name: "rank", Right: true, Fixed: true},
			{Name: "arm"},
			{Name: "preferred to the control", Fixed: true},
			{Name: "could be", Right: true, Fixed: true},
		}, rows)
	}
}

// preferred is how often an arm is preferred to the control, in tenths of a percent
// where it is known better than to three points.
func preferred(arm eval.RankedArm) string {
	if isControl(arm) {
		return "the control"
	}
	win := arm.WinProbability
	digits := 0
	if win.High-win.Low < 0.03 {
		digits = 1
	}
	return fmt.Sprintf("%s [%s]", Rate(win.Estimate, digits), rateRange(&win, digits))
}

// Explanation writes the calculation of the use cases for which it was asked.
func Explanation(w io.Writer, a eval.Analysis, style Style) error {
	p := &page{style: style}
	for _, c := range a.Comparisons {
		if len(c.Explain) == 0 {
			continue
		}
		p.title(fmt.Sprintf("%s against %s in %s, step by step", line(c.Candidate), line(c.Control), line(string(c.Category))))
		for _, step := range c.Explain {
			value := step.Text
			if value == "" {
				value = digits(step.Value)
			}
			for _, part := range broken(line(step.What+" = "+value), p.style.width(), "  ") {
				fmt.Fprintln(&p.out, part)
			}
			for _, part := range broken(line(step.Formula), p.style.width()-4, "  ") {
				fmt.Fprintln(&p.out, "    "+p.style.paint(part, Dim))
			}
		}
	}
	return p.flush(w)
}

// digits writes a value with the digits that a check by hand needs: a whole number
// without any, also where a sum of many parts missed it by its last bits.
func digits(x float64) string {
	const lastBits = 1e-9
	whole := math.Round(x)
	switch {
	case math.Abs(x-whole) <= lastBits*math.Abs(x) && math.Abs(x) < 1e6:
		return Count(int(whole))
	case x < 0.001 && x > -0.001:
		return minus(fmt.Sprintf("%.4g", x))
	}
	return minus(fmt.Sprintf("%.5f", x))
}
