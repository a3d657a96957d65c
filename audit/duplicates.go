package audit

import (
	"math"
	"math/bits"
)

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
// text 4, whatever its length. Texts that are similar to no leader lead up to
// 16,777,215 clusters that others can join; a later one stays alone.
//
// It is for one goroutine; use [NewDeduplicator].
type Deduplicator struct {
	tokens  []uint64
	near    []int32 // leaders that may be similar
	leaders signatures
	first   []int32 // the text that each leader is
	leader  []int32 // of each text, as an index into leaders
	bands   [bandCount]bandTable
}

const (
	signatureSize = 128
	bandRows      = 3
	bandCount     = 20
	// leastEqual is how many values of a text are those of the leader that it belongs to:
	// an estimated Jaccard index of 0.55, since two values that differ have the same 8 bits
	// once in 256. Prompts that merely ask for the same kind of thing stay below it.
	leastEqual = 71
	// mostInBand is how many leaders with the same hash of a band are compared.
	mostInBand = 8
)

// A signature is what is kept of a leader's text: a value in each byte.
type signature [signatureSize / 8]uint64

// signatures are many of them, in pages, so that they need not be copied to grow.
type signatures struct {
	pages [][]signature
	count int
}

const signaturesInPage = 1 << 12

func (s *signatures) at(i int32) *signature { return &s.pages[i/signaturesInPage][i%signaturesInPage] }

func (s *signatures) add(one signature) {
	if s.count%signaturesInPage == 0 {
		s.pages = append(s.pages, make([]signature, signaturesInPage))
	}
	*s.at(int32(s.count)) = one
	s.count++
}

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
	s := d.sign(text)
	// What is not in the processor's cache is waited for together: first the slots of all
	// bands, then the signatures that they point to.
	var begins [bandCount]slot
	for band := range d.bands {
		t := &d.bands[band]
		begins[band] = t.slots[t.begin(s.band(band))]
	}
	d.near = d.near[:0]
	for band, first := range begins {
		if first == 0 {
			continue
		}
		key := s.band(band)
		for at := d.bands[band].begin(key); ; {
			leader := d.bands[band].next(key, &at)
			if leader < 0 {
				break
			}
			d.near = append(d.near, leader)
		}
	}
	best := int32(-1)
	for _, leader := range d.near {
		if (best < 0 || leader < best) && s.similar(d.leaders.at(leader)) {
			best = leader
		}
	}
	if best < 0 {
		return d.lead(s)
	}
	d.leader = append(d.leader, best)
	return int(d.first[best])
}

// Lead takes the next text for the first one of a cluster, as Add found it among the
// same texts before. That takes less time.
func (d *Deduplicator) Lead(text string) { d.lead(d.sign(text)) }

func (d *Deduplicator) sign(text string) signature {
	d.tokens = appendFeatures(d.tokens[:0], text)
	return sign(d.tokens)
}

// lead begins a cluster with the next text.
func (d *Deduplicator) lead(s signature) int {
	index, leader := len(d.leader), int32(d.leaders.count)
	d.leaders.add(s)
	d.first = append(d.first, int32(index))
	d.leader = append(d.leader, leader)
	if leader < mostLeaders {
		for band := range d.bands {
			d.insert(band, s.band(band), leader)
		}
	}
	return index
}

// insert puts a leader into the table of a band, unless there are as many with its key
// as are ever looked at.
func (d *Deduplicator) insert(band int, key uint32, leader int32) {
	t := &d.bands[band]
	same := 0
	for at := t.begin(key); ; {
		other := t.next(key, &at)
		if other < 0 {
			break
		}
		if d.leaders.at(other).band(band) == key {
			same++
		}
	}
	if same >= mostInBand {
		return
	}
	if t.used >= len(t.slots)*4/5 {
		old := t.slots
		t.grow()
		for _, slot := range old {
			if slot != 0 {
				t.put(d.leaders.at(slot.leader()).band(band), slot)
			}
		}
	}
	t.put(key, newSlot(key, leader))
	t.used++
}

// Clusters gives for each text, in order, the index of its cluster's first text, and
// how many texts that cluster has.
func (d *Deduplicator) Clusters() (first []int, size []int) {
	counts := make([]int, d.leaders.count)
	for _, leader := range d.leader {
		counts[leader]++
	}
	first, size = make([]int, len(d.leader)), make([]int, len(d.leader))
	for i, leader := range d.leader {
		first[i], size[i] = int(d.first[leader]), counts[leader]
	}
	return first, size
}

// value is that of a place.
func (s *signature) value(place int) uint32 { return uint32(s[place/8]>>(8*(place%8))) & 0xff }

// band is the hash of a band's values.
func (s *signature) band(i int) uint32 {
	first := i * bandRows
	return (s.value(first) | s.value(first+1)<<8 | s.value(first+2)<<16) * 0x9e3779b1 // an odd factor: different keys stay different
}

// similar says whether so many values of two signatures are equal as of near-duplicates.
// Of most pairs the first half tells that it is not so.
func (s *signature) similar(other *signature) bool {
	const half = len(s) / 2
	equal := equalBytes(s[:half], other[:half])
	return equal+8*half >= leastEqual && equal+equalBytes(s[half:], other[half:]) >= leastEqual
}

// equalBytes counts the bytes that are the same in both.
func equalBytes(a, b []uint64) (equal int) {
	const low7 = 0x7f7f7f7f7f7f7f7f // of each byte
	for i := range a {
		differ := a[i] ^ b[i]
		equal += bits.OnesCount64(^(differ&low7 + low7 | differ | low7)) // the highest bit of each byte that is 0
	}
	return equal
}

// A bandTable finds leaders by the hash of one band: open addressing with linear
// probing. It keeps only the leaders, whose signatures hold the hash.
type bandTable struct {
	slots []slot
	used  int
}

// A slot is a leader + 1 and, above it, the lowest bits of its key: they spare most
// looks at the signatures of others. 0 is free.
type slot uint32

const (
	leaderBits  = 24
	mostLeaders = 1<<leaderBits - 1
)

func newSlot(key uint32, leader int32) slot { return slot(key<<leaderBits | uint32(leader+1)) }

func (s slot) leader() int32 { return int32(s&mostLeaders) - 1 }

func (t *bandTable) grow() {
	t.slots = make([]slot, max(1024, 2*len(t.slots)))
}

// begin is where the search for a key begins: by other bits than those in the slot.
func (t *bandTable) begin(key uint32) uint32 { return key >> 7 & uint32(len(t.slots)-1) }

// next gives the next leader that may have a key, from at on, which it moves behind it;
// -1 where there is no other.
func (t *bandTable) next(key uint32, at *uint32) int32 {
	mask := uint32(len(t.slots) - 1)
	for i := *at; ; i = (i + 1) & mask {
		found := t.slots[i]
		if found == 0 {
			return -1
		}
		if uint32(found)>>leaderBits == key&(1<<(32-leaderBits)-1) {
			*at = (i + 1) & mask
			return found.leader()
		}
	}
}

func (t *bandTable) put(key uint32, one slot) {
	mask := uint32(len(t.slots) - 1)
	i := t.begin(key)
	for t.slots[i] != 0 {
		i = (i + 1) & mask
	}
	t.slots[i] = one
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
		s[place/8] |= mix64(value) >> 56 << (8 * (place % 8))
	}
	return s
}

// mix64 is the finalizer of SplitMix64.
func mix64(x uint64) uint64 {
	x = (x ^ x>>30) * 0xbf58476d1ce4e5b9
	x = (x ^ x>>27) * 0x94d049bb133111eb
	return x ^ x>>31
}
