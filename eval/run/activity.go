package run

import "sync"

// An activity knows whether any part of a run still gets on, or all of them wait for
// providers that do not answer. The parts are its calls and what feeds them.
type activity struct {
	mu      sync.Mutex
	active  int           // parts of the run
	resting int           // of them, those that wait
	stalled chan struct{} // closed while all of them do
}

func newActivity() *activity { return &activity{stalled: make(chan struct{})} }

func (a *activity) begin() {
	a.change(1, 0)
}

func (a *activity) end() {
	a.change(-1, 0)
}

// rest counts a part as waiting until resume. The channel is closed when all wait.
func (a *activity) rest() (stalled <-chan struct{}) {
	return a.change(0, 1)
}

func (a *activity) resume() {
	a.change(0, -1)
}

func (a *activity) change(active, resting int) chan struct{} {
	a.mu.Lock()
	defer a.mu.Unlock()
	was := a.active == a.resting && a.active > 0
	a.active += active
	a.resting += resting
	switch is := a.active == a.resting && a.active > 0; {
	case is && !was:
		close(a.stalled)
	case was && !is:
		a.stalled = make(chan struct{})
	}
	return a.stalled
}
