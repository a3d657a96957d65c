package report

import (
	"fmt"
	"io"

	"modeltrial/audit"
	"modeltrial/audit/classify"
)

// Score writes how well the categoriser did on labelled rows.
func Score(w io.Writer, s classify.Score, style Style) error {
	p := &page{style: style}
	optional := func(x *float64, n int) string {
		if x == nil {
			return unknown
		}
		return Rate(*x, n)
	}
	head := fmt.Sprintf("%s: accuracy %s%s, macro F1 %s", counted(s.Rows, "row", "rows"),
		optional(s.Accuracy, s.Rows), limits(s.AccuracyInterval, s.Rows), optional(s.MacroF1, s.Rows))
	p.say(Plain, "", head)
	if s.UnsureShare != nil {
		p.say(Plain, "", fmt.Sprintf("unsure on %s, accuracy when sure %s%s",
			optional(s.UnsureShare, s.Rows), optional(s.AccuracyWhenSure, s.Rows), limits(s.WhenSureInterval, s.Rows)))
	}
	if s.MicrosecondsPerTask != nil {
		p.say(Dim, "", fmt.Sprintf("%.0f µs per task; brackets hold the 95%% interval of a random sample", *s.MicrosecondsPerTask))
	}
	if alone := s.Alone; alone != nil {
		p.say(Plain, "", fmt.Sprintf("taken as a log, whose wording was learned from %s without labels; each by itself: accuracy %s, macro F1 %s, unsure on %s, accuracy when sure %s",
			counted(s.LogTasks, "row", "rows"), optional(alone.Accuracy, s.Rows), optional(alone.MacroF1, s.Rows), optional(alone.UnsureShare, s.Rows), optional(alone.AccuracyWhenSure, s.Rows)))
	}
	p.gap()
	scoreCategories(p, s, optional)
	names, tallies := make([]string, len(s.PerSource)), make([]tallied, len(s.PerSource))
	for i, source := range s.PerSource {
		names[i], tallies[i] = source.Source, tallied{source.Rows, source.Accuracy, source.Interval}
	}
	scoreGroups(p, "source", names, tallies)
	names, tallies = make([]string, len(s.PerLanguage)), make([]tallied, len(s.PerLanguage))
	for i, language := range s.PerLanguage {
		names[i], tallies[i] = language.Language, tallied{language.Rows, language.Accuracy, language.Interval}
	}
	scoreGroups(p, "language", names, tallies)
	scoreReliability(p, s)
	return p.flush(w)
}

// limits is " [79, 83]", nothing where there is no interval.
func limits(i *audit.Interval, n int) string {
	if i == nil {
		return ""
	}
	return fmt.Sprintf(" [%s, %s]", rateDigits(i.Low, n), rateDigits(i.High, n))
}

func scoreCategories(p *page, s classify.Score, optional func(*float64, int) string) {
	columns := []Column{
		{Name: "category"},
		{Name: "rows", Right: true, Fixed: true},
		{Name: "precision", Right: true, Fixed: true},
		{Name: "recall", Right: true, Fixed: true},
		{Name: "F1", Right: true, Fixed: true},
	}
	var rows [][]Cell
	for _, c := range s.PerCategory {
		rows = append(rows, Cells(string(c.Category), Count(c.Rows), optional(c.Precision, c.Rows), optional(c.Recall, c.Rows), optional(c.F1, c.Rows)))
		columns = append(columns, Column{Name: "→" + string(c.Category), Right: true})
	}
	for i, truth := range s.PerCategory {
		for _, predicted := range s.PerCategory {
			rows[i] = append(rows[i], Cell{Text: Count(s.Confusion[truth.Category][predicted.Category])})
		}
	}
	p.table(columns, rows)
}

// A tallied is the accuracy on a group of rows.
type tallied struct {
	rows     int
	accuracy float64
	interval *audit.Interval
}

// scoreGroups compares groups; of one group there is nothing to compare.
func scoreGroups(p *page, what string, names []string, tallies []tallied) {
	if len(names) < 2 {
		return
	}
	p.gap()
	rows := make([][]Cell, len(names))
	for i, t := range tallies {
		rows[i] = Cells(names[i], Count(t.rows), Rate(t.accuracy, t.rows)+limits(t.interval, t.rows))
	}
	p.table([]Column{{Name: what}, {Name: "rows", Right: true}, {Name: "accuracy", Right: true}}, rows)
}

// scoreReliability shows whether the probabilities are to be believed.
func scoreReliability(p *page, s classify.Score) {
	if s.ExpectedCalibrationError == nil {
		return
	}
	p.gap()
	var rows [][]Cell
	for _, bin := range s.Reliability {
		if bin.Rows == 0 {
			continue
		}
		rows = append(rows, Cells(fmt.Sprintf("%.0f–%.0f%%", bin.Low*100, bin.High*100), Count(bin.Rows),
			Rate(*bin.MeanProbability, bin.Rows), Rate(*bin.Accuracy, bin.Rows)))
	}
	p.table([]Column{{Name: "probability said"}, {Name: "rows", Right: true}, {Name: "mean", Right: true}, {Name: "accuracy", Right: true}}, rows)
	p.say(Dim, "", fmt.Sprintf("expected calibration error %.1f points: how far the two differ, on average over the rows", *s.ExpectedCalibrationError*100))
}
