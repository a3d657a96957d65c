package classify

import (
	"encoding/csv"
	"fmt"
	"math"
	"slices"
	"strings"
	"sync"

	"modeltrial/datasets"
)

// A concept is a row of the lexicon; 0 is none.
type concept uint8

// A lexicon finds the concepts of a text, such as "write", "poem" or "how
// many", whatever language they are in: what was learnt from the many texts in
// one language holds for the few in another.
type lexicon struct {
	words   map[uint64][]concept // by the hash of a token
	phrases map[uint64][]concept // by the pairs of the hashes of two or three tokens
	stems   map[uint64][]concept // by the hash of the beginning of a token
	parts   map[uint64][]concept // by the hash of runes anywhere in a script without blanks
	filter  [1 << 10]uint64      // bit set of the hashes in phrases, stems and parts
	names   []string             // of the concepts, from 1
}

// longestPhrase is the longest phrase, in tokens, and longestPart the longest
// word, in runes, of a script without blanks.
const (
	longestPhrase = 3
	longestPart   = 8
)

// embeddedLexicon is read from the file that comes with the program. It is
// checked by the tests, so a damaged one is a mistake of the build and panics.
var embeddedLexicon = sync.OnceValue(func() *lexicon {
	l, err := readLexicon(datasets.Concepts)
	if err != nil {
		panic(err)
	}
	return l
})

func readLexicon(file string) (*lexicon, error) {
	rows, err := csv.NewReader(strings.NewReader(file)).ReadAll()
	if err != nil {
		return nil, fmt.Errorf("concepts: %w", err)
	}
	if len(rows) < 2 || len(rows) > math.MaxUint8 {
		return nil, fmt.Errorf("concepts: %d rows, want 2 to %d", len(rows), math.MaxUint8)
	}
	l := &lexicon{
		words: map[uint64][]concept{}, phrases: map[uint64][]concept{},
		stems: map[uint64][]concept{}, parts: map[uint64][]concept{}, names: []string{""},
	}
	for _, row := range rows[1:] {
		c := concept(len(l.names))
		l.names = append(l.names, row[0])
		for i, cell := range row[1:] {
			for word := range strings.FieldsSeq(cell) {
				l.add(c, rows[0][i+1], word)
			}
		}
	}
	return l, nil
}

func wordHash(word []rune) uint64 {
	h := uint64(hashOffset)
	for _, r := range word {
		h = step(h, r)
	}
	return h
}

func (l *lexicon) add(c concept, language, word string) {
	put := func(m map[uint64][]concept, h uint64) {
		if !slices.Contains(m[h], c) {
			m[h] = append(m[h], c)
		}
	}
	stem, isStem := strings.CutSuffix(word, "*")
	switch {
	case language == "zh" || language == "ja":
		h := wordHash([]rune(strings.ReplaceAll(word, "_", "")))
		put(l.parts, h)
		l.mark(h)
	case isStem, language == "ko" && !strings.ContainsAny(word, "_/"):
		h := wordHash([]rune(stem))
		put(l.stems, h)
		l.mark(h)
	default:
		var x extractor
		x.tokenize(strings.ReplaceAll(word, "_", " "))
		h := x.tokens[0].hash
		for _, t := range x.tokens[1:] {
			h = pair(h, t.hash)
		}
		if len(x.tokens) == 1 {
			put(l.words, h)
		} else {
			put(l.phrases, h)
			l.mark(h)
		}
	}
}

// The filter saves looking most hashes up.

func (l *lexicon) mark(h uint64)        { l.filter[h>>6&(1<<10-1)] |= 1 << (h & 63) }
func (l *lexicon) marked(h uint64) bool { return l.filter[h>>6&(1<<10-1)]&(1<<(h&63)) != 0 }

// isWordless tells whether words of the script stand without blanks.
func isWordless(class runeClass) bool {
	return class == classHan || class == classHiragana || class == classKatakana
}

// find appends the concepts of the tokens in their order.
func (l *lexicon) find(out []concept, runes []rune, tokens []token) []concept {
	for i := 0; i < len(tokens); i++ {
		t := tokens[i]
		if isWordless(t.class) {
			j := i
			for j+1 < len(tokens) && isWordless(tokens[j+1].class) {
				j++
			}
			out = l.findParts(out, runes[t.start:tokens[j].end])
			i = j
			continue
		}
		if t.class != classLetter {
			continue
		}
		out = l.findPhrases(out, tokens[i:])
		if concepts, ok := l.words[t.hash]; ok {
			out = append(out, concepts...)
			continue
		}
		out = l.findStem(out, runes[t.start:t.end])
	}
	return out
}

// findPhrases appends the concepts of the phrases that tokens begin with.
func (l *lexicon) findPhrases(out []concept, tokens []token) []concept {
	h := tokens[0].hash
	for _, t := range tokens[1:min(longestPhrase, len(tokens))] {
		h = pair(h, t.hash)
		if l.marked(h) {
			out = append(out, l.phrases[h]...)
		}
	}
	return out
}

// findStem appends the concepts of the longest stem that word begins with, or
// the part of it behind an apostrophe.
func (l *lexicon) findStem(out []concept, word []rune) []concept {
	var best []concept
	h := uint64(hashOffset)
	for i, r := range word {
		if r == '\'' && i < 3 && best == nil { // an article: l'équation, dell'area
			rest := word[i+1:]
			if concepts, ok := l.words[wordHash(rest)]; ok {
				return append(out, concepts...)
			}
			return l.findStem(out, rest)
		}
		h = step(h, r)
		if l.marked(h) {
			if concepts, ok := l.stems[h]; ok {
				best = concepts
			}
		}
	}
	return append(out, best...)
}

func (l *lexicon) findParts(out []concept, runes []rune) []concept {
	for i := 0; i < len(runes); {
		var best []concept
		size := 1
		h := uint64(hashOffset)
		for n, r := range runes[i:min(i+longestPart, len(runes))] {
			h = step(h, r)
			if l.marked(h) {
				if concepts, ok := l.parts[h]; ok {
					best, size = concepts, n+1
				}
			}
		}
		out = append(out, best...)
		i += size
	}
	return out
}
