package classify

// The features of a text's meaning: made of its concepts only, they are the same
// in all languages.

// conceptSalt and the numbers behind it, one for each sort of feature, keep features
// of concepts apart from each other and from those of words.
const conceptSalt = 0x6a09e667f3bcc909

func (x *extractor) findConcepts() {
	x.mentions = x.lexicon.find(x.mentions[:0], x.runes, x.tokens)
}

// addConcepts adds the concepts of the text and their pairs.
func (x *extractor) addConcepts(out []uint32, g int) []uint32 {
	var last concept
	for _, m := range x.mentions {
		x.at = origin{a: uint8(m.concept)}
		out = x.add(out, g, pair(conceptSalt, uint64(m.concept)))
		x.at = origin{a: uint8(last), b: uint8(m.concept)}
		out = x.add(out, g, pair(conceptSalt+1, pair(uint64(last), uint64(m.concept))))
		last = m.concept
	}
	return out
}

// edgeConcepts is how many concepts at either end count as its edges.
const edgeConcepts = 5

// addEnds adds the concepts at either end and all pairs of them, and the outermost
// ones together with the makeup of the text.
func (x *extractor) addEnds(out []uint32, g int) []uint32 {
	all := x.mentions
	if len(all) == 0 {
		return out
	}
	head, tail := all[:min(edgeConcepts, len(all))], all[max(len(all)-edgeConcepts, 0):]
	first, last := all[0].concept, all[len(all)-1].concept
	out = x.addPairs(out, g, head, conceptSalt+2)
	out = x.addPairs(out, g, tail, conceptSalt+3)
	for i, m := range x.makeup {
		x.at = origin{a: uint8(first)}
		out = x.add(out, g, pair(pair(conceptSalt+10+uint64(i), uint64(first)), m))
		x.at = origin{a: uint8(last)}
		out = x.add(out, g, pair(pair(conceptSalt+20+uint64(i), uint64(last)), m))
	}
	return out
}

func (x *extractor) addPairs(out []uint32, g int, mentions []mention, salt uint64) []uint32 {
	for i, m := range mentions {
		a := m.concept
		x.at = origin{a: uint8(a)}
		out = x.add(out, g, pair(salt, uint64(a)))
		for _, other := range mentions[i+1:] {
			b := other.concept
			x.at = origin{a: uint8(a), b: uint8(b)}
			out = x.add(out, g, pair(salt, pair(uint64(min(a, b))+1000, uint64(max(a, b)))))
		}
	}
	return out
}

// A part of a frame: a concept, a sign, a number, or words that are none of these.
type part struct {
	hash     uint64
	from, to int32 // in the runes of the text
}

// longestFrame is the longest run of parts that counts as one feature.
const longestFrame = 6

// addFrames adds all runs of two parts or more: "write a poem about the sea: …" and
// "escribe un poema sobre el mar: …" are both write, poem, words, nature, colon.
func (x *extractor) addFrames(out []uint32, g int) []uint32 {
	const salt = 0x3c6ef372fe94f82b
	x.findFrame()
	for i, first := range x.frame {
		h := uint64(salt)
		for n, p := range x.frame[i:min(i+longestFrame, len(x.frame))] {
			h = pair(h, p.hash)
			if n > 0 {
				x.at = origin{from: first.from, to: p.to}
				out = x.add(out, g, h)
			}
		}
	}
	return out
}

// findFrame turns the text into the parts of its frame. Words between two concepts
// are one part, however many.
func (x *extractor) findFrame() {
	const words, number, first = 1, 2, 3
	x.frame = x.frame[:0]
	mentions := x.mentions
	for i, t := range x.tokens {
		meant := false
		for ; len(mentions) > 0 && int(mentions[0].token) == i; mentions = mentions[1:] {
			x.frame = append(x.frame, part{first + uint64(mentions[0].concept), t.start, t.end})
			meant = true
		}
		if meant {
			continue
		}
		p := part{words, t.start, t.end}
		switch t.class {
		case classSymbol, classNewline:
			p.hash = t.hash
		case classDigit:
			p.hash = number
		}
		if n := len(x.frame); n > 0 && x.frame[n-1].hash == p.hash {
			x.frame[n-1].to = p.to
			continue
		}
		x.frame = append(x.frame, p)
	}
}
