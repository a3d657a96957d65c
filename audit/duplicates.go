package audit

import "math"

// A Deduplicator finds near-duplicate prompts, such as a template whose slots
// change, among texts that come one after the other. A text joins the cluster of the
// first leader that it is similar enough to; where there is none it leads a cluster
// of its own. So a cluster never depends on what comes later, and the same texts in
// the same order always give the same clusters.
//
// Two texts are compared by the Jaccard index of their sets of words and pairs of
// words, estimated from a signature of 128 values by one permutation hashing (Li, Owen
// and Zhang 2012) with optimal densification (Shrivastava 2017), of which 8 bits each
// are kept (b-bit minwise hashing, Li and König 2010).
// Candidates are found by locality-sensitive hashing with bands (Leskovec, Rajaraman
// and Ullman, Mining of Massive Datasets, 3.4), a bounded number for each band, so
// that time is linear in the number of texts. A leader takes some 300 bytes, another
// text 4, whatever its length.
//
// It is for one goroutine; use [NewDeduplicator].
type Deduplicator struct {
	tokens  []uint64
	leaders []signature
	first   []int32 // the text that each leader is
	leader  []int32 // of each text, as an index into leaders
	bands   [bandCount]bandTable
}

const (
	signatureSize = 128
	bandRows      = 3
	bandCount     = 20
	// minSimilarity is the estimated Jaccard index from which a text belongs to a
	// leader. Prompts that merely ask for the same kind of thing stay below it.
	minSimilarity = 0.55
	// mostInBand is how many leaders with the same hash of a band are compared.
	mostInBand = 8
)

// A signature is what is kept of a leader's text.
type signature [signatureSize]uint8

// NewDeduplicator returns one without texts.
func NewDeduplicator() *Deduplicator {
	d := &Deduplicator{}
	for i := range d.bands {
		d.bands[i].grow()
	}
	return d
}

// Add puts the next text into a cluster and returns the index of the cluster's first
// text, counted from 0; for the first text of a cluster that is its own index.
func (d *Deduplicator) Add(text string) int {
	index := int32(len(d.leader))
	d.tokens = appendFeatures(d.tokens[:0], text)
	s := sign(d.tokens)
	best := int32(-1)
	for band := range d.bands {
		key := s.band(band)
		for _, candidate := range d.bands[band].find(key, func(leader int32) uint32 { return d.leaders[leader].band(band) }) {
			if (best < 0 || candidate < best) && s.similarity(&d.leaders[candidate]) >= minSimilarity {
				best = candidate
			}
		}
	}
	if best < 0 {
		best = int32(len(d.leaders))
		d.leaders = append(d.leaders, s)
		d.first = append(d.first, index)
		for band := range d.bands {
			d.bands[band].insert(s.band(band), best, func(leader int32) uint32 { return d.leaders[leader].band(band) })
		}
	}
	d.leader = append(d.leader, best)
	return int(d.first[best])
}

// Clusters gives for each text, in order, the index of its cluster's first text, and
// how many texts that cluster has.
func (d *Deduplicator) Clusters() (first []int, size []int) {
	counts := make([]int, len(d.leaders))
	for _, leader := range d.leader {
		counts[leader]++
	}
	first, size = make([]int, len(d.leader)), make([]int, len(d.leader))
	for i, leader := range d.leader {
		first[i], size[i] = int(d.first[leader]), counts[leader]
	}
	return first, size
}

// band is the hash of a band's values.
func (s *signature) band(i int) uint32 {
	row := s[i*bandRows : i*bandRows+bandRows]
	return (uint32(row[0]) | uint32(row[1])<<8 | uint32(row[2])<<16) * 0x9e3779b1 // an odd factor: different keys stay different
}

// similarity estimates the Jaccard index. Two values that differ have the same 8 bits
// once in 256, which is taken off.
func (s *signature) similarity(other *signature) float64 {
	equal := 0
	for i := range s {
		if s[i] == other[i] {
			equal++
		}
	}
	const chance = 1.0 / 256
	return (float64(equal)/signatureSize - chance) / (1 - chance)
}

// A bandTable finds leaders by the hash of one band: open addressing with linear
// probing. It keeps only the leaders, whose signatures hold the hash.
type bandTable struct {
	slots []int32 // leader + 1; 0 is free
	used  int
	found [mostInBand]int32
}

func (t *bandTable) grow() {
	t.slots = make([]int32, max(1024, 2*len(t.slots)))
}

// find gives up to mostInBand leaders with a key, oldest first. The list holds until
// the next call.
func (t *bandTable) find(key uint32, keyOf func(int32) uint32) []int32 {
	n := 0
	mask := uint32(len(t.slots) - 1)
	for i := key >> 7 & mask; t.slots[i] != 0 && n < mostInBand; i = (i + 1) & mask {
		if leader := t.slots[i] - 1; keyOf(leader) == key {
			t.found[n] = leader
			n++
		}
	}
	return t.found[:n]
}

// insert puts a leader in, unless there are as many with its key as are ever looked
// at.
func (t *bandTable) insert(key uint32, leader int32, keyOf func(int32) uint32) {
	if len(t.find(key, keyOf)) == mostInBand {
		return
	}
	if t.used >= len(t.slots)*4/5 {
		old := t.slots
		t.grow()
		for _, slot := range old {
			if slot != 0 {
				t.put(keyOf(slot-1), slot)
			}
		}
	}
	t.put(key, leader+1)
	t.used++
}

func (t *bandTable) put(key uint32, slot int32) {
	mask := uint32(len(t.slots) - 1)
	i := key >> 7 & mask
	for t.slots[i] != 0 {
		i = (i + 1) & mask
	}
	t.slots[i] = slot
}

// borrow says for each place of a signature which other places it takes its value
// from where no feature fell into it: the first of a random order that has one. It is
// the same for all texts.
var borrow = func() (order [signatureSize][signatureSize]uint8) {
	state := uint64(1)
	for place := range order {
		for i := range order[place] {
			order[place][i] = uint8(i)
			state += fnvPrime
			j := mix64(state) % uint64(i+1)
			order[place][i], order[place][j] = order[place][j], order[place][i]
		}
	}
	return order
}()

// sign makes the signature of a set of features, which may hold one several times.
// The signature of no features is all 0.
func sign(features []uint64) (s signature) {
	if len(features) == 0 {
		return s
	}
	var values [signatureSize]uint64
	for i := range values {
		values[i] = math.MaxUint64
	}
	for _, feature := range features {
		place, value := feature%signatureSize, feature/signatureSize
		values[place] = min(values[place], value)
	}
	for place, value := range values {
		if value == math.MaxUint64 {
			for _, other := range borrow[place] {
				if value = values[other]; value != math.MaxUint64 {
					break
				}
			}
		}
		s[place] = uint8(mix64(value) >> 56)
	}
	return s
}

// mix64 is the finalizer of SplitMix64.
func mix64(x uint64) uint64 {
	x = (x ^ x>>30) * 0xbf58476d1ce4e5b9
	x = (x ^ x>>27) * 0x94d049bb133111eb
	return x ^ x>>31
}
