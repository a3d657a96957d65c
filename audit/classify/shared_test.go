package classify

import (
	"encoding/csv"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"unicode"

	"modeltrial/audit"
	"modeltrial/datasets"
)

// sharedRows reads labelled prompts of sources that no training text comes
// from, and skips the test where they are not on this machine.
func sharedRows(t *testing.T) []Labelled {
	t.Helper()
	path := filepath.Join(sharedFolder(t), "data", "classify", "train.csv")
	f, err := os.Open(path)
	if os.IsNotExist(err) {
		t.Skipf("no labelled prompts: %v; set MODELTRIAL_SHARED to the folder that has data/classify/train.csv", err)
	}
	if err != nil {
		t.Fatal(err)
	}
	defer func() {
		if err := f.Close(); err != nil {
			t.Error(err)
		}
	}()
	records, err := csv.NewReader(f).ReadAll()
	if err != nil {
		t.Fatalf("%s: %v", path, err)
	}
	if len(records) < 2 {
		t.Fatalf("%s: no rows", path)
	}
	column := map[string]int{}
	for i, name := range records[0] {
		column[name] = i
	}
	for _, name := range []string{"prompt", "category", "source"} {
		if _, ok := column[name]; !ok {
			t.Fatalf("%s: no column %q", path, name)
		}
	}
	rows := make([]Labelled, 0, len(records)-1)
	for _, r := range records[1:] {
		rows = append(rows, Labelled{
			Text: r[column["prompt"]], Category: audit.Category(r[column["category"]]), Source: r[column["source"]],
		})
	}
	return rows
}

func sharedFolder(t *testing.T) string {
	t.Helper()
	if folder := os.Getenv("MODELTRIAL_SHARED"); folder != "" {
		return folder
	}
	root, err := os.Getwd()
	if err != nil {
		t.Fatal(err)
	}
	for {
		if _, err := os.Stat(filepath.Join(root, "go.mod")); err == nil {
			return filepath.Join(filepath.Dir(root), "shared")
		}
		up := filepath.Dir(root)
		if up == root {
			t.Skip("no labelled prompts: no go.mod above the working folder and MODELTRIAL_SHARED is not set")
		}
		root = up
	}
}

// The labelled prompts may be measured on and nothing else: no training text
// is one of them or has thirteen words in a row from one.
func TestNoTrainingTextIsMeasuredOn(t *testing.T) {
	const run = 13
	words := func(text string) []string {
		return strings.FieldsFunc(strings.ToLower(text), func(r rune) bool { return !unicode.IsLetter(r) && !unicode.IsDigit(r) })
	}
	measured := map[string]bool{}
	for _, row := range sharedRows(t) {
		all := words(row.Text)
		if len(all) >= 5 {
			measured[strings.Join(all, " ")] = true
		}
		for i := range max(len(all)-run+1, 0) {
			measured[strings.Join(all[i:i+run], " ")] = true
		}
	}
	examples, err := ReadExamples(datasets.TrainingTexts())
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range examples {
		all := words(e.Text)
		same := measured[strings.Join(all, " ")]
		for i := range max(len(all)-run+1, 0) {
			same = same || measured[strings.Join(all[i:i+run], " ")]
		}
		if same {
			t.Errorf("of the labelled prompts: %.200q", e.Text)
		}
	}
}

func TestUnseenSources(t *testing.T) {
	s, _ := MeasureErrors(sharedRows(t), Default())
	for _, floor := range []struct {
		name  string
		value *float64
		least float64
	}{
		{"accuracy", s.Accuracy, 0.874},
		{"macro F1", s.MacroF1, 0.878},
		{"accuracy when sure", s.AccuracyWhenSure, 0.95},
	} {
		if floor.value == nil {
			t.Fatalf("%s is undefined", floor.name)
		}
		t.Logf("%s %.4f", floor.name, *floor.value)
		if *floor.value < floor.least {
			t.Errorf("%s is %.4f, want at least %.3f", floor.name, *floor.value, floor.least)
		}
	}
	if *s.UnsureShare > 0.30 {
		t.Errorf("unsure of %.3f, want at most 0.30", *s.UnsureShare)
	}
	t.Logf("%d rows, unsure %.3f, calibration error %.3f, %.1f µs a task", s.Rows, *s.UnsureShare, *s.ExpectedCalibrationError, *s.MicrosecondsPerTask)
	for _, c := range s.PerCategory {
		if c.Precision == nil || c.Recall == nil || c.F1 == nil {
			t.Errorf("%s: no rows or no predictions", c.Category)
			continue
		}
		if *c.Recall < 0.80 {
			t.Errorf("%s: recall %.3f, want at least 0.80", c.Category, *c.Recall)
		}
		t.Logf("%-10s precision %.3f recall %.3f F1 %.3f of %d", c.Category, *c.Precision, *c.Recall, *c.F1, c.Rows)
	}
	for _, c := range s.PerSource {
		t.Logf("%-20s %.3f of %d", c.Source, c.Accuracy, c.Rows)
	}
}
