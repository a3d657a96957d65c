package classify

import (
	"encoding/json"
	"math"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"modeltrial/audit"
)

func TestScoreByHand(t *testing.T) {
	categories := []audit.Category{audit.Coding, audit.Math}
	rows := []Labelled{
		{Text: "a", Category: audit.Coding, Source: "x", Language: "en"},
		{Text: "b", Category: audit.Coding, Source: "x", Language: "de"},
		{Text: "c", Category: audit.Math, Source: "y", Language: "de"},
		{Text: "d", Category: audit.Math},
	}
	predictions := []Prediction{
		{Category: audit.Coding, Probability: 0.95, Sure: true},
		{Category: audit.Math, Probability: 0.55},
		{Category: audit.Math, Probability: 0.85, Sure: true},
		{Category: audit.Math, Probability: 1, Sure: true},
	}
	got := score(rows, predictions, categories)
	bins := slices.Clone(got.Reliability)
	got.Reliability = nil
	want := Score{
		Schema: ScoreSchema, Rows: 4,
		Accuracy: new(0.75), UnsureShare: new(0.25), AccuracyWhenSure: new(1.0),
		AccuracyInterval: Wilson(3, 4), WhenSureInterval: Wilson(3, 3),
		// |0.95 and 1: mean 0.975, right| ×2, |0.55, wrong|, |0.85, right|
		ExpectedCalibrationError: new((2*0.025 + 0.55 + 0.15) / 4),
		MacroF1:                  new((2.0/3 + 0.8) / 2),
		Confusion: map[audit.Category]map[audit.Category]int{
			audit.Coding: {audit.Coding: 1, audit.Math: 1}, audit.Math: {audit.Math: 2},
		},
		PerCategory: []CategoryScore{
			{audit.Coding, new(1.0), new(0.5), new(2.0 / 3), 2, Wilson(1, 2)},
			{audit.Math, new(2.0 / 3), new(1.0), new(0.8), 2, Wilson(2, 2)},
		},
		PerSource:   []SourceScore{{"x", 2, 0.5, Wilson(1, 2)}, {"y", 1, 1, Wilson(1, 1)}},
		PerLanguage: []LanguageScore{{"de", 2, 0.5, Wilson(1, 2)}, {"en", 1, 1, Wilson(1, 1)}},
	}
	if diff := cmp.Diff(want, got, cmpopts.EquateApprox(0, 1e-7)); diff != "" {
		t.Errorf("score (-want +got):\n%s", diff)
	}
	if len(bins) != 10 || bins[5].Rows != 1 || bins[8].Rows != 1 || bins[9].Rows != 2 || bins[0].MeanProbability != nil {
		t.Fatalf("reliability bins %+v", bins)
	}
	if *bins[5].Accuracy != 0 || math.Abs(*bins[9].MeanProbability-0.975) > 1e-12 {
		t.Errorf("bins: accuracy %v, mean %v", *bins[5].Accuracy, *bins[9].MeanProbability)
	}
}

func TestMeasureUnknownCategory(t *testing.T) {
	s, _ := MeasureErrors([]Labelled{{Text: "Write a haiku about rain.", Category: "legal"}}, Default())
	last := s.PerCategory[len(s.PerCategory)-1]
	if *s.Accuracy != 0 || last.Category != "legal" || last.Rows != 1 || last.Precision != nil || *last.Recall != 0 {
		t.Errorf("accuracy %v, last category %+v", *s.Accuracy, last)
	}
}

func TestMeasureEmpty(t *testing.T) {
	s, _ := MeasureErrors(nil, Default())
	if s.Accuracy != nil || s.MacroF1 != nil || s.UnsureShare != nil || s.AccuracyWhenSure != nil || s.MicrosecondsPerTask != nil {
		t.Errorf("a figure of no rows: %+v", s)
	}
	text, err := json.Marshal(s) // fails on NaN
	if err != nil {
		t.Fatal(err)
	}
	var fields map[string]any
	if err := json.Unmarshal(text, &fields); err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{
		"schema", "rows", "accuracy", "macro_f1", "unsure_share", "accuracy_when_sure",
		"microseconds_per_task", "confusion", "per_category", "per_source", "per_language", "reliability",
		"accuracy_interval", "accuracy_when_sure_interval", "expected_calibration_error", "why_missing",
	} {
		if _, ok := fields[name]; !ok {
			t.Errorf("no field %q in %s", name, text)
		}
	}
	for field, names := range map[string][]string{
		"per_category": {"category", "precision", "recall", "f1", "rows", "recall_interval"},
		"reliability":  {"low", "high", "rows", "mean_probability", "accuracy"},
	} {
		list, _ := fields[field].([]any)
		if len(list) == 0 {
			t.Fatalf("%s is empty", field)
		}
		one, _ := list[0].(map[string]any)
		for _, name := range names {
			if _, ok := one[name]; !ok {
				t.Errorf("%s has no field %q", field, name)
			}
		}
	}
	source, err := json.Marshal(SourceScore{"x", 2, 0.5, nil})
	if err != nil || string(source) != `{"source":"x","rows":2,"accuracy":0.5,"accuracy_interval":null}` {
		t.Errorf("source %s, error %v", source, err)
	}
}

func TestErrorRows(t *testing.T) {
	categories := []audit.Category{audit.Coding, audit.Math, audit.General}
	rows := []Labelled{{ID: "1", Category: audit.Coding}, {ID: "2", Category: audit.Math}, {ID: "3", Category: audit.Coding}}
	predictions := []Prediction{
		{Category: audit.Math, Probability: 0.5, Probabilities: []float64{0.2, 0.5, 0.3}},
		{Category: audit.Math, Probability: 0.9, Probabilities: []float64{0.05, 0.9, 0.05}},
		{Category: audit.General, Probability: 0.7, Probabilities: []float64{0.25, 0.05, 0.7}},
	}
	got := errorRows(rows, predictions, categories)
	if len(got) != 2 || got[0].ID != "3" || got[0].RunnerUp != audit.Coding || got[1].ID != "1" || got[1].RunnerUp != audit.General || got[1].RunnerUpProbability != 0.3 {
		t.Errorf("errors %+v", got)
	}
}

// The published limits are those of Newcombe 1998 (Statistics in Medicine 17, table
// I, method 3), to four decimals. Every limit θ solves |p − θ| = z·√(θ(1 − θ)/n).
func TestWilson(t *testing.T) {
	for _, c := range []struct {
		part, whole int
		low, high   float64
	}{
		{81, 263, 0.2553, 0.3662},
		{15, 148, 0.0624, 0.1605},
		{0, 20, 0, 0.1611},
		{1, 29, 0.0061, 0.1718},
	} {
		got := Wilson(c.part, c.whole)
		if math.Abs(got.Low-c.low) > 5.1e-5 || math.Abs(got.High-c.high) > 5.1e-5 {
			t.Errorf("%d of %d: [%.5f, %.5f], want [%.4f, %.4f]", c.part, c.whole, got.Low, got.High, c.low, c.high)
		}
		p, n := float64(c.part)/float64(c.whole), float64(c.whole)
		for _, limit := range []float64{got.Low, got.High} {
			if gap := math.Abs(p-limit) - normalQuantile*math.Sqrt(limit*(1-limit)/n); math.Abs(gap) > 1e-12 {
				t.Errorf("%d of %d: %v is no limit, off by %g", c.part, c.whole, limit, gap)
			}
		}
	}
	if all := Wilson(20, 20); all.High != 1 || math.Abs(all.Low-(1-Wilson(0, 20).High)) > 1e-12 {
		t.Errorf("20 of 20: %+v", all)
	}
	if Wilson(0, 0) != nil {
		t.Error("an interval of nothing")
	}
}
