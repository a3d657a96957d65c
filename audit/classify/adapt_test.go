package classify

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"iter"
	"math"
	"slices"
	"sync"
	"testing"

	"modeltrial/audit"
	"modeltrial/datasets"
)

// jargonLog is the log of a team whose name for its programs is its own: some prompts say
// plainly that they are about code, others only by that name. Every fourth is of the latter.
func jargonLog() (rows []Labelled) {
	plain := map[audit.Category][]string{
		audit.Coding: {
			"Why does borogove %d crash when the list is empty?",
			"Clean up borogove %d and split it into two files.",
			"Borogove build %d fails again with a stack trace. Fix the function.",
		},
		audit.Math: {
			"A tank holds %d litres and loses 3 litres an hour. After how many hours is it half empty?",
			"Solve for x: 3x + %d = 2x + 40.",
			"What is 15%% of %d, and what is the sum of both numbers?",
		},
		audit.Creative: {
			"Write a poem about autumn in %d lines.",
			"Write a short story in which a lighthouse keeper finds letter number %d on the beach.",
			"Write a song of %d verses about the sea.",
		},
		audit.General: {
			"Summarise the meeting of the %dth in three sentences: the budget was approved and the office moves in May.",
			"Translate into German: our office is open until %d o'clock.",
			"Who was the mayor of Vienna in 19%02d?",
		},
		audit.Reasoning: {
			"Ann is older than Bob and Bob is older than Cy, who is %d. Who is the youngest? Explain step by step.",
			"All wugs are daxes. No dax number %d is a fep. Can a wug be a fep? Give a logical argument.",
			"Five people sit in a row of %d seats. Dan is left of Eva, Fay is right of Gus. Who can sit in the middle?",
		},
	}
	jargon := []string{"Borogove %d is red again. Make it green.", "Add a retry to borogove %d.", "Review borogove %d."}
	for i := range 100 {
		for _, category := range audit.Categories {
			rows = append(rows, Labelled{Text: fmt.Sprintf(plain[category][i%3], i+10), Category: category, Source: "plain"})
		}
		rows = append(rows, Labelled{Text: fmt.Sprintf(jargon[i%3], i+10), Category: audit.Coding, Source: "jargon"})
	}
	return rows
}

// adaptedToJargon is the built-in model after it has learned the wording of that log.
var adaptedToJargon = sync.OnceValue(func() *Model {
	m, err := Default().Adapt(context.Background(), each(textsOf(jargonLog())))
	if err != nil {
		panic(err) // of neither texts nor context
	}
	return m
})

func each(texts []string) iter.Seq2[string, error] {
	return func(yield func(string, error) bool) {
		for _, text := range texts {
			if !yield(text, nil) {
				return
			}
		}
	}
}

func textsOf(rows []Labelled) []string {
	texts := make([]string, len(rows))
	for i, row := range rows {
		texts[i] = row.Text
	}
	return texts
}

// right is how many rows of a source a model files rightly, of how many.
func right(m *Model, rows []Labelled, source string) (right, all int) {
	for _, row := range rows {
		if row.Source != source {
			continue
		}
		all++
		right += count(m.Classify(row.Text).Category == row.Category)
	}
	return right, all
}

func TestAdaptLearnsTheWordingOfALog(t *testing.T) {
	rows := jargonLog()
	m, adapted := Default(), adaptedToJargon()
	if adapted == nil {
		t.Fatal("nothing was learned")
	}
	if adapted.Unadapted() != m || m.Unadapted() != m {
		t.Error("what it was before is lost")
	}
	alone, all := right(m, rows, "jargon")
	together, _ := right(adapted, rows, "jargon")
	if alone > all/2 || together < all*3/5 {
		t.Errorf("of %d prompts with the team's own word alone %d are right, after the log %d; want half at most, and three in five", all, alone, together)
	}
	for i, p := range adapted.ClassifyAll(textsOf(rows)) {
		if one := adapted.Classify(rows[i].Text); one.Category != p.Category || one.Probability != p.Probability {
			t.Errorf("%q is %v among others and %v alone", rows[i].Text, p, one)
		}
	}
	before, plain := right(m, rows, "plain")
	if after, _ := right(adapted, rows, "plain"); after < before {
		t.Errorf("of %d plain prompts %d were right, and %d after the log", plain, before, after)
	}
}

func TestAdaptIsRepeatable(t *testing.T) {
	if raceDetector {
		t.Skip("learning twice takes too long under the race detector; run without -race")
	}
	again, err := adaptedToJargon().Adapt(t.Context(), each(textsOf(jargonLog())))
	if err != nil {
		t.Fatal(err)
	}
	var first, second bytes.Buffer
	for file, m := range map[*bytes.Buffer]*Model{&first: adaptedToJargon(), &second: again} {
		if err := m.Write(file); err != nil {
			t.Fatal(err)
		}
	}
	if !bytes.Equal(first.Bytes(), second.Bytes()) {
		t.Error("the same log gave another model")
	}
}

// TestAdaptHasNothingToLearn: of a few tasks, or of tasks of one kind.
func TestAdaptHasNothingToLearn(t *testing.T) {
	texts := textsOf(jargonLog())
	nothing := func(what string, texts []string) {
		t.Helper()
		if m, err := Default().Adapt(t.Context(), each(texts)); m != nil || err != nil {
			t.Errorf("something was learned from %s, %v", what, err)
		}
	}
	nothing("too few texts", texts[:AdaptsFrom-1])
	var poems []string
	for i := range 300 {
		poems = append(poems, fmt.Sprintf("Write a poem about autumn in %d lines.", i))
	}
	nothing("one kind of work", poems)
	broken := errors.New("the log cannot be read")
	_, err := Default().Adapt(t.Context(), func(yield func(string, error) bool) {
		for i := 0; yield(texts[i], map[bool]error{i == 250: broken}[true]); i++ {
		}
	})
	if !errors.Is(err, broken) {
		t.Errorf("got %v of a log that cannot be read", err)
	}
	ended, end := context.WithCancel(t.Context())
	end()
	if m, err := Default().Adapt(ended, each(texts)); m != nil || !errors.Is(err, context.Canceled) {
		t.Errorf("got %v after the context had ended", err)
	}
	for texts, want := range map[int]int{0: 1, AdaptsFrom: 1, AdaptsTo: 1, AdaptsTo + 1: 2, 25_000: 3} {
		if got := AdaptsToOneIn(texts); got != want {
			t.Errorf("of %d texts one in %d is learned from, want %d", texts, got, want)
		}
	}
}

func TestAdaptedWriteLoad(t *testing.T) {
	if raceDetector {
		t.Skip("files of a model are read and written for half a minute under the race detector; run without -race")
	}
	rows := jargonLog()
	adapted := adaptedToJargon()
	var file bytes.Buffer
	if err := adapted.Write(&file); err != nil {
		t.Fatal(err)
	}
	loaded, err := Load(file.Bytes())
	if err != nil {
		t.Fatal(err)
	}
	if loaded.Threshold() != adapted.Threshold() || loaded.Temperature() != adapted.Temperature() {
		t.Error("loading changed the threshold or the temperature")
	}
	for name, written := range map[string]struct {
		data []byte
		want float64
	}{"adapted": {file.Bytes(), adapted.Threshold()}, "as embedded": {datasets.Classifier, Default().Threshold()}} {
		if got, err := ReadThreshold(written.data); err != nil || got != written.want {
			t.Errorf("%s: the threshold alone is %v, %v; want %v", name, got, err, written.want)
		}
	}
	for _, data := range [][]byte{nil, []byte("another file"), []byte(fileMagic), []byte(adaptedMagic), datasets.Classifier[:20]} {
		if _, err := ReadThreshold(data); !errors.Is(err, ErrWeights) {
			t.Errorf("of %d bytes got %v, want ErrWeights", len(data), err)
		}
	}
	for _, row := range rows[:50] {
		if got, want := loaded.Classify(row.Text), adapted.Classify(row.Text); !slices.Equal(got.Probabilities, want.Probabilities) || got.Sure != want.Sure {
			t.Errorf("%q: got %v after loading, want %v", row.Text, got, want)
		}
	}
	var base bytes.Buffer
	if err := loaded.Unadapted().Write(&base); err != nil || !bytes.Equal(base.Bytes(), datasets.Classifier) {
		t.Errorf("what it was before is not what was embedded, %v", err)
	}
	whole := file.Bytes()
	flipped := slices.Clone(whole)
	flipped[len(flipped)/2] ^= 1
	for name, data := range map[string][]byte{
		"magic alone": whole[:len(adaptedMagic)], "cut": whole[:len(whole)/2], "a flipped bit": flipped,
		"one model": adaptedFile(t, Default()), "other bits": adaptedFile(t, Default(), smallModel(t)),
		"an adapted one in it": adaptedFile(t, adapted, Default()),
	} {
		if m, err := Load(data); !errors.Is(err, ErrWeights) || m != nil {
			t.Errorf("%s: got model %v and error %v, want none and ErrWeights", name, m != nil, err)
		}
	}
}

// adaptedFile is a file of the models, whether they belong together or not.
func adaptedFile(t *testing.T, first *Model, others ...*Model) []byte {
	t.Helper()
	var file bytes.Buffer
	if err := (&Model{base: first, students: others}).Write(&file); err != nil {
		t.Fatal(err)
	}
	return file.Bytes()
}

func smallModel(t *testing.T) *Model {
	t.Helper()
	var examples []Example
	for i, category := range audit.Categories {
		examples = append(examples, Example{Text: fmt.Sprint("text number ", i), Category: category, Kind: fmt.Sprint(i)})
	}
	m, err := Train(examples, Options{Bits: 8, Epochs: 1})
	if err != nil {
		t.Fatal(err)
	}
	return m
}

// TestAdaptIsNoSurerOfOwnCategories than it was: nothing was measured of them.
func TestAdaptIsNoSurerOfOwnCategories(t *testing.T) {
	if raceDetector {
		t.Skip("training takes too long under the race detector; run without -race")
	}
	own := Options{Bits: 16, Epochs: 4}
	var examples []Example
	for i, row := range jargonLog() {
		category := "own " + row.Category
		if !slices.Contains(own.Categories, category) {
			own.Categories = append(own.Categories, category)
		}
		if i%6 < 5 && i < 120 {
			examples = append(examples, Example{Text: row.Text, Category: category, Kind: row.Text})
		}
	}
	m, err := Train(examples, own)
	if err != nil {
		t.Fatal(err)
	}
	adapted, err := m.Adapt(t.Context(), each(textsOf(jargonLog())))
	if err != nil || adapted == nil {
		t.Fatalf("nothing was learned, %v", err)
	}
	said := func(m *Model) (mean float64) {
		for _, row := range jargonLog() {
			mean += m.Classify(row.Text).Probability / float64(len(jargonLog()))
		}
		return mean
	}
	before, after := said(m), said(adapted)
	if math.Abs(before-after) > 0.02 || adapted.Threshold() != m.Threshold() {
		t.Errorf("the mean probability was %.3f and is %.3f, the threshold was %.3f and is %.3f; want the same",
			before, after, m.Threshold(), adapted.Threshold())
	}
}

// TestUnseenSourcesAsALog holds what the wording of the labelled prompts adds, of which
// nothing but the texts is learned from.
func TestUnseenSourcesAsALog(t *testing.T) {
	if raceDetector {
		t.Skip("learning from 5,000 prompts takes too long under the race detector; run without -race")
	}
	s, _, err := MeasureLog(t.Context(), sharedRows(t), Default())
	if err != nil {
		t.Fatal(err)
	}
	if s.Alone == nil || *s.Alone.Accuracy >= *s.Accuracy {
		t.Fatalf("got accuracy %.4f and alone %+v, want more than alone", *s.Accuracy, s.Alone)
	}
	if *s.Accuracy < 0.895 || *s.MacroF1 < 0.899 || *s.AccuracyWhenSure < 0.958 || *s.UnsureShare > 0.20 {
		t.Errorf("accuracy %.4f, macro F1 %.4f, when sure %.4f, unsure %.4f; want 0.895, 0.899, 0.958 and 0.20 at most",
			*s.Accuracy, *s.MacroF1, *s.AccuracyWhenSure, *s.UnsureShare)
	}
	for _, c := range s.PerCategory {
		if *c.Recall < 0.825 {
			t.Errorf("%s: recall %.3f, want at least 0.825", c.Category, *c.Recall)
		}
	}
	t.Logf("accuracy %.4f alone %.4f, unsure %.3f, when sure %.3f, calibration error %.3f", *s.Accuracy, *s.Alone.Accuracy, *s.UnsureShare, *s.AccuracyWhenSure, *s.ExpectedCalibrationError)
}

// BenchmarkAdapt learns the wording of a log of as many tasks as it ever learns from; the
// bare limit is to file them.
func BenchmarkAdapt(b *testing.B) {
	examples, err := ReadExamples(datasets.TrainingTexts())
	if err != nil {
		b.Fatal(err)
	}
	texts := make([]string, AdaptsTo)
	for i := range texts {
		texts[i] = examples[i*len(examples)/AdaptsTo].Text
	}
	b.Run("learn", func(b *testing.B) {
		for b.Loop() {
			if _, err := Default().Adapt(b.Context(), each(texts)); err != nil {
				b.Fatal(err)
			}
		}
	})
	b.Run("file", func(b *testing.B) {
		for b.Loop() {
			for _, text := range texts {
				Default().Classify(text)
			}
		}
	})
}

// BenchmarkClassifyLog files different prompts of about 500 characters, of which no two find
// the same weights in the processor's cache: by the built-in model, and by one that was
// adapted to them.
func BenchmarkClassifyLog(b *testing.B) {
	examples, err := ReadExamples(datasets.TrainingTexts())
	if err != nil {
		b.Fatal(err)
	}
	var texts []string
	for _, e := range examples {
		if len(e.Text) >= 400 && len(e.Text) <= 600 && len(texts) < 2000 {
			texts = append(texts, e.Text)
		}
	}
	adapted, err := Default().Adapt(b.Context(), each(texts))
	if err != nil || adapted == nil {
		b.Fatalf("nothing was learned, %v", err)
	}
	for name, m := range map[string]*Model{"alone": Default(), "adapted": adapted} {
		m.ClassifyAll(texts) // parts are made once
		b.Run(name, func(b *testing.B) {
			for b.Loop() {
				m.ClassifyAll(texts)
			}
			b.ReportMetric(float64(b.Elapsed().Microseconds())/float64(b.N*len(texts)), "µs/task")
		})
	}
}
