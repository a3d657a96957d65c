package run

import (
	"context"
	"errors"
	"log/slog"
	"sync"
	"time"

	"modeltrial/eval"
)

const (
	// standbyPause is how often a process looks whether another has ended that does the
	// work.
	standbyPause = 5 * time.Second
	// idlePause is how often one looks whether there is more to do.
	idlePause = 2 * time.Second
	// feedPause is the least time between two looks.
	feedPause = 50 * time.Millisecond
)

// A LeaseQueue is the [Queue] of a database in a file, which one process at a time works
// on: the one that holds the lease. The others stand by.
type LeaseQueue struct {
	Store  LeaseStore
	Holder string
	Gone   func(holder string) bool // as of [Hold]
}

// Work does jobs while it holds the lease.
func (q *LeaseQueue) Work(ctx context.Context, work Work) error {
	told := ""
	for ctx.Err() == nil {
		err := Hold(ctx, q.Store, eval.WorkerLease, q.Holder, q.Gone, func(ctx context.Context) error { return feed(ctx, work) })
		held, taken := errors.AsType[*eval.LeaseError](err)
		if err != nil && !taken {
			return unlessOver(ctx, err)
		}
		if taken && held.Holder != told {
			told = held.Holder
			slog.InfoContext(ctx, "standing by", "until", "the other worker ends", "worker", held.Holder)
		}
		_ = sleep(ctx, standbyPause) // the loop looks at the context
	}
	return nil
}

// A board knows the jobs that a process has taken.
type board struct {
	mu       sync.Mutex
	running  map[string]bool
	rests    map[string]time.Time // until when a job is left alone
	attempts map[string]int       // that failed
}

// take says whether a job may be done now, and has it taken.
func (b *board) take(key string) (attempts int, ok bool) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.running[key] || time.Now().Before(b.rests[key]) {
		return 0, false
	}
	b.running[key] = true
	return b.attempts[key], true
}

// end notes what came of a job.
func (b *board) end(key string, ending Ending) {
	b.mu.Lock()
	defer b.mu.Unlock()
	delete(b.running, key)
	delete(b.rests, key)
	if !ending.Open {
		delete(b.attempts, key)
		return
	}
	if ending.Wait > 0 {
		b.rests[key] = time.Now().Add(ending.Wait)
	}
	if ending.Attempt {
		b.attempts[key]++
	}
}

// feed does jobs until the context ends.
func feed(ctx context.Context, work Work) error {
	board := &board{running: map[string]bool{}, rests: map[string]time.Time{}, attempts: map[string]int{}}
	lanes := map[string]chan struct{}{}
	for name, most := range work.Lanes {
		lanes[name] = make(chan struct{}, most)
	}
	var under sync.WaitGroup
	defer under.Wait()
	ended := make(chan struct{}, 1)
	for ctx.Err() == nil {
		full := map[string]bool{}
		for job, err := range work.Open(ctx) {
			if err != nil {
				return unlessOver(ctx, err)
			}
			lane, key := lanes[job.Lane], job.Key()
			if len(lane) == cap(lane) { // 0 where the protocol has a new provider, which this process does not know
				if full[job.Lane] = true; len(full) >= len(lanes) {
					break
				}
				continue
			}
			attempts, ok := board.take(key)
			if !ok {
				continue
			}
			lane <- struct{}{} // only this goroutine fills it
			under.Go(func() {
				board.end(key, work.Do(ctx, job, attempts))
				<-lane
				select {
				case ended <- struct{}{}:
				default:
				}
			})
		}
		_ = sleep(ctx, feedPause) // the loop looks at the context
		select {
		case <-ended:
		case <-time.After(idlePause):
		case <-ctx.Done():
		}
	}
	return nil
}
