package classify

import (
	"bytes"
	"container/heap"
	"crypto/sha256"
	"encoding/binary"
	"slices"
)

// A Sampler draws a simple random sample without replacement from ids that come one
// after the other: those with the smallest hashes under a seed (bottom-k sampling;
// Cohen and Kaplan 2007, PODC). The same ids, seed and size give the same sample in
// the same order, however the ids came; memory holds the sample alone. It is for one
// goroutine.
type Sampler struct {
	seed       uint64
	size       int
	population int
	drawn      drawnHeap
}

// NewSampler draws size ids, or all where there are fewer.
func NewSampler(size int, seed uint64) *Sampler { return &Sampler{seed: seed, size: size} }

// Add offers an id. Each is to come once.
func (s *Sampler) Add(id string) {
	s.population++
	text := binary.LittleEndian.AppendUint64(make([]byte, 0, 64), s.seed)
	one := drawnID{sha256.Sum256(append(text, id...)), id}
	switch {
	case len(s.drawn) < s.size:
		heap.Push(&s.drawn, one)
	case s.size > 0 && bytes.Compare(one.hash[:], s.drawn[0].hash[:]) < 0:
		s.drawn[0] = one
		heap.Fix(&s.drawn, 0)
	}
}

// Population is how many ids were offered.
func (s *Sampler) Population() int { return s.population }

// IDs is the sample in random order: any beginning of it is a random sample too, so
// that a review that stops halfway is still one.
func (s *Sampler) IDs() []string {
	sorted := slices.Clone(s.drawn)
	slices.SortFunc(sorted, func(a, b drawnID) int { return bytes.Compare(a.hash[:], b.hash[:]) })
	ids := make([]string, len(sorted))
	for i, one := range sorted {
		ids[i] = one.id
	}
	return ids
}

type drawnID struct {
	hash [sha256.Size]byte
	id   string
}

// A drawnHeap has the largest hash first.
type drawnHeap []drawnID

func (h drawnHeap) Len() int           { return len(h) }
func (h drawnHeap) Less(i, j int) bool { return bytes.Compare(h[i].hash[:], h[j].hash[:]) > 0 }
func (h drawnHeap) Swap(i, j int)      { h[i], h[j] = h[j], h[i] }

// Push appends an id.
func (h *drawnHeap) Push(x any) { *h = append(*h, x.(drawnID)) }

// Pop takes the last id away.
func (h *drawnHeap) Pop() any {
	last := (*h)[len(*h)-1]
	*h = (*h)[:len(*h)-1]
	return last
}
