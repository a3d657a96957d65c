package report

import (
	"fmt"

	"modeltrial/eval"
)

// pipelines writes what each step of a pipeline took.
func (p *page) pipelines(steps []eval.PipelineStep) {
	if len(steps) == 0 {
		return
	}
	p.title("steps of pipelines, means of one call")
	rows := make([][]Cell, len(steps))
	for i, s := range steps {
		rows[i] = Cells(string(s.Category), s.Arm, Count(s.Step), s.Name, s.Model, Count(s.Answers), optionalMoney(s.CostPerTask),
			meanMS(s.LatencyMS), meanCount(s.OutputTokens), Count(s.Truncated), Count(s.Refused))
	}
	p.table([]Column{
		{Name: "category"},
		{Name: "arm"},
		{Name: "step", Right: true, Fixed: true},
		{Name: "name"},
		{Name: "model"},
		{Name: "calls", Right: true, Fixed: true},
		{Name: "cost", Right: true, Fixed: true},
		{Name: "time", Right: true, Fixed: true},
		{Name: "tokens out", Right: true, Fixed: true},
		{Name: "cut short", Right: true, Fixed: true},
		{Name: "refused", Right: true, Fixed: true},
	}, rows)
}

// repeats writes how far answers of an arm to one task vary.
func (p *page) repeats(results []eval.RepeatResult) {
	if len(results) == 0 {
		return
	}
	p.title("answers to the same task again: how far they vary")
	var rows [][]Cell
	var notes footnotes
	for _, r := range results {
		row := []Cell{{Text: string(r.Category)}, {Text: r.Arm}, {Text: Count(r.Tasks)}, {Text: Count(r.Answers)}, {Text: Rate(r.SameText, r.Tasks)}}
		for _, measure := range []string{"cost_usd", "latency_ms", "passes_checks"} {
			row = append(row, Cell{Text: repeatText(r, measure, &notes)})
		}
		rows = append(rows, row)
	}
	p.table([]Column{
		{Name: "category"},
		{Name: "arm"},
		{Name: "tasks", Right: true, Fixed: true},
		{Name: "answers", Right: true, Fixed: true},
		{Name: "same text", Right: true, Fixed: true},
		{Name: "cost"},
		{Name: "time"},
		{Name: "pass checks"},
	}, rows)
	p.footnotes(notes)
	p.say(Dim, "  ", repeatsNote)
}

// repeatsNote says how to read the table of repeats.
const repeatsNote = "mean ± standard deviation between answers to one task, and its share of one answer's variance; the first answer is the one that is rated"

// repeatText is a measure of repeated answers in a few words.
func repeatText(r eval.RepeatResult, measure string, notes *footnotes) string {
	for _, m := range r.Measures {
		if m.Measure != measure {
			continue
		}
		text := repeatValue(m)
		if m.NoiseShare != nil {
			text += " (" + Rate(*m.NoiseShare, 0) + ")"
		}
		return text
	}
	if notes == nil {
		return unknown
	}
	return unknown + notes.of(r.WhyMissing["measures."+measure])
}

// repeatCell is it for a cell of a page, which has no footnotes.
func repeatCell(r eval.RepeatResult, measure string) string {
	if text := repeatText(r, measure, nil); text != unknown {
		return text
	}
	return "not known: " + line(r.WhyMissing["measures."+measure])
}

func repeatValue(m eval.RepeatMeasure) string {
	switch m.Measure {
	case "cost_usd":
		return Money(m.Mean) + " ± " + Money(m.WithinSD)
	case "latency_ms":
		return Milliseconds(m.Mean) + " ± " + Milliseconds(m.WithinSD)
	}
	return fmt.Sprintf("%s ± %s", Rate(m.Mean, 0), Rate(m.WithinSD, 0))
}

func meanMS(ms *float64) string {
	if ms == nil {
		return unknown
	}
	return Milliseconds(*ms)
}

func meanCount(mean *float64) string {
	if mean == nil {
		return unknown
	}
	return Count(int(*mean + 0.5))
}
