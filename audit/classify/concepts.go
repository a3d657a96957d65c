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
	meanings map[uint64]meanings // by the hash of a word, phrase, stem or part
	filter   [1 << 14]uint64     // bit set of the hashes in meanings
	names    []string            // of the concepts, from 1
}

// meanings are the concepts of a word, in all languages that have it, and
// nothing behind the last.
type meanings [4]concept

// A word stands by the hash of its token, a phrase by the pairs of the hashes of
// its tokens, a stem by that of the beginning of a token, and a part by that of
// runes anywhere in a script without blanks.
const (
	stemSalt = 0x9ae16a3b2f90404f
	partSalt = 0xc949d7c7509e6557
)

// longestPhrase is the longest phrase, in tokens, and longestPart the longest
// word, in runes, of a script without blanks.
const (
	longestPhrase = 3
	longestPart   = 20
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
	l := &lexicon{meanings: map[uint64]meanings{}, names: []string{""}}
	var x extractor
	for _, row := range rows[1:] {
		c := concept(len(l.names))
		l.names = append(l.names, row[0])
		for i, cell := range row[1:] {
			for word := range strings.FieldsSeq(cell) {
				if err := l.add(&x, c, rows[0][i+1], word); err != nil {
					return nil, fmt.Errorf("concepts: %s, %s: %q: %w", row[0], rows[0][i+1], word, err)
				}
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

// add takes word in as one of c, taking it apart with x.
func (l *lexicon) add(x *extractor, c concept, language, word string) error {
	stem, isStem := strings.CutSuffix(word, "*")
	switch {
	case language == "zh" || language == "ja" || language == "th":
		return l.put(partSalt^wordHash([]rune(strings.ReplaceAll(word, "_", ""))), c)
	case isStem, language == "ko" && !strings.ContainsAny(word, "_/"):
		h := wordHash([]rune(stem))
		if err := l.put(stemSalt^h, c); err != nil {
			return err
		}
		return l.put(h, c) // which a whole word would hide
	}
	x.tokenize(strings.ReplaceAll(word, "_", " "))
	h := x.tokens[0].hash
	for _, t := range x.tokens[1:] {
		h = pair(h, t.hash)
	}
	return l.put(h, c)
}

func (l *lexicon) put(h uint64, c concept) error {
	of := l.meanings[h]
	at := slices.IndexFunc(of[:], func(o concept) bool { return o == c || o == 0 })
	if at < 0 {
		return fmt.Errorf("stands under more than %d concepts", len(of))
	}
	of[at] = c
	l.meanings[h] = of
	word, bit := l.filterBit(h)
	l.filter[word] |= bit
	return nil
}

func (l *lexicon) filterBit(h uint64) (word int, bit uint64) {
	return int(h >> 6 % uint64(len(l.filter))), 1 << (h & 63)
}

// look returns the concepts of a hash and whether it has any. The filter saves
// looking most hashes up.
func (l *lexicon) look(h uint64) (meanings, bool) {
	if word, bit := l.filterBit(h); l.filter[word]&bit == 0 {
		return meanings{}, false
	}
	of, ok := l.meanings[h]
	return of, ok
}

// A mention is a concept and the token of a text at which the word for it begins.
type mention struct {
	concept concept
	token   int32
}

// mention appends the concepts in of, meant at the token; what a phrase means, its
// first word need not say again.
func (of meanings) mention(out []mention, token int) []mention {
	for _, c := range of {
		if c == 0 {
			break
		}
		m := mention{c, int32(token)}
		if len(out) == 0 || out[len(out)-1] != m {
			out = append(out, m)
		}
	}
	return out
}

// isWordless tells whether words of the script stand without blanks.
func isWordless(class runeClass) bool {
	return class == classHan || class == classHiragana || class == classKatakana
}

// isThai tells whether r is of the Thai script, whose words stand without blanks.
func isThai(r rune) bool { return 0x0e00 <= r && r <= 0x0e7f }

// find appends what the tokens mention, in their order.
func (l *lexicon) find(out []mention, runes []rune, tokens []token) []mention {
	for i := 0; i < len(tokens); i++ {
		t := tokens[i]
		switch {
		case isWordless(t.class):
			j := i + 1
			for j < len(tokens) && isWordless(tokens[j].class) {
				j++
			}
			out = l.findParts(out, runes, tokens, i, j)
			i = j - 1
		case t.class != classLetter:
		case isThai(runes[t.start]):
			out = l.findParts(out, runes, tokens, i, i+1)
		default:
			out = l.findPhrases(out, tokens, i)
			out = l.word(t.hash, runes[t.start:t.end]).mention(out, i)
		}
	}
	return out
}

// findPhrases appends the concepts of the phrases that begin with token i.
func (l *lexicon) findPhrases(out []mention, tokens []token, i int) []mention {
	h := tokens[i].hash
	for _, t := range tokens[i+1 : min(i+longestPhrase, len(tokens))] {
		h = pair(h, t.hash)
		if of, ok := l.look(h); ok {
			out = of.mention(out, i)
		}
	}
	return out
}

// word returns the concepts of a word, or else of the longest stem that it begins with.
func (l *lexicon) word(hash uint64, word []rune) meanings {
	if of, ok := l.look(hash); ok {
		return of
	}
	return l.stem(word)
}

// longestArticle is how many letters an article before an apostrophe has: dell'area.
const longestArticle = 6

// stem returns the concepts of the longest stem that word begins with, or of what
// stands behind an article and its apostrophe.
func (l *lexicon) stem(word []rune) (best meanings) {
	h := uint64(hashOffset)
	for i, r := range word {
		if r == '\'' && i <= longestArticle && best[0] == 0 {
			rest := word[i+1:]
			return l.word(wordHash(rest), rest)
		}
		h = step(h, r)
		if of, ok := l.look(stemSalt ^ h); ok {
			best = of
		}
	}
	return best
}

// findParts appends the concepts of the longest parts in the tokens from:to, one
// behind the other.
func (l *lexicon) findParts(out []mention, runes []rune, tokens []token, from, to int) []mention {
	end := tokens[to-1].end
	for i := tokens[from].start; i < end; {
		for i >= tokens[from].end {
			from++
		}
		var best meanings
		size := int32(1)
		h := uint64(hashOffset)
		for n, r := range runes[i:min(i+longestPart, end)] {
			h = step(h, r)
			if of, ok := l.look(partSalt ^ h); ok {
				best, size = of, int32(n+1)
			}
		}
		out = best.mention(out, from)
		i += size
	}
	return out
}
