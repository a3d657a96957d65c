package store

import "hash/maphash"

// An idSet finds the row of a task's id during a bulk import, while there is no
// index: a hash table of 8 bytes a slot, half of them 32 bits of the id's hash and
// half the row. What it gives are candidates, to be compared with the id itself;
// among a million ids some hundred have another's 32 bits.
type idSet struct {
	seed  maphash.Seed
	slots []uint64 // hash << 32 | row; 0 is free, since rows begin at 1
	shift uint     // a hash's slot is hash >> shift, in the order of hashes
	used  int
}

const (
	fewestSlots = 1 << 12
	mostSlots   = 1 << 21 // 16 MB
)

// mostIDs is how many ids an idSet may hold.
const mostIDs = mostSlots / 4 * 3

func newIDSet() *idSet {
	s := &idSet{seed: maphash.MakeSeed()}
	s.resize(fewestSlots)
	return s
}

func (s *idSet) resize(slots int) {
	old := s.slots
	s.slots = make([]uint64, slots)
	s.shift = 32
	for n := slots; n > 1; n /= 2 {
		s.shift--
	}
	for _, slot := range old {
		if slot != 0 {
			s.place(slot)
		}
	}
}

func (s *idSet) place(slot uint64) {
	at := int(slot >> 32 >> s.shift)
	for s.slots[at] != 0 {
		at = (at + 1) & (len(s.slots) - 1)
	}
	s.slots[at] = slot
}

func (s *idSet) hash(id string) uint32 { return uint32(maphash.String(s.seed, id)) }

// add notes the row, below 1<<32, of an id that is not there yet. It reports false
// where no more ids fit.
func (s *idSet) add(id string, row int64) bool {
	if s.used == mostIDs {
		return false
	}
	if s.used == len(s.slots)/4*3 {
		s.resize(2 * len(s.slots))
	}
	s.used++
	s.place(uint64(s.hash(id))<<32 | uint64(row))
	return true
}

// candidates gives the rows whose id has the same hash until do says that one is
// the right one.
func (s *idSet) candidates(id string, do func(row int64) (right bool, err error)) error {
	hash := s.hash(id)
	for at := int(hash >> s.shift); s.slots[at] != 0; at = (at + 1) & (len(s.slots) - 1) {
		if uint32(s.slots[at]>>32) != hash {
			continue
		}
		if right, err := do(int64(uint32(s.slots[at]))); right || err != nil {
			return err
		}
	}
	return nil
}
