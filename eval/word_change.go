package eval

import (
	"math/bits"
	"unicode"

	"github.com/clipperhouse/uax29/v2/words"
)

// A WordChange says how far two versions of a text differ, in words.
type WordChange struct {
	Before, After int // words
	// Common is the length of the longest common subsequence: the words of the first
	// version that stand in the second in the same order.
	Common int
}

// Distance is the least number of words to delete and insert.
func (c WordChange) Distance() int { return c.Before + c.After - 2*c.Common }

// Kept is the share of the words of the longer version that stand in both in the same
// order, 0 to 1: deleting and inserting both count. It is 1 where neither has a word.
func (c WordChange) Kept() float64 {
	longer := max(c.Before, c.After)
	if longer == 0 {
		return 1
	}
	return float64(c.Common) / float64(longer)
}

// CompareWords compares two versions of a text. Words are parted by the rules of
// Unicode (UAX #29), so that Chinese has some too, and have a letter, a digit or a
// symbol in them: punctuation and space alone are no words. Upper and lower case differ.
//
// The time is at most the product of the two numbers of words, divided by 64, and the
// memory in proportion to their sum.
func CompareWords(before, after string) WordChange {
	numbers := map[string]int{}
	from, to := numbered(before, numbers), numbered(after, numbers)
	c := WordChange{Before: len(from), After: len(to)}
	for len(from) > 0 && len(to) > 0 && from[0] == to[0] {
		from, to = from[1:], to[1:]
		c.Common++
	}
	for len(from) > 0 && len(to) > 0 && from[len(from)-1] == to[len(to)-1] {
		from, to = from[:len(from)-1], to[:len(to)-1]
		c.Common++
	}
	c.Common += commonLength(from, to, len(numbers))
	return c
}

// numbered are the words of a text, equal ones by one number.
func numbered(text string, numbers map[string]int) []int {
	var all []int
	for tokens := words.FromString(text); tokens.Next(); {
		token := tokens.Value()
		if !isWord(token) {
			continue
		}
		number, known := numbers[token]
		if !known {
			number = len(numbers)
			numbers[token] = number
		}
		all = append(all, number)
	}
	return all
}

func isWord(token string) bool {
	for _, r := range token {
		if unicode.In(r, unicode.L, unicode.N, unicode.S) {
			return true
		}
	}
	return false
}

// commonLength is the length of the longest common subsequence of two sequences of
// numbers under count, by the bit-parallel algorithm of Hyyrö (2004, Bit-parallel LCS-length
// computation revisited): a row of the dynamic programme is one bit for each element of
// from, 0 where the length grows.
func commonLength(from, to []int, count int) int {
	if len(from) == 0 || len(to) == 0 {
		return 0
	}
	places := make([][]int32, count)
	for i, number := range from {
		places[number] = append(places[number], int32(i))
	}
	row, rare := make([]uint64, (len(from)+63)/64), make([]uint64, (len(from)+63)/64)
	for i := range row {
		row[i] = ^uint64(0)
	}
	// A word that has more places than the row has elements keeps its bits; there are less
	// than 64 of them. The bits of the others are set for each use.
	frequent := make(map[int][]uint64)
	for number, at := range places {
		if len(at) > len(row) {
			frequent[number] = bitsOf(make([]uint64, len(row)), at)
		}
	}
	for _, number := range to {
		if len(places[number]) == 0 {
			continue
		}
		match, often := frequent[number]
		if !often {
			match = bitsOf(rare, places[number])
		}
		var carry uint64
		for i, v := range row {
			u := v & match[i]
			var sum uint64
			sum, carry = bits.Add64(v, u, carry)
			row[i] = sum | (v &^ u)
		}
		if !often {
			for _, i := range places[number] {
				rare[i/64] = 0
			}
		}
	}
	grown := 0
	for i := range from {
		if row[i/64]>>(i%64)&1 == 0 {
			grown++
		}
	}
	return grown
}

// bitsOf sets the bits of places.
func bitsOf(set []uint64, places []int32) []uint64 {
	for _, i := range places {
		set[i/64] |= 1 << (i % 64)
	}
	return set
}
