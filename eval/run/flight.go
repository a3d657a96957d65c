package run

import (
	"errors"
	"slices"
	"sync"

	"modeltrial/eval"
)

// A flight knows a run's calls under way: what they have set aside becomes free when
// they come back. The zero flight has none.
type flight struct {
	mu        sync.Mutex
	reserving int
	flying    int
	waiting   []chan struct{} // oldest first
}

// start counts one more call if reserve lets it. With eval.ErrBudgetExhausted it returns
// a channel that is closed when it is worth another try; nil where no call is under way
// that could come back.
func (f *flight) start(reserve func() error) (again <-chan struct{}, err error) {
	f.mu.Lock()
	f.reserving++
	f.mu.Unlock()
	err = reserve()
	f.mu.Lock()
	defer f.mu.Unlock()
	f.reserving--
	if err == nil {
		f.flying++
		f.wake(1) // there may be room for another
		return nil, nil
	}
	if f.flying == 0 && f.reserving == 0 {
		f.wake(len(f.waiting)) // for nothing more comes back
		return nil, err
	}
	if !errors.Is(err, eval.ErrBudgetExhausted) {
		return nil, err
	}
	wait := make(chan struct{})
	f.waiting = append(f.waiting, wait)
	return wait, err
}

// land counts a call as back.
func (f *flight) land() {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.flying--
	if f.flying == 0 {
		f.wake(len(f.waiting))
		return
	}
	f.wake(1)
}

func (f *flight) wake(n int) {
	n = min(n, len(f.waiting))
	for _, wait := range f.waiting[:n] {
		close(wait)
	}
	f.waiting = slices.Delete(f.waiting, 0, n)
}
