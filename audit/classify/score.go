package classify

import (
	"cmp"
	"context"
	"maps"
	"math"
	"slices"
	"time"

	"modeltrial/audit"
)

// ScoreSchema names the fields of [Score] and their version.
const ScoreSchema = "modeltrial.audit-score/1"

// A Labelled row is a text whose category is known. ID, Source and Language may be
// empty.
type Labelled struct {
	ID       string
	Text     string
	Category audit.Category
	Source   string
	Language string
}

// A Score tells how well a model does on labelled rows. Every share is between
// 0 and 1, and nil where it is undefined for lack of rows. Accuracy, the
// confusion matrix and all that derives from it count the most probable
// category of every row, sure or not. Intervals are Wilson's at 95% (see
// [Wilson]) and take the rows for a random sample.
type Score struct {
	Schema              string          `json:"schema"`
	Rows                int             `json:"rows"`
	Accuracy            *float64        `json:"accuracy"`
	AccuracyInterval    *audit.Interval `json:"accuracy_interval"`
	MacroF1             *float64        `json:"macro_f1"`
	UnsureShare         *float64        `json:"unsure_share"`
	AccuracyWhenSure    *float64        `json:"accuracy_when_sure"`
	WhenSureInterval    *audit.Interval `json:"accuracy_when_sure_interval"`
	MicrosecondsPerTask *float64        `json:"microseconds_per_task"`
	// ExpectedCalibrationError is the mean distance, over the rows, between the
	// probability and the accuracy of a row's reliability bin (Naeini, Cooper and
	// Hauskrecht 2015, AAAI).
	ExpectedCalibrationError *float64                                  `json:"expected_calibration_error"`
	Confusion                map[audit.Category]map[audit.Category]int `json:"confusion"`
	PerCategory              []CategoryScore                           `json:"per_category"`
	PerSource                []SourceScore                             `json:"per_source"`
	PerLanguage              []LanguageScore                           `json:"per_language"`
	Reliability              []ReliabilityBin                          `json:"reliability"`
	// WhyMissing says why figures are null; empty where none is.
	WhyMissing string `json:"why_missing,omitempty"`
	// LogTasks is from how many of the rows their wording was learned first, without their
	// categories; Alone is nil where it is 0.
	LogTasks int         `json:"log_tasks"`
	Alone    *AloneScore `json:"alone"`
}

// An AloneScore tells how well a model does that knows of each row nothing but its text,
// which a log's first prompt may expect.
type AloneScore struct {
	Accuracy         *float64 `json:"accuracy"`
	MacroF1          *float64 `json:"macro_f1"`
	UnsureShare      *float64 `json:"unsure_share"`
	AccuracyWhenSure *float64 `json:"accuracy_when_sure"`
}

// A CategoryScore is how well one category is recognised. Precision is nil
// where nothing was predicted to be it, Recall where no row is of it, F1 where
// both are missing. F1 is 2·TP / (2·TP + FP + FN).
type CategoryScore struct {
	Category  audit.Category `json:"category"`
	Precision *float64       `json:"precision"`
	Recall    *float64       `json:"recall"`
	F1        *float64       `json:"f1"`
	Rows      int            `json:"rows"`
	// RecallInterval is of Recall, which is the accuracy on the category's rows.
	RecallInterval *audit.Interval `json:"recall_interval"`
}

// A SourceScore is the accuracy on the rows of one source.
type SourceScore struct {
	Source   string          `json:"source"`
	Rows     int             `json:"rows"`
	Accuracy float64         `json:"accuracy"`
	Interval *audit.Interval `json:"accuracy_interval"`
}

// A LanguageScore is the accuracy on the rows of one language.
type LanguageScore struct {
	Language string          `json:"language"`
	Rows     int             `json:"rows"`
	Accuracy float64         `json:"accuracy"`
	Interval *audit.Interval `json:"accuracy_interval"`
}

// An ErrorRow is a labelled row that a model put into another category.
type ErrorRow struct {
	Labelled
	Prediction Prediction
	// RunnerUp is the second most probable category.
	RunnerUp            audit.Category
	RunnerUpProbability float64
	// Evidence is what spoke most for the prediction, the weightiest first.
	Evidence []Evidence
}

// A ReliabilityBin compares the probabilities from Low up to High that a model
// gave to its guesses with the share of the guesses that were right.
type ReliabilityBin struct {
	Low             float64  `json:"low"`
	High            float64  `json:"high"`
	Rows            int      `json:"rows"`
	MeanProbability *float64 `json:"mean_probability"`
	Accuracy        *float64 `json:"accuracy"`
}

// MeasureErrors classifies rows by m, scores the result and gives the rows that m got
// wrong, the most confident error first. The categories of rows that m does not know
// count as errors.
func MeasureErrors(rows []Labelled, m *Model) (Score, []ErrorRow) {
	texts := make([]string, len(rows))
	for i, row := range rows {
		texts[i] = row.Text
	}
	for _, part := range m.parts {
		part() // it is made once, however many tasks there are
	}
	start := time.Now()
	predictions := m.ClassifyAll(texts)
	elapsed := time.Since(start)
	s := score(rows, predictions, m.categories)
	if len(rows) > 0 {
		s.MicrosecondsPerTask = new(float64(elapsed.Nanoseconds()) / 1000 / float64(len(rows)))
	}
	wrong := errorRows(rows, predictions, m.categories)
	for i := range wrong {
		wrong[i].Evidence = m.SpokeFor(wrong[i].Text)
	}
	return s, wrong
}

// MeasureLog is [MeasureErrors] of m after it has learned the rows' wording as that of a
// log, where there are enough, see [Model.Adapt].
func MeasureLog(ctx context.Context, rows []Labelled, m *Model) (Score, []ErrorRow, error) {
	learned := 0
	adapted, err := m.Adapt(ctx, func(yield func(string, error) bool) {
		for i := 0; i < len(rows) && yield(rows[i].Text, ctx.Err()); i += AdaptsToOneIn(len(rows)) {
			learned++
		}
	})
	if err != nil {
		return Score{}, nil, err
	}
	if adapted == nil {
		s, wrong := MeasureErrors(rows, m)
		return s, wrong, nil
	}
	s, wrong := MeasureErrors(rows, adapted)
	alone, _ := MeasureErrors(rows, m)
	s.LogTasks, s.Alone = learned, &AloneScore{alone.Accuracy, alone.MacroF1, alone.UnsureShare, alone.AccuracyWhenSure}
	return s, wrong, nil
}

func errorRows(rows []Labelled, predictions []Prediction, categories []audit.Category) []ErrorRow {
	var wrong []ErrorRow
	for i, row := range rows {
		p := predictions[i]
		if p.Category == row.Category {
			continue
		}
		one := ErrorRow{Labelled: row, Prediction: p}
		for k, probability := range p.Probabilities {
			if categories[k] != p.Category && probability > one.RunnerUpProbability {
				one.RunnerUp, one.RunnerUpProbability = categories[k], probability
			}
		}
		wrong = append(wrong, one)
	}
	slices.SortStableFunc(wrong, func(a, b ErrorRow) int {
		return cmp.Compare(b.Prediction.Probability, a.Prediction.Probability)
	})
	return wrong
}

func score(rows []Labelled, predictions []Prediction, categories []audit.Category) Score {
	s := Score{Schema: ScoreSchema, Rows: len(rows), Confusion: map[audit.Category]map[audit.Category]int{}}
	var right, sure, sureRight int
	for i, row := range rows {
		p := predictions[i]
		if s.Confusion[row.Category] == nil {
			s.Confusion[row.Category] = map[audit.Category]int{}
		}
		s.Confusion[row.Category][p.Category]++
		hit := p.Category == row.Category
		right += count(hit)
		sure += count(p.Sure)
		sureRight += count(p.Sure && hit)
	}
	s.Accuracy, s.AccuracyInterval = share(right, len(rows)), Wilson(right, len(rows))
	s.UnsureShare = share(len(rows)-sure, len(rows))
	s.AccuracyWhenSure, s.WhenSureInterval = share(sureRight, sure), Wilson(sureRight, sure)
	s.PerCategory, s.MacroF1 = perCategory(s.Confusion, categories)
	s.PerSource, s.PerLanguage = []SourceScore{}, []LanguageScore{}
	for _, g := range perGroup(rows, predictions, func(row Labelled) string { return row.Source }) {
		s.PerSource = append(s.PerSource, SourceScore{g.name, g.rows, *share(g.right, g.rows), Wilson(g.right, g.rows)})
	}
	for _, g := range perGroup(rows, predictions, func(row Labelled) string { return row.Language }) {
		s.PerLanguage = append(s.PerLanguage, LanguageScore{g.name, g.rows, *share(g.right, g.rows), Wilson(g.right, g.rows)})
	}
	s.Reliability = reliability(rows, predictions)
	s.ExpectedCalibrationError = calibrationError(s.Reliability)
	switch {
	case len(rows) == 0:
		s.WhyMissing = "there are no rows"
	case sure == 0:
		s.WhyMissing = "accuracy_when_sure: the categoriser is sure of no row"
	}
	return s
}

// calibrationError is the expected calibration error (Naeini, Cooper and Hauskrecht
// 2015, AAAI): the mean distance between probability and accuracy over the bins of a
// reliability table, weighted by their rows. It is nil of no rows.
func calibrationError(bins []ReliabilityBin) *float64 {
	var rows int
	var distance float64
	for _, b := range bins {
		if b.Rows > 0 {
			rows += b.Rows
			distance += float64(b.Rows) * math.Abs(*b.Accuracy-*b.MeanProbability)
		}
	}
	if rows == 0 {
		return nil
	}
	return new(distance / float64(rows))
}

func count(b bool) int {
	if b {
		return 1
	}
	return 0
}

func share(part, whole int) *float64 {
	if whole == 0 {
		return nil
	}
	return new(float64(part) / float64(whole))
}

// perCategory also returns the mean F1 over the categories that have rows or
// predictions.
func perCategory(confusion map[audit.Category]map[audit.Category]int, categories []audit.Category) ([]CategoryScore, *float64) {
	var scores []CategoryScore
	var sum float64
	var defined int
	for _, c := range withTruths(categories, confusion) {
		var rows, predicted int
		for truth, counts := range confusion {
			predicted += counts[c]
			if truth != c {
				continue
			}
			for _, n := range counts {
				rows += n
			}
		}
		hits := confusion[c][c]
		one := CategoryScore{
			Category: c, Rows: rows,
			Precision: share(hits, predicted), Recall: share(hits, rows), F1: share(2*hits, predicted+rows),
			RecallInterval: Wilson(hits, rows),
		}
		if one.F1 != nil {
			sum += *one.F1
			defined++
		}
		scores = append(scores, one)
	}
	if defined == 0 {
		return scores, nil
	}
	return scores, new(sum / float64(defined))
}

// withTruths appends the true categories that the model does not know.
func withTruths(categories []audit.Category, confusion map[audit.Category]map[audit.Category]int) []audit.Category {
	all := slices.Clone(categories)
	for truth := range confusion {
		if !slices.Contains(categories, truth) {
			all = append(all, truth)
		}
	}
	slices.Sort(all[len(categories):])
	return all
}

type groupTally struct {
	name        string
	rows, right int
}

// perGroup counts the rows of each group by name; rows without one are in none.
func perGroup(rows []Labelled, predictions []Prediction, name func(Labelled) string) []groupTally {
	tallies := map[string]groupTally{}
	for i, row := range rows {
		group := name(row)
		if group == "" {
			continue
		}
		t := tallies[group]
		t.name = group
		t.rows++
		t.right += count(predictions[i].Category == row.Category)
		tallies[group] = t
	}
	return slices.SortedFunc(maps.Values(tallies), func(a, b groupTally) int { return cmp.Compare(a.name, b.name) })
}

// reliability has ten bins of equal width; the last includes 1.
func reliability(rows []Labelled, predictions []Prediction) []ReliabilityBin {
	const bins = 10
	var counts, right [bins]int
	var sums [bins]float64
	for i, row := range rows {
		p := predictions[i].Probability
		b := max(0, min(int(math.Floor(p*bins)), bins-1))
		counts[b]++
		right[b] += count(predictions[i].Category == row.Category)
		sums[b] += p
	}
	table := make([]ReliabilityBin, bins)
	for b := range table {
		table[b] = ReliabilityBin{Low: float64(b) / bins, High: float64(b+1) / bins, Rows: counts[b], Accuracy: share(right[b], counts[b])}
		if counts[b] > 0 {
			table[b].MeanProbability = new(sums[b] / float64(counts[b]))
		}
	}
	return table
}
