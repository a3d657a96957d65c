package classify

import (
	"math"
	"unicode"
	"unicode/utf8"
)

// Long prompts carry their instruction at the beginning or at the end, so only
// these many bytes of either end are read.
const (
	headBytes = 1500
	tailBytes = 1000
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
	denseNumbers
	denseNames
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

// tokenize reads both ends of text into runes and tokens and computes the
// dense features on the way.
func (x *extractor) tokenize(text string) {
	x.runes, x.tokens = x.runes[:0], x.tokens[:0]
	x.offsets = x.offsets[:0]
	counts := counter{}
	head, tail := ends(text)
	x.scan(head, 0, &counts)
	x.scan(tail, len(text)-len(tail), &counts)
	counts.fill(&x.dense, len(text))
	x.makeup = counts.makeup(len(text))
}

// ends are the parts of a text that are read: all of a short one, which has no tail.
func ends(text string) (head, tail string) {
	if len(text) <= headBytes+tailBytes {
		return text, ""
	}
	return text[:headBytes], text[len(text)-tailBytes:]
}

// A counter counts what the dense features are made of.
type counter struct {
	runes, letters, code, digits, questions, lines, fences int
	mixed, indents, nonLatin, choices, formula             int
	words, numbers, names                                  int
	last                                                   rune
}

// scan reads text, which begins at offset in the whole text.
func (x *extractor) scan(text string, offset int, c *counter) {
	var before rune // the rune before, in its original case
	open := -1      // start of the token being read
	var hash uint64 = hashOffset
	class := classSpace
	for i := 0; i < len(text); {
		r, size := rune(text[i]), 1
		if r >= utf8.RuneSelf {
			r, size = utf8.DecodeRuneInString(text[i:])
		}
		if r == '\\' && isLineFeed(text[i:]) {
			r, size = '\n', 2
		}
		at := offset + i
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
		if x.traced {
			x.offsets = append(x.offsets, at)
		}
		hash = step(hash, r)
	}
	x.close(open, hash, class)
}

// isLineFeed tells whether text begins with a line feed written as \n, as some
// logs have it, and not with a command of LaTeX such as \nabla.
func isLineFeed(text string) bool {
	return len(text) > 1 && text[1] == 'n' && (len(text) == 2 || text[2] < 'a' || text[2] > 'z')
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
		if before < '0' || before > '9' {
			c.numbers++
		}
	case classLetter:
		c.letters++
		if before == ' ' {
			c.words++
			if unicode.IsUpper(r) {
				c.names++
			}
		}
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
		denseNumbers:     math.Log1p(float64(c.numbers)) / 2,
		denseNames:       min(4*float64(c.names)/float64(max(c.words, 1)), 2),
	}
}

// The makeup of a text: what was counted, in a few steps, each together with
// how the text ends.
const (
	makeupNumbers = iota
	makeupLength
	makeupCode
	makeupCount
)

func (c *counter) makeup(bytes int) [makeupCount]uint64 {
	end := uint64(0)
	switch c.last {
	case '?', '？':
		end = 1
	case ':':
		end = 2
	}
	numbers := min(c.numbers, 3)
	if c.choices >= 3 {
		numbers += 4
	}
	return [makeupCount]uint64{
		makeupNumbers: uint64(numbers)*8 + end,
		makeupLength:  steps(bytes, 60, 150, 400, 1200)*8 + end,
		makeupCode:    steps(1000*c.code/max(c.runes, 1), 20, 60)*8 + uint64(min(c.lines, 2)),
	}
}

// steps is how many limits n exceeds.
func steps(n int, limits ...int) (above uint64) {
	for _, limit := range limits {
		if n > limit {
			above++
		}
	}
	return above
}

func flag(b bool) float64 {
	if b {
		return 1
	}
	return 0
}
