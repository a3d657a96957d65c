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
	calls map[int64]*handled
}

// A handled call may be under way twice, where River took one for lost that took too long.
type handled struct {
	times int
	ended time.Time // the last time
}

func (h *inHand) begin(id int64) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.calls == nil {
		h.calls = map[int64]*handled{}
	}
	if h.calls[id] == nil {
		h.calls[id] = &handled{}
	}
	h.calls[id].times++
}

func (h *inHand) end(id int64) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.calls[id].times--
	h.calls[id].ended = time.Now()
}

// ids are the calls in hand.
func (h *inHand) ids() []int64 {
	h.mu.Lock()
	defer h.mu.Unlock()
	ids := make([]int64, 0, len(h.calls))
	for id, call := range h.calls {
		if call.times == 0 && time.Since(call.ended) > eval.WorkerLost {
			delete(h.calls, id)
			continue
		}
		ids = append(ids, id)
	}
	return ids
}
