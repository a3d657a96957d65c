package audit

import (
	"unicode"
	"unicode/utf8"
)

const (
	fnvOffset = 14695981039346656037
	fnvPrime  = 1099511628211
	// anyNumber is the hash of every number: what differs between two uses of a
	// template is often a number alone.
	anyNumber = 0x9ae16a3b2f90404f
)

// appendFeatures appends the hashes of a text's words and of its pairs of
// neighbouring words. Case and punctuation count for nothing, and all numbers are
// the same word. Scripts that set no spaces between words give one word for each
// sign.
func appendFeatures(features []uint64, text string) []uint64 {
	var before uint64
	add := func(word uint64) {
		features = append(features, word)
		if before != 0 {
			features = append(features, mix64(before*fnvPrime^word))
		}
		before = word
	}
	for i := 0; i < len(text); {
		word, number := uint64(fnvOffset), true
		start := i
		for i < len(text) {
			c := text[i]
			if c < utf8.RuneSelf {
				switch {
				case c >= 'A' && c <= 'Z':
					c |= 0x20
					number = false
				case c >= 'a' && c <= 'z':
					number = false
				case c >= '0' && c <= '9':
				default:
					c = 0
				}
				if c == 0 {
					break
				}
				word = (word ^ uint64(c)) * fnvPrime
				i++
				continue
			}
			r, size := utf8.DecodeRuneInString(text[i:])
			if unspaced(r) || !unicode.In(r, unicode.L, unicode.M, unicode.N) {
				break
			}
			word = (word ^ uint64(unicode.ToLower(r))) * fnvPrime
			number = false
			i += size
		}
		if i > start {
			if number {
				word = anyNumber
			}
			add(mix64(word))
			continue
		}
		r, size := utf8.DecodeRuneInString(text[i:])
		if unspaced(r) {
			add(mix64((fnvOffset ^ uint64(r)) * fnvPrime))
		}
		i += size
	}
	return features
}

// unspaced says whether a rune is of a script without spaces between words.
func unspaced(r rune) bool {
	return r >= 0x0e00 && unicode.In(r, unicode.Han, unicode.Hiragana, unicode.Katakana, unicode.Thai, unicode.Lao, unicode.Khmer, unicode.Myanmar)
}
