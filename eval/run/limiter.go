package run

import (
	"context"
	"sync"
	"time"
)

// A limiter spaces requests evenly. A nil limiter never waits.
type limiter struct {
	mu    sync.Mutex
	every time.Duration
	next  time.Time
}

func newLimiter(perMinute int) *limiter {
	if perMinute <= 0 {
		return nil
	}
	return &limiter{every: time.Minute / time.Duration(perMinute)}
}

// wait returns when the next request may be sent.
func (l *limiter) wait(ctx context.Context) error {
	if l == nil {
		return ctx.Err()
	}
	l.mu.Lock()
	now := time.Now()
	if l.next.Before(now) {
		l.next = now
	}
	at := l.next
	l.next = l.next.Add(l.every)
	l.mu.Unlock()
	return sleep(ctx, at.Sub(now))
}
