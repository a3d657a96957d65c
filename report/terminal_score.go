package report

import (
	"fmt"
	"io"

	"modeltrial/audit/classify"
)

// Score writes how well the categoriser did on labelled rows.
func Score(w io.Writer, s classify.Score, style Style) error {
	p := &page{style: style}
	optional := func(x *float64) string {
		if x == nil {
			return unknown
		}
		return Rate(*x, s.Rows)
	}
	head := fmt.Sprintf("%s: accuracy %s, macro F1 %s", counted(s.Rows, "row", "rows"), optional(s.Accuracy), optional(s.MacroF1))
	if s.UnsureShare != nil {
		head += fmt.Sprintf(" · unsure on %s, accuracy when sure %s", optional(s.UnsureShare), optional(s.AccuracyWhenSure))
	}
	p.say(Plain, "", head)
	if s.MicrosecondsPerTask != nil {
		p.say(Dim, "", fmt.Sprintf("%.0f µs per task", *s.MicrosecondsPerTask))
	}
	p.gap()
	columns := []Column{
		{Name: "category"},
		{Name: "rows", Right: true, Fixed: true},
		{Name: "precision", Right: true, Fixed: true},
		{Name: "recall", Right: true, Fixed: true},
		{Name: "F1", Right: true, Fixed: true},
	}
	var rows [][]Cell
	for _, c := range s.PerCategory {
		rows = append(rows, Cells(string(c.Category), Count(c.Rows), optional(c.Precision), optional(c.Recall), optional(c.F1)))
		columns = append(columns, Column{Name: "→" + string(c.Category), Right: true})
	}
	for i, truth := range s.PerCategory {
		for _, predicted := range s.PerCategory {
			rows[i] = append(rows[i], Cell{Text: Count(s.Confusion[truth.Category][predicted.Category])})
		}
	}
	p.table(columns, rows)
	if len(s.PerSource) > 1 {
		p.gap()
		rows = nil
		for _, source := range s.PerSource {
			rows = append(rows, Cells(source.Source, Count(source.Rows), Rate(source.Accuracy, source.Rows)))
		}
		p.table([]Column{{Name: "source"}, {Name: "rows", Right: true}, {Name: "accuracy", Right: true}}, rows)
	}
	return p.flush(w)
}
