package classify

import (
	"math"
	"slices"
	"testing"

	"modeltrial/audit"
)

// The contributions account for the whole score, so none is left out or counted
// twice.
func TestExplanationAddsUp(t *testing.T) {
	m := Default()
	texts := []string{"x", "\xff\xfe", "a\x00b", "Prove:\\nIs 2 even?", string(slices.Repeat([]byte("Was ist das? "), 400))}
	for _, c := range handPicked {
		texts = append(texts, c.text)
	}
	for _, text := range texts {
		p := m.Classify(text)
		want := math.Log(p.Probability)
		for _, q := range p.Probabilities {
			want -= math.Log(q) / float64(len(p.Probabilities))
		}
		got := 0.0
		last := math.Inf(1)
		for _, e := range m.Explain(text) {
			got += e.Contribution
			if math.Abs(e.Contribution) > last {
				t.Errorf("%.40q: %v is out of order", text, e)
			}
			last = math.Abs(e.Contribution)
		}
		if math.Abs(got-want) > 1e-6 {
			t.Errorf("%.40q: the contributions add up to %v, want %v", text, got, want)
		}
	}
}

func TestExplainNamesTheReason(t *testing.T) {
	m := Default()
	for _, c := range []struct {
		text, feature, kind string
		category            audit.Category
	}{
		{"Write a poem about the harbour at dawn.", "write + poem", "concept", audit.Creative},
		{"Schreibe ein Gedicht über den Hafen.", "write + poem", "concept", audit.Creative},
		{"秋についての詩を書いてください。", "poem", "concept", audit.Creative},
		{"How many apples are left?", "how many", "text", audit.Math},
		{"Why does my SQL query return NULL?", "sql", "text", audit.Coding},
	} {
		if p := m.Classify(c.text); p.Category != c.category {
			t.Errorf("%q is %s, want %s", c.text, p.Category, c.category)
		}
		found := false
		for _, e := range m.Explain(c.text) {
			found = found || e.Feature == c.feature && e.Kind == c.kind && e.Contribution > 0
		}
		if !found {
			t.Errorf("%q: %s %q does not speak for %s", c.text, c.kind, c.feature, c.category)
		}
	}
	if e := m.Explain(" \t"); e != nil {
		t.Errorf("a text without features has the evidence %v", e)
	}
}
