package store

import (
	"sync"
	"time"

	"modeltrial/eval"
)

// inHand are the calls that this process works on, by River's ids. One that ended stays
// for a while: its row says that it is under way until River has told the server.
type inHand struct {
	mu    sync.Mutex
	ended map[int64]time.Time // zero: it is under way
}

func (h *inHand) begin(id int64) { h.set(id, time.Time{}) }

func (h *inHand) end(id int64) { h.set(id, time.Now()) }

func (h *inHand) set(id int64, ended time.Time) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.ended == nil {
		h.ended = map[int64]time.Time{}
	}
	h.ended[id] = ended
}

// ids are the calls in hand.
func (h *inHand) ids() []int64 {
	h.mu.Lock()
	defer h.mu.Unlock()
	ids := make([]int64, 0, len(h.ended))
	for id, ended := range h.ended {
		if !ended.IsZero() && time.Since(ended) > eval.WorkerLost {
			delete(h.ended, id)
			continue
		}
		ids = append(ids, id)
	}
	return ids
}
