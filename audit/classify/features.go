package classify

import "sync"

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
	groupWords    = iota // words and pairs of words of the whole text
	groupGrams           // character n-grams of the words
	groupHead            // words, pairs and triples at the beginning
	groupTail            // words and pairs at the end
	groupShape           // beginnings of sentences and the make of the text
	groupConcepts        // what the text is about, in any language
	groupEnds            // what it is about at its beginning and at its end
	groupFrames          // in what order it says so
	groupCount
)

// extractor holds the buffers of one extraction; it is reused through a pool.
type extractor struct {
	lexicon  *lexicon
	runes    []rune
	tokens   []token
	seen     []uint64 // bit set over the buckets
	mask     uint64
	buckets  [groupCount][]uint32
	dense    [denseCount]float64
	makeup   [makeupCount]uint64
	starts   []int // tokens that begin a sentence
	mentions []mention
	frame    []part
	// at is where the feature being added comes from. With traced, origins has
	// that of each bucket, and offsets where each rune is in the text.
	at      origin
	traced  bool
	origins [groupCount][]origin
	offsets []int
}

// An origin is the runes [from:to] that a feature was made of, or the concepts
// a and b, or else the makeup of the whole text.
type origin struct {
	from, to int32
	a, b     uint8
}

const (
	hashOffset = 14695981039346656037
	hashPrime  = 1099511628211
)

func newExtractor(bits uint) *extractor {
	return &extractor{lexicon: embeddedLexicon(), seen: make([]uint64, (1<<bits+63)/64), mask: 1<<bits - 1}
}

// newExtractorPool reads the dictionary on the way, so that loading a model takes that
// time and not the first text.
func newExtractorPool(bits uint) *sync.Pool {
	embeddedLexicon()
	return &sync.Pool{New: func() any { return newExtractor(bits) }}
}

// extract fills buckets, without duplicates within a group, and dense.
func (x *extractor) extract(text string) {
	x.tokenize(text)
	x.group(groupWords, x.addWords)
	x.group(groupGrams, x.addGrams)
	x.group(groupHead, x.addHead)
	x.group(groupTail, x.addTail)
	x.group(groupShape, x.addShape)
	x.findConcepts()
	x.group(groupConcepts, x.addConcepts)
	x.group(groupEnds, x.addEnds)
	x.group(groupFrames, x.addFrames)
}

// group collects the buckets that fill adds, each once.
func (x *extractor) group(g int, fill func(out []uint32, g int) []uint32) {
	x.origins[g] = x.origins[g][:0]
	out := fill(x.buckets[g][:0], g)
	for _, b := range out {
		x.seen[b/64] &^= 1 << (b % 64)
	}
	x.buckets[g] = out
}

// add appends the bucket of hash unless it is already there.
func (x *extractor) add(out []uint32, g int, hash uint64) []uint32 {
	hash ^= hash >> 32
	hash *= 0x9e3779b97f4a7c15
	b := uint32(hash >> 40 & x.mask)
	if x.seen[b/64]&(1<<(b%64)) != 0 {
		return out
	}
	x.seen[b/64] |= 1 << (b % 64)
	if x.traced {
		x.origins[g] = append(x.origins[g], x.at)
	}
	return append(out, b)
}

func pair(a, b uint64) uint64 { return (a*31+1)*hashPrime ^ b }

func (x *extractor) addWords(out []uint32, g int) []uint32 {
	var last token
	last.hash = 1
	for _, t := range x.tokens {
		x.at = origin{from: t.start, to: t.end}
		out = x.add(out, g, t.hash)
		x.at.from = last.start
		out = x.add(out, g, pair(last.hash, t.hash))
		last = t
	}
	return out
}

func (x *extractor) addGrams(out []uint32, g int) []uint32 {
	const boundary = 0
	for _, t := range x.tokens {
		if t.class == classNewline || t.class == classDigit {
			continue
		}
		x.at = origin{from: t.start, to: t.end}
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
					out = x.add(out, g, h)
				}
			}
		}
	}
	return out
}

func (x *extractor) addHead(out []uint32, g int) []uint32 {
	return x.addEdge(out, g, x.tokens[:min(edgeTokens, len(x.tokens))], 0x5bd1e995)
}

func (x *extractor) addTail(out []uint32, g int) []uint32 {
	return x.addEdge(out, g, x.tokens[max(len(x.tokens)-edgeTokens, 0):], 0xc2b2ae35)
}

func (x *extractor) addEdge(out []uint32, g int, tokens []token, salt uint64) []uint32 {
	before, last := salt, salt
	for i, t := range tokens {
		x.at = origin{from: t.start, to: t.end}
		out = x.add(out, g, pair(salt, t.hash))
		x.at.from = tokens[max(i-1, 0)].start
		out = x.add(out, g, pair(salt, pair(last, t.hash)))
		x.at.from = tokens[max(i-2, 0)].start
		out = x.add(out, g, pair(salt, pair(before, pair(last, t.hash))))
		before, last = last, t.hash
	}
	return out
}

// startWords is how many words of a sentence's beginning are read, and
// edgeSentences of how many sentences at either end of the text.
const (
	startWords    = 3
	edgeSentences = 4
)

// addShape adds what tells a kind of text apart whatever it is about: how its
// sentences begin, alone and together with the makeup of the text.
func (x *extractor) addShape(out []uint32, g int) []uint32 {
	const salt = 0x9ddfea08eb382d69
	x.at = origin{}
	for i, m := range x.makeup {
		out = x.add(out, g, pair(salt+uint64(i), m))
	}
	out = x.add(out, g, pair(pair(salt+9, x.makeup[makeupNumbers]), x.makeup[makeupCode]))
	x.starts = x.sentences(x.starts[:0])
	for i, start := range x.starts {
		if i >= edgeSentences && i < len(x.starts)-edgeSentences {
			continue
		}
		h := uint64(salt + 10)
		for _, t := range x.tokens[start:min(start+startWords, len(x.tokens))] {
			h = pair(h, t.hash)
			x.at = origin{from: x.tokens[start].start, to: t.end}
			out = x.add(out, g, h)
		}
		if i == 0 {
			out = x.addStart(out, g, start, salt+20)
		}
		if i == len(x.starts)-1 {
			out = x.addStart(out, g, start, salt+30)
		}
	}
	return out
}

func (x *extractor) addStart(out []uint32, g, start int, salt uint64) []uint32 {
	h := salt
	for _, t := range x.tokens[start:min(start+2, len(x.tokens))] {
		h = pair(h, t.hash)
		x.at = origin{from: x.tokens[start].start, to: t.end}
		out = x.add(out, g, h)
		for i, m := range x.makeup {
			out = x.add(out, g, pair(pair(h, uint64(i)), m))
		}
	}
	return out
}

// sentences appends the tokens that begin a sentence: the first one and those
// behind full stops, question and exclamation marks, colons and line feeds.
func (x *extractor) sentences(out []int) []int {
	open := true
	for i, t := range x.tokens {
		switch t.class {
		case classNewline:
			open = true
		case classSymbol:
			switch x.runes[t.end-1] {
			case '.', '?', '!', ':', '。', '？', '！', '：':
				open = true
			}
		default:
			if open {
				out = append(out, i)
			}
			open = false
		}
	}
	return out
}
