package classify

import (
	"slices"
	"testing"
)

// The same order in two languages gives the same features of meaning.
func TestMeaningIsTheSameInAllLanguages(t *testing.T) {
	english, spanish := newExtractor(20), newExtractor(20)
	english.extract("Write a poem about 3 dragons!")
	spanish.extract("Escribe un poema sobre 3 dragones!")
	for _, g := range []int{groupConcepts, groupFrames} {
		if len(english.buckets[g]) < 3 || !slices.Equal(english.buckets[g], spanish.buckets[g]) {
			t.Errorf("group %d: %v in English, %v in Spanish", g, english.buckets[g], spanish.buckets[g])
		}
	}
	spanish.extract("Escribe 3 poemas sobre dragones!")
	if slices.Equal(english.buckets[groupFrames], spanish.buckets[groupFrames]) {
		t.Error("another order gives the same frames")
	}
}

func TestFrameJoinsWordsBetweenConcepts(t *testing.T) {
	x := newExtractor(8)
	x.tokenize("zzz yyy xxx poem, 12 34")
	x.findConcepts()
	x.findFrame()
	if len(x.frame) != 4 {
		t.Fatalf("%d parts %v, want words, poem, comma, number", len(x.frame), x.frame)
	}
	if first := string(x.runes[x.frame[0].from:x.frame[0].to]); first != "zzzyyyxxx" {
		t.Errorf("the first part is %q", first)
	}
}
