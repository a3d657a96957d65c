package run

import "sync"

// A flight counts a run's calls under way: what they have set aside becomes free
// when they come back. The zero flight has none.
type flight struct {
	mu     sync.Mutex
	calls  int
	landed chan struct{} // closed when the next call comes back; nil where nobody waits
}

// start counts one more call if reserve lets it. With its error it returns a channel
// that is closed when a call comes back; nil where none is under way. One reserves
// at a time, so that a call is counted before the next one is refused.
func (f *flight) start(reserve func() error) (landed <-chan struct{}, err error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if err := reserve(); err != nil {
		if f.calls == 0 {
			return nil, err
		}
		if f.landed == nil {
			f.landed = make(chan struct{})
		}
		return f.landed, err
	}
	f.calls++
	return nil, nil
}

// land counts a call as back.
func (f *flight) land() {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.calls--
	if f.landed != nil {
		close(f.landed)
		f.landed = nil
	}
}
