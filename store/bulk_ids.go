package store

import "hash/maphash"

// An idSet finds the row of a task's id during a bulk import, while there is no
// index. It is a hash table of 4 bytes a slot: the row, and 11 bits of the id's hash
// beside the 21 that choose the slot. What it gives are candidates, to be compared
// with the id itself; one lookup in a thousand gives another id's.
type idSet struct {
	seed  maphash.Seed
	slots []uint32 // hash << rowBits | row; 0 is free, since rows begin at 1
	used  int
}

// rowBits is the size of a row in a slot, and of a slot's number.
const rowBits = 21 // 8 MB of slots

// mostIDs is how many ids an idSet may hold, and its last row.
const mostIDs = 1 << rowBits / 4 * 3

func newIDSet() *idSet {
	return &idSet{seed: maphash.MakeSeed(), slots: make([]uint32, 1<<rowBits)}
}

// place is where the search for an id begins, and what its slot holds beside the row.
func (s *idSet) place(id string) (at int, mark uint32) {
	hash := maphash.String(s.seed, id)
	return int(hash & (1<<rowBits - 1)), uint32(hash>>32) &^ (1<<rowBits - 1)
}

func (s *idSet) next(at int) int { return (at + 1) & (len(s.slots) - 1) }

// add notes the row of an id that is not there yet. It reports false where it does
// not fit.
func (s *idSet) add(id string, row int64) bool {
	if s.used == mostIDs || row > mostIDs {
		return false
	}
	s.used++
	at, mark := s.place(id)
	for s.slots[at] != 0 {
		at = s.next(at)
	}
	s.slots[at] = mark | uint32(row)
	return true
}

// candidates gives rows that may have the id until do says that one has it.
func (s *idSet) candidates(id string, do func(row int64) (right bool, err error)) error {
	at, mark := s.place(id)
	for ; s.slots[at] != 0; at = s.next(at) {
		if s.slots[at]&^(1<<rowBits-1) != mark {
			continue
		}
		if right, err := do(int64(s.slots[at] & (1<<rowBits - 1))); right || err != nil {
			return err
		}
	}
	return nil
}
