package classify

import (
	"bytes"
	"runtime"
	"testing"

	"modeltrial/datasets"
)

// The embedded weights are those that the embedded texts give.
func TestRetrainingGivesTheEmbeddedWeights(t *testing.T) {
	if raceDetector {
		t.Skip("training takes too long under the race detector; run without -race")
	}
	if testing.Short() {
		t.Skip("training takes some seconds; run without -short")
	}
	if runtime.GOARCH != "amd64" {
		t.Skipf("the embedded weights were trained on amd64, and %s may round differently", runtime.GOARCH)
	}
	examples, err := ReadExamples(datasets.TrainingTexts())
	if err != nil {
		t.Fatal(err)
	}
	m, err := Train(examples, DefaultOptions())
	if err != nil {
		t.Fatal(err)
	}
	var file bytes.Buffer
	if err := m.Write(&file); err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(file.Bytes(), datasets.Classifier) {
		t.Error(`datasets/classifier.bin is not what the training texts give; run "make train"`)
	}
}
