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
		{"a", audit.Coding, "x"}, {"b", audit.Coding, "x"}, {"c", audit.Math, "y"}, {"d", audit.Math, ""},
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
		MacroF1: new((2.0/3 + 0.8) / 2),
		Confusion: map[audit.Category]map[audit.Category]int{
			audit.Coding: {audit.Coding: 1, audit.Math: 1}, audit.Math: {audit.Math: 2},
		},
		PerCategory: []CategoryScore{
			{audit.Coding, new(1.0), new(0.5), new(2.0 / 3), 2},
			{audit.Math, new(2.0 / 3), new(1.0), new(0.8), 2},
		},
		PerSource: []SourceScore{{"x", 2, 0.5}, {"y", 1, 1}},
	}
	if diff := cmp.Diff(want, got, cmpopts.EquateApprox(0, 1e-12)); diff != "" {
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
	s := Measure([]Labelled{{Text: "Write a haiku about rain.", Category: "legal"}}, Default())
	last := s.PerCategory[len(s.PerCategory)-1]
	if *s.Accuracy != 0 || last.Category != "legal" || last.Rows != 1 || last.Precision != nil || *last.Recall != 0 {
		t.Errorf("accuracy %v, last category %+v", *s.Accuracy, last)
	}
}

func TestMeasureEmpty(t *testing.T) {
	s := Measure(nil, Default())
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
		"microseconds_per_task", "confusion", "per_category", "per_source", "reliability",
	} {
		if _, ok := fields[name]; !ok {
			t.Errorf("no field %q in %s", name, text)
		}
	}
	for field, names := range map[string][]string{
		"per_category": {"category", "precision", "recall", "f1", "rows"},
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
	source, err := json.Marshal(SourceScore{"x", 2, 0.5})
	if err != nil || string(source) != `{"source":"x","rows":2,"accuracy":0.5}` {
		t.Errorf("source %s, error %v", source, err)
	}
}
