package classify

import (
	"math"
	"sync"
	"unicode"
	"unicode/utf8"
)

// Long prompts carry their instruction at the beginning or at the end, so only
// these many bytes of either end are read.
const (
	headBytes = 1500
	tailBytes = 1000
)

// edgeTokens is how many tokens at the beginning and at the end of a text
// count as its edges, and longestGram the longest character n-gram.
const (
	edgeTokens  = 14
	longestGram = 5
)

// The groups of hashed features. Each group is scaled to unit length on its
// own, so a page of pasted text cannot drown the one line that says what to do
// with it.
const (
	groupWords = iota // words and pairs of words of the whole text
	groupGrams        // character n-grams of the words
	groupHead         // words, pairs and triples at the beginning
	groupTail         // words and pairs at the end
	groupCount
)

// The dense features.
const (
	denseBias = iota
	denseLength
	denseCodeSymbols
	denseDigits
	denseQuestion
	denseQuestionEnd
	denseLines
	denseFence
	denseMixedCase
	denseIndent
	denseNonLatin
	denseColonEnd
	denseChoices
	denseFormula
	denseCount
)

// classes of runes; runs of one class form a token.
type runeClass uint8

const (
	classSpace runeClass = iota
	classNewline
	classLetter
	classDigit
	classHan
	classHiragana
	classKatakana
	classSymbol
)

// A token is a run runes[start:end] with the hash of all of it.
type token struct {
	start, end int32
	hash       uint64
	class      runeClass
}

// extractor holds the buffers of one extraction; it is reused through a pool.
type extractor struct {
	runes   []rune
	tokens  []token
	seen    []uint64 // bit set over the buckets
	mask    uint64
	buckets [groupCount][]uint32
	dense   [denseCount]float64
}

const (
	hashOffset = 14695981039346656037
	hashPrime  = 1099511628211
)

func newExtractor(bits uint) *extractor {
	return &extractor{seen: make([]uint64, (1<<bits+63)/64), mask: 1<<bits - 1}
}

func newExtractorPool(bits uint) *sync.Pool {
	return &sync.Pool{New: func() any { return newExtractor(bits) }}
}

// extract fills buckets, without duplicates within a group, and dense.
func (x *extractor) extract(text string) {
	x.tokenize(text)
	x.group(groupWords, x.addWords)
	x.group(groupGrams, x.addGrams)
	x.group(groupHead, x.addHead)
	x.group(groupTail, x.addTail)
}

// tokenize reads both ends of text into runes and tokens and computes the
// dense features on the way.
func (x *extractor) tokenize(text string) {
	x.runes, x.tokens = x.runes[:0], x.tokens[:0]
	counts := counter{}
	if len(text) <= headBytes+tailBytes {
		x.scan(text, &counts)
	} else {
		x.scan(text[:headBytes], &counts)
		x.scan(text[len(text)-tailBytes:], &counts)
	}
	counts.fill(&x.dense, len(text))
}

// A counter counts what the dense features are made of.
type counter struct {
	runes, letters, code, digits, questions, lines, fences int
	mixed, indents, nonLatin, choices, formula             int
	last                                                   rune
}

func (x *extractor) scan(text string, c *counter) {
	var before rune // the rune before, in its original case
	open := -1      // start of the token being read
	var hash uint64 = hashOffset
	class := classSpace
	for i := 0; i < len(text); {
		r, size := rune(text[i]), 1
		if r >= utf8.RuneSelf {
			r, size = utf8.DecodeRuneInString(text[i:])
		}
		i += size
		k := classOf(r)
		if r == '\'' && class == classLetter {
			k = classLetter
		}
		c.count(before, r, k)
		before = r
		if k != class || k == classSymbol && len(x.runes)-open >= 2 {
			x.close(open, hash, class)
			open, hash, class = len(x.runes), hashOffset, k
		}
		if k == classSpace {
			continue
		}
		if k == classDigit {
			r = '0'
		} else {
			r = lower(r)
		}
		x.runes = append(x.runes, r)
		hash = step(hash, r)
	}
	x.close(open, hash, class)
}

// close ends the token that began at open.
func (x *extractor) close(open int, hash uint64, class runeClass) {
	if class == classSpace || open < 0 || open == len(x.runes) {
		return
	}
	if class == classDigit { // one digit, two, or more: the length tells enough
		hash = uint64(hashOffset) + uint64(min(len(x.runes)-open, 3))
	}
	if class == classNewline {
		hash = hashOffset ^ '\n'
	}
	x.tokens = append(x.tokens, token{int32(open), int32(len(x.runes)), hash, class})
}

func step(h uint64, r rune) uint64 { return (h ^ uint64(uint32(r))) * hashPrime }

func lower(r rune) rune {
	if r < utf8.RuneSelf {
		if 'A' <= r && r <= 'Z' {
			return r + 'a' - 'A'
		}
		return r
	}
	return unicode.ToLower(r)
}

func classOf(r rune) runeClass {
	switch {
	case 'a' <= r && r <= 'z', 'A' <= r && r <= 'Z':
		return classLetter
	case r == '\n':
		return classNewline
	case r <= ' ':
		return classSpace
	case '0' <= r && r <= '9':
		return classDigit
	case r < utf8.RuneSelf:
		return classSymbol
	case 0x3041 <= r && r <= 0x309f:
		return classHiragana
	case 0x30a0 <= r && r <= 0x30ff:
		return classKatakana
	case unicode.IsLetter(r):
		if unicode.Is(unicode.Han, r) {
			return classHan
		}
		return classLetter
	case unicode.IsSpace(r):
		return classSpace
	case unicode.IsDigit(r):
		return classDigit
	case unicode.IsMark(r):
		return classLetter
	}
	return classSymbol
}

func (c *counter) count(before, r rune, k runeClass) {
	c.runes++
	switch k {
	case classSpace:
		if before == '\n' {
			c.indents++
		}
		return
	case classNewline:
		c.lines++
		return
	case classDigit:
		c.digits++
	case classLetter:
		c.letters++
		if 'A' <= r && r <= 'Z' && 'a' <= before && before <= 'z' {
			c.mixed++
		}
	case classHan, classHiragana, classKatakana:
		c.letters++
	case classSymbol:
		c.symbol(before, r)
	}
	if r > 0x24f && k != classSymbol {
		c.nonLatin++
	}
	c.last = r
}

func (c *counter) symbol(before, r rune) {
	switch r {
	case '{', '}', ';', '=', '<', '>', '[', ']', '_', '#', '&', '|':
		c.code++
	case '`':
		c.fences++
	case '?', '？':
		c.questions++
	case ')':
		if 'A' <= before && before <= 'E' || 'a' <= before && before <= 'e' {
			c.choices++
		}
	case '$', '\\', '^', '√', '∫', '≤', '≥', '∑', '∈':
		c.formula++
	}
}

func (c *counter) fill(dense *[denseCount]float64, bytes int) {
	n := float64(max(c.runes, 1))
	*dense = [denseCount]float64{
		denseBias:        1,
		denseLength:      math.Log1p(float64(bytes)) / 8,
		denseCodeSymbols: min(10*float64(c.code)/n, 2),
		denseDigits:      min(10*float64(c.digits)/n, 2),
		denseQuestion:    flag(c.questions > 0),
		denseQuestionEnd: flag(c.last == '?' || c.last == '？'),
		denseLines:       math.Log1p(float64(c.lines)) / 4,
		denseFence:       flag(c.fences >= 3),
		denseMixedCase:   min(30*float64(c.mixed)/n, 2),
		denseIndent:      min(20*float64(c.indents)/n, 2),
		denseNonLatin:    float64(c.nonLatin) / n,
		denseColonEnd:    flag(c.last == ':'),
		denseChoices:     flag(c.choices >= 3),
		denseFormula:     min(20*float64(c.formula)/n, 2),
	}
}

func flag(b bool) float64 {
	if b {
		return 1
	}
	return 0
}

// group collects the buckets that fill adds, each once.
func (x *extractor) group(g int, fill func(out []uint32) []uint32) {
	out := fill(x.buckets[g][:0])
	for _, b := range out {
		x.seen[b/64] &^= 1 << (b % 64)
	}
	x.buckets[g] = out
}

// add appends the bucket of hash unless it is already there.
func (x *extractor) add(out []uint32, hash uint64) []uint32 {
	hash ^= hash >> 32
	hash *= 0x9e3779b97f4a7c15
	b := uint32(hash >> 40 & x.mask)
	if x.seen[b/64]&(1<<(b%64)) != 0 {
		return out
	}
	x.seen[b/64] |= 1 << (b % 64)
	return append(out, b)
}

func pair(a, b uint64) uint64 { return (a*31+1)*hashPrime ^ b }

func (x *extractor) addWords(out []uint32) []uint32 {
	var last uint64 = 1
	for _, t := range x.tokens {
		out = x.add(out, t.hash)
		out = x.add(out, pair(last, t.hash))
		last = t.hash
	}
	return out
}

func (x *extractor) addGrams(out []uint32) []uint32 {
	const boundary = 0
	for _, t := range x.tokens {
		if t.class == classNewline || t.class == classDigit {
			continue
		}
		word := x.runes[t.start:t.end]
		for i := -1; i < len(word); i++ {
			h := uint64(hashOffset ^ 0xff51afd7ed558ccd)
			for n := range longestGram {
				j := i + n
				if j > len(word) {
					break
				}
				r := rune(boundary)
				if j >= 0 && j < len(word) {
					r = word[j]
				}
				h = step(h, r)
				if n > 0 {
					out = x.add(out, h)
				}
			}
		}
	}
	return out
}

func (x *extractor) addHead(out []uint32) []uint32 {
	return x.addEdge(out, x.tokens[:min(edgeTokens, len(x.tokens))], 0x5bd1e995)
}

func (x *extractor) addTail(out []uint32) []uint32 {
	return x.addEdge(out, x.tokens[max(len(x.tokens)-edgeTokens, 0):], 0xc2b2ae35)
}

func (x *extractor) addEdge(out []uint32, tokens []token, salt uint64) []uint32 {
	before, last := salt, salt
	for _, t := range tokens {
		out = x.add(out, pair(salt, t.hash))
		out = x.add(out, pair(salt, pair(last, t.hash)))
		out = x.add(out, pair(salt, pair(before, pair(last, t.hash))))
		before, last = last, t.hash
	}
	return out
}
