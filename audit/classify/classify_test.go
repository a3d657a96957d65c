package classify

import (
	"math"
	"strings"
	"sync"
	"testing"
	"unicode/utf8"

	"github.com/google/go-cmp/cmp"

	"modeltrial/audit"
)

var handPicked = []struct {
	text string
	want audit.Category
}{
	{"Write a Go function that merges two sorted slices of int without allocating twice.", audit.Coding},
	{"Why does this SQL query return duplicate rows?\nSELECT o.id FROM orders o JOIN items i ON i.order_id = o.id;", audit.Coding},
	{"Schreibe eine Python-Funktion, die doppelte Zeilen aus einer CSV-Datei entfernt.", audit.Coding},
	{"Escribe una función en JavaScript que valide una dirección de correo.", audit.Coding},
	{"CSVファイルを読み込んで重複行を削除するPythonの関数を書いてください。", audit.Coding},
	{"Solve for x: 3x^2 - 12x + 9 = 0.", audit.Math},
	{"Compute the integral of x * e^x from 0 to 1.", audit.Math},
	{"Résous l'équation 2x + 7 = 19 et donne la valeur de x.", audit.Math},
	{"Calcule a derivada de f(x) = 3x^2 + 5x.", audit.Math},
	{"Calcola l'area di un triangolo con base 8 cm e altezza 5 cm.", audit.Math},
	{"Write a short poem about a lighthouse keeper who misses the sea.", audit.Creative},
	{"Schreibe ein Gedicht über den ersten Schnee in der Stadt.", audit.Creative},
	{"Écris une courte histoire sur un chat qui garde une librairie.", audit.Creative},
	{"Scrivi una poesia sull'autunno in collina.", audit.Creative},
	{"Anna is older than Ben, and Ben is older than Carl. Who is the youngest? Explain step by step.", audit.Reasoning},
	{"All glims are trons. No tron is a vash. Can a glim be a vash? Explain your reasoning.", audit.Reasoning},
	{"What is the capital of Portugal?", audit.General},
	{"Summarize the following text in two sentences: The council met on Monday to talk about the new bridge.", audit.General},
	{"Qual é a capital da Austrália?", audit.General},
	{"¿Cuál es la capital de Noruega?", audit.General},
}

func TestHandPicked(t *testing.T) {
	for _, c := range handPicked {
		p := Default().Classify(c.text)
		checkPrediction(t, Default(), p)
		if p.Category != c.want {
			t.Errorf("%q: %s (%.2f), want %s", c.text, p.Category, p.Probability, c.want)
		}
	}
}

func TestClassifyTask(t *testing.T) {
	m := Default()
	const code, poem = "Write a Python function that parses a log file into a dict.", "Write a poem about rain."
	long := "Write a short poem about the old harbour at dawn, the gulls, the ropes, and the last boat that leaves."
	for _, c := range []struct{ name, system, prompt, previous, reads string }{
		{"follow-up", "", "Make it shorter.", code, code + "\nMake it shorter."},
		{"short without a turn before", "", poem, "", poem},
		{"long prompt stands alone", code, long, code, long},
		{"empty prompt", code, "", "", code},
		{"empty prompt with a turn before", poem, "", code, code + "\n"},
		{"nothing", "", "", "", ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			if diff := cmp.Diff(m.Classify(c.reads), m.ClassifyTask(c.system, c.prompt, c.previous)); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
		})
	}
	if p := m.ClassifyTask("", "Make it shorter.", code); p.Category != audit.Coding {
		t.Errorf("follow-up to code is %s", p.Category)
	}
}

func TestEmptyTextIsUnsure(t *testing.T) {
	for _, text := range []string{"", " \t "} {
		if p := Default().Classify(text); p.Sure || p.Category != audit.General {
			t.Errorf("%q: %+v", text, p)
		}
	}
}

func TestSameResultConcurrently(t *testing.T) {
	m := Default()
	want := make([]Prediction, len(handPicked))
	for i, c := range handPicked {
		want[i] = m.Classify(c.text)
	}
	var group sync.WaitGroup
	for worker := range 8 {
		group.Go(func() {
			for i := range 10 * len(handPicked) {
				at := (i + worker) % len(handPicked)
				if got := m.Classify(handPicked[at].text); !cmp.Equal(want[at], got) {
					t.Errorf("%q: %+v, want %+v", handPicked[at].text, got, want[at])
				}
			}
		})
	}
	group.Wait()
}

func TestLongText(t *testing.T) {
	text := strings.Repeat("Ein Satz mit Umlauten: äöü. ", 20<<20/31+1)
	checkPrediction(t, Default(), Default().Classify(text))
}

// checkPrediction verifies what holds for every prediction.
func checkPrediction(t *testing.T, m *Model, p Prediction) {
	t.Helper()
	total, known := 0.0, false
	for i, v := range p.Probabilities {
		if math.IsNaN(v) || v < 0 || v > 1 || v > p.Probability {
			t.Errorf("probability %v of %v", v, p)
		}
		total += v
		known = known || m.categories[i] == p.Category && v == p.Probability
	}
	if len(p.Probabilities) != len(m.categories) || !known || math.Abs(total-1) > 1e-9 {
		t.Errorf("inconsistent prediction %+v", p)
	}
	if p.Sure && p.Probability < m.threshold {
		t.Errorf("sure below the threshold: %+v", p)
	}
}

func FuzzClassify(f *testing.F) {
	for _, c := range handPicked {
		f.Add([]byte(c.text))
	}
	for _, text := range []string{"", "\x00", "a\x00b", "\xff\xfe\xfd", "\xe3\x81", "\n\n\n", "'''", strings.Repeat("é", 1300)} {
		f.Add([]byte(text))
	}
	f.Fuzz(func(t *testing.T, text []byte) {
		p := Default().Classify(string(text))
		checkPrediction(t, Default(), p)
		if !cmp.Equal(p, Default().Classify(string(text))) {
			t.Error("the second result differs")
		}
	})
}

var benchmarkText = strings.Repeat("Please read the customer's message and draft a polite answer in two short paragraphs. ", 6)[:500]

func BenchmarkClassify(b *testing.B) {
	m := Default()
	b.ReportAllocs()
	b.SetBytes(int64(len(benchmarkText)))
	for b.Loop() {
		m.Classify(benchmarkText)
	}
}

// BenchmarkDecode is the limit of BenchmarkClassify: it only reads the runes.
func BenchmarkDecode(b *testing.B) {
	b.ReportAllocs()
	b.SetBytes(int64(len(benchmarkText)))
	var sum rune
	for b.Loop() {
		for i := 0; i < len(benchmarkText); {
			r, size := utf8.DecodeRuneInString(benchmarkText[i:])
			sum += r
			i += size
		}
	}
	if sum == 0 {
		b.Error("no runes")
	}
}
