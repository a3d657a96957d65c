package classify

import (
	"math"
	"testing"

	"modeltrial/audit"
)

func TestSureThreshold(t *testing.T) {
	row := Labelled{Category: audit.Math}
	right := func(p float64) Prediction { return Prediction{Category: audit.Math, Probability: p} }
	wrong := func(p float64) Prediction { return Prediction{Category: audit.Coding, Probability: p} }
	for _, c := range []struct {
		name        string
		predictions []Prediction
		accuracy    float64
		want        float64
	}{
		{"all right", []Prediction{right(0.9), right(0.4)}, 0.95, 0},
		{"the doubtful one is wrong", []Prediction{right(0.9), right(0.8), wrong(0.5)}, 0.95, 0.51},
		{"two of three suffice", []Prediction{right(0.9), right(0.8), wrong(0.5)}, 0.6, 0},
		{"a sure error is outweighed", []Prediction{wrong(0.97), right(0.9), right(0.8), right(0.7), wrong(0.2)}, 0.75, 0.21},
		{"never right", []Prediction{wrong(0.9), wrong(0.3)}, 0.95, mostThreshold},
	} {
		t.Run(c.name, func(t *testing.T) {
			rows := make([]Labelled, len(c.predictions))
			for i := range rows {
				rows[i] = row
			}
			if got := sureThreshold(rows, c.predictions, c.accuracy); math.Abs(got-c.want) > 1e-6 {
				t.Errorf("threshold %v, want %v", got, c.want)
			}
		})
	}
}

func TestCalibrationError(t *testing.T) {
	if e := calibrationError(nil); e != nil {
		t.Errorf("without rows it is %v", *e)
	}
	bins := []ReliabilityBin{
		{Rows: 30, MeanProbability: new(0.65), Accuracy: new(0.6)},
		{Rows: 0},
		{Rows: 10, MeanProbability: new(0.9), Accuracy: new(1.0)},
	}
	want := (30*0.05 + 10*0.1) / 40
	if e := calibrationError(bins); e == nil || math.Abs(*e-want) > 1e-12 {
		t.Errorf("got %v, want %v", e, want)
	}
}

// Held-out scores come from models that have not seen the kind: where each
// category has one kind only, nothing can be right but by chance.
func TestHeldOutKindsAreUnseen(t *testing.T) {
	var examples []Example
	for _, word := range []string{"alder", "birch", "cedar", "daphne", "elder", "fir"} {
		for _, tail := range []string{"one", "two", "three", "four"} {
			examples = append(examples,
				Example{Text: word + " " + word, Category: audit.Math, Kind: word},
				Example{Text: word + " " + tail, Category: audit.Coding, Kind: tail})
		}
	}
	o := Options{Categories: []audit.Category{audit.Math, audit.Coding}, Bits: 10, Epochs: 3}
	m, err := Train(examples, o)
	if err != nil {
		t.Fatal(err)
	}
	s := m.HeldOut()
	if s == nil || s.Rows != len(examples) {
		t.Fatalf("held out %+v, want all %d examples", s, len(examples))
	}
	if len(s.PerSource) != 10 {
		t.Errorf("%d kinds, want 10", len(s.PerSource))
	}
	loaded, err := Load(written(t, m))
	if err != nil {
		t.Fatal(err)
	}
	if loaded.HeldOut() != nil {
		t.Error("a loaded model knows what was held out")
	}
	o.Threshold = 0.6
	if m, err = Train(examples, o); err != nil || math.Abs(m.Threshold()-0.6) > 1e-6 {
		t.Errorf("threshold %v and error %v, want the given 0.6", m.Threshold(), err)
	}
}
