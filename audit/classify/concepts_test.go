package classify

import (
	"encoding/csv"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"modeltrial/datasets"
)

func TestLexiconFinds(t *testing.T) {
	l := embeddedLexicon()
	x := newExtractor(8)
	for _, c := range []struct {
		text string
		want []string
	}{
		{"Write a poem", []string{"write", "poem"}},
		{"Gedichte schreiben", []string{"poem", "write"}},
		{"résous l'équation", []string{"solve", "equation"}},
		{"How many?", []string{"how many"}},
		{"帮我写一首诗", []string{"write", "poem"}},
		{"詩を書いて", []string{"poem", "write"}},
		{"이야기를 써 줘", []string{"story", "write"}},
		{"Scrivi dell'equazione", []string{"write", "equation"}},
		{"เขียนบทกวี", []string{"write", "poem"}},
		{"Escreva um poema", []string{"write", "poem"}},
		{"", nil},
		{"zzz", nil},
	} {
		x.tokenize(c.text)
		var got []string
		for _, m := range l.find(nil, x.runes, x.tokens) {
			got = append(got, l.names[m.concept])
		}
		if diff := cmp.Diff(c.want, got); diff != "" {
			t.Errorf("%q (-want +got):\n%s", c.text, diff)
		}
	}
}

// Every word of the dictionary is found, so none has a capital letter, a sign
// or a length that the reading cannot match.
func TestLexiconReadsItsOwnWords(t *testing.T) {
	l := embeddedLexicon()
	rows, err := csv.NewReader(strings.NewReader(datasets.Concepts)).ReadAll()
	if err != nil {
		t.Fatal(err)
	}
	x := newExtractor(8)
	for i, row := range rows[1:] {
		for j, cell := range row[1:] {
			for word := range strings.FieldsSeq(cell) {
				text := strings.NewReplacer("_", " ", "*", "").Replace(word)
				x.tokenize(text)
				if !slices.ContainsFunc(l.find(nil, x.runes, x.tokens), func(m mention) bool { return m.concept == concept(i+1) }) {
					t.Errorf("%s, %s: %q is not found", row[0], rows[0][j+1], word)
				}
			}
		}
	}
}

func TestLexiconRefuses(t *testing.T) {
	for _, file := range []string{
		"", "concept,en\n", "concept,en\n\"a", "concept,en\na,x\nb,x\nc,x\nd,x\ne,x\n",
	} {
		if _, err := readLexicon(file); err == nil {
			t.Errorf("%q is read", file)
		}
	}
}
